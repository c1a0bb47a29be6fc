#include "worker/process.h"

#include "base/log.h"
#include "worker/approvals.h"
#include "worker/batch.h"
#include "worker/buffers.h"
#include "worker/publisher.h"
#include "worker/timers.h"

#define CONFLICT_TRIES_MAX   5
#define PESSIMISTIC_SPAN_MAX 256

/* ---- after the commit ---- */

static void count_verdicts(struct engine *engine, const struct batch *batch)
{
	for (size_t i = 0; i < batch->count; i++) {
		switch (batch->verdicts[i].fate) {
		case FATE_NONE:
			MUST_NOT_REACH("a committed item without a fate");
		case FATE_APPLIED:
			if (batch->items[batch->from + i].kind == ITEM_TIMER)
				engine->counts.timers++;
			else if (batch->items[batch->from + i].kind == ITEM_EVENT)
				engine->counts.reactions++;
			else
				engine->counts.applied++;
			break;
		case FATE_REFUSED:
			engine->counts.refused++;
			break;
		case FATE_KEPT:
			engine->counts.kept++;
			break;
		case FATE_DUPLICATE:
			engine->counts.duplicates++;
			break;
		case FATE_PARKED:
			engine->counts.parked += !batch->items[batch->from + i].was_parked;
			break;
		case FATE_DEAD:
			engine->counts.dead++;
			break;
		case FATE_TICK:
			engine->counts.ticks++;
			break;
		case FATE_VOID:
			engine->counts.void_ticks++;
			break;
		case FATE_PASSED:
		case FATE_STAYS:
		case FATE_SKIPPED:
			break;
		}
	}
	engine->counts.events += (int64_t)batch->changes.log_count;
	engine->counts.batches++;
}

/* -1: the customer's partition is not ours. Then a mistaken command has named it, and its owner may change it. */
static int32_t part_of_owner(struct engine *engine, const struct cached_state *kind, const struct slot *slot)
{
	char key[UUID_TEXT_SIZE + 1];
	int32_t part;

	uuid_format(key, (const struct uuid *)((const char *)slot->state + kind->customer_at));
	part = engine->broker.part_of(engine->broker.self, str_of(key));
	return lanes_is_running(&engine->lanes, part) ? part : -1;
}

void process_keep_state(struct engine *engine, const struct slot *slot)
{
	const struct cached_state *kind = state_cache_kind(&engine->cache, slot->entity);
	int32_t part;

	if (!kind || state_cache_replace(&engine->cache, slot))
		return;
	part = part_of_owner(engine, kind, slot);
	if (part >= 0)
		state_cache_add(&engine->cache, slot, part);
}

static void keep_states(struct engine *engine, const struct workset *set)
{
	for (size_t i = 0; i < set->slots_count; i++) {
		const struct slot *slot = set->slots[i];

		if (!state_cache_kind(&engine->cache, slot->entity) || !slot->exists || (slot->assumed && !slot->changed))
			continue;
		engine->counts.states += slot->stored;
		engine->counts.cached += slot->cached;
		process_keep_state(engine, slot);
	}
}

/* All parked commands before the Tick were tried: what they hold now is what is held. */
void process_end_parked(struct partition *partition)
{
	struct keyset held = partition->held;

	partition->held = partition->held_next;
	partition->held_next = held;
	keyset_clear(&partition->held_next);
	partition->has_tried_parked = true;
}

/* After the commit: heads and holds move, events are published. */
static int settle(struct engine *engine, struct batch *batch, struct err *err)
{
	int32_t parts[BUS_PARTS_MAX];
	int64_t offsets[BUS_PARTS_MAX];
	int32_t overfull = -1;

	for (size_t i = 0; i < batch->heads_count; i++) {
		const struct head *head = &batch->heads[i];

		engine->partitions[head->part].head = *head;
		parts[i] = head->part;
		offsets[i] = head->next_offset;
	}
	for (size_t i = 0; i < batch->count && batch->held.count > 0; i++) {
		const struct item *item = &batch->items[batch->from + i];
		struct partition *partition = &engine->partitions[item->part];

		if (batch->verdicts[i].fate == FATE_PARKED &&
		    !keyset_add_bytes(item->was_parked ? &partition->held_next : &partition->held, batch->verdicts[i].holds))
			overfull = item->part;
	}
	if (batch->tick_part >= 0 && batch->is_tick_end && batch->from + batch->count == batch->items_count)
		process_end_parked(&engine->partitions[batch->tick_part]);
	keep_states(engine, &batch->set);
	timers_note(engine, &batch->changes);
	batch_settle_timers(batch);
	count_verdicts(engine, batch);
	engine->broker.report(engine->broker.self, parts, offsets, batch->heads_count);
	lanes_succeed(&engine->lanes);
	if (publisher_take(engine, &batch->changes, err) < 0)
		return -1;
	/* Waiting commands alone cannot reach this bound (parked_max): only bugs of ours can. */
	return overfull >= 0 ? lanes_halt(&engine->lanes, overfull, "too much is held by parked commands", err) : 0;
}

