#ifndef API_WRITES_INTAKE_H
#define API_WRITES_INTAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/str.h"
#include "base/uuid.h"
#include "producers/api/http/route.h"
#include "wire/json.h"

/*
 * What a request asks for: its headers and its body, made a command by the schema's table and the row of the route. Pure: ids and
 * the time are arguments.
 */

/* ---- headers ---- */

/* Idempotency-Key: 1 to 255 visible ASCII characters, in quotes or bare. False: it is not that; one that says nothing is not. */
MUST_CHECK bool idempotency_key_read(struct str header, struct str *ret_key);

/*
 * The command id that this key always gives to this caller for this operation. It lies below every UUIDv7 of our time: the engine
 * looks up ids below the highest it has seen, and takes higher ones for new; a hash above it would cost all later commands a
 * look-up (lib/worker/README.md).
 */
struct uuid idempotency_key_id(const struct uuid *principal, const char *operation, struct str key);

/* Prefer (RFC 7240): what we know of it; of what is said twice the first. */
struct prefer {
	bool is_async; /* respond-async: 202 as soon as the command is kept */
	bool has_wait; /* wait=N: so long for the outcome */
	int64_t wait_s;
};
struct prefer prefer_read(struct str header);

/* If-Match: one strong tag of ours, "7", or *. A header that says nothing is bad, and not as none: somebody meant one. */
enum if_match { IF_MATCH_ANY, IF_MATCH_VERSION, IF_MATCH_BAD };
enum if_match if_match_read(struct str header, int64_t *ret_version);

/* ---- the body ---- */

struct intake_request {
	const struct route *route; /* NULL: POST /commands, by the schema alone */
	const struct message_type *type;
	struct json json;            /* the body */
	const char *pointer;         /* before every fault's: "/data"; NULL: nothing */
	struct uuid command_id;      /* ids that are left out derive from it */
	const struct uuid *path_id;  /* for route->path_field; NULL: the row has none */
	const struct uuid *owner_id; /* for the key field, when it has been looked up; NULL: not (yet) */
	int64_t expected_version;    /* of If-Match; 0: none */
	int64_t now_ms;              /* for instants that may be left out */
};

struct intake {
	const void *body;  /* of the type */
	bool has_thing_id; /* what is made or changed; false: the row does not say */
	struct uuid thing_id;
	bool needs_owner; /* the key is not in it: look up whose path_id is, and read again */
};

/* False: there are faults. Everything that is made lies in the arena. */
bool intake_read(const struct intake_request *request, struct arena *arena, struct intake *ret_intake,
		 struct json_faults *faults);

#endif
