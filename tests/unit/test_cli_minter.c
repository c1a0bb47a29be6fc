/* For whom the command line's tokens are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "crypto/crypto.h"
#include "producers/cli/minter.h"
#include "producers/cli/natural_id.h"
#include "tests/unit/captured.h"

#define ACME "019a0000-0000-7000-8000-000000000001"

static struct scope scope;
static struct err err;

static int set_up(void **state)
{
	(void)state;
	scope = scope_none;
	err = (struct err)ERR_INIT;
	return crypto_init(&err);
}

static int parse(const char *creditors, const char *portfolios, const char *sources)
{
	const struct scope_words words = { .creditors = creditors, .portfolios = portfolios, .sources = sources };

	return scope_parse(&words, &scope, &err);
}

static void test_scope_parse__ids_codes_and_names(void **state)
{
	struct uuid acme, code = creditor_id_of(STR("acme"));

	(void)state;
	assert_true(uuid_parse(&acme, STR(ACME)));
	assert_int_equal(parse(ACME ", acme", "", "bank-1,bank 2"), 0);
	assert_int_equal(scope.creditors_count, 2);
	assert_true(scope_has_creditor(&scope, &acme));
	assert_true(scope_has_creditor(&scope, &code));
	assert_true(scope_has_source(&scope, STR("bank 2")));
	assert_int_equal(scope.sources_count, 2);
}

static void test_scope_parse__a_star_is_all(void **state)
{
	(void)state;
	assert_int_equal(parse("*", "", "*"), 0);
	assert_memory_equal(&scope, &scope_all, sizeof(scope));
}

static void parse_nothing(void)
{
	assert_int_equal(parse("", "", "bank-1"), 0);
}

static void test_scope_parse__nothing_is_all_and_says_so(void **state)
{
	char said[256];

	(void)state;
	captured(2, said, sizeof(said), parse_nothing);
	assert_true(scope.all_creditors);
	assert_false(scope.all_sources);
	assert_string_equal(said, "the token is for all creditors; --creditor binds it\n");
}

static void test_scope_parse__portfolios_are_of_creditors_that_are_named(void **state)
{
	struct uuid telecom = portfolio_id_of(STR("telecom")), acme;

	(void)state;
	assert_true(uuid_parse(&acme, STR(ACME)));
	assert_int_equal(parse(ACME, "telecom, " ACME, "*"), 0);
	assert_int_equal(scope.portfolios_count, 2);
	assert_true(scope_has_debt(&scope, &acme, &telecom));
	assert_int_equal(parse("*", "telecom", "*"), -1);
	assert_string_equal(err.text, "--portfolio: --creditor says whose they are");
	assert_int_equal(parse(ACME, "*", "*"), -1); /* all of them is said by none */
	assert_int_equal(parse(ACME, "telecom,,x", "*"), -1);
}

static void test_scope_parse__refuses_what_is_none(void **state)
{
	(void)state;
	assert_int_equal(parse("acme,,", "", "*"), -1);
	assert_int_equal(parse("acme,*", "", "*"), -1);
	assert_int_equal(parse("*", "", "a source's name of more than 32 bytes"), -1);
	assert_int_equal(parse("*", "", "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17"), -1);
	assert_memory_equal(&scope, &scope_none, sizeof(scope));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_scope_parse__ids_codes_and_names, set_up),
		cmocka_unit_test_setup(test_scope_parse__a_star_is_all, set_up),
		cmocka_unit_test_setup(test_scope_parse__nothing_is_all_and_says_so, set_up),
		cmocka_unit_test_setup(test_scope_parse__portfolios_are_of_creditors_that_are_named, set_up),
		cmocka_unit_test_setup(test_scope_parse__refuses_what_is_none, set_up),
	};

	return cmocka_run_group_tests_name("tokens of the command line", tests, NULL, NULL);
}
