#include "rule_spec.h"

#include "consumers/debts/creditor/creditor.h"
#include "consumers/debts/debts.h"
#include "schemas/debts.h"

/* PublishDebtPolicy, DescribePortfolio, and what debts and payments have of them. */

#define BODIES 64

static struct spec spec;
static const struct approval approval = { .actor = { "another", 7 } };
static struct record_payment payments[BODIES];
static struct create_debt debts[BODIES];
static char references[2 * BODIES][8];
static size_t payments_count, debts_count;

static int set_up(void **state)
{
	struct debts_customer *customer;

	(void)state;
	payments_count = debts_count = 0;
	spec_init(&spec, &debts_module);
	customer = spec_given(&spec, &debts_customer_entity, spec_id('C', 1));
	customer->is_active = 1;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	spec_release(&spec);
	return 0;
}

/* ---- policies ---- */

static struct publish_debt_policy a_policy(struct str order)
{
	return (struct publish_debt_policy){ .policy_id = spec_id('Y', 1),
					     .kind = STR("allocation"),
					     .title = STR("Costs first"),
					     .has_allocation_order = true,
					     .allocation_order = order };
}

static void when_published(struct publish_debt_policy body, bool is_approved)
{
	spec.approval = is_approved ? &approval : NULL;
	spec_when(&spec, &publish_debt_policy_type, &body);
	spec.approval = NULL;
}

static void given_policy(struct str order)
{
	when_published(a_policy(order), true);
	then_events(&spec, "DebtPolicyPublished");
}

static void test_policies__need_a_second_person_whoever_publishes(void **state)
{
	(void)state;
	when_published(a_policy(STR("fees_first")), false);
	assert_int_equal(spec.decision.kind, DECISION_KEPT);
	given_policy(STR("fees_first"));
	assert_int_equal(then_event(&spec, 0, debt_policy_published)->version, 1);
	assert_true(str_is(then_event(&spec, 0, debt_policy_published)->approved_by, "another"));
	given_policy(STR("principal_first"));
	assert_int_equal(then_event(&spec, 0, debt_policy_published)->version, 2);
}

static void test_policies__bad_values_are_refused_before_anybody_is_asked(void **state)
{
	struct publish_debt_policy body = a_policy(STR("fees_first"));

	(void)state;
	body.policy_id = (struct uuid){ { 0 } };
	when_published(body, false);
	then_refused(&spec, REFUSAL_BAD_VALUE, "policy_id");
	body = a_policy(STR("fees_first"));
	body.kind = STR("interest"); /* has no rules yet */
	when_published(body, false);
	then_refused(&spec, REFUSAL_BAD_VALUE, "kind");
	body = a_policy(STR("fees_first"));
	body.title = STR("");
	when_published(body, false);
	then_refused(&spec, REFUSAL_BAD_VALUE, "title");
	when_published(a_policy(STR("dearest_first")), false);
	then_refused(&spec, REFUSAL_BAD_VALUE, "allocation_order");
	body = a_policy(STR("fees_first"));
	body.has_allocation_order = false;
	when_published(body, false);
	then_refused(&spec, REFUSAL_BAD_VALUE, "allocation_order");
}

static void test_policies__another_version_than_expected_is_a_conflict(void **state)
{
	struct publish_debt_policy body = a_policy(STR("fees_first"));

	(void)state;
	body.has_expected_version = true;
	body.expected_version = 1;
	when_published(body, false);
	then_refused(&spec, REFUSAL_VERSION_CONFLICT, "expected_version");
	body.expected_version = 0;
	when_published(body, true);
	then_events(&spec, "DebtPolicyPublished");
	when_published(body, true); /* approved too late: somebody else has published meanwhile */
	then_refused(&spec, REFUSAL_VERSION_CONFLICT, "expected_version");
}

/* ---- portfolios ---- */

static struct describe_portfolio a_portfolio(bool has_policy)
{
	return (struct describe_portfolio){ .portfolio_id = spec_id('F', 1),
					    .creditor_id = spec_id('R', 1),
					    .name = STR("Cards"),
					    .product_kind = STR("consumer_credit"),
					    .has_allocation_policy_id = has_policy,
					    .allocation_policy_id = spec_id('Y', 1) };
}

static void when_described(struct describe_portfolio body)
{
	spec_when(&spec, &describe_portfolio_type, &body);
}

static void given_portfolio(bool has_policy)
{
	when_described(a_portfolio(has_policy));
	then_events(&spec, "PortfolioDescribed");
}

