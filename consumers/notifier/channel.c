#include "consumers/notifier/channel.h"

#include <string.h>

struct channel_gateways channel_gather(struct gateway *const *gateways, size_t count, const char *name, int64_t now_ms)
{
	struct channel_gateways channel = { .count = 0 };

	for (size_t i = 0; i < count; i++) {
		if (strcmp(gateways[i]->conf->channel, name) != 0)
			continue;
		channel.is_away[channel.count] = throttle_is_away(&gateways[i]->throttle, now_ms);
		channel.gateways[channel.count++] = gateways[i];
	}
	return channel;
}

/* The smaller, the sooner it is `to`'s turn with a message that `last` (NULL: none yet) did not accept. */
static int64_t turn_of(const struct gateway *last, const struct gateway *to)
{
	if (last == NULL)
		return to->conf->order;
	if (to == last)
		return GATEWAY_ORDER_MAX; /* after every other */
	return (to->conf->order - last->conf->order + GATEWAY_ORDER_MAX) % GATEWAY_ORDER_MAX;
}

static bool leads(const struct channel_gateways *channel, const struct gateway *last, const struct gateway *to)
{
	bool is_there = false;

	for (size_t i = 0; i < channel->count; i++) {
		if (channel->is_away[i])
			continue;
		if (turn_of(last, channel->gateways[i]) < turn_of(last, to))
			return false;
		is_there = is_there || channel->gateways[i] == to;
	}
	return is_there;
}

size_t channel_not_after(const struct channel_gateways *channel, const struct gateway *to,
			 const char *ret_names[GATEWAYS_MAX + 1])
{
	size_t count = 0;

	if (!leads(channel, NULL, to))
		ret_names[count++] = "";
	for (size_t i = 0; i < channel->count; i++) {
		if (!leads(channel, channel->gateways[i], to))
			ret_names[count++] = channel->gateways[i]->conf->name;
	}
	return count;
}

bool channel_has_another(const struct channel_gateways *channel, const struct gateway *gateway)
{
	for (size_t i = 0; i < channel->count; i++) {
		if (channel->gateways[i] != gateway && !channel->is_away[i])
			return true;
	}
	return false;
}
