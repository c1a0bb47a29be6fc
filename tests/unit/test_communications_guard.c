#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/array.h"
#include "base/day.h"
#include "consumers/communications/guard/guard.h"

/* The cases of the law (guard_cases.txt): each is asked, each number of a profile is held by one. */

#define CASES      "tests/unit/guard_cases.txt"
#define CASES_MAX  1000
#define SETS_MAX   100
#define FILE_MAX   (1 << 20)
#define NESTED_MAX 8
#define CASES_MIN  220 /* domain: those of the commentary and 200 more */

struct named {
	struct str name;
	struct str facts;
	struct str profiles; /* of a base */
};

struct a_case {
	struct str name;
	struct guard_facts facts;
	const struct named *base;
	struct str verdict; /* with the instant of a deferral */
	struct str rules;
};

static struct zones zones;
static struct named sets[SETS_MAX];
static size_t sets_count;
static struct a_case cases[CASES_MAX];
static size_t cases_count;
static char text[FILE_MAX];
static const struct guard_versions no_versions;

/* What the cases are asked of: copies of the profiles, which a test may change. */
static struct guard_profile profiles[GUARD_PROFILES_MAX];

/* ---- reading ---- */

static struct str trimmed(struct str part)
{
	while (part.size > 0 && part.data[0] == ' ') {
		part.data++;
		part.size--;
	}
	while (part.size > 0 && part.data[part.size - 1] == ' ')
		part.size--;
	return part;
}

static struct str cell(struct str *line)
{
	return trimmed(str_cut(*line, '|', line));
}

static const struct named *set_named(struct str name)
{
	for (size_t index = 0; index < sets_count; index++) {
		if (str_equal(sets[index].name, name))
			return &sets[index];
	}
	fail_msg("no set is called %.*s", (int)name.size, name.data);
	return NULL;
}

static void add_facts(struct guard_facts *facts, struct str words, int nested)
{
	struct str bad;

	assert_true(nested < NESTED_MAX);
	while (words.size > 0) {
		struct str word = str_cut(words, ' ', &words);

		if (word.size > 1 && word.data[0] == '+')
			add_facts(facts, set_named((struct str){ word.data + 1, word.size - 1 })->facts, nested + 1);
		else if (!guard_facts_read(facts, word, &zones, &bad))
			fail_msg("not a fact: %.*s", (int)bad.size, bad.data);
	}
}

static void read_set(struct str line, bool is_base)
{
	struct named *set = &sets[sets_count++];

	assert_true(sets_count <= SETS_MAX);
	set->name = cell(&line);
	set->profiles = is_base ? cell(&line) : STR("");
	set->facts = trimmed(line);
}

static void read_case(struct str line)
{
	struct a_case *one = &cases[cases_count++];
	struct str facts;

	assert_true(cases_count <= CASES_MAX);
	one->name = cell(&line);
	one->base = set_named(cell(&line));
	facts = cell(&line);
	one->verdict = cell(&line);
	one->rules = cell(&line);
	if (trimmed(line).size == 0)
		fail_msg("%.*s: says no law", (int)one->name.size, one->name.data);
	for (size_t index = 0; index + 1 < cases_count; index++) {
		if (str_equal(cases[index].name, one->name))
			fail_msg("two cases are called %.*s", (int)one->name.size, one->name.data);
	}
	add_facts(&one->facts, one->base->facts, 0);
	add_facts(&one->facts, facts, 0);
}

static int setup(void **state)
{
	FILE *file = fopen(CASES, "r");
	struct err err;
	struct str rest = { .data = text };

	(void)state;
	assert_non_null(file);
	rest.size = fread(text, 1, sizeof(text), file);
	assert_int_equal(fclose(file), 0);
	assert_true(rest.size < sizeof(text));
	assert_true(guard_profiles_count <= GUARD_PROFILES_MAX);
	memcpy(profiles, guard_profiles, guard_profiles_count * sizeof(profiles[0]));
	if (zones_load(&zones, ZONE_FOLDER, &err) < 0)
		fail_msg("%s", err.text);
	while (rest.size > 0) {
		struct str line = str_cut(rest, '\n', &rest);

		if (line.size == 0 || line.data[0] == '#')
			continue;
		if (str_begins_nocase(line, STR("set ")))
			read_set((struct str){ line.data + 4, line.size - 4 }, false);
		else if (str_begins_nocase(line, STR("base ")))
			read_set((struct str){ line.data + 5, line.size - 5 }, true);
		else
			read_case(line);
	}
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	zones_release(&zones);
	return 0;
}

/* ---- asking ---- */

