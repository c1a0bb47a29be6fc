#ifndef WORKER_EVENT_RECORD_H
#define WORKER_EVENT_RECORD_H

#include <stdint.h>

#include "base/arena.h"
#include "crypto/crypto.h"
#include "wire/coder.h"
#include "worker/edge.h"

/*
 * A record of an events topic, judged by what was read before it: for readers (reader.h) and for modules that follow another
 * (follow.h). `seq` decides: last + 1 is the next event, a lower one repeats it, a higher one is a gap. The hash must follow from
 * the one before (chain.h), so a changed or exchanged event is found, too.
 */
enum event_verdict {
	EVENT_NEXT,
	EVENT_REPEATED, /* read before: drop it */
	EVENT_WRONG,    /* halt the partition: an event of a log cannot be left out */
};

/* Borrows from the record and the arena. */
struct event_record {
	const struct message_type *type;
	const void *body;
	struct uuid id, key, command_id, correlation_id;
	int64_t at_ms; /* ce_time: the broker time of its command */
	int64_t seq;
	uint8_t hash[SHA256_SIZE];
	struct str traceparent;
};

/* *ret_event: of EVENT_NEXT only. *ret_reason: of EVENT_WRONG, for people; a literal. */
enum event_verdict event_record_judge(const struct broker *broker, const struct bus_record *record, int64_t last_seq,
				      const uint8_t last_hash[SHA256_SIZE], struct arena *arena, struct event_record *ret_event,
				      const char **ret_reason);

#endif
