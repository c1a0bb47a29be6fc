/* What people write to us: it is a contact, and some of it is answered. */
#include "rule_spec.h"

#include "base/zone.h"
#include "consumers/communications/asked.h"
#include "consumers/communications/communications.h"
#include "schemas/communications.h"

static struct spec spec;

#define CUSTOMER spec_id('C', 1)

/* ---- given ---- */

static void set_chars(char *chars, size_t size, const char *text)
{
	bool fits = str_to_chars(chars, size, str_of(text));

	assert_true(fits);
}

static struct address an_address(unsigned number, const char *text)
{
	struct address address = { .contact_point_id = spec_id('P', number), .text_size = (uint32_t)strlen(text) };

	memcpy(address.text, text, address.text_size);
	return address;
}

static struct person *given_person(void)
{
	struct person *person = spec_given(&spec, &person_entity, CUSTOMER);
	struct addresses *addresses = spec_given(&spec, &addresses_entity, CUSTOMER);

	person->is_active = 1;
	person->full_name_size = 4;
	memcpy(person->full_name, "Anna", 4);
	set_chars(person->language, sizeof(person->language), "de-AT");
	addresses->sms = an_address(1, "best");
	addresses->email = an_address(2, "mail");
	return person;
}

static struct writer *given_writer(unsigned number, const char *text)
{
	struct writer *writer = spec_given(&spec, &writer_entity, spec_id('P', number));

	writer->customer_id = CUSTOMER;
	writer->channel = CHANNEL_SMS;
	writer->address = an_address(number, text);
	return writer;
}

static void given_template(unsigned number, const char *name, const char *message_class, const char *text)
{
	struct publish_template *body = arena_take(&spec.arena, 1, sizeof(*body));

	*body = (struct publish_template){ .template_id = spec_id('T', number),
					   .name = str_of(name),
					   .version = 1,
					   .channel = STR("sms"),
					   .language = STR("de"),
					   .message_class = str_of(message_class),
					   .subject = STR(""),
					   .body = str_of(text) };
	spec_when(&spec, &publish_template_type, body);
	then_events(&spec, "TemplatePublished");
}

static void given_templates(void)
{
	given_template(1, "opt_out_confirmation", "opt_out_confirmation", "Sie erhalten keine SMS mehr.");
	given_template(2, "help", "account_service", "Hilfe: 030 123. {{opt_out}}");
}

static void given_consent(unsigned number)
{
	struct grant_consent *body = arena_take(&spec.arena, 1, sizeof(*body));

	*body = (struct grant_consent){ .consent_id = spec_id('G', number),
					.customer_id = CUSTOMER,
					.channel = STR("sms"),
					.purpose = STR("collect"),
					.basis = STR("express"),
					.evidence_ref = STR("call-1"),
					.obtained_at = spec.now_ms - 1000 };
	spec_when(&spec, &grant_consent_type, body);
	then_events(&spec, "ConsentGranted");
}

static void ask_profiles(const char *ids)
{
	struct str bad;
	bool is_known = asked_profiles_choose(str_of(ids), &bad);

	assert_true(is_known);
}

static int setup(void **state)
{
	(void)state;
	ask_profiles("basic person"); /* their rules deny only: no hour of the test counts */
	spec_init(&spec, &communications_module);
	given_person();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	spec_release(&spec);
	return 0;
}

static struct record_inbound written(unsigned number, const char *channel, const char *text, int64_t at_ms)
{
	return (struct record_inbound){ .inbound_id = spec_id('I', number),
					.customer_id = CUSTOMER,
					.channel = str_of(channel),
					.text = str_of(text),
					.provider = STR("kannel"),
					.received_at = at_ms };
}

static void write_in(const struct record_inbound *body)
{
	spec_when(&spec, &record_inbound_type, body);
	assert_int_equal(spec.decision.kind, DECISION_EVENTS);
}

static const struct history *history(void)
{
	struct uuid id = CUSTOMER;

	return workset_state(&spec.set, &history_entity, &id);
}

