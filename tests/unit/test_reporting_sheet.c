/* consumers/reporting/sheet.c: rows -> the bytes of a CSV or JSON file. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/array.h"
#include "base/day.h"
#include "consumers/reporting/sheet.h"

static struct buf out;
static struct sheet sheet;
static struct report_requested asked;

static int setup(void **state)
{
	(void)state;
	buf_init(&out, 1 << 20);
	asked = (struct report_requested){ .kind = STR("ageing"), .format = STR("csv"), .as_of = day_of(2026, 11, 25) };
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	buf_release(&out);
	return 0;
}

static const struct column money_columns[] = {
	{ "day", "day", CELL_DATE },
	{ "creditor_id", "creditorId", CELL_ID },
	{ "currency", "currency", CELL_CURRENCY },
	{ "debts", "debts", CELL_COUNT },
	{ "net", "net", CELL_MONEY },
};
static const struct column text_columns[] = { { "word", "word", CELL_TEXT }, { "count", "count", CELL_COUNT } };

static bool add_money(struct str currency, int64_t debts, int64_t minor)
{
	const struct cell cells[] = { { .number = day_of(2026, 11, 24) },
				      { .id = { { 0xab, [15] = 1 } } },
				      { .text = currency },
				      { .number = debts },
				      { .number = minor } };

	return sheet_add(&sheet, cells);
}

static void then_file_is(const char *text)
{
	buf_add_u8(&out, 0);
	assert_false(out.overflow);
	assert_string_equal((const char *)out.data, text);
}

static void test_sheet__csv_has_a_header_crlf_and_amounts_with_the_decimals_of_their_currency(void **state)
{
	(void)state;
	sheet_begin(&sheet, &out, money_columns, 5, &asked);
	assert_true(add_money(STR("EUR"), 3, 123456));
	assert_true(add_money(STR("JPY"), 1, 1234));
	assert_true(add_money(STR("KWD"), 0, 1));
	assert_true(add_money(STR("EUR"), -1, -5));
	sheet_end(&sheet);
	assert_int_equal(sheet.rows, 4);
	then_file_is("day,creditor_id,currency,debts,net\r\n"
		     "2026-11-24,ab000000-0000-0000-0000-000000000001,EUR,3,1234.56\r\n"
		     "2026-11-24,ab000000-0000-0000-0000-000000000001,JPY,1,1234\r\n"
		     "2026-11-24,ab000000-0000-0000-0000-000000000001,KWD,0,0.001\r\n"
		     "2026-11-24,ab000000-0000-0000-0000-000000000001,EUR,-1,-0.05\r\n");
}

static void test_sheet__csv_without_rows_is_its_header(void **state)
{
	(void)state;
	sheet_begin(&sheet, &out, money_columns, 5, &asked);
	sheet_end(&sheet);
	then_file_is("day,creditor_id,currency,debts,net\r\n");
}

static void test_sheet__csv_texts_are_quoted_where_they_must_be(void **state)
{
	static const struct {
		const char *text, *cell;
	} cells[] = { { "plain", "plain" },
		      { "", "" },
		      { "a,b", "\"a,b\"" },
		      { "say \"no\"", "\"say \"\"no\"\"\"" },
		      { "two\nlines", "\"two\nlines\"" },
		      { "two\r\nlines", "\"two\r\nlines\"" },
		      { "\xc3\xbc\xe6\xbc\xa2", "\xc3\xbc\xe6\xbc\xa2" } };

	(void)state;
	for (size_t i = 0; i < COUNT(cells); i++) {
		const struct cell row[] = { { .text = str_of(cells[i].text) }, { .number = 1 } };
		char wanted[64] = "word,count\r\n";

		buf_reset(&out);
		sheet_begin(&sheet, &out, text_columns, 2, &asked);
		assert_true(sheet_add(&sheet, row));
		snprintf(wanted + strlen(wanted), sizeof(wanted) - strlen(wanted), "%s,1\r\n", cells[i].cell);
		then_file_is(wanted);
	}
}

static void test_sheet__csv_texts_that_a_spreadsheet_would_run_are_texts(void **state)
{
	static const char *const formulas[] = { "=1+1",
						"+1",
						"-1",
						"@SUM(A1)",
						"\tx",
						"\xef\xbc\x9d"
						"1",
						"\xef\xbc\x8b",
						"\xef\xbc\x8d",
						"\xef\xbc\xa0"
						"A" };
	static const struct {
		const char *text, *cell;
	} quoted[] = { { "=HYPERLINK(\"http://x\",\"y\")", "\"'=HYPERLINK(\"\"http://x\"\",\"\"y\"\")\"" },
		       { "\r=1", "\"'\r=1\"" },
		       { "\n=1", "\"'\n=1\"" },
		       { "a=1", "a=1" } };

	(void)state;
	for (size_t i = 0; i < COUNT(formulas); i++) {
		const struct cell row[] = { { .text = str_of(formulas[i]) }, { .number = -1 } };
		char wanted[64];

		buf_reset(&out);
		sheet_begin(&sheet, &out, text_columns, 2, &asked);
		assert_true(sheet_add(&sheet, row));
		snprintf(wanted, sizeof(wanted), "word,count\r\n'%s,-1\r\n", formulas[i]); /* the number is one */
		then_file_is(wanted);
	}
	for (size_t i = 0; i < COUNT(quoted); i++) {
		const struct cell row[] = { { .text = str_of(quoted[i].text) }, { .number = 1 } };
		char wanted[128];

		buf_reset(&out);
		sheet_begin(&sheet, &out, text_columns, 2, &asked);
		assert_true(sheet_add(&sheet, row));
		snprintf(wanted, sizeof(wanted), "word,count\r\n%s,1\r\n", quoted[i].cell);
		then_file_is(wanted);
	}
}

