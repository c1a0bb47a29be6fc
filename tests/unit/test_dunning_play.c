#include "rule_spec.h"

#include <stdlib.h>

#include "consumers/dunning/dry_run.h"
#include "consumers/dunning/play.h"
#include "consumers/dunning/policy_draft.h"
#include "producers/cli/dunning_dry_run.h"
#include "schemas/dunning.h"

/* Drafts as people write them; days that are played ahead; totals. */

static struct arena arena;
static struct policies policies;
static struct zones zones;

static int setup_group(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	return crypto_init(&err) == 0 && arena_init(&arena, (size_t)4 << 20, &err) == 0 &&
			       zones_load(&zones, ZONE_FOLDER, &err) == 0
		       ? 0
		       : -1;
}

static int teardown_group(void **state)
{
	(void)state;
	zones_release(&zones);
	arena_release(&arena);
	return 0;
}

/* ---- given ---- */

#define HEAD(name, priority)                                                                                                     \
	"{\"policy\": \"" name "\", \"policyVersion\": 1, \"title\": \"x\", \"priority\": " #priority                            \
	", \"chargedOff\": false, \"toleranceMinor\": 500, \"demandsADay\": 1, \"demandsAWeek\": 3, \"catchUp\": "               \
	"\"one_a_day\", "                                                                                                        \
	"\"newDebts\": \"join\", \"reopened\": \"start\", \"steps\": ["
#define SEND(number, trigger, days, channels)                                                                                    \
	"{\"number\": " #number ", \"trigger\": \"" trigger "\", \"days\": " #days ", \"action\": \"send\", \"template\": "      \
	"\"t\", \"messageClass\": \"demand\", \"channels\": \"" channels "\", \"sendDays\": 3, \"otherwise\": \"move_on\"}"

static const char early[] = HEAD("early", 10) SEND(1, "days_past_due", 5, "email sms") ", " SEND(
	2, "days_since_step", 14,
	"letter email") ", {\"number\": 3, \"trigger\": \"days_since_step\", \"days\": 10, \"action\": \"call\", "
			"\"minBalanceMinor\": 5000, \"otherwise\": \"move_on\"}]}";

static void given_policy(const char *json)
{
	struct draft_fault fault;
	struct policy policy;

	memset(&policies, 0, sizeof(policies));
	if (!policy_draft_read(&policy, str_of(json), &arena, &fault) || !policy_draft_put(&policies, &policy, false, &fault))
		fail_msg("%s: %s", fault.where, fault.text);
}

static int32_t day(const char *text)
{
	int32_t found = 0;

	assert_true(day_parse(str_of(text), &found));
	return found;
}

/* A group of a person with all channels, of creditor and person number 1, with one debt. */
static void given_group(struct portfolio_group *group, uint8_t number, int64_t owes, const char *due)
{
	struct portfolio_debt debt = { .debt_id = { .bytes = { 'D', number } },
				       .state = { .balance_minor = owes,
						  .opened_on = day("2025-01-01"),
						  .due_on = day(due),
						  .lifecycle = LIFECYCLE_ACTIVE,
						  .currency = "EUR" } };

	memset(group, 0, sizeof(*group));
	group->group_id = (struct uuid){ .bytes = { 'G', number } };
	group->group.customer_id = (struct uuid){ .bytes = { 'C', 1 } };
	group->group.creditor_id = (struct uuid){ .bytes = { 'K', number } };
	memcpy(group->group.currency, "EUR", 4);
	group->person.is_active = 1;
	group->person.kind = CUSTOMER_KIND_NATURAL;
	group->person.usable[CHANNEL_EMAIL] = group->person.usable[CHANNEL_SMS] = group->person.usable[CHANNEL_LETTER] = 1;
	portfolio_put(group, &debt);
}

/* ---- when ---- */

static char told[4096];

static void tell(void *tell_arg, const struct play_line *line)
{
	static const char *const words[] = {
		[PLAY_STEP] = "step", [PLAY_TAKEN] = "taken", [PLAY_PASSED_OVER] = "over", [PLAY_WAIT] = "wait"
	};
	size_t size = strlen(told);
	char text[16];

	(void)tell_arg;
	day_format(text, line->day);
	snprintf(told + size, sizeof(told) - size, "%s %c %s %d %s %lld\n", text, '0' + line->group->group_id.bytes[1],
		 words[line->said], line->step == NULL ? 0 : (int)line->step->number,
		 line->said == PLAY_WAIT   ? dunning_wait_name(line->wait)
		 : line->said == PLAY_STEP ? way_of(line->action, line->channel)
					   : "-",
		 (long long)line->net_minor);
}

