#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "schemas/communications.h"
#include "schemas/customers.h"
#include "schemas/debts.h"
#include "schemas/engine.h"
#include "tests/fuzz/avro.h"
#include "wire/coder.h"
#include "wire/json.h"

struct golden {
	const char *name;
	uint32_t schema_id;
	const char *json;
	const char *avro_hex;
};

/* One message of each, as long as a compiler must take and longer. */
#pragma GCC diagnostic ignored "-Woverlength-strings"
#include "base/array.h"
#include "tests/unit/wire_golden.inc"

#define GOLDENS_COUNT (COUNT(goldens))
#define ID_TEXT       "0198c0de-0000-7000-8000-00000000002a"

struct fixture {
	struct arena arena;
	struct buf buf;
	struct err err;
};

static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	assert_non_null(fixture);
	assert_int_equal(arena_init(&fixture->arena, 1 << 20, &fixture->err), 0);
	buf_init(&fixture->buf, 1 << 20);
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

/* A block of exactly this size, so that the sanitizer sees every byte that is read beyond it. Freed by the caller. */
static char *exact_copy(const void *bytes, size_t size)
{
	char *copy = malloc(size > 0 ? size : 1);

	assert_non_null(copy);
	memcpy(copy, bytes, size);
	return copy;
}

/* The golden's framed bytes. Freed by the caller. */
static char *golden_value(const struct golden *golden, size_t *ret_size)
{
	size_t size = strlen(golden->avro_hex) / 2;
	char *value = malloc(FRAME_SIZE + size);

	assert_non_null(value);
	memcpy(value, (char[]){ 0, 0, 0, (char)(golden->schema_id >> 8), (char)golden->schema_id }, FRAME_SIZE);
	assert_true(hex_to_bytes(value + FRAME_SIZE, size, str_of(golden->avro_hex)));
	*ret_size = FRAME_SIZE + size;
	return value;
}

static int decode(struct fixture *fixture, const char *value, size_t size, const struct message_type **ret_type,
		  const void **ret_body)
{
	arena_reset(&fixture->arena);
	return coder_decode((struct str){ .data = value, .size = size }, &fixture->arena, ret_type, ret_body, &fixture->err);
}

/* ---- against another implementation ---- */

static void test_coder__another_implementations_bytes_decode_to_the_same_values(void **state)
{
	struct fixture *fixture = *state;

	for (size_t i = 0; i < GOLDENS_COUNT; i++) {
		const struct message_type *type;
		const void *body;
		size_t size;
		char *value = golden_value(&goldens[i], &size);

		if (decode(fixture, value, size, &type, &body) != 0)
			fail_msg("%s: %s", goldens[i].name, fixture->err.text);
		assert_string_equal(type->record.name, goldens[i].name);
		buf_reset(&fixture->buf);
		json_write_message(&fixture->buf, type, body);
		buf_add_u8(&fixture->buf, 0);
		assert_string_equal((const char *)fixture->buf.data, goldens[i].json);
		free(value);
	}
}

static void test_coder__the_same_values_encode_to_another_implementations_bytes(void **state)
{
	struct fixture *fixture = *state;

	for (size_t i = 0; i < GOLDENS_COUNT; i++) {
		const struct message_type *type = message_by_name(str_of(goldens[i].name));
		const void *body;
		size_t size;
		char *value;

		if (goldens[i].schema_id != type->schema_id && type->kind == MESSAGE_EVENT)
			continue; /* an older version: read, and never written */
		arena_reset(&fixture->arena);
		buf_reset(&fixture->buf);
		if (json_read_message(str_of(goldens[i].json), type, &fixture->arena, &body, &fixture->err) != 0)
			fail_msg("%s: %s", goldens[i].name, fixture->err.text);
		if (message_written(type, body)->schema_id != goldens[i].schema_id)
			continue; /* a command that an older version can say */
		value = golden_value(&goldens[i], &size);
		assert_int_equal(coder_encode(type, body, &fixture->buf, &fixture->err), 0);
		assert_int_equal(fixture->buf.size, size);
		assert_memory_equal(fixture->buf.data, value, size);
		free(value);
	}
}

static void test_coder__every_version_of_a_message_has_a_golden(void **state)
{
	(void)state;
	for (const struct message_version *const *version = message_versions; *version != NULL; version++) {
		bool found = false;

		for (size_t i = 0; i < GOLDENS_COUNT; i++)
			found |= goldens[i].schema_id == (*version)->schema_id;
		if (!found)
			fail_msg("%s: tests/unit/wire_golden.py does not print it", (*version)->dataschema);
	}
}

/* ---- versions ---- */

static const struct golden *golden_of(const struct message_version *version)
{
	for (size_t i = 0; i < GOLDENS_COUNT; i++)
		if (goldens[i].schema_id == version->schema_id)
			return &goldens[i];
	fail_msg("%s has no golden", version->dataschema);
	return NULL;
}

