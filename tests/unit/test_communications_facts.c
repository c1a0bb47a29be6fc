/* Contacts, circumstances, preferences: what is recorded, what is refused, what is kept of it for the guard. */
#include "rule_spec.h"

#include "consumers/communications/communications.h"
#include "schemas/communications.h"

static struct spec spec;

static int setup(void **state)
{
	(void)state;
	spec_init(&spec, &communications_module);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	spec_release(&spec);
	return 0;
}

/* ---- RecordContact ---- */

static struct record_contact a_call(unsigned number)
{
	return (struct record_contact){ .contact_id = spec_id('K', number),
					.customer_id = spec_id('C', 1),
					.channel = STR("voice"),
					.direction = STR("outbound"),
					.party = STR("consumer"),
					.outcome = STR("voicemail"),
					.at = SPEC_TODAY * DAY_MS - 1000 * (int64_t)number };
}

static const struct history *history(void)
{
	struct uuid id = spec_id('C', 1);

	return workset_state(&spec.set, &history_entity, &id);
}

static void test_facts__a_contact_is_recorded_once(void **state)
{
	struct record_contact call = a_call(1);
	const struct contact_recorded *event;

	(void)state;
	spec_when(&spec, &record_contact_type, &call);
	then_events(&spec, "ContactRecorded");
	event = then_event(&spec, 0, contact_recorded);
	assert_true(str_is(event->outcome, "voicemail"));
	assert_int_equal(event->at, call.at);
	assert_int_equal(history()->count, 1);
	assert_int_equal(history()->contacts[0].outcome, CONTACT_VOICEMAIL);
	spec_when(&spec, &record_contact_type, &call);
	then_refused(&spec, REFUSAL_EXISTS, "contact_id");
	assert_int_equal(history()->count, 1);
}

static void test_facts__a_contact_is_of_the_past_and_its_outcome_fits_the_channel(void **state)
{
	struct record_contact call = a_call(1);

	(void)state;
	call.at = spec.now_ms + 1;
	spec_when(&spec, &record_contact_type, &call);
	then_refused(&spec, REFUSAL_BAD_DATE, "at");
	call.at = spec.now_ms;
	call.outcome = STR("sent");
	spec_when(&spec, &record_contact_type, &call);
	then_refused(&spec, REFUSAL_BAD_VALUE, "outcome");
	call.channel = STR("letter");
	call.outcome = STR("voicemail");
	spec_when(&spec, &record_contact_type, &call);
	then_refused(&spec, REFUSAL_BAD_VALUE, "outcome");
	call.outcome = STR("returned");
	call.direction = STR("sideways");
	spec_when(&spec, &record_contact_type, &call);
	then_refused(&spec, REFUSAL_BAD_VALUE, "direction");
	call.direction = STR("outbound");
	call.party = STR("neighbour");
	spec_when(&spec, &record_contact_type, &call);
	then_refused(&spec, REFUSAL_BAD_VALUE, "party");
	call.party = STR("third_party");
	call.has_message_class = true;
	call.message_class = STR("greeting");
	spec_when(&spec, &record_contact_type, &call);
	then_refused(&spec, REFUSAL_BAD_VALUE, "message_class");
	call.message_class = STR("validation_notice");
	spec_when(&spec, &record_contact_type, &call);
	then_events(&spec, "ContactRecorded");
}

/* Newest first, however they come; a notice stays though 64 contacts are newer. */
static void test_facts__of_many_contacts_the_oldest_are_lost_and_no_notice(void **state)
{
	struct record_contact call = a_call(1000);

	(void)state;
	call.channel = STR("letter");
	call.outcome = STR("sent");
	call.has_message_class = true;
	call.message_class = STR("validation_notice");
	spec_when(&spec, &record_contact_type, &call);
	for (unsigned number = 1; number < HISTORY_MAX; number++) {
		call = a_call(number * 37 % HISTORY_MAX);
		call.contact_id = spec_id('K', number);
		spec_when(&spec, &record_contact_type, &call);
	}
	assert_int_equal(history()->count, HISTORY_MAX);
	assert_false(history()->is_cut);
	call = a_call(500);
	spec_when(&spec, &record_contact_type, &call);
	call = a_call(0);
	call.contact_id = spec_id('K', 501);
	spec_when(&spec, &record_contact_type, &call);
	assert_int_equal(history()->count, HISTORY_MAX);
	assert_true(history()->is_cut);
	assert_int_equal(history()->contacts[0].message_class, MESSAGE_CLASS_VALIDATION_NOTICE);
	for (unsigned place = 1; place < HISTORY_MAX; place++)
		assert_int_equal(history()->contacts[place].at_ms, SPEC_TODAY * DAY_MS - 1000 * ((int64_t)place - 1));
}

