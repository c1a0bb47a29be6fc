/* A member of a consumer group, for one topic. The group says which partitions; where to read is the caller's business. */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/day.h"
#include "bus/kafka.h"

/*
 *            rebalance                start
 *   IDLE ------------------> GIVEN -----------> READING --.
 *    ^                         |                  |  ^    | start (elsewhere)
 *    |          stop           | rebalance        |  '----'
 *    '---------------- TAKEN <-'------------------'
 *
 * `news` is what poll has still to tell; librdkafka waits for our rd_kafka_assign in GIVEN and TAKEN.
 */
enum state { STATE_IDLE, STATE_GIVEN, STATE_READING, STATE_TAKEN };

/* A topic beside the consumer's own, and where the next start reads it. */
struct followed {
	char topic[BUS_TOPIC_MAX + 1];
	int32_t parts[BUS_PARTS_MAX];
	int64_t offsets[BUS_PARTS_MAX];
	size_t count;
};

struct bus_consumer {
	struct kafka kafka;     /* first: the opaque of the callbacks */
	struct kafka_bell bell; /* fd -1: nobody asked for it */
	char topic[BUS_TOPIC_MAX + 1];
	enum state state;
	enum bus_poll news;
	int32_t parts[BUS_PARTS_MAX];
	size_t parts_count;
	bool is_overfull; /* assigned more than BUS_PARTS_MAX */
	bool is_closing;
	int32_t told_parts[BUS_PARTS_MAX]; /* what the group is told next: where we are in these */
	int64_t told_offsets[BUS_PARTS_MAX];
	size_t told_count;
	int64_t told_at_ms; /* monotonic: when it was told last */
	struct followed *followed[BUS_FOLLOWS_MAX];
	int32_t followed_count;
};

/* For lag tools, so a second late is soon enough; a commit for each small batch would cost the broker more than its records. */
#define TELL_EVERY_MS 1000

static void tell_group(struct bus_consumer *consumer)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)consumer->told_count);

	for (size_t index = 0; index < consumer->told_count; index++)
		rd_kafka_topic_partition_list_add(list, consumer->topic, consumer->told_parts[index])->offset =
			consumer->told_offsets[index];
	(void)rd_kafka_commit(consumer->kafka.handle, list, 1); /* the next one makes good for a lost one */
	rd_kafka_topic_partition_list_destroy(list);
	consumer->told_count = 0;
	consumer->told_at_ms = clock_monotonic_ms();
}

static void tell_group_if_due(struct bus_consumer *consumer)
{
	if (consumer->told_count > 0 && clock_monotonic_ms() - consumer->told_at_ms >= TELL_EVERY_MS)
		tell_group(consumer);
}

static void take_away(struct bus_consumer *consumer)
{
	consumer->parts_count = 0;
	consumer->told_count = 0;
	consumer->state = STATE_TAKEN;
	consumer->news = BUS_REVOKED;
}

static void give(struct bus_consumer *consumer, const rd_kafka_topic_partition_list_t *list)
{
	consumer->parts_count = 0;
	consumer->is_overfull = list->cnt > BUS_PARTS_MAX;
	for (int index = 0; index < list->cnt && !consumer->is_overfull; index++)
		consumer->parts[consumer->parts_count++] = list->elems[index].partition;
	consumer->state = STATE_GIVEN;
	consumer->news = BUS_ASSIGNED;
}

/*
 * librdkafka 2.0.2 stops what was assigned before, in its own time, and aborts when it is told to stop the same once more before
 * it has. Its main thread takes what it is asked in order: behind the first question stand the stops, behind the second what they
 * say when they are done.
 */
static rd_kafka_resp_err_t assign(rd_kafka_t *handle, const rd_kafka_topic_partition_list_t *list)
{
	rd_kafka_resp_err_t code = rd_kafka_assign(handle, list);

	for (int question = 0; question < 2; question++) {
		rd_kafka_topic_partition_list_t *assigned = NULL;

		if (rd_kafka_assignment(handle, &assigned) == RD_KAFKA_RESP_ERR_NO_ERROR)
			rd_kafka_topic_partition_list_destroy(assigned);
	}
	return code;
}