static void test_coder__all_versions_have_one_type_and_the_newest_is_written(void **state)
{
	(void)state;
	assert_int_equal(debt_paid_type.versions_count, 3);
	for (const struct message_version *const *version = message_versions; *version != NULL; version++) {
		const struct message_type *type = (*version)->type;

		assert_ptr_equal(message_version_by_id((*version)->schema_id), *version);
		assert_ptr_equal(message_by_schema_id((*version)->schema_id), type);
		assert_ptr_equal(&type->versions[(*version)->number - 1], *version);
		assert_int_equal((*version)->record.size, type->record.size);
	}
	for (const struct message_type *const *type = message_types; *type != NULL; type++)
		assert_int_equal(message_newest(*type)->schema_id, (*type)->schema_id);
}

static void test_coder__an_older_version_is_the_newest_struct_without_what_it_lacks(void **state)
{
	struct fixture *fixture = *state;
	const struct message_type *type;
	const struct debt_paid *paid;
	const void *body;
	size_t size;
	char *value = golden_value(golden_of(&debt_paid_type.versions[0]), &size);
	struct debt_paid newer;

	assert_int_equal(decode(fixture, value, size, &type, &body), 0);
	free(value);
	paid = body;
	assert_ptr_equal(type, &debt_paid_type);
	assert_false(paid->has_booked_on);

	newer = *paid;
	newer.has_booked_on = true;
	newer.booked_on = 20000;
	buf_reset(&fixture->buf);
	assert_int_equal(coder_encode(type, &newer, &fixture->buf, &fixture->err), 0);
	value = exact_copy(fixture->buf.data, fixture->buf.size);
	assert_int_equal(decode(fixture, value, fixture->buf.size, &type, &body), 0);
	free(value);
	paid = body;
	assert_ptr_equal(type, &debt_paid_type);
	assert_true(paid->has_booked_on);
	assert_int_equal(paid->booked_on, 20000);
	assert_int_equal(paid->paid_on, newer.paid_on);
	assert_true(uuid_equal(&paid->debt_id, &newer.debt_id));
}

/* Who repeats a command repeats its bytes, also when the message has grown: else it would be another content under the same id.
 */
static void test_coder__a_command_is_written_in_the_oldest_version_that_can_say_it(void **state)
{
	struct fixture *fixture = *state;
	struct record_payment payment = { .source = STR("bank-1"),
					  .external_ref = STR("P-1"),
					  .amount_minor = 1,
					  .currency = STR("EUR"),
					  .method = STR("card") };
	uint32_t schema_id = 0;

	for (int round = 0; round < 2; round++) {
		payment.has_reason = round == 1;
		payment.reason = STR("an advance");
		buf_reset(&fixture->buf);
		assert_int_equal(coder_encode(&record_payment_type, &payment, &fixture->buf, &fixture->err), 0);
		assert_int_equal(frame_schema_id(buf_str(&fixture->buf), &schema_id, &fixture->err), 0);
		assert_int_equal(schema_id, record_payment_type.versions[round].schema_id);
		assert_ptr_equal(message_written(&record_payment_type, &payment), &record_payment_type.versions[round]);
	}
}

/* The bytes of one under the id of the other: too many, or cut short. */
static void test_coder__the_frame_says_which_version_the_bytes_are(void **state)
{
	struct fixture *fixture = *state;
	const struct message_version *versions = debt_paid_type.versions;
	const struct message_type *type;
	const void *body;
	size_t size;
	char *value = golden_value(golden_of(&versions[1]), &size);

	value[3] = (char)(versions[0].schema_id >> 8);
	value[4] = (char)versions[0].schema_id;
	assert_int_equal(decode(fixture, value, size, &type, &body), -1);
	assert_int_equal(fixture->err.kind, ERR_POISON);
	assert_non_null(strstr(fixture->err.text, "bytes too many"));
	free(value);
	value = golden_value(golden_of(&versions[0]), &size);
	value[3] = (char)(versions[1].schema_id >> 8);
	value[4] = (char)versions[1].schema_id;
	assert_int_equal(decode(fixture, value, size, &type, &body), -1);
	assert_int_equal(fixture->err.kind, ERR_POISON);
	assert_string_equal(fixture->err.text, "DebtPaid.booked_on: cut short");
	free(value);
}

/* ---- what is not a message ---- */

static void test_coder__every_truncation_of_a_message_is_refused(void **state)
{
	struct fixture *fixture = *state;

	for (size_t i = 0; i < GOLDENS_COUNT; i++) {
		size_t size;
		char *value = golden_value(&goldens[i], &size);

		for (size_t cut = 0; cut < size; cut++) {
			const struct message_type *type;
			const void *body;
			char *copy = exact_copy(value, cut);

			assert_int_equal(decode(fixture, copy, cut, &type, &body), -1);
			assert_int_equal(fixture->err.kind, ERR_POISON);
			assert_int_equal(fixture->arena.used, 0);
			free(copy);
		}
		free(value);
	}
}

