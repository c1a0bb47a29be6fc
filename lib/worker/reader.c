#include "worker/reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "worker/event_record.h"

#define BACKOFF_MAX_MS       5000
#define HALTED_LOOK_MS       10000                                  /* an operator may have resumed it */
#define ROOM_FOR(value_size) ((value_size)*64 + ((size_t)64 << 10)) /* the worst case of one decoded event */

static void forget(struct event_reader *reader)
{
	reader->events_count = 0;
	reader->is_full = false;
	arena_reset(&reader->arena);
	for (int32_t part = 0; part < BUS_PARTS_MAX; part++) {
		reader->partitions[part].next = reader->partitions[part].head;
		reader->partitions[part].wrong = NULL;
		reader->partitions[part].is_displaced = false;
	}
}

/* ---- ownership (lane.h) ---- */

static int64_t next_offset(void *self, int32_t source, int32_t part)
{
	const struct event_reader *reader = self;

	(void)source;
	return reader->partitions[part].next.next_offset;
}

static int halt(void *self, int32_t part, const char *reason, bool *ret_fenced, struct err *err)
{
	struct event_reader *reader = self;
	const struct reader_head *head = &reader->partitions[part].head;

	if (reader->database.halt(reader->database.self, reader->module, head, reason, ret_fenced, err) < 0)
		return -1;
	if (!*ret_fenced)
		log_error("module=%s part=%d offset=%lld seq=%lld reader halted: %s", reader->module, part,
			  (long long)head->next_offset, (long long)head->last_seq, reason);
	return 0;
}

