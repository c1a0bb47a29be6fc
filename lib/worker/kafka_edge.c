#include "worker/kafka_edge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/day.h"
#include "base/log.h"
#include "model/topic.h"
#include "wire/envelope.h"
#include "worker/kafka_sends.h"

#define NAME_MAX_SIZE      96
#define HEADERS_ARENA_SIZE ((size_t)4 << 20)
#define READ_TIMEOUT_MS    5000
#define TRACKED_MAX        4096

/* A dead letter in delivery; once acknowledged, it is marked in the database. */
struct tracked {
	struct kafka_edge *edge;
	int32_t part;
	int64_t offset;
	bool in_use;
	bool acked;
	bool is_forgotten; /* its partition was claimed since: the table has the unpublished ones */
};

struct lane_publication {
	bool has_failed;
};

struct kafka_edge {
	struct bus_conf conf;
	const char *module;
	int32_t spread;            /* partitions of the module's keys */
	char topic[NAME_MAX_SIZE]; /* the topic to read: commands for an engine, events for a reader */
	char events[NAME_MAX_SIZE], group[NAME_MAX_SIZE];
	struct bus_consumer *consumer;
	struct bus_reader *topic_readers[1 + FOLLOWS_MAX]; /* by source; opened when they are needed */
	char follows[FOLLOWS_MAX][TOPIC_NAME_MAX];
	struct kafka_sends *sends; /* NULL: the module sends nothing */
	struct bus_reader *event_reader;
	struct bus_producer *producer;      /* of events */
	struct bus_producer *dead_producer; /* separate: a rejected dead letter must not break the events' producer */
	struct lane_publication lanes[BUS_PARTS_MAX];
	struct arena arena; /* headers of one record */
	struct tracked tracked[TRACKED_MAX];
	size_t tracked_next;
	size_t acked_count; /* of them: acknowledged, and not yet told by edge_dead_acked */
};

/* ---- reading ---- */

int kafka_edge_fd(struct kafka_edge *edge, int *ret_fd, struct err *err)
{
	return bus_consumer_fd(edge->consumer, ret_fd, err);
}

static int edge_poll(void *self, int timeout_ms, enum bus_poll *ret_kind, struct bus_record *ret_record, struct err *err)
{
	struct kafka_edge *edge = self;

	return bus_consumer_poll(edge->consumer, timeout_ms, ret_kind, ret_record, err);
}

static const int32_t *edge_parts(void *self, size_t *ret_count)
{
	struct kafka_edge *edge = self;

	return bus_consumer_parts(edge->consumer, ret_count);
}

static int edge_topic_parts(void *self, int32_t source, int32_t *ret_parts, struct err *err)
{
	struct kafka_edge *edge = self;

	return bus_consumer_topic_parts(edge->consumer, source, ret_parts, err);
}

static void edge_spread(void *self, int32_t parts)
{
	struct kafka_edge *edge = self;

	edge->spread = parts;
}

static int32_t edge_part_of(void *self, struct str key)
{
	const struct kafka_edge *edge = self;

	return bus_part_of(key, edge->spread);
}

static void edge_place(void *self, int32_t source, const int32_t *parts, const int64_t *offsets, size_t count)
{
	struct kafka_edge *edge = self;

	bus_consumer_place(edge->consumer, source, parts, offsets, count);
}

static int edge_start(void *self, const int32_t *parts, const int64_t *offsets, size_t count, struct err *err)
{
	struct kafka_edge *edge = self;

	return bus_consumer_start(edge->consumer, parts, offsets, count, err);
}

static int edge_stop(void *self, struct err *err)
{
	struct kafka_edge *edge = self;

	return bus_consumer_stop(edge->consumer, err);
}

static void edge_report(void *self, const int32_t *parts, const int64_t *next_offsets, size_t count)
{
	struct kafka_edge *edge = self;

	bus_consumer_report(edge->consumer, parts, next_offsets, count);
}

static int edge_headers(void *self, const struct bus_record *record, struct header ret_headers[HEADERS_MAX], size_t *ret_count,
			struct err *err)
{
	(void)self;
	return bus_record_headers(record, ret_headers, ret_count, err);
}