static size_t profiles_of(const struct named *base, const struct guard_profile *asked[GUARD_PROFILES_MAX])
{
	struct str rest = base->profiles;
	size_t count = 0;

	while (rest.size > 0) {
		const struct guard_profile *profile = guard_profile_by_id(str_cut(rest, ' ', &rest));

		assert_non_null(profile);
		asked[count++] = &profiles[profile - guard_profiles];
	}
	return count;
}

static void add(char *to, size_t size, const char *part)
{
	strncat(to, part, size - strlen(to) - 1);
}

/* `US-01 US-02`, and with several profiles `US-01@uk+eu`. */
static void say_rules(char said[1024], const struct guard_verdict *verdict, const struct guard_profile *const *asked,
		      size_t count)
{
	said[0] = '\0';
	for (size_t index = 0; index < verdict->rules_count; index++) {
		const char *between = "@";

		add(said, 1024, index > 0 ? " " : "");
		add(said, 1024, verdict->rules[index]);
		for (size_t profile = 0; count > 1 && profile < count; profile++) {
			if ((verdict->profiles[index] >> profile & 1) == 0)
				continue;
			add(said, 1024, between);
			add(said, 1024, asked[profile]->id);
			between = "+";
		}
	}
}

/* What the case should have said; an empty text if it says it. */
static void ask(const struct a_case *one, char wrong[2048])
{
	const struct guard_profile *asked[GUARD_PROFILES_MAX];
	size_t count = profiles_of(one->base, asked);
	struct guard_verdict verdict = guard_decide(&one->facts, asked, count);
	struct str until;
	struct str wanted = str_cut(one->verdict, ' ', &until);
	int64_t until_ms = 0;
	char said[1024];
	char when[32];

	wrong[0] = '\0';
	if (until.size > 0)
		assert_true(instant_parse(until, &until_ms));
	say_rules(said, &verdict, asked, count);
	instant_format(when, verdict.until_ms);
	if (verdict.verdict == VERDICT_ALLOW && until.size == 0) /* the case does not say until when */
		until_ms = verdict.until_ms;
	if (!str_is(wanted, compliance_verdict_name(verdict.verdict)) || verdict.until_ms != until_ms ||
	    (verdict.verdict != VERDICT_ALLOW && !str_is(one->rules, said)))
		(void)snprintf(wrong, 2048, "%.*s: %s %s by %s, not %.*s by %.*s", (int)one->name.size, one->name.data,
			       compliance_verdict_name(verdict.verdict), when, said, (int)one->verdict.size, one->verdict.data,
			       (int)one->rules.size, one->rules.data);
}

static void test_guard__every_case_of_the_law_is_decided_as_it_says(void **state)
{
	unsigned failures = 0;
	char wrong[2048];

	(void)state;
	for (size_t index = 0; index < cases_count; index++) {
		ask(&cases[index], wrong);
		if (wrong[0] != '\0')
			print_error("%s\n", wrong);
		failures += wrong[0] != '\0';
	}
	assert_int_equal(failures, 0);
	assert_true(cases_count >= CASES_MIN);
}

/* ---- every number and every choice of a profile is held by a case ---- */

static bool a_case_fails(void)
{
	char wrong[2048];

	for (size_t index = 0; index < cases_count; index++) {
		ask(&cases[index], wrong);
		if (wrong[0] != '\0')
			return true;
	}
	return false;
}

static unsigned change_number(struct guard_profile *profile, unsigned rule, size_t number)
{
	struct guard_rule_text row = guard_rule_text(rule);
	int32_t *value = &profile->settings[rule].numbers[number];
	unsigned unnoticed = 0;

	for (int by = -1; by <= 1; by += 2) {
		*value += by;
		if (!a_case_fails()) {
			print_error("%s %s: nobody notices that %s is %d\n", profile->id, row.id, row.numbers[number], *value);
			unnoticed++;
		}
		*value -= by;
	}
	return unnoticed;
}

static void test_guard__no_number_of_a_profile_can_change_unnoticed(void **state)
{
	unsigned unnoticed = 0;
	unsigned numbers = 0;

	(void)state;
	assert_false(a_case_fails());
	for (size_t index = 0; index < guard_profiles_count; index++) {
		for (unsigned rule = 0; rule < RULE_COUNT; rule++) {
			for (size_t number = 0; number < GUARD_NUMBERS_MAX; number++) {
				if (profiles[index].settings[rule].choice == CHOICE_OFF ||
				    guard_rule_text(rule).numbers[number] == NULL)
					continue;
				unnoticed += change_number(&profiles[index], rule, number);
				numbers++;
			}
		}
	}
	assert_int_equal(unnoticed, 0);
	assert_true(numbers > 40);
}

