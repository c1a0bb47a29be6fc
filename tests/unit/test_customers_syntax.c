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

static void test_customers__email_addresses_are_one_plain_mailbox(void **state)
{
	static const char *const good[] = { "a@b.de", "anna.maria+x@mail.example.co.uk", "o'neil@example.org",
					    "x_y-z@1and1.com" };
	static const char *const bad[] = { "",
					   "a",
					   "a@",
					   "@b.de",
					   "a@b",
					   "a@b.",
					   "a@.de",
					   "a@b..de",
					   ".a@b.de",
					   "a.@b.de",
					   "a..b@c.de",
					   "a b@c.de",
					   "a@b c.de",
					   "<a@b.de>",
					   "a@b.de>",
					   "a@b.de\r\nRCPT TO:<evil@example.org>",
					   "a@b.de\n",
					   "a\t@b.de",
					   "a\x7f@b.de",
					   "a@b@c.de",
					   "\"a\"@b.de",
					   "a@[127.0.0.1]",
					   "a@127.0.0.1",
					   "a@-b.de",
					   "a@b-.de",
					   "a@b.de,c@d.de",
					   "a(x)@b.de",
					   "\xc3\xa4@b.de" };
	char long_local[80];

	(void)state;
	each(good, COUNT(good), email_is_valid, true);
	each(bad, COUNT(bad), email_is_valid, false);
	memset(long_local, 'a', sizeof(long_local));
	memcpy(long_local + 65, "@b.de", 6);
	assert_false(email_is_valid(str_of(long_local)));
	assert_true(email_is_valid(str_of(long_local + 1)));
}

static void test_customers__a_nul_in_an_address_is_refused(void **state)
{
	(void)state;
	assert_false(email_is_valid(STR("a\0@b.de")));
	assert_false(email_is_valid(STR("a@b.de\0")));
	assert_false(phone_is_valid(STR("+4930123\0"
					"456")));
	assert_false(letter_is_valid(STR("Road 1\0")));
	assert_false(name_is_valid(STR("Ann\0")));
	assert_false(timezone_is_valid(STR("UTC\0")));
}

static void test_customers__phone_numbers_are_e164(void **state)
{
	static const char *const good[] = { "+4930123456", "+12025550123", "+123456789012345", "+1234567" };
	static const char *const bad[] = { "",
					   "+",
					   "4930123456",
					   "+0123456789",
					   "+49 30 123456",
					   "+49-30-123456",
					   "+1234567890123456",
					   "+123456",
					   "+4930123456;+4930123457",
					   "+49301234 +49",
					   "+49a0123456" };

	(void)state;
	each(good, COUNT(good), phone_is_valid, true);
	each(bad, COUNT(bad), phone_is_valid, false);
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
		cmocka_unit_test(test_customers__email_addresses_are_one_plain_mailbox),
		cmocka_unit_test(test_customers__a_nul_in_an_address_is_refused),
		cmocka_unit_test(test_customers__phone_numbers_are_e164),
		cmocka_unit_test(test_customers__letters_have_lines_and_tokens_have_none),
		cmocka_unit_test(test_customers__names_are_lines_with_something_in_them),
		cmocka_unit_test(test_customers__places_have_codes),
	};

	return cmocka_run_group_tests_name("customers syntax", tests, NULL, NULL);
}
