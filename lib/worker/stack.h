#ifndef WORKER_STACK_H
#define WORKER_STACK_H

#include "base/err.h"
#include "db/db.h"

/*
 * A stack is live or a rehearsal, for good: its database keeps which (engine.stack, sql/0165_rehearsal.sql), and the programs
 * have it as a setting. Whoever connects compares the two. In a rehearsal bus_now_ms and engine.now() are the last Tick's time.
 *
 * ERR_FATAL: the database is of the other kind. A database that does not keep it is not migrated: the next statement tells.
 */
MUST_CHECK int stack_check(struct db *db, struct err *err);

/* The setting `rehearsal`, as a row of a program's table; stack_set acts on it, before anything is opened. */
#define STACK_SETTING(variable)                                                                                                  \
	{                                                                                                                        \
		.name = "rehearsal", .kind = CONF_SWITCH, .default_value = "no", .target = (variable),                           \
		.help = "this stack is a rehearsal: its time is the last Tick's, its gateways are sinks"                         \
	}
void stack_set(bool is_rehearsal);

#endif
