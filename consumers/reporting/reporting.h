#ifndef REPORTING_REPORTING_H
#define REPORTING_REPORTING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/uuid.h"
#include "model/message.h"

/*
 * Figures that add up: every event changes a few rows of four tables by fixed amounts, which the event alone determines. So the
 * tables are sums over the logs, in whatever order and batches the events come, and a rebuild comes out equal (P7). Rows stay
 * when they fall to zero: a row exists exactly if an event was about it.
 *
 *   outstanding     amounts owed now, by creditor, currency and due date; a query computes the age on a given day
 *   outstanding_change
 *                   the same changes by business day of booking: the amount owed at the end of a day is the amount now
 *                   minus later bookings
 *   collected       payments, reversals and refunds, by value date (reversals, refunds: business date), creditor and currency
 *   communications  messages by the day of the request, channel and present state
 */
enum report { REPORT_OUTSTANDING, REPORT_OUTSTANDING_CHANGE, REPORT_COLLECTED, REPORT_COMMUNICATIONS, REPORT_COUNT };

/* The amounts of a delta, by report. */
enum outstanding_amount { OUTSTANDING_DEBTS, OUTSTANDING_MINOR }; /* of OUTSTANDING_CHANGE too */
enum collected_amount {
	COLLECTED_PAYMENTS,
	COLLECTED_MINOR,
	COLLECTED_REVERSALS,
	COLLECTED_REVERSED_MINOR,
	COLLECTED_REFUNDS,
	COLLECTED_REFUNDED_MINOR
};
enum communications_amount { COMMUNICATIONS_MESSAGES };

#define DELTA_AMOUNTS 6

/* Zeroed where the report has no such column. */
struct delta_key {
	enum report report;
	int32_t day; /* due_on of OUTSTANDING, booked_on of OUTSTANDING_CHANGE */
	struct uuid creditor_id;
	char currency[4];
	int32_t due_on; /* of OUTSTANDING_CHANGE */
	char channel[33];
	char state[33];
};

struct delta {
	struct delta_key key;
	int64_t amounts[DELTA_AMOUNTS];
};

/*
 * Appends the changes of an event to `deltas` (of struct delta); none for an event that no report counts. Pure. False when a
 * word of the event does not fit a key. at_ms: of the event; its day in UTC is the booking day of event versions that have
 * none.
 */
MUST_CHECK bool deltas_fold(const struct message_type *type, const void *body, int64_t at_ms, struct buf *deltas);

/* Sorts by key and adds up, so that each key occurs once. False when a sum overflows. */
MUST_CHECK bool deltas_merge(struct buf *deltas);

static inline size_t deltas_count(const struct buf *deltas)
{
	return deltas->size / sizeof(struct delta);
}

static inline struct delta *delta_at(const struct buf *deltas, size_t index)
{
	return (struct delta *)(void *)deltas->data + index;
}

/* By report, then by day: the order in which rows are written, so that two readers cannot deadlock. */
int delta_compare_keys(const struct delta_key *a, const struct delta_key *b);

#endif
