#ifndef API_HTTP_ROUTE_H
#define API_HTTP_ROUTE_H

#include <stddef.h>
#include <stdint.h>

#include "model/message.h"

struct api;
struct call;
struct resource;

/*
 * One operation of the gateway: a row of a table in offer/. From the row alone come: which requests reach it, who may, what
 * its body may be, what becomes of it, its part of the OpenAPI document (of a ROUTE_SPECIAL what it takes and answers is written
 * in document/), its label in log and metrics.
 */
enum method { METHOD_GET = 1 << 0, METHOD_POST = 1 << 1, METHOD_PUT = 1 << 2, METHOD_PATCH = 1 << 3, METHOD_DELETE = 1 << 4 };

enum body_kind {
	BODY_NONE, /* none: what is sent all the same is 413 */
	BODY_JSON, /* application/json, else 415 */
	BODY_ANY,  /* callbacks of providers */
};

enum route_kind {
	ROUTE_SPECIAL, /* `handle` does it all */
	ROUTE_WRITE,   /* becomes `command` (writes.h) */
	ROUTE_READ,    /* answered out of PostgreSQL (reads.h) */
};

/* Who may: bits of model/command.h, or one of these. Of a ROUTE_WRITE it stands in the schema of its command (command->roles). */
#define ACCESS_PUBLIC    (UINT32_C(1) << 31) /* no token */
#define ACCESS_SIGNED_IN (UINT32_C(1) << 30) /* any good token, also without a role */

struct route {
	enum method method;
	const char *pattern;   /* "/debts/:id/payments"; a segment with a colon takes any text without a slash */
	const char *operation; /* "recordPayment": unique */
	const char *summary;   /* one line, for the document */
	uint32_t access;
	enum route_kind kind;
	enum body_kind body;
	size_t body_size_max; /* 0 with BODY_JSON: BODY_JSON_MAX */
	bool is_secret;       /* its body holds a password or a token: it is overwritten after use */

	void (*handle)(struct api *api, struct call *call); /* ROUTE_SPECIAL */

	/* ROUTE_WRITE */
	const struct message_type *command;
	const char *path_field; /* the command's field that `:id` fills; NULL: none */
	const char *made_field; /* the id that is derived from the command's own when the body leaves it out; NULL: none */
	const char
		*optional; /* fields, a space between, that may be left out though the schema demands them: 0, false, empty, now
			    */
	const char *demanded; /* fields, a space between, that must be given though the schema lets them be null; NULL: none */
	const char *clears;   /* fields, a space between, whose null is told by the command's `clears`; NULL: it has none */
	bool replaces;        /* PUT: one of `clears` that is left out is as null; without it (PATCH) it stays as it is */
	const char *said_member,
		*said_word;           /* a member of the body, none of the command's, that must hold this word; NULL: none */
	bool if_match;                /* If-Match is demanded. It fills expected_version, also where it is only allowed */
	const struct resource *owner; /* whose row tells customer_id when neither path nor body does; NULL: none is asked */
	int done_status;              /* 201: Location is `location` with the id of the new thing; 200: it was changed */
	const char *location;         /* "/debts/" */

	/* Of a ROUTE_WRITE whose answer holds what is in no table: answers instead, with the event, framed, that says yes. */
	void (*answer)(struct api *api, struct call *call, struct str event);

	/* ROUTE_READ; of a ROUTE_WRITE: what was written, to be shown; NULL: only its id */
	const struct resource *resource;
	bool is_list; /* of a READ: many, which hang on the resource's parent `:id` if there is one; else the one with the id
			 `:id` */
};

#define BODY_JSON_MAX ((size_t)64 * 1024)

/* All operations, in the order of the document; ends with a NULL pattern. The first call, at start, puts the table together. */
const struct route *api_routes(void); /* offer/offer.c */

/* Who may: of a command what its schema says. */
static inline uint32_t route_access(const struct route *route)
{
	return route->kind != ROUTE_WRITE || route->command == NULL ? route->access : route->command->roles;
}

#endif
