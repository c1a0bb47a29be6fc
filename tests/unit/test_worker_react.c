/* The rows of a batch of a module that reacts: answers to events of another module, and commands to other modules. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/crypto.h"
#include "schemas/communications.h"
#include "schemas/debts.h"
#include "schemas/engine.h"
#include "schemas/reports.h"
#include "tests/unit/dies.h"
#include "tests/unit/no_answers.h"
#include "worker/batch.h"

#define NOW_MS    1700000000000
#define TODAY     20454
#define PART      3
#define BEFORE    17 /* the next offset of the commands */
#define AT        99 /* the offset of the event */
#define ITEMS_MAX 4

static struct uuid id_of(char kind, unsigned number)
{
	struct uuid id = { .bytes = { 0x01, 0x9a, [6] = 0x70, [8] = 0x80, [11] = (uint8_t)kind } };

	id.bytes[15] = (uint8_t)number;
	return id;
}

/* ---- a module of the test's own ---- */

static unsigned sendings;      /* how many commands a decision sends */
static size_t parameters;      /* of each message that it sends, instead of an amendment */
static bool is_silent;         /* it has nothing to do */
static struct uuid sent_about; /* customer of what it sends */
static size_t evolved;

static void touch_nothing(const struct command *command, struct workset *set)
{
	(void)command;
	(void)set;
}

static void send_amendment(struct decision *decision, unsigned number)
{
	const struct uuid id = id_of('!', number);
	struct amend_debt *body = decision_send(decision, &amend_debt_type, &id);

	body->debt_id = id_of('D', number);
	body->customer_id = sent_about;
	body->reason = STR("such is the plan");
}

static void send_message(struct decision *decision, unsigned number)
{
	static char text[500];
	static struct template_parameter values[32];
	const struct uuid id = id_of('!', number);
	struct send_communication *body = decision_send(decision, &send_communication_type, &id);

	memset(text, 'a', sizeof(text));
	for (size_t i = 0; i < parameters; i++)
		values[i] = (struct template_parameter){ STR("plan"), { text, sizeof(text) } };
	body->communication_id = id;
	body->customer_id = sent_about;
	body->channel = STR("email");
	body->parameters = values;
	body->parameters_count = parameters;
}

static void decide(const struct command *command, const struct workset *set, struct decision *decision)
{
	struct report_requested *event;
	struct uuid read = id_of('D', 7);

	(void)set;
	if (is_silent)
		return;
	event = decision_event(decision, &report_requested_type);
	event->report_id = command->key;
	event->version = 1;
	event->kind = STR("ageing");
	event->format = STR("csv");
	event->requested_by = STR("event");
	for (unsigned i = 1; i <= sendings; i++)
		(parameters > 0 ? send_message : send_amendment)(decision, i);
	decision_read(decision, "debt", &read, 5);
}

static void evolve(struct workset *set, const struct event *event)
{
	(void)set;
	evolved += event->type == &report_requested_type ? 1 : 100;
}

static const struct rule event_rule = { &debt_paid_type, touch_nothing, decide, false, false };
static const struct rule command_rule = { &generate_report_type, touch_nothing, decide, false, false };
static const struct follow follows[] = { { .module = "users" }, { .module = "debts", .rules = &event_rule, .rules_count = 1 } };
static const struct module reacting = { .name = "reports",
					.rules = &command_rule,
					.rules_count = 1,
					.follows = follows,
					.follows_count = 2,
					.sends_as = ROLE_SUPERVISOR,
					.evolve = evolve };
static struct module as_nobody; /* the same, and may not send */

/* ---- a batch ---- */

static struct engine engine;
static struct batch batch;
static struct arena arena; /* of what is read here */
static struct err err;
static const struct debt_paid paid;
static const struct generate_report report;

static int fake_load(void *self, struct slot **slots, size_t count, struct err *ret_err)
{
	(void)self;
	(void)ret_err;
	for (size_t i = 0; i < count; i++)
		slots[i]->loaded = true;
	return 0;
}

static int set_up(void **state)
{
	const struct engine_conf conf = { .batch_items_max = ITEMS_MAX, .arena_size = 1 << 20, .wait_max_ms = 1000 };

	(void)state;
	err = (struct err)ERR_INIT;
	engine = (struct engine){ .conf = conf };
	if (crypto_init(&err) < 0 || batch_init(&batch, &conf, &err) < 0 || arena_init(&arena, 1 << 16, &err) < 0)
		return -1;
	engine.admission = (struct admission){ .module = &reacting };
	engine.database.load = fake_load;
	engine.database.find_answers = no_answers;
	engine.partitions[PART].head =
		(struct head){ .part = PART, .log_seq = 10, .next_offset = BEFORE, .business_date = TODAY };
	batch_reset(&batch);
	sendings = 0;
	parameters = evolved = 0;
	is_silent = false;
	sent_about = id_of('C', 1);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	batch_release(&batch);
	arena_release(&arena);
	return 0;
}