static void edge_release(void *self, struct bus_record *record)
{
	(void)self;
	bus_record_release(record);
}

static int open_reader(struct kafka_edge *edge, const char *topic, struct bus_reader **ret_reader, struct err *err)
{
	struct bus_conf conf = edge->conf;

	conf.prefetch_records = 0; /* a consumer's setting may be gigabytes */
	conf.prefetch_kbytes = 0;
	return bus_reader_open(&conf, topic, ret_reader, err);
}

/* Reads one record, without prefetching those behind it. */
static int read_one(struct bus_reader *reader, int32_t part, int64_t offset, bool *ret_found, struct bus_record *ret_record,
		    struct err *err)
{
	int rc = -1;

	if (bus_reader_seek(reader, part, offset, err) == 0)
		rc = bus_reader_next(reader, READ_TIMEOUT_MS, ret_found, ret_record, err);
	bus_reader_stop(reader);
	return rc;
}

static int need_topic_reader(struct kafka_edge *edge, int32_t source, struct err *err)
{
	const char *topic = source == 0 ? edge->topic : edge->follows[source - 1];

	return edge->topic_readers[source] ? 0 : open_reader(edge, topic, &edge->topic_readers[source], err);
}

static int edge_bounds(void *self, int32_t source, int32_t part, int64_t *ret_low, int64_t *ret_high, struct err *err)
{
	struct kafka_edge *edge = self;

	if (need_topic_reader(edge, source, err) < 0)
		return -1;
	return bus_reader_bounds(edge->topic_readers[source], part, ret_low, ret_high, READ_TIMEOUT_MS, err);
}

static int edge_read_at(void *self, int32_t source, int32_t part, int64_t offset, bool *ret_found, struct bus_record *ret_record,
			struct err *err)
{
	struct kafka_edge *edge = self;

	if (need_topic_reader(edge, source, err) < 0)
		return -1;
	return read_one(edge->topic_readers[source], part, offset, ret_found, ret_record, err);
}

/* ---- publishing ---- */

static void on_event(void *done_arg, int32_t part, int64_t offset, const struct err *failure)
{
	struct lane_publication *lane = done_arg;

	(void)part;
	(void)offset;
	if (failure)
		lane->has_failed = true;
}

static void on_dead(void *done_arg, int32_t part, int64_t offset, const struct err *failure)
{
	struct tracked *tracked = done_arg;

	(void)part;
	(void)offset;
	if (failure) {
		tracked->in_use = false; /* unpublished in the table: the next claim sends it again */
		return;
	}
	tracked->acked = true;
	tracked->edge->acked_count++;
}

/* A broken producer has lost its queue: every partition resumes from its last record. */
static void note_broken(struct kafka_edge *edge)
{
	if (!edge->producer || !bus_producer_is_broken(edge->producer))
		return;
	log_warn("the producer broke; a new one goes on from the last published events");
	bus_producer_close(edge->producer);
	edge->producer = NULL;
	for (size_t i = 0; i < BUS_PARTS_MAX; i++)
		edge->lanes[i].has_failed = true;
}

/* Asks for the topic at once, to wait for an unreachable broker here and not once per record. */
static int open_producer(const struct bus_conf *conf, const char *topic, struct bus_producer **producer, struct err *err)
{
	int32_t parts;

	if (*producer)
		return 0;
	if (bus_producer_open(conf, producer, err) < 0)
		return -1;
	if (bus_producer_parts(*producer, topic, &parts, err) == 0)
		return 0;
	bus_producer_close(*producer);
	*producer = NULL;
	return -1;
}

