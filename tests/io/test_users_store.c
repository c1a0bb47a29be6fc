/* consumers/users over a real PostgreSQL, and the gateway's functions on sessions. */

#include "store_spec.h"

#include "consumers/users/store.h"
#include "consumers/users/users.h"
#include "schemas/users.h"

static struct store_spec spec;

static int setup_group(void **state)
{
	(void)state;
	return users_store_prepare(users_store.self, &spec.err);
}

static int setup(void **state)
{
	(void)state;
	store_spec_init(&spec, &users_module, &users_store);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	store_spec_release(&spec);
	return 0;
}

static const struct str agent_consumer[] = { { "agent", 5 }, { "consumer", 8 } };

static void add_user(unsigned number, struct str login)
{
	struct register_user body = { .user_id = spec_id('U', number), .login = login };

	store_add(&spec, &register_user_type, &body);
}

static void add_roles(unsigned number)
{
	struct change_roles body = { .user_id = spec_id('U', number),
				     .roles = agent_consumer,
				     .roles_count = 2,
				     .has_customer_id = true,
				     .customer_id = spec_id('C', 1) };

	store_add(&spec, &change_roles_type, &body);
}

static void test_users_store__users_are_kept_and_changed(void **state)
{
	struct disable_user disable = { .user_id = spec_id('U', 1) };

	(void)state;
	add_user(1, STR("anna"));
	add_user(2, STR("bert"));
	add_roles(2);
	store_run(&spec);
	assert_int_equal(store_number(&spec, "test_bert",
				      "SELECT version FROM users.account WHERE login = 'bert' AND roles = 136"),
			 2);
	add_roles(1);
	store_run(&spec);
	assert_int_equal(store_number(&spec, "test_rights",
				      "SELECT count(*) FROM users.public_user WHERE roles = 136 AND customer_id IS NOT NULL"),
			 2);
	store_add(&spec, &disable_user_type, &disable);
	store_run(&spec);
	assert_int_equal(store_number(&spec, "test_disabled", "SELECT count(*) FROM users.public_user WHERE roles = 0"), 1);
	assert_int_equal(
		store_number(&spec, "test_state",
			     "SELECT version FROM users.account WHERE state = 'disabled' AND roles = 136 AND registered_at "
			     ">= '2026-01-01'"),
		3);
}

static void test_users_store__what_is_taken_is_seen(void **state)
{
	(void)state;
	add_user(1, STR("anna"));
	store_run(&spec);
	add_user(1, STR("bert"));
	add_user(2, STR("anna"));
	store_run(&spec);
	then_refuses(&spec, 0, REFUSAL_EXISTS);
	then_refuses(&spec, 1, REFUSAL_EXISTS);
}

static void test_users_store__the_worker_never_sees_a_password_nor_a_token(void **state)
{
	static const struct db_statement credential = { "test_credential", "SELECT count(*) FROM users.credential" };
	static const struct db_statement token = { "test_token", "SELECT count(*) FROM users.refresh_token" };
	static const struct db_statement account = { "test_account", "UPDATE users.account SET roles = 1" };
	static const struct db_statement rights = { "test_rights", "SELECT count(*) FROM users.public_user" };
	struct db *api = NULL;
	struct db *debts = NULL;

	(void)state;
	assert_int_equal(db_run(spec.db, &credential, NULL, NULL, &spec.err), -1);
	assert_string_equal(db_sqlstate(spec.db), "42501");
	assert_int_equal(db_run(spec.db, &token, NULL, NULL, &spec.err), -1);
	assert_string_equal(db_sqlstate(spec.db), "42501");
	store_open(&spec, "test_store", "dcs_api", &api);
	store_must(&spec, db_run(api, &credential, NULL, NULL, &spec.err));
	assert_int_equal(db_run(api, &account, NULL, NULL, &spec.err), -1);
	assert_string_equal(db_sqlstate(api), "42501");
	db_close(api);
	store_open(&spec, "test_store", "dcs_debts", &debts);
	store_must(&spec, db_run(debts, &rights, NULL, NULL, &spec.err));
	assert_int_equal(db_run(debts, &account, NULL, NULL, &spec.err), -1);
	db_close(debts);
}

/* ---- sessions ---- */

#define HASH(digit) "decode(repeat('0" digit "', 32), 'hex')"
#define ROTATE(name, used, next, wanted)                                                                                         \
	assert_int_equal(store_number(&spec, name,                                                                               \
				      "SELECT count(*) FROM users.rotate_refresh(" HASH(used) ", " HASH(                         \
					      next) ") "                                                                         \
						    "WHERE outcome = '" wanted "'"),                                             \
			 1)

static void given_session(void)
{
	add_user(1, STR("anna"));
	add_roles(1);
	store_run(&spec);
	store_sql(&spec, "test_start",
		  "SELECT users.start_session('00000000-0000-7000-8000-000000000001', (SELECT user_id FROM users.account), " HASH(
			  "1") ")");
}

