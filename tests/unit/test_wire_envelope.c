#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/array.h"
#include "schemas/clock.h"
#include "schemas/debts.h"
#include "wire/envelope.h"

#define ID           "0198c0de-0000-7000-8000-00000000002a"
#define OTHER_ID     "0198c0de-0000-7000-8000-00000000002b"
#define TRACEPARENT  "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
#define HASH         "0123456789abcdef\0\1\2\3\4\5\6\7\x80\xFF\xFE\xFD\xFC\xFB\xFA\xF9"
#define HEADER(n, v) ((struct header){ .name = (n), .value = STR(v) })
#define COMMAND_HEADERS                                                                                                          \
	HEADER("ce_specversion", "1.0"), HEADER("ce_id", ID), HEADER("ce_source", "/dcs/cli"),                                   \
		HEADER("ce_type", "dcs.debts.RecordPayment.v1")

/* ---- read ---- */

static void assert_read(const struct header *headers, size_t count, struct envelope *ret_envelope)
{
	struct err err = ERR_INIT;

	if (envelope_read(headers, count, ret_envelope, &err) != 0)
		fail_msg("%s", err.text);
}

static void assert_refused(const struct header *headers, size_t count, const char *text)
{
	struct envelope envelope;
	struct err err = ERR_INIT;

	assert_int_equal(envelope_read(headers, count, &envelope, &err), -1);
	assert_int_equal(err.kind, ERR_POISON);
	assert_string_equal(err.text, text);
}

/* A good command with one more header. */
static void assert_refused_with(const char *name, struct str value, const char *text)
{
	const struct header headers[] = { COMMAND_HEADERS, { .name = name, .value = value } };

	assert_refused(headers, COUNT(headers), text);
}

static void read_with(const char *name, struct str value, struct envelope *ret_envelope)
{
	const struct header headers[] = { { .name = name, .value = value }, COMMAND_HEADERS };

	assert_read(headers, COUNT(headers), ret_envelope);
}

static void test_envelope__four_headers_are_enough_and_the_rest_has_its_default(void **state)
{
	const struct header headers[] = { COMMAND_HEADERS };
	struct envelope envelope;
	struct uuid id;

	(void)state;
	assert_true(uuid_parse(&id, STR(ID)));
	assert_read(headers, COUNT(headers), &envelope);
	assert_true(uuid_equal(&envelope.id, &id));
	assert_true(uuid_is_none(&envelope.correlation_id));
	assert_true(uuid_is_none(&envelope.causation_id));
	assert_true(str_is(envelope.source, "/dcs/cli"));
	assert_true(str_is(envelope.type, "dcs.debts.RecordPayment.v1"));
	assert_int_equal(envelope.expires_ms, 0);
	assert_int_equal(envelope.sequence, 0);
	assert_int_equal(envelope.at_ms, 0);
	assert_int_equal(envelope.token.size, 0);
	assert_int_equal(envelope.traceparent.size, 0);
	assert_int_equal(envelope.hash.size, 0);
}

static void test_envelope__each_missing_header_is_named(void **state)
{
	static const char *const texts[] = { "missing header ce_specversion", "missing header ce_id", "missing header ce_source",
					     "missing header ce_type" };
	const struct header headers[] = { COMMAND_HEADERS };

	(void)state;
	for (size_t left_out = 0; left_out < COUNT(headers); left_out++) {
		struct header rest[COUNT(headers)];
		size_t count = 0;

		for (size_t i = 0; i < COUNT(headers); i++) {
			if (i != left_out)
				rest[count++] = headers[i];
		}
		assert_refused(rest, count, texts[left_out]);
	}
	assert_refused(NULL, 0, texts[0]);
}

static void test_envelope__a_header_of_ours_stands_only_once(void **state)
{
	static const char *const names[] = {
		"ce_specversion", "ce_id",         "ce_source",       "ce_type",          "ce_subject",     "ce_time",
		"content-type",   "ce_dataschema", "ce_partitionkey", "ce_correlationid", "ce_causationid", "ce_sequence",
		"ce_expirytime",  "dcs_hash",      "traceparent",     "authorization"
	};

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		const struct header headers[] = { { .name = names[i], .value = STR("x") },
						  { .name = names[i], .value = STR("x") } };
		char text[80];

		assert_true(snprintf(text, sizeof(text), "bad header %s: stands twice", names[i]) > 0);
		assert_refused(headers, COUNT(headers), text);
	}
}

