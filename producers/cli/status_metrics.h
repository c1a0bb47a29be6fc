#ifndef CLI_STATUS_METRICS_H
#define CLI_STATUS_METRICS_H

#include "base/buf.h"
#include "observe.h"

/*
 * An observation as text for Prometheus (exposition format 0.0.4): lags, parked commands, dead letters, halts, quarantines,
 * signs of life, clocks, outcomes by gateway. Pure. -1: the buffer is too small.
 */
MUST_CHECK int status_metrics(const struct observation *observation, struct buf *text);

#endif
