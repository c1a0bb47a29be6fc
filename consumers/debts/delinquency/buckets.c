#include "base/array.h"
#include "base/must.h"
#include "consumers/debts/delinquency/delinquency.h"

/* clang-format off */
const struct delinquency_bucket delinquency_buckets[DELINQUENCY_BUCKETS] = {
	{ "0", INT32_MIN, 0 },
	{ "1-30", 1, 30 },
	{ "31-60", 31, 60 },
	{ "61-90", 61, 90 },
	{ "91-120", 91, 120 },
	{ "121-180", 121, 180 },
	{ "181-365", 181, 365 },
	{ "366+", 366, INT32_MAX },
};
/* clang-format on */

uint32_t delinquency_bucket_of(int32_t days_past_due)
{
	uint32_t bucket = 0;

	while (days_past_due > delinquency_buckets[bucket].days_max)
		bucket++;
	MUST(bucket < DELINQUENCY_BUCKETS);
	return bucket;
}

bool delinquency_bucket_read(struct str name, uint32_t *ret_bucket)
{
	for (uint32_t bucket = 0; bucket < DELINQUENCY_BUCKETS; bucket++) {
		if (str_is(name, delinquency_buckets[bucket].name)) {
			*ret_bucket = bucket;
			return true;
		}
	}
	return false;
}
