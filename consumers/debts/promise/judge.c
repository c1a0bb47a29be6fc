#include "base/money.h"
#include "base/must.h"
#include "consumers/debts/promise/promise.h"

/* The judgement of a promise: the latest of its debt, by what was paid. */

const struct timer_kind promise_timer = { .name = "promise", .number = 2 };

const struct promise_limits promise_limits = { .days_ahead = 30, .grace_days = 3 };

int64_t promise_least(const struct promise_limits *limits, int64_t balance_minor)
{
	int64_t least_minor = money_share_up(balance_minor, limits->least_bp);

	if (least_minor < limits->least_minor)
		least_minor = limits->least_minor;
	return least_minor < balance_minor ? least_minor : balance_minor;
}

int64_t promise_enough(const struct promise_limits *limits, int64_t amount_minor)
{
	return money_share_up(amount_minor, MONEY_BP - limits->tolerance_bp);
}

int32_t promise_grace_end(const struct promise_limits *limits, enum holidays place, int32_t due_on)
{
	return business_day_from(place, due_on + limits->grace_days);
}

bool promise_is_open(unsigned state)
{
	return state == PROMISE_OPEN;
}

/* A promise that was cancelled or superseded is not judged any more. */
static bool is_judged(unsigned state)
{
	return state != PROMISE_CANCELLED && state != PROMISE_SUPERSEDED;
}

enum promise_state promise_verdict(const struct promise *promise, int64_t paid_minor, int32_t today)
{
	if (paid_minor >= promise->enough_minor)
		return PROMISE_KEPT;
	if (today <= promise->grace_ends_on)
		return PROMISE_OPEN;
	return paid_minor > 0 ? PROMISE_PARTLY_KEPT : PROMISE_BROKEN;
}

bool promise_counts(const struct promise *promise, const struct promise_receipt *receipt)
{
	return is_judged(promise->state) && receipt->entry_no > promise->after_entries &&
	       receipt->received_on >= promise->made_on && receipt->received_on <= promise->grace_ends_on;
}

/* ---- events ---- */

#define ABOUT(event, review, promise)                                                                                            \
	do {                                                                                                                     \
		ABOUT_DEBT(event, (review)->debt, *(review)->debt_id, (review)->version + 1);                                    \
		(event)->promise_id = (review)->debt->promise_id;                                                                \
		(event)->amount_minor = (promise)->amount_minor;                                                                 \
		(event)->due_on = (promise)->due_on;                                                                             \
	} while (0)

#define JUDGED(event, review, promise, its_paid_minor, today)                                                                    \
	do {                                                                                                                     \
		ABOUT(event, review, promise);                                                                                   \
		(event)->paid_minor = (its_paid_minor);                                                                          \
		(event)->shortfall_minor = (promise)->amount_minor - (its_paid_minor);                                           \
		(event)->judged_on = (today);                                                                                    \
		(event)->after_kept = (promise)->state == PROMISE_KEPT;                                                          \
		(event)->has_payment_id = (review)->payment_id != NULL;                                                          \
		if ((review)->payment_id != NULL)                                                                                \
			(event)->payment_id = *(review)->payment_id;                                                             \
	} while (0)

static void add_kept(const struct promise_review *review, const struct promise *promise, int64_t paid_minor,
		     struct decision *decision)
{
	struct promise_kept *event = decision_event(decision, &promise_kept_type);

	MUST(review->payment_id != NULL);
	ABOUT(event, review, promise);
	event->paid_minor = paid_minor;
	event->judged_on = decision->command->today;
	event->payment_id = *review->payment_id;
}

static void add_partly_kept(const struct promise_review *review, const struct promise *promise, int64_t paid_minor,
			    struct decision *decision)
{
	struct promise_partly_kept *event = decision_event(decision, &promise_partly_kept_type);

	JUDGED(event, review, promise, paid_minor, decision->command->today);
}

static void add_broken(const struct promise_review *review, const struct promise *promise, int64_t paid_minor,
		       struct decision *decision)
{
	struct promise_broken *event = decision_event(decision, &promise_broken_type);

	JUDGED(event, review, promise, paid_minor, decision->command->today);
}

static void add_reopened(const struct promise_review *review, const struct promise *promise, int64_t paid_minor,
			 struct decision *decision)
{
	struct promise_reopened *event = decision_event(decision, &promise_reopened_type);

	MUST(review->payment_id != NULL);
	ABOUT(event, review, promise);
	event->paid_minor = paid_minor;
	event->payment_id = *review->payment_id;
	event->grace_ends_on = promise->grace_ends_on;
	event->reopened_on = decision->command->today;
}

void promise_cancel(const struct promise_review *review, const struct promise *promise, enum promise_end reason,
		    struct decision *decision)
{
	struct promise_cancelled *event = decision_event(decision, &promise_cancelled_type);

	ABOUT(event, review, promise);
	event->reason = str_of(promise_end_name(reason));
	event->cancelled_on = decision->command->today;
	if (promise->state == PROMISE_OPEN)
		decision_cancel_timer(decision, &promise_timer, &review->debt->promise_id);
}

/* Those of the debt before the command. */
const struct promise *debt_open_promise(const struct debt *debt, const struct workset *set)
{
	const struct uuid *id = &debt->promise_id;
	const struct promise *promise;

	if (uuid_is_none(id))
		return NULL;
	promise = workset_state(set, &promise_entity, id);
	MUST(promise != NULL);
	return promise->state == PROMISE_OPEN ? promise : NULL;
}

