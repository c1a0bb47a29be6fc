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
 * Tells the communications module what came of each attempt: RecordDispatch on its command topic. Works from the table, in
 * rounds: a round's rows are read, published, and marked reported when the broker has acknowledged all of them; what was not
 * acknowledged is in the next round. So an outcome is published at least once, also after a crash, and always with the same
 * command id and the same content: the module applies it once.
 */
#define REPORT_ROUND_MAX 256

struct report_line {
	struct report *report;
	struct attempt_id id;
	bool is_acked;
};

struct report {
	const struct bus_conf *bus;
	const char *topic;
	struct coder *coder;
	struct token_keys *keys;
	struct bus_producer *producer; /* NULL: to be opened */
	struct report_line lines[REPORT_ROUND_MAX];
	size_t lines_count, waiting; /* of this round; without acknowledgement yet */
	struct arena arena;
	struct buf value;
	struct own_token token;
	uint64_t done;       /* the value of dispatch->to_report that was worked off */
	int64_t again_at_ms; /* monotonic: not before, after a failure */
	uint64_t reported;   /* since the start */
};

/* Borrows all. Start-up: takes memory. */
MUST_CHECK int report_open(struct report *report, const struct bus_conf *bus, const char *topic, struct coder *coder,
			   struct token_keys *keys, struct err *err);
void report_release(struct report *report); /* accepts a zeroed one */

bool report_is_waiting(const struct report *report); /* for the broker */
bool report_is_done(const struct report *report, uint64_t to_report);

/* One turn; `to_report` as in struct dispatch. Kafka or PostgreSQL being away is no failure. ERR_FATAL only. */
MUST_CHECK int report_step(struct report *report, struct desk *desk, uint64_t to_report, struct err *err);

#endif
