#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "http/sms.h"

static void assert_size(struct str text, enum sms_coding coding, size_t units, size_t segments)
{
	struct sms_size size = { 0 };

	assert_true(sms_measure(text, &size));
	assert_int_equal(size.coding, coding);
	assert_int_equal(size.units, units);
	assert_int_equal(size.segments, segments);
}

/* `count` times `piece`, then `end`. */
static void assert_repeated(const char *piece, size_t count, const char *end, enum sms_coding coding, size_t units,
			    size_t segments)
{
	struct buf buf = { 0 };

	buf_init(&buf, 65536);
	for (size_t i = 0; i < count; i++)
		buf_add_text(&buf, piece);
	buf_add_text(&buf, end);
	assert_size(buf_str(&buf), coding, units, segments);
	buf_release(&buf);
}

static void test_sms__gsm_limits_are_160_and_153(void **state)
{
	(void)state;
	assert_size(STR(""), SMS_GSM7, 0, 0);
	assert_repeated("a", 1, "", SMS_GSM7, 1, 1);
	assert_repeated("a", 160, "", SMS_GSM7, 160, 1);
	assert_repeated("a", 161, "", SMS_GSM7, 161, 2);
	assert_repeated("a", 306, "", SMS_GSM7, 306, 2);
	assert_repeated("a", 307, "", SMS_GSM7, 307, 3);
}

static void test_sms__ucs2_limits_are_70_and_67(void **state)
{
	(void)state;
	assert_repeated("\u0416", 70, "", SMS_UCS2, 70, 1);
	assert_repeated("\u0416", 71, "", SMS_UCS2, 71, 2);
	assert_repeated("\u0416", 134, "", SMS_UCS2, 134, 2);
	assert_repeated("\u0416", 135, "", SMS_UCS2, 135, 3);
	assert_repeated("a", 69, "\u0416", SMS_UCS2, 70, 1);
}

static void test_sms__extension_characters_count_two(void **state)
{
	(void)state;
	assert_size(STR("^{}[]\\~|"), SMS_GSM7, 16, 1);
	assert_size(STR("\u20ac"), SMS_GSM7, 2, 1);
	assert_repeated("a", 159, "\u20ac", SMS_GSM7, 161, 2);
}

static void test_sms__a_pair_is_not_split_between_messages(void **state)
{
	(void)state;
	/* 152 + 2 would end in the middle of the euro: it goes to the second part, which then has 2 + 153 - more than 153 */
	assert_repeated("a", 152,
			"\u20ac"                                                                       /* 2 */
			"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"  /* 75 */
			"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb" /* 76 */
			"c",
			SMS_GSM7, 306, 3);
	assert_repeated("a", 66, "\U0001F4B6\U0001F4B6", SMS_UCS2, 70, 1);
	assert_repeated("\u0416", 66, "\U0001F4B6 345678901234567890123456789012345678901234567890123456789012345", SMS_UCS2, 132,
			2);
	assert_repeated("\u0416", 66, "\U0001F4B6 34567890123456789012345678901234567890123456789012345678901234567", SMS_UCS2,
			134, 3);
}

static void test_sms__which_letters_force_ucs2(void **state)
{
	(void)state;
	assert_size(STR("\u00e9"), SMS_GSM7, 1, 1); /* e acute */
	assert_size(STR("\u00c7"), SMS_GSM7, 1, 1); /* capital C cedilla */
	assert_size(STR("\u00e7"), SMS_UCS2, 1, 1); /* small c cedilla */
	assert_size(STR("`"), SMS_UCS2, 1, 1);
	assert_size(STR("\t"), SMS_UCS2, 1, 1);
	assert_size(STR("@\u00a3$\u00a5\u00e8\u00e9\u00f9\u00ec\u00f2\n\u00d8\u00f8\r\u00c5\u00e5\u0394_\u03a6"), SMS_GSM7, 18,
		    1);
	assert_size(STR("\u00c6\u00e6\u00df\u00c9 !\"#\u00a4%&'()*+,-./0123456789:;<=>?\u00a1"), SMS_GSM7, 37, 1);
	assert_size(STR("\u00c4\u00d6\u00d1\u00dc\u00a7\u00bf\u00e4\u00f6\u00f1\u00fc\u00e0\u039e\u03a8\u03a9\u03a0\u03a3\u0398"
			"\u039b\u0393"),
		    SMS_GSM7, 19, 1);
}

static void test_sms__what_is_not_text_is_not_measured(void **state)
{
	struct sms_size size;

	(void)state;
	assert_false(sms_measure(STR("a\xff"), &size));
	assert_false(sms_measure(((struct str){ .data = "a\0b", .size = 3 }), &size));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sms__gsm_limits_are_160_and_153),
		cmocka_unit_test(test_sms__ucs2_limits_are_70_and_67),
		cmocka_unit_test(test_sms__extension_characters_count_two),
		cmocka_unit_test(test_sms__a_pair_is_not_split_between_messages),
		cmocka_unit_test(test_sms__which_letters_force_ucs2),
		cmocka_unit_test(test_sms__what_is_not_text_is_not_measured),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
