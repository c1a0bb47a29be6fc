#ifndef DEBTS_LEDGER_LEDGER_H
#define DEBTS_LEDGER_LEDGER_H

#include <stdbool.h>
#include <stdint.h>

#include "model/balances.h"
#include "model/workset.h"
#include "schemas/words.h"

/*
 * The double-entry ledger of debts: allocation of amounts, the posting of an event, and its booking. An event posts at most
 * one entry (consumers/debts/README.md, "The ledger").
 */
struct event;

/* ---- allocation ---- */

/*
 * The allocation of an amount to the components owed, in this order (enum allocation_order; NONE: the default, allocate.c), the rest
 * to credit. The result sums to the amount.
 */
struct balances ledger_allocate(uint32_t order, const struct balances *owed, int64_t amount_minor);

/* The reverse of an allocation, for an amount to take back: what is paid last comes back first. */
struct balances ledger_deallocate(uint32_t order, const struct balances *allocated, int64_t amount_minor);

/* The debits and credits of a payment of `applied` by credit. Amounts below 0: such a payment is taken back. */
struct balances ledger_credit_debits(const struct balances *applied);

/* The account of a component, as commands and events name it. */
enum account component_account(enum component component);

/* ---- entries ---- */

/*
 * The posting of an event: debits above 0, credits below. The amounts of the accounts and of `contra` sum to zero; ledger_book
 * checks this (MUST).
 */
struct posting {
	enum ledger_kind kind;
	enum contra_account contra; /* NONE: the debt's own accounts only */
	int64_t contra_minor;
	struct balances debits;
	int64_t balance_minor; /* the balance afterwards, from the event */
	int32_t occurred_on;
	bool has_booked_on; /* false: an event older than the member */
	int32_t booked_on;
	const struct uuid *debt_id;
	const struct uuid *payment_id; /* NULL: none */
	int64_t reverses_seq;          /* 0: none; of a reversal the store fills in the seq of its payment's entry */
};

/* Pure. False: the event moves no money. Borrows from the event (consumers/debts/evolve.c). */
bool posting_of(const struct event *event, struct posting *ret_posting);

/* posting.c: of the body of an event that moves money; of one that has moved none, as the recall of a paid debt or a breach without a discount, the kind is NONE. */
typedef struct posting posting_of_event(const void *body);
posting_of_event posting_of_opening;
posting_of_event posting_of_payment;
posting_of_event posting_of_reversal;
posting_of_event posting_of_refund;
posting_of_event posting_of_credit;
posting_of_event posting_of_cancellation;
posting_of_event posting_of_charge;
posting_of_event posting_of_waiver;
posting_of_event posting_of_adjustment;
posting_of_event posting_of_write_off;
posting_of_event posting_of_transfer;
posting_of_event posting_of_recall;
posting_of_event posting_of_discount;
posting_of_event posting_of_reopening;
posting_of_event posting_of_breach;

/* P5: adds the posting to its debt's balances. */
void ledger_book(struct workset *set, const struct posting *posting);

#endif
