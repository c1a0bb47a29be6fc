#ifndef SIM_BOOKS_H
#define SIM_BOOKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/str.h"
#include "model/message.h"
#include "tests/sim/world.h"

/*
 * The debts as a clerk would keep them: what each accepted command says, booked by hand in the order of the log, and in the end
 * held against the states (P5) and the reports (P7). Knows nothing of ledgers, components and events.
 */
struct book_account {
	struct uuid debt_id, creditor_id;
	int64_t charged_minor; /* in all: at first, and by later charges and corrections, less waivers */
	int64_t owed_minor;    /* below 0: overpaid */
	struct uuid customer_id;
	int32_t due_on, earliest_due_on;
	bool is_reopened; /* perhaps: a payment was reversed */
	struct str external_ref;
	bool is_cancelled;
	/* The latest promise about it. */
	struct uuid promise_id; /* nil: there is none */
	int64_t promised_minor;
	size_t receipts_before; /* when it was made: later ones may count */
	bool may_be_over;       /* somebody has cancelled it, or the debt was paid or cancelled since */
	/* The plan that was accepted last. */
	struct uuid plan_id;   /* nil: there is none */
	int64_t planned_minor; /* all that was owed then */
	size_t planned_from;   /* receipts when it was accepted: later ones count */
	bool is_plan_cancelled;
};

struct receipt {
	struct uuid payment_id;
	struct book_account *account;
	int64_t amount_minor;
	int64_t refunded_minor;
	int32_t received_on;
	bool is_reversed;
};

/* A plan as it was proposed. */
struct book_plan {
	struct uuid id, debt_id;
	int64_t total_minor;
};

struct books {
	struct book_account accounts[64];
	size_t accounts_count;
	struct receipt receipts[256];
	size_t receipts_count;
	struct book_plan plans[64];
	size_t plans_count;
	struct arena arena; /* of the references */
};

void books_init(struct books *books);
void books_release(struct books *books);

/* What is wrong, as text; NULL: nothing. */
const char *books_take(struct books *books, const struct message_type *type, const void *body);
const char *books_check(const struct books *books, const struct sim_world *world, size_t module);

#endif
