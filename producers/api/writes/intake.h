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
 * Makes a command from the headers and the body of a request, by the schema's table and the route's row. Pure: ids and the time
 * are arguments.
 */

/* ---- headers ---- */

/* Idempotency-Key: 1 to 255 visible ASCII characters, in quotes or bare. False: it is not; an empty one is not. */
MUST_CHECK bool idempotency_key_read(struct str header, struct str *ret_key);

/*
 * The command id, determined by principal, operation and key. It is below every UUIDv7 of our time: the engine looks up ids below
 * the highest that it has seen, and assumes higher ones to be new; a hash above it would cost all later commands a look-up
 * (lib/worker/README.md).
 */
struct uuid idempotency_key_id(const struct uuid *principal, const char *operation, struct str key);

/* Prefer (RFC 7240): the preferences that we know; of a repeated one the first. */
struct prefer {
	bool is_async; /* respond-async: 202 as soon as Kafka has the command */
	bool has_wait; /* wait=N: the time to wait for the outcome */
	int64_t wait_s;
};
struct prefer prefer_read(struct str header);

/* If-Match: one strong tag of ours, "7", or *. An empty header is bad, not absent: the caller meant some version. */
enum if_match { IF_MATCH_ANY, IF_MATCH_VERSION, IF_MATCH_BAD };
enum if_match if_match_read(struct str header, int64_t *ret_version);

/* ---- the body ---- */

struct intake_request {
	const struct route *route; /* NULL: POST /commands, by the schema alone */
	const struct message_type *type;
	struct json json;            /* the body */
	const char *pointer;         /* the prefix of every fault's pointer: "/data"; NULL: none */
	struct uuid command_id;      /* omitted ids are derived from it */
	const struct uuid *path_id;  /* for route->path_field; NULL: the row has none */
	const struct uuid *owner_id; /* for the key field, if it has been looked up; NULL: not (yet) */
	int64_t expected_version;    /* of If-Match; 0: none */
	int64_t now_ms;              /* for omitted instants */
};

struct intake {
	const void *body;  /* of the command's type */
	bool has_thing_id; /* thing_id, of the resource that is created or changed, is set; false: the row does not define it */
	struct uuid thing_id;
	bool needs_owner; /* the key is missing: look up the owner of path_id, and read again */
};

/* False: there are faults. All results are in the arena. */
bool intake_read(const struct intake_request *request, struct arena *arena, struct intake *ret_intake,
		 struct json_faults *faults);

#endif
