#include "base/must.h"
#include "consumers/customers/customers.h"

/* The words of commands, events and tables, by their enums. */

static const char *const channels[] = {
	[CHANNEL_NONE] = "",       [CHANNEL_EMAIL] = "email",   [CHANNEL_SMS] = "sms",
	[CHANNEL_VOICE] = "voice", [CHANNEL_LETTER] = "letter", [CHANNEL_PUSH] = "push",
};
_Static_assert(sizeof(channels) / sizeof(channels[0]) == CHANNEL_COUNT, "a word for each channel");

static const char *const contact_point_states[] = {
	[CONTACT_POINT_NONE] = "",
	[CONTACT_POINT_USABLE] = "usable",
	[CONTACT_POINT_BOUNCED] = "bounced",
	[CONTACT_POINT_WRONG_PARTY] = "wrong_party",
	[CONTACT_POINT_REASSIGNED] = "reassigned",
	[CONTACT_POINT_BLOCKED] = "blocked",
	[CONTACT_POINT_ERASED] = "erased",
};
_Static_assert(sizeof(contact_point_states) / sizeof(contact_point_states[0]) == CONTACT_POINT_STATE_COUNT,
	       "a word for each state");

static const char *const customer_statuses[] = {
	[CUSTOMER_NONE] = "",         [CUSTOMER_ACTIVE] = "active",
	[CUSTOMER_MERGED] = "merged", [CUSTOMER_DECEASED] = "deceased",
	[CUSTOMER_ERASED] = "erased",
};
_Static_assert(sizeof(customer_statuses) / sizeof(customer_statuses[0]) == CUSTOMER_STATUS_COUNT, "a word for each status");

/* The word's place; 0 (none) when it is not there. */
static size_t find(const char *const *words, size_t count, struct str word)
{
	for (size_t index = 1; index < count; index++) {
		if (str_is(word, words[index]))
			return index;
	}
	return 0;
}

enum channel channel_by_name(struct str name)
{
	return (enum channel)find(channels, CHANNEL_COUNT, name);
}

const char *channel_name(enum channel channel)
{
	MUST(channel < CHANNEL_COUNT);
	return channels[channel];
}

enum contact_point_state contact_point_state_by_name(struct str name)
{
	return (enum contact_point_state)find(contact_point_states, CONTACT_POINT_STATE_COUNT, name);
}

const char *contact_point_state_name(enum contact_point_state state)
{
	MUST(state < CONTACT_POINT_STATE_COUNT);
	return contact_point_states[state];
}

enum customer_status customer_status_by_name(struct str name)
{
	return (enum customer_status)find(customer_statuses, CUSTOMER_STATUS_COUNT, name);
}

const char *customer_status_name(enum customer_status status)
{
	MUST(status < CUSTOMER_STATUS_COUNT);
	return customer_statuses[status];
}
