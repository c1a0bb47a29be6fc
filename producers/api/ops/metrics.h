#ifndef API_OPS_METRICS_H
#define API_OPS_METRICS_H

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "producers/api/http/route.h"

/*
 * The gateway's metrics: the duration of each operation, by class of status. Counting is an addition in a table; the text
 * (Prometheus, 0.0.4) is made for each scrape. Gauges are written by the code that knows their values.
 */
#define METRICS_BUCKETS 13
#define METRICS_CLASSES 5 /* 1xx to 5xx */

struct metrics_series {
	uint64_t counts[METRICS_BUCKETS + 1]; /* the last: above all buckets */
	uint64_t sum_us;
};

struct metrics {
	const struct route *routes;
	size_t routes_count;
	struct metrics_series (*series)[METRICS_CLASSES]; /* per row; the last: requests without a row */
};

MUST_CHECK int metrics_open(struct metrics *metrics, const struct route *routes, struct err *err);
void metrics_release(struct metrics *metrics); /* accepts a zeroed one */

/* route: a row of the table, or NULL. */
void metrics_count(struct metrics *metrics, const struct route *route, int status, int64_t spent_us);

void metrics_write_requests(const struct metrics *metrics, struct buf *buf);

/* Processor time, memory, descriptors, start: under the names that Prometheus' own client libraries use. */
void metrics_write_process(struct buf *buf);

/* The lines in front of a metric's samples. */
void metrics_write_head(struct buf *buf, const char *name, const char *kind, const char *help);

#endif