static int claim(void *self, const int32_t *parts, size_t count, struct err *err)
{
	struct event_reader *reader = self;
	struct reader_head heads[BUS_PARTS_MAX];

	if (reader->database.claim(reader->database.self, reader->module, parts, count, reader->conf.owner, heads, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		reader->partitions[parts[i]].head = reader->partitions[parts[i]].next = heads[i];
	return 0;
}

static int take_over(void *self, int32_t part, struct err *err)
{
	struct event_reader *reader = self;
	const struct reader_head *head = &reader->partitions[part].head;
	int64_t low;
	int64_t high;

	if (head->halted) {
		lanes_show_halted(&reader->lanes, part);
		return 0;
	}
	if (reader->lanes.is_unresponsive || reader->broker.bounds(reader->broker.self, 0, part, &low, &high, err) < 0) {
		if (reader->lanes.is_unresponsive)
			err_set(err, ERR_RETRY, "the broker does not answer");
		return lanes_leave_unread(&reader->lanes, part, err);
	}
	if (head->next_offset < low)
		return lanes_halt(&reader->lanes, part, "topic truncated: events that were never read are gone", err);
	if (head->next_offset > high)
		return lanes_halt(&reader->lanes, part,
				  "topic recreated or restored: it ends before the last event that was applied", err);
	lanes_run(&reader->lanes, part);
	return 0;
}

/* ---- one record ---- */

/* Checks a record against the head. *ret_reason: the reason to halt the partition; NULL: none. */
static void judge(struct event_reader *reader, const struct bus_record *record, const char **ret_reason)
{
	struct reader_partition *partition = &reader->partitions[record->part];
	struct event_record event;
	enum event_verdict verdict = event_record_judge(&reader->broker, record, partition->next.last_seq,
							partition->next.last_hash, &reader->arena, &event, ret_reason);

	if (verdict == EVENT_WRONG)
		return;
	partition->next.next_offset = record->offset + 1;
	if (verdict == EVENT_REPEATED) {
		reader->repeated++;
		return;
	}
	reader->events[reader->events_count++] = (struct read_event){
		.type = event.type,
		.body = event.body,
		.event_id = event.id,
		.command_id = event.command_id,
		.part = record->part,
		.seq = event.seq,
		.at_ms = event.at_ms,
		.module = reader->module,
	};
	partition->next.last_seq = event.seq;
	memcpy(partition->next.last_hash, event.hash, SHA256_SIZE);
}

/*
 * Handles a record above the expected offset. An event topic, which only we write, has no gaps, so the broker is asked for the
 * cause. Records that the consumer skipped are read again; deleted or damaged records halt the partition.
 */
static int look_into_gap(struct event_reader *reader, int32_t part, int64_t got, const char **ret_reason, struct err *err)
{
	int64_t expected = reader->partitions[part].next.next_offset;
	struct bus_record record;
	int64_t before;
	bool found;

	if (reader->broker.read_at(reader->broker.self, 0, part, expected, &found, &record, err) < 0) {
		if (err->kind != ERR_POISON)
			return -1;
		*err = (struct err)ERR_INIT;
		*ret_reason = "topic truncated or damaged: an event that was never read cannot be read";
		return 0;
	}
	if (!found)
		return err_set(err, ERR_RETRY, "part %d: what is at offset %lld did not arrive", part, (long long)expected);
	before = record.offset;
	reader->broker.release(reader->broker.self, &record);
	if (before < got)
		return err_set(err, ERR_RETRY, "part %d: the consumer went over records; reading again from the head", part);
	return 0;
}

static int take_record(struct event_reader *reader, struct bus_record *record, struct err *err)
{
	struct reader_partition *partition = &reader->partitions[record->part];
	const char *reason = NULL;
	int rc = 0;

	if (!lanes_is_running(&reader->lanes, record->part) || record->offset < partition->next.next_offset) {
		reader->broker.release(reader->broker.self, record);
		return 0;
	}
	if (record->offset > partition->next.next_offset)
		rc = look_into_gap(reader, record->part, record->offset, &reason, err);
	if (rc == 0 && !reason)
		judge(reader, record, &reason);
	/* Keeps room for the next record, so that a full arena is never taken for a faulty event. The events before a wrong one
	 * are applied, then the partition halts (halt_wrong). */
	if (reader->events_count == reader->run_max || reason ||
	    reader->arena.size - reader->arena.used < reader->arena.size / 2 + ROOM_FOR(record->value.size))
		reader->is_full = true;
	partition->wrong = reason;
	reader->broker.release(reader->broker.self, record);
	return rc;
}

static int collect(struct event_reader *reader, int timeout_ms, struct err *err)
{
	while (!reader->is_full) {
		struct bus_record record;
		enum bus_poll kind;
		int rc = 0;

		if (reader->broker.poll(reader->broker.self, timeout_ms, &kind, &record, err) < 0)
			return -1;
		switch (kind) {
		case BUS_NOTHING:
			return 0;
		case BUS_RECORD:
			rc = take_record(reader, &record, err);
			break;
		case BUS_ASSIGNED:
			rc = lanes_assign(&reader->lanes, err);
			break;
		case BUS_REVOKED:
			forget(reader);
			rc = lanes_revoke(&reader->lanes, err);
			break;
		case BUS_DISPLACED: /* marked lost once the collected events are applied */
			reader->partitions[record.part].is_displaced = true;
			reader->is_full = true;
			break;
		}
		if (rc < 0)
			return -1;
		timeout_ms = 0;
	}
	return 0;
}

/* ---- apply ---- */

/*
 * The batch failed on data. Its events are read again one by one, so that only the partition of the failing event halts: an event
 * of the log cannot be left out.
 */
static int single_out(struct event_reader *reader, struct err *err)
{
	if (reader->events_count == 1) {
		struct err failure = *err;

		*err = (struct err)ERR_INIT;
		return lanes_halt(&reader->lanes, reader->events[0].part, failure.text, err);
	}
	log_warn("module=%s %zu events one by one: %s", reader->module, reader->events_count, err->text);
	*err = (struct err)ERR_INIT;
	forget(reader);
	reader->run_max = 1;
	return lanes_read(&reader->lanes, err);
}

static int apply(struct event_reader *reader, struct err *err)
{
	struct reader_head before[BUS_PARTS_MAX];
	struct reader_head after[BUS_PARTS_MAX];
	int32_t parts[BUS_PARTS_MAX];
	int64_t offsets[BUS_PARTS_MAX];
	size_t count = 0;
	bool fenced = false;

	for (int32_t part = 0; part < BUS_PARTS_MAX; part++) {
		struct reader_partition *partition = &reader->partitions[part];

		if (partition->next.next_offset == partition->head.next_offset || !lanes_is_running(&reader->lanes, part))
			continue;
		parts[count] = part;
		offsets[count] = partition->next.next_offset;
		before[count] = partition->head;
		after[count++] = partition->next;
	}
	if (count == 0)
		return 0;
	if (reader->database.apply(reader->database.self, reader->module, before, after, count, reader->events,
				   reader->events_count, &fenced, err) < 0)
		return err->kind == ERR_POISON && reader->events_count > 0 ? single_out(reader, err) : -1;
	if (fenced) {
		log_warn("module=%s another reader has a partition of ours now; claiming again", reader->module);
		forget(reader);
		lanes_lose_all(&reader->lanes, BACKOFF_MAX_MS);
		return lanes_read(&reader->lanes, err);
	}
	for (size_t i = 0; i < count; i++)
		reader->partitions[parts[i]].head = after[i];
	reader->applied += (int64_t)reader->events_count;
	reader->batches++;
	reader->run_max = 2 * reader->run_max > reader->conf.batch_items_max ? reader->conf.batch_items_max : 2 * reader->run_max;
	lanes_succeed(&reader->lanes);
	reader->broker.report(reader->broker.self, parts, offsets, count);
	return 0;
}

/* Halts the partitions with a wrong record, once the events before it are applied. */
static int halt_wrong(struct event_reader *reader, struct err *err)
{
	for (int32_t part = 0; part < BUS_PARTS_MAX; part++) {
		struct reader_partition *partition = &reader->partitions[part];
		const char *wrong = partition->wrong;

		partition->wrong = NULL;
		if (partition->is_displaced)
			lanes_displace(&reader->lanes, part);
		else if (wrong && lanes_is_running(&reader->lanes, part) && lanes_halt(&reader->lanes, part, wrong, err) < 0)
			return -1;
	}
	return 0;
}

/* ---- the turn ---- */

static int turn(struct event_reader *reader, int timeout_ms, struct err *err)
{
	reader->lanes.is_unresponsive = false;
	if (lanes_claim(&reader->lanes, err) < 0 || collect(reader, timeout_ms, err) < 0 || apply(reader, err) < 0 ||
	    halt_wrong(reader, err) < 0)
		return -1;
	forget(reader);
	return 0;
}

int event_reader_init(struct event_reader *reader, const struct reader_conf *conf, const char *module,
		      const struct broker *broker, const struct reader_database *database, struct err *err)
{
	struct lanes_conf lanes_conf = { .now_ms = conf->now_ms, .halted_look_ms = HALTED_LOOK_MS, .head_table = "reader_head" };
	const struct lane_owner owner = {
		.self = reader,
		.next_offset = next_offset,
		.claim = claim,
		.take_over = take_over,
		.halt = halt,
	};

	*reader = (struct event_reader){ .conf = *conf, .module = module, .broker = *broker, .database = *database };
	snprintf(lanes_conf.log_prefix, sizeof(lanes_conf.log_prefix), "module=%s ", module);
	lanes_init(&reader->lanes, &lanes_conf, &owner, broker);
	reader->run_max = conf->batch_items_max;
	reader->events = calloc(conf->batch_items_max, sizeof(*reader->events));
	if (!reader->events)
		return err_set(err, ERR_FATAL, "no memory for a batch of events");
	return arena_init(&reader->arena, conf->arena_size, err);
}

void event_reader_release(struct event_reader *reader)
{
	free(reader->events);
	arena_release(&reader->arena);
	*reader = (struct event_reader){ .is_full = false };
}

int event_reader_step(struct event_reader *reader, int timeout_ms, struct err *err)
{
	if (turn(reader, timeout_ms, err) == 0)
		return 0;
	if (err->kind == ERR_FATAL)
		return -1;
	forget(reader);
	return lanes_back_off(&reader->lanes, err);
}
