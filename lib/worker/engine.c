#include "worker/engine.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "worker/batch.h"
#include "worker/publisher.h"

#define HALTED_LOOK_MS     2000 /* a person may have let it go on */
#define CONFLICT_TRIES_MAX 5
#define CAREFUL_SPAN_MIN   4
#define CAREFUL_SPAN_MAX   256
#define VOID_TICK_MS       INT64_C(3600000)
#define TICK_ROWS_MAX      1000
#define TRIES_MAX          3 /* claims that come to nothing, then quarantine */
#define QUARANTINE_CUT     16 /* a batch is cut by this after a death: each costs a restart and a rebalance, a batch milliseconds */
#define FORGET_MAX         100 /* dead letters, in one step */
#define FORGET_GAP_MS      60000
#define CRASHES_PARK       2 /* of one command alone: once may be chance. It is set aside as our bug, undecided */
#define CRASHES_HALT       3 /* even so: its partition halts */

/* ---- life ---- */

static struct batch *batch_new(const struct engine_conf *conf, struct err *err)
{
	struct batch *batch = calloc(1, sizeof(*batch));

	if (!batch) {
		err_set(err, ERR_FATAL, "no memory for a batch");
		return NULL;
	}
	if (batch_init(batch, conf, err) < 0) {
		batch_release(batch);
		free(batch);
		return NULL;
	}
	return batch;
}

static void buffers_release_records(struct engine *engine, struct batch *batch)
{
	for (size_t i = 0; i < batch->items_count; i++)
		if (!batch->items[i].was_parked)
			engine->broker.release(engine->broker.self, &batch->items[i].record);
	batch->items_count = 0;
}

static int process_finish(struct engine *engine, struct err *err);

static void batch_destroy(struct engine *engine, struct batch *batch)
{
	if (!batch)
		return;
	buffers_release_records(engine, batch);
	batch_release(batch);
	free(batch);
}

static void buffers_drop_tick(struct engine *engine, struct partition *partition)
{
	if (partition->has_tick)
		engine->broker.release(engine->broker.self, &partition->tick.record);
	partition->has_tick = false;
}

static void buffers_drop_carried(struct engine *engine)
{
	if (engine->has_carried)
		engine->broker.release(engine->broker.self, &engine->carried);
	engine->has_carried = false;
}

/* Takes a partition's items out of the batch: it is not ours to write now. */
static void buffers_drop_part(struct engine *engine, struct batch *batch, int32_t part, size_t from)
{
	size_t kept = from;

	for (size_t i = from; i < batch->items_count; i++) {
		struct item *item = &batch->items[i];

		if (item->part == part) {
			if (!item->was_parked)
				engine->broker.release(engine->broker.self, &item->record);
			continue;
		}
		if (kept != i)
			batch->items[kept] = *item;
		kept++;
	}
	batch->items_count = kept;
}

void engine_release(struct engine *engine)
{
	buffers_drop_carried(engine);
	batch_destroy(engine, engine->collecting);
	batch_destroy(engine, engine->flying);
	batch_destroy(engine, engine->spare);
	for (int32_t part = 0; part < BUS_PARTS_MAX; part++) {
		buffers_drop_tick(engine, &engine->partitions[part]);
		keyset_release(&engine->partitions[part].held);
		keyset_release(&engine->partitions[part].held_next);
	}
	*engine = (struct engine){ .has_carried = false };
}

/* ---- who owns what ---- */

/* Forgets everything that is not committed: both batches, ticks. What is committed comes back with the next claim. */
static void buffers_forget(struct engine *engine)
{
	engine->database.abandon(engine->database.self);
	buffers_release_records(engine, engine->collecting);
	batch_reset(engine->collecting);
	if (engine->flying) {
		buffers_release_records(engine, engine->flying);
		batch_reset(engine->flying);
		engine->spare = engine->flying;
		engine->flying = NULL;
	}
	for (int32_t part = 0; part < BUS_PARTS_MAX; part++)
		buffers_drop_tick(engine, &engine->partitions[part]);
	buffers_drop_carried(engine);
}

/* ---- ownership (lane.h) ---- */

static int64_t next_offset(void *self, int32_t part)
{
	const struct engine *engine = self;

	return engine->partitions[part].expected;
}

static void drop(void *self, int32_t part)
{
	struct engine *engine = self;

	buffers_drop_tick(engine, &engine->partitions[part]);
	buffers_drop_part(engine, engine->collecting, part, 0);
	if (engine->has_carried && engine->carried.part == part)
		buffers_drop_carried(engine);
}

