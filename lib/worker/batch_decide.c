/* One attempt: from items to verdicts. */
#include "worker/batch_inside.h"

#include <string.h>

#include "base/day.h"
#include "schemas/clock.h"
#include "worker/approvals.h"
#include "worker/holds.h"
#include "worker/rights.h"

static const char broke_our_code[] = "the command broke our code; a person has to look";

/* Returns whether it was assumed new, and exists. */
static bool note_loaded(struct slot *slot)
{
	bool is_mistaken = slot->assumed && slot->exists;

	slot->assumed = false;
	return is_mistaken;
}

/* Nothing is missing any more. Returns whether a state exists that was assumed new. */
static bool take_loaded(struct workset *set)
{
	bool is_mistaken = false;

	for (size_t i = 0; i < set->missing_count; i++)
		is_mistaken |= note_loaded(set->missing[i]);
	set->missing_count = 0;
	return is_mistaken;
}

static void show_cached(const struct engine *engine, const struct slot *slot)
{
	if (engine->database.saw_cached)
		engine->database.saw_cached(engine->database.self, slot);
}

/* Missing states that the engine has in memory are not missing any more. Returns their number. */
static size_t fill_cached(struct workset *set, const struct engine *engine, bool is_open, bool *ret_mistaken)
{
	size_t count = set->missing_count;
	size_t left = 0;

	*ret_mistaken = false;
	for (size_t i = 0; i < count; i++) {
		struct slot *slot = set->missing[i];

		if (!state_cache_fill(&engine->cache, slot)) {
			set->missing[left++] = slot;
			continue;
		}
		*ret_mistaken |= note_loaded(slot);
		if (is_open)
			show_cached(engine, slot);
	}
	set->missing_count = left;
	return count - left;
}

static int load_rest(struct workset *set, const struct engine *engine, bool *ret_mistaken, struct err *err)
{
	if (set->missing_count == 0)
		return 0;
	if (engine->database.load(engine->database.self, set->missing, set->missing_count, err) < 0)
		return -1;
	*ret_mistaken |= take_loaded(set);
	return 0;
}

/* *ret_mistaken true: a state that was assumed new exists. */
static int load_missing(struct batch *batch, const struct engine *engine, bool *ret_mistaken, struct err *err)
{
	fill_cached(&batch->set, engine, true, ret_mistaken);
	return load_rest(&batch->set, engine, ret_mistaken, err);
}

/* A broken command is not decided, because loading its states may be the cause of the failure. A nil UUID must not be touched. */
static bool asks_rule(const struct item *item)
{
	bool may_have = item->kind == ITEM_COMMAND || item->kind == ITEM_TIMER || item->kind == ITEM_EVENT;

	return may_have && item->rule && !item->is_broken && !item->nil_field;
}

/*
 * A bound user's creditors are loaded with the rights, and the states that the rule touches depend on them: a second round is
 * needed.
 */
static bool asks_again(const struct item *item)
{
	return item->rule->touches_again || command_is_bound(&item->command);
}

static void touch_command(struct batch *batch, struct item *item, bool is_first_round)
{
	rights_take(&item->command, &batch->set);
	if (is_first_round || asks_again(item))
		item->rule->touch(&item->command, &batch->set);
}

/* One round of the touches of batch->items[from + i]. */
static void touch_states(struct batch *batch, size_t i, bool is_first_round)
{
	struct item *item = &batch->items[batch->from + i];
	struct verdict *verdict = &batch->verdicts[i];
	size_t first = batch->set.slots_count;

	touch_command(batch, item, is_first_round);
	if (item->kept && item->kept->rule)
		touch_command(batch, item->kept, is_first_round);
	if (is_first_round) {
		verdict->slots_first = first;
		verdict->slots_count = batch->set.slots_count - first;
	}
}

