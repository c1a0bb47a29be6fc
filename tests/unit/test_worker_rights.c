/* A batch of users' commands: what the token says, and what is left of it now. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/array.h"
#include "base/day.h"
#include "consumers/communications/communications.h"
#include "crypto/crypto.h"
#include "schemas/communications.h"
#include "schemas/engine.h"
#include "tests/unit/no_answers.h"
#include "worker/batch.h"
#include "worker/rights.h"

#define ITEMS_MAX 8
#define SERVICE   "call-centre"
#define ANNA      "019a0000-0000-7000-8000-000000000001"
#define NOBODY    "019a0000-0000-7000-8000-000000000002"

static struct engine engine;
static struct batch batch;
static struct err err;
static struct withdraw_consent bodies[ITEMS_MAX];
static struct actor anna; /* as the database knows her now */
static size_t asked;      /* actors */
static const struct header sent[] = { { "ce_id", { "1", 1 } }, { "authorization", { "Bearer a.b.c", 12 } } };

static struct uuid customer(unsigned number)
{
	return (struct uuid){ .bytes = { 0x01, 0x9a, [6] = 0x70, [8] = 0x80, [11] = 'C', [15] = (uint8_t)number } };
}

static int fake_load(void *self, struct slot **slots, size_t count, struct err *ret_err)
{
	struct uuid id;
	bool is_behind = false;

	(void)self;
	(void)ret_err;
	assert_true(uuid_parse(&id, STR(ANNA)));
	for (size_t i = 0; i < count; i++) {
		slots[i]->loaded = true;
		is_behind |= slots[i]->entity != &actor_entity;
		if (slots[i]->entity != &actor_entity)
			continue;
		assert_false(is_behind);
		asked++;
		slots[i]->exists = uuid_equal(&slots[i]->id, &id);
		if (slots[i]->exists)
			*(struct actor *)slots[i]->state = anna;
	}
	return 0;
}

static int headers_of(void *self, const struct bus_record *record, struct header ret_headers[HEADERS_MAX], size_t *ret_count,
		      struct err *ret_err)
{
	(void)self;
	(void)record;
	(void)ret_err;
	memcpy(ret_headers, sent, sizeof(sent));
	*ret_count = COUNT(sent);
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
	engine.admission = (struct admission){ .module = &communications_module, .value_size_max = 4096 };
	engine.database.load = fake_load;
	engine.database.find_answers = no_answers;
	engine.broker.headers = headers_of;
	batch_reset(&batch);
	anna = (struct actor){ .roles = ROLE_AGENT };
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	batch_release(&batch);
	return 0;
}

/* A withdrawal: agents and consumers may, it needs nothing and is never refused otherwise. */
static void add(const char *actor, uint32_t roles)
{
	struct item *item = &batch.items[batch.items_count];
	struct withdraw_consent *body = &bodies[batch.items_count];
	struct uuid id = customer(1);

	id.bytes[11] = '!';
	id.bytes[15] = (uint8_t)batch.items_count;
	*body = (struct withdraw_consent){ .customer_id = customer(1), .via = STR("keyword"), .withdrawn_at = 20454 * DAY_MS };
	*item = (struct item){ .kind = ITEM_COMMAND, .offset = (int64_t)batch.items_count };
	item->command = (struct command){ .type = &withdraw_consent_type,
					  .body = body,
					  .id = id,
					  .key = body->customer_id,
					  .actor = str_of(actor),
					  .roles = roles,
					  .scope = &scope_all,
					  .now_ms = 20454 * DAY_MS };
	for (size_t i = 0; i < communications_module.rules_count; i++)
		if (communications_module.rules[i].type == &withdraw_consent_type)
			item->rule = &communications_module.rules[i];
	batch.items_count++;
}

static void decide(void)
{
	struct answer *answers;
	size_t answers_count;
	bool is_conflict;

	asked = 0;
	assert_int_equal(batch_begin(&batch, &engine, 0, batch.items_count, true, &answers, &answers_count, &err), 0);
	assert_int_equal(engine.database.load(engine.database.self, batch.set.missing, batch.set.missing_count, &err), 0);
	assert_int_equal(batch_decide(&batch, &engine, answers, answers_count, &is_conflict, &err), 0);
}

static bool is_refused(size_t index)
{
	const struct verdict *verdict = &batch.verdicts[index];

	if (verdict->fate != FATE_REFUSED)
		return false;
	return str_is(((const struct command_rejected *)verdict->events[0].body)->code, "not_authorised");
}

static void test_rights__a_service_has_those_of_its_token(void **state)
{
	(void)state;
	add(SERVICE, ROLE_AGENT);
	add("not-a-uuid-but-thirty-six-characters", ROLE_AGENT);
	decide();
	assert_int_equal(asked, 0);
	assert_int_equal(batch.verdicts[0].fate, FATE_APPLIED);
	assert_int_equal(batch.verdicts[1].fate, FATE_APPLIED);
}

static void test_rights__a_user_has_those_of_now(void **state)
{
	(void)state;
	add(ANNA, ROLE_AGENT);
	add(ANNA, ROLE_AGENT | ROLE_ADMIN);
	add(SERVICE, ROLE_AGENT);
	decide();
	assert_int_equal(asked, 1);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(batch.verdicts[i].fate, FATE_APPLIED);
	assert_int_equal(batch.items[1].command.roles, ROLE_AGENT);
}