static void test_guard__no_rule_of_a_profile_can_be_off_unnoticed(void **state)
{
	unsigned unnoticed = 0;

	(void)state;
	assert_false(a_case_fails());
	for (size_t index = 0; index < guard_profiles_count; index++) {
		for (unsigned rule = 0; rule < RULE_COUNT; rule++) {
			enum guard_choice choice = profiles[index].settings[rule].choice;

			profiles[index].settings[rule].choice = CHOICE_OFF;
			if (choice != CHOICE_OFF && !a_case_fails()) {
				print_error("%s: nobody notices that %s is off\n", profiles[index].id, guard_rule_text(rule).id);
				unnoticed++;
			}
			profiles[index].settings[rule].choice = choice;
		}
	}
	assert_int_equal(unnoticed, 0);
}

/* ---- a profile that comes back from its text ---- */

static void say_number(char said[32], const char *name, int32_t number)
{
	bool is_time = strcmp(name, "from") == 0 || strcmp(name, "to") == 0;

	if (is_time)
		(void)snprintf(said, 32, "%s=%02d:%02d", name, (int)(number / 60), (int)(number % 60));
	else
		(void)snprintf(said, 32, "%s=%d", name, (int)number);
}

static void say_numbers(char said[256], const struct guard_profile *profile, unsigned rule)
{
	struct guard_rule_text row = guard_rule_text(rule);
	char number[32];

	said[0] = '\0';
	for (size_t place = 0; place < GUARD_NUMBERS_MAX && row.numbers[place] != NULL; place++) {
		add(said, 256, place > 0 ? " " : "");
		say_number(number, row.numbers[place], profile->settings[rule].numbers[place]);
		add(said, 256, number);
	}
}

static void add_rule(struct guard_profile *profile, const struct guard_profile *from, unsigned rule, bool as_line)
{
	static const char *const choices[] = { [CHOICE_OFF] = "off", [CHOICE_LAW] = "law", [CHOICE_HOUSE] = "house" };
	struct guard_fault fault;
	char numbers[256];
	char line[300];
	bool is_good;

	say_numbers(numbers, from, rule);
	(void)snprintf(line, sizeof(line), "%s %s%s%s", guard_rule_text(rule).id, choices[from->settings[rule].choice],
		       numbers[0] != '\0' ? " " : "", numbers);
	is_good = as_line ? guard_profile_add_lines(profile, str_of(line), &fault)
			  : guard_profile_add(profile, str_of(guard_rule_text(rule).id),
					      str_of(choices[from->settings[rule].choice]), str_of(numbers), &fault);
	if (!is_good)
		fail_msg("%s: %s", profile->id, fault.text);
}

static void read_again(struct guard_profile *profile, const struct guard_profile *from, bool as_line)
{
	static const char *const collectors[] = { "any", "first_party", "third_party" };
	const struct guard_scope scope = { .id = str_of(from->id),
					   .countries = str_of(from->countries),
					   .region = str_of(from->region),
					   .collector = str_of(collectors[from->collector]),
					   .version = 2 };
	struct guard_fault fault;

	if (!guard_profile_begin(profile, &scope, &fault))
		fail_msg("%s: %s %s", from->id, fault.field, fault.text);
	for (unsigned rule = 0; rule < RULE_COUNT; rule++) {
		if (from->settings[rule].choice != CHOICE_OFF)
			add_rule(profile, from, rule, as_line);
	}
}

static void test_guard__a_built_in_profile_published_again_decides_every_case_alike(void **state)
{
	struct guard_fault fault;

	(void)state;
	for (unsigned way = 0; way < 2; way++) {
		for (size_t index = 0; index < guard_profiles_count; index++) {
			read_again(&profiles[index], &guard_profiles[index], way == 1);
			assert_int_equal(profiles[index].version, 2);
			assert_memory_equal(profiles[index].settings, guard_profiles[index].settings,
					    sizeof(profiles[index].settings));
			if (!guard_profile_keeps_law(&profiles[index], &guard_profiles[index], &fault))
				fail_msg("%s: %s", profiles[index].id, fault.text);
		}
		assert_false(a_case_fails());
	}
	memcpy(profiles, guard_profiles, guard_profiles_count * sizeof(profiles[0]));
}

