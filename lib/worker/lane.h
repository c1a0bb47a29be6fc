#ifndef WORKER_LANE_H
#define WORKER_LANE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "worker/edge.h"

/*
 * The ownership of partitions, for the engine and for readers of events alike. Kafka's group assigns a partition, a claim (a
 * higher epoch in its head) makes it ours, and the claim of another program fences us off. A lane says where a partition stands:
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
 * LANE_LOST and LANE_HALTED are claimed again at retry_at_ms: a person may have released a halted partition meanwhile.
 * No function here waits. A failure is returned; lanes_back_off turns it into a later claim of everything.
 */
enum lane_state {
	LANE_NONE,    /* not assigned to us */
	LANE_LOST,    /* assigned, not claimed: claim at retry_at_ms */
	LANE_RUNNING, /* claimed, being read */
	LANE_PASS,    /* the same, and a Tick tries the parked commands before it: nothing behind it is collected (engine only) */
	LANE_HALTED, /* claimed, not read until a person releases it; the reason is in its head. Looked at again at retry_at_ms */
};

struct lane {
	enum lane_state state;
	int64_t retry_at_ms;
};

/* What differs between the owners: where heads are, and what is buffered. */
struct lane_owner {
	void *self;
	/* Where reading goes on. */
	int64_t (*next_offset)(void *self, int32_t part);
	/* Claims these in the database and keeps their heads. */
	int (*claim)(void *self, const int32_t *parts, size_t count, struct err *err);
	/* After the claim: lanes_run, lanes_show_halted, lanes_halt or lanes_leave_unread. */
	int (*take_over)(void *self, int32_t part, struct err *err);
	/* Writes the reason into the head, and logs it; *ret_fenced as in struct database. */
	int (*halt)(void *self, int32_t part, const char *reason, bool *ret_fenced, struct err *err);
	/* Drops what is buffered of a partition that is lost; NULL: nothing ever is. */
	void (*drop)(void *self, int32_t part);
};

struct lanes_conf {
	int64_t (*now_ms)(void);
	int64_t halted_look_ms; /* between two looks at a halted partition */
	char log_prefix[64];    /* before `part=` in log lines; empty or ending in a space */
	const char *head_table; /* where the reason of a halt stands */
};

struct lanes {
	struct lanes_conf conf;
	struct lane_owner owner;
	struct broker broker;
	struct lane of[BUS_PARTS_MAX];
	bool is_unresponsive; /* a broker request timed out in this turn: send no more until the next (each may block for seconds) */
	int64_t backoff_ms; /* of the next failure */
};

void lanes_init(struct lanes *lanes, const struct lanes_conf *conf, const struct lane_owner *owner, const struct broker *broker);

/* Claimed and read: LANE_RUNNING or LANE_PASS. */
bool lanes_is_running(const struct lanes *lanes, int32_t part);

/* Claimed: running, or halted. A halted partition is not read, but what it has committed is published. */
bool lanes_is_owned(const struct lanes *lanes, int32_t part);

/* The group assigned these (broker.parts), instead of all before. Claims them and starts to read. */
MUST_CHECK int lanes_assign(struct lanes *lanes, struct err *err);

/* The group took all away. The caller has dropped what is buffered. */
MUST_CHECK int lanes_revoke(struct lanes *lanes, struct err *err);

/*
 * Claims the lost and halted partitions whose time has come and whose leader answers: one that we cannot read must not be taken
 * from a program that can. After one leader that does not answer the rest wait for the next turn.
 */
MUST_CHECK int lanes_claim(struct lanes *lanes, struct err *err);

/* Starts the consumer at the next offset of every running partition; the other assigned ones are left unread. */
MUST_CHECK int lanes_read(struct lanes *lanes, struct err *err);

/* ---- how take_over ends ---- */

void lanes_run(struct lanes *lanes, int32_t part);

/* Its head says that it is halted. Logged once. */
void lanes_show_halted(struct lanes *lanes, int32_t part);

/* Stops a partition until a person releases it. Marked lost first: if the reason cannot be written, the next claim finds it again. */
MUST_CHECK int lanes_halt(struct lanes *lanes, int32_t part, const char *reason, struct err *err);

/* The broker does not let us read this partition: *err is logged and cleared, unless it is ERR_FATAL; the others go on. */
MUST_CHECK int lanes_leave_unread(struct lanes *lanes, int32_t part, struct err *err);

/* ---- a Tick's pass ---- */

void lanes_begin_pass(struct lanes *lanes, int32_t part);
void lanes_end_pass(struct lanes *lanes, int32_t part);
bool lanes_is_in_pass(const struct lanes *lanes, int32_t part);

/* ---- how a partition is lost ---- */

/* Marks it lost. Buffered records are dropped; otherwise they would look like an offset gap after the next claim. */
void lanes_lose(struct lanes *lanes, int32_t part, int64_t retry_in_ms);

/* Another owner has a higher epoch. */
MUST_CHECK int lanes_fence(struct lanes *lanes, int32_t part, struct err *err);

/* The broker says that our offset is not in the topic. Whether it is another topic now, the next claim finds out. */
void lanes_displace(struct lanes *lanes, int32_t part);

/* Marks lost all that run. The caller has dropped what is buffered. */
void lanes_lose_all(struct lanes *lanes, int64_t retry_in_ms);

/* After a failure of either side: all are claimed again after a while, each time a longer one. ERR_FATAL is returned. The caller
 * has dropped what is buffered. */
MUST_CHECK int lanes_back_off(struct lanes *lanes, struct err *err);

/* A transaction was committed: the next failure backs off briefly again. */
void lanes_succeed(struct lanes *lanes);

#endif
