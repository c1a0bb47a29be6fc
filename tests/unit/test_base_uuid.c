#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdio.h>

#include <cmocka.h>

#include "base/array.h"
#include "base/day.h"
#include "base/uuid.h"
#include "tests/unit/dies.h"

static void test_uuid__text_goes_there_and_back(void **state)
{
	struct uuid id;
	char text[UUID_TEXT_SIZE + 1];

	(void)state;
	assert_true(uuid_parse(&id, STR("0189f7ea-ae2f-7809-8aeb-b819cf5e9e7f")));
	assert_int_equal(id.bytes[0], 0x01);
	assert_int_equal(id.bytes[6], 0x78);
	assert_int_equal(id.bytes[15], 0x7F);
	uuid_format(text, &id);
	assert_string_equal(text, "0189f7ea-ae2f-7809-8aeb-b819cf5e9e7f");
	assert_true(uuid_parse(&id, STR("0189F7EA-AE2F-7809-8AEB-B819CF5E9E7F")));
	uuid_format(text, &id);
	assert_string_equal(text, "0189f7ea-ae2f-7809-8aeb-b819cf5e9e7f");
}

static void test_uuid_parse__refuses_every_other_byte_at_every_place(void **state)
{
	char text[] = "0189f7ea-ae2f-7809-8aeb-b819cf5e9e7f";
	struct uuid id = { .bytes = { 7 } };

	(void)state;
	for (size_t i = 0; i < UUID_TEXT_SIZE; i++) {
		char kept = text[i];

		for (int byte = 0; byte < 256; byte++) {
			bool is_hex =
				(byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'f') || (byte >= 'A' && byte <= 'F');

			text[i] = (char)byte;
			assert_int_equal(uuid_parse(&(struct uuid){ .bytes = { 0 } },
						    (struct str){ .data = text, .size = UUID_TEXT_SIZE }),
					 kept == '-' ? byte == '-' : is_hex);
		}
		text[i] = kept;
	}
	assert_false(uuid_parse(&id, STR("0189f7ea-ae2f-7809-8aeb-b819cf5e9e7")));
	assert_false(uuid_parse(&id, STR("0189f7ea-ae2f-7809-8aeb-b819cf5e9e7f0")));
	assert_false(uuid_parse(&id, STR("{0189f7ea-ae2f-7809-8aeb-b819cf5e9e7")));
	assert_false(uuid_parse(&id, STR("0189f7eaae2f78098aebb819cf5e9e7f")));
	assert_false(uuid_parse(&id, STR("")));
	assert_int_equal(id.bytes[0], 7);
}

static void test_uuid_v7__carries_time_version_and_variant(void **state)
{
	/* RFC 9562, appendix A.6. */
	static const uint8_t random10[10] = { 0x0C, 0xC3, 0x18, 0xC4, 0xDC, 0x0C, 0x0C, 0x07, 0x39, 0x8F };
	static const uint8_t ones[10] = { 255, 255, 255, 255, 255, 255, 255, 255, 255, 255 };
	struct uuid id = uuid_v7(0x017F22E279B0, random10);
	char text[UUID_TEXT_SIZE + 1];

	(void)state;
	uuid_format(text, &id);
	assert_string_equal(text, "017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
	id = uuid_v7(0, ones);
	uuid_format(text, &id);
	assert_string_equal(text, "00000000-0000-7fff-bfff-ffffffffffff");
	id = uuid_v7((INT64_C(1) << 48) - 1, ones);
	assert_int_equal(id.bytes[0], 0xFF);
}

static void test_uuid_v7__ascends_with_time_whatever_the_randomness(void **state)
{
	static const uint8_t zeros[10];
	static const uint8_t ones[10] = { 255, 255, 255, 255, 255, 255, 255, 255, 255, 255 };

	(void)state;
	for (int64_t ms = 1; ms < (INT64_C(1) << 47); ms = ms * 3 + 1) {
		struct uuid earlier = uuid_v7(ms - 1, ones);
		struct uuid later = uuid_v7(ms, zeros);

		assert_true(uuid_compare(&earlier, &later) < 0);
	}
}

static void time_beyond_48_bits(void)
{
	static const uint8_t zeros[10];

	(void)uuid_v7(INT64_C(1) << 48, zeros);
}

static void test_uuid_v7__a_time_that_does_not_fit_is_a_bug(void **state)
{
	(void)state;
	assert_true(dies(time_beyond_48_bits));
}

static void test_uuid_new__ascends_in_a_loop(void **state)
{
	int64_t before = clock_now_ms();
	struct uuid last = uuid_new();
	int64_t stamp = 0;

	(void)state;
	/* Far more than one a millisecond, so most share theirs. */
	for (int i = 0; i < 200000; i++) {
		struct uuid id = uuid_new();

		assert_true(uuid_compare(&last, &id) < 0);
		assert_int_equal(id.bytes[6] >> 4, 7);
		assert_int_equal(id.bytes[8] >> 6, 2);
		last = id;
	}
	for (int i = 0; i < 6; i++)
		stamp = stamp << 8 | last.bytes[i];
	assert_true(stamp >= before);
	assert_true(stamp <= clock_now_ms());
}

static void test_uuid__none_is_all_zero(void **state)
{
	struct uuid id = { .bytes = { 0 } };

	(void)state;
	assert_true(uuid_is_none(&id));
	id.bytes[15] = 1;
	assert_false(uuid_is_none(&id));
	assert_false(uuid_equal(&id, &(struct uuid){ .bytes = { 0 } }));
}

static void test_uuid_hash__ids_are_spread_wherever_they_are_counted(void **state)
{
	(void)state;
	for (size_t at = 0; at + 2 <= 16; at++) {
		bool is_used[1024] = { false };
		size_t used = 0;

		for (unsigned i = 0; i < 1000; i++) {
			struct uuid id = { .bytes = { 0x01, 0x9a, [6] = 0x70, [8] = 0x80 } };

			id.bytes[at] = (uint8_t)(i >> 8);
			id.bytes[at + 1] = (uint8_t)i;
			is_used[uuid_hash(&id) % COUNT(is_used)] = true;
		}
		for (size_t i = 0; i < COUNT(is_used); i++)
			used += is_used[i];
		/* Thrown at random, 1000 leave about 380 of 1024 empty. */
		assert_true(used > 500);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_uuid__text_goes_there_and_back),
		cmocka_unit_test(test_uuid_parse__refuses_every_other_byte_at_every_place),
		cmocka_unit_test(test_uuid_v7__carries_time_version_and_variant),
		cmocka_unit_test(test_uuid_v7__ascends_with_time_whatever_the_randomness),
		cmocka_unit_test(test_uuid_v7__a_time_that_does_not_fit_is_a_bug),
		cmocka_unit_test(test_uuid_new__ascends_in_a_loop),
		cmocka_unit_test(test_uuid__none_is_all_zero),
		cmocka_unit_test(test_uuid_hash__ids_are_spread_wherever_they_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