static void test_envelope__headers_of_others_do_not_matter(void **state)
{
	const struct header headers[] = { HEADER("__value_schema_id", "\1abc"),
					  HEADER("CE_ID", "not ours"),
					  HEADER("x", "1"),
					  HEADER("x", "2"),
					  HEADER("ce_actor", "\xFF"),
					  COMMAND_HEADERS,
					  HEADER("ce_subject", "whatever"),
					  { .name = "", .value = { .data = NULL } } };
	struct envelope envelope;

	(void)state;
	assert_read(headers, COUNT(headers), &envelope);
	assert_true(str_is(envelope.source, "/dcs/cli"));
}

static void test_envelope__too_many_headers_are_refused(void **state)
{
	struct header headers[HEADERS_MAX + 1] = { COMMAND_HEADERS };
	struct envelope envelope;

	(void)state;
	for (size_t i = 4; i < COUNT(headers); i++)
		headers[i] = HEADER("x", "y");
	assert_read(headers, HEADERS_MAX, &envelope);
	assert_refused(headers, HEADERS_MAX + 1, "bad header count: 33");
}

static void test_envelope__malformed_values_are_refused_by_name(void **state)
{
	(void)state;
	assert_refused_with("ce_correlationid", STR("42"), "bad header ce_correlationid: not a UUID");
	assert_refused_with("ce_correlationid", STR("00000000-0000-0000-0000-000000000000"),
			    "bad header ce_correlationid: the id that means none");
	assert_refused_with("ce_causationid", STR("00000000-0000-0000-0000-000000000000"),
			    "bad header ce_causationid: the id that means none");
	assert_refused_with("ce_causationid", STR(""), "bad header ce_causationid: not a UUID");
	assert_refused_with("ce_causationid", (struct str){ .data = NULL }, "bad header ce_causationid: not a UUID");
	assert_refused_with("ce_expirytime", STR("tomorrow"), "bad header ce_expirytime: not an RFC 3339 time after 1970");
	assert_refused_with("ce_expirytime", STR("1969-12-31T23:59:59Z"),
			    "bad header ce_expirytime: not an RFC 3339 time after 1970");
	assert_refused_with("ce_time", STR("whenever"), "bad header ce_time: not an RFC 3339 time");
	assert_refused_with("ce_sequence", STR("0"), "bad header ce_sequence: not a number from 1");
	assert_refused_with("ce_sequence", STR("1 "), "bad header ce_sequence: not a number from 1");
	assert_refused_with("ce_sequence", STR("9223372036854775808"), "bad header ce_sequence: not a number from 1");
	assert_refused_with("dcs_hash", STR("short"), "bad header dcs_hash: not 32 bytes");
}

/* One of the four mandatory ones replaced. */
static void assert_refused_as(size_t index, struct str value, const char *text)
{
	struct header headers[] = { COMMAND_HEADERS };

	headers[index].value = value;
	assert_refused(headers, COUNT(headers), text);
}

static void test_envelope__malformed_mandatory_values_are_refused_by_name(void **state)
{
	static char long_text[257];

	(void)state;
	memset(long_text, 'x', sizeof(long_text));
	assert_refused_as(0, STR("0.3"), "bad header ce_specversion: not 1.0");
	assert_refused_as(1, STR("42"), "bad header ce_id: not a UUID");
	assert_refused_as(1, STR("00000000-0000-0000-0000-000000000000"), "bad header ce_id: the id that means none");
	assert_refused_as(2, STR(""), "bad header ce_source: empty or too long");
	assert_refused_as(2, (struct str){ .data = long_text, .size = 257 }, "bad header ce_source: empty or too long");
	assert_refused_as(2, STR("\xFF"), "bad header ce_source: not UTF-8, or holds a NUL");
	assert_refused_as(3, (struct str){ .data = long_text, .size = 129 }, "bad header ce_type: empty or too long");
	assert_refused_as(3, STR("a\0b"), "bad header ce_type: not UTF-8, or holds a NUL");
}

