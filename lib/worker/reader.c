#include "worker/reader.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "wire/envelope.h"
#include "worker/chain.h"

#define BACKOFF_MIN_MS       100
#define BACKOFF_MAX_MS       5000
#define UNREADABLE_WAIT_MS   15000 /* a partition whose leader is away: each try may cost seconds of the others' time */
#define DISPLACED_WAIT_MS    1000
#define HALTED_LOOK_MS       10000                                  /* has a person let it go on? */
#define ROOM_FOR(value_size) ((value_size)*64 + ((size_t)64 << 10)) /* the worst case of one decoded event */

int event_reader_init(struct event_reader *reader, const struct reader_conf *conf, const char *module,
		      const struct broker *broker, const struct reader_database *database, struct coder *coder, struct err *err)
{
	*reader = (struct event_reader){
		.conf = *conf, .module = module, .broker = *broker, .database = *database, .coder = coder
	};
	reader->backoff_ms = BACKOFF_MIN_MS;
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
	*reader = (struct event_reader){ .backoff_ms = 0 };
}

static void forget(struct event_reader *reader)
{
	reader->events_count = 0;
	reader->is_full = false;
	arena_reset(&reader->arena);
	for (int32_t part = 0; part < BUS_PARTS_MAX; part++) {
		reader->lanes[part].next = reader->lanes[part].head;
		reader->lanes[part].wrong = NULL;
		reader->lanes[part].is_displaced = false;
	}
}

/* ---- who owns what ---- */

static int read_on(struct event_reader *reader, struct err *err)
{
	int32_t parts[BUS_PARTS_MAX];
	int64_t offsets[BUS_PARTS_MAX];
	size_t count = 0;

	for (int32_t part = 0; part < BUS_PARTS_MAX; part++) {
		const struct reader_lane *lane = &reader->lanes[part];

		if (lane->state == READER_LANE_NONE)
			continue;
		parts[count] = part;
		offsets[count++] = lane->state == READER_LANE_RUNNING ? lane->next.next_offset : -1;
	}
	return count == 0 ? 0 : reader->broker.start(reader->broker.self, parts, offsets, count, err);
}

static void lose(struct event_reader *reader, int32_t part, int64_t retry_in_ms)
{
	reader->lanes[part].state = READER_LANE_LOST;
	reader->lanes[part].retry_at_ms = reader->conf.now_ms() + retry_in_ms;
}

/* Nothing of the partition is in the batch. Lost at first: if the reason cannot be written down, it is found again. */
static int halt(struct event_reader *reader, int32_t part, const char *reason, struct err *err)
{
	struct reader_lane *lane = &reader->lanes[part];
	bool was_read = lane->state == READER_LANE_RUNNING;
	bool fenced;

	lose(reader, part, BACKOFF_MAX_MS);
	if (reader->database.halt(reader->database.self, reader->module, &lane->head, reason, &fenced, err) < 0)
		return -1;
	if (!fenced) { /* otherwise another reader has it now */
		log_error("module=%s part=%d offset=%lld seq=%lld reader halted: %s", reader->module, part,
			  (long long)lane->head.next_offset, (long long)lane->head.last_seq, reason);
		lane->state = READER_LANE_HALTED;
		lane->retry_at_ms = reader->conf.now_ms() + HALTED_LOOK_MS;
	}
	return was_read ? read_on(reader, err) : 0;
}

/* The broker does not let us read this one: the others go on. */
static int leave_unread(struct event_reader *reader, int32_t part, struct err *err)
{
	if (err->kind == ERR_FATAL)
		return -1;
	log_warn("module=%s part=%d cannot be read, tried again in %d s: %s", reader->module, part, UNREADABLE_WAIT_MS / 1000,
		 err->text);
	reader->is_silent = true;
	*err = (struct err)ERR_INIT;
	lose(reader, part, UNREADABLE_WAIT_MS);
	return 0;
}

