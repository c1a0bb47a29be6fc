#ifndef REPORTING_REPORTING_H
#define REPORTING_REPORTING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/uuid.h"
#include "model/message.h"

/*
 * Figures that add up: every event changes a few rows of four tables by fixed amounts, told by the event alone. So the tables
 * are sums over the logs, in whatever order and pieces the events come, and a rebuild comes out equal (P7). Rows stay when they
 * fall to zero: a row is there exactly if some event was about it.
 *
 *   outstanding     what is owed now, by creditor, currency and due date: whoever asks computes the age for the day asked about
 *   outstanding_change
 *                   the same changes by the business day of their booking: what was owed at the end of a day is what is owed now
 *                   without what was booked later
 *   collected       money in and taken back, by value date (taken back: business date), creditor and currency
 *   communications  messages by the day they were asked for, channel and the state they are in now
 */
enum report { REPORT_OUTSTANDING, REPORT_OUTSTANDING_CHANGE, REPORT_COLLECTED, REPORT_COMMUNICATIONS, REPORT_COUNT };

/* What the amounts of a delta are, report by report. */
enum outstanding_amount { OUTSTANDING_DEBTS, OUTSTANDING_MINOR }; /* of OUTSTANDING_CHANGE too */
enum collected_amount { COLLECTED_PAYMENTS, COLLECTED_MINOR, COLLECTED_REVERSALS, COLLECTED_REVERSED_MINOR };
enum communications_amount { COMMUNICATIONS_MESSAGES };

#define DELTA_AMOUNTS 4

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
 * Appends to `deltas` (of struct delta) what an event changes; nothing for an event that no report counts. Pure. False when a
 * word of the event does not fit a key. at_ms: of the event; its day in UTC is that of booking where an older version of the
 * event does not say it.
 */
MUST_CHECK bool fold_event(const struct message_type *type, const void *body, int64_t at_ms, struct buf *deltas);

/* Sorts by key and adds up, so that each key is there once. False when a sum overflows. */
MUST_CHECK bool merge_deltas(struct buf *deltas);

static inline size_t deltas_count(const struct buf *deltas)
{
	return deltas->size / sizeof(struct delta);
}

static inline struct delta *delta_at(const struct buf *deltas, size_t index)
{
	return (struct delta *)(void *)deltas->data + index;
}

/* Report by report, then day by day: the order in which rows are written, so that two readers never wait for each other in a
 * circle. */
int compare_delta_keys(const struct delta_key *a, const struct delta_key *b);

#endif