static struct item *add(enum item_kind kind, const struct rule *rule, const void *body)
{
	struct item *item = &batch.items[batch.items_count++];

	*item = (struct item){ .kind = kind, .part = PART, .offset = BEFORE, .rule = rule };
	item->command = (struct command){ .type = rule->type,
					  .body = body,
					  .id = id_of('A', 1),
					  .key = id_of('C', 1),
					  .correlation_id = id_of('R', 1),
					  .actor = kind == ITEM_EVENT ? STR("event") : STR("anna"),
					  .roles = UINT32_MAX,
					  .scope = &scope_all,
					  .now_ms = NOW_MS };
	return item;
}

static void add_event(void)
{
	struct item *item = add(ITEM_EVENT, &event_rule, &paid);

	item->source = 2;
	item->record.offset = AT;
	item->event_id = id_of('E', 1);
	item->after = (struct followed_head){ .next_offset = AT + 1, .last_seq = 40 };
}

static int try(void)
{
	struct answer *answers;
	size_t count;
	bool is_conflict;

	if (batch_begin(&batch, &engine, 0, batch.items_count, false, &answers, &count, &err) < 0 ||
	    engine.database.load(engine.database.self, batch.set.missing, batch.set.missing_count, &err) < 0)
		return -1;
	return batch_decide(&batch, &engine, answers, count, &is_conflict, &err);
}

static void decide_all(void)
{
	if (try() < 0)
		fail_msg("unexpected failure: %s", err.text);
}

static const void *body_of(struct str value, const struct message_type *expected)
{
	const struct message_type *type;
	const void *body;

	if (coder_decode(value, &arena, &type, &body, &err) < 0)
		fail_msg("unexpected failure: %s", err.text);
	assert_ptr_equal(type, expected);
	return body;
}

static void assert_id(const struct uuid *id, struct uuid expected)
{
	assert_true(uuid_equal(id, &expected));
}

/* ---- rows ---- */

static void test_react__an_answer_is_the_event_s_place_then_events_then_commands(void **state)
{
	const struct message_type *const types[] = { &event_answered_type, &report_requested_type, &command_issued_type,
						     &command_issued_type };

	(void)state;
	sendings = 2;
	add_event();
	decide_all();
	assert_int_equal(batch.verdicts[0].fate, FATE_APPLIED);
	assert_int_equal(batch.changes.log_count, 4);
	for (size_t i = 0; i < 4; i++) {
		const struct log_row *row = &batch.changes.log[i];

		assert_int_equal(row->schema_id, types[i]->schema_id);
		assert_int_equal(row->seq, 11 + (int64_t)i);
		assert_int_equal(row->command_offset, BEFORE);
		assert_int_equal(row->at_ms, NOW_MS);
		assert_id(&row->key, id_of('C', 1));
		assert_id(&row->command_id, id_of('A', 1));
		assert_id(&row->correlation_id, id_of('R', 1));
		assert_id(&row->event_id, uuid_derive(&row->command_id, "event", i));
		assert_true((row->command_digest != NULL) == (i == 0)); /* one of them closes the id */
	}
	assert_int_equal(batch.changes.events_count, 1); /* the module's store sees its own events only */
	assert_ptr_equal(batch.changes.events[0].event->type, &report_requested_type);
	assert_int_equal(batch.changes.events[0].seq, 12);
	assert_int_equal(evolved, 1);
}

static void test_react__an_answer_names_the_event_and_where_it_stands(void **state)
{
	const struct event_answered *answered;

	(void)state;
	add_event();
	decide_all();
	answered = body_of(batch.changes.log[0].body, &event_answered_type);
	assert_id(&answered->event_id, id_of('E', 1));
	assert_id(&answered->customer_id, id_of('C', 1));
	assert_true(str_is(answered->topic, "dcs.debts.events.v1"));
	assert_int_equal(answered->partition, PART);
	assert_int_equal(answered->offset, AT);
	assert_int_equal(answered->before_offset, BEFORE);
	assert_int_equal(answered->business_date, TODAY);
	assert_true(str_is(answered->actor, "event"));
	assert_id(&batch.changes.log[0].subject, id_of('E', 1));
}

static void test_react__a_sent_command_stands_in_its_row_as_it_will_be_sent(void **state)
{
	const struct command_issued *issued;
	const struct amend_debt *amendment;

	(void)state;
	sendings = 2;
	add_event();
	decide_all();
	issued = body_of(batch.changes.log[3].body, &command_issued_type);
	assert_id(&issued->command_id, id_of('!', 2));
	assert_id(&batch.changes.log[3].subject, id_of('!', 2));
	assert_id(&issued->customer_id, id_of('C', 1));
	assert_true(str_is(issued->module, "debts"));
	assert_true(str_is(issued->command_type, "AmendDebt"));
	assert_true(str_is(issued->topic, "dcs.debts.events.v1"));
	assert_int_equal(issued->partition, PART);
	assert_int_equal(issued->offset, AT);
	assert_true(str_is(issued->actor, "event"));
	assert_int_equal(issued->reads_count, 1);
	assert_true(str_is(issued->reads[0].entity, "debt"));
	assert_id(&issued->reads[0].id, id_of('D', 7));
	assert_int_equal(issued->reads[0].version, 5);
	amendment = body_of(issued->value, &amend_debt_type);
	assert_id(&amendment->debt_id, id_of('D', 2));
	assert_true(str_is(amendment->reason, "such is the plan"));
}

