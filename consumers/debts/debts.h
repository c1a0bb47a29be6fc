#ifndef CONSUMERS_DEBTS_DEBTS_H
#define CONSUMERS_DEBTS_DEBTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/str.h"
#include "base/uuid.h"
#include "model/balances.h"
#include "model/module.h"
#include "model/workset.h"

/*
 * The debts module: debts, payments, and the double-entry ledger behind both.
 *
 *   CreateDebt ---> DebtCreated        RecordPayment ---> PaymentRecorded [DebtPaid]
 *   AmendDebt ----> DebtAmended        ReversePayment --> [CreditApplied, taken back] PaymentReversed [CreditApplied]
 *   CancelDebt ---> DebtCancelled                         [DebtReopened]
 *
 * Invariants, held after every command (P5): no balance is negative; CREDIT is above 0 only when nothing is owed; balances are
 * the sums of the ledger's entries; a reversal mirrors its payment's entry exactly and happens once; a cancellation takes back
 * all that was charged, and presupposes that there are no payments; versions are 1..k.
 */
struct store;

extern const struct module debts_module;
extern const struct store debts_store; /* store.c */

/* ---- money ---- */

/*
 * The allocation of an amount to the components owed, in payment order (ledger/allocate.c), the rest to credit. The result sums to the
 * amount.
 */
struct balances allocate(const struct balances *owed, int64_t amount_minor);

/* The reverse of an allocation, for an amount to take back: principal first. */
struct balances deallocate(const struct balances *allocated, int64_t amount_minor);

/* The debits and credits when credit pays `applied`; below 0: when that is taken back. */
struct balances credit_debits(const struct balances *applied);

/* ---- lifecycle (consumers/DOMAIN.md 4, axis 1) ---- */

enum lifecycle {
	LIFECYCLE_NONE,
	LIFECYCLE_NEW, /* stays until another event moves it; due_on shows whether it is due */
	LIFECYCLE_ACTIVE,
	LIFECYCLE_ARRANGED,
	LIFECYCLE_LEGAL,
	LIFECYCLE_CHARGED_OFF,
	LIFECYCLE_PAID,
	LIFECYCLE_SETTLED,
	LIFECYCLE_WRITTEN_OFF,
	LIFECYCLE_TRANSFERRED,
	LIFECYCLE_CANCELLED,
	LIFECYCLE_COUNT,
};

enum lifecycle_cause {
	CAUSE_CREATED,
	CAUSE_DUE,
	CAUSE_PAID_UP,
	CAUSE_REOPENED, /* a payment was reversed and something is owed again */
	CAUSE_CANCELLED,
	CAUSE_COUNT,
};

/* The next state; LIFECYCLE_NONE: the table has no such move. */
enum lifecycle lifecycle_after(enum lifecycle from, enum lifecycle_cause cause);

bool lifecycle_is_terminal(enum lifecycle lifecycle);

const char *lifecycle_name(enum lifecycle lifecycle); /* "NEW", as debts.lifecycle_name in SQL; of NONE "" */

/* ---- states ---- */

/* Aggregate. Fields of the store are not read or written by rules. */
struct debt {
	struct uuid customer_id;
	struct uuid creditor_id;
	struct uuid portfolio_id; /* zeros: in none */
	struct balances balances;
	/* Amounts paid by credit (CreditApplied), by account, that can still be taken back; CREDIT is not used. */
	struct balances credit_used;
	int64_t version;
	int32_t opened_on;
	int32_t due_on;
	int32_t entries;    /* ledger entries so far */
	uint32_t lifecycle; /* enum lifecycle */
	char currency[4];

	/* the store's own */
	int64_t version_stored; /* as loaded: the condition of the update */
	int64_t last_entry_seq; /* seq of the newest ledger entry */
	int32_t entries_stored; /* catches up with `entries` while saving */
	int32_t part;
	uint32_t is_credit_used; /* credit_used was changed */
	uint32_t amended;        /* bits of store_change.c: due date or reference was changed */
};

/* Facts of a debt for rare commands, under the debt's id: loaded for them alone. A payment neither reads nor changes them. */
#define DEBT_REFERENCE_MAX (4 * 64) /* bytes of so many characters */

