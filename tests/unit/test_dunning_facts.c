/* What other modules say of a person: PersonNoted and StopNoted (consumers/dunning/decide_facts.c). */

#include "tests/unit/dunning_spec.h"

/* ---- customers ---- */

static const struct person_noted *noted(void)
{
	then_events(&spec, "PersonNoted");
	assert_int_equal(spec.decision.timers_count, 0);
	return then_event(&spec, 0, person_noted);
}

static void test_person__is_noted_with_all_that_is_known(void **state)
{
	(void)state;
	when_person("US", "US-MA", "America/New_York");
	assert_int_equal(noted()->version, 1);
	assert_true(noted()->is_active);
	assert_true(str_is(noted()->customer_kind, "natural"));
	assert_true(str_is(noted()->region, "US-MA"));
	assert_true(str_is(noted()->timezone, "America/New_York"));
	assert_string_equal(the_person()->country, "US");
	assert_string_equal(the_person()->region, "US-MA");
	assert_string_equal(the_person()->timezone, "America/New_York");
	assert_string_equal(the_person()->locale, "de-DE");
	assert_int_equal(the_person()->kind, CUSTOMER_KIND_NATURAL);
}

static void test_person__an_update_replaces_the_place_and_keeps_the_rest(void **state)
{
	const struct customer_updated body = {
		.customer_id = PERSON, .version = 2, .locale = STR("fr-FR"), .country = STR("FR"), .has_region = false
	};

	(void)state;
	when_person("US", "US-MA", "America/New_York");
	when_point("email");
	spec_follow(&spec, &customer_updated_type, &body);
	assert_int_equal(noted()->version, 3);
	assert_false(noted()->has_region);
	assert_false(noted()->has_timezone);
	assert_string_equal(the_person()->region, "");
	assert_string_equal(the_person()->timezone, "");
	assert_string_equal(the_person()->country, "FR");
	assert_int_equal(the_person()->kind, CUSTOMER_KIND_NATURAL);
	assert_int_equal(the_person()->usable[CHANNEL_EMAIL], 1);
	assert_int_equal(the_person()->is_active, 1);
}

/* The longest values that the schemas of customers let pass. */
static void test_person__a_text_that_does_not_fit_is_unknown(void **state)
{
	(void)state;
	when_person("DE", "DE-1234567890123456", "Europe/A-zone-with-a-name-that-is-longer-than-any-of-IANA");
	assert_false(noted()->has_region);
	assert_false(noted()->has_timezone);
	assert_string_equal(the_person()->country, "DE");
}

static void test_person__an_erased_one_is_not_active(void **state)
{
	const struct customer_erased body = { .customer_id = PERSON, .version = 2, .basis = STR("request") };

	(void)state;
	when_person("DE", NULL, NULL);
	spec_follow(&spec, &customer_erased_type, &body);
	assert_false(noted()->is_active);
	assert_int_equal(the_person()->is_active, 0);
}

static void when_point_is_lost(const char *channel)
{
	const struct contact_point_invalidated body = { .contact_point_id = spec_id('A', 1),
							.customer_id = PERSON,
							.channel = str_of(channel) };

	spec_follow(&spec, &contact_point_invalidated_type, &body);
}

static void test_person__contact_points_are_counted_by_channel(void **state)
{
	static const struct {
		const char *channel;
		enum channel number;
	} channels[] = {
		{ "email", CHANNEL_EMAIL }, { "sms", CHANNEL_SMS }, { "voice", CHANNEL_VOICE }, { "letter", CHANNEL_LETTER }
	};

	(void)state;
	when_person("DE", NULL, NULL);
	for (size_t index = 0; index < COUNT(channels); index++) {
		when_point(channels[index].channel);
		when_point(channels[index].channel);
		assert_int_equal(the_person()->usable[channels[index].number], 2);
		when_point_is_lost(channels[index].channel);
		assert_int_equal(the_person()->usable[channels[index].number], 1);
	}
	assert_int_equal(noted()->emails, 1);
	assert_int_equal(noted()->mobiles, 1);
	assert_int_equal(noted()->telephones, 1);
	assert_int_equal(noted()->letters, 1);
}

