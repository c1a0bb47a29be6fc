#ifndef API_DOCUMENT_OPENAPI_H
#define API_DOCUMENT_OPENAPI_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "producers/api/http/route.h"

/*
 * The OpenAPI 3.1 document of a table of routes: made from the rows, the schemas of their commands and the resources they show,
 * and, for what no row says, from the files of document/. Start-up only: takes memory.
 *
 * ERR_FATAL: a row without a group, or a special one that nobody has described, or a description of no row.
 */
MUST_CHECK int openapi_write(const struct route *routes, bool is_indented, struct buf *buf, struct err *err);

#endif