static int halt(void *self, int32_t part, const char *reason, bool *ret_fenced, struct err *err)
{
	struct engine *engine = self;
	const struct partition *partition = &engine->partitions[part];

	if (engine->database.halt(engine->database.self, &partition->head, reason, ret_fenced, err) < 0)
		return -1;
	if (!*ret_fenced)
		log_error("part=%d offset=%lld halted: %s", part, (long long)partition->expected, reason);
	return 0;
}

/* The resume proof: the topic is still the one that was read. *ret_reason is set when it is not. */
static int prove(struct engine *engine, const struct head *head, const char **ret_reason, struct err *err)
{
	struct bus_record record;
	uint8_t digest[DIGEST_SIZE];
	int64_t low;
	int64_t high;
	bool found;

	if (engine->lanes.is_unresponsive)
		return err_set(err, ERR_RETRY, "the broker does not answer");
	if (engine->broker.bounds(engine->broker.self, head->part, &low, &high, err) < 0)
		return -1;
	if (head->next_offset < low)
		*ret_reason = "topic truncated: records that were never read are gone";
	else if (head->next_offset > high)
		*ret_reason = "topic recreated or restored: it ends before the last command that was applied";
	if (*ret_reason || !head->has_digest || head->next_offset == low)
		return 0;
	if (engine->broker.read_at(engine->broker.self, head->part, head->next_offset - 1, &found, &record, err) < 0)
		return -1;
	if (!found)
		return err_set(err, ERR_RETRY, "part %d: the last applied record did not arrive", head->part);
	digest_of(digest, record.value);
	engine->broker.release(engine->broker.self, &record);
	if (memcmp(digest, head->last_digest, DIGEST_SIZE) != 0)
		*ret_reason = "topic recreated or restored: the last applied offset holds another record";
	return 0;
}

/* A pass over the parked may have been interrupted: what those before the cursor hold, which are done, is held in the rest of it.
 */
static int read_held(struct engine *engine, struct partition *partition, struct err *err)
{
	struct database *database = &engine->database;
	int32_t part = partition->head.part;

	if (database->read_held(database->self, part, INT64_MAX, &partition->held, err) < 0)
		return -1;
	if (partition->head.tick_cursor == OFFSET_BEFORE_ALL)
		return 0;
	return database->read_held(database->self, part, partition->head.tick_cursor, &partition->held_next, err);
}

/* ---- quarantine ---- */

static bool quarantine_is_on(const struct partition *partition)
{
	return partition->head.quarantine_left > 0;
}

static void quarantine(struct partition *partition, int64_t commands)
{
	struct head *head = &partition->head;

	head->quarantine_left = commands;
	head->quarantine = commands > QUARANTINE_CUT ? (int32_t)(commands / QUARANTINE_CUT) : 1;
	head->crashes = 0;
	log_warn("part=%d offset=%lld tries=%d quarantine: its owners die. The next %lld commands are tried in batches of %d",
		 head->part, (long long)head->next_offset, head->tries, (long long)commands, head->quarantine);
}

/* Whoever owned this died, again and again, or with a batch of it in hand: which command it is, smaller batches tell. */
static void quarantine_consider(const struct engine *engine, struct partition *partition)
{
	const struct head *head = &partition->head;

	if (quarantine_is_on(partition) && head->crashes > 0 && head->quarantine > 1)
		quarantine(partition, head->quarantine);
	else if (!quarantine_is_on(partition) && head->tries > TRIES_MAX)
		quarantine(partition, (int64_t)engine->conf.batch_items_max);
}

/*
 * Keys stay where they were when the module was begun, whatever number the topic has by now. A partition that came later is
 * nobody's: what stands in it was put there by a count that moves people, away from all that is known about them. Where
 * partitions are missing, nobody can reach his any more. False: it must not be read; *why says it.
 */
static bool is_of_keys(const struct engine *engine, int32_t part, struct err *why)
{
	if (engine->topic_parts < engine->key_parts)
		err_set(why, ERR_POISON, "the topic has %d partitions, it was begun with %d: make it anew with %d",
			engine->topic_parts, engine->key_parts, engine->key_parts);
	else if (part >= engine->key_parts)
		err_set(why, ERR_POISON,
			"the topic was given more partitions: it has %d, keys stay in the first %d, nobody reads this one; make "
			"it "
			"anew with %d",
			engine->topic_parts, engine->key_parts, engine->key_parts);
	return why->kind == ERR_NONE;
}

/* Before anything is read: where does each key belong? */
static int learn_parts(struct engine *engine, struct err *err)
{
	if (engine->broker.topic_parts(engine->broker.self, &engine->topic_parts, err) < 0 ||
	    engine->database.fix_parts(engine->database.self, engine->topic_parts, &engine->key_parts, err) < 0)
		return -1;
	engine->broker.spread(engine->broker.self, engine->key_parts);
	return 0;
}

