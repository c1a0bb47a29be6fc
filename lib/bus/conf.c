/* Settings of librdkafka that all our handles share, and its errors in our three kinds. */

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/array.h"
#include "base/day.h"
#include "base/log.h"
#include "bus/kafka.h"

/* lib/TRAPS.md 1 and 8 say why each is not the default. */
static const struct kafka_setting settings_common[] = {
	{ "socket.nagle.disable", "true" },      { "socket.keepalive.enable", "true" },
	{ "log.connection.close", "false" },     { "log.queue", "true" }, /* log lines come in our thread, out of our poll */
	{ "allow.auto.create.topics", "false" }, { "reconnect.backoff.ms", "100" },
	{ "reconnect.backoff.max.ms", "2000" },  { "topic.metadata.refresh.interval.ms", "30000" },
	{ "statistics.interval.ms", "0" },
};

#define CLIENT_ID_MAX 63
#define ASK_FIRST_MS  200
#define ASK_AWAY_MS   800
_Static_assert(KAFKA_AWAY_MS == 7 * ASK_FIRST_MS, "200 + 400 + 800");

enum err_kind kafka_err_kind(rd_kafka_resp_err_t code)
{
	switch ((int)code) { /* int: our list is not meant to name every code */
	case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
	case RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE:
	case RD_KAFKA_RESP_ERR_INVALID_RECORD:
	case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
	case RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION: /* a name that no topic can have */
	case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
	case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
	case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
	case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
	case RD_KAFKA_RESP_ERR__BAD_MSG: /* its checksum is wrong: what comes next stands behind it */
	case RD_KAFKA_RESP_ERR__BAD_COMPRESSION:
		return ERR_POISON;
	case RD_KAFKA_RESP_ERR__INVALID_ARG:
	case RD_KAFKA_RESP_ERR__CRIT_SYS_RESOURCE:
	case RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE:
	case RD_KAFKA_RESP_ERR_UNSUPPORTED_VERSION:
	case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
	case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
	case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
	case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
	case RD_KAFKA_RESP_ERR_INVALID_PARTITIONS:
	case RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR:
	case RD_KAFKA_RESP_ERR_INVALID_CONFIG:
	case RD_KAFKA_RESP_ERR_POLICY_VIOLATION:
		return ERR_FATAL;
	default:
		/* A fatal error of a producer too: the process can go on with a new one. */
		return ERR_RETRY;
	}
}

void kafka_trouble(struct kafka *kafka, rd_kafka_resp_err_t code, const char *text)
{
	kafka->errors++;
	if (kafka->is_troubled)
		return;
	kafka->is_troubled = true;
	log_warn("kafka=%s code=%s text=\"%s\" next=\"librdkafka tries again\"", rd_kafka_name(kafka->handle),
		 rd_kafka_err2name(code), text);
}

static void on_error(rd_kafka_t *handle, int code, const char *reason, void *opaque)
{
	struct kafka *kafka = opaque;
	char text[200];

	if (code != RD_KAFKA_RESP_ERR__FATAL) {
		kafka_trouble(kafka, (rd_kafka_resp_err_t)code, reason);
		return;
	}
	kafka->errors++;
	kafka->is_broken = true;
	rd_kafka_resp_err_t cause = rd_kafka_fatal_error(handle, text, sizeof(text));
	log_warn("kafka=%s code=%s text=\"%s\" next=\"a new handle is needed\"", rd_kafka_name(handle), rd_kafka_err2name(cause),
		 text);
}

/* What on_error tells too, or what we decided on purpose: shown to those who debug. */
static bool is_old_news(const char *facility)
{
	static const char *const facilities[] = { "FAIL", "ERROR", "CONFWARN", "AUTOCREATE", "FATAL", "GETPID" };

	for (size_t index = 0; index < COUNT(facilities); index++)
		if (strcmp(facility, facilities[index]) == 0)
			return true;
	return false;
}

static void on_log(const rd_kafka_t *handle, int level, const char *facility, const char *text)
{
	if (level <= 4 && !is_old_news(facility))
		log_warn("kafka=%s facility=%s text=\"%s\" next=\"librdkafka goes on\"", rd_kafka_name(handle), facility, text);
	else
		log_debug("kafka=%s facility=%s text=\"%s\"", rd_kafka_name(handle), facility, text);
}

static int set_all(rd_kafka_conf_t *kafka_conf, const struct kafka_setting *settings, size_t count, struct err *err)
{
	char text[160];

	for (size_t index = 0; index < count; index++) {
		const struct kafka_setting *setting = &settings[index];

		if (rd_kafka_conf_set(kafka_conf, setting->name, setting->value, text, sizeof(text)) != RD_KAFKA_CONF_OK)
			return err_set(err, ERR_FATAL, "kafka setting: %s", text);
	}
	return 0;
}

