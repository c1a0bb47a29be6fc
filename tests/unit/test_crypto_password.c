#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/crypto.h"
#include "crypto/password.h"

static int set_up(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	return crypto_init(&err);
}

static void test_password__fits_its_hash_and_no_other(void **state)
{
	char hash[PASSWORD_HASH_SIZE];
	char again[PASSWORD_HASH_SIZE];
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(password_hash(hash, STR("correct horse battery"), &err), 0);
	assert_int_equal(password_hash(again, STR("correct horse battery"), &err), 0);
	assert_string_not_equal(hash, again); /* a salt of its own */
	assert_int_equal(strncmp(hash, "$argon2id$v=19$m=19456,t=2,p=1$", 31), 0);
	assert_null(strstr(hash, "horse"));
	assert_true(password_fits(hash, STR("correct horse battery")));
	assert_true(password_fits(again, STR("correct horse battery")));
	assert_false(password_fits(hash, STR("correct horse batterz")));
	assert_false(password_fits(hash, STR("correct horse batter")));
	assert_false(password_fits(hash, STR("")));
}

/* Of the reference implementation's own vectors: argon2id, t=2, m=65536, p=1, "password", "somesalt". */
static void test_password__is_the_argon2id_of_others(void **state)
{
	static const char hash[] = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";

	(void)state;
	assert_true(password_fits(hash, STR("password")));
	assert_false(password_fits(hash, STR("passwort")));
}

static void test_password__what_is_no_hash_fits_nothing(void **state)
{
	(void)state;
	assert_false(password_fits("", STR("")));
	assert_false(password_fits("*", STR("*")));
	assert_false(password_fits("$argon2id$v=19$m=19456,t=2,p=1$", STR("x")));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_password__fits_its_hash_and_no_other),
		cmocka_unit_test(test_password__is_the_argon2id_of_others),
		cmocka_unit_test(test_password__what_is_no_hash_fits_nothing),
	};

	return cmocka_run_group_tests_name("crypto password", tests, set_up, NULL);
}
