/* A user who acts as a creditor: what he is bound to stands in his rights, which are loaded with the states, and what a rule asks
 * for depends on it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/day.h"
#include "consumers/customers/customers.h"
#include "crypto/crypto.h"
#include "schemas/customers.h"
#include "tests/unit/no_answers.h"
#include "worker/batch.h"
#include "worker/rights.h"

#define ANNA "019a0000-0000-7000-8000-000000000001"

static struct engine engine;
static struct batch batch;
static struct err err;
static struct actor anna;
static const struct uuid customer_id = { .bytes = { 1, 0x9a, [6] = 0x70, [8] = 0x80, [15] = 1 } };
static const struct uuid known_to = { .bytes = { 1, 0x9a, [6] = 0x70, [8] = 0x80, [15] = 2 } };
static const struct uuid another = { .bytes = { 1, 0x9a, [6] = 0x70, [8] = 0x80, [15] = 3 } };

static int fake_load(void *self, struct slot **slots, size_t count, struct err *ret_err)
{
	(void)self;
	(void)ret_err;
	for (size_t i = 0; i < count; i++) {
		slots[i]->loaded = slots[i]->exists = true;
		if (slots[i]->entity == &actor_entity)
			*(struct actor *)slots[i]->state = anna;
		else if (slots[i]->entity == &customer_entity)
			*(struct customer *)slots[i]->state = (struct customer){ .version = 1, .status = CUSTOMER_ACTIVE };
		else if (slots[i]->entity == &acquaintance_entity)
			((struct acquaintance *)slots[i]->state)->is_known =
				memcmp(slots[i]->text.data + 16, known_to.bytes, 16) == 0;
	}
	return 0;
}

static int set_up(void **state)
{
	const struct engine_conf conf = { .batch_items_max = 8, .arena_size = 1 << 20, .wait_max_ms = 1000 };

	(void)state;
	err = (struct err)ERR_INIT;
	engine = (struct engine){ .conf = conf };
	if (crypto_init(&err) < 0 || batch_init(&batch, &conf, &err) < 0)
		return -1;
	engine.admission = (struct admission){ .module = &customers_module };
	engine.database.load = fake_load;
	engine.database.find_answers = no_answers;
	anna = (struct actor){ .roles = ROLE_CREDITOR };
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	batch_release(&batch);
	return 0;
}

/* Her token says that she is for all. */
static enum fate fate_of_an_update_by(uint32_t token_roles)
{
	static struct update_customer body;
	struct item *item = &batch.items[0];
	struct answer *answers;
	size_t answers_count;
	bool is_conflict;

	body = (struct update_customer){ .customer_id = customer_id, .has_locale = true, .locale = STR("de-AT") };
	batch_reset(&batch);
	batch.items_count = 1;
	*item = (struct item){ .kind = ITEM_COMMAND };
	item->command = (struct command){ .type = &update_customer_type,
					  .body = &body,
					  .id = another,
					  .key = customer_id,
					  .actor = STR(ANNA),
					  .roles = token_roles,
					  .scope = &scope_all,
					  .now_ms = 20454 * DAY_MS };
	for (size_t i = 0; i < customers_module.rules_count; i++)
		if (customers_module.rules[i].type == &update_customer_type)
			item->rule = &customers_module.rules[i];
	assert_int_equal(batch_begin(&batch, &engine, 0, 1, true, &answers, &answers_count, &err), 0);
	assert_int_equal(engine.database.load(engine.database.self, batch.set.missing, batch.set.missing_count, &err), 0);
	assert_int_equal(batch_decide(&batch, &engine, answers, answers_count, &is_conflict, &err), 0);
	return batch.verdicts[0].fate;
}

static enum fate fate_of_an_update(void)
{
	return fate_of_an_update_by(ROLE_CREDITOR);
}

static void test_bound__a_user_changes_the_customers_that_his_creditors_know(void **state)
{
	(void)state;
	assert_int_equal(fate_of_an_update(), FATE_REFUSED); /* bound to nothing */
	anna.scope = (struct scope){ .creditors_count = 1, .creditors = { another } };
	assert_int_equal(fate_of_an_update(), FATE_REFUSED);
	anna.scope = (struct scope){ .creditors_count = 2, .creditors = { another, known_to } };
	assert_int_equal(fate_of_an_update(), FATE_APPLIED);
	anna.scope = scope_all;
	assert_int_equal(fate_of_an_update(), FATE_APPLIED);
}

/* She was an agent too, who is bound to nothing, when her token was signed. */
static void test_bound__who_has_lost_a_role_is_bound_by_what_is_left(void **state)
{
	(void)state;
	anna.scope = (struct scope){ .creditors_count = 1, .creditors = { another } };
	assert_int_equal(fate_of_an_update_by(ROLE_CREDITOR | ROLE_AGENT), FATE_REFUSED);
	anna.scope = (struct scope){ .creditors_count = 1, .creditors = { known_to } };
	assert_int_equal(fate_of_an_update_by(ROLE_CREDITOR | ROLE_AGENT), FATE_APPLIED);
	anna.roles = ROLE_CREDITOR | ROLE_AGENT;
	anna.scope = scope_none;
	assert_int_equal(fate_of_an_update_by(ROLE_CREDITOR | ROLE_AGENT), FATE_APPLIED);
	assert_int_equal(fate_of_an_update_by(ROLE_CREDITOR), FATE_REFUSED); /* which this token does not say */
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_bound__a_user_changes_the_customers_that_his_creditors_know, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_bound__who_has_lost_a_role_is_bound_by_what_is_left, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("users bound to creditors", tests, NULL, NULL);
}
