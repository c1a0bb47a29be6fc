/* A batch that takes payments for new without looking (workset_touch_new), over a database that is one set of known ids. */
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
#include "worker/batch.h"

#define TODAY     20454
#define ITEMS_MAX 8

static struct engine engine;
static struct batch batch;
static struct err err;
static struct record_payment bodies[ITEMS_MAX];
static struct uuid known_payment; /* none: nobody has it */
static struct uuid known_command; /* likewise */
static size_t asked;              /* slots that the database was asked for, without debts */
static bool is_conflict;

static struct uuid id_of(char kind, unsigned number)
{
	struct uuid id = { .bytes = { 0x01, 0x9a, [6] = 0x70, [8] = 0x80, [11] = (uint8_t)kind } };

	id.bytes[15] = (uint8_t)number;
	return id;
}

static int fake_load(void *self, struct slot **slots, size_t count, struct err *ret_err)
{
	(void)self;
	(void)ret_err;
	for (size_t i = 0; i < count; i++) {
		struct slot *slot = slots[i];

		slot->loaded = true;
		slot->exists = slot->stored = slot->entity == &debt_entity ||
					      (slot->entity == &payment_entity && uuid_equal(&slot->id, &known_payment));
		if (slot->entity == &debt_entity)
			*(struct debt *)slot->state = (struct debt){ .customer_id = id_of('C', 1),
								     .balances = { .minor = { [ACCOUNT_PRINCIPAL] = 1000 } },
								     .version = 1,
								     .lifecycle = LIFECYCLE_NEW,
								     .currency = "EUR" };
		else
			asked++;
	}
	return 0;
}

static int fake_find_answers(void *self, struct answer *answers, size_t count, struct err *ret_err)
{
	(void)self;
	(void)ret_err;
	for (size_t i = 0; i < count; i++)
		answers[i].found = uuid_equal(&answers[i].command_id, &known_command);
	return 0;
}

static int set_up(void **state)
{
	const struct engine_conf conf = { .batch_items_max = ITEMS_MAX, .arena_size = 1 << 20, .wait_max_ms = 1000 };

	(void)state;
	err = (struct err)ERR_INIT;
	engine = (struct engine){ .conf = conf };
	if (crypto_init(&err) < 0 || batch_init(&batch, &conf, &err) < 0)
		return -1;
	engine.admission = (struct admission){ .module = &debts_module };
	engine.database.load = fake_load;
	engine.database.find_answers = fake_find_answers;
	batch_reset(&batch);
	known_payment = known_command = (struct uuid){ 0 };
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	batch_release(&batch);
	return 0;
}

static void add_payment(unsigned payment, struct str currency)
{
	struct item *item = &batch.items[batch.items_count];
	struct record_payment *body = &bodies[batch.items_count];

	*body = (struct record_payment){ .payment_id = id_of('P', payment),
					 .customer_id = id_of('C', 1),
					 .debt_id = id_of('D', 1),
					 .source = STR("bank"),
					 .external_ref = STR("1"),
					 .amount_minor = 100,
					 .currency = currency,
					 .received_on = TODAY,
					 .method = STR("transfer") };
	*item = (struct item){ .kind = ITEM_COMMAND, .offset = (int64_t)batch.items_count };
	item->command = (struct command){ .type = &record_payment_type,
					  .body = body,
					  .id = id_of('!', 1 + (unsigned)batch.items_count),
					  .key = id_of('C', 1),
					  .scope = &scope_all,
					  .now_ms = TODAY * DAY_MS };
	for (size_t i = 0; i < debts_module.rules_count; i++)
		if (debts_module.rules[i].type == &record_payment_type)
			item->rule = &debts_module.rules[i];
	batch.items_count++;
}

static void decide(bool is_careful)
{
	struct answer *answers;
	size_t answers_count;

	asked = 0;
	assert_int_equal(batch_begin(&batch, &engine, 0, batch.items_count, is_careful, &answers, &answers_count, &err), 0);
	assert_int_equal(fake_find_answers(NULL, answers, answers_count, &err), 0);
	assert_int_equal(engine.database.load(engine.database.self, batch.set.missing, batch.set.missing_count, &err), 0);
	assert_int_equal(batch_decide(&batch, &engine, answers, answers_count, &is_conflict, &err), 0);
}

static void then_refused_for(const char *code)
{
	assert_int_equal(batch.verdicts[0].fate, FATE_REFUSED);
	assert_true(str_is(((const struct command_rejected *)batch.verdicts[0].events[0].body)->code, code));
}

