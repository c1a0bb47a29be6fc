/* A debt becomes ACTIVE on the first business date on which it is due (consumers/DOMAIN.md 4). */

#include "consumers/debts/debt/debt.h"
#include "schemas/debts.h"
#include "tests/unit/rule_spec.h"

static struct spec spec;

#define CUSTOMER (spec_id('C', 1))

static int set_up(void **state)
{
	(void)state;
	spec_init(&spec, &debts_module);
	((struct debts_customer *)spec_given(&spec, &debts_customer_entity, CUSTOMER))->is_active = 1;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	spec_release(&spec);
	return 0;
}

static const struct debt *the_debt(void)
{
	struct uuid id = spec_id('D', 1);

	return workset_state(&spec.set, &debt_entity, &id);
}

static void when_created(int32_t due_on)
{
	struct create_debt *body = arena_take(&spec.arena, 1, sizeof(*body));

	*body = (struct create_debt){ .debt_id = spec_id('D', 1),
				      .customer_id = CUSTOMER,
				      .creditor_id = spec_id('R', 1),
				      .external_ref = STR("INV-1"),
				      .currency = STR("EUR"),
				      .principal_minor = 10000,
				      .opened_on = SPEC_TODAY - 90,
				      .due_on = due_on };
	spec_when(&spec, &create_debt_type, body);
	then_events(&spec, "DebtCreated");
}

static void when_due_on(int32_t due_on)
{
	struct amend_debt *body = arena_take(&spec.arena, 1, sizeof(*body));

	*body = (struct amend_debt){
		.debt_id = spec_id('D', 1), .customer_id = CUSTOMER, .has_due_on = true, .due_on = due_on, .reason = STR("agreed")
	};
	spec_when(&spec, &amend_debt_type, body);
}

static void when_paid(int64_t amount_minor)
{
	struct record_payment *body = arena_take(&spec.arena, 1, sizeof(*body));

	*body = (struct record_payment){ .payment_id = spec_id('P', 1),
					 .customer_id = CUSTOMER,
					 .debt_id = spec_id('D', 1),
					 .source = STR("bank-1"),
					 .external_ref = STR("P-1"),
					 .amount_minor = amount_minor,
					 .currency = STR("EUR"),
					 .received_on = SPEC_TODAY,
					 .method = STR("transfer") };
	spec_when(&spec, &record_payment_type, body);
}

static void when_the_day_comes(int32_t today)
{
	spec.today = today;
	spec_fire(&spec, &activation_timer, spec_id('D', 1), CUSTOMER);
}

/* The timers of activation that were changed. */
static size_t timers_count(void)
{
	size_t count = 0;

	for (size_t index = 0; index < spec.decision.timers_count; index++)
		count += spec.decision.timers[index].timer.kind == &activation_timer;
	return count;
}

static void then_timer_on(int32_t due_on)
{
	assert_int_equal(timers_count(), 1);
	assert_false(spec.decision.timers[0].is_cancelled);
	assert_ptr_equal(spec.decision.timers[0].timer.kind, &activation_timer);
	assert_true(spec.decision.timers[0].timer.is_on_day);
	assert_int_equal(spec.decision.timers[0].timer.due_on, due_on);
}

static void then_nothing_happens(void)
{
	assert_int_equal(spec.decision.events_count, 0);
	assert_int_equal(spec.decision.timers_count, 0);
}

static void test_activation__a_debt_that_is_due_is_active_from_its_beginning(void **state)
{
	(void)state;
	when_created(SPEC_TODAY);
	assert_true(str_is(then_event(&spec, 0, debt_created)->lifecycle, "ACTIVE"));
	assert_int_equal(timers_count(), 0);
	assert_int_equal(the_debt()->lifecycle, LIFECYCLE_ACTIVE);
	assert_int_equal(the_debt()->version, 1);
}

static void test_activation__a_debt_that_is_due_later_waits_for_its_day(void **state)
{
	const struct debt_activated *event;

	(void)state;
	when_created(SPEC_TODAY + 1);
	assert_true(str_is(then_event(&spec, 0, debt_created)->lifecycle, "NEW"));
	then_timer_on(SPEC_TODAY + 1);
	assert_int_equal(the_debt()->lifecycle, LIFECYCLE_NEW);

	when_the_day_comes(SPEC_TODAY + 1);
	then_events(&spec, "DebtActivated");
	event = then_event(&spec, 0, debt_activated);
	assert_int_equal(event->version, 2);
	assert_int_equal(event->due_on, SPEC_TODAY + 1);
	assert_int_equal(event->activated_on, SPEC_TODAY + 1);
	assert_int_equal(event->balance_minor, 10000);
	assert_int_equal(the_debt()->lifecycle, LIFECYCLE_ACTIVE);

	when_the_day_comes(SPEC_TODAY + 2);
	then_nothing_happens();
}

