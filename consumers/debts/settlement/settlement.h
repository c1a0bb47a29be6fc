#ifndef DEBTS_SETTLEMENT_SETTLEMENT_H
#define DEBTS_SETTLEMENT_SETTLEMENT_H

#include "consumers/debts/debts.h"
#include "consumers/debts/promise/promise.h"
#include "schemas/debts.h"

/*
 * Settlements of a debt (consumers/DOMAIN.md 7): a part of what is owed is paid by a day, and the rest is waived. OfferSettlement,
 * AcceptSettlement, WithdrawSettlement, and the review, which payments, reversals, what ends the debt, and the timer ask for.
 *
 *   SettlementOffered --> offered -- AcceptSettlement --> accepted -- its amount is paid --> fulfilled
 *                          |  \                            |    ^                              |
 *                          |   +--> expired                |    +-- SettlementReopened --------+  a reversal in its time;
 *                          +-----------> withdrawn <-------+-----> breached <------------------+  after its time
 *
 * A debt knows the settlement that was offered last (debt.settlement_id), and no other is offered while that one is offered, accepted or
 * fulfilled. While it is accepted the debt is ARRANGED: it takes neither promise nor plan, and people change nothing of what is owed. A
 * payment counts that is booked after the acceptance, with a value date from that day up to the end of the grace.
 *
 * The discount is posted by SettlementFulfilled only, so a breach has nothing to take back. It is all that is still owed then: at most what
 * was owed at the acceptance less the amount. Whatever could make it more ends the settlement: a payment of before the acceptance that is
 * reversed. If a later payment is reversed after the fulfilment, and something is owed for it, the discount goes back first, by the exact
 * mirror of its entry, and the settlement is judged anew.
 *
 * One that is offered or accepted has one timer: on the day after its expiry, or after its grace.
 */

/* What a settlement may be. The same for all debts; a creditor's own would take its place here. */
struct settlement_limits {
	int32_t offer_days; /* it expires so many days from now at the latest, */
	int32_t pay_days;   /* and is paid by so many */
	int32_t grace_days; /* calendar days; the last is moved to a business day */
};

extern const struct settlement_limits settlement_limits;

#define SETTLEMENT_APPROVERS     (ROLE_SUPERVISOR | ROLE_COMPLIANCE)
#define SETTLEMENT_APPROVAL_DAYS 14 /* so long an offer waits for a second person */

/* What people can do with a settlement. */
bool settlement_is_offered(unsigned state);
bool settlement_is_open(unsigned state); /* offered or accepted */

/* Whether a payment of its debt counts, or a reversal of it. */
bool settlement_counts(const struct settlement *settlement, const struct promise_receipt *receipt);

/* What a command changes for the settlement of a debt. Version, balances and lifecycle are those after the command's events so far. */
struct settlement_review {
	const struct debt *debt; /* before the command */
	int64_t version;         /* its events raise it */
	struct balances balances;
	enum lifecycle lifecycle;
	const struct uuid *payment_id; /* booked or reversed; NULL: neither */
};

/* Adds the events that follow after a payment was booked or reversed; mostly there is no settlement. Answers what is owed after them. */
int64_t settlement_review_payment(struct settlement_review review, const struct promise_receipt *receipt,
				  const struct workset *set, struct decision *decision);

/* The debt becomes something that ends its settlement: SettlementWithdrawn, if it is offered or accepted. Needs no balances. */
void settlement_end(struct settlement_review *review, enum settlement_end reason, const struct workset *set,
		    struct decision *decision);

/* The timer: an offer was not accepted in its time, or a grace is over. */
void decide_settlement_day(const struct command *timer, const struct workset *set, struct decision *decision);

/* evolve.c */
evolve_event settlement_on_offered;
evolve_event settlement_on_accepted;
evolve_event settlement_on_fulfilled;
evolve_event settlement_on_reopened;
evolve_event settlement_on_breached;
evolve_event settlement_on_withdrawn;
evolve_event settlement_on_expired;
void settlement_on_payment(struct workset *set, const struct debt *debt, const struct promise_receipt *receipt);

#endif
