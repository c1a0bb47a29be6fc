#ifndef API_ROW_JSON_H
#define API_ROW_JSON_H

#include "base/buf.h"
#include "producers/api/principal.h"
#include "producers/api/resource_plan.h"
#include "wire/coder.h"

/*
 * A row of an answer as a JSON object, written by hand: this runs for every row of every read.
 */
struct row_writer {
	uint8_t key[32];     /* opens what is sealed */
	struct coder *coder; /* borrowed; reads events */
	int64_t told_ms;     /* when a text that does not open was last told of */
	struct arena arena;  /* of one event; reset by the writer */
};

MUST_CHECK int row_writer_init(struct row_writer *writer, const uint8_t key[32], struct coder *coder, struct err *err);
void row_writer_release(struct row_writer *writer); /* accepts a zeroed one */

/* The viewer's roles decide which members there are, and with users who he is. `is_list`: without details. */
void row_write(struct row_writer *writer, struct buf *buf, const struct resource_plan *plan, const struct db_result *result,
	       int row, bool is_list, const struct principal *viewer);

/* What somebody sees of an address who need not know it: "a***@e***", "+49***67". Pure. */
void address_mask(struct buf *buf, struct str address);

#endif
