#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/array.h"
#include "base/day.h"
#include "consumers/dunning/next.h"
#include "crypto/crypto.h"

/* The cases of dunning_cases.txt, and properties of the answer over seeded worlds. */

#define CASES      "tests/unit/dunning_cases.txt"
#define CASES_MIN  130
#define FILE_MAX   (1 << 17)
#define LETTERS    26
#define ANSWER_MAX 512

static struct policies all; /* of the file */
static char text[FILE_MAX];

/* ---- words ---- */

static struct str cell(struct str *line, char separator)
{
	return str_trim(str_cut(*line, separator, line), " ");
}

static int64_t number_of(struct str word)
{
	long long number;

	if (!str_to_int64(word, &number))
		fail_msg("no number: %.*s", (int)word.size, word.data);
	return number;
}

static int32_t small(struct str word)
{
	return (int32_t)number_of(word);
}

static int32_t day_of_text(struct str word)
{
	int32_t day;

	if (!day_parse(word, &day))
		fail_msg("no day: %.*s", (int)word.size, word.data);
	return day;
}

static void copy(char *chars, size_t size, struct str word)
{
	assert_true(str_to_chars(chars, size, word));
}

static uint32_t known(int number, struct str word)
{
	if (number == 0)
		fail_msg("no such word: %.*s", (int)word.size, word.data);
	return (uint32_t)number;
}

static struct policy *policy_called(struct str name)
{
	struct policy *policy = (struct policy *)(uintptr_t)policies_find(&all, name);

	if (policy == NULL)
		fail_msg("no policy is called %.*s", (int)name.size, name.data);
	return policy;
}

/* ---- policies ---- */

/* By which the file calls a policy, when two are versions of one. */
static char renamed[POLICIES_MAX][POLICY_NAME_MAX + 1];
static bool is_unsound[POLICIES_MAX];

static void add_arms(struct policy *policy, struct str words)
{
	while (words.size > 0) {
		struct str weight;
		struct str name = str_cut(str_cut(words, ',', &words), '/', &weight);
		struct policy_arm *arm = &policy->arms[policy->arms_count++];

		copy(arm->name, sizeof(arm->name), name);
		arm->weight = small(weight);
	}
}

static bool add_segment(struct policy *policy, struct str name, struct str value)
{
	if (str_is(name, "from"))
		policy->days_from = small(value);
	else if (str_is(name, "to"))
		policy->days_to = small(value);
	else if (str_is(name, "balance_from"))
		policy->balance_from = number_of(value);
	else if (str_is(name, "charged_off"))
		policy->is_charged_off = 1;
	else if (str_is(name, "retired"))
		policy->is_retired = 1;
	else if (str_is(name, "language"))
		copy(policy->languages[policy->languages_count++], sizeof(policy->languages[0]), value);
	else
		return false;
	return true;
}

static void add_rule(struct policy *policy, struct str word)
{
	struct str value;
	struct str name = str_cut(word, ':', &value);

	if (str_is(name, "priority"))
		policy->priority = small(value);
	else if (str_is(name, "version"))
		policy->version = small(value);
	else if (str_is(name, "tolerance"))
		policy->tolerance_minor = number_of(value);
	else if (str_is(name, "a_day"))
		policy->demands_a_day = small(value);
	else if (str_is(name, "a_week"))
		policy->demands_a_week = small(value);
	else if (str_is(name, "catch_up"))
		policy->catch_up = known((int)dunning_catch_up_by_name(value), value);
	else if (str_is(name, "new"))
		policy->new_debts = known((int)dunning_new_debts_by_name(value), value);
	else if (str_is(name, "arms"))
		add_arms(policy, value);
	else if (str_is(name, "named"))
		copy(renamed[policy - all.items], sizeof(renamed[0]), value);
	else if (str_is(name, "unsound"))
		is_unsound[policy - all.items] = true;
	else if (!add_segment(policy, name, value))
		fail_msg("not of a policy: %.*s", (int)word.size, word.data);
}

static void read_policy(struct str line)
{
	struct policy *policy = &all.items[all.count++];

	assert_true(all.count <= POLICIES_MAX);
	*policy = (struct policy){
		.version = 1, .catch_up = CATCH_UP_ONE_A_DAY, .new_debts = NEW_DEBTS_JOIN, .reopened = REOPENED_START
	};
	copy(policy->name, sizeof(policy->name), cell(&line, '|'));
	line = str_trim(line, " ");
	while (line.size > 0)
		add_rule(policy, str_cut(line, ' ', &line));
}

/* ---- steps ---- */

static void add_channels(struct policy_step *step, struct str words)
{
	while (words.size > 0) {
		struct str word = str_cut(words, ',', &words);

		step->channels[step->channels_count++] = known((int)channel_by_name(word), word);
	}
}