static void then_contact(uint32_t place, unsigned number, uint32_t channel, int64_t at_ms)
{
	const struct contacted *contacted = &history()->contacts[place];
	struct uuid id = spec_id('I', number);

	assert_true(place < history()->count);
	assert_true(uuid_equal(&contacted->ref, &id));
	assert_int_equal(contacted->channel, channel);
	assert_int_equal(contacted->at_ms, at_ms);
	assert_int_equal(contacted->direction, CONTACT_DIRECTION_INBOUND);
	assert_int_equal(contacted->party, PARTY_CONSUMER);
}

/* ---- contacts ---- */

static void test_answers__the_last_message_of_each_channel_is_a_contact(void **state)
{
	struct record_inbound body = written(1, "sms", "hello", spec.now_ms - 9000);

	(void)state;
	write_in(&body);
	body = written(2, "email", "hello", spec.now_ms - 8000);
	write_in(&body);
	body = written(3, "sms", "hello again", spec.now_ms - 7000);
	write_in(&body);
	body = written(4, "sms", "this one was long on its way", spec.now_ms - 10000);
	write_in(&body);
	assert_int_equal(history()->count, 2);
	then_contact(0, 3, CHANNEL_SMS, spec.now_ms - 7000);
	then_contact(1, 2, CHANNEL_EMAIL, spec.now_ms - 8000);
}

static void test_answers__a_provider_whose_clock_is_fast_says_now(void **state)
{
	struct record_inbound body = written(1, "sms", "hello", spec.now_ms + DAY_MS);

	(void)state;
	write_in(&body);
	then_contact(0, 1, CHANNEL_SMS, spec.now_ms);
}

/* Somebody who writes a hundred times displaces nothing that a cap counts, nor what somebody recorded by hand. */
static void test_answers__whoever_writes_much_displaces_no_contact(void **state)
{
	struct record_contact call = { .contact_id = spec_id('K', 1),
				       .customer_id = CUSTOMER,
				       .channel = STR("letter"),
				       .direction = STR("inbound"),
				       .party = STR("consumer"),
				       .outcome = STR("sent"),
				       .at = spec.now_ms - DAY_MS };

	(void)state;
	spec_when(&spec, &record_contact_type, &call);
	then_events(&spec, "ContactRecorded");
	for (unsigned number = 1; number <= 2 * HISTORY_MAX; number++) {
		struct record_inbound body = written(number, "sms", "hello", spec.now_ms - 1000 + number);

		write_in(&body);
	}
	assert_int_equal(history()->count, 2);
	assert_int_equal(history()->is_cut, 0);
	then_contact(0, 2 * HISTORY_MAX, CHANNEL_SMS, spec.now_ms - 1000 + 2 * HISTORY_MAX);
	assert_int_equal(history()->contacts[1].channel, CHANNEL_LETTER);
}

/* ---- answers ---- */

/* From the address of writer 3, and to be answered. */
static struct record_inbound asking(unsigned number, const char *text)
{
	struct record_inbound body = written(number, "sms", text, spec.now_ms - 500);

	body.has_contact_point_id = true;
	body.contact_point_id = spec_id('P', 3);
	body.has_answer = body.answer = true;
	return body;
}

static void then_answered(size_t released_at, const char *template_name, const char *message_class, const char *text)
{
	const struct communication_released *event = then_event(&spec, released_at, communication_released);
	const struct rendered *rendered = spec.decision.events[released_at].confidential;

	assert_true(str_is(event->template_name, template_name));
	assert_true(str_is(event->message_class, message_class));
	assert_true(str_is(event->language, "de"));
	assert_true(str_is(event->channel, "sms"));
	assert_true(str_is(rendered->body, text));
	assert_true(str_is(rendered->address, "writer"));
}

static void test_answers__a_stop_is_confirmed_once_at_the_address_that_it_came_from(void **state)
{
	struct record_inbound body = asking(1, "STOP");
	const struct facts *facts;

	(void)state;
	given_templates();
	given_writer(3, "writer");
	given_consent(1);
	write_in(&body);
	then_events(&spec, "InboundReceived", "ConsentWithdrawn", "ComplianceDecided", "CommunicationReleased");
	then_answered(3, "opt_out_confirmation", "opt_out_confirmation", "Sie erhalten keine SMS mehr.");
	assert_int_equal(then_event(&spec, 3, communication_released)->send_by, spec.now_ms + 5 * 60000);
	facts = spec.decision.events[2].confidential;
	assert_non_null(strstr(facts->text.data, "opt_out_confirmed=no"));
	assert_non_null(strstr(facts->text.data, "withdrawn="));
	assert_non_null(strstr(facts->text.data, "wrote="));
	assert_non_null(strstr(facts->text.data, "opt_out_offered=no"));
	spec.now_ms += 1000;
	body = asking(2, "Stop!!");
	write_in(&body);
	then_events(&spec, "InboundReceived", "ConsentWithdrawn");
	spec.now_ms += 5000; /* a new consent is taken back anew */
	given_consent(2);
	body = asking(3, "STOP");
	write_in(&body);
	then_events(&spec, "InboundReceived", "ConsentWithdrawn", "ComplianceDecided", "CommunicationReleased");
}

