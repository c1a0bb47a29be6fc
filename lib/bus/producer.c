/* Idempotent producer. Delivery reports come inside our poll and flush; each may carry the caller's function and argument. */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/day.h"
#include "bus/kafka.h"

#define TOPICS_MAX 64

struct topic {
	char name[BUS_TOPIC_MAX + 1];
	rd_kafka_topic_t *handle;
	int32_t parts;
	int32_t spread; /* keys go to the first so many of them */
};

/* What to call for one record: the opaque of its message. Unused ones are chained. */
struct report {
	bus_done *done;
	void *done_arg;
	struct report *next;
};

struct bus_producer {
	struct kafka kafka;     /* first: the opaque of the callbacks */
	struct kafka_bell bell; /* of the queue with delivery reports */
	int64_t queue_wait_ms;
	size_t pending;
	bool has_failed; /* a record since the last flush was not delivered */
	struct topic topics[TOPICS_MAX];
	size_t topics_count;
	struct report *reports; /* as many as librdkafka holds records: never too few. Touched only as far as used */
	size_t reports_max;
	size_t reports_fresh; /* those from here on were never used */
	struct report *reports_free;
};

/* ---- delivery reports ---- */

/* NULL: all in use, the queue is full. */
static struct report *report_take(struct bus_producer *producer)
{
	struct report *report = producer->reports_free;

	if (report != NULL) {
		producer->reports_free = report->next;
		return report;
	}
	if (producer->reports_fresh == producer->reports_max)
		return NULL;
	return &producer->reports[producer->reports_fresh++];
}

static void report_give(struct bus_producer *producer, struct report *report)
{
	report->next = producer->reports_free;
	producer->reports_free = report;
}

static void on_delivery(rd_kafka_t *handle, const rd_kafka_message_t *message, void *opaque)
{
	struct bus_producer *producer = opaque;
	struct report *report = message->_private;
	struct err failure = ERR_INIT;

	(void)handle;
	MUST(producer->pending > 0);
	producer->pending--;
	if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
		kafka_worked(&producer->kafka);
		kafka_note_time(message);
	} else {
		producer->has_failed = true;
		kafka_err(&failure, message->err, "not delivered");
	}
	if (report == NULL)
		return;
	bus_done *done = report->done;
	void *done_arg = report->done_arg;
	report_give(producer, report);
	done(done_arg, message->partition, message->offset >= 0 ? message->offset : -1,
	     failure.kind == ERR_NONE ? NULL : &failure);
}

/* ---- life ---- */

static int set_up(struct bus_producer *producer, const struct bus_conf *conf, struct err *err)
{
	char records[24];
	char timeout[24];
	char linger_ms[24];
	char requests[24];
	rd_kafka_conf_t *kafka_conf = NULL;

	snprintf(records, sizeof(records), "%zu", producer->reports_max);
	snprintf(timeout, sizeof(timeout), "%" PRId64, conf->delivery_timeout_ms); /* 0: never */
	snprintf(linger_ms, sizeof(linger_ms), "%" PRId64 ".%03d", conf->linger_us / 1000, (int)(conf->linger_us % 1000));
	snprintf(requests, sizeof(requests), "%" PRId64, conf->requests_max > 0 ? conf->requests_max : 5);
	const struct kafka_setting settings[] = {
		{ "acks", "all" },
		{ "max.in.flight.requests.per.connection", requests },
		{ "enable.idempotence", conf->is_unordered ? "false" : "true" },
		{ "enable.gapless.guarantee", conf->is_unordered ? "false" : "true" }, /* fatal rather than a hole */
		{ "message.timeout.ms", timeout },
		{ "request.timeout.ms", "10000" },
		{ "retry.backoff.ms", "100" },
		{ "partitioner", "murmur2_random" },
		{ "linger.ms", linger_ms }, /* 0: 0.2 ms to the report instead of 1.6, and no more CPU under load: see README */
		{ "batch.num.messages", "10000" },
		{ "batch.size", "1000000" },        /* a broker's default limit for a batch */
		{ "message.max.bytes", "4194304" }, /* BUS_RECORD_MAX: a record larger than a batch goes alone */
		{ "compression.type", conf->compression != NULL ? conf->compression : "lz4" },
		{ "queue.buffering.max.messages", records },
		{ "queue.buffering.max.kbytes", "1048576" },
	};
	_Static_assert(BUS_RECORD_MAX == 4194304, "message.max.bytes above");

	if (kafka_configure(conf, &producer->kafka, settings, COUNT(settings), &kafka_conf, err) != 0)
		return -1;
	rd_kafka_conf_set_dr_msg_cb(kafka_conf, on_delivery);
	return kafka_open(&producer->kafka, RD_KAFKA_PRODUCER, kafka_conf, err);
}