int process_finish(struct engine *engine, struct err *err)
{
	struct batch *batch = engine->flying;
	int settled;

	if (!batch)
		return 0;
	if (engine->database.commit_finish(engine->database.self, err) < 0)
		return -1;
	engine->flying = NULL;
	engine->spare = batch;
	settled = settle(engine, batch, err);
	buffers_release_records(engine, batch);
	batch_reset(batch);
	return settled;
}

/* ---- one attempt ---- */

enum attempt_result {
	ATTEMPT_SENT,     /* its COMMIT was sent */
	ATTEMPT_FENCED,   /* a partition was lost; try again with the rest */
	ATTEMPT_CONFLICT, /* a unique key was used meanwhile; try again, pessimistically */
};

static int open_transaction(struct engine *engine, struct batch *batch, struct answer *answers, size_t answers_count,
			    enum open_result *ret_opened, int32_t *ret_fenced, struct err *err)
{
	struct head heads[BUS_PARTS_MAX];
	const struct opening opening = {
		.heads = heads,
		.heads_count = batch->heads_count,
		.answers = answers,
		.answers_count = answers_count,
		.slots = batch->set.missing,
		.slots_count = batch->set.missing_count,
	};

	for (size_t i = 0; i < batch->heads_count; i++)
		heads[i] = engine->partitions[batch->heads[i].part].head;
	return engine->database.open(engine->database.self, &opening, ret_opened, ret_fenced, err);
}

static int attempt(struct engine *engine, struct batch *batch, size_t from, size_t count, bool is_pessimistic,
		   enum attempt_result *ret_result, struct err *err)
{
	struct database *database = &engine->database;
	struct answer *answers;
	size_t answers_count;
	enum open_result opened;
	int32_t fenced;
	bool conflict = false;

	if (batch_begin(batch, engine, from, count, is_pessimistic, &answers, &answers_count, err) < 0 ||
	    open_transaction(engine, batch, answers, answers_count, &opened, &fenced, err) < 0)
		return -1;
	if (opened == OPEN_FENCED) {
		database->abandon(database->self);
		buffers_drop_part(engine, batch, fenced, from);
		state_cache_forget_part(&engine->cache, fenced);
		*ret_result = ATTEMPT_FENCED;
		return lanes_fence(&engine->lanes, fenced, err);
	}
	if (batch_decide(batch, engine, answers, answers_count, &conflict, err) < 0)
		return -1;
	if (!conflict && database->write(database->self, &batch->changes, &conflict, err) < 0 && !conflict)
		return -1;
	if (conflict) {
		database->abandon(database->self);
		*err = (struct err)ERR_INIT;
		*ret_result = ATTEMPT_CONFLICT;
		return 0;
	}
	*ret_result = ATTEMPT_SENT;
	return database->commit_send(database->self, err);
}

/* The record can neither be applied nor parked: its partition halts until an operator resumes it. */
static int give_up(struct engine *engine, struct batch *batch, size_t at, const char *why, struct err *err)
{
	const struct item *item = &batch->items[at];
	int32_t part = item->part;
	struct err reason = ERR_INIT;

	if (item->kind == ITEM_EVENT)
		err_set(&reason, ERR_POISON, "events of %s, offset %lld: %.150s",
			engine->admission.module->follows[item->source - 1].module, (long long)item->record.offset, why);
	else
		err_set(&reason, ERR_POISON, "offset %lld can neither be applied nor set aside: %.150s", (long long)item->offset,
			why);
	buffers_drop_part(engine, batch, part, at);
	return lanes_halt(&engine->lanes, part, reason.text, err);
}

