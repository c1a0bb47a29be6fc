#ifndef API_READS_ROW_JSON_H
#define API_READS_ROW_JSON_H

#include "base/buf.h"
#include "producers/api/http/principal.h"
#include "producers/api/reads/resource_plan.h"
#include "wire/coder.h"

/*
 * A row of an answer as a JSON object, written by hand: this runs for every row of every read.
 */
#define ROW_ACTIONS_MAX 64

struct row_writer {
	struct action {
		struct str operation;
		const struct message_type *command;
	} actions[ROW_ACTIONS_MAX]; /* the rows of api_routes that become commands */
	size_t actions_count;
	uint8_t key[32];     /* opens what is sealed */
	struct coder *coder; /* borrowed; reads events */
	int64_t told_ms;     /* when a text that does not open was last told of */
	struct arena arena;  /* of one event; reset by the writer */
};

MUST_CHECK int row_writer_init(struct row_writer *writer, const uint8_t key[32], struct coder *coder, struct err *err);
void row_writer_release(struct row_writer *writer); /* accepts a zeroed one */

/*
 * The viewer's roles decide which members there are. Of actions those are shown that the thing's state allows and he may take
 * with it: by the roles that the command's schema names; as a creditor or a portal user only with what is his. `is_list`: without
 * details.
 */
void row_write(struct row_writer *writer, struct buf *buf, const struct resource_plan *plan, const struct db_result *result,
	       int row, bool is_list, const struct principal *viewer);

/* What somebody sees of an address who need not know it: "a***@e***", "+49***67". Pure. */
void address_mask(struct buf *buf, struct str address);

#endif
