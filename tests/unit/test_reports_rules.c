#include "rule_spec.h"

#include "base/array.h"
#include "consumers/reports/reports.h"
#include "schemas/reports.h"

static struct spec spec;

static int setup(void **state)
{
	(void)state;
	spec_init(&spec, &reports_module);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	spec_release(&spec);
	return 0;
}

static struct generate_report a_report(struct str kind)
{
	return (struct generate_report){ .report_id = spec_id('R', 1), .kind = kind };
}

static const struct report_requested *when_asked(const struct generate_report *body)
{
	spec_when(&spec, &generate_report_type, body);
	then_events(&spec, "ReportRequested");
	return then_event(&spec, 0, report_requested);
}

static void test_reports__what_is_left_open_is_said_by_the_event(void **state)
{
	struct generate_report ageing = a_report(STR("ageing"));
	struct generate_report collections = a_report(STR("collections"));
	const struct report_requested *event;

	(void)state;
	event = when_asked(&ageing);
	assert_int_equal(event->version, 1);
	assert_true(str_is(event->format, "csv"));
	assert_int_equal(event->as_of, SPEC_TODAY);
	assert_true(event->open);
	assert_false(event->has_from_on);
	assert_true(str_is(event->requested_by, "test"));
	collections.report_id = spec_id('R', 2);
	event = when_asked(&collections);
	assert_true(event->has_from_on);
	assert_int_equal(event->as_of - event->from_on, REPORT_DAYS_DEFAULT - 1);
}

static void test_reports__what_is_given_is_kept(void **state)
{
	struct generate_report body = a_report(STR("collections"));
	struct generate_report messages = a_report(STR("communications"));
	const struct report_requested *event;

	(void)state;
	body.has_format = body.has_as_of = body.has_from_on = body.has_creditor_id = body.has_currency = true;
	body.format = STR("json");
	body.as_of = SPEC_TODAY - 1;
	body.from_on = SPEC_TODAY - 1;
	body.creditor_id = spec_id('K', 1);
	body.currency = STR("JPY");
	event = when_asked(&body);
	assert_true(str_is(event->format, "json"));
	assert_int_equal(event->as_of, SPEC_TODAY - 1);
	assert_false(event->open); /* the day is over */
	assert_int_equal(event->from_on, SPEC_TODAY - 1);
	assert_true(event->has_creditor_id && uuid_equal(&event->creditor_id, &body.creditor_id));
	assert_true(event->has_currency && str_is(event->currency, "JPY"));
	messages.report_id = spec_id('R', 2);
	messages.has_channel = true;
	messages.channel = STR("sms");
	event = when_asked(&messages);
	assert_true(event->has_channel && str_is(event->channel, "sms"));
}

static void test_reports__words_out_of_their_lists_are_refused(void **state)
{
	struct generate_report none = a_report(STR("ageing"));
	struct generate_report kind = a_report(STR("Ageing"));
	struct generate_report format = a_report(STR("ageing"));
	struct generate_report channel = a_report(STR("communications"));
	struct generate_report currency = a_report(STR("ageing"));

	(void)state;
	none.report_id = (struct uuid){ 0 };
	spec_when(&spec, &generate_report_type, &none);
	then_refused(&spec, REFUSAL_BAD_VALUE, "report_id");
	spec_when(&spec, &generate_report_type, &kind);
	then_refused(&spec, REFUSAL_BAD_VALUE, "kind");
	format.has_format = true;
	format.format = STR("xlsx");
	spec_when(&spec, &generate_report_type, &format);
	then_refused(&spec, REFUSAL_BAD_VALUE, "format");
	channel.has_channel = true;
	channel.channel = STR("pigeon");
	spec_when(&spec, &generate_report_type, &channel);
	then_refused(&spec, REFUSAL_BAD_VALUE, "channel");
	currency.has_currency = true;
	currency.currency = STR("eur");
	spec_when(&spec, &generate_report_type, &currency);
	then_refused(&spec, REFUSAL_BAD_CURRENCY, "currency");
}

static void test_reports__a_filter_that_the_kind_does_not_have_is_refused_and_not_ignored(void **state)
{
	struct generate_report creditor = a_report(STR("communications"));
	struct generate_report currency = a_report(STR("communications"));
	struct generate_report channel = a_report(STR("collections"));

	(void)state;
	creditor.has_creditor_id = true;
	creditor.creditor_id = spec_id('K', 1);
	spec_when(&spec, &generate_report_type, &creditor);
	then_refused(&spec, REFUSAL_BAD_VALUE, "creditor_id");
	currency.has_currency = true;
	currency.currency = STR("EUR");
	spec_when(&spec, &generate_report_type, &currency);
	then_refused(&spec, REFUSAL_BAD_VALUE, "currency");
	channel.has_channel = true;
	channel.channel = STR("sms");
	spec_when(&spec, &generate_report_type, &channel);
	then_refused(&spec, REFUSAL_BAD_VALUE, "channel");
}

