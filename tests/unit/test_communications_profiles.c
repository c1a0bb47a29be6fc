#include "rule_spec.h"

#include "base/array.h"
#include "consumers/communications/asked.h"
#include "consumers/communications/communications.h"
#include "schemas/communications.h"

/* PublishProfile: what is refused, and what the guard is asked with afterwards. */

static struct spec spec;
static const struct approval approval = { .actor = { "another", 7 } };

static int setup(void **state)
{
	struct str bad;

	(void)state;
	spec_init(&spec, &communications_module);
	spec.approval = &approval;
	assert_true(asked_profiles_choose(STR("basic person house published"), &bad));
	return 0;
}

static int teardown(void **state)
{
	struct str bad;

	(void)state;
	spec_release(&spec);
	assert_true(asked_profiles_choose(STR("basic person"), &bad));
	return 0;
}

static unsigned publications;

static struct publish_profile a_profile(const char *id, int32_t version, const struct profile_rule *rules, size_t count)
{
	return (struct publish_profile){ .publication_id = spec_id('P', ++publications),
					 .profile = str_of(id),
					 .profile_version = version,
					 .title = STR("Hours of our own"),
					 .countries = STR(""),
					 .region = STR(""),
					 .collector = STR("any"),
					 .rules = rules,
					 .rules_count = count };
}

static const struct profile_rule hours[] = {
	{ .rule = { "HOUSE-3", 7 }, .choice = { "house", 5 }, .numbers = { "from=09:00 to=18:00", 19 } }
};

static void when(const struct publish_profile *body)
{
	spec_when(&spec, &publish_profile_type, body);
}

static void then_refused_with(const struct publish_profile *body, enum refusal refusal, const char *field, const char *text)
{
	when(body);
	if (spec.decision.kind != DECISION_REFUSED || spec.decision.refusal != refusal ||
	    strcmp(spec.decision.field, field) != 0 || strstr(spec.decision.text, text) == NULL)
		fail_msg("not refused because of %s (%s): %s: %s", field, text,
			 spec.decision.kind == DECISION_REFUSED ? spec.decision.field : "accepted", spec.decision.text);
}

static void then_rules_refused(struct profile_rule rule, const char *text)
{
	struct publish_profile body = a_profile("ours", 1, &rule, 1);

	then_refused_with(&body, REFUSAL_BAD_VALUE, "rules", text);
}

static struct profile_rule a_rule(const char *rule, const char *choice, const char *numbers)
{
	return (struct profile_rule){ str_of(rule), str_of(choice), str_of(numbers) };
}

/* ---- refusals ---- */

static void test_profiles__rules_are_checked_number_by_number(void **state)
{
	(void)state;
	then_rules_refused(a_rule("US-99", "law", ""), "there is no rule 'US-99'");
	then_rules_refused(a_rule("US-20", "law", ""), "there is no rule 'US-20'");
	then_rules_refused(a_rule("HOUSE-3", "maybe", "from=09:00 to=18:00"), "its choice is one of law, house, off");
	then_rules_refused(a_rule("HOUSE-3", "house", ""), "the number from is missing");
	then_rules_refused(a_rule("HOUSE-3", "house", "from=09:00"), "the number to is missing");
	then_rules_refused(a_rule("HOUSE-3", "house", "from=09:00 from=10:00"), "from stands twice");
	then_rules_refused(a_rule("HOUSE-3", "house", "from=09:00 to=18:00 days=1"), "it has no number 'days'");
	then_rules_refused(a_rule("HOUSE-3", "house", "from=9 to=18:00"), "from is a time of the day");
	then_rules_refused(a_rule("HOUSE-3", "house", "from=09:60 to=18:00"), "from is a time of the day");
	then_rules_refused(a_rule("HOUSE-3", "house", "from=09:00 to=24:01"), "to is a time of the day");
	then_rules_refused(a_rule("HOUSE-3", "house", "from=-9:00 to=18:00"), "from is a time of the day");
	then_rules_refused(a_rule("HOUSE-3", "house", "from=18:00 to=18:00"), "from has to be before to");
	then_rules_refused(a_rule("US-10", "law", "days=3"), "it has no number 'days'");
	then_rules_refused(a_rule("US-07", "law", "days=401"), "days is a number, 1 to 400");
	then_rules_refused(a_rule("US-07", "law", "days=0"), "days is a number, 1 to 400");
	then_rules_refused(a_rule("US-07", "law", "days=7x"), "days is a number, 1 to 400");
	then_rules_refused(a_rule("US-07", "law", "days"), "days is a number, 1 to 400");
	then_rules_refused(a_rule("US-06", "law", "calls=65 days=7"), "calls is a number, 0 to 64");
	then_rules_refused(a_rule("UK-07", "law", "years=0 years_scotland=5"), "years is a number, 1 to 100");
	then_rules_refused(a_rule("HOUSE-3", "off", "from=09:00"), "the number to is missing");
}