static void when_played(struct portfolio_group *groups, size_t count, const char *from, int days,
			const struct play_change *changes, size_t changes_count)
{
	const struct play play = { .policies = &policies,
				   .from = day(from),
				   .days = days,
				   .changes = changes,
				   .changes_count = changes_count,
				   .tell = tell };

	told[0] = '\0';
	play_person(&play, groups, count);
}

/* ---- tests ---- */

static void test_play__a_ladder_is_climbed_on_its_days(void **state)
{
	static struct portfolio_group group;

	(void)state;
	given_policy(early);
	given_group(&group, 1, 10000, "2026-01-10");
	when_played(&group, 1, "2026-01-01", 90, NULL, 0);
	assert_string_equal(told, "2026-01-15 1 step 1 email 10000\n"
				  "2026-01-29 1 step 2 letter 10000\n"
				  "2026-02-08 1 step 3 call 10000\n");
}

static void test_play__what_is_before_the_last_day_only(void **state)
{
	static struct portfolio_group group;

	(void)state;
	given_policy(early);
	given_group(&group, 1, 10000, "2026-01-10");
	when_played(&group, 1, "2026-01-01", 14, NULL, 0);
	assert_string_equal(told, "");
	given_group(&group, 1, 10000, "2026-01-10");
	when_played(&group, 1, "2026-01-01", 15, NULL, 0);
	assert_string_equal(told, "2026-01-15 1 step 1 email 10000\n");
}

/* Two creditors: one demand a day and three a week for both. */
static void test_play__caps_are_of_the_person(void **state)
{
	static struct portfolio_group groups[2];

	(void)state;
	given_policy(early);
	given_group(&groups[0], 1, 10000, "2026-01-10");
	given_group(&groups[1], 2, 20000, "2026-01-10");
	when_played(groups, 2, "2026-01-01", 20, NULL, 0);
	assert_string_equal(told, "2026-01-15 1 step 1 email 10000\n"
				  "2026-01-15 2 wait 1 cap 20000\n"
				  "2026-01-16 2 step 1 email 20000\n");
}

static void test_play__a_payment_ends_or_lowers_it(void **state)
{
	static struct portfolio_group group;
	const struct play_change part = { .kind = PLAY_PAYS, .day = day("2026-01-20"), .minor = 6000, .currency = "EUR" };
	const struct play_change all = { .kind = PLAY_PAYS, .day = day("2026-01-29"), .minor = 99999 };
	const struct play_change other = { .kind = PLAY_PAYS, .day = day("2026-01-12"), .minor = 99999, .currency = "USD" };

	(void)state;
	given_policy(early);
	given_group(&group, 1, 10000, "2026-01-10");
	when_played(&group, 1, "2026-01-01", 90, &part, 1);
	assert_string_equal(told, "2026-01-15 1 step 1 email 10000\n"
				  "2026-01-29 1 step 2 letter 4000\n"
				  "2026-02-08 1 wait 3 precondition 0\n");
	given_group(&group, 1, 10000, "2026-01-10");
	when_played(&group, 1, "2026-01-01", 90, &all, 1);
	assert_string_equal(told, "2026-01-15 1 step 1 email 10000\n");
	given_group(&group, 1, 10000, "2026-01-10");
	when_played(&group, 1, "2026-01-01", 20, &other, 1);
	assert_string_equal(told, "2026-01-15 1 step 1 email 10000\n");
}

/* Of two debts the older one is paid first, and it is in the other group. */
static void test_play__the_oldest_debt_is_paid_first(void **state)
{
	static struct portfolio_group groups[2];
	const struct play_change pays = { .kind = PLAY_PAYS, .day = day("2026-01-02"), .minor = 25000 };

	(void)state;
	given_policy(early);
	given_group(&groups[0], 1, 10000, "2026-01-10");
	given_group(&groups[1], 2, 20000, "2026-01-09");
	when_played(groups, 2, "2026-01-01", 20, &pays, 1);
	assert_string_equal(told, "2026-01-15 1 step 1 email 5000\n");
}

