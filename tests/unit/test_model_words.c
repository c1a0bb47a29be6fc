#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <string.h>

#include <cmocka.h>

#include "base/array.h"
#include "model/command.h"
#include "model/refusal.h"
#include "tests/unit/dies.h"

static void test_refusal__codes_are_in_order_of_precedence_and_unique(void **state)
{
	/* Published: a change here is a change of the protocol. */
	static const char *const codes[] = { "none",
					     "duplicate_different_body",
					     "expired",
					     "not_authorised",
					     "bad_value",
					     "bad_amount",
					     "bad_currency",
					     "bad_date",
					     "exists",
					     "not_found",
					     "version_conflict",
					     "bad_transition",
					     "held",
					     "limit_exceeded",
					     "needs_second_person",
					     "policy_not_published",
					     "template_incomplete",
					     "no_usable_contact_point",
					     "compliance_denied",
					     "retention_applies" };

	(void)state;
	assert_int_equal(COUNT(codes), REFUSAL_COUNT);
	for (unsigned i = 0; i < REFUSAL_COUNT; i++)
		assert_string_equal(refusal_code((enum refusal)i), codes[i]);
}

static void code_beyond(void)
{
	(void)refusal_code(REFUSAL_COUNT);
}

static void test_refusal__a_number_without_code_is_a_bug(void **state)
{
	(void)state;
	assert_true(dies(code_beyond));
}

static void test_role__names_go_there_and_back(void **state)
{
	uint32_t all = 0;

	(void)state;
	for (uint32_t role = ROLE_ADMIN; role <= ROLE_LAST; role <<= 1) {
		assert_int_equal(role_by_name(str_of(role_name(role))), role);
		all |= role;
	}
	assert_int_equal(all, (ROLE_LAST << 1) - 1);
	assert_int_equal(role_by_name(STR("creditor")), ROLE_CREDITOR);
	assert_int_equal(role_by_name(STR("system")), ROLE_SYSTEM);
	assert_int_equal(role_by_name(STR("notifier")), ROLE_NOTIFIER);
	assert_int_equal(role_by_name(STR("clock")), ROLE_CLOCK);
}

static void test_role__unknown_names_are_no_role(void **state)
{
	(void)state;
	assert_int_equal(role_by_name(STR("")), 0);
	assert_int_equal(role_by_name(STR("Admin")), 0);
	assert_int_equal(role_by_name(STR("adminx")), 0);
	assert_int_equal(role_by_name(STR("admi")), 0);
	assert_int_equal(role_by_name((struct str){ .data = "admin\0", .size = 6 }), 0);
}

static void name_of_two(void)
{
	(void)role_name(ROLE_ADMIN | ROLE_AGENT);
}

static void name_of_none(void)
{
	(void)role_name(0);
}

static void test_role__the_name_of_several_or_none_is_a_bug(void **state)
{
	(void)state;
	assert_true(dies(name_of_two));
	assert_true(dies(name_of_none));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refusal__codes_are_in_order_of_precedence_and_unique),
		cmocka_unit_test(test_refusal__a_number_without_code_is_a_bug),
		cmocka_unit_test(test_role__names_go_there_and_back),
		cmocka_unit_test(test_role__unknown_names_are_no_role),
		cmocka_unit_test(test_role__the_name_of_several_or_none_is_a_bug),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
