#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/array.h"
#include "base/place.h"

#define EACH(is_valid, wanted, ...)                                                                                              \
	do {                                                                                                                     \
		static const char *const texts[] = { __VA_ARGS__ };                                                              \
		for (size_t i = 0; i < COUNT(texts); i++) {                                                                      \
			if (is_valid(str_of(texts[i])) != (wanted))                                                              \
				fail_msg("\"%s\" should be %s", texts[i], (wanted) ? "valid" : "refused");                       \
		}                                                                                                                \
	} while (0)

static void test_place__countries_are_those_of_the_standard(void **state)
{
	size_t count = 0;

	(void)state;
	EACH(country_is_known, true, "DE", "US", "GB", "AD", "ZW", "AX");
	EACH(country_is_known, false, "", "D", "de", "XX", "ZZ", "DEU", "DA", "UK", "EU", "A ");
	for (int first = 0; first < 26; first++) {
		for (int second = 0; second < 26; second++) {
			const char code[] = { (char)('A' + first), (char)('A' + second) };

			count += country_is_known((struct str){ .data = code, .size = sizeof(code) });
		}
	}
	assert_int_equal(count, 249);
}

static void test_place__a_region_belongs_to_its_country(void **state)
{
	(void)state;
	assert_true(region_is_known(STR("US"), STR("MA")));
	assert_true(region_is_known(STR("US"), STR("US-MA")));
	assert_true(region_is_known(STR("GB"), STR("GB-SCT")));
	assert_true(region_is_known(STR("GB"), STR("ENG")));
	assert_true(region_is_known(STR("FR"), STR("IDF")));
	assert_false(region_is_known(STR("GB"), STR("US-MA")));
	assert_false(region_is_known(STR("GB"), STR("MA")));
	assert_false(region_is_known(STR("US"), STR("QQQ")));
	assert_false(region_is_known(STR("US"), STR("US-")));
	assert_false(region_is_known(STR("US"), STR("US")));
	assert_false(region_is_known(STR("US"), STR("")));
	assert_false(region_is_known(STR("US"), STR("MA ")));
	assert_false(region_is_known(STR("US"), STR("ma")));
	assert_false(region_is_known(STR("ZZ"), STR("MA")));
	assert_false(region_is_known(STR("AQ"), STR("AQ-1"))); /* has none */
}

static void test_place__time_zones_are_those_of_iana(void **state)
{
	(void)state;
	EACH(timezone_is_known, true, "UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires", "Etc/GMT+5", "Asia/Calcutta",
	     "America/Port-au-Prince", "Africa/Abidjan", "Zulu");
	EACH(timezone_is_known, false, "", "Mars/Base", "europe/berlin", "Europe/Berlin ", "Europe/", "Europe", "+02:00",
	     "../etc/passwd", "Factory");
}

static void test_place__languages_are_those_of_the_standards(void **state)
{
	(void)state;
	EACH(language_tag_is_valid, true, "de", "en-GB", "zh-Hant-TW", "gsw-CH", "es-419", "de-CH-1996", "sl-rozaj-biske",
	     "en-x-ours", "de-DE-u-co-phonebk");
	EACH(language_tag_is_valid, false, "", "d", "DE", "de-", "de_DE", "german", "xx", "qq-QQ", "en-XX", "en-UK", "de--DE",
	     "-de", "de-Abcd", "en-x", "de-DEU", "zh-Hant-TW-averylongpart", "en-x-a-b-c-d-e-f-g-h-i-j-k-l-m-n-o-p",
	     "en-x-\xC3\xA4");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_place__countries_are_those_of_the_standard),
		cmocka_unit_test(test_place__a_region_belongs_to_its_country),
		cmocka_unit_test(test_place__time_zones_are_those_of_iana),
		cmocka_unit_test(test_place__languages_are_those_of_the_standards),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
