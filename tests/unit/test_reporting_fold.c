/* consumers/reporting/fold.c: given an event, then these deltas; and sums over random histories against a small model. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/array.h"
#include "base/day.h"
#include "consumers/reporting/reporting.h"
#include "schemas/communications.h"
#include "schemas/customers.h"
#include "schemas/debts.h"

static const struct uuid creditor = { { 0xc1 } };

/* ---- given an event ---- */

static int set_up(void **state)
{
	static struct buf deltas;

	buf_init(&deltas, 64 << 20);
	*state = &deltas;
	return 0;
}

static int tear_down(void **state)
{
	buf_release(*state);
	return 0;
}

/* The event is of 23:59:59.999 UTC. */
#define EVENT_ON 20300
static void given(struct buf *deltas, const struct message_type *type, const void *body)
{
	assert_true(deltas_fold(type, body, (EVENT_ON + 1) * DAY_MS - 1, deltas));
}

static void then_outstanding(const struct buf *deltas, size_t index, int32_t due_on, int64_t debts, int64_t minor)
{
	const struct delta *delta = delta_at(deltas, index);

	assert_true(index < deltas_count(deltas));
	assert_int_equal(delta->key.report, REPORT_OUTSTANDING);
	assert_true(uuid_equal(&delta->key.creditor_id, &creditor));
	assert_string_equal(delta->key.currency, "EUR");
	assert_int_equal(delta->key.day, due_on);
	assert_int_equal(delta->amounts[OUTSTANDING_DEBTS], debts);
	assert_int_equal(delta->amounts[OUTSTANDING_MINOR], minor);
}

/* The delta that goes with the one of the outstanding: the same, by the day of booking. */
static void then_changed(const struct buf *deltas, size_t index, int32_t booked_on, size_t like)
{
	const struct delta *delta = delta_at(deltas, index);
	struct delta outstanding = *delta_at(deltas, like);

	assert_true(index < deltas_count(deltas));
	assert_int_equal(outstanding.key.report, REPORT_OUTSTANDING);
	assert_int_equal(delta->key.day, booked_on);
	outstanding.key.report = REPORT_OUTSTANDING_CHANGE;
	outstanding.key.due_on = outstanding.key.day;
	outstanding.key.day = booked_on;
	assert_int_equal(delta_compare_keys(&delta->key, &outstanding.key), 0);
	assert_memory_equal(delta->amounts, outstanding.amounts, sizeof(outstanding.amounts));
}

static void then_communications(const struct buf *deltas, size_t index, int32_t day, const char *channel, const char *state,
				int64_t messages)
{
	const struct delta *delta = delta_at(deltas, index);

	assert_true(index < deltas_count(deltas));
	assert_int_equal(delta->key.report, REPORT_COMMUNICATIONS);
	assert_int_equal(delta->key.day, day);
	assert_string_equal(delta->key.channel, channel);
	assert_string_equal(delta->key.state, state);
	assert_int_equal(delta->amounts[COMMUNICATIONS_MESSAGES], messages);
}

static void test_fold__a_debt_created_is_outstanding_by_its_due_date(void **state)
{
	struct debt_created event = { .creditor_id = creditor, .currency = STR("EUR"), .due_on = 20000, .balance_minor = 12345 };

	given(*state, &debt_created_type, &event);
	assert_int_equal(deltas_count(*state), 2);
	then_outstanding(*state, 0, 20000, 1, 12345);
	then_changed(*state, 1, EVENT_ON, 0); /* as in version 1 of the event, which does not say the day */
}

static void test_fold__what_is_owed_changes_on_the_business_day_of_the_booking(void **state)
{
	struct debt_created created = { .currency = STR("EUR"), .has_booked_on = true, .booked_on = 20301 };
	struct payment_recorded recorded = {
		.currency = STR("EUR"), .has_booked_on = true, .booked_on = 20302, .received_on = 1
	};
	struct debt_paid paid = { .currency = STR("EUR"), .has_booked_on = true, .booked_on = 20303, .paid_on = 1 };
	struct payment_reversed reversed = { .currency = STR("EUR"), .reversed_on = 20304, .received_on = 1 };
	struct credit_applied applied = { .currency = STR("EUR"), .applied_on = 20305 };
	struct debt_reopened reopened = { .currency = STR("EUR"), .reopened_on = 20306 };
	struct debt_amended amended = { .currency = STR("EUR"), .due_on = 1, .balance_minor = 7, .amended_on = 20307 };
	struct debt_cancelled cancelled = { .currency = STR("EUR"), .amount_minor = 7, .cancelled_on = 20308 };
	const struct {
		const struct message_type *type;
		const void *body;
		size_t deltas;
	} events[] = {
		{ &debt_created_type, &created, 2 },   { &payment_recorded_type, &recorded, 3 },
		{ &debt_paid_type, &paid, 2 },         { &payment_reversed_type, &reversed, 3 },
		{ &credit_applied_type, &applied, 2 }, { &debt_reopened_type, &reopened, 2 },
		{ &debt_amended_type, &amended, 4 },   { &debt_cancelled_type, &cancelled, 2 },
	};

	for (size_t i = 0; i < COUNT(events); i++) {
		size_t moves = events[i].deltas == 4 ? 2 : 1;

		buf_reset(*state);
		given(*state, events[i].type, events[i].body);
		assert_int_equal(deltas_count(*state), events[i].deltas);
		for (size_t n = 0; n < moves; n++)
			then_changed(*state, events[i].deltas - moves + n, 20301 + (int32_t)i, events[i].deltas - 2 * moves + n);
	}
}

