#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "crypto/crypto.h"
#include "model/message.h"
#include "producers/cli/import_rows.h"
#include "producers/cli/natural_id.h"
#include "producers/cli/table_file.h"
#include "schemas/customers.h"
#include "schemas/debts.h"
#include "wire/json.h"

#define DEBTS_HEADER    "external_ref,customer_ref,creditor,currency,principal,interest,opened_on,due_on,fees_authorised\n"
#define PAYMENTS_HEADER "source,external_ref,customer_ref,creditor,debt_ref,amount,currency,received_on,method\n"

struct fixture {
	FILE *file;
	table_is_name *is_name; /* NULL: nobody knows */
	struct arena arena;
	struct table_file *table;
	struct buf json;
	struct import_map map;
	struct import_command commands[IMPORT_COMMANDS_MAX];
	size_t count;
	struct err err;
};

static struct fixture fixture;

static int set_up(void **state)
{
	(void)state;
	fixture = (struct fixture){ .file = NULL };
	buf_init(&fixture.json, 1024 * 1024);
	return arena_init(&fixture.arena, (size_t)4 * 1024 * 1024, &fixture.err);
}

static int tear_down(void **state)
{
	(void)state;
	if (fixture.file != NULL)
		(void)fclose(fixture.file);
	buf_release(&fixture.json);
	arena_release(&fixture.arena);
	return 0;
}

static void given_bytes(const char *bytes, size_t size)
{
	fixture.file = tmpfile();
	assert_non_null(fixture.file);
	assert_int_equal(fwrite(bytes, 1, size, fixture.file), size);
	rewind(fixture.file);
	assert_int_equal(fflush(fixture.file), 0);
	assert_int_equal(table_open(fileno(fixture.file), fixture.is_name, &fixture.arena, &fixture.table, &fixture.err), 0);
}

static void given(const char *text)
{
	given_bytes(text, strlen(text));
}

static enum table_kind next_row(struct table_row *row, const char **fault)
{
	enum table_kind kind = TABLE_END;

	assert_int_equal(table_next(fixture.table, &kind, row, fault, &fixture.err), 0);
	return kind;
}

static void then_row(int64_t line, size_t count, const char *first)
{
	struct table_row row;
	const char *fault = NULL;

	assert_int_equal(next_row(&row, &fault), TABLE_ROW);
	assert_int_equal(row.line, line);
	assert_int_equal(row.count, count);
	assert_true(str_is(row.fields[0], first));
}

static void then_bad_row(int64_t line, const char *expected)
{
	struct table_row row;
	const char *fault = NULL;

	assert_int_equal(next_row(&row, &fault), TABLE_BAD);
	assert_int_equal(row.line, line);
	assert_string_equal(fault, expected);
}

static void then_end(void)
{
	struct table_row row;
	const char *fault = NULL;

	assert_int_equal(next_row(&row, &fault), TABLE_END);
}

/* ---- the table ---- */

static void test_table_file__reads_rows_with_the_line_they_begin_in(void **state)
{
	(void)state;
	given("\xEF\xBB\xBF"
	      "a,b\r\n1,2\r\n\r\n\"x\ny\",\"say \"\"hi\"\"\"\n 3 , 4\n5,6");
	then_row(1, 2, "a");
	then_row(2, 2, "1");
	then_row(4, 2, "x\ny");
	then_row(6, 2, "3");
	then_row(7, 2, "5");
	then_end();
}

static void test_table_file__reads_over_a_bad_row(void **state)
{
	(void)state;
	given("a,b\n1,2\"3\n4,5\n");
	then_row(1, 2, "a");
	then_bad_row(2, "a quote stands where none may");
	then_row(3, 2, "4");
	then_end();
}

static void test_table_file__says_when_a_quote_does_not_close(void **state)
{
	(void)state;
	given("a,b\n1,\"2\n3,4\n");
	then_row(1, 2, "a");
	then_bad_row(2, "a quote does not close");
	then_end();
}

static void test_table_file__takes_semicolons(void **state)
{
	(void)state;
	given("a;b;c\n1,5;2;3\n");
	then_row(1, 3, "a");
	then_row(2, 3, "1,5");
	then_end();
}

static void test_table_file__keeps_to_its_memory(void **state)
{
	size_t size = (size_t)TABLE_ROW_SIZE_MAX * 3;
	char *text = test_malloc(size);

	(void)state;
	memset(text, 'x', size);
	memcpy(text, "a,b\n\"", 5);
	memcpy(text + size - 5, "\n1,2\n", 5);
	given_bytes(text, size);
	then_row(1, 2, "a");
	then_bad_row(2, "the line is too long");
	then_row(3, 2, "1");
	then_end();
	test_free(text);
}

