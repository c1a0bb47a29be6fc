/* Which creditors and payment sources an issuer may name: judged before the rule of any command. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/day.h"
#include "consumers/debts/debts.h"
#include "crypto/crypto.h"
#include "schemas/debts.h"
#include "schemas/engine.h"
#include "tests/unit/no_answers.h"
#include "worker/batch.h"
#include "worker/rights.h"

#define ITEMS_MAX 8
#define SERVICE   "bank-import"
#define ANNA      "019a0000-0000-7000-8000-000000000001"
#define TODAY     20454

static struct engine engine;
static struct batch batch;
static struct err err;
static struct actor anna; /* as the database knows her now */
static struct scope scope;
static struct record_payment payment;
static struct create_debt debt;

static struct uuid id_of(char kind, unsigned number)
{
	return (struct uuid){ .bytes = { 0x01, 0x9a, [6] = 0x70, [8] = 0x80, [11] = (uint8_t)kind, [15] = (uint8_t)number } };
}

/* Of all states only her rights are there: what is not refused for its issuer is refused or waits for the world. */
static int fake_load(void *self, struct slot **slots, size_t count, struct err *ret_err)
{
	(void)self;
	(void)ret_err;
	for (size_t i = 0; i < count; i++) {
		slots[i]->loaded = true;
		slots[i]->exists = slots[i]->entity == &actor_entity;
		if (slots[i]->exists)
			*(struct actor *)slots[i]->state = anna;
	}
	return 0;
}

static int set_up(void **state)
{
	const struct engine_conf conf = {
		.batch_items_max = ITEMS_MAX, .arena_size = 1 << 20, .wait_max_ms = 1000, .parked_max = 8
	};

	(void)state;
	err = (struct err)ERR_INIT;
	engine = (struct engine){ .conf = conf };
	if (crypto_init(&err) < 0 || batch_init(&batch, &conf, &err) < 0)
		return -1;
	engine.admission = (struct admission){ .module = &debts_module };
	engine.database.load = fake_load;
	engine.database.find_answers = no_answers;
	scope = scope_none;
	anna = (struct actor){ .roles = UINT32_MAX, .customer_id = id_of('C', 1) };
	payment = (struct record_payment){ .payment_id = id_of('P', 1),
					   .customer_id = id_of('C', 1),
					   .debt_id = id_of('D', 1),
					   .source = STR("bank-1"),
					   .external_ref = STR("1"),
					   .amount_minor = 100,
					   .currency = STR("GBP"),
					   .received_on = TODAY,
					   .method = STR("transfer") };
	debt = (struct create_debt){ .debt_id = id_of('D', 1),
				     .customer_id = id_of('C', 1),
				     .creditor_id = id_of('K', 1),
				     .external_ref = STR("1"),
				     .currency = STR("GBP"),
				     .principal_minor = 100,
				     .opened_on = TODAY,
				     .due_on = TODAY };
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	batch_release(&batch);
	return 0;
}

/* The field that the issuer is not bound to, or NULL. */
static const char *unbound(const char *actor, uint32_t roles, const struct message_type *type, const void *body)
{
	static char field[64];
	const struct command_rejected *rejected;
	const struct verdict *verdict;
	struct answer *answers;
	size_t answers_count;
	bool is_conflict;
	struct item *item = &batch.items[0];

	batch_reset(&batch);
	batch.items_count = 1;
	*item = (struct item){ .kind = ITEM_COMMAND };
	item->command = (struct command){ .type = type,
					  .body = body,
					  .id = id_of('!', 1),
					  .key = id_of('C', 1),
					  .actor = str_of(actor),
					  .roles = roles,
					  .scope = &scope,
					  .now_ms = TODAY * DAY_MS };
	for (size_t i = 0; i < debts_module.rules_count; i++)
		if (debts_module.rules[i].type == type)
			item->rule = &debts_module.rules[i];
	assert_int_equal(batch_begin(&batch, &engine, 0, 1, true, &answers, &answers_count, &err), 0);
	assert_int_equal(engine.database.load(engine.database.self, batch.set.missing, batch.set.missing_count, &err), 0);
	assert_int_equal(batch_decide(&batch, &engine, answers, answers_count, &is_conflict, &err), 0);
	verdict = &batch.verdicts[0];
	if (verdict->fate != FATE_REFUSED)
		return NULL;
	rejected = verdict->events[0].body;
	if (!str_is(rejected->code, "not_authorised"))
		return NULL;
	assert_false(rejected->retriable);
	assert_true(str_to_chars(field, sizeof(field), rejected->field));
	return field;
}

static void test_scope__a_payment_needs_a_source_of_its_issuer(void **state)
{
	(void)state;
	for (uint32_t role = ROLE_ADMIN; role <= ROLE_LAST; role <<= 1) {
		if ((role & record_payment_type.roles) == 0)
			continue;
		scope = scope_none;
		assert_string_equal(unbound(SERVICE, role, &record_payment_type, &payment), "source");
		assert_true(scope_add_source(&scope, STR("bank-2")));
		assert_string_equal(unbound(SERVICE, role, &record_payment_type, &payment), "source");
		assert_true(scope_add_source(&scope, STR("bank-1")));
		assert_null(unbound(SERVICE, role, &record_payment_type, &payment));
	}
}

