#ifndef CONSUMERS_REPORTS_REPORTS_H
#define CONSUMERS_REPORTS_REPORTS_H

#include <stdint.h>

#include "model/module.h"
#include "model/workset.h"
#include "schemas/words.h"

/*
 * The reports module: requests for reports.
 *
 *   GenerateReport --> ReportRequested     then the reader `reporting` makes the report
 *
 * The rule decides whether a report can be made at all; the event has everything that making it needs.
 */
struct store;

extern const struct module reports_module;
extern const struct store reports_store; /* store.c */

/* A report id that is taken. */
struct report {
	uint32_t is_requested; /* 1 */
};

extern const struct entity report_entity;

#define REPORT_DAYS_MAX     366 /* of one report */
#define REPORT_DAYS_DEFAULT 30

void reports_evolve(struct workset *set, const struct event *event);

#endif
