/* What an issuer is bound to: its words, its text, what it lets through. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/array.h"
#include "model/scope.h"

#define ACME  "019a0000-0000-7000-8000-000000000001"
#define OTHER "019a0000-0000-7000-8000-000000000002"
#define NIL   "00000000-0000-0000-0000-000000000000"

static struct uuid id_of(const char *text)
{
	struct uuid id;

	assert_true(uuid_parse(&id, str_of(text)));
	return id;
}

static void test_scope__nothing_is_the_least(void **state)
{
	struct uuid acme = id_of(ACME);

	(void)state;
	assert_false(scope_has_creditor(&scope_none, &acme));
	assert_false(scope_has_source(&scope_none, STR("bank-1")));
	assert_false(scope_has_source(&scope_none, STR("")));
	assert_true(scope_has_creditor(&scope_all, &acme));
	assert_true(scope_has_source(&scope_all, STR("bank-1")));
}

static void test_scope__has_what_was_added(void **state)
{
	struct scope scope = scope_none;
	struct uuid acme = id_of(ACME), other = id_of(OTHER);

	(void)state;
	assert_true(scope_add_creditor(&scope, STR(ACME)));
	assert_true(scope_add_creditor(&scope, STR(ACME)));
	assert_true(scope_add_source(&scope, STR("bank-1")));
	assert_true(scope_add_source(&scope, STR("bank-1")));
	assert_int_equal(scope.creditors_count, 1);
	assert_int_equal(scope.sources_count, 1);
	assert_true(scope_has_creditor(&scope, &acme));
	assert_false(scope_has_creditor(&scope, &other));
	assert_true(scope_has_source(&scope, STR("bank-1")));
	assert_false(scope_has_source(&scope, STR("bank-10")));
	assert_false(scope_has_source(&scope, STR("bank-")));
	assert_false(scope_has_source(&scope, STR("*")));
}

static void test_scope__takes_no_other_words(void **state)
{
	static const struct str no_creditors[] = { { "", 0 }, { "acme", 4 }, { NIL, 36 }, { ACME "0", 37 } };
	static const struct str no_sources[] = { { "", 0 },     { "a,b", 3 },  { "a\nb", 3 },
						 { "a\0b", 3 }, { "\xff", 1 }, { "123456789012345678901234567890123", 33 } };
	struct scope scope = scope_none;

	(void)state;
	for (size_t i = 0; i < COUNT(no_creditors); i++)
		assert_false(scope_add_creditor(&scope, no_creditors[i]));
	for (size_t i = 0; i < COUNT(no_sources); i++)
		assert_false(scope_add_source(&scope, no_sources[i]));
	assert_memory_equal(&scope, &scope_none, sizeof(scope));
}

static void test_scope__all_stands_alone(void **state)
{
	struct scope scope = scope_none;
	struct scope listed = scope_none;

	(void)state;
	assert_true(scope_add_creditor(&scope, STR("*")));
	assert_false(scope_add_creditor(&scope, STR(ACME)));
	assert_true(scope_add_source(&scope, STR("*")));
	assert_false(scope_add_source(&scope, STR("bank-1")));
	assert_memory_equal(&scope, &scope_all, sizeof(scope));

	assert_true(scope_add_creditor(&listed, STR(ACME)));
	assert_false(scope_add_creditor(&listed, STR("*")));
	assert_true(scope_add_source(&listed, STR("bank-1")));
	assert_false(scope_add_source(&listed, STR("*")));
	assert_false(listed.all_creditors || listed.all_sources);
}

static void fill(struct scope *scope)
{
	char word[64]; /* more than it says: the compiler counts a number's widest form */

	for (int i = 0; i < SCOPE_CREDITORS_MAX; i++) {
		(void)snprintf(word, sizeof(word), "019a0000-0000-7000-8000-0000000001%02d", i);
		assert_true(scope_add_creditor(scope, str_of(word)));
	}
	for (int i = 0; i < SCOPE_SOURCES_MAX; i++) {
		(void)snprintf(word, sizeof(word), "a-source-of-thirty-two-bytes--%02d", i);
		assert_true(scope_add_source(scope, str_of(word)));
	}
}

