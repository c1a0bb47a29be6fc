#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "producers/api/auth/auth_body.h"

static void then_good(const char *password, const char *login)
{
	const char *fault = password_fault(str_of(password), str_of(login));

	if (fault != NULL)
		fail_msg("\"%s\" %s", password, fault);
}

static void then_bad(const char *password, const char *login, const char *fault)
{
	const char *found = password_fault(str_of(password), str_of(login));

	assert_non_null(found);
	assert_string_equal(found, fault);
}

static void test_api_auth_body__a_password_has_twelve_characters(void **state)
{
	(void)state;
	then_good("twelve chars", "anna");
	then_bad("eleven char", "anna", "has fewer than 12 characters");
	then_bad("", "anna", "has fewer than 12 characters");
	/* Characters, not bytes: eleven of two bytes are too few, twelve are enough. */
	then_bad("\xc3\xa4\xc3\xb6\xc3\xbc\xc3\xa4\xc3\xb6\xc3\xbc\xc3\xa4\xc3\xb6\xc3\xbc\xc3\xa4\xc3\xb6", "anna",
		 "has fewer than 12 characters");
	then_good("\xc3\xa4\xc3\xb6\xc3\xbc\xc3\xa4\xc3\xb6\xc3\xbc\xc3\xa4\xc3\xb6\xc3\xbc\xc3\xa4\xc3\xb6\xc3\xbc", "anna");
}

static void test_api_auth_body__a_password_is_neither_the_login_nor_one_character(void **state)
{
	char longest[PASSWORD_MAX + 1];

	(void)state;
	then_bad("anna.mustermann", "anna.mustermann", "is the login");
	then_bad("Anna.Mustermann", "anna.mustermann", "is the login");
	then_good("anna.mustermann!", "anna.mustermann");
	then_bad("............", "anna", "is one character again and again");
	memset(longest, 'x', PASSWORD_MAX);
	longest[PASSWORD_MAX] = '\0';
	then_bad(longest, "anna", "is one character again and again");
	longest[7] = 'y';
	then_good(longest, "anna");
}

static void test_api_auth_body__logins_are_in_lower_case(void **state)
{
	char login[] = "Anna.MUSTER@Example.Com-_\xc3\x84";

	(void)state;
	login_fold(login);
	assert_string_equal(login, "anna.muster@example.com-_\xc3\x84");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_api_auth_body__a_password_has_twelve_characters),
		cmocka_unit_test(test_api_auth_body__a_password_is_neither_the_login_nor_one_character),
		cmocka_unit_test(test_api_auth_body__logins_are_in_lower_case),
	};

	return cmocka_run_group_tests_name("what is sent to /auth", tests, NULL, NULL);
}
