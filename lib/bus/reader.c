/*
 * Single reads outside any group. librdkafka's older "simple" consumer: it needs no group and no coordinator, and its stop is
 * synchronous, so nothing of the partition read before can come after a seek.
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/array.h"
#include "base/day.h"
#include "bus/kafka.h"

#define PART_NONE (-1)
#define LOOK_MS   200
#define POLL_EACH 256 /* messages that are there may be taken before librdkafka is asked what else it has to say */

struct bus_reader {
	struct kafka kafka; /* first: the opaque of the callbacks */
	rd_kafka_topic_t *topic;
	int32_t part;       /* being read, or PART_NONE */
	int64_t end_offset; /* where it ended when it was read to its end; -1: it was not */
	unsigned taken;     /* messages since the last poll */
};

static int set_up(struct bus_reader *reader, const struct bus_conf *conf, struct err *err)
{
	char records[24];
	char kbytes[24];
	rd_kafka_conf_t *kafka_conf = NULL;

	snprintf(records, sizeof(records), "%" PRId64, conf->prefetch_records > 0 ? conf->prefetch_records : 100000);
	snprintf(kbytes, sizeof(kbytes), "%" PRId64, conf->prefetch_kbytes > 0 ? conf->prefetch_kbytes : 32768);
	const struct kafka_setting settings[] = {
		{ "enable.auto.commit", "false" },
		{ "enable.auto.offset.store", "false" },
		{ "auto.offset.reset", "error" },
		{ "enable.partition.eof", "true" },      /* the end is told, not waited for */
		{ "isolation.level", "read_committed" }, /* sees what a consumer sees */
		{ "check.crcs", "true" },
		{ "fetch.min.bytes", "1" },
		{ "fetch.wait.max.ms", "10" }, /* a seek waits for the fetch that is under way */
		{ "fetch.error.backoff.ms", "100" },
		{ "queued.min.messages", records },
		{ "queued.max.messages.kbytes", kbytes },
	};

	if (kafka_configure(conf, &reader->kafka, settings, COUNT(settings), &kafka_conf, err) != 0)
		return -1;
	return kafka_open(&reader->kafka, RD_KAFKA_CONSUMER, kafka_conf, err);
}

int bus_reader_open(const struct bus_conf *conf, const char *topic, struct bus_reader **ret_reader, struct err *err)
{
	struct bus_reader *reader = NULL;
	int32_t count;

	reader = calloc(1, sizeof(*reader));
	if (reader == NULL)
		return err_set(err, ERR_FATAL, "kafka reader: no memory");
	reader->part = PART_NONE;
	if (set_up(reader, conf, err) != 0)
		goto out;
	if (kafka_parts(&reader->kafka, topic, &count, err) != 0)
		goto out;
	reader->topic = rd_kafka_topic_new(reader->kafka.handle, topic, NULL);
	if (reader->topic == NULL) {
		kafka_err(err, rd_kafka_last_error(), topic);
		goto out;
	}
	*ret_reader = reader;
	return 0;
out:
	bus_reader_close(reader);
	return -1;
}

void bus_reader_stop(struct bus_reader *reader)
{
	if (reader->part != PART_NONE)
		rd_kafka_consume_stop(reader->topic, reader->part);
	reader->part = PART_NONE;
}

void bus_reader_close(struct bus_reader *reader)
{
	if (reader == NULL)
		return;
	bus_reader_stop(reader);
	if (reader->topic != NULL)
		rd_kafka_topic_destroy(reader->topic);
	if (kafka_destroy(&reader->kafka, KAFKA_WAIT_MS))
		free(reader);
}

int bus_reader_bounds(struct bus_reader *reader, int32_t part, int64_t *ret_low, int64_t *ret_high, int timeout_ms,
		      struct err *err)
{
	const struct kafka_range one = { .topic = rd_kafka_topic_name(reader->topic), .first = part, .count = 1 };
	int64_t low;
	int64_t high;

	if (kafka_bounds(&reader->kafka, &one, timeout_ms, &low, &high, err) != 0)
		return -1;
	*ret_low = low;
	*ret_high = high;
	return 0;
}

int bus_reader_all_bounds(struct bus_reader *reader, int32_t parts, int64_t *ret_lows, int64_t *ret_highs, int timeout_ms,
			  struct err *err)
{
	const struct kafka_range all = { .topic = rd_kafka_topic_name(reader->topic), .count = parts };

	return kafka_bounds(&reader->kafka, &all, timeout_ms, ret_lows, ret_highs, err);
}

int bus_reader_seek(struct bus_reader *reader, int32_t part, int64_t offset, struct err *err)
{
	MUST(offset >= 0);
	bus_reader_stop(reader);
	if (rd_kafka_consume_start(reader->topic, part, offset) != 0)
		return kafka_err(err, rd_kafka_last_error(), rd_kafka_topic_name(reader->topic));
	reader->part = part;
	reader->end_offset = -1;
	return 0;
}

int64_t bus_reader_end(const struct bus_reader *reader)
{
	return reader->end_offset;
}