/* In events of before the member: such a debt has a timer (sql/0254). */
static void test_activation__an_event_that_does_not_say_makes_a_new_debt(void **state)
{
	struct debt_created created = { .debt_id = spec_id('D', 1),
					.customer_id = CUSTOMER,
					.version = 1,
					.creditor_id = spec_id('R', 1),
					.external_ref = STR("INV-1"),
					.currency = STR("EUR"),
					.principal_minor = 1,
					.balance_minor = 1,
					.opened_on = SPEC_TODAY - 2,
					.due_on = SPEC_TODAY - 1 };
	struct amend_debt amend = { .debt_id = spec_id('D', 1),
				    .customer_id = CUSTOMER,
				    .has_external_ref = true,
				    .external_ref = STR("INV-2"),
				    .reason = STR("so that the reference is free") };

	(void)state;
	when_created(SPEC_TODAY); /* touches all that the event needs */
	spec_when(&spec, &amend_debt_type, &amend);
	*(struct debt *)workset_change(&spec.set, &debt_entity, &created.debt_id) = (struct debt){ .version = 0 };
	debt_on_created(&spec.set, &created);
	assert_int_equal(the_debt()->lifecycle, LIFECYCLE_NEW);
}

static void test_activation__an_earlier_due_date_activates_at_once_or_on_its_day(void **state)
{
	(void)state;
	when_created(SPEC_TODAY + 30);
	when_due_on(SPEC_TODAY + 10);
	then_events(&spec, "DebtAmended");
	then_timer_on(SPEC_TODAY + 10);

	when_due_on(SPEC_TODAY);
	then_events(&spec, "DebtAmended", "DebtActivated");
	assert_int_equal(then_event(&spec, 1, debt_activated)->version, 4);
	assert_int_equal(then_event(&spec, 1, debt_activated)->due_on, SPEC_TODAY);
	assert_int_equal(timers_count(), 1);
	assert_true(spec.decision.timers[0].is_cancelled);
	assert_int_equal(the_debt()->lifecycle, LIFECYCLE_ACTIVE);
}

static void test_activation__a_later_due_date_puts_it_off(void **state)
{
	(void)state;
	when_created(SPEC_TODAY + 1);
	when_due_on(SPEC_TODAY + 5);
	then_timer_on(SPEC_TODAY + 5);
	when_the_day_comes(SPEC_TODAY + 1); /* no timer is due; one that were would find nothing to do */
	then_nothing_happens();
	when_the_day_comes(SPEC_TODAY + 5);
	then_events(&spec, "DebtActivated");
}

static void test_activation__an_active_debt_stays_active_when_it_is_due_later(void **state)
{
	(void)state;
	when_created(SPEC_TODAY);
	when_due_on(SPEC_TODAY + 5);
	then_events(&spec, "DebtAmended");
	assert_int_equal(timers_count(), 0);
	assert_int_equal(the_debt()->lifecycle, LIFECYCLE_ACTIVE);
}

static void test_activation__another_reference_changes_no_timer(void **state)
{
	struct amend_debt body = { .debt_id = spec_id('D', 1),
				   .customer_id = CUSTOMER,
				   .has_external_ref = true,
				   .external_ref = STR("INV-2"),
				   .reason = STR("typing error") };

	(void)state;
	when_created(SPEC_TODAY + 1);
	spec_when(&spec, &amend_debt_type, &body);
	then_events(&spec, "DebtAmended");
	assert_int_equal(timers_count(), 0);
}

static void test_activation__a_debt_that_was_paid_before_its_day_stays_paid(void **state)
{
	(void)state;
	when_created(SPEC_TODAY + 1);
	when_paid(10000);
	assert_int_equal(the_debt()->lifecycle, LIFECYCLE_PAID);
	when_the_day_comes(SPEC_TODAY + 1);
	then_nothing_happens();
	assert_int_equal(the_debt()->lifecycle, LIFECYCLE_PAID);
}

static void test_activation__a_debt_that_is_not_there_is_not_activated(void **state)
{
	(void)state;
	when_the_day_comes(SPEC_TODAY);
	then_nothing_happens();
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_activation__a_debt_that_is_due_is_active_from_its_beginning),
		TEST(test_activation__a_debt_that_is_due_later_waits_for_its_day),
		TEST(test_activation__an_event_that_does_not_say_makes_a_new_debt),
		TEST(test_activation__an_earlier_due_date_activates_at_once_or_on_its_day),
		TEST(test_activation__a_later_due_date_puts_it_off),
		TEST(test_activation__an_active_debt_stays_active_when_it_is_due_later),
		TEST(test_activation__another_reference_changes_no_timer),
		TEST(test_activation__a_debt_that_was_paid_before_its_day_stays_paid),
		TEST(test_activation__a_debt_that_is_not_there_is_not_activated),
	};
	return cmocka_run_group_tests_name("debts: activation", tests, NULL, NULL);
}
