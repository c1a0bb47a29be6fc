#ifndef CLOCK_TICKER_H
#define CLOCK_TICKER_H

#include <stdint.h>

#include "base/err.h"
#include "bus/bus.h"

/*
 * Publishes Ticks: the same instant and business date to every partition of the command topics of some modules, without a key,
 * signed as role `clock`. An instant is never earlier than the one before it, whatever the wall clock does.
 *
 * A Tick is worth something only while it is the latest. So none is queued behind an undelivered one, and what Kafka does not
 * take within UNDELIVERED_MS is given up: after a stall comes one current Tick, not a storm of old ones.
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

/* Borrows the settings. Talks to nobody yet. ERR_FATAL: keys, time zone or module names are not usable. */
MUST_CHECK int ticker_new(const struct ticker_conf *conf, struct ticker **ret_ticker, struct err *err);
void ticker_free(struct ticker *ticker); /* accepts NULL */

/* With a producer, the broker's time is known (bus_now_ms) before the first Tick says any. Failures as of ticker_tick. */
MUST_CHECK int ticker_connect(struct ticker *ticker, struct err *err);

/* Sends the Tick of now_ms to every partition that has no undelivered one. ERR_RETRY: Kafka is away or a topic is not there (the
 * others were served); call again with the next instant. */
MUST_CHECK int ticker_tick(struct ticker *ticker, int64_t now_ms, struct err *err);

void ticker_poll(struct ticker *ticker, int timeout_ms); /* hears what was delivered; also the pause between Ticks */

/* Gives what is under way a moment to arrive. */
void ticker_drain(struct ticker *ticker, int timeout_ms);

struct ticker_counts {
	uint64_t sent, delivered, lost;
	uint64_t skipped; /* the partition had an undelivered one */
};
struct ticker_counts ticker_counts(const struct ticker *ticker);

/* The civil day at this instant where TZ says we are. */
int32_t ticker_business_date(int64_t instant_ms);

#endif
