#ifndef CONSUMERS_DUNNING_PLACE_H
#define CONSUMERS_DUNNING_PLACE_H

#include "consumers/dunning/dunning.h"

/*
 * The days of a person's place: of the recorded zone, otherwise of each zone of the region or country; of UTC when none is known
 * (lib/base/zone_place.h). Pure.
 */

/* The instant at which the day has begun in each of them. */
int64_t place_day_begins(const struct calendar *calendar, const struct dunned_person *person, int32_t day);

/* The latest day that it is in one of them. */
int32_t place_day(const struct calendar *calendar, const struct dunned_person *person, int64_t at_ms);

#endif
