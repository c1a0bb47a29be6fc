/* The instalments of a payment plan, and its judgement (consumers/DOMAIN.md 7): the pure parts. */

#include "consumers/debts/plan/plan.h"
#include "tests/unit/rule_spec.h"

/* 1,000.00 in three monthly parts from Friday 30 January 2026 on. */
static struct plan a_plan(void)
{
	return (struct plan){ .total_minor = 100000,
			      .instalments = 3,
			      .first_due_on = day_of(2026, 1, 30),
			      .frequency = PLAN_FREQUENCY_MONTHLY,
			      .holidays = HOLIDAYS_NONE,
			      .state = PLAN_ACTIVE };
}

static void then_due(const struct plan *plan, int32_t number, int year, int month, int day)
{
	assert_int_equal(plan_instalment(plan, number).due_on, day_of(year, month, day));
}

/* ---- dates ---- */

static void test_debts_plan__a_month_that_is_short_does_not_move_those_behind_it(void **state)
{
	struct plan plan = a_plan();

	(void)state;
	plan.first_due_on = day_of(2026, 1, 31);
	plan.instalments = 13;
	then_due(&plan, 1, 2026, 1, 31);
	then_due(&plan, 2, 2026, 2, 28);
	then_due(&plan, 3, 2026, 3, 31);
	then_due(&plan, 4, 2026, 4, 30);
	then_due(&plan, 12, 2026, 12, 31);
	then_due(&plan, 13, 2027, 1, 31);
}

static void test_debts_plan__february_has_its_leap_day(void **state)
{
	struct plan plan = a_plan();

	(void)state;
	plan.first_due_on = day_of(2027, 12, 30);
	then_due(&plan, 2, 2028, 1, 30);
	then_due(&plan, 3, 2028, 2, 29);
	plan.first_due_on = day_of(2028, 2, 29);
	plan.instalments = 49;
	then_due(&plan, 2, 2028, 3, 29);
	then_due(&plan, 13, 2029, 2, 28);
	then_due(&plan, 49, 2032, 2, 29);
	plan.first_due_on = day_of(2099, 12, 29); /* 2100 has none */
	then_due(&plan, 3, 2100, 2, 28);
}

static void test_debts_plan__five_years_of_months_end_in_their_month(void **state)
{
	struct plan plan = a_plan();

	(void)state;
	plan.first_due_on = day_of(2026, 12, 31);
	plan.instalments = 60;
	then_due(&plan, 60, 2031, 11, 30);
}

static void test_debts_plan__weeks_are_counted_in_days(void **state)
{
	struct plan plan = a_plan();

	(void)state;
	plan.frequency = PLAN_FREQUENCY_WEEKLY;
	then_due(&plan, 1, 2026, 1, 30);
	then_due(&plan, 3, 2026, 2, 13);
	plan.frequency = PLAN_FREQUENCY_FORTNIGHTLY;
	then_due(&plan, 3, 2026, 2, 27);
}

static void test_debts_plan__a_grace_ends_on_a_business_day_but_for_the_down_payment(void **state)
{
	struct plan plan = a_plan();

	(void)state;
	plan.first_due_on = day_of(2026, 1, 5); /* and five days: a Saturday */
	assert_int_equal(plan_instalment(&plan, 1).grace_ends_on, day_of(2026, 1, 12));
	plan.first_due_on = day_of(2026, 3, 29); /* Good Friday, Easter Monday */
	assert_int_equal(plan_instalment(&plan, 1).grace_ends_on, day_of(2026, 4, 3));
	plan.holidays = HOLIDAYS_DE;
	assert_int_equal(plan_instalment(&plan, 1).grace_ends_on, day_of(2026, 4, 7));
	plan.down_minor = 1;
	plan.down_due_on = day_of(2026, 1, 5);
	assert_int_equal(plan_instalment(&plan, 0).grace_ends_on, day_of(2026, 1, 10));
}

/* ---- amounts ---- */

