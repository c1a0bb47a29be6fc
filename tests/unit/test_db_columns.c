/* lib/db: statements made of columns, and values as a table has them. Reading and writing: tests/io/test_db_column_values.c. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "db/db_columns.h"
#include "dies.h"

struct thing {
	struct uuid id;
	int64_t amount_minor;
	int32_t due_on;
	uint32_t state;
	char currency[4];
	struct str name;
};

enum { MONEY = 1 << 0, DATES = 1 << 1 };

static const struct db_column rows[] = {
	{ "id", DB_UUID(struct thing, id), .or_null = true },
	{ "amount_minor", DB_INT64(struct thing, amount_minor), .set = MONEY | DATES },
	{ "due_on", DB_DATE(struct thing, due_on), .set = DATES, .or_null = true },
	{ "state", DB_SMALLINT(struct thing, state) },
	{ "currency", DB_CHARS(struct thing, currency), .set = MONEY },
	{ "name", DB_STR(struct thing, name), .or_null = true },
};
static const struct db_columns all = DB_COLUMNS(rows, 0);
static const struct db_columns money = DB_COLUMNS(rows, MONEY);
static const struct db_columns dates = DB_COLUMNS(rows, DATES);

static void test_db_columns__a_list_is_all_or_those_of_a_set(void **state)
{
	(void)state;
	assert_int_equal(db_columns_count(&all), 6);
	assert_int_equal(db_columns_count(&money), 2);
	assert_ptr_equal(db_columns_next(&dates, NULL), &rows[1]);
	assert_ptr_equal(db_columns_next(&dates, &rows[1]), &rows[2]);
	assert_null(db_columns_next(&dates, &rows[2]));
}

static void test_db_columns__what_is_read_names_its_table(void **state)
{
	static struct db_template select = { .name = "select", .columns = &money, .sql = "SELECT n, {t.columns} FROM thing t" };
	const struct db_statement *statement = db_template_statement(&select);

	(void)state;
	assert_string_equal(statement->name, "select");
	assert_string_equal(statement->sql, "SELECT n, t.amount_minor, t.currency FROM thing t");
	assert_ptr_equal(db_template_statement(&select), statement);
	buf_release(&select.text);
}

static void test_db_columns__what_is_set_takes_items_of_arrays(void **state)
{
	static struct db_template update = { .name = "update",
					     .columns = &dates,
					     .sql = "UPDATE thing SET {columns = $3} WHERE a < 1" };

	(void)state;
	assert_string_equal(db_template_statement(&update)->sql,
			    "UPDATE thing SET amount_minor = ($3::bigint[])[n], due_on = ($4::date[])[n] WHERE a < 1");
	buf_release(&update.text);
}

static const struct db_column credit_rows[] = { { "amount_minor", DB_INT64(struct thing, amount_minor), .load = "-e.amount" } };
static const struct db_columns credit = DB_COLUMNS(credit_rows, 0);

static void set_an_expression(void)
{
	static struct db_template update = { .name = "update", .columns = &credit, .sql = "SET {columns = $1}" };

	(void)db_template_statement(&update);
}

static void test_db_columns__an_expression_is_read_and_not_set(void **state)
{
	static struct db_template select = { .name = "select", .columns = &credit, .sql = "SELECT {t.columns}" };

	(void)state;
	assert_string_equal(db_template_statement(&select)->sql, "SELECT -e.amount");
	assert_true(dies(set_an_expression));
	buf_release(&select.text);
}

static void fill_in_another_blank(void)
{
	static struct db_template other = { .name = "other", .columns = &all, .sql = "SELECT {everything}" };

	(void)db_template_statement(&other);
}

static void test_db_columns__a_blank_must_be_one_of_the_two(void **state)
{
	(void)state;
	assert_true(dies(fill_in_another_blank));
}

static void test_db_columns__a_row_is_compared_as_the_table_has_it(void **state)
{
	const struct thing thing = { .amount_minor = -2, .state = 3, .currency = "EUR", .name = STR("Anna") };

	(void)state;
	assert_true(db_column_is(&rows[0], &thing, NULL, -1));
	assert_true(db_column_is(&rows[1], &thing, "\377\377\377\377\377\377\377\376", 8));
	assert_false(db_column_is(&rows[1], &thing, "\377\377\377\377\377\377\377\377", 8));
	assert_false(db_column_is(&rows[1], &thing, "\376", 1));
	assert_false(db_column_is(&rows[1], &thing, NULL, -1));
	assert_true(db_column_is(&rows[2], &thing, NULL, -1)); /* 1970-01-01 */
	assert_true(db_column_is(&rows[3], &thing, "\0\3", 2));
	assert_true(db_column_is(&rows[4], &thing, "EUR", 3));
	assert_false(db_column_is(&rows[4], &thing, "EU", 2));
	assert_true(db_column_is(&rows[5], &thing, "Anna", 4));
}

static void write_a_bigint_into_an_integer(void)
{
	static const struct db_table table = { .name = "thing", .columns = "a uuid, b integer" };
	const struct thing thing = { .amount_minor = 1 };
	struct db_copy copy;

	db_copy_init(&copy, &table, 1000);
	db_copy_row(&copy);
	db_copy_null(&copy);
	db_copy_columns(&copy, &money, &thing);
}

static void test_db_columns__a_field_must_be_of_its_columns_type(void **state)
{
	(void)state;
	assert_true(dies(write_a_bigint_into_an_integer));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_db_columns__a_list_is_all_or_those_of_a_set),
		cmocka_unit_test(test_db_columns__what_is_read_names_its_table),
		cmocka_unit_test(test_db_columns__what_is_set_takes_items_of_arrays),
		cmocka_unit_test(test_db_columns__an_expression_is_read_and_not_set),
		cmocka_unit_test(test_db_columns__a_blank_must_be_one_of_the_two),
		cmocka_unit_test(test_db_columns__a_row_is_compared_as_the_table_has_it),
		cmocka_unit_test(test_db_columns__a_field_must_be_of_its_columns_type),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
