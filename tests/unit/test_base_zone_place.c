#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/array.h"
#include "base/zone_place.h"

static struct zones zones;
static struct err err;

static int setup(void **state)
{
	(void)state;
	return zones_load(&zones, ZONE_FOLDER, &err);
}

static int teardown(void **state)
{
	(void)state;
	zones_release(&zones);
	return 0;
}

static bool has(const struct zone_set *set, const char *name)
{
	const struct zone *zone = zones_find(&zones, str_of(name));

	assert_non_null(zone);
	for (uint32_t index = 0; index < set->count; index++) {
		if (zone_is_alike(set->items[index], zone))
			return true;
	}
	return false;
}

/* Exactly these: names with a blank between; "" is no set. */
static void check(const char *what, const struct zone_set *set, const char *names)
{
	struct str rest = str_of(names);
	uint32_t count = 0;
	char name[ZONE_NAME_MAX + 1];

	if (rest.size == 0 && set == NULL)
		return;
	if (set == NULL)
		fail_msg("%s: nothing, but it is %s", what, names);
	for (; rest.size > 0; count++) {
		bool fits = str_to_chars(name, sizeof(name), str_cut(rest, ' ', &rest));

		assert_true(fits);
		if (!has(set, name))
			fail_msg("%s: without %s", what, name);
	}
	if (set->count != count)
		fail_msg("%s: %u zones instead of %s", what, set->count, names);
}

/* From maps, not from the table. Of zones that are alike one stands for all. */
static void test_zone_place__a_region_or_a_country_has_the_zones_of_its_places(void **state)
{
	static const struct {
		const char *country, *region, *zones;
	} cases[] = {
		{ "DE", "", "Europe/Berlin" },
		{ "GB", "", "Europe/London" },
		{ "GB", "SCT", "Europe/London" },
		{ "FR", "", "Europe/Paris" },
		{ "ES", "", "Europe/Madrid Atlantic/Canary" },
		{ "ES", "GC", "Atlantic/Canary" },
		{ "PT", "", "Europe/Lisbon Atlantic/Azores" },
		{ "IN", "", "Asia/Kolkata" },
		{ "CN", "", "Asia/Shanghai Asia/Urumqi" },
		{ "US", "",
		  "America/New_York America/Chicago America/Denver America/Phoenix America/Los_Angeles America/Anchorage "
		  "America/Adak "
		  "Pacific/Honolulu" },
		{ "US", "NY", "America/New_York" },
		{ "US", "CA", "America/Los_Angeles" },
		{ "US", "IN", "America/New_York America/Chicago" },
		{ "US", "TX", "America/Chicago America/Denver" },
		{ "US", "AZ", "America/Phoenix America/Denver" },
		{ "US", "AK", "America/Anchorage America/Adak" },
		{ "US", "HI", "Pacific/Honolulu" },
		{ "CA", "QC", "America/Toronto America/Halifax America/Puerto_Rico" },
		{ "CA", "SK", "America/Regina America/Edmonton" },
		{ "AU", "QLD", "Australia/Brisbane" },
		{ "AU", "NSW", "Australia/Sydney Australia/Adelaide Australia/Lord_Howe" },
		{ "BR", "AC", "America/Rio_Branco" },
		{ "RU", "",
		  "Europe/Kaliningrad Europe/Moscow Europe/Samara Asia/Yekaterinburg Asia/Omsk Asia/Novosibirsk Asia/Irkutsk "
		  "Asia/Yakutsk "
		  "Asia/Vladivostok Asia/Magadan Asia/Kamchatka" },
		{ "RU", "MOW", "Europe/Moscow" },
		/* Guadalajara; Monterrey and Nuevo Laredo; Chihuahua, Ciudad Juarez, Ojinaga; Tepic and the bay */
		{ "MX", "JAL", "America/Mexico_City" },
		{ "MX", "NLE", "America/Mexico_City America/Chicago" },
		{ "MX", "CHH", "America/Chihuahua America/Ciudad_Juarez America/Ojinaga" },
		{ "MX", "NAY", "America/Mazatlan America/Mexico_City" },
		{ "MX", "BCN", "America/Los_Angeles" },
		{ "MX", "ROO", "America/Cancun" },
		{ "CL", "RM", "America/Santiago" },
		{ "CL", "VS", "America/Santiago Pacific/Easter" },
		{ "CL", "MA", "America/Punta_Arenas" },
		{ "ID", "JK", "Asia/Jakarta" },
		{ "ID", "KT", "Asia/Jakarta" },
		{ "ID", "BA", "Asia/Makassar" },
		{ "ID", "PA", "Asia/Jayapura" },
		{ "MN", "1", "Asia/Ulaanbaatar" },
		{ "MN", "071", "Asia/Hovd" },
		{ "MN", "065", "Asia/Hovd Asia/Ulaanbaatar" },
		{ "XX", "", "" },
		{ "", "", "" },
		{ "", "MA", "" },
		{ "de", "", "" },
		{ "DEU", "", "" },
	};

	(void)state;
	for (size_t index = 0; index < COUNT(cases); index++) {
		char what[32];

		(void)snprintf(what, sizeof(what), "%s-%s", cases[index].country, cases[index].region);
		check(what, zones_of_place(&zones, str_of(cases[index].country), str_of(cases[index].region)),
		      cases[index].zones);
	}
}

