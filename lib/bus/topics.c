/* Making topics, and refusing to use those that are not as they must be. */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/day.h"
#include "bus/kafka.h"

#define TOPICS_MAX 64

struct topics {
	struct kafka kafka; /* first: the opaque of the callbacks */
	rd_kafka_queue_t *queue;
	rd_kafka_AdminOptions_t *options;
};

static int admin_open(struct topics *topics, const struct bus_conf *conf, struct err *err)
{
	char text[160];
	rd_kafka_conf_t *kafka_conf = NULL;

	if (kafka_configure(conf, &topics->kafka, NULL, 0, &kafka_conf, err) != 0)
		return -1;
	if (kafka_open(&topics->kafka, RD_KAFKA_PRODUCER, kafka_conf, err) != 0)
		return -1;
	topics->queue = rd_kafka_queue_new(topics->kafka.handle);
	topics->options = rd_kafka_AdminOptions_new(topics->kafka.handle, RD_KAFKA_ADMIN_OP_ANY);
	if (rd_kafka_AdminOptions_set_request_timeout(topics->options, 2 * KAFKA_WAIT_MS, text, sizeof(text)) !=
	    RD_KAFKA_RESP_ERR_NO_ERROR)
		return err_set(err, ERR_FATAL, "kafka: %s", text);
	return 0;
}

static void admin_close(struct topics *topics)
{
	if (topics->options != NULL)
		rd_kafka_AdminOptions_destroy(topics->options);
	if (topics->queue != NULL)
		rd_kafka_queue_destroy(topics->queue);
	if (kafka_destroy(&topics->kafka, KAFKA_WAIT_MS))
		free(topics);
}

/* "now" of every rule: the broker's, which nobody can forge; in a rehearsal the last Tick's, as producers stamp it. */
static const char *timestamps(void)
{
	return bus_is_rehearsal() ? "CreateTime" : "LogAppendTime";
}

/* ---- create ---- */

static int set(rd_kafka_NewTopic_t *new_topic, const struct kafka_setting *setting, struct err *err)
{
	rd_kafka_resp_err_t code = rd_kafka_NewTopic_set_config(new_topic, setting->name, setting->value);

	return code == RD_KAFKA_RESP_ERR_NO_ERROR ? 0 : kafka_err(err, code, setting->name);
}

static int configure(rd_kafka_NewTopic_t *new_topic, const struct bus_topic *topic, struct err *err)
{
	char retention[24];
	char message_bytes[24];

	snprintf(retention, sizeof(retention), "%" PRId64, topic->retention_ms);
	snprintf(message_bytes, sizeof(message_bytes), "%" PRId64, topic->message_bytes_max);
	const struct kafka_setting settings[] = {
		{ "message.timestamp.type", timestamps() },
		{ "cleanup.policy", "delete" },
		{ "retention.ms", retention },
		{ "max.message.bytes", message_bytes },
		{ "min.insync.replicas", topic->replication >= 3 ? "2" : "1" },
		{ "unclean.leader.election.enable", "false" }, /* lib/TRAPS.md R11 */
		{ "compression.type", "producer" },
	};

	/* Of a rehearsal: its year may be any. (Kafka below 3.6 has no such limit, and no such setting.) */
	const struct kafka_setting any_time = { "message.timestamp.after.max.ms", "9223372036854775807" };

	for (size_t index = 0; index < COUNT(settings); index++)
		if (set(new_topic, &settings[index], err) != 0)
			return -1;
	return bus_is_rehearsal() ? set(new_topic, &any_time, err) : 0;
}

static rd_kafka_NewTopic_t *describe(const struct bus_topic *topic, struct err *err)
{
	char text[160];
	rd_kafka_NewTopic_t *new_topic = rd_kafka_NewTopic_new(topic->name, topic->parts, topic->replication, text, sizeof(text));

	if (new_topic == NULL) {
		err_set(err, ERR_FATAL, "%s: %s", topic->name, text);
	} else if (configure(new_topic, topic, err) != 0) {
		rd_kafka_NewTopic_destroy(new_topic);
		new_topic = NULL;
	}
	return new_topic;
}

/* One answer: -1, or 0 with *ret_created. Somebody else may have been faster. */
static int hear_created(const struct kafka *kafka, rd_kafka_event_t *event, bool *ret_created, struct err *err)
{
	size_t count;

	if (rd_kafka_event_error(event) != RD_KAFKA_RESP_ERR_NO_ERROR)
		return kafka_unanswered(kafka, err, rd_kafka_event_error(event), "create topic");
	const rd_kafka_topic_result_t **results =
		rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &count);
	MUST(count == 1);
	rd_kafka_resp_err_t code = rd_kafka_topic_result_error(results[0]);
	if (code != RD_KAFKA_RESP_ERR_NO_ERROR && code != RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS)
		return err_set(err, kafka_err_kind(code), "create topic %s: %s", rd_kafka_topic_result_name(results[0]),
			       rd_kafka_topic_result_error_string(results[0]));
	*ret_created = code == RD_KAFKA_RESP_ERR_NO_ERROR;
	return 0;
}

