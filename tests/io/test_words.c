/* The word lists of schemas/words.json and the CHECKs of the tables are the same, in a real PostgreSQL with all migrations. */

#include "store_spec.h"

#include "base/buf.h"
#include "consumers/reports/reports.h"
#include "schemas/words.h"

static struct store_spec spec;

static int setup(void **state)
{
	(void)state;
	store_spec_init(&spec, &reports_module, &reports_store);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	store_spec_release(&spec);
	return 0;
}

/* A column and the words of its CHECK, sorted. Partitions have those of their table. */
#define CHECKS                                                                                                                   \
	"WITH word AS (SELECT c.relnamespace::regnamespace || '.' || c.relname || '.' || a.attname AS \"column\","               \
	" (regexp_matches(pg_get_constraintdef(k.oid), '''([^'']*)''::text', 'g'))[1] AS word"                                   \
	" FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid AND NOT c.relispartition"                                   \
	" JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.conkey[1]"                                                  \
	" WHERE k.contype = 'c' AND cardinality(k.conkey) = 1 AND pg_get_constraintdef(k.oid) LIKE '%= ANY (ARRAY[%'),"          \
	" found AS (SELECT \"column\", string_agg(word, ' ' ORDER BY word COLLATE \"C\") AS words FROM word GROUP BY 1)"

/* States that only the SQL of one program names. */
#define ONLY_IN_SQL                                                                                                              \
	"ARRAY['%.partition_head.state', '%.reader_head.state', '%.parked.kind',"                                                \
	" 'notifier.dispatch.state']"

static void add_lists(struct buf *question)
{
	buf_add_text(question, ", list AS (SELECT v.\"column\", (SELECT string_agg(w, ' ' ORDER BY w COLLATE \"C\")"
			       " FROM string_to_table(v.words, ' ') w) AS words FROM (VALUES ");
	for (size_t i = 0; word_columns[i].column != NULL; i++)
		buf_add_format(question, "%s('%s', '%s')", i == 0 ? "" : ", ", word_columns[i].column, word_columns[i].words);
	buf_add_text(question, ") v (\"column\", words))");
}

static void print_row(const struct db_result *result, int row)
{
	struct str column = db_str(result, row, 0), check = db_str(result, row, 1), list = db_str(result, row, 2);

	print_error("%.*s: the CHECK has '%.*s', schemas/words.json '%.*s'\n", (int)column.size, column.data, (int)check.size,
		    check.data, (int)list.size, list.data);
}

static void test_words__every_check_has_the_words_of_a_list(void **state)
{
	struct db_result result = { 0 };
	struct buf question;

	(void)state;
	buf_init(&question, 16384);
	buf_add_text(&question, CHECKS);
	add_lists(&question);
	buf_add_text(&question, " SELECT \"column\", coalesce(f.words, ''), coalesce(l.words, '') FROM found f FULL JOIN list l"
				" USING (\"column\") WHERE f.words IS DISTINCT FROM l.words AND (l.words IS NOT NULL"
				" OR NOT \"column\" LIKE ANY (" ONLY_IN_SQL "))");
	buf_add_u8(&question, 0);
	store_must(&spec,
		   db_run(spec.admin, store_statement("test_words", (const char *)question.data), NULL, &result, &spec.err));
	for (int row = 0; row < result.rows; row++)
		print_row(&result, row);
	assert_int_equal(result.rows, 0);
	db_result_release(&result);
	buf_release(&question);
}

static void then_named(const char *function, const char *const *words, size_t count)
{
	struct db_result result = { 0 };
	struct buf question;

	buf_init(&question, 4096);
	for (size_t i = 1; i < count; i++)
		buf_add_format(&question, "%s %s(%zu::smallint) = '%s'", i == 1 ? "SELECT" : " AND", function, i, words[i]);
	buf_add_format(&question, " AND %s(%zu::smallint) IS NULL", function, count);
	buf_add_u8(&question, 0);
	store_must(&spec, db_run(spec.admin, store_statement(function, (const char *)question.data), NULL, &result, &spec.err));
	if (!db_bool(&result, 0, 0))
		fail_msg("%s does not have the words of its list", function);
	db_result_release(&result);
	buf_release(&question);
}

static void test_words__a_number_in_a_table_has_its_word_in_sql(void **state)
{
	(void)state;
	then_named("debts.lifecycle_name", lifecycle_words, COUNT(lifecycle_words));
	then_named("debts.ledger_kind_name", ledger_kind_words, COUNT(ledger_kind_words));
	then_named("debts.contra_account_name", contra_account_words, COUNT(contra_account_words));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_words__every_check_has_the_words_of_a_list, setup, teardown),
		cmocka_unit_test_setup_teardown(test_words__a_number_in_a_table_has_its_word_in_sql, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
