#ifndef WORKER_EDGE_H
#define WORKER_EDGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "bus/bus.h"
#include "crypto/crypto.h"
#include "model/header.h"
#include "model/module.h"
#include "model/scope.h"
#include "model/workset.h"
#include "schemas/words.h"
#include "worker/dead_letter.h"
#include "worker/keyset.h"
#include "worker/store.h"

/*
 * The two edges of the engine: Kafka (struct broker) and PostgreSQL (struct database). Each has two implementations: the real one
 * (kafka_edge.c, pg_edge.c) and a seeded one in memory (tests/sim) that loses, repeats, delays and dies between any two steps.
 */

/* ---- what passes over the edges ---- */

/* Before every offset. Offsets below zero belong to parked commands of an earlier topic (`dcs unhalt --at`). */
#define OFFSET_BEFORE_ALL INT64_MIN

/* The timers that a Tick finds due. */
struct timers_due {
	int64_t before; /* the Tick's offset: set, and last tried, by a record before it. OFFSET_BEFORE_ALL: none is due */
	int64_t at_ms;  /* instants up to here: the Tick's broker time */
	int32_t on;     /* days up to here: the business date, as the Tick has moved it */
};

/* The position in a partition of a followed module's events (follow.h): a row of followed_head. All zero: nothing was read yet. */
struct followed_head {
	int64_t next_offset;
	int64_t last_seq;
	uint8_t last_hash[SHA256_SIZE];
};

/*
 * Why a source of a partition (struct bus_record: the commands, or a followed topic) is read in small batches: quarantine.h. In a row of
 * partition_head or of followed_head.
 */
struct quarantine {
	int32_t tries;     /* consecutive claims without a commit of the source or a release, including the current one */
	int32_t crashes;   /* consecutive owners that crashed while they tried its next `batch_max` records */
	int32_t batch_max; /* the most records of a batch; 0: no quarantine */
	int64_t left;      /* records until it ends */
};

/* A row of partition_head in its owner's memory, with those of followed_head and sent_head in modules that react. */
struct head {
	int32_t part;
	bool halted;
	bool has_digest;
	int64_t epoch;
	int64_t next_offset;
	uint8_t last_digest[DIGEST_SIZE]; /* of the record at next_offset - 1; valid with has_digest */
	struct uuid last_id;              /* highest command id so far whose time was not ahead of the broker's; none at first */
	int64_t log_seq;
	uint8_t log_hash[SHA256_SIZE];
	int64_t tick_at_ms;    /* 0: no Tick yet */
	int32_t business_date; /* INT32_MIN: no Tick yet */
	int64_t tick_cursor;   /* parked commands up to here were tried in the pass (ticks.h); OFFSET_BEFORE_ALL: none */
	int32_t timers_done;   /* timers decided so far at the record at next_offset */
	struct timers_due due; /* timers that the last Tick left unfired (timers.h) */
	struct quarantine quarantine[1 + FOLLOWS_MAX]; /* by source */
	struct followed_head followed[FOLLOWS_MAX];    /* by the place in the module's list */
	int64_t sent_seq; /* the commands that the log sends to others up to here are known to be in their topics (sender.h) */
};

/* A row of event_log: the body is as published, here; the edge packs it (packed.h). Texts borrow. */
struct log_row {
	int32_t part;
	uint32_t schema_id;
	int64_t seq;
	int64_t at_ms;
	int64_t command_offset;
	struct uuid event_id, key, subject, command_id, correlation_id;
	const uint8_t *command_digest; /* DIGEST_SIZE bytes in the row of the command's first event, which closes the command
					  id; NULL in other rows */
	struct str body;               /* framed */
	struct str traceparent;        /* empty: none */
	uint8_t hash[SHA256_SIZE];
};

enum parked_kind {
	PARKED_WAIT,   /* names an entity that does not exist yet */
	PARKED_BUG,    /* broke our code; stays until a person releases it */
	PARKED_BEHIND, /* touches a state that an earlier parked command holds */
};

/* A row of parked: a command that was admitted and cannot be decided yet. Texts borrow. */
struct parked {
	int32_t part;
	enum parked_kind kind;
	bool released;
	uint32_t roles;
	const struct scope *scope;
	int64_t token_version;
	int64_t offset;
	int64_t since_ms;
	int64_t expires_ms; /* 0: none */
	struct uuid key, command_id, correlation_id;
	uint8_t digest[DIGEST_SIZE];
	struct str actor, reason, traceparent, value;
	struct str holds; /* ids (holds.h), 16 bytes each */
};

