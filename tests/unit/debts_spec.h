#ifndef TESTS_UNIT_DEBTS_SPEC_H
#define TESTS_UNIT_DEBTS_SPEC_H

#include "consumers/debts/debts.h"
#include "schemas/debts.h"
#include "tests/unit/rule_spec.h"

/* A customer who owes OWED on an ACTIVE debt, as much as the test says: then commands about it. */
static struct spec spec;

#ifndef OWED
#define OWED 10000
#endif

#define CUSTOMER (spec_id('C', 1))
#define DEBT     (spec_id('D', 1))

static void given_debt(unsigned number, int64_t amount_minor)
{
	struct create_debt *body = arena_take(&spec.arena, 1, sizeof(*body));

	*body = (struct create_debt){ .debt_id = spec_id('D', number),
				      .customer_id = CUSTOMER,
				      .creditor_id = spec_id('R', 1),
				      .external_ref = number == 1   ? STR("INV-1")
						      : number == 2 ? STR("INV-2")
								    : STR("INV-3"),
				      .currency = STR("EUR"),
				      .principal_minor = amount_minor,
				      .opened_on = SPEC_TODAY - 90,
				      .due_on = SPEC_TODAY };
	spec_when(&spec, &create_debt_type, body);
	assert_int_equal(spec.decision.kind, DECISION_EVENTS);
}

static int set_up(void **state)
{
	(void)state;
	spec_init(&spec, &debts_module);
	((struct debts_customer *)spec_given(&spec, &debts_customer_entity, CUSTOMER))->is_active = 1;
	given_debt(1, OWED);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	spec_release(&spec);
	return 0;
}

#endif
