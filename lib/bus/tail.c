/* Follows the ends of topics: librdkafka's "simple" consumer needs no group, and reads all partitions into one queue. */

#include <stdlib.h>

#include "base/array.h"
#include "bus/kafka.h"

struct tail_topic {
	rd_kafka_topic_t *handle;
	int32_t parts;
	int32_t started; /* of them: being read */
	int64_t ends[BUS_PARTS_MAX];
};

struct bus_tail {
	struct kafka kafka; /* first: the opaque of the callbacks */
	struct kafka_bell bell;
	rd_kafka_queue_t *queue;
	size_t topics_count;
	struct tail_topic topics[];
};

static int set_up(struct bus_tail *tail, const struct bus_conf *conf, struct err *err)
{
	static const struct kafka_setting settings[] = {
		{ "enable.auto.commit", "false" },
		{ "enable.auto.offset.store", "false" },
		{ "auto.offset.reset", "latest" }, /* only the news count: a topic made anew is followed from its end */
		{ "enable.partition.eof", "false" },
		{ "isolation.level", "read_committed" },
		{ "check.crcs", "true" },
		{ "fetch.min.bytes", "1" },
		{ "fetch.wait.max.ms", "500" },
		{ "fetch.error.backoff.ms", "100" },
		{ "queued.min.messages", "100000" },
		{ "queued.max.messages.kbytes", "65536" },
	};
	rd_kafka_conf_t *kafka_conf = NULL;

	if (kafka_configure(conf, &tail->kafka, settings, COUNT(settings), &kafka_conf, err) != 0 ||
	    kafka_open(&tail->kafka, RD_KAFKA_CONSUMER, kafka_conf, err) != 0)
		return -1;
	tail->queue = rd_kafka_queue_new(tail->kafka.handle);
	return kafka_bell_open(&tail->bell, tail->queue, err);
}

/* Where its partitions end now, not where they do when librdkafka gets to ask: what is written in between is seen. */
static int find_ends(struct bus_tail *tail, const char *name, struct err *err)
{
	struct tail_topic *topic = &tail->topics[tail->topics_count];
	struct kafka_range range = { .topic = name };
	int64_t lows[BUS_PARTS_MAX];

	if (kafka_parts(&tail->kafka, name, &topic->parts, err) != 0)
		return -1;
	if (topic->parts > BUS_PARTS_MAX)
		return err_set(err, ERR_FATAL, "kafka %s: more than %d partitions", name, BUS_PARTS_MAX);
	topic->handle = rd_kafka_topic_new(tail->kafka.handle, name, NULL);
	if (topic->handle == NULL)
		return kafka_err(err, rd_kafka_last_error(), name);
	tail->topics_count++;
	range.count = topic->parts;
	return kafka_bounds(&tail->kafka, &range, KAFKA_WAIT_MS, lows, topic->ends, err);
}

static int start(struct bus_tail *tail, struct tail_topic *topic, struct err *err)
{
	while (topic->started < topic->parts) {
		if (rd_kafka_consume_start_queue(topic->handle, topic->started, topic->ends[topic->started], tail->queue) != 0)
			return kafka_err(err, rd_kafka_last_error(), rd_kafka_topic_name(topic->handle));
		topic->started++;
	}
	return 0;
}

int bus_tail_open(const struct bus_conf *conf, const char *const *topics, size_t topics_count, struct bus_tail **ret_tail,
		  struct err *err)
{
	struct bus_tail *tail = calloc(1, sizeof(*tail) + topics_count * sizeof(tail->topics[0]));

	if (tail == NULL)
		return err_set(err, ERR_FATAL, "kafka tail: no memory");
	tail->bell.fd = -1;
	if (set_up(tail, conf, err) != 0)
		goto out;
	/* All questions before the first fetch: a broker answers one connection in order, and a fetch without news takes half a
	 * second. */
	for (size_t i = 0; i < topics_count; i++) {
		if (find_ends(tail, topics[i], err) != 0)
			goto out;
	}
	for (size_t i = 0; i < topics_count; i++) {
		if (start(tail, &tail->topics[i], err) != 0)
			goto out;
	}
	*ret_tail = tail;
	return 0;
out:
	bus_tail_close(tail);
	return -1;
}

void bus_tail_close(struct bus_tail *tail)
{
	if (tail == NULL)
		return;
	for (size_t i = 0; i < tail->topics_count; i++) {
		for (int32_t part = 0; part < tail->topics[i].started; part++)
			rd_kafka_consume_stop(tail->topics[i].handle, part);
		rd_kafka_topic_destroy(tail->topics[i].handle);
	}
	if (tail->queue != NULL)
		rd_kafka_queue_destroy(tail->queue);
	if (!kafka_destroy(&tail->kafka, KAFKA_WAIT_MS))
		return;
	kafka_bell_close(&tail->bell);
	free(tail);
}

/* NULL: the queue is empty, and whatever comes next rings the bell. */
static rd_kafka_message_t *take(const struct bus_tail *tail)
{
	rd_kafka_message_t *message = rd_kafka_consume_queue(tail->queue, 0);

	if (message != NULL)
		return message;
	kafka_bell_quiet(&tail->bell);
	return rd_kafka_consume_queue(tail->queue, 0);
}

bool bus_tail_next(struct bus_tail *tail, struct bus_record *ret_record)
{
	rd_kafka_message_t *message;

	while ((message = take(tail)) != NULL) {
		if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
			kafka_worked(&tail->kafka);
			kafka_record(message, ret_record);
			return true;
		}
		/* librdkafka tries again by itself, and jumps to the end of a topic that was made anew. */
		kafka_trouble(&tail->kafka, message->err, rd_kafka_message_errstr(message));
		rd_kafka_message_destroy(message);
	}
	rd_kafka_poll(tail->kafka.handle, 0); /* log lines and errors */
	return false;
}

int bus_tail_fd(const struct bus_tail *tail)
{
	return tail->bell.fd;
}
