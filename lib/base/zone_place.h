#ifndef BASE_ZONE_PLACE_H
#define BASE_ZONE_PLACE_H

#include "base/zone.h"

/*
 * In which time zones a person may be of whom a country, a region or a telephone number is known: data of IANA and of
 * libphonenumber, by the tables of zone_table.inc (made by zone_table.py). Pure.
 */

/* No two are alike. Empty: a zone of the table is not among the system's, so which zones these are is not known. */
struct zone_set {
	uint32_t count;
	const struct zone *items[];
};

/*
 * Of a region (ISO 3166-2, without its country) where the table has it, otherwise of the whole country (ISO 3166-1). NULL: no
 * such country. Memory of the zones.
 */
const struct zone_set *zones_of_place(const struct zones *zones, struct str country, struct str region);

/*
 * What a number (E.164, with its plus) adds to a person's country. Of a North American number the zones of its area code; those
 * of all of North America where the area code is not in the table. Of another the zones of every country of its calling code,
 * unless the person's country is one of them. NULL: it adds nothing.
 */
const struct zone_set *zones_of_number(const struct zones *zones, struct str number, struct str country);

/* For zones_load: the sets of all rows, from zones that are complete. */
struct zone_places *zone_places_make(struct zones *zones);

#endif
