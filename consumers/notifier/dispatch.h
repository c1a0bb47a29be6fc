#ifndef NOTIFIER_DISPATCH_H
#define NOTIFIER_DISPATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "consumers/notifier/desk.h"
#include "consumers/notifier/gateway.h"
#include "http/http.h"

/*
 * From the desk to the gateways and back: claims (and commits) as many messages as the gateways have room for, hands them over,
 * and records the outcome of each. One thread; dispatch_step waits for the database only, and dispatch_pace for nothing.
 *
 * A claimed message stands ready, sealed, until its gateway has a token for it. dispatch_pace hands it over then, also while a
 * statement runs: a gateway gets its rate however long the database takes. What cannot leave soon is given back ("not_started").
 *
 * A gateway gets the messages that route.h leads to it. A message that one certainly did not accept is queued again, and the next
 * one takes it.
 *
 * Where a gateway can be asked about a message of which nobody knows whether it was accepted, or recognises a repetition, its
 * attempt stays open and is asked about, a few times and with growing pauses, before its outcome is unknown for good.
 *
 * A message is in memory only between its claim and its outcome, and their number is bounded: a crash leaves at most that many
 * with the outcome "unknown".
 */
struct dispatch_conf {
	int64_t retry_base_ms; /* throttle_backoff_ms */
	int64_t ask_base_ms;   /* the same for questions about doubtful messages */
	int64_t attempts_max;  /* of a message; trying every gateway of its channel is one, and what never left for one is none */
	uint8_t address_key[32]; /* opens addresses and texts */
};

#define FLIGHTS_MAX HTTP_EXCHANGES_MAX

/* One message under way. */
struct flight {
	enum { FLIGHT_FREE, FLIGHT_READY, FLIGHT_FLYING, FLIGHT_ENDED, FLIGHT_DOUBTFUL } state;
	struct dispatch *dispatch;
	struct gateway *gateway;
	struct attempt_id id;
	struct taken taken; /* FLIGHT_READY, and the next three; it borrows from `sealed` */
	struct buf sealed;
	struct db_result letter; /* of a letter: what it needs beside its texts */
	uint64_t turn;           /* the lowest of a gateway is handed over next; 0: a question, whose answer is waited for */
	int64_t taken_at_ms, ready_at_ms; /* monotonic: before the claim, and after it */
	int32_t tries;                    /* with this one (struct taken) */
	int64_t send_by_ms;
	bool has_left;  /* its request is being written, or was: its token is spent */
	bool is_no_try; /* no gateway was asked, because its time was over (the next claim says the same) or could not come */
	struct verdict verdict; /* FLIGHT_ENDED, and the next two */
	int64_t ended_at_ms, retry_at_ms, retry_after_ms;
	bool is_question; /* about a message that may have been accepted already */
	int32_t asks;
	struct asked asked;
};

struct dispatch {
	struct dispatch_conf conf;
	struct desk *desk;
	struct http *http;
	struct gateway *gateways[GATEWAYS_MAX];
	size_t gateways_count;
	struct flight flights[FLIGHTS_MAX];
	size_t busy;                                            /* flights that are not free */
	size_t ready;                                           /* of these */
	uint64_t turns;                                         /* that were given out */
	bool waits_for_end;                                     /* a gateway is full: look again when a message ends */
	struct arena clear;                                     /* decrypted texts, wiped after every hand-over */
	int64_t open_at_ms, look_at_ms, ask_at_ms, sweep_at_ms; /* monotonic: not before */
	uint64_t to_report;                                     /* grows when there is something new to report */
	uint64_t accepted, failed, not_accepted, unknown;       /* since the start */
	uint64_t doubtful;                                      /* the same: questions that became necessary */
};

/* For http_conf.leaves, of the `http` below. */
http_leaves dispatch_leaves;

/* Borrows all. Start-up: takes memory. */
MUST_CHECK int dispatch_open(struct dispatch *dispatch, const struct dispatch_conf *conf, struct desk *desk, struct http *http,
			     struct err *err);
void dispatch_release(struct dispatch *dispatch); /* accepts a zeroed one */
void dispatch_add_gateway(struct dispatch *dispatch, struct gateway *gateway);

/* Call it when a message may have become due: the next step checks at once. */
void dispatch_look(struct dispatch *dispatch);

/* The time until the next step can do something that no event announces: 0 now, at most max_ms. */
int64_t dispatch_wait_ms(const struct dispatch *dispatch, int64_t max_ms);

/* Hands over what is ready and may leave now. Does not touch the desk, so it may be called while a statement runs (db_set_meanwhile). */
void dispatch_pace(struct dispatch *dispatch);

/* The time until dispatch_pace can do something that no event announces: 0 now, at most max_ms. */
int64_t dispatch_pace_wait_ms(const struct dispatch *dispatch, int64_t max_ms);

/*
 * One turn. An unreachable PostgreSQL is no failure: the next turns retry. Failures are ERR_FATAL only. `may_take` false: only
 * finishes attempts under way.
 */
MUST_CHECK int dispatch_step(struct dispatch *dispatch, bool may_take, struct err *err);

/* Gives back what has not left, abandons the messages in flight, and records their outcomes, as far as they are known (http_abandon). */
MUST_CHECK int dispatch_give_up(struct dispatch *dispatch, struct err *err);

#endif