static void set_trigger(struct policy_step *step, enum dunning_trigger trigger, struct str days)
{
	step->trigger = trigger;
	step->days = small(days);
}

static void set_send(struct policy_step *step, struct str class)
{
	step->action = ACTION_SEND;
	step->message_class = known((int)message_class_by_name(class), class);
	step->send_days = 1;
	copy(step->template_name, sizeof(step->template_name), class);
}

static void set_retry(struct policy_step *step, struct str words)
{
	struct str tries;

	step->otherwise = OTHERWISE_RETRY;
	step->retry_days = small(str_cut(words, ',', &tries));
	step->tries_max = small(tries);
}

static bool add_precondition(struct policy_step *step, struct str name, struct str value)
{
	if (str_is(name, "min"))
		step->min_balance_minor = number_of(value);
	else if (str_is(name, "age"))
		step->min_age_days = small(value);
	else if (str_is(name, "from"))
		step->days_from = small(value);
	else if (str_is(name, "to"))
		step->days_to = small(value);
	else
		return false;
	return true;
}

static bool add_trigger(struct policy_step *step, struct str name, struct str value)
{
	if (str_is(name, "due")) {
		set_trigger(step, TRIGGER_DAYS_PAST_DUE, value);
	} else if (str_is(name, "since")) {
		set_trigger(step, TRIGGER_DAYS_SINCE_STEP, value);
	} else if (str_is(name, "month")) {
		set_trigger(step, TRIGGER_MONTH_END, value);
	} else if (str_is(name, "on")) {
		step->trigger = TRIGGER_ON_DATE;
		step->on = day_of_text(value);
	} else if (str_is(name, "event")) {
		step->trigger = TRIGGER_EVENT;
		step->event = known((int)dunning_cause_by_name(value), value);
	} else {
		return false;
	}
	return true;
}

static void add_to_step(struct policy_step *step, struct str word)
{
	struct str value;
	struct str name = str_cut(word, ':', &value);

	if (str_is(name, "send"))
		set_send(step, value);
	else if (str_is(name, "task"))
		step->action = known((int)dunning_action_by_name(value), value);
	else if (str_is(name, "by"))
		add_channels(step, value);
	else if (str_is(name, "review"))
		step->otherwise = OTHERWISE_REVIEW;
	else if (str_is(name, "retry"))
		set_retry(step, value);
	else if (str_is(name, "wait"))
		step->wait_days = small(value);
	else if (str_is(name, "arm"))
		copy(step->arm, sizeof(step->arm), value);
	else if (!add_trigger(step, name, value) && !add_precondition(step, name, value))
		fail_msg("not of a step: %.*s", (int)word.size, word.data);
}

static void read_step(struct str line)
{
	struct policy *policy = policy_called(cell(&line, '|'));
	struct policy_step *step = &policy->steps[policy->steps_count++];

	*step = (struct policy_step){ .otherwise = OTHERWISE_MOVE_ON };
	line = str_trim(line, " ");
	step->number = small(str_cut(line, ' ', &line));
	while (line.size > 0)
		add_to_step(step, str_cut(line, ' ', &line));
}

/* ---- a case ---- */

struct a_case {
	struct str name;
	struct policies policies;
	struct dunned_person person;
	struct dunned_group group;
	struct dunned_demands demands;
	struct dunned_debt debts[GROUP_DEBTS_MAX];
	struct next_debt listed[GROUP_DEBTS_MAX];
	char letters[GROUP_DEBTS_MAX];
	struct next_facts facts;
	int32_t today;
	struct str wanted;
};

static void add_to_debt(struct dunned_debt *debt, struct str word)
{
	struct str value;
	struct str name = str_cut(word, ':', &value);

	if (str_is(name, "due"))
		debt->due_on = day_of_text(value);
	else if (str_is(name, "owes"))
		debt->balance_minor = number_of(value);
	else if (str_is(name, "credit"))
		debt->credit_minor = number_of(value);
	else if (str_is(name, "opened"))
		debt->opened_on = day_of_text(value);
	else if (str_is(name, "paused"))
		debt->paused_days = small(value);
	else if (str_is(name, "level"))
		debt->level = small(value);
	else if (str_is(name, "on"))
		debt->level_on = day_of_text(value);
	else if (str_is(name, "of"))
		copy(debt->policy, sizeof(debt->policy), value);
	else if (str_is(name, "life"))
		debt->lifecycle = known((int)lifecycle_by_name(value), value);
	else if (str_is(name, "disputed"))
		debt->disputes = 1;
	else if (str_is(name, "promised"))
		debt->is_promised = 1;
	else if (str_is(name, "held"))
		debt->is_held = 1;
	else
		fail_msg("not of a debt: %.*s", (int)word.size, word.data);
}

