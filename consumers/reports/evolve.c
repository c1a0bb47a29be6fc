#include "base/must.h"
#include "consumers/reports/reports.h"
#include "schemas/reports.h"

static void on_report_requested(struct workset *set, const struct report_requested *event)
{
	struct report *report = workset_change(set, &report_entity, &event->report_id);

	report->is_requested = 1;
}

void reports_evolve(struct workset *set, const struct event *event)
{
	switch (reports_event(event->type)) {
	case EVENT_REPORT_REQUESTED:
		on_report_requested(set, event->body);
		return;
	}
	MUST_NOT_REACH("an event of another module");
}