static int create(struct topics *topics, const struct bus_topic *topic, bool *ret_created, struct err *err)
{
	rd_kafka_NewTopic_t *new_topic = NULL;
	rd_kafka_event_t *event = NULL;
	int result = -1;

	new_topic = describe(topic, err);
	if (new_topic == NULL)
		return -1;
	rd_kafka_CreateTopics(topics->kafka.handle, &new_topic, 1, topics->options, topics->queue);
	event = rd_kafka_queue_poll(topics->queue, 3 * KAFKA_WAIT_MS);
	if (event == NULL)
		err_set(err, ERR_RETRY, "create topic %s: no answer", topic->name);
	else
		result = hear_created(&topics->kafka, event, ret_created, err);
	rd_kafka_event_destroy(event);
	rd_kafka_NewTopic_destroy(new_topic);
	return result;
}

/* ---- check what is there ---- */

static int check_timestamps(const struct kafka *kafka, rd_kafka_event_t *event, const char *name, struct err *err)
{
	size_t count;

	if (rd_kafka_event_error(event) != RD_KAFKA_RESP_ERR_NO_ERROR)
		return kafka_unanswered(kafka, err, rd_kafka_event_error(event), name);
	const rd_kafka_ConfigResource_t **resources =
		rd_kafka_DescribeConfigs_result_resources(rd_kafka_event_DescribeConfigs_result(event), &count);
	MUST(count == 1);
	if (rd_kafka_ConfigResource_error(resources[0]) != RD_KAFKA_RESP_ERR_NO_ERROR)
		return kafka_err(err, rd_kafka_ConfigResource_error(resources[0]), name);
	const rd_kafka_ConfigEntry_t **entries = rd_kafka_ConfigResource_configs(resources[0], &count);
	for (size_t index = 0; index < count; index++) {
		const char *value = rd_kafka_ConfigEntry_value(entries[index]);

		if (strcmp(rd_kafka_ConfigEntry_name(entries[index]), "message.timestamp.type") == 0 && value != NULL &&
		    strcmp(value, timestamps()) == 0)
			return 0;
	}
	return err_set(err, ERR_FATAL, "topic %s exists with message.timestamp.type other than %s, so it is of a %s", name,
		       timestamps(), bus_is_rehearsal() ? "live stack" : "rehearsal, or of nobody");
}

static int check_existing(struct topics *topics, const char *name, struct err *err)
{
	rd_kafka_ConfigResource_t *resource = NULL;
	rd_kafka_event_t *event = NULL;
	int result = -1;

	resource = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, name);
	rd_kafka_DescribeConfigs(topics->kafka.handle, &resource, 1, topics->options, topics->queue);
	event = rd_kafka_queue_poll(topics->queue, 3 * KAFKA_WAIT_MS);
	if (event == NULL)
		err_set(err, ERR_RETRY, "describe topic %s: no answer", name);
	else
		result = check_timestamps(&topics->kafka, event, name, err);
	rd_kafka_event_destroy(event);
	rd_kafka_ConfigResource_destroy(resource);
	return result;
}

/* A topic just made is shown by the broker a moment later; the question itself is what we wait with. */
static int wait_shown(struct topics *topics, const char *name, int32_t *ret_parts, struct err *err)
{
	int64_t until_ms = clock_monotonic_ms() + 2 * KAFKA_WAIT_MS;
	struct err last = ERR_INIT;

	do {
		if (kafka_parts(&topics->kafka, name, ret_parts, &last) == 0)
			return 0;
		rd_kafka_poll(topics->kafka.handle, 50);
	} while (clock_monotonic_ms() < until_ms);
	return err_set(err, ERR_RETRY, "topic %s was made and is not shown: %s", name, last.text);
}

static int make(struct topics *topics, const struct bus_topic *topic, bool *ret_created, struct err *err)
{
	int32_t parts;
	struct err unknown = ERR_INIT;

	*ret_created = false;
	if (kafka_parts(&topics->kafka, topic->name, &parts, &unknown) != 0) {
		if (unknown.kind != ERR_POISON)
			return err_set(err, unknown.kind, "%s", unknown.text);
		if (create(topics, topic, ret_created, err) != 0)
			return -1;
		if (wait_shown(topics, topic->name, &parts, err) != 0)
			return -1;
	}
	if (parts != topic->parts)
		return err_set(err, ERR_FATAL, "topic %s has %" PRId32 " partitions, not %" PRId32, topic->name, parts,
			       topic->parts);
	return *ret_created ? 0 : check_existing(topics, topic->name, err);
}

int bus_topics_create(const struct bus_conf *conf, const struct bus_topic *topics, size_t count, int *ret_created,
		      struct err *err)
{
	struct topics *self = NULL;
	int created = 0;
	int result = -1;

	self = calloc(1, sizeof(*self)); // tidy: calloc, not the stack: librdkafka may outlive us, see kafka_destroy
	if (self == NULL)
		return err_set(err, ERR_FATAL, "kafka topics: no memory");
	if (admin_open(self, conf, err) != 0)
		goto out;
	for (size_t index = 0; index < count; index++) {
		bool is_new;

		if (make(self, &topics[index], &is_new, err) != 0)
			goto out;
		created += is_new ? 1 : 0;
	}
	*ret_created = created;
	result = 0;
out:
	admin_close(self);
	return result;
}
