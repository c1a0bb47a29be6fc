/* Bodies as web clients write them: names in camelCase, amounts with their currency, all faults at once. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "schemas/communications.h"
#include "schemas/customers.h"
#include "schemas/debts.h"
#include "wire/json.h"

#define ID "0198c0de-0000-7000-8000-00000000002a"

static struct arena arena;
static struct json_faults faults;
static struct err err;

static int set_up(void **state)
{
	(void)state;
	faults.count = faults.max = 0;
	return arena_init(&arena, 1 << 16, &err);
}

static int tear_down(void **state)
{
	(void)state;
	arena_release(&arena);
	return 0;
}

static const void *read_body(const char *text, const struct record_type *record, struct json_reading *reading)
{
	struct json json;
	void *body = arena_take(&arena, 1, record->size);
	bool is_good;

	assert_non_null(body);
	reading->style = JSON_REST;
	is_good = json_parse(str_of(text), &json, &faults) && json_read_record(json, record, reading, &arena, body, &faults);
	assert_true(is_good == (faults.count == 0));
	return body;
}

static const void *read_good(const char *text, const struct record_type *record, uint64_t optional)
{
	struct json_reading reading = { .optional = optional };
	const void *body = read_body(text, record, &reading);

	if (faults.count > 0)
		fail_msg("%s: %s", faults.items[0].pointer, faults.items[0].detail);
	return body;
}

/* "pointer code; ..." of all faults, in order. */
static void assert_faults(const char *text, const struct record_type *record, const char *expected)
{
	struct json_reading reading = { .optional = 0 };
	struct buf buf;

	faults.count = 0;
	(void)read_body(text, record, &reading);
	buf_init(&buf, 1 << 16);
	for (size_t i = 0; i < faults.count; i++)
		buf_add_format(&buf, "%s%s %s", i > 0 ? "; " : "", faults.items[i].pointer, faults.items[i].code);
	buf_add_u8(&buf, 0);
	assert_string_equal((const char *)buf.data, expected);
	buf_release(&buf);
}

#define DEBT                                                                                                                     \
	"\"debtId\":\"" ID "\",\"customerId\":\"" ID "\",\"creditorId\":\"" ID                                                   \
	"\",\"externalRef\":\"r1\",\"openedOn\":\"2026-01-31\",\"dueOn\":\"2026-02-28\",\"feesAuthorised\":true"
#define MONEY(name, amount, currency) "\"" name "\":{\"amountMinor\":" amount ",\"currency\":\"" currency "\"}"

static void test_json_rest__amounts_carry_their_currency(void **state)
{
	const struct create_debt *body;

	(void)state;
	body = read_good("{" DEBT "," MONEY("principal", "9007199254740993", "EUR") "," MONEY("interest", "-1", "EUR") "," MONEY(
				 "fee", "0", "EUR") "," MONEY("cost", "7", "EUR") "}",
			 &create_debt_type.record, 0);
	assert_true(body->principal_minor == INT64_C(9007199254740993));
	assert_int_equal(body->interest_minor, -1);
	assert_int_equal(body->cost_minor, 7);
	assert_true(str_is(body->currency, "EUR"));
	assert_true(body->fees_authorised);
	assert_false(body->has_portfolio_id);
}

static void test_json_rest__what_comes_from_elsewhere_may_be_left_out(void **state)
{
	struct json_reading reading = { .optional = 1 | 1 << 1 };
	const struct reverse_payment *body;

	(void)state;
	body = read_body("{\"reason\":\"nsf\",\"customerId\":\"" ID "\"}", &reverse_payment_type.record, &reading);
	assert_int_equal(faults.count, 0);
	assert_int_equal(body->customer_id.bytes[15], 0x2a);
	assert_int_equal(reading.present, 1 << 1 | 1 << 2);
}

static void test_json_rest__null_is_as_left_out_where_a_value_need_not_be(void **state)
{
	struct json_reading reading = { .optional = 0 };
	const struct update_customer *body;

	(void)state;
	body = read_body("{\"customerId\":\"" ID "\",\"fullName\":null,\"region\":\"DE-BE\"}", &update_customer_type.record,
			 &reading);
	assert_int_equal(faults.count, 0);
	assert_false(body->has_full_name);
	assert_true(body->has_region);
	assert_int_equal(reading.present, 1 | 1 << 6);
}

static void test_json_rest__all_faults_are_told_at_once(void **state)
{
	(void)state;
	assert_faults("{\"debtId\":\"x\",\"customerId\":7,\"creditor_id\":\"" ID
		      "\",\"externalRef\":null,\"openedOn\":\"31.1.2026\","
		      "\"jane@example.com\":1," MONEY("principal", "1.5", "EUR") "," MONEY(
			      "interest", "1", "USD") ","
						      "\"fee\":5,\"cost\":{\"amount\":1},\"currency\":\"EUR\"}",
		      &create_debt_type.record,
		      "/debtId bad_format; /customerId wrong_type; /creditor_id unknown_member; /externalRef wrong_type; "
		      "/openedOn bad_format;  unknown_member; /principal/amountMinor wrong_type; /interest/currency differs; "
		      "/fee wrong_type; /cost/amount unknown_member; /cost/amountMinor missing; /cost/currency missing; "
		      "/currency unknown_member; /creditorId missing; /dueOn missing; /feesAuthorised missing");
}

