#ifndef API_READS_READS_INSIDE_H
#define API_READS_READS_INSIDE_H

#include "producers/api/reads/reads.h"
#include "producers/api/reads/resource_plan.h"
#include "producers/api/reads/row_json.h"

/* Shared by reads.c (one resource) and reads_list.c (lists). */
struct reads {
	struct questions *questions, *searches;
	struct row_writer writer;
	uint8_t cursor_key[32];
	struct buf body;    /* of the answer being written */
	struct arena arena; /* of the plans */
	size_t plans_count;
	struct resource_plan plans[];
};

const struct resource_plan *reads_plan(const struct reads *reads, const struct resource *resource);

/* Whether the answer's row, which begins as a plan's row does, is beyond the principal's limit and so does not exist for it. */
bool reads_is_hidden(const struct principal *principal, uint32_t access, const struct answer *answer);

/*
 * The bounds of the principal, as two arguments for api.scope: the creditors, null if unbounded, and the portfolios, null if
 * unbounded. Borrows from the principal.
 */
void reads_fill_scope(struct question_value values[2], const struct principal *principal);

void reads_refuse_away(struct call *call);
void reads_refuse_failed(struct call *call, const struct resource *resource, const struct err *failure); /* NULL: away */
void reads_refuse_unknown(struct call *call, const struct resource *resource);

#endif
