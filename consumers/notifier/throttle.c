#include "consumers/notifier/throttle.h"
#include "base/array.h"

#define MILLI 1000

static int64_t smaller(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int64_t larger(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* The size of the bucket. */
static int64_t full_milli(const struct throttle *throttle)
{
	int64_t burst_milli = throttle->conf.burst * MILLI;
	int64_t jitter_milli = smaller(throttle->conf.per_second * THROTTLE_JITTER_MS, burst_milli / 2);

	return larger(burst_milli - jitter_milli, MILLI);
}

void throttle_init(struct throttle *throttle, const struct throttle_conf *conf, int64_t now_ms)
{
	MUST(conf->per_second >= 1);
	MUST(conf->burst >= 1);
	MUST(conf->running_max >= 1);
	MUST(conf->failures_max >= 1);
	MUST(conf->pause_ms >= 1);
	MUST(conf->pause_max_ms >= conf->pause_ms);
	*throttle = (struct throttle){
		.conf = *conf, .state = THROTTLE_CLOSED, .filled_at_ms = now_ms, .pause_ms = conf->pause_ms, .until_ms = now_ms
	};
	throttle->tokens_milli = full_milli(throttle);
}

/* Adds tokens for the elapsed time: per_second thousandths each millisecond. After as many ms as it has thousandths it is full. */
static void fill(struct throttle *throttle, int64_t now_ms)
{
	int64_t full = full_milli(throttle);
	int64_t passed_ms = smaller(now_ms - throttle->filled_at_ms, full);

	if (passed_ms <= 0)
		return;
	throttle->tokens_milli = smaller(throttle->tokens_milli + passed_ms * throttle->conf.per_second, full);
	throttle->filled_at_ms = now_ms;
}

static void look_at_clock(struct throttle *throttle, int64_t now_ms)
{
	fill(throttle, now_ms);
	if (throttle->state == THROTTLE_OPEN && now_ms >= throttle->until_ms)
		throttle->state = THROTTLE_HALF_OPEN;
}

static int64_t running_max(const struct throttle *throttle)
{
	switch (throttle->state) {
	case THROTTLE_CLOSED:
		return throttle->conf.running_max;
	case THROTTLE_HALF_OPEN:
		return 1;
	case THROTTLE_OPEN:
		return 0;
	}
	MUST_NOT_REACH("a state of the breaker");
}

/* The room beside those that wait, with the tokens of a while ahead. */
static int64_t room_beside(struct throttle *throttle, int64_t more_milli, int64_t waiting, int64_t now_ms)
{
	int64_t places, tokens;

	look_at_clock(throttle, now_ms);
	if (now_ms < throttle->until_ms)
		return 0;
	places = running_max(throttle) - throttle->running - waiting;
	tokens = (throttle->tokens_milli + more_milli) / MILLI - throttle->starting - waiting;
	return larger(smaller(places, tokens), 0);
}

int64_t throttle_room(struct throttle *throttle, int64_t now_ms)
{
	return room_beside(throttle, 0, 0, now_ms);
}

static int64_t ahead_milli(const struct throttle *throttle)
{
	return throttle->failures == 0 ? throttle->conf.per_second * THROTTLE_AHEAD_MS : 0;
}

int64_t throttle_claims(struct throttle *throttle, int64_t now_ms)
{
	return room_beside(throttle, ahead_milli(throttle), throttle->waiting, now_ms);
}

void throttle_claim(struct throttle *throttle)
{
	throttle->waiting++;
}

void throttle_give_back(struct throttle *throttle)
{
	MUST(throttle->waiting > 0);
	throttle->waiting--;
}

bool throttle_is_open(struct throttle *throttle, int64_t now_ms)
{
	look_at_clock(throttle, now_ms);
	return throttle->state == THROTTLE_OPEN;
}

bool throttle_is_away(struct throttle *throttle, int64_t now_ms)
{
	look_at_clock(throttle, now_ms);
	if (throttle->state == THROTTLE_OPEN || throttle->until_ms - now_ms > throttle->conf.pause_max_ms)
		return true;
	return throttle->state == THROTTLE_HALF_OPEN && throttle->running + throttle->waiting > 0;
}

void throttle_start(struct throttle *throttle, int64_t now_ms)
{
	MUST(throttle_room(throttle, now_ms) > 0);
	throttle_give_back(throttle);
	throttle->running++;
	throttle->starting++;
}

void throttle_leave(struct throttle *throttle, int64_t now_ms)
{
	MUST(throttle->starting > 0);
	fill(throttle, now_ms);
	MUST(throttle->tokens_milli >= MILLI);
	throttle->tokens_milli -= MILLI;
	throttle->starting--;
}

void throttle_undo(struct throttle *throttle)
{
	MUST(throttle->starting > 0);
	throttle->running--;
	throttle->starting--;
}

static void open_breaker(struct throttle *throttle, int64_t now_ms)
{
	throttle->state = THROTTLE_OPEN;
	throttle->until_ms = now_ms + throttle->pause_ms;
	throttle->pause_ms = smaller(throttle->pause_ms * 2, throttle->conf.pause_max_ms);
}

static void note_failure(struct throttle *throttle, int64_t now_ms)
{
	throttle->failures++;
	switch (throttle->state) {
	case THROTTLE_CLOSED:
		if (throttle->failures >= throttle->conf.failures_max)
			open_breaker(throttle, now_ms);
		return;
	case THROTTLE_HALF_OPEN:
		open_breaker(throttle, now_ms);
		return;
	case THROTTLE_OPEN: /* the message began before the circuit opened: no new information */
		return;
	}
}

static void note_success(struct throttle *throttle)
{
	throttle->state = THROTTLE_CLOSED;
	throttle->failures = 0;
	throttle->pause_ms = throttle->conf.pause_ms;
}

void throttle_end(struct throttle *throttle, bool is_well, int64_t retry_after_ms, int64_t now_ms)
{
	MUST(throttle->running > throttle->starting);
	throttle->running--;
	look_at_clock(throttle, now_ms);
	if (is_well)
		note_success(throttle);
	else
		note_failure(throttle, now_ms);
	if (retry_after_ms > 0 && now_ms + retry_after_ms > throttle->until_ms)
		throttle->until_ms = now_ms + retry_after_ms;
}

static int64_t wait_beside(struct throttle *throttle, int64_t more_milli, int64_t waiting, int64_t now_ms)
{
	int64_t needed_milli = (throttle->starting + waiting + 1) * MILLI - more_milli;

	if (room_beside(throttle, more_milli, waiting, now_ms) > 0)
		return 0;
	if (now_ms < throttle->until_ms)
		return throttle->until_ms - now_ms;
	if (throttle->running + waiting >= running_max(throttle) || needed_milli > full_milli(throttle))
		return -1;
	return (needed_milli - throttle->tokens_milli + throttle->conf.per_second - 1) / throttle->conf.per_second;
}

int64_t throttle_wait_ms(struct throttle *throttle, int64_t now_ms)
{
	return wait_beside(throttle, 0, 0, now_ms);
}

int64_t throttle_claims_wait_ms(struct throttle *throttle, int64_t now_ms)
{
	return wait_beside(throttle, ahead_milli(throttle), throttle->waiting, now_ms);
}

int64_t throttle_backoff_ms(int64_t base_ms, int64_t tries, uint64_t random)
{
	static const int64_t factors[] = { 1, 5, 30, 120, 720 };
	const int64_t last = (int64_t)COUNT(factors) - 1;
	int64_t cap_ms;

	MUST(tries >= 1);
	MUST(base_ms >= 0);
	cap_ms = base_ms * factors[smaller(tries - 1, last)];
	return (int64_t)(random % (uint64_t)(cap_ms + 1));
}