static void test_sheet__json_says_what_it_is_about(void **state)
{
	(void)state;
	asked.format = STR("json");
	asked.open = true;
	sheet_begin(&sheet, &out, money_columns, 5, &asked);
	assert_true(add_money(STR("EUR"), 3, 123456));
	assert_true(add_money(STR("JPY"), 1, INT64_MIN));
	sheet_end(&sheet);
	then_file_is("{\"kind\":\"ageing\",\"asOf\":\"2026-11-25\",\"open\":true,\"rows\":[\n"
		     "{\"day\":\"2026-11-24\",\"creditorId\":\"ab000000-0000-0000-0000-000000000001\",\"currency\":\"EUR\","
		     "\"debts\":3,\"net\":{\"amountMinor\":123456,\"currency\":\"EUR\"}},\n"
		     "{\"day\":\"2026-11-24\",\"creditorId\":\"ab000000-0000-0000-0000-000000000001\",\"currency\":\"JPY\","
		     "\"debts\":1,\"net\":{\"amountMinor\":-9223372036854775808,\"currency\":\"JPY\"}}\n]}\n");
}

static void test_sheet__json_says_its_filters(void **state)
{
	const struct cell row[] = { { .text = STR("=\"1\"\n") }, { .number = 1 } };

	(void)state;
	asked = (struct report_requested){ .kind = STR("communications"),
					   .format = STR("json"),
					   .as_of = day_of(2026, 11, 25),
					   .has_from_on = true,
					   .from_on = day_of(2026, 11, 1),
					   .has_creditor_id = true,
					   .creditor_id = { { 1 } },
					   .has_currency = true,
					   .currency = STR("EUR"),
					   .has_channel = true,
					   .channel = STR("sms") };
	sheet_begin(&sheet, &out, text_columns, 2, &asked);
	assert_true(sheet_add(&sheet, row)); /* no spreadsheet reads this */
	sheet_end(&sheet);
	then_file_is("{\"kind\":\"communications\",\"asOf\":\"2026-11-25\",\"open\":false,\"fromOn\":\"2026-11-01\","
		     "\"creditorId\":\"01000000-0000-0000-0000-000000000000\",\"currency\":\"EUR\",\"channel\":\"sms\","
		     "\"rows\":[\n{\"word\":\"=\\\"1\\\"\\n\",\"count\":1}\n]}\n");
}

static void test_sheet__an_amount_without_known_decimals_is_not_guessed(void **state)
{
	(void)state;
	sheet_begin(&sheet, &out, money_columns, 5, &asked);
	assert_false(add_money(STR("XXQ"), 3, 123456));
	assert_int_equal(sheet.rows, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_sheet__csv_has_a_header_crlf_and_amounts_with_the_decimals_of_their_currency,
						setup, teardown),
		cmocka_unit_test_setup_teardown(test_sheet__csv_without_rows_is_its_header, setup, teardown),
		cmocka_unit_test_setup_teardown(test_sheet__csv_texts_are_quoted_where_they_must_be, setup, teardown),
		cmocka_unit_test_setup_teardown(test_sheet__csv_texts_that_a_spreadsheet_would_run_are_texts, setup, teardown),
		cmocka_unit_test_setup_teardown(test_sheet__json_says_what_it_is_about, setup, teardown),
		cmocka_unit_test_setup_teardown(test_sheet__json_says_its_filters, setup, teardown),
		cmocka_unit_test_setup_teardown(test_sheet__an_amount_without_known_decimals_is_not_guessed, setup, teardown),
	};

	return cmocka_run_group_tests_name("reporting_sheet", tests, NULL, NULL);
}