static void test_json_rest__faults_in_arrays_have_their_pointers(void **state)
{
	(void)state;
	assert_faults("{\"communicationId\":\"" ID "\",\"customerId\":\"" ID "\",\"debtIds\":[\"" ID
		      "\",\"y\",3],\"channel\":\"sms\","
		      "\"templateName\":\"t\",\"language\":\"de\",\"messageClass\":\"demand\",\"sendBy\":\"tomorrow\","
		      "\"parameters\":[{\"name\":\"a\",\"value\":\"b\"},{\"name\":\"a\",\"text\":\"b\"}]}",
		      &send_communication_type.record,
		      "/debtIds/1 bad_format; /debtIds/2 wrong_type; /sendBy bad_format; /parameters/1/text unknown_member; "
		      "/parameters/1/value missing");
}

static void test_json_rest__faults_are_bounded(void **state)
{
	struct json_reading reading = { .optional = 0 };
	struct buf buf;

	(void)state;
	buf_init(&buf, 1 << 16);
	buf_add_u8(&buf, '{');
	for (int i = 0; i < 1000; i++)
		buf_add_format(&buf, "%s\"unknown%d\":1", i > 0 ? "," : "", i);
	buf_add_text(&buf, "}");
	buf_add_u8(&buf, 0);
	(void)read_body((const char *)buf.data, &create_debt_type.record, &reading);
	assert_int_equal(faults.count, JSON_FAULTS_MAX);
	buf_release(&buf);
}

static void test_json_rest__a_text_that_is_no_json_is_one_fault(void **state)
{
	(void)state;
	assert_faults("{\"a\":", &create_debt_type.record, " bad_json");
	assert_faults("[]", &create_debt_type.record, " wrong_type");
}

static void test_json_rest__a_member_that_stands_twice_is_a_fault(void **state)
{
	(void)state;
	assert_faults("{\"paymentId\":\"" ID "\",\"reason\":\"nsf\",\"customerId\":\"" ID "\",\"reas\\u006fn\":\"nsf\"}",
		      &reverse_payment_type.record, "/reason duplicate_member");
	assert_faults("{" DEBT "," MONEY("principal", "1", "EUR\",\"amountMinor\":1,\"currency\":\"EUR") "," MONEY(
			      "interest", "0", "EUR") "," MONEY("fee", "0", "EUR") "," MONEY("cost", "0", "EUR") "}",
		      &create_debt_type.record, "/principal/amountMinor duplicate_member; /principal/currency duplicate_member");
}

static void test_json_rest__a_prefix_stands_before_every_pointer(void **state)
{
	struct json_reading reading = { .pointer = "/data" };

	(void)state;
	(void)read_body("{\"reason\":1}", &reverse_payment_type.record, &reading);
	assert_int_equal(faults.count, 3);
	assert_string_equal(faults.items[0].pointer, "/data/reason");
	assert_string_equal(faults.items[2].pointer, "/data/customerId");
}

static void assert_pointer(const struct record_type *record, const char *field, const char *expected)
{
	struct buf buf;

	buf_init(&buf, 256);
	json_write_pointer(&buf, record, str_of(field));
	buf_add_u8(&buf, 0);
	assert_string_equal((const char *)buf.data, expected);
	buf_release(&buf);
}

static void test_json_rest__a_refusals_field_has_its_pointer(void **state)
{
	(void)state;
	assert_pointer(&create_debt_type.record, "due_on", "/dueOn");
	assert_pointer(&create_debt_type.record, "fee_minor", "/fee/amountMinor");
	assert_pointer(&create_debt_type.record, "currency", "/principal/currency");
	assert_pointer(&record_payment_type.record, "amount_minor", "/amount/amountMinor");
	assert_pointer(&create_debt_type.record, "nothing", "");
}

static void test_json_rest__what_is_read_is_written_the_same(void **state)
{
	static const char text[] = "{\"paymentId\":\"" ID "\",\"customerId\":\"" ID "\",\"debtId\":\"" ID
				   "\",\"source\":\"bank\",\"externalRef\":\"a\\\"b\",\"amount\":{\"amountMinor\":12345,"
				   "\"currency\":\"EUR\"},\"receivedOn\":\"2026-01-31\",\"method\":\"transfer\"}";
	struct buf buf;

	(void)state;
	buf_init(&buf, 1024);
	json_write_rest(&buf, &record_payment_type, read_good(text, &record_payment_type.record, 0));
	buf_add_u8(&buf, '\0');
	assert_string_equal((const char *)buf.data, text);
	buf_release(&buf);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_json_rest__amounts_carry_their_currency),
		TEST(test_json_rest__what_comes_from_elsewhere_may_be_left_out),
		TEST(test_json_rest__null_is_as_left_out_where_a_value_need_not_be),
		TEST(test_json_rest__all_faults_are_told_at_once),
		TEST(test_json_rest__faults_in_arrays_have_their_pointers),
		TEST(test_json_rest__faults_are_bounded),
		TEST(test_json_rest__a_text_that_is_no_json_is_one_fault),
		TEST(test_json_rest__a_member_that_stands_twice_is_a_fault),
		TEST(test_json_rest__a_prefix_stands_before_every_pointer),
		TEST(test_json_rest__a_refusals_field_has_its_pointer),
		TEST(test_json_rest__what_is_read_is_written_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
