#ifndef API_READS_ROW_JSON_H
#define API_READS_ROW_JSON_H

#include "base/buf.h"
#include "producers/api/http/principal.h"
#include "producers/api/reads/resource_plan.h"
#include "wire/coder.h"

/* Writes a row of an answer as a JSON object, without a JSON library: this runs for every row of every read. */
#define ROW_ACTIONS_MAX 96

struct row_writer {
	struct action {
		struct str operation;
		const struct message_type *command;
	} actions[ROW_ACTIONS_MAX]; /* the rows of api_routes that become commands */
	size_t actions_count;
	uint8_t key[32];    /* opens sealed columns */
	int64_t told_ms;    /* when a text that does not open was last logged */
	struct arena arena; /* of one event; the writer resets it */
};

MUST_CHECK int row_writer_init(struct row_writer *writer, const uint8_t key[32], struct err *err);
void row_writer_release(struct row_writer *writer); /* accepts a zeroed one */

/*
 * The viewer's roles decide about the members. Of the actions it shows those that the row's state allows and that the viewer may
 * perform: by the roles in the command's schema, and for a creditor or a portal user only on rows of their own. `is_list`:
 * without details.
 */
void row_write(struct row_writer *writer, struct buf *buf, const struct resource_plan *plan, const struct db_result *result,
	       int row, bool is_list, const struct principal *viewer);

/* The masked form of an address: "a***@e***", "+49***67". Pure. */
void address_mask(struct buf *buf, struct str address);

#endif