/* Somebody who has never consented, and says that it shall stay so. */
static void test_answers__a_stop_without_a_consent_is_confirmed(void **state)
{
	struct record_inbound body = asking(1, "STOP");

	(void)state;
	given_templates();
	given_writer(3, "writer");
	write_in(&body);
	then_events(&spec, "InboundReceived", "ConsentWithdrawn", "ComplianceDecided", "CommunicationReleased");
}

static void tomorrow(void)
{
	spec.today++;
	spec.now_ms += DAY_MS;
}

static void test_answers__help_is_answered_once_a_day(void **state)
{
	struct record_inbound body = asking(1, "HELP");

	(void)state;
	given_templates();
	given_writer(3, "writer");
	write_in(&body);
	then_events(&spec, "InboundReceived", "ComplianceDecided", "CommunicationReleased");
	then_answered(2, "help", "account_service", "Hilfe: 030 123. Antworten Sie STOP, um keine SMS mehr zu erhalten.");
	spec.now_ms += 1000;
	body = asking(2, "info?");
	write_in(&body);
	then_events(&spec, "InboundReceived");
	tomorrow();
	body = asking(3, "help");
	write_in(&body);
	then_events(&spec, "InboundReceived", "ComplianceDecided", "CommunicationReleased");
}

/* US-10: the person uses the medium again. */
static void test_answers__help_after_a_stop_is_answered(void **state)
{
	struct record_inbound body = asking(1, "STOP");

	(void)state;
	given_templates();
	given_writer(3, "writer");
	given_consent(1);
	write_in(&body);
	spec.now_ms += 60000;
	body = asking(2, "HELP");
	write_in(&body);
	then_events(&spec, "InboundReceived", "ComplianceDecided", "CommunicationReleased");
}

static void test_answers__nothing_is_sent_without_a_template_or_without_being_asked(void **state)
{
	struct record_inbound body = asking(1, "STOP");

	(void)state;
	given_writer(3, "writer");
	write_in(&body);
	then_events(&spec, "InboundReceived", "ConsentWithdrawn");
	spec.now_ms += 5000;
	given_consent(1);
	given_templates();
	body = asking(2, "STOP");
	body.answer = false; /* another customer with the number is answered */
	write_in(&body);
	then_events(&spec, "InboundReceived", "ConsentWithdrawn");
	body = asking(3, "HELP");
	body.has_answer = false;
	write_in(&body);
	then_events(&spec, "InboundReceived");
	body = asking(4, "I shall pay");
	write_in(&body);
	then_events(&spec, "InboundReceived");
	given_person()->is_active = 0;
	body = asking(5, "HELP");
	write_in(&body);
	then_events(&spec, "InboundReceived");
}

/* The provider's own words count, in whatever language, and it has answered. */
static void test_answers__what_the_provider_has_answered_is_not_answered_again(void **state)
{
	struct record_inbound body = asking(1, "arret");

	(void)state;
	given_templates();
	given_writer(3, "writer");
	given_consent(1);
	body.has_handled_as = true;
	body.handled_as = STR("stop");
	write_in(&body);
	then_events(&spec, "InboundReceived", "ConsentWithdrawn");
	assert_true(str_is(then_event(&spec, 0, inbound_received)->intent, "stop"));
	assert_true(str_is(then_event(&spec, 1, consent_withdrawn)->keyword, "STOP"));
	body = asking(2, "HELP");
	body.has_handled_as = true;
	body.handled_as = STR("help");
	write_in(&body);
	then_events(&spec, "InboundReceived");
	body.inbound_id = spec_id('I', 3);
	body.handled_as = STR("start");
	body.text = STR("start");
	write_in(&body);
	then_events(&spec, "InboundReceived");
	assert_true(str_is(then_event(&spec, 0, inbound_received)->intent, "other"));
	body.inbound_id = spec_id('I', 4);
	body.handled_as = STR("perhaps");
	spec_when(&spec, &record_inbound_type, &body);
	then_refused(&spec, REFUSAL_BAD_VALUE, "handled_as");
}