static int take_over(struct event_reader *reader, const struct reader_head *head, struct err *err)
{
	struct reader_lane *lane = &reader->lanes[head->part];
	bool was_halted = lane->state == READER_LANE_HALTED;
	int64_t low;
	int64_t high;

	lane->head = *head;
	lane->next = *head;
	if (head->halted) {
		if (!was_halted)
			log_error("module=%s part=%d is halted; see reader_head.reason", reader->module, head->part);
		lane->state = READER_LANE_HALTED;
		lane->retry_at_ms = reader->conf.now_ms() + HALTED_LOOK_MS;
		return 0;
	}
	if (reader->is_silent || reader->broker.bounds(reader->broker.self, head->part, &low, &high, err) < 0) {
		if (reader->is_silent)
			err_set(err, ERR_RETRY, "the broker does not answer");
		return leave_unread(reader, head->part, err);
	}
	if (head->next_offset < low)
		return halt(reader, head->part, "topic truncated: events that were never read are gone", err);
	if (head->next_offset > high)
		return halt(reader, head->part, "topic recreated or restored: it ends before the last event that was applied",
			    err);
	lane->state = READER_LANE_RUNNING;
	return 0;
}

/* As the engine's: a partition that we cannot read is not taken from somebody who can, nor holds up the others. */
static int list_claimable(struct event_reader *reader, int32_t *parts, size_t *ret_count, struct err *err)
{
	int64_t now_ms = reader->conf.now_ms();
	size_t count = 0;

	for (int32_t part = 0; part < BUS_PARTS_MAX; part++) {
		const struct reader_lane *lane = &reader->lanes[part];
		int64_t low;
		int64_t high;

		if ((lane->state != READER_LANE_LOST && lane->state != READER_LANE_HALTED) || lane->retry_at_ms > now_ms)
			continue;
		if (reader->broker.bounds(reader->broker.self, part, &low, &high, err) < 0) {
			if (leave_unread(reader, part, err) < 0)
				return -1;
			break;
		}
		parts[count++] = part;
	}
	*ret_count = count;
	return 0;
}

static int claim_lost(struct event_reader *reader, struct err *err)
{
	int32_t parts[BUS_PARTS_MAX];
	struct reader_head heads[BUS_PARTS_MAX];
	size_t count;
	bool is_read = false;

	if (list_claimable(reader, parts, &count, err) < 0)
		return -1;
	if (count == 0)
		return 0;
	if (reader->database.claim(reader->database.self, reader->module, parts, count, reader->conf.owner, heads, err) < 0)
		return -1;
	reader->is_silent = false; /* one without a leader says nothing about those that were answered for */
	for (size_t i = 0; i < count; i++) {
		if (take_over(reader, &heads[i], err) < 0)
			return -1;
		is_read = is_read || reader->lanes[parts[i]].state == READER_LANE_RUNNING;
	}
	return is_read ? read_on(reader, err) : 0;
}

static void lose_all(struct event_reader *reader, int64_t retry_in_ms)
{
	for (int32_t part = 0; part < BUS_PARTS_MAX; part++)
		if (reader->lanes[part].state == READER_LANE_RUNNING || reader->lanes[part].state == READER_LANE_LOST) {
			reader->lanes[part].state = READER_LANE_LOST;
			reader->lanes[part].retry_at_ms = reader->conf.now_ms() + retry_in_ms;
		}
}

static int back_off(struct event_reader *reader, struct err *err)
{
	struct err reading = ERR_INIT;

	if (err->kind == ERR_FATAL)
		return -1;
	log_warn("module=%s reader carrying on after back-off backoff_ms=%lld: %s", reader->module, (long long)reader->backoff_ms,
		 err->text);
	forget(reader);
	lose_all(reader, reader->backoff_ms);
	reader->backoff_ms = reader->backoff_ms * 2 > BACKOFF_MAX_MS ? BACKOFF_MAX_MS : reader->backoff_ms * 2;
	*err = (struct err)ERR_INIT;
	if (read_on(reader, &reading) < 0 && reading.kind == ERR_FATAL) {
		*err = reading;
		return -1;
	}
	return 0;
}