static void test_profiles__a_rule_is_listed_once(void **state)
{
	const struct profile_rule rules[] = { a_rule("US-10", "off", ""), a_rule("US-10", "law", "") };
	struct publish_profile body = a_profile("ours", 1, rules, 2);

	(void)state;
	then_refused_with(&body, REFUSAL_BAD_VALUE, "rules", "US-10 stands twice");
}

static void test_profiles__where_it_applies_is_checked(void **state)
{
	static const struct {
		const char *countries, *region, *collector, *field, *text;
	} wrong[] = {
		{ "XX", "", "any", "countries", "XX is no country" },
		{ "DE XX", "", "any", "countries", "XX is no country" },
		{ "DE DE", "", "any", "countries", "DE stands twice" },
		{ "DE  FR", "", "any", "countries", "is no country" },
		{ "", "MA", "any", "region", "a region is of one country" },
		{ "US CA", "MA", "any", "region", "just that" },
		{ "US", "ZZ", "any", "region", "not a region of US" },
		{ "", "", "third", "collector", "any, first_party, third_party" },
	};

	(void)state;
	for (size_t index = 0; index < COUNT(wrong); index++) {
		struct publish_profile body = a_profile("ours", 1, hours, 1);

		body.countries = str_of(wrong[index].countries);
		body.region = str_of(wrong[index].region);
		body.collector = str_of(wrong[index].collector);
		then_refused_with(&body, REFUSAL_BAD_VALUE, wrong[index].field, wrong[index].text);
	}
}

static void test_profiles__ids_and_versions_are_checked(void **state)
{
	static const char *const bad_ids[] = { "", "Ours", "9ours", "our-hours", "a_name_that_is_too_long_by1" };
	struct publish_profile body;

	(void)state;
	for (size_t index = 0; index < COUNT(bad_ids); index++) {
		body = a_profile(bad_ids[index], 1, hours, 1);
		then_refused_with(&body, REFUSAL_BAD_VALUE, "profile", "not an id");
	}
	body = a_profile("ours", 0, hours, 1);
	then_refused_with(&body, REFUSAL_BAD_VALUE, "profile_version", "versions are 1 to 99999");
	body = a_profile("ours", 100000, hours, 1);
	then_refused_with(&body, REFUSAL_BAD_VALUE, "profile_version", "versions are 1 to 99999");
	body = a_profile("ours", 2, hours, 1);
	then_refused_with(&body, REFUSAL_VERSION_CONFLICT, "profile_version", "the next version is 1");
	body = a_profile("house", 1, hours, 1);
	then_refused_with(&body, REFUSAL_EXISTS, "profile_version", "version 1 is there");
	body = a_profile("house", 3, hours, 1);
	then_refused_with(&body, REFUSAL_VERSION_CONFLICT, "profile_version", "the next version is 2");
	body = a_profile("ours", 1, hours, 1);
	body.title = STR(" ");
	then_refused_with(&body, REFUSAL_BAD_VALUE, "title", "a title is needed");
	body = a_profile("ours", 1, hours, 1);
	memset(&body.publication_id, 0, sizeof(body.publication_id));
	then_refused_with(&body, REFUSAL_BAD_VALUE, "publication_id", "all zeros");
}

static void test_profiles__a_version_is_published_once_and_in_turn(void **state)
{
	struct publish_profile body = a_profile("ours", 1, hours, 1);

	(void)state;
	when(&body);
	assert_int_equal(spec.decision.kind, DECISION_EVENTS);
	then_refused_with(&body, REFUSAL_EXISTS, "publication_id", "has this id");
	body = a_profile("ours", 1, hours, 1);
	then_refused_with(&body, REFUSAL_EXISTS, "profile_version", "version 1 is there");
	body = a_profile("ours", 3, hours, 1);
	then_refused_with(&body, REFUSAL_VERSION_CONFLICT, "profile_version", "the next version is 2");
}

static void test_profiles__there_are_not_too_many(void **state)
{
	char id[] = "ours_a";
	struct publish_profile body;

	(void)state;
	for (int number = 0; number < OWN_PROFILES_MAX; number++) {
		id[5] = (char)('h' - number); /* the state keeps them in order */
		body = a_profile(str_copy(&spec.arena, str_of(id)).data, 1, hours, 1);
		body.profile = str_copy(&spec.arena, str_of(id));
		when(&body);
		assert_int_equal(spec.decision.kind, DECISION_EVENTS);
		assert_int_equal(((const struct profile_published *)spec.decision.events[0].body)->place, number + 1);
	}
	body = a_profile("ours_z", 1, hours, 1);
	then_refused_with(&body, REFUSAL_LIMIT_EXCEEDED, "profile", "there are 8 profiles beside the built-in ones");
	body = a_profile("ours_c", 2, hours, 1); /* another version is not another profile */
	when(&body);
	assert_int_equal(((const struct profile_published *)spec.decision.events[0].body)->place, 6);
	body = a_profile("house", 2, hours, 1);
	when(&body);
	assert_int_equal(((const struct profile_published *)spec.decision.events[0].body)->place, 0);
	assert_int_equal(asked_profiles(&spec.set).count, 3 + OWN_PROFILES_MAX);
}