static void then_sum_is_exact(const struct plan *plan)
{
	int64_t sum_minor = 0;

	for (int32_t number = plan_first(plan); number <= plan->instalments; number++) {
		const struct instalment instalment = plan_instalment(plan, number);

		assert_true(instalment.amount_minor > 0);
		assert_int_equal(instalment.number, number);
		sum_minor += instalment.amount_minor;
		assert_int_equal(instalment.reached_minor, sum_minor);
	}
	assert_int_equal(sum_minor, plan->total_minor);
}

static void test_debts_plan__parts_are_rounded_down_and_the_last_takes_the_rest(void **state)
{
	struct plan plan = a_plan();

	(void)state;
	assert_int_equal(plan_instalment(&plan, 1).amount_minor, 33333);
	assert_int_equal(plan_instalment(&plan, 2).amount_minor, 33333);
	assert_int_equal(plan_instalment(&plan, 3).amount_minor, 33334);
	then_sum_is_exact(&plan);
}

static void test_debts_plan__the_down_payment_is_part_of_the_total(void **state)
{
	struct plan plan = a_plan();

	(void)state;
	assert_int_equal(plan_first(&plan), 1);
	plan.down_minor = 10001;
	assert_int_equal(plan_first(&plan), 0);
	assert_int_equal(plan_instalment(&plan, 0).amount_minor, 10001);
	assert_int_equal(plan_instalment(&plan, 1).amount_minor, 29999);
	assert_int_equal(plan_instalment(&plan, 3).amount_minor, 30001);
	then_sum_is_exact(&plan);
}

static void test_debts_plan__the_sum_is_the_total_for_any_number_of_parts(void **state)
{
	struct plan plan = a_plan();

	(void)state;
	for (plan.instalments = plan_limits.instalments_min; plan.instalments <= plan_limits.instalments_max;
	     plan.instalments++) {
		for (int64_t more = 0; more < 61; more++) {
			plan.total_minor = 60 + 7 + more * 997;
			plan.down_minor = more % 2 * 7;
			then_sum_is_exact(&plan);
		}
	}
	plan.instalments = 59;
	plan.total_minor = 1000000000000000;
	then_sum_is_exact(&plan);
}

static void test_debts_plan__payments_fill_the_lowest_number_first_and_run_ahead(void **state)
{
	const struct plan plan = a_plan();

	(void)state;
	assert_int_equal(plan_paid_through(&plan, 33332), 0);
	assert_int_equal(plan_paid_through(&plan, 33333), 1);
	assert_int_equal(plan_paid_through(&plan, 99999), 2);
	assert_int_equal(plan_paid_through(&plan, 200000), 3);
}

static void test_debts_plan__what_has_fallen_due_has_its_day(void **state)
{
	struct plan plan = a_plan();

	(void)state;
	plan.down_minor = 10000;
	plan.down_due_on = day_of(2026, 1, 2);
	assert_int_equal(plan_fallen_due(&plan, day_of(2026, 1, 1)), 0);
	assert_int_equal(plan_fallen_due(&plan, day_of(2026, 1, 2)), 10000);
	assert_int_equal(plan_fallen_due(&plan, day_of(2026, 1, 29)), 10000);
	assert_int_equal(plan_fallen_due(&plan, day_of(2026, 1, 30)), 40000);
	assert_int_equal(plan_fallen_due(&plan, day_of(2030, 1, 1)), 100000);
}

/* ---- the judgement ---- */

#define BIT(number) ((int64_t)1 << (number))

/* Ten parts of 100, weekly from Monday 5 January 2026: each has its grace until the Monday behind, as the fifth day is a Saturday. */
static struct plan ten_weeks(void)
{
	return (struct plan){ .total_minor = 1000,
			      .instalments = 10,
			      .first_due_on = day_of(2026, 1, 5),
			      .frequency = PLAN_FREQUENCY_WEEKLY,
			      .state = PLAN_ACTIVE };
}

static int32_t grace_of(const struct plan *plan, int32_t number)
{
	return plan_instalment(plan, number).grace_ends_on;
}

/* The judgement, which becomes what the plan is. */
static enum plan_state judged(struct plan *plan, const struct plan_receipt *receipt, int32_t today)
{
	const struct plan_judgement judgement = plan_judge(plan, receipt, today);

	plan->missed = judgement.missed;
	plan->paid_minor = judgement.paid_minor;
	plan->returned = judgement.returned;
	return judgement.verdict;
}

