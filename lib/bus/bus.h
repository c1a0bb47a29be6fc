#ifndef BUS_BUS_H
#define BUS_BUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "model/header.h"

/*
 * Kafka. The only room that includes <librdkafka/rdkafka.h>. Every option that matters is set here explicitly (lib/TRAPS.md 1,
 * 8). librdkafka has its own threads; our callbacks run only inside our calls. Failures: retriable -> ERR_RETRY; fatal producer
 * -> ERR_RETRY too, after which bus_producer_is_broken is true and the caller opens a new one; message too large, unknown topic
 * or partition -> ERR_POISON; configuration -> ERR_FATAL.
 */

#define BUS_PARTS_MAX 256

/* A record as read. Borrows from `message` until bus_record_release. */
struct bus_record {
	int32_t source; /* 0: of the consumer's own topic; n: of the n-th that it follows (bus_consumer_follow) */
	int32_t part;
	int64_t offset;
	int64_t at_ms; /* broker timestamp (LogAppendTime); in a rehearsal the producer's (bus_rehearse) */
	struct str key;
	struct str value;
	void *message;
};

void bus_record_release(struct bus_record *record);

/*
 * The record's headers, in order, borrowed from it. More than HEADERS_MAX is ERR_POISON; the first HEADERS_MAX are returned all
 * the same, because a dead letter keeps them.
 */
MUST_CHECK int bus_record_headers(const struct bus_record *record, struct header ret_headers[HEADERS_MAX], size_t *ret_count,
				  struct err *err);

/* A zero or NULL member after client_id means its default. */
struct bus_conf {
	const char *bootstrap; /* host:port,... */
	const char *client_id; /* under 64 bytes (lib/TRAPS.md R9) */

	/* Consumers: the limits of prefetch, over all partitions together. After a limit is reached librdkafka checks it only once a
	 * second, so it must hold more than one second's records at full speed. Defaults: 100000 and 32 MB. */
	int64_t prefetch_records, prefetch_kbytes;
	int64_t session_timeout_ms; /* default 10 s */

	/* Producers. */
	const char *compression;     /* "none", "lz4" (default), "zstd" ... */
	int64_t delivery_timeout_ms; /* default: none. A record that times out while later ones are delivered leaves a gap */
	int64_t queue_records;       /* undelivered records at most: default 500000 */
	int64_t queue_wait_ms;       /* how long bus_produce waits for room: default 10 s */
	int64_t linger_us;           /* a record waits so long for others of its batch: default 0 */
	int64_t requests_max; /* produce requests in flight: default 5. While one is in flight, records collect into the next batch */
	bool is_unordered; /* each record fails for itself: others go on, the producer stays usable; duplicates are possible */
};

/* ---- consumer: a member of a group, for one topic ---- */

struct bus_consumer;

/*
 * Eager assignment (range). Positions are never read from the group: the caller gives the start offsets. bus_consumer_poll
 * reports changes of the assignment, in the caller's thread.
 */
enum bus_poll {
	BUS_NOTHING,   /* timeout */
	BUS_RECORD,    /* ret_record is set */
	BUS_ASSIGNED,  /* bus_consumer_parts has the new set; the caller must answer with bus_consumer_start */
	BUS_REVOKED,   /* all partitions were revoked or lost; no more records of them are returned; the caller must answer with
			  bus_consumer_stop */
	BUS_DISPLACED, /* the broker no longer has our offset in ret_record->part: the topic was truncated or recreated. No more
			  records of it are returned; the other partitions go on. There is never a silent jump to another offset
			*/
};

/* The topic must exist: ERR_POISON when it does not, ERR_RETRY when the broker is unreachable. */
MUST_CHECK int bus_consumer_open(const struct bus_conf *conf, const char *group, const char *topic,
				 struct bus_consumer **ret_consumer, struct err *err);

/*
 * Leaves the group within deadline_ms and frees the consumer. If librdkafka hangs (lib/TRAPS.md R5) it is leaked, because the
 * process is about to end. Accepts NULL.
 */