/* `A due:...`, or `40 due:...` for so many. */
static void read_debt(struct a_case *one, struct str words)
{
	struct str letter = str_cut(words, ' ', &words);
	int64_t count = letter.data[0] >= 'A' ? 1 : number_of(letter);
	struct dunned_debt debt = { .balance_minor = 10000, .lifecycle = LIFECYCLE_ACTIVE, .currency = "EUR", .policy = "early" };

	debt.opened_on = day_of(2026, 1, 1);
	while (words.size > 0)
		add_to_debt(&debt, str_cut(words, ' ', &words));
	for (int64_t copies = 0; copies < count; copies++) {
		uint32_t at = one->facts.debts_count++;

		assert_true(at < GROUP_DEBTS_MAX);
		one->letters[at] = letter.data[0];
		one->debts[at] = debt;
		one->listed[at] = (struct next_debt){ .debt_id = { .bytes = { (uint8_t)at + 1 } }, .state = &one->debts[at] };
	}
}

static void add_demands(struct a_case *one, struct str words)
{
	while (words.size > 0)
		one->demands.days[one->demands.count++] = day_of_text(str_cut(words, ',', &words));
}

static void add_opt_outs(struct a_case *one, struct str words)
{
	while (words.size > 0) {
		struct str word = str_cut(words, ',', &words);

		one->person.opted_out |= 1u << known((int)channel_by_name(word), word);
	}
}

/* The policy of a failure or a wait: the first one of the case, unless it is named. */
static void set_policy(struct a_case *one, char chars[POLICY_NAME_MAX + 1], struct str name)
{
	copy(chars, POLICY_NAME_MAX + 1, name.size > 0 ? name : str_of(one->policies.items[0].name));
}

static void set_failed(struct a_case *one, struct str words)
{
	struct str channel, policy;

	one->group.failed_step = small(str_cut(words, ',', &channel));
	one->group.next_channel = small(str_cut(channel, ',', &policy));
	set_policy(one, one->group.failed_policy, policy);
}

static void set_waits(struct a_case *one, struct str words)
{
	struct str step, policy;
	struct str reason = str_cut(words, ',', &step);

	one->group.wait = known((int)dunning_wait_by_name(reason), reason);
	one->group.wait_step = small(str_cut(step, ',', &policy));
	set_policy(one, one->group.wait_policy, policy);
}

static bool add_to_person(struct dunned_person *person, struct str name, struct str value)
{
	if (str_is(name, "inactive"))
		person->is_active = 0;
	else if (str_is(name, "deceased"))
		person->deceased = 1;
	else if (str_is(name, "bankrupt"))
		person->bankruptcy = 1;
	else if (str_is(name, "restricted"))
		person->restriction = 1;
	else if (str_is(name, "inbound"))
		person->inbound_on = day_of_text(value);
	else if (str_is(name, "language"))
		copy(person->locale, sizeof(person->locale), value);
	else if (channel_by_name(name) != CHANNEL_NONE)
		person->usable[channel_by_name(name)] = small(value);
	else
		return false;
	return true;
}

static void add_fact(struct a_case *one, struct str word)
{
	struct str value;
	struct str name = str_cut(word, ':', &value);

	if (str_is(name, "demands"))
		add_demands(one, value);
	else if (str_is(name, "opted_out"))
		add_opt_outs(one, value);
	else if (str_is(name, "failed"))
		set_failed(one, value);
	else if (str_is(name, "retry"))
		one->group.retry_on = day_of_text(value);
	else if (str_is(name, "stepped"))
		one->group.stepped_on = day_of_text(value);
	else if (str_is(name, "withdrawn"))
		one->group.withdrawn_on = day_of_text(value);
	else if (str_is(name, "waits"))
		set_waits(one, value);
	else if (str_is(name, "under_way"))
		one->group.step_id.bytes[0] = 1;
	else if (str_is(name, "event"))
		one->facts.event = known((int)dunning_cause_by_name(value), value);
	else if (str_is(name, "customer"))
		one->facts.customer_id.bytes[15] = (uint8_t)number_of(value);
	else if (!add_to_person(&one->person, name, value))
		fail_msg("not a fact: %.*s", (int)word.size, word.data);
}

/* A person to whom nothing is objected. */
static void begin_case(struct a_case *one)
{
	memset(one, 0, sizeof(*one));
	one->person = (struct dunned_person){ .is_active = 1, .kind = CUSTOMER_KIND_NATURAL, .country = "DE", .locale = "de-DE" };
	one->person.usable[CHANNEL_EMAIL] = one->person.usable[CHANNEL_SMS] = one->person.usable[CHANNEL_LETTER] = 1;
	one->group = (struct dunned_group){ .currency = "EUR", .creditor_id = { .bytes = { 7 } } };
	one->facts = (struct next_facts){ .person = &one->person,
					  .group = &one->group,
					  .demands = &one->demands,
					  .policies = &one->policies,
					  .debts = one->listed };
}