/* One number of the law, one step to either side: just one of the two is refused. */
static void test_guard__each_number_of_the_law_has_one_direction_in_which_it_may_go(void **state)
{
	struct guard_fault fault;
	unsigned numbers = 0;

	(void)state;
	for (size_t index = 0; index < guard_profiles_count; index++) {
		for (unsigned rule = 0; rule < RULE_COUNT; rule++) {
			struct guard_profile profile = guard_profiles[index];
			int32_t *values = profile.settings[rule].numbers;

			if (profile.settings[rule].choice != CHOICE_LAW)
				continue;
			for (size_t place = 0; place < GUARD_NUMBERS_MAX && guard_rule_text(rule).numbers[place] != NULL;
			     place++) {
				bool up, down;

				values[place]++;
				up = guard_profile_keeps_law(&profile, &guard_profiles[index], &fault);
				values[place] -= 2;
				down = guard_profile_keeps_law(&profile, &guard_profiles[index], &fault);
				values[place]++;
				assert_true(up != down);
				numbers++;
			}
		}
	}
	assert_true(numbers > 20);
}

/* What the direction says is what the guard does: with the stricter number no case of the law is allowed that was not. */
static void test_guard__a_stricter_number_allows_nothing_more(void **state)
{
	struct guard_fault fault;

	(void)state;
	for (size_t index = 0; index < guard_profiles_count; index++) {
		for (unsigned at = 0; at < RULE_COUNT * GUARD_NUMBERS_MAX; at++) {
			unsigned rule = at / GUARD_NUMBERS_MAX;
			size_t place = at % GUARD_NUMBERS_MAX;
			int32_t *value = &profiles[index].settings[rule].numbers[place];
			int32_t was = *value;

			if (profiles[index].settings[rule].choice != CHOICE_LAW || guard_rule_text(rule).numbers[place] == NULL)
				continue;
			*value = was + 1;
			if (!guard_profile_keeps_law(&profiles[index], &guard_profiles[index], &fault))
				*value = was - 1;
			for (size_t one = 0; one < cases_count; one++) {
				const struct guard_profile *asked[GUARD_PROFILES_MAX];
				size_t count = profiles_of(cases[one].base, asked);

				if (guard_decide(&cases[one].facts, asked, count).verdict == VERDICT_ALLOW &&
				    !str_begins_nocase(cases[one].verdict, STR("allow")))
					fail_msg("%s %s: %s=%d allows %.*s", profiles[index].id, guard_rule_text(rule).id,
						 guard_rule_text(rule).numbers[place], (int)*value, (int)cases[one].name.size,
						 cases[one].name.data);
			}
			*value = was;
		}
	}
}

/* ---- facts as text ---- */

static void test_guard__facts_come_back_from_their_text_and_are_decided_alike(void **state)
{
	static char first[FACTS_TEXT_MAX];
	static char second[FACTS_TEXT_MAX];
	static struct guard_facts facts;
	struct str bad;

	(void)state;
	for (size_t index = 0; index < cases_count; index++) {
		size_t size = guard_facts_text(first, &cases[index].facts);

		memset(&facts, 0, sizeof(facts));
		if (!guard_facts_read(&facts, (struct str){ first, size }, &zones, &bad))
			fail_msg("%.*s: not read again: %.*s", (int)cases[index].name.size, cases[index].name.data, (int)bad.size,
				 bad.data);
		assert_int_equal(guard_facts_text(second, &facts), size);
		assert_string_equal(first, second);
		assert_memory_equal(facts.debts, cases[index].facts.debts, facts.debts_count * sizeof(facts.debts[0]));
		assert_memory_equal(facts.contacts, cases[index].facts.contacts,
				    facts.contacts_count * sizeof(facts.contacts[0]));
	}
}

static void test_guard__a_question_comes_back_with_its_profiles(void **state)
{
	static char said[FACTS_TEXT_MAX];
	static struct guard_question question;
	const struct guard_profile *asked[GUARD_PROFILES_MAX];
	struct guard_verdict then;
	struct guard_verdict now;
	struct str bad;

	(void)state;
	for (size_t index = 0; index < cases_count; index++) {
		size_t count = profiles_of(cases[index].base, asked);
		size_t size = guard_question_text(said, &cases[index].facts, asked, count);

		assert_true(guard_question_read(&question, (struct str){ said, size }, &zones, &no_versions, &bad));
		then = guard_decide(&cases[index].facts, asked, count);
		now = guard_decide(&question.facts, question.profiles, question.profiles_count);
		assert_int_equal(now.verdict, then.verdict);
		assert_int_equal(now.until_ms, then.until_ms);
		assert_int_equal(now.rules_count, then.rules_count);
		assert_memory_equal(now.rules, then.rules, now.rules_count * sizeof(now.rules[0]));
	}
	assert_false(guard_question_read(&question, STR("act=send profile=basic/2"), &zones, &no_versions, &bad));
	assert_true(str_is(bad, "profile=basic/2"));
	assert_false(guard_question_read(&question, STR("profile=mars/1"), &zones, &no_versions, &bad));
	assert_false(guard_question_read(&question, STR("profile=basic"), &zones, &no_versions, &bad));
	assert_false(guard_question_read(&question, STR("profile=basic/1 x=y"), &zones, &no_versions, &bad));
}