static void test_fold__older_events_are_booked_on_their_day_in_utc(void **state)
{
	struct debt_created created = { .currency = STR("EUR") };
	struct payment_recorded recorded = { .currency = STR("EUR") };
	struct debt_paid paid = { .currency = STR("EUR") };

	given(*state, &debt_created_type, &created);
	then_changed(*state, 1, EVENT_ON, 0);
	given(*state, &payment_recorded_type, &recorded);
	then_changed(*state, 4, EVENT_ON, 3);
	given(*state, &debt_paid_type, &paid);
	then_changed(*state, 6, EVENT_ON, 5);
	assert_true(deltas_fold(&debt_paid_type, &paid, (EVENT_ON + 1) * DAY_MS, *state));
	then_changed(*state, 8, EVENT_ON + 1, 7);
}

static void test_fold__a_payment_is_collected_in_full_and_lowers_only_what_was_owed(void **state)
{
	struct payment_recorded event = { .creditor_id = creditor,
					  .currency = STR("EUR"),
					  .due_on = 20000,
					  .received_on = 20100,
					  .amount_minor = 100,
					  .cost_minor = 10,
					  .principal_minor = 60,
					  .credit_minor = 30 };
	const struct delta *collected;

	given(*state, &payment_recorded_type, &event);
	assert_int_equal(deltas_count(*state), 3);
	collected = delta_at(*state, 0);
	assert_int_equal(collected->key.report, REPORT_COLLECTED);
	assert_int_equal(collected->key.day, 20100);
	assert_true(uuid_equal(&collected->key.creditor_id, &creditor));
	assert_string_equal(collected->key.currency, "EUR");
	assert_int_equal(collected->amounts[COLLECTED_PAYMENTS], 1);
	assert_int_equal(collected->amounts[COLLECTED_MINOR], 100);
	assert_int_equal(collected->amounts[COLLECTED_REVERSALS], 0);
	assert_int_equal(collected->amounts[COLLECTED_REVERSED_MINOR], 0);
	then_outstanding(*state, 1, 20000, 0, -70);
}

static void test_fold__a_reversal_counts_on_its_own_day_and_restores_what_was_owed(void **state)
{
	struct payment_reversed event = { .creditor_id = creditor,
					  .currency = STR("EUR"),
					  .due_on = 20000,
					  .received_on = 20100,
					  .reversed_on = 20110,
					  .amount_minor = 100,
					  .principal_minor = 70,
					  .credit_minor = 30 };
	const struct delta *collected;

	given(*state, &payment_reversed_type, &event);
	collected = delta_at(*state, 0);
	assert_int_equal(collected->key.report, REPORT_COLLECTED);
	assert_int_equal(collected->key.day, 20110);
	assert_int_equal(collected->amounts[COLLECTED_PAYMENTS], 0);
	assert_int_equal(collected->amounts[COLLECTED_MINOR], 0);
	assert_int_equal(collected->amounts[COLLECTED_REVERSALS], 1);
	assert_int_equal(collected->amounts[COLLECTED_REVERSED_MINOR], 100);
	then_outstanding(*state, 1, 20000, 0, 70);
}

static void test_fold__a_refund_counts_on_its_own_day_and_changes_nothing_that_is_owed(void **state)
{
	struct payment_refunded event = { .creditor_id = creditor,
					  .currency = STR("EUR"),
					  .due_on = 20000,
					  .received_on = 20100,
					  .refunded_on = 20110,
					  .amount_minor = 30,
					  .refunded_minor = 50 };
	const struct delta *collected;

	given(*state, &payment_refunded_type, &event);
	assert_int_equal(deltas_count(*state), 1);
	collected = delta_at(*state, 0);
	assert_int_equal(collected->key.report, REPORT_COLLECTED);
	assert_int_equal(collected->key.day, 20110);
	assert_int_equal(collected->amounts[COLLECTED_PAYMENTS], 0);
	assert_int_equal(collected->amounts[COLLECTED_REVERSALS], 0);
	assert_int_equal(collected->amounts[COLLECTED_REFUNDS], 1);
	assert_int_equal(collected->amounts[COLLECTED_REFUNDED_MINOR], 30);
}

static void test_fold__a_debt_paid_or_reopened_is_counted(void **state)
{
	struct debt_paid paid = { .creditor_id = creditor, .currency = STR("EUR"), .due_on = 20000, .paid_on = 20100 };
	struct debt_reopened reopened = { .creditor_id = creditor, .currency = STR("EUR"), .due_on = 20000, .balance_minor = 70 };

	given(*state, &debt_paid_type, &paid);
	given(*state, &debt_reopened_type, &reopened);
	assert_int_equal(deltas_count(*state), 4);
	then_outstanding(*state, 0, 20000, -1, 0);
	then_outstanding(*state, 2, 20000, 1, 0);
}

static void test_fold__credit_applied_lowers_what_is_owed_and_is_not_collected(void **state)
{
	struct credit_applied event = { .creditor_id = creditor, .currency = STR("EUR"), .due_on = 20000, .amount_minor = 30 };

	given(*state, &credit_applied_type, &event);
	event.amount_minor = -20;
	given(*state, &credit_applied_type, &event);
	assert_int_equal(deltas_count(*state), 4);
	then_outstanding(*state, 0, 20000, 0, -30);
	then_outstanding(*state, 2, 20000, 0, 20);
}

