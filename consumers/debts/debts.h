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
#include "schemas/words.h"

/*
 * The debts module: debts, payments, and the double-entry ledger behind both.
 *
 *   CreateDebt ---> DebtCreated        RecordPayment ---> PaymentRecorded [DebtPaid]
 *   AmendDebt ----> DebtAmended        ReversePayment --> [CreditApplied, taken back] PaymentReversed [CreditApplied]
 *                   [DebtActivated]                       [DebtReopened]
 *                                                     RefundPayment ---> PaymentRefunded
 *   DescribeCreditor --> CreditorDescribed, DescribePortfolio --> PortfolioDescribed, PublishDebtPolicy --> DebtPolicyPublished:
 *                       under the thing's own id
 *   AssessFee, AssessCost --> ChargeAssessed   WaiveAmount --> AmountWaived [DebtPaid]   AdjustBalance --> BalanceAdjusted [DebtPaid]
 *   CancelDebt ---> DebtCancelled      (a timer, on the due date) --> DebtActivated
 *   ChargeOff ----> [PlanCancelled] DebtChargedOff [PromiseCancelled]   UndoChargeOff --> ChargeOffUndone [DebtActivated]
 *   WriteOff, TransferDebt, RecallDebt --> [PlanCancelled] DebtWrittenOff, DebtTransferred, DebtRecalled [PromiseCancelled]
 *   MakePromise --> [PromiseSuperseded] PromiseMade        CancelPromise --> PromiseCancelled
 *   (a payment, a reversal, a cancellation, a change of what is owed, or the timer of a promise) --> [PromiseKept, PromisePartlyKept, PromiseBroken,
 *                                                                          PromiseReopened or PromiseCancelled]
 *   PlaceHold --> HoldPlaced | HoldExtended     ReleaseHold --> HoldReleased     ReviewHold --> HoldReviewed
 *   (the timer of a hold) --> [HoldBegun] [HoldReviewDue] | HoldExpired
 *   RaiseDispute --> DisputeRaised [HoldPlaced | HoldExtended]     AddDisputeEvidence --> DisputeEvidenceAdded
 *   ResolveDispute --> [HoldReleased] DisputeResolved
 *   ProposePlan --> PlanProposed       AcceptPlan ---> [PromiseCancelled] PlanActivated
 *   CancelPlan ---> PlanCancelled      ReinstatePlan -> [PromiseCancelled] PlanReinstated
 *   (a payment, a reversal, or the timer of a plan) --> [InstalmentMissed] [InstalmentPaid] [PlanBroken, PlanCompleted or PlanResumed]
 *   OfferSettlement --> SettlementOffered   AcceptSettlement --> [PromiseCancelled] SettlementAccepted   WithdrawSettlement --> SettlementWithdrawn
 *   (a payment, a reversal, what ends the debt, or the timer of a settlement) --> [SettlementReopened] [SettlementFulfilled,
 *                                                     SettlementBreached, SettlementExpired or SettlementWithdrawn]
 *   (a timer, on the day of the next bucket; AmendDebt, a hold, a reversal, what leaves nothing owed) --> [DelinquencyChanged], behind its cause
 *
 * Invariants, held after every command (P5): no balance is negative; CREDIT is above 0 only when nothing is owed; balances are
 * the sums of the ledger's entries; a reversal mirrors its payment's entry exactly and happens once; a cancellation takes back
 * all charges and is refused while payments stand; versions are 1..k. A NEW debt has a timer on its due date.
 */
struct store;

/* One event's effect on the states, by its body; evolve.c has the table. */
typedef void evolve_event(struct workset *set, const void *body);

extern const struct module debts_module;
extern const struct store debts_store; /* store.c */

/* ---- lifecycle (consumers/DOMAIN.md 4, axis 1); its states are in schemas/words.json ---- */

