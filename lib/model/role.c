#include "base/must.h"
#include "model/command.h"

/* In the order of the bits. */
static const char *const names[] = { "admin",    "compliance", "supervisor", "agent",     "creditor", "system",
				     "notifier", "consumer",   "auditor",    "reporting", "clock" };

#define NAMES_COUNT (sizeof(names) / sizeof(names[0]))

_Static_assert(ROLE_LAST == 1 << (NAMES_COUNT - 1), "every role has a name");

uint32_t role_by_name(struct str name)
{
	for (size_t i = 0; i < NAMES_COUNT; i++)
		if (str_is(name, names[i]))
			return UINT32_C(1) << i;
	return 0;
}

const char *role_name(uint32_t role)
{
	for (size_t i = 0; i < NAMES_COUNT; i++)
		if (role == UINT32_C(1) << i)
			return names[i];
	MUST_NOT_REACH("not exactly one role");
}