static void test_fold__an_amended_due_date_moves_the_debt_and_what_is_owed_on_it(void **state)
{
	struct debt_amended event = {
		.creditor_id = creditor, .currency = STR("EUR"), .previous_due_on = 20000, .due_on = 20030, .balance_minor = 70
	};

	given(*state, &debt_amended_type, &event);
	assert_int_equal(deltas_count(*state), 4);
	then_outstanding(*state, 0, 20000, -1, -70);
	then_outstanding(*state, 1, 20030, 1, 70);
}

static void test_fold__of_a_paid_debt_the_amended_due_date_moves_nothing(void **state)
{
	struct debt_amended event = {
		.creditor_id = creditor, .currency = STR("EUR"), .previous_due_on = 20000, .due_on = 20030
	};

	given(*state, &debt_amended_type, &event);
	then_outstanding(*state, 0, 20000, 0, 0);
	then_outstanding(*state, 1, 20030, 0, 0);
}

static void test_fold__an_amended_reference_changes_no_figure(void **state)
{
	struct debt_amended event = {
		.creditor_id = creditor, .currency = STR("EUR"), .previous_due_on = 20000, .due_on = 20000, .balance_minor = 70
	};

	given(*state, &debt_amended_type, &event);
	assert_int_equal(deltas_count(*state), 0);
}

/* Written off, sold or recalled; one that was paid is recalled without being outstanding. */
static void test_fold__a_debt_that_has_left_is_outstanding_no_more(void **state)
{
	struct debt_written_off written_off = {
		.creditor_id = creditor, .currency = STR("EUR"), .due_on = 20000, .amount_minor = 70
	};
	struct debt_transferred transferred = {
		.creditor_id = creditor, .currency = STR("EUR"), .due_on = 20000, .amount_minor = 7
	};
	struct debt_recalled recalled = { .creditor_id = creditor, .currency = STR("EUR"), .due_on = 20000, .amount_minor = 3 };

	given(*state, &debt_written_off_type, &written_off);
	given(*state, &debt_transferred_type, &transferred);
	given(*state, &debt_recalled_type, &recalled);
	recalled.amount_minor = 0;
	recalled.credit_minor = 5;
	given(*state, &debt_recalled_type, &recalled);
	assert_int_equal(deltas_count(*state), 6);
	then_outstanding(*state, 0, 20000, -1, -70);
	then_outstanding(*state, 2, 20000, -1, -7);
	then_outstanding(*state, 4, 20000, -1, -3);
}

static void test_fold__a_discount_is_outstanding_no_more_until_it_is_owed_again(void **state)
{
	struct settlement_fulfilled fulfilled = {
		.creditor_id = creditor, .currency = STR("EUR"), .due_on = 20000, .discount_minor = 20
	};
	struct settlement_reopened reopened = {
		.creditor_id = creditor, .currency = STR("EUR"), .due_on = 20000, .discount_minor = 20
	};
	struct settlement_breached breached = {
		.creditor_id = creditor, .currency = STR("EUR"), .due_on = 20000, .discount_minor = 20
	};

	given(*state, &settlement_fulfilled_type, &fulfilled);
	given(*state, &settlement_reopened_type, &reopened);
	given(*state, &settlement_breached_type, &breached);
	breached.discount_minor = 0;
	given(*state, &settlement_breached_type, &breached);
	assert_int_equal(deltas_count(*state), 6);
	then_outstanding(*state, 0, 20000, -1, -20);
	then_outstanding(*state, 2, 20000, 0, 20);
	then_outstanding(*state, 4, 20000, 0, 20);
}

static void test_fold__a_cancelled_debt_is_outstanding_no_more_and_was_not_collected(void **state)
{
	struct debt_cancelled event = { .creditor_id = creditor, .currency = STR("EUR"), .due_on = 20000, .amount_minor = 70 };

	given(*state, &debt_cancelled_type, &event);
	assert_int_equal(deltas_count(*state), 2);
	then_outstanding(*state, 0, 20000, -1, -70);
}

static void test_fold__a_message_counts_in_the_state_it_is_in(void **state)
{
	struct communication_released released = { .channel = STR("sms"), .requested_on = 20200 };
	struct communication_progressed progressed = {
		.channel = STR("sms"), .requested_on = 20200, .previous_state = STR("released"), .state = STR("submitted")
	};
	struct communication_suppressed suppressed = { .channel = STR("email"), .requested_on = 20201 };

	given(*state, &communication_released_type, &released);
	given(*state, &communication_progressed_type, &progressed);
	given(*state, &communication_suppressed_type, &suppressed);
	assert_int_equal(deltas_count(*state), 4);
	then_communications(*state, 0, 20200, "sms", "released", 1);
	then_communications(*state, 1, 20200, "sms", "released", -1);
	then_communications(*state, 2, 20200, "sms", "submitted", 1);
	then_communications(*state, 3, 20201, "email", "suppressed", 1);
}

static void test_fold__a_withdrawal_cancels_each_message_on_its_own_day(void **state)
{
	const struct cancelled_communication cancelled[] = { { .channel = STR("sms"), .requested_on = 20200, .version = 2 },
							     { .channel = STR("email"), .requested_on = 20201, .version = 2 } };
	struct consent_withdrawn event = { .cancelled = cancelled, .cancelled_count = 2 };

	given(*state, &consent_withdrawn_type, &event);
	assert_int_equal(deltas_count(*state), 4);
	then_communications(*state, 0, 20200, "sms", "released", -1);
	then_communications(*state, 1, 20200, "sms", "cancelled", 1);
	then_communications(*state, 2, 20201, "email", "released", -1);
	then_communications(*state, 3, 20201, "email", "cancelled", 1);
}

