#ifndef API_WRITES_OUTBOUND_H
#define API_WRITES_OUTBOUND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "bus/bus.h"
#include "model/message.h"
#include "producers/api/http/part.h"
#include "producers/api/reads/opener.h"
#include "token/token.h"
#include "wire/coder.h"

/*
 * Commands on their way to Kafka on behalf of waiting callers: each gets one callback, from outbound_run, with the broker's
 * acknowledgement. Bounded: a maximum of commands in flight, and a maximum wait. After the wait the callback reports "not
 * acknowledged", though the command may still arrive: it must be safe to send again with the same id.
 *
 * The commands published in one turn of the loop are given to librdkafka together, by outbound_run, and its thread lingers a
 * moment for more, or until the request before is answered: a request to Kafka costs this process and the broker more than a
 * record does.
 *
 * Commands in flight at the same time have no order, and after a lost connection one may be in the topic twice, which its id
 * makes harmless. A caller that needs an order publishes the second after the callback of the first.
 *
 * Nothing here blocks: the producer is opened in a thread; until then commands are refused. They are also refused while Kafka is
 * known to be unreachable, so that callers get an answer at once instead of a timeout. Kafka counts as unreachable if nothing was
 * answered for OUTBOUND_SILENT_MS though something was sent, or if the probe, which runs in a thread, got no answer. The probe
 * runs after a lost connection, after a silence, and repeatedly until Kafka is back.
 */
#define OUTBOUND_MAX       4096
#define OUTBOUND_SILENT_MS 3000

struct outbound;

/* is_acked: the broker has the command. Called once, unless outbound_publish returned -1. */
typedef void outbound_done(void *done_arg, bool is_acked);

struct outbound_list;

struct outbound_item {
	struct outbound *outbound;
	outbound_done *done; /* NULL: no callback any more */
	void *done_arg;
	int64_t until_ms;
	struct outbound_list *list; /* the list that it is in; NULL: free */
	struct outbound_item *next, *before;
};

struct outbound_list {
	struct outbound_item *first, *last;
};

struct outbound_parcel;

struct outbound {
	struct bus_conf bus;
	const char *conninfo; /* of the database with the partition counts of topics (worker/partitions.h); NULL: none */
	struct token_keys *keys;
	const char *subject; /* of tokens of our own */
	uint32_t roles;
	struct bus_producer *producer; /* NULL: not opened yet */
	struct opener opener;
	struct bus_producer *opened; /* written by the opener's thread */
	struct opener probe;         /* checks whether Kafka is reachable */
	int64_t probe_began_ms;
	int probe_wait_ms;
	uint64_t errors_seen; /* the producer's error count at the last probe */
	int64_t heard_ms;     /* Kafka's last answer, or the opening */
	struct outbound_item items[OUTBOUND_MAX];
	struct outbound_item *free_items;
	struct outbound_list waiting; /* in the order of publishing */
	struct outbound_list late;    /* timed out, callback done; the broker may still take them */
	size_t used;
	int64_t wait_ms;
	struct arena arena;              /* memory for the parcels of one turn */
	struct outbound_parcel *parcels; /* not given to librdkafka yet; the newest first */
	struct buf value;
	struct own_token token;
	bool is_ready;
};

/* Borrows all. Start-up: allocates memory. `subject` and `roles`: the issuer of our own commands (delivery reports). */
MUST_CHECK int outbound_open(struct outbound *outbound, const struct bus_conf *bus, struct token_keys *keys, const char *subject,
			     uint32_t roles, int64_t wait_ms, struct err *err);
void outbound_release(struct outbound *outbound); /* accepts a zeroed one; does not call `done` */

struct outbound_command {
	const char *topic;
	const struct message_type *type;
	const void *body;
	struct str value;       /* the framed body, if the caller has it; empty: encoded here */
	struct uuid id;         /* of the command */
	struct uuid key;        /* of the record */
	struct str token;       /* the issuer's token; empty: one of our own */
	struct str actor;       /* the issuer; empty: we */
	struct str traceparent; /* empty: none */
};

/*
 * Copies everything. ERR_RETRY: nothing was sent, Kafka is unreachable, or too many commands wait; ERR_POISON: the body violates
 * its schema.
 */
MUST_CHECK int outbound_publish(struct outbound *outbound, const struct outbound_command *command, outbound_done *done,
				void *done_arg, struct err *err);

/*
 * Sends the published commands, then processes acknowledgements, waiting at most timeout_ms if any is outstanding; times out late
 * ones.
 */
MUST_CHECK int outbound_run(struct outbound *outbound, int timeout_ms, struct err *err);

size_t outbound_waiting(const struct outbound *outbound); /* items in use */
bool outbound_is_ready(const struct outbound *outbound);  /* commands are accepted */

/* Ends all waiting commands as not acknowledged. */
void outbound_give_up(struct outbound *outbound);

/* Makes it a part of the loop. */
struct part outbound_part(struct outbound *outbound);

#endif
