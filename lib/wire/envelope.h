#ifndef WIRE_ENVELOPE_H
#define WIRE_ENVELOPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/uuid.h"
#include "model/header.h"
#include "model/message.h"

/*
 * The headers of a record: CloudEvents 1.0 Kafka binding, binary mode. Written and read here only.
 *
 * Of a command:
 *   ce_specversion ce_id ce_source ce_type authorization
 *   [ce_correlationid ce_causationid ce_expirytime ce_actor traceparent]
 * Of an event:
 *   ce_specversion ce_id ce_source ce_type ce_time ce_causationid ce_sequence dcs_hash [ce_correlationid traceparent]
 *
 * No header repeats what the record has elsewhere: the key is the customer, the frame has the schema, the body the aggregate.
 * ce_correlationid is left out where it is the id of the flow's first command: of a command its own, of an event its cause's.
 * ce_sequence of an event is its `seq` in the module's log of that partition (1, 2, 3 ...), which readers check for gaps. The
 * aggregate's own version is in the body. dcs_hash is the row's hash in the chain, 32 raw bytes.
 */
struct envelope {
	struct uuid id;
	struct str source;
	struct str type;            /* ce_type */
	struct uuid correlation_id; /* none when absent: then it is a command's own id, an event's cause */
	struct uuid causation_id;   /* none when absent */
	int64_t expires_ms;         /* ce_expirytime; 0: none */
	struct str traceparent;     /* empty when absent */
	struct str token;           /* the part behind "Bearer "; empty when absent */
	int64_t at_ms;              /* ce_time; 0 when absent */
	int64_t sequence;           /* ce_sequence; 0 when absent */
	struct str hash;            /* dcs_hash; empty when absent */
};

/*
 * Everything in the envelope borrows from the headers. ce_specversion (1.0), ce_id, ce_source and ce_type are mandatory: a
 * missing one is ERR_POISON, "missing header ce_id". A repeated or malformed header of ours, or more than HEADERS_MAX headers:
 * ERR_POISON, "bad header ce_id: not a UUID". All texts begin with "missing" or "bad" and hold no value. Names are compared
 * exactly, and unknown ones are ignored. Headers that repeat the record (ce_subject, content-type, ce_dataschema,
 * ce_partitionkey; 0.4.0 wrote them) are not read. A malformed traceparent counts as absent, as W3C requires: it is no reason to refuse a
 * payment.
 */
MUST_CHECK int envelope_read(const struct header *headers, size_t count, struct envelope *ret_envelope, struct err *err);

/* The same, with the first of the two words as a value: a header is missing, or bad. */
enum envelope_fault { ENVELOPE_MISSING, ENVELOPE_BAD };
MUST_CHECK int envelope_check(const struct header *headers, size_t count, struct envelope *ret_envelope,
			      enum envelope_fault *ret_fault, struct err *err);

/* Headers for a command to be published: the texts are in the arena or borrow from `head`. ERR_POISON when the arena is full. */
struct command_head {
	struct uuid id;
	struct uuid correlation_id, causation_id; /* none: left out */
	int64_t expires_ms;                       /* 0: none */
	struct str source;                        /* "/dcs/cli" */
	struct str actor;                         /* for people who read records; the token's subject counts. Empty: left out */
	struct str token;
	struct str traceparent;
};
MUST_CHECK int envelope_write_command(const struct message_type *type, const struct command_head *head, struct arena *arena,
				      struct header ret_headers[HEADERS_MAX], size_t *ret_count, struct err *err);

/*
 * An event of the log (worker/log_event): the same bytes whether it is published after its commit or out of event_log months
 * later. ERR_POISON when the arena is full, ERR_FATAL when a newer program wrote the log (unknown schema id).
 */
struct event_head {
	const char *module;
	uint32_t schema_id; /* determines ce_type */
	struct uuid id, command_id, correlation_id;
	int64_t at_ms;
	int64_t seq;
	struct str hash;
	struct str traceparent; /* empty: none */
};
MUST_CHECK int envelope_write_event(const struct event_head *head, struct arena *arena, struct header ret_headers[HEADERS_MAX],
				    size_t *ret_count, struct err *err);

#endif