/* ---- circumstances ---- */

static struct record_circumstance a_circumstance(unsigned number, const char *kind)
{
	return (struct record_circumstance){ .circumstance_id = spec_id('A', number),
					     .customer_id = spec_id('C', 1),
					     .kind = str_of(kind),
					     .from_on = SPEC_TODAY,
					     .evidence_ref = STR("letter-12") };
}

static const struct circumstances *circumstances(void)
{
	struct uuid id = spec_id('C', 1);

	return workset_state(&spec.set, &circumstances_entity, &id);
}

static void test_facts__a_circumstance_is_open_until_it_is_ended(void **state)
{
	struct record_circumstance attorney = a_circumstance(1, "attorney");
	struct record_circumstance cease = a_circumstance(2, "cease");
	struct end_circumstance end = { .circumstance_id = spec_id('A', 1),
					.customer_id = spec_id('C', 1),
					.evidence_ref = STR("letter-13") };

	(void)state;
	spec_when(&spec, &record_circumstance_type, &attorney);
	then_events(&spec, "CircumstanceRecorded");
	spec_when(&spec, &record_circumstance_type, &cease);
	spec_when(&spec, &record_circumstance_type, &cease);
	then_refused(&spec, REFUSAL_EXISTS, "circumstance_id");
	assert_int_equal(circumstances()->count, 2);
	spec_when(&spec, &end_circumstance_type, &end);
	then_events(&spec, "CircumstanceEnded");
	assert_int_equal(then_event(&spec, 0, circumstance_ended)->version, 2);
	assert_true(str_is(then_event(&spec, 0, circumstance_ended)->kind, "attorney"));
	assert_int_equal(circumstances()->count, 1);
	assert_int_equal(circumstances()->open[0].kind, CIRCUMSTANCE_CEASE);
	spec_when(&spec, &end_circumstance_type, &end);
	then_refused(&spec, REFUSAL_BAD_TRANSITION, "circumstance_id");
	end.customer_id = spec_id('C', 2);
	spec_when(&spec, &end_circumstance_type, &end);
	then_refused(&spec, REFUSAL_NOT_FOUND, "circumstance_id");
	end.evidence_ref = STR("");
	spec_when(&spec, &end_circumstance_type, &end);
	then_refused(&spec, REFUSAL_BAD_VALUE, "evidence_ref");
}

static void test_facts__a_circumstance_has_evidence_and_days(void **state)
{
	struct record_circumstance body = a_circumstance(1, "gone");

	(void)state;
	spec_when(&spec, &record_circumstance_type, &body);
	then_refused(&spec, REFUSAL_BAD_VALUE, "kind");
	body.kind = STR("deceased");
	body.evidence_ref = STR("");
	spec_when(&spec, &record_circumstance_type, &body);
	then_refused(&spec, REFUSAL_BAD_VALUE, "evidence_ref");
	body.evidence_ref = STR("x");
	body.from_on = SPEC_TODAY + 1;
	spec_when(&spec, &record_circumstance_type, &body);
	then_refused(&spec, REFUSAL_BAD_DATE, "from_on");
	body.from_on = SPEC_TODAY;
	body.has_until_on = true;
	body.until_on = SPEC_TODAY;
	spec_when(&spec, &record_circumstance_type, &body);
	then_refused(&spec, REFUSAL_BAD_DATE, "until_on");
	body.until_on = SPEC_TODAY + 1;
	spec_when(&spec, &record_circumstance_type, &body);
	then_events(&spec, "CircumstanceRecorded");
}

/* What permits contact is recorded by the roles that may end what forbids it. */
static void test_facts__an_agent_records_nothing_that_permits(void **state)
{
	static const char *const permitting[] = { "attorney_asked", "attorney_consents", "limitation_restarted" };

	(void)state;
	for (unsigned number = 0; number < COUNT(permitting); number++) {
		struct record_circumstance body = a_circumstance(number + 1, permitting[number]);

		spec.roles = ROLE_AGENT;
		body.has_debt_id = true;
		body.debt_id = spec_id('D', 1);
		spec_when(&spec, &record_circumstance_type, &body);
		then_refused(&spec, REFUSAL_NOT_AUTHORISED, "kind");
		spec.roles = number == 0 ? ROLE_COMPLIANCE : ROLE_SUPERVISOR;
		spec_when(&spec, &record_circumstance_type, &body);
		then_events(&spec, "CircumstanceRecorded");
	}
	struct record_circumstance employer = a_circumstance(9, "employer_forbids");
	spec.roles = ROLE_AGENT;
	spec_when(&spec, &record_circumstance_type, &employer);
	then_events(&spec, "CircumstanceRecorded");
}