/* Runs inside our poll. The answer to librdkafka is given later, by the caller's start or stop. */
static void on_rebalance(rd_kafka_t *handle, rd_kafka_resp_err_t code, rd_kafka_topic_partition_list_t *list, void *opaque)
{
	struct bus_consumer *consumer = opaque;
	bool was_told = consumer->news != BUS_ASSIGNED;

	if (!consumer->is_closing && code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
		give(consumer, list);
	} else if (!consumer->is_closing && consumer->state != STATE_IDLE && was_told) {
		take_away(consumer);
	} else { /* we close, or the caller never knew that it had something */
		consumer->state = STATE_IDLE;
		consumer->news = BUS_NOTHING;
		consumer->parts_count = 0;
		rd_kafka_assign(handle, NULL); /* nothing is assigned; no question: at the end nobody answers it */
	}
	rd_kafka_yield(handle); /* poll returns now, not at its timeout */
}

static int set_up(struct bus_consumer *consumer, const struct bus_conf *conf, const char *group, struct err *err)
{
	char records[24];
	char kbytes[24];
	char session[24];
	char heartbeat[24];
	rd_kafka_conf_t *kafka_conf = NULL;
	int64_t session_ms = conf->session_timeout_ms > 0 ? conf->session_timeout_ms : 10000;

	snprintf(records, sizeof(records), "%" PRId64, conf->prefetch_records > 0 ? conf->prefetch_records : 100000);
	snprintf(kbytes, sizeof(kbytes), "%" PRId64, conf->prefetch_kbytes > 0 ? conf->prefetch_kbytes : 32768);
	snprintf(session, sizeof(session), "%" PRId64, session_ms);
	snprintf(heartbeat, sizeof(heartbeat), "%" PRId64, session_ms / 5 < 3000 ? session_ms / 5 : 3000);
	const struct kafka_setting settings[] = {
		{ "group.id", group },
		{ "partition.assignment.strategy", "range,roundrobin" }, /* eager: lib/TRAPS.md R2 */
		{ "enable.auto.commit", "false" },
		{ "enable.auto.offset.store", "false" },
		{ "auto.offset.reset", "error" }, /* BUS_DISPLACED: never jump */
		{ "session.timeout.ms", session },
		{ "heartbeat.interval.ms", heartbeat },
		{ "max.poll.interval.ms", "300000" },
		{ "isolation.level", "read_committed" }, /* what its producer took back was never sent */
		{ "check.crcs", "true" },
		{ "fetch.min.bytes", "1" },
		{ "fetch.wait.max.ms", "100" },
		{ "fetch.error.backoff.ms", "100" },
		{ "fetch.message.max.bytes", "4194304" },
		{ "queued.min.messages", records },
		{ "queued.max.messages.kbytes", kbytes },
	};

	if (kafka_configure(conf, &consumer->kafka, settings, COUNT(settings), &kafka_conf, err) != 0)
		return -1;
	rd_kafka_conf_set_rebalance_cb(kafka_conf, on_rebalance);
	if (kafka_open(&consumer->kafka, RD_KAFKA_CONSUMER, kafka_conf, err) != 0)
		return -1;
	rd_kafka_poll_set_consumer(consumer->kafka.handle);
	return 0;
}

static int subscribe(struct bus_consumer *consumer, struct err *err)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
	rd_kafka_resp_err_t code;

	rd_kafka_topic_partition_list_add(list, consumer->topic, RD_KAFKA_PARTITION_UA);
	code = rd_kafka_subscribe(consumer->kafka.handle, list);
	rd_kafka_topic_partition_list_destroy(list);
	return code == RD_KAFKA_RESP_ERR_NO_ERROR ? 0 : kafka_err(err, code, consumer->topic);
}

