#ifndef CLI_DRIFT_H
#define CLI_DRIFT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "db/db.h"

/*
 * How far tables, logs and topics have drifted apart: what the last `dcs verify` that looked at a promise found, and how long ago.
 * Kept in engine.drift by `dcs verify`, shown by `dcs status`.
 */
#define DRIFT_PROMISES_MAX 9

struct drift {
	int promise; /* 1: P1 */
	int64_t findings, age_s;
};

/* Both by promise, from 1 on. ERR_FATAL: this role may not, or the table is not there yet. */
MUST_CHECK int drift_keep(struct db *db, const bool *is_wanted, const int64_t *findings, int promises, struct err *err);

/* In order; none where nobody has looked, or where the table is not there yet. */
MUST_CHECK int drift_read(struct db *db, struct drift ret_drifts[DRIFT_PROMISES_MAX], size_t *ret_count, struct err *err);

#endif