static void test_play__an_opt_out_leaves_the_other_channels(void **state)
{
	static struct portfolio_group group;
	const struct play_change changes[] = {
		{ .kind = PLAY_OPTS_OUT, .day = day("2026-01-15"), .channel = CHANNEL_EMAIL },
		{ .kind = PLAY_OPTS_OUT, .day = day("2026-01-16"), .channel = CHANNEL_LETTER },
	};

	(void)state;
	given_policy(early);
	given_group(&group, 1, 10000, "2026-01-10");
	when_played(&group, 1, "2026-01-01", 40, changes, COUNT(changes));
	assert_string_equal(told, "2026-01-15 1 step 1 sms 10000\n"
				  "2026-01-29 1 wait 2 opted_out 10000\n");
}

static void test_play__what_is_under_way_is_taken_on_the_first_day(void **state)
{
	static struct portfolio_group group;

	(void)state;
	given_policy(early);
	given_group(&group, 1, 10000, "2025-12-10");
	group.group.step_id = (struct uuid){ .bytes = { 'S' } };
	memcpy(group.under_way.policy, "early", 6);
	group.under_way.number = 1;
	group.debts[0].is_under_way = true;
	when_played(&group, 1, "2026-01-01", 20, NULL, 0);
	assert_string_equal(told, "2026-01-01 1 taken 1 - 0\n"
				  "2026-01-15 1 step 2 letter 10000\n");
}

/* The step before the call has failed on its last channel. */
static void test_play__a_step_that_has_failed_is_passed_over(void **state)
{
	static struct portfolio_group group;

	(void)state;
	given_policy(early);
	given_group(&group, 1, 10000, "2025-12-10");
	group.group.failed_step = 1;
	memcpy(group.group.failed_policy, "early", 6);
	group.group.next_channel = 2;
	when_played(&group, 1, "2026-01-01", 20, NULL, 0);
	assert_string_equal(told, "2026-01-01 1 over 1 - 10000\n"
				  "2026-01-15 1 step 2 letter 10000\n");
}

/* ---- seeded worlds: the same by the module's own rules, asked every day ---- */

#define WORLDS     1000
#define WORLD_DAYS 70
#define WORLD_FROM SPEC_TODAY
#define GROUPS     2

static const char whole[] =
	HEAD("whole",
	     10) "{\"number\": 1, \"trigger\": \"days_past_due\", \"days\": -3, \"action\": \"send\", \"template\": \"t\", "
		 "\"messageClass\": \"reminder\", \"channels\": \"email\", \"sendDays\": 3, \"otherwise\": \"move_on\"}, "
		 "{\"number\": 2, \"trigger\": \"days_past_due\", \"days\": 5, \"action\": \"send\", \"template\": \"t\", "
		 "\"messageClass\": \"demand\", \"channels\": \"email sms\", \"sendDays\": 3, \"otherwise\": \"retry\", "
		 "\"retryDays\": 2, \"triesMax\": 3, \"waitDays\": 4}, "
		 "{\"number\": 3, \"trigger\": \"days_since_step\", \"days\": 9, \"action\": \"send\", \"template\": \"t\", "
		 "\"messageClass\": \"demand\", \"channels\": \"letter email\", \"sendDays\": 3, \"otherwise\": \"review\"}, "
		 "{\"number\": 4, \"trigger\": \"month_end\", \"days\": 2, \"action\": \"call\", \"minBalanceMinor\": 5000, "
		 "\"otherwise\": \"move_on\"}, "
		 "{\"number\": 5, \"trigger\": \"days_since_step\", \"days\": 6, \"action\": \"review\", \"minAgeDays\": 60, "
		 "\"otherwise\": \"move_on\"}]}";

static uint64_t seed;

/* xorshift64*: the same world for the same seed. */
static int32_t some(int32_t bound)
{
	seed ^= seed >> 12;
	seed ^= seed << 25;
	seed ^= seed >> 27;
	return (int32_t)(((seed * UINT64_C(2685821657736338717)) >> 33) % (uint64_t)bound);
}

static void given_rules(void)
{
	static const uint32_t catch_ups[] = { CATCH_UP_ONE_A_DAY, CATCH_UP_MOST_SEVERE, CATCH_UP_SKIP_TO_CURRENT };

	given_policy(whole);
	policies.items[0].catch_up = catch_ups[some(COUNT(catch_ups))];
	policies.items[0].new_debts = some(2) == 0 ? NEW_DEBTS_JOIN : NEW_DEBTS_OWN;
	policies.items[0].demands_a_day = 1 + some(2);
	policies.items[0].demands_a_week = 2 + some(3);
}