/* A region that the table does not have, or that is none, narrows nothing. */
static void test_zone_place__an_unknown_region_is_the_whole_country(void **state)
{
	const struct zone_set *country = zones_of_place(&zones, STR("US"), STR(""));

	(void)state;
	assert_ptr_equal(zones_of_place(&zones, STR("US"), STR("ZZ")), country);
	assert_ptr_equal(zones_of_place(&zones, STR("US"), STR("ABCDEFGHIJK")), country);
	assert_ptr_equal(zones_of_place(&zones, STR("US"), STR("UM")), country);
}

static void test_zone_place__a_number_adds_the_zones_of_another_country(void **state)
{
	static const struct {
		const char *number, *country, *zones;
	} cases[] = {
		{ "+4930123456", "DE", "" },
		{ "+4930123456", "FR", "Europe/Berlin" },
		{ "+447700900123", "GB", "" },
		{ "+447700900123", "IM", "" }, /* one calling code for both */
		{ "+447700900123", "DE", "Europe/London" },
		{ "+33199000000", "", "Europe/Paris" },
		{ "+383", "DE", "Europe/Belgrade" },
		{ "+12125550123", "US", "America/New_York" },
		{ "+13105550123", "US", "America/Los_Angeles" },
		{ "+13105550123", "DE", "America/Los_Angeles" },
		{ "+18505550123", "US", "America/Chicago America/New_York" },
		{ "+18765550123", "JM", "America/Jamaica" },
		{ "+999123", "DE", "" }, /* no country's */
		{ "+", "DE", "" },
		{ "", "DE", "" },
		{ "012345", "DE", "" },
		{ "someone@example.com", "DE", "" },
	};

	(void)state;
	for (size_t index = 0; index < COUNT(cases); index++)
		check(cases[index].number, zones_of_number(&zones, str_of(cases[index].number), str_of(cases[index].country)),
		      cases[index].zones);
}

/* Of an area code that is newer than the table only North America is known: from Newfoundland to Guam. */
static void test_zone_place__an_unknown_area_code_is_somewhere_in_north_america(void **state)
{
	const struct zone_set *set = zones_of_number(&zones, STR("+19995550123"), STR("US"));

	(void)state;
	assert_non_null(set);
	assert_true(has(set, "America/St_Johns") && has(set, "America/New_York") && has(set, "Pacific/Honolulu"));
	assert_true(has(set, "Pacific/Guam") && has(set, "Pacific/Pago_Pago") && has(set, "America/Regina"));
	assert_ptr_equal(set, zones_of_number(&zones, STR("+1"), STR("DE")));
	assert_false(has(set, "Europe/London"));
}

/* Alike since 2021, whatever was before; and not if only one night a year differs. */
static void test_zone_place__zones_are_alike_by_their_clocks(void **state)
{
	static const struct {
		const char *zone, *other;
		bool is_alike;
	} cases[] = {
		{ "America/New_York", "America/Detroit", true }, { "America/New_York", "America/Indiana/Indianapolis", true },
		{ "America/New_York", "America/Havana", false }, { "America/New_York", "America/Cancun", false },
		{ "Europe/Berlin", "Europe/Paris", true },       { "Europe/Berlin", "Africa/Algiers", false },
		{ "Europe/Moscow", "Europe/Volgograd", true },   { "Europe/Moscow", "Europe/Istanbul", true },
		{ "Asia/Almaty", "Asia/Bishkek", false }, /* until 2024 */
		{ "America/Phoenix", "America/Denver", false },
	};

	(void)state;
	for (size_t index = 0; index < COUNT(cases); index++) {
		const struct zone *zone = zones_find(&zones, str_of(cases[index].zone));
		const struct zone *other = zones_find(&zones, str_of(cases[index].other));

		if (zone_is_alike(zone, other) != cases[index].is_alike || zone_is_alike(other, zone) != cases[index].is_alike ||
		    (zone->alike == other->alike) != cases[index].is_alike)
			fail_msg("%s and %s", zone->name, other->name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_zone_place__a_region_or_a_country_has_the_zones_of_its_places),
		cmocka_unit_test(test_zone_place__an_unknown_region_is_the_whole_country),
		cmocka_unit_test(test_zone_place__a_number_adds_the_zones_of_another_country),
		cmocka_unit_test(test_zone_place__an_unknown_area_code_is_somewhere_in_north_america),
		cmocka_unit_test(test_zone_place__zones_are_alike_by_their_clocks),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