static void touch_rights(struct batch *batch)
{
	for (size_t i = 0; i < batch->count; i++) {
		struct item *item = &batch->items[batch->from + i];

		if (item->kind == ITEM_COMMAND && !item->is_broken)
			rights_touch(&item->command, &batch->set);
		if (item->kept)
			rights_touch(&item->kept->command, &batch->set);
	}
}

static int touch_round(struct batch *batch, bool is_first_round, struct err *err)
{
	if (is_first_round)
		touch_rights(batch);
	for (size_t i = 0; i < batch->count; i++) {
		if (asks_rule(&batch->items[batch->from + i]))
			touch_states(batch, i, is_first_round);
	}
	return batch->set.overflow ? batch_too_large(batch, err) : 0;
}

/* Which states an approval touches, only the kept command says: it is read when the transaction is open. */
int batch_touch(struct batch *batch, const struct engine *engine, struct err *err)
{
	bool mistaken;

	batch->is_touched = !batch_names_kept(batch);
	batch->has_cached = false;
	if (!batch->is_touched)
		return 0;
	if (touch_round(batch, true, err) < 0)
		return -1;
	batch->has_cached = fill_cached(&batch->set, engine, false, &mistaken) > 0;
	return 0;
}

static int load_rounds(struct batch *batch, const struct engine *engine, struct err *err)
{
	bool mistaken; /* harmless: no rule has read it yet */

	for (int round = batch->is_touched ? 1 : 0; round < TOUCH_ROUNDS_MAX; round++) {
		if (touch_round(batch, round == 0, err) < 0)
			return -1;
		if (fill_cached(&batch->set, engine, true, &mistaken) == 0 && batch->set.missing_count == 0)
			return 0;
		if (load_rest(&batch->set, engine, &mistaken, err) < 0)
			return -1;
	}
	return 0;
}

static int load_states(struct batch *batch, const struct engine *engine, struct err *err)
{
	bool is_complete = batch->is_touched && batch->set.missing_count == 0 && !batch->has_cached;

	for (size_t i = 0; i < batch->set.slots_count; i++) /* filled before the heads were known to be ours */
		if (batch->set.slots[i]->cached)
			show_cached(engine, batch->set.slots[i]);
	take_loaded(&batch->set);
	return is_complete ? 0 : load_rounds(batch, engine, err);
}

/* The command whose states the item is about: of an approval, the kept one. */
static const struct item *subject_of(const struct item *item)
{
	return item->kept && item->kept->rule ? item->kept : item;
}

/*
 * Unique indexes verify "assumed new" only for rows that are written. A refusal or a wait writes nothing and must not rest on an
 * assumption: the states its command touched are loaded now. They are few.
 */
static int check_assumed(struct batch *batch, const struct engine *engine, bool *ret_conflict, struct err *err)
{
	batch->set.assumes_new = false;
	for (size_t i = 0; i < batch->count; i++) {
		const struct item *item = &batch->items[batch->from + i];

		if (batch->verdicts[i].is_no && asks_rule(subject_of(item)))
			subject_of(item)->rule->touch(&subject_of(item)->command, &batch->set);
	}
	return load_missing(batch, engine, ret_conflict, err);
}

static bool is_unasked_refusal(const struct item *item, const struct verdict *verdict)
{
	return item->kind == ITEM_COMMAND && verdict->fate == FATE_REFUSED && !verdict->has_answer;
}

/*
 * The same of command ids: the unique index finds one that is known where an answer closes it, and a refusal closes none. An id that was
 * ahead of the broker's clock when it was applied, and is not any more when it comes again, may be above every id that counts as known
 * (batch_is_ahead). Without the look-up an applied command would be answered a second time, by the refusal of what it has done itself.
 */
