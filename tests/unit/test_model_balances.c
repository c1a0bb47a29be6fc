#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "model/balances.h"
#include "schemas/debts.h"
#include "tests/unit/dies.h"

static const struct balances few = {
	.minor = { [ACCOUNT_COST] = 1, [ACCOUNT_FEE] = 2, [ACCOUNT_INTEREST] = 3, [ACCOUNT_PRINCIPAL] = 4, [ACCOUNT_CREDIT] = 5 }
};

static void test_balances__what_is_owed_leaves_credit_out(void **state)
{
	(void)state;
	assert_int_equal(balances_owed(&few), 10);
	assert_int_equal(balances_sum(&few), 15);
}

static void test_balances__a_balance_and_its_negation_add_up_to_nothing(void **state)
{
	const struct balances none = { 0 };
	struct balances sum = balances_negated(&few);

	(void)state;
	assert_true(balances_are_negative(&sum));
	balances_add(&sum, &few);
	assert_memory_equal(&sum, &none, sizeof(none));
	assert_false(balances_are_negative(&sum));
}

static void test_balances__a_debit_raises_what_is_owed_and_lowers_credit(void **state)
{
	struct balances balances = few;

	(void)state;
	balances_post(&balances, &few);
	assert_int_equal(balances_owed(&balances), 20);
	assert_int_equal(balances.minor[ACCOUNT_CREDIT], 0);
}

static void test_balances__a_message_is_read_and_written_account_by_account(void **state)
{
	struct payment_recorded event = { .amount_minor = 99, .balance_minor = 98 };
	struct debt_created created = { 0 };
	struct balances read;

	(void)state;
	BALANCES_INTO(&event, &few);
	assert_int_equal(event.cost_minor, 1);
	assert_int_equal(event.fee_minor, 2);
	assert_int_equal(event.interest_minor, 3);
	assert_int_equal(event.principal_minor, 4);
	assert_int_equal(event.credit_minor, 5);
	assert_int_equal(event.amount_minor, 99);
	assert_int_equal(event.balance_minor, 98);
	read = BALANCES_OF(&event);
	assert_memory_equal(&read, &few, sizeof(few));

	OWED_INTO(&created, &few);
	read = OWED_OF(&created);
	assert_int_equal(balances_owed(&read), 10);
	assert_int_equal(read.minor[ACCOUNT_CREDIT], 0);
	assert_string_equal(account_field(ACCOUNT_COST), "cost_minor");
	assert_string_equal(account_field(ACCOUNT_CREDIT), "credit_minor");
}

/* A member of a later version is nullable: without its flag it is null on the wire, and its amount is lost when the log is folded. */
static void then_flags_are_set(const struct message_type *type, const void *body)
{
	for (size_t i = 0; i < type->record.fields_count; i++) {
		const struct field *field = &type->record.fields[i];

		for (int account = 0; account < ACCOUNT_COUNT; account++)
			if (strcmp(field->name, account_field((enum account)account)) == 0 && field->nullable)
				assert_true(*(const bool *)((const char *)body + field->aux_offset));
	}
}

static void test_balances__what_is_written_is_there_on_the_wire(void **state)
{
	struct payment_recorded event = { 0 };
	struct debt_created created = { 0 };

	(void)state;
	BALANCES_INTO(&event, &few);
	OWED_INTO(&created, &few);
	then_flags_are_set(&payment_recorded_type, &event);
	then_flags_are_set(&debt_created_type, &created);
}

static void add_too_much(void)
{
	struct balances balances = { .minor = { [ACCOUNT_FEE] = INT64_MAX } };

	balances_add(&balances, &few);
}

static void negate_too_much(void)
{
	const struct balances balances = { .minor = { [ACCOUNT_FEE] = INT64_MIN } };
	const struct balances negated = balances_negated(&balances);

	(void)negated;
}

static void owe_too_much(void)
{
	const struct balances balances = { .minor = { [ACCOUNT_FEE] = INT64_MAX, [ACCOUNT_COST] = 1 } };

	(void)balances_owed(&balances);
}

static void test_balances__a_sum_that_leaves_64_bits_is_a_bug(void **state)
{
	(void)state;
	assert_true(dies(add_too_much));
	assert_true(dies(negate_too_much));
	assert_true(dies(owe_too_much));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_balances__what_is_owed_leaves_credit_out),
		cmocka_unit_test(test_balances__a_balance_and_its_negation_add_up_to_nothing),
		cmocka_unit_test(test_balances__a_debit_raises_what_is_owed_and_lowers_credit),
		cmocka_unit_test(test_balances__a_message_is_read_and_written_account_by_account),
		cmocka_unit_test(test_balances__what_is_written_is_there_on_the_wire),
		cmocka_unit_test(test_balances__a_sum_that_leaves_64_bits_is_a_bug),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