static void test_coder__bytes_behind_the_message_are_refused(void **state)
{
	struct fixture *fixture = *state;
	const struct message_type *type;
	const void *body;
	size_t size;
	char *value = golden_value(&goldens[0], &size);
	char *longer = malloc(size + 1);

	assert_non_null(longer);
	memcpy(longer, value, size);
	longer[size] = 0;
	assert_int_equal(decode(fixture, longer, size + 1, &type, &body), -1);
	assert_non_null(strstr(fixture->err.text, "1 bytes too many"));
	free(longer);
	free(value);
}

static size_t fields_of(const char *value)
{
	uint32_t schema_id = 0;

	assert_int_equal(frame_schema_id((struct str){ .data = value, .size = FRAME_SIZE }, &schema_id, &(struct err)ERR_INIT),
			 0);
	return message_version_by_id(schema_id)->record.fields_count;
}

/* What decodes must encode: nothing comes in that could not have been ours. An older version gains a byte for each field that it
 * lacks: null, or no items. */
static void refuse_or_encode(struct fixture *fixture, const char *value, size_t size)
{
	const struct message_type *type;
	const void *body;
	char *copy = exact_copy(value, size);
	int result;

	arena_reset(&fixture->arena);
	avro_compare_reading((struct str){ .data = copy, .size = size }, &fixture->arena);
	result = decode(fixture, copy, size, &type, &body);
	free(copy); /* the struct does not borrow from the bytes */
	if (result != 0) {
		assert_int_equal(fixture->err.kind, ERR_POISON);
		return;
	}
	buf_reset(&fixture->buf);
	assert_int_equal(coder_encode(type, body, &fixture->buf, &fixture->err), 0);
	assert_true(fixture->buf.size <= size + type->record.fields_count - fields_of(value));
}

static void test_coder__every_mutated_byte_is_refused_or_harmless(void **state)
{
	static const unsigned char flips[] = { 0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80, 0xFF, 0x7F };
	struct fixture *fixture = *state;

	for (size_t i = 0; i < GOLDENS_COUNT; i++) {
		size_t size;
		char *value = golden_value(&goldens[i], &size);

		for (size_t at = 0; at < size; at++) {
			for (size_t flip = 0; flip < sizeof(flips); flip++) {
				char before = value[at];

				value[at] = (char)(before ^ flips[flip]);
				refuse_or_encode(fixture, value, size);
				value[at] = before;
			}
		}
		free(value);
	}
}

static void test_coder__random_bytes_are_refused_or_harmless(void **state)
{
	struct fixture *fixture = *state;
	uint64_t random = 88172645463325252u; /* xorshift64 */

	for (const struct message_version *const *version = message_versions; *version != NULL; version++) {
		for (unsigned round = 0; round < 500; round++) {
			uint32_t id = (*version)->schema_id;
			char value[FRAME_SIZE + 64] = { 0, 0, 0, (char)(id >> 8), (char)id };
			size_t size = FRAME_SIZE + round % 65;

			for (size_t at = FRAME_SIZE; at < size; at++) {
				random ^= random << 13;
				random ^= random >> 7;
				random ^= random << 17;
				/* Small numbers often, so that some fields are passed. */
				value[at] = (char)(random & 0x100 ? random : random & 0x0F);
			}
			refuse_or_encode(fixture, value, size);
		}
	}
}

static void refuse_frame(struct fixture *fixture, const char *value, size_t size, const char *text)
{
	const struct message_type *type;
	const void *body;

	assert_int_equal(decode(fixture, value, size, &type, &body), -1);
	assert_int_equal(fixture->err.kind, ERR_POISON);
	assert_string_equal(fixture->err.text, text);
}

static void test_coder__what_has_no_frame_is_refused(void **state)
{
	struct fixture *fixture = *state;

	refuse_frame(fixture, "", 0, "no frame: 0 bytes");
	refuse_frame(fixture, "\0\0\0\3", 4, "no frame: 4 bytes");
	refuse_frame(fixture, "{\"a\":1}", 7, "no frame: the first byte is 123");
	refuse_frame(fixture, "\0\0\0\0\21", 5, "unknown schema id 17");
	refuse_frame(fixture, "\0\377\377\377\377", 5, "unknown schema id 4294967295");
	refuse_frame(fixture, "\0\0\0\0\0", 5, "unknown schema id 0");
}

/* ---- what another implementation lets through or breaks at, one by one ---- */

static void add_long(struct buf *buf, int64_t number)
{
	uint64_t zigzag = (uint64_t)number << 1 ^ (number < 0 ? UINT64_MAX : 0);

	for (; zigzag >= 0x80; zigzag >>= 7)
		buf_add_u8(buf, (uint8_t)(zigzag | 0x80));
	buf_add_u8(buf, (uint8_t)zigzag);
}

static void add_text(struct buf *buf, const char *text)
{
	add_long(buf, (int64_t)strlen(text));
	buf_add_text(buf, text);
}