/* The run failed on data: halves it. A single record is marked broken; if it is broken already, its partition halts. */
static int shrink(struct engine *engine, struct batch *batch, size_t from, size_t count, size_t *ret_run, struct err *err)
{
	struct err why = *err;

	*err = (struct err)ERR_INIT;
	log_warn("halving a batch of %zu: %s", count, why.text);
	engine->counts.halvings++;
	*ret_run = count > 1 ? count / 2 : 1;
	if (batch->is_too_large)
		engine->run_max = *ret_run;
	else
		state_cache_forget(&engine->cache); /* a state in it may be the cause */
	batch->is_too_large = false;
	if (count == 1 && batch->items[from].is_broken)
		return give_up(engine, batch, from, why.text, err);
	if (count == 1)
		batch->items[from].is_broken = true;
	return 0;
}

/*
 * An attempt that assumes ids and states new is optimistic: after a conflict it is repeated. The next batches are then
 * pessimistic; another conflict soon afterwards doubles their number. So repeated commands cost look-ups, but no second attempts.
 */
static void note_conflict(struct engine *engine)
{
	engine->counts.conflicts++;
	engine->pessimistic_left = engine->pessimistic_span;
	if (engine->pessimistic_span < PESSIMISTIC_SPAN_MAX)
		engine->pessimistic_span *= 2;
}

static void note_success(struct engine *engine, bool was_pessimistic)
{
	if (!was_pessimistic && engine->pessimistic_span > PESSIMISTIC_SPAN_MIN)
		engine->pessimistic_span--;
	if (engine->pessimistic_left > 0)
		engine->pessimistic_left--;
}

/*
 * Commits the whole batch, in one transaction if it can. A run that fails on data is halved, down to a single command, which is
 * parked as a bug and holds its key. All transactions but the last are waited for here; the last stays in flight.
 */
static int process_batch(struct engine *engine, struct batch *batch, struct err *err)
{
	size_t done = 0;
	size_t run = engine->run_max < batch->items_count ? engine->run_max : batch->items_count;
	size_t fits = engine->run_max;
	int conflicts = 0;

	batch->arena_items = arena_mark(&batch->arena);
	while (done < batch->items_count) {
		size_t count = run < batch->items_count - done ? run : batch->items_count - done;
		bool is_pessimistic = conflicts > 0 || engine->pessimistic_left > 0;
		enum attempt_result result;
		bool has_failed = timers_go_first(engine, batch, &done, &count, err) < 0;

		if (!has_failed)
			count = approvals_cut(batch, done, count);
		if (has_failed || attempt(engine, batch, done, count, is_pessimistic, &result, err) < 0) {
			if (err->kind != ERR_POISON)
				return -1;
			engine->database.abandon(engine->database.self);
			if (shrink(engine, batch, done, count, &run, err) < 0)
				return -1;
			continue;
		}
		if (result == ATTEMPT_FENCED) {
			run = batch->items_count - done;
			if (run == 0)
				break;
			continue;
		}
		if (result == ATTEMPT_CONFLICT) {
			note_conflict(engine);
			/*
			 * Repeated conflicts are not a race: a rule creates a state without looking it up, which is a bug of
			 * ours.
			 */
			if (++conflicts <= CONFLICT_TRIES_MAX)
				continue;
			conflicts = 0;
			err_set(err, ERR_POISON, "a unique key is taken again and again");
			if (shrink(engine, batch, done, count, &run, err) < 0)
				return -1;
			continue;
		}
		note_success(engine, is_pessimistic);
		conflicts = 0;
		done += count;
		if (done == batch->items_count) {
			if (engine->run_max == fits) /* larger ones may fit */
				engine->run_max =
					2 * fits < engine->conf.batch_items_max ? 2 * fits : engine->conf.batch_items_max;
			engine->flying = batch;
			return 0;
		}
		if (engine->database.commit_finish(engine->database.self, err) < 0 || settle(engine, batch, err) < 0)
			return -1;
		run = 2 * run < engine->run_max ? 2 * run : engine->run_max;
	}
	return 0;
}

int process_collected(struct engine *engine, struct err *err)
{
	struct batch *batch = engine->collecting;

	if (batch->items_count == 0) {
		batch_reset(batch);
		return 0;
	}
	MUST(!engine->flying);
	MUST(engine->spare);
	engine->collecting = engine->spare;
	engine->spare = NULL;
	batch_reset(engine->collecting);
	if (process_batch(engine, batch, err) < 0) {
		engine->spare = batch;
		buffers_release_records(engine, batch);
		batch_reset(batch);
		return -1;
	}
	if (engine->flying)
		return 0;
	buffers_release_records(engine, batch); /* all its partitions were fenced */
	batch_reset(batch);
	engine->spare = batch;
	return 0;
}