/* The bytes are hashed and kept with every verdict: a change of any would part them from those that are written from now on. */
static void test_guard__the_text_of_facts_never_changes(void **state)
{
	static const char head[] =
		"act=send channel=email class=reminder to=consumer at=2026-03-10T16:05:00.007Z today=2026-03-10 "
		"country=US region=MA wrote=1969-12-31T23:59:59.999Z attorney=no language=en-US";
	static const char tail[] =
		" blocked=days:mon+sun,from:09:05,to:24:00 hold=from:2026-01-01,classes:reminder+payment_receipt "
		"debt=balance:-9223372036854775807,due:2026-01-15,account:-7 debt=balance:10,account:2147483647 "
		"contact=at:2026-02-20T12:00:00.000Z,channel:voice,to:consumer,outcome:returned,debts:1+9+32";
	static char said[FACTS_TEXT_MAX];
	static char wanted[1024];
	static struct guard_facts facts;
	const struct guard_profile *asked[] = { guard_profile_by_id(STR("basic")), guard_profile_by_id(STR("us_third_party")) };
	struct zone zone = { .name = "Etc/Test", .digest = 0x0123456789abcdefU };
	struct str bad;

	(void)state;
	memset(&facts, 0, sizeof(facts));
	assert_true(guard_facts_read(&facts, STR(head), &zones, &bad));
	assert_true(guard_facts_read(&facts, STR(tail), &zones, &bad));
	facts.zones[facts.zones_count++] = &zone;
	(void)snprintf(wanted, sizeof(wanted), "%s zone=Etc/Test,0123456789abcdef%s profile=basic/%d profile=us_third_party/%d",
		       head, tail, (int)asked[0]->version, (int)asked[1]->version);
	assert_int_equal(guard_question_text(said, &facts, asked, COUNT(asked)), strlen(wanted));
	assert_string_equal(said, wanted);
}

/* As many of everything as there can be, each with all of its members. */
static void test_guard__the_longest_facts_fit_into_their_text(void **state)
{
	static char said[FACTS_TEXT_MAX];
	static struct guard_facts facts;
	static struct guard_facts again;
	struct str bad;
	size_t size;

	(void)state;
	for (int i = 0; i < GUARD_ZONES_MAX; i++)
		add_facts(&facts, STR("zone=America/Argentina/ComodRivadavia"), 0);
	for (int i = 0; i < GUARD_DEBTS_MAX; i++)
		add_facts(&facts,
			  STR("debt=balance:-9223372036854775807,due:2026-01-01,closed:yes,settled:yes,account:-2147483647,"
			      "barred:yes,"
			      "said_barred:yes,limited:2026-01-01,contacted:2026-01-01,notice:2026-01-01,notice_bounced:yes,"
			      "disputed_on:2026-01-01,answered:2026-01-01,disputed:yes,spoken:2026-01-01,written:2026-01-01,"
			      "letter_bounced:yes"),
			  0);
	for (int i = 0; i < GUARD_CONTACTS_MAX; i++) {
		add_facts(&facts,
			  STR("contact=at:2026-03-10T12:00:00.123Z,channel:letter,to:third_party,outcome:not_in_service,inbound:"
			      "yes,"
			      "demand:yes,consented:yes"),
			  0);
		facts.contacts[i].debts = UINT32_MAX;
	}
	for (int i = 0; i < GUARD_HOLDS_MAX; i++) {
		add_facts(&facts, STR("hold=from:2026-01-01,until:2026-01-02"), 0);
		facts.holds[i].classes = (1U << MESSAGE_CLASS_COUNT) - 2;
	}
	for (int i = 0; i < GUARD_BLOCKED_MAX; i++)
		add_facts(&facts, STR("blocked=days:mon+tue+wed+thu+fri+sat+sun,from:10:00,to:24:00"), 0);
	size = guard_facts_text(said, &facts);
	assert_true(size < FACTS_TEXT_MAX / 2);
	assert_true(guard_facts_read(&again, (struct str){ said, size }, &zones, &bad));
	assert_memory_equal(again.contacts, facts.contacts, sizeof(facts.contacts));
	assert_memory_equal(again.holds, facts.holds, sizeof(facts.holds));
}