/* The bytes behind the frame of a first version. Freed by the caller. */
static char *framed_copy(const struct fixture *fixture, const struct message_type *type)
{
	char *value = malloc(FRAME_SIZE + fixture->buf.size);
	uint32_t id = type->versions[0].schema_id;

	assert_non_null(value);
	memcpy(value, (char[]){ 0, 0, 0, (char)(id >> 8), (char)id }, FRAME_SIZE);
	memcpy(value + FRAME_SIZE, fixture->buf.data, fixture->buf.size);
	return value;
}

/* What was written as a first version is refused with this text; NULL: it is taken. avro-c and its check say the same. */
static void assert_check(struct fixture *fixture, const struct message_type *type, const char *text)
{
	struct str value = { .data = framed_copy(fixture, type), .size = FRAME_SIZE + fixture->buf.size };
	const struct message_type *read_type;
	const void *body;

	fixture->err.text[0] = '\0';
	assert_int_equal(decode(fixture, value.data, value.size, &read_type, &body), text == NULL ? 0 : -1);
	assert_string_equal(fixture->err.text, text == NULL ? "" : text);
	assert_true(text == NULL || fixture->arena.used == 0);
	avro_compare_reading(value, &fixture->arena);
	free((char *)(uintptr_t)value.data);
}

/* A ReversePayment up to its last field, the reason. */
static void begin_reversal(struct fixture *fixture)
{
	buf_reset(&fixture->buf);
	add_text(&fixture->buf, ID_TEXT);
	add_text(&fixture->buf, ID_TEXT);
}

static void test_coder__a_string_longer_than_the_bytes_left_is_refused(void **state)
{
	struct fixture *fixture = *state;
	static const int64_t sizes[] = { 7, 100000, INT64_MAX, 33 };

	for (size_t i = 0; i < COUNT(sizes); i++) {
		begin_reversal(fixture);
		add_long(&fixture->buf, sizes[i]);
		buf_add_text(&fixture->buf, "recall");
		assert_check(fixture, &reverse_payment_type, "ReversePayment.reason: cut short");
	}
}

static void test_coder__a_negative_length_is_refused(void **state)
{
	struct fixture *fixture = *state;
	static const int64_t sizes[] = { -1, -6, INT64_MIN };

	for (size_t i = 0; i < COUNT(sizes); i++) {
		begin_reversal(fixture);
		add_long(&fixture->buf, sizes[i]);
		buf_add_text(&fixture->buf, "recall");
		assert_check(fixture, &reverse_payment_type, "ReversePayment.reason: negative length");
	}
}

static void test_coder__a_string_over_its_own_limit_is_refused(void **state)
{
	struct fixture *fixture = *state;

	begin_reversal(fixture);
	add_text(&fixture->buf, "32 bytes are the limit of reason");
	assert_check(fixture, &reverse_payment_type, NULL);
	begin_reversal(fixture);
	add_text(&fixture->buf, "33 bytes are over the limit of it");
	assert_check(fixture, &reverse_payment_type, "ReversePayment.reason: too long");
	begin_reversal(fixture); /* characters count, and not their bytes */
	add_text(&fixture->buf, "\u6f22\u6f22\u6f22\u6f22\u6f22\u6f22\u6f22\u6f22 is 33 bytes");
	assert_check(fixture, &reverse_payment_type, NULL);
	begin_reversal(fixture);
	add_text(&fixture->buf, "\u6f22\u6f22\u6f22\u6f22\u6f22\u6f22\u6f22\u6f22 is of 33 characters, now");
	assert_check(fixture, &reverse_payment_type, "ReversePayment.reason: too long");
}

static void test_coder__what_postgresql_refuses_as_text_is_refused(void **state)
{
	static const struct str bad[] = {
		{ "a\0b", 3 },
		{ "\0", 1 },
		{ "\xFF", 1 },
		{ "\xC3", 1 },
		{ "\xC0\xAF", 2 },
		{ "\xE0\x80\xAF", 3 },
		{ "\xED\xA0\x80", 3 },
		{ "\xF4\x90\x80\x80", 4 },
		{ "\xF8\x88\x80\x80", 4 },
		{ "plain \xE4", 7 },
	};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < COUNT(bad); i++) {
		begin_reversal(fixture);
		add_long(&fixture->buf, (int64_t)bad[i].size);
		buf_add_str(&fixture->buf, bad[i]);
		assert_check(fixture, &reverse_payment_type, "ReversePayment.reason: not UTF-8, or holds a NUL");
	}
}

static void test_coder__an_id_that_is_no_uuid_is_refused(void **state)
{
	static const char *const bad[] = { "", "x", "0198c0de-0000-7000-8000-00000000002",
					   "0198c0de00000000700080000000000000002a", "0198c0de-0000-7000-8000-00000000002g" };
	struct fixture *fixture = *state;

	for (size_t i = 0; i < COUNT(bad); i++) {
		buf_reset(&fixture->buf);
		add_text(&fixture->buf, bad[i]);
		add_text(&fixture->buf, ID_TEXT);
		add_text(&fixture->buf, "recall");
		assert_check(fixture, &reverse_payment_type,
			     strlen(bad[i]) > UUID_TEXT_SIZE ? "ReversePayment.payment_id: too long"
							     : "ReversePayment.payment_id: not a UUID");
	}
}