static int take_over(void *self, int32_t part, struct err *err)
{
	struct engine *engine = self;
	struct err misfit = ERR_INIT;
	struct partition *partition = &engine->partitions[part];
	const struct head *head = &partition->head;
	const char *reason = NULL;

	partition->expected = head->next_offset;
	partition->needs_resume = head->part < engine->key_parts; /* of one that came later nothing was ever told */
	partition->sent_seq = head->log_seq;
	partition->resume_at_ms = 0;
	partition->resume_wait_ms = 0;
	partition->catching_up = false;
	partition->resends_dead = false;
	partition->forget_at_ms = 0;
	keyset_clear(&partition->held);
	keyset_clear(&partition->held_next);
	if (head->halted) {
		lanes_show_halted(&engine->lanes, part);
		return 0;
	}
	if (!is_of_keys(engine, head->part, &misfit))
		return lanes_halt(&engine->lanes, part, misfit.text, err);
	if (prove(engine, head, &reason, err) < 0)
		return lanes_leave_unread(&engine->lanes, part, err);
	if (reason)
		return lanes_halt(&engine->lanes, part, reason, err);
	if (read_held(engine, partition, err) < 0) {
		struct err why = *err;

		if (why.kind != ERR_POISON)
			return -1;
		*err = (struct err)ERR_INIT;
		return lanes_halt(&engine->lanes, part, why.text, err);
	}
	quarantine_consider(engine, partition);
	lanes_run(&engine->lanes, part);
	log_info("part=%d epoch=%lld offset=%lld seq=%lld claimed", head->part, (long long)head->epoch,
		 (long long)head->next_offset, (long long)head->log_seq);
	return 0;
}

