/* What people write to us: it is a contact, and some of it is answered. */
#include "rule_spec.h"

#include "consumers/communications/communications.h"
#include "schemas/communications.h"

static struct spec spec;

#define CUSTOMER spec_id('C', 1)

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

int main(void)
{
	static const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(test_answers__the_last_message_of_each_channel_is_a_contact),
		TEST(test_answers__a_provider_whose_clock_is_fast_says_now),
		TEST(test_answers__whoever_writes_much_displaces_no_contact),
	};

	return cmocka_run_group_tests_name("what people write", tests, NULL, NULL);
}
