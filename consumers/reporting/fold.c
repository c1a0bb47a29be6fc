/* The changes of the figures by each event. Pure: no look-ups, no clock. */

#include <stdlib.h>

#include "base/day.h"
#include "base/money.h"
#include "base/must.h"
#include "consumers/reporting/reporting.h"
#include "schemas/communications.h"
#include "schemas/debts.h"
#include "schemas/words.h"

/* ---- one event ---- */

static void add(struct buf *deltas, const struct delta *delta)
{
	buf_add(deltas, delta, sizeof(*delta));
}

static bool add_outstanding(struct buf *deltas, const struct uuid *creditor_id, struct str currency, int32_t due_on,
			    int64_t debts, int64_t minor)
{
	struct delta delta = { .key = { .report = REPORT_OUTSTANDING, .day = due_on, .creditor_id = *creditor_id },
			       .amounts = { [OUTSTANDING_DEBTS] = debts, [OUTSTANDING_MINOR] = minor } };

	if (!str_to_chars(delta.key.currency, sizeof(delta.key.currency), currency))
		return false;
	add(deltas, &delta);
	return true;
}

static bool fold_debt_created(const struct debt_created *event, struct buf *deltas)
{
	return add_outstanding(deltas, &event->creditor_id, event->currency, event->due_on, 1, event->balance_minor);
}

static bool fold_debt_paid(const struct debt_paid *event, struct buf *deltas)
{
	return add_outstanding(deltas, &event->creditor_id, event->currency, event->due_on, -1, 0);
}

static bool fold_debt_reopened(const struct debt_reopened *event, struct buf *deltas)
{
	return add_outstanding(deltas, &event->creditor_id, event->currency, event->due_on, 1, 0);
}

/* The outstanding amount of the debt moves to another due date; a paid debt has none. */
static bool fold_debt_amended(const struct debt_amended *event, struct buf *deltas)
{
	int64_t debts = event->balance_minor > 0 ? 1 : 0;

	if (event->previous_due_on == event->due_on)
		return true;
	return add_outstanding(deltas, &event->creditor_id, event->currency, event->previous_due_on, -debts,
			       -event->balance_minor) &&
	       add_outstanding(deltas, &event->creditor_id, event->currency, event->due_on, debts, event->balance_minor);
}

static bool fold_debt_cancelled(const struct debt_cancelled *event, struct buf *deltas)
{
	return add_outstanding(deltas, &event->creditor_id, event->currency, event->due_on, -1, -event->amount_minor);
}

static bool fold_debt_written_off(const struct debt_written_off *event, struct buf *deltas)
{
	return add_outstanding(deltas, &event->creditor_id, event->currency, event->due_on, -1, -event->amount_minor);
}

static bool fold_debt_transferred(const struct debt_transferred *event, struct buf *deltas)
{
	return add_outstanding(deltas, &event->creditor_id, event->currency, event->due_on, -1, -event->amount_minor);
}

/* A paid debt is none of those that are outstanding. */
static bool fold_debt_recalled(const struct debt_recalled *event, struct buf *deltas)
{
	return event->amount_minor == 0 ||
	       add_outstanding(deltas, &event->creditor_id, event->currency, event->due_on, -1, -event->amount_minor);
}

/* What is owed changes, and no money comes in. */
static bool fold_charge_assessed(const struct charge_assessed *event, struct buf *deltas)
{
	return add_outstanding(deltas, &event->creditor_id, event->currency, event->due_on, 0, event->amount_minor);
}

static bool fold_amount_waived(const struct amount_waived *event, struct buf *deltas)
{
	return add_outstanding(deltas, &event->creditor_id, event->currency, event->due_on, 0, -event->amount_minor);
}

static bool fold_balance_adjusted(const struct balance_adjusted *event, struct buf *deltas)
{
	bool is_up = adjustment_direction_by_name(event->direction) == ADJUSTMENT_UP;

	return add_outstanding(deltas, &event->creditor_id, event->currency, event->due_on, 0,
			       is_up ? event->amount_minor : -event->amount_minor);
}