int kafka_configure(const struct bus_conf *conf, struct kafka *kafka, const struct kafka_setting *settings, size_t count,
		    rd_kafka_conf_t **ret_kafka_conf, struct err *err)
{
	rd_kafka_conf_t *kafka_conf = NULL;

	MUST(conf != NULL);
	if (conf->bootstrap == NULL || conf->bootstrap[0] == '\0')
		return err_set(err, ERR_FATAL, "kafka: no bootstrap servers given");
	if (conf->client_id == NULL || strlen(conf->client_id) > CLIENT_ID_MAX)
		return err_set(err, ERR_FATAL, "kafka: client id missing or longer than %d bytes", CLIENT_ID_MAX);
	const struct kafka_setting names[] = {
		{ "bootstrap.servers", conf->bootstrap },
		{ "client.id", conf->client_id },
	};

	kafka_conf = rd_kafka_conf_new();
	if (set_all(kafka_conf, settings_common, COUNT(settings_common), err) != 0)
		goto out;
	if (set_all(kafka_conf, names, COUNT(names), err) != 0)
		goto out;
	if (set_all(kafka_conf, settings, count, err) != 0)
		goto out;
	(void)snprintf(kafka->bootstrap, sizeof(kafka->bootstrap), "%s", conf->bootstrap);
	rd_kafka_conf_set_opaque(kafka_conf, kafka);
	rd_kafka_conf_set_error_cb(kafka_conf, on_error);
	rd_kafka_conf_set_log_cb(kafka_conf, on_log);
	*ret_kafka_conf = kafka_conf;
	return 0;
out:
	rd_kafka_conf_destroy(kafka_conf);
	return -1;
}

int kafka_open(struct kafka *kafka, rd_kafka_type_t type, rd_kafka_conf_t *kafka_conf, struct err *err)
{
	char text[160];

	kafka->handle = rd_kafka_new(type, kafka_conf, text, sizeof(text));
	if (kafka->handle == NULL) {
		rd_kafka_conf_destroy(kafka_conf);
		return err_set(err, ERR_FATAL, "kafka: %s", text);
	}
	rd_kafka_set_log_queue(kafka->handle, NULL);
	return 0;
}

/* ---- bells ---- */

int kafka_bell_open(struct kafka_bell *bell, rd_kafka_queue_t *queue, struct err *err)
{
	const uint64_t one = 1;

	bell->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (bell->fd < 0)
		return err_set(err, ERR_FATAL, "kafka: eventfd: %s", strerror(errno));
	rd_kafka_queue_io_event_enable(queue, bell->fd, &one, sizeof(one));
	return 0;
}

void kafka_bell_quiet(const struct kafka_bell *bell)
{
	uint64_t count;

	(void)!read(bell->fd, &count, sizeof(count));
}

void kafka_bell_close(struct kafka_bell *bell)
{
	if (bell->fd >= 0)
		(void)close(bell->fd);
	bell->fd = -1;
}

/* ---- the end ---- */

static void *destroy(void *arg)
{
	struct kafka *kafka = arg;

	rd_kafka_destroy_flags(kafka->handle, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
	sem_post(&kafka->is_gone);
	return NULL;
}

static bool wait_gone(sem_t *is_gone, int64_t deadline_ms)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until); /* the clock of sem_timedwait */
	until.tv_sec += (time_t)(deadline_ms / 1000);
	until.tv_nsec += (long)(deadline_ms % 1000) * 1000000L;
	if (until.tv_nsec >= 1000000000L) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000L;
	}
	while (sem_timedwait(is_gone, &until) != 0)
		if (errno != EINTR)
			return false;
	return true;
}

bool kafka_destroy(struct kafka *kafka, int64_t deadline_ms)
{
	pthread_t thread;

	if (kafka->handle == NULL)
		return true;
	sem_init(&kafka->is_gone, 0, 0);
	if (pthread_create(&thread, NULL, destroy, kafka) != 0)
		return false;
	pthread_detach(thread);
	if (!wait_gone(&kafka->is_gone, deadline_ms)) {
		log_warn("kafka=closing text=\"librdkafka did not end in %" PRId64 " ms\" next=\"left behind\"", deadline_ms);
		return false;
	}
	sem_destroy(&kafka->is_gone);
	kafka->handle = NULL;
	return true;
}

/* ---- questions to the broker ---- */

static int parts_of(const struct rd_kafka_metadata *metadata, const char *topic, int32_t *ret_count, struct err *err)
{
	if (metadata->topic_cnt != 1) /* a proxy may leave out what it does not know */
		return kafka_err(err, RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE, topic);
	const struct rd_kafka_metadata_topic *found = &metadata->topics[0];

	if (found->err == RD_KAFKA_RESP_ERR_NO_ERROR && found->partition_cnt > 0) {
		*ret_count = found->partition_cnt;
		return 0;
	}
	return kafka_err(err, found->err != RD_KAFKA_RESP_ERR_NO_ERROR ? found->err : RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE,
			 topic);
}

/*
 * A question is put again, with more patience each time, until it is answered or its time is over. Where connections fail three
 * times are enough: 200, 400, 800 ms. (Less would say little: the name of a broker that listens on one of its two addresses
 * only.)
 */
struct question {
	struct kafka *kafka;
	int64_t until_ms;
	int patience_ms;
};

