#ifndef CLI_ROW_ID_H
#define CLI_ROW_ID_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "base/uuid.h"

/*
 * The optional member "$id" of a line for `dcs publish`: the command's idempotency key, which is no field of its body. Copies
 * the line without it, and without a "$refused" (the reason of an earlier refusal: refused_file.h), to `buf` (emptied first),
 * for wire/json to read. *ret_has_id false: there was none. Only the outermost object is scanned, and nothing else of the JSON
 * is checked: wire/json does that. ERR_POISON: not a UUID, or repeated.
 */
MUST_CHECK int row_take_id(struct str line, struct buf *buf, bool *ret_has_id, struct uuid *ret_id, struct err *err);

#endif