static void test_scope__a_source_is_its_whole_name(void **state)
{
	(void)state;
	assert_true(scope_add_source(&scope, STR("bank-1")));
	payment.source = STR("bank-10");
	assert_string_equal(unbound(SERVICE, ROLE_AGENT, &record_payment_type, &payment), "source");
	payment.source = STR("");
	assert_string_equal(unbound(SERVICE, ROLE_AGENT, &record_payment_type, &payment), "source");
}

static void test_scope__a_users_sources_are_those_of_now(void **state)
{
	(void)state;
	scope = scope_all; /* says the token */
	assert_string_equal(unbound(ANNA, ROLE_AGENT, &record_payment_type, &payment), "source");
	scope = scope_none;
	anna.scope = scope_all;
	assert_null(unbound(ANNA, ROLE_AGENT, &record_payment_type, &payment));
}

static void test_scope__a_creditor_makes_debts_of_his_own(void **state)
{
	(void)state;
	assert_string_equal(unbound(SERVICE, ROLE_CREDITOR, &create_debt_type, &debt), "creditor_id");
	scope.creditors[scope.creditors_count++] = id_of('K', 2);
	assert_string_equal(unbound(SERVICE, ROLE_CREDITOR, &create_debt_type, &debt), "creditor_id");
	assert_string_equal(unbound(SERVICE, ROLE_CREDITOR | ROLE_CONSUMER | ROLE_AGENT, &create_debt_type, &debt),
			    "creditor_id");
	scope.creditors[scope.creditors_count++] = id_of('K', 1);
	assert_null(unbound(SERVICE, ROLE_CREDITOR, &create_debt_type, &debt));
	scope = scope_all;
	assert_null(unbound(SERVICE, ROLE_CREDITOR, &create_debt_type, &debt));
}

/* Beside another portfolio, and beside none. */
static void test_scope__a_creditor_makes_debts_in_his_portfolios(void **state)
{
	(void)state;
	scope = (struct scope){
		.creditors_count = 1, .creditors = { id_of('K', 1) }, .portfolios_count = 1, .portfolios = { id_of('F', 1) }
	};
	assert_string_equal(unbound(SERVICE, ROLE_CREDITOR, &create_debt_type, &debt), "portfolio_id");
	debt.portfolio_id = id_of('F', 1);
	assert_string_equal(unbound(SERVICE, ROLE_CREDITOR, &create_debt_type, &debt), "portfolio_id");
	debt.has_portfolio_id = true;
	assert_null(unbound(SERVICE, ROLE_CREDITOR, &create_debt_type, &debt));
	debt.portfolio_id = id_of('F', 2);
	assert_string_equal(unbound(SERVICE, ROLE_CREDITOR, &create_debt_type, &debt), "portfolio_id");
	assert_null(unbound(SERVICE, ROLE_CREDITOR | ROLE_SUPERVISOR, &create_debt_type, &debt));
	debt.creditor_id = id_of('K', 2);
	debt.portfolio_id = id_of('F', 1);
	assert_string_equal(unbound(SERVICE, ROLE_CREDITOR, &create_debt_type, &debt), "creditor_id");
}

/* Whatever the token says. */
static void test_scope__a_users_portfolios_are_those_of_now(void **state)
{
	(void)state;
	scope = scope_all;
	anna.scope = (struct scope){
		.creditors_count = 1, .creditors = { id_of('K', 1) }, .portfolios_count = 1, .portfolios = { id_of('F', 1) }
	};
	assert_string_equal(unbound(ANNA, ROLE_CREDITOR, &create_debt_type, &debt), "portfolio_id");
	anna.scope.portfolios_count = 0;
	assert_null(unbound(ANNA, ROLE_CREDITOR, &create_debt_type, &debt));
}

static void test_scope__another_role_that_may_is_not_bound(void **state)
{
	(void)state;
	assert_null(unbound(SERVICE, ROLE_SUPERVISOR, &create_debt_type, &debt));
	assert_null(unbound(SERVICE, ROLE_SUPERVISOR | ROLE_CREDITOR, &create_debt_type, &debt));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		TEST(test_scope__a_payment_needs_a_source_of_its_issuer),   TEST(test_scope__a_source_is_its_whole_name),
		TEST(test_scope__a_users_sources_are_those_of_now),         TEST(test_scope__a_creditor_makes_debts_of_his_own),
		TEST(test_scope__a_creditor_makes_debts_in_his_portfolios), TEST(test_scope__a_users_portfolios_are_those_of_now),
		TEST(test_scope__another_role_that_may_is_not_bound),
	};

	return cmocka_run_group_tests_name("scopes at the worker", tests, NULL, NULL);
}