static void test_fold__a_message_that_waited_leaves_that_state(void **state)
{
	struct communication_scheduled scheduled = { .channel = STR("sms"), .requested_on = 20200, .version = 1 };
	struct communication_scheduled again = { .channel = STR("sms"), .requested_on = 20200, .version = 2 };
	struct communication_released released = { .channel = STR("sms"), .requested_on = 20200, .version = 3 };
	struct communication_suppressed suppressed = { .channel = STR("email"), .requested_on = 20201, .version = 2 };

	given(*state, &communication_scheduled_type, &scheduled);
	given(*state, &communication_scheduled_type, &again);
	given(*state, &communication_released_type, &released);
	given(*state, &communication_suppressed_type, &suppressed);
	assert_int_equal(deltas_count(*state), 7);
	then_communications(*state, 0, 20200, "sms", "scheduled", 1);
	then_communications(*state, 1, 20200, "sms", "scheduled", -1);
	then_communications(*state, 2, 20200, "sms", "scheduled", 1);
	then_communications(*state, 3, 20200, "sms", "scheduled", -1);
	then_communications(*state, 4, 20200, "sms", "released", 1);
	then_communications(*state, 5, 20201, "email", "scheduled", -1);
	then_communications(*state, 6, 20201, "email", "suppressed", 1);
}

static void test_fold__a_withdrawal_says_in_which_state_a_message_was(void **state)
{
	const struct cancelled_communication cancelled[] = { { .channel = STR("sms"), .requested_on = 20200, .version = 2 } };
	const struct str states[] = { STR("scheduled") };
	struct consent_withdrawn event = {
		.cancelled = cancelled, .cancelled_count = 1, .cancelled_states = states, .cancelled_states_count = 1
	};

	given(*state, &consent_withdrawn_type, &event);
	assert_int_equal(deltas_count(*state), 2);
	then_communications(*state, 0, 20200, "sms", "scheduled", -1);
	then_communications(*state, 1, 20200, "sms", "cancelled", 1);
}

static void test_fold__a_withdrawal_counts_what_waited_for_another_try_where_it_was(void **state)
{
	const struct cancelled_communication cancelled[] = { { .channel = STR("sms"), .requested_on = 20200, .version = 3 } };
	struct consent_withdrawn event = { .cancelled = cancelled, .cancelled_count = 1 };

	given(*state, &consent_withdrawn_type, &event);
	assert_int_equal(deltas_count(*state), 2);
	then_communications(*state, 0, 20200, "sms", "retry_wait", -1);
	then_communications(*state, 1, 20200, "sms", "cancelled", 1);
}

static void test_fold__a_message_taken_back_is_cancelled(void **state)
{
	struct communication_cancelled event = { .channel = STR("sms"),
						 .requested_on = 20200,
						 .previous_state = STR("retry_wait") };

	given(*state, &communication_cancelled_type, &event);
	assert_int_equal(deltas_count(*state), 2);
	then_communications(*state, 0, 20200, "sms", "retry_wait", -1);
	then_communications(*state, 1, 20200, "sms", "cancelled", 1);
}

static void test_fold__other_events_change_nothing(void **state)
{
	struct receipt_ignored ignored = { .state = STR("delivered") };
	struct customer_created created = { .version = 1 };
	struct consent_withdrawn withdrawn = { .cancelled_count = 0 };

	given(*state, &receipt_ignored_type, &ignored);
	given(*state, &customer_created_type, &created);
	given(*state, &consent_withdrawn_type, &withdrawn);
	assert_int_equal(deltas_count(*state), 0);
}

static void test_fold__a_word_that_fits_no_key_is_told(void **state)
{
	struct debt_created debt = { .creditor_id = creditor, .currency = STR("EURO"), .balance_minor = 1 };
	struct communication_released message = { .channel = STR("a channel of more than thirty-two") };

	assert_false(deltas_fold(&debt_created_type, &debt, 0, *state));
	assert_false(deltas_fold(&communication_released_type, &message, 0, *state));
	assert_int_equal(deltas_count(*state), 0);
}

static void test_merge__each_key_is_there_once_in_order_also_at_zero(void **state)
{
	struct debt_created debt = { .creditor_id = creditor, .currency = STR("EUR"), .due_on = 20000, .balance_minor = 5 };
	struct debt_paid paid = { .creditor_id = creditor, .currency = STR("EUR"), .due_on = 20000 };
	struct credit_applied credit = {
		.creditor_id = creditor, .currency = STR("EUR"), .due_on = 20000, .amount_minor = 5, .applied_on = EVENT_ON
	};
	struct communication_released released = { .channel = STR("sms"), .requested_on = 1 };

	given(*state, &communication_released_type, &released);
	given(*state, &debt_created_type, &debt);
	debt.due_on = 19999;
	given(*state, &debt_created_type, &debt);
	given(*state, &debt_paid_type, &paid);
	given(*state, &credit_applied_type, &credit);
	assert_true(deltas_merge(*state));
	assert_int_equal(deltas_count(*state), 5);
	then_outstanding(*state, 0, 19999, 1, 5);
	then_outstanding(*state, 1, 20000, 0, 0);
	then_changed(*state, 2, EVENT_ON, 0);
	then_changed(*state, 3, EVENT_ON, 1);
	then_communications(*state, 4, 1, "sms", "released", 1);
}

