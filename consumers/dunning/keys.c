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

/*
 * The beginning of the day before in UTC: a business date is up to a day ahead of the broker's, and ids are remembered without a look-up
 * only if their time has come (lib/worker/batch.c). One of the day itself, sent again after a crash, would be refused as the id of a
 * message that exists, and the step be taken for one that has failed.
 */
struct uuid step_id_of(const struct uuid *group_id, int32_t ask, int32_t due_on)
{
	struct uuid id = uuid_derive(group_id, "dunning step", (uint64_t)ask);

	set_time(&id, (due_on - 1) * DAY_MS);
	return id;
}

struct uuid trace_id_of(const struct uuid *customer_id, int32_t number, int32_t due_on)
{
	struct uuid id = uuid_derive(customer_id, "dunning trace", (uint64_t)number);

	set_time(&id, due_on * DAY_MS);
	return id;
}

struct uuid cancellation_id_of(const struct uuid *step_id)
{
	return uuid_derive(step_id, "dunning cancels", 0);
}

/* ---- the arm of a person ---- */

/* The first 64 bits of a hash: over weights of at most 4000 their remainder is even to 2^-52. */
static uint64_t draw(const struct policy *policy, const struct uuid *customer_id)
{
	uint8_t hash[SHA256_SIZE];
	uint64_t number = 0;

	sha256_pair(hash, str_of(policy->name),
		    (struct str){ .data = (const char *)customer_id->bytes, .size = sizeof(customer_id->bytes) });
	for (int index = 0; index < 8; index++)
		number = number << 8 | hash[index];
	return number;
}

const struct policy_arm *policy_arm_of(const struct policy *policy, const struct uuid *customer_id)
{
	uint64_t sum = 0;
	uint64_t rest;

	for (uint32_t index = 0; index < policy->arms_count; index++)
		sum += (uint64_t)policy->arms[index].weight;
	if (sum == 0)
		return NULL;
	rest = draw(policy, customer_id) % sum;
	for (uint32_t index = 0; index < policy->arms_count; index++) {
		uint64_t weight = (uint64_t)policy->arms[index].weight;

		if (rest < weight)
			return &policy->arms[index];
		rest -= weight;
	}
	MUST_NOT_REACH("the rest is below the sum");
}
