/* `dcs verify` of a module that reacts (P13). The module is reports, with an answer to each debt that is made here, and rows of the
 * test's own; the logs of debts are what its rules have written. */
#include "base/array.h"
#include "model/topic.h"
#include "tests/io/mock_cluster.h"
#include "tests/io/verify_world.h"
#include "wire/envelope.h"

#define PART     0 /* of customer 2, whose events were all answered */
#define PART_BAD 1 /* of customer 1 */

static const struct follow follows[] = { { .module = "debts" } };
static const struct module reacting = { .name = "reports", .follows = follows, .follows_count = 1, .sends_as = ROLE_SUPERVISOR };

static struct verify_world world;
static struct mock_cluster mock;
static struct findings findings;

static void exec(const char *sql)
{
	const struct db_statement statement = { "", sql };

	store_must(&world.spec, db_run(world.spec.admin, &statement, NULL, NULL, &world.spec.err));
}

static void verify(void)
{
	const char *const more[] = { "--only", "P13", "--kafka-bootstrap", mock_cluster_bootstrap(&mock), NULL };

	world_verify_with(&findings, more);
}

/* ---- a history ---- */

static void create(unsigned number, unsigned customer)
{
	char reference[16];
	struct create_customer person = { .customer_id = spec_id('C', customer),
					  .kind = STR("natural"),
					  .full_name = STR("Erika Mustermann"),
					  .locale = STR("de-DE"),
					  .country = STR("DE") };
	struct create_debt debt = { .debt_id = spec_id('D', number),
				    .customer_id = person.customer_id,
				    .creditor_id = spec_id('R', 1),
				    .currency = STR("EUR"),
				    .principal_minor = 100000,
				    .opened_on = STORE_TODAY - 100,
				    .due_on = STORE_TODAY + 20 };

	snprintf(reference, sizeof(reference), "C-%u", customer);
	person.external_ref = str_of(reference);
	if (number < 10)
		world_do(&world, CUSTOMERS, &create_customer_type, &person);
	snprintf(reference, sizeof(reference), "D-%u", number);
	debt.external_ref = str_of(reference);
	world_do(&world, DEBTS, &create_debt_type, &debt);
}

/* An event of the log of debts, as its reader would be given it. */
struct seen {
	int64_t seq;
	struct uuid id, key;
	uint8_t hash[SHA256_SIZE];
};

static struct seen see(int32_t part, int64_t seq)
{
	static const struct db_statement select = {
		"test_see", "SELECT event_id, key, hash FROM debts.event_log WHERE part = $1 AND seq = $2"
	};
	struct seen seen = { .seq = seq };
	struct db_result result = { 0 };
	struct db_params params;

	db_params_init(&params, 64);
	db_param_int32(&params, part);
	db_param_int64(&params, seq);
	store_must(&world.spec, db_run(world.spec.admin, &select, &params, &result, &world.spec.err));
	assert_int_equal(result.rows, 1);
	seen.id = db_uuid(&result, 0, 0);
	seen.key = db_uuid(&result, 0, 1);
	memcpy(seen.hash, db_str(&result, 0, 2).data, SHA256_SIZE);
	db_result_release(&result);
	db_params_release(&params);
	return seen;
}

static struct uuid sent_id(const struct seen *seen)
{
	return uuid_derive(&seen->id, "amendment", 0);
}

/* The answer to the event sends a command; the positions are `position` and the log's end. */
static void answer(const struct seen *seen, const struct seen *position)
{
	static const uint8_t digest[DIGEST_SIZE] = { 2 };
	struct world_module_state *state = &world.modules[REPORTS];
	struct head *head = &state->heads[seen->key.bytes[15] % WORLD_PARTS];
	const struct command command = { .type = &event_answered_type,
					 .id = uuid_derive(&seen->id, "reports", 0),
					 .key = seen->key,
					 .now_ms = world.now_ms += 1000 };
	const struct event_answered answered = {
		.event_id = seen->id, .customer_id = seen->key, .topic = STR("dcs.debts.events.v1"), .partition = head->part
	};
	const struct command_issued issued = { .command_id = sent_id(seen),
					       .customer_id = seen->key,
					       .module = STR("debts"),
					       .command_type = STR("AmendDebt"),
					       .topic = answered.topic };
	const struct event events[] = { { .type = &event_answered_type, .body = &answered, .command = &command },
					{ .type = &command_issued_type, .body = &issued, .command = &command } };
	struct log_row log[COUNT(events)];
	struct workset set;
	struct changes changes = { .set = &set, .log = log, .log_count = COUNT(log), .heads = head, .heads_count = 1 };
	const struct opening opening = { .heads = head, .heads_count = 1 };
	enum open_result opened = OPEN_FENCED;
	int32_t fenced = -1;
	bool conflict = false;

	arena_reset(&world.arena);
	assert_true(workset_init(&set, &world.arena, 8));
	store_must(&world.spec, state->database.open(state->database.self, &opening, &opened, &fenced, &world.spec.err));
	assert_int_equal(opened, OPEN_READY);
	for (size_t i = 0; i < COUNT(log); i++)
		log[i] = world_log(&world, head, &events[i], i, head->next_offset, digest);
	head->followed[0] = (struct followed_head){ .next_offset = position->seq, .last_seq = position->seq };
	memcpy(head->followed[0].last_hash, position->hash, SHA256_SIZE);
	head->sent_seq = head->log_seq;
	store_must(&world.spec, state->database.write(state->database.self, &changes, &conflict, &world.spec.err));
	store_must(&world.spec, state->database.commit_send(state->database.self, &world.spec.err));
	store_must(&world.spec, state->database.commit_finish(state->database.self, &world.spec.err));
}

