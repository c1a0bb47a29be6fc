/* Sizes of texts as SMS: 3GPP TS 23.038 for the alphabet, 23.040 for the parts of a long message. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/array.h"
#include "base/sms.h"

#define LONG_MAX 2000

/* `count` times the character, and `rest` behind. */
static struct str repeated(const char *character, size_t count, const char *rest)
{
	static char text[LONG_MAX];
	size_t size = strlen(character), rest_size = strlen(rest);

	assert_true(size * count + rest_size <= sizeof(text));
	for (size_t i = 0; i < count; i++)
		memcpy(text + i * size, character, size);
	memcpy(text + size * count, rest, rest_size);
	return (struct str){ .data = text, .size = size * count + rest_size };
}

static void then_size(struct str text, bool is_ucs2, uint32_t units, uint32_t segments, uint32_t left)
{
	struct sms_size size;

	assert_true(sms_size_of(text, &size));
	assert_int_equal(size.is_ucs2, is_ucs2);
	assert_int_equal(size.units, units);
	assert_int_equal(size.segments, segments);
	assert_int_equal(size.left, left);
}

static void test_sms__at_the_limits_of_segments(void **state)
{
	(void)state;
	then_size(STR(""), false, 0, 0, 160);
	then_size(STR("a"), false, 1, 1, 159);
	then_size(repeated("a", 160, ""), false, 160, 1, 0);
	then_size(repeated("a", 161, ""), false, 161, 2, 2 * 153 - 161);
	then_size(repeated("a", 306, ""), false, 306, 2, 0);
	then_size(repeated("a", 307, ""), false, 307, 3, 152);
	then_size(repeated("ж", 70, ""), true, 70, 1, 0);
	then_size(repeated("ж", 71, ""), true, 71, 2, 2 * 67 - 71);
	then_size(repeated("ж", 134, ""), true, 134, 2, 0);
	then_size(repeated("ж", 135, ""), true, 135, 3, 66);
}

static void test_sms__an_extension_character_counts_two_and_is_not_divided(void **state)
{
	(void)state;
	then_size(repeated("€", 80, ""), false, 160, 1, 0);
	then_size(repeated("€", 81, ""), false, 162, 2, 153 - (162 - 152)); /* 76 in the first segment: 152 septets */
	then_size(repeated("a", 152, "€aaaaaaaaa"), false, 163, 2, 153 - 11);
	then_size(STR("^{}\\[~]|€\f"), false, 20, 1, 140);
}

static void test_sms__a_character_of_two_units_is_not_divided(void **state)
{
	(void)state;
	then_size(repeated("😀", 35, ""), true, 70, 1, 0);
	then_size(repeated("😀", 36, ""), true, 72, 2, 67 - (72 - 66)); /* 33 in the first segment: 66 units */
	then_size(STR("\xEF\xBF\xBD"), true, 1, 1, 69);
}

static void test_sms__each_character_of_the_alphabet_counts_one(void **state)
{
	/* Table 6.2.1 by columns, without the escape. */
	static const char alphabet[] = "@£$¥èéùìòÇ\nØø\rÅå"
				       "Δ_ΦΓΛΩΠΨΣΘΞÆæßÉ"
				       " !\"#¤%&'()*+,-./0123456789:;<=>?"
				       "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
				       "¿abcdefghijklmnopqrstuvwxyzäöñüà";

	(void)state;
	then_size(STR(alphabet), false, 127, 1, 33);
}

static void test_sms__one_character_outside_the_alphabet_makes_all_of_it_ucs2(void **state)
{
	static const char *const outside[] = { "ç", "`", "\t", "\x7F", "\x01", "á", "Â", "’", "–", "\xC2\xA0", "Đ", "ё" };

	(void)state;
	for (size_t i = 0; i < COUNT(outside); i++)
		then_size(repeated("a", 69, outside[i]), true, 70, 1, 0);
}

static void test_sms__bytes_that_are_no_text_have_no_size(void **state)
{
	static const struct str bad[] = { { "a\xC3", 2 }, { "\xED\xA0\x80", 3 }, { "\0", 1 }, { "\xC0\x80", 2 } };
	struct sms_size size;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_false(sms_size_of(bad[i], &size));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sms__at_the_limits_of_segments),
		cmocka_unit_test(test_sms__an_extension_character_counts_two_and_is_not_divided),
		cmocka_unit_test(test_sms__a_character_of_two_units_is_not_divided),
		cmocka_unit_test(test_sms__each_character_of_the_alphabet_counts_one),
		cmocka_unit_test(test_sms__one_character_outside_the_alphabet_makes_all_of_it_ucs2),
		cmocka_unit_test(test_sms__bytes_that_are_no_text_have_no_size),
	};

	return cmocka_run_group_tests_name("sms", tests, NULL, NULL);
}
