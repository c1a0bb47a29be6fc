#include "base/must.h"
#include "consumers/debts/delinquency/delinquency.h"
#include "consumers/debts/hold/hold.h"

const struct timer_kind delinquency_timer = { .name = "delinquency", .number = 13 };

struct delinquency_review delinquency_of(const struct uuid *debt_id, const struct debt *debt)
{
	return (struct delinquency_review){ .debt_id = debt_id,
					    .debt = debt,
					    .due_on = debt->due_on,
					    .paused = { debt->paused_days, debt->paused_since },
					    .owed_minor = balances_owed(&debt->balances),
					    .lifecycle = (enum lifecycle)debt->lifecycle };
}

/* Nothing is past due of which nothing is owed. */
static int32_t days_today(const struct delinquency_review *review, const struct decision *decision)
{
	return review->owed_minor == 0 ? 0 : days_past_due_on(review->due_on, &review->paused, decision->command->today);
}

static void add_changed(const struct delinquency_review *review, uint32_t bucket, struct decision *decision)
{
	const struct debt *debt = review->debt;
	const int64_t version = debt->version + (int64_t)decision->events_count + 1;
	struct delinquency_changed *event = decision_event(decision, &delinquency_changed_type);

	ABOUT_DEBT(event, debt, *review->debt_id, version);
	event->due_on = review->due_on;
	event->balance_minor = review->owed_minor;
	event->bucket_from = str_of(delinquency_buckets[debt->bucket].name);
	event->bucket_to = str_of(delinquency_buckets[bucket].name);
	event->days_past_due = days_today(review, decision);
	event->paused_days = paused_days_on(&review->paused, decision->command->today);
	event->changed_on = decision->command->today;
}

/* When it enters the bucket after this one. 0: while it is paused, and from the last one on, it enters none. */
static int32_t next_bucket_on(int32_t due_on, const struct paused *paused, uint32_t bucket)
{
	if (paused->since != 0 || bucket + 1 == DELINQUENCY_BUCKETS)
		return 0;
	return due_on + paused->days + delinquency_buckets[bucket + 1].days_min;
}

static void set_timer(const struct delinquency_review *review, uint32_t bucket, struct decision *decision)
{
	const int32_t day = next_bucket_on(review->due_on, &review->paused, bucket);

	if (day == 0)
		decision_cancel_timer(decision, &delinquency_timer, review->debt_id);
	else
		decision_set_timer_on(decision, &delinquency_timer, review->debt_id, day);
}

/* Whether days count: something is owed in our books, and it is due or was. */
static bool ages(const struct delinquency_review *review)
{
	return review->owed_minor > 0 && review->lifecycle != LIFECYCLE_NEW && debt_is_in_books(review->lifecycle);
}

int32_t debt_next_bucket_on(const struct debt *debt)
{
	const struct delinquency_review review = delinquency_of(NULL, debt);

	return ages(&review) ? next_bucket_on(debt->due_on, &review.paused, debt->bucket) : 0;
}

void delinquency_begin(struct debt_created *event, struct decision *decision)
{
	const struct delinquency_review review = { .debt_id = &event->debt_id, .due_on = event->due_on };
	const int32_t today = decision->command->today;
	const uint32_t bucket = delinquency_bucket_of(days_past_due_on(event->due_on, &review.paused, today));

	event->has_bucket = true;
	event->bucket = str_of(delinquency_buckets[bucket].name);
	if (event->due_on <= today && next_bucket_on(event->due_on, &review.paused, bucket) != 0)
		set_timer(&review, bucket, decision);
}

void delinquency_follow(const struct delinquency_review *review, struct decision *decision)
{
	const uint32_t bucket = delinquency_bucket_of(days_today(review, decision));

	if (review->lifecycle == LIFECYCLE_NEW || !debt_is_in_books(review->lifecycle))
		return;
	if (bucket != review->debt->bucket)
		add_changed(review, bucket, decision);
	if (ages(review))
		set_timer(review, bucket, decision);
}

void delinquency_cure(const struct uuid *debt_id, const struct debt *debt, struct decision *decision)
{
	struct delinquency_review review;

	if (debt->bucket == 0)
		return;
	review = delinquency_of(debt_id, debt);
	review.owed_minor = 0;
	add_changed(&review, 0, decision);
}

/* A hold that begins today has perhaps not begun yet, as its timer fires at the same Tick: then this day is not past due. */
static bool is_about_to_pause(const struct debt_holds *holds, int32_t today)
{
	for (uint32_t index = 0; holds != NULL && index < holds->count; index++) {
		const struct open_hold *hold = &holds->open[index];

		if (!hold->is_active && hold->from_on <= today && (hold->effects & hold_bit(HOLD_EFFECT_AGEING)) != 0)
			return true;
	}
	return false;
}

/* One that was paid, or has left the books, does not age. What begins a pause reviews the debt itself. */
void decide_delinquency(const struct command *timer, const struct workset *set, struct decision *decision)
{
	const struct uuid *debt_id = &((const struct timer *)timer->body)->subject;
	const struct debt *debt = workset_state(set, &debt_entity, debt_id);
	struct delinquency_review review;

	if (debt == NULL || balances_owed(&debt->balances) == 0 ||
	    is_about_to_pause(workset_state(set, &debt_holds_entity, debt_id), timer->today))
		return;
	review = delinquency_of(debt_id, debt);
	delinquency_follow(&review, decision);
}
