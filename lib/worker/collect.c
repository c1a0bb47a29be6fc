#include "worker/collect.h"

#include "base/log.h"
#include "worker/batch.h"
#include "worker/follow.h"
#include "worker/ownership.h"
#include "worker/process.h"
#include "worker/quarantine.h"

#define VOID_TICK_MS INT64_C(3600000)

/* ---- gaps ---- */

enum gap {
	GAP_EMPTY,     /* no record: the offset of a transaction's end marker */
	GAP_SKIPPED,   /* the broker has records there that the consumer skipped */
	GAP_TRUNCATED, /* the records are gone */
};

/* The next offset to take: of the command topic, or of a followed one. */
static int64_t *expected_of(struct engine *engine, const struct bus_record *record)
{
	struct partition *partition = &engine->partitions[record->part];

	return record->source == 0 ? &partition->expected : &partition->followed[record->source - 1].next_offset;
}

/* Finds the cause of a gap: asks the broker for the record at the expected offset. */
static int look_into_gap(struct engine *engine, const struct bus_record *next, int64_t expected, enum gap *ret_gap,
			 struct err *err)
{
	int32_t part = next->part;
	struct bus_record record;
	int64_t low;
	int64_t high;
	bool found;

	if (engine->broker.bounds(engine->broker.self, next->source, part, &low, &high, err) < 0)
		return -1;
	*ret_gap = GAP_TRUNCATED;
	if (expected < low)
		return 0;
	if (engine->broker.read_at(engine->broker.self, next->source, part, expected, &found, &record, err) < 0)
		return -1;
	if (!found)
		return err_set(err, ERR_RETRY, "what is at offset %lld did not arrive", (long long)expected);
	*ret_gap = record.offset < next->offset ? GAP_SKIPPED : GAP_EMPTY;
	engine->broker.release(engine->broker.self, &record);
	return 0;
}

/*
 * Handles a record above the expected offset. *ret_taken true: the gap is empty, the caller takes the record; otherwise the
 * record is released here.
 */
