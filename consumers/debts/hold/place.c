#include "base/must.h"
#include "consumers/debts/delinquency/delinquency.h"
#include "consumers/debts/hold/hold.h"

/* A hold is placed, or becomes a part of one that there is; a hold is released: for every command that does so. */

#define ABOUT(event, scene, its_hold_id, its_kind)                                                                               \
	do {                                                                                                                     \
		ABOUT_DEBT(event, (scene)->debt, *(scene)->debt_id, (scene)->version + 1);                                       \
		(event)->hold_id = (its_hold_id);                                                                                \
		(event)->kind = str_of(hold_kind_name((enum hold_kind)(its_kind)));                                              \
	} while (0)

/* What is stopped after the event: the list as evolve makes it. */
#define STOPPED(event, holds, decision)                                                                                          \
	((event)->stopped = hold_effects_say(debt_holds_stopped(holds), decision, &(event)->stopped_count))

#define DAY_OR_NULL(event, name, day)                                                                                            \
	do {                                                                                                                     \
		(event)->has_##name = (day) != 0;                                                                                \
		(event)->name = (day);                                                                                           \
	} while (0)

struct hold_scene hold_scene_of(const struct uuid *debt_id, const struct debt *debt, const struct workset *set)
{
	return (struct hold_scene){ .debt_id = debt_id,
				    .debt = debt,
				    .version = debt->version,
				    .holds = workset_state(set, &debt_holds_entity, debt_id),
				    .pauses = workset_state(set, &debt_pauses_entity, debt_id) };
}

static struct debt_holds holds_of(const struct hold_scene *scene)
{
	struct debt_holds none = { .count = 0 };

	return scene->holds == NULL ? none : *scene->holds;
}

/* `until` is the first day on which a hold is over, so those that adjoin meet, too. */
bool hold_meets(const struct open_hold *hold, const struct hold_terms *terms)
{
	return hold->kind == terms->kind && (hold->until_on == 0 || terms->from_on <= hold->until_on) &&
	       (terms->until_on == 0 || hold->from_on <= terms->until_on);
}

/* The hold grows by the days, the effects and the earlier review of another one. */
static void grow(struct open_hold *hold, int32_t from_on, int32_t until_on, int32_t review_on, uint32_t effects)
{
	hold->effects |= effects;
	if (from_on < hold->from_on)
		hold->from_on = from_on;
	if (until_on == 0 || (hold->until_on != 0 && until_on > hold->until_on))
		hold->until_on = until_on;
	if (review_on != 0 && (hold->review_on == 0 || review_on < hold->review_on))
		hold->review_on = review_on;
}

/*
 * What the hold has changed for the ageing of the debt, whose holds are `after` now. `ended`: the hold, if it is over since the day `on`.
 * Answers the debt's version after it.
 */
static int64_t age(const struct hold_scene *scene, const struct debt_holds *after, uint32_t effects,
		   const struct open_hold *ended, int32_t on, struct decision *decision)
{
	struct debt_pauses pauses = { .count = 0 };
	struct delinquency_review review;

	if ((effects & hold_bit(HOLD_EFFECT_AGEING)) != 0) {
		if (scene->pauses != NULL)
			pauses = *scene->pauses;
		if (ended != NULL)
			debt_pauses_add(&pauses, ended->from_on, on);
		review = delinquency_of(scene->debt_id, scene->debt);
		review.paused = paused_of(scene->debt->due_on, &pauses, after);
		delinquency_follow(&review, decision);
	}
	return scene->debt->version + (int64_t)decision->events_count;
}

static void set_timer(const struct uuid *hold_id, const struct open_hold *open, struct decision *decision)
{
	const struct hold hold = { .from_on = open->from_on,
				   .until_on = open->until_on,
				   .review_on = open->review_on,
				   .state = open->is_active ? HOLD_STATE_ACTIVE : HOLD_STATE_PLANNED };
	const int32_t day = hold_next_day(&hold);

	if (day != 0)
		decision_set_timer_on(decision, &hold_timer, hold_id, day);
	else
		decision_cancel_timer(decision, &hold_timer, hold_id);
}

static int64_t add_placed(const struct hold_scene *scene, const struct hold_terms *terms, const struct open_hold *hold,
			  struct decision *decision)
{
	struct debt_holds after = holds_of(scene);
	struct hold_placed *event = decision_event(decision, &hold_placed_type);