/* What the answer has sent comes to debts. */
static void receive(const struct seen *seen, unsigned number, unsigned customer)
{
	const struct amend_debt body = { .debt_id = spec_id('D', number),
					 .customer_id = spec_id('C', customer),
					 .has_due_on = true,
					 .due_on = STORE_TODAY + 30,
					 .reason = STR("such is the plan") };

	world_do_as(&world, DEBTS, &amend_debt_type, &body, (struct how){ .id = sent_id(seen) });
}

static int open_world(void **state)
{
	static uint8_t key[32];

	(void)state;
	store_key_file(key);
	mock_cluster_start(&mock);
	mock_cluster_topic(&mock, "dcs.debts.commands.v1", WORLD_PARTS);
	world_open(&world);
	exec("SELECT dcs_create_reaction('reports')");
	/* as a claim makes them; the world has claimed before the module reacts */
	exec("INSERT INTO reports.followed_head (part, source, next_offset, last_seq, last_hash) SELECT h.part, 'debts', 0, 0, "
	     "decode(repeat('00', 32), 'hex') FROM reports.partition_head h");
	pg_edge_react(world.modules[REPORTS].edge, &reacting);
	create(1, 2);
	create(11, 2);
	create(2, 1);
	create(12, 1);
	return 0;
}

static int close_world(void **state)
{
	(void)state;
	world_close(&world);
	mock_cluster_stop(&mock);
	store_key_file_remove();
	return 0;
}

/* ---- stories ---- */

static void test_verify_reactions__is_silent_about_answers_in_order(void **state)
{
	struct seen first = see(PART, 1);
	struct seen second = see(PART, 2);

	(void)state;
	answer(&first, &first);
	answer(&second, &second);
	receive(&first, 1, 2);
	receive(&second, 1, 2); /* refused: it is what it was */
	verify();
	then_silent(&findings);
	world_verify_with(&findings, (const char *const[]){ "--only", "P1,P2,P4,P5,P7", NULL });
	then_silent(&findings);
}

/* For dcs status. */
static int64_t kept_findings(void)
{
	static const struct db_statement select = { "test_kept", "SELECT findings FROM engine.drift WHERE promise = 'P13'" };
	struct db_result result = { 0 };
	int64_t count;

	store_must(&world.spec, db_run(world.spec.admin, &select, NULL, &result, &world.spec.err));
	assert_int_equal(result.rows, 1);
	count = db_int64(&result, 0, 0);
	db_result_release(&result);
	return count;
}

static void test_verify_reactions__finds_a_position_that_is_not_of_the_log(void **state)
{
	(void)state;
	exec("UPDATE reports.followed_head SET last_hash = sha256(last_hash) WHERE part = 0");
	verify();
	then_found(&findings, "P13", "the log of debts has no event with this number and hash");
	assert_int_equal(findings.count, 1);
	assert_int_equal(kept_findings(), 1);
	exec("UPDATE reports.followed_head f SET last_seq = 99 WHERE part = 0");
	verify();
	then_found(&findings, "P13", "position 99: the log of debts has no event");
	exec("UPDATE reports.followed_head f SET (last_seq, last_hash) = (SELECT 1, hash FROM debts.event_log WHERE part = 0 AND "
	     "seq = 1)"
	     " WHERE part = 0");
	verify();
	then_found(&findings, "P13", "answers seq 2 of debts, and the position is 1");
	exec("UPDATE reports.followed_head f SET (last_seq, last_hash) = (SELECT 2, hash FROM debts.event_log WHERE part = 0 AND "
	     "seq = 2)"
	     " WHERE part = 0");
	verify();
	then_silent(&findings);
}

static void test_verify_reactions__finds_a_sent_position_behind_the_log(void **state)
{
	(void)state;
	exec("UPDATE reports.sent_head SET log_seq = log_seq + 1 WHERE part = 0");
	verify();
	then_found(&findings, "P13", "and the log ends at 4");
	exec("UPDATE reports.sent_head SET log_seq = log_seq - 1 WHERE part = 0");
}