/* Between topics and in them: a contact point may be read before the person, if the followed log begins there. */
static void test_person__facts_may_come_before_the_person(void **state)
{
	(void)state;
	when_point("email");
	when_withdrawn("sms", NULL);
	assert_int_equal(the_person()->is_active, 0);
	when_person("DE", NULL, NULL);
	assert_int_equal(the_person()->is_active, 1);
	assert_int_equal(the_person()->usable[CHANNEL_EMAIL], 1);
	assert_int_equal(the_person()->opted_out, 1U << CHANNEL_SMS);
}

static struct person_groups groups_of(unsigned count, const unsigned *numbers)
{
	struct person_groups groups = { .count = 0 };

	for (unsigned index = 0; index < count; index++) {
		struct uuid id = spec_id('G', numbers[index]);

		person_groups_put(&groups, &id);
	}
	return groups;
}

static void test_groups__are_listed_once_in_the_order_of_ids(void **state)
{
	const unsigned numbers[] = { 3, 1, 2, 1, 3 };
	const struct person_groups groups = groups_of(COUNT(numbers), numbers);

	(void)state;
	assert_int_equal(groups.count, 3);
	for (unsigned index = 0; index < groups.count; index++) {
		struct uuid id = spec_id('G', index + 1);

		assert_true(uuid_equal(&groups.ids[index], &id));
	}
}

static void test_groups__of_more_than_fit_the_first_are_listed(void **state)
{
	unsigned numbers[PERSON_GROUPS_MAX + 2];
	struct person_groups groups;
	struct uuid last;

	(void)state;
	for (unsigned index = 0; index < COUNT(numbers); index++)
		numbers[index] = (unsigned)COUNT(numbers) - index;
	groups = groups_of(COUNT(numbers), numbers);
	last = spec_id('G', PERSON_GROUPS_MAX);
	assert_int_equal(groups.count, PERSON_GROUPS_MAX);
	assert_true(uuid_equal(&groups.ids[PERSON_GROUPS_MAX - 1], &last));
}

/* ---- communications ---- */

static void test_opt_out__of_one_channel(void **state)
{
	(void)state;
	when_person("DE", NULL, NULL);
	when_withdrawn("sms", NULL);
	assert_true(str_is(noted()->opted_out, "sms"));
	assert_int_equal(the_person()->opted_out, 1U << CHANNEL_SMS);
	when_withdrawn("sms", NULL); /* says nothing new */
	then_nothing();
	when_withdrawn("email", NULL);
	assert_true(str_is(noted()->opted_out, "email sms"));
}

static void test_opt_out__of_all_channels(void **state)
{
	(void)state;
	when_person("DE", NULL, NULL);
	when_withdrawn(NULL, NULL);
	assert_true(str_is(noted()->opted_out, "email sms voice letter push"));
	for (uint32_t channel = CHANNEL_NONE + 1; channel < CHANNEL_COUNT; channel++)
		assert_true(the_person()->opted_out & 1U << channel);
	when_withdrawn("letter", NULL);
	then_nothing();
}

static void test_opt_out__a_consent_lifts_that_of_its_channel(void **state)
{
	(void)state;
	when_person("DE", NULL, NULL);
	when_consent("email"); /* nothing to lift */
	then_nothing();
	when_withdrawn(NULL, NULL);
	when_consent("email");
	assert_true(str_is(noted()->opted_out, "sms voice letter push"));
	when_consent("email");
	then_nothing();
}

static void when_inbound(int64_t received_at)
{
	const struct inbound_received body = {
		.inbound_id = spec_id('I', 1), .customer_id = PERSON, .channel = STR("sms"), .received_at = received_at
	};

	spec_follow(&spec, &inbound_received_type, &body);
}

static void test_inbound__the_last_day_counts(void **state)
{
	(void)state;
	when_person("DE", NULL, NULL);
	when_inbound(SPEC_TODAY * DAY_MS);
	assert_true(noted()->has_inbound_on);
	assert_int_equal(noted()->inbound_on, SPEC_TODAY);
	when_inbound((SPEC_TODAY + 1) * DAY_MS - 2 * HOUR_MS); /* the same day */
	then_nothing();
	when_inbound((SPEC_TODAY - 1) * DAY_MS); /* is told late */
	then_nothing();
	when_inbound((SPEC_TODAY + 1) * DAY_MS - HOUR_MS); /* midnight in Germany */
	assert_int_equal(the_person()->inbound_on, SPEC_TODAY + 1);
}

