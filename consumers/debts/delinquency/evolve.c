#include "base/must.h"
#include "consumers/debts/delinquency/delinquency.h"

static uint32_t bucket_named(struct str name)
{
	uint32_t bucket = 0;
	const bool is_bucket = delinquency_bucket_read(name, &bucket);

	MUST(is_bucket);
	return bucket;
}

/* An older event of a debt that was created does not say. */
static bool is_created_past_due(const struct debt_created *event, struct bucket_entry *ret_entry)
{
	*ret_entry = (struct bucket_entry){ .version = event->version, .entered_on = event->booked_on };
	if (!event->has_bucket)
		return false;
	MUST(event->has_booked_on);
	ret_entry->bucket = bucket_named(event->bucket);
	ret_entry->days_past_due = event->booked_on - event->due_on;
	return ret_entry->bucket != 0;
}

bool bucket_entry_of(const struct event *event, struct uuid *ret_debt_id, struct bucket_entry *ret_entry)
{
	const struct delinquency_changed *changed = event->body;

	if (event->type == &debt_created_type) {
		*ret_debt_id = ((const struct debt_created *)event->body)->debt_id;
		return is_created_past_due(event->body, ret_entry);
	}
	if (event->type != &delinquency_changed_type)
		return false;
	*ret_debt_id = changed->debt_id;
	*ret_entry = (struct bucket_entry){ .version = changed->version,
					    .entered_on = changed->changed_on,
					    .days_past_due = changed->days_past_due,
					    .paused_days = changed->paused_days,
					    .bucket = bucket_named(changed->bucket_to) };
	return true;
}

void delinquency_on_changed(struct workset *set, const void *body)
{
	const struct delinquency_changed *event = body;
	struct debt *debt = debt_change(set, &event->debt_id, event->version);

	MUST(debt->bucket == bucket_named(event->bucket_from));
	debt->bucket = bucket_named(event->bucket_to);
	debt->is_aged = 1;
}

void delinquency_note_paused(struct workset *set, const struct uuid *debt_id, struct debt *debt)
{
	const struct debt_pauses *pauses = workset_change(set, &debt_pauses_entity, debt_id);
	const struct debt_holds *holds = workset_change(set, &debt_holds_entity, debt_id);
	const struct paused paused = paused_of(debt->due_on, pauses, holds);

	if (paused.days == debt->paused_days && paused.since == debt->paused_since)
		return;
	debt->paused_days = paused.days;
	debt->paused_since = paused.since;
	debt->is_aged = 1;
}