static struct question question_begin(struct kafka *kafka, int timeout_ms)
{
	return (struct question){ .kafka = kafka, .until_ms = clock_monotonic_ms() + timeout_ms, .patience_ms = ASK_FIRST_MS };
}

static int question_patience(const struct question *question)
{
	int64_t left_ms = question->until_ms - clock_monotonic_ms();

	return left_ms < 0 ? 0 : left_ms < question->patience_ms ? (int)left_ms : question->patience_ms;
}

/* After an answer, or none. */
static bool question_is_put_again(struct question *question, rd_kafka_resp_err_t code)
{
	bool is_enough = question->kafka->is_troubled && question->patience_ms >= ASK_AWAY_MS;

	if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
		kafka_worked(question->kafka);
		return false;
	}
	if (code != RD_KAFKA_RESP_ERR__TIMED_OUT && code != RD_KAFKA_RESP_ERR__TRANSPORT &&
	    code != RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN)
		return false;
	/* A lost connection is answered at once, and not worth a question at once. */
	rd_kafka_poll(question->kafka->handle, code == RD_KAFKA_RESP_ERR__TIMED_OUT ? 0 : question->patience_ms);
	question->patience_ms = question->patience_ms < KAFKA_WAIT_MS ? 2 * question->patience_ms : KAFKA_WAIT_MS;
	return clock_monotonic_ms() < question->until_ms && !is_enough;
}

int kafka_unanswered(const struct kafka *kafka, struct err *err, rd_kafka_resp_err_t code, const char *what)
{
	switch ((int)code) {
	case RD_KAFKA_RESP_ERR__TRANSPORT:
	case RD_KAFKA_RESP_ERR__TIMED_OUT:
	case RD_KAFKA_RESP_ERR__RESOLVE:
	case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
		return err_set(err, kafka_err_kind(code), "%s: no answer from Kafka at %s (DCS_KAFKA_BOOTSTRAP): %s", what,
			       kafka->bootstrap, rd_kafka_err2str(code));
	default:
		return kafka_err(err, code, what);
	}
}

int kafka_parts(struct kafka *kafka, const char *topic, int32_t *ret_count, struct err *err)
{
	struct question question = question_begin(kafka, KAFKA_WAIT_MS);
	const struct rd_kafka_metadata *metadata = NULL;
	rd_kafka_topic_t *handle = NULL;
	rd_kafka_resp_err_t code;
	int result = -1;

	handle = rd_kafka_topic_new(kafka->handle, topic, NULL);
	if (handle == NULL)
		return kafka_err(err, rd_kafka_last_error(), topic);
	do {
		code = rd_kafka_metadata(kafka->handle, 0, handle, &metadata, question_patience(&question));
	} while (question_is_put_again(&question, code));
	if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
		result = parts_of(metadata, topic, ret_count, err);
	else
		kafka_unanswered(kafka, err, code, topic);
	if (metadata != NULL)
		rd_kafka_metadata_destroy(metadata);
	rd_kafka_topic_destroy(handle);
	return result;
}

/* The offsets that the broker finds for RD_KAFKA_OFFSET_BEGINNING or _END. (rd_kafka_query_watermark_offsets would tell both at
 * once, and wait for a broker that is away for as long as it is away: lib/TRAPS.md R10.) */
static rd_kafka_resp_err_t look_up(struct kafka *kafka, const struct kafka_range *range, int64_t which, int timeout_ms,
				   int64_t *ret_offsets)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(range->count);
	rd_kafka_resp_err_t code;

	for (int32_t index = 0; index < range->count; index++)
		rd_kafka_topic_partition_list_add(list, range->topic, range->first + index)->offset = which;
	code = rd_kafka_offsets_for_times(kafka->handle, list, timeout_ms);
	for (int32_t index = 0; index < range->count && code == RD_KAFKA_RESP_ERR_NO_ERROR; index++) {
		const rd_kafka_topic_partition_t *place =
			rd_kafka_topic_partition_list_find(list, range->topic, range->first + index);

		MUST(place != NULL);
		code = place->err;
		ret_offsets[index] = place->offset;
	}
	rd_kafka_topic_partition_list_destroy(list);
	return code;
}

static rd_kafka_resp_err_t ask_offsets(struct kafka *kafka, const struct kafka_range *range, int64_t which, int timeout_ms,
				       int64_t *ret_offsets)
{
	struct question question = question_begin(kafka, timeout_ms);
	rd_kafka_resp_err_t code;

	do {
		code = look_up(kafka, range, which, question_patience(&question), ret_offsets);
	} while (question_is_put_again(&question, code));
	return code;
}

int kafka_bounds(struct kafka *kafka, const struct kafka_range *range, int timeout_ms, int64_t *ret_lows, int64_t *ret_highs,
		 struct err *err)
{
	rd_kafka_resp_err_t code = ask_offsets(kafka, range, RD_KAFKA_OFFSET_BEGINNING, timeout_ms, ret_lows);

	if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
		code = ask_offsets(kafka, range, RD_KAFKA_OFFSET_END, timeout_ms, ret_highs);
	return code == RD_KAFKA_RESP_ERR_NO_ERROR ? 0 : kafka_unanswered(kafka, err, code, range->topic);
}
