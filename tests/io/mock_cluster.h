#ifndef TESTS_IO_MOCK_CLUSTER_H
#define TESTS_IO_MOCK_CLUSTER_H

#include <stdint.h>
#include <stdlib.h>

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

/*
 * librdkafka's in-process mock cluster: a broker in memory that can be told to fail. For scripted errors only: it keeps 5 MiB per
 * partition, and makes a topic that it is asked for (lib/TRAPS.md 2). The only file that includes <rdkafka_mock.h>, whose interface
 * is not promised to stay.
 */
struct mock_cluster {
	rd_kafka_t *handle; /* its home; produces nothing */
	rd_kafka_mock_cluster_t *cluster;
};

/* Kafka's numbers for the requests that tests let fail. */
enum mock_request { MOCK_PRODUCE = 0, MOCK_METADATA = 3 };

static inline void mock_cluster_start(struct mock_cluster *mock)
{
	char text[200];

	mock->handle = rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), text, sizeof(text));
	mock->cluster = mock->handle != NULL ? rd_kafka_mock_cluster_new(mock->handle, 1) : NULL;
	if (mock->cluster == NULL)
		abort();
}

static inline void mock_cluster_stop(struct mock_cluster *mock)
{
	rd_kafka_mock_cluster_destroy(mock->cluster);
	rd_kafka_destroy(mock->handle);
}

static inline const char *mock_cluster_bootstrap(const struct mock_cluster *mock)
{
	return rd_kafka_mock_cluster_bootstraps(mock->cluster);
}

static inline void mock_cluster_topic(const struct mock_cluster *mock, const char *topic, int parts)
{
	if (rd_kafka_mock_topic_create(mock->cluster, topic, parts, 1) != RD_KAFKA_RESP_ERR_NO_ERROR)
		abort();
}

/* The topic answers as one that does not exist. */
static inline void mock_cluster_lose_topic(const struct mock_cluster *mock, const char *topic)
{
	rd_kafka_mock_topic_set_error(mock->cluster, topic, RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
}

/* It is there again, as it was. */
static inline void mock_cluster_find_topic(const struct mock_cluster *mock, const char *topic)
{
	rd_kafka_mock_topic_set_error(mock->cluster, topic, RD_KAFKA_RESP_ERR_NO_ERROR);
}

static inline void mock_cluster_broker_down(const struct mock_cluster *mock)
{
	rd_kafka_mock_broker_set_down(mock->cluster, 1);
}

static inline void mock_cluster_broker_up(const struct mock_cluster *mock)
{
	rd_kafka_mock_broker_set_up(mock->cluster, 1);
}

/* The next `count` requests of this kind (at most 8) are answered with the error, or for __TRANSPORT with a lost connection. */
static inline void mock_cluster_fail(const struct mock_cluster *mock, enum mock_request request, int code, size_t count)
{
	rd_kafka_resp_err_t codes[8];

	if (count > 8)
		abort();
	for (size_t index = 0; index < count; index++)
		codes[index] = (rd_kafka_resp_err_t)code;
	rd_kafka_mock_push_request_errors_array(mock->cluster, (int16_t)request, count, codes);
}

#define MOCK_CONNECTION_LOST   RD_KAFKA_RESP_ERR__TRANSPORT
#define MOCK_INVALID_RECORD    RD_KAFKA_RESP_ERR_INVALID_RECORD
#define MOCK_NOT_ENOUGH_SYNCED RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS

#endif