/* What is left of a settled debt is waived: it is none of those that are outstanding. */
static bool fold_settlement_fulfilled(const struct settlement_fulfilled *event, struct buf *deltas)
{
	return add_outstanding(deltas, &event->creditor_id, event->currency, event->due_on, -1, -event->discount_minor);
}

/* DebtReopened has counted the debt. */
static bool fold_settlement_reopened(const struct settlement_reopened *event, struct buf *deltas)
{
	return add_outstanding(deltas, &event->creditor_id, event->currency, event->due_on, 0, event->discount_minor);
}

static bool fold_settlement_breached(const struct settlement_breached *event, struct buf *deltas)
{
	return event->discount_minor == 0 ||
	       add_outstanding(deltas, &event->creditor_id, event->currency, event->due_on, 0, event->discount_minor);
}

/* Credit pays outstanding amounts, or is taken back from them (below 0). No money comes in: it was counted when it did. */
static bool fold_credit_applied(const struct credit_applied *event, struct buf *deltas)
{
	return add_outstanding(deltas, &event->creditor_id, event->currency, event->due_on, 0, -event->amount_minor);
}

/* One more payment, reversal or refund (`number`) of so much (`sum`), which are columns of the report. */
static bool add_collected(struct buf *deltas, const struct uuid *creditor_id, struct str currency, int32_t day,
			  enum collected_amount number, enum collected_amount sum, int64_t amount_minor)
{
	struct delta delta = { .key = { .report = REPORT_COLLECTED, .day = day, .creditor_id = *creditor_id } };

	delta.amounts[number] = 1;
	delta.amounts[sum] = amount_minor;
	if (!str_to_chars(delta.key.currency, sizeof(delta.key.currency), currency))
		return false;
	add(deltas, &delta);
	return true;
}

/* Only the allocated part lowers the debt; the rest of the payment became credit. */
static bool fold_payment_recorded(const struct payment_recorded *event, struct buf *deltas)
{
	return add_collected(deltas, &event->creditor_id, event->currency, event->received_on, COLLECTED_PAYMENTS,
			     COLLECTED_MINOR, event->amount_minor) &&
	       add_outstanding(deltas, &event->creditor_id, event->currency, event->due_on, 0,
			       event->credit_minor - event->amount_minor);
}

static bool fold_payment_reversed(const struct payment_reversed *event, struct buf *deltas)
{
	return add_collected(deltas, &event->creditor_id, event->currency, event->reversed_on, COLLECTED_REVERSALS,
			     COLLECTED_REVERSED_MINOR, event->amount_minor) &&
	       add_outstanding(deltas, &event->creditor_id, event->currency, event->due_on, 0,
			       event->amount_minor - event->credit_minor);
}

/* What is owed is as before: it was the debtor's. */
static bool fold_payment_refunded(const struct payment_refunded *event, struct buf *deltas)
{
	return add_collected(deltas, &event->creditor_id, event->currency, event->refunded_on, COLLECTED_REFUNDS,
			     COLLECTED_REFUNDED_MINOR, event->amount_minor);
}

static bool add_communications(struct buf *deltas, int32_t requested_on, struct str channel, struct str state, int64_t messages)
{
	struct delta delta = { .key = { .report = REPORT_COMMUNICATIONS, .day = requested_on },
			       .amounts = { [COMMUNICATIONS_MESSAGES] = messages } };

	if (!str_to_chars(delta.key.channel, sizeof(delta.key.channel), channel) ||
	    !str_to_chars(delta.key.state, sizeof(delta.key.state), state))
		return false;
	add(deltas, &delta);
	return true;
}