int64_t promise_give_way(const struct promise_review *review, const struct workset *set, struct decision *decision)
{
	const struct promise *promise = debt_open_promise(review->debt, set);

	if (promise == NULL)
		return review->version;
	promise_cancel(review, promise, PROMISE_END_ARRANGED, decision);
	return review->version + 1;
}

int64_t promise_supersede(const struct promise_review *review, const struct uuid *by, const struct workset *set,
			  struct decision *decision)
{
	const struct promise *promise = debt_open_promise(review->debt, set);
	struct promise_superseded *event;

	if (promise == NULL)
		return review->version;
	event = decision_event(decision, &promise_superseded_type);
	ABOUT(event, review, promise);
	event->superseded_by = *by;
	event->superseded_on = decision->command->today;
	decision_cancel_timer(decision, &promise_timer, &review->debt->promise_id);
	return event->version;
}

static void add_verdict(const struct promise_review *review, const struct promise *promise, enum promise_state to,
			int64_t paid_minor, struct decision *decision)
{
	switch (to) {
	case PROMISE_KEPT:
		add_kept(review, promise, paid_minor, decision);
		return;
	case PROMISE_PARTLY_KEPT:
		add_partly_kept(review, promise, paid_minor, decision);
		return;
	case PROMISE_BROKEN:
		add_broken(review, promise, paid_minor, decision);
		return;
	case PROMISE_OPEN:
		add_reopened(review, promise, paid_minor, decision);
		return;
	case PROMISE_NONE:
	case PROMISE_CANCELLED:
	case PROMISE_SUPERSEDED:
	case PROMISE_STATE_COUNT:
		break;
	}
	MUST_NOT_REACH("no verdict");
}

/* ---- the review ---- */

/* Nothing is left to be paid, and the promise was not kept by what has paid it: by a payment with a value date before it, say. */
static bool ends_with_debt(const struct promise_review *review, const struct promise *promise, enum promise_state verdict)
{
	if (review->ended_by != PROMISE_END_NONE)
		return promise->state == PROMISE_OPEN;
	return verdict == PROMISE_OPEN && review->balance_minor == 0;
}

static void set_timer(const struct promise_review *review, const struct promise *promise, bool is_open, struct decision *decision)
{
	const struct uuid *id = &review->debt->promise_id;

	if (is_open)
		decision_set_timer_on(decision, &promise_timer, id, promise->grace_ends_on + 1);
	else if (promise->state == PROMISE_OPEN)
		decision_cancel_timer(decision, &promise_timer, id);
}

void promise_review(const struct promise_review *review, const struct workset *set, struct decision *decision)
{
	const struct uuid *id = &review->debt->promise_id;
	const struct promise *promise;
	enum promise_state verdict;
	int64_t paid_minor;

	if (uuid_is_none(id))
		return;
	promise = workset_state(set, &promise_entity, id);
	MUST(promise != NULL);
	/* The verdict of one that is over is changed by money alone, never by a day: a broker's clock may step back over midnight. */
	if (!is_judged(promise->state) || (promise->state != PROMISE_OPEN && review->paid_minor == 0))
		return;
	/* What is paid breaks none that was kept, though some of what has kept it was refunded. */
	if (promise->state == PROMISE_KEPT && review->paid_minor > 0)
		return;
	paid_minor = promise->paid_minor + review->paid_minor;
	verdict = promise_verdict(promise, paid_minor, decision->command->today);
	if (ends_with_debt(review, promise, verdict)) {
		promise_cancel(review, promise, review->ended_by != PROMISE_END_NONE ? review->ended_by : PROMISE_END_DEBT_PAID,
			       decision);
	} else if (verdict != promise->state) {
		add_verdict(review, promise, verdict, paid_minor, decision);
		set_timer(review, promise, verdict == PROMISE_OPEN, decision);
	}
}

void promise_review_payment(struct promise_review review, struct promise_receipt receipt, const struct workset *set,
			    struct decision *decision)
{
	const struct promise *promise;

	if (uuid_is_none(&review.debt->promise_id))
		return;
	promise = workset_state(set, &promise_entity, &review.debt->promise_id);
	MUST(promise != NULL);
	if (promise_counts(promise, &receipt))
		review.paid_minor = receipt.amount_minor;
	else
		review.payment_id = NULL; /* what is judged now was over already, and not because of this payment */
	promise_review(&review, set, decision);
}

/* A promise that ended otherwise has no timer; one that is there all the same finds nothing to do. */
void decide_promise_judgement(const struct command *timer, const struct workset *set, struct decision *decision)
{
	const struct uuid *id = &((const struct timer *)timer->body)->subject;
	const struct promise *promise = workset_state(set, &promise_entity, id);
	const struct debt *debt = promise == NULL ? NULL : workset_state(set, &debt_entity, &promise->debt_id);
	struct promise_review review;

	if (debt == NULL || promise->state != PROMISE_OPEN || !uuid_equal(&debt->promise_id, id))
		return;
	review = (struct promise_review){ .debt_id = &promise->debt_id,
					  .debt = debt,
					  .version = debt->version,
					  .balance_minor = balances_owed(&debt->balances) };
	promise_review(&review, set, decision);
}