static void test_envelope__the_token_is_what_stands_behind_bearer(void **state)
{
	static const char *const bad[] = { "", "Bearer", "Bearer ", "Basic dXNlcjpwYXNz", "eyJhbGciOi.eyJz.c2ln", "Bearer\tx" };
	struct envelope envelope;

	(void)state;
	read_with("authorization", STR("Bearer abc.def.ghi"), &envelope);
	assert_true(str_is(envelope.token, "abc.def.ghi"));
	read_with("authorization", STR("bEARER x"), &envelope);
	assert_true(str_is(envelope.token, "x"));
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_refused_with("authorization", str_of(bad[i]), "bad header authorization: not Bearer and a token");
}

/* W3C trace context: who gets a malformed one starts anew. A payment is not lost for it. */
static void test_envelope__a_malformed_traceparent_is_as_none(void **state)
{
	static const char *const bad[] = { "", "x", "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
					   "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
					   "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x" };
	struct envelope envelope;

	(void)state;
	read_with("traceparent", STR(TRACEPARENT), &envelope);
	assert_true(str_is(envelope.traceparent, TRACEPARENT));
	for (size_t i = 0; i < COUNT(bad); i++) {
		read_with("traceparent", str_of(bad[i]), &envelope);
		assert_int_equal(envelope.traceparent.size, 0);
	}
}

/* ---- write ---- */

struct written {
	struct header headers[HEADERS_MAX];
	size_t count;
};

static void set_up_arena(struct arena *arena)
{
	struct err err = ERR_INIT;

	*arena = (struct arena){ 0 };
	assert_int_equal(arena_init(arena, 8192, &err), 0);
}

/* Exactly these names and values, in this order. `wanted` ends with NULL. */
static void assert_headers(const struct written *written, const char *const wanted[][2])
{
	size_t count = 0;

	for (; wanted[count][0] != NULL; count++) {
		assert_true(count < written->count);
		assert_string_equal(written->headers[count].name, wanted[count][0]);
		if (!str_is(written->headers[count].value, wanted[count][1]))
			fail_msg("%s: %.*s", wanted[count][0], (int)written->headers[count].value.size,
				 written->headers[count].value.data);
	}
	assert_int_equal(written->count, count);
}

static struct uuid id_of(const char *text)
{
	struct uuid id;

	assert_true(uuid_parse(&id, str_of(text)));
	return id;
}

static void test_envelope__a_command_has_the_headers_of_the_protocol(void **state)
{
	static const char *const wanted[][2] = {
		{ "ce_specversion", "1.0" },
		{ "ce_id", ID },
		{ "ce_source", "/dcs/cli" },
		{ "ce_type", "dcs.debts.ReversePayment.v1" },
		{ "ce_correlationid", "00000000-0000-0000-0000-000000000009" },
		{ "ce_causationid", OTHER_ID },
		{ "ce_expirytime", "2026-11-22T15:04:06.000Z" },
		{ "traceparent", TRACEPARENT },
		{ "authorization", "Bearer abc.def.ghi" },
		{ NULL, NULL },
	};
	const struct command_head head = { .id = id_of(ID),
					   .correlation_id = id_of("00000000-0000-0000-0000-000000000009"),
					   .causation_id = id_of(OTHER_ID),
					   .expires_ms = 1795359846000,
					   .source = STR("/dcs/cli"),
					   .token = STR("abc.def.ghi"),
					   .traceparent = STR(TRACEPARENT) };
	struct written written;
	struct envelope envelope;
	struct arena arena;
	struct err err = ERR_INIT;

	(void)state;
	set_up_arena(&arena);
	assert_int_equal(envelope_write_command(&reverse_payment_type, &head, &arena, written.headers, &written.count, &err), 0);
	assert_headers(&written, wanted);
	assert_read(written.headers, written.count, &envelope);
	assert_true(uuid_equal(&envelope.id, &head.id));
	assert_true(uuid_equal(&envelope.correlation_id, &head.correlation_id));
	assert_true(uuid_equal(&envelope.causation_id, &head.causation_id));
	assert_true(envelope.expires_ms == head.expires_ms);
	assert_true(str_is(envelope.token, "abc.def.ghi"));
	arena_release(&arena);
}

