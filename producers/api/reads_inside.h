#ifndef API_READS_INSIDE_H
#define API_READS_INSIDE_H

#include "producers/api/reads.h"
#include "producers/api/resource_plan.h"
#include "producers/api/row_json.h"

/* What reads.c (one) and reads_list.c (many) share. */
struct reads {
	struct questions *questions, *searches;
	struct row_writer writer;
	struct buf body;    /* of the answer being written */
	struct arena arena; /* of the plans */
	size_t plans_count;
	struct resource_plan plans[];
};

const struct resource_plan *reads_plan(const struct reads *reads, const struct resource *resource);

void reads_refuse_away(struct call *call);
void reads_refuse_unknown(struct call *call, const struct resource *resource);

#endif
