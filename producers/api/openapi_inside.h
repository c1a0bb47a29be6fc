#ifndef API_OPENAPI_INSIDE_H
#define API_OPENAPI_INSIDE_H

#include <jansson.h>

#include "base/err.h"
#include "producers/api/route.h"

/* What openapi.c (the document, its operations) and openapi_parts.c (what people wrote) share. */

struct openapi {
	json_t *document; /* grows into the result */
	json_t *written;  /* of operations, by operationId: what document/ says of them */
};

/* Reads document/: base.json is what the document grows from; schemas go to its components. */
MUST_CHECK int openapi_read_parts(struct openapi *openapi, struct err *err);

/* "#/components/<kind>/<name>" as a reference object. */
json_t *openapi_reference(const char *kind, const char *name);

/* ---- openapi_message.c ---- */

/* The schema of a message as JSON: camelCase, described as in its .avsc. */
json_t *openapi_message(const struct message_type *type);

#endif
