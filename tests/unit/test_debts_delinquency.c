/* Days past due and their buckets (consumers/DOMAIN.md 4, axis 2). */

#include "base/day.h"
#include "consumers/debts/delinquency/delinquency.h"
#include "consumers/debts/hold/hold.h"

#define OWED 10000
#include "tests/unit/debts_spec.h"

/* ---- given, when ---- */

/* A debt that is due so many days from today, instead of that of debts_spec.h. */
static void when_created(int32_t due)
{
	struct create_debt *body = arena_take(&spec.arena, 1, sizeof(*body));

	*body = (struct create_debt){ .debt_id = spec_id('D', 7),
				      .customer_id = CUSTOMER,
				      .creditor_id = spec_id('R', 1),
				      .external_ref = STR("INV-7"),
				      .currency = STR("EUR"),
				      .principal_minor = OWED,
				      .opened_on = SPEC_TODAY - 900,
				      .due_on = SPEC_TODAY + due };
	spec_when(&spec, &create_debt_type, body);
	then_events(&spec, "DebtCreated");
}

static void when_due(int32_t due)
{
	struct amend_debt *body = arena_take(&spec.arena, 1, sizeof(*body));

	*body = (struct amend_debt){ .debt_id = spec_id('D', 7),
				     .customer_id = CUSTOMER,
				     .has_due_on = true,
				     .due_on = SPEC_TODAY + due,
				     .reason = STR("agreed") };
	spec_when(&spec, &amend_debt_type, body);
}

static void on_day(int32_t days)
{
	spec.today = SPEC_TODAY + days;
}

static void when_the_day_comes(int32_t days)
{
	on_day(days);
	spec_fire(&spec, &delinquency_timer, spec_id('D', 7), CUSTOMER);
}

static void when_paid(unsigned number, int64_t amount_minor)
{
	struct record_payment *body = arena_take(&spec.arena, 1, sizeof(*body));

	*body = (struct record_payment){ .payment_id = spec_id('P', number),
					 .customer_id = CUSTOMER,
					 .debt_id = spec_id('D', 7),
					 .source = STR("bank-1"),
					 .external_ref = number == 1 ? STR("P-1") : STR("P-2"),
					 .amount_minor = amount_minor,
					 .currency = STR("EUR"),
					 .received_on = spec.today,
					 .method = STR("transfer") };
	spec_when(&spec, &record_payment_type, body);
}

static void when_reversed(unsigned number)
{
	struct reverse_payment *body = arena_take(&spec.arena, 1, sizeof(*body));

	*body = (struct reverse_payment){ .payment_id = spec_id('P', number), .customer_id = CUSTOMER, .reason = STR("nsf") };
	spec_when(&spec, &reverse_payment_type, body);
}

/* A hold from `first` to the day before `until`, days from today; until 0: open. */
static void when_held(unsigned number, const char *kind, int32_t first, int32_t until)
{
	struct place_hold *body = arena_take(&spec.arena, 1, sizeof(*body));

	*body = (struct place_hold){ .hold_id = spec_id('H', number),
				     .customer_id = CUSTOMER,
				     .debt_id = spec_id('D', 7),
				     .kind = str_of(kind),
				     .evidence_ref = STR("file-1"),
				     .has_from_on = true,
				     .from_on = SPEC_TODAY + first,
				     .has_until_on = until != 0,
				     .until_on = SPEC_TODAY + until };
	spec_when(&spec, &place_hold_type, body);
	assert_int_equal(spec.decision.kind, DECISION_EVENTS);
}

static void when_released(unsigned number)
{
	struct release_hold *body = arena_take(&spec.arena, 1, sizeof(*body));

	*body = (struct release_hold){ .hold_id = spec_id('H', number), .customer_id = CUSTOMER, .reason = STR("over") };
	spec_when(&spec, &release_hold_type, body);
}

static void when_the_hold_has_its_day(unsigned number, int32_t days)
{
	on_day(days);
	spec_fire(&spec, &hold_timer, spec_id('H', number), CUSTOMER);
}

/* ---- then ---- */

static const struct debt *the_debt(void)
{
	struct uuid id = spec_id('D', 7);

	return workset_state(&spec.set, &debt_entity, &id);
}

static void then_bucket(const char *name)
{
	assert_string_equal(delinquency_buckets[the_debt()->bucket].name, name);
}

