#include "base/must.h"
#include "consumers/debts/promise/promise.h"

/* The promise, to be changed by an event about it: the latest of its debt, but for one that another supersedes. */
static struct promise *promise_change(struct workset *set, const struct uuid *promise_id)
{
	struct promise *promise = workset_change(set, &promise_entity, promise_id);

	promise->version++;
	return promise;
}

static void move(struct workset *set, const struct uuid *promise_id, const struct uuid *debt_id, int64_t version,
		 enum promise_state state)
{
	struct promise *promise = promise_change(set, promise_id);
	const struct debt *debt = debt_change(set, debt_id, version);

	MUST(uuid_equal(&debt->promise_id, promise_id));
	MUST(promise->state != state);
	promise->state = state;
}

void promise_on_made(struct workset *set, const void *body)
{
	const struct promise_made *event = body;
	struct debt *debt = debt_change(set, &event->debt_id, event->version);
	struct promise *promise = promise_change(set, &event->promise_id);

	promise->customer_id = event->customer_id;
	promise->debt_id = event->debt_id;
	promise->amount_minor = event->amount_minor;
	promise->enough_minor = event->enough_minor;
	promise->made_on = event->made_on;
	promise->due_on = event->due_on;
	promise->grace_ends_on = event->grace_ends_on;
	promise->after_entries = debt->entries;
	promise->state = PROMISE_OPEN;
	promise->channel = event->has_channel ? channel_by_name(event->channel) : CHANNEL_NONE;
	debt->promise_id = event->promise_id;
}

void promise_on_kept(struct workset *set, const void *body)
{
	const struct promise_kept *event = body;
	move(set, &event->promise_id, &event->debt_id, event->version, PROMISE_KEPT);
}

void promise_on_partly_kept(struct workset *set, const void *body)
{
	const struct promise_partly_kept *event = body;
	move(set, &event->promise_id, &event->debt_id, event->version, PROMISE_PARTLY_KEPT);
}

void promise_on_broken(struct workset *set, const void *body)
{
	const struct promise_broken *event = body;
	move(set, &event->promise_id, &event->debt_id, event->version, PROMISE_BROKEN);
}

void promise_on_reopened(struct workset *set, const void *body)
{
	const struct promise_reopened *event = body;
	move(set, &event->promise_id, &event->debt_id, event->version, PROMISE_OPEN);
}

void promise_on_cancelled(struct workset *set, const void *body)
{
	const struct promise_cancelled *event = body;
	move(set, &event->promise_id, &event->debt_id, event->version, PROMISE_CANCELLED);
}

void promise_on_superseded(struct workset *set, const void *body)
{
	const struct promise_superseded *event = body;
	move(set, &event->promise_id, &event->debt_id, event->version, PROMISE_SUPERSEDED);
}

void promise_on_payment(struct workset *set, const struct debt *debt, struct promise_receipt receipt)
{
	const struct promise *promise;

	if (uuid_is_none(&debt->promise_id))
		return;
	promise = workset_state(set, &promise_entity, &debt->promise_id);
	MUST(promise != NULL);
	if (promise_counts(promise, &receipt))
		promise_change(set, &debt->promise_id)->paid_minor += receipt.amount_minor;
}