/* The first event of a message, or what becomes of one that has waited for its time. */
static bool fold_scheduled_or_new(int64_t version, int32_t requested_on, struct str channel, struct str state, struct buf *deltas)
{
	return (version <= 1 || add_communications(deltas, requested_on, channel, STR("scheduled"), -1)) &&
	       add_communications(deltas, requested_on, channel, state, 1);
}

static bool fold_communication_scheduled(const struct communication_scheduled *event, struct buf *deltas)
{
	return fold_scheduled_or_new(event->version, event->requested_on, event->channel, STR("scheduled"), deltas);
}

static bool fold_communication_released(const struct communication_released *event, struct buf *deltas)
{
	return fold_scheduled_or_new(event->version, event->requested_on, event->channel, STR("released"), deltas);
}

static bool fold_communication_suppressed(const struct communication_suppressed *event, struct buf *deltas)
{
	return fold_scheduled_or_new(event->version, event->requested_on, event->channel, STR("suppressed"), deltas);
}

/* One that was released, or tried, waits again. */
static bool fold_communication_rescheduled(const struct communication_rescheduled *event, struct buf *deltas)
{
	if (!event->has_previous_state || str_is(event->previous_state, "scheduled"))
		return true;
	return add_communications(deltas, event->requested_on, event->channel, event->previous_state, -1) &&
	       add_communications(deltas, event->requested_on, event->channel, STR("scheduled"), 1);
}

static bool fold_communication_merged(const struct communication_merged *event, struct buf *deltas)
{
	return fold_scheduled_or_new(event->version, event->requested_on, event->channel, STR("merged"), deltas);
}

static bool fold_communication_progressed(const struct communication_progressed *event, struct buf *deltas)
{
	return add_communications(deltas, event->requested_on, event->channel, event->previous_state, -1) &&
	       add_communications(deltas, event->requested_on, event->channel, event->state, 1);
}

static bool fold_communication_cancelled(const struct communication_cancelled *event, struct buf *deltas)
{
	return add_communications(deltas, event->requested_on, event->channel, event->previous_state, -1) &&
	       add_communications(deltas, event->requested_on, event->channel, STR("cancelled"), 1);
}

/*
 * The state of a message that the withdrawal cancels. An older event does not say it: then one of version 1 was never tried, and
 * one of a later version was waiting for another try.
 */
static struct str state_before(const struct consent_withdrawn *event, size_t index)
{
	if (event->cancelled_states_count == event->cancelled_count)
		return event->cancelled_states[index];
	return event->cancelled[index].version == 2 ? STR("released") : STR("retry_wait");
}

static bool fold_consent_withdrawn(const struct consent_withdrawn *event, struct buf *deltas)
{
	for (size_t i = 0; i < event->cancelled_count; i++) {
		const struct cancelled_communication *message = &event->cancelled[i];

		if (!add_communications(deltas, message->requested_on, message->channel, state_before(event, i), -1) ||
		    !add_communications(deltas, message->requested_on, message->channel, STR("cancelled"), 1))
			return false;
	}
	return true;
}

/* The position of the booking day in an event of debts; never offset 0, where the id is. */
struct booking {
	size_t day;     /* offset of the date; 0: the event does not change outstanding amounts */
	size_t has_day; /* offset of the flag for its presence; 0: always present */
};

#define BOOKED(event, member)                                                                                                    \
	(struct booking)                                                                                                         \
	{                                                                                                                        \
		.day = offsetof(struct event, member)                                                                            \
	}
#define MAY_BE_BOOKED(event)                                                                                                     \
	(struct booking)                                                                                                         \
	{                                                                                                                        \
		.day = offsetof(struct event, booked_on), .has_day = offsetof(struct event, has_booked_on)                       \
	}