static void test_merge__keys_that_differ_in_one_column_stay_apart(void **state)
{
	const struct delta base = { .key = { .creditor_id = creditor, .currency = "EUR", .channel = "sms", .state = "failed" },
				    .amounts = { 1 } };
	struct delta others[7] = { base, base, base, base, base, base, base };

	others[0].key.report = REPORT_COMMUNICATIONS;
	others[1].key.day = 1;
	others[2].key.creditor_id.bytes[15] = 1;
	others[3].key.currency[2] = 'S';
	others[4].key.channel[0] = 'r';
	others[5].key.state[5] = 'f';
	others[6].key.due_on = 1;
	for (int round = 0; round < 2; round++) {
		buf_add(*state, others, sizeof(others));
		buf_add(*state, &base, sizeof(base));
	}
	assert_true(deltas_merge(*state));
	assert_int_equal(deltas_count(*state), 8);
	for (size_t i = 0; i < 8; i++)
		assert_int_equal(delta_at(*state, i)->amounts[0], 2);
}

static void test_merge__an_overflow_is_told(void **state)
{
	struct debt_created debt = { .creditor_id = creditor, .currency = STR("EUR"), .balance_minor = INT64_MAX };

	given(*state, &debt_created_type, &debt);
	given(*state, &debt_created_type, &debt);
	assert_false(deltas_merge(*state));
}

static void test_merge__nothing_is_nothing(void **state)
{
	assert_true(deltas_merge(*state));
	assert_int_equal(deltas_count(*state), 0);
}

/* ---- random histories ---- */

#define SEEDS        200
#define STEPS        400
#define DEBTS_MAX    40
#define PAYMENTS_MAX 200
#define MESSAGES_MAX 100
#define DAYS         8
#define FIRST_DAY    20200

static const char *const states[] = { "released", "submitted", "delivered", "failed", "suppressed", "cancelled", "retry_wait" };
#define CANCELLED  5
#define RETRY_WAIT 6
static const char *const channels[] = { "sms", "email" };

struct model_debt {
	uint8_t creditor; /* first byte of the id */
	const char *currency;
	int32_t due_on;
	int64_t owed_minor, credit_minor, paid_minor; /* paid: by payments that were not reversed */
	bool is_cancelled;
};

struct model_payment {
	size_t debt;
	int32_t received_on, reversed_on; /* 0: not reversed */
	int64_t amount_minor, owed_part_minor;
};

struct model_message {
	int32_t day;
	size_t channel, state;
	int64_t version;
};

struct model {
	uint64_t random;
	struct buf *batch; /* deltas of the batch at hand */
	struct buf *total; /* of the merged batches before */
	struct model_debt debts[DEBTS_MAX];
	struct model_payment payments[PAYMENTS_MAX];
	struct model_message messages[MESSAGES_MAX];
	size_t debts_count, payments_count, messages_count;
	int32_t today;
	struct buf *evenings; /* what was outstanding at the end of each day before today, as rows */
};

static size_t any(struct model *model, size_t below)
{
	model->random ^= model->random << 13;
	model->random ^= model->random >> 7;
	model->random ^= model->random << 17;
	return (size_t)(model->random % below);
}

static void happens(struct model *model, const struct message_type *type, const void *body)
{
	assert_true(deltas_fold(type, body, model->today * DAY_MS + (int64_t)any(model, DAY_MS), model->batch));
}

/* Older events do not say on which day they were booked. */
static bool says_when(struct model *model)
{
	return any(model, 2) == 0;
}

static void create_debt(struct model *model)
{
	struct model_debt *debt = &model->debts[model->debts_count];
	struct debt_created event;

	if (model->debts_count == DEBTS_MAX)
		return;
	model->debts_count++;
	*debt = (struct model_debt){ .creditor = (uint8_t)any(model, 3),
				     .currency = any(model, 2) == 0 ? "EUR" : "JPY",
				     .due_on = 20000 + (int32_t)any(model, 3),
				     .owed_minor = 1 + (int64_t)any(model, 1000) };
	event = (struct debt_created){ .creditor_id = { { debt->creditor } },
				       .currency = str_of(debt->currency),
				       .due_on = debt->due_on,
				       .balance_minor = debt->owed_minor,
				       .has_booked_on = says_when(model),
				       .booked_on = model->today };
	happens(model, &debt_created_type, &event);
}

static void pay(struct model *model)
{
	struct model_payment *payment = &model->payments[model->payments_count];
	struct payment_recorded event;
	struct model_debt *debt;

	if (model->debts_count == 0 || model->payments_count == PAYMENTS_MAX)
		return;
	model->payments_count++;
	payment->debt = any(model, model->debts_count);
	debt = &model->debts[payment->debt];
	if (debt->is_cancelled) {
		model->payments_count--;
		return;
	}
	payment->received_on = 20100 + (int32_t)any(model, 4);
	payment->reversed_on = 0;
	payment->amount_minor = 1 + (int64_t)any(model, 900);
	payment->owed_part_minor = payment->amount_minor < debt->owed_minor ? payment->amount_minor : debt->owed_minor;
	event = (struct payment_recorded){ .creditor_id = { { debt->creditor } },
					   .currency = str_of(debt->currency),
					   .due_on = debt->due_on,
					   .received_on = payment->received_on,
					   .amount_minor = payment->amount_minor,
					   .principal_minor = payment->owed_part_minor,
					   .credit_minor = payment->amount_minor - payment->owed_part_minor,
					   .has_booked_on = says_when(model),
					   .booked_on = model->today };
	happens(model, &payment_recorded_type, &event);
	if (debt->owed_minor > 0 && debt->owed_minor == payment->owed_part_minor) {
		struct debt_paid paid = { .creditor_id = event.creditor_id,
					  .currency = event.currency,
					  .due_on = debt->due_on,
					  .has_booked_on = event.has_booked_on,
					  .booked_on = model->today };

		happens(model, &debt_paid_type, &paid);
	}
	debt->owed_minor -= payment->owed_part_minor;
	debt->credit_minor += event.credit_minor;
	debt->paid_minor += payment->amount_minor;
}

