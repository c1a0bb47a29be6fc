#include "worker/reader.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "wire/envelope.h"
#include "worker/chain.h"

#define BACKOFF_MIN_MS       100
#define BACKOFF_MAX_MS       5000
#define HALTED_LOOK_MS       10000                                  /* a person may have let it go on */
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
	for (int32_t part = 0; part < BUS_PARTS_MAX; part++)
		reader->lanes[part].next = reader->lanes[part].head;
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

static int halt(struct event_reader *reader, int32_t part, const char *reason, struct err *err)
{
	struct reader_lane *lane = &reader->lanes[part];

	log_error("module=%s part=%d offset=%lld seq=%lld reader halted: %s", reader->module, part,
		  (long long)lane->next.next_offset, (long long)lane->next.last_seq, reason);
	lane->state = READER_LANE_HALTED;
	lane->retry_at_ms = reader->conf.now_ms() + HALTED_LOOK_MS;
	if (reader->database.halt(reader->database.self, reader->module, &lane->head, reason, err) < 0)
		return -1;
	return read_on(reader, err);
}

static int take_over(struct event_reader *reader, const struct reader_head *head, struct err *err)
{
	struct reader_lane *lane = &reader->lanes[head->part];
	int64_t low;
	int64_t high;

	lane->head = *head;
	lane->next = *head;
	if (head->halted) {
		if (lane->state != READER_LANE_HALTED)
			log_error("module=%s part=%d is halted; see reader_head.reason", reader->module, head->part);
		lane->state = READER_LANE_HALTED;
		lane->retry_at_ms = reader->conf.now_ms() + HALTED_LOOK_MS;
		return 0;
	}
	lane->state = READER_LANE_RUNNING;
	if (reader->broker.bounds(reader->broker.self, head->part, &low, &high, err) < 0)
		return -1;
	if (head->next_offset < low)
		return halt(reader, head->part, "topic truncated: events that were never read are gone", err);
	if (head->next_offset > high)
		return halt(reader, head->part, "topic recreated or restored: it ends before the last event that was applied",
			    err);
	return 0;
}

static int claim_lost(struct event_reader *reader, struct err *err)
{
	int32_t parts[BUS_PARTS_MAX];
	struct reader_head heads[BUS_PARTS_MAX];
	size_t count = 0;
	int64_t now_ms = reader->conf.now_ms();

	bool reads_on = false; /* not for a look at the halted: what was fetched would be forgotten */

	for (int32_t part = 0; part < BUS_PARTS_MAX; part++) {
		const struct reader_lane *lane = &reader->lanes[part];

		if ((lane->state != READER_LANE_LOST && lane->state != READER_LANE_HALTED) || lane->retry_at_ms > now_ms)
			continue;
		reads_on |= lane->state == READER_LANE_LOST;
		parts[count++] = part;
	}
	if (count == 0)
		return 0;
	if (reader->database.claim(reader->database.self, reader->module, parts, count, reader->conf.owner, heads, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (take_over(reader, &heads[i], err) < 0)
			return -1;
	for (size_t i = 0; i < count; i++)
		reads_on |= reader->lanes[parts[i]].state == READER_LANE_RUNNING;
	return reads_on ? read_on(reader, err) : 0;
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
	return claim_lost(reader, err);
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
		.schema_id = type->schema_id,
		.seq = envelope->sequence,
		.at_ms = at_ms,
		.event_id = envelope->id,
		.subject = *message_uuid(type->aggregate_field, body),
		.command_id = envelope->causation_id,
		.correlation_id = envelope->correlation_id,
		.body = record->value,
	};
	uint8_t hash[SHA256_SIZE];

	if (!uuid_parse(&row.key, record->key))
		return false;
	chain_hash(hash, lane->next.last_hash, &row);
	return envelope->hash.size == SHA256_SIZE && memcmp(hash, envelope->hash.data, SHA256_SIZE) == 0;
}

/* Judges a record against the head. *ret_reason: what is wrong with it, NULL when nothing is. */
static int judge(struct event_reader *reader, const struct bus_record *record, const char **ret_reason, struct err *err)
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
		return 0;
	}
	if (envelope.sequence <= lane->next.last_seq) {
		lane->next.next_offset = record->offset + 1;
		reader->repeated++;
		return 0;
	}
	if (envelope.sequence > lane->next.last_seq + 1) {
		*ret_reason = "events are missing: a gap in seq";
		return 0;
	}
	if (coder_decode(reader->coder, record->value, &reader->arena, &type, &body, &why) < 0) {
		*ret_reason = "an event that cannot be decoded: is this program older than the schemas?";
		return 0;
	}
	if (!chain_holds(lane, &envelope, record, type, body, envelope.at_ms)) {
		*ret_reason = "the hash chain is broken: an event was changed or exchanged";
		return 0;
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
	(void)err;
	return 0;
}

static int take_record(struct event_reader *reader, struct bus_record *record, struct err *err)
{
	struct reader_lane *lane = &reader->lanes[record->part];
	const char *reason = NULL;
	int32_t part = record->part;
	int rc;

	if (lane->state != READER_LANE_RUNNING || record->offset < lane->next.next_offset) {
		reader->broker.release(reader->broker.self, record);
		return 0;
	}
	rc = judge(reader, record, &reason, err);
	/* Room for the next one is made sure of here, so that a full arena never looks like a bad event. */
	if (reader->events_count == reader->run_max ||
	    reader->arena.size - reader->arena.used < reader->arena.size / 2 + ROOM_FOR(record->value.size))
		reader->is_full = true;
	reader->broker.release(reader->broker.self, record);
	if (rc < 0)
		return -1;
	return reason ? halt(reader, part, reason, err) : 0;
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
		case BUS_DISPLACED:
			if (reader->lanes[record.part].state == READER_LANE_RUNNING)
				rc = halt(reader, record.part, "topic truncated or recreated: the offset to be read next is gone",
					  err);
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

		if (lane->next.next_offset == lane->head.next_offset ||
		    (lane->state != READER_LANE_RUNNING && lane->state != READER_LANE_HALTED))
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

static int turn(struct event_reader *reader, int timeout_ms, struct err *err)
{
	if (claim_lost(reader, err) < 0 || collect(reader, timeout_ms, err) < 0 || apply(reader, err) < 0)
		return -1;
	forget(reader);
	return 0;
}

int event_reader_step(struct event_reader *reader, int timeout_ms, struct err *err)
{
	return turn(reader, timeout_ms, err) < 0 ? back_off(reader, err) : 0;
}