/* A CommandRejected up to its last field, the boolean. */
static void begin_rejection(struct fixture *fixture)
{
	begin_reversal(fixture);
	add_text(&fixture->buf, "RecordPayment");
	add_text(&fixture->buf, "bad_amount");
	add_text(&fixture->buf, "amount_minor");
	add_text(&fixture->buf, "");
}

static void test_coder__a_boolean_is_0_or_1(void **state)
{
	struct fixture *fixture = *state;

	for (unsigned byte = 0; byte < 256; byte++) {
		begin_rejection(fixture);
		buf_add_u8(&fixture->buf, (uint8_t)byte);
		assert_check(fixture, &command_rejected_type, byte <= 1 ? NULL : "CommandRejected.retriable: not a boolean");
	}
}

static void test_coder__a_union_branch_is_0_or_1(void **state)
{
	static const int64_t branches[] = { -1, 2, 3, INT64_MAX, INT64_MIN };
	struct fixture *fixture = *state;

	for (size_t i = 0; i < COUNT(branches); i++) {
		buf_reset(&fixture->buf);
		add_text(&fixture->buf, ID_TEXT);
		add_long(&fixture->buf, branches[i]);
		add_text(&fixture->buf, "email");
		add_text(&fixture->buf, "link");
		add_long(&fixture->buf, 0);
		add_long(&fixture->buf, 0);
		assert_check(fixture, &withdraw_consent_type, "WithdrawConsent.channel: union branch out of range");
	}
}

/* Numbers of more than 64 bits, or of more than 32 where the schema says int. CustomerUpdated's version; RecordDispatch's
 * attempt. */
static void test_coder__a_number_that_does_not_fit_is_refused(void **state)
{
	struct fixture *fixture = *state;

	buf_reset(&fixture->buf);
	add_text(&fixture->buf, ID_TEXT);
	buf_add(&fixture->buf, "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x02", 10);
	assert_check(fixture, &customer_updated_type, "CustomerUpdated.version: number over 64 bits");
	fixture->buf.size -= 1;
	buf_add(&fixture->buf, "\x80\x80\x80\x80", 4);
	assert_check(fixture, &customer_updated_type, "CustomerUpdated.version: number over 64 bits");
	begin_reversal(fixture);
	add_long(&fixture->buf, INT64_C(2147483648));
	assert_check(fixture, &record_dispatch_type, "RecordDispatch.attempt: number out of range");
	begin_reversal(fixture);
	add_long(&fixture->buf, INT64_C(-2147483649));
	assert_check(fixture, &record_dispatch_type, "RecordDispatch.attempt: number out of range");
	begin_reversal(fixture);
	add_long(&fixture->buf, INT32_MAX);
	assert_check(fixture, &record_dispatch_type, "RecordDispatch.outcome: cut short");
}

/* An UpdateCustomer's birth date; a WithdrawConsent's instant. */
static void test_coder__dates_and_instants_are_in_the_years_1_to_9999(void **state)
{
	static const struct {
		int64_t day;
		bool good;
	} days[] = { { -719162, true }, { -719163, false }, { 2932896, true }, { 2932897, false }, { INT32_MAX, false } };
	static const struct {
		int64_t instant_ms;
		bool good;
	} instants[] = { { -62135596800000, true },  { -62135596800001, false }, { 253402300799999, true },
			 { 253402300800000, false }, { INT64_MIN, false },       { INT64_MAX, false } };
	struct fixture *fixture = *state;

	for (size_t i = 0; i < COUNT(days); i++) {
		buf_reset(&fixture->buf);
		add_text(&fixture->buf, ID_TEXT);
		buf_add(&fixture->buf, "\0\0\2", 3); /* no version, no name, a birth date */
		add_long(&fixture->buf, days[i].day);
		buf_add(&fixture->buf, "\0\0\0\0", 4);
		assert_check(fixture, &update_customer_type,
			     days[i].good ? NULL : "UpdateCustomer.birth_date: number out of range");
	}
	for (size_t i = 0; i < COUNT(instants); i++) {
		buf_reset(&fixture->buf);
		add_text(&fixture->buf, ID_TEXT);
		add_long(&fixture->buf, 0);
		add_text(&fixture->buf, "link");
		add_long(&fixture->buf, 0);
		add_long(&fixture->buf, instants[i].instant_ms);
		assert_check(fixture, &withdraw_consent_type,
			     instants[i].good ? NULL : "WithdrawConsent.withdrawn_at: number out of range");
	}
}

/* ---- arrays: `changed` of CustomerUpdated holds at most 8 ---- */

static void begin_update(struct fixture *fixture)
{
	buf_reset(&fixture->buf);
	add_text(&fixture->buf, ID_TEXT);
	add_long(&fixture->buf, 3);
}

