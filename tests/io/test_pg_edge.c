/* The engine's edge to PostgreSQL: who owns a partition, what a transaction leaves, and what comes of a connection that dies. */

#include <sys/socket.h>

#include "base/array.h"
#include "db/connection.h"
#include "tests/io/pg_edge_spec.h"
#include "worker/rights.h"

/* ---- who owns a partition ---- */

static void test_pg_edge__a_claim_makes_the_head_and_raises_its_epoch(void **state)
{
	struct world *world = *state;
	const int32_t parts[] = { 7, 0, 3 };
	struct head heads[3] = { { .part = 7 }, { .part = 0 }, { .part = 3 } };

	must(world, world->database.claim(world->database.self, heads, 3, "first", &world->err));
	for (size_t index = 0; index < 3; index++) {
		assert_int_equal(heads[index].part, parts[index]);
		assert_int_equal(heads[index].epoch, 1);
		assert_int_equal(heads[index].next_offset, 0);
		assert_int_equal(heads[index].log_seq, 0);
		assert_int_equal(heads[index].business_date, INT32_MIN);
		assert_false(heads[index].has_digest);
		assert_false(heads[index].halted);
		assert_true(uuid_is_none(&heads[index].last_id));
	}
	assert_int_equal(claim(world, 3).epoch, 2);
	assert_int_equal(store_number(&spec, "owners", "SELECT count(*) FROM customers.partition_head WHERE owner = 'test'"), 1);
}

static void test_pg_edge__a_claim_reads_what_the_last_batch_wrote(void **state)
{
	struct world *world = *state;
	struct head head = claim(world, OWNED);
	struct head again;
	struct changes changes = { .log_count = 0 };

	head.next_offset = 1;
	head.has_digest = true;
	memcpy(head.last_digest, digest_a, DIGEST_SIZE);
	head.last_id = spec_id('C', 9);
	head.tick_at_ms = 1700000000123;
	head.business_date = STORE_TODAY;
	head.tick_cursor = 77;
	head.timers_done = 17;
	head.due.before = 76;
	head.due.at_ms = 1700000000456;
	head.due.on = STORE_TODAY;
	do_batch(world, &changes, &head);
	again = claim(world, OWNED);
	assert_int_equal(again.epoch, head.epoch + 1);
	assert_int_equal(again.quarantine[0].tries, 1);
	again.epoch = head.epoch;
	again.quarantine[0].tries = 0;
	assert_memory_equal(&again, &head, sizeof(head));
}

static void assert_fenced(struct world *world, const struct head *head)
{
	int32_t fenced = -1;

	assert_int_equal(try_open(world, head, &fenced), OPEN_FENCED);
	assert_int_equal(fenced, head->part);
	world->database.abandon(world->database.self);
}

static void test_pg_edge__an_older_owner_is_fenced(void **state)
{
	struct world *world = *state;
	struct world newer;
	struct head old = claim(world, OWNED);
	struct head head;
	bool is_fenced = false;

	world_open(&newer);
	head = claim(&newer, OWNED);
	assert_fenced(world, &old);
	must(world, world->database.halt(world->database.self, &old, "not mine to say", &is_fenced, &world->err));
	assert_true(is_fenced);
	open_batch(&newer, &head);
	newer.database.abandon(newer.database.self);
	world_close(&newer);
}

static void test_pg_edge__another_position_is_fenced(void **state)
{
	struct world *world = *state;
	struct head head = claim(world, OWNED);

	head.next_offset = 5;
	assert_fenced(world, &head);
}

static void test_pg_edge__a_halted_partition_is_fenced_and_tells_why(void **state)
{
	struct world *world = *state;
	struct head head = claim(world, OWNED);
	bool is_fenced = true;

	must(world, world->database.halt(world->database.self, &head, "the reason", &is_fenced, &world->err));
	assert_false(is_fenced);
	assert_fenced(world, &head);
	assert_true(claim(world, OWNED).halted);
	assert_int_equal(store_number(&spec, "reason",
				      "SELECT count(*) FROM customers.partition_head WHERE reason = 'the reason'"),
			 1);
}

/* ---- owners that die ---- */

/* By somebody who never held it. */
static void dies_with_it(struct world *world, int32_t tries, int32_t crashes)
{
	struct head head = claim(world, OWNED);

	assert_int_equal(head.quarantine[0].tries, tries);
	assert_int_equal(head.quarantine[0].crashes, crashes);
}