/* A row of timer. */
struct timer_row {
	int32_t part;
	int16_t kind;   /* of struct timer_kind */
	bool is_on_day; /* due on due_on; otherwise at due_at_ms */
	int32_t due_on;
	int64_t due_at_ms;
	int64_t set_at;  /* offset of the record that set it */
	struct uuid id;  /* of the command that it becomes */
	struct uuid key; /* part, key, kind and subject are unique */
	struct uuid subject;
};

enum timer_fate {
	TIMER_SET,       /* new, or in place of another of the same kind and subject */
	TIMER_CANCELLED, /* if there is one */
	TIMER_FIRED,     /* it leaves the table */
	TIMER_TRIED,     /* stays; tried again at the next Tick */
	TIMER_BROKEN,    /* broke our code; stays until a person releases it */
};

/* What a batch does to a timer. */
struct timer_write {
	enum timer_fate fate;
	bool is_overwritten; /* a later one of the batch is about the same timer: this one is not written */
	int64_t at_offset;   /* of the record that set, fired or tried it */
	struct timer_row row;
	struct uuid place; /* derived from key, kind and subject */
};

/* A customer whose due timers are read. */
struct timers_ask {
	int32_t part;
	struct uuid key;
	struct timers_due due;
};

/* The earliest timers of a partition. */
struct timers_next {
	int64_t at_ms; /* INT64_MAX: none */
	int32_t on;    /* INT32_MAX: none */
	bool is_tried; /* one was tried and stayed */
};

/* A row of approval: a command that was kept for a second person (approvals.h). Texts borrow. */
struct kept_command {
	int32_t part;
	enum approval_state state;
	uint32_t roles;
	const struct scope *scope;
	int64_t token_version;
	int64_t offset;
	int64_t received_ms; /* broker time of the command's record */
	int64_t kept_ms;
	int64_t expires_ms;
	struct uuid key, command_id, correlation_id;
	uint8_t digest[DIGEST_SIZE];
	struct str type; /* "PublishTemplate" */
	struct str actor, reason;
	struct str value; /* data NULL: it has ended, or the person it is about was erased */
};

/* The end of a wait. Its value is deleted. */
struct kept_end {
	int32_t part;
	enum approval_state state; /* not APPROVAL_WAITING */
	struct uuid command_id;
	struct str actor;
	int64_t at_ms;
	int64_t outcome_seq; /* of the first event of the kept command's outcome */
};

/* A kept command to look up. */
struct kept_ask {
	int32_t part;
	struct uuid command_id;
};

/* A command to another module, as its row of the log has it (CommandIssued). Texts borrow. */
struct sent_command {
	int32_t part; /* of the row; the other module's command goes to the partition of the same number */
	int64_t seq;  /* of the row */
	struct uuid id, key, correlation_id, causation_id;
	const struct message_type *type;
	struct str module, actor, value, traceparent;
};

/* A command id to look up, and whether it was applied. */
struct answer {
	struct uuid command_id;
	bool found;
	uint8_t digest[DIGEST_SIZE]; /* of the content that was applied */
};

/* What a transaction begins with, in one round trip. */
struct opening {
	const struct head *heads; /* as this program knows them */
	size_t heads_count;
	struct answer *answers; /* to look up */
	size_t answers_count;
	struct slot **slots; /* to load, in the order of `load`; of a partition that is fenced they are worth nothing */
	size_t slots_count;
};

/* The writes of one transaction. Arrays borrow. */
struct changes {
	const struct workset *set;
	const struct log_row *log;
	const struct logged_event *events; /* the module's view of the same rows, without the engine's own events */
	size_t log_count;
	size_t events_count;
	const struct parked *park;
	size_t park_count;
	const struct parked *unpark; /* only part and offset are read */
	size_t unpark_count;
	const struct parked
		*repark; /* only part, offset, kind, reason, holds are read: tried again, and parked for another reason */
	size_t repark_count;
	const struct dead_letter *dead;
	size_t dead_count;
	const struct kept_command *keep;
	size_t keep_count;
	const struct kept_end *ends; /* of commands kept by earlier transactions */
	size_t ends_count;
	const struct timer_write *timers; /* in the order of the batch */
	size_t timers_count;
	const struct head *heads; /* new values; written if the row still has this epoch */
	size_t heads_count;
};

/* ---- the edge to PostgreSQL ---- */

enum open_result {
	OPEN_READY,
	OPEN_FENCED, /* a head has another epoch or position: its partition has another owner now. *ret_fenced: the first such
			partition */
};

struct database {
	void *self;