static void test_rights__a_role_taken_away_counts_at_once(void **state)
{
	(void)state;
	anna.roles = ROLE_AUDITOR;
	add(ANNA, ROLE_AGENT);
	add(SERVICE, ROLE_AGENT);
	add(NOBODY, ROLE_AGENT);
	decide();
	assert_true(is_refused(0));
	assert_int_equal(batch.verdicts[1].fate, FATE_APPLIED);
	assert_true(is_refused(2));
}

static void test_rights__a_role_given_later_needs_a_new_token(void **state)
{
	(void)state;
	anna.roles = ROLE_AGENT;
	add(ANNA, ROLE_SUPERVISOR);
	decide();
	assert_true(is_refused(0));
}

static void test_rights__a_portal_user_acts_for_one_customer(void **state)
{
	(void)state;
	anna = (struct actor){ .roles = ROLE_CONSUMER, .customer_id = customer(2) };
	add(ANNA, ROLE_CONSUMER);
	decide();
	assert_true(is_refused(0));
	anna.customer_id = customer(1);
	decide();
	assert_int_equal(batch.verdicts[0].fate, FATE_APPLIED);
	/* who is an agent too, is one for everybody */
	anna = (struct actor){ .roles = ROLE_CONSUMER | ROLE_AGENT, .customer_id = customer(2) };
	batch.items[0].command.roles = ROLE_CONSUMER | ROLE_AGENT;
	decide();
	assert_int_equal(batch.verdicts[0].fate, FATE_APPLIED);
}

static void test_rights__a_user_has_the_scope_of_now(void **state)
{
	struct uuid creditor = customer(3);

	(void)state;
	anna.scope.creditors[anna.scope.creditors_count++] = creditor;
	add(ANNA, ROLE_AGENT);
	add(SERVICE, ROLE_AGENT);
	add(NOBODY, ROLE_AGENT);
	decide();
	assert_true(scope_has_creditor(batch.items[0].command.scope, &creditor));
	assert_false(batch.items[0].command.scope->all_creditors); /* as the token says */
	assert_ptr_equal(batch.items[1].command.scope, &scope_all);
	assert_ptr_equal(batch.items[2].command.scope, &scope_none);
}

static void test_rights__what_comes_with_an_ended_token_is_a_dead_letter(void **state)
{
	static const struct header kept[] = { { "ce_id", { "1", 1 } }, { "authorization", { "Bearer a.b.", 11 } } };
	const struct dead_letter *dead;
	struct uuid key = customer(1);
	struct buf packed;

	(void)state;
	anna.token_version = 2;
	add(ANNA, ROLE_AGENT);
	add(ANNA, ROLE_AGENT);
	add(SERVICE, ROLE_AGENT);
	batch.items[0].command.token_version = 1;
	batch.items[1].command.token_version = 2;
	decide();
	assert_int_equal(batch.verdicts[0].fate, FATE_DEAD);
	assert_int_equal(batch.verdicts[1].fate, FATE_APPLIED);
	assert_int_equal(batch.verdicts[2].fate, FATE_APPLIED); /* no account's */
	assert_int_equal(batch.changes.dead_count, 1);
	dead = &batch.changes.dead[0];
	assert_string_equal(dead->code, "ended_token");
	assert_true(uuid_equal(&dead->command_id, &batch.items[0].command.id));
	assert_true(uuid_equal(&dead->about, &key));
	buf_init(&packed, 4096);
	headers_pack(&packed, kept, COUNT(kept));
	assert_true(str_equal(dead->headers, buf_str(&packed)));
	buf_release(&packed);
	assert_true(batch.changes.log_count > 0);
	for (size_t i = 0; i < batch.changes.log_count; i++)
		assert_int_not_equal(batch.changes.log[i].command_offset, 0);
	decide(); /* the attempt is made again */
	assert_int_equal(batch.verdicts[0].fate, FATE_DEAD);
}

static void test_rights__what_waited_when_its_token_was_ended_is_refused(void **state)
{
	(void)state;
	anna.token_version = 1;
	add(ANNA, ROLE_AGENT);
	batch.items[0].was_parked = true;
	decide();
	assert_true(is_refused(0));
	batch.items[0].command.token_version = 1;
	batch.items[0].command.roles = ROLE_AGENT;
	decide();
	assert_int_equal(batch.verdicts[0].fate, FATE_APPLIED);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		TEST(test_rights__a_service_has_those_of_its_token),
		TEST(test_rights__a_user_has_those_of_now),
		TEST(test_rights__a_role_taken_away_counts_at_once),
		TEST(test_rights__a_role_given_later_needs_a_new_token),
		TEST(test_rights__a_portal_user_acts_for_one_customer),
		TEST(test_rights__a_user_has_the_scope_of_now),
		TEST(test_rights__what_comes_with_an_ended_token_is_a_dead_letter),
		TEST(test_rights__what_waited_when_its_token_was_ended_is_refused),
	};

	return cmocka_run_group_tests_name("rights at the worker", tests, NULL, NULL);
}