static void test_inbound__the_day_is_that_of_the_place(void **state)
{
	(void)state;
	when_person("US", NULL, "America/Los_Angeles");
	when_inbound(SPEC_TODAY * DAY_MS + 8 * HOUR_MS - 1);
	assert_int_equal(the_person()->inbound_on, SPEC_TODAY - 1);
	when_inbound(SPEC_TODAY * DAY_MS + 8 * HOUR_MS);
	assert_int_equal(the_person()->inbound_on, SPEC_TODAY);
}

/* ---- stops ---- */

#define STOP (spec_id('S', 1))

static void when_stop(const char *kind, const struct uuid *debt_id, int32_t until_on)
{
	static const struct uuid none;
	const struct circumstance_recorded body = { .circumstance_id = STOP,
						    .customer_id = PERSON,
						    .kind = str_of(kind),
						    .has_debt_id = debt_id != NULL,
						    .debt_id = debt_id == NULL ? none : *debt_id,
						    .from_on = SPEC_TODAY,
						    .has_until_on = until_on != 0,
						    .until_on = until_on };

	spec_follow(&spec, &circumstance_recorded_type, &body);
}

static void when_stop_ends(void)
{
	const struct circumstance_ended body = { .circumstance_id = STOP, .customer_id = PERSON };

	spec_follow(&spec, &circumstance_ended_type, &body);
}

static void then_stops(int32_t deceased, int32_t bankruptcy, int32_t restriction)
{
	assert_int_equal(the_person()->deceased, deceased);
	assert_int_equal(the_person()->bankruptcy, bankruptcy);
	assert_int_equal(the_person()->restriction, restriction);
}

static const char *stop_said(bool is_open, int64_t version)
{
	const struct stop_noted *stop = then_event(&spec, 0, stop_noted);

	then_events(&spec, "StopNoted");
	assert_int_equal(stop->is_open, is_open);
	assert_int_equal(stop->version, version);
	return dunning_stop_kind_name(dunning_stop_kind_by_name(stop->kind));
}

/* Of each kind of circumstance: what it stops. A dispute of no debt that is known stops all debts of the person. */
static void test_stop__each_kind_of_circumstance(void **state)
{
	static const struct {
		const char *kind, *stop; /* NULL: it stops nothing */
	} kinds[] = {
		{ "attorney", "restriction" },        { "cease", "restriction" },       { "deceased", "deceased" },
		{ "bankruptcy", "bankruptcy" },       { "restriction", "restriction" }, { "incapacity", "restriction" },
		{ "breathing_space", "restriction" }, { "crisis", "restriction" },      { "plan_in_development", "restriction" },
		{ "dispute", "restriction" },         { "said_barred", "restriction" }, { "employer_forbids", NULL },
		{ "attorney_asked", NULL },           { "attorney_consents", NULL },    { "limitation_restarted", NULL },
	};

	assert_int_equal(COUNT(kinds), CIRCUMSTANCE_KIND_COUNT - 1);
	for (size_t index = 0; index < COUNT(kinds); index++) {
		when_person("DE", NULL, NULL);
		when_stop(kinds[index].kind, NULL, 0);
		if (kinds[index].stop == NULL) {
			then_nothing();
			when_stop_ends();
			then_nothing();
		} else {
			assert_string_equal(stop_said(true, 1), kinds[index].stop);
			assert_int_equal(the_person()->deceased + the_person()->bankruptcy + the_person()->restriction, 1);
			when_stop_ends();
			assert_string_equal(stop_said(false, 2), kinds[index].stop);
			then_stops(0, 0, 0);
		}
		dunning_tear_down(state);
		dunning_set_up(state);
	}
}

static void test_stop__is_noted_and_ended_once(void **state)
{
	(void)state;
	when_person("DE", NULL, NULL);
	when_stop("bankruptcy", NULL, 0);
	then_stops(0, 1, 0);
	when_stop("bankruptcy", NULL, 0);
	then_nothing();
	when_stop_ends();
	then_timer(&stop_timer, STOP, true);
	then_stops(0, 0, 0);
	when_stop_ends();
	then_nothing();
	spec_fire(&spec, &stop_timer, STOP, PERSON);
	then_nothing();
	then_stops(0, 0, 0);
}

static void test_stop__of_an_unknown_circumstance_nothing_ends(void **state)
{
	(void)state;
	when_person("DE", NULL, NULL);
	when_stop_ends();
	then_nothing();
	spec_fire(&spec, &stop_timer, STOP, PERSON);
	then_nothing();
}

