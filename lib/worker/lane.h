#ifndef WORKER_LANE_H
#define WORKER_LANE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "worker/edge.h"

/*
 * The ownership of partitions, for the engine and for readers of events alike. Kafka's group assigns a partition, a claim (a
 * higher epoch in its head) makes it ours, and the claim of another program fences us off. A lane is the ownership state of a
 * partition:
 *
 *                assigned              claimed, the topic is the same          a Tick, and parked commands
 *      LANE_NONE ----------> LANE_LOST ------------------------------> LANE_RUNNING --------> LANE_PASS
 *          ^                  |    ^   <----- fenced, gap, failure ----  |    ^     <--------
 *          |                  |    |                                     |    |     all were tried
 *          | revoked          |    | reason not written                  |    |
 *        (any)                v    |                                     v    | claimed again, released
 *                            LANE_HALTED <--------------------------------    |
 *                                 |                                           |
 *                                 +-------------------------------------------+
 *
 * LANE_LOST and LANE_HALTED are claimed again at retry_at_ms: an operator may have resumed a halted partition meanwhile. No
 * function here waits. A failure is returned; lanes_back_off turns it into a later claim of everything.
 */
enum lane_state {
	LANE_NONE,    /* not assigned to us */
	LANE_LOST,    /* assigned, not claimed: claim at retry_at_ms */
	LANE_RUNNING, /* claimed, being read */
	LANE_PASS,    /* the same, and a Tick tries the parked commands before it: nothing behind it is collected (engine only) */
	LANE_HALTED, /* claimed, not read until an operator resumes it; the reason is in its head. Checked again at retry_at_ms */
};

struct lane {
	enum lane_state state;
	int64_t retry_at_ms;
};

/* The parts that differ between the engine and a reader: the heads, and the buffered records. */
struct lane_owner {
	void *self;
	/* The offset at which reading continues; source as in struct bus_record. */
	int64_t (*next_offset)(void *self, int32_t source, int32_t part);
	/* Claims these partitions in the database and keeps their heads in memory. */
	int (*claim)(void *self, const int32_t *parts, size_t count, struct err *err);
	/* After the claim: lanes_run, lanes_show_halted, lanes_halt or lanes_leave_unread. */
	int (*take_over)(void *self, int32_t part, struct err *err);
	/* Writes the reason into the head, and logs it; *ret_fenced as in struct database. */
	int (*halt)(void *self, int32_t part, const char *reason, bool *ret_fenced, struct err *err);
	/* Drops the buffered records of a lost partition; NULL: the owner buffers nothing. */
	void (*drop)(void *self, int32_t part);
};

struct lanes_conf {
	int64_t (*now_ms)(void);
	size_t follows_count;   /* topics that are followed beside the group's */
	int64_t halted_look_ms; /* interval between checks of a halted partition */
	char log_prefix[64];    /* before `part=` in log lines; empty or ending in a space */
	const char *head_table; /* the table with the reason of a halt, for the log */
};

struct lanes {
	struct lanes_conf conf;
	struct lane_owner owner;
	struct broker broker;
	struct lane of[BUS_PARTS_MAX];
	bool is_unresponsive; /* a broker request timed out: send no more in this turn, as each may block for seconds */
	int64_t backoff_ms;   /* of the next failure */
};

void lanes_init(struct lanes *lanes, const struct lanes_conf *conf, const struct lane_owner *owner, const struct broker *broker);

/* These are asked for every partition in every turn: inline. Claimed and read: LANE_RUNNING or LANE_PASS. */
static inline bool lanes_is_running(const struct lanes *lanes, int32_t part)
{
	return lanes->of[part].state == LANE_RUNNING || lanes->of[part].state == LANE_PASS;
}

/* Claimed: running, or halted. A halted partition is not read, but its committed events are published. */
static inline bool lanes_is_owned(const struct lanes *lanes, int32_t part)
{
	return lanes_is_running(lanes, part) || lanes->of[part].state == LANE_HALTED;
}

/* The group has assigned the partitions of broker.parts, in place of all earlier ones. Claims them and starts to read. */
MUST_CHECK int lanes_assign(struct lanes *lanes, struct err *err);

/* The group has revoked all partitions. The caller has dropped the buffered records. */
MUST_CHECK int lanes_revoke(struct lanes *lanes, struct err *err);

/*
 * Claims the lost and halted partitions that are due (retry_at_ms) and whose leader answers: a partition that we cannot read must
 * not be taken from a program that can. After the first leader that does not answer, the remaining partitions wait for the next
 * turn.
 */
MUST_CHECK int lanes_claim(struct lanes *lanes, struct err *err);

/* Starts the consumer at the next offset of every running partition; the other assigned ones are left unread. */
MUST_CHECK int lanes_read(struct lanes *lanes, struct err *err);

/* ---- how take_over ends ---- */

void lanes_run(struct lanes *lanes, int32_t part);

/* The partition's head is marked as halted already. Logged once. */
void lanes_show_halted(struct lanes *lanes, int32_t part);

/*
 * Halts a partition until an operator resumes it. It is marked lost first: if the reason cannot be written, the next claim meets
 * the fault again.
 */
MUST_CHECK int lanes_halt(struct lanes *lanes, int32_t part, const char *reason, struct err *err);

/*
 * The partition cannot be read from the broker: *err is logged and cleared, unless it is ERR_FATAL; the other partitions
 * continue.
 */
MUST_CHECK int lanes_leave_unread(struct lanes *lanes, int32_t part, struct err *err);

/* ---- a Tick's pass ---- */

void lanes_begin_pass(struct lanes *lanes, int32_t part);
void lanes_end_pass(struct lanes *lanes, int32_t part);

static inline bool lanes_is_in_pass(const struct lanes *lanes, int32_t part)
{
	return lanes->of[part].state == LANE_PASS;
}

/* ---- how a partition is lost ---- */

/* Marks it lost. Buffered records are dropped; otherwise they would look like an offset gap after the next claim. */
void lanes_lose(struct lanes *lanes, int32_t part, int64_t retry_in_ms);

/* Another owner has a higher epoch. */
MUST_CHECK int lanes_fence(struct lanes *lanes, int32_t part, struct err *err);

/* The broker has no record at our offset. The next claim checks whether the topic was replaced. */
void lanes_displace(struct lanes *lanes, int32_t part);

/* Marks all running partitions lost. The caller has dropped the buffered records. */
void lanes_lose_all(struct lanes *lanes, int64_t retry_in_ms);

/* After a failure of Kafka or PostgreSQL: all partitions are claimed again after a pause, which grows with each failure.
 * ERR_FATAL is returned. The caller has dropped the buffered records. */
MUST_CHECK int lanes_back_off(struct lanes *lanes, struct err *err);

/* A transaction was committed: the next failure backs off briefly again. */
void lanes_succeed(struct lanes *lanes);

#endif
