#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdio.h>

#include <cmocka.h>

#include "base/array.h"
#include "base/str.h"

#define BYTES(literal) ((struct str){ .data = (literal), .size = sizeof(literal) - 1 })

/* Alone, and with plain text around it that takes the eight-byte path. */
static void text_is(struct str text, bool expected)
{
	char around[128];

	assert_int_equal(str_is_text(text), expected);
	for (size_t before = 0; before <= 17; before++) {
		memset(around, 'a', sizeof(around));
		memcpy(around + before, text.data, text.size);
		assert_int_equal(str_is_text((struct str){ .data = around, .size = before + text.size + 9 }), expected);
	}
}

static void test_str_is_text__takes_every_well_formed_character_and_it_is_written_so(void **state)
{
	char text[4], written[4];

	(void)state;
	for (unsigned code = 1; code <= 0x10FFFF; code++) {
		size_t size = 0;

		if (code >= 0xD800 && code <= 0xDFFF)
			continue;
		if (code < 0x80) {
			text[size++] = (char)code;
		} else if (code < 0x800) {
			text[size++] = (char)(0xC0 | code >> 6);
			text[size++] = (char)(0x80 | (code & 63));
		} else if (code < 0x10000) {
			text[size++] = (char)(0xE0 | code >> 12);
			text[size++] = (char)(0x80 | (code >> 6 & 63));
			text[size++] = (char)(0x80 | (code & 63));
		} else {
			text[size++] = (char)(0xF0 | code >> 18);
			text[size++] = (char)(0x80 | (code >> 12 & 63));
			text[size++] = (char)(0x80 | (code >> 6 & 63));
			text[size++] = (char)(0x80 | (code & 63));
		}
		if (!str_is_text((struct str){ .data = text, .size = size }))
			fail_msg("U+%04X", code);
		if (str_write_character(written, code) != size || memcmp(written, text, size) != 0)
			fail_msg("U+%04X written", code);
		/* Cut short it is nothing. */
		if (size > 1 && str_is_text((struct str){ .data = text, .size = size - 1 }))
			fail_msg("U+%04X cut", code);
	}
	text_is(BYTES("Gr\xC3\xBC\xC3\x9F"
		      "e \xE2\x82\xAC \xF0\x9F\x98\x80"),
		true);
	assert_true(str_is_text((struct str){ .data = NULL, .size = 0 }));
}

static void test_str_is_text__refuses_nul(void **state)
{
	(void)state;
	text_is(BYTES("\0"), false);
	text_is(BYTES("ab\0cdefgh"), false);
}

static void test_str_is_text__refuses_bytes_that_begin_nothing(void **state)
{
	(void)state;
	for (int byte = 0x80; byte <= 0xFF; byte++) {
		const char text[] = { (char)byte, 'a' };

		if (byte < 0xC2 || byte > 0xF4)
			text_is((struct str){ .data = text, .size = 1 }, false);
		text_is((struct str){ .data = text, .size = 2 }, false);
	}
}

static void test_str_is_text__refuses_longer_forms_than_needed(void **state)
{
	(void)state;
	text_is(BYTES("\xC0\x80"), false); // NUL in two bytes
	text_is(BYTES("\xC0\xAF"), false);
	text_is(BYTES("\xC1\xBF"), false);
	text_is(BYTES("\xE0\x80\xAF"), false);
	text_is(BYTES("\xE0\x9F\xBF"), false);
	text_is(BYTES("\xF0\x80\x80\xAF"), false);
	text_is(BYTES("\xF0\x8F\xBF\xBF"), false);
}

static void test_str_is_text__refuses_surrogates_and_beyond_the_last_character(void **state)
{
	(void)state;
	text_is(BYTES("\xED\x9F\xBF"), true);
	text_is(BYTES("\xED\xA0\x80"), false);
	text_is(BYTES("\xED\xBF\xBF"), false);
	text_is(BYTES("\xED\xA0\xBD\xED\xB8\x80"), false); // a pair, as CESU-8 writes it
	text_is(BYTES("\xEE\x80\x80"), true);
	text_is(BYTES("\xF4\x8F\xBF\xBF"), true);
	text_is(BYTES("\xF4\x90\x80\x80"), false);
	text_is(BYTES("\xF5\x80\x80\x80"), false);
	text_is(BYTES("\xF8\x88\x80\x80\x80"), false);
}

static void test_str_is_text__refuses_broken_continuations(void **state)
{
	(void)state;
	text_is(BYTES("\xC3\x28"), false);
	text_is(BYTES("\xC3\xC3"), false);
	text_is(BYTES("\xE2\x28\xA1"), false);
	text_is(BYTES("\xE2\x82\x28"), false);
	text_is(BYTES("\xF0\x9F\x28\x80"), false);
	text_is(BYTES("\xF0\x9F\x98\x28"), false);
	text_is(BYTES("\xC3\xBC\xBC"), false);
}

