#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/array.h"
#include "schemas/communications.h"
#include "schemas/customers.h"
#include "schemas/debts.h"
#include "schemas/engine.h"
#include "wire/json.h"

#define ID "0198c0de-0000-7000-8000-00000000002a"
/* A RecordPayment with its amount and what follows left to the test. */
#define PAYMENT                                                                                                                  \
	"{\"payment_id\":\"" ID "\",\"customer_id\":\"" ID "\",\"debt_id\":\"" ID                                                \
	"\",\"source\":\"bank\",\"external_ref\":\"r1\","                                                                        \
	"\"currency\":\"EUR\",\"received_on\":\"2026-11-22\",\"method\":\"transfer\""

struct fixture {
	struct arena arena;
	struct buf buf;
	struct err err;
};

static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	assert_non_null(fixture);
	assert_int_equal(arena_init(&fixture->arena, 1 << 16, &fixture->err), 0);
	buf_init(&fixture->buf, 1 << 16);
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	arena_release(&fixture->arena);
	buf_release(&fixture->buf);
	free(fixture);
	return 0;
}

static const void *read_good(struct fixture *fixture, const struct message_type *type, const char *json)
{
	const void *body = NULL;

	if (json_read_message(str_of(json), type, &fixture->arena, &body, &fixture->err) != 0)
		fail_msg("%s", fixture->err.text);
	return body;
}

static void assert_refused(struct fixture *fixture, const struct message_type *type, const char *json, const char *text)
{
	const void *body;

	assert_int_equal(json_read_message(str_of(json), type, &fixture->arena, &body, &fixture->err), -1);
	assert_int_equal(fixture->err.kind, ERR_POISON);
	assert_string_equal(fixture->err.text, text);
	assert_int_equal(fixture->arena.used, 0);
}

static void assert_written(struct fixture *fixture, const struct message_type *type, const void *body, const char *json)
{
	buf_reset(&fixture->buf);
	json_write_message(&fixture->buf, type, body);
	buf_add_u8(&fixture->buf, 0);
	assert_string_equal((const char *)fixture->buf.data, json);
}

/* ---- write (test_wire_coder.c writes every message, against another implementation) ---- */

static void test_json__strings_are_escaped(void **state)
{
	struct fixture *fixture = *state;

	json_write_string(&fixture->buf, STR("a\"b\\c/\n\r\t\b\f\1\x1F\x7F\xC3\xA9\xF0\x9F\x98\x80"));
	buf_add_u8(&fixture->buf, 0);
	assert_string_equal((const char *)fixture->buf.data,
			    "\"a\\\"b\\\\c/\\n\\r\\t\\b\\f\\u0001\\u001f\\u007f\xC3\xA9\xF0\x9F\x98\x80\"");
	buf_reset(&fixture->buf);
	json_write_string(&fixture->buf, (struct str){ .data = NULL });
	assert_true(str_is(buf_str(&fixture->buf), "\"\""));
}

static void test_json__an_absent_value_is_left_out_and_an_empty_array_is_not(void **state)
{
	struct fixture *fixture = *state;
	const struct update_customer nothing = { .customer_id = { { 0 } } };
	const struct customer_updated update = { .version = 1, .has_region = true };

	assert_written(fixture, &update_customer_type, &nothing,
		       "{\"customer_id\":\"00000000-0000-0000-0000-000000000000\",\"clears\":[]}");
	assert_written(fixture, &customer_updated_type, &update,
		       "{\"customer_id\":\"00000000-0000-0000-0000-000000000000\",\"version\":1,\"changed\":[],\"locale\":\"\","
		       "\"country\":\"\",\"region\":\"\"}");
}

/* ---- read ---- */

static void test_json__integers_beyond_2_to_53_are_exact(void **state)
{
	struct fixture *fixture = *state;
	const struct record_payment *command;

	command = read_good(fixture, &record_payment_type, PAYMENT ",\"amount_minor\":9007199254740993}");
	assert_true(command->amount_minor == INT64_C(9007199254740993));
	command = read_good(fixture, &record_payment_type, PAYMENT ",\"amount_minor\":-9223372036854775808}");
	assert_true(command->amount_minor == INT64_MIN);
	command = read_good(fixture, &record_payment_type, PAYMENT ",\"amount_minor\":9223372036854775807}");
	assert_true(command->amount_minor == INT64_MAX);
}