static void test_portfolios__are_described_version_by_version(void **state)
{
	struct describe_portfolio body = a_portfolio(false);
	struct uuid id = spec_id('F', 1);
	const struct portfolio *portfolio;

	(void)state;
	body.has_jurisdiction = true;
	body.jurisdiction = STR("GB");
	when_described(body);
	portfolio = workset_state(&spec.set, &portfolio_entity, &id);
	assert_int_equal(portfolio->version, 1);
	assert_string_equal(portfolio->jurisdiction, "GB");
	given_policy(STR("fees_first"));
	body = a_portfolio(true);
	body.has_expected_version = true;
	body.expected_version = 1;
	when_described(body);
	then_events(&spec, "PortfolioDescribed");
	assert_int_equal(portfolio->version, 2);
	assert_string_equal(portfolio->jurisdiction, "");
	assert_true(uuid_equal(&portfolio->allocation_policy_id, &body.allocation_policy_id));
	when_described(body);
	then_refused(&spec, REFUSAL_VERSION_CONFLICT, "expected_version");
}

static void test_portfolios__bad_values_are_refused(void **state)
{
	struct describe_portfolio body = a_portfolio(false);

	(void)state;
	body.portfolio_id = (struct uuid){ { 0 } };
	when_described(body);
	then_refused(&spec, REFUSAL_BAD_VALUE, "portfolio_id");
	body = a_portfolio(false);
	body.creditor_id = (struct uuid){ { 0 } };
	when_described(body);
	then_refused(&spec, REFUSAL_BAD_VALUE, "creditor_id");
	body = a_portfolio(false);
	body.name = STR("");
	when_described(body);
	then_refused(&spec, REFUSAL_BAD_VALUE, "name");
	body = a_portfolio(false);
	body.product_kind = STR("cards");
	when_described(body);
	then_refused(&spec, REFUSAL_BAD_VALUE, "product_kind");
	body = a_portfolio(false);
	body.has_jurisdiction = true;
	body.jurisdiction = STR("UK"); /* it is GB */
	when_described(body);
	then_refused(&spec, REFUSAL_BAD_VALUE, "jurisdiction");
}

static void test_portfolios__stay_their_creditors(void **state)
{
	struct describe_portfolio body = a_portfolio(false);

	(void)state;
	given_portfolio(false);
	body.creditor_id = spec_id('R', 2);
	when_described(body);
	then_refused(&spec, REFUSAL_BAD_VALUE, "creditor_id");
}

static void test_portfolios__name_published_policies_only(void **state)
{
	(void)state;
	when_described(a_portfolio(true));
	then_refused(&spec, REFUSAL_POLICY_NOT_PUBLISHED, "allocation_policy_id");
	when_published(a_policy(STR("fees_first")), false); /* waits for a second person */
	when_described(a_portfolio(true));
	then_refused(&spec, REFUSAL_POLICY_NOT_PUBLISHED, "allocation_policy_id");
	given_policy(STR("fees_first"));
	given_portfolio(true);
}

/* ---- debts ---- */

static void when_created(unsigned number, unsigned creditor)
{
	struct create_debt *body = &debts[debts_count++];

	snprintf(references[BODIES + debts_count], sizeof(references[0]), "D-%u", number % 1000);
	*body = (struct create_debt){ .debt_id = spec_id('D', number),
				      .customer_id = spec_id('C', 1),
				      .creditor_id = spec_id('R', creditor),
				      .has_portfolio_id = true,
				      .portfolio_id = spec_id('F', 1),
				      .external_ref = str_of(references[BODIES + debts_count]),
				      .currency = STR("EUR"),
				      .principal_minor = 1000,
				      .interest_minor = 100,
				      .fee_minor = 30,
				      .cost_minor = 20,
				      .opened_on = SPEC_TODAY - 90,
				      .due_on = SPEC_TODAY,
				      .fees_authorised = true };
	spec_when(&spec, &create_debt_type, body);
}

static const struct payment_recorded *when_paid(unsigned debt, int64_t amount_minor)
{
	struct record_payment *body = &payments[payments_count++];

	snprintf(references[payments_count], sizeof(references[0]), "P-%zu", payments_count % 1000);
	*body = (struct record_payment){ .payment_id = spec_id('P', (unsigned)payments_count),
					 .customer_id = spec_id('C', 1),
					 .debt_id = spec_id('D', debt),
					 .source = STR("bank"),
					 .external_ref = str_of(references[payments_count]),
					 .amount_minor = amount_minor,
					 .currency = STR("EUR"),
					 .received_on = SPEC_TODAY,
					 .method = STR("transfer") };
	spec_when(&spec, &record_payment_type, body);
	assert_int_equal(spec.decision.kind, DECISION_EVENTS);
	return then_event(&spec, 0, payment_recorded);
}