int bus_consumer_open(const struct bus_conf *conf, const char *group, const char *topic, struct bus_consumer **ret_consumer,
		      struct err *err)
{
	struct bus_consumer *consumer = NULL;
	int32_t parts;

	if (strlen(topic) > BUS_TOPIC_MAX)
		return err_set(err, ERR_FATAL, "topic name longer than %d bytes", BUS_TOPIC_MAX);
	consumer = calloc(1, sizeof(*consumer));
	if (consumer == NULL)
		return err_set(err, ERR_FATAL, "kafka consumer: no memory");
	consumer->bell.fd = -1;
	memcpy(consumer->topic, topic, strlen(topic) + 1);
	if (set_up(consumer, conf, group, err) != 0)
		goto out;
	/* Is it there? Also saves the first fetch a second: lib/TRAPS.md R8. */
	if (kafka_parts(&consumer->kafka, topic, &parts, err) != 0)
		goto out;
	if (subscribe(consumer, err) != 0)
		goto out;
	*ret_consumer = consumer;
	return 0;
out:
	if (kafka_destroy(&consumer->kafka, KAFKA_WAIT_MS))
		free(consumer);
	return -1;
}

static void release(struct bus_consumer *consumer)
{
	for (int32_t index = 0; index < consumer->followed_count; index++)
		free(consumer->followed[index]);
	kafka_bell_close(&consumer->bell);
	free(consumer);
}

static void drop(rd_kafka_message_t *message)
{
	if (message != NULL)
		rd_kafka_message_destroy(message);
}

/* Not rd_kafka_queue_poll_callback: it asserts that no fetched record is left in the queue. Serves librdkafka's farewell until
 * the group is left or the deadline has passed. */
static void leave(struct bus_consumer *consumer, int64_t until_ms)
{
	rd_kafka_t *handle = consumer->kafka.handle;
	rd_kafka_queue_t *queue = NULL;
	rd_kafka_error_t *error = NULL;

	consumer->is_closing = true;
	if (consumer->state != STATE_IDLE)
		assign(handle, NULL);
	consumer->state = STATE_IDLE;
	queue = rd_kafka_queue_new(handle);
	error = rd_kafka_consumer_close_queue(handle, queue);
	if (error != NULL)
		rd_kafka_error_destroy(error);
	else
		while (!rd_kafka_consumer_closed(handle) && clock_monotonic_ms() < until_ms)
			drop(rd_kafka_consume_queue(queue, 20));
	rd_kafka_queue_destroy(queue);
}

void bus_consumer_close(struct bus_consumer *consumer, int64_t deadline_ms)
{
	if (consumer == NULL)
		return;
	int64_t until_ms = clock_monotonic_ms() + deadline_ms;
	if (consumer->told_count > 0)
		tell_group(consumer);
	leave(consumer, until_ms);
	int64_t left_ms = until_ms - clock_monotonic_ms();
	if (kafka_destroy(&consumer->kafka, left_ms > 100 ? left_ms : 100))
		release(consumer);
}

/* Tells what a rebalance has changed, once. */
static int tell(struct bus_consumer *consumer, enum bus_poll *ret_kind, struct err *err)
{
	if (consumer->is_overfull)
		return err_set(err, ERR_FATAL, "%s: more than %d partitions", consumer->topic, BUS_PARTS_MAX);
	*ret_kind = consumer->news;
	consumer->news = BUS_NOTHING;
	return 0;
}

/* Which topic a message is of: the consumer's own, or a followed one. */
static int32_t source_of(const struct bus_consumer *consumer, const rd_kafka_message_t *message)
{
	const char *topic;

	if (consumer->followed_count == 0 || message->rkt == NULL)
		return 0;
	topic = rd_kafka_topic_name(message->rkt);
	for (int32_t index = 0; index < consumer->followed_count; index++)
		if (strcmp(topic, consumer->followed[index]->topic) == 0)
			return index + 1;
	return 0;
}

