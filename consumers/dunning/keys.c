#include "consumers/dunning/keys.h"

#include <string.h>

#include "base/day.h"
#include "base/must.h"
#include "consumers/dunning/dunning.h"
#include "crypto/crypto.h"

#define CURRENCY_CHARS 3
#define TIME_SIZE      6 /* bytes of an id by which it is ordered */

struct uuid group_id_of(const struct uuid *customer_id, const struct uuid *creditor_id, struct str currency)
{
	char key[2 * sizeof(customer_id->bytes) + CURRENCY_CHARS];
	struct uuid id;

	MUST(currency.size == CURRENCY_CHARS);
	memcpy(key, customer_id->bytes, sizeof(customer_id->bytes));
	memcpy(key + sizeof(customer_id->bytes), creditor_id->bytes, sizeof(creditor_id->bytes));
	memcpy(key + 2 * sizeof(customer_id->bytes), currency.data, currency.size);
	id = uuid_of_text((struct str){ .data = key, .size = sizeof(key) });
	memcpy(id.bytes, customer_id->bytes, TIME_SIZE);
	return id;
}

/* Beside the communications of its day in every index. */
static void set_time(struct uuid *id, int64_t at_ms)
{
	for (size_t index = 0; index < TIME_SIZE; index++)
		id->bytes[index] = (uint8_t)((uint64_t)at_ms >> (8 * (TIME_SIZE - 1 - index)));
}

struct uuid step_id_of(const struct uuid *group_id, int32_t ask, int32_t due_on)
{
	struct uuid id = uuid_derive(group_id, "dunning step", (uint64_t)ask);

	set_time(&id, due_on * DAY_MS);
	return id;
}

struct uuid cancellation_id_of(const struct uuid *step_id)
{
	return uuid_derive(step_id, "dunning cancels", 0);
}