enum lifecycle_cause {
	CAUSE_CREATED,
	CAUSE_DUE, /* its due date has come */
	CAUSE_PAID_UP,
	CAUSE_REOPENED, /* a payment was reversed and something is owed again */
	CAUSE_CANCELLED,
	CAUSE_ARRANGED,          /* a plan is active, or a settlement is accepted */
	CAUSE_ARRANGEMENT_ENDED, /* it is not any more, and something is owed */
	CAUSE_SETTLED,           /* its settlement is fulfilled */
	CAUSE_CHARGED_OFF,
	CAUSE_WRITTEN_OFF,
	CAUSE_TRANSFERRED,
	CAUSE_RECALLED,          /* by its creditor */
	CAUSE_RECOVERY_REVERSED, /* as CAUSE_REOPENED, of a debt that was charged off */
	CAUSE_COUNT,
};

/* The next state; LIFECYCLE_NONE: the table has no such move. */
enum lifecycle lifecycle_after(enum lifecycle from, enum lifecycle_cause cause);

bool lifecycle_is_terminal(enum lifecycle lifecycle);

/* What people can do with a debt: decide asks these, and so do the actions in rules.c. */
bool debt_is_in_books(unsigned lifecycle); /* it takes payments, reversals and amendments */
bool debt_is_cancellable(unsigned lifecycle);
bool debt_is_open(
	unsigned lifecycle); /* something is owed on it, and nothing arranged says how that is paid: people change what is owed */
bool debt_takes_promise(unsigned lifecycle); /* it is open */
bool debt_takes_plan(unsigned lifecycle);    /* or a settlement */
bool debt_takes_dispute(unsigned lifecycle); /* whatever it is */

/* ---- states ---- */

/* Aggregate. Fields of the store are not read or written by rules. */
struct debt {
	struct uuid customer_id;
	struct uuid creditor_id;
	struct uuid portfolio_id;  /* nil: in none */
	struct uuid promise_id;    /* the latest about it; nil: there is none, or a plan or a settlement has taken its place */
	struct uuid plan_id;       /* the one that was activated last; nil: there is none, or a settlement was accepted since */
	struct uuid settlement_id; /* the one that was offered last; nil: there is none */
	struct balances balances;
	/* Amounts paid by credit (CreditApplied), by account, that can still be taken back; CREDIT is not used. */
	struct balances credit_used;
	int64_t version;
	int32_t opened_on;
	int32_t due_on;
	int32_t entries;        /* ledger entries so far */
	uint32_t lifecycle;     /* enum lifecycle */
	uint32_t allocation;    /* enum allocation_order, of the version of its policy when it was created; NONE: the default */
	uint32_t stopped;       /* what its holds stop now: bits of debt_is_stopped; 0: nothing */
	int32_t charged_off_on; /* 0: it is not charged off; set also when it is paid since */
	int32_t charged_off_entries; /* ledger entries then */
	uint32_t charged_off_from;   /* enum lifecycle: what it was */
	uint32_t bucket;             /* of delinquency_buckets, by its last event */
	int32_t paused_days;         /* days after the due day on which it did not age, of periods that are over */
	int32_t paused_since;        /* it does not age from this day on; 0: it does */
	char currency[4];

	/* for the store only */
	int64_t version_stored; /* as loaded: the condition of the update */
	int64_t last_entry_seq; /* seq of the newest ledger entry */
	int32_t entries_stored; /* catches up with `entries` while saving */
	int32_t part;
	uint32_t is_credit_used; /* credit_used was changed */
	uint32_t amended;        /* bits of debt/store_change.c: due date or reference was changed */
	uint32_t is_aged;        /* bucket, paused_days or paused_since was changed */
};

/* A committed state becomes what a load gives: the store's own fields are as if it was just read. */
void debt_refresh(void *state);

/*
 * Facts of a debt that only rare commands need, under the debt's id; loaded for these commands only. A payment neither reads nor
 * changes them.
 */
#define DEBT_REFERENCE_MAX (4 * 64) /* bytes of so many characters */

struct debt_terms {
	int64_t charged_minor; /* opening balance, later charges and corrections, less waivers and what went back to the creditor */
	int32_t opened_on;
	char external_ref[DEBT_REFERENCE_MAX + 1]; /* terminated */
};

/*
 * Of a portfolio and of a policy: what a command that names one needs. The key is the thing's own id; its versions are 1..k, and the state
 * is the newest. What was published never changes, so rules of other partitions load it without a lock.
 */
#define PORTFOLIO_NAME_MAX    (4 * 200) /* bytes of so many characters, as the other */
#define DEBT_POLICY_TITLE_MAX (4 * 200)