static bool fold_debts(const struct message_type *type, const void *body, struct buf *deltas, struct booking *ret_booking)
{
	switch (debts_event(type)) {
	case EVENT_DEBT_CREATED:
		*ret_booking = MAY_BE_BOOKED(debt_created);
		return fold_debt_created(body, deltas);
	case EVENT_PAYMENT_RECORDED:
		*ret_booking = MAY_BE_BOOKED(payment_recorded);
		return fold_payment_recorded(body, deltas);
	case EVENT_DEBT_PAID:
		*ret_booking = MAY_BE_BOOKED(debt_paid);
		return fold_debt_paid(body, deltas);
	case EVENT_PAYMENT_REVERSED:
		*ret_booking = BOOKED(payment_reversed, reversed_on);
		return fold_payment_reversed(body, deltas);
	case EVENT_PAYMENT_REFUNDED:
		return fold_payment_refunded(body, deltas);
	case EVENT_DEBT_REOPENED:
		*ret_booking = BOOKED(debt_reopened, reopened_on);
		return fold_debt_reopened(body, deltas);
	case EVENT_CREDIT_APPLIED:
		*ret_booking = BOOKED(credit_applied, applied_on);
		return fold_credit_applied(body, deltas);
	case EVENT_DEBT_AMENDED:
		*ret_booking = BOOKED(debt_amended, amended_on);
		return fold_debt_amended(body, deltas);
	case EVENT_DEBT_CANCELLED:
		*ret_booking = BOOKED(debt_cancelled, cancelled_on);
		return fold_debt_cancelled(body, deltas);
	case EVENT_DEBT_WRITTEN_OFF:
		*ret_booking = BOOKED(debt_written_off, written_off_on);
		return fold_debt_written_off(body, deltas);
	case EVENT_DEBT_TRANSFERRED:
		*ret_booking = BOOKED(debt_transferred, booked_on);
		return fold_debt_transferred(body, deltas);
	case EVENT_DEBT_RECALLED:
		*ret_booking = BOOKED(debt_recalled, recalled_on);
		return fold_debt_recalled(body, deltas);
	case EVENT_CHARGE_ASSESSED:
		*ret_booking = BOOKED(charge_assessed, booked_on);
		return fold_charge_assessed(body, deltas);
	case EVENT_AMOUNT_WAIVED:
		*ret_booking = BOOKED(amount_waived, booked_on);
		return fold_amount_waived(body, deltas);
	case EVENT_BALANCE_ADJUSTED:
		*ret_booking = BOOKED(balance_adjusted, booked_on);
		return fold_balance_adjusted(body, deltas);
	case EVENT_SETTLEMENT_FULFILLED:
		*ret_booking = BOOKED(settlement_fulfilled, booked_on);
		return fold_settlement_fulfilled(body, deltas);
	case EVENT_SETTLEMENT_REOPENED:
		*ret_booking = BOOKED(settlement_reopened, reopened_on);
		return fold_settlement_reopened(body, deltas);
	case EVENT_SETTLEMENT_BREACHED:
		*ret_booking = BOOKED(settlement_breached, breached_on);
		return fold_settlement_breached(body, deltas);
	default: /* no figure counts it; or it is of another module */
		return true;
	}
}

static bool fold_communications(const struct message_type *type, const void *body, struct buf *deltas)
{
	switch (communications_event(type)) {
	case EVENT_COMMUNICATION_SCHEDULED:
		return fold_communication_scheduled(body, deltas);
	case EVENT_COMMUNICATION_RELEASED:
		return fold_communication_released(body, deltas);
	case EVENT_COMMUNICATION_SUPPRESSED:
		return fold_communication_suppressed(body, deltas);
	case EVENT_COMMUNICATION_MERGED:
		return fold_communication_merged(body, deltas);
	case EVENT_COMMUNICATION_PROGRESSED:
		return fold_communication_progressed(body, deltas);
	case EVENT_COMMUNICATION_CANCELLED:
		return fold_communication_cancelled(body, deltas);
	case EVENT_CONSENT_WITHDRAWN:
		return fold_consent_withdrawn(body, deltas);
	case EVENT_COMMUNICATION_RESCHEDULED:
		return fold_communication_rescheduled(body, deltas);
	case EVENT_TEMPLATE_PUBLISHED: /* about no message */
	case EVENT_PROFILE_PUBLISHED:
	case EVENT_CONSENT_GRANTED:
	case EVENT_COMPLIANCE_DECIDED: /* the outcome beside it counts */
	case EVENT_RECEIPT_IGNORED:    /* it changes nothing */
	case EVENT_CONTACT_RECORDED:   /* no report tells of facts about a person */
	case EVENT_CIRCUMSTANCE_RECORDED:
	case EVENT_CIRCUMSTANCE_ENDED:
	case EVENT_PREFERENCE_SET:
	case EVENT_INBOUND_RECEIVED:
	case EVENT_UNKNOWN_INBOUND_RECEIVED:
		return true;
	}
	return true;
}