static int claim(void *self, const int32_t *parts, size_t count, struct err *err)
{
	struct engine *engine = self;
	struct head heads[BUS_PARTS_MAX];

	if (process_finish(engine, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		heads[i] = engine->partitions[parts[i]].head;
		heads[i].part = parts[i];
	}
	if (engine->database.claim(engine->database.self, heads, count, engine->conf.owner, err) < 0 ||
	    learn_parts(engine, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		engine->partitions[parts[i]].head = heads[i];
	return 0;
}

/* If it cannot be said, the next owner takes us for dead: that is one try more. */
static void ownership_release(struct engine *engine)
{
	struct head heads[BUS_PARTS_MAX];
	struct err err = ERR_INIT;
	size_t count = 0;

	for (int32_t part = 0; part < BUS_PARTS_MAX; part++)
		if (engine->lanes.of[part].state != LANE_NONE && engine->partitions[part].head.epoch > 0)
			heads[count++] = engine->partitions[part].head;
	if (count > 0 && engine->database.let_go(engine->database.self, heads, count, &err) < 0)
		log_debug("partitions are left without a word: %s", err.text);
}

void engine_release_partitions(struct engine *engine)
{
	buffers_forget(engine);
	ownership_release(engine);
}

/* The group is answered in any case, also when what flies is lost: the next owner waits for it. */
static int ownership_revoke(struct engine *engine, struct err *err)
{
	int finished = process_finish(engine, err);
	struct err stopping = ERR_INIT;
	int stopped;

	buffers_forget(engine);
	ownership_release(engine);
	stopped = lanes_revoke(&engine->lanes, finished < 0 ? &stopping : err);
	return finished < 0 ? -1 : stopped;
}

/* ---- collect ---- */

enum gap {
	GAP_EMPTY,     /* nothing stands there: the end of somebody's transaction takes an offset, too */
	GAP_SKIPPED,   /* the broker has records there, and the consumer did not give them to us */
	GAP_TRUNCATED, /* they are gone */
};

/* What is at the offset that was expected, as the broker tells a reader of its own. */
static int look_into_gap(struct engine *engine, int32_t part, int64_t expected, int64_t got, enum gap *ret_gap, struct err *err)
{
	struct bus_record record;
	int64_t low;
	int64_t high;
	bool found;

	if (engine->broker.bounds(engine->broker.self, part, &low, &high, err) < 0)
		return -1;
	*ret_gap = GAP_TRUNCATED;
	if (expected < low)
		return 0;
	if (engine->broker.read_at(engine->broker.self, part, expected, &found, &record, err) < 0)
		return -1;
	if (!found)
		return err_set(err, ERR_RETRY, "what is at offset %lld did not arrive", (long long)expected);
	*ret_gap = record.offset < got ? GAP_SKIPPED : GAP_EMPTY;
	engine->broker.release(engine->broker.self, &record);
	return 0;
}

/* A record behind the one that was expected. *ret_taken: there is none before it. Otherwise it is dropped here. */
static int take_gap(struct engine *engine, struct bus_record *record, bool *ret_taken, struct err *err)
{
	struct partition *partition = &engine->partitions[record->part];
	int32_t part = record->part;
	enum gap gap = GAP_SKIPPED;
	int looked = look_into_gap(engine, part, partition->expected, record->offset, &gap, err);

	*ret_taken = looked == 0 && gap == GAP_EMPTY;
	if (*ret_taken) {
		partition->expected = record->offset;
		return 0;
	}
	engine->broker.release(engine->broker.self, record);
	if (looked < 0 && err->kind != ERR_POISON)
		return lanes_leave_unread(&engine->lanes, part, err);
	if (looked < 0 || gap == GAP_TRUNCATED) {
		struct err why = *err;

		*err = (struct err)ERR_INIT;
		if (looked == 0)
			err_set(&why, ERR_POISON, "topic truncated: records that were never read are gone");
		return process_finish(engine, err) < 0 ? -1 : lanes_halt(&engine->lanes, part, why.text, err);
	}
	log_warn("part=%d offset=%lld the consumer went over records; reading again from the head", part,
		 (long long)partition->expected);
	lanes_lose(&engine->lanes, part, 0);
	return 0;
}

/* The broker says that there is no such offset. Whether the topic is another one now, the next claim finds out by proof. */
static int displaced(struct engine *engine, int32_t part, struct err *err)
{
	if (process_finish(engine, err) < 0)
		return -1;
	lanes_displace(&engine->lanes, part);
	return 0;
}

/* ---- a batch in quarantine ---- */

/* Before the partition's next commands are looked at: if we die of them, the next owner knows. *ret_tried false: not ours any
 * more, or nobody's to try. Nothing flies then. */
static int quarantine_note_attempt(struct engine *engine, int32_t part, bool *ret_tried, struct err *err)
{
	struct partition *partition = &engine->partitions[part];
	struct err why = ERR_INIT;
	bool fenced;

	*ret_tried = false;
	if (process_finish(engine, err) < 0)
		return -1;
	if (!lanes_is_running(&engine->lanes, part))
		return 0;
	if (partition->head.quarantine == 1 && partition->head.crashes >= CRASHES_HALT) {
		err_set(&why, ERR_POISON, "offset %lld ends every program that reads it", (long long)partition->head.next_offset);
		return lanes_halt(&engine->lanes, part, why.text, err);
	}
	if (engine->database.note_attempt(engine->database.self, &partition->head, &fenced, err) < 0)
		return -1;
	*ret_tried = !fenced;
	return fenced ? lanes_fence(&engine->lanes, part, err) : 0;
}

/* Programs have died of it, and of nothing else, too often for chance. */
static bool quarantine_is_deadly(const struct partition *partition)
{
	return partition->head.quarantine == 1 && partition->head.crashes >= CRASHES_PARK;
}

/* It opens the next batch. */
static void carry(struct engine *engine, const struct bus_record *record)
{
	engine->carried = *record;
	engine->has_carried = true;
	engine->collecting->is_full = true;
}

/*
 * A clock that is wrong, or somebody else's, sends one to every partition each second: the first of an hour is a dead letter, and
 * of all partitions together one is told. The others are counted.
 */
static void judge_tick(struct engine *engine, struct partition *partition, struct item *item)
{
	if (item->kind != ITEM_DEAD || item->command.type != &tick_type)
		return;
	if (partition->void_tick_ms != 0 && item->record.at_ms - partition->void_tick_ms < VOID_TICK_MS) {
		item->kind = ITEM_VOID;
		return;
	}
	partition->void_tick_ms = item->record.at_ms;
	if (engine->void_tick_ms != 0 && item->record.at_ms - engine->void_tick_ms < VOID_TICK_MS)
		return;
	engine->void_tick_ms = item->record.at_ms;
	log_error("part=%d offset=%lld a Tick is a dead letter, code=%s: %.*s next=\"others of this hour are counted only\"",
		  item->part, (long long)item->offset, item->dead_code, (int)item->dead_reason.size, item->dead_reason.data);
}

/* It is the next of its partition. */
static int place_record(struct engine *engine, struct bus_record *record, struct err *err)
{
	struct batch *batch = engine->collecting;
	struct partition *partition = &engine->partitions[record->part];
	struct item *item = &batch->items[batch->items_count];

	if (admit(&engine->admission, &engine->broker, record, &batch->arena, item, err) < 0) {
		if (err->kind != ERR_POISON) {
			engine->broker.release(engine->broker.self, record);
			return -1;
		}
		carry(engine, record); /* the arena is full */
		if (batch->items_count == 0)
			return err_set(err, ERR_FATAL, "one record does not fit into an empty batch");
		*err = (struct err)ERR_INIT;
		return 0;
	}
	if (item->kind == ITEM_COMMAND && quarantine_is_deadly(partition)) {
		log_error("part=%d offset=%lld programs died of this command: set aside, its key held", item->part,
			  (long long)item->offset);
		item->is_broken = true;
	}
	judge_tick(engine, partition, item);
	engine->counts.records++;
	partition->expected++;
	if (item->kind == ITEM_TICK && (partition->held.count > 0 || partition->head.tick_cursor > OFFSET_BEFORE_ALL)) {
		partition->tick = *item;
		partition->tick_body = *(const struct tick *)item->command.body; /* the batch's arena ends before the pass does */
		partition->tick.command.body = &partition->tick_body;
		partition->has_tick = true;
		batch->is_full = true; /* the pass over the parked comes right after this batch */
		return 0;
	}
	batch->items_count++;
	batch->bytes += item->size;
	batch->tried_count += item->kind != ITEM_TICK;
	/* One alone is alone with Ticks, too: they are looked at as it is. */
	if (quarantine_is_on(partition) &&
	    (partition->head.quarantine == 1 || batch->tried_count == (size_t)partition->head.quarantine))
		batch->is_full = true;
	if (batch->items_count == engine->conf.batch_items_max || batch->bytes >= engine->conf.batch_bytes_max ||
	    batch->arena.used > batch->arena.size / 2)
		batch->is_full = true;
	return 0;
}

/* Places a record into the batch, or drops it. It is not the caller's any more. */
static int take_record(struct engine *engine, struct bus_record *record, struct err *err)
{
	struct batch *batch = engine->collecting;
	struct partition *partition = &engine->partitions[record->part];

	MUST(!partition->has_tick);
	if (!lanes_is_running(&engine->lanes, record->part) || record->offset < partition->expected) {
		engine->broker.release(engine->broker.self, record);
		return 0;
	}
	if (record->offset > partition->expected) {
		bool is_taken;

		if (take_gap(engine, record, &is_taken, err) < 0)
			return -1;
		if (!is_taken)
			return 0;
	}
	if (batch->items_count > 0 && batch->apart != (quarantine_is_on(partition) ? record->part : -1)) {
		carry(engine, record);
		return 0;
	}
	if (batch->items_count == 0 && quarantine_is_on(partition)) {
		bool is_tried;
		int rc = quarantine_note_attempt(engine, record->part, &is_tried, err);

		if (rc < 0 || !is_tried) {
			engine->broker.release(engine->broker.self, record);
			return rc;
		}
		batch->apart = record->part;
	}
	return place_record(engine, record, err);
}

static int collect(struct engine *engine, int timeout_ms, struct err *err)
{
	struct batch *batch = engine->collecting;

	/* While a batch in quarantine is under way nothing else is: of that the program might die. */
	if (engine->flying && engine->flying->apart >= 0 && process_finish(engine, err) < 0)
		return -1;
	if (engine->has_carried) {
		struct bus_record carried = engine->carried;

		engine->has_carried = false;
		if (take_record(engine, &carried, err) < 0)
			return -1;
	}
	while (!batch->is_full) {
		struct bus_record record;
		enum bus_poll kind;
		int rc = 0;

		if (engine->broker.poll(engine->broker.self, timeout_ms, &kind, &record, err) < 0)
			return -1;
		switch (kind) {
		case BUS_NOTHING:
			return 0;
		case BUS_RECORD:
			rc = take_record(engine, &record, err);
			break;
		case BUS_ASSIGNED:
			rc = lanes_assign(&engine->lanes, err);
			break;
		case BUS_REVOKED:
			rc = ownership_revoke(engine, err);
			break;
		case BUS_DISPLACED:
			rc = displaced(engine, record.part, err);
			break;
		}
		if (rc < 0)
			return -1;
		timeout_ms = 0;
	}
	return 0;
}

/* ---- process ---- */

static void count_verdicts(struct engine *engine, const struct batch *batch)
{
	for (size_t i = 0; i < batch->count; i++) {
		switch (batch->verdicts[i].fate) {
		case FATE_NONE:
			MUST_NOT_REACH("a committed item without a fate");
		case FATE_APPLIED:
			engine->counts.applied++;
			break;
		case FATE_REFUSED:
			engine->counts.refused++;
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
		}
	}
	engine->counts.events += (int64_t)batch->changes.log_count;
	engine->counts.batches++;
}

/* The attempt is committed: heads move, what is held too, and its events go out. */
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
	if (batch->tick_part >= 0 && batch->is_tick_end && batch->from + batch->count == batch->items_count) {
		struct partition *partition = &engine->partitions[batch->tick_part];
		struct keyset held = partition->held;

		partition->held = partition->held_next;
		partition->held_next = held;
		keyset_clear(&partition->held_next);
	}
	count_verdicts(engine, batch);
	engine->broker.report(engine->broker.self, parts, offsets, batch->heads_count);
	lanes_succeed(&engine->lanes);
	if (publisher_take(engine, &batch->changes, err) < 0)
		return -1;
	/* Waiting stops before this (parked_max): what fills it are commands that break our code. */
	return overfull >= 0 ? lanes_halt(&engine->lanes, overfull, "too much is held by parked commands", err) : 0;
}

enum attempt_result {
	ATTEMPT_SENT,     /* its COMMIT is on the way */
	ATTEMPT_FENCED,   /* a partition was taken out; try again with the rest */
	ATTEMPT_CONFLICT, /* a unique key was taken meanwhile; try again, carefully */
};

static int attempt(struct engine *engine, struct batch *batch, size_t from, size_t count, bool is_careful,
		   enum attempt_result *ret_result, struct err *err)
{
	struct database *database = &engine->database;
	struct answer *answers;
	size_t answers_count;
	enum open_result opened;
	int32_t fenced;
	bool conflict = false;

	if (batch_begin(batch, engine, from, count, is_careful, &answers, &answers_count, err) < 0)
		return -1;
	{
		struct head heads[BUS_PARTS_MAX];

		for (size_t i = 0; i < batch->heads_count; i++)
			heads[i] = engine->partitions[batch->heads[i].part].head;
		if (database->open(database->self, heads, batch->heads_count, answers, answers_count, &opened, &fenced, err) < 0)
			return -1;
	}
	if (opened == OPEN_FENCED) {
		database->abandon(database->self);
		buffers_drop_part(engine, batch, fenced, from);
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

/* This one record can neither be applied nor set aside. A person has to look; only its partition waits for him. */
static int give_up(struct engine *engine, struct batch *batch, size_t at, const char *why, struct err *err)
{
	int32_t part = batch->items[at].part;
	struct err reason = ERR_INIT;

	err_set(&reason, ERR_POISON, "offset %lld can neither be applied nor set aside: %.150s",
		(long long)batch->items[at].offset, why);
	buffers_drop_part(engine, batch, part, at);
	return lanes_halt(&engine->lanes, part, reason.text, err);
}

/* The run failed on data: half of it next; of one record, the finding that it is broken. */
static int shrink(struct engine *engine, struct batch *batch, size_t from, size_t count, size_t *ret_run, struct err *err)
{
	struct err why = *err;

	*err = (struct err)ERR_INIT;
	log_warn("halving a batch of %zu: %s", count, why.text);
	engine->counts.halvings++;
	*ret_run = count > 1 ? count / 2 : 1;
	if (count == 1 && batch->items[from].is_broken)
		return give_up(engine, batch, from, why.text, err);
	if (count == 1)
		batch->items[from].is_broken = true;
	return 0;
}

/*
 * Taking things for new is a bet: a batch that loses it is done twice. After a loss the next batches are careful; if the first
 * ones after them lose again, twice as many. So senders that repeat themselves cost the look-ups, not more.
 */
static void note_conflict(struct engine *engine)
{
	engine->counts.conflicts++;
	engine->careful_left = engine->careful_span;
	if (engine->careful_span < CAREFUL_SPAN_MAX)
		engine->careful_span *= 2;
}

static void note_success(struct engine *engine, bool was_careful)
{
	if (!was_careful && engine->careful_span > CAREFUL_SPAN_MIN)
		engine->careful_span--;
	if (engine->careful_left > 0)
		engine->careful_left--;
}

/*
 * Commits the whole batch, in one transaction if it can. Where it fails on data the run is halved, down to the one record that is
 * our bug: that one is parked, its key held. All but the last transaction are waited for here; the last one flies.
 */
static int process_batch(struct engine *engine, struct batch *batch, struct err *err)
{
	size_t done = 0;
	size_t run = batch->items_count;
	int conflicts = 0;

	batch->arena_items = arena_mark(&batch->arena);
	while (done < batch->items_count) {
		size_t count = run < batch->items_count - done ? run : batch->items_count - done;
		bool is_careful = conflicts > 0 || engine->careful_left > 0;
		enum attempt_result result;

		if (attempt(engine, batch, done, count, is_careful, &result, err) < 0) {
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
			/* Taken again and again: no race, but a rule that does not look. One of them is our bug. */
			if (++conflicts <= CONFLICT_TRIES_MAX)
				continue;
			conflicts = 0;
			err_set(err, ERR_POISON, "a unique key is taken again and again");
			if (shrink(engine, batch, done, count, &run, err) < 0)
				return -1;
			continue;
		}
		note_success(engine, is_careful);
		conflicts = 0;
		done += count;
		if (done == batch->items_count) {
			engine->flying = batch;
			return 0;
		}
		if (engine->database.commit_finish(engine->database.self, err) < 0 || settle(engine, batch, err) < 0)
			return -1;
		run = run * 2 > batch->items_count ? batch->items_count : run * 2;
	}
	return 0;
}

static int process_finish(struct engine *engine, struct err *err)
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

static int process_collected(struct engine *engine, struct err *err)
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
	buffers_release_records(engine, batch); /* everything in it was fenced away */
	batch_reset(batch);
	engine->spare = batch;
	return 0;
}

/* ---- ticks over parked commands ---- */

/* Fills the batch with the next parked commands of the partition, and with the Tick itself when they are the last. */
static int collect_parked(struct engine *engine, struct partition *partition, struct err *err)
{
	struct batch *batch = engine->collecting;
	size_t rows_max = engine->conf.batch_items_max - 1 < TICK_ROWS_MAX ? engine->conf.batch_items_max - 1 : TICK_ROWS_MAX;
	struct parked *rows;
	size_t count;

	MUST(batch->items_count == 0);
	MUST(rows_max > 0);
	if (quarantine_is_on(partition)) {
		bool is_tried;

		rows_max = rows_max < (size_t)partition->head.quarantine ? rows_max : (size_t)partition->head.quarantine;
		if (quarantine_note_attempt(engine, partition->head.part, &is_tried, err) < 0)
			return -1;
		if (!is_tried)
			return 0;
	}
	batch_reset(batch);
	batch->tick_part = partition->head.part;
	batch->apart = quarantine_is_on(partition) ? partition->head.part : -1;
	if (engine->database.read_parked(engine->database.self, partition->head.part, partition->head.tick_cursor, rows_max,
					 &batch->arena, &rows, &count, &batch->is_tick_end, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		bool is_full = i > 0 && batch->arena.used > batch->arena.size / 2;

		if (!is_full &&
		    admit_parked(&engine->admission, &rows[i], quarantine_is_deadly(partition), partition->tick.command.now_ms,
				 &batch->arena, &batch->items[batch->items_count], err) == 0) {
			batch->items_count++;
			continue;
		}
		if (!is_full && (err->kind != ERR_POISON || i == 0))
			return -1;
		*err = (struct err)ERR_INIT; /* the rest comes in the next batch */
		batch->is_tick_end = false;
		break;
	}
	if (batch->is_tick_end) {
		batch->items[batch->items_count++] = partition->tick; /* the record goes with it */
		partition->has_tick = false;
	}
	return 0;
}

static int ticks_work(struct engine *engine, struct err *err)
{
	for (int32_t part = 0; part < BUS_PARTS_MAX; part++) {
		struct partition *partition = &engine->partitions[part];

		while (partition->has_tick && lanes_is_running(&engine->lanes, part)) {
			if (process_finish(engine, err) < 0 || publisher_work(engine, err) < 0)
				return -1;
			if (engine->collecting->items_count > 0)
				return 0; /* what was collected comes first */
			if (collect_parked(engine, partition, err) < 0 || process_collected(engine, err) < 0)
				return -1;
		}
	}
	return 0;
}

/* ---- old dead letters ---- */

/* In small steps, by the Ticks' time: whoever set the clock decides it, as all else. The last words of a step that was full come
 * at once. */
static int ticks_forget_dead(struct engine *engine, struct err *err)
{
	for (int32_t part = 0; part < BUS_PARTS_MAX && engine->conf.dead_max_ms > 0; part++) {
		struct partition *partition = &engine->partitions[part];
		size_t count;

		if (!lanes_is_running(&engine->lanes, part) || partition->head.tick_at_ms == 0 ||
		    partition->head.tick_at_ms < partition->forget_at_ms)
			continue;
		if (process_finish(engine, err) < 0 ||
		    engine->database.forget_dead(engine->database.self, part,
						 partition->head.tick_at_ms - engine->conf.dead_max_ms, FORGET_MAX, &count,
						 err) < 0)
			return -1;
		partition->forget_at_ms = count < FORGET_MAX ? partition->head.tick_at_ms + FORGET_GAP_MS : 0;
	}
	return 0;
}

/* ---- the turn ---- */

/*
 * A batch costs round trips, a commit, a request to the broker and a wake-up of everybody downstream, however few commands are in
 * it. So the next one is begun only some milliseconds after the one before: under load it has company then. Who comes alone does
 * not wait.
 */
static int keep_pace(struct engine *engine, struct err *err)
{
	int64_t at_ms = engine->begun_at_ms + engine->conf.pace_ms;

	while (engine->collecting->items_count > 0 && !engine->collecting->is_full && engine->conf.now_ms() < at_ms) {
		if (collect(engine, (int)(at_ms - engine->conf.now_ms()), err) < 0)
			return -1;
	}
	if (engine->collecting->items_count > 0)
		engine->begun_at_ms = engine->conf.now_ms();
	return 0;
}

/* There is something to do that no new record announces. */
static bool has_work(const struct engine *engine)
{
	return engine->flying != NULL || publisher_has_work(engine);
}

static int turn(struct engine *engine, int timeout_ms, struct err *err)
{
	engine->lanes.is_unresponsive = false;
	if (lanes_claim(&engine->lanes, err) < 0)
		return -1;
	if (engine->broker.deliveries(engine->broker.self, 0) <= engine->conf.pending_max) {
		if (collect(engine, has_work(engine) ? 0 : timeout_ms, err) < 0)
			return -1;
	} else {
		engine->broker.deliveries(engine->broker.self, timeout_ms);
	}
	if (process_finish(engine, err) < 0 || publisher_work(engine, err) < 0 || keep_pace(engine, err) < 0 ||
	    process_collected(engine, err) < 0)
		return -1;
	return ticks_work(engine, err) < 0 ? -1 : ticks_forget_dead(engine, err);
}

int engine_init(struct engine *engine, const struct engine_conf *conf, const struct admission *admission,
		const struct broker *broker, const struct database *database, struct err *err)
{
	const struct lanes_conf lanes_conf = { .now_ms = conf->now_ms,
					       .halted_look_ms = HALTED_LOOK_MS,
					       .head_table = "partition_head" };
	const struct lane_owner owner = {
		.self = engine,
		.next_offset = next_offset,
		.claim = claim,
		.take_over = take_over,
		.halt = halt,
		.drop = drop,
	};

	*engine = (struct engine){ .conf = *conf, .admission = *admission, .broker = *broker, .database = *database };
	/* A batch is closed at half of its arena, and whatever comes next must fit into an empty one. */
	if (conf->arena_size < 2 * admit_room(admission, admission->value_size_max))
		return err_set(err, ERR_FATAL, "the memory of a batch is too small for the largest command");
	lanes_init(&engine->lanes, &lanes_conf, &owner, broker);
	engine->careful_span = CAREFUL_SPAN_MIN;
	engine->last_progress_ms = conf->now_ms();
	for (int32_t part = 0; part < BUS_PARTS_MAX; part++) {
		/* Nothing waits above parked_max, and then only keys are added, of those that are held already; what a batch
		 * parks until it is settled, and bugs, come on top. */
		keyset_init(&engine->partitions[part].held, 2 * (size_t)conf->parked_max + 4 * conf->batch_items_max);
		keyset_init(&engine->partitions[part].held_next, 2 * (size_t)conf->parked_max + 4 * conf->batch_items_max);
	}
	engine->collecting = batch_new(conf, err);
	engine->spare = engine->collecting ? batch_new(conf, err) : NULL;
	return engine->spare ? 0 : -1;
}

/* Everything is claimed again after a while. */
static int back_off(struct engine *engine, struct err *err)
{
	if (err->kind == ERR_FATAL)
		return -1;
	engine->counts.retries++;
	buffers_forget(engine);
	return lanes_back_off(&engine->lanes, err);
}

int engine_step(struct engine *engine, int timeout_ms, struct err *err)
{
	if (turn(engine, timeout_ms, err) < 0)
		return back_off(engine, err);
	engine->last_progress_ms = engine->conf.now_ms();
	return 0;
}

bool engine_is_idle(const struct engine *engine)
{
	if (engine->flying || engine->has_carried || engine->collecting->items_count > 0)
		return false;
	for (int32_t part = 0; part < BUS_PARTS_MAX; part++)
		if (engine->partitions[part].has_tick || engine->lanes.of[part].state == LANE_LOST)
			return false;
	return publisher_is_idle(engine);
}

int engine_drain(struct engine *engine, int deadline_ms, struct err *err)
{
	int64_t end_ms = engine->conf.now_ms() + deadline_ms;

	/* What was collected and not begun is left: its records are read again by the next owner. */
	buffers_release_records(engine, engine->collecting);
	batch_reset(engine->collecting);
	if (process_finish(engine, err) < 0)
		return -1;
	buffers_drop_carried(engine);
	for (int32_t part = 0; part < BUS_PARTS_MAX; part++)
		buffers_drop_tick(engine, &engine->partitions[part]);
	engine->lanes.is_unresponsive = true;
	while (!publisher_is_done(engine) && engine->conf.now_ms() < end_ms) {
		if (publisher_work(engine, err) < 0)
			return -1;
		engine->broker.deliveries(engine->broker.self, 20);
	}
	ownership_release(engine);
	return 0;
}
