#ifndef BUS_KAFKA_H
#define BUS_KAFKA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <librdkafka/rdkafka.h>
#include <semaphore.h>

#include "bus/bus.h"

/*
 * Private to the room: the parts that consumer, reader, producer and topics share. A handle of librdkafka with our settings,
 * with errors and log lines delivered in our own thread, and with a bounded shutdown.
 */
struct kafka {
	rd_kafka_t *handle;
	char bootstrap[96]; /* the bootstrap servers, truncated: for error texts */
	uint64_t errors;    /* reported by librdkafka since the start */
	bool is_troubled;   /* an error was logged and there was no success since: further ones are not logged */
	bool is_broken;     /* a fatal error: this handle will never work again */
	sem_t is_gone;      /* kafka_destroy's */
};

/* A descriptor that is readable while something may be in one of librdkafka's queues. */
struct kafka_bell {
	int fd; /* -1: none */
};
MUST_CHECK int kafka_bell_open(struct kafka_bell *bell, rd_kafka_queue_t *queue, struct err *err);
void kafka_bell_quiet(const struct kafka_bell *bell); /* call before the queue is emptied: later arrivals ring again */
void kafka_bell_close(struct kafka_bell *bell);       /* when librdkafka's handle is gone */

struct kafka_setting {
	const char *name;
	const char *value;
};

#define KAFKA_WAIT_MS 5000 /* for one answer of a broker */
#define KAFKA_AWAY_MS 1400 /* the same, when connections fail */

/*
 * A configuration with the common settings, then `settings`. The callbacks' opaque is `kafka`, which must be the first member
 * of the caller's struct. ERR_FATAL when librdkafka rejects a setting.
 */
MUST_CHECK int kafka_configure(const struct bus_conf *conf, struct kafka *kafka, const struct kafka_setting *settings,
			       size_t count, rd_kafka_conf_t **ret_kafka_conf, struct err *err);

/* Takes `kafka_conf`, also on failure. */
MUST_CHECK int kafka_open(struct kafka *kafka, rd_kafka_type_t type, rd_kafka_conf_t *kafka_conf, struct err *err);

/* False: librdkafka did not end within deadline_ms (lib/TRAPS.md R5) and still uses `kafka`, whose memory must be left as it is. */
bool kafka_destroy(struct kafka *kafka, int64_t deadline_ms);

/* After a success: the next error is the first of a series again. */
static inline void kafka_worked(struct kafka *kafka)
{
	kafka->is_troubled = false;
}

/* Counts an error and logs the first of a series. */
void kafka_trouble(struct kafka *kafka, rd_kafka_resp_err_t code, const char *text);

/* Notes the broker's time in a delivered message, for bus_now_ms. */
void kafka_note_time(const rd_kafka_message_t *message);

/* In a rehearsal, notes the time of a message that was read; on a live stack it says nothing. */
void kafka_note_read(const rd_kafka_message_t *message);

/* The bootstrap servers that this producer was opened with. ERR_FATAL: more than `size` bytes. */
MUST_CHECK int kafka_bootstrap(const struct bus_producer *producer, char *ret_bootstrap, size_t size, struct err *err);

/*
 * The topic's partition count. ERR_POISON: no such topic; ERR_RETRY: the broker is unreachable or not ready. kafka_parts and
 * kafka_bounds serve the handle's callbacks while they wait: not for the handle of a consumer that reads.
 */
MUST_CHECK int kafka_parts(struct kafka *kafka, const char *topic, int32_t *ret_count, struct err *err);

struct kafka_range {
	const char *topic;
	int32_t first, count; /* partitions */
};
/* One request for all lows of the range, one for all highs. */
MUST_CHECK int kafka_bounds(struct kafka *kafka, const struct kafka_range *range, int timeout_ms, int64_t *ret_lows,
			    int64_t *ret_highs, struct err *err);

/* librdkafka's errors in our three kinds (base/err.h). */
enum err_kind kafka_err_kind(rd_kafka_resp_err_t code);

/* "what: why"; returns -1. Inline, so that clang's analyser sees the result. */
static inline int kafka_err(struct err *err, rd_kafka_resp_err_t code, const char *what)
{
	return err_set(err, kafka_err_kind(code), "%s: %s (%s)", what, rd_kafka_err2str(code), rd_kafka_err2name(code));
}

/* The same for a request to the broker: after a timeout the text names the address and its setting. */
int kafka_unanswered(const struct kafka *kafka, struct err *err, rd_kafka_resp_err_t code, const char *what);

/* Borrows from the message, which the record takes. */
void kafka_record(rd_kafka_message_t *message, struct bus_record *ret_record);

#define BUS_TOPIC_MAX 249 /* Kafka's own limit for a name */

#endif
