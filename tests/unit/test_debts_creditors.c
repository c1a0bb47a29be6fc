#include "rule_spec.h"

#include "consumers/debts/creditor/creditor.h"
#include "consumers/debts/debts.h"
#include "schemas/debts.h"

/* DescribeCreditor. */

static struct spec spec;

static int set_up(void **state)
{
	(void)state;
	spec_init(&spec, &debts_module);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	spec_release(&spec);
	return 0;
}

static struct describe_creditor a_description(void)
{
	return (struct describe_creditor){ .creditor_id = spec_id('R', 1),
					   .name = STR("Example Bank"),
					   .is_original = true,
					   .regulated_class = STR("first_party") };
}

static void when_described(struct describe_creditor body)
{
	spec_when(&spec, &describe_creditor_type, &body);
}

static const struct creditor *the_creditor(void)
{
	struct uuid id = spec_id('R', 1);

	return workset_state(&spec.set, &creditor_entity, &id);
}

static void test_creditors__a_description_is_version_1(void **state)
{
	struct describe_creditor body = a_description();

	(void)state;
	body.has_legal_address = true;
	body.legal_address = STR("1 High Street\nLondon");
	body.has_licence_refs = true;
	body.licence_refs = STR("FRN 100000");
	when_described(body);
	then_events(&spec, "CreditorDescribed");
	assert_int_equal(the_creditor()->version, 1);
	assert_int_equal(the_creditor()->is_original, 1);
	assert_int_equal(the_creditor()->regulated_class, REGULATED_CLASS_FIRST_PARTY);
	assert_string_equal(the_creditor()->name, "Example Bank");
	assert_string_equal(the_creditor()->legal_address, "1 High Street\nLondon");
	assert_string_equal(the_creditor()->licence_refs, "FRN 100000");
}

static void test_creditors__the_next_version_replaces_all_members(void **state)
{
	struct describe_creditor body = a_description();

	(void)state;
	body.has_legal_address = true;
	body.legal_address = STR("London");
	when_described(body);
	body = a_description();
	body.name = STR("Other Bank");
	body.regulated_class = STR("debt_buyer");
	body.is_original = false;
	body.has_expected_version = true;
	body.expected_version = 1;
	when_described(body);
	then_events(&spec, "CreditorDescribed");
	assert_int_equal(then_event(&spec, 0, creditor_described)->version, 2);
	assert_int_equal(the_creditor()->version, 2);
	assert_int_equal(the_creditor()->is_original, 0);
	assert_int_equal(the_creditor()->regulated_class, REGULATED_CLASS_DEBT_BUYER);
	assert_string_equal(the_creditor()->name, "Other Bank");
	assert_string_equal(the_creditor()->legal_address, "");
}

static void test_creditors__a_text_of_the_longest_characters_fits(void **state)
{
	struct describe_creditor body = a_description();
	char address[CREDITOR_ADDRESS_MAX];

	(void)state;
	for (size_t at = 0; at < sizeof(address); at += 4)
		memcpy(address + at, "\xf0\x9f\x8f\xa6", 4);
	body.name = (struct str){ .data = address, .size = CREDITOR_NAME_MAX };
	body.has_legal_address = true;
	body.legal_address = (struct str){ .data = address, .size = sizeof(address) };
	body.has_licence_refs = true;
	body.licence_refs = (struct str){ .data = address, .size = CREDITOR_LICENCE_MAX };
	when_described(body);
	then_events(&spec, "CreditorDescribed");
	assert_int_equal(strlen(the_creditor()->legal_address), sizeof(address));
}

static void test_creditors__bad_values_are_refused(void **state)
{
	struct describe_creditor body = a_description();

	(void)state;
	body.creditor_id = (struct uuid){ { 0 } };
	when_described(body);
	then_refused(&spec, REFUSAL_BAD_VALUE, "creditor_id");
	body = a_description();
	body.name = STR("");
	when_described(body);
	then_refused(&spec, REFUSAL_BAD_VALUE, "name");
	body = a_description();
	body.has_legal_address = true;
	when_described(body);
	then_refused(&spec, REFUSAL_BAD_VALUE, "legal_address");
	body = a_description();
	body.regulated_class = STR("bank");
	when_described(body);
	then_refused(&spec, REFUSAL_BAD_VALUE, "regulated_class");
	body = a_description();
	body.has_licence_refs = true;
	when_described(body);
	then_refused(&spec, REFUSAL_BAD_VALUE, "licence_refs");
	assert_null(the_creditor());
}

static void test_creditors__another_version_than_expected_is_a_conflict(void **state)
{
	struct describe_creditor body = a_description();

	(void)state;
	body.has_expected_version = true;
	body.expected_version = 1;
	when_described(body);
	then_refused(&spec, REFUSAL_VERSION_CONFLICT, "expected_version");
	body.expected_version = 0;
	when_described(body);
	then_events(&spec, "CreditorDescribed");
	when_described(body);
	then_refused(&spec, REFUSAL_VERSION_CONFLICT, "expected_version");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_creditors__a_description_is_version_1),
		TEST(test_creditors__the_next_version_replaces_all_members),
		TEST(test_creditors__a_text_of_the_longest_characters_fits),
		TEST(test_creditors__bad_values_are_refused),
		TEST(test_creditors__another_version_than_expected_is_a_conflict),
	};
	return cmocka_run_group_tests_name("debts: creditors", tests, NULL, NULL);
}
