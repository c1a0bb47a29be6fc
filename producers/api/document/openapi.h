#ifndef API_DOCUMENT_OPENAPI_H
#define API_DOCUMENT_OPENAPI_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "producers/api/http/route.h"

/*
 * The OpenAPI 3.1 document of a table of routes: generated from the rows, the schemas of their commands and their resources, and,
 * for the rest, from the files of document/. Start-up only: allocates memory.
 *
 * ERR_FATAL: a row without a group, a special row without a description, or a description without a row.
 */
MUST_CHECK int openapi_write(const struct route *routes, bool is_indented, struct buf *buf, struct err *err);

#endif