static void add_portfolios(struct scope *scope, int count)
{
	char word[64];

	for (int i = 0; i < count; i++) {
		(void)snprintf(word, sizeof(word), "019a0000-0000-7000-8000-0000000002%02d", i);
		assert_true(scope_add_portfolio(scope, str_of(word)));
	}
}

static void test_scope__a_debt_is_in_a_creditor_and_a_portfolio(void **state)
{
	struct scope scope = scope_none;
	struct uuid acme = id_of(ACME), other = id_of(OTHER), none = { { 0 } };

	(void)state;
	assert_true(scope_has_debt(&scope_all, &acme, &none));
	assert_false(scope_has_debt(&scope, &acme, &none));
	assert_true(scope_add_creditor(&scope, STR(ACME)));
	assert_true(scope_has_debt(&scope, &acme, &none)); /* bound to no portfolio: to all, and to what is in none */
	assert_true(scope_has_debt(&scope, &acme, &other));
	assert_true(scope_add_portfolio(&scope, STR(OTHER)));
	assert_true(scope_add_portfolio(&scope, STR(OTHER)));
	assert_int_equal(scope.portfolios_count, 1);
	assert_true(scope_has_debt(&scope, &acme, &other));
	assert_false(scope_has_debt(&scope, &acme, &acme));
	assert_false(scope_has_debt(&scope, &acme, &none));
	assert_false(scope_has_debt(&scope, &other, &other));
	assert_true(scope_has_creditor(&scope, &acme));
}

static void test_scope__portfolios_are_of_creditors_that_are_named(void **state)
{
	struct scope scope = scope_none, all = { .all_creditors = true };

	(void)state;
	assert_false(scope_add_portfolio(&scope, STR(OTHER)));
	assert_false(scope_add_portfolio(&all, STR(OTHER)));
	assert_true(scope_add_creditor(&scope, STR(ACME)));
	assert_false(scope_add_portfolio(&scope, STR("*")));
	assert_false(scope_add_portfolio(&scope, STR("")));
	assert_false(scope_add_portfolio(&scope, STR(NIL)));
	assert_int_equal(scope.portfolios_count, 0);
	assert_true(scope_add_portfolio(&scope, STR(OTHER)));
	assert_false(scope_add_creditor(&scope, STR(OTHER))); /* later than its portfolios */
	assert_false(scope_add_creditor(&scope, STR("*")));
}

/* Each creditor with each portfolio, once; without portfolios each creditor. */
static void test_scope__pairs_are_creditors_times_portfolios(void **state)
{
	struct scope scope = scope_none;
	struct uuid none = { { 0 } };

	(void)state;
	assert_int_equal(scope_pairs(&scope_all), 0);
	assert_true(scope_add_creditor(&scope, STR(ACME)));
	assert_true(scope_add_creditor(&scope, STR(OTHER)));
	assert_int_equal(scope_pairs(&scope), 2);
	for (size_t i = 0; i < 2; i++) {
		struct scope_pair pair = scope_pair(&scope, i);

		assert_true(uuid_equal(&pair.creditor_id, &scope.creditors[i]));
		assert_true(uuid_equal(&pair.portfolio_id, &none));
	}
	add_portfolios(&scope, 3);
	assert_int_equal(scope_pairs(&scope), 6);
	for (size_t i = 0; i < 6; i++) {
		struct scope_pair pair = scope_pair(&scope, i);

		assert_true(uuid_equal(&pair.creditor_id, &scope.creditors[i / 3]));
		assert_true(uuid_equal(&pair.portfolio_id, &scope.portfolios[i % 3]));
	}
}

static void test_scope__has_bounds(void **state)
{
	struct scope scope = scope_none;

	(void)state;
	fill(&scope);
	assert_false(scope_add_creditor(&scope, STR(ACME)));
	assert_false(scope_add_source(&scope, STR("bank-1")));
	add_portfolios(&scope, SCOPE_PAIRS_MAX / SCOPE_CREDITORS_MAX);
	assert_false(scope_add_portfolio(&scope, STR(OTHER)));
	scope = scope_none;
	assert_true(scope_add_creditor(&scope, STR(ACME)));
	add_portfolios(&scope, SCOPE_PORTFOLIOS_MAX);
	assert_false(scope_add_portfolio(&scope, STR(OTHER)));
}