static void put_policy(struct a_case *one, const struct policy *policy)
{
	struct policy *own = &one->policies.items[one->policies.count++];
	const char *name = renamed[policy - all.items];

	*own = *policy;
	if (name[0] != '\0')
		copy(own->name, sizeof(own->name), str_of(name));
}

static void read_case(struct a_case *one, struct str line)
{
	struct str words;

	begin_case(one);
	one->name = cell(&line, '|');
	for (words = cell(&line, '|'); words.size > 0;)
		put_policy(one, policy_called(str_cut(words, ' ', &words)));
	for (words = cell(&line, '|'); words.size > 0;)
		read_debt(one, cell(&words, ';'));
	words = cell(&line, '|');
	while (words.size > 0 && !str_is(words, "-"))
		add_fact(one, str_cut(words, ' ', &words));
	one->today = day_of_text(cell(&line, '|'));
	one->wanted = cell(&line, '|');
	if (str_trim(line, " ").size == 0)
		fail_msg("%.*s: says no reason", (int)one->name.size, one->name.data);
}

/* ---- the answer in words ---- */

static void say_step(char said[ANSWER_MAX], const struct next_answer *answer)
{
	(void)snprintf(said + strlen(said), ANSWER_MAX - strlen(said), " %s %d", answer->policy->name, (int)answer->step->number);
}

/* The letters of the debts, or how many there are of very many, and what they owe. */
static void say_debts(char said[ANSWER_MAX], const struct a_case *one, const struct next_answer *answer)
{
	char *at = said + strlen(said);

	at += sprintf(at, ":");
	if (answer->listed_count > LETTERS)
		at += sprintf(at, " %u", answer->listed_count);
	for (uint32_t index = 0; index < answer->listed_count && answer->listed_count <= LETTERS; index++)
		at += sprintf(at, " %c", one->letters[answer->listed[index]]);
	(void)sprintf(at, " %lld", (long long)answer->net_minor);
}

static void say_ask(char said[ANSWER_MAX], int32_t ask_on)
{
	char day[16];

	if (ask_on == 0)
		return;
	day_format(day, ask_on);
	(void)snprintf(said + strlen(said), ANSWER_MAX - strlen(said), ", ask %s", day);
}

static void say(char said[ANSWER_MAX], const struct a_case *one, const struct next_answer *answer)
{
	static const char *const kinds[] = {
		[NEXT_NOTHING] = "nothing", [NEXT_STEP] = "step", [NEXT_WAIT] = "wait", [NEXT_EXHAUSTED] = "exhausted"
	};
	bool is_listed = answer->kind == NEXT_STEP || answer->kind == NEXT_EXHAUSTED;

	(void)snprintf(said, ANSWER_MAX, "%s", kinds[answer->kind]);
	if (answer->kind == NEXT_WAIT)
		(void)snprintf(said + strlen(said), ANSWER_MAX - strlen(said), " %s",
			       dunning_wait_name((enum dunning_wait)answer->wait));
	if (answer->step != NULL)
		say_step(said, answer);
	if (answer->kind == NEXT_STEP)
		(void)snprintf(said + strlen(said), ANSWER_MAX - strlen(said), " by %s",
			       answer->channel == CHANNEL_NONE ? "hand" : channel_name((enum channel)answer->channel));
	if (is_listed)
		say_debts(said, one, answer);
	say_ask(said, answer->ask_on);
}

/* ---- the file ---- */

static struct a_case the_case;

static bool is_answered(struct str line)
{
	struct next_answer answer;
	char said[ANSWER_MAX];

	read_case(&the_case, line);
	next_step(&the_case.facts, the_case.today, &answer);
	say(said, &the_case, &answer);
	if (str_is(the_case.wanted, said))
		return true;
	print_error("%.*s: %s, not %.*s\n", (int)the_case.name.size, the_case.name.data, said, (int)the_case.wanted.size,
		    the_case.wanted.data);
	return false;
}

static struct str of_file(void)
{
	FILE *file = fopen(CASES, "r");
	struct str rest = { .data = text };

	assert_non_null(file);
	rest.size = fread(text, 1, sizeof(text), file);
	assert_int_equal(fclose(file), 0);
	assert_true(rest.size < sizeof(text));
	return rest;
}

static bool is_case(struct str line)
{
	return line.size > 0 && line.data[0] != '#' && !str_begins_nocase(line, STR("policy ")) &&
	       !str_begins_nocase(line, STR("step "));
}