static void note_attempt(struct world *world, const struct head *head, bool is_fenced)
{
	bool was_fenced = !is_fenced;

	must(world, world->database.note_attempt(world->database.self, head, 0, &was_fenced, &world->err));
	assert_int_equal(was_fenced, is_fenced);
}

static void test_pg_edge__claims_that_come_to_nothing_are_counted(void **state)
{
	struct world *world = *state;
	struct head head;
	struct changes changes = { .log_count = 0 };

	claim(world, OWNED);
	dies_with_it(world, 1, 0);
	dies_with_it(world, 2, 0);
	head = claim(world, OWNED);
	note_attempt(world, &head, false);
	head = claim(world, OWNED);
	assert_int_equal(head.quarantine[0].tries, 4);
	assert_int_equal(head.quarantine[0].crashes, 1);
	note_attempt(world, &head, false);
	note_attempt(world, &head, false); /* the same death, if it is one */
	head = claim(world, OWNED);
	assert_int_equal(head.quarantine[0].crashes, 2);
	head.quarantine[0].tries = head.quarantine[0].crashes = 0; /* as the engine does */
	head.next_offset = 1;
	do_batch(world, &changes, &head);
	dies_with_it(world, 1, 0);
}

static void assert_in_quarantine(const struct head *head, int32_t quarantine, int64_t left)
{
	assert_int_equal(head->quarantine[0].batch_max, quarantine);
	assert_int_equal(head->quarantine[0].left, left);
}

/* It survives its owners: those that die, those that let go, those that claim again; and each commit says what is left of it. */
static void test_pg_edge__a_quarantine_stands_in_the_head(void **state)
{
	struct world *world = *state;
	struct head head = claim(world, OWNED);
	struct changes changes = { .log_count = 0 };

	head.quarantine[0].batch_max = 125;
	head.quarantine[0].left = 2000;
	note_attempt(world, &head, false);
	head = claim(world, OWNED);
	assert_in_quarantine(&head, 125, 2000);
	assert_int_equal(head.quarantine[0].crashes, 1);
	head.quarantine[0].batch_max = 7;
	head.quarantine[0].left = 125;
	head.quarantine[0].crashes = 0;
	must(world, world->database.claim(world->database.self, &head, 1, "test", &world->err));
	assert_in_quarantine(&head, 7, 125);
	head.quarantine[0].left = 118;
	head.next_offset = 1;
	do_batch(world, &changes, &head);
	head = claim(world, OWNED);
	assert_in_quarantine(&head, 7, 118);
	head.quarantine[0].batch_max = 1;
	must(world, world->database.release(world->database.self, &head, 1, &world->err));
	head = claim(world, OWNED);
	assert_in_quarantine(&head, 1, 118);
}

static void test_pg_edge__who_claims_again_has_not_died(void **state)
{
	struct world *world = *state;
	struct head head = claim(world, OWNED);
	struct head old = head;

	note_attempt(world, &head, false);
	must(world, world->database.claim(world->database.self, &head, 1, "test", &world->err));
	assert_int_equal(head.quarantine[0].tries, 0);
	assert_int_equal(head.quarantine[0].crashes, 0);
	note_attempt(world, &old, true); /* an older epoch */
	dies_with_it(world, 1, 0);
}

static void test_pg_edge__who_lets_go_has_not_died(void **state)
{
	struct world *world = *state;
	struct head head;

	claim(world, OWNED);
	dies_with_it(world, 1, 0);
	head = claim(world, OWNED);
	note_attempt(world, &head, false);
	must(world, world->database.release(world->database.self, &head, 1, &world->err));
	dies_with_it(world, 2, 0);
	must(world, world->database.release(world->database.self, &head, 1, &world->err)); /* not his any more */
	dies_with_it(world, 3, 0);
}

/* ---- a batch ---- */

static void test_pg_edge__answers_are_found_with_their_digest(void **state)
{
	struct world *world = *state;
	struct head head = claim(world, OWNED);
	struct answer answers[2] = { { .command_id = spec_id('C', 2) }, { .command_id = spec_id('C', 1) } };
	struct log_row rows[2];
	struct changes changes = { .log = rows, .log_count = 2 };
	const struct opening opening = { .heads = &head, .heads_count = 1, .answers = answers, .answers_count = 2 };
	enum open_result result;
	int32_t fenced;

	head.next_offset = 1;
	rows[0] = log_row(&head, 1, digest_a);
	rows[1] = log_row(&head, 2, NULL); /* an event that answers nothing */
	do_batch(world, &changes, &head);
	must(world, world->database.open(world->database.self, &opening, &result, &fenced, &world->err));
	assert_int_equal(result, OPEN_READY);
	assert_false(answers[0].found);
	assert_true(answers[1].found);
	assert_memory_equal(answers[1].digest, digest_a, DIGEST_SIZE);
	world->database.abandon(world->database.self);
}

