#ifndef REPORTING_STORE_H
#define REPORTING_STORE_H

#include "base/buf.h"
#include "db/db.h"
#include "worker/reader_rules.h"

/* The reader of events: folds a batch, adds up, writes each row once. Memory lives as long as the process. */
struct reporting {
	struct buf deltas;
	struct db_params params;
};

void reporting_init(struct reporting *reporting);
void reporting_release(struct reporting *reporting);

/* The reader's apply (worker/reader_rules.h); self is a struct reporting. Writes to the tables in the session's search_path. */
MUST_CHECK int reporting_apply(void *self, struct db *db, const struct read_event *events, size_t count, struct err *err);

extern const char *const reporting_modules[]; /* ends with NULL */

#endif