static void test_facts__a_limitation_period_is_of_a_debt(void **state)
{
	struct record_circumstance body = a_circumstance(1, "limitation_restarted");

	(void)state;
	spec_when(&spec, &record_circumstance_type, &body);
	then_refused(&spec, REFUSAL_BAD_VALUE, "debt_id");
	body.has_debt_id = true;
	body.debt_id = spec_id('D', 1);
	spec_when(&spec, &record_circumstance_type, &body);
	then_events(&spec, "CircumstanceRecorded");
}

/* A debt may be named before it is known. That an id is taken is said before that its debt is not the customer's. */
static void test_facts__a_circumstance_is_about_no_debt_of_another_customer(void **state)
{
	struct record_circumstance body = a_circumstance(1, "dispute");
	struct owed_debt *debt;

	(void)state;
	body.has_debt_id = true;
	body.debt_id = spec_id('D', 1);
	spec_when(&spec, &record_circumstance_type, &body);
	then_events(&spec, "CircumstanceRecorded");
	debt = spec_given(&spec, &owed_debt_entity, body.debt_id);
	debt->customer_id = spec_id('C', 2);
	spec_when(&spec, &record_circumstance_type, &body);
	then_refused(&spec, REFUSAL_EXISTS, "circumstance_id");
	body.circumstance_id = spec_id('A', 2);
	spec_when(&spec, &record_circumstance_type, &body);
	then_refused(&spec, REFUSAL_NOT_FOUND, "debt_id");
	debt->customer_id = body.customer_id;
	spec_when(&spec, &record_circumstance_type, &body);
	then_events(&spec, "CircumstanceRecorded");
}

/* Until the store has asked whether the payment stands, the restart does not count. */
static void test_facts__a_restart_of_limitation_may_rest_on_a_payment(void **state)
{
	struct record_circumstance body = a_circumstance(1, "dispute");
	const struct circumstances *circumstances = spec_given(&spec, &circumstances_entity, body.customer_id);
	const struct circumstance_recorded *event;

	(void)state;
	body.has_debt_id = body.has_payment_id = true;
	body.debt_id = spec_id('D', 1);
	body.payment_id = spec_id('Z', 1);
	spec_when(&spec, &record_circumstance_type, &body);
	then_refused(&spec, REFUSAL_BAD_VALUE, "payment_id");
	body.kind = STR("limitation_restarted");
	spec_when(&spec, &record_circumstance_type, &body);
	event = then_event(&spec, 0, circumstance_recorded);
	assert_true(event->has_payment_id && uuid_equal(&event->payment_id, &body.payment_id));
	assert_int_equal(circumstances->open[0].is_void, 1);
	body.circumstance_id = spec_id('A', 2);
	body.payment_id = (struct uuid){ 0 };
	spec_when(&spec, &record_circumstance_type, &body);
	then_refused(&spec, REFUSAL_BAD_VALUE, "payment_id");
	body.has_payment_id = false;
	spec_when(&spec, &record_circumstance_type, &body);
	then_events(&spec, "CircumstanceRecorded");
	assert_int_equal(circumstances->open[1].is_void, 0);
}

static void test_facts__the_open_circumstances_of_a_customer_are_bounded(void **state)
{
	(void)state;
	for (unsigned number = 1; number <= CIRCUMSTANCES_MAX; number++) {
		struct record_circumstance body = a_circumstance(number, "dispute");

		spec_when(&spec, &record_circumstance_type, &body);
		then_events(&spec, "CircumstanceRecorded");
	}
	struct record_circumstance one_more = a_circumstance(CIRCUMSTANCES_MAX + 1, "dispute");
	spec_when(&spec, &record_circumstance_type, &one_more);
	then_refused(&spec, REFUSAL_LIMIT_EXCEEDED, "customer_id");
}

/* ---- preferences ---- */

static const struct wishes *wishes(void)
{
	struct uuid id = spec_id('C', 1);

	return workset_state(&spec.set, &wishes_entity, &id);
}

