/* Apart from facts.c, which has an enum fact of its own. */
#include "tests/fuzz/law.h"

#include <string.h>

#include "base/must.h"
#include "consumers/communications/asked.h"

void choose_law(struct person *person, bool is_law, bool is_wide)
{
	static struct zones zones;
	const char *country = is_wide ? "US" : "DE";
	struct err err = ERR_INIT;
	struct str bad;
	const char *ids = is_law ? "basic person us_third_party us_first_party massachusetts uk eu house" : "basic person";
	bool is_chosen = asked_profiles_choose(str_of(ids), &bad);

	MUST(is_chosen);
	if (!is_law)
		return;
	MUST(zones.count > 0 || zones_load(&zones, ZONE_FOLDER, &err) == 0);
	memcpy(person->country, country, sizeof(person->country));
	person->place_zones = zones_of_place(&zones, str_of(country), STR(""));
}