static void test_pg_edge__a_second_answer_is_a_conflict_and_leaves_nothing(void **state)
{
	struct world *world = *state;
	struct head head = claim(world, OWNED);
	struct head other = claim(world, OTHER);
	struct log_row row;
	struct changes changes = { .log = &row, .log_count = 1 };
	bool conflict;

	head.next_offset = other.next_offset = 1;
	row = log_row(&head, 1, digest_a);
	do_batch(world, &changes, &head);

	other.next_offset = 0;
	open_batch(world, &other);
	row = log_row(&other, 1, digest_a);
	changes.heads = &other;
	assert_int_equal(try_write(world, &changes, &conflict), -1);
	assert_true(conflict);
	world->database.abandon(world->database.self);
	assert_int_equal(store_number(&spec, "rows", "SELECT count(*) FROM customers.event_log"), 1);
	assert_int_equal(claim(world, OTHER).log_seq, 0);
}

static void test_pg_edge__data_that_is_refused_is_poison_and_no_conflict(void **state)
{
	struct world *world = *state;
	struct head head = claim(world, OWNED);
	struct log_row row;
	struct changes changes = { .log = &row, .log_count = 1, .set = &world->set, .heads = &head, .heads_count = 1 };
	bool conflict;

	open_batch(world, &head);
	row = log_row(&head, 1, digest_a);
	row.traceparent = STR("\xff is no UTF-8");
	assert_int_equal(try_write(world, &changes, &conflict), -1);
	assert_int_equal(world->err.kind, ERR_POISON);
	assert_false(conflict);
	world->database.abandon(world->database.self);
	assert_int_equal(claim(world, OWNED).epoch, head.epoch + 1); /* the connection is as good as before */
}

static int refuse(struct db *db, struct err *err)
{
	(void)db;
	return err_set(err, ERR_POISON, "the store's own trouble");
}

static void test_pg_edge__what_the_store_refuses_is_told_and_undone(void **state)
{
	struct world *world = *state;
	struct head head = claim(world, OWNED);
	struct log_row row;
	struct logged_event event = { .part = OWNED };
	struct changes changes = { .log = &row, .log_count = 1, .events = &event, .events_count = 1, .set = &world->set };
	bool conflict;

	world->fake.in_save = refuse;
	open_batch(world, &head);
	row = log_row(&head, 1, digest_a);
	assert_int_equal(try_write(world, &changes, &conflict), -1);
	assert_string_equal(world->err.text, "the store's own trouble");
	assert_false(conflict);
	assert_int_equal(world->fake.saved, 1);
	world->database.abandon(world->database.self);
	assert_int_equal(store_number(&spec, "rows", "SELECT count(*) FROM customers.event_log"), 0);
}

static void test_pg_edge__a_batch_is_abandoned_at_any_point(void **state)
{
	struct world *world = *state;
	struct head head = claim(world, OWNED);
	struct changes changes = { .log_count = 0 };
	struct head moved = head;

	moved.next_offset = 1;
	world->database.abandon(world->database.self); /* nothing is under way */
	open_batch(world, &head);
	world->database.abandon(world->database.self);
	open_batch(world, &head);
	write_changes(world, &changes, &moved);
	world->database.abandon(world->database.self);
	open_batch(world, &head); /* nothing has moved */
	write_changes(world, &changes, &moved);
	must(world, world->database.commit_send(world->database.self, &world->err));
	world->database.abandon(world->database.self); /* too late: it is committed */
	assert_int_equal(claim(world, OWNED).next_offset, 1);
}

static void test_pg_edge__an_older_owner_is_fenced_whatever_it_loads(void **state)
{
	struct world *world = *state;
	struct head old = claim(world, OWNED);
	struct uuid user = spec_id('U', 1);
	struct opening opening;
	enum open_result result;
	int32_t fenced;

	workset_touch(&world->set, &actor_entity, &user, (struct str){ 0 });
	(void)claim(world, OWNED);
	opening = (struct opening){ &old, 1, .slots = world->set.missing, .slots_count = world->set.missing_count };
	must(world, world->database.open(world->database.self, &opening, &result, &fenced, &world->err));
	assert_int_equal(result, OPEN_FENCED);
	assert_int_equal(fenced, OWNED);
	world->database.abandon(world->database.self);
}

