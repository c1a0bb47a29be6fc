#include "base/must.h"
#include "consumers/communications/sending.h"
#include "schemas/communications.h"

/*
 * Several messages become one: the message that goes takes along those that wait and may go at this moment, too. It is decided when
 * the text is made, so nothing that happens while they wait concerns more than the message that it concerns: a debt that is paid, a
 * cancellation, another time.
 */

/* Those that can be one text with it, and whose own times allow this moment. */
static const struct communication *find_other(const struct sending *sending, const struct queued *queued, const struct uuid *key,
					      const struct workset *set)
{
	int64_t now_ms = sending->command->now_ms;
	const struct communication *other;

	if (queued->state != OUTBOX_SCHEDULED || queued->is_mergeable == 0 ||
	    uuid_equal(&queued->communication_id, &sending->body->communication_id))
		return NULL;
	other = workset_state(set, &communication_entity, &queued->communication_id);
	MUST(other != NULL);
	if (!uuid_equal(&other->merge_key, key) || other->not_before_ms > now_ms || other->send_by_ms <= now_ms)
		return NULL;
	return other;
}

static bool is_named(const struct uuid *debt_ids, size_t count, const struct uuid *debt_id)
{
	for (size_t index = 0; index < count; index++) {
		if (uuid_equal(&debt_ids[index], debt_id))
			return true;
	}
	return false;
}

/* The body with the other's debts, too, behind its own and each once. NULL: they are too many, or the arena is full (overflow). */
static struct send_communication *join(const struct send_communication *body, const struct named_debts *debts,
				       const struct communication *other, struct decision *decision)
{
	struct send_communication *joined = arena_take(decision->arena, 1, sizeof(*joined));
	struct uuid *debt_ids = arena_take(decision->arena, REQUEST_DEBTS_MAX, sizeof(*debt_ids));
	size_t count = body->debt_ids_count;

	if (joined == NULL || debt_ids == NULL) {
		decision->overflow = true;
		return NULL;
	}
	memcpy(debt_ids, body->debt_ids, count * sizeof(*debt_ids));
	for (uint32_t index = 0; index < debts->count; index++) {
		if (is_named(debt_ids, count, &debts->ids[index]))
			continue;
		if (count == REQUEST_DEBTS_MAX)
			return NULL;
		debt_ids[count++] = debts->ids[index];
	}
	*joined = *body;
	joined->debt_ids = debt_ids;
	joined->debt_ids_count = count;
	if (other->send_by_ms < joined->send_by)
		joined->send_by = other->send_by_ms;
	return joined;
}

/* Whether the other can go with it: as one message it passes all that a message passes. */
static bool takes(struct sending *sending, const struct queued *queued, const struct communication *other,
		  const struct workset *set, struct guard_facts *facts, struct guard_verdict *verdict, struct decision *decision)
{
	const struct named_debts *debts = workset_state(set, &named_debts_entity, &queued->communication_id);
	struct guard_facts of_both = { 0 };
	struct guard_verdict on_both;
	struct sending both = *sending;
	struct decision trial;

	MUST(debts != NULL);
	decision_init(&trial, decision->arena, sending->command);
	both.body = join(sending->body, debts, other, decision);
	if (both.body == NULL || !sending_check(&both, set, &trial)) {
		decision->overflow |= trial.overflow;
		return false;
	}
	on_both = sending_judge(&both, set, &of_both);
	if (on_both.verdict != VERDICT_ALLOW)
		return false;
	both.merged[both.merged_count++] = &queued->communication_id;
	*sending = both;
	*facts = of_both;
	*verdict = on_both;
	return true;
}

_Static_assert(2 + QUEUE_MAX - 1 <= DECISION_EVENTS_MAX, "the verdict, the release, and all others");
_Static_assert(QUEUE_MAX <= DECISION_TIMERS_MAX, "the timer of each ends");

void sending_merge(struct sending *sending, const struct workset *set, struct guard_facts *facts, struct guard_verdict *verdict,
		   struct decision *decision)
{
	const struct queue *queue = workset_state(set, &queue_entity, &sending->body->customer_id);
	const struct uuid key = merge_key(sending->body, sending->person);

	if (queue == NULL)
		return;
	sending->merged = arena_take(decision->arena, QUEUE_MAX, sizeof(const struct uuid *));
	decision->overflow |= sending->merged == NULL;
	for (uint32_t index = 0; index < queue->count && !decision->overflow; index++) {
		const struct queued *queued = &queue->messages[index];
		const struct communication *other = find_other(sending, queued, &key, set);
		size_t mark = arena_mark(decision->arena);

		if (other != NULL && !takes(sending, queued, other, set, facts, verdict, decision))
			arena_rewind(decision->arena, mark);
	}
}