static void end_update(struct fixture *fixture)
{
	add_text(&fixture->buf, "de-DE");
	add_text(&fixture->buf, "DE");
	buf_add(&fixture->buf, "\0\0", 2);
}

static void add_items(struct fixture *fixture, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		add_text(&fixture->buf, "locale");
}

static void test_coder__an_array_over_its_limit_is_refused(void **state)
{
	static const int64_t counts[] = { 9, 1 << 28, INT64_MAX, INT64_MIN };
	struct fixture *fixture = *state;

	for (size_t i = 0; i < COUNT(counts); i++) {
		begin_update(fixture);
		add_long(&fixture->buf, counts[i]);
		if (counts[i] < 0)
			add_long(&fixture->buf, 63);
		add_items(fixture, 9);
		add_long(&fixture->buf, 0);
		end_update(fixture);
		assert_check(fixture, &customer_updated_type, "CustomerUpdated.changed: too many items");
	}
}

static void test_coder__the_limit_of_an_array_counts_over_all_blocks(void **state)
{
	struct fixture *fixture = *state;

	for (unsigned last = 3; last <= 4; last++) {
		begin_update(fixture);
		add_long(&fixture->buf, 5);
		add_items(fixture, 5);
		add_long(&fixture->buf, last);
		add_items(fixture, last);
		add_long(&fixture->buf, 0);
		end_update(fixture);
		assert_check(fixture, &customer_updated_type, last == 3 ? NULL : "CustomerUpdated.changed: too many items");
	}
}

/* Writers may put a block's size in bytes behind a negative count; readers that skip rely on it. */
static void test_coder__a_block_has_the_size_it_says(void **state)
{
	static const int64_t sizes[] = { 14, 13, 15, 0, -14, INT64_MAX, INT64_MIN };
	struct fixture *fixture = *state;

	for (size_t i = 0; i < COUNT(sizes); i++) {
		begin_update(fixture);
		add_long(&fixture->buf, -2);
		add_long(&fixture->buf, sizes[i]);
		add_items(fixture, 2);
		add_long(&fixture->buf, 0);
		end_update(fixture);
		assert_check(fixture, &customer_updated_type, i == 0 ? NULL : "CustomerUpdated.changed: wrong block size");
	}
}

static void test_coder__blocks_of_both_forms_decode_to_one_array(void **state)
{
	struct fixture *fixture = *state;
	const struct customer_updated *event;
	const struct message_type *type;
	const void *body;

	begin_update(fixture);
	add_long(&fixture->buf, -2);
	add_long(&fixture->buf, 14);
	add_items(fixture, 2);
	add_long(&fixture->buf, 1);
	add_text(&fixture->buf, "region");
	add_long(&fixture->buf, 0);
	end_update(fixture);
	assert_non_null(buf_reserve(&fixture->buf, FRAME_SIZE));
	memmove(fixture->buf.data + FRAME_SIZE, fixture->buf.data, fixture->buf.size);
	memcpy(fixture->buf.data, (char[]){ 0, 0, 0, 1122 >> 8, 1122 & 0xFF }, FRAME_SIZE);
	assert_int_equal(decode(fixture, (const char *)fixture->buf.data, fixture->buf.size + FRAME_SIZE, &type, &body), 0);
	event = body;
	assert_int_equal(event->changed_count, 3);
	assert_true(str_is(event->changed[1], "locale"));
	assert_true(str_is(event->changed[2], "region"));
	assert_true(str_is(event->country, "DE"));
}

/* No block says how many items will come, so an array that goes on is moved: to a piece twice as large, so that the smallest blocks
 * cannot fill the arena. */
static void test_coder__an_array_of_many_blocks_takes_a_bounded_piece_of_the_arena(void **state)
{
	struct fixture *fixture = *state;
	const struct consent_withdrawn *event;
	const struct message_type *type;
	const void *body;
	char *value;

	buf_reset(&fixture->buf);
	add_text(&fixture->buf, ID_TEXT);
	add_long(&fixture->buf, 1);
	add_long(&fixture->buf, 0); /* no channel */
	add_text(&fixture->buf, "keyword");
	add_long(&fixture->buf, 0); /* no keyword */
	add_long(&fixture->buf, 20000);
	for (unsigned i = 0; i < 256; i++) {
		add_long(&fixture->buf, 1);
		add_text(&fixture->buf, ID_TEXT);
		add_text(&fixture->buf, "");
		add_long(&fixture->buf, 20000);
		add_long(&fixture->buf, i);
	}
	add_long(&fixture->buf, 0);
	value = framed_copy(fixture, &consent_withdrawn_type);
	assert_int_equal(decode(fixture, value, FRAME_SIZE + fixture->buf.size, &type, &body), 0);
	free(value);
	event = body;
	assert_int_equal(event->cancelled_count, 256);
	for (unsigned i = 0; i < 256; i++)
		assert_int_equal(event->cancelled[i].version, i);
	assert_true(fixture->arena.used < sizeof(*event) + 256 * (3 * sizeof(event->cancelled[0]) + 2));
}