/* Written and read again it is the same. */
static void comes_back(const struct scope *scope, const char *text)
{
	struct scope read;
	struct buf buf;

	buf_init(&buf, SCOPE_TEXT_SIZE_MAX);
	scope_write(scope, &buf);
	assert_false(buf.overflow);
	if (text != NULL)
		assert_true(str_is(buf_str(&buf), text));
	assert_true(scope_read(&read, buf_str(&buf)));
	assert_memory_equal(&read, scope, sizeof(read));
	buf_release(&buf);
}

static void test_scope__comes_back_from_its_text(void **state)
{
	struct scope one = { .creditors_count = 1, .creditors = { id_of(ACME) }, .sources_count = 2, .sources = { "a", "b; c" } };
	struct scope full = scope_none, portfolios = one;

	(void)state;
	fill(&full);
	add_portfolios(&full, SCOPE_PAIRS_MAX / SCOPE_CREDITORS_MAX);
	assert_true(scope_add_portfolio(&portfolios, STR(OTHER)));
	assert_true(scope_add_portfolio(&portfolios, STR(ACME)));
	comes_back(&scope_none, ";");
	comes_back(&scope_all, "*;*");
	comes_back(&one, ACME ";a,b; c");
	comes_back(&portfolios, ACME "/" OTHER "," ACME ";a,b; c");
	comes_back(&full, NULL);
}

static void test_scope__a_text_that_is_none_changes_nothing(void **state)
{
	struct scope scope = scope_all;

	(void)state;
	assert_false(scope_read(&scope, STR("acme;")));
	assert_false(scope_read(&scope, STR("*," ACME ";")));
	assert_false(scope_read(&scope, STR(";*,b")));
	assert_false(scope_read(&scope, STR("/" ACME ";")));
	assert_false(scope_read(&scope, STR("*/" ACME ";")));
	assert_false(scope_read(&scope, STR(ACME "/*;")));
	assert_false(scope_read(&scope, STR(ACME "/" ACME "/" OTHER ";")));
	assert_memory_equal(&scope, &scope_all, sizeof(scope));
}

static void test_scope__is_kept_in_an_arena(void **state)
{
	struct scope one = { .creditors_count = 1, .creditors = { id_of(ACME) } };
	const struct scope *kept;
	struct err err = ERR_INIT;
	struct arena arena;

	(void)state;
	assert_int_equal(arena_init(&arena, 3 * sizeof(one) / 2, &err), 0);
	assert_ptr_equal(scope_keep(&arena, &scope_all), &scope_all);
	assert_ptr_equal(scope_keep(&arena, &scope_none), &scope_none);
	kept = scope_keep(&arena, &one);
	assert_ptr_not_equal(kept, &one);
	assert_memory_equal(kept, &one, sizeof(one));
	assert_null(scope_keep(&arena, &one));
	arena_release(&arena);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scope__nothing_is_the_least),
		cmocka_unit_test(test_scope__has_what_was_added),
		cmocka_unit_test(test_scope__takes_no_other_words),
		cmocka_unit_test(test_scope__all_stands_alone),
		cmocka_unit_test(test_scope__a_debt_is_in_a_creditor_and_a_portfolio),
		cmocka_unit_test(test_scope__portfolios_are_of_creditors_that_are_named),
		cmocka_unit_test(test_scope__pairs_are_creditors_times_portfolios),
		cmocka_unit_test(test_scope__has_bounds),
		cmocka_unit_test(test_scope__comes_back_from_its_text),
		cmocka_unit_test(test_scope__a_text_that_is_none_changes_nothing),
		cmocka_unit_test(test_scope__is_kept_in_an_arena),
	};

	return cmocka_run_group_tests_name("scopes", tests, NULL, NULL);
}