static void test_pg_edge__rights_are_the_users_modules_the_rest_is_the_stores(void **state)
{
	struct world *world = *state;
	struct head head = claim(world, OWNED);
	struct uuid known = spec_id('U', 1);
	struct uuid unknown = spec_id('U', 2);
	const struct actor *actor;
	struct opening opening;
	enum open_result result;
	int32_t fenced;

	store_sql(&spec, "user",
		  "INSERT INTO users.account (user_id, login, state, roles, customer_id, version, registered_at, scope, "
		  "token_version) VALUES"
		  " ('019a0000-0000-7000-8000-005500000001', 'ann', 'active', 9, NULL, 1, now(),"
		  " '019a0000-0000-7000-8000-005500000001;*', 4) ON CONFLICT DO NOTHING");
	workset_touch(&world->set, &actor_entity, &known, (struct str){ 0 });
	workset_touch(&world->set, &actor_entity, &unknown, (struct str){ 0 });
	workset_touch(&world->set, &customer_entity, &known, (struct str){ 0 });
	opening = (struct opening){ &head, 1, .slots = world->set.missing, .slots_count = world->set.missing_count };
	must(world, world->database.open(world->database.self, &opening, &result, &fenced, &world->err));
	world->database.abandon(world->database.self);
	assert_int_equal(result, OPEN_READY);
	assert_int_equal(world->fake.loaded, 1);
	actor = workset_state(&world->set, &actor_entity, &known);
	assert_non_null(actor);
	assert_int_equal(actor->roles, 9);
	assert_int_equal(actor->token_version, 4);
	assert_true(scope_has_creditor(&actor->scope, &known));
	assert_false(actor->scope.all_creditors);
	assert_true(actor->scope.all_sources);
	assert_null(workset_state(&world->set, &actor_entity, &unknown));
}

/* ---- a connection that dies ---- */

static void kill_connections(void)
{
	store_sql(&spec, "kill", "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE usename = 'dcs_customers'");
}

static void test_pg_edge__a_lost_connection_is_retry_until_the_next_claim(void **state)
{
	struct world *world = *state;
	struct head head = claim(world, OWNED);
	struct keyset keys;
	struct log_row *rows;
	const struct opening opening = { .heads = &head, .heads_count = 1 };
	enum open_result result;
	bool is_fenced;
	int32_t fenced;
	size_t count;

	kill_connections();
	keyset_init(&keys, 10);
	assert_int_equal(world->database.open(world->database.self, &opening, &result, &fenced, &world->err), -1);
	assert_int_equal(world->err.kind, ERR_RETRY);
	world->database.abandon(world->database.self);
	assert_int_equal(world->database.read_held(world->database.self, OWNED, INT64_MAX, &keys, &world->err), -1);
	assert_int_equal(world->err.kind, ERR_RETRY);
	assert_int_equal(world->database.halt(world->database.self, &head, "no", &is_fenced, &world->err), -1);
	assert_int_equal(world->err.kind, ERR_RETRY);
	assert_int_equal(world->database.read_log(world->database.self, OWNED, 1, 10, &world->arena, &rows, &count, &world->err),
			 -1);
	assert_int_equal(world->err.kind, ERR_RETRY);
	assert_int_equal(claim(world, OWNED).epoch, head.epoch + 1);
	keyset_release(&keys);
}

static void test_pg_edge__before_the_first_claim_there_is_no_connection(void **state)
{
	struct world *world = *state;
	struct keyset keys;

	keyset_init(&keys, 10);
	assert_int_equal(world->database.read_held(world->database.self, OWNED, INT64_MAX, &keys, &world->err), -1);
	assert_int_equal(world->err.kind, ERR_RETRY);
	world->database.abandon(world->database.self);
	keyset_release(&keys);
}

static void write_and_send_commit(struct world *world, struct head *head)
{
	struct changes changes = { .log_count = 0 };
	struct head moved = *head;

	moved.next_offset = 1;
	open_batch(world, head);
	write_changes(world, &changes, &moved);
	must(world, world->database.commit_send(world->database.self, &world->err));
}

