#ifndef REPORTING_STORE_H
#define REPORTING_STORE_H

#include "base/buf.h"
#include "db/db.h"
#include "worker/reader_rules.h"

/*
 * The reader of events: folds a batch, adds up, writes each row once; makes the requested reports. Memory lives as long as the
 * process.
 */
struct reporting {
	struct buf deltas;
	struct buf content; /* of one report */
	struct db_params params;
};

void reporting_init(struct reporting *reporting);
void reporting_release(struct reporting *reporting);

/* The reader's apply (worker/reader_rules.h); self is a struct reporting. Writes to the tables in the session's search_path. */
MUST_CHECK int reporting_apply(void *self, struct db *db, const struct read_event *events, size_t count, struct err *err);

#define REPORT_ROWS_MAX         10000
#define REPORT_ROWS_TEXT        "10000"
#define REPORT_SIZE_MAX         ((size_t)4 << 20) /* bytes of the file */
#define REPORT_KEPT_DAYS        90                /* then its content is deleted; the request and the time of making stay */
#define REPORTS_EXPIRED_AT_ONCE 20

/*
 * Makes the reports that the events request, from the tables as they are now (store_report.c). A report that cannot be made is
 * kept as failed, with the reason (for example, too many rows).
 */
MUST_CHECK int reporting_make_reports(struct reporting *reporting, struct db *db, const struct read_event *events, size_t count,
				      struct err *err);

extern const char *const reporting_modules[]; /* ends with NULL */

#endif