/* The last event. */
static void then_changed(const char *from, const char *to, int32_t days_past_due, int32_t paused_days)
{
	const struct delinquency_changed *event;

	assert_true(spec.decision.events_count > 0);
	assert_ptr_equal(spec.decision.events[spec.decision.events_count - 1].type, &delinquency_changed_type);
	event = then_event(&spec, spec.decision.events_count - 1, delinquency_changed);
	assert_true(str_is(event->bucket_from, from));
	assert_true(str_is(event->bucket_to, to));
	assert_int_equal(event->days_past_due, days_past_due);
	assert_int_equal(event->paused_days, paused_days);
	assert_int_equal(event->changed_on, spec.today);
	assert_int_equal(event->due_on, the_debt()->due_on);
	assert_int_equal(event->balance_minor, balances_owed(&the_debt()->balances));
	assert_int_equal(event->version, the_debt()->version);
	then_bucket(to);
}

static void then_nothing_changed(void)
{
	for (size_t index = 0; index < spec.decision.events_count; index++)
		assert_ptr_not_equal(spec.decision.events[index].type, &delinquency_changed_type);
}

static const struct timer_change *timer_changed(void)
{
	for (size_t index = 0; index < spec.decision.timers_count; index++) {
		if (spec.decision.timers[index].timer.kind == &delinquency_timer)
			return &spec.decision.timers[index];
	}
	return NULL;
}

static void then_timer(int32_t days)
{
	const struct timer_change *change = timer_changed();

	assert_non_null(change);
	assert_false(change->is_cancelled);
	assert_int_equal(change->timer.due_on, SPEC_TODAY + days);
}

static void then_timer_cancelled(void)
{
	const struct timer_change *change = timer_changed();

	assert_non_null(change);
	assert_true(change->is_cancelled);
}

/* ---- buckets and days ---- */

static void test_delinquency__each_number_of_days_is_in_one_bucket(void **state)
{
	uint32_t bucket = 0;

	(void)state;
	for (int32_t days = -1; days <= 400; days++) {
		const struct delinquency_bucket *its = &delinquency_buckets[delinquency_bucket_of(days)];

		assert_true(its->days_min <= days);
		assert_true(its->days_max >= days);
	}
	assert_int_equal(delinquency_bucket_of(INT32_MAX), DELINQUENCY_BUCKETS - 1);
	for (uint32_t number = 1; number < DELINQUENCY_BUCKETS; number++)
		assert_int_equal(delinquency_buckets[number].days_min, delinquency_buckets[number - 1].days_max + 1);
	assert_true(delinquency_bucket_read(STR("181-365"), &bucket));
	assert_int_equal(bucket, 6);
	assert_false(delinquency_bucket_read(STR("180"), &bucket));
}

/* consumers/DOMAIN.md, golden case 17: days 1 to 10 and 0 to 20 count 20 days. */
static void test_delinquency__a_day_that_two_pauses_cover_counts_once(void **state)
{
	struct debt_pauses pauses = { .count = 0 };
	struct paused paused;

	(void)state;
	debt_pauses_add(&pauses, 1, 10);
	debt_pauses_add(&pauses, 0, 20);
	paused = paused_of(-100, &pauses, NULL);
	assert_int_equal(pauses.count, 1);
	assert_int_equal(paused.days, 20);
	assert_int_equal(paused.since, 0);
	debt_pauses_add(&pauses, 30, 40);
	debt_pauses_add(&pauses, 40, 40); /* no day */
	debt_pauses_add(&pauses, 20, 25); /* adjoins */
	assert_int_equal(pauses.count, 2);
	assert_int_equal(paused_of(-100, &pauses, NULL).days, 35);
	assert_int_equal(paused_of(9, &pauses, NULL).days, 25); /* the due day does not count */
	assert_int_equal(paused_of(35, &pauses, NULL).days, 4); /* a pause that begins before it counts from the day after */
	assert_int_equal(paused_of(100, &pauses, NULL).days, 0);
	debt_pauses_add(&pauses, 22, 33); /* joins both */
	assert_int_equal(pauses.count, 1);
	assert_int_equal(paused_of(-100, &pauses, NULL).days, 40);
}