static void test_guard__what_is_no_fact_is_named(void **state)
{
	static const char *const bad[] = { "x",
					   "=",
					   "channel=fax",
					   "channel=",
					   "at=yesterday",
					   "today=2026-02-30",
					   "country=USA",
					   "region=MASS",
					   "zone=Europe/Atlantis",
					   "zone=Europe/Berlin,0000000000000000",
					   "debt=balance:x",
					   "debt=weight:3",
					   "debt=account:2147483648",
					   "contact=debts:0",
					   "contact=debts:33",
					   "contact=debts:x",
					   "blocked=days:funday",
					   "blocked=from:24:01",
					   "blocked=from:9",
					   "hold=classes:none",
					   "attorney=maybe" };
	static struct guard_facts facts;
	struct str word;

	(void)state;
	for (size_t index = 0; index < COUNT(bad); index++) {
		if (guard_facts_read(&facts, str_of(bad[index]), &zones, &word))
			fail_msg("taken: %s", bad[index]);
		assert_true(str_is(word, bad[index]));
	}
	memset(&facts, 0, sizeof(facts));
	for (int i = 0; i < GUARD_ZONES_MAX; i++)
		assert_true(guard_facts_read(&facts, STR("zone=UTC"), &zones, &word));
	assert_false(guard_facts_read(&facts, STR("zone=UTC"), &zones, &word));
	for (int i = 0; i < GUARD_HOLDS_MAX; i++)
		assert_true(guard_facts_read(&facts, STR("hold=from:2026-01-01"), &zones, &word));
	assert_false(guard_facts_read(&facts, STR("hold=from:2026-01-01"), &zones, &word));
}

/* ---- nothing that is known is much ---- */

static void test_guard__without_facts_nothing_is_sent(void **state)
{
	const struct guard_profile *asked[GUARD_PROFILES_MAX];
	static struct guard_facts facts;
	struct guard_verdict verdict;

	(void)state;
	for (size_t index = 0; index < guard_profiles_count; index++)
		asked[index] = &profiles[index];
	for (int32_t act = ACT_NONE + 1; act < ACT_COUNT; act++) {
		facts.act = act;
		verdict = guard_decide(&facts, asked, guard_profiles_count);
		assert_int_equal(verdict.verdict, VERDICT_DENY);
	}
}

static void test_guard__instants_beyond_the_calendar_are_decided(void **state)
{
	static const int64_t instants[] = { INT64_MIN, -1, 0, INT64_MAX - 1, INT64_MAX };
	const struct guard_profile *asked[GUARD_PROFILES_MAX];
	static struct guard_facts facts;

	(void)state;
	for (size_t index = 0; index < guard_profiles_count; index++)
		asked[index] = &profiles[index];
	for (size_t index = 0; index < cases_count; index++) {
		facts = cases[index].facts;
		for (size_t i = 0; i < COUNT(instants); i++) {
			facts.now_ms = instants[i];
			assert_true(guard_decide(&facts, asked, guard_profiles_count).verdict != VERDICT_NONE);
		}
	}
}

/* ---- facts of many cases mixed, and lines of any bytes ---- */

#define MIXES 20000

static uint32_t seed = 1;

static uint32_t dice(uint32_t sides)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % sides;
}

/* The facts of one case, and over them words of others. */
static void mix(struct guard_facts *facts)
{
	static char said[FACTS_TEXT_MAX];

	*facts = cases[dice((uint32_t)cases_count)].facts;
	for (uint32_t left = dice(6); left > 0; left--) {
		const struct a_case *other = &cases[dice((uint32_t)cases_count)];
		struct str rest = { .data = said, .size = guard_facts_text(said, &other->facts) };
		struct str bad;

		while (rest.size > 0) {
			struct str word = str_cut(rest, ' ', &rest);

			/* A list may be full. */
			if (dice(4) == 0 && !guard_facts_read(facts, word, &zones, &bad))
				break;
		}
	}
}