struct portfolio {
	int64_t version;
	struct uuid creditor_id;
	struct uuid allocation_policy_id; /* nil: the default order */
	uint32_t product_kind;            /* enum product_kind */
	char jurisdiction[4];             /* ISO 3166-1; empty: not said */
	char name[PORTFOLIO_NAME_MAX + 1];
};

struct debt_policy {
	int64_t version;
	uint32_t kind;       /* enum debt_policy_kind */
	uint32_t allocation; /* enum allocation_order */
	char title[DEBT_POLICY_TITLE_MAX + 1];
};

struct payment {
	struct uuid customer_id;
	struct uuid debt_id;
	struct balances allocated; /* as in its ledger entry */
	int64_t amount_minor;
	int64_t refunded_minor; /* of its credit, by all refunds */
	int32_t received_on;
	int32_t entry_no;                       /* of the debt's entries, that which books it */
	uint32_t state;                         /* enum payment_state */
	char source[SCOPE_SOURCE_SIZE_MAX + 1]; /* empty: longer than any source that an issuer can be bound to */

	/* for the store only */
	int64_t entry_seq;
};

/* A promise to pay: promise/promise.h. */
struct promise {
	struct uuid customer_id;
	struct uuid debt_id;
	int64_t amount_minor;
	int64_t enough_minor; /* so much keeps it */
	int64_t paid_minor;   /* the payments that count */
	int64_t version;      /* 1, 2, 3 ... its changes, with the payments that count */
	int32_t made_on, due_on, grace_ends_on;
	int32_t after_entries; /* ledger entries of its debt when it was made: later ones count */
	uint32_t state;        /* enum promise_state */
	uint32_t channel;      /* enum channel; 0: not known */

	/* for the store only */
	int64_t version_stored; /* as loaded: the condition of the update */
};

/* Something about a debt stops for a time: hold/hold.h. */
#define HOLD_EVIDENCE_MAX (4 * 64) /* bytes of so many characters */

struct hold {
	struct uuid customer_id;
	struct uuid debt_id;
	struct uuid merged_into; /* MERGED: the hold of which it is a part; nil in other states */
	int64_t version;         /* 1, 2, 3 ... its events */
	int32_t from_on;
	int32_t until_on;        /* the first day on which it is over; 0: open */
	int32_t review_on;       /* somebody looks at it; 0: on no day */
	int32_t review_asked_on; /* the review was due and nobody has looked since; 0: it is not so */
	int32_t ended_on;        /* RELEASED, EXPIRED: the first day that it does not cover any more; 0 in other states */
	uint32_t kind, state;    /* enum hold_kind, hold_state */
	uint32_t effects;        /* bits */
	char evidence_ref[HOLD_EVIDENCE_MAX + 1];

	/* for the store only */
	int64_t version_stored; /* as loaded: the condition of the update */
};

/* A payment plan: plan/plan.h. Its instalments are derived from the first ten members. */
struct plan {
	struct uuid customer_id;
	struct uuid debt_id;
	int64_t total_minor;   /* what was owed: all instalments, with the down payment */
	int64_t down_minor;    /* the down payment, instalment number 0; 0: none */
	int32_t down_due_on;   /* 0: none */
	int32_t instalments;   /* without the down payment */
	int32_t first_due_on;  /* of number 1; its day of the month is that of the others */
	uint32_t frequency;    /* enum plan_frequency */
	uint32_t holidays;     /* enum holidays: the graces end on its business days */
	uint32_t state;        /* enum plan_state */
	int64_t paid_minor;    /* by the payments that count */
	int64_t missed;        /* bit n: number n was missed */
	int64_t version;       /* 1, 2, 3 ... its changes, with the payments that count */
	int32_t after_entries; /* ledger entries of its debt when it was activated: later ones count */
	int32_t counts_from;   /* misses of numbers below it do not break it: it was reinstated since; 0: it was not */
	int32_t returned;      /* payments that count and were returned for want of funds */
	int32_t broken_on;     /* 0: never broken */
	int32_t proposed_on;

	/* for the store only */
	int64_t version_stored; /* as loaded: the condition of the update */
};