/* A count alone takes no memory: each item has a byte at least, so more items than bytes are none. */
static void test_coder__items_that_cannot_be_there_take_no_memory(void **state)
{
	struct fixture *fixture = *state;
	size_t peak;

	begin_update(fixture);
	add_long(&fixture->buf, 8);
	add_text(&fixture->buf, "locale");
	fixture->arena.peak = 0;
	assert_check(fixture, &customer_updated_type, "CustomerUpdated.changed: cut short");
	peak = fixture->arena.peak;
	assert_true(peak < sizeof(struct customer_updated) + 16);
}

/* The name of the innermost field, so that a person finds it. */
static void test_coder__a_fault_in_a_nested_record_names_its_field(void **state)
{
	struct fixture *fixture = *state;
	struct template_parameter parameter = { .name = STR("amount"), .value = STR("\xFF") };
	struct send_communication command = { .parameters = &parameter, .parameters_count = 1 };

	buf_reset(&fixture->buf);
	assert_int_equal(coder_encode(&send_communication_type, &command, &fixture->buf, &fixture->err), -1);
	assert_string_equal(fixture->err.text, "SendCommunication.value: not UTF-8, or holds a NUL");
}

/* ---- our own output ---- */

static void refuse_payment(struct fixture *fixture, const struct record_payment *command, const char *text)
{
	buf_reset(&fixture->buf);
	fixture->err.kind = ERR_NONE;
	assert_int_equal(coder_encode(&record_payment_type, command, &fixture->buf, &fixture->err), -1);
	assert_int_equal(fixture->err.kind, ERR_POISON);
	assert_string_equal(fixture->err.text, text);
	assert_int_equal(fixture->buf.size, 0);
}

static void test_coder__our_own_structs_are_checked_too(void **state)
{
	struct fixture *fixture = *state;
	struct record_payment command = { .currency = STR("EUR") };

	command.currency = STR("EURO EURO");
	refuse_payment(fixture, &command, "RecordPayment.currency: too long");
	command.currency = STR("\u20ac\u20ac\u20ac\u20ac\u20ac\u20ac\u20ac\u20ac\u20ac");
	refuse_payment(fixture, &command, "RecordPayment.currency: too long");
	command.currency = STR("EU\0");
	refuse_payment(fixture, &command, "RecordPayment.currency: not UTF-8, or holds a NUL");
	command.currency = STR("EUR");
	command.received_on = 2932897;
	refuse_payment(fixture, &command, "RecordPayment.received_on: number out of range");
}

static void test_coder__too_many_items_of_ours_are_refused(void **state)
{
	static const struct uuid ids[33];
	struct fixture *fixture = *state;
	struct send_communication command = { .debt_ids = ids, .debt_ids_count = 33 };

	buf_reset(&fixture->buf);
	assert_int_equal(coder_encode(&send_communication_type, &command, &fixture->buf, &fixture->err), -1);
	assert_string_equal(fixture->err.text, "SendCommunication.debt_ids: too many items");
	command.debt_ids_count = 32;
	assert_int_equal(coder_encode(&send_communication_type, &command, &fixture->buf, &fixture->err), 0);
}

/* More than 63 items: the count takes two bytes. avro-c writes the same. */
static void test_coder__a_long_array_comes_back(void **state)
{
	static struct cancelled_communication cancelled[256];
	struct fixture *fixture = *state;
	struct consent_withdrawn event = { .via = STR("keyword"), .cancelled = cancelled, .cancelled_count = 256 };
	const struct consent_withdrawn *back;
	const struct message_type *type;
	const void *body;

	for (unsigned i = 0; i < 256; i++) {
		cancelled[i].channel = STR("sms");
		cancelled[i].version = INT64_MIN + i;
		cancelled[i].communication_id.bytes[15] = (uint8_t)i;
	}
	buf_reset(&fixture->buf);
	assert_int_equal(coder_encode(&consent_withdrawn_type, &event, &fixture->buf, &fixture->err), 0);
	avro_compare_writing(&consent_withdrawn_type, &event, buf_str(&fixture->buf));
	assert_int_equal(decode(fixture, (const char *)fixture->buf.data, fixture->buf.size, &type, &body), 0);
	back = body;
	assert_int_equal(back->cancelled_count, 256);
	assert_int_equal(back->cancelled[255].communication_id.bytes[15], 255);
	assert_true(back->cancelled[255].version == INT64_MIN + 255);
	assert_false(back->has_channel);
}