	/* Claims ownership: adds one to the epoch in each head, and creates missing heads. Reconnects when the connection is
	 * dead. In: part, and the epoch and quarantine that this process last had (0: never owned). If no other program
	 * has claimed since then, the claim does not count as another try. Out: the head. */
	int (*claim)(void *self, struct head *heads, size_t count, const char *owner, struct err *err);
	/* The number of partitions over which the module's keys are spread. It is stored at the module's first start, as `found`,
	 * and read ever after. */
	int (*fix_parts)(void *self, int32_t found, int32_t *ret_parts, struct err *err);
	/* Writes the source's crashes + 1 before its next `batch_max` records are tried. A commit of it writes 0, so the number
	 * stays if the owner crashes. *ret_fenced as in halt. */
	int (*note_attempt)(void *self, const struct head *head, int32_t source, bool *ret_fenced, struct err *err);
	/* Clean release: undoes this claim's `tries` and its noted attempt. No-op for partitions that have another owner. */
	int (*release)(void *self, const struct head *heads, size_t count, struct err *err);
	/* Adds to `held` the ids that the partition's parked commands hold, up to an offset; ERR_POISON: they do not fit. */
	int (*read_held)(void *self, int32_t part, int64_t to_offset, struct keyset *held, struct err *err);
	/* Writes the reason; *ret_fenced true and nothing written when another owner has the partition now. */
	int (*halt)(void *self, const struct head *head, const char *reason, bool *ret_fenced, struct err *err);

	/* One batch: open, load (states that open did not load), write, commit_send, commit_finish. abandon ends it at any
	 * point. */
	int (*open)(void *self, const struct opening *opening, enum open_result *ret_result, int32_t *ret_fenced,
		    struct err *err);
	/* After open: answers of further command ids; `found` is false at first. */
	int (*find_answers)(void *self, struct answer *answers, size_t answers_count, struct err *err);
	/* Slots of actor_entity (rights.h) come first, all others are the module's. */
	int (*load)(void *self, struct slot **slots, size_t count, struct err *err);
	/* Outside of a batch. The stored states of a cached entity (model/module.h) with ids below `below`, the highest first, at most
	 * `max`: as slots that were loaded, from the arena. Fewer than max: there are no more. */
	int (*read_states)(void *self, const struct entity *entity, const struct uuid *below, size_t max, struct arena *arena,
			   struct slot **ret_slots, size_t *ret_count, struct err *err);
	/* For tests; NULL: nobody looks. A state that the engine had in memory, in the place of a load. */
	void (*saw_cached)(void *self, const struct slot *slot);
	/* Kept commands, after open: those of the asks that exist, in no order, locked until the end of the batch. ERR_POISON:
	 * they do not fit into the arena. */
	int (*read_kept)(void *self, const struct kept_ask *asks, size_t asks_count, struct arena *arena,
			 struct kept_command **ret_rows, size_t *ret_count, struct err *err);
	/*
	 * *ret_conflict true with a failure: a unique key was taken by another partition's owner since it was looked up. Try
	 * again from open.
	 */
	int (*write)(void *self, const struct changes *changes, bool *ret_conflict, struct err *err);
	int (*commit_send)(void *self, struct err *err);
	int (*commit_finish)(void *self, struct err *err); /* after a failure it is unknown whether it committed */
	void (*abandon)(void *self);

	/* Outside of a batch. At most rows_max rows from the arena, in order; fewer when the arena is small. */
	int (*read_log)(void *self, int32_t part, int64_t from_seq, size_t rows_max, struct arena *arena,
			struct log_row **ret_rows, size_t *ret_count, struct err *err);
	/* Takes a quarter of the arena at most, unless the first row is larger: the commands are decoded beside the rows. */
	int (*read_parked)(void *self, int32_t part, int64_t after_offset, size_t rows_max, struct arena *arena,
			   struct parked **ret_rows, size_t *ret_count, bool *ret_is_end, struct err *err);
	/*
	 * Due timers of a partition, at most rows_max: those not tried yet in the order (due, id), a day being its first instant
	 * in UTC; then those tried before in the order (tried_at, due, id). ERR_POISON: they do not fit into the arena.
	 */
	int (*read_timers)(void *self, int32_t part, const struct timers_due *due, size_t rows_max, struct arena *arena,
			   struct timer_row **ret_rows, size_t *ret_count, struct err *err);
	/* Due timers of these customers, in the order (ask, due, id); ret_asks: of each row, the index of its ask. */
	int (*read_timers_of)(void *self, const struct timers_ask *asks, size_t asks_count, size_t rows_max, struct arena *arena,
			      struct timer_row **ret_rows, size_t **ret_asks, size_t *ret_count, struct err *err);
	int (*read_next_timer)(void *self, int32_t part, struct timers_next *ret_next, struct err *err);
	/* The unpublished dead letters, without those that are too large for a record. */
	int (*read_dead)(void *self, int32_t part, int64_t after_offset, size_t rows_max, struct arena *arena,
			 struct dead_letter **ret_rows, size_t *ret_count, struct err *err);
	int (*mark_dead_published)(void *self, const int32_t *parts, const int64_t *offsets, size_t count, struct err *err);
	/* Clears key, value and headers of older dead letters, at most `max`, and what the module forgets then (store.h); the rows
	 * stay. */
	int (*forget_dead)(void *self, int32_t part, int64_t before_ms, size_t max, size_t *ret_count, struct err *err);
};