static void test_delinquency__a_full_list_of_pauses_keeps_their_days(void **state)
{
	struct debt_pauses pauses = { .count = 0 };

	(void)state;
	for (int32_t number = 0; number < 3 * DEBT_PAUSES_MAX; number++) {
		debt_pauses_add(&pauses, 10 * number, 10 * number + 3);
		assert_int_equal(paused_of(-1000, &pauses, NULL).days, 3 * (number + 1));
	}
	assert_int_equal(pauses.count, DEBT_PAUSES_MAX);
	debt_pauses_add(&pauses, -1000, 10000);
	assert_int_equal(pauses.count, 1);
}

/* ---- a debt grows old ---- */

static void test_delinquency__a_debt_that_is_past_due_begins_in_its_bucket(void **state)
{
	(void)state;
	when_created(-45);
	assert_true(str_is(then_event(&spec, 0, debt_created)->bucket, "31-60"));
	then_bucket("31-60");
	then_timer(-45 + 61);
	assert_int_equal(the_debt()->version, 1);
}

static void test_delinquency__the_oldest_bucket_is_never_left(void **state)
{
	(void)state;
	when_created(-366);
	then_bucket("366+");
	assert_null(timer_changed());
	when_the_day_comes(100); /* that of a migration */
	then_nothing_changed();
	then_timer_cancelled();
}

static void test_delinquency__a_debt_moves_on_the_first_day_of_each_bucket(void **state)
{
	(void)state;
	when_created(0);
	then_bucket("0");
	then_timer(1);
	for (uint32_t bucket = 1; bucket < DELINQUENCY_BUCKETS; bucket++) {
		const int32_t day = delinquency_buckets[bucket].days_min;

		when_the_day_comes(day - 1); /* too soon: it is set once more */
		then_nothing_changed();
		then_timer(day);
		when_the_day_comes(day);
		then_events(&spec, "DelinquencyChanged");
		then_changed(delinquency_buckets[bucket - 1].name, delinquency_buckets[bucket].name, day, 0);
		if (bucket + 1 < DELINQUENCY_BUCKETS)
			then_timer(delinquency_buckets[bucket + 1].days_min);
		else
			then_timer_cancelled();
	}
}

/* From 1 February to 1 March of 2028 are 29 days. */
static void test_delinquency__a_leap_day_is_a_day(void **state)
{
	const int32_t due = day_of(2028, 1, 31) - SPEC_TODAY;

	(void)state;
	spec.today = SPEC_TODAY + due;
	when_created(due);
	when_the_day_comes(due + 1);
	then_changed("0", "1-30", 1, 0);
	assert_int_equal(timer_changed()->timer.due_on, day_of(2028, 3, 2));
	when_the_day_comes(day_of(2028, 3, 1) - SPEC_TODAY);
	then_nothing_changed();
	when_the_day_comes(day_of(2028, 3, 2) - SPEC_TODAY);
	then_changed("1-30", "31-60", 31, 0);
}

/* No Tick came for weeks: one event, not one for each bucket. */
static void test_delinquency__a_late_day_passes_over_buckets(void **state)
{
	(void)state;
	when_created(0);
	when_the_day_comes(100);
	then_changed("0", "91-120", 100, 0);
	then_timer(121);
}

static void test_delinquency__a_debt_that_is_not_due_waits_for_its_day(void **state)
{
	(void)state;
	when_created(10);
	assert_true(str_is(then_event(&spec, 0, debt_created)->bucket, "0"));
	assert_null(timer_changed());
	when_the_day_comes(20); /* a timer that nobody has set */
	then_nothing_changed();
	on_day(10);
	spec_fire(&spec, &activation_timer, spec_id('D', 7), CUSTOMER);
	then_events(&spec, "DebtActivated");
	then_timer(11);
}

static void test_delinquency__a_late_activation_is_past_due_at_once(void **state)
{
	(void)state;
	when_created(10);
	on_day(15);
	spec_fire(&spec, &activation_timer, spec_id('D', 7), CUSTOMER);
	then_events(&spec, "DebtActivated", "DelinquencyChanged");
	then_changed("0", "1-30", 5, 0);
	then_timer(41);
}

/* ---- the due day is moved ---- */

static void test_delinquency__a_later_due_day_makes_it_younger(void **state)
{
	(void)state;
	when_created(-45);
	when_due(-10);
	then_events(&spec, "DebtAmended", "DelinquencyChanged");
	then_changed("31-60", "1-30", 10, 0);
	then_timer(21);
	when_due(10);
	then_changed("1-30", "0", 0, 0);
	then_timer(11);
	assert_int_equal(the_debt()->lifecycle, LIFECYCLE_ACTIVE);
	when_due(-9); /* and an earlier one older */
	then_changed("0", "1-30", 9, 0);
	then_timer(22);
}