static int hang_bell(struct bus_producer *producer, struct err *err)
{
	rd_kafka_queue_t *queue = rd_kafka_queue_get_main(producer->kafka.handle);
	int result = kafka_bell_open(&producer->bell, queue, err);

	rd_kafka_queue_destroy(queue); /* our reference only */
	return result;
}

int bus_producer_open(const struct bus_conf *conf, struct bus_producer **ret_producer, struct err *err)
{
	struct bus_producer *producer = NULL;

	producer = calloc(1, sizeof(*producer));
	if (producer == NULL)
		return err_set(err, ERR_FATAL, "kafka producer: no memory");
	producer->bell.fd = -1;
	producer->queue_wait_ms = conf->queue_wait_ms > 0 ? conf->queue_wait_ms : 10000;
	producer->reports_max = conf->queue_records > 0 ? (size_t)conf->queue_records : 500000;
	producer->reports = calloc(producer->reports_max, sizeof(producer->reports[0]));
	if (producer->reports == NULL) {
		err_set(err, ERR_FATAL, "kafka producer: no memory");
		goto out;
	}
	if (set_up(producer, conf, err) != 0 || hang_bell(producer, err) != 0)
		goto out;
	*ret_producer = producer;
	return 0;
out:
	bus_producer_close(producer);
	return -1;
}

void bus_producer_close(struct bus_producer *producer)
{
	if (producer == NULL)
		return;
	for (size_t index = 0; index < producer->topics_count; index++)
		rd_kafka_topic_destroy(producer->topics[index].handle);
	if (!kafka_destroy(&producer->kafka, KAFKA_WAIT_MS))
		return;
	kafka_bell_close(&producer->bell);
	free(producer->reports);
	free(producer);
}

/* ---- topics ---- */

static int topic_add(struct bus_producer *producer, const char *name, struct topic **ret_topic, struct err *err)
{
	struct topic *topic = &producer->topics[producer->topics_count];

	if (producer->topics_count == TOPICS_MAX)
		return err_set(err, ERR_FATAL, "kafka producer: more than %d topics", TOPICS_MAX);
	if (strlen(name) > BUS_TOPIC_MAX)
		return err_set(err, ERR_POISON, "topic name longer than %d bytes", BUS_TOPIC_MAX);
	if (kafka_parts(&producer->kafka, name, &topic->parts, err) != 0)
		return -1;
	topic->handle = rd_kafka_topic_new(producer->kafka.handle, name, NULL);
	if (topic->handle == NULL)
		return kafka_err(err, rd_kafka_last_error(), name);
	topic->spread = topic->parts;
	memcpy(topic->name, name, strlen(name) + 1);
	producer->topics_count++;
	*ret_topic = topic;
	return 0;
}

/* The first use of a topic asks the broker: a partition that is not there must be known before librdkafka sees the record
 * (lib/TRAPS.md R7), and the first record does not wait a second (R8). */
static int topic_find(struct bus_producer *producer, const char *name, struct topic **ret_topic, struct err *err)
{
	for (size_t index = 0; index < producer->topics_count; index++) {
		if (strcmp(producer->topics[index].name, name) == 0) {
			*ret_topic = &producer->topics[index];
			return 0;
		}
	}
	return topic_add(producer, name, ret_topic, err);
}

int bus_producer_parts(struct bus_producer *producer, const char *topic, int32_t *ret_count, struct err *err)
{
	struct topic *found;

	if (topic_find(producer, topic, &found, err) != 0)
		return -1;
	*ret_count = found->parts;
	return 0;
}