static enum plan_state paid(struct plan *plan, int64_t amount_minor, int32_t received_on, int32_t today)
{
	return judged(plan, &(struct plan_receipt){ .amount_minor = amount_minor, .received_on = received_on }, today);
}

static void test_debts_plan__a_number_is_missed_on_the_day_after_its_grace(void **state)
{
	struct plan plan = ten_weeks();

	(void)state;
	assert_int_equal(grace_of(&plan, 1), day_of(2026, 1, 12));
	assert_int_equal(judged(&plan, NULL, day_of(2026, 1, 12)), PLAN_ACTIVE);
	assert_int_equal(plan.missed, 0);
	assert_int_equal(plan_next(&plan, 0, 0), 1);
	assert_int_equal(judged(&plan, NULL, day_of(2026, 1, 13)), PLAN_ACTIVE);
	assert_int_equal(plan.missed, BIT(1));
	assert_int_equal(plan_next(&plan, 0, plan.missed), 2);
}

static void test_debts_plan__a_part_does_not_avert_a_miss(void **state)
{
	struct plan plan = ten_weeks();

	(void)state;
	paid(&plan, 99, day_of(2026, 1, 12), day_of(2026, 1, 12));
	judged(&plan, NULL, day_of(2026, 1, 13));
	assert_int_equal(plan.missed, BIT(1));
}

static void test_debts_plan__two_missed_in_a_row_break_it(void **state)
{
	struct plan plan = ten_weeks();

	(void)state;
	assert_int_equal(judged(&plan, NULL, grace_of(&plan, 1) + 1), PLAN_ACTIVE);
	assert_int_equal(plan_judge(&plan, NULL, grace_of(&plan, 2) + 1).why, PLAN_BREAK_MISSED_IN_ROW);
	assert_int_equal(judged(&plan, NULL, grace_of(&plan, 2) + 1), PLAN_BROKEN);
}

static void test_debts_plan__three_missed_in_all_break_it_though_paid_late(void **state)
{
	struct plan plan = ten_weeks();
	enum plan_state verdict = PLAN_ACTIVE;

	(void)state;
	for (int32_t number = 1; number <= 5; number += 2) {
		assert_int_equal(verdict, PLAN_ACTIVE);
		verdict = judged(&plan, NULL, grace_of(&plan, number) + 1);
		paid(&plan, 200, grace_of(&plan, number) + 1, grace_of(&plan, number) + 1); /* late, with the next one */
	}
	assert_int_equal(plan.missed, BIT(1) | BIT(3) | BIT(5));
	assert_int_equal(verdict, PLAN_BROKEN);
	assert_int_equal(plan_judge(&plan, NULL, grace_of(&plan, 5) + 1).why, PLAN_BREAK_MISSED_IN_ALL);
}

static void test_debts_plan__a_payment_of_the_day_after_the_grace_comes_too_late(void **state)
{
	struct plan plan = ten_weeks();
	const int32_t after = grace_of(&plan, 1) + 1;

	(void)state;
	paid(&plan, 100, after, after); /* before the timer of that day */
	assert_int_equal(plan.missed, BIT(1));
	judged(&plan, NULL, after);
	assert_int_equal(plan.missed, BIT(1));
	assert_int_equal(plan_next(&plan, plan.paid_minor, plan.missed), 2);
}

static void test_debts_plan__a_payment_booked_late_with_its_value_date_in_time_takes_the_miss_back(void **state)
{
	struct plan plan = ten_weeks();
	const int32_t grace = grace_of(&plan, 1);

	(void)state;
	judged(&plan, NULL, grace + 1);
	assert_int_equal(plan.missed, BIT(1));
	paid(&plan, 60, grace, grace + 1);
	assert_int_equal(plan.missed, BIT(1));
	paid(&plan, 40, grace, grace + 2);
	assert_int_equal(plan.missed, 0);
}