void bus_consumer_close(struct bus_consumer *consumer, int64_t deadline_ms);

/*
 * timeout_ms 0: returns only what has already arrived. Transient broker errors are not failures: librdkafka retries; they are
 * counted (bus_consumer_errors), and the first of a series is logged as a warning. Between BUS_ASSIGNED or BUS_REVOKED and the
 * caller's answer it may be called (to stay alive in the group) and returns BUS_NOTHING.
 */
MUST_CHECK int bus_consumer_poll(struct bus_consumer *consumer, int timeout_ms, enum bus_poll *ret_kind,
				 struct bus_record *ret_record, struct err *err);
/* For an event loop that has several: *ret_fd is readable when poll has something to tell. Asked for once; closed with it. */
MUST_CHECK int bus_consumer_fd(struct bus_consumer *consumer, int *ret_fd, struct err *err);
const int32_t *bus_consumer_parts(const struct bus_consumer *consumer, size_t *ret_count); /* none after BUS_REVOKED */
/* Asks the broker for the partition count of a topic now (0: its own): an administrator can raise it. */
MUST_CHECK int bus_consumer_topic_parts(struct bus_consumer *consumer, int32_t source, int32_t *ret_count, struct err *err);
uint64_t bus_consumer_errors(const struct bus_consumer *consumer);

/*
 * Starts reading at these offsets (parallel arrays, all of the assigned set; an offset of -1: the partition is halted and not
 * read). May be called again while reading, to go back or to leave a partition out: records fetched before are dropped. If it
 * is called although BUS_REVOKED demands bus_consumer_stop (the caller failed in between), it is ERR_RETRY, and poll returns
 * BUS_REVOKED once more.
 */
MUST_CHECK int bus_consumer_start(struct bus_consumer *consumer, const int32_t *parts, const int64_t *offsets, size_t count,
				  struct err *err);
MUST_CHECK int bus_consumer_stop(struct bus_consumer *consumer, struct err *err);

/*
 * Topics that are read beside the consumer's own, in the same queue and within the same limits. No group deals out their
 * partitions: the caller reads those that it has been given of its own topic. follow: before the first poll; the sources 1, 2 ...
 * of struct bus_record in the order of the calls, BUS_FOLLOWS_MAX at most; the topic must exist, as for open. place: from which
 * offsets the next start reads this topic (arrays as there); without it, that start does not read it.
 */
#define BUS_FOLLOWS_MAX 4
MUST_CHECK int bus_consumer_follow(struct bus_consumer *consumer, const char *topic, struct err *err);
void bus_consumer_place(struct bus_consumer *consumer, int32_t source, const int32_t *parts, const int64_t *offsets,
			size_t count);

/* Commits the next offset to the group, for lag tools only: once a second, and at the end; asynchronous, failures ignored. */
void bus_consumer_report(struct bus_consumer *consumer, const int32_t *parts, const int64_t *next_offsets, size_t count);

/* ---- single reads, outside any group ---- */

struct bus_reader; /* reads chosen offsets of one topic: the resume proof, the last event of a partition, `dcs tail`, `dcs verify`
		    */

MUST_CHECK int bus_reader_open(const struct bus_conf *conf, const char *topic, struct bus_reader **ret_reader, struct err *err);
void bus_reader_close(struct bus_reader *reader);
/* The earliest offset on the broker, and the one behind the last readable record: while a transaction is open, its first. */
MUST_CHECK int bus_reader_bounds(struct bus_reader *reader, int32_t part, int64_t *ret_low, int64_t *ret_high, int timeout_ms,
				 struct err *err);
/* The same of the topic's first `parts` partitions at once, into arrays. */
MUST_CHECK int bus_reader_all_bounds(struct bus_reader *reader, int32_t parts, int64_t *ret_lows, int64_t *ret_highs,
				     int timeout_ms, struct err *err);