	debt_holds_put(&after, hold);
	ABOUT(event, scene, terms->hold_id, terms->kind);
	STOPPED(event, &after, decision);
	event->effects = hold_effects_say(terms->effects, decision, &event->effects_count);
	event->from_on = terms->from_on;
	DAY_OR_NULL(event, until_on, terms->until_on);
	DAY_OR_NULL(event, review_on, terms->review_on);
	event->evidence_ref = terms->evidence_ref;
	event->placed_on = decision->command->today;
	set_timer(&terms->hold_id, hold, decision);
	return age(scene, &after, terms->effects, NULL, 0, decision);
}

/* The hold that goes on, as it is afterwards, and the list of the others that it takes in. */
struct merger {
	struct open_hold into;
	struct debt_holds after;
	struct uuid *ids;
	size_t ids_count;
};

static void take_in(struct merger *merger, const struct open_hold *other, struct decision *decision)
{
	grow(&merger->into, other->from_on, other->until_on, other->review_on, other->effects);
	debt_holds_remove(&merger->after, &other->hold_id);
	merger->ids[merger->ids_count++] = other->hold_id;
	decision_cancel_timer(decision, &hold_timer, &other->hold_id);
}

static int64_t add_extended(const struct hold_scene *scene, const struct hold_terms *terms, const struct merger *merger,
			    struct decision *decision)
{
	const struct open_hold *into = &merger->into;
	struct hold_extended *event = decision_event(decision, &hold_extended_type);

	ABOUT(event, scene, into->hold_id, terms->kind);
	STOPPED(event, &merger->after, decision);
	event->merged_hold_id = terms->hold_id;
	event->asked_from_on = terms->from_on;
	DAY_OR_NULL(event, asked_until_on, terms->until_on);
	event->also_merged_ids = merger->ids;
	event->also_merged_ids_count = merger->ids_count;
	event->effects = hold_effects_say(into->effects, decision, &event->effects_count);
	event->from_on = into->from_on;
	DAY_OR_NULL(event, until_on, into->until_on);
	DAY_OR_NULL(event, review_on, into->review_on);
	event->evidence_ref = terms->evidence_ref;
	event->extended_on = decision->command->today;
	set_timer(&into->hold_id, into, decision);
	return age(scene, &merger->after, into->effects, NULL, 0, decision);
}

/* The oldest that meets it goes on. Holds of a kind do not meet each other, so each that the longer one meets meets what is asked for. */
static int64_t extend(const struct hold_scene *scene, const struct hold_terms *terms, const struct open_hold *oldest,
		      struct decision *decision)
{
	struct merger merger = { .into = *oldest, .after = *scene->holds };

	merger.ids = arena_take(decision->arena, DEBT_HOLDS_MAX, sizeof(*merger.ids));
	if (merger.ids == NULL) {
		decision->overflow = true;
		return scene->version;
	}
	grow(&merger.into, terms->from_on, terms->until_on, terms->review_on, terms->effects);
	for (uint32_t index = 0; index < scene->holds->count; index++) {
		const struct open_hold *other = &scene->holds->open[index];

		if (other != oldest && hold_meets(other, terms))
			take_in(&merger, other, decision);
	}
	merger.into.is_active = merger.into.from_on <= decision->command->today;
	debt_holds_put(&merger.after, &merger.into);
	return add_extended(scene, terms, &merger, decision);
}

int64_t hold_place(const struct hold_scene *scene, const struct hold_terms *terms, struct decision *decision)
{
	for (uint32_t index = 0; scene->holds != NULL && index < scene->holds->count; index++) {
		if (hold_meets(&scene->holds->open[index], terms))
			return extend(scene, terms, &scene->holds->open[index], decision);
	}
	return add_placed(scene, terms,
			  &(struct open_hold){ .hold_id = terms->hold_id,
					       .kind = terms->kind,
					       .effects = terms->effects,
					       .from_on = terms->from_on,
					       .until_on = terms->until_on,
					       .review_on = terms->review_on,
					       .is_active = terms->from_on <= decision->command->today },
			  decision);
}

static const struct open_hold *find(const struct debt_holds *holds, const struct uuid *hold_id)
{
	for (uint32_t index = 0; index < holds->count; index++) {
		if (uuid_equal(&holds->open[index].hold_id, hold_id))
			return &holds->open[index];
	}
	MUST_NOT_REACH("a hold that has not ended is in the list of its debt");
}