static void test_debts_plan__a_break_is_taken_back_with_its_miss(void **state)
{
	struct plan plan = ten_weeks();
	const int32_t grace = grace_of(&plan, 2);

	(void)state;
	judged(&plan, NULL, grace_of(&plan, 1) + 1);
	assert_int_equal(judged(&plan, NULL, grace + 1), PLAN_BROKEN);
	assert_int_equal(paid(&plan, 200, grace, grace + 2), PLAN_ACTIVE);
	assert_int_equal(plan.missed, BIT(1)); /* its own grace was over */
}

static void test_debts_plan__a_reversal_is_missing_from_the_latest_number(void **state)
{
	struct plan plan = ten_weeks();

	(void)state;
	paid(&plan, 100, grace_of(&plan, 1), grace_of(&plan, 1));
	paid(&plan, 200, grace_of(&plan, 2), grace_of(&plan, 2));
	judged(&plan, NULL, grace_of(&plan, 3) + 1);
	assert_int_equal(plan.missed, 0);
	assert_int_equal(paid(&plan, -100, grace_of(&plan, 1), grace_of(&plan, 3) + 3), PLAN_ACTIVE);
	assert_int_equal(plan.missed, BIT(3));
	assert_int_equal(plan_next(&plan, plan.paid_minor, plan.missed), 4);
}

static void test_debts_plan__a_reversal_in_time_is_no_miss_yet(void **state)
{
	struct plan plan = ten_weeks();

	(void)state;
	paid(&plan, 500, day_of(2026, 1, 5), day_of(2026, 1, 5));
	assert_int_equal(plan_next(&plan, plan.paid_minor, plan.missed), 6);
	paid(&plan, -500, day_of(2026, 1, 5), day_of(2026, 1, 7));
	assert_int_equal(plan.missed, 0);
	assert_int_equal(plan_next(&plan, plan.paid_minor, plan.missed), 1);
}

static void test_debts_plan__two_payments_without_funds_break_it(void **state)
{
	struct plan plan = ten_weeks();
	const struct plan_receipt back = { .amount_minor = -100, .received_on = day_of(2026, 1, 5), .is_returned = true };

	(void)state;
	paid(&plan, 300, day_of(2026, 1, 5), day_of(2026, 1, 5));
	assert_int_equal(judged(&plan, &back, day_of(2026, 1, 6)), PLAN_ACTIVE);
	assert_int_equal(plan_judge(&plan, &back, day_of(2026, 1, 7)).why, PLAN_BREAK_RETURNED);
	assert_int_equal(judged(&plan, &back, day_of(2026, 1, 7)), PLAN_BROKEN);
}

static void test_debts_plan__all_is_paid(void **state)
{
	struct plan plan = ten_weeks();

	(void)state;
	assert_int_equal(paid(&plan, 999, day_of(2026, 1, 5), day_of(2026, 1, 5)), PLAN_ACTIVE);
	assert_int_equal(paid(&plan, 1, day_of(2026, 1, 5), day_of(2026, 1, 6)), PLAN_COMPLETED);
}

static void test_debts_plan__a_plan_whose_last_number_is_missed_is_broken(void **state)
{
	struct plan plan = ten_weeks();

	(void)state;
	paid(&plan, 999, day_of(2026, 1, 5), day_of(2026, 1, 5));
	assert_int_equal(judged(&plan, NULL, grace_of(&plan, 10)), PLAN_ACTIVE);
	assert_int_equal(plan_judge(&plan, NULL, grace_of(&plan, 10) + 1).why, PLAN_BREAK_ENDED);
	assert_int_equal(judged(&plan, NULL, grace_of(&plan, 10) + 1), PLAN_BROKEN);
}

static void test_debts_plan__the_counts_of_a_reinstated_plan_start_anew(void **state)
{
	struct plan plan = ten_weeks();

	(void)state;
	plan.missed = BIT(1) | BIT(2);
	plan.paid_minor = 300;
	plan.counts_from = 4;
	assert_int_equal(judged(&plan, NULL, grace_of(&plan, 4) + 1), PLAN_ACTIVE);
	assert_int_equal(plan.missed, BIT(1) | BIT(2) | BIT(4));
	assert_int_equal(judged(&plan, NULL, grace_of(&plan, 5) + 1), PLAN_BROKEN);
}

