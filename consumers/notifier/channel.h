#ifndef NOTIFIER_CHANNEL_H
#define NOTIFIER_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "consumers/notifier/gateway.h"

/*
 * The gateways of one channel at one moment, and the order of fallback among them. Pure.
 *
 * A message goes to the gateways of the lowest order; those of the same order share the messages. It goes on to the next one
 * only when a gateway certainly did not accept it, or is away (its circuit breaker is open): first to others of the same order,
 * then to higher orders, then around to the lowest, and back to the same gateway only when all others are away.
 */
struct channel_gateways {
	struct gateway *gateways[GATEWAYS_MAX];
	bool is_away[GATEWAYS_MAX]; /* of the same index */
	size_t count;
};

struct channel_gateways channel_gather(struct gateway *const *gateways, size_t count, const char *name, int64_t now_ms);

/*
 * The messages that `to` does not take, because they go to others: those that one of the named gateways did not accept last; "":
 * those that none has refused. Returns the number of names; more than channel->count: it takes none at all.
 */
size_t channel_not_after(const struct channel_gateways *channel, const struct gateway *to,
			 const char *ret_names[GATEWAYS_MAX + 1]);

/* Whether a gateway other than this one is there. */
bool channel_has_another(const struct channel_gateways *channel, const struct gateway *gateway);

#endif