static int32_t day_of_booking(const struct booking *booking, const void *body, int64_t at_ms)
{
	const char *event = body;

	MUST(booking->day > 0);
	if (booking->has_day > 0 && !*(const bool *)(event + booking->has_day))
		return day_of_instant(at_ms);
	return *(const int32_t *)(event + booking->day);
}

/* Repeats the OUTSTANDING deltas since `first` as OUTSTANDING_CHANGE, keyed by booking day. */
static void add_changes(const struct booking *booking, const void *body, int64_t at_ms, size_t first, struct buf *deltas)
{
	size_t end = deltas_count(deltas);

	for (size_t i = first; i < end; i++) {
		struct delta delta = *delta_at(deltas, i);

		if (delta.key.report != REPORT_OUTSTANDING)
			continue;
		delta.key.report = REPORT_OUTSTANDING_CHANGE;
		delta.key.due_on = delta.key.day;
		delta.key.day = day_of_booking(booking, body, at_ms);
		add(deltas, &delta);
	}
}

bool deltas_fold(const struct message_type *type, const void *body, int64_t at_ms, struct buf *deltas)
{
	struct booking booking = { 0 };
	size_t first = deltas_count(deltas);

	if (!fold_debts(type, body, deltas, &booking) || !fold_communications(type, body, deltas))
		return false;
	add_changes(&booking, body, at_ms, first, deltas);
	return true;
}

/* ---- merging ---- */

int delta_compare_keys(const struct delta_key *a, const struct delta_key *b)
{
	int order;

	if (a->report != b->report)
		return a->report < b->report ? -1 : 1;
	if (a->day != b->day)
		return a->day < b->day ? -1 : 1;
	order = uuid_compare(&a->creditor_id, &b->creditor_id);
	if (order == 0)
		order = strcmp(a->currency, b->currency);
	if (order == 0 && a->due_on != b->due_on)
		order = a->due_on < b->due_on ? -1 : 1;
	if (order == 0)
		order = strcmp(a->channel, b->channel);
	return order != 0 ? order : strcmp(a->state, b->state);
}

static int compare_deltas(const void *a, const void *b)
{
	const struct delta *first = a;
	const struct delta *second = b;

	return delta_compare_keys(&first->key, &second->key);
}

bool deltas_merge(struct buf *deltas)
{
	size_t count = deltas_count(deltas);
	size_t merged = 0;

	if (count == 0)
		return true;
	qsort(deltas->data, count, sizeof(struct delta), compare_deltas);
	for (size_t i = 1; i < count; i++) {
		const struct delta *from = delta_at(deltas, i);
		struct delta *into = delta_at(deltas, merged);

		if (delta_compare_keys(&into->key, &from->key) != 0) {
			merged++;
			*delta_at(deltas, merged) = *from;
			continue;
		}
		for (size_t amount = 0; amount < DELTA_AMOUNTS; amount++)
			if (!money_add(into->amounts[amount], from->amounts[amount], &into->amounts[amount]))
				return false;
	}
	deltas->size = (merged + 1) * sizeof(struct delta);
	return true;
}