int bus_producer_spread(struct bus_producer *producer, const char *topic, int32_t parts, struct err *err)
{
	struct topic *found;

	if (topic_find(producer, topic, &found, err) != 0)
		return -1;
	if (parts < 1 || parts > found->parts)
		return err_set(err, ERR_POISON, "%s has %" PRId32 " partitions, and keys are spread over %" PRId32, topic,
			       found->parts, parts);
	found->spread = parts;
	return 0;
}

static uint32_t murmur2(const unsigned char *bytes, size_t size)
{
	const uint32_t m = 0x5bd1e995;
	uint32_t hash = 0x9747b28cu ^ (uint32_t)size;

	for (; size >= 4; bytes += 4, size -= 4) {
		uint32_t k = (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;

		k *= m;
		k ^= k >> 24;
		hash = hash * m ^ k * m;
	}
	if (size >= 3)
		hash ^= (uint32_t)bytes[2] << 16;
	if (size >= 2)
		hash ^= (uint32_t)bytes[1] << 8;
	if (size >= 1)
		hash = (hash ^ bytes[0]) * m;
	hash = (hash ^ hash >> 13) * m;
	return hash ^ hash >> 15;
}

int32_t bus_part_of(struct str key, int32_t parts)
{
	MUST(parts > 0);
	return (int32_t)((murmur2((const unsigned char *)key.data, key.size) & 0x7fffffffu) % (uint32_t)parts);
}

/* ---- producing ---- */

/* NULL bytes would be a null header. */
static rd_kafka_headers_t *headers_of(const struct header *headers, size_t count)
{
	rd_kafka_headers_t *list = rd_kafka_headers_new(count);

	for (size_t index = 0; index < count; index++) {
		const struct header *header = &headers[index];

		rd_kafka_header_add(list, header->name, -1, header->value.size > 0 ? header->value.data : "",
				    (ssize_t)header->value.size);
	}
	return list;
}

/* The tags are written out: the RD_KAFKA_V_ macros need statement expressions, which are no C17. */
static rd_kafka_resp_err_t enqueue(struct bus_producer *producer, const struct topic *topic, int32_t part, struct str key,
				   struct str value, rd_kafka_headers_t *headers, struct report *report)
{
	void *key_data = key.size > 0 ? (void *)key.data : NULL;
	int64_t at_ms = bus_is_rehearsal() ? bus_now_ms() : 0; /* 0: librdkafka's own; a live topic's broker overwrites it */

	return rd_kafka_producev(producer->kafka.handle,                               //
				 RD_KAFKA_VTYPE_RKT, topic->handle,                    /* rd_kafka_topic_t * */
				 RD_KAFKA_VTYPE_PARTITION, part,                       /* int32_t */
				 RD_KAFKA_VTYPE_MSGFLAGS, RD_KAFKA_MSG_F_COPY,         /* int */
				 RD_KAFKA_VTYPE_KEY, key_data, key.size,               /* void *, size_t */
				 RD_KAFKA_VTYPE_VALUE, (void *)value.data, value.size, /* void *, size_t */
				 RD_KAFKA_VTYPE_TIMESTAMP, at_ms,                      /* int64_t */
				 RD_KAFKA_VTYPE_HEADERS, headers,                      /* rd_kafka_headers_t * */
				 RD_KAFKA_VTYPE_OPAQUE, (void *)report,                /* void * */
				 RD_KAFKA_VTYPE_END);
}

/* Hands the record to librdkafka, waiting for room while the queue is full. Takes the headers on success. */
static rd_kafka_resp_err_t enqueue_or_wait(struct bus_producer *producer, const struct topic *topic, int32_t part, struct str key,
					   struct str value, rd_kafka_headers_t *headers, struct report *report)
{
	rd_kafka_resp_err_t code = enqueue(producer, topic, part, key, value, headers, report);

	if (code != RD_KAFKA_RESP_ERR__QUEUE_FULL)
		return code;
	int64_t until_ms = clock_monotonic_ms() + producer->queue_wait_ms;
	while (code == RD_KAFKA_RESP_ERR__QUEUE_FULL && clock_monotonic_ms() < until_ms) {
		rd_kafka_poll(producer->kafka.handle, 10);
		code = enqueue(producer, topic, part, key, value, headers, report);
	}
	return code;
}

/* As librdkafka: the queue is full when no report is left, for each record in it may have one. */
static struct report *report_wait(struct bus_producer *producer, bus_done *done, void *done_arg)
{
	struct report *report = report_take(producer);
	int64_t until_ms = report == NULL ? clock_monotonic_ms() + producer->queue_wait_ms : 0;

	while (report == NULL && clock_monotonic_ms() < until_ms) {
		rd_kafka_poll(producer->kafka.handle, 10);
		report = report_take(producer);
	}
	if (report != NULL) {
		report->done = done;
		report->done_arg = done_arg;
	}
	return report;
}

static int part_choose(const struct topic *topic, int32_t part, struct str key, int32_t *ret_part, struct err *err)
{
	if (part < -1 || part >= topic->parts)
		return err_set(err, ERR_POISON, "%s has no partition %" PRId32, topic->name, part);
	if (part >= 0)
		*ret_part = part;
	else
		*ret_part = key.size > 0 ? bus_part_of(key, topic->spread) : RD_KAFKA_PARTITION_UA;
	return 0;
}

int bus_produce(struct bus_producer *producer, const char *topic, int32_t part, struct str key, struct str value,
		const struct header *headers, size_t headers_count, bus_done *done, void *done_arg, struct err *err)
{
	struct topic *found;
	struct report *report = NULL;
	rd_kafka_headers_t *list = NULL;
	rd_kafka_resp_err_t code;

	if (topic_find(producer, topic, &found, err) != 0)
		return -1;
	if (part_choose(found, part, key, &part, err) != 0)
		return -1;
	if (done != NULL && (report = report_wait(producer, done, done_arg)) == NULL)
		return kafka_err(err, RD_KAFKA_RESP_ERR__QUEUE_FULL, topic);
	list = headers_of(headers, headers_count);
	code = enqueue_or_wait(producer, found, part, key, value, list, report);
	if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
		producer->pending++;
		return 0;
	}
	if (report != NULL)
		report_give(producer, report);
	rd_kafka_headers_destroy(list);
	return kafka_err(err, code, topic);
}