static void test_envelope__what_a_command_does_not_have_is_left_out(void **state)
{
	static const char *const wanted[][2] = {
		{ "ce_specversion", "1.0" },        { "ce_id", ID }, { "ce_source", "/dcs/clock" },
		{ "ce_type", "dcs.clock.Tick.v1" }, { NULL, NULL },
	};
	const struct command_head head = { .id = id_of(ID), .correlation_id = id_of(ID), .source = STR("/dcs/clock") };
	struct written written;
	struct arena arena;
	struct err err = ERR_INIT;

	(void)state;
	set_up_arena(&arena);
	assert_int_equal(envelope_write_command(&tick_type, &head, &arena, written.headers, &written.count, &err), 0);
	assert_headers(&written, wanted);
	arena_release(&arena);
}

static struct event_head paid(void)
{
	return (struct event_head){ .module = "debts",
				    .schema_id = debt_paid_type.schema_id,
				    .id = id_of(ID),
				    .command_id = id_of("00000000-0000-0000-0000-000000000008"),
				    .correlation_id = id_of("00000000-0000-0000-0000-000000000009"),
				    .at_ms = 1795359845123,
				    .seq = INT64_MAX,
				    .hash = { HASH, 32 } };
}

static void test_envelope__an_event_has_the_headers_of_the_protocol(void **state)
{
	static const char *const wanted[][2] = {
		{ "ce_specversion", "1.0" },
		{ "ce_id", ID },
		{ "ce_source", "/dcs/debts" },
		{ "ce_type", "dcs.debts.DebtPaid.v1" },
		{ "ce_time", "2026-11-22T15:04:05.123Z" },
		{ "ce_correlationid", "00000000-0000-0000-0000-000000000009" },
		{ "ce_causationid", "00000000-0000-0000-0000-000000000008" },
		{ "ce_sequence", "9223372036854775807" },
		{ NULL, NULL },
	};
	struct event_head head = paid();
	struct written written;
	struct envelope envelope;
	struct arena arena;
	struct err err = ERR_INIT;

	(void)state;
	head.traceparent = STR(TRACEPARENT);
	set_up_arena(&arena);
	assert_int_equal(envelope_write_event(&head, &arena, written.headers, &written.count, &err), 0);
	assert_int_equal(written.count, 10);
	assert_read(written.headers, written.count, &envelope);
	assert_true(envelope.sequence == INT64_MAX);
	assert_true(envelope.at_ms == head.at_ms);
	assert_int_equal(envelope.hash.size, 32);
	assert_memory_equal(envelope.hash.data, HASH, 32);
	assert_true(str_is(envelope.traceparent, TRACEPARENT));
	written.count = 8; /* all but the hash, which is no text, and the trace */
	assert_headers(&written, wanted);
	arena_release(&arena);
}

/* Most events: a command that began its flow caused them. Topics of 0.4.0 say it in a header. */
static void test_envelope__the_flow_of_an_event_is_its_cause_unless_it_says_otherwise(void **state)
{
	struct event_head head = paid();
	struct written written;
	struct envelope envelope;
	struct arena arena;
	struct err err = ERR_INIT;

	(void)state;
	set_up_arena(&arena);
	head.correlation_id = head.command_id;
	assert_int_equal(envelope_write_event(&head, &arena, written.headers, &written.count, &err), 0);
	assert_int_equal(written.count, 8);
	assert_read(written.headers, written.count, &envelope);
	assert_true(uuid_is_none(&envelope.correlation_id));
	written.headers[written.count++] = HEADER("ce_correlationid", OTHER_ID);
	assert_read(written.headers, written.count, &envelope);
	assert_false(uuid_is_none(&envelope.correlation_id));
	assert_true(uuid_equal(&envelope.causation_id, &head.command_id));
	arena_release(&arena);
}