static void test_json__what_is_no_64_bit_integer_is_refused(void **state)
{
	struct fixture *fixture = *state;

	assert_refused(fixture, &record_payment_type, PAYMENT ",\"amount_minor\":9223372036854775808}",
		       "/amount_minor: number out of range");
	assert_refused(fixture, &record_payment_type, PAYMENT ",\"amount_minor\":1.0}", "/amount_minor: must be a whole number");
	assert_refused(fixture, &record_payment_type, PAYMENT ",\"amount_minor\":1e2}", "/amount_minor: must be a whole number");
	assert_refused(fixture, &record_payment_type, PAYMENT ",\"amount_minor\":\"1\"}",
		       "/amount_minor: must be a whole number");
	assert_refused(fixture, &record_payment_type, PAYMENT ",\"amount_minor\":true}", "/amount_minor: must be a whole number");
	assert_refused(fixture, &record_payment_type, PAYMENT ",\"amount_minor\":null}", "/amount_minor: must be a whole number");
}

static void test_json__a_missing_member_is_refused_by_its_pointer(void **state)
{
	struct fixture *fixture = *state;

	assert_refused(fixture, &record_payment_type, PAYMENT "}", "/amount_minor: missing");
	assert_refused(fixture, &record_payment_type, "{}", "/payment_id: missing");
}

static void test_json__a_member_left_out_or_null_has_its_default(void **state)
{
	struct fixture *fixture = *state;
	const struct update_customer *command;

	command = read_good(fixture, &update_customer_type,
			    "{\"customer_id\":\"" ID "\",\"full_name\":null,\"locale\":\"de-DE\",\"birth_date\":\"1970-01-02\"}");
	assert_false(command->has_full_name);
	assert_false(command->has_region);
	assert_true(command->has_locale);
	assert_true(str_is(command->locale, "de-DE"));
	assert_true(command->has_birth_date);
	assert_int_equal(command->birth_date, 1);
}

static void test_json__an_unknown_member_is_refused_and_said_again_only_if_it_is_a_plain_name(void **state)
{
	struct fixture *fixture = *state;

	assert_refused(fixture, &record_payment_type, PAYMENT ",\"amount_minor\":1,\"amuont\":1}", "/amuont: unknown member");
	assert_refused(fixture, &record_payment_type, "{\"jane@example.com\":1}", "unknown member");
	assert_refused(fixture, &record_payment_type, "{\"\":1}", "unknown member");
}

static void test_json__a_member_that_stands_twice_is_refused(void **state)
{
	struct fixture *fixture = *state;

	assert_refused(fixture, &record_payment_type, "{\"amount_minor\":1,\"amount_minor\":2}",
		       "/amount_minor: a member stands twice");
	assert_refused(fixture, &record_payment_type, PAYMENT ",\"amount_minor\":1,\"amount\\u005fminor\":1}",
		       "/amount_minor: a member stands twice");
}

static void test_json__what_is_not_one_object_is_refused_without_quoting_it(void **state)
{
	struct fixture *fixture = *state;

	assert_refused(fixture, &record_payment_type, "", "not JSON, near byte 0");
	assert_refused(fixture, &record_payment_type, "jane@example.com", "not JSON, near byte 0");
	assert_refused(fixture, &record_payment_type, "{\"source\":\"bank\"", "not JSON, near byte 16");
	assert_refused(fixture, &record_payment_type, "{} {}", "not JSON, near byte 3");
	assert_refused(fixture, &record_payment_type, "[]", "must be an object");
	assert_refused(fixture, &record_payment_type, "{\"source\":\"a\\u0000b\"}", "holds a NUL, before byte 14");
	assert_refused(fixture, &record_payment_type, "{\"source\":\"\xFF\"}", "not UTF-8, or holds a NUL, near byte 11");
	assert_refused(fixture, &record_payment_type, "{\"source\":\"\\ud800\"}", "not JSON, near byte 17");
}

