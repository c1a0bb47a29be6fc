#include "rule_spec.h"

#include "base/array.h"
#include "consumers/customers/customers.h"

static void each(const char *const *texts, size_t count, bool (*is_valid)(struct str), bool wanted)
{
	for (size_t index = 0; index < count; index++) {
		if (is_valid(str_of(texts[index])) != wanted)
			fail_msg("\"%s\" should be %s", texts[index], wanted ? "valid" : "refused");
	}
}

static void test_customers__a_nul_in_an_address_is_refused(void **state)
{
	(void)state;
	assert_false(contact_address_is_valid(CHANNEL_EMAIL, STR("a@b.de\0")));
	assert_false(contact_address_is_valid(CHANNEL_SMS, STR("+4930123456\0")));
	assert_false(contact_letter_is_valid(STR("Road 1\0")));
	assert_false(customer_name_is_valid(STR("Ann\0")));
}

static void test_customers__letters_have_lines_and_tokens_have_none(void **state)
{
	(void)state;
	assert_true(contact_letter_is_valid(STR("Anna M\xc3\xbcller\nHauptstr. 1\n10115 Berlin")));
	assert_false(contact_letter_is_valid(STR(" \n ")));
	assert_false(contact_letter_is_valid(STR("Road\r\nTown")));
	assert_true(contact_push_token_is_valid(STR("abc:DEF-0123")));
	assert_false(contact_push_token_is_valid(STR("short")));
	assert_false(contact_push_token_is_valid(STR("abc DEF 0123")));
}

static void test_customers__names_are_lines_with_something_in_them(void **state)
{
	static const char *const good[] = { "Anna", "M\xc3\xbcller & S\xc3\xb6hne GmbH", "O'Neil, J." };
	static const char *const bad[] = { "", "   ", "Anna\nBcc: all@example.org", "An\x1bna", "Anna\x7f" };

	(void)state;
	each(good, COUNT(good), customer_name_is_valid, true);
	each(bad, COUNT(bad), customer_name_is_valid, false);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_customers__a_nul_in_an_address_is_refused),
		cmocka_unit_test(test_customers__letters_have_lines_and_tokens_have_none),
		cmocka_unit_test(test_customers__names_are_lines_with_something_in_them),
	};

	return cmocka_run_group_tests_name("customers syntax", tests, NULL, NULL);
}