static void given_some_person(struct dunned_person *person)
{
	*person = (struct dunned_person){ .is_active = 1, .kind = CUSTOMER_KIND_NATURAL };
	memcpy(person->country, "DE", 3);
	person->usable[CHANNEL_EMAIL] = some(4) > 0;
	person->usable[CHANNEL_SMS] = some(2);
	person->usable[CHANNEL_LETTER] = some(4) > 0;
	person->opted_out = some(4) == 0 ? 1U << CHANNEL_EMAIL : 0;
	person->inbound_on = some(4) == 0 ? WORLD_FROM + some(3) : 0;
	person->restriction = some(20) == 0;
}

static void given_some_debt(struct portfolio_group *group, uint8_t number)
{
	struct portfolio_debt debt = { .debt_id = { .bytes = { 'D', group->group_id.bytes[1], number } },
				       .state = { .balance_minor = 300 + some(12000),
						  .credit_minor = some(6) == 0 ? some(900) : 0,
						  .opened_on = WORLD_FROM - some(100),
						  .due_on = WORLD_FROM - 60 + some(90),
						  .lifecycle = LIFECYCLE_ACTIVE,
						  .currency = "EUR" } };

	if (debt.state.due_on < WORLD_FROM && some(3) == 0) {
		debt.state.level = 1 + some(4);
		debt.state.level_on = WORLD_FROM - some(15);
		memcpy(debt.state.policy, "whole", 6);
	}
	debt.state.is_promised = some(8) == 0;
	portfolio_put(group, &debt);
}

static void given_some_group(struct portfolio_group *group, uint8_t number, const struct dunned_person *person)
{
	memset(group, 0, sizeof(*group));
	group->group_id = (struct uuid){ .bytes = { 'G', number } };
	group->group.customer_id = (struct uuid){ .bytes = { 'C', 1 } };
	group->group.creditor_id = (struct uuid){ .bytes = { 'K', number } };
	memcpy(group->group.currency, "EUR", 4);
	group->person = *person;
	for (int debts = 1 + some(3); debts > 0; debts--)
		given_some_debt(group, (uint8_t)debts);
	if (some(3) == 0) {
		group->group.failed_step = 1 + some(3);
		memcpy(group->group.failed_policy, "whole", 6);
		group->group.next_channel = some(3);
		group->group.rounds = some(2);
		if (group->group.next_channel == 0) /* a round that has begun */
			group->group.retry_on = WORLD_FROM + some(5);
	}
}

/* The states of the groups, as the module has them. */
static void given_states(struct spec *spec, const struct portfolio_group *groups, size_t count)
{
	const struct uuid customer_id = groups[0].group.customer_id;

	*(struct dunned_person *)spec_given(spec, &dunned_person_entity, customer_id) = groups[0].person;
	*(struct dunned_demands *)spec_given(spec, &dunned_demands_entity, customer_id) = groups[0].demands;
	*(struct policies *)spec_given(spec, &policies_entity, policies_id) = policies;
	((struct calendar *)spec_given(spec, &calendar_entity, calendar_id))->zones = &zones;
	for (size_t at = 0; at < count; at++) {
		struct group_debts *listed = spec_given(spec, &group_debts_entity, groups[at].group_id);

		*(struct dunned_group *)spec_given(spec, &dunned_group_entity, groups[at].group_id) = groups[at].group;
		for (uint32_t index = 0; index < groups[at].debts_count; index++) {
			*(struct dunned_debt *)spec_given(spec, &dunned_debt_entity, groups[at].debts[index].debt_id) =
				groups[at].debts[index].state;
			group_debts_put(listed, &groups[at].debts[index].debt_id, true);
		}
	}
}

#define LINES_SIZE 16384

static char by_module[LINES_SIZE], by_play[LINES_SIZE];