static int check_refused(struct batch *batch, const struct engine *engine, bool *ret_conflict, struct err *err)
{
	struct answer *answers;
	size_t refused = 0;
	size_t count = 0;

	for (size_t i = 0; i < batch->count; i++)
		refused += is_unasked_refusal(&batch->items[batch->from + i], &batch->verdicts[i]);
	if (refused == 0) /* as in most batches, which need no memory for it then */
		return 0;
	answers = arena_take(&batch->arena, refused, sizeof(*answers));
	if (!answers)
		return batch_too_large(batch, err);
	for (size_t i = 0; i < batch->count; i++)
		if (is_unasked_refusal(&batch->items[batch->from + i], &batch->verdicts[i]))
			answers[count++] = (struct answer){ .command_id = batch->items[batch->from + i].command.id };
	if (engine->database.find_answers(engine->database.self, answers, count, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		*ret_conflict |= answers[i].found;
	return 0;
}

/* The verdict of an earlier item of this attempt that applied the same command id, or NULL. Enters item i into batch->ids. */
static const struct verdict *closed_by(struct batch *batch, size_t i, const struct item **ret_item)
{
	const struct item *item = &batch->items[batch->from + i];

	for (size_t place = uuid_hash(&item->command.id) & batch->ids_mask;; place = (place + 1) & batch->ids_mask) {
		uint32_t other = batch->ids[place];

		if (other == 0) {
			batch->ids[place] = (uint32_t)i + 1;
			return NULL;
		}
		if (!uuid_equal(&batch->items[batch->from + other - 1].command.id, &item->command.id))
			continue;
		if (batch->verdicts[other - 1].fate == FATE_APPLIED || batch->verdicts[other - 1].fate == FATE_KEPT) {
			*ret_item = &batch->items[batch->from + other - 1];
			return &batch->verdicts[other - 1];
		}
		batch->ids[place] = (uint32_t)i + 1;
		return NULL;
	}
}

/* The ids held by parked commands before this one; in a pass, by commands that the pass has left parked. */
static const struct keyset *held_before(const struct engine *engine, const struct item *item)
{
	const struct partition *partition = &engine->partitions[item->part];

	return item->was_parked ? &partition->held_next : &partition->held;
}

static bool must_queue(struct batch *batch, const struct engine *engine, const struct item *item)
{
	const struct keyset *held = held_before(engine, item);
	struct holds holds;

	if (subject_of(item)->rule->overtakes || held->count + batch->held.count == 0)
		return false;
	holds_list(subject_of(item), &batch->set, &holds);
	return holds_meet(&holds, &item->command.key, held) || holds_meet(&holds, &item->command.key, &batch->held);
}

/*
 * A command parked as a bug holds its whole key, because the states it touches are unknown. Above parked_max every parked command
 * holds its key only. That bounds the memory: the number of commands parked behind others is unbounded, the number of their keys
 * is not.
 */
static struct str list_held(struct batch *batch, const struct engine *engine, const struct item *item, enum parked_kind kind)
{
	size_t held = held_before(engine, item)->count + batch->held.count;
	struct holds holds = { .is_cut = true };

	if (kind != PARKED_BUG && subject_of(item)->rule->overtakes) /* an id that no command touches, so that it is counted */
		holds = (struct holds){ .ids = { uuid_derive(&item->command.id, "alone", 0) }, .count = 1 };
	else if (kind != PARKED_BUG)
		holds_list(subject_of(item), &batch->set, &holds);
	if (holds.is_cut || (int64_t)(held + holds.count) > engine->conf.parked_max)
		holds = (struct holds){ .ids = { item->command.key }, .count = 1 };
	return str_copy(&batch->arena, (struct str){ (const char *)holds.ids, holds.count * sizeof(holds.ids[0]) });
}

int batch_park(struct batch *batch, const struct engine *engine, struct verdict *verdict, const struct item *item,
	       enum parked_kind kind, const char *reason, struct err *err)
{
	verdict->fate = FATE_PARKED;
	verdict->parked_kind = kind;
	verdict->parked_reason = str_copy(&batch->arena, str_of(reason));
	verdict->holds = list_held(batch, engine, item, kind);
	if (!verdict->parked_reason.data || !verdict->holds.data || !keyset_add_bytes(&batch->held, verdict->holds))
		return batch_too_large(batch, err);
	return 0;
}

const struct command_rejected *batch_rejection(struct batch *batch, const struct command *command, struct str command_type,
					       const struct decision *decision)
{
	struct command_rejected *body = arena_take(&batch->arena, 1, sizeof(*body));

	if (!body)
		return NULL;
	body->command_id = command->id;
	body->customer_id = command->key;
	body->command_type = command_type;
	body->code = str_of(refusal_code(decision->refusal));
	body->field = str_copy(&batch->arena, str_of(decision->field));
	body->text = str_copy(&batch->arena, str_of(decision->text));
	body->retriable = decision->refusal == REFUSAL_VERSION_CONFLICT || decision->refusal == REFUSAL_NOT_FOUND;
	message_set_actor(&command_rejected_type, body, command->actor);
	return body->field.data && body->text.data ? body : NULL;
}

int batch_refuse(struct batch *batch, struct verdict *verdict, const struct item *item, const struct decision *decision,
		 struct err *err)
{
	const struct command_rejected *body =
		batch_rejection(batch, &item->command, str_of(item->command.type->record.name), decision);
	struct event *event = arena_take(&batch->arena, 1, sizeof(*event));

	if (!body || !event)
		return batch_too_large(batch, err);
	*event = (struct event){ .type = &command_rejected_type, .body = body, .command = &item->command };
	verdict->fate = FATE_REFUSED;
	verdict->events = event;
	verdict->events_count = 1;
	return 0;
}

static int accept(struct batch *batch, const struct engine *engine, struct verdict *verdict, const struct item *item,
		  const struct decision *decision, struct err *err)
{
	size_t first = item->kind == ITEM_EVENT ? 1 : 0; /* EventAnswered */
	size_t count = first + decision->events_count + decision->sendings_count;
	struct event *events = arena_take(&batch->arena, count, sizeof(*events));

	if (!events)
		return batch_too_large(batch, err);
	if (first > 0 && batch_put_answered(batch, engine, item, &events[0], err) < 0)
		return -1;
	memcpy(events + first, decision->events, decision->events_count * sizeof(*events));
	for (size_t i = first; i < first + decision->events_count; i++)
		engine->admission.module->evolve(&batch->set, &events[i]);
	if (batch_put_issued(batch, engine, item, decision, events + first + decision->events_count, err) < 0)
		return -1;
	verdict->fate = FATE_APPLIED;
	verdict->events = events;
	verdict->events_count = count;
	return decision->timers_count > 0 ? batch_change_timers(batch, item, decision, err) : 0;
}

int batch_wait(struct batch *batch, const struct engine *engine, struct verdict *verdict, const struct item *item,
	       const char *reason, bool *ret_waits, struct err *err)
{
	size_t held = held_before(engine, item)->count + batch->held.count;

	/* Above parked_max the partition continues, but no more commands wait. */
	*ret_waits = item->command.now_ms - item->since_ms <= engine->conf.wait_max_ms && (int64_t)held < engine->conf.parked_max;
	return *ret_waits ? batch_park(batch, engine, verdict, item, PARKED_WAIT, reason, err) : 0;
}

static int wait_or_refuse(struct batch *batch, const struct engine *engine, struct verdict *verdict, const struct item *item,
			  struct decision *decision, struct err *err)
{
	bool waits;

	if (batch_wait(batch, engine, verdict, item, decision->text, &waits, err) < 0)
		return -1;
	if (waits)
		return 0;
	decision->refusal = REFUSAL_NOT_FOUND;
	return batch_refuse(batch, verdict, item, decision, err);
}

/* The command id was applied before, or earlier in this batch: the same content changes nothing, other content is refused. */
static int repeat(struct batch *batch, struct verdict *verdict, const struct item *item, const uint8_t *first_digest,
		  struct err *err)
{
	struct decision decision;

	if (memcmp(first_digest, item->digest, DIGEST_SIZE) == 0) {
		verdict->fate = FATE_DUPLICATE;
		return 0;
	}
	decision_init(&decision, &batch->arena, &item->command);
	decision_refuse(&decision, REFUSAL_DUPLICATE_DIFFERENT_BODY, "", "this command id was used for another content before");
	return batch_refuse(batch, verdict, item, &decision, err);
}

/* Whether the same content was applied meanwhile, by another record. */
static bool is_same_again(const struct verdict *verdict, const struct item *item)
{
	return verdict->has_answer && verdict->answer.found && memcmp(verdict->answer.digest, item->digest, DIGEST_SIZE) == 0;
}

bool batch_may_be_decided(struct batch *batch, struct item *item, struct decision *decision)
{
	const struct field *unbound;

	if (item->expires_ms > 0 && item->command.now_ms > item->expires_ms)
		decision_refuse(decision, REFUSAL_EXPIRED, "", "the command's own deadline had passed");
	else if (!rights_hold(&item->command, &batch->set))
		decision_refuse(decision, REFUSAL_NOT_AUTHORISED, "", "the user may not do this now, whatever the token says");
	else if ((unbound = command_unbound_field(&item->command)) != NULL)
		decision_refuse(decision, REFUSAL_NOT_AUTHORISED, unbound->name, COMMAND_UNBOUND_TEXT);
	else if (item->nil_field)
		decision_refuse(decision, REFUSAL_BAD_VALUE, item->nil_field, "an id of zeros names nothing");
	else if (item->text_fault)
		decision_refuse(decision, REFUSAL_BAD_VALUE, item->text_field, "the text %s", item->text_fault);
	return decision->kind == DECISION_NONE;
}

/* An ended token makes a dead letter, like an expired one: no refusal is emitted. */
static int set_aside(struct batch *batch, const struct engine *engine, struct verdict *verdict, struct item *item,
		     struct err *err)
{
	if (admit_ended(&engine->admission, &engine->broker, &batch->arena, item, err) < 0)
		return -1;
	verdict->fate = FATE_DEAD;
	return 0;
}

/* Nobody can decide it: of its content there is nothing left. */
static int refuse_forgotten(struct batch *batch, struct verdict *verdict, const struct item *item, struct err *err)
{
	struct decision decision;

	decision_init(&decision, &batch->arena, &item->command);
	decision_refuse(&decision, REFUSAL_NOT_FOUND, "", PERSON_ERASED_TEXT);
	return batch_refuse(batch, verdict, item, &decision, err);
}

static int32_t later_day(int32_t a, int32_t b)
{
	return a > b ? a : b;
}

static int decide_command(struct batch *batch, const struct engine *engine, size_t i, struct err *err)
{
	struct item *item = &batch->items[batch->from + i];
	struct verdict *verdict = &batch->verdicts[i];
	struct head *head = &batch->heads[batch->head_of_part[item->part]];
	const struct item *first;
	bool is_repeated = closed_by(batch, i, &first) != NULL;
	struct decision decision;

	if (!batch_is_ahead(&item->command) && uuid_compare(&item->command.id, &head->last_id) > 0)
		head->last_id = item->command.id;
	if (item->is_unread && !item->is_forgotten && !is_same_again(verdict, item))
		return batch_park(batch, engine, verdict, item, PARKED_BUG, broke_our_code, err);
	if (!item->rule && !item->is_unread)
		return batch_park(batch, engine, verdict, item, PARKED_BUG, "this program cannot read the command", err);
	if (verdict->has_answer && verdict->answer.found)
		return repeat(batch, verdict, item, verdict->answer.digest, err);
	if (is_repeated)
		return repeat(batch, verdict, item, first->digest, err);
	if (item->is_forgotten)
		return refuse_forgotten(batch, verdict, item, err);
	if (item->is_broken)
		return batch_park(batch, engine, verdict, item, PARKED_BUG, broke_our_code, err);
	if (!item->was_parked && rights_are_ended(&item->command, &batch->set))
		return set_aside(batch, engine, verdict, item, err);
	if (must_queue(batch, engine, item))
		return batch_park(batch, engine, verdict, item, PARKED_BEHIND, "a command about the same waits before it", err);

	item->command.today = later_day(day_of_instant(item->command.now_ms), head->business_date);
	decision_init(&decision, &batch->arena, &item->command);
	if (batch_may_be_decided(batch, item, &decision) && approvals_named(item))
		return batch_answer_kept(batch, engine, verdict, item, err);
	if (decision.kind == DECISION_NONE)
		item->rule->decide(&item->command, &batch->set, &decision);
	if (decision.overflow)
		return batch_too_large(batch, err);
	verdict->is_no = decision.kind != DECISION_EVENTS;
	switch (decision.kind) {
	case DECISION_EVENTS:
		return accept(batch, engine, verdict, item, &decision, err);
	case DECISION_REFUSED:
		return batch_refuse(batch, verdict, item, &decision, err);
	case DECISION_WAIT:
		return wait_or_refuse(batch, engine, verdict, item, &decision, err);
	case DECISION_KEPT:
		return batch_keep(batch, engine, verdict, item, &decision, err);
	case DECISION_NONE:
		break;
	}
	MUST_NOT_REACH("a rule decided nothing");
}

/* The timer stays in its table. It holds nothing, so no command waits for it. */
static int leave_timer(struct batch *batch, struct verdict *verdict, const struct item *item, enum timer_fate fate,
		       struct err *err)
{
	verdict->fate = FATE_STAYS;
	return batch_end_timer(batch, item, fate, err);
}

/* See timers.h. A timer that a newer program has set, and that has no rule here, stays for that program. */
static int decide_timer(struct batch *batch, const struct engine *engine, size_t i, struct err *err)
{
	struct item *item = &batch->items[batch->from + i];
	struct verdict *verdict = &batch->verdicts[i];
	const struct head *head = &batch->heads[batch->head_of_part[item->part]];
	struct decision decision;

	if (batch_is_timer_gone(batch, item)) {
		verdict->fate = FATE_SKIPPED;
		return 0;
	}
	if (item->is_broken)
		return leave_timer(batch, verdict, item, TIMER_BROKEN, err);
	if (!item->rule || must_queue(batch, engine, item))
		return leave_timer(batch, verdict, item, TIMER_TRIED, err);
	if (approvals_named(item))
		return batch_expire_kept(batch, verdict, item, err);
	item->command.today =
		later_day(item->command.today, later_day(day_of_instant(item->command.now_ms), head->business_date));
	decision_init(&decision, &batch->arena, &item->command);
	item->rule->decide(&item->command, &batch->set, &decision);
	if (decision.overflow)
		return batch_too_large(batch, err);
	MUST(decision.kind != DECISION_REFUSED);
	verdict->is_no = decision.kind != DECISION_EVENTS;
	if (decision.kind == DECISION_WAIT)
		return leave_timer(batch, verdict, item, TIMER_TRIED, err);
	if (batch_end_timer(batch, item, TIMER_FIRED, err) < 0)
		return -1;
	return accept(batch, engine, verdict, item, &decision, err);
}

/*
 * See follow.h. It is not held up by parked commands: order does not hold between topics. One that breaks our code halts its
 * partition (process.c: a single item that fails and is broken already).
 */
static int decide_event(struct batch *batch, const struct engine *engine, size_t i, struct err *err)
{
	struct item *item = &batch->items[batch->from + i];
	struct verdict *verdict = &batch->verdicts[i];
	const struct head *head = &batch->heads[batch->head_of_part[item->part]];
	struct decision decision;

	verdict->fate = FATE_PASSED;
	if (!item->rule)
		return 0;
	if (item->is_broken)
		return err_set(err, ERR_POISON, "%s breaks our code; a program that is mended answers it, after dcs unhalt",
			       item->command.type->record.name);
	if (verdict->has_answer && verdict->answer.found)
		return 0;
	item->command.today = later_day(day_of_instant(item->command.now_ms), head->business_date);
	decision_init(&decision, &batch->arena, &item->command);
	item->rule->decide(&item->command, &batch->set, &decision);
	if (decision.overflow)
		return batch_too_large(batch, err);
	verdict->is_no = decision.kind != DECISION_EVENTS;
	if (decision.kind == DECISION_EVENTS)
		return accept(batch, engine, verdict, item, &decision, err);
	MUST(decision.kind == DECISION_NONE);
	MUST(decision.timers_count == 0); /* its row is where a replay finds it */
	return 0;
}

/*
 * A Tick moves the business date by at most one day, and not beyond the broker's day in UTC plus one (for time zones whose day
 * begins before the UTC day). No sender sets the broker's clock, so a Tick with a wrong date is wrong by at most one day. Three
 * Ticks catch up with three days without a Tick. A partition's first Tick sets its first business date.
 */
int32_t batch_business_date(int32_t before, int32_t said, int64_t broker_ms)
{
	int32_t latest = day_of_instant(broker_ms) + 1;

	if (before != INT32_MIN && said > before)
		said = before + 1;
	if (said > latest)
		said = latest;
	return said > before ? said : before;
}

static void take_tick(struct head *head, const struct item *item)
{
	const struct tick *tick = item->command.body;

	head->tick_at_ms = tick->at;
	head->business_date = batch_business_date(head->business_date, tick->business_date, item->command.now_ms);
	head->due = (struct timers_due){ .before = item->leaves_timers ? item->offset : OFFSET_BEFORE_ALL,
					 .at_ms = item->command.now_ms,
					 .on = head->business_date };
}

int batch_decide(struct batch *batch, const struct engine *engine, const struct answer *answers, size_t answers_count,
		 bool *ret_conflict, struct err *err)
{
	size_t asked = 0;

	if (batch_read_kept(batch, engine, err) < 0 || load_states(batch, engine, err) < 0)
		return -1;
	for (size_t i = 0; i < batch->count; i++) {
		struct item *item = &batch->items[batch->from + i];
		struct verdict *verdict = &batch->verdicts[i];

		workset_set_near(&batch->set, verdict->slots_first, verdict->slots_count);
		switch (item->kind) {
		case ITEM_DEAD:
			verdict->fate = FATE_DEAD;
			break;
		case ITEM_VOID:
			verdict->fate = FATE_VOID;
			break;
		case ITEM_TICK:
			verdict->fate = FATE_TICK;
			take_tick(&batch->heads[batch->head_of_part[item->part]], item);
			break;
		case ITEM_COMMAND:
			if (verdict->has_answer)
				verdict->answer = answers[asked++];
			if (decide_command(batch, engine, i, err) < 0)
				return -1;
			break;
		case ITEM_TIMER:
			if (decide_timer(batch, engine, i, err) < 0)
				return -1;
			break;
		case ITEM_EVENT:
			if (verdict->has_answer)
				verdict->answer = answers[asked++];
			if (decide_event(batch, engine, i, err) < 0)
				return -1;
			break;
		}
	}
	MUST(asked == answers_count);
	if (check_assumed(batch, engine, ret_conflict, err) < 0 || check_refused(batch, engine, ret_conflict, err) < 0)
		return -1;
	if (batch->set.overflow)
		return batch_too_large(batch, err);
	if (*ret_conflict)
		return 0;
	return batch_write_rows(batch, engine, err);
}
