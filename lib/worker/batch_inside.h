#ifndef WORKER_BATCH_INSIDE_H
#define WORKER_BATCH_INSIDE_H

#include "worker/batch.h"

/* For the files batch*.c. */

/* ERR_POISON: a smaller attempt may fit. */
int batch_too_large(struct err *err);

bool batch_is_ahead(const struct command *command);

/* Verdicts into batch->changes: event log, parked commands, dead letters, heads. */
MUST_CHECK int batch_write_rows(struct batch *batch, const struct engine *engine, struct err *err);

#endif