static void test_json__wrong_values_are_refused_by_kind(void **state)
{
	struct fixture *fixture = *state;
	const struct message_type *type = &update_customer_type;

	assert_refused(fixture, type, "{\"customer_id\":\"x\"}", "/customer_id: must be a UUID");
	assert_refused(fixture, type, "{\"customer_id\":\"00000000-0000-0000-0000-000000000000\"}",
		       "/customer_id: the id is all zeros");
	assert_refused(fixture, type, "{\"customer_id\":7}", "/customer_id: must be a string");
	assert_refused(fixture, type, "{\"customer_id\":\"" ID "\",\"birth_date\":\"2023-02-29\"}",
		       "/birth_date: must be a date, YYYY-MM-DD");
	assert_refused(fixture, type, "{\"customer_id\":\"" ID "\",\"country\":\"Germany 4\"}", "/country: too long");
	assert_refused(fixture, type,
		       "{\"customer_id\":\"" ID "\",\"country\":\"\u6f22\u6f22\u6f22\u6f22\u6f22\u6f22\u6f22\u6f22\u6f22\"}",
		       "/country: too long");
	assert_refused(fixture, &withdraw_consent_type,
		       "{\"customer_id\":\"" ID "\",\"via\":\"link\",\"withdrawn_at\":\"2026-11-22T15:04\"}",
		       "/withdrawn_at: must be an RFC 3339 time with Z or an offset");
	assert_refused(fixture, &record_dispatch_type,
		       "{\"communication_id\":\"" ID "\",\"customer_id\":\"" ID "\",\"attempt\":2147483648}",
		       "/attempt: number out of range");
	assert_refused(fixture, &command_rejected_type,
		       "{\"command_id\":\"" ID "\",\"customer_id\":\"" ID
		       "\",\"command_type\":\"\",\"code\":\"\",\"field\":\"\",\"text\":\"\","
		       "\"retriable\":1}",
		       "/retriable: must be true or false");
	(void)read_good(fixture, type,
			"{\"customer_id\":\"" ID "\",\"country\":\"\u6f22\u6f22\u6f22\u6f22\u6f22\u6f22\u6f22\u6f22\"}");
}

#define SENDING "{\"communication_id\":\"" ID "\",\"customer_id\":\"" ID "\","
#define REST                                                                                                                     \
	"\"channel\":\"sms\",\"template_name\":\"t\",\"language\":\"de\",\"message_class\":\"demand\",\"send_by\":\"2026-11-"    \
	"22T15:04:05+01:00\"}"

static void test_json__arrays_and_nested_records_are_read(void **state)
{
	struct fixture *fixture = *state;
	const struct send_communication *command;

	command = read_good(fixture, &send_communication_type,
			    SENDING "\"debt_ids\":[\"" ID "\",\"" ID "\"],\"parameters\":[{\"name\":\"a\",\"value\":\"1\"},"
				    "{\"value\":\"2\",\"name\":\"b\"}]," REST);
	assert_int_equal(command->debt_ids_count, 2);
	assert_int_equal(command->debt_ids[1].bytes[15], 0x2A);
	assert_int_equal(command->parameters_count, 2);
	assert_true(str_is(command->parameters[1].name, "b"));
	assert_true(str_is(command->parameters[1].value, "2"));
	assert_true(command->send_by == 1795359845000 - 3600000);
	command = read_good(fixture, &send_communication_type, SENDING REST);
	assert_int_equal(command->debt_ids_count, 0);
}

static void test_json__a_fault_in_an_array_has_its_pointer(void **state)
{
	struct fixture *fixture = *state;
	const struct message_type *type = &send_communication_type;

	assert_refused(fixture, type, SENDING "\"debt_ids\":[\"" ID "\",\"x\"]," REST, "/debt_ids/1: must be a UUID");
	assert_refused(fixture, type, SENDING "\"debt_ids\":[\"" ID "\",null]," REST, "/debt_ids/1: must be a string");
	assert_refused(fixture, type, SENDING "\"debt_ids\":null," REST, "/debt_ids: must be an array");
	assert_refused(fixture, type, SENDING "\"parameters\":[7]," REST, "/parameters/0: must be an object");
	assert_refused(fixture, type, SENDING "\"parameters\":[{\"name\":\"a\"}]," REST, "/parameters/0/value: missing");
	assert_refused(fixture, type, SENDING "\"parameters\":[{\"name\":\"a\",\"value\":\"1\",\"x\":1}]," REST,
		       "/parameters/0/x: unknown member");
	assert_refused(fixture, type, SENDING "\"parameters\":[{\"name\":\"a\",\"value\":\"1\"}],\"channel\":7}",
		       "/channel: must be a string");
	assert_refused(fixture, type,
		       SENDING
		       "\"parameters\":[{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},"
		       "{},{},{},{},{}]," REST,
		       "/parameters: too many items");
}