/* A message that is not a record: takes it. */
static void hear_error(struct bus_consumer *consumer, rd_kafka_message_t *message, enum bus_poll *ret_kind,
		       struct bus_record *ret_record)
{
	if (message->err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET && consumer->state == STATE_READING) {
		*ret_record = (struct bus_record){ .source = source_of(consumer, message),
						   .part = message->partition,
						   .offset = message->offset };
		*ret_kind = BUS_DISPLACED;
	} else {
		kafka_trouble(&consumer->kafka, message->err, rd_kafka_message_errstr(message));
		*ret_kind = BUS_NOTHING;
	}
	rd_kafka_message_destroy(message);
}

int bus_consumer_fd(struct bus_consumer *consumer, int *ret_fd, struct err *err)
{
	rd_kafka_queue_t *queue = rd_kafka_queue_get_consumer(consumer->kafka.handle);
	int result = consumer->bell.fd < 0 ? kafka_bell_open(&consumer->bell, queue, err) : 0;

	rd_kafka_queue_destroy(queue); /* our reference only */
	*ret_fd = consumer->bell.fd;
	return result;
}

/* The bell is quieted only when nothing is left: it keeps ringing for what is not taken yet. */
static rd_kafka_message_t *take(struct bus_consumer *consumer, int timeout_ms)
{
	rd_kafka_t *handle = consumer->kafka.handle;
	rd_kafka_message_t *message = rd_kafka_consumer_poll(handle, consumer->bell.fd < 0 ? timeout_ms : 0);

	if (message != NULL || consumer->bell.fd < 0 || consumer->news != BUS_NOTHING)
		return message;
	kafka_bell_quiet(&consumer->bell);
	return rd_kafka_consumer_poll(handle, timeout_ms);
}

int bus_consumer_poll(struct bus_consumer *consumer, int timeout_ms, enum bus_poll *ret_kind, struct bus_record *ret_record,
		      struct err *err)
{
	rd_kafka_message_t *message = NULL;

	tell_group_if_due(consumer);
	if (consumer->news == BUS_NOTHING)
		message = take(consumer, timeout_ms);
	if (message != NULL && message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
		hear_error(consumer, message, ret_kind, ret_record);
	} else if (message != NULL && consumer->state == STATE_READING) {
		kafka_worked(&consumer->kafka);
		kafka_record(message, ret_record);
		ret_record->source = source_of(consumer, message);
		*ret_kind = BUS_RECORD;
	} else {
		drop(message); /* fetched before the partitions were taken away */
		return tell(consumer, ret_kind, err);
	}
	return 0;
}

const int32_t *bus_consumer_parts(const struct bus_consumer *consumer, size_t *ret_count)
{
	*ret_count = consumer->parts_count;
	return consumer->parts;
}

static const char *topic_of(const struct bus_consumer *consumer, int32_t source)
{
	MUST(source >= 0 && source <= consumer->followed_count);
	return source == 0 ? consumer->topic : consumer->followed[source - 1]->topic;
}

int bus_consumer_topic_parts(struct bus_consumer *consumer, int32_t source, int32_t *ret_count, struct err *err)
{
	return kafka_parts(&consumer->kafka, topic_of(consumer, source), ret_count, err);
}

static struct followed *followed_new(const char *topic, struct err *err)
{
	struct followed *followed = calloc(1, sizeof(*followed));

	if (followed != NULL)
		memcpy(followed->topic, topic, strlen(topic) + 1);
	else
		err_set(err, ERR_FATAL, "kafka consumer: no memory");
	return followed;
}