static void add_line(char *lines, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void add_line(char *lines, const char *format, ...)
{
	size_t size = strlen(lines);
	va_list values;

	va_start(values, format);
	vsnprintf(lines + size, LINES_SIZE - size, format, values);
	va_end(values);
}

/* It is taken on its day. */
static void take(struct spec *spec, const struct dunning_step_due *due)
{
	const struct dunning_step_taken taken = { .step_id = due->step_id,
						  .customer_id = due->customer_id,
						  .version = 2,
						  .group_id = due->group_id,
						  .policy = due->policy,
						  .step = due->step,
						  .channel = due->channel,
						  .taken_on = spec->today,
						  .debt_ids = due->debt_ids,
						  .debt_ids_count = due->debt_ids_count };
	const struct event event = { .type = &dunning_step_taken_type, .body = &taken };

	dunning_evolve(&spec->set, &event);
}

static void tell_event(struct spec *spec, const struct event *event, const struct uuid *group_id)
{
	if (event->type == &task_opened_type) /* of a step, or of a wait, which are told themselves */
		return;
	if (event->type == &dunning_waiting_type && ((const struct dunning_waiting *)event->body)->reason.size == 0)
		return; /* it waits no more, and nothing is due: the days that are played do not tell that */
	add_line(by_module, "%d %c ", (int)spec->today, '0' + group_id->bytes[1]);
	if (event->type == &dunning_step_due_type) {
		const struct dunning_step_due *due = event->body;
		struct str way = due->channel.size > 0 ? due->channel : due->action;

		add_line(by_module, "step %d %.*s %zu %lld\n", (int)due->step, (int)way.size, way.data, due->debt_ids_count,
			 (long long)due->net_minor);
		take(spec, due);
	} else if (event->type == &dunning_waiting_type) {
		const struct dunning_waiting *waiting = event->body;

		add_line(by_module, "wait %d %.*s\n", (int)waiting->step, (int)waiting->reason.size, waiting->reason.data);
	} else {
		assert_ptr_equal(event->type, &dunning_step_skipped_type);
		add_line(by_module, "over %d\n", (int)((const struct dunning_step_skipped *)event->body)->step);
	}
}

static void when_the_module_is_asked(const struct portfolio_group *groups, size_t count)
{
	struct spec spec;

	spec_init(&spec, &dunning_module);
	given_states(&spec, groups, count);
	by_module[0] = '\0';
	for (spec.today = WORLD_FROM; spec.today < WORLD_FROM + WORLD_DAYS; spec.today++) {
		spec.now_ms = spec.today * DAY_MS;
		for (size_t at = 0; at < count; at++) {
			spec_fire(&spec, &evaluation_timer, groups[at].group_id, groups[at].group.customer_id);
			for (size_t event = 0; event < spec.decision.events_count; event++)
				tell_event(&spec, &spec.decision.events[event], &groups[at].group_id);
		}
	}
	spec_release(&spec);
}

static void tell_play(void *tell_arg, const struct play_line *line)
{
	const int step = line->step == NULL ? 0 : (int)line->step->number;

	(void)tell_arg;
	add_line(by_play, "%d %c ", (int)line->day, '0' + line->group->group_id.bytes[1]);
	if (line->said == PLAY_STEP)
		add_line(by_play, "step %d %s %u %lld\n", step, way_of(line->action, line->channel), line->debts_count,
			 (long long)line->net_minor);
	else if (line->said == PLAY_WAIT)
		add_line(by_play, "wait %d %s\n", step, dunning_wait_name(line->wait));
	else
		add_line(by_play, "over %d\n", step);
}

static void test_play__is_what_the_module_does(void **state)
{
	static struct portfolio_group groups[GROUPS];
	const struct play play = { .policies = &policies, .from = WORLD_FROM, .days = WORLD_DAYS, .tell = tell_play };
	size_t told_in_all = 0;

	(void)state;
	for (uint64_t world = 1; world <= WORLDS; world++) {
		struct dunned_person person;

		seed = world * 2654435761 + 88172645463325252;
		given_rules();
		given_some_person(&person);
		for (uint8_t at = 0; at < GROUPS; at++)
			given_some_group(&groups[at], (uint8_t)(at + 1), &person);
		for (int demands = some(3); demands > 0; demands--)
			demands_add(&groups[0].demands, WORLD_FROM - 1 - some(8));
		when_the_module_is_asked(groups, GROUPS);
		by_play[0] = '\0';
		play_person(&play, groups, GROUPS);
		if (strcmp(by_play, by_module) != 0)
			fail_msg("world %d: it was played\n%sand the module does\n%s", (int)world, by_play, by_module);
		told_in_all += strlen(by_module);
	}
	assert_true(told_in_all > WORLDS * 20); /* they are not empty */
}

/* ---- drafts ---- */

static void then_faulty(const char *json, const char *where, const char *text)
{
	struct draft_fault fault = { .where = "" };
	struct policy policy;

	assert_false(policy_draft_read(&policy, str_of(json), &arena, &fault));
	assert_string_equal(fault.where, where);
	if (strstr(fault.text, text) == NULL)
		fail_msg("%s: %s", fault.where, fault.text);
}

static void test_policy_draft__says_what_is_wrong_and_where(void **state)
{
	(void)state;
	then_faulty("{", "", "");
	then_faulty("{\"policy\": \"early\"}", "/policyVersion", "");
	then_faulty(HEAD("early", 10) "]}", "steps", "");
	then_faulty(HEAD("early", 10) "{\"number\": 1}]}", "/steps/0/trigger", "");
	then_faulty(HEAD("early", 10) SEND(1, "days_past_due", 5, "email sms") ", " SEND(1, "days_since_step", 5, "email") "]}",
		    "steps", "step 1");
}

static void test_policy_draft__stands_in_the_place_of_its_name(void **state)
{
	struct draft_fault fault = { .where = "" };
	struct policy policy;

	(void)state;
	given_policy(early);
	assert_true(policy_draft_read(&policy,
				      STR("{\"policyVersion\": 2, \"policy\": \"early\", \"title\": \"x\", \"priority\": 10, "
					  "\"chargedOff\": true, \"toleranceMinor\": 0, \"demandsADay\": 1, "
					  "\"demandsAWeek\": 3, \"catchUp\": \"one_a_day\", \"newDebts\": \"join\", "
					  "\"reopened\": \"start\", \"steps\": [{\"number\": 1, \"trigger\": "
					  "\"days_past_due\", \"days\": 1, \"action\": \"call\", \"otherwise\": "
					  "\"move_on\"}]}"),
				      &arena, &fault));
	assert_true(policy_draft_put(&policies, &policy, false, &fault));
	assert_int_equal(policies.count, 1);
	assert_int_equal(policies.items[0].version, 2);
	memcpy(policy.name, "late", 5);
	assert_false(policy_draft_put(&policies, &policy, false, &fault)); /* the same priority */
	assert_string_equal(fault.where, "priority");
	assert_non_null(strstr(fault.text, "early"));
	assert_true(policy_draft_put(&policies, &policy, true, &fault)); /* alone */
	assert_int_equal(policies.count, 2);
	assert_true(policies_find(&policies, STR("early"))->is_retired);
	assert_false(policies_find(&policies, STR("late"))->is_retired);
}

/* ---- totals ---- */

static void test_dry_run__totals_are_by_step_way_and_currency(void **state)
{
	static const int64_t prices[CHANNEL_COUNT] = { [CHANNEL_EMAIL] = 2, [CHANNEL_LETTER] = 90 };
	static struct dry_totals totals;
	struct dry_item item = {
		.kind = NEXT_STEP, .action = ACTION_SEND, .channel = CHANNEL_LETTER, .debts_count = 2, .net_minor = 7
	};

	(void)state;
	given_policy(early);
	memset(&totals, 0, sizeof(totals));
	memcpy(item.currency, "EUR", 4);
	item.policy = &policies.items[0];
	item.step = &policies.items[0].steps[1];
	dry_totals_add(&totals, &item);
	item.guard = DRY_STOPPED;
	item.rules[0] = "US-01";
	dry_totals_add(&totals, &item);
	item.guard = DRY_LATER;
	dry_totals_add(&totals, &item);
	memcpy(item.currency, "USD", 4);
	dry_totals_add(&totals, &item);
	item.step = &policies.items[0].steps[0];
	item.channel = CHANNEL_EMAIL;
	dry_totals_add(&totals, &item);
	item.kind = NEXT_WAIT;
	item.wait = WAIT_CAP;
	dry_totals_add(&totals, &item);
	dry_totals_sort(&totals);
	assert_int_equal(totals.rows_count, 3);
	assert_int_equal(totals.steps, 5);
	assert_int_equal(totals.waits[WAIT_CAP], 1);
	assert_int_equal(totals.rows[0].step->number, 1);
	assert_string_equal(totals.rows[1].currency, "EUR");
	assert_int_equal(totals.rows[1].groups, 3);
	assert_int_equal(totals.rows[1].debts, 6);
	assert_int_equal(totals.rows[1].net_minor, 21);
	assert_int_equal(totals.rows[1].stopped, 1);
	assert_int_equal(totals.rows[1].later, 1);
	assert_int_equal(dry_row_cost(&totals.rows[1], prices), 180);
	assert_int_equal(totals.rules_count, 1);
	assert_int_equal(totals.rules[0].groups, 1);
}

static void test_dry_run__two_answers_are_compared(void **state)
{
	struct dry_item a, b;

	(void)state;
	given_policy(early);
	a = (struct dry_item){ .kind = NEXT_STEP,
			       .action = ACTION_SEND,
			       .channel = CHANNEL_EMAIL,
			       .policy = &policies.items[0],
			       .step = &policies.items[0].steps[0],
			       .debts_count = 1,
			       .net_minor = 100 };
	b = a;
	assert_int_equal(dry_difference(&a, &b), DRY_SAME);
	b.net_minor = 99;
	assert_int_equal(dry_difference(&a, &b), DRY_OTHER_DEBTS);
	b.channel = CHANNEL_SMS;
	assert_int_equal(dry_difference(&a, &b), DRY_OTHER_WAY);
	b.step = &policies.items[0].steps[1];
	assert_int_equal(dry_difference(&a, &b), DRY_OTHER_STEP);
	b = (struct dry_item){ .kind = NEXT_NOTHING };
	assert_int_equal(dry_difference(&a, &b), DRY_ENDS);
	assert_int_equal(dry_difference(&b, &a), DRY_BEGINS);
	a = (struct dry_item){ .kind = NEXT_WAIT, .wait = WAIT_CAP };
	assert_int_equal(dry_difference(&a, &b), DRY_OTHER_REASON);
	b = a;
	assert_int_equal(dry_difference(&a, &b), DRY_SAME);
}

/* ---- --if ---- */

static void test_dunning_change__is_read_as_it_is_said(void **state)
{
	struct dunning_change change;

	(void)state;
	assert_true(dunning_change_read(STR("pays 50.00 on 2026-12-01"), &change));
	assert_int_equal(change.change.kind, PLAY_PAYS);
	assert_int_equal(change.change.day, day("2026-12-01"));
	assert_true(str_is(change.amount, "50.00"));
	assert_string_equal(change.currency, "");
	assert_true(dunning_change_read(STR("pays 50 USD on 2026-12-01"), &change));
	assert_string_equal(change.currency, "USD");
	assert_true(dunning_change_read(STR("opts out of sms on 2026-12-01"), &change));
	assert_int_equal(change.change.kind, PLAY_OPTS_OUT);
	assert_int_equal(change.change.channel, CHANNEL_SMS);
	assert_true(dunning_change_read(STR("nothing"), &change));
	assert_false(dunning_change_read(STR(""), &change));
	assert_false(dunning_change_read(STR("pays 50"), &change));
	assert_false(dunning_change_read(STR("pays 50 on 2026-02-30"), &change));
	assert_false(dunning_change_read(STR("pays  on 2026-02-20"), &change));
	assert_false(dunning_change_read(STR("pays 50 XYQ on 2026-02-20"), &change));
	assert_false(dunning_change_read(STR("opts out of pigeon on 2026-02-20"), &change));
	assert_false(dunning_change_read(STR("moves to Bonn on 2026-02-20"), &change));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_play__a_ladder_is_climbed_on_its_days),
		cmocka_unit_test(test_play__what_is_before_the_last_day_only),
		cmocka_unit_test(test_play__caps_are_of_the_person),
		cmocka_unit_test(test_play__a_payment_ends_or_lowers_it),
		cmocka_unit_test(test_play__the_oldest_debt_is_paid_first),
		cmocka_unit_test(test_play__an_opt_out_leaves_the_other_channels),
		cmocka_unit_test(test_play__what_is_under_way_is_taken_on_the_first_day),
		cmocka_unit_test(test_play__a_step_that_has_failed_is_passed_over),
		cmocka_unit_test(test_play__is_what_the_module_does),
		cmocka_unit_test(test_policy_draft__says_what_is_wrong_and_where),
		cmocka_unit_test(test_policy_draft__stands_in_the_place_of_its_name),
		cmocka_unit_test(test_dry_run__totals_are_by_step_way_and_currency),
		cmocka_unit_test(test_dry_run__two_answers_are_compared),
		cmocka_unit_test(test_dunning_change__is_read_as_it_is_said),
	};

	return cmocka_run_group_tests_name("dunning dry run", tests, setup_group, teardown_group);
}
