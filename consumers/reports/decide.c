#include "base/day.h"
#include "base/money.h"
#include "consumers/reports/reports.h"
#include "model/report_kind.h"
#include "schemas/reports.h"

static bool filters_fit(const struct generate_report *body, const struct report_about *kind, struct decision *decision)
{
	if (body->has_creditor_id && !kind->by_creditor) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "creditor_id", "messages are not counted by creditor");
	} else if (body->has_channel && kind->by_creditor) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "channel", "only a report of communications is by channel");
	} else if (body->has_channel && channel_by_name(body->channel) == CHANNEL_NONE) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "channel", "not one of " CHANNEL_LISTED);
	} else if (body->has_currency && !kind->by_creditor) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "currency", "messages have no currency");
	} else if (body->has_currency && currency_find(body->currency) == NULL) {
		decision_refuse(decision, REFUSAL_BAD_CURRENCY, "currency", "not an ISO 4217 code such as EUR");
	} else {
		return true;
	}
	return false;
}

/*
 * There is no command yet that closes a day (consumers/DOMAIN.md 3, AdvanceBusinessDate), so a day counts as closed when the
 * business date is later. A report of the business date itself is made, and flagged open.
 */
static bool days_fit(const struct command *command, const struct report_about *kind, int32_t as_of, int32_t from_on,
		     struct decision *decision)
{
	const struct generate_report *body = command->body;
	char today[16];

	day_format(today, command->today);
	if (as_of > command->today) {
		decision_refuse(decision, REFUSAL_BAD_DATE, "as_of", "after the business date, %s", today);
	} else if (!kind->by_day && body->has_from_on) {
		decision_refuse(decision, REFUSAL_BAD_DATE, "from_on", "ageing is of one day, not of a range");
	} else if (from_on > as_of) {
		decision_refuse(decision, REFUSAL_BAD_DATE, "from_on", "after the day of the report");
	} else {
		return true;
	}
	return false;
}

static int32_t first_day(const struct generate_report *body, int32_t as_of)
{
	if (body->has_from_on)
		return body->from_on;
	return as_of < DAY_MIN + REPORT_DAYS_DEFAULT ? DAY_MIN : as_of - REPORT_DAYS_DEFAULT + 1;
}

void decide_generate_report(const struct command *command, const struct workset *set, struct decision *decision)
{
	const struct generate_report *body = command->body;
	const struct report_about *kind = report_about(body->kind);
	int32_t as_of = body->has_as_of ? body->as_of : command->today;
	int32_t from_on = first_day(body, as_of);
	struct report_requested *event;

	if (uuid_is_none(&body->report_id)) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "report_id", "the id is all zeros");
		return;
	}
	if (kind == NULL) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "kind", "not one of " REPORT_KIND_LISTED);
		return;
	}
	if (body->has_format && report_format_by_name(body->format) == REPORT_FORMAT_NONE) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "format", "not one of " REPORT_FORMAT_LISTED);
		return;
	}
	if (!filters_fit(body, kind, decision) || !days_fit(command, kind, as_of, from_on, decision))
		return;
	if (workset_state(set, &report_entity, &body->report_id) != NULL) {
		decision_refuse(decision, REFUSAL_EXISTS, "report_id", "a report has this id");
		return;
	}
	if (kind->by_day && as_of - from_on >= REPORT_DAYS_MAX) {
		decision_refuse(decision, REFUSAL_LIMIT_EXCEEDED, "from_on", "a report is about at most %d days",
				REPORT_DAYS_MAX);
		return;
	}

	/* ---- nothing refuses from here on ---- */
	event = decision_event(decision, &report_requested_type);
	event->report_id = body->report_id;
	event->version = 1;
	event->kind = body->kind;
	event->format = body->has_format ? body->format : STR("csv");
	event->as_of = as_of;
	event->open = as_of == command->today;
	event->has_from_on = kind->by_day;
	event->from_on = kind->by_day ? from_on : 0;
	event->has_creditor_id = body->has_creditor_id;
	event->creditor_id = body->creditor_id;
	event->has_currency = body->has_currency;
	event->currency = body->currency;
	event->has_channel = body->has_channel;
	event->channel = body->channel;
	event->requested_by = command->actor;
}
