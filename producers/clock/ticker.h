#ifndef CLOCK_TICKER_H
#define CLOCK_TICKER_H

#include <stdint.h>

#include "base/err.h"
#include "bus/bus.h"

/*
 * Publishes Ticks: the same instant and business date to every partition of the command topics of some modules, without a key,
 * signed as role `clock`. An instant is never earlier than the one before it, whatever the wall clock does.
 *
 * Only the latest Tick is useful. So none is queued behind an undelivered one, and a Tick that Kafka does not accept within
 * UNDELIVERED_MS is abandoned: after a stall comes one current Tick, not a burst of old ones.
 */
struct ticker;

#define TICKER_MODULES_MAX 16

struct ticker_conf {
	const char *bootstrap;
	const char *client_id;
	const char *modules;  /* "customers,debts": comma-separated */
	const char *timezone; /* of the organisation, "Europe/Berlin": sets the process's TZ */
	const char *keys_dir, *token_issuer, *token_audience;
};

/* Borrows the settings. Does not connect yet. ERR_FATAL: unusable keys, time zone or module names. */
MUST_CHECK int ticker_new(const struct ticker_conf *conf, struct ticker **ret_ticker, struct err *err);
void ticker_free(struct ticker *ticker); /* accepts NULL */

/* With a producer, the broker's time is known (bus_now_ms) before the first Tick carries one. Failures as of ticker_tick. */
MUST_CHECK int ticker_connect(struct ticker *ticker, struct err *err);

/*
 * Sends the Tick of now_ms to every partition that has no undelivered one. ERR_RETRY: Kafka is unreachable or a topic is
 * missing (the others were served); call again with the next instant.
 */
MUST_CHECK int ticker_tick(struct ticker *ticker, int64_t now_ms, struct err *err);

void ticker_poll(struct ticker *ticker, int timeout_ms); /* handles delivery reports; also the pause between Ticks */

/* Waits a moment for the Ticks under way. */
void ticker_drain(struct ticker *ticker, int timeout_ms);

struct ticker_counts {
	uint64_t sent, delivered, lost;
	uint64_t skipped; /* the partition had an undelivered one */
};
struct ticker_counts ticker_counts(const struct ticker *ticker);

/* The civil day at this instant in the time zone TZ. */
int32_t ticker_business_date(int64_t instant_ms);

#endif