static void test_str_prefix__never_ends_inside_a_character(void **state)
{
	struct str text = BYTES("a\xE2\x82\xAC"
				"b");
	static const size_t sizes[] = { 0, 1, 1, 1, 4, 5, 5 };

	(void)state;
	for (size_t size_max = 0; size_max < 7; size_max++)
		assert_int_equal(str_prefix(text, size_max).size, sizes[size_max]);
}

/* Of what is from outside nothing is promised: it ends before a NUL, half a character, or a byte that is none. */
static void test_str_prefix_characters__counts_characters_and_ends_before_what_is_no_text(void **state)
{
	static const size_t sizes[] = { 0, 1, 4, 5, 5 };
	struct str text = BYTES("a\xE2\x82\xAC"
				"b");

	(void)state;
	for (size_t characters_max = 0; characters_max < COUNT(sizes); characters_max++)
		assert_int_equal(str_prefix_characters(text, characters_max).size, sizes[characters_max]);
	assert_int_equal(str_prefix_characters(BYTES("ab\xE2\x82"), 9).size, 2);
	assert_int_equal(str_prefix_characters(BYTES("ab\xFF\x63"), 9).size, 2);
	assert_int_equal(str_prefix_characters(BYTES("ab\0c"), 9).size, 2);
	assert_int_equal(str_prefix_characters(STR(""), 9).size, 0);
}

static void test_str_copy__is_terminated_and_reports_a_full_arena(void **state)
{
	struct arena arena;
	struct err err = ERR_INIT;
	struct str copy;

	(void)state;
	assert_int_equal(arena_init(&arena, 8, &err), 0);
	copy = str_copy(&arena, STR("abc"));
	assert_string_equal(copy.data, "abc");
	assert_int_equal(copy.size, 3);
	assert_null(str_copy(&arena, STR("abcd")).data);
	copy = str_copy(&arena, (struct str){ .data = NULL, .size = 0 });
	assert_string_equal(copy.data, "");
	assert_null(str_copy(&arena, (struct str){ .data = "", .size = SIZE_MAX }).data);
	arena_release(&arena);
}

static void test_str_to_chars__writes_all_or_nothing(void **state)
{
	char chars[4] = "zzz";

	(void)state;
	assert_false(str_to_chars(chars, sizeof(chars), STR("abcd")));
	assert_string_equal(chars, "zzz");
	assert_true(str_to_chars(chars, sizeof(chars), STR("abc")));
	assert_string_equal(chars, "abc");
	assert_true(str_to_chars(chars, sizeof(chars), (struct str){ .data = NULL, .size = 0 }));
	assert_string_equal(chars, "");
}

static void test_str_cut__splits_at_the_first_separator(void **state)
{
	struct str rest = STR("untouched");

	(void)state;
	assert_true(str_is(str_cut(STR("a=b=c"), '=', &rest), "a"));
	assert_true(str_is(rest, "b=c"));
	assert_true(str_is(str_cut(STR("=c"), '=', &rest), ""));
	assert_true(str_is(rest, "c"));
	assert_true(str_is(str_cut(STR("abc"), '=', &rest), "abc"));
	assert_int_equal(rest.size, 0);
	assert_true(str_is(str_cut(STR("abc="), '=', &rest), "abc"));
	assert_int_equal(rest.size, 0);
	assert_int_equal(str_cut((struct str){ .data = NULL, .size = 0 }, '=', &rest).size, 0);
	rest = STR("a b");
	assert_true(str_is(str_cut(rest, ' ', &rest), "a"));
	assert_true(str_is(rest, "b"));
}

static void test_str_equal__compares_bytes_not_up_to_nul(void **state)
{
	(void)state;
	assert_true(str_equal(BYTES("a\0b"), BYTES("a\0b")));
	assert_false(str_equal(BYTES("a\0b"), BYTES("a\0c")));
	assert_false(str_equal(STR("ab"), STR("a")));
	assert_true(str_equal((struct str){ .data = NULL, .size = 0 }, STR("")));
}

static void number_is(const char *text, long long expected)
{
	long long number = 4711;

	if (!str_to_int64(str_of(text), &number) || number != expected)
		fail_msg("%s is %lld", text, number);
}

static void test_str_to_int64__reads_the_whole_range(void **state)
{
	static const char *const wrong[] = { "",
					     "-",
					     "+",
					     " 1",
					     "1 ",
					     "1.0",
					     "0x1",
					     "--1",
					     "9223372036854775808",
					     "-9223372036854775809",
					     "99999999999999999999",
					     "1e3",
					     "\xD9\xA1" };
	long long number = 4711;

	(void)state;
	number_is("0", 0);
	number_is("-0", 0);
	number_is("+17", 17);
	number_is("0017", 17);
	number_is("9223372036854775807", INT64_MAX);
	number_is("-9223372036854775808", INT64_MIN);
	for (size_t i = 0; i < COUNT(wrong); i++)
		if (str_to_int64(str_of(wrong[i]), &number))
			fail_msg("%s", wrong[i]);
	assert_int_equal(number, 4711);
}

