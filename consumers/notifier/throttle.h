#ifndef NOTIFIER_THROTTLE_H
#define NOTIFIER_THROTTLE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/must.h"

/*
 * The load of a gateway: a token bucket (a rate, and a burst after a pause), a bound on messages in flight, and a circuit
 * breaker. Pure: time is an argument that never goes back.
 *
 * Claiming takes longer than a full bucket lasts. So messages are claimed ahead, those of the next THROTTLE_AHEAD_MS, and wait for
 * their tokens: claim, start, leave, end. With those under way they are never more than running_max. So they wait for the rate only, and
 * not behind a slow gateway. None is claimed ahead of a gateway that may be away.
 *
 * The promise: in no stretch of time does the gateway get more than burst + per_second x the stretch, by its own clock.
 *   - A message that has started keeps its token in the bucket until its request is written. So a full bucket stays full while
 *     requests are held up, by a connection or a commit, and they do not come together with those of the tokens meanwhile.
 *   - The bucket is smaller than burst by the tokens of THROTTLE_JITTER_MS: by so much one request may be longer on its way than
 *     the next. It has at least half of burst, and one token, so with a burst below per_second / 10 it allows for less.
 *
 *              failures_max in a row             the pause is over
 *   CLOSED ------------------------------> OPEN ------------------> HALF_OPEN
 *     ^  ^                                 |  ^                     |   |
 *     |  |          a late success         |  |   the probe fails   |   |
 *     |  '---------------------------------'  '---------------------'   |
 *     '-----------------------------------------------------------------'
 *                                the probe succeeds
 *
 *   CLOSED     normal
 *   OPEN       nothing for pause_ms, which doubles up to pause_max_ms each time the probe fails
 *   HALF_OPEN  one probe at a time
 *
 * Only the gateway's own health counts: a refused recipient is a success of the gateway.
 */
#define THROTTLE_JITTER_MS 50
#define THROTTLE_AHEAD_MS  250

struct throttle_conf {
	int64_t per_second;   /* tokens; 1.. */
	int64_t burst;        /* 1.. */
	int64_t running_max;  /* 1.. */
	int64_t failures_max; /* 1.. */
	int64_t pause_ms, pause_max_ms;
};

enum throttle_state { THROTTLE_CLOSED, THROTTLE_OPEN, THROTTLE_HALF_OPEN };

struct throttle {
	struct throttle_conf conf;
	enum throttle_state state;
	int64_t tokens_milli; /* thousandths of a token; those of `starting` are among them */
	int64_t filled_at_ms;
	int64_t waiting; /* claimed and not started */
	int64_t running;
	int64_t starting; /* of these: their requests have not left */
	int64_t failures; /* in a row */
	int64_t pause_ms; /* of the next opening */
	int64_t until_ms; /* OPEN: the time of the probe; also the pause that the gateway asked for (Retry-After) */
};

void throttle_init(struct throttle *throttle, const struct throttle_conf *conf, int64_t now_ms);

/* The number that may be started now, if as many are waiting. */
int64_t throttle_room(struct throttle *throttle, int64_t now_ms);

/* The number that may be claimed now. */
int64_t throttle_claims(struct throttle *throttle, int64_t now_ms);

/* Counts a claim. The breaker may have opened since there was room. */
void throttle_claim(struct throttle *throttle);

/* Undoes a claim. */
void throttle_give_back(struct throttle *throttle);

/* Whether what is waiting should be given back, because the breaker is open. */
bool throttle_is_open(struct throttle *throttle, int64_t now_ms);

/*
 * Whether messages should go to another gateway meanwhile: the breaker is open, its probe is under way, or the gateway asked for
 * a pause that is longer than any of the breaker's. A gateway that is merely full is not away.
 */
bool throttle_is_away(struct throttle *throttle, int64_t now_ms);

/* A message that was claimed starts; there must be room. */
void throttle_start(struct throttle *throttle, int64_t now_ms);

/* The request of a message that was started is being written. */
void throttle_leave(struct throttle *throttle, int64_t now_ms);

/* Undoes a start: nothing has left, and nothing will. */
void throttle_undo(struct throttle *throttle);

/*
 * Counts the end of a message that has left. is_well: the gateway works, whatever it answered about the message. retry_after_ms: the pause it asked for;
 * -1: none.
 */
void throttle_end(struct throttle *throttle, bool is_well, int64_t retry_after_ms, int64_t now_ms);

/* The time until there may be room without an attempt ending: 0 now, -1 never (only one under way can make room). */
int64_t throttle_wait_ms(struct throttle *throttle, int64_t now_ms);

/* The same of claims. */
int64_t throttle_claims_wait_ms(struct throttle *throttle, int64_t now_ms);

/* Full jitter: a pause of 0 to base_ms times 1, 5, 30, 120, 720 after the 1st, 2nd ... failed attempt; `random` is any number. */
int64_t throttle_backoff_ms(int64_t base_ms, int64_t tries, uint64_t random);

#endif