/* Somebody else's address, one that is not usable any more, or of another channel: the verdict is that there is none. */
static void test_answers__an_answer_goes_only_to_the_address_of_the_writer(void **state)
{
	struct record_inbound body = asking(1, "HELP");

	(void)state;
	given_templates();
	write_in(&body);
	then_events(&spec, "InboundReceived", "CommunicationSuppressed");
	assert_true(str_is(then_event(&spec, 1, communication_suppressed)->reason, "no_usable_contact_point"));
	tomorrow();
	given_writer(3, "writer")->customer_id = spec_id('C', 2);
	body = asking(2, "HELP");
	write_in(&body);
	then_events(&spec, "InboundReceived", "CommunicationSuppressed");
	tomorrow();
	given_writer(3, "writer")->channel = CHANNEL_EMAIL;
	body = asking(3, "HELP");
	write_in(&body);
	then_events(&spec, "InboundReceived", "CommunicationSuppressed");
	tomorrow();
	body = asking(4, "HELP");
	body.has_contact_point_id = false;
	write_in(&body);
	then_events(&spec, "InboundReceived", "ComplianceDecided", "CommunicationReleased");
	assert_true(str_is(((const struct rendered *)spec.decision.events[2].confidential)->address, "best"));
}

/* A template of another class, or with a token that has no value: the operator sees why there was no answer. */
static void test_answers__a_template_that_cannot_answer_suppresses(void **state)
{
	struct record_inbound body = asking(1, "STOP");

	(void)state;
	given_writer(3, "writer");
	given_template(1, "opt_out_confirmation", "account_service", "Ende. {{opt_out}}");
	given_template(2, "help", "account_service", "{{balance}} {{opt_out}}");
	write_in(&body);
	then_events(&spec, "InboundReceived", "ConsentWithdrawn", "CommunicationSuppressed");
	assert_true(str_is(then_event(&spec, 2, communication_suppressed)->reason, "bad_value"));
	body = asking(2, "HELP");
	write_in(&body);
	then_events(&spec, "InboundReceived", "CommunicationSuppressed");
	assert_true(str_is(then_event(&spec, 1, communication_suppressed)->reason, "template_incomplete"));
}

/* An attorney stands for the person: also the confirmation is stopped, and the verdict is kept. */
static void test_answers__what_the_guard_denies_is_not_sent(void **state)
{
	struct record_circumstance *attorney = arena_take(&spec.arena, 1, sizeof(*attorney));
	struct record_inbound body = asking(1, "STOP");

	(void)state;
	given_templates();
	given_writer(3, "writer");
	*attorney = (struct record_circumstance){ .circumstance_id = spec_id('A', 1),
						  .customer_id = CUSTOMER,
						  .kind = STR("attorney"),
						  .from_on = SPEC_TODAY,
						  .evidence_ref = STR("letter-12") };
	spec_when(&spec, &record_circumstance_type, attorney);
	then_events(&spec, "CircumstanceRecorded");
	write_in(&body);
	then_events(&spec, "InboundReceived", "ConsentWithdrawn", "ComplianceDecided", "CommunicationSuppressed");
	assert_true(str_is(then_event(&spec, 3, communication_suppressed)->reason, "US-04"));
}

/* ---- the law of a place: New York, debts collected for another ---- */

