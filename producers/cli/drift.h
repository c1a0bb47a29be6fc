#ifndef CLI_DRIFT_H
#define CLI_DRIFT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "db/db.h"

/*
 * The drift between tables, logs and topics: the findings of the last `dcs verify` for each promise, and its age. Kept in
 * engine.drift by `dcs verify`, shown by `dcs status`.
 */
#define DRIFT_PROMISES_MAX 9

struct drift {
	int promise; /* 1: P1 */
	int64_t findings, age_s;
};

/* Both by promise, from 1 on. ERR_FATAL: no privilege, or the table does not exist yet. */
MUST_CHECK int drift_keep(struct db *db, const bool *is_wanted, const int64_t *findings, int promises, struct err *err);

/* In order; none if `dcs verify` never ran, or if the table does not exist yet. */
MUST_CHECK int drift_read(struct db *db, struct drift ret_drifts[DRIFT_PROMISES_MAX], size_t *ret_count, struct err *err);

#endif