/* It answers a record of the module's own topic, and nothing says so but the rows of what it sends. */
static void test_react__a_command_may_send_too(void **state)
{
	const struct command_issued *issued;

	(void)state;
	sendings = 1;
	add(ITEM_COMMAND, &command_rule, &report);
	decide_all();
	assert_int_equal(batch.changes.log_count, 2);
	assert_int_equal(batch.changes.log[0].schema_id, report_requested_type.schema_id);
	assert_non_null(batch.changes.log[0].command_digest);
	issued = body_of(batch.changes.log[1].body, &command_issued_type);
	assert_true(str_is(issued->topic, "dcs.reports.commands.v1"));
	assert_int_equal(issued->offset, BEFORE);
	assert_true(str_is(issued->actor, "anna"));
}

/* ---- positions ---- */

static void test_react__an_event_without_an_answer_moves_the_position_only(void **state)
{
	(void)state;
	is_silent = true;
	add_event();
	decide_all();
	assert_int_equal(batch.verdicts[0].fate, FATE_PASSED);
	assert_int_equal(batch.changes.log_count, 0);
	assert_int_equal(batch.changes.heads_count, 1);
	assert_int_equal(batch.changes.heads[0].followed[1].next_offset, AT + 1);
	assert_int_equal(batch.changes.heads[0].followed[1].last_seq, 40);
	assert_int_equal(batch.changes.heads[0].followed[0].next_offset, 0);
	assert_int_equal(batch.changes.heads[0].next_offset, BEFORE);
	assert_int_equal(batch.changes.heads[0].log_seq, 10);
}

/* What a batch of one source says of the counts of another: nothing. */
static void test_react__a_commit_is_of_the_sources_of_its_records(void **state)
{
	struct head *head = &engine.partitions[PART].head;

	(void)state;
	for (size_t source = 0; source < 3; source++)
		head->quarantine[source] = (struct quarantine){ .tries = 2, .crashes = 1, .batch_max = 7, .left = 9 };
	add_event();
	decide_all();
	for (size_t source = 0; source < 3; source++) {
		const struct quarantine *after = &batch.changes.heads[0].quarantine[source];

		assert_int_equal(after->tries, source == 2 ? 0 : 2);
		assert_int_equal(after->crashes, source == 2 ? 0 : 1);
		assert_int_equal(after->left, source == 2 ? 8 : 9);
	}
}

/* What is not acknowledged is not said to be sent, whatever else the batch moves. */
static void test_react__a_batch_writes_how_far_is_sent(void **state)
{
	(void)state;
	engine.partitions[PART].given_seq = 6;
	add_event();
	decide_all();
	assert_int_equal(batch.changes.heads[0].sent_seq, 6);
}

/* ---- limits ---- */

static void test_react__a_command_that_is_too_large_is_the_rule_s_fault(void **state)
{
	(void)state;
	sendings = 1;
	parameters = 7;
	add_event();
	decide_all();
	batch_reset(&batch);
	parameters = 9; /* above SENDING_SIZE_MAX */
	add_event();
	assert_int_equal(try(), -1);
	assert_int_equal(err.kind, ERR_POISON);
	assert_false(batch.is_too_large); /* a smaller batch does not help */
}

static void send_about_another(void)
{
	sendings = 1;
	sent_about = id_of('C', 2);
	add_event();
	(void)!try();
}

static void send_as_nobody(void)
{
	as_nobody = reacting;
	as_nobody.sends_as = 0;
	engine.admission.module = &as_nobody;
	sendings = 1;
	add_event();
	(void)!try();
}

static void test_react__misused_sendings_are_bugs(void **state)
{
	(void)state;
	assert_true(dies(send_about_another));
	assert_true(dies(send_as_nobody));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_react__an_answer_is_the_event_s_place_then_events_then_commands),
		TEST(test_react__an_answer_names_the_event_and_where_it_stands),
		TEST(test_react__a_sent_command_stands_in_its_row_as_it_will_be_sent),
		TEST(test_react__a_command_may_send_too),
		TEST(test_react__an_event_without_an_answer_moves_the_position_only),
		TEST(test_react__a_commit_is_of_the_sources_of_its_records),
		TEST(test_react__a_batch_writes_how_far_is_sent),
		TEST(test_react__a_command_that_is_too_large_is_the_rule_s_fault),
		TEST(test_react__misused_sendings_are_bugs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