static int setup(void **state)
{
	struct str rest = of_file();
	struct err err;

	(void)state;
	if (crypto_init(&err) != 0)
		return -1;
	while (rest.size > 0) {
		struct str line = str_cut(rest, '\n', &rest);

		if (str_begins_nocase(line, STR("policy ")))
			read_policy((struct str){ line.data + 7, line.size - 7 });
		else if (str_begins_nocase(line, STR("step ")))
			read_step((struct str){ line.data + 5, line.size - 5 });
	}
	return 0;
}

static void test_dunning_next__every_case_is_answered_as_it_says(void **state)
{
	struct str rest = of_file();
	unsigned failures = 0, cases = 0;

	(void)state;
	while (rest.size > 0) {
		struct str line = str_cut(rest, '\n', &rest);

		if (!is_case(line))
			continue;
		cases++;
		failures += !is_answered(line);
	}
	assert_int_equal(failures, 0);
	assert_true(cases >= CASES_MIN);
}

static void test_dunning_next__the_policies_of_the_cases_are_sound(void **state)
{
	struct policy_fault fault;

	(void)state;
	for (uint32_t index = 0; index < all.count; index++) {
		bool is_sound = policy_is_sound(&all.items[index], &fault);

		if (is_sound == is_unsound[index])
			fail_msg("%s: %s", all.items[index].name, is_sound ? "sound" : fault.text);
	}
	assert_true(all.count > 10);
}

/* ---- seeded worlds ---- */

#define WORLDS     3000
#define WORLD_DAYS 160
#define FIRST_DAY  20500
#define TRIES      6 /* answers on one day: channels of a step that fail */
#define LOG_MAX    (WORLD_DAYS * TRIES)

/* xorshift64*: the same world for the same seed. */
static uint64_t seed;

static uint32_t below(uint32_t bound)
{
	seed ^= seed >> 12;
	seed ^= seed << 25;
	seed ^= seed >> 27;
	return (uint32_t)((seed * UINT64_C(2685821657736338717)) >> 33) % bound;
}

static int32_t between(int32_t from, int32_t to)
{
	return from + (int32_t)below((uint32_t)(to - from) + 1);
}

static bool chance(uint32_t in)
{
	return below(in) == 0;
}

/* What is fixed for a day, however often and by whom it is asked about. */
static uint32_t fate(uint64_t world, int32_t day, uint32_t what, uint32_t bound)
{
	uint64_t kept = seed;
	uint32_t drawn;

	seed = world * 1000003 + (uint64_t)day * 101 + what + 1;
	(void)below(2);
	(void)below(2);
	drawn = below(bound);
	seed = kept;
	return drawn;
}

static void make_trigger(struct policy_step *step)
{
	step->trigger = (uint32_t)between(TRIGGER_NONE + 1, DUNNING_CAUSE_COUNT + 2);
	if (step->trigger == TRIGGER_DAYS_PAST_DUE)
		step->days = chance(5) ? between(-10, -1) : between(1, 60);
	if (step->trigger == TRIGGER_DAYS_SINCE_STEP)
		step->days = between(1, 20);
	if (step->trigger == TRIGGER_MONTH_END)
		step->days = between(0, 20);
	if (step->trigger == TRIGGER_ON_DATE)
		step->on = FIRST_DAY + between(0, WORLD_DAYS);
	if (step->trigger == TRIGGER_EVENT)
		step->event = (uint32_t)between(1, DUNNING_CAUSE_COUNT - 1);
}

static void make_action(struct policy_step *step)
{
	static const uint32_t channels[] = { CHANNEL_EMAIL, CHANNEL_SMS, CHANNEL_LETTER };
	uint32_t first = below(3);

	step->action = chance(3) ? ACTION_CALL + below(3) : ACTION_SEND;
	if (step->action != ACTION_SEND)
		return;
	copy(step->template_name, sizeof(step->template_name), STR("t"));
	step->message_class = step->days < 0 ? MESSAGE_CLASS_REMINDER : MESSAGE_CLASS_DEMAND;
	step->send_days = 1;
	step->channels_count = 1 + below(3);
	for (uint32_t index = 0; index < step->channels_count; index++)
		step->channels[index] = channels[(first + index) % 3];
}

static void make_step(const struct policy *policy, struct policy_step *step, int32_t number)
{
	*step = (struct policy_step){ .number = number, .otherwise = (uint32_t)between(1, DUNNING_OTHERWISE_COUNT - 1) };
	make_trigger(step);
	make_action(step);
	if (policy->arms_count > 0 && chance(3))
		copy(step->arm, sizeof(step->arm), str_of(policy->arms[below(policy->arms_count)].name));
	if (step->otherwise == OTHERWISE_RETRY) {
		step->retry_days = between(1, 6);
		step->tries_max = between(1, 3);
	}
	if (chance(4))
		step->wait_days = between(1, 15);
	if (chance(6))
		step->min_balance_minor = between(1, 20000);
	if (chance(6))
		step->min_age_days = between(1, 100);
	if (step->days > 0 && chance(6))
		step->days_from = between(1, 50);
	if (chance(8))
		step->days_to = step->days_from + between(1, 60);
}

