#ifndef CLI_WAITING_H
#define CLI_WAITING_H

#include <stdbool.h>
#include <stdint.h>

#include "answers.h"
#include "base/err.h"
#include "tally.h"

/*
 * Waits for the outcomes of the commands of a tally, for their senders: `import`, `publish`, and both `replay`. If nothing
 * moves for the timeout (no acknowledgement, no answer), the commands that the brokers have are abandoned and reported as
 * waiting or unanswered.
 */
struct waiting {
	struct tally *tally;
	struct answers *answers; /* NULL: answers are not waited for */
	int64_t timeout_ms;
	int64_t moved;    /* the tally's count at the last check */
	int64_t moved_ms; /* when that changed */
};

/* Borrows. */
void waiting_begin(struct waiting *waiting, struct tally *tally, struct answers *answers, int64_t timeout_s);

/* Waits a moment for news: on this descriptor (-1: none), or of the answers. */
void waiting_poll(const struct waiting *waiting, int fd);

/* Reads the answers; once they are quiet, queries the database. */
void waiting_hear(struct waiting *waiting);

/* The time for which nothing has moved. */
int64_t waiting_still_ms(const struct waiting *waiting);

/* Notes that something was sent; and restarts the time. */
void waiting_note(struct waiting *waiting);
void waiting_again(struct waiting *waiting);

bool waiting_is_over(const struct waiting *waiting); /* nothing has moved for the timeout */

/* Abandons then. -1: the brokers have none of the commands under way. */
MUST_CHECK int waiting_give_up(struct waiting *waiting, struct err *err);

/* Waits until every command has ended. For commands that the brokers have. */
MUST_CHECK int waiting_finish(struct waiting *waiting, struct err *err);

/* For people, on standard error: a bad outcome in one line. A tally_tell for rows whose text identifies them. */
void waiting_tell(void *unused_arg, const struct told *told);

#define WAITING_ROWS(is_off, timeout_s)                                                                                          \
	{ .name = "no.wait",                                                                                                     \
	  .kind = CONF_SWITCH,                                                                                                   \
	  .default_value = "no",                                                                                                 \
	  .target = &(is_off),                                                                                                   \
	  .help = "replay: do not wait for what becomes of them" },                                                              \
	{                                                                                                                        \
		.name = "timeout", .kind = CONF_NUMBER, .default_value = "60", .number_min = 1, .number_max = 3600,              \
		.target = &(timeout_s), .help = "replay: seconds without any news, then nobody waits longer"                     \
	}

#endif