/* Credit pays what is owed; also below 0, taken back from what it had paid. */
static void apply_credit(struct model *model, struct model_debt *debt, int64_t minor)
{
	struct credit_applied event = { .creditor_id = { { debt->creditor } },
					.currency = str_of(debt->currency),
					.due_on = debt->due_on,
					.applied_on = model->today,
					.amount_minor = minor };

	debt->owed_minor -= minor;
	debt->credit_minor -= minor;
	happens(model, &credit_applied_type, &event);
}

static void reverse(struct model *model)
{
	struct payment_reversed event;
	struct model_payment *payment;
	struct model_debt *debt;
	bool was_paid;
	int64_t credit;

	if (model->payments_count == 0)
		return;
	payment = &model->payments[any(model, model->payments_count)];
	if (payment->reversed_on != 0)
		return;
	debt = &model->debts[payment->debt];
	was_paid = debt->owed_minor == 0;
	credit = payment->amount_minor - payment->owed_part_minor;
	if (credit > debt->credit_minor)
		apply_credit(model, debt, debt->credit_minor - credit);
	payment->reversed_on = model->today;
	event = (struct payment_reversed){ .creditor_id = { { debt->creditor } },
					   .currency = str_of(debt->currency),
					   .due_on = debt->due_on,
					   .received_on = payment->received_on,
					   .reversed_on = payment->reversed_on,
					   .amount_minor = payment->amount_minor,
					   .principal_minor = payment->owed_part_minor,
					   .credit_minor = credit };
	happens(model, &payment_reversed_type, &event);
	debt->owed_minor += payment->owed_part_minor;
	debt->credit_minor -= credit;
	debt->paid_minor -= payment->amount_minor;
	if (debt->credit_minor > 0 && debt->owed_minor > 0)
		apply_credit(model, debt, debt->credit_minor < debt->owed_minor ? debt->credit_minor : debt->owed_minor);
	if (was_paid && debt->owed_minor > 0) {
		struct debt_reopened reopened = { .creditor_id = event.creditor_id,
						  .currency = event.currency,
						  .due_on = debt->due_on,
						  .reopened_on = model->today };

		happens(model, &debt_reopened_type, &reopened);
	}
}

static void amend(struct model *model)
{
	struct debt_amended event;
	struct model_debt *debt;

	if (model->debts_count == 0)
		return;
	debt = &model->debts[any(model, model->debts_count)];
	if (debt->is_cancelled)
		return;
	event = (struct debt_amended){ .creditor_id = { { debt->creditor } },
				       .currency = str_of(debt->currency),
				       .previous_due_on = debt->due_on,
				       .due_on = 20000 + (int32_t)any(model, 4),
				       .balance_minor = debt->owed_minor,
				       .amended_on = model->today };
	debt->due_on = event.due_on;
	happens(model, &debt_amended_type, &event);
}

/* Only where no payment stands: then what is owed is what was charged. */
static void cancel(struct model *model)
{
	struct debt_cancelled event;
	struct model_debt *debt;

	if (model->debts_count == 0)
		return;
	debt = &model->debts[any(model, model->debts_count)];
	if (debt->is_cancelled || debt->paid_minor != 0)
		return;
	event = (struct debt_cancelled){ .creditor_id = { { debt->creditor } },
					 .currency = str_of(debt->currency),
					 .due_on = debt->due_on,
					 .cancelled_on = model->today,
					 .amount_minor = debt->owed_minor };
	debt->owed_minor = 0;
	debt->is_cancelled = true;
	happens(model, &debt_cancelled_type, &event);
}

static void request_message(struct model *model)
{
	struct model_message *message = &model->messages[model->messages_count];
	struct communication_suppressed suppressed;
	struct communication_released released;

	if (model->messages_count == MESSAGES_MAX)
		return;
	model->messages_count++;
	*message = (struct model_message){
		.day = 20200 + (int32_t)any(model, 2), .channel = any(model, 2), .state = any(model, 4) == 0 ? 4 : 0, .version = 1
	};
	suppressed =
		(struct communication_suppressed){ .channel = str_of(channels[message->channel]), .requested_on = message->day };
	released = (struct communication_released){ .channel = str_of(channels[message->channel]), .requested_on = message->day };
	if (message->state == 4)
		happens(model, &communication_suppressed_type, &suppressed);
	else
		happens(model, &communication_released_type, &released);
}