static void test_guard__a_deferral_ends_when_it_says_whatever_the_facts(void **state)
{
	const struct guard_profile *asked[GUARD_PROFILES_MAX];
	static struct guard_facts facts;
	unsigned deferred = 0;

	(void)state;
	for (size_t index = 0; index < guard_profiles_count; index++)
		asked[index] = &profiles[index];
	for (unsigned round = 0; round < MIXES; round++) {
		size_t count = 1 + dice((uint32_t)guard_profiles_count);
		struct guard_verdict verdict;

		mix(&facts);
		verdict = guard_decide(&facts, asked, count);
		if (verdict.verdict != VERDICT_DEFER)
			continue;
		deferred++;
		assert_true(verdict.until_ms > facts.now_ms);
		facts.now_ms = verdict.until_ms - 1;
		assert_int_not_equal(guard_decide(&facts, asked, count).verdict, VERDICT_ALLOW);
		facts.now_ms = verdict.until_ms;
		assert_int_not_equal(guard_decide(&facts, asked, count).verdict, VERDICT_DEFER);
	}
	assert_true(deferred > MIXES / 100);
}

/* ---- until when an allow holds ---- */

#define MINUTE_MS 60000

static bool is_allowed_at(struct guard_facts *facts, const struct guard_profile *const *asked, size_t count, int64_t at_ms)
{
	facts->now_ms = at_ms;
	return guard_decide(facts, asked, count).verdict == VERDICT_ALLOW;
}

/* Every minute of the first days is allowed until the end, later ones every few hours; the instant before the end is, the end is not. */
static void then_holds_until(struct guard_facts *facts, const struct guard_profile *const *asked, size_t count, int64_t until_ms)
{
	const int64_t from_ms = facts->now_ms;
	const int64_t last_ms = until_ms == 0 ? from_ms + 30 * DAY_MS : until_ms;
	int64_t step_ms = MINUTE_MS;

	for (int64_t at_ms = from_ms; at_ms < last_ms; at_ms += step_ms) {
		if (!is_allowed_at(facts, asked, count, at_ms))
			fail_msg("allowed at %lld until %lld, and not at %lld", (long long)from_ms, (long long)until_ms,
				 (long long)at_ms);
		step_ms = at_ms - from_ms < 2 * DAY_MS ? MINUTE_MS : 173 * MINUTE_MS;
	}
	if (until_ms == 0)
		return;
	assert_true(until_ms > from_ms);
	assert_true(is_allowed_at(facts, asked, count, until_ms - 1));
	if (is_allowed_at(facts, asked, count, until_ms))
		fail_msg("allowed at %lld until %lld, and then, too", (long long)from_ms, (long long)until_ms);
}

/* The cases, and the night before and behind each on which clocks are set. */
static void test_guard__an_allow_ends_when_it_says(void **state)
{
	const struct guard_profile *asked[GUARD_PROFILES_MAX];
	static struct guard_facts facts;
	unsigned ending = 0;

	(void)state;
	for (size_t index = 0; index < cases_count; index++) {
		size_t count = profiles_of(cases[index].base, asked);
		struct guard_verdict verdict;

		facts = cases[index].facts;
		verdict = guard_decide(&facts, asked, count);
		if (verdict.verdict != VERDICT_ALLOW)
			continue;
		ending += verdict.until_ms != 0;
		then_holds_until(&facts, asked, count, verdict.until_ms);
	}
	assert_true(ending > 20);
}

#define NIGHT_MINUTES (26 * 60)

/* Of every minute: the next one that is not allowed is the end. The minutes are asked from the last to the first. */
static void compare_ends(struct guard_facts *facts, const struct guard_profile *asked, int64_t start_ms)
{
	int64_t end_ms = 0;

	for (int64_t minute = NIGHT_MINUTES; minute-- > 0;) {
		struct guard_verdict verdict;

		facts->now_ms = start_ms + minute * MINUTE_MS;
		verdict = guard_decide(facts, &asked, 1);
		if (verdict.verdict != VERDICT_ALLOW)
			end_ms = facts->now_ms;
		else if (end_ms != 0 && verdict.until_ms != end_ms)
			fail_msg("%s at %lld: allowed until %lld, not %lld", facts->zones[0]->name, (long long)facts->now_ms,
				 (long long)end_ms, (long long)verdict.until_ms);
	}
}

/* Hours and blocked times, in every zone around a night on which clocks are set. */
static void test_guard__an_allow_ends_when_it_says_in_the_nights_of_change(void **state)
{
	static const char *const nights[] = { "2026-03-08T00:00:00Z", "2026-03-28T12:00:00Z", "2026-10-24T20:00:00Z",
					      "2026-11-01T00:00:00Z", "2026-04-04T06:00:00Z", "2050-03-12T20:00:00Z" };
	static const struct guard_profile nightly = {
		.id = "nightly",
		.countries = "",
		.region = "",
		.settings = { [RULE_US_02] = { CHOICE_LAW, { 0 } }, [RULE_HOUSE_3] = { CHOICE_HOUSE, { 30, 1410 } } }
	};
	static struct guard_facts facts;
	struct str bad;

	(void)state;
	assert_true(guard_facts_read(&facts,
				     STR("act=send to=consumer channel=email class=account_service "
					 "blocked=days:sat+sun,from:01:30,to:02:30 blocked=days:sun,from:23:00,to:02:10 "
					 "blocked=days:mon,from:04:00,to:04:01"),
				     &zones, &bad));
	for (size_t zone = 0; zone < zones.count; zone++) {
		int64_t start_ms;

		facts.zones[0] = &zones.items[zone];
		facts.zones_count = 1;
		assert_true(instant_parse(str_of(nights[zone % COUNT(nights)]), &start_ms));
		compare_ends(&facts, &nightly, start_ms);
	}
}