/* The next message within the time, or within a short one when connections fail; NULL: none. queue NULL: of the one partition. */
static rd_kafka_message_t *wait_message(struct bus_reader *reader, rd_kafka_queue_t *queue, int64_t timeout_ms)
{
	int64_t started_ms = clock_monotonic_ms();
	rd_kafka_message_t *message = NULL;
	int64_t left_ms;

	do {
		rd_kafka_poll(reader->kafka.handle, 0); /* log lines and errors */
		if (reader->kafka.is_troubled && timeout_ms > KAFKA_AWAY_MS)
			timeout_ms = KAFKA_AWAY_MS;
		left_ms = started_ms + timeout_ms - clock_monotonic_ms();
		int look_ms = left_ms < 0 ? 0 : left_ms < LOOK_MS ? (int)left_ms : LOOK_MS;

		message = queue != NULL ? rd_kafka_consume_queue(queue, look_ms)
					: rd_kafka_consume(reader->topic, reader->part, look_ms);
	} while (message == NULL && left_ms > LOOK_MS);
	return message;
}

/* librdkafka tries again by itself after what is ERR_RETRY: then 0. */
static int see_error(struct bus_reader *reader, const rd_kafka_message_t *message, struct err *err)
{
	if (kafka_err_kind(message->err) != ERR_RETRY)
		return kafka_err(err, message->err, rd_kafka_topic_name(reader->topic));
	kafka_trouble(&reader->kafka, message->err, rd_kafka_message_errstr(message));
	return 0;
}

/* What is there already, for a reader of millions: no clock is asked. NULL: wait for it. */
static rd_kafka_message_t *take_message(struct bus_reader *reader)
{
	reader->taken = (reader->taken + 1) % POLL_EACH;
	return reader->taken == 0 ? NULL : rd_kafka_consume(reader->topic, reader->part, 0);
}

int bus_reader_next(struct bus_reader *reader, int timeout_ms, bool *ret_found, struct bus_record *ret_record, struct err *err)
{
	rd_kafka_message_t *message;
	int64_t until_ms = 0;
	int result = -1;

	MUST(reader->part != PART_NONE);
	message = take_message(reader);
	if (message == NULL)
		until_ms = clock_monotonic_ms() + timeout_ms;
	do {
		if (message == NULL)
			message = wait_message(reader, NULL, until_ms - clock_monotonic_ms());
		reader->end_offset = -1;
		if (message == NULL || message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
			if (message != NULL) {
				reader->end_offset = message->offset;
				rd_kafka_message_destroy(message);
			}
			*ret_found = false;
			return 0;
		}
		if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
			kafka_worked(&reader->kafka);
			kafka_record(message, ret_record);
			*ret_found = true;
			return 0;
		}
		result = see_error(reader, message, err);
		rd_kafka_message_destroy(message);
		message = NULL;
		if (until_ms == 0)
			until_ms = clock_monotonic_ms() + timeout_ms;
	} while (result == 0);
	return result;
}

/* ---- one record of each partition ---- */

struct each {
	const int64_t *offsets;
	int32_t parts, started, asked; /* asked: of those started, with an offset and without an answer yet */
	bool is_answered[BUS_PARTS_MAX];
	rd_kafka_queue_t *queue;
	bus_found *found;
	void *found_arg;
};

static int start_each(const struct bus_reader *reader, struct each *each, struct err *err)
{
	for (; each->started < each->parts; each->started++) {
		int32_t part = each->started;

		if (each->offsets[part] < 0)
			continue;
		if (rd_kafka_consume_start_queue(reader->topic, part, each->offsets[part], each->queue) != 0)
			return kafka_err(err, rd_kafka_last_error(), rd_kafka_topic_name(reader->topic));
		each->asked++;
	}
	return 0;
}

/* Takes the message. */
static int tell_found(struct bus_reader *reader, struct each *each, rd_kafka_message_t *message, struct err *err)
{
	bool is_end = message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF;
	struct bus_record record;
	int result = 0;

	if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR && !is_end) {
		result = see_error(reader, message, err);
	} else if (!each->is_answered[message->partition]) { /* more of it may follow, and then its end */
		kafka_worked(&reader->kafka);
		if (!is_end)
			kafka_record(message, &record);
		each->found(each->found_arg, message->partition, is_end ? NULL : &record, message->offset);
		each->is_answered[message->partition] = true;
		each->asked--;
	}
	rd_kafka_message_destroy(message);
	return result;
}

int bus_reader_each(struct bus_reader *reader, const int64_t *offsets, int32_t parts, int timeout_ms, bus_found *found,
		    void *found_arg, struct err *err)
{
	int64_t until_ms = clock_monotonic_ms() + timeout_ms;
	struct each each = { .offsets = offsets, .parts = parts, .found = found, .found_arg = found_arg };
	int result;

	if (parts > BUS_PARTS_MAX)
		return err_set(err, ERR_FATAL, "kafka %s: more than %d partitions", rd_kafka_topic_name(reader->topic),
			       BUS_PARTS_MAX);
	bus_reader_stop(reader);
	each.queue = rd_kafka_queue_new(reader->kafka.handle);
	result = start_each(reader, &each, err);
	while (result == 0 && each.asked > 0) {
		rd_kafka_message_t *message = wait_message(reader, each.queue, until_ms - clock_monotonic_ms());

		result = message != NULL ? tell_found(reader, &each, message, err)
					 : err_set(err, ERR_RETRY, "%s: the broker did not send what was asked for",
						   rd_kafka_topic_name(reader->topic));
	}
	for (int32_t part = 0; part < each.started; part++) {
		if (offsets[part] >= 0)
			rd_kafka_consume_stop(reader->topic, part);
	}
	rd_kafka_queue_destroy(each.queue);
	return result;
}