static void test_facts__a_preference_takes_the_place_of_the_one_before(void **state)
{
	struct blocked_time times[] = { { STR("mon wed"), 540, 1020 }, { STR("sun"), 0, 0 } };
	struct str places[] = { STR("work") };
	struct str channels[] = { STR("sms"), STR("voice") };
	struct set_preference body = { .preference_id = spec_id('W', 1),
				       .customer_id = spec_id('C', 1),
				       .blocked_times = times,
				       .blocked_times_count = 2,
				       .blocked_places = places,
				       .blocked_places_count = 1,
				       .blocked_channels = channels,
				       .blocked_channels_count = 2,
				       .has_valid_until = true,
				       .valid_until = SPEC_TODAY };

	(void)state;
	spec_when(&spec, &set_preference_type, &body);
	then_events(&spec, "PreferenceSet");
	assert_int_equal(wishes()->times_count, 2);
	assert_int_equal(wishes()->times[0].weekdays, 1 | 4);
	assert_int_equal(wishes()->times[0].to_min, 1020);
	assert_int_equal(wishes()->times[1].weekdays, 64);
	assert_int_equal(wishes()->places, 1U << CONTACT_POINT_PLACE_WORK);
	assert_int_equal(wishes()->channels, 1U << CHANNEL_SMS | 1U << CHANNEL_VOICE);
	assert_int_equal(wishes()->valid_until, SPEC_TODAY);
	spec_when(&spec, &set_preference_type, &body);
	then_refused(&spec, REFUSAL_EXISTS, "preference_id");
	body = (struct set_preference){ .preference_id = spec_id('W', 2), .customer_id = spec_id('C', 1) };
	spec_when(&spec, &set_preference_type, &body);
	then_events(&spec, "PreferenceSet");
	assert_int_equal(wishes()->times_count, 0);
	assert_int_equal(wishes()->channels, 0);
	assert_int_equal(wishes()->valid_until, 0);
}

static void test_facts__a_preference_is_of_words_and_minutes(void **state)
{
	struct blocked_time time = { STR("mon someday"), 0, 60 };
	struct str word = STR("moon");
	struct set_preference body = {
		.preference_id = spec_id('W', 1), .customer_id = spec_id('C', 1), .blocked_times = &time, .blocked_times_count = 1
	};

	(void)state;
	spec_when(&spec, &set_preference_type, &body);
	then_refused(&spec, REFUSAL_BAD_VALUE, "blocked_times");
	time = (struct blocked_time){ STR(""), 0, 60 };
	spec_when(&spec, &set_preference_type, &body);
	then_refused(&spec, REFUSAL_BAD_VALUE, "blocked_times");
	time = (struct blocked_time){ STR("mon"), 1440, 60 };
	spec_when(&spec, &set_preference_type, &body);
	then_refused(&spec, REFUSAL_BAD_VALUE, "blocked_times");
	time = (struct blocked_time){ STR("mon"), 0, 1441 };
	spec_when(&spec, &set_preference_type, &body);
	then_refused(&spec, REFUSAL_BAD_VALUE, "blocked_times");
	time.to_minute = 1440;
	body.blocked_places = &word;
	body.blocked_places_count = 1;
	spec_when(&spec, &set_preference_type, &body);
	then_refused(&spec, REFUSAL_BAD_VALUE, "blocked_places");
	body.blocked_places_count = 0;
	body.blocked_channels = &word;
	body.blocked_channels_count = 1;
	spec_when(&spec, &set_preference_type, &body);
	then_refused(&spec, REFUSAL_BAD_VALUE, "blocked_channels");
	body.blocked_channels_count = 0;
	body.has_preferred_channel = true;
	body.preferred_channel = word;
	spec_when(&spec, &set_preference_type, &body);
	then_refused(&spec, REFUSAL_BAD_VALUE, "preferred_channel");
	body.has_preferred_channel = false;
	body.has_valid_until = true;
	body.valid_until = SPEC_TODAY - 1;
	spec_when(&spec, &set_preference_type, &body);
	then_refused(&spec, REFUSAL_BAD_DATE, "valid_until");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(test_facts__a_contact_is_recorded_once),
		TEST(test_facts__a_contact_is_of_the_past_and_its_outcome_fits_the_channel),
		TEST(test_facts__of_many_contacts_the_oldest_are_lost_and_no_notice),
		TEST(test_facts__a_circumstance_is_open_until_it_is_ended),
		TEST(test_facts__a_circumstance_has_evidence_and_days),
		TEST(test_facts__an_agent_records_nothing_that_permits),
		TEST(test_facts__a_limitation_period_is_of_a_debt),
		TEST(test_facts__a_circumstance_is_about_no_debt_of_another_customer),
		TEST(test_facts__a_restart_of_limitation_may_rest_on_a_payment),
		TEST(test_facts__the_open_circumstances_of_a_customer_are_bounded),
		TEST(test_facts__a_preference_takes_the_place_of_the_one_before),
		TEST(test_facts__a_preference_is_of_words_and_minutes),
	};

	return cmocka_run_group_tests_name("facts about a person", tests, NULL, NULL);
}
