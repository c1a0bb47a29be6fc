#ifndef TESTS_BENCH_WORLD_H
#define TESTS_BENCH_WORLD_H

#include <stdint.h>

#include "base/uuid.h"
#include "model/message.h"
#include "schemas/debts.h"

/*
 * The world of `make bench`, made from numbers: what stands in the database before (debts 0 .. debts-1, two to a customer) and
 * the commands that follow (0, 1, 2 ...). Nothing is stored: the loader, the publisher and the floor make the same world from the
 * same number of debts, each in a process of its own.
 *
 *   of 1000 commands   100 CreateDebt for a random customer, 900 RecordPayment on a random debt (one of the first `debts`)
 *   1 %                are refused: a payment in another currency than the debt's
 *   0.1 %              repeat an earlier command, byte for byte
 *
 * Ids are UUIDv7 whose time rises with the number, as an issuer makes them; texts are as long as they are in life.
 */
#define WORLD_PARTS     6
#define WORLD_CREDITORS 50
#define WORLD_OPENED_ON 19700 /* a day of 2023; everything happens some days after it */
#define WORLD_SOURCES   8

struct world {
	int64_t debts;
};

struct world_debt {
	struct uuid debt_id, customer_id, creditor_id, portfolio_id;
	char external_ref[32];
	int64_t principal_minor, interest_minor, cost_minor; /* no fees */
	int32_t opened_on, due_on;
};

/* Also of debts that do not exist yet: number >= debts. */
void world_debt(const struct world *world, int64_t number, struct world_debt *ret_debt);

int64_t world_customers(const struct world *world);
struct uuid world_customer_id(int64_t number);

/* The partition of everything about a customer. */
int32_t world_part(const struct uuid *customer_id);

/* Points into itself: not to be copied. */
struct world_command {
	const struct message_type *type;
	struct uuid id;
	struct uuid customer_id; /* the key */
	int64_t repeats;         /* the number of the command that this is once more; -1: none */
	bool is_refused;
	union {
		struct create_debt create_debt;
		struct record_payment record_payment;
	} body;
	struct world_debt debt;
	char external_ref[48];
};

void world_command(const struct world *world, int64_t number, struct world_command *ret_command);

#endif
