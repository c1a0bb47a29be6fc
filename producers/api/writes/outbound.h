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
 * Commands on their way to Kafka on behalf of a caller who waits: each is told once, from within outbound_run, whether the broker
 * has it. Bounded: so many at once and no more; a caller waits so long and no longer, then it is told "no", though the command
 * may still arrive: it must be one that may be sent again under the same id.
 *
 * What is published in one turn of the loop goes to librdkafka together, at outbound_run, and its thread lets a moment pass for
 * more, or the time until the request before is answered: a request to Kafka costs this process and the broker more than a record
 * does.
 *
 * Commands under way at the same time have no order, and after a lost connection one may be in the topic twice, which its id
 * makes harmless. Who wants one behind another publishes it when he was told of the first.
 *
 * Nothing here waits: the producer is opened in a thread, and until it is there, commands are not taken. Nor are they while Kafka
 * is known to be away: who calls then is told at once, instead of waiting for what will not come. It is away when it has answered
 * nothing for OUTBOUND_SILENT_MS though something was sent, or when a thread has asked and got no answer: it asks when a
 * connection was lost, when nothing was heard for a while, and again and again until Kafka is back.
 */
#define OUTBOUND_MAX       4096
#define OUTBOUND_SILENT_MS 3000

struct outbound;

/* is_acked: the broker has it. Called once, unless outbound_publish returned -1. */
typedef void outbound_done(void *done_arg, bool is_acked);

struct outbound_list;

struct outbound_item {
	struct outbound *outbound;
	outbound_done *done; /* NULL: nobody waits any more */
	void *done_arg;
	int64_t until_ms;
	struct outbound_list *list; /* it is in; NULL: it is free */
	struct outbound_item *next, *before;
};

struct outbound_list {
	struct outbound_item *first, *last;
};

struct outbound_parcel;

struct outbound {
	struct bus_conf bus;
	const char *conninfo; /* who knows over how many partitions keys are spread (worker/partitions.h); NULL: nobody */
	struct coder *coder;
	struct token_keys *keys;
	const char *subject; /* of our own token */
	uint32_t roles;
	struct bus_producer *producer; /* NULL: to be opened */
	struct opener opener;
	struct bus_producer *opened; /* the opener's */
	struct opener probe;         /* is Kafka there? */
	int64_t probe_began_ms;
	int probe_wait_ms;
	uint64_t errors_seen; /* of the producer, when it was asked last */
	int64_t heard_ms;     /* when Kafka last answered, or was opened */
	struct outbound_item items[OUTBOUND_MAX];
	struct outbound_item *free_items;
	struct outbound_list waiting; /* in the order in which they came */
	struct outbound_list late;    /* their callers were told "no"; the broker may still take them */
	size_t used;
	int64_t wait_ms;
	struct arena arena;              /* of the parcels of one turn */
	struct outbound_parcel *parcels; /* not yet given to librdkafka; the newest first */
	struct buf value;
	struct own_token token;
	bool is_ready;
};

/* Borrows all. Start-up: takes memory. `subject` and `roles`: as whom we issue what is ours to issue (delivery reports). */
MUST_CHECK int outbound_open(struct outbound *outbound, const struct bus_conf *bus, struct coder *coder, struct token_keys *keys,
			     const char *subject, uint32_t roles, int64_t wait_ms, struct err *err);
void outbound_release(struct outbound *outbound); /* accepts a zeroed one; does not call `done` */

struct outbound_command {
	const char *topic;
	const struct message_type *type;
	const void *body;
	struct str value;       /* the body, framed, when the caller has it already; empty: encoded here */
	struct uuid id;         /* of the command */
	struct uuid key;        /* of the record */
	struct str token;       /* in whose name; empty: our own */
	struct str actor;       /* who that is; empty: we */
	struct str traceparent; /* empty: none */
};

/* Copies all. ERR_RETRY: Kafka is away, or too many wait, and nothing was sent; ERR_POISON: the body is not allowed by its
 * schema. */
MUST_CHECK int outbound_publish(struct outbound *outbound, const struct outbound_command *command, outbound_done *done,
				void *done_arg, struct err *err);

/* Sends what was published, takes acknowledgements, waiting at most timeout_ms for one if any is missing; tells those that waited
 * too long. */
MUST_CHECK int outbound_run(struct outbound *outbound, int timeout_ms, struct err *err);

size_t outbound_waiting(const struct outbound *outbound); /* items in use */
bool outbound_is_ready(const struct outbound *outbound);  /* commands are taken */

/* Tells everybody who still waits "no". */
void outbound_give_up(struct outbound *outbound);

/* As a part of the loop. */
struct part outbound_part(struct outbound *outbound);

#endif