static void test_table_file__refuses_a_field_of_many_lines_that_is_too_long(void **state)
{
	size_t lines = TABLE_FIELD_SIZE_MAX / 10 + 10;
	char *text = test_malloc(lines * 10 + 64);
	size_t size = 0;

	(void)state;
	size += (size_t)snprintf(text, 64, "a,b\n\"");
	for (size_t i = 0; i < lines; i++) {
		memcpy(text + size, "123456789\n", 10);
		size += 10;
	}
	given_bytes(text, size);
	then_row(1, 2, "a");
	then_bad_row(2, "a field is too long (a quote that does not close?)");
	test_free(text);
}

/* ---- rows ---- */

/* Reads the header and the first row; the commands stand in the fixture. */
static int when_imported(const char *text)
{
	struct table_row row;
	const char *fault = NULL;

	given(text);
	assert_int_equal(next_row(&row, &fault), TABLE_ROW);
	if (import_map_read(&row, IMPORT_NONE, &fixture.map, &fixture.err) != 0)
		return -1;
	assert_int_equal(next_row(&row, &fault), TABLE_ROW);
	return import_row(&fixture.map, &row, &fixture.json, fixture.commands, &fixture.count, &fixture.err);
}

static const void *body_of(size_t index, const struct message_type *type)
{
	const void *body = NULL;

	assert_true(index < fixture.count);
	assert_string_equal(fixture.commands[index].type_name, type->record.name);
	assert_int_equal(json_read_message(fixture.commands[index].json, type, &fixture.arena, &body, &fixture.err), 0);
	return body;
}

static void then_error(const char *text, const char *expected)
{
	assert_int_equal(when_imported(text), -1);
	assert_string_equal(fixture.err.text, expected);
	(void)tear_down(NULL);
	assert_int_equal(set_up(NULL), 0);
}

static void test_import_row__makes_a_customer_with_its_contact_points(void **state)
{
	const struct create_customer *customer;
	const struct add_contact_point *point;
	struct uuid id = customer_id_of(STR("C-1"));

	(void)state;
	assert_int_equal(when_imported("external_ref,full_name,birth_date,locale,country,email,mobile\n"
				       "C-1,\"Ren\xC3\xA9 \"\"Q\"\" O'Hara\",1980-02-29,fr-FR,FR,r@example.org,+33639980001\n"),
			 0);
	assert_int_equal(fixture.count, 3);
	customer = body_of(0, &create_customer_type);
	assert_true(uuid_equal(&customer->customer_id, &id));
	assert_true(str_is(customer->full_name, "Ren\xC3\xA9 \"Q\" O'Hara"));
	assert_true(str_is(customer->kind, "natural"));
	assert_true(customer->has_birth_date);
	assert_false(customer->has_region);
	point = body_of(1, &add_contact_point_type);
	assert_true(uuid_equal(&point->customer_id, &id));
	assert_true(str_is(point->channel, "email"));
	point = body_of(2, &add_contact_point_type);
	assert_true(str_is(point->channel, "sms"));
	assert_true(str_is(point->address, "+33639980001"));
}

static void test_import_amount__is_nothing_where_the_kind_has_no_amounts(void **state)
{
	struct table_row row = { .count = 1, .fields = { STR("C-1") } };
	struct str currency;
	int64_t minor = -1;

	(void)state;
	assert_int_equal(when_imported("external_ref,full_name,locale,country\nC-1,Anna,fr-FR,FR\n"), 0);
	assert_int_equal(import_amount(&fixture.map, &row, &currency, &minor, &fixture.err), 0);
	assert_int_equal(minor, 0);
	assert_int_equal(currency.size, 0);
}

static void test_import_row__reads_amounts_in_the_rows_currency(void **state)
{
	const struct create_debt *debt;

	(void)state;
	assert_int_equal(when_imported(DEBTS_HEADER "D-1,C-1,acme,EUR,1234.5,0.07,2024-01-31,2024-03-01,yes\n"), 0);
	debt = body_of(0, &create_debt_type);
	assert_int_equal(debt->principal_minor, 123450);
	assert_int_equal(debt->interest_minor, 7);
	assert_int_equal(debt->fee_minor, 0);
	assert_true(debt->fees_authorised);
	(void)tear_down(NULL);
	assert_int_equal(set_up(NULL), 0);
	assert_int_equal(when_imported(DEBTS_HEADER "D-1,C-1,acme,JPY,1234,,2024-01-31,2024-03-01,\n"), 0);
	debt = body_of(0, &create_debt_type);
	assert_int_equal(debt->principal_minor, 1234);
	assert_false(debt->fees_authorised);
}