/* A settlement of a debt: settlement/settlement.h. */
struct settlement {
	struct uuid customer_id;
	struct uuid debt_id;
	struct balances discount; /* waived when it was fulfilled, by account without CREDIT; all 0: it is not fulfilled */
	int64_t amount_minor;     /* what is to be paid */
	int64_t balance_minor;    /* what was owed when it was offered, then when it was accepted */
	int64_t paid_minor;       /* by the payments that count */
	int64_t version;          /* 1, 2, 3 ... its changes, with the payments that count */
	int32_t offered_on, expires_on, pay_by, grace_ends_on;
	int32_t accepted_on;   /* 0: it was never accepted */
	int32_t after_entries; /* ledger entries of its debt when it was accepted: later ones count */
	uint32_t state;        /* enum settlement_state */

	/* for the store only */
	int64_t version_stored; /* as loaded: the condition of the update */
};

/* A dispute about a debt: dispute/dispute.h. */
#define DISPUTE_EVIDENCE_MAX 16

struct dispute {
	struct uuid customer_id;
	struct uuid debt_id;
	struct uuid duplicate_of; /* DUPLICATE: the one that it repeats; nil in other states */
	int64_t portion_minor;    /* 0: all of the debt */
	int64_t version;          /* 1, 2, 3 ... its events */
	int32_t received_on, raised_on;
	int32_t sent_on;         /* the answer; 0: not resolved */
	int32_t entries;         /* ledger entries of its debt when it was raised, then when it was resolved */
	int32_t evidence_count;  /* the lines of evidence_refs */
	uint32_t grounds, state; /* enum dispute_grounds, dispute_state */
	uint32_t in_writing, within_validation;
	char verification_ref[HOLD_EVIDENCE_MAX + 1]; /* empty: not resolved */
	char evidence_refs[DISPUTE_EVIDENCE_MAX * (HOLD_EVIDENCE_MAX + 1)];

	/* for the store only */
	int64_t version_stored; /* as loaded: the condition of the update */
};

/* The disputes of a debt, under its id. Never saved: read from debts.dispute. */
#define DEBT_DISPUTES_KNOWN_MAX 16
struct debt_disputes {
	uint32_t thefts_open, others_open; /* that share a hold of the kind identity_theft, dispute */
	uint32_t known_count;
	struct known_dispute { /* those with the highest ids that are open or were rejected, in their order */
		struct uuid dispute_id;
		int64_t portion_minor;
		int32_t entries;
		uint32_t grounds;
	} known[DEBT_DISPUTES_KNOWN_MAX];
};

/* Whether an open dispute needs a hold of this kind, so that people do not release it. `disputes` may be NULL. */
bool debt_disputes_need(const struct debt_disputes *disputes, enum hold_kind kind);

/* The holds of a debt that have not ended, in the order of their ids, under the debt's id. Never saved: read from debts.hold. */
#define DEBT_HOLDS_OF_KIND_MAX 3
#define DEBT_HOLDS_MAX         ((HOLD_KIND_COUNT - 1) * DEBT_HOLDS_OF_KIND_MAX)
struct debt_holds {
	uint32_t count;
	struct open_hold {
		struct uuid hold_id;
		uint32_t kind, effects;
		uint32_t is_active; /* 0: its first day has not come */
		int32_t from_on, until_on, review_on;
	} open[DEBT_HOLDS_MAX];
};

/*
 * The periods in which holds have stopped the ageing of a debt, that are over, under the debt's id: delinquency/delinquency.h. Never saved:
 * read from debts.hold.
 */
#define DEBT_PAUSES_MAX 64
struct debt_pauses {
	uint32_t count;
	struct pause {
		int32_t from_on, until_on; /* until_on: the first day after it */
	} over[DEBT_PAUSES_MAX];
};

/* Whether something about the debt is stopped now by one of its holds. */
bool debt_is_stopped(const struct debt *debt, enum hold_effect effect);

/* A natural key: (creditor, reference) of a debt, (source, reference) of a payment. */
struct taken {
	uint32_t is_taken;        /* 1; 0: free again */
	struct uuid portfolio_id; /* of the debt with this reference; nil: in none, or the reference is a payment's */
};

/*
 * Whether the command may be about the debt: a debt beyond the issuer's scope is hidden from it. `debt` NULL: there is no debt.
 */
