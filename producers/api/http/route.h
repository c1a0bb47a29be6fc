#ifndef API_HTTP_ROUTE_H
#define API_HTTP_ROUTE_H

#include <stddef.h>
#include <stdint.h>

#include "model/message.h"

struct api;
struct call;
struct resource;

/*
 * One operation of the gateway: a row of a table in offer/. The row alone determines which requests reach it, who may call it,
 * the form of its body, how it is handled, its part of the OpenAPI document (except that the requests and answers of a
 * ROUTE_SPECIAL are described in document/), and its label in log and metrics.
 */
enum method { METHOD_GET = 1 << 0, METHOD_POST = 1 << 1, METHOD_PUT = 1 << 2, METHOD_PATCH = 1 << 3, METHOD_DELETE = 1 << 4 };

enum body_kind {
	BODY_NONE, /* a request with a body is 413 */
	BODY_JSON, /* application/json, otherwise 415 */
	BODY_ANY,  /* callbacks of providers */
};

enum route_kind {
	ROUTE_SPECIAL, /* `handle` does everything */
	ROUTE_WRITE,   /* becomes `command` (writes.h) */
	ROUTE_READ,    /* answered from PostgreSQL (reads.h) */
};

/*
 * The roles that may call it: bits of model/command.h, or one of these. The roles of a ROUTE_WRITE are in the schema of its
 * command (command->roles).
 */
#define ACCESS_PUBLIC    (UINT32_C(1) << 31) /* no token */
#define ACCESS_SIGNED_IN (UINT32_C(1) << 30) /* any valid token, also without a role */

struct route {
	enum method method;
	const char *pattern;   /* "/debts/:id/payments"; a segment with a colon matches any text without a slash */
	const char *operation; /* "recordPayment": unique */
	const char *summary;   /* one line, for the document */
	uint32_t access;
	enum route_kind kind;
	enum body_kind body;
	size_t body_size_max; /* 0 with BODY_JSON: BODY_JSON_MAX */
	bool is_secret;       /* its body contains a password or a token: the memory is overwritten after use */

	void (*handle)(struct api *api, struct call *call); /* ROUTE_SPECIAL */

	/* ROUTE_WRITE */
	const struct message_type *command;
	const char *path_field; /* the command's field that `:id` fills; NULL: none */
	const char *made_field; /* the id that is derived from the command's own if the body omits it; NULL: none */
	const char *optional;   /* fields, by spaces, that may be omitted though the schema requires them: 0, false, empty, now */
	const char *demanded;   /* fields, by spaces, that are required though the schema allows null; NULL: none */
	const char *clears;     /* fields, by spaces, whose null is put into the command's `clears`; NULL: it has none */
	bool replaces;          /* PUT: an omitted field of `clears` counts as null. False (PATCH): it keeps its value */
	const char *said_member, *said_word; /* a member of the body, not of the command, that must be this word; NULL: none */
	const struct message_type
		*said_command;        /* what a body with the member becomes, not `command`; NULL: the member is needed */
	bool if_match;                /* If-Match is required. It fills expected_version, also where it is optional */
	const struct resource *owner; /* its row has the customer_id that is neither in path nor body; NULL: not needed */
	int done_status;              /* 201: created, with Location: `location` and the new id; 200: changed */
	const char *location;         /* "/debts/" */

	/* For a ROUTE_WRITE whose answer contains values that are in no table: writes the answer, given the success event,
	 * framed. */
	void (*answer)(struct api *api, struct call *call, struct str event);

	/* ROUTE_READ: the resource. ROUTE_WRITE: the resource to show after the write; NULL: only its id */
	const struct resource *resource;
	bool is_list; /* ROUTE_READ: a list, of the children of `:id` if the resource has a parent. False: the one with `:id` */
};

#define BODY_JSON_MAX ((size_t)64 * 1024)

/* All operations, in the order of the document; ends with a NULL pattern. The first call, at start, builds the table. */
const struct route *api_routes(void); /* offer/offer.c */

/* The roles that may call it; for a command those of its schema. */
static inline uint32_t route_access(const struct route *route)
{
	return route->kind != ROUTE_WRITE || route->command == NULL ? route->access : route->command->roles;
}

#endif