static void test_users_store__a_refresh_token_is_used_once(void **state)
{
	(void)state;
	given_session();
	ROTATE("test_1_2", "1", "2", "rotated");
	ROTATE("test_2_3", "2", "3", "rotated");
	ROTATE("test_9", "9", "4", "unknown");
	ROTATE("test_1_4", "1", "4", "reuse");
	ROTATE("test_3_5", "3", "5", "ended");
	ROTATE("test_1_6", "1", "6", "ended");
	assert_int_equal(store_number(&spec, "test_tokens", "SELECT count(*) FROM users.refresh_token"), 3);
	assert_int_equal(store_number(&spec, "test_reason", "SELECT count(*) FROM users.session WHERE end_reason = 'reuse'"), 1);
}

static void test_users_store__a_session_ends_by_logout_by_age_and_with_the_rights(void **state)
{
	struct disable_user disable = { .user_id = spec_id('U', 1) };

	(void)state;
	given_session();
	store_sql(&spec, "test_age", "UPDATE users.refresh_token SET expires_at = now() - interval '1 second'");
	ROTATE("test_old", "1", "2", "expired");
	store_sql(&spec, "test_young", "UPDATE users.refresh_token SET expires_at = now() + interval '1 day'");
	assert_int_equal(store_number(&spec, "test_logout", "SELECT count(*) FROM users.end_session(" HASH("1") ")"), 1);
	assert_int_equal(store_number(&spec, "test_logout_again", "SELECT count(*) FROM users.end_session(" HASH("1") ")"), 0);
	ROTATE("test_ended", "1", "2", "ended");
	store_sql(&spec, "test_start_2",
		  "SELECT users.start_session('00000000-0000-7000-8000-000000000002', (SELECT user_id FROM users.account), " HASH(
			  "7") ")");
	store_add(&spec, &disable_user_type, &disable);
	store_run(&spec);
	ROTATE("test_no_rights", "7", "8", "disabled");
	ROTATE("test_no_rights_again", "7", "8", "ended");
}

static void test_users_store__dead_sessions_go_with_later_logins(void **state)
{
	(void)state;
	given_session();
	store_sql(&spec, "test_over", "UPDATE users.session SET expires_at = now() - interval '1 second'");
	store_sql(&spec, "test_start_2",
		  "SELECT users.start_session('00000000-0000-7000-8000-000000000002', (SELECT user_id FROM users.account), " HASH(
			  "7") ")");
	assert_int_equal(store_number(&spec, "test_sessions", "SELECT count(*) FROM users.session"), 1);
	assert_int_equal(store_number(&spec, "test_tokens", "SELECT count(*) FROM users.refresh_token"), 1);
}

static void test_users_store__five_failures_lock_an_account_for_a_while(void **state)
{
	(void)state;
	given_session();
	store_sql(&spec, "test_credential",
		  "INSERT INTO users.credential (user_id, password_hash) SELECT user_id, 'x' FROM users.account");
#define LOCKED(name)                                                                                                             \
	store_number(&spec, name, "SELECT count(*) FROM users.credential WHERE locked_until > now() + interval '14 minutes'")
#define FAIL(name) store_sql(&spec, name, "SELECT users.count_failure((SELECT user_id FROM users.account))")
	for (int count = 0; count < 4; count++)
		FAIL("test_fail");
	assert_int_equal(LOCKED("test_locked"), 0);
	FAIL("test_fail");
	assert_int_equal(LOCKED("test_locked"), 1);
	store_sql(&spec, "test_later", "UPDATE users.credential SET failures_since = now() - interval '16 minutes'");
	FAIL("test_fail");
	assert_int_equal(LOCKED("test_locked"), 0);
	assert_int_equal(store_number(&spec, "test_failures", "SELECT failures::bigint FROM users.credential"), 1);
	store_sql(&spec, "test_start_2",
		  "SELECT users.start_session('00000000-0000-7000-8000-000000000002', (SELECT user_id FROM users.account), " HASH(
			  "7") ")");
	assert_int_equal(store_number(&spec, "test_failures", "SELECT failures::bigint FROM users.credential"), 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(test_users_store__users_are_kept_and_changed),
		TEST(test_users_store__what_is_taken_is_seen),
		TEST(test_users_store__the_worker_never_sees_a_password_nor_a_token),
		TEST(test_users_store__a_refresh_token_is_used_once),
		TEST(test_users_store__a_session_ends_by_logout_by_age_and_with_the_rights),
		TEST(test_users_store__dead_sessions_go_with_later_logins),
		TEST(test_users_store__five_failures_lock_an_account_for_a_while),
	};

	return cmocka_run_group_tests_name("users store", tests, setup_group, NULL);
}
