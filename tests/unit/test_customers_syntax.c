#include "rule_spec.h"

#include "consumers/customers/customers.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

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
	assert_false(address_is_valid(CHANNEL_EMAIL, STR("a@b.de\0")));
	assert_false(address_is_valid(CHANNEL_SMS, STR("+4930123456\0")));
	assert_false(letter_is_valid(STR("Road 1\0")));
	assert_false(name_is_valid(STR("Ann\0")));
	assert_false(timezone_is_valid(STR("UTC\0")));
}

static void test_customers__letters_have_lines_and_tokens_have_none(void **state)
{
	(void)state;
	assert_true(letter_is_valid(STR("Anna M\xc3\xbcller\nHauptstr. 1\n10115 Berlin")));
	assert_false(letter_is_valid(STR(" \n ")));
	assert_false(letter_is_valid(STR("Road\r\nTown")));
	assert_true(push_token_is_valid(STR("abc:DEF-0123")));
	assert_false(push_token_is_valid(STR("short")));
	assert_false(push_token_is_valid(STR("abc DEF 0123")));
}

static void test_customers__names_are_lines_with_something_in_them(void **state)
{
	static const char *const good[] = { "Anna", "M\xc3\xbcller & S\xc3\xb6hne GmbH", "O'Neil, J." };
	static const char *const bad[] = { "", "   ", "Anna\nBcc: all@example.org", "An\x1bna", "Anna\x7f" };

	(void)state;
	each(good, COUNT(good), name_is_valid, true);
	each(bad, COUNT(bad), name_is_valid, false);
}

static void test_customers__places_have_codes(void **state)
{
	static const char *const locales[] = { "de", "de-DE", "zh-Hant-TW", "gsw-CH" };
	static const char *const no_locales[] = { "", "d", "DE", "de-", "de_DE", "deutsch", "de--DE", "de-D", "-de" };
	static const char *const countries[] = { "DE", "US", "AD", "ZW" };
	static const char *const no_countries[] = { "", "D", "de", "XX", "DEU", "DA", "UK" };
	static const char *const regions[] = { "BE", "CA", "ENG", "NW-1" };
	static const char *const no_regions[] = { "", "Berlin", "A_B", "ABCDEFGHIJKLMNOPQ" };
	static const char *const timezones[] = { "UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires", "Etc/GMT+5" };
	static const char *const no_timezones[] = { "", "europe/berlin", "Europe/Berlin ", "Europe/", "+02:00", "../etc/passwd" };

	(void)state;
	each(locales, COUNT(locales), locale_is_valid, true);
	each(no_locales, COUNT(no_locales), locale_is_valid, false);
	each(countries, COUNT(countries), country_is_valid, true);
	each(no_countries, COUNT(no_countries), country_is_valid, false);
	each(regions, COUNT(regions), region_is_valid, true);
	each(no_regions, COUNT(no_regions), region_is_valid, false);
	each(timezones, COUNT(timezones), timezone_is_valid, true);
	each(no_timezones, COUNT(no_timezones), timezone_is_valid, false);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_customers__a_nul_in_an_address_is_refused),
		cmocka_unit_test(test_customers__letters_have_lines_and_tokens_have_none),
		cmocka_unit_test(test_customers__names_are_lines_with_something_in_them),
		cmocka_unit_test(test_customers__places_have_codes),
	};

	return cmocka_run_group_tests_name("customers syntax", tests, NULL, NULL);
}