static void test_import_row__lets_a_payment_find_the_debt_of_another_file(void **state)
{
	struct uuid debt_id, customer_id;
	const struct record_payment *payment;

	(void)state;
	assert_int_equal(when_imported(DEBTS_HEADER "D-1,C-1,acme,EUR,10,,2024-01-31,2024-03-01,no\n"), 0);
	debt_id = ((const struct create_debt *)body_of(0, &create_debt_type))->debt_id;
	customer_id = ((const struct create_debt *)body_of(0, &create_debt_type))->customer_id;
	(void)tear_down(NULL);
	assert_int_equal(set_up(NULL), 0);
	assert_int_equal(when_imported(PAYMENTS_HEADER "bank,P-1,C-1,acme,D-1,9.99,EUR,2024-04-01,card\n"), 0);
	payment = body_of(0, &record_payment_type);
	assert_true(uuid_equal(&payment->debt_id, &debt_id));
	assert_true(uuid_equal(&payment->customer_id, &customer_id));
	assert_int_equal(payment->amount_minor, 999);
}

static struct uuid id_of_debt_row(const char *row)
{
	char text[512];
	struct uuid id;

	(void)snprintf(text, sizeof(text), "%s%s", DEBTS_HEADER, row);
	assert_int_equal(when_imported(text), 0);
	id = fixture.commands[0].id;
	(void)tear_down(NULL);
	assert_int_equal(set_up(NULL), 0);
	return id;
}

static void test_import_row__gives_the_same_row_the_same_command_id_and_another_row_another(void **state)
{
	struct uuid first = id_of_debt_row("D-1,C-1,acme,EUR,10,,2024-01-31,2024-03-01,no\n");
	struct uuid again = id_of_debt_row("D-1,C-1,acme,EUR,10,,2024-01-31,2024-03-01,no\n");
	struct uuid other = id_of_debt_row("D-1,C-1,acme,EUR,11,,2024-01-31,2024-03-01,no\n");

	(void)state;
	assert_true(uuid_equal(&first, &again));
	assert_false(uuid_equal(&first, &other));
	assert_memory_equal(first.bytes, other.bytes, 6); /* the same time in front: never above a new UUIDv7 */
}

static void test_import_row__takes_references_that_look_the_same_for_the_same(void **state)
{
	struct uuid plain = id_of_debt_row("D-1,C-1,acme,EUR,10,,2024-01-31,2024-03-01,no\n");
	struct uuid blanks = id_of_debt_row("\" D-1\t\",C-1\xC2\xA0,\xE2\x80\x8B"
					    "acme,EUR,10,,2024-01-31,2024-03-01,no\n");
	struct uuid a = payment_id_of(STR("bank"), STR("A1")), b = payment_id_of(STR(" bank"), STR("A1\xE2\x80\x8B"));
	struct uuid c = creditor_id_of(STR("acme")), d = creditor_id_of(STR("\xEF\xBB\xBF"
									    "acme "));

	(void)state;
	assert_true(uuid_equal(&plain, &blanks));
	assert_true(uuid_equal(&a, &b));
	assert_true(uuid_equal(&c, &d));
}

static void test_import_row__says_which_column_is_wrong(void **state)
{
	(void)state;
	then_error(DEBTS_HEADER "D-1,C-1,acme,EUR,10.001,,2024-01-31,2024-03-01,no\n",
		   "principal: not an amount such as 1234.56, with at most 2 decimals");
	then_error(DEBTS_HEADER "D-1,C-1,acme,XXX,10,,2024-01-31,2024-03-01,no\n", "currency: not an ISO 4217 code in use");
	then_error(DEBTS_HEADER ",C-1,acme,EUR,10,,2024-01-31,2024-03-01,no\n", "external_ref: empty");
	then_error(DEBTS_HEADER "D-1,,acme,EUR,10,,2024-01-31,2024-03-01,no\n", "customer_ref: empty");
	then_error(DEBTS_HEADER "D-1,C-1,acme,EUR,10,,2024-01-31,2024-03-01,maybe\n", "fees_authorised: say yes or no");
	then_error(DEBTS_HEADER "D-1,C-1,acme,EUR,10\n", "5 fields, where the header has 9");
	then_error(DEBTS_HEADER "D-\xFF,C-1,acme,EUR,10,,2024-01-31,2024-03-01,no\n",
		   "external_ref: not UTF-8 text (--encoding says what it is)");
	then_error("external_ref,full_name,locale,country,customer_id\nC-1,A,de,DE,17\n", "customer_id: not a UUID");
	then_error(DEBTS_HEADER "D-1,C-1,acme,EUR,10,,31/01/2024,2024-03-01,no\n", "opened_on: not a date such as 2026-11-22");
	then_error(DEBTS_HEADER "D-1,C-1,acme,EUR,10,,01/02/2024,2024-03-01,no\n", "opened_on: not a date such as 2026-11-22");
	then_error(DEBTS_HEADER "D-1,C-1,acme,EUR,10,,2024-01-31,2024-02-30,no\n", "due_on: not a date such as 2026-11-22");
}

