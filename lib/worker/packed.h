#ifndef WORKER_PACKED_H
#define WORKER_PACKED_H

#include "base/buf.h"
#include "base/must.h"
#include "base/uuid.h"

/*
 * The body of an event as the database keeps it (sql/0320_packed_events.sql): without what its row says beside it. A published body
 * is a frame and Avro, in which each id is a text of 36 characters with its length before it, and two of the ids are the row's key
 * and subject, nearly always.
 *
 *   packed = 1 || n || n tokens || bytes       a token = what << 6 | gap:   `gap` of the bytes are as published, and behind them stands
 *     what 0: an id, as the next 16 of the bytes     1: the row's key     2: the row's subject     3: nothing
 *   and what is left of the bytes is as published. In front of it all belongs the frame, with the row's schema id.
 *
 * A published body begins with 0, so both forms are told apart: the rows of before stay as they are. The view <module>.event_log has the
 * published bytes, by the function dcs_event_body (sql/current), which must agree with packed.c.
 */

/* What stands beside the body in its row. */
struct packed_beside {
	uint32_t schema_id;
	struct uuid key, subject;
};

/* Appends `body` packed. As it is, if no id is in it or its frame does not say the row's schema id. */
void packed_write(struct buf *buf, struct str body, const struct packed_beside *beside);

/* Appends the published body, of what the database keeps in either form. False: it ends too early (the row was changed). */
MUST_CHECK bool packed_read(struct buf *buf, struct str stored, const struct packed_beside *beside);

#endif