/* Records stay in their topics: what 0.4.0 wrote is read as what is written now. */
static void test_envelope__an_event_of_an_earlier_release_reads_the_same(void **state)
{
	struct event_head head = paid();
	struct written written;
	struct envelope now;
	struct envelope earlier;
	struct arena arena;
	struct err err = ERR_INIT;
	const struct header more[] = { HEADER("content-type", "application/avro"),
				       HEADER("ce_dataschema", "urn:dcs:schema:dcs.debts.DebtPaid:3"),
				       HEADER("ce_subject", "00000000-0000-0000-0000-000000000007"),
				       HEADER("ce_partitionkey", OTHER_ID),
				       HEADER("ce_correlationid", "00000000-0000-0000-0000-000000000008") };

	(void)state;
	set_up_arena(&arena);
	head.correlation_id = head.command_id;
	assert_int_equal(envelope_write_event(&head, &arena, written.headers, &written.count, &err), 0);
	assert_read(written.headers, written.count, &now);
	memcpy(written.headers + written.count, more, sizeof(more));
	assert_read(written.headers, written.count + COUNT(more), &earlier);
	assert_true(uuid_equal(&earlier.correlation_id, &now.causation_id));
	now.correlation_id = now.causation_id; /* what is left out stands for it */
	assert_memory_equal(&earlier, &now, sizeof(now));
	arena_release(&arena);
}

static void test_envelope__an_event_of_an_older_version_has_the_same_type(void **state)
{
	struct event_head head = paid();
	struct written written;
	struct arena arena;
	struct err err = ERR_INIT;

	(void)state;
	head.schema_id = debt_paid_type.versions[0].schema_id;
	set_up_arena(&arena);
	assert_int_equal(envelope_write_event(&head, &arena, written.headers, &written.count, &err), 0);
	assert_string_equal(written.headers[3].name, "ce_type");
	assert_true(str_is(written.headers[3].value, "dcs.debts.DebtPaid.v1"));
	arena_release(&arena);
}

static void test_envelope__a_full_arena_is_told(void **state)
{
	struct event_head head = paid();
	struct written written;
	struct arena arena;
	size_t needed;

	(void)state;
	set_up_arena(&arena);
	assert_int_equal(envelope_write_event(&head, &arena, written.headers, &written.count, &(struct err)ERR_INIT), 0);
	needed = arena.used;
	arena_release(&arena);
	for (size_t size = 1; size < needed; size += 7) {
		struct err err = ERR_INIT;

		assert_int_equal(arena_init(&arena, size, &err), 0);
		assert_int_equal(envelope_write_event(&head, &arena, written.headers, &written.count, &err), -1);
		assert_int_equal(err.kind, ERR_POISON);
		arena_release(&arena);
	}
}

static void test_envelope__an_event_of_a_newer_program_is_fatal(void **state)
{
	struct event_head head = paid();
	struct written written;
	struct arena arena;
	struct err err = ERR_INIT;

	(void)state;
	set_up_arena(&arena);
	head.schema_id = 9999;
	assert_int_equal(envelope_write_event(&head, &arena, written.headers, &written.count, &err), -1);
	assert_int_equal(err.kind, ERR_FATAL);
	arena_release(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_envelope__four_headers_are_enough_and_the_rest_has_its_default),
		cmocka_unit_test(test_envelope__each_missing_header_is_named),
		cmocka_unit_test(test_envelope__a_header_of_ours_stands_only_once),
		cmocka_unit_test(test_envelope__headers_of_others_do_not_matter),
		cmocka_unit_test(test_envelope__too_many_headers_are_refused),
		cmocka_unit_test(test_envelope__malformed_values_are_refused_by_name),
		cmocka_unit_test(test_envelope__malformed_mandatory_values_are_refused_by_name),
		cmocka_unit_test(test_envelope__the_token_is_what_stands_behind_bearer),
		cmocka_unit_test(test_envelope__a_malformed_traceparent_is_as_none),
		cmocka_unit_test(test_envelope__a_command_has_the_headers_of_the_protocol),
		cmocka_unit_test(test_envelope__what_a_command_does_not_have_is_left_out),
		cmocka_unit_test(test_envelope__an_event_has_the_headers_of_the_protocol),
		cmocka_unit_test(test_envelope__the_flow_of_an_event_is_its_cause_unless_it_says_otherwise),
		cmocka_unit_test(test_envelope__an_event_of_an_earlier_release_reads_the_same),
		cmocka_unit_test(test_envelope__an_event_of_an_older_version_has_the_same_type),
		cmocka_unit_test(test_envelope__a_full_arena_is_told),
		cmocka_unit_test(test_envelope__an_event_of_a_newer_program_is_fatal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