MUST_CHECK int bus_reader_seek(struct bus_reader *reader, int32_t part, int64_t offset,
			       struct err *err); /* the next bus_reader_next starts here, reading only this partition */
/*
 * *ret_found false: no record within timeout_ms, or the end of the partition (reported once, at once). ERR_POISON: no such
 * offset.
 */
MUST_CHECK int bus_reader_next(struct bus_reader *reader, int timeout_ms, bool *ret_found, struct bus_record *ret_record,
			       struct err *err);
/*
 * After a next without a record: the offset at which the partition ended, -1 when its end was not reached. The end may lie
 * behind the last record, because the markers and aborted records of a transaction take offsets and are never returned.
 */
int64_t bus_reader_end(const struct bus_reader *reader);

/* Stops prefetching; bus_reader_seek starts again. */
void bus_reader_stop(struct bus_reader *reader);

/*
 * One record of each partition, requested together: the first at or behind offsets[part]; a partition with an offset below 0 is
 * skipped. `found` is called for each partition, in any order; record (borrowed) NULL: the partition has ended, at `offset`. It
 * must not call the reader. ERR_RETRY: not all have answered within timeout_ms; ERR_POISON: no such offset. It ends an earlier
 * bus_reader_seek.
 */
typedef void bus_found(void *found_arg, int32_t part, const struct bus_record *record, int64_t offset);
MUST_CHECK int bus_reader_each(struct bus_reader *reader, const int64_t *offsets, int32_t parts, int timeout_ms, bus_found *found,
			       void *found_arg, struct err *err);

/* ---- the ends of topics, outside any group ---- */

/*
 * Follows all partitions of several topics from now on: for a program that waits for news in a loop. Order holds within a
 * partition. After an outage of the broker it continues where it was; only when a topic is truncated or recreated does it jump
 * to the end.
 */
struct bus_tail;

/*
 * Asks the broker for partitions and ends, and waits for the answers; every record written after its return is seen. ERR_RETRY:
 * the broker is unreachable, ERR_POISON: no such topic.
 */
MUST_CHECK int bus_tail_open(const struct bus_conf *conf, const char *const *topics, size_t topics_count,
			     struct bus_tail **ret_tail, struct err *err);
void bus_tail_close(struct bus_tail *tail); /* accepts NULL */

/* The next record that has arrived; false: none. Never blocks. */
MUST_CHECK bool bus_tail_next(struct bus_tail *tail, struct bus_record *ret_record);
int bus_tail_fd(const struct bus_tail *tail); /* readable when there may be more, until bus_tail_next returns false */

/* ---- producer ---- */

struct bus_producer;

/*
 * Idempotent, acks=all, gapless (unless is_unordered): when a record cannot be delivered, no later one is, and the producer is
 * broken. A partition always receives a prefix of the records that were given.
 */
MUST_CHECK int bus_producer_open(const struct bus_conf *conf, struct bus_producer **ret_producer, struct err *err);
void bus_producer_close(struct bus_producer *producer); /* does not wait: flush first */

/*
 * Queues a record; copies everything. part -1: chosen from the key by murmur2, as Java clients do; at random without a key.
 * `done`, if given, is called once from bus_producer_poll or _flush, or from bus_produce while it waits for room or asks for a
 * new topic: failure NULL when the broker has the record, otherwise the reason. It must not call the producer. After -1, and
 * for records pending at bus_producer_close, it is not called. With a full local queue bus_produce waits (polling) up to 10 s,
 * then returns ERR_RETRY. ERR_POISON: unknown topic or partition, too large (over BUS_RECORD_MAX with its headers).
 */
#define BUS_RECORD_MAX (4 * 1024 * 1024)

typedef void bus_done(void *done_arg, int32_t part, int64_t offset, const struct err *failure);
MUST_CHECK int bus_produce(struct bus_producer *producer, const char *topic, int32_t part, struct str key, struct str value,
			   const struct header *headers, size_t headers_count, bus_done *done, void *done_arg, struct err *err);
