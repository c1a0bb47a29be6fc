/*
 * The broker's time, as far as this process has heard of it: in the delivery reports of its producers. In a rehearsal the last
 * Tick's: in the records that it reads.
 */

#include <pthread.h>

#include "base/day.h"
#include "bus/kafka.h"

/* A report comes late, never early: the one that puts the broker furthest ahead of us is the truest. But not for ever, or a
 * broker's clock that was set back were never believed. */
#define TRUEST_FOR_MS 10000

/* No broker's clock stands before 2020; librdkafka's mock cluster says 1234 (lib/TRAPS.md M6). */
#define BELIEVED_FROM_MS INT64_C(1577836800000)
#define BELIEVED_TILL_MS INT64_C(253370764800000) /* nor beyond 9998: dates of the day after must exist */

#define BOOTSTRAP_SIZE 4096

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static bool is_known;       /* the broker's */
static bool is_other_known; /* and that of somebody else: it counts as long as the broker's is not known */
static int64_t ahead_ms;    /* of that clock before our monotonic one: nobody sets that */
static int64_t noted_at_ms; /* monotonic */

/* ---- a rehearsal ---- */

static bool is_rehearsal;    /* set before there are other threads */
static int64_t rehearsed_ms; /* the latest time that was told; 0: none yet */

void bus_rehearse(void)
{
	is_rehearsal = true;
}

bool bus_is_rehearsal(void)
{
	return is_rehearsal;
}

static void note_rehearsed(int64_t at_ms)
{
	MUST(pthread_mutex_lock(&mutex) == 0);
	if (at_ms > rehearsed_ms && at_ms >= BELIEVED_FROM_MS && at_ms <= BELIEVED_TILL_MS)
		rehearsed_ms = at_ms;
	MUST(pthread_mutex_unlock(&mutex) == 0);
}

void kafka_note_read(const rd_kafka_message_t *message)
{
	rd_kafka_timestamp_type_t type;
	int64_t at_ms;

	if (!is_rehearsal)
		return; /* the broker's time when it was written, perhaps long ago */
	at_ms = rd_kafka_message_timestamp(message, &type);
	if (type == RD_KAFKA_TIMESTAMP_CREATE_TIME)
		note_rehearsed(at_ms);
}

/* The last record of BUS_TIME_TOPIC: reading notes its time. */
static int read_time(const struct bus_conf *conf, int timeout_ms, struct err *err)
{
	struct bus_reader *reader = NULL;
	struct bus_record record = { .message = NULL };
	int64_t low, high;
	bool found = false;
	int result = -1;

	if (bus_reader_open(conf, BUS_TIME_TOPIC, &reader, err) != 0)
		return -1;
	if (bus_reader_bounds(reader, 0, &low, &high, timeout_ms, err) != 0)
		goto out;
	if (high > low &&
	    (bus_reader_seek(reader, 0, high - 1, err) != 0 || bus_reader_next(reader, timeout_ms, &found, &record, err) != 0))
		goto out;
	bus_record_release(&record);
	result =
		found && bus_knows_time() ? 0 : err_set(err, ERR_RETRY, "the rehearsal has not begun: no Tick has told its time");
out:
	bus_reader_close(reader);
	return result;
}

/* ---- a live stack ---- */

void kafka_note_time(const rd_kafka_message_t *message)
{
	rd_kafka_timestamp_type_t type;
	int64_t at_ms = rd_kafka_message_timestamp(message, &type);
	int64_t now_ms = clock_monotonic_ms();

	/* A time that the producer gave itself says nothing: topics of a rehearsal. */
	if (type != RD_KAFKA_TIMESTAMP_LOG_APPEND_TIME || at_ms < BELIEVED_FROM_MS || at_ms > BELIEVED_TILL_MS)
		return;
	MUST(pthread_mutex_lock(&mutex) == 0);
	if (!is_known || at_ms - now_ms > ahead_ms || now_ms - noted_at_ms > TRUEST_FOR_MS) {
		is_known = true;
		ahead_ms = at_ms - now_ms;
		noted_at_ms = now_ms;
	}
	MUST(pthread_mutex_unlock(&mutex) == 0);
}

bool bus_skew_ms(int64_t *ret_skew_ms)
{
	bool was_known;

	MUST(pthread_mutex_lock(&mutex) == 0);
	was_known = is_known;
	if (is_known)
		*ret_skew_ms = clock_monotonic_ms() + ahead_ms - clock_now_ms();
	MUST(pthread_mutex_unlock(&mutex) == 0);
	return was_known;
}

void bus_note_clock(int64_t at_ms)
{
	if (is_rehearsal) {
		note_rehearsed(at_ms);
		return;
	}
	MUST(pthread_mutex_lock(&mutex) == 0);
	if (!is_known) {
		is_other_known = true;
		ahead_ms = at_ms - clock_monotonic_ms();
	}
	MUST(pthread_mutex_unlock(&mutex) == 0);
}

/* False: *ret_now_ms is not touched. */
static bool common_time(int64_t *ret_now_ms)
{
	bool was_known;

	MUST(pthread_mutex_lock(&mutex) == 0);
	was_known = is_rehearsal ? rehearsed_ms > 0 : is_known || is_other_known;
	if (was_known)
		*ret_now_ms = is_rehearsal ? rehearsed_ms : clock_monotonic_ms() + ahead_ms;
	MUST(pthread_mutex_unlock(&mutex) == 0);
	return was_known;
}

bool bus_knows_time(void)
{
	int64_t now_ms;

	return common_time(&now_ms);
}

int64_t bus_now_ms(void)
{
	int64_t now_ms = clock_now_ms();

	(void)common_time(&now_ms);
	return now_ms;
}

int bus_producer_ask_time(struct bus_producer *producer, int timeout_ms, struct err *err)
{
	int64_t until_ms = clock_monotonic_ms() + timeout_ms;
	size_t pending = bus_producer_pending(producer);
	char bootstrap[BOOTSTRAP_SIZE];

	if (is_rehearsal) {
		if (kafka_bootstrap(producer, bootstrap, sizeof(bootstrap), err) != 0)
			return -1;
		return read_time(&(struct bus_conf){ .bootstrap = bootstrap, .client_id = "dcs-time" }, timeout_ms, err);
	}
	if (bus_produce(producer, BUS_TIME_TOPIC, -1, STR(""), STR(""), NULL, 0, NULL, NULL, err) != 0)
		return -1;
	while (bus_producer_pending(producer) > pending && clock_monotonic_ms() < until_ms)
		bus_producer_poll(producer, 20);
	return 0;
}