static int last_seq(struct kafka_edge *edge, int32_t part, int64_t *ret_seq, struct err *err)
{
	struct bus_record record;
	struct header headers[HEADERS_MAX];
	struct envelope envelope;
	size_t count;
	int64_t low;
	int64_t high;
	bool found;
	int rc = -1;

	if (!edge->event_reader && open_reader(edge, edge->events, &edge->event_reader, err) < 0)
		return -1;
	if (bus_reader_bounds(edge->event_reader, part, &low, &high, READ_TIMEOUT_MS, err) < 0)
		return -1;
	if (high == low) {
		*ret_seq = 0;
		return 0;
	}
	if (read_one(edge->event_reader, part, high - 1, &found, &record, err) < 0)
		return -1;
	if (!found)
		return err_set(err, ERR_RETRY, "the last event of partition %d did not arrive", part);
	if (bus_record_headers(&record, headers, &count, err) < 0 || envelope_read(headers, count, &envelope, err) < 0)
		goto out;
	if (envelope.sequence == 0) {
		err_set(err, ERR_POISON, "the last record of the events topic is no event of ours");
		goto out;
	}
	*ret_seq = envelope.sequence;
	rc = 0;
out:
	bus_record_release(&record);
	return rc;
}

static int edge_resume(void *self, int32_t part, int64_t *ret_last_seq, struct err *err)
{
	struct kafka_edge *edge = self;

	note_broken(edge);
	if (open_producer(&edge->conf, edge->events, &edge->producer, err) < 0)
		return -1;
	if (last_seq(edge, part, ret_last_seq, err) < 0)
		return -1;
	edge->lanes[part].has_failed = false;
	/* The topic may have been recreated, and the same offset be another dead letter. So all are sent again. */
	for (size_t i = 0; i < TRACKED_MAX; i++)
		edge->tracked[i].is_forgotten |= edge->tracked[i].in_use && edge->tracked[i].part == part;
	return 0;
}

static int edge_publish(void *self, const struct log_row *row, struct err *err)
{
	struct kafka_edge *edge = self;
	struct header headers[HEADERS_MAX];
	size_t count;
	char key[UUID_TEXT_SIZE + 1];
	struct event_head head = {
		.module = edge->module,
		.schema_id = row->schema_id,
		.id = row->event_id,
		.command_id = row->command_id,
		.correlation_id = row->correlation_id,
		.at_ms = row->at_ms,
		.seq = row->seq,
		.hash = { .data = (const char *)row->hash, .size = SHA256_SIZE },
		.traceparent = row->traceparent,
	};

	if (!edge->producer || edge->lanes[row->part].has_failed)
		return err_set(err, ERR_RETRY, "an earlier event was not delivered");
	arena_reset(&edge->arena);
	if (envelope_write_event(&head, &edge->arena, headers, &count, err) < 0)
		return -1;
	uuid_format(key, &row->key);
	return bus_produce(edge->producer, edge->events, row->part, (struct str){ .data = key, .size = UUID_TEXT_SIZE },
			   row->body, headers, count, on_event, &edge->lanes[row->part], err);
}

static struct tracked *track(struct kafka_edge *edge, const struct dead_letter *letter)
{
	struct tracked *tracked = &edge->tracked[edge->tracked_next];

	if (tracked->in_use)
		return NULL; /* too many at once: published untracked, and published again after the next claim */
	edge->tracked_next = (edge->tracked_next + 1) % TRACKED_MAX;
	*tracked = (struct tracked){ .edge = edge, .part = letter->part, .offset = letter->offset, .in_use = true };
	return tracked;
}

/* The record's own headers, untouched, and ours with the reason. */
static int dead_headers(struct kafka_edge *edge, const struct dead_letter *letter, struct header *headers, size_t *ret_count,
			struct err *err)
{
	static const char *const names[] = { "dcs_error_topic", "dcs_error_partition", "dcs_error_offset",   "dcs_error_group",
					     "dcs_error_code",  "dcs_error_message",   "dcs_error_attempts", "dcs_error_time" };
	char numbers[2][24];
	char time[32];
	size_t count;

	snprintf(numbers[0], sizeof(numbers[0]), "%d", letter->part);
	snprintf(numbers[1], sizeof(numbers[1]), "%lld", (long long)letter->offset);
	instant_format(time, letter->at_ms);
	const struct str values[] = { str_of(edge->topic),  str_of(numbers[0]), str_of(numbers[1]), str_of(edge->group),
				      str_of(letter->code), letter->reason,     STR("1"),           str_of(time) };