int bus_consumer_follow(struct bus_consumer *consumer, const char *topic, struct err *err)
{
	struct followed *followed;
	int32_t parts;

	MUST(consumer->followed_count < BUS_FOLLOWS_MAX);
	if (strlen(topic) > BUS_TOPIC_MAX)
		return err_set(err, ERR_FATAL, "topic name longer than %d bytes", BUS_TOPIC_MAX);
	if (kafka_parts(&consumer->kafka, topic, &parts, err) != 0)
		return -1;
	followed = followed_new(topic, err);
	if (followed == NULL)
		return -1;
	consumer->followed[consumer->followed_count++] = followed;
	return 0;
}

void bus_consumer_place(struct bus_consumer *consumer, int32_t source, const int32_t *parts, const int64_t *offsets, size_t count)
{
	struct followed *followed;

	MUST(source > 0 && source <= consumer->followed_count);
	MUST(count <= BUS_PARTS_MAX);
	followed = consumer->followed[source - 1];
	followed->count = count;
	if (count == 0)
		return;
	memcpy(followed->parts, parts, count * sizeof(*parts));
	memcpy(followed->offsets, offsets, count * sizeof(*offsets));
}

uint64_t bus_consumer_errors(const struct bus_consumer *consumer)
{
	return consumer->kafka.errors;
}

static void add_to(rd_kafka_topic_partition_list_t *list, const char *topic, const int32_t *parts, const int64_t *offsets,
		   size_t count)
{
	for (size_t index = 0; index < count; index++) {
		if (offsets[index] < 0)
			continue;
		rd_kafka_topic_partition_list_add(list, topic, parts[index])->offset = offsets[index];
	}
}

/* What was placed counts for one start. */
static void add_followed(struct bus_consumer *consumer, rd_kafka_topic_partition_list_t *list)
{
	for (int32_t index = 0; index < consumer->followed_count; index++) {
		struct followed *followed = consumer->followed[index];

		add_to(list, followed->topic, followed->parts, followed->offsets, followed->count);
		followed->count = 0;
	}
}

int bus_consumer_start(struct bus_consumer *consumer, const int32_t *parts, const int64_t *offsets, size_t count, struct err *err)
{
	rd_kafka_topic_partition_list_t *list = NULL;
	rd_kafka_resp_err_t code;

	MUST(consumer->state != STATE_IDLE);
	if (consumer->state == STATE_TAKEN) {
		consumer->news = BUS_REVOKED;
		return err_set(err, ERR_RETRY, "%s: the partitions were taken away", consumer->topic);
	}
	MUST(consumer->news == BUS_NOTHING);
	MUST(count <= consumer->parts_count);
	list = rd_kafka_topic_partition_list_new((int)count);
	add_to(list, consumer->topic, parts, offsets, count);
	add_followed(consumer, list);
	code = assign(consumer->kafka.handle, list);
	rd_kafka_topic_partition_list_destroy(list);
	if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
		return kafka_err(err, code, "assign");
	consumer->state = STATE_READING;
	return 0;
}

int bus_consumer_stop(struct bus_consumer *consumer, struct err *err)
{
	rd_kafka_resp_err_t code;

	MUST(consumer->state == STATE_TAKEN);
	MUST(consumer->news == BUS_NOTHING);
	code = assign(consumer->kafka.handle, NULL);
	if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
		return kafka_err(err, code, "unassign");
	consumer->state = STATE_IDLE;
	return 0;
}

static void note_offset(struct bus_consumer *consumer, int32_t part, int64_t next_offset)
{
	size_t index = 0;

	while (index < consumer->told_count && consumer->told_parts[index] != part)
		index++;
	MUST(index < BUS_PARTS_MAX);
	consumer->told_parts[index] = part;
	consumer->told_offsets[index] = next_offset;
	if (index == consumer->told_count)
		consumer->told_count++;
}

void bus_consumer_report(struct bus_consumer *consumer, const int32_t *parts, const int64_t *next_offsets, size_t count)
{
	if (consumer->state != STATE_READING)
		return;
	for (size_t index = 0; index < count; index++) {
		if (next_offsets[index] >= 0)
			note_offset(consumer, parts[index], next_offsets[index]);
	}
	tell_group_if_due(consumer);
}
