#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdio.h>

#include <cmocka.h>

#include "base/array.h"
#include "base/money.h"

static const struct currency *find(const char *code)
{
	const struct currency *currency = currency_find(str_of(code));

	if (currency == NULL)
		fail_msg("%s is unknown", code);
	return currency;
}

static void test_currency__has_its_decimals(void **state)
{
	static const char *const none[] = { "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG",
					    "RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF" };
	static const char *const three[] = { "BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND" };
	static const char *const two[] = { "AED", "EUR", "USD", "GBP", "CHF", "HUF", "ZWG", "ZMW", "XCG", "SLE" };

	(void)state;
	for (size_t i = 0; i < COUNT(none); i++)
		assert_int_equal(find(none[i])->decimals, 0);
	for (size_t i = 0; i < COUNT(three); i++)
		assert_int_equal(find(three[i])->decimals, 3);
	for (size_t i = 0; i < COUNT(two); i++)
		assert_int_equal(find(two[i])->decimals, 2);
	assert_int_equal(find("CLF")->decimals, 4);
	assert_int_equal(find("UYW")->decimals, 4);
}

static void test_currency__finds_every_row_and_only_rows(void **state)
{
	int found = 0;

	(void)state;
	for (int i = 0; i < 26 * 26 * 26; i++) {
		const char code[] = { (char)('A' + i / 676), (char)('A' + i / 26 % 26), (char)('A' + i % 26), '\0' };
		const struct currency *currency = currency_find(str_of(code));

		if (currency == NULL)
			continue;
		assert_string_equal(currency->code, code);
		found++;
	}
	assert_int_equal(found, 165);
}

static void test_currency__refuses_other_spellings_and_what_is_no_money(void **state)
{
	static const char *const wrong[] = {
		"", "EU", "EURO", "eur", "Eur", "XXX", "XAU", "XTS", "DEM", "HRK", "123", "\xC3\xA9-"
	};

	(void)state;
	for (size_t i = 0; i < COUNT(wrong); i++)
		assert_null(currency_find(str_of(wrong[i])));
	assert_null(currency_find((struct str){ .data = NULL, .size = 0 }));
}

static void test_money__sums_are_checked(void **state)
{
	int64_t minor = 4711;

	(void)state;
	assert_false(money_add(INT64_MAX, 1, &minor));
	assert_false(money_add(INT64_MIN, -1, &minor));
	assert_false(money_sub(INT64_MIN, 1, &minor));
	assert_false(money_sub(0, INT64_MIN, &minor));
	assert_int_equal(minor, 4711);
	assert_true(money_add(INT64_MAX - 1, 1, &minor));
	assert_int_equal(minor, INT64_MAX);
	assert_true(money_sub(-1, INT64_MAX, &minor));
	assert_int_equal(minor, INT64_MIN);
	assert_true(money_add(MONEY_MINOR_MAX, MONEY_MINOR_MAX, &minor));
}

static void both_ways(const char *code, int64_t minor, const char *text)
{
	char formatted[32];
	int64_t parsed = 4711;

	money_format(formatted, minor, find(code));
	assert_string_equal(formatted, text);
	if (!money_parse(str_of(text), find(code), &parsed))
		fail_msg("%s", text);
	assert_int_equal(parsed, minor);
}

static void test_money__text_has_the_currencys_decimals(void **state)
{
	(void)state;
	both_ways("JPY", 0, "0");
	both_ways("JPY", 1234, "1234");
	both_ways("JPY", -1, "-1");
	both_ways("EUR", 0, "0.00");
	both_ways("EUR", 5, "0.05");
	both_ways("EUR", -5, "-0.05");
	both_ways("EUR", 123456, "1234.56");
	both_ways("KWD", 1, "0.001");
	both_ways("KWD", 1234567, "1234.567");
	both_ways("CLF", -12345, "-1.2345");
}

static void test_money__text_reaches_the_ends_of_the_range(void **state)
{
	(void)state;
	both_ways("JPY", INT64_MAX, "9223372036854775807");
	both_ways("JPY", INT64_MIN, "-9223372036854775808");
	both_ways("EUR", INT64_MAX, "92233720368547758.07");
	both_ways("EUR", INT64_MIN, "-92233720368547758.08");
	both_ways("KWD", INT64_MAX, "9223372036854775.807");
	both_ways("KWD", INT64_MIN, "-9223372036854775.808");
}

static void test_money_parse__fills_up_missing_decimals(void **state)
{
	int64_t minor;

	(void)state;
	assert_true(money_parse(STR("12"), find("EUR"), &minor));
	assert_int_equal(minor, 1200);
	assert_true(money_parse(STR("12.5"), find("EUR"), &minor));
	assert_int_equal(minor, 1250);
	assert_true(money_parse(STR("-12.5"), find("KWD"), &minor));
	assert_int_equal(minor, -12500);
	assert_true(money_parse(STR("-0"), find("EUR"), &minor));
	assert_int_equal(minor, 0);
}

static void test_money_parse__refuses_what_it_cannot_hold_exactly(void **state)
{
	static const struct {
		const char *code;
		const char *text;
	} wrong[] = {
		{ "EUR", "" },
		{ "EUR", "-" },
		{ "EUR", "." },
		{ "EUR", "1." },
		{ "EUR", ".5" },
		{ "EUR", "1.234" },
		{ "EUR", "1.230" },
		{ "EUR", "1,23" },
		{ "EUR", "1.2.3" },
		{ "EUR", "+1" },
		{ "EUR", "--1" },
		{ "EUR", "-.5" },
		{ "EUR", " 1" },
		{ "EUR", "1 " },
		{ "EUR", "1e2" },
		{ "EUR", "0x10" },
		{ "EUR", "1'000" },
		{ "EUR", "EUR 1" },
		{ "EUR", "1.-5" },
		{ "JPY", "1.0" },
		{ "JPY", "1." },
		{ "KWD", "1.2345" },
		{ "EUR", "92233720368547758.08" },
		{ "EUR", "-92233720368547758.09" },
		{ "EUR", "92233720368547759" },
		{ "JPY", "9223372036854775808" },
		{ "JPY", "99999999999999999999999999" },
	};
	int64_t minor = 4711;

	(void)state;
	for (size_t i = 0; i < COUNT(wrong); i++)
		if (money_parse(str_of(wrong[i].text), find(wrong[i].code), &minor))
			fail_msg("%s %s", wrong[i].code, wrong[i].text);
	assert_false(money_parse((struct str){ .data = "1\0", .size = 2 }, find("EUR"), &minor));
	assert_int_equal(minor, 4711);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_currency__has_its_decimals),
		cmocka_unit_test(test_currency__finds_every_row_and_only_rows),
		cmocka_unit_test(test_currency__refuses_other_spellings_and_what_is_no_money),
		cmocka_unit_test(test_money__sums_are_checked),
		cmocka_unit_test(test_money__text_has_the_currencys_decimals),
		cmocka_unit_test(test_money__text_reaches_the_ends_of_the_range),
		cmocka_unit_test(test_money_parse__fills_up_missing_decimals),
		cmocka_unit_test(test_money_parse__refuses_what_it_cannot_hold_exactly),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
