#ifndef API_DOCUMENT_OPENAPI_INSIDE_H
#define API_DOCUMENT_OPENAPI_INSIDE_H

#include <jansson.h>

#include "base/err.h"
#include "producers/api/http/route.h"

/*
 * What the files of the document share: openapi.c (the whole, its operations, their statuses), openapi_write.c and openapi_read.c
 * (what rows of these kinds take and answer), openapi_message.c (schemas of messages), openapi_parts.c (what people wrote).
 */
struct openapi {
	json_t *document;  /* grows into the result */
	json_t *schemas;   /* its components/schemas; borrowed */
	json_t *written;   /* of operations, by operationId: what document/ says of them */
	json_t *resources; /* of resources, by name, and of their columns: what document/ says of them */
};

/* Reads document/: base.json is what the document grows from. */
MUST_CHECK int openapi_read_parts(struct openapi *openapi, struct err *err);

/* ---- small things ---- */

json_t *openapi_reference(const char *kind, const char *name);           /* {"$ref": "#/components/kind/name"} */
json_t *openapi_member(json_t *object, const char *name, json_t *empty); /* borrows; takes `empty` when there is none yet */
json_t *openapi_words(const char *words);                                /* "a b" -> ["a", "b"] */
void openapi_describe(json_t *schema, const char *text);                 /* adds to the description that is there */

/* ---- openapi.c ---- */

/* An answer that looks the same wherever it comes (components/responses), unless the operation says itself what it means. */
void openapi_add_response(json_t *operation, int status);

/* A good answer with a body of this schema; takes the schema. Borrows the answer, for its headers. */
json_t *openapi_add_success(json_t *operation, int status, const char *description, json_t *schema);
void openapi_add_header(json_t *response, const char *name, bool is_required, const char *description);

/*
 * A code that a problem of this status may have here, in the operation's list `x-dcs-codes`; what openapi_add_response adds has
 * its usual ones already. In document/ an operation's `codes` are added to them, and of a special row they are all.
 */
void openapi_add_code(json_t *operation, int status, const char *code);

/* ---- openapi_write.c, openapi_read.c ---- */

MUST_CHECK int openapi_describe_write(struct openapi *openapi, const struct route *route, json_t *operation, struct err *err);
MUST_CHECK int openapi_describe_read(struct openapi *openapi, const struct route *route, json_t *operation, struct err *err);

/* The name of the schema of a resource, which is added when it is not there yet. */
MUST_CHECK int openapi_resource(struct openapi *openapi, const struct resource *resource, bool is_list, char ret_name[64],
				struct err *err);

/* Schemas of all commands, and of POST /commands. */
void openapi_add_commands(struct openapi *openapi);

/* ---- openapi_message.c ---- */

/* The schema of a message as JSON_REST has it; `members` get what a member is besides (NULL: nothing). */
enum openapi_presence { PRESENT_AS_SCHEMA, PRESENT_MAYBE, PRESENT_NEVER, PRESENT_ALWAYS };
typedef enum openapi_presence openapi_presence_of(const void *arg, const struct field *field, const char **ret_text);
json_t *openapi_message(const struct message_type *type, openapi_presence_of *presence_of, const void *arg);

#endif
