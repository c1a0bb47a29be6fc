#include "base/must.h"
#include "consumers/reports/reports.h"
#include "schemas/reports.h"

void reports_evolve(struct workset *set, const struct event *event)
{
	const struct report_requested *body = event->body;
	struct report *report;

	MUST(event->type == &report_requested_type);
	report = workset_change(set, &report_entity, &body->report_id);
	report->is_requested = 1;
}
