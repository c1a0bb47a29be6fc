#ifndef API_DOCUMENT_OPENAPI_INSIDE_H
#define API_DOCUMENT_OPENAPI_INSIDE_H

#include <jansson.h>

#include "base/err.h"
#include "producers/api/http/route.h"

/*
 * Shared by the files of the document: openapi.c (the document, its operations, their statuses), openapi_write.c and
 * openapi_read.c (requests and answers of these kinds of rows), openapi_message.c (schemas of messages), openapi_example.c
 * (examples of commands), openapi_parts.c (the files of document/).
 */
struct openapi {
	json_t *document;  /* the result under construction */
	json_t *schemas;   /* its components/schemas; borrowed */
	json_t *written;   /* descriptions of operations in document/, by operationId */
	json_t *resources; /* descriptions of resources and their columns in document/, by name */
	json_t *examples;  /* schemas/<module>/examples.json, by command */
};

/* Reads document/: base.json is the document's initial content. */
MUST_CHECK int openapi_read_parts(struct openapi *openapi, struct err *err);

/* ---- helpers ---- */

json_t *openapi_reference(const char *kind, const char *name);           /* {"$ref": "#/components/kind/name"} */
json_t *openapi_member(json_t *object, const char *name, json_t *empty); /* borrows; adds `empty` (taken) if it is missing */
json_t *openapi_words(const char *words);                                /* "a b" -> ["a", "b"] */
void openapi_describe(json_t *schema, const char *text);                 /* appends to the existing description */

/* ---- openapi.c ---- */

/* Adds a shared answer of components/responses, unless the operation describes its own. */
void openapi_add_response(json_t *operation, int status);

/* A success with a body of this schema; takes the schema. The returned answer is borrowed, for its headers. */
json_t *openapi_add_success(json_t *operation, int status, const char *description, json_t *schema);
void openapi_add_header(json_t *response, const char *name, bool is_required, const char *description);

/*
 * Adds a code that a problem of this status may have here to the operation's list `x-dcs-codes`; openapi_add_response has added
 * the usual codes of its status. In document/ an operation's `codes` are added to these; for a special row they are the only
 * ones.
 */
void openapi_add_code(json_t *operation, int status, const char *code);

/* ---- openapi_write.c, openapi_read.c ---- */

MUST_CHECK int openapi_describe_write(struct openapi *openapi, const struct route *route, json_t *operation, struct err *err);
MUST_CHECK int openapi_describe_read(struct openapi *openapi, const struct route *route, json_t *operation, struct err *err);

/* The name of the schema of a resource; adds the schema if it is missing. */
MUST_CHECK int openapi_resource(struct openapi *openapi, const struct resource *resource, bool is_list, char ret_name[64],
				struct err *err);

/* Schemas of all commands, and of POST /commands. */
void openapi_add_commands(struct openapi *openapi);

/* ---- openapi_message.c ---- */

/*
 * The schema of a message in the form of JSON_REST; `presence_of` determines the presence of each member (NULL: as in the
 * schema).
 */
enum openapi_presence { PRESENT_AS_SCHEMA, PRESENT_MAYBE, PRESENT_NEVER, PRESENT_ALWAYS };
typedef enum openapi_presence openapi_presence_of(const void *arg, const struct field *field, const char **ret_text);
json_t *openapi_message(const struct message_type *type, openapi_presence_of *presence_of, const void *arg);

/* ---- openapi_example.c ---- */

/*
 * The example of a command in the form of JSON_REST, with the members of its schema; NULL: it has none. An optional member is in
 * the example only if its value is not the default.
 */
json_t *openapi_example(const struct openapi *openapi, const struct message_type *type, openapi_presence_of *presence_of,
			const void *arg);

#endif
