/* What the database keeps of an event's body, and that the published bytes come back of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "schemas/debts.h"
#include "tests/packed_bodies.h"
#include "wire/coder.h"
#include "worker/packed.h"

static struct packed_beside beside;
static struct buf body, packed, unpacked;

static int set_up(void **state)
{
	(void)state;
	beside = (struct packed_beside){ .schema_id = PACKED_SCHEMA_ID, .key = packed_key, .subject = packed_subject };
	buf_init(&body, PACKED_BODY_MAX);
	buf_init(&packed, PACKED_BODY_MAX);
	buf_init(&unpacked, PACKED_BODY_MAX);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	buf_release(&body);
	buf_release(&packed);
	buf_release(&unpacked);
	return 0;
}

static void pack(void)
{
	assert_false(body.overflow);
	buf_reset(&packed);
	packed_write(&packed, buf_str(&body), &beside);
}

static bool unpack(struct str stored)
{
	buf_reset(&unpacked);
	return packed_read(&unpacked, stored, &beside);
}

static void assert_comes_back(void)
{
	pack();
	assert_true(unpack(buf_str(&packed)));
	assert_int_equal(unpacked.size, body.size);
	assert_memory_equal(unpacked.data, body.data, body.size);
}

static void test_packed__every_body_comes_back_and_none_grows(void **state)
{
	size_t smaller = 0;

	(void)state;
	for (uint64_t number = 0; number < PACKED_BODIES; number++) {
		packed_body(&body, number);
		assert_comes_back();
		assert_true(packed.size <= body.size);
		smaller += packed.size < body.size;
	}
	assert_in_range(smaller, PACKED_BODIES / 2, PACKED_BODIES - 1);
}

static void test_packed__a_payment_is_less_than_half(void **state)
{
	const struct payment_recorded recorded = { .payment_id = { .bytes = { 1, 2, 3 } },
						   .customer_id = packed_key,
						   .debt_id = packed_subject,
						   .version = 2,
						   .creditor_id = { .bytes = { 4, 5, 6 } },
						   .source = STR("bank"),
						   .external_ref = STR("2026-11-30/000017"),
						   .method = STR("transfer"),
						   .currency = STR("EUR"),
						   .amount_minor = 12500,
						   .principal_minor = 12500,
						   .balance_minor = 100000 };
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(coder_encode(&payment_recorded_type, &recorded, &body, &err), 0);
	assert_int_equal(frame_schema_id(buf_str(&body), &beside.schema_id, &err), 0);
	assert_comes_back();
	assert_true(packed.size * 2 < body.size);
}

static void test_packed__a_body_that_its_row_does_not_describe_stays_as_it_is(void **state)
{
	(void)state;
	packed_body(&body, 1);
	packed_add_id(&body, &packed_key);
	beside.schema_id++;
	pack();
	assert_int_equal(packed.size, body.size);
	assert_memory_equal(packed.data, body.data, body.size);
}

static void test_packed__rows_of_before_are_as_they_are(void **state)
{
	(void)state;
	packed_body(&body, 1);
	packed_add_id(&body, &packed_key);
	assert_true(unpack(buf_str(&body)));
	assert_int_equal(unpacked.size, body.size);
	assert_memory_equal(unpacked.data, body.data, body.size);
}

/* Each packed body, cut anywhere and with a byte changed anywhere: read within its bounds (the sanitizers watch), or refused. */
static void test_packed__damaged_rows_are_read_within_their_bounds(void **state)
{
	size_t refused = 0, others = 0;

	(void)state;
	for (uint64_t number = 0; number < 40; number++) {
		packed_body(&body, number);
		pack();
		if (packed.data[0] != 1)
			continue;
		for (size_t at = 0; at < packed.size; at++) {
			unsigned char *cut = malloc(at + 1);

			assert_non_null(cut);
			memcpy(cut, packed.data, at + 1);
			cut[at] ^= (unsigned char)(1u << (at + number) % 8);
			if (unpack((struct str){ .data = (const char *)cut, .size = at + 1 }))
				others++;
			else
				refused++;
			free(cut);
		}
	}
	assert_true(refused > 0);
	assert_true(others > 0);
	assert_false(unpack(STR("\x01")));
	assert_false(unpack(STR("\x01\x01")));
	assert_false(unpack(STR("\x01\x01\x01")));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_packed__every_body_comes_back_and_none_grows),
		TEST(test_packed__a_payment_is_less_than_half),
		TEST(test_packed__a_body_that_its_row_does_not_describe_stays_as_it_is),
		TEST(test_packed__rows_of_before_are_as_they_are),
		TEST(test_packed__damaged_rows_are_read_within_their_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