static void test_guard__an_allow_ends_when_it_says_whatever_the_facts(void **state)
{
	const struct guard_profile *asked[GUARD_PROFILES_MAX];
	static struct guard_facts facts;
	unsigned ending = 0;

	(void)state;
	for (size_t index = 0; index < guard_profiles_count; index++)
		asked[index] = &profiles[index];
	for (unsigned round = 0; round < MIXES; round++) {
		size_t count = 1 + dice((uint32_t)guard_profiles_count);
		struct guard_verdict verdict;

		mix(&facts);
		verdict = guard_decide(&facts, asked, count);
		if (verdict.verdict != VERDICT_ALLOW || verdict.until_ms == 0)
			continue;
		ending++;
		assert_true(is_allowed_at(&facts, asked, count, verdict.until_ms - 1));
		assert_false(is_allowed_at(&facts, asked, count, verdict.until_ms));
	}
	assert_true(ending > MIXES / 100);
}

static void test_guard__a_line_of_any_bytes_is_read_or_refused(void **state)
{
	static char said[FACTS_TEXT_MAX];
	static char again[FACTS_TEXT_MAX];
	static struct guard_question question;
	const struct guard_profile *asked[1] = { &guard_profiles[0] };
	static struct guard_facts facts;
	unsigned taken = 0;
	struct str bad;

	(void)state;
	for (unsigned round = 0; round < MIXES; round++) {
		size_t size;

		mix(&facts);
		size = guard_question_text(said, &facts, asked, 1);
		for (uint32_t left = dice(4); left > 0; left--)
			said[dice((uint32_t)size)] = (char)(dice(3) == 0 ? dice(256) : '0' + dice(10));
		if (!guard_question_read(&question, (struct str){ said, size }, &zones, &no_versions, &bad))
			continue;
		taken++;
		size = guard_question_text(again, &question.facts, question.profiles, question.profiles_count);
		assert_true(guard_question_read(&question, (struct str){ again, size }, &zones, &no_versions, &bad));
		(void)guard_decide(&question.facts, question.profiles, question.profiles_count);
	}
	assert_true(taken > MIXES / 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_guard__every_case_of_the_law_is_decided_as_it_says),
		cmocka_unit_test(test_guard__no_number_of_a_profile_can_change_unnoticed),
		cmocka_unit_test(test_guard__no_rule_of_a_profile_can_be_off_unnoticed),
		cmocka_unit_test(test_guard__a_built_in_profile_published_again_decides_every_case_alike),
		cmocka_unit_test(test_guard__each_number_of_the_law_has_one_direction_in_which_it_may_go),
		cmocka_unit_test(test_guard__a_stricter_number_allows_nothing_more),
		cmocka_unit_test(test_guard__facts_come_back_from_their_text_and_are_decided_alike),
		cmocka_unit_test(test_guard__a_question_comes_back_with_its_profiles),
		cmocka_unit_test(test_guard__the_text_of_facts_never_changes),
		cmocka_unit_test(test_guard__the_longest_facts_fit_into_their_text),
		cmocka_unit_test(test_guard__what_is_no_fact_is_named),
		cmocka_unit_test(test_guard__without_facts_nothing_is_sent),
		cmocka_unit_test(test_guard__a_deferral_ends_when_it_says_whatever_the_facts),
		cmocka_unit_test(test_guard__an_allow_ends_when_it_says),
		cmocka_unit_test(test_guard__an_allow_ends_when_it_says_in_the_nights_of_change),
		cmocka_unit_test(test_guard__an_allow_ends_when_it_says_whatever_the_facts),
		cmocka_unit_test(test_guard__a_line_of_any_bytes_is_read_or_refused),
		cmocka_unit_test(test_guard__instants_beyond_the_calendar_are_decided),
	};

	return cmocka_run_group_tests_name("communications guard", tests, setup, teardown);
}