void bus_producer_poll(struct bus_producer *producer, int timeout_ms);

/* For an event loop: readable when bus_producer_poll has work, until it is called. */
int bus_producer_fd(const struct bus_producer *producer);
MUST_CHECK int bus_producer_flush(struct bus_producer *producer, int timeout_ms,
				  struct err *err); /* ERR_RETRY: not all records since the last flush were delivered */
bool bus_producer_is_broken(
	const struct bus_producer *producer); /* a fatal error happened: close, open a new one, send again from the log */
/* Checks that the broker answers within the timeout; may be called from another thread. */
MUST_CHECK int bus_producer_probe(const struct bus_producer *producer, int timeout_ms, struct err *err);
uint64_t
bus_producer_errors(const struct bus_producer *producer); /* errors that librdkafka has reported, such as a lost connection */
size_t bus_producer_pending(const struct bus_producer *producer);

/* The topic's partition count; ERR_RETRY when the broker is unreachable, ERR_POISON when the topic does not exist. */
MUST_CHECK int bus_producer_parts(struct bus_producer *producer, const char *topic, int32_t *ret_count, struct err *err);

/*
 * Spreads keys over the first `parts` partitions of the topic, although it may have more by now: existing keys stay where they
 * are.
 */
MUST_CHECK int bus_producer_spread(struct bus_producer *producer, const char *topic, int32_t parts, struct err *err);

/* The partition that a Java client chooses for this key: (murmur2(key) & 0x7fffffff) % parts. */
int32_t bus_part_of(struct str key, int32_t parts);

/* ---- the broker's time ---- */

/*
 * Commands and tokens are checked at the broker's time, so no program's own clock may decide whether the token it signs is
 * valid. Every delivery report of a producer of this process carries the broker's time; between reports the monotonic clock
 * counts on, so that setting the host's clock changes nothing. All of it may be called from any thread.
 */
int64_t bus_now_ms(void);               /* the broker's time; until it is known, the other clock's, or the host's own */
bool bus_skew_ms(int64_t *ret_skew_ms); /* the broker's clock minus the host's: above 0, ours is behind. False: unknown yet */

/* Another clock that programs share, the database's: it counts until the broker's time is known. */
void bus_note_clock(int64_t at_ms);
bool bus_knows_time(void); /* one of the two is known: before that no token may be verified */

/*
 * For a program that signs before it has sent anything: sends an empty record to BUS_TIME_TOPIC and waits for its report. After
 * a failure (no such topic, broker unreachable) the host's clock stays in force.
 */
#define BUS_TIME_TOPIC "dcs.time.v1"
MUST_CHECK int bus_producer_ask_time(struct bus_producer *producer, int timeout_ms, struct err *err);

/*
 * A rehearsal: topics have CreateTime, and the time is the last Tick's, so that a year of Ticks is a year for every rule. From
 * this call on, nothing in this process reads a clock for bus_now_ms: the time is the latest that a record it has read (or
 * bus_note_clock) told, and it stands still in between. Every record that it produces has this time. Who reads what a Tick has
 * caused so knows the Tick's time. Waiting (timeouts, back-off) stays the machine's. bus_producer_ask_time reads the last record
 * of BUS_TIME_TOPIC, which is written before the Ticks; there is no skew. Once, before anything is opened.
 */
void bus_rehearse(void);
bool bus_is_rehearsal(void);

/* ---- topics ---- */

struct bus_topic {
	const char *name;
	int32_t parts;
	int16_t replication;
	int64_t retention_ms; /* -1: for ever */
	int64_t message_bytes_max;
};

/*
 * Creates the missing topics (LogAppendTime, in a rehearsal CreateTime; no auto-creation) and waits until the broker shows them.
 * An existing one with another partition count, or with the other kind of timestamps, is ERR_FATAL.
 */
MUST_CHECK int bus_topics_create(const struct bus_conf *conf, const struct bus_topic *topics, size_t count, int *ret_created,
				 struct err *err);

#endif