	if (headers_unpack(letter->headers, &edge->arena, headers, &count, err) < 0) {
		log_warn("part=%d offset=%lld a dead letter goes without its own headers: %s", letter->part,
			 (long long)letter->offset, err->text);
		*err = (struct err)ERR_INIT;
		arena_reset(&edge->arena);
		count = 0;
	}
	for (size_t i = 0; i < COUNT(names); i++) {
		struct str value = str_copy(&edge->arena, values[i]);

		if (!value.data)
			return err_set(err, ERR_POISON, "the headers of a dead letter do not fit");
		headers[count++] = (struct header){ .name = names[i], .value = value };
	}
	*ret_count = count;
	return 0;
}

static int open_dead_producer(struct kafka_edge *edge, struct err *err)
{
	struct bus_conf conf = edge->conf;

	conf.is_unordered = true;
	conf.queue_records = TRACKED_MAX;
	conf.queue_wait_ms = 100; /* a dead letter that does not fit is sent later from the table */
	return open_producer(&conf, DEAD_LETTER_TOPIC, &edge->dead_producer, err);
}

static int edge_publish_dead(void *self, const struct dead_letter *letter, struct err *err)
{
	struct kafka_edge *edge = self;
	struct header headers[HEADERS_MAX + 8];
	struct tracked *tracked;
	size_t count = 0;

	if (open_dead_producer(edge, err) < 0)
		return -1;
	arena_reset(&edge->arena);
	if (dead_headers(edge, letter, headers, &count, err) < 0)
		return -1;
	tracked = track(edge, letter);
	if (bus_produce(edge->dead_producer, DEAD_LETTER_TOPIC, -1, letter->key, letter->value, headers, count,
			tracked ? on_dead : NULL, tracked, err) == 0)
		return 0;
	if (tracked)
		tracked->in_use = false;
	if (err->kind != ERR_POISON)
		return -1;
	log_warn("part=%d offset=%lld a dead letter is in the table only: %s", letter->part, (long long)letter->offset,
		 err->text);
	*err = (struct err)ERR_INIT;
	return 0;
}

static bool edge_has_failed(void *self, int32_t part)
{
	struct kafka_edge *edge = self;

	return edge->lanes[part].has_failed;
}

static size_t edge_dead_acked(void *self, int32_t *ret_parts, int64_t *ret_offsets, size_t max)
{
	struct kafka_edge *edge = self;
	size_t count = 0;

	/* Asked in every turn, and there are none in nearly all of them. */
	for (size_t i = 0; i < TRACKED_MAX && count < max && edge->acked_count > 0; i++) {
		struct tracked *tracked = &edge->tracked[i];

		if (!tracked->in_use || !tracked->acked)
			continue;
		tracked->in_use = false;
		edge->acked_count--;
		if (tracked->is_forgotten)
			continue;
		ret_parts[count] = tracked->part;
		ret_offsets[count++] = tracked->offset;
	}
	return count;
}

static int edge_send(void *self, const struct sent_command *command, struct err *err)
{
	struct kafka_edge *edge = self;

	return kafka_sends_send(edge->sends, command, edge->spread, err);
}

static bool edge_has_send_failed(void *self, int32_t part)
{
	const struct kafka_edge *edge = self;

	return kafka_sends_has_failed(edge->sends, part);
}

static int64_t edge_oldest_send(void *self, int32_t part)
{
	const struct kafka_edge *edge = self;

	return kafka_sends_oldest(edge->sends, part);
}

static int edge_resume_sends(void *self, int32_t part, struct err *err)
{
	struct kafka_edge *edge = self;

	return kafka_sends_resume(edge->sends, part, err);
}

static size_t edge_deliveries(void *self, int timeout_ms)
{
	struct kafka_edge *edge = self;
	size_t pending = edge->sends ? kafka_sends_deliveries(edge->sends) : 0;

	if (edge->dead_producer) {
		bus_producer_poll(edge->dead_producer, 0);
		pending += bus_producer_pending(edge->dead_producer);
	}
	if (edge->producer) {
		bus_producer_poll(edge->producer, timeout_ms);
		note_broken(edge);
	}
	return pending + (edge->producer ? bus_producer_pending(edge->producer) : 0);
}

