#include "world.h"

#include <stdio.h>

#include "bus/bus.h"

#define DEBTS_FROM_MS    INT64_C(1700000000000) /* ids of what was there before */
#define COMMANDS_FROM_MS INT64_C(1760000000000)
#define REPEATS_BACK     500 /* how far back the repeated command stands: mostly in the batch before, or in the same */

enum family { FAMILY_DEBT = 1, FAMILY_CUSTOMER, FAMILY_CREDITOR, FAMILY_PORTFOLIO, FAMILY_COMMAND, FAMILY_PAYMENT, FAMILY_DICE };

/* splitmix64: the n-th of a family's random numbers, out of order. */
static uint64_t random_of(enum family family, uint64_t number, uint64_t draw)
{
	uint64_t z = number * 8 + draw + ((uint64_t)family << 56);

	z = (z + UINT64_C(0x9E3779B97F4A7C15)) * UINT64_C(0xBF58476D1CE4E5B9);
	z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
	z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
	return z ^ z >> 31;
}

static int64_t between(uint64_t random, int64_t min, int64_t max)
{
	return min + (int64_t)(random % (uint64_t)(max - min + 1));
}

/* A few a millisecond, and rising with the number also within it. */
static struct uuid id_of(enum family family, int64_t number, int64_t from_ms, int64_t per_ms)
{
	uint64_t random[2] = { random_of(family, (uint64_t)number, 6), random_of(family, (uint64_t)number, 7) };
	uint8_t random10[10];
	int64_t within = number % per_ms;

	memcpy(random10, random, sizeof(random10));
	random10[0] = (uint8_t)(within >> 8);
	random10[1] = (uint8_t)within;
	return uuid_v7(from_ms + number / per_ms, random10);
}

int64_t world_customers(const struct world *world)
{
	return world->debts / 2 + 1;
}

struct uuid world_customer_id(int64_t number)
{
	return id_of(FAMILY_CUSTOMER, number, DEBTS_FROM_MS, 10);
}

int32_t world_part(const struct uuid *customer_id)
{
	char text[UUID_TEXT_SIZE + 1];

	uuid_format(text, customer_id);
	return bus_part_of((struct str){ .data = text, .size = UUID_TEXT_SIZE }, WORLD_PARTS);
}

void world_debt(const struct world *world, int64_t number, struct world_debt *ret_debt)
{
	bool is_old = number < world->debts;
	int64_t creditor = between(random_of(FAMILY_DEBT, (uint64_t)number, 0), 0, WORLD_CREDITORS - 1);
	int64_t customer =
		is_old ? number / 2 : between(random_of(FAMILY_DEBT, (uint64_t)number, 1), 0, world_customers(world) - 1);

	*ret_debt = (struct world_debt){
		.debt_id =
			is_old ? id_of(FAMILY_DEBT, number, DEBTS_FROM_MS, 10) : id_of(FAMILY_DEBT, number, COMMANDS_FROM_MS, 10),
		.customer_id = world_customer_id(customer),
		.creditor_id = id_of(FAMILY_CREDITOR, creditor, DEBTS_FROM_MS, 1),
		.portfolio_id = id_of(FAMILY_PORTFOLIO, creditor, DEBTS_FROM_MS, 1),
		.principal_minor = between(random_of(FAMILY_DEBT, (uint64_t)number, 2), 50000, 2000000),
		.interest_minor = between(random_of(FAMILY_DEBT, (uint64_t)number, 3), 0, 5000),
		.cost_minor = between(random_of(FAMILY_DEBT, (uint64_t)number, 4), 0, 2500),
		.opened_on = WORLD_OPENED_ON,
		.due_on = WORLD_OPENED_ON + (int32_t)between(random_of(FAMILY_DEBT, (uint64_t)number, 5), 14, 90),
	};
	snprintf(ret_debt->external_ref, sizeof(ret_debt->external_ref), "INV-2023-%09lld", (long long)number);
}

static void create_debt(const struct world *world, int64_t number, struct world_command *command)
{
	struct world_debt *debt = &command->debt;

	world_debt(world, world->debts + number, debt);
	command->type = &create_debt_type;
	command->customer_id = debt->customer_id;
	command->body.create_debt = (struct create_debt){
		.debt_id = debt->debt_id,
		.customer_id = debt->customer_id,
		.creditor_id = debt->creditor_id,
		.has_portfolio_id = true,
		.portfolio_id = debt->portfolio_id,
		.external_ref = str_of(debt->external_ref),
		.currency = STR("EUR"),
		.principal_minor = debt->principal_minor,
		.interest_minor = debt->interest_minor,
		.cost_minor = debt->cost_minor,
		.opened_on = debt->opened_on,
		.due_on = debt->due_on,
		.fees_authorised = true, /* costs need it too */
	};
}

static void record_payment(const struct world *world, int64_t number, struct world_command *command)
{
	static const char *const sources[WORLD_SOURCES] = { "bank-1", "bank-2", "bank-3", "bank-4",
							    "cards",  "agency", "portal", "telephone" };
	uint64_t random = random_of(FAMILY_PAYMENT, (uint64_t)number, 0);

	world_debt(world, between(random_of(FAMILY_PAYMENT, (uint64_t)number, 1), 0, world->debts - 1), &command->debt);
	snprintf(command->external_ref, sizeof(command->external_ref), "2024-03-%02d/%010lld", (int)(1 + number / 20000 % 28),
		 (long long)number);
	command->type = &record_payment_type;
	command->customer_id = command->debt.customer_id;
	command->body.record_payment = (struct record_payment){
		.payment_id = id_of(FAMILY_PAYMENT, number, COMMANDS_FROM_MS, 10),
		.customer_id = command->debt.customer_id,
		.debt_id = command->debt.debt_id,
		.source = str_of(sources[random % WORLD_SOURCES]),
		.external_ref = str_of(command->external_ref),
		.amount_minor = between(random_of(FAMILY_PAYMENT, (uint64_t)number, 2), 500, 60000),
		.currency = command->is_refused ? STR("USD") : STR("EUR"),
		.received_on = WORLD_OPENED_ON + 100 + (int32_t)(random >> 32 & 31),
		.method = STR("transfer"),
	};
}

void world_command(const struct world *world, int64_t number, struct world_command *ret_command)
{
	int64_t dice = between(random_of(FAMILY_DICE, (uint64_t)number, 0), 0, 9999);
	int64_t repeats = -1;

	/* 10 of 10,000 repeat. What is repeated may be a repetition itself: it is followed to the first. */
	while (dice < 10 && number >= REPEATS_BACK) {
		number -= REPEATS_BACK;
		repeats = number;
		dice = between(random_of(FAMILY_DICE, (uint64_t)number, 0), 0, 9999);
	}
	*ret_command = (struct world_command){
		.id = id_of(FAMILY_COMMAND, number, COMMANDS_FROM_MS, 100),
		.repeats = repeats,
		.is_refused = dice >= 1010 && dice < 1110,
	};
	if (dice >= 10 && dice < 1010)
		create_debt(world, number, ret_command);
	else
		record_payment(world, number, ret_command);
}
