#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "tests/unit/dies.h"

static void has(const struct buf *buf, const char *text)
{
	assert_false(buf->overflow);
	assert_int_equal(buf->size, strlen(text));
	assert_memory_equal(buf_str(buf).data, text, buf->size);
}

static void test_buf__an_unwritten_one_is_an_empty_view(void **state)
{
	struct buf buf;

	(void)state;
	buf_init(&buf, 10);
	assert_int_equal(buf_str(&buf).size, 0);
	assert_non_null(buf_str(&buf).data);
	buf_add(&buf, NULL, 0);
	has(&buf, "");
	buf_release(&buf);
	buf_release(&buf);
}

static void test_buf__numbers_are_big_endian(void **state)
{
	static const unsigned char expected[] = { 1, 2, 3, 0xFA, 5, 6, 7, 0xF8, 1, 2, 3, 4, 5, 6, 7 };
	struct buf buf;

	(void)state;
	buf_init(&buf, 100);
	buf_add_u8(&buf, 1);
	buf_add_be16(&buf, 0x0203);
	buf_add_be32(&buf, 0xFA050607);
	buf_add_be64(&buf, 0xF801020304050607);
	assert_int_equal(buf.size, sizeof(expected));
	assert_memory_equal(buf.data, expected, sizeof(expected));
	buf_set_be32(&buf, 3, 0xFFFEFDFC);
	assert_int_equal(buf.data[3], 0xFF);
	assert_int_equal(buf.data[6], 0xFC);
	assert_int_equal(buf.data[7], 0xF8);
	buf_release(&buf);
}

static void test_buf__fills_to_its_limit_exactly(void **state)
{
	struct buf buf;

	(void)state;
	for (size_t size_max = 0; size_max <= 1100; size_max += 275) {
		buf_init(&buf, size_max);
		for (size_t i = 0; i < size_max; i++)
			buf_add_u8(&buf, (uint8_t)i);
		assert_false(buf.overflow);
		assert_int_equal(buf.size, size_max);
		buf_add_u8(&buf, 0);
		assert_true(buf.overflow);
		assert_int_equal(buf.size, size_max);
		for (size_t i = 0; i < size_max; i++)
			assert_int_equal(buf.data[i], i & 0xFF);
		buf_release(&buf);
	}
}

static void test_buf__what_does_not_fit_writes_nothing_until_reset(void **state)
{
	struct buf buf;

	(void)state;
	buf_init(&buf, 8);
	buf_add_text(&buf, "12345");
	buf_add_str(&buf, STR("6789"));
	assert_true(buf.overflow);
	assert_int_equal(buf.size, 5);
	buf_add_text(&buf, "6");
	buf_add_format(&buf, "%d", 6);
	buf_add_u8(&buf, '6');
	assert_null(buf_reserve(&buf, 1));
	assert_int_equal(buf.size, 5);
	buf_set_be32(&buf, 6, 1); // the place was never written: silently nothing
	assert_true(buf.overflow);
	buf_reset(&buf);
	buf_add_text(&buf, "12345678");
	has(&buf, "12345678");
	buf_release(&buf);
}

static void test_buf__a_size_that_wraps_does_not_fit(void **state)
{
	struct buf buf;

	(void)state;
	buf_init(&buf, 100);
	buf_add_text(&buf, "12345");
	assert_null(buf_reserve(&buf, SIZE_MAX));
	assert_true(buf.overflow);
	buf_reset(&buf);
	assert_null(buf_reserve(&buf, SIZE_MAX - 4));
	buf_release(&buf);
}

static void test_buf__reserve_is_filled_by_the_caller(void **state)
{
	struct buf buf;
	unsigned char *place;

	(void)state;
	buf_init(&buf, 1000);
	buf_add_text(&buf, "a");
	place = buf_reserve(&buf, 900);
	memset(place, 'b', 900);
	buf.size += 900;
	buf_add_text(&buf, "c");
	assert_int_equal(buf.size, 902);
	assert_int_equal(buf.data[0], 'a');
	assert_int_equal(buf.data[900], 'b');
	assert_int_equal(buf.data[901], 'c');
	buf_release(&buf);
}

static void test_buf__format_grows_and_keeps_the_limit(void **state)
{
	char long_text[600];
	struct buf buf;

	(void)state;
	memset(long_text, 'x', sizeof(long_text) - 1);
	long_text[sizeof(long_text) - 1] = '\0';
	buf_init(&buf, 600);
	buf_add_format(&buf, "%s", "");
	has(&buf, "");
	buf_add_format(&buf, "%d%s", 7, long_text);
	assert_false(buf.overflow);
	assert_int_equal(buf.size, 600);
	assert_int_equal(buf.data[0], '7');
	assert_int_equal(buf.data[599], 'x');
	buf_add_format(&buf, "%d", 1);
	assert_true(buf.overflow);
	assert_int_equal(buf.size, 600);
	buf_release(&buf);
}

static void test_buf__keeps_its_memory_over_reset(void **state)
{
	struct buf buf;
	unsigned char *data;

	(void)state;
	buf_init(&buf, 5000);
	for (int i = 0; i < 3000; i++)
		buf_add_u8(&buf, 1);
	data = buf.data;
	buf_reset(&buf);
	for (int i = 0; i < 3000; i++)
		buf_add_u8(&buf, 2);
	assert_ptr_equal(buf.data, data);
	buf_release(&buf);
}

static void set_beyond(void)
{
	struct buf buf;

	buf_init(&buf, 100);
	buf_add_text(&buf, "1234");
	buf_set_be32(&buf, 1, 0);
}

static void test_buf__overwriting_what_was_not_written_is_a_bug(void **state)
{
	(void)state;
	assert_true(dies(set_beyond));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_buf__an_unwritten_one_is_an_empty_view),
		cmocka_unit_test(test_buf__numbers_are_big_endian),
		cmocka_unit_test(test_buf__fills_to_its_limit_exactly),
		cmocka_unit_test(test_buf__what_does_not_fit_writes_nothing_until_reset),
		cmocka_unit_test(test_buf__a_size_that_wraps_does_not_fit),
		cmocka_unit_test(test_buf__reserve_is_filled_by_the_caller),
		cmocka_unit_test(test_buf__format_grows_and_keeps_the_limit),
		cmocka_unit_test(test_buf__keeps_its_memory_over_reset),
		cmocka_unit_test(test_buf__overwriting_what_was_not_written_is_a_bug),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