void bus_producer_poll(struct bus_producer *producer, int timeout_ms)
{
	kafka_bell_quiet(&producer->bell);
	rd_kafka_poll(producer->kafka.handle, timeout_ms);
}

int bus_producer_fd(const struct bus_producer *producer)
{
	return producer->bell.fd;
}

int bus_producer_flush(struct bus_producer *producer, int timeout_ms, struct err *err)
{
	rd_kafka_resp_err_t code = rd_kafka_flush(producer->kafka.handle, timeout_ms);
	bool has_failed = producer->has_failed;

	if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
		return err_set(err, ERR_RETRY, "flush: %zu records are not delivered yet", producer->pending);
	producer->has_failed = false;
	if (has_failed)
		return err_set(err, ERR_RETRY, "flush: records were not delivered");
	return 0;
}

bool bus_producer_is_broken(const struct bus_producer *producer)
{
	return producer->kafka.is_broken || rd_kafka_fatal_error(producer->kafka.handle, NULL, 0) != RD_KAFKA_RESP_ERR_NO_ERROR;
}

int kafka_bootstrap(const struct bus_producer *producer, char *ret_bootstrap, size_t size, struct err *err)
{
	if (rd_kafka_conf_get(rd_kafka_conf(producer->kafka.handle), "bootstrap.servers", ret_bootstrap, &size) !=
	    RD_KAFKA_CONF_OK)
		return err_set(err, ERR_FATAL, "kafka: the bootstrap servers are too long a text");
	return 0;
}

size_t bus_producer_pending(const struct bus_producer *producer)
{
	return producer->pending;
}

uint64_t bus_producer_errors(const struct bus_producer *producer)
{
	return producer->kafka.errors;
}

int bus_producer_probe(const struct bus_producer *producer, int timeout_ms, struct err *err)
{
	const struct rd_kafka_metadata *metadata = NULL;
	rd_kafka_resp_err_t code = rd_kafka_metadata(producer->kafka.handle, 0, NULL, &metadata, timeout_ms);

	if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
		return kafka_unanswered(&producer->kafka, err, code, "probe");
	rd_kafka_metadata_destroy(metadata);
	return 0;
}