static void test_delinquency__an_earlier_due_day_may_make_a_new_debt_past_due(void **state)
{
	(void)state;
	when_created(10);
	when_due(-31);
	then_events(&spec, "DebtAmended", "DebtActivated", "DelinquencyChanged");
	then_changed("0", "31-60", 31, 0);
	then_timer(30);
	when_due(-32);
	then_events(&spec, "DebtAmended");
	then_timer(29);
}

/* Days before the due day were no pause of it; by an earlier due day they are. */
static void test_delinquency__pauses_count_for_the_due_day_of_now(void **state)
{
	(void)state;
	when_created(-5);
	when_held(1, "bankruptcy", -40, 0);
	then_changed("1-30", "0", 0, 5);
	assert_int_equal(the_debt()->paused_since, SPEC_TODAY - 4);
	on_day(10);
	when_released(1);
	then_events(&spec, "HoldReleased", "DelinquencyChanged");
	then_changed("0", "1-30", 1, 14);
	when_due(-50); /* 60 days, of which 50 were paused */
	then_events(&spec, "DebtAmended");
	assert_int_equal(the_debt()->paused_days, 50);
	then_timer(31);
	when_due(-100);
	then_changed("1-30", "31-60", 60, 50);
	when_due(5);
	then_changed("31-60", "1-30", 1, 4);
	then_timer(5 + 4 + 31);
}

/* ---- pauses ---- */

static void test_delinquency__a_debt_does_not_age_while_it_is_paused(void **state)
{
	(void)state;
	when_created(-29);
	then_timer(2);
	on_day(1);
	when_held(1, "bankruptcy", 1, 0);
	then_events(&spec, "HoldPlaced");
	then_timer_cancelled();
	when_the_day_comes(50); /* one that is there all the same */
	then_nothing_changed();
	then_timer_cancelled();
	on_day(51);
	when_released(1);
	then_events(&spec, "HoldReleased");
	then_timer(52);
	when_the_day_comes(52);
	then_changed("1-30", "31-60", 31, 50);
	then_timer(82);
}

/* 29 days on the day before; the day of the release counts again. */
static void test_delinquency__the_end_of_a_pause_may_be_the_day(void **state)
{
	(void)state;
	when_created(-30);
	when_held(1, "deceased", 0, 20);
	assert_int_equal(the_debt()->paused_since, SPEC_TODAY);
	when_the_hold_has_its_day(1, 22); /* its Tick is late */
	then_events(&spec, "HoldExpired", "DelinquencyChanged");
	then_changed("1-30", "31-60", 32, 20);
	assert_int_equal(the_debt()->paused_since, 0);
	then_timer(51);
}

static void test_delinquency__a_hold_that_was_placed_late_counts_from_its_first_day(void **state)
{
	(void)state;
	when_created(-45);
	when_held(1, "bankruptcy", -20, 0);
	then_events(&spec, "HoldPlaced", "DelinquencyChanged");
	then_changed("31-60", "1-30", 24, 21);
	then_timer_cancelled();
	when_released(1); /* the day of the release is no pause */
	then_events(&spec, "HoldReleased");
	assert_int_equal(the_debt()->paused_days, 20);
	assert_int_equal(the_debt()->paused_since, 0);
	then_timer(6);
}

static void test_delinquency__a_hold_that_begins_before_the_due_day_counts_after_it(void **state)
{
	(void)state;
	when_created(0);
	when_held(1, "bankruptcy", -10, 15);
	assert_int_equal(the_debt()->paused_since, SPEC_TODAY + 1);
	assert_int_equal(the_debt()->paused_days, 0);
	then_timer_cancelled();
	when_the_hold_has_its_day(1, 15);
	then_events(&spec, "HoldExpired", "DelinquencyChanged");
	then_changed("0", "1-30", 1, 14);
	then_timer(45);
}

