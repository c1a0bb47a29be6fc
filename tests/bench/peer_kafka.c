#include "peer_kafka.h"

#include <signal.h>
#include <string.h>

#include "base/array.h"
#include "world.h"

#define FLUSH_MS 10000

struct setting {
	const char *name, *value;
};

/* As lib/TRAPS.md 8 advises where throughput is what counts. */
static const struct setting consumer_settings[] = {
	{ "group.id", "peer" },
	{ "enable.auto.commit", "false" },
	{ "enable.auto.offset.store", "false" },
	{ "isolation.level", "read_uncommitted" },
	{ "fetch.wait.max.ms", "100" },
	{ "fetch.message.max.bytes", "4194304" },
	{ "queued.min.messages", "1000000" },
	{ "queued.max.messages.kbytes", "1048576" },
	{ "socket.nagle.disable", "true" },
};
static const struct setting producer_settings[] = {
	{ "acks", "all" },
	{ "enable.idempotence", "true" },
	{ "linger.ms", "5" },
	{ "batch.num.messages", "10000" },
	{ "batch.size", "1000000" },
	{ "compression.type", "lz4" },
	{ "queue.buffering.max.messages", "500000" },
	{ "delivery.report.only.error", "true" },
	{ "socket.nagle.disable", "true" },
};

static volatile sig_atomic_t is_undelivered;

static void on_undelivered(rd_kafka_t *handle, const rd_kafka_message_t *message, void *opaque)
{
	(void)handle;
	(void)opaque;
	if (message->err)
		is_undelivered = 1;
}

static rd_kafka_t *open_one(const char *bootstrap, rd_kafka_type_t type, const struct setting *settings, size_t count,
			    struct err *err)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	rd_kafka_t *handle = NULL;
	char text[200];
	bool is_set = rd_kafka_conf_set(conf, "bootstrap.servers", bootstrap, text, sizeof(text)) == RD_KAFKA_CONF_OK;

	for (size_t i = 0; is_set && i < count; i++)
		is_set = rd_kafka_conf_set(conf, settings[i].name, settings[i].value, text, sizeof(text)) == RD_KAFKA_CONF_OK;
	if (is_set && type == RD_KAFKA_PRODUCER)
		rd_kafka_conf_set_dr_msg_cb(conf, on_undelivered);
	if (is_set)
		handle = rd_kafka_new(type, conf, text, sizeof(text));
	if (!handle) {
		rd_kafka_conf_destroy(conf);
		(void)err_set(err, ERR_FATAL, "kafka: %s", text);
	}
	return handle;
}

int peer_kafka_open(struct peer_kafka *kafka, const char *bootstrap, struct err *err)
{
	kafka->consumer = open_one(bootstrap, RD_KAFKA_CONSUMER, consumer_settings, COUNT(consumer_settings), err);
	if (!kafka->consumer)
		return -1;
	rd_kafka_poll_set_consumer(kafka->consumer);
	kafka->producer = open_one(bootstrap, RD_KAFKA_PRODUCER, producer_settings, COUNT(producer_settings), err);
	if (!kafka->producer)
		return -1;
	kafka->events = rd_kafka_topic_new(kafka->producer, PEER_EVENTS, NULL);
	return kafka->events ? 0 : err_set(err, ERR_FATAL, "kafka: no topic");
}

void peer_kafka_close(struct peer_kafka *kafka)
{
	if (kafka->events)
		rd_kafka_topic_destroy(kafka->events);
	if (kafka->producer)
		rd_kafka_destroy(kafka->producer);
	if (kafka->consumer)
		rd_kafka_destroy_flags(kafka->consumer, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
}

/* ---- commands ---- */

int peer_kafka_assign(struct peer_kafka *kafka, const int32_t *parts, const int64_t *offsets, size_t count, struct err *err)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)count);
	rd_kafka_resp_err_t code;

	for (size_t i = 0; i < count; i++)
		rd_kafka_topic_partition_list_add(list, PEER_COMMANDS, parts[i])->offset = offsets[i];
	code = rd_kafka_assign(kafka->consumer, list);
	rd_kafka_topic_partition_list_destroy(list);
	return code ? err_set(err, ERR_FATAL, "assign: %s", rd_kafka_err2str(code)) : 0;
}

int peer_kafka_next(struct peer_kafka *kafka, int timeout_ms, rd_kafka_message_t **ret_message, struct err *err)
{
	rd_kafka_message_t *message = rd_kafka_consumer_poll(kafka->consumer, timeout_ms);

	if (message && message->err) {
		(void)err_set(err, ERR_FATAL, "consume: %s", rd_kafka_message_errstr(message));
		rd_kafka_message_destroy(message);
		return -1;
	}
	*ret_message = message;
	return 0;
}

int peer_kafka_headers(const rd_kafka_message_t *message, struct uuid *ret_id, enum peer_kind *ret_kind, struct err *err)
{
	rd_kafka_headers_t *headers;
	const void *id;
	const void *kind;
	size_t id_size;
	size_t kind_size;

	if (rd_kafka_message_headers(message, &headers) || rd_kafka_header_get_last(headers, PEER_HEADER_ID, &id, &id_size) ||
	    id_size != sizeof(*ret_id) || rd_kafka_header_get_last(headers, PEER_HEADER_KIND, &kind, &kind_size) ||
	    kind_size != 1)
		return err_set(err, ERR_FATAL, "a command without its headers");
	memcpy(ret_id, id, sizeof(*ret_id));
	*ret_kind = (enum peer_kind)((const unsigned char *)kind)[0];
	return 0;
}

/* ---- events ---- */

int peer_kafka_send(struct peer_kafka *kafka, const rd_kafka_message_t *command, const struct uuid *id, enum peer_kind kind,
		    int64_t seq, const struct peer_event *event, struct err *err)
{
	const char kind_byte = (char)kind;
	rd_kafka_resp_err_t code;

	do {
		rd_kafka_headers_t *headers = rd_kafka_headers_new(3);

		rd_kafka_header_add(headers, PEER_HEADER_ID, -1, id, sizeof(*id));
		rd_kafka_header_add(headers, PEER_HEADER_KIND, -1, &kind_byte, 1);
		rd_kafka_header_add(headers, PEER_HEADER_SEQ, -1, &seq, sizeof(seq));
		code = rd_kafka_producev(kafka->producer, RD_KAFKA_V_RKT(kafka->events), RD_KAFKA_V_PARTITION(command->partition),
					 RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_KEY(command->key, command->key_len),
					 RD_KAFKA_V_VALUE((void *)event, sizeof(*event)), RD_KAFKA_V_HEADERS(headers),
					 RD_KAFKA_V_END);
		if (code)
			rd_kafka_headers_destroy(headers);
		if (code == RD_KAFKA_RESP_ERR__QUEUE_FULL)
			rd_kafka_poll(kafka->producer, 10);
	} while (code == RD_KAFKA_RESP_ERR__QUEUE_FULL);
	return code ? err_set(err, ERR_FATAL, "produce: %s", rd_kafka_err2str(code)) : 0;
}

int peer_kafka_poll(struct peer_kafka *kafka, struct err *err)
{
	rd_kafka_poll(kafka->producer, 0);
	return is_undelivered ? err_set(err, ERR_FATAL, "an event was not delivered") : 0;
}

int peer_kafka_flush(struct peer_kafka *kafka, struct err *err)
{
	return rd_kafka_flush(kafka->producer, FLUSH_MS) ? err_set(err, ERR_FATAL, "events are not delivered")
							 : peer_kafka_poll(kafka, err);
}