static int take_gap(struct engine *engine, struct bus_record *record, bool *ret_taken, struct err *err)
{
	int64_t *expected = expected_of(engine, record);
	int32_t part = record->part;
	enum gap gap = GAP_SKIPPED;
	int looked = look_into_gap(engine, record, *expected, &gap, err);

	*ret_taken = looked == 0 && gap == GAP_EMPTY;
	if (*ret_taken) {
		*expected = record->offset;
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
	log_warn("part=%d offset=%lld the consumer went over records; reading again from the head", part, (long long)*expected);
	lanes_lose(&engine->lanes, part, 0);
	return 0;
}

/* The broker has no such offset. The next claim proves whether the topic is still the same. */
static int displaced(struct engine *engine, int32_t part, struct err *err)
{
	if (process_finish(engine, err) < 0)
		return -1;
	lanes_displace(&engine->lanes, part);
	return 0;
}

/* ---- records ---- */

/* Keeps a record that does not fit, for the next batch. */
static void carry(struct engine *engine, const struct bus_record *record)
{
	engine->carried = *record;
	engine->has_carried = true;
	engine->collecting->is_full = true;
}

/*
 * A clock with a wrong token sends a Tick to every partition each second. Of an hour's Ticks the first of each partition is kept
 * as a dead letter, and the first of all partitions is logged; the others are only counted.
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

/*
 * Whether a timer is due, or a command is parked, depends on all commands before the Tick, and these may still be in flight: a
 * module with timers begins a pass at each Tick (ticks.h), and most of these end at once.
 */
static bool needs_pass(const struct engine *engine, const struct partition *partition)
{
	return partition->held.count > 0 || partition->head.tick_cursor > OFFSET_BEFORE_ALL ||
	       module_has_timers(engine->admission.module);
}

/* A record of a followed topic. *ret_is_item false: it repeats one, or has halted its partition. */
static int admit_event(struct engine *engine, struct bus_record *record, struct item *item, bool *ret_is_item, struct err *err)
{
	struct err reason = ERR_INIT;
	enum event_verdict verdict;

	if (follow_admit(engine, record, &engine->collecting->arena, &verdict, item, &reason, err) < 0)
		return -1;
	*ret_is_item = verdict == EVENT_NEXT;
	if (*ret_is_item)
		return 0;
	engine->broker.release(engine->broker.self, record);
	if (verdict == EVENT_REPEATED)
		return 0;
	return process_finish(engine, err) < 0 ? -1 : lanes_halt(&engine->lanes, record->part, reason.text, err);
}

/* Admits a record, the next of its partition, into the batch. */
static int place_record(struct engine *engine, struct bus_record *record, struct err *err)
{
	struct batch *batch = engine->collecting;
	struct partition *partition = &engine->partitions[record->part];
	const struct quarantine *quarantine = &partition->head.quarantine[record->source];
	struct item *item = &batch->items[batch->items_count];
	bool is_item = true;

	if (record->source == 0 ? admit(&engine->admission, &engine->broker, record, &batch->arena, item, err) < 0
				: admit_event(engine, record, item, &is_item, err) < 0) {
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
	if (!is_item)
		return 0;
	if ((item->kind == ITEM_COMMAND || item->kind == ITEM_EVENT) && quarantine_is_deadly(partition, record->source)) {
		log_error("part=%d offset=%lld programs died of this %s", item->part, (long long)record->offset,
			  item->kind == ITEM_EVENT ? "event of another module: the partition halts"
						   : "command: set aside, its key held");
		item->is_broken = true;
	}
	judge_tick(engine, partition, item);
	engine->counts.records++;
	partition->expected += record->source == 0;
	if (item->kind == ITEM_TICK && needs_pass(engine, partition)) {
		partition->has_tried_parked = false;
		partition->tick = *item;
		partition->tick_body = *(const struct tick *)item->command.body; /* a copy: the pass outlives the arena */
		partition->tick.command.body = &partition->tick_body;
		lanes_begin_pass(&engine->lanes, record->part);
		batch->is_full = true; /* the pass begins right after this batch */
		return 0;
	}
	batch->items_count++;
	batch->bytes += item->size;
	batch->tried_count += item->kind != ITEM_TICK;
	/* A batch of a single command in quarantine has no Tick beside it. */
	if (batch->quarantined_part >= 0 && (quarantine->batch_max == 1 || batch->tried_count == (size_t)quarantine->batch_max))
		batch->is_full = true;
	if (batch->items_count == engine->conf.batch_items_max || batch->bytes >= engine->conf.batch_bytes_max ||
	    batch->arena.used > batch->arena.size / 2)
		batch->is_full = true;
	return 0;
}

/* A batch in quarantine has records of one source of one partition, and no other batch has records of that. */
static bool fits_quarantine(const struct batch *batch, const struct partition *partition, const struct bus_record *record)
{
	bool is_on = quarantine_is_on(partition, record->source);

	if (batch->items_count == 0)
		return true;
	if (batch->quarantined_part < 0)
		return !is_on;
	return is_on && batch->quarantined_part == record->part && batch->quarantined_source == record->source;
}

/* Takes the record: places it into the batch, carries it, or releases it. */
static int take_record(struct engine *engine, struct bus_record *record, struct err *err)
{
	struct batch *batch = engine->collecting;
	struct partition *partition = &engine->partitions[record->part];
	int64_t expected = *expected_of(engine, record);

	MUST(!lanes_is_in_pass(&engine->lanes, record->part));
	if (!lanes_is_running(&engine->lanes, record->part) || record->offset < expected) {
		engine->broker.release(engine->broker.self, record);
		return 0;
	}
	if (record->offset > expected) {
		bool is_taken;

		if (take_gap(engine, record, &is_taken, err) < 0)
			return -1;
		if (!is_taken)
			return 0;
	}
	if (!fits_quarantine(batch, partition, record)) {
		carry(engine, record);
		return 0;
	}
	if (batch->items_count == 0 && quarantine_is_on(partition, record->source)) {
		bool is_tried;
		int rc = quarantine_note_attempt(engine, record->part, record->source, &is_tried, err);

		if (rc < 0 || !is_tried) {
			engine->broker.release(engine->broker.self, record);
			return rc;
		}
		batch->quarantined_part = record->part;
		batch->quarantined_source = record->source;
	}
	return place_record(engine, record, err);
}

int collect(struct engine *engine, int timeout_ms, struct err *err)
{
	struct batch *batch = engine->collecting;

	/* Nothing else is read while a batch in quarantine is in flight: it might crash the program, too. */
	if (engine->flying && engine->flying->quarantined_part >= 0 && process_finish(engine, err) < 0)
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