static void test_reports__a_day_that_cannot_be_told_about_is_refused(void **state)
{
	struct generate_report future = a_report(STR("collections"));
	struct generate_report backwards = a_report(STR("collections"));
	struct generate_report tomorrow = a_report(STR("ageing"));
	struct generate_report range = a_report(STR("ageing"));

	(void)state;
	future.has_as_of = true;
	future.as_of = SPEC_TODAY + 1;
	spec_when(&spec, &generate_report_type, &future);
	then_refused(&spec, REFUSAL_BAD_DATE, "as_of");
	backwards.has_as_of = backwards.has_from_on = true;
	backwards.as_of = SPEC_TODAY - 10;
	backwards.from_on = SPEC_TODAY - 9;
	spec_when(&spec, &generate_report_type, &backwards);
	then_refused(&spec, REFUSAL_BAD_DATE, "from_on");
	tomorrow.has_as_of = true;
	tomorrow.as_of = SPEC_TODAY + 1;
	spec_when(&spec, &generate_report_type, &tomorrow);
	then_refused(&spec, REFUSAL_BAD_DATE, "as_of");
	assert_non_null(strstr(spec.decision.text, "2026-01-01"));
	range.has_from_on = true;
	range.from_on = SPEC_TODAY;
	spec_when(&spec, &generate_report_type, &range);
	then_refused(&spec, REFUSAL_BAD_DATE, "from_on");
}

static void test_reports__ageing_is_of_any_day_up_to_the_business_date(void **state)
{
	static const int32_t days[] = { SPEC_TODAY, SPEC_TODAY - 1, SPEC_TODAY - 5000, DAY_MIN };

	(void)state;
	for (unsigned i = 0; i < COUNT(days); i++) {
		struct generate_report body = a_report(STR("ageing"));
		const struct report_requested *event;

		body.report_id = spec_id('R', i + 1);
		body.has_as_of = true;
		body.as_of = days[i];
		event = when_asked(&body);
		assert_int_equal(event->as_of, days[i]);
		assert_int_equal(event->open, days[i] == SPEC_TODAY);
		assert_false(event->has_from_on);
	}
}

static void test_reports__a_range_has_a_length_that_is_allowed(void **state)
{
	struct generate_report body = a_report(STR("communications"));
	struct generate_report longer;

	(void)state;
	body.has_from_on = true;
	body.from_on = SPEC_TODAY - REPORT_DAYS_MAX + 1;
	when_asked(&body);
	longer = body;
	longer.report_id = spec_id('R', 2);
	longer.from_on--;
	spec_when(&spec, &generate_report_type, &longer);
	then_refused(&spec, REFUSAL_LIMIT_EXCEEDED, "from_on");
}

static void test_reports__the_ends_of_the_calendar_break_nothing(void **state)
{
	struct generate_report first = a_report(STR("collections"));
	struct generate_report whole = a_report(STR("collections"));

	(void)state;
	first.has_as_of = true;
	first.as_of = DAY_MIN;
	assert_int_equal(when_asked(&first)->from_on, DAY_MIN);
	whole.report_id = spec_id('R', 2);
	whole.has_from_on = true;
	whole.from_on = DAY_MIN;
	spec_when(&spec, &generate_report_type, &whole);
	then_refused(&spec, REFUSAL_LIMIT_EXCEEDED, "from_on");
}

static void test_reports__an_id_is_used_once(void **state)
{
	struct generate_report body = a_report(STR("ageing"));

	(void)state;
	when_asked(&body);
	spec_when(&spec, &generate_report_type, &body);
	then_refused(&spec, REFUSAL_EXISTS, "report_id");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_reports__what_is_left_open_is_said_by_the_event, setup, teardown),
		cmocka_unit_test_setup_teardown(test_reports__what_is_given_is_kept, setup, teardown),
		cmocka_unit_test_setup_teardown(test_reports__words_out_of_their_lists_are_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_reports__a_filter_that_the_kind_does_not_have_is_refused_and_not_ignored,
						setup, teardown),
		cmocka_unit_test_setup_teardown(test_reports__a_day_that_cannot_be_told_about_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_reports__ageing_is_of_any_day_up_to_the_business_date, setup, teardown),
		cmocka_unit_test_setup_teardown(test_reports__a_range_has_a_length_that_is_allowed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_reports__the_ends_of_the_calendar_break_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(test_reports__an_id_is_used_once, setup, teardown),
	};

	return cmocka_run_group_tests_name("reports", tests, NULL, NULL);
}