static void test_json__a_commands_texts_come_in_their_normal_form(void **state)
{
	struct fixture *fixture = *state;
	const struct send_communication *command;

	command = read_good(fixture, &send_communication_type,
			    SENDING "\"parameters\":[{\"name\":\" a\\ufeff\",\"value\":\"\\u00a01 \\u00a0 2\\n\"}]," REST);
	assert_true(str_is(command->parameters[0].name, "a"));
	assert_true(str_is(command->parameters[0].value, "1 \xC2\xA0 2"));
	arena_reset(&fixture->arena);
	assert_refused(fixture, &send_communication_type, SENDING "\"parameters\":[{\"name\":\"a\",\"value\":\"1\\n2\"}]," REST,
		       "/parameters/0/value: has control characters");
	assert_refused(fixture, &send_communication_type,
		       SENDING "\"parameters\":[{\"name\":\"a\\u200bb\",\"value\":\"\"}]," REST,
		       "/parameters/0/name: has characters that cannot be seen");
}

static void test_json__bytes_are_hexadecimal(void **state)
{
	static const char before[] = "{\"template_id\":\"" ID "\",\"name\":\"\",\"version\":1,\"channel\":\"\",\"language\":\"\","
				     "\"message_class\":\"\",\"body_hash\":\"";
	struct fixture *fixture = *state;
	const struct template_published *event;
	const struct message_type *type = &template_published_type;
	const void *body;
	char json[400];
	static const struct {
		const char *hex;
		const char *text;
	} bad[] = { { "0", "/body_hash: must be hexadecimal" },
		    { "0g", "/body_hash: must be hexadecimal" },
		    { "000000000000000000000000000000000000000000000000000000000000000000", "/body_hash: too long" } };

	(void)snprintf(json, sizeof(json), "%s00fF\"}", before);
	event = read_good(fixture, type, json);
	assert_int_equal(event->body_hash.size, 2);
	assert_memory_equal(event->body_hash.data, "\0\xFF", 2);
	arena_reset(&fixture->arena);
	for (size_t i = 0; i < COUNT(bad); i++) {
		(void)snprintf(json, sizeof(json), "%s%s\"}", before, bad[i].hex);
		assert_int_equal(json_read_message(str_of(json), type, &fixture->arena, &body, &fixture->err), -1);
		assert_string_equal(fixture->err.text, bad[i].text);
	}
}

static void test_json__a_full_arena_is_told_and_left_as_it_was(void **state)
{
	static const char json[] = PAYMENT ",\"amount_minor\":1}";
	struct fixture *fixture = *state;
	const void *body;
	size_t needed;

	arena_reset(&fixture->arena);
	(void)read_good(fixture, &record_payment_type, json);
	needed = fixture->arena.used;
	for (size_t size = 1; size < needed; size++) {
		struct arena small = { 0 };

		assert_int_equal(arena_init(&small, size, &fixture->err), 0);
		assert_int_equal(json_read_message(STR(json), &record_payment_type, &small, &body, &fixture->err), -1);
		assert_int_equal(fixture->err.kind, ERR_POISON);
		assert_int_equal(small.used, 0);
		arena_release(&small);
	}
}

/* Deep nesting must not overflow the stack of a reader that recurses. */
static void test_json__deep_nesting_is_refused(void **state)
{
	struct fixture *fixture = *state;
	const void *body;

	for (unsigned i = 0; i < 60000; i++)
		buf_add_u8(&fixture->buf, '[');
	assert_int_equal(json_read_message(buf_str(&fixture->buf), &record_payment_type, &fixture->arena, &body, &fixture->err),
			 -1);
	assert_non_null(strstr(fixture->err.text, "not JSON"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_json__strings_are_escaped),
		TEST(test_json__an_absent_value_is_left_out_and_an_empty_array_is_not),
		TEST(test_json__integers_beyond_2_to_53_are_exact),
		TEST(test_json__what_is_no_64_bit_integer_is_refused),
		TEST(test_json__a_missing_member_is_refused_by_its_pointer),
		TEST(test_json__a_member_left_out_or_null_has_its_default),
		TEST(test_json__an_unknown_member_is_refused_and_said_again_only_if_it_is_a_plain_name),
		TEST(test_json__a_member_that_stands_twice_is_refused),
		TEST(test_json__what_is_not_one_object_is_refused_without_quoting_it),
		TEST(test_json__wrong_values_are_refused_by_kind),
		TEST(test_json__arrays_and_nested_records_are_read),
		TEST(test_json__a_fault_in_an_array_has_its_pointer),
		TEST(test_json__a_commands_texts_come_in_their_normal_form),
		TEST(test_json__bytes_are_hexadecimal),
		TEST(test_json__a_full_arena_is_told_and_left_as_it_was),
		TEST(test_json__deep_nesting_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