static void make_policy(struct policy *policy, uint32_t index)
{
	*policy = (struct policy){ .version = 1, .priority = 1 + (int32_t)index * 7 % 5, .reopened = REOPENED_START };
	(void)snprintf(policy->name, sizeof(policy->name), "p%u", index);
	policy->catch_up = (uint32_t)between(1, DUNNING_CATCH_UP_COUNT - 1);
	policy->new_debts = (uint32_t)between(1, DUNNING_NEW_DEBTS_COUNT - 1);
	policy->demands_a_day = between(1, 2);
	policy->demands_a_week = between(policy->demands_a_day, 5);
	policy->tolerance_minor = chance(3) ? between(0, 3000) : 0;
	if (chance(3)) {
		policy->days_from = between(0, 60);
		policy->days_to = chance(2) ? policy->days_from + between(1, 40) : 0;
	}
	if (chance(5))
		policy->balance_to = between(5000, 20000);
	if (chance(4))
		add_arms(policy, STR("a/1,b/2"));
	for (int32_t number = between(1, 3); policy->steps_count < 6; number += between(1, 3))
		make_step(policy, &policy->steps[policy->steps_count++], number);
}

/* Sound ones only; the generator makes one in some tries. */
static void make_policies(struct policies *policies)
{
	struct policy_fault fault;

	policies->count = 1 + below(3);
	for (uint32_t index = 0; index < policies->count; index++) {
		uint32_t tries = 0;

		do
			make_policy(&policies->items[index], index);
		while (!policy_is_sound(&policies->items[index], &fault) && ++tries < 100000);
		if (tries == 100000)
			fail_msg("no sound policy: %s: %s", fault.field, fault.text);
	}
}

static void make_debts(struct a_case *one)
{
	one->facts.debts_count = 1 + below(chance(10) ? 40 : 5);
	for (uint32_t index = 0; index < one->facts.debts_count; index++) {
		struct dunned_debt *debt = &one->debts[index];

		*debt = (struct dunned_debt){ .balance_minor = between(1, 15000),
					      .lifecycle = LIFECYCLE_ACTIVE,
					      .currency = "EUR" };
		debt->due_on = FIRST_DAY + between(-40, 60);
		debt->opened_on = debt->due_on - between(0, 60);
		debt->paused_days = chance(5) ? between(1, 20) : 0;
		debt->credit_minor = chance(8) ? between(1, 9000) : 0;
		one->listed[index] = (struct next_debt){ .debt_id = { .bytes = { (uint8_t)index + 1 } }, .state = debt };
	}
}

static void make_world(struct a_case *one, uint64_t world)
{
	seed = world * 2654435761 + 88172645463325252;
	begin_case(one);
	make_policies(&one->policies);
	make_debts(one);
	one->facts.customer_id.bytes[3] = (uint8_t)below(256);
}

/* ---- what becomes of a day, the same for everyone who asks ---- */

/* Something happens on one day of nine: the group is asked about then in any case. */
static bool happens(struct a_case *one, uint64_t world, int32_t day)
{
	struct dunned_debt *debt = &one->debts[fate(world, day, 1, one->facts.debts_count)];

	one->facts.event = DUNNING_EVENT_NONE;
	if (fate(world, day, 2, 9) != 0)
		return false;
	switch (fate(world, day, 3, 7)) {
	case 0:
		one->person.inbound_on = day;
		break;
	case 1:
		debt->balance_minor = fate(world, day, 4, 12000);
		break;
	case 2:
		debt->disputes ^= 1;
		break;
	case 3:
		one->person.usable[CHANNEL_EMAIL] ^= 1;
		break;
	case 4:
		one->facts.event = 1 + fate(world, day, 5, DUNNING_CAUSE_COUNT - 1);
		break;
	case 5:
		one->person.opted_out ^= 1u << CHANNEL_SMS;
		break;
	case 6:
		debt->is_promised ^= 1;
		break;
	}
	return true;
}

static void forget_failures(struct dunned_group *group)
{
	group->failed_step = group->next_channel = group->rounds = group->retry_on = 0;
	group->failed_policy[0] = '\0';
}

static void raise_debts(struct a_case *one, const struct next_answer *answer, int32_t day)
{
	for (uint32_t index = 0; index < answer->listed_count; index++) {
		struct dunned_debt *debt = &one->debts[answer->listed[index]];

		copy(debt->policy, sizeof(debt->policy), str_of(answer->policy->name));
		debt->level = answer->step->number;
		debt->level_on = day;
	}
	forget_failures(&one->group);
}