static int assigned(struct event_reader *reader, struct err *err)
{
	size_t count;
	const int32_t *parts = reader->broker.parts(reader->broker.self, &count);

	for (size_t i = 0; i < count; i++) {
		if (parts[i] >= BUS_PARTS_MAX)
			return err_set(err, ERR_FATAL, "the topic has more than %d partitions", BUS_PARTS_MAX);
		reader->lanes[parts[i]].state = READER_LANE_LOST;
		reader->lanes[parts[i]].retry_at_ms = 0;
	}
	if (count == 0)
		return reader->broker.start(reader->broker.self, NULL, NULL, 0, err);
	/* The group waits for an answer, also when there is nothing to be read yet. */
	return claim_lost(reader, err) < 0 ? -1 : read_on(reader, err);
}

static int revoked(struct event_reader *reader, struct err *err)
{
	forget(reader);
	for (int32_t part = 0; part < BUS_PARTS_MAX; part++)
		reader->lanes[part].state = READER_LANE_NONE;
	return reader->broker.stop(reader->broker.self, err);
}

/* ---- one record ---- */

static bool chain_holds(const struct reader_lane *lane, const struct envelope *envelope, const struct bus_record *record,
			const struct message_type *type, const void *body, int64_t at_ms)
{
	struct chain_row row = {
		.part = record->part,
		.seq = envelope->sequence,
		.at_ms = at_ms,
		.event_id = envelope->id,
		.subject = *message_uuid(type->aggregate_field, body),
		.command_id = envelope->causation_id,
		.correlation_id = envelope->correlation_id,
		.body = record->value,
	};
	uint8_t hash[SHA256_SIZE];
	struct err why = ERR_INIT;

	if (!uuid_parse(&row.key, record->key) || frame_schema_id(record->value, &row.schema_id, &why) < 0)
		return false;
	chain_hash(hash, lane->next.last_hash, &row);
	return envelope->hash.size == SHA256_SIZE && memcmp(hash, envelope->hash.data, SHA256_SIZE) == 0;
}

/* Judges a record against the head. *ret_reason: what is wrong with it, NULL when nothing is. */
static void judge(struct event_reader *reader, const struct bus_record *record, const char **ret_reason)
{
	struct reader_lane *lane = &reader->lanes[record->part];
	struct header headers[HEADERS_MAX];
	struct envelope envelope;
	struct err why = ERR_INIT;
	const struct message_type *type;
	const void *body;
	size_t count;

	if (reader->broker.headers(reader->broker.self, record, headers, &count, &why) < 0 ||
	    envelope_read(headers, count, &envelope, &why) < 0) {
		*ret_reason = "a record on the events topic that is no event of ours: bad headers";
		return;
	}
	if (envelope.sequence <= lane->next.last_seq) {
		lane->next.next_offset = record->offset + 1;
		reader->repeated++;
		return;
	}
	if (envelope.sequence > lane->next.last_seq + 1) {
		*ret_reason = "events are missing: a gap in seq";
		return;
	}
	if (coder_decode(reader->coder, record->value, &reader->arena, &type, &body, &why) < 0) {
		*ret_reason = "an event that cannot be decoded: is this program older than the schemas?";
		return;
	}
	if (!chain_holds(lane, &envelope, record, type, body, envelope.at_ms)) {
		*ret_reason = "the hash chain is broken: an event was changed or exchanged";
		return;
	}
	reader->events[reader->events_count++] = (struct read_event){
		.type = type,
		.body = body,
		.event_id = envelope.id,
		.command_id = envelope.causation_id,
		.part = record->part,
		.seq = envelope.sequence,
		.at_ms = envelope.at_ms,
		.module = reader->module,
	};
	lane->next.next_offset = record->offset + 1;
	lane->next.last_seq = envelope.sequence;
	memcpy(lane->next.last_hash, envelope.hash.data, SHA256_SIZE);
}

/*
 * A record behind the one that was expected: offsets have no holes in a topic that only we write, so the broker is asked. What
 * the consumer went over is read again; what is gone or damaged halts the partition.
 */