struct debt_terms {
	int64_t charged_minor; /* opening balance and later charges; 0 when cancelled */
	int32_t opened_on;
	char external_ref[DEBT_REFERENCE_MAX + 1]; /* terminated */
};

/* The sum of the payments that were not reversed. */
int64_t standing_payments(const struct debt *debt, const struct debt_terms *terms);

enum payment_state { PAYMENT_NONE, PAYMENT_SETTLED, PAYMENT_REVERSED };

struct payment {
	struct uuid customer_id;
	struct uuid debt_id;
	struct balances allocated; /* as in its ledger entry */
	int64_t amount_minor;
	int32_t received_on;
	uint32_t state;                         /* enum payment_state */
	char source[SCOPE_SOURCE_SIZE_MAX + 1]; /* empty: longer than any source that an issuer can be bound to */

	/* the store's own */
	int64_t entry_seq;
};

/* A natural key: (creditor, reference) of a debt, (source, reference) of a payment. */
struct taken {
	uint32_t is_taken;        /* 1; 0: released again */
	struct uuid portfolio_id; /* of the debt that has it; zeros: in none, or a payment's key */
};

/* Sets the source of a payment. */
void payment_set_source(struct payment *payment, struct str source);

/* Whether the command may be about the debt: a debt beyond the issuer's scope does not exist for it. NULL: no debt. */
bool debt_is_reached(const struct command *command, const struct debt *debt);

/* From customers.public_customer. */
struct debts_customer {
	uint32_t is_active; /* neither merged nor deceased nor erased */
};

/*
 * Whether a creditor knows a customer, in a portfolio if one is given: the slot exists. Touched only for issuers that act as a
 * creditor.
 */
struct debts_acquaintance {
	uint32_t is_known; /* 1 */
};

extern const struct entity debt_entity;
extern const struct entity debt_terms_entity;
extern const struct entity payment_entity;
extern const struct entity debt_reference_entity;
extern const struct entity payment_reference_entity;
extern const struct entity debts_customer_entity;
extern const struct entity debts_acquaintance_entity;

/* ---- the ledger ---- */

/* The posting of an event: debits above 0, credits below. The accounts and contra sum to zero (MUST, where evolve books it). */
struct posting {
	const char *kind;
	const char *contra; /* NULL: the debt's own accounts only */
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

/* Pure. False: the event moves no money. Borrows from the event. */
bool posting_of(const struct event *event, struct posting *ret_posting);

/* ---- natural keys ---- */

/* A slot's text and id. The text is the whole key in an unambiguous form; the `_split` functions read it back. */
#define REFERENCE_KEY_MAX 512

struct reference_key {
	char text[REFERENCE_KEY_MAX];
	size_t size;
};

/* False when the texts are too long for a key; the schema's limits are shorter. */
bool debt_reference_key(struct reference_key *ret_key, const struct uuid *creditor_id, struct str external_ref);
bool payment_reference_key(struct reference_key *ret_key, struct str source, struct str external_ref);
struct uuid reference_id(const struct reference_key *key);

/* Of an acquaintance: the pair of a scope, and the customer. */
void acquainted_key(struct reference_key *ret_key, const struct scope_pair *pair, const struct uuid *customer_id);
void acquainted_split(struct str text, struct scope_pair *ret_pair, struct uuid *ret_customer_id);

/* False, with a refusal: another debt of the creditor has the reference. */
bool debt_reference_is_free(const struct uuid *reference, const struct uuid *creditor_id, const struct workset *set,
			    struct decision *decision);

/* Of a slot that was touched. */
bool reference_is_taken(const struct workset *set, const struct entity *entity, const struct uuid *id);

void debt_reference_split(struct str text, struct uuid *ret_creditor_id, struct str *ret_external_ref);
void payment_reference_split(struct str text, struct str *ret_source, struct str *ret_external_ref);

/* ---- rules: decide_<command> is declared in schemas/debts.h ---- */

void debts_evolve(struct workset *set, const struct event *event);

/* The range of a command's dates: anything else is a typing error. */
#define DEBTS_DAY_MIN (-25567) /* 1900-01-01 */
#define DEBTS_DAY_MAX 84005    /* 2199-12-31 */

#endif