static void test_assume__what_is_written_is_not_looked_up(void **state)
{
	(void)state;
	add_payment(1, STR("EUR"));
	decide(false);
	assert_false(is_conflict);
	assert_int_equal(batch.verdicts[0].fate, FATE_APPLIED);
	assert_int_equal(asked, 0);
}

static void test_assume__with_care_all_is_looked_up(void **state)
{
	(void)state;
	known_payment = id_of('P', 1);
	add_payment(1, STR("EUR"));
	decide(true);
	assert_false(is_conflict);
	assert_int_equal(asked, 2); /* the payment and its reference */
	then_refused_for("exists");
}

static void test_assume__a_refusal_that_writes_nothing_is_looked_up(void **state)
{
	(void)state;
	add_payment(1, STR("USD"));
	decide(false);
	assert_false(is_conflict);
	assert_int_equal(asked, 2);
	then_refused_for("bad_currency");
}

/* The first fault is that the payment exists: the answer must not depend on whether anybody looked. */
static void test_assume__a_refusal_does_not_rest_on_a_wrong_assumption(void **state)
{
	(void)state;
	known_payment = id_of('P', 1);
	add_payment(1, STR("USD"));
	decide(false);
	assert_true(is_conflict);
	decide(true);
	assert_false(is_conflict);
	then_refused_for("exists");
}

static void test_assume__twice_in_a_batch_is_found_in_memory(void **state)
{
	(void)state;
	add_payment(1, STR("EUR"));
	add_payment(1, STR("EUR"));
	decide(false);
	assert_false(is_conflict);
	assert_int_equal(batch.verdicts[0].fate, FATE_APPLIED);
	assert_int_equal(batch.verdicts[1].fate, FATE_REFUSED);
	assert_int_equal(asked, 0); /* the first writes it: the index looks */
}

static bool is_looked_up(struct uuid command_id)
{
	struct answer *answers;
	size_t answers_count;

	batch_reset(&batch);
	batch.items_count = 0;
	add_payment(1, STR("EUR"));
	batch.items[0].command.id = command_id;
	assert_int_equal(batch_begin(&batch, &engine, 0, 1, false, &answers, &answers_count, &err), 0);
	if (answers_count > 0)
		answers[0].found = false;
	assert_int_equal(engine.database.load(engine.database.self, batch.set.missing, batch.set.missing_count, &err), 0);
	assert_int_equal(batch_decide(&batch, &engine, answers, answers_count, &is_conflict, &err), 0);
	engine.partitions[0].head.last_id = batch.heads[0].last_id;
	return answers_count == 1;
}

static void test_assume__an_id_ahead_of_its_time_is_looked_up_and_makes_no_other_look_old(void **state)
{
	struct uuid random = { .bytes = { 0xf3, 0x51, [6] = 0x40, [8] = 0x80, [15] = 9 } };

	(void)state;
	assert_false(is_looked_up(id_of('!', 1)));
	assert_true(is_looked_up(random));
	assert_false(is_looked_up(id_of('!', 2)));
	assert_true(is_looked_up(id_of('!', 1)));
}

/* It was applied when it was ahead, so it is above the highest id that counts as known; now it could not be applied. */
static void test_assume__a_repeated_command_is_not_refused(void **state)
{
	(void)state;
	known_command = id_of('!', 1);
	add_payment(1, STR("USD"));
	add_payment(2, STR("USD"));
	decide(false);
	assert_true(is_conflict);
	decide(true);
	assert_false(is_conflict);
	assert_int_equal(batch.verdicts[0].fate, FATE_DUPLICATE);
	assert_int_equal(batch.verdicts[1].fate, FATE_REFUSED);
}

/* One that nobody has seen is refused at once. */
static void test_assume__a_refusal_of_a_new_command_is_no_conflict(void **state)
{
	(void)state;
	known_command = id_of('!', 7);
	add_payment(1, STR("USD"));
	decide(false);
	assert_false(is_conflict);
	then_refused_for("bad_currency");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_assume__what_is_written_is_not_looked_up, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_assume__with_care_all_is_looked_up, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_assume__a_refusal_that_writes_nothing_is_looked_up, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_assume__a_refusal_does_not_rest_on_a_wrong_assumption, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_assume__twice_in_a_batch_is_found_in_memory, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_assume__a_repeated_command_is_not_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_assume__a_refusal_of_a_new_command_is_no_conflict, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_assume__an_id_ahead_of_its_time_is_looked_up_and_makes_no_other_look_old,
						set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
