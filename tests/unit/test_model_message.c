#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "model/message.h"
#include "schemas/clock.h"
#include "schemas/communications.h"
#include "schemas/debts.h"

static const struct uuid an_id = { .bytes = { 1, [15] = 2 } };
static const struct uuid nil;

static struct create_debt a_debt(void)
{
	return (struct create_debt){ .debt_id = an_id, .customer_id = an_id, .creditor_id = an_id };
}

static void test_message__ids_that_name_something_are_no_nil(void **state)
{
	const struct create_debt body = a_debt();
	const struct tick tick = { .business_date = 0 };

	(void)state;
	assert_null(message_nil_field(&create_debt_type, &body));
	assert_null(message_nil_field(&tick_type, &tick));
}

static void test_message__a_plain_id_of_zeros_is_named(void **state)
{
	struct create_debt body = a_debt();

	(void)state;
	body.creditor_id = nil;
	assert_string_equal(message_nil_field(&create_debt_type, &body), "creditor_id");
	body.debt_id = nil;
	assert_string_equal(message_nil_field(&create_debt_type, &body), "debt_id");
}

static void test_message__an_id_that_is_absent_is_no_nil_and_one_that_is_given_is(void **state)
{
	struct create_debt body = a_debt();

	(void)state;
	body.portfolio_id = nil;
	assert_null(message_nil_field(&create_debt_type, &body));
	body.has_portfolio_id = true;
	assert_string_equal(message_nil_field(&create_debt_type, &body), "portfolio_id");
}

static void test_message__a_nil_among_many_is_found(void **state)
{
	struct uuid ids[3] = { an_id, an_id, an_id };
	const struct send_communication body = {
		.communication_id = an_id, .customer_id = an_id, .debt_ids = ids, .debt_ids_count = 3
	};

	(void)state;
	assert_null(message_nil_field(&send_communication_type, &body));
	ids[2] = nil;
	assert_string_equal(message_nil_field(&send_communication_type, &body), "debt_ids");
}

static void test_message__a_nil_in_a_record_inside_is_found(void **state)
{
	struct cancelled_communication cancelled[2] = { { .communication_id = an_id }, { .communication_id = an_id } };
	const struct consent_withdrawn body = { .customer_id = an_id, .cancelled = cancelled, .cancelled_count = 2 };

	(void)state;
	assert_null(message_nil_field(&consent_withdrawn_type, &body));
	cancelled[1].communication_id = nil;
	assert_string_equal(message_nil_field(&consent_withdrawn_type, &body), "cancelled");
}

static void test_message__texts_of_a_command_are_trimmed_in_place(void **state)
{
	struct template_parameter parameters[2] = { { STR("name"), STR("\xEF\xBB\xBFone") },
						    { STR(" name"), STR("two\xC2\xA0") } };
	struct send_communication body = {
		.channel = STR("sms\n"), .language = STR("de"), .parameters = parameters, .parameters_count = 2
	};
	const char *field = NULL;

	(void)state;
	assert_null(message_normalise(&send_communication_type, &body, &field));
	assert_null(field);
	assert_true(str_is(body.channel, "sms"));
	assert_true(str_is(parameters[0].value, "one"));
	assert_true(str_is(parameters[1].name, "name"));
	assert_true(str_is(parameters[1].value, "two"));
}

static void test_message__a_text_that_has_no_normal_form_is_named(void **state)
{
	struct template_parameter parameters[1] = { { STR("name"), STR("a\x1B") } };
	struct send_communication body = { .template_name = STR(" reminder"), .parameters = parameters, .parameters_count = 1 };
	struct create_debt debt = { .external_ref = STR("A\xE2\x80\x8B"
							"1"),
				    .currency = STR(" EUR") };
	const char *field = NULL;

	(void)state;
	assert_non_null(message_normalise(&send_communication_type, &body, &field));
	assert_string_equal(field, "parameters");
	assert_non_null(message_normalise(&create_debt_type, &debt, &field));
	assert_string_equal(field, "external_ref");
	assert_true(str_is(debt.currency, "EUR")); /* behind the fault too */
}

static void test_message__what_must_not_be_lost_has_no_fault(void **state)
{
	struct withdraw_consent body = { .via = STR("keyword"),
					 .has_keyword = true,
					 .keyword = STR("ST\xE2\x80\x8B"
							"OP ") };
	struct amend_debt absent = { .external_ref = STR("\a"), .reason = STR("because") };
	const char *field = NULL;

	(void)state;
	assert_null(message_normalise(&withdraw_consent_type, &body, &field));
	assert_int_equal(body.keyword.size, 7);
	assert_null(message_normalise(&amend_debt_type, &absent, &field)); /* without has_external_ref it is not there */
}

static void test_message__texts_of_an_event_are_left_alone(void **state)
{
	struct debt_created body = { .external_ref = STR(" \a ") };
	const char *field = NULL;

	(void)state;
	assert_null(message_normalise(&debt_created_type, &body, &field));
	assert_true(str_is(body.external_ref, " \a "));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_message__ids_that_name_something_are_no_nil),
		cmocka_unit_test(test_message__a_plain_id_of_zeros_is_named),
		cmocka_unit_test(test_message__an_id_that_is_absent_is_no_nil_and_one_that_is_given_is),
		cmocka_unit_test(test_message__a_nil_among_many_is_found),
		cmocka_unit_test(test_message__a_nil_in_a_record_inside_is_found),
		cmocka_unit_test(test_message__texts_of_a_command_are_trimmed_in_place),
		cmocka_unit_test(test_message__a_text_that_has_no_normal_form_is_named),
		cmocka_unit_test(test_message__what_must_not_be_lost_has_no_fault),
		cmocka_unit_test(test_message__texts_of_an_event_are_left_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