static void test_stop__with_an_end_is_over_on_that_day(void **state)
{
	(void)state;
	when_person("DE", NULL, NULL);
	when_stop("breathing_space", NULL, SPEC_TODAY); /* over already */
	then_nothing();
	when_stop("breathing_space", NULL, SPEC_TODAY + 60);
	assert_int_equal(then_timer(&stop_timer, STOP, false)->due_on, SPEC_TODAY + 60);
	then_stops(0, 0, 1);
	spec.today = SPEC_TODAY + 60;
	spec_fire(&spec, &stop_timer, STOP, PERSON);
	assert_string_equal(stop_said(false, 2), "restriction");
	then_stops(0, 0, 0);
	when_stop_ends();
	then_nothing();
}

static void test_stop__a_dispute_of_a_known_debt_stops_that_debt(void **state)
{
	const struct uuid debt_id = DEBT(1);

	(void)state;
	when_person("DE", NULL, NULL);
	when_debt(1, 1000, SPEC_TODAY - 10);
	when_debt(2, 1000, SPEC_TODAY - 10);
	when_stop("dispute", &debt_id, SPEC_TODAY + 5);
	assert_string_equal(stop_said(true, 1), "dispute");
	assert_int_equal(the_debt(1)->disputes, 1);
	assert_int_equal(the_debt(2)->disputes, 0);
	then_stops(0, 0, 0);
	spec.today = SPEC_TODAY + 5;
	spec_fire(&spec, &stop_timer, STOP, PERSON);
	assert_int_equal(the_debt(1)->disputes, 0);
}

/* The debt's creation is read later. What stops too much ends with the circumstance all the same. */
static void test_stop__a_dispute_of_a_debt_that_is_not_known_yet_stops_the_person(void **state)
{
	const struct uuid debt_id = DEBT(1);

	(void)state;
	when_person("DE", NULL, NULL);
	when_stop("dispute", &debt_id, 0);
	assert_string_equal(stop_said(true, 1), "restriction");
	assert_false(then_event(&spec, 0, stop_noted)->has_debt_id);
	when_debt(1, 1000, SPEC_TODAY - 10);
	when_stop_ends();
	then_stops(0, 0, 0);
	assert_int_equal(the_debt(1)->disputes, 0);
}

/* Only a dispute is about one debt; what else names one stops all of the person. */
static void test_stop__another_circumstance_of_a_debt_stops_the_person(void **state)
{
	const struct uuid debt_id = DEBT(1);

	(void)state;
	when_person("DE", NULL, NULL);
	when_debt(1, 1000, SPEC_TODAY - 10);
	when_stop("attorney", &debt_id, 0);
	then_stops(0, 0, 1);
	assert_int_equal(the_debt(1)->disputes, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, dunning_set_up, dunning_tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_person__is_noted_with_all_that_is_known),
		TEST(test_person__an_update_replaces_the_place_and_keeps_the_rest),
		TEST(test_person__a_text_that_does_not_fit_is_unknown),
		TEST(test_person__an_erased_one_is_not_active),
		TEST(test_person__contact_points_are_counted_by_channel),
		TEST(test_groups__are_listed_once_in_the_order_of_ids),
		TEST(test_groups__of_more_than_fit_the_first_are_listed),
		TEST(test_person__facts_may_come_before_the_person),
		TEST(test_opt_out__of_one_channel),
		TEST(test_opt_out__of_all_channels),
		TEST(test_opt_out__a_consent_lifts_that_of_its_channel),
		TEST(test_inbound__the_last_day_counts),
		TEST(test_inbound__the_day_is_that_of_the_place),
		TEST(test_stop__each_kind_of_circumstance),
		TEST(test_stop__is_noted_and_ended_once),
		TEST(test_stop__of_an_unknown_circumstance_nothing_ends),
		TEST(test_stop__with_an_end_is_over_on_that_day),
		TEST(test_stop__a_dispute_of_a_known_debt_stops_that_debt),
		TEST(test_stop__a_dispute_of_a_debt_that_is_not_known_yet_stops_the_person),
		TEST(test_stop__another_circumstance_of_a_debt_stops_the_person),
	};
	return cmocka_run_group_tests_name("dunning: facts", tests, NULL, NULL);
}