static void then_split(const struct payment_recorded *event, int64_t cost, int64_t fee, int64_t interest, int64_t principal)
{
	assert_int_equal(event->cost_minor, cost);
	assert_int_equal(event->fee_minor, fee);
	assert_int_equal(event->interest_minor, interest);
	assert_int_equal(event->principal_minor, principal);
	assert_int_equal(event->credit_minor, 0);
}

static void test_debts__have_the_version_of_their_portfolios_policy(void **state)
{
	const struct debt_created *event;
	struct uuid policy_id = spec_id('Y', 1);

	(void)state;
	given_policy(STR("cost_principal_interest"));
	given_policy(STR("interest_principal"));
	given_portfolio(true);
	when_created(1, 1);
	event = then_event(&spec, 0, debt_created);
	assert_true(event->has_allocation_policy_id);
	assert_true(uuid_equal(&event->allocation_policy_id, &policy_id));
	assert_int_equal(event->allocation_policy_version, 2);
	assert_true(str_is(event->allocation_order, "interest_principal"));
	then_split(when_paid(1, 130), 0, 0, 100, 30);
}

static void test_debts__keep_their_version_when_another_is_published(void **state)
{
	(void)state;
	given_policy(STR("principal_first"));
	given_portfolio(true);
	when_created(1, 1);
	given_policy(STR("fees_first"));
	when_created(2, 1);
	then_split(when_paid(1, 60), 0, 0, 0, 60);
	then_split(when_paid(2, 60), 20, 30, 10, 0);
	given_portfolio(false);
	when_created(3, 1);
	assert_false(then_event(&spec, 0, debt_created)->has_allocation_policy_id);
	then_split(when_paid(2, 60), 0, 0, 60, 0);
}

static void test_debts__without_a_policy_are_paid_in_the_default_order(void **state)
{
	(void)state;
	when_created(1, 1); /* a portfolio that nobody has described */
	assert_false(then_event(&spec, 0, debt_created)->has_allocation_policy_id);
	assert_false(then_event(&spec, 0, debt_created)->has_allocation_order);
	then_split(when_paid(1, 200), 20, 30, 100, 50);
}

static void test_debts__of_another_creditors_portfolio_are_refused(void **state)
{
	(void)state;
	given_portfolio(false);
	when_created(1, 2);
	then_refused(&spec, REFUSAL_BAD_VALUE, "portfolio_id");
	when_created(1, 1);
	then_events(&spec, "DebtCreated");
}

/* The credit of a reversal, too, is taken back and applied in the debt's order; the mirror is exact. */
static void test_debts__are_owed_again_in_their_order(void **state)
{
	struct reverse_payment reverse = { .payment_id = spec_id('P', 1), .customer_id = spec_id('C', 1), .reason = STR("nsf") };
	const struct credit_applied *applied;

	(void)state;
	given_policy(STR("principal_first"));
	given_portfolio(true);
	when_created(1, 1);
	then_split(when_paid(1, 1110), 0, 10, 100, 1000);
	when_paid(1, 100); /* 40 of it is owed: 20 of fees, 20 of costs; the rest is credit */
	spec_when(&spec, &reverse_payment_type, &reverse);
	then_events(&spec, "PaymentReversed", "CreditApplied", "DebtReopened");
	assert_int_equal(then_event(&spec, 0, payment_reversed)->principal_minor, 1000);
	applied = then_event(&spec, 1, credit_applied);
	assert_int_equal(applied->principal_minor, 60);
	assert_int_equal(applied->amount_minor, 60);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_policies__need_a_second_person_whoever_publishes),
		TEST(test_policies__bad_values_are_refused_before_anybody_is_asked),
		TEST(test_policies__another_version_than_expected_is_a_conflict),
		TEST(test_portfolios__are_described_version_by_version),
		TEST(test_portfolios__bad_values_are_refused),
		TEST(test_portfolios__stay_their_creditors),
		TEST(test_portfolios__name_published_policies_only),
		TEST(test_debts__have_the_version_of_their_portfolios_policy),
		TEST(test_debts__keep_their_version_when_another_is_published),
		TEST(test_debts__without_a_policy_are_paid_in_the_default_order),
		TEST(test_debts__of_another_creditors_portfolio_are_refused),
		TEST(test_debts__are_owed_again_in_their_order),
	};
	return cmocka_run_group_tests_name("debts: policies", tests, NULL, NULL);
}