/* The room that is left for profiles of one's own is not taken by the built-in ones. */
static void test_profiles__all_fit_into_one_question(void **state)
{
	(void)state;
	assert_true(guard_profiles_count + OWN_PROFILES_MAX <= GUARD_PROFILES_MAX);
}

/* ---- what the law fixes ---- */

static void massachusetts(const char *choice, const char *numbers, const char *text)
{
	const struct profile_rule rule = a_rule("MA-01", choice, numbers);
	struct publish_profile body = a_profile("massachusetts", 2, &rule, 1);

	body.countries = STR("US");
	body.region = STR("MA");
	if (text != NULL) {
		then_refused_with(&body, REFUSAL_BAD_VALUE, "rules", text);
		return;
	}
	spec.approval = NULL;
	when(&body);
	assert_int_equal(spec.decision.kind, DECISION_KEPT);
}

static void test_profiles__what_the_law_fixes_cannot_be_relaxed(void **state)
{
	struct publish_profile body = a_profile("massachusetts", 2, NULL, 0);
	struct profile_rule rule = a_rule("MA-01", "law", "home=2 home_days=7 elsewhere=2 elsewhere_days=30");

	(void)state;
	body.countries = STR("US");
	body.region = STR("MA");
	then_refused_with(&body, REFUSAL_BAD_VALUE, "rules", "MA-01: it is law in massachusetts/1");
	massachusetts("off", "", "MA-01: it is law");
	massachusetts("house", "home=2 home_days=7 elsewhere=2 elsewhere_days=30", "MA-01: it is law");
	massachusetts("law", "home=3 home_days=7 elsewhere=2 elsewhere_days=30", "home permits more than the law");
	massachusetts("law", "home=2 home_days=6 elsewhere=2 elsewhere_days=30", "home_days permits more");
	massachusetts("law", "home=2 home_days=7 elsewhere=3 elsewhere_days=30", "elsewhere permits more");
	massachusetts("law", "home=2 home_days=7 elsewhere=2 elsewhere_days=29", "elsewhere_days permits more");
	body = a_profile("massachusetts", 2, &rule, 1);
	body.countries = STR("CA");
	then_refused_with(&body, REFUSAL_BAD_VALUE, "countries", "is law in US, too");
	body.countries = STR("US");
	body.region = STR("NY");
	then_refused_with(&body, REFUSAL_BAD_VALUE, "region", "is law elsewhere, too");
	body.region = STR("MA");
	body.collector = STR("third_party");
	then_refused_with(&body, REFUSAL_BAD_VALUE, "collector", "is law for others, too");
	massachusetts("law", "home=1 home_days=8 elsewhere=0 elsewhere_days=31", NULL);
}

/* Freshness: fewer days are stricter, but none at all asks for nothing. */
static void test_profiles__a_number_that_0_turns_off_is_not_turned_off(void **state)
{
	struct guard_profile profile = *guard_profile_by_id(STR("us_third_party"));
	struct guard_fault fault;

	(void)state;
	profile.settings[RULE_US_13].numbers[0] = 0;
	assert_false(guard_profile_keeps_law(&profile, guard_profile_by_id(STR("us_third_party")), &fault));
	profile.settings[RULE_US_13].numbers[0] = 1;
	assert_true(guard_profile_keeps_law(&profile, guard_profile_by_id(STR("us_third_party")), &fault));
}

static void test_profiles__rules_of_the_house_are_the_house_s(void **state)
{
	struct publish_profile body = a_profile("house", 2, NULL, 0); /* retired */

	(void)state;
	when(&body);
	assert_int_equal(spec.decision.kind, DECISION_EVENTS);
}

/* ---- a second person, and what is asked ---- */