static int look_into_gap(struct event_reader *reader, int32_t part, int64_t got, const char **ret_reason, struct err *err)
{
	int64_t expected = reader->lanes[part].next.next_offset;
	struct bus_record record;
	int64_t before;
	bool found;

	if (reader->broker.read_at(reader->broker.self, part, expected, &found, &record, err) < 0) {
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
	struct reader_lane *lane = &reader->lanes[record->part];
	const char *reason = NULL;
	int rc = 0;

	if (lane->state != READER_LANE_RUNNING || record->offset < lane->next.next_offset) {
		reader->broker.release(reader->broker.self, record);
		return 0;
	}
	if (record->offset > lane->next.next_offset)
		rc = look_into_gap(reader, record->part, record->offset, &reason, err);
	if (rc == 0 && !reason)
		judge(reader, record, &reason);
	/* Room for the next one is made sure of here, so that a full arena never looks like a bad event. What came before a wrong
	 * one is applied, then the partition halts (halt_wrong). */
	if (reader->events_count == reader->run_max || reason ||
	    reader->arena.size - reader->arena.used < reader->arena.size / 2 + ROOM_FOR(record->value.size))
		reader->is_full = true;
	lane->wrong = reason;
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
			rc = assigned(reader, err);
			break;
		case BUS_REVOKED:
			rc = revoked(reader, err);
			break;
		case BUS_DISPLACED: /* whether the topic is another one now, the next claim finds out */
			log_warn("module=%s part=%d says the broker: no such offset", reader->module, record.part);
			if (reader->lanes[record.part].state == READER_LANE_RUNNING)
				reader->lanes[record.part].is_displaced = true;
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
 * The batch failed on data. It is read again event by event, so that only the partition of the one that fails halts: an event
 * that is in the log cannot be left out.
 */
static int single_out(struct event_reader *reader, struct err *err)
{
	if (reader->events_count == 1) {
		struct err failure = *err;

		*err = (struct err)ERR_INIT;
		return halt(reader, reader->events[0].part, failure.text, err);
	}
	log_warn("module=%s %zu events one by one: %s", reader->module, reader->events_count, err->text);
	*err = (struct err)ERR_INIT;
	forget(reader);
	reader->run_max = 1;
	return read_on(reader, err);
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
		struct reader_lane *lane = &reader->lanes[part];

		if (lane->next.next_offset == lane->head.next_offset || lane->state != READER_LANE_RUNNING)
			continue;
		parts[count] = part;
		offsets[count] = lane->next.next_offset;
		before[count] = lane->head;
		after[count++] = lane->next;
	}
	if (count == 0)
		return 0;
	if (reader->database.apply(reader->database.self, reader->module, before, after, count, reader->events,
				   reader->events_count, &fenced, err) < 0)
		return err->kind == ERR_POISON && reader->events_count > 0 ? single_out(reader, err) : -1;
	if (fenced) {
		log_warn("module=%s another reader has a partition of ours now; claiming again", reader->module);
		forget(reader);
		lose_all(reader, BACKOFF_MAX_MS);
		return read_on(reader, err);
	}
	for (size_t i = 0; i < count; i++)
		reader->lanes[parts[i]].head = after[i];
	reader->applied += (int64_t)reader->events_count;
	reader->batches++;
	reader->run_max = 2 * reader->run_max > reader->conf.batch_items_max ? reader->conf.batch_items_max : 2 * reader->run_max;
	reader->backoff_ms = BACKOFF_MIN_MS;
	reader->broker.report(reader->broker.self, parts, offsets, count);
	return 0;
}

/* The partitions that something is wrong with: what came before it is applied. */
static int halt_wrong(struct event_reader *reader, struct err *err)
{
	for (int32_t part = 0; part < BUS_PARTS_MAX; part++) {
		struct reader_lane *lane = &reader->lanes[part];
		const char *wrong = lane->wrong;

		lane->wrong = NULL;
		if (lane->is_displaced && lane->state == READER_LANE_RUNNING)
			lose(reader, part, DISPLACED_WAIT_MS);
		else if (wrong && lane->state == READER_LANE_RUNNING && halt(reader, part, wrong, err) < 0)
			return -1;
	}
	return 0;
}

static int turn(struct event_reader *reader, int timeout_ms, struct err *err)
{
	reader->is_silent = false;
	if (claim_lost(reader, err) < 0 || collect(reader, timeout_ms, err) < 0 || apply(reader, err) < 0 ||
	    halt_wrong(reader, err) < 0)
		return -1;
	forget(reader);
	return 0;
}

int event_reader_step(struct event_reader *reader, int timeout_ms, struct err *err)
{
	return turn(reader, timeout_ms, err) < 0 ? back_off(reader, err) : 0;
}
