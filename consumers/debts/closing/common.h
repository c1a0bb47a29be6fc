#ifndef DEBTS_CLOSING_COMMON_H
#define DEBTS_CLOSING_COMMON_H

#include "consumers/debts/closing/closing.h"
#include "consumers/debts/plan/plan.h"
#include "consumers/debts/promise/promise.h"
#include "consumers/debts/settlement/settlement.h"

/* What the commands of the part have in common. Private to the part. */

struct closing {
	const struct uuid *customer_id;
	bool has_expected_version;
	int64_t expected_version;
	struct str reason;
};

#define CLOSING_OF(body)                                                                                                         \
	(&(struct closing){ &(body)->customer_id, (body)->has_expected_version, (body)->expected_version, (body)->reason })

/* False: refused. `takes_it`: of the debt's lifecycle. A command with more to ask, in the order of the refusals, asks in two steps. */
bool closing_says_why(const struct closing *closing, struct decision *decision);
bool closing_is_taken(const struct closing *closing, const struct debt *debt, bool (*takes_it)(unsigned lifecycle),
		      struct decision *decision); /* of a debt that is known */
bool closing_is_good(const struct closing *closing, const struct debt *debt, bool (*takes_it)(unsigned lifecycle),
		     struct decision *decision);

/* In front of the event: its plan and its settlement end. Answers version and lifecycle after that. */
struct plan_review closing_begin(const struct debt *debt, enum plan_end reason, enum settlement_end settlement_reason,
				 const struct workset *set, struct decision *decision);

/* Behind it: an open promise ends. `review->version` is that after the event. */
void closing_end(const struct uuid *debt_id, const struct plan_review *review, enum promise_end reason, const struct workset *set,
		 struct decision *decision);

#endif