/* Values are reused: nothing of a message may be seen in the next. */
static void test_coder__a_message_leaves_nothing_to_the_next(void **state)
{
	struct fixture *fixture = *state;
	struct withdraw_consent full = {
		.has_channel = true, .channel = STR("email"), .via = STR("keyword"), .has_keyword = true, .keyword = STR("STOP")
	};
	struct withdraw_consent empty = { .via = STR("") };
	const struct withdraw_consent *back;
	const struct message_type *type;
	const void *body;

	buf_reset(&fixture->buf);
	assert_int_equal(coder_encode(&withdraw_consent_type, &full, &fixture->buf, &fixture->err), 0);
	assert_int_equal(decode(fixture, (const char *)fixture->buf.data, fixture->buf.size, &type, &body), 0);
	buf_reset(&fixture->buf);
	assert_int_equal(coder_encode(&withdraw_consent_type, &empty, &fixture->buf, &fixture->err), 0);
	assert_int_equal(decode(fixture, (const char *)fixture->buf.data, fixture->buf.size, &type, &body), 0);
	back = body;
	assert_false(back->has_channel);
	assert_false(back->has_keyword);
	assert_int_equal(back->channel.size, 0);
	assert_int_equal(back->via.size, 0);
}

static void test_coder__a_message_that_does_not_fit_leaves_buffer_and_arena_as_they_were(void **state)
{
	struct fixture *fixture = *state;
	struct reverse_payment command = { .reason = STR("recall") };
	const struct message_type *type;
	const void *body;
	struct arena small = { 0 };
	struct buf tight;

	buf_init(&tight, FRAME_SIZE + 74 + 6);
	assert_int_equal(coder_encode(&reverse_payment_type, &command, &tight, &fixture->err), -1);
	assert_int_equal(tight.size, 0);
	buf_release(&tight);
	buf_init(&tight, FRAME_SIZE + 74 + 7);
	assert_int_equal(coder_encode(&reverse_payment_type, &command, &tight, &fixture->err), 0);
	assert_int_equal(arena_init(&small, sizeof(command) + 4, &fixture->err), 0);
	assert_int_equal(coder_decode(buf_str(&tight), &small, &type, &body, &fixture->err), -1);
	assert_int_equal(fixture->err.kind, ERR_POISON);
	assert_int_equal(small.used, 0);
	arena_release(&small);
	buf_release(&tight);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_coder__another_implementations_bytes_decode_to_the_same_values),
		cmocka_unit_test(test_coder__the_same_values_encode_to_another_implementations_bytes),
		cmocka_unit_test(test_coder__every_version_of_a_message_has_a_golden),
		cmocka_unit_test(test_coder__all_versions_have_one_type_and_the_newest_is_written),
		cmocka_unit_test(test_coder__a_command_is_written_in_the_oldest_version_that_can_say_it),
		cmocka_unit_test(test_coder__an_older_version_is_the_newest_struct_without_what_it_lacks),
		cmocka_unit_test(test_coder__the_frame_says_which_version_the_bytes_are),
		cmocka_unit_test(test_coder__every_truncation_of_a_message_is_refused),
		cmocka_unit_test(test_coder__bytes_behind_the_message_are_refused),
		cmocka_unit_test(test_coder__every_mutated_byte_is_refused_or_harmless),
		cmocka_unit_test(test_coder__random_bytes_are_refused_or_harmless),
		cmocka_unit_test(test_coder__what_has_no_frame_is_refused),
		cmocka_unit_test(test_coder__a_string_longer_than_the_bytes_left_is_refused),
		cmocka_unit_test(test_coder__a_negative_length_is_refused),
		cmocka_unit_test(test_coder__a_string_over_its_own_limit_is_refused),
		cmocka_unit_test(test_coder__what_postgresql_refuses_as_text_is_refused),
		cmocka_unit_test(test_coder__an_id_that_is_no_uuid_is_refused),
		cmocka_unit_test(test_coder__a_boolean_is_0_or_1),
		cmocka_unit_test(test_coder__a_union_branch_is_0_or_1),
		cmocka_unit_test(test_coder__a_number_that_does_not_fit_is_refused),
		cmocka_unit_test(test_coder__dates_and_instants_are_in_the_years_1_to_9999),
		cmocka_unit_test(test_coder__an_array_over_its_limit_is_refused),
		cmocka_unit_test(test_coder__the_limit_of_an_array_counts_over_all_blocks),
		cmocka_unit_test(test_coder__a_block_has_the_size_it_says),
		cmocka_unit_test(test_coder__blocks_of_both_forms_decode_to_one_array),
		cmocka_unit_test(test_coder__an_array_of_many_blocks_takes_a_bounded_piece_of_the_arena),
		cmocka_unit_test(test_coder__items_that_cannot_be_there_take_no_memory),
		cmocka_unit_test(test_coder__a_fault_in_a_nested_record_names_its_field),
		cmocka_unit_test(test_coder__our_own_structs_are_checked_too),
		cmocka_unit_test(test_coder__too_many_items_of_ours_are_refused),
		cmocka_unit_test(test_coder__a_long_array_comes_back),
		cmocka_unit_test(test_coder__a_message_leaves_nothing_to_the_next),
		cmocka_unit_test(test_coder__a_message_that_does_not_fit_leaves_buffer_and_arena_as_they_were),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