static void test_hex__goes_there_and_back(void **state)
{
	unsigned char bytes[256];
	unsigned char read[256];
	char text[2 * sizeof(bytes) + 1];

	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (unsigned char)i;
	hex_from_bytes(text, bytes, sizeof(bytes));
	assert_memory_equal(text, "000102", 6);
	assert_true(hex_to_bytes(read, sizeof(read), str_of(text)));
	assert_memory_equal(read, bytes, sizeof(bytes));
	assert_true(hex_to_bytes(read, 2, STR("aBfF")));
	assert_int_equal(read[0], 0xAB);
}

static void test_hex__refuses_other_sizes_and_digits_and_writes_nothing(void **state)
{
	unsigned char bytes[2] = { 7, 7 };

	(void)state;
	assert_false(hex_to_bytes(bytes, 2, STR("abc")));
	assert_false(hex_to_bytes(bytes, 2, STR("abcde")));
	assert_false(hex_to_bytes(bytes, 2, STR("ab")));
	assert_false(hex_to_bytes(bytes, 2, STR("abcg")));
	assert_false(hex_to_bytes(bytes, 2, STR("ab c")));
	assert_int_equal(bytes[0], 7);
}

static void test_hex_digit__takes_both_cases_and_nothing_else(void **state)
{
	(void)state;
	for (int byte = 0; byte < 256; byte++) {
		const char digits[] = "0123456789abcdef0123456789ABCDEF";
		const char *at = memchr(digits, byte, sizeof(digits) - 1);

		assert_int_equal(hex_digit((char)byte), at == NULL ? -1 : (at - digits) % 16);
	}
}

static void test_str_trim__takes_only_the_given_bytes_and_only_from_the_ends(void **state)
{
	(void)state;
	assert_true(str_is(str_trim(STR(" \t a \tb\t "), " \t"), "a \tb"));
	assert_true(str_is(str_trim(STR("\ta "), " "), "\ta"));
	assert_true(str_equal(str_trim(STR(" \0 "), " "), BYTES("\0"))); /* the end of `blanks` is none of them */
	assert_int_equal(str_trim(STR("   "), " ").size, 0);
	assert_int_equal(str_trim(STR(""), " ").size, 0);
}

static void test_str_equal_nocase__folds_the_letters_of_ascii_only(void **state)
{
	(void)state;
	assert_true(str_equal_nocase(STR("Content-Type"), STR("cONTENT-tYPE")));
	assert_true(str_equal_nocase(STR(""), STR("")));
	assert_false(str_equal_nocase(STR("host"), STR("hosts")));
	assert_false(str_equal_nocase(STR("a\0b"), STR("a\0c")));
	assert_false(str_equal_nocase(STR("@[`{"), STR("`{@[")));         /* the neighbours of the letters */
	assert_false(str_equal_nocase(STR("\xC3\x84"), STR("\xC3\xA4"))); /* two letters of Latin-1 */
}

static void test_str_begins_nocase__needs_the_whole_prefix(void **state)
{
	(void)state;
	assert_true(str_begins_nocase(STR("BEARER x"), STR("bearer ")));
	assert_true(str_begins_nocase(STR("bearer "), STR("bearer ")));
	assert_false(str_begins_nocase(STR("bearer"), STR("bearer ")));
	assert_true(str_begins_nocase(STR("any"), STR("")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_str_is_text__takes_every_well_formed_character_and_it_is_written_so),
		cmocka_unit_test(test_str_is_text__refuses_nul),
		cmocka_unit_test(test_str_is_text__refuses_bytes_that_begin_nothing),
		cmocka_unit_test(test_str_is_text__refuses_longer_forms_than_needed),
		cmocka_unit_test(test_str_is_text__refuses_surrogates_and_beyond_the_last_character),
		cmocka_unit_test(test_str_is_text__refuses_broken_continuations),
		cmocka_unit_test(test_str_prefix__never_ends_inside_a_character),
		cmocka_unit_test(test_str_prefix_characters__counts_characters_and_ends_before_what_is_no_text),
		cmocka_unit_test(test_str_copy__is_terminated_and_reports_a_full_arena),
		cmocka_unit_test(test_str_to_chars__writes_all_or_nothing),
		cmocka_unit_test(test_str_cut__splits_at_the_first_separator),
		cmocka_unit_test(test_str_equal__compares_bytes_not_up_to_nul),
		cmocka_unit_test(test_str_to_int64__reads_the_whole_range),
		cmocka_unit_test(test_hex__goes_there_and_back),
		cmocka_unit_test(test_hex__refuses_other_sizes_and_digits_and_writes_nothing),
		cmocka_unit_test(test_hex_digit__takes_both_cases_and_nothing_else),
		cmocka_unit_test(test_str_trim__takes_only_the_given_bytes_and_only_from_the_ends),
		cmocka_unit_test(test_str_equal_nocase__folds_the_letters_of_ascii_only),
		cmocka_unit_test(test_str_begins_nocase__needs_the_whole_prefix),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