static void test_debts_plan__a_missed_down_payment_counts(void **state)
{
	struct plan plan = ten_weeks();

	(void)state;
	plan.down_minor = 100;
	plan.down_due_on = day_of(2026, 1, 2);
	judged(&plan, NULL, day_of(2026, 1, 8));
	assert_int_equal(plan.missed, BIT(0));
	assert_int_equal(judged(&plan, NULL, grace_of(&plan, 1) + 1), PLAN_BROKEN);
}

static void test_debts_plan__the_longest_plan_has_a_bit_for_each_number(void **state)
{
	struct plan plan = ten_weeks();
	int64_t missed;

	(void)state;
	plan.instalments = PLAN_NUMBER_MAX;
	plan.down_minor = 40;
	plan.down_due_on = plan.first_due_on;
	missed = plan_judge(&plan, NULL, day_of(2030, 1, 1)).missed;
	assert_int_equal(missed, BIT(PLAN_NUMBER_MAX + 1) - 1);
	assert_true(missed > 0);
}

static void test_debts_plan__payments_count_from_the_activation_on(void **state)
{
	struct plan plan = ten_weeks();
	struct plan_receipt receipt = { .amount_minor = 1, .received_on = day_of(2025, 1, 1), .entry_no = 7 };

	(void)state;
	plan.after_entries = 7;
	assert_false(plan_counts(&plan, &receipt));
	receipt.entry_no = 8;
	assert_true(plan_counts(&plan, &receipt)); /* whatever its value date */
	plan.state = PLAN_CANCELLED;
	assert_false(plan_counts(&plan, &receipt));
	plan.state = PLAN_PROPOSED;
	assert_false(plan_counts(&plan, &receipt));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_debts_plan__a_month_that_is_short_does_not_move_those_behind_it),
		cmocka_unit_test(test_debts_plan__february_has_its_leap_day),
		cmocka_unit_test(test_debts_plan__five_years_of_months_end_in_their_month),
		cmocka_unit_test(test_debts_plan__weeks_are_counted_in_days),
		cmocka_unit_test(test_debts_plan__a_grace_ends_on_a_business_day_but_for_the_down_payment),
		cmocka_unit_test(test_debts_plan__parts_are_rounded_down_and_the_last_takes_the_rest),
		cmocka_unit_test(test_debts_plan__the_down_payment_is_part_of_the_total),
		cmocka_unit_test(test_debts_plan__the_sum_is_the_total_for_any_number_of_parts),
		cmocka_unit_test(test_debts_plan__payments_fill_the_lowest_number_first_and_run_ahead),
		cmocka_unit_test(test_debts_plan__what_has_fallen_due_has_its_day),
		cmocka_unit_test(test_debts_plan__a_number_is_missed_on_the_day_after_its_grace),
		cmocka_unit_test(test_debts_plan__a_part_does_not_avert_a_miss),
		cmocka_unit_test(test_debts_plan__two_missed_in_a_row_break_it),
		cmocka_unit_test(test_debts_plan__three_missed_in_all_break_it_though_paid_late),
		cmocka_unit_test(test_debts_plan__a_payment_of_the_day_after_the_grace_comes_too_late),
		cmocka_unit_test(test_debts_plan__a_payment_booked_late_with_its_value_date_in_time_takes_the_miss_back),
		cmocka_unit_test(test_debts_plan__a_break_is_taken_back_with_its_miss),
		cmocka_unit_test(test_debts_plan__a_reversal_is_missing_from_the_latest_number),
		cmocka_unit_test(test_debts_plan__a_reversal_in_time_is_no_miss_yet),
		cmocka_unit_test(test_debts_plan__two_payments_without_funds_break_it),
		cmocka_unit_test(test_debts_plan__all_is_paid),
		cmocka_unit_test(test_debts_plan__a_plan_whose_last_number_is_missed_is_broken),
		cmocka_unit_test(test_debts_plan__the_counts_of_a_reinstated_plan_start_anew),
		cmocka_unit_test(test_debts_plan__a_missed_down_payment_counts),
		cmocka_unit_test(test_debts_plan__the_longest_plan_has_a_bit_for_each_number),
		cmocka_unit_test(test_debts_plan__payments_count_from_the_activation_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