static void count_demand(struct dunned_demands *demands, int32_t day)
{
	memmove(demands->days + 1, demands->days, (DEMANDS_MAX - 1) * sizeof(demands->days[0]));
	demands->days[0] = day;
	if (demands->count < DEMANDS_MAX)
		demands->count++;
}

static void fail_step(struct dunned_group *group, const struct next_answer *answer)
{
	if (!group_has_failed(group, answer->policy, answer->step))
		forget_failures(group);
	copy(group->failed_policy, sizeof(group->failed_policy), str_of(answer->policy->name));
	group->failed_step = answer->step->number;
	group->next_channel = STEP_CHANNELS_MAX;
	for (uint32_t index = 0; index < answer->step->channels_count; index++) {
		if (answer->step->channels[index] == answer->channel)
			group->next_channel = (int32_t)index + 1;
	}
}

static void exhaust(struct a_case *one, const struct next_answer *answer, int32_t day)
{
	const struct policy_step *step = answer->step;

	if (step->otherwise != OTHERWISE_RETRY || one->group.rounds + 1 >= step->tries_max) {
		raise_debts(one, answer, day);
		return;
	}
	one->group.rounds++;
	one->group.next_channel = 0;
	one->group.retry_on = day + step->retry_days;
}

/* Whether the group is asked about again on this day. */
static bool follow(struct a_case *one, const struct next_answer *answer, uint64_t world, int32_t day)
{
	bool is_step = answer->kind == NEXT_STEP;

	one->group.wait = answer->kind == NEXT_WAIT ? answer->wait : (uint32_t)WAIT_NONE;
	one->group.wait_step = answer->kind == NEXT_WAIT && answer->step != NULL ? answer->step->number : 0;
	copy(one->group.wait_policy, sizeof(one->group.wait_policy),
	     str_of(one->group.wait_step == 0 ? "" : answer->policy->name));
	if (is_step && fate(world, day, 10 + (uint32_t)answer->step->number + answer->channel, 4) == 0) {
		fail_step(&one->group, answer);
		return true;
	}
	if (is_step && step_is_demand(answer->step))
		count_demand(&one->demands, day);
	if (is_step)
		raise_debts(one, answer, day);
	if (answer->kind == NEXT_EXHAUSTED)
		exhaust(one, answer, day);
	return answer->kind == NEXT_EXHAUSTED;
}

/* ---- what holds for every step ---- */

static void check_debt(const struct a_case *one, const struct next_answer *answer, const struct dunned_debt *debt, int32_t day)
{
	bool is_same = strcmp(debt->policy, answer->policy->name) == 0;

	assert_true(debt->balance_minor > 0);
	assert_int_equal(debt->disputes, 0);
	assert_false(debt->is_promised);
	assert_false(debt->is_held);
	assert_true(debt->level == 0 || debt->level_on < day);
	assert_true(!is_same || debt->level < answer->step->number);
	if (step_is_reminder(answer->step))
		assert_true(day < debt->due_on);
	else
		assert_true(day > debt->due_on && days_past_due(debt, day) > 0);
	(void)one;
}

static void check_caps(const struct a_case *one, const struct policy *policy, int32_t day)
{
	int32_t today = 0, week = 0;

	for (uint32_t index = 0; index < one->demands.count; index++) {
		today += one->demands.days[index] == day;
		week += one->demands.days[index] > day - 7;
	}
	assert_true(today < policy->demands_a_day);
	assert_true(week < policy->demands_a_week);
}

static void check_step(const struct a_case *one, const struct next_answer *answer, int32_t day)
{
	const struct policy *policy = answer->policy;

	assert_true(answer->step >= policy->steps && answer->step < policy->steps + policy->steps_count);
	assert_true(step_is_in_arm(answer->step, policy_arm_of(policy, &one->facts.customer_id)));
	assert_true(answer->listed_count > 0 && answer->listed_count <= STEP_DEBTS_MAX);
	assert_true(answer->net_minor > 0);
	assert_true(one->person.inbound_on < day);
	for (uint32_t index = 0; index < answer->listed_count; index++) {
		assert_true(index == 0 || answer->listed[index - 1] < answer->listed[index]);
		check_debt(one, answer, &one->debts[answer->listed[index]], day);
	}
	if (answer->kind == NEXT_STEP && step_is_demand(answer->step))
		check_caps(one, policy, day);
	if (answer->channel != CHANNEL_NONE)
		assert_true(one->person.usable[answer->channel] > 0 && (one->person.opted_out >> answer->channel & 1) == 0);
}

/* ---- asking every day, and on the days that the answer names ---- */

struct told {
	int32_t day;
	uint32_t kind, channel, wait;
	int32_t step;
	const struct policy *policy;
	uint32_t listed_count;
	uint32_t listed[STEP_DEBTS_MAX];
};