static void move_message(struct model *model)
{
	struct communication_progressed event;
	struct model_message *message;
	size_t to;

	if (model->messages_count == 0)
		return;
	message = &model->messages[any(model, model->messages_count)];
	if (message->state > 1 && message->state != RETRY_WAIT)
		return;
	to = message->state == 1 ? 2 + any(model, 2) : any(model, 2) == 0 ? 1 : RETRY_WAIT;
	event = (struct communication_progressed){ .channel = str_of(channels[message->channel]),
						   .requested_on = message->day,
						   .previous_state = str_of(states[message->state]),
						   .state = str_of(states[to]) };
	message->state = to;
	message->version++;
	happens(model, &communication_progressed_type, &event);
}

static void take_back(struct model *model)
{
	struct communication_cancelled event;
	struct model_message *message;

	if (model->messages_count == 0)
		return;
	message = &model->messages[any(model, model->messages_count)];
	if (message->state != 0 && message->state != RETRY_WAIT)
		return;
	event = (struct communication_cancelled){ .channel = str_of(channels[message->channel]),
						  .requested_on = message->day,
						  .previous_state = str_of(states[message->state]) };
	message->state = CANCELLED;
	happens(model, &communication_cancelled_type, &event);
}

static void withdraw(struct model *model)
{
	struct cancelled_communication cancelled[MESSAGES_MAX];
	struct consent_withdrawn event = { .cancelled = cancelled };

	for (size_t i = 0; i < model->messages_count; i++) {
		struct model_message *message = &model->messages[i];

		if ((message->state != 0 && message->state != RETRY_WAIT) || any(model, 2) == 0)
			continue;
		cancelled[event.cancelled_count++] =
			(struct cancelled_communication){ .channel = str_of(channels[message->channel]),
							  .requested_on = message->day,
							  .version = message->version + 1 };
		message->state = CANCELLED;
	}
	happens(model, &consent_withdrawn_type, &event);
}

/* What apply would write: the batch merged, on top of what was there. */
static void end_batch(struct model *model)
{
	assert_true(deltas_merge(model->batch));
	buf_add(model->total, model->batch->data, model->batch->size);
	assert_true(deltas_merge(model->total));
	buf_reset(model->batch);
}

/* What is owed now, as rows of the table. */
static void add_debts(const struct model *model, struct buf *expected)
{
	for (size_t i = 0; i < model->debts_count; i++) {
		const struct model_debt *debt = &model->debts[i];
		struct delta row = {
			.key = { .report = REPORT_OUTSTANDING, .day = debt->due_on, .creditor_id = { { debt->creditor } } },
			.amounts = { debt->owed_minor > 0, debt->owed_minor }
		};

		snprintf(row.key.currency, sizeof(row.key.currency), "%s", debt->currency);
		buf_add(expected, &row, sizeof(row));
	}
	assert_true(deltas_merge(expected));
}

static void live(struct model *model)
{
	for (int step = 0; step < STEPS; step++) {
		switch (any(model, 16)) {
		case 0:
		case 1:
			create_debt(model);
			break;
		case 2:
		case 3:
		case 4:
		case 5:
			pay(model);
			break;
		case 6:
		case 7:
			reverse(model);
			break;
		case 8:
		case 9:
			request_message(model);
			break;
		case 10:
		case 13:
			move_message(model);
			break;
		case 14:
			take_back(model);
			break;
		case 11:
			amend(model);
			break;
		case 12:
			cancel(model);
			break;
		default:
			if (any(model, 10) == 0)
				withdraw(model);
			break;
		}
		if (any(model, 20) == 0)
			end_batch(model);
		if (step % (STEPS / DAYS) == STEPS / DAYS - 1)
			add_debts(model, &model->evenings[model->today++ - FIRST_DAY]);
	}
	end_batch(model);
}

/* Adds what the model's things are now, as rows of the tables. */
static void add_model(const struct model *model, struct buf *expected)
{
	add_debts(model, expected);
	for (size_t i = 0; i < model->payments_count; i++) {
		const struct model_payment *payment = &model->payments[i];
		const struct model_debt *debt = &model->debts[payment->debt];
		struct delta row = {
			.key = { .report = REPORT_COLLECTED, .day = payment->received_on, .creditor_id = { { debt->creditor } } },
			.amounts = { 1, payment->amount_minor }
		};

		snprintf(row.key.currency, sizeof(row.key.currency), "%s", debt->currency);
		buf_add(expected, &row, sizeof(row));
		if (payment->reversed_on == 0)
			continue;
		row.key.day = payment->reversed_on;
		row.amounts[COLLECTED_REVERSALS] = 1;
		row.amounts[COLLECTED_REVERSED_MINOR] = payment->amount_minor;
		row.amounts[COLLECTED_PAYMENTS] = 0;
		row.amounts[COLLECTED_MINOR] = 0;
		buf_add(expected, &row, sizeof(row));
	}
	for (size_t i = 0; i < model->messages_count; i++) {
		const struct model_message *message = &model->messages[i];
		struct delta row = { .key = { .report = REPORT_COMMUNICATIONS, .day = message->day }, .amounts = { 1 } };

		snprintf(row.key.channel, sizeof(row.key.channel), "%s", channels[message->channel]);
		snprintf(row.key.state, sizeof(row.key.state), "%s", states[message->state]);
		buf_add(expected, &row, sizeof(row));
	}
	assert_true(deltas_merge(expected));
}