/* ---- the edge to Kafka ---- */

struct broker {
	void *self;

	/*
	 * As bus/bus.h, for the command topic. `source` is that of struct bus_record: 0 is the command topic, n the events of the
	 * n-th module that is followed. place says where the next start begins to read a followed topic, too; offsets as in start.
	 */
	int (*poll)(void *self, int timeout_ms, enum bus_poll *ret_kind, struct bus_record *ret_record, struct err *err);
	const int32_t *(*parts)(void *self, size_t *ret_count);
	/* The topic's current number of partitions. */
	int (*topic_parts)(void *self, int32_t source, int32_t *ret_parts, struct err *err);
	void (*spread)(void *self, int32_t parts);      /* sets the number of partitions for part_of */
	int32_t (*part_of)(void *self, struct str key); /* the partition of a key; call spread first */
	void (*place)(void *self, int32_t source, const int32_t *parts, const int64_t *offsets, size_t count);
	int (*start)(void *self, const int32_t *parts, const int64_t *offsets, size_t count, struct err *err);
	int (*stop)(void *self, struct err *err);
	void (*report)(void *self, const int32_t *parts, const int64_t *next_offsets, size_t count);
	int (*headers)(void *self, const struct bus_record *record, struct header ret_headers[HEADERS_MAX], size_t *ret_count,
		       struct err *err);
	void (*release)(void *self, struct bus_record *record);

	/* For the resume proof: the partition's bounds, and the record at an offset (*ret_found false: deleted). */
	int (*bounds)(void *self, int32_t source, int32_t part, int64_t *ret_low, int64_t *ret_high, struct err *err);
	int (*read_at)(void *self, int32_t source, int32_t part, int64_t offset, bool *ret_found, struct bus_record *ret_record,
		       struct err *err);

	/*
	 * Publishing to the events partition of the same number. resume clears earlier failures (with a new producer when the old
	 * one is broken) and returns the seq of the partition's last record, 0 when it is empty; rows are then published in order
	 * from the next seq. After a failed delivery publish returns ERR_RETRY until the next resume: later events must not
	 * arrive before a lost one.
	 */
	int (*resume)(void *self, int32_t part, int64_t *ret_last_seq, struct err *err);
	int (*publish)(void *self, const struct log_row *row, struct err *err); /* copies */
	/*
	 * Copies; acknowledged by dead_acked. A failure concerns the broker, not this letter: a letter that can never be
	 * published stays in its table.
	 */
	int (*publish_dead)(void *self, const struct dead_letter *letter, struct err *err);
	/* Whether a delivery of this partition has failed since its last resume. */
	bool (*has_failed)(void *self, int32_t part);
	/* Acknowledged dead letters since the last call, at most `max`. */
	size_t (*dead_acked)(void *self, int32_t *ret_parts, int64_t *ret_offsets, size_t max);

	/*
	 * Commands to other modules (sender.h), in a module that sends; otherwise not called. send copies. ERR_RETRY: an earlier
	 * one of this partition was not delivered, as has_send_failed tells, until the next resume_sends; or too many are on their
	 * way. Those of a partition reach a topic in the order in which they were given, but some may be missing from the first
	 * that was lost on. oldest_send: the seq of the partition's first that is not acknowledged; 0: there is none.
	 */
	int (*send)(void *self, const struct sent_command *command, struct err *err);
	bool (*has_send_failed)(void *self, int32_t part);
	int64_t (*oldest_send)(void *self, int32_t part);
	int (*resume_sends)(void *self, int32_t part, struct err *err);

	/* Serves delivery reports; waits up to timeout_ms for the first. Returns the number of records not acknowledged. */
	size_t (*deliveries)(void *self, int timeout_ms);
};

#endif