static void in_new_york(int64_t hour)
{
	static struct zones zones;
	struct err err = ERR_INIT;
	struct person *person = given_person();
	struct collection *collection = spec_given(&spec, &collection_entity, collection_id);

	if (zones.count == 0 && zones_load(&zones, ZONE_FOLDER, &err) < 0)
		fail_msg("%s", err.text);
	ask_profiles("basic person us_third_party us_first_party massachusetts uk eu house");
	set_chars(person->country, sizeof(person->country), "US");
	set_chars(person->region, sizeof(person->region), "NY");
	set_chars(collection->jurisdiction, sizeof(collection->jurisdiction), "US");
	collection->collector = COLLECTOR_THIRD_PARTY;
	person->zone = zones_find(&zones, STR("America/New_York"));
	given_template(1, "opt_out_confirmation", "opt_out_confirmation", "Sie erhalten keine SMS mehr.");
	given_template(2, "help", "account_service", "Hilfe. {{disclosure}} {{opt_out}}");
	given_writer(3, "writer");
	given_writer(3, "writer")->address.place = CONTACT_POINT_PLACE_MOBILE;
	given_writer(3, "writer")->address.source = CONTACT_POINT_SOURCE_CONSUMER;
	spec.now_ms = SPEC_TODAY * DAY_MS + (hour + 5) * (DAY_MS / 24);
}

static void test_answers__by_day_the_law_allows_one_confirmation_and_an_answer(void **state)
{
	struct record_inbound body;

	(void)state;
	in_new_york(12);
	given_consent(1);
	body = asking(1, "HELP");
	write_in(&body);
	then_events(&spec, "InboundReceived", "ComplianceDecided", "CommunicationReleased");
	spec.now_ms += 60000;
	body = asking(2, "STOP");
	write_in(&body);
	then_events(&spec, "InboundReceived", "ConsentWithdrawn", "ComplianceDecided", "CommunicationReleased");
}

/* The hours count the moment of sending (US-01): five minutes do not last until the morning, a day does. */
static void test_answers__at_night_a_confirmation_is_suppressed_and_help_waits(void **state)
{
	struct record_inbound body;

	(void)state;
	in_new_york(23);
	given_consent(1);
	body = asking(1, "HELP");
	write_in(&body);
	then_events(&spec, "InboundReceived", "ComplianceDecided", "CommunicationScheduled");
	assert_int_equal(then_event(&spec, 2, communication_scheduled)->release_at,
			 SPEC_TODAY * DAY_MS + (24 + 13) * (DAY_MS / 24));
	spec.now_ms += 60000;
	body = asking(2, "STOP");
	write_in(&body); /* it also takes back the answer that waits */
	then_events(&spec, "InboundReceived", "ConsentWithdrawn", "ComplianceDecided", "CommunicationSuppressed");
	assert_int_equal(then_event(&spec, 1, consent_withdrawn)->cancelled_count, 1);
	assert_true(str_is(then_event(&spec, 3, communication_suppressed)->reason, "US-01"));
}

static void test_answers__what_a_provider_brings_late_is_not_confirmed(void **state)
{
	struct record_inbound body;

	(void)state;
	in_new_york(12);
	body = asking(1, "STOP");
	body.received_at = spec.now_ms - 5 * 60000 - 1;
	write_in(&body);
	then_events(&spec, "InboundReceived", "ConsentWithdrawn", "ComplianceDecided", "CommunicationSuppressed");
	assert_true(str_is(then_event(&spec, 3, communication_suppressed)->reason, "US-27"));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(test_answers__the_last_message_of_each_channel_is_a_contact),
		TEST(test_answers__a_provider_whose_clock_is_fast_says_now),
		TEST(test_answers__whoever_writes_much_displaces_no_contact),
		TEST(test_answers__a_stop_is_confirmed_once_at_the_address_that_it_came_from),
		TEST(test_answers__a_stop_without_a_consent_is_confirmed),
		TEST(test_answers__help_is_answered_once_a_day),
		TEST(test_answers__help_after_a_stop_is_answered),
		TEST(test_answers__nothing_is_sent_without_a_template_or_without_being_asked),
		TEST(test_answers__what_the_provider_has_answered_is_not_answered_again),
		TEST(test_answers__an_answer_goes_only_to_the_address_of_the_writer),
		TEST(test_answers__a_template_that_cannot_answer_suppresses),
		TEST(test_answers__what_the_guard_denies_is_not_sent),
		TEST(test_answers__by_day_the_law_allows_one_confirmation_and_an_answer),
		TEST(test_answers__at_night_a_confirmation_is_suppressed_and_help_waits),
		TEST(test_answers__what_a_provider_brings_late_is_not_confirmed),
	};

	return cmocka_run_group_tests_name("what people write", tests, NULL, NULL);
}
