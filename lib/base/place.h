#ifndef BASE_PLACE_H
#define BASE_PLACE_H

#include <stdbool.h>

#include "base/str.h"

/*
 * Validity of codes of places and languages, by tables of the standards (place_table.inc, made by place_table.py), so that a
 * record means the same on every machine. Letter case must be as in the standards. Pure.
 */
bool country_is_known(struct str country); /* ISO 3166-1 alpha-2 */

/* A region of this country (ISO 3166-2): US-MA, or MA alone. */
bool region_is_known(struct str country, struct str region);

bool timezone_is_known(struct str timezone); /* an IANA name: Europe/Berlin; also an alias (link) */
const char *timezone_at(size_t index);       /* each of them, in order; NULL behind the last */

/*
 * A language tag (BCP 47): a language of ISO 639, then script, country or area, variants, extensions: de, en-GB, zh-Hant-TW,
 * es-419, de-CH-1996. At most LANGUAGE_TAG_MAX bytes.
 */
#define LANGUAGE_TAG_MAX 35
bool language_tag_is_valid(struct str tag);

#endif
