#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/crypto.h"
#include "worker/chain.h"
#include "worker/dead_letter.h"
#include "worker/keyset.h"

static struct uuid id_of(uint64_t number)
{
	struct uuid id = { .bytes = { 1 } };

	memcpy(id.bytes + 8, &number, sizeof(number));
	return id;
}

/* ---- chain ---- */

static struct chain_row row_of(void)
{
	return (struct chain_row){
		.part = 3,
		.schema_id = 1001,
		.seq = 7,
		.at_ms = 1700000000123,
		.event_id = id_of(1),
		.key = id_of(2),
		.subject = id_of(3),
		.command_id = id_of(4),
		.correlation_id = id_of(5),
		.body = STR("body"),
	};
}

static void test_chain__every_field_counts(void **state)
{
	static const uint8_t genesis[SHA256_SIZE];
	const struct chain_row row = row_of();
	struct chain_row changed[10];
	uint8_t hash[SHA256_SIZE];
	uint8_t other[SHA256_SIZE];

	(void)state;
	for (size_t i = 0; i < 10; i++)
		changed[i] = row;
	changed[0].part++;
	changed[1].schema_id++;
	changed[2].seq++;
	changed[3].at_ms++;
	changed[4].event_id = id_of(9);
	changed[5].key = id_of(9);
	changed[6].subject = id_of(9);
	changed[7].command_id = id_of(9);
	changed[8].correlation_id = id_of(9);
	changed[9].body = STR("bodz");
	chain_hash(hash, genesis, &row);
	for (size_t i = 0; i < 10; i++) {
		chain_hash(other, genesis, &changed[i]);
		assert_memory_not_equal(hash, other, SHA256_SIZE);
	}
}

static void test_chain__the_row_before_counts(void **state)
{
	static const uint8_t genesis[SHA256_SIZE];
	const struct chain_row row = row_of();
	uint8_t first[SHA256_SIZE];
	uint8_t second[SHA256_SIZE];

	(void)state;
	chain_hash(first, genesis, &row);
	chain_hash(second, first, &row);
	assert_memory_not_equal(first, second, SHA256_SIZE);
}

/* The bytes of the header's formula, put together by hand: what another program would hash. */
static void test_chain__is_the_documented_formula(void **state)
{
	static const uint8_t genesis[SHA256_SIZE];
	const struct chain_row row = row_of();
	static const uint8_t numbers[] = { 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 7 };
	static const uint8_t schema[] = { 0, 0, 0x03, 0xe9 };
	static const uint8_t at[] = { 0, 0, 0x01, 0x8b, 0xcf, 0xe5, 0x68, 0x7b };
	struct buf bytes;
	uint8_t expected[SHA256_SIZE];
	uint8_t hash[SHA256_SIZE];

	(void)state;
	buf_init(&bytes, 1024);
	buf_add(&bytes, genesis, sizeof(genesis));
	buf_add(&bytes, numbers, sizeof(numbers));
	buf_add(&bytes, row.event_id.bytes, 16);
	buf_add(&bytes, schema, sizeof(schema));
	buf_add(&bytes, row.key.bytes, 16);
	buf_add(&bytes, row.subject.bytes, 16);
	buf_add(&bytes, row.command_id.bytes, 16);
	buf_add(&bytes, row.correlation_id.bytes, 16);
	buf_add(&bytes, at, sizeof(at));
	buf_add_text(&bytes, "body");
	sha256_pair(expected, buf_str(&bytes), STR(""));
	chain_hash(hash, genesis, &row);
	assert_memory_equal(hash, expected, SHA256_SIZE);
	buf_release(&bytes);
}

/* ---- keyset ---- */

static void test_keyset__has_what_was_added_and_nothing_else(void **state)
{
	struct keyset set;

	(void)state;
	keyset_init(&set, 10000);
	for (uint64_t i = 1; i <= 10000; i++) {
		const struct uuid id = id_of(i * 64); /* all in one place of a small table */

		assert_true(keyset_add(&set, &id));
		assert_true(keyset_add(&set, &id)); /* again is nothing new */
	}
	assert_int_equal(set.count, 10000);
	for (uint64_t i = 1; i <= 10000; i++) {
		const struct uuid in = id_of(i * 64);
		const struct uuid out = id_of(i * 64 + 1);

		assert_true(keyset_has(&set, &in));
		assert_false(keyset_has(&set, &out));
	}
	keyset_clear(&set);
	assert_false(keyset_has(&set, &(struct uuid){ .bytes = { 1 } }));
	keyset_release(&set);
}