int64_t hold_release(const struct hold_scene *scene, const struct uuid *hold_id, struct str reason, struct decision *decision)
{
	struct debt_holds after = holds_of(scene);
	const struct open_hold hold = *find(&after, hold_id);
	struct hold_released *event = decision_event(decision, &hold_released_type);

	debt_holds_remove(&after, hold_id);
	ABOUT(event, scene, *hold_id, hold.kind);
	STOPPED(event, &after, decision);
	event->reason = reason;
	event->released_on = decision->command->today;
	decision_cancel_timer(decision, &hold_timer, hold_id);
	return age(scene, &after, hold.effects, &hold, event->released_on, decision);
}

void hold_review(const struct hold_scene *scene, const struct uuid *hold_id, int32_t review_on, struct str evidence_ref,
		 struct decision *decision)
{
	struct open_hold hold = *find(scene->holds, hold_id);
	struct hold_reviewed *event = decision_event(decision, &hold_reviewed_type);

	hold.review_on = review_on;
	ABOUT(event, scene, *hold_id, hold.kind);
	DAY_OR_NULL(event, review_on, review_on);
	event->evidence_ref = evidence_ref;
	event->reviewed_on = decision->command->today;
	set_timer(hold_id, &hold, decision);
}

/* ---- the days of a hold ---- */

const struct timer_kind hold_timer = { .name = "hold", .number = 10 };

static void add_expired(const struct hold_scene *scene, const struct open_hold *hold, struct decision *decision)
{
	struct debt_holds after = *scene->holds;
	struct hold_expired *event = decision_event(decision, &hold_expired_type);

	debt_holds_remove(&after, &hold->hold_id);
	ABOUT(event, scene, hold->hold_id, hold->kind);
	STOPPED(event, &after, decision);
	event->until_on = hold->until_on;
	event->expired_on = decision->command->today;
	(void)age(scene, &after, hold->effects, hold, hold->until_on, decision);
}

static int64_t add_begun(const struct hold_scene *scene, const struct open_hold *hold, struct decision *decision)
{
	struct debt_holds after = *scene->holds;
	struct hold_begun *event = decision_event(decision, &hold_begun_type);

	debt_holds_put(&after, hold);
	ABOUT(event, scene, hold->hold_id, hold->kind);
	event->effects = hold_effects_say(hold->effects, decision, &event->effects_count);
	STOPPED(event, &after, decision);
	event->begun_on = decision->command->today;
	return age(scene, &after, hold->effects, NULL, 0, decision);
}

static void add_review_due(const struct hold_scene *scene, const struct open_hold *hold, struct decision *decision)
{
	struct hold_review_due *event = decision_event(decision, &hold_review_due_type);

	ABOUT(event, scene, hold->hold_id, hold->kind);
	event->due_on = hold->review_on;
	event->asked_on = decision->command->today;
}

/* What the day brings; after an outage more than one thing. */
static void live_day(struct hold_scene *scene, struct open_hold hold, struct decision *decision)
{
	const int32_t today = decision->command->today;

	if (hold.until_on != 0 && hold.until_on <= today) {
		add_expired(scene, &hold, decision);
		return;
	}
	if (!hold.is_active && hold.from_on <= today) {
		hold.is_active = 1;
		scene->version = add_begun(scene, &hold, decision);
	}
	if (hold.review_on != 0 && hold.review_on <= today) {
		add_review_due(scene, &hold, decision);
		hold.review_on = 0;
	}
	set_timer(&hold.hold_id, &hold, decision);
}

/* A hold that has ended otherwise has no timer; one that is there all the same finds nothing to do. */
void decide_hold_day(const struct command *timer, const struct workset *set, struct decision *decision)
{
	const struct uuid *id = &((const struct timer *)timer->body)->subject;
	const struct hold *hold = workset_state(set, &hold_entity, id);
	const struct debt *debt = hold == NULL ? NULL : workset_state(set, &debt_entity, &hold->debt_id);
	struct hold_scene scene;

	if (debt == NULL || !hold_is_open(hold->state))
		return;
	scene = hold_scene_of(&hold->debt_id, debt, set);
	live_day(&scene, *find(scene.holds, id), decision);
}