/* Two kinds overlap, one ends within the other, a third begins in the past and covers what was paused before. */
static void test_delinquency__pauses_that_overlap_count_once(void **state)
{
	(void)state;
	when_created(-10);
	when_held(1, "bankruptcy", -5, 0);
	when_held(2, "deceased", -3, 0);
	on_day(10);
	when_released(1);
	then_timer_cancelled();
	assert_int_equal(the_debt()->paused_since, SPEC_TODAY - 3);
	assert_int_equal(the_debt()->paused_days, 2);
	on_day(20);
	when_released(2);
	assert_int_equal(the_debt()->paused_days, 25); /* -5 to 19 */
	on_day(30);                                    /* 40 days, 25 of them paused; 15 left */
	when_held(3, "incapacity", 0, 0);
	assert_int_equal(the_debt()->paused_days, 5); /* the days before it */
	assert_int_equal(the_debt()->paused_since, SPEC_TODAY);
	assert_int_equal(spec.decision.events_count, 1);
	on_day(31);
	when_released(3);
	assert_int_equal(the_debt()->paused_days, 5 + 31);
	then_timer(-10 + 31 + 36);
}

/* It has no timer while it is planned; on its first day it is a pause, whichever timer comes first. */
static void test_delinquency__a_planned_hold_pauses_from_its_day_on(void **state)
{
	(void)state;
	when_created(-20);
	when_held(1, "bankruptcy", 11, 20);
	then_nothing_changed();
	then_timer(11);
	assert_int_equal(the_debt()->paused_since, 0);
	when_the_day_comes(11);
	then_nothing_changed();
	assert_null(timer_changed());
	when_the_hold_has_its_day(1, 11);
	then_events(&spec, "HoldBegun");
	then_timer_cancelled();
	when_the_hold_has_its_day(1, 20);
	then_events(&spec, "HoldExpired", "DelinquencyChanged");
	then_changed("1-30", "31-60", 31, 9);
}

static void test_delinquency__a_hold_that_does_not_stop_ageing_changes_nothing(void **state)
{
	(void)state;
	when_created(-20);
	when_held(1, "payment_pending", -10, 0);
	then_events(&spec, "HoldPlaced");
	assert_null(timer_changed());
	when_released(1);
	assert_null(timer_changed());
	assert_int_equal(the_debt()->paused_days, 0);
	assert_int_equal(the_debt()->paused_since, 0);
}

static void test_delinquency__holds_that_become_one_pause_once(void **state)
{
	(void)state;
	when_created(-40);
	when_held(1, "bankruptcy", -5, 5);
	when_held(2, "bankruptcy", -20, 10);
	then_events(&spec, "HoldExtended", "DelinquencyChanged");
	then_changed("31-60", "1-30", 19, 21);
	when_the_hold_has_its_day(1, 10);
	assert_int_equal(the_debt()->paused_days, 30);
	then_timer(-40 + 30 + 31);
}

/* ---- paid, owed again ---- */

static void test_delinquency__what_pays_a_debt_makes_it_current(void **state)
{
	(void)state;
	when_created(-45);
	when_paid(1, 4000);
	then_events(&spec, "PaymentRecorded");
	assert_null(timer_changed());
	when_paid(2, 6000);
	then_events(&spec, "PaymentRecorded", "DebtPaid", "DelinquencyChanged");
	then_changed("31-60", "0", 0, 0);
	when_the_day_comes(16); /* its timer is still there */
	then_nothing_changed();
	assert_null(timer_changed());
}

static void test_delinquency__a_debt_that_is_not_past_due_is_paid_without_a_word(void **state)
{
	(void)state;
	when_created(0);
	when_paid(1, OWED);
	then_events(&spec, "PaymentRecorded", "DebtPaid");
	assert_null(timer_changed());
}

static void test_delinquency__a_reversal_makes_it_as_old_as_ever(void **state)
{
	(void)state;
	when_created(-45);
	when_paid(1, OWED);
	on_day(30);
	when_reversed(1);
	then_events(&spec, "PaymentReversed", "DebtReopened", "DelinquencyChanged");
	then_changed("0", "61-90", 75, 0);
	then_timer(46);
}

static void test_delinquency__a_reversal_of_one_payment_of_two_changes_nothing(void **state)
{
	(void)state;
	when_created(-45);
	when_paid(1, 1000);
	when_reversed(1);
	then_events(&spec, "PaymentReversed");
	assert_null(timer_changed());
}

static void test_delinquency__a_pause_of_a_paid_debt_counts_when_it_is_owed_again(void **state)
{
	(void)state;
	when_created(-45);
	when_paid(1, OWED);
	when_held(1, "bankruptcy", 0, 10);
	then_events(&spec, "HoldPlaced");
	assert_null(timer_changed());
	when_the_hold_has_its_day(1, 10);
	then_events(&spec, "HoldExpired");
	on_day(12);
	when_reversed(1);
	then_changed("0", "31-60", 47, 10);
	then_timer(-45 + 10 + 61);
}