struct diary {
	uint32_t asked; /* days */
	uint32_t count;
	struct told entries[LOG_MAX];
};

static struct told told_of(const struct next_answer *answer, int32_t day)
{
	struct told told = {
		.day = day, .kind = answer->kind, .channel = answer->channel, .wait = answer->wait, .policy = answer->policy
	};

	told.step = answer->step == NULL ? 0 : answer->step->number;
	told.listed_count = answer->listed_count;
	memcpy(told.listed, answer->listed, sizeof(told.listed));
	return told;
}

static bool is_same_wait(const struct told *a, const struct told *b)
{
	return a->kind == b->kind && a->wait == b->wait && a->policy == b->policy && a->step == b->step;
}

/* All answers of a day; the last one is that of the day. */
static struct next_answer live_a_day(struct a_case *one, uint64_t world, int32_t day, struct diary *diary)
{
	struct next_answer answer;
	int tries = 0;

	do {
		next_step(&one->facts, day, &answer);
		one->facts.event = DUNNING_EVENT_NONE;
		if (answer.kind == NEXT_STEP || answer.kind == NEXT_EXHAUSTED) {
			check_step(one, &answer, day);
			assert_true(diary->count < LOG_MAX);
			diary->entries[diary->count++] = told_of(&answer, day);
		}
	} while (follow(one, &answer, world, day) && ++tries < TRIES);
	return answer;
}

/* Asks every day, or only on the days on which something happens, after a step, and on `ask_on`. */
static void live(struct a_case *one, uint64_t world, bool is_daily, struct diary *diary)
{
	int32_t ask_on = FIRST_DAY;
	struct told before = { 0 };

	diary->count = diary->asked = 0;
	for (int32_t day = FIRST_DAY; day < FIRST_DAY + WORLD_DAYS; day++) {
		bool is_asked = happens(one, world, day) || day == ask_on;
		struct next_answer answer;
		struct told now;

		if (!is_asked && !is_daily)
			continue;
		diary->asked++;
		answer = live_a_day(one, world, day, diary);
		now = told_of(&answer, day);
		if (!is_asked && !is_same_wait(&before, &now))
			fail_msg("world %llu: on day %d another answer than the one that holds until %d",
				 (unsigned long long)world, (int)day, (int)ask_on);
		assert_true(answer.ask_on == 0 || answer.ask_on > day);
		if (is_asked || answer.ask_on != 0)
			ask_on = answer.kind == NEXT_STEP || answer.kind == NEXT_EXHAUSTED ? day + 1 : answer.ask_on;
		before = now;
	}
}

static struct a_case by_day, by_jump;
static struct diary daily, jumping;

static bool is_same(const struct told *a, const struct told *b)
{
	return a->day == b->day && a->kind == b->kind && a->step == b->step && a->channel == b->channel &&
	       a->policy - by_day.policies.items == b->policy - by_jump.policies.items && a->listed_count == b->listed_count &&
	       memcmp(a->listed, b->listed, sizeof(a->listed)) == 0;
}

static void compare_diaries(uint64_t world)
{
	if (daily.count != jumping.count)
		fail_msg("world %llu: %u and %u steps", (unsigned long long)world, daily.count, jumping.count);
	for (uint32_t index = 0; index < daily.count; index++) {
		if (!is_same(&daily.entries[index], &jumping.entries[index]))
			fail_msg("world %llu: step %u is another one", (unsigned long long)world, index);
	}
}

static uint32_t count_of(const struct diary *diary, enum next_kind kind)
{
	uint32_t count = 0;

	for (uint32_t index = 0; index < diary->count; index++)
		count += diary->entries[index].kind == kind;
	return count;
}

/* Something happens on 18 of the 160 days; the other days are those that the answers name, or follow a step. */
static void test_dunning_next__asking_only_when_told_gives_the_same_steps(void **state)
{
	uint32_t steps = 0, exhausted = 0, asked = 0;

	(void)state;
	for (uint64_t world = 1; world <= WORLDS; world++) {
		make_world(&by_day, world);
		live(&by_day, world, true, &daily);
		make_world(&by_jump, world);
		live(&by_jump, world, false, &jumping);
		compare_diaries(world);
		steps += count_of(&daily, NEXT_STEP);
		exhausted += count_of(&daily, NEXT_EXHAUSTED);
		asked += jumping.asked;
	}
	assert_true(steps > WORLDS * 4);
	assert_true(exhausted > WORLDS / 2);
	assert_true(asked < WORLDS * 32);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dunning_next__every_case_is_answered_as_it_says),
		cmocka_unit_test(test_dunning_next__the_policies_of_the_cases_are_sound),
		cmocka_unit_test(test_dunning_next__asking_only_when_told_gives_the_same_steps),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