/* ---- life ---- */

static int open_edge(struct kafka_edge *edge, struct kafka_edge **ret_edge, struct broker *ret_broker, struct err *err)
{
	if (arena_init(&edge->arena, HEADERS_ARENA_SIZE, err) < 0 ||
	    bus_consumer_open(&edge->conf, edge->group, edge->topic, &edge->consumer, err) < 0) {
		kafka_edge_close(edge, 0);
		return -1;
	}
	*ret_edge = edge;
	*ret_broker = (struct broker){
		.self = edge,
		.poll = edge_poll,
		.parts = edge_parts,
		.topic_parts = edge_topic_parts,
		.spread = edge_spread,
		.part_of = edge_part_of,
		.place = edge_place,
		.start = edge_start,
		.stop = edge_stop,
		.report = edge_report,
		.headers = edge_headers,
		.release = edge_release,
		.bounds = edge_bounds,
		.read_at = edge_read_at,
		.resume = edge_resume,
		.publish = edge_publish,
		.publish_dead = edge_publish_dead,
		.has_failed = edge_has_failed,
		.dead_acked = edge_dead_acked,
		.send = edge_send,
		.has_send_failed = edge_has_send_failed,
		.oldest_send = edge_oldest_send,
		.resume_sends = edge_resume_sends,
		.deliveries = edge_deliveries,
	};
	return 0;
}

static struct kafka_edge *edge_new(const struct bus_conf *conf, const char *module)
{
	struct kafka_edge *edge = calloc(1, sizeof(*edge));

	if (!edge)
		return NULL;
	edge->conf = *conf;
	edge->module = module;
	snprintf(edge->events, sizeof(edge->events), "dcs.%s.events.v1", module);
	return edge;
}

int kafka_edge_open(const struct bus_conf *conf, const char *module, struct kafka_edge **ret_edge, struct broker *ret_broker,
		    struct err *err)
{
	struct kafka_edge *edge = edge_new(conf, module);

	if (!edge)
		return err_set(err, ERR_FATAL, "no memory");
	snprintf(edge->topic, sizeof(edge->topic), "dcs.%s.commands.v1", module);
	snprintf(edge->group, sizeof(edge->group), "dcs-%s", module);
	return open_edge(edge, ret_edge, ret_broker, err);
}

int kafka_edge_open_reader(const struct bus_conf *conf, const char *reader, const char *module, struct kafka_edge **ret_edge,
			   struct broker *ret_broker, struct err *err)
{
	struct kafka_edge *edge = edge_new(conf, module);

	if (!edge)
		return err_set(err, ERR_FATAL, "no memory");
	memcpy(edge->topic, edge->events, sizeof(edge->topic));
	snprintf(edge->group, sizeof(edge->group), "dcs-%s-%s", reader, module);
	return open_edge(edge, ret_edge, ret_broker, err);
}

_Static_assert(FOLLOWS_MAX <= BUS_FOLLOWS_MAX, "a consumer can follow as many topics as a module");

int kafka_edge_react(struct kafka_edge *edge, const struct module *module, struct token_keys *keys, struct err *err)
{
	for (size_t i = 0; i < module->follows_count; i++) {
		topic_name(edge->follows[i], module->follows[i].module, TOPIC_EVENTS);
		if (bus_consumer_follow(edge->consumer, edge->follows[i], err) < 0)
			return -1;
	}
	return module->sends_as == 0 ? 0 : kafka_sends_new(&edge->conf, edge->module, keys, module->sends_as, &edge->sends, err);
}

void kafka_edge_close(struct kafka_edge *edge, int deadline_ms)
{
	if (!edge)
		return;
	bus_consumer_close(edge->consumer, deadline_ms);
	for (size_t source = 0; source <= FOLLOWS_MAX; source++)
		bus_reader_close(edge->topic_readers[source]);
	bus_reader_close(edge->event_reader);
	bus_producer_close(edge->producer);
	bus_producer_close(edge->dead_producer);
	kafka_sends_free(edge->sends);
	arena_release(&edge->arena);
	free(edge);
}
