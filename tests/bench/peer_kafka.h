#ifndef TESTS_PEER_KAFKA_H
#define TESTS_PEER_KAFKA_H

#include <librdkafka/rdkafka.h>
#include <stdint.h>

#include "base/err.h"
#include "peer_message.h"

/* The peer's Kafka: librdkafka and nothing between. A partition is read from an offset that the caller has, in no group. */
struct peer_kafka {
	rd_kafka_t *consumer, *producer;
	rd_kafka_topic_t *events;
};

MUST_CHECK int peer_kafka_open(struct peer_kafka *kafka, const char *bootstrap, struct err *err);
void peer_kafka_close(struct peer_kafka *kafka);

MUST_CHECK int peer_kafka_assign(struct peer_kafka *kafka, const int32_t *parts, const int64_t *offsets, size_t count,
				 struct err *err);
/* The next record, *ret_message NULL: none within the time. The caller destroys it. */
MUST_CHECK int peer_kafka_next(struct peer_kafka *kafka, int timeout_ms, rd_kafka_message_t **ret_message, struct err *err);
MUST_CHECK int peer_kafka_headers(const rd_kafka_message_t *message, struct uuid *ret_id, enum peer_kind *ret_kind,
				  struct err *err);

/* An event, under its command's key in its command's partition. */
MUST_CHECK int peer_kafka_send(struct peer_kafka *kafka, const rd_kafka_message_t *command, const struct uuid *id,
			       enum peer_kind kind, int64_t seq, const struct peer_event *event, struct err *err);
/* Fails when an event could not be delivered. */
MUST_CHECK int peer_kafka_poll(struct peer_kafka *kafka, struct err *err);
MUST_CHECK int peer_kafka_flush(struct peer_kafka *kafka, struct err *err);

#endif