static void then_reason(const char *fault, const char *code, const char *field, const char *text)
{
	struct reason reason = import_reason(&fixture.map, fault);

	assert_true(str_is(reason.code, code));
	assert_true(str_is(reason.field, field));
	assert_true(str_is(reason.text, text));
}

static void test_import_reason__has_the_code_that_the_module_would_say(void **state)
{
	(void)state;
	assert_int_equal(when_imported(DEBTS_HEADER "D-1,C-1,acme,EUR,1,,2024-01-31,2024-03-01,no\n"), 0);
	then_reason("principal: not an amount", "bad_amount", "principal", "not an amount");
	then_reason("/interest_minor: out of range", "bad_amount", "interest", "out of range");
	then_reason("currency: no", "bad_currency", "currency", "no");
	then_reason("due_on: not a date", "bad_date", "due_on", "not a date");
	then_reason("/external_ref: too long", "bad_value", "external_ref", "too long");
	then_reason("5 fields, where the header has 9", "bad_row", "", "5 fields, where the header has 9");
	then_reason("not JSON, near byte 17: what", "bad_row", "", "not JSON, near byte 17: what");
	assert_true(str_is(import_column_of(&fixture.map, STR("principal_minor")), "principal"));
	assert_true(str_is(import_column_of(&fixture.map, STR("debt_id")), "debt_id"));
	assert_true(str_is(import_column_of(&fixture.map, STR("address")), "address"));
}

static void test_import_row__takes_a_repaired_file_of_refused_rows(void **state)
{
	struct uuid plain = id_of_debt_row("D-1,C-1,acme,EUR,10,,2024-01-31,2024-03-01,no\n");

	(void)state;
	assert_int_equal(when_imported("line,code,field,text," DEBTS_HEADER
				       "7,bad_amount,principal,\"why, then\",D-1,C-1,acme,EUR,10,,2024-01-31,2024-03-01,no\n"),
			 0);
	assert_true(uuid_equal(&fixture.commands[0].id, &plain));
}

static void test_import_map__refuses_a_header_it_does_not_know(void **state)
{
	(void)state;
	then_error("colour,size\nred,1\n", "the header row tells neither customers nor debts nor payments");
	then_error("external_ref,full_name,locale,country,shoe\nC-1,A,de,DE,43\n", "customers have no column \"shoe\"");
	then_error("external_ref,full_name,locale,country,locale\nC-1,A,de,DE,de\n", "the column \"locale\" stands twice");
	then_error("external_ref,full_name,locale\nC-1,A,de\n", "the column country is missing");
}

static void test_natural_id__keeps_parts_apart(void **state)
{
	struct uuid a = payment_id_of(STR("bank"), STR("1"));
	struct uuid b = payment_id_of(STR("ban"), STR("k1"));
	struct uuid creditor = creditor_id_of(STR("018f2f3e-0000-7000-8000-00000000000a"));
	char text[UUID_TEXT_SIZE + 1];

	(void)state;
	assert_false(uuid_equal(&a, &b));
	uuid_format(text, &creditor);
	assert_string_equal(text, "018f2f3e-0000-7000-8000-00000000000a");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_table_file__reads_rows_with_the_line_they_begin_in, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_table_file__reads_over_a_bad_row, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_table_file__says_when_a_quote_does_not_close, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_table_file__takes_semicolons, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_table_file__keeps_to_its_memory, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_table_file__refuses_a_field_of_many_lines_that_is_too_long, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_import_row__makes_a_customer_with_its_contact_points, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_import_amount__is_nothing_where_the_kind_has_no_amounts, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_import_row__reads_amounts_in_the_rows_currency, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_import_row__lets_a_payment_find_the_debt_of_another_file, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_import_row__gives_the_same_row_the_same_command_id_and_another_row_another,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_import_row__takes_references_that_look_the_same_for_the_same, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_import_row__says_which_column_is_wrong, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_import_reason__has_the_code_that_the_module_would_say, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_import_row__takes_a_repaired_file_of_refused_rows, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_import_map__refuses_a_header_it_does_not_know, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_natural_id__keeps_parts_apart, set_up, tear_down),
	};
	struct err err = ERR_INIT;

	if (crypto_init(&err) != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