static void test_keyset__ends_at_its_limit(void **state)
{
	struct keyset set;
	uint64_t added = 0;

	(void)state;
	keyset_init(&set, 100);
	for (uint64_t i = 1; i <= 100000; i++) {
		const struct uuid id = id_of(i);

		if (!keyset_add(&set, &id))
			break;
		added++;
	}
	assert_in_range(added, 100, 1000);
	keyset_release(&set);
}

/* ---- dead letters ---- */

static void test_headers__come_back_as_they_were(void **state)
{
	const struct header headers[] = {
		{ .name = "ce_id", .value = STR("abc") },
		{ .name = "", .value = STR("a\0b") },
		{ .name = "empty", .value = STR("") },
	};
	struct header back[HEADERS_MAX];
	struct arena arena;
	struct buf packed;
	struct err err = ERR_INIT;
	size_t count = 0;

	(void)state;
	assert_int_equal(arena_init(&arena, 4096, &err), 0);
	buf_init(&packed, 4096);
	headers_pack(&packed, headers, 3);
	assert_int_equal(headers_unpack(buf_str(&packed), &arena, back, &count, &err), 0);
	assert_int_equal(count, 3);
	for (size_t i = 0; i < 3; i++) {
		assert_string_equal(back[i].name, headers[i].name);
		assert_true(str_equal(back[i].value, headers[i].value));
	}
	buf_release(&packed);
	arena_release(&arena);
}

static void test_headers__cut_off_anywhere_are_refused(void **state)
{
	const struct header headers[] = { { .name = "ce_id", .value = STR("abc") } };
	struct header back[HEADERS_MAX];
	struct arena arena;
	struct buf packed;
	struct err err = ERR_INIT;
	size_t count = 0;

	(void)state;
	assert_int_equal(arena_init(&arena, 4096, &err), 0);
	buf_init(&packed, 4096);
	headers_pack(&packed, headers, 1);
	for (size_t size = 1; size < packed.size; size++) {
		const struct str cut = { .data = (const char *)packed.data, .size = size };

		assert_int_equal(headers_unpack(cut, &arena, back, &count, &err), -1);
		assert_int_equal(err.kind, ERR_POISON);
	}
	buf_release(&packed);
	arena_release(&arena);
}

static void test_dead_letter__a_token_keeps_who_it_was_and_loses_what_opens(void **state)
{
	struct header headers[] = { { .name = "ce_id", .value = STR("1.2.3") },
				    { .name = "authorization", .value = STR("Bearer head.claims.signature") },
				    { .name = "Authorization", .value = STR("Basic c2VjcmV0") },
				    { .name = "authorization", .value = STR("head.secret") },
				    { .name = "authorization", .value = STR("") } };

	(void)state;
	headers_cut_tokens(headers, 5);
	assert_true(str_is(headers[0].value, "1.2.3"));
	assert_true(str_is(headers[1].value, "Bearer head.claims."));
	for (size_t i = 2; i < 5; i++)
		assert_true(str_is(headers[i].value, ""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_chain__every_field_counts),
		cmocka_unit_test(test_chain__the_row_before_counts),
		cmocka_unit_test(test_chain__is_the_documented_formula),
		cmocka_unit_test(test_keyset__has_what_was_added_and_nothing_else),
		cmocka_unit_test(test_keyset__ends_at_its_limit),
		cmocka_unit_test(test_dead_letter__a_token_keeps_who_it_was_and_loses_what_opens),
		cmocka_unit_test(test_headers__come_back_as_they_were),
		cmocka_unit_test(test_headers__cut_off_anywhere_are_refused),
	};
	struct err err = ERR_INIT;

	if (crypto_init(&err) < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