/* Of what was sent the target forgets one: only its topic can say that it is on its way. */
static void test_verify_reactions__finds_a_command_that_nobody_has(void **state)
{
	const struct bus_conf conf = { .bootstrap = mock_cluster_bootstrap(&mock), .client_id = "test" };
	struct seen second = see(PART, 2);
	struct command_head head = { .id = sent_id(&second), .source = STR("/dcs/reports"), .token = STR("t") };
	struct header headers[HEADERS_MAX];
	struct bus_producer *producer;
	size_t count;

	(void)state;
	exec("CREATE TABLE test_kept AS SELECT * FROM debts.event_row WHERE part = 0 AND seq = 4");
	exec("DELETE FROM debts.event_log WHERE part = 0 AND seq = 4");
	verify();
	then_found(&findings, "P13", "reports part 0 seq 4: a command is said to be sent, and is neither known to debts nor");
	assert_int_equal(findings.count, 1);
	exec("UPDATE reports.sent_head SET log_seq = 3 WHERE part = 0"); /* it was not sent yet */
	verify();
	then_silent(&findings);
	exec("UPDATE reports.sent_head SET log_seq = 4 WHERE part = 0");
	exec("UPDATE debts.partition_head SET next_offset = 0 WHERE part = 0");
	arena_reset(&world.arena);
	store_must(&world.spec, envelope_write_command(&amend_debt_type, &head, &world.arena, headers, &count, &world.spec.err));
	store_must(&world.spec, bus_producer_open(&conf, &producer, &world.spec.err));
	store_must(&world.spec, bus_produce(producer, "dcs.debts.commands.v1", PART, STR("key"), STR("value"), headers, count,
					    NULL, NULL, &world.spec.err));
	store_must(&world.spec, bus_producer_flush(producer, STORE_TIMEOUT_MS, &world.spec.err));
	bus_producer_close(producer);
	verify();
	then_silent(&findings);
	exec("INSERT INTO debts.event_row SELECT * FROM test_kept");
}

/* A row whose packed body was cut: it is a finding, and the others are still looked at. */
static void test_verify_reactions__finds_a_body_that_was_cut(void **state)
{
	const char *const more[] = { "--only", "P2,P13", "--kafka-bootstrap", mock_cluster_bootstrap(&mock), NULL };

	(void)state;
	exec("CREATE TABLE test_cut AS SELECT * FROM reports.event_row WHERE part = 0 AND get_byte(body, 0) = 1");
	assert_int_equal(store_number(&world.spec, "test_cut_rows", "SELECT count(*) FROM test_cut"), 4);
	for (int size = 1; size < 12; size++) {
		char sql[128];

		snprintf(sql, sizeof(sql), "UPDATE reports.event_row SET body = substr(body, 1, %d) WHERE part = 0 AND seq = 2",
			 size);
		exec(sql);
		world_verify_with(&findings, more);
		then_found(&findings, "P2", "reports part 0 seq 2: the hash is not");
		then_found(&findings, "P2", "reports part 0 seq 2: the body cannot be decoded");
		assert_int_equal(findings.count, 2);
		exec("UPDATE reports.event_row e SET body = c.body FROM test_cut c WHERE e.part = 0 AND e.seq = 2 AND c.seq = 2");
	}
	world_verify_with(&findings, more);
	then_silent(&findings);
	exec("DROP TABLE test_cut");
}

/* The second debt's event first: the answer to the first comes too late, or its answer was forgotten and given again. */
static void test_verify_reactions__finds_an_answer_out_of_order(void **state)
{
	struct seen first = see(PART_BAD, 1);
	struct seen second = see(PART_BAD, 2);

	(void)state;
	answer(&second, &second);
	receive(&second, 2, 1);
	verify();
	then_silent(&findings); /* an event that needs no answer has none */
	answer(&first, &second);
	receive(&first, 2, 1);
	verify();
	then_found(&findings, "P13", "reports part 1 seq 3: answers no event of debts behind the one");
	assert_int_equal(findings.count, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_verify_reactions__is_silent_about_answers_in_order),
		cmocka_unit_test(test_verify_reactions__finds_a_position_that_is_not_of_the_log),
		cmocka_unit_test(test_verify_reactions__finds_a_sent_position_behind_the_log),
		cmocka_unit_test(test_verify_reactions__finds_a_command_that_nobody_has),
		cmocka_unit_test(test_verify_reactions__finds_a_body_that_was_cut),
		cmocka_unit_test(test_verify_reactions__finds_an_answer_out_of_order),
	};

	return cmocka_run_group_tests_name("verify_reactions", tests, open_world, close_world);
}