static void test_profiles__a_second_person_is_needed_whoever_publishes(void **state)
{
	struct publish_profile body = a_profile("ours", 1, hours, 1);
	const struct profile_published *event;

	(void)state;
	spec.approval = NULL;
	for (int is_user = 0; is_user < 2; is_user++) {
		spec.is_user = is_user != 0;
		when(&body);
		assert_int_equal(spec.decision.kind, DECISION_KEPT);
	}
	assert_int_equal(asked_profiles(&spec.set).count, 3);
	spec.approval = &approval;
	when(&body);
	event = then_event(&spec, 0, profile_published);
	assert_true(str_is(event->approved_by, "another"));
	assert_true(str_is(event->actor, "test"));
	assert_true(str_is(event->profile, "ours"));
	assert_int_equal(event->rules_count, 1);
	assert_true(str_is(event->rules[0].numbers, "from=09:00 to=18:00"));
}

static void then_asked(size_t index, const char *id, int32_t version)
{
	const struct asked_profiles asked = asked_profiles(&spec.set);

	assert_true(index < asked.count);
	assert_string_equal(asked.profiles[index]->id, id);
	assert_int_equal(asked.profiles[index]->version, version);
}

static void test_profiles__the_newest_version_is_asked_and_ones_own_behind_the_built_in(void **state)
{
	struct publish_profile body = a_profile("ours", 1, hours, 1);
	struct str bad;

	(void)state;
	when(&body);
	body = a_profile("house", 2, hours, 1);
	when(&body);
	body = a_profile("house", 3, hours, 1);
	when(&body);
	body = a_profile("uk", 2, NULL, 0);
	then_refused_with(&body, REFUSAL_BAD_VALUE, "rules", "it is law in uk/1");
	then_asked(0, "basic", 1);
	then_asked(1, "person", 1);
	then_asked(2, "house", 3);
	then_asked(3, "ours", 1);
	assert_int_equal(asked_profiles(&spec.set).count, 4);
	assert_int_equal(asked_profiles(&spec.set).profiles[2]->settings[RULE_HOUSE_3].numbers[0], 9 * 60);
	assert_int_equal(asked_profiles(&spec.set).profiles[2]->settings[RULE_HOUSE_1].choice, CHOICE_OFF);
	assert_true(asked_profiles_choose(STR("basic house"), &bad)); /* chosen without one's own */
	then_asked(1, "house", 3);
	assert_int_equal(asked_profiles(&spec.set).count, 2);
}

/* As it is stored, and read again by the store and by `dcs decisions replay`. */
static void test_profiles__what_is_stored_is_what_was_published(void **state)
{
	const struct profile_rule rules[] = { a_rule("HOUSE-3", "house", "to=18:00 from=09:00"), a_rule("US-10", "law", ""),
					      a_rule("US-06", "off", "") };
	struct publish_profile body = a_profile("ours", 1, rules, COUNT(rules));
	static char text[RULES_TEXT_MAX];
	const struct guard_scope scope = {
		.id = STR("ours"), .countries = STR(""), .region = STR(""), .collector = STR("any"), .version = 1
	};
	struct guard_profile profile;
	struct guard_fault fault;
	size_t size;

	(void)state;
	when(&body);
	size = published_rules_text(text, then_event(&spec, 0, profile_published));
	assert_true(str_is((struct str){ text, size }, "HOUSE-3 house to=18:00 from=09:00\nUS-10 law\nUS-06 off"));
	assert_true(guard_profile_begin(&profile, &scope, &fault));
	assert_true(guard_profile_add_lines(&profile, (struct str){ text, size }, &fault));
	assert_memory_equal(&profile, asked_profiles(&spec.set).profiles[3], sizeof(profile));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_profiles__rules_are_checked_number_by_number, setup, teardown),
		cmocka_unit_test_setup_teardown(test_profiles__a_rule_is_listed_once, setup, teardown),
		cmocka_unit_test_setup_teardown(test_profiles__where_it_applies_is_checked, setup, teardown),
		cmocka_unit_test_setup_teardown(test_profiles__ids_and_versions_are_checked, setup, teardown),
		cmocka_unit_test_setup_teardown(test_profiles__a_version_is_published_once_and_in_turn, setup, teardown),
		cmocka_unit_test_setup_teardown(test_profiles__there_are_not_too_many, setup, teardown),
		cmocka_unit_test_setup_teardown(test_profiles__all_fit_into_one_question, setup, teardown),
		cmocka_unit_test_setup_teardown(test_profiles__what_the_law_fixes_cannot_be_relaxed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_profiles__a_number_that_0_turns_off_is_not_turned_off, setup, teardown),
		cmocka_unit_test_setup_teardown(test_profiles__rules_of_the_house_are_the_house_s, setup, teardown),
		cmocka_unit_test_setup_teardown(test_profiles__a_second_person_is_needed_whoever_publishes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_profiles__the_newest_version_is_asked_and_ones_own_behind_the_built_in,
						setup, teardown),
		cmocka_unit_test_setup_teardown(test_profiles__what_is_stored_is_what_was_published, setup, teardown),
	};

	return cmocka_run_group_tests_name("communications profiles", tests, NULL, NULL);
}