/* The COMMIT was carried out, its answer is lost on the way. */
static void test_pg_edge__a_commit_in_doubt_that_happened_is_seen_by_the_next_claim(void **state)
{
	struct world *world = *state;
	struct head head = claim(world, OWNED);
	struct logged_event event = { .part = OWNED };
	struct changes changes = { .events = &event, .events_count = 1 };
	struct head moved = head;

	moved.next_offset = 1;
	open_batch(world, &head);
	write_changes(world, &changes, &moved);
	assert_int_equal(shutdown(PQsocket(world->fake.db->pg), SHUT_RD), 0);
	must(world, world->database.commit_send(world->database.self, &world->err));
	while (store_number(&spec, "moved", "SELECT max(next_offset) FROM customers.partition_head") == 0)
		;
	assert_int_equal(world->database.commit_finish(world->database.self, &world->err), -1);
	assert_int_equal(world->err.kind, ERR_RETRY);
	world->database.abandon(world->database.self);
	assert_int_equal(claim(world, OWNED).next_offset, 1);
}

/* The COMMIT hangs in a trigger of ours when the connection dies. */
static void test_pg_edge__a_commit_in_doubt_that_did_not_happen_is_seen_too(void **state)
{
	struct world *world = *state;
	struct head head = claim(world, OWNED);

	store_sql(&spec, "hold", "SELECT pg_advisory_lock(4711)");
	store_sql(&spec, "hang",
		  "CREATE OR REPLACE FUNCTION customers.hang() RETURNS trigger LANGUAGE plpgsql AS"
		  " 'BEGIN PERFORM pg_advisory_lock(4711); RETURN NULL; END'");
	store_sql(&spec, "trigger",
		  "CREATE CONSTRAINT TRIGGER hang AFTER UPDATE ON customers.partition_head DEFERRABLE INITIALLY DEFERRED"
		  " FOR EACH ROW WHEN (new.next_offset > 0) EXECUTE FUNCTION customers.hang()");
	write_and_send_commit(world, &head);
	while (store_number(&spec, "hanging", "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted") == 0)
		;
	kill_connections();
	assert_int_equal(world->database.commit_finish(world->database.self, &world->err), -1);
	assert_int_equal(world->err.kind, ERR_RETRY);
	world->database.abandon(world->database.self);
	assert_int_equal(claim(world, OWNED).next_offset, 0);
	store_sql(&spec, "untrigger", "DROP TRIGGER hang ON customers.partition_head");
	store_sql(&spec, "unhold", "SELECT pg_advisory_unlock(4711)");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_WORLD(test_pg_edge__a_claim_makes_the_head_and_raises_its_epoch),
		IN_WORLD(test_pg_edge__a_claim_reads_what_the_last_batch_wrote),
		IN_WORLD(test_pg_edge__an_older_owner_is_fenced),
		IN_WORLD(test_pg_edge__another_position_is_fenced),
		IN_WORLD(test_pg_edge__a_halted_partition_is_fenced_and_tells_why),
		IN_WORLD(test_pg_edge__claims_that_come_to_nothing_are_counted),
		IN_WORLD(test_pg_edge__a_quarantine_stands_in_the_head),
		IN_WORLD(test_pg_edge__who_claims_again_has_not_died),
		IN_WORLD(test_pg_edge__who_lets_go_has_not_died),
		IN_WORLD(test_pg_edge__answers_are_found_with_their_digest),
		IN_WORLD(test_pg_edge__a_second_answer_is_a_conflict_and_leaves_nothing),
		IN_WORLD(test_pg_edge__data_that_is_refused_is_poison_and_no_conflict),
		IN_WORLD(test_pg_edge__what_the_store_refuses_is_told_and_undone),
		IN_WORLD(test_pg_edge__a_batch_is_abandoned_at_any_point),
		IN_WORLD(test_pg_edge__an_older_owner_is_fenced_whatever_it_loads),
		IN_WORLD(test_pg_edge__rights_are_the_users_modules_the_rest_is_the_stores),
		IN_WORLD(test_pg_edge__a_lost_connection_is_retry_until_the_next_claim),
		IN_WORLD(test_pg_edge__before_the_first_claim_there_is_no_connection),
		IN_WORLD(test_pg_edge__a_commit_in_doubt_that_happened_is_seen_by_the_next_claim),
		IN_WORLD(test_pg_edge__a_commit_in_doubt_that_did_not_happen_is_seen_too),
	};

	return run_in_database("pg_edge", tests, COUNT(tests));
}