static void test_delinquency__a_waiver_of_the_rest_makes_it_current(void **state)
{
	struct waive_amount *body = arena_take(&spec.arena, 1, sizeof(*body));

	(void)state;
	when_created(-45);
	*body = (struct waive_amount){ .debt_id = spec_id('D', 7),
				       .customer_id = CUSTOMER,
				       .component = STR("principal"),
				       .amount_minor = OWED,
				       .currency = STR("EUR"),
				       .reason = STR("goodwill") };
	spec_when(&spec, &waive_amount_type, body);
	then_events(&spec, "AmountWaived", "DebtPaid", "DelinquencyChanged");
	then_changed("31-60", "0", 0, 0);
}

/* ---- how a debt ends ---- */

static void test_delinquency__a_debt_that_is_charged_off_ages_on(void **state)
{
	struct charge_off *body = arena_take(&spec.arena, 1, sizeof(*body));

	(void)state;
	when_created(5);
	*body = (struct charge_off){ .debt_id = spec_id('D', 7), .customer_id = CUSTOMER, .reason = STR("policy") };
	spec_when(&spec, &charge_off_type, body);
	then_events(&spec, "DebtChargedOff");
	then_timer(6);
	when_the_day_comes(6);
	then_changed("0", "1-30", 1, 0);
	when_the_day_comes(36);
	then_changed("1-30", "31-60", 31, 0);
}

static void test_delinquency__a_debt_that_left_the_books_does_not_age(void **state)
{
	struct recall_debt *body = arena_take(&spec.arena, 1, sizeof(*body));

	(void)state;
	when_created(-45);
	when_held(1, "bankruptcy", 0, 5);
	*body = (struct recall_debt){ .debt_id = spec_id('D', 7), .customer_id = CUSTOMER, .reason = STR("asked for") };
	spec_when(&spec, &recall_debt_type, body);
	then_nothing_changed();
	then_timer_cancelled();
	when_the_day_comes(16);
	then_nothing_changed();
	assert_null(timer_changed());
	when_the_hold_has_its_day(1, 5);
	then_events(&spec, "HoldExpired");
	assert_null(timer_changed());
	then_bucket("31-60");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_delinquency__each_number_of_days_is_in_one_bucket, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_delinquency__a_day_that_two_pauses_cover_counts_once, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_delinquency__a_full_list_of_pauses_keeps_their_days, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_delinquency__a_debt_that_is_past_due_begins_in_its_bucket, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_delinquency__the_oldest_bucket_is_never_left, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_delinquency__a_debt_moves_on_the_first_day_of_each_bucket, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_delinquency__a_leap_day_is_a_day, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_delinquency__a_late_day_passes_over_buckets, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_delinquency__a_debt_that_is_not_due_waits_for_its_day, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_delinquency__a_late_activation_is_past_due_at_once, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_delinquency__a_later_due_day_makes_it_younger, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_delinquency__an_earlier_due_day_may_make_a_new_debt_past_due, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_delinquency__pauses_count_for_the_due_day_of_now, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_delinquency__a_debt_does_not_age_while_it_is_paused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_delinquency__the_end_of_a_pause_may_be_the_day, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_delinquency__a_hold_that_was_placed_late_counts_from_its_first_day, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_delinquency__a_hold_that_begins_before_the_due_day_counts_after_it, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_delinquency__pauses_that_overlap_count_once, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_delinquency__a_planned_hold_pauses_from_its_day_on, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_delinquency__a_hold_that_does_not_stop_ageing_changes_nothing, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_delinquency__holds_that_become_one_pause_once, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_delinquency__what_pays_a_debt_makes_it_current, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_delinquency__a_debt_that_is_not_past_due_is_paid_without_a_word, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_delinquency__a_reversal_makes_it_as_old_as_ever, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_delinquency__a_reversal_of_one_payment_of_two_changes_nothing, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_delinquency__a_pause_of_a_paid_debt_counts_when_it_is_owed_again, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_delinquency__a_waiver_of_the_rest_makes_it_current, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_delinquency__a_debt_that_is_charged_off_ages_on, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_delinquency__a_debt_that_left_the_books_does_not_age, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
