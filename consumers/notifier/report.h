#ifndef NOTIFIER_REPORT_H
#define NOTIFIER_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "bus/bus.h"
#include "consumers/notifier/desk.h"
#include "token/token.h"
#include "wire/coder.h"

/*
 * Reports the outcome of each attempt: RecordDispatch to the communications module, before it WithdrawConsent if the provider said
 * that the person opted out, and InvalidateContactPoint to the customers module if the mail server said that there is no such
 * mailbox. It works from the table, in rounds: a round's rows are read and published; rows whose commands are all answered or
 * parked are marked reported. The broker's acknowledgement is not enough: a command may become a dead letter. Rows without
 * acknowledgement or answer are in a later round, with a new token. So an outcome is published until the modules know it, also
 * after a crash, and always with the same command ids and content: a module applies it once.
 */
#define REPORT_ROUND_MAX         256
#define REPORT_LINE_COMMANDS_MAX 3

struct report_line {
	struct report *report;
	struct attempt_id id;
	struct uuid commands[REPORT_LINE_COMMANDS_MAX]; /* the outcome; what else follows from it */
	size_t commands_count;
	int unacked; /* of the line's records */
};

struct report {
	const struct bus_conf *bus;
	const char *conninfo;
	const char *topic;
	struct token_keys *keys;
	struct bus_producer *producer; /* NULL: to be opened */
	struct report_line lines[REPORT_ROUND_MAX];
	size_t lines_count, waiting; /* of this round; not acknowledged yet */
	struct arena arena;
	struct buf value;
	struct own_token token;
	uint64_t done;       /* the value of dispatch->to_report that was processed */
	int64_t again_at_ms; /* monotonic: not before, after a failure */
	int64_t ask_at_ms;   /* monotonic: the next query for answers */
	int64_t until_ms;    /* monotonic: unanswered rows are sent again then; 0: the round is not fully acknowledged */
	int64_t patience_ms; /* the pause before the next round after one without any answer; 0: none */
	uint64_t reported;   /* since the start */
};

/* Borrows all. Start-up: takes memory. */
MUST_CHECK int report_open(struct report *report, const struct bus_conf *bus, const char *conninfo, const char *topic,
			   struct token_keys *keys, struct err *err);
void report_release(struct report *report); /* accepts a zeroed one */

bool report_is_waiting(const struct report *report); /* for the broker; report_fd is readable when it has answered, -1: none */
int report_fd(const struct report *report);
void report_hear(struct report *report); /* the module's events were read: the next step asks for its answers */
bool report_is_done(const struct report *report, uint64_t to_report);

/* One turn; `to_report` as in struct dispatch. An unreachable Kafka or PostgreSQL is no failure; failures are ERR_FATAL only. */
MUST_CHECK int report_step(struct report *report, struct desk *desk, uint64_t to_report, struct err *err);

#endif