/* Equal but for rows that fell to zero, which a model of the present does not have, and for what changed when. */
static void compare(const struct buf *expected, const struct buf *total, uint64_t seed)
{
	static const struct delta nothing;
	size_t at = 0;

	for (size_t i = 0; i < deltas_count(total); i++) {
		const struct delta *row = delta_at(total, i);

		if (row->key.report == REPORT_OUTSTANDING_CHANGE)
			continue;
		if (at < deltas_count(expected) && delta_compare_keys(&delta_at(expected, at)->key, &row->key) == 0) {
			if (memcmp(delta_at(expected, at)->amounts, row->amounts, sizeof(row->amounts)) != 0)
				fail_msg("seed %llu: row %zu differs", (unsigned long long)seed, i);
			at++;
		} else if (memcmp(row->amounts, nothing.amounts, sizeof(row->amounts)) != 0) {
			fail_msg("seed %llu: row %zu should be zero", (unsigned long long)seed, i);
		}
	}
	if (at != deltas_count(expected))
		fail_msg("seed %llu: a row is missing", (unsigned long long)seed);
}

/* What the tables say was outstanding at the end of a day: what is now, without what was booked later. */
static void add_evening(const struct buf *total, int32_t day, struct buf *evening)
{
	for (size_t i = 0; i < deltas_count(total); i++) {
		struct delta row = *delta_at(total, i);
		bool is_later = row.key.report == REPORT_OUTSTANDING_CHANGE && row.key.day > day;

		if (is_later) {
			row.key.report = REPORT_OUTSTANDING;
			row.key.day = row.key.due_on;
			row.key.due_on = 0;
			row.amounts[OUTSTANDING_DEBTS] = -row.amounts[OUTSTANDING_DEBTS];
			row.amounts[OUTSTANDING_MINOR] = -row.amounts[OUTSTANDING_MINOR];
		}
		if (row.key.report == REPORT_OUTSTANDING)
			buf_add(evening, &row, sizeof(row));
	}
	assert_true(deltas_merge(evening));
}

static void test_fold__sums_over_random_histories_are_what_is_there_at_the_end_and_was_on_every_evening(void **state)
{
	struct buf total, expected, evening, evenings[DAYS];
	static struct model model;

	buf_init(&total, 64 << 20);
	buf_init(&expected, 64 << 20);
	buf_init(&evening, 64 << 20);
	for (size_t i = 0; i < DAYS; i++)
		buf_init(&evenings[i], 1 << 20);
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		buf_reset(*state);
		buf_reset(&total);
		buf_reset(&expected);
		for (size_t i = 0; i < DAYS; i++)
			buf_reset(&evenings[i]);
		model = (struct model){ .random = seed * 0x9E3779B97F4A7C15U,
					.batch = *state,
					.total = &total,
					.today = FIRST_DAY,
					.evenings = evenings };
		live(&model);
		add_model(&model, &expected);
		assert_true(deltas_count(&expected) > 0);
		compare(&expected, &total, seed);
		for (size_t i = 0; i < DAYS; i++) {
			buf_reset(&evening);
			add_evening(&total, FIRST_DAY + (int32_t)i, &evening);
			compare(&evenings[i], &evening, seed);
		}
	}
	for (size_t i = 0; i < DAYS; i++)
		buf_release(&evenings[i]);
	buf_release(&evening);
	buf_release(&expected);
	buf_release(&total);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_fold__a_debt_created_is_outstanding_by_its_due_date),
		TEST(test_fold__what_is_owed_changes_on_the_business_day_of_the_booking),
		TEST(test_fold__older_events_are_booked_on_their_day_in_utc),
		TEST(test_fold__a_payment_is_collected_in_full_and_lowers_only_what_was_owed),
		TEST(test_fold__a_reversal_counts_on_its_own_day_and_restores_what_was_owed),
		TEST(test_fold__a_refund_counts_on_its_own_day_and_changes_nothing_that_is_owed),
		TEST(test_fold__a_debt_paid_or_reopened_is_counted),
		TEST(test_fold__credit_applied_lowers_what_is_owed_and_is_not_collected),
		TEST(test_fold__an_amended_due_date_moves_the_debt_and_what_is_owed_on_it),
		TEST(test_fold__of_a_paid_debt_the_amended_due_date_moves_nothing),
		TEST(test_fold__an_amended_reference_changes_no_figure),
		TEST(test_fold__a_cancelled_debt_is_outstanding_no_more_and_was_not_collected),
		TEST(test_fold__a_debt_that_has_left_is_outstanding_no_more),
		TEST(test_fold__a_discount_is_outstanding_no_more_until_it_is_owed_again),
		TEST(test_fold__a_message_counts_in_the_state_it_is_in),
		TEST(test_fold__a_withdrawal_cancels_each_message_on_its_own_day),
		TEST(test_fold__a_message_that_waited_leaves_that_state),
		TEST(test_fold__a_withdrawal_says_in_which_state_a_message_was),
		TEST(test_fold__a_withdrawal_counts_what_waited_for_another_try_where_it_was),
		TEST(test_fold__a_message_taken_back_is_cancelled),
		TEST(test_fold__other_events_change_nothing),
		TEST(test_fold__a_word_that_fits_no_key_is_told),
		TEST(test_merge__each_key_is_there_once_in_order_also_at_zero),
		TEST(test_merge__keys_that_differ_in_one_column_stay_apart),
		TEST(test_merge__an_overflow_is_told),
		TEST(test_merge__nothing_is_nothing),
		TEST(test_fold__sums_over_random_histories_are_what_is_there_at_the_end_and_was_on_every_evening),
	};

	return cmocka_run_group_tests_name("reporting_fold", tests, NULL, NULL);
}