bool debt_is_reached(const struct command *command, const struct debt *debt);

/* False: refused. The checks that commands about a debt share, in their order. */
bool debt_is_known(const struct debt *debt, const struct uuid *customer_id, struct decision *decision);
bool debt_is_expected(const struct debt *debt, bool has_expected, int64_t expected, struct decision *decision);
bool debt_is_asked_for(const struct debt *debt, struct decision *decision); /* no hold stops its dunning */

/* From customers.public_customer. */
struct debts_customer {
	uint32_t is_active; /* neither merged nor deceased nor erased */
	uint32_t holidays;  /* enum holidays: of the customer's country */
};

/* False: refused. Somebody who is dead or another person promises nothing, and agrees to nothing. NULL: there is no such customer. */
bool debtor_is_there(const struct debts_customer *customer, struct decision *decision);

/*
 * Whether a creditor knows a customer, in a portfolio if one is given: the slot exists. Touched only for issuers that act as a
 * creditor.
 */
struct debts_acquaintance {
	uint32_t is_known; /* 1 */
};

extern const struct entity debt_entity;
extern const struct entity debt_terms_entity;
extern const struct entity portfolio_entity;
extern const struct entity debt_policy_entity;
extern const struct entity payment_entity;
extern const struct entity promise_entity;
extern const struct entity hold_entity;
extern const struct entity debt_holds_entity;
extern const struct entity debt_pauses_entity;
extern const struct entity plan_entity;
extern const struct entity settlement_entity;
extern const struct entity dispute_entity;
extern const struct entity debt_disputes_entity;
extern const struct entity debt_reference_entity;
extern const struct entity payment_reference_entity;
extern const struct entity debts_customer_entity;
extern const struct entity debts_acquaintance_entity;

extern const struct timer_kind activation_timer; /* on the due date of a NEW debt, the subject */
extern const struct timer_kind promise_timer;    /* on the day after the grace of an open promise, the subject */
extern const struct timer_kind hold_timer;       /* on the next day of a hold on which something happens, the subject */
extern const struct timer_kind plan_timer;       /* on the day after the next grace of an active plan, the subject */
extern const struct timer_kind settlement_timer; /* on the day after the time of an offered or accepted settlement, the subject */
extern const struct timer_kind delinquency_timer; /* on the day on which a debt, the subject, enters its next bucket */

/* ---- rules: decide_<command> is declared in schemas/debts.h ---- */

/* The debt, to be changed by an event: its version grows by one. */
struct debt *debt_change(struct workset *set, const struct uuid *debt_id, int64_t version);

/* Nothing is owed any more: adds DebtPaid. `paid_on`: the value date of what has come last, a payment or a waiver. */
void debt_pay_up(const struct uuid *debt_id, const struct debt *debt, int32_t paid_on, int64_t version,
		 struct decision *decision);

/* A NEW debt is due later than today: it has a timer then; or it is due, and becomes ACTIVE (decide_activate.c). */
void debt_follow_due_date(const struct uuid *debt_id, const struct debt *debt, int32_t due_on, int64_t version,
			  struct decision *decision);

/* Why a paid debt is owed again: CAUSE_REOPENED or CAUSE_RECOVERY_REVERSED. */
enum lifecycle_cause debt_reopening(const struct debt *debt);

/* Moves its lifecycle: the table has such a move. */
void debt_move(struct debt *debt, enum lifecycle_cause cause);

/* The members that every event about a debt has. `its_debt` is the debt before the command; `its_version` is that after the event. */
#define ABOUT_DEBT(event, its_debt, its_debt_id, its_version)                                                                    \
	do {                                                                                                                     \
		(event)->customer_id = (its_debt)->customer_id;                                                                  \
		(event)->debt_id = (its_debt_id);                                                                                \
		(event)->version = (its_version);                                                                                \
		(event)->creditor_id = (its_debt)->creditor_id;                                                                  \
		(event)->currency = str_of((its_debt)->currency);                                                                \
	} while (0)

void debts_evolve(struct workset *set, const struct event *event);

/* The range of a command's dates: a date outside is a typing error. */
#define DEBTS_DAY_MIN (-25567) /* 1900-01-01 */
#define DEBTS_DAY_MAX 84005    /* 2199-12-31 */

#endif
