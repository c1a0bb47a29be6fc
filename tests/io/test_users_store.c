/* consumers/users over a real PostgreSQL, and the gateway's functions on sessions. */

#include "store_spec.h"

#include "consumers/users/store.h"
#include "consumers/users/users.h"
#include "schemas/users.h"

static struct store_spec spec;

static int setup_group(void **state)
{
	uint8_t key[32];

	(void)state;
	store_key_file(key);
	return users_store_prepare(users_store.self, &spec.err);
}

static int teardown_group(void **state)
{
	(void)state;
	store_key_file_remove();
	return 0;
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
	assert_int_equal(store_number(&spec, "test_token_version", "SELECT token_version FROM users.public_user WHERE roles = 0"),
			 1);
}

static void test_users_store__bindings_are_kept_and_changed(void **state)
{
	static const struct str creditors[] = { { "019a0000-0000-7000-8000-000000000001", 36 } };
	static const struct str sources[] = { { "bank-1", 6 }, { "b; 2", 4 } };
	static const struct str all[] = { { "*", 1 } };
	struct bind_user body = { .user_id = spec_id('U', 1),
				  .creditors = creditors,
				  .creditors_count = 1,
				  .sources = sources,
				  .sources_count = 2,
				  .reason = STR("") };

	(void)state;
	add_user(1, STR("anna"));
	store_run(&spec);
	assert_int_equal(store_number(&spec, "test_unbound", "SELECT count(*) FROM users.public_user WHERE scope = ';'"), 1);
	store_add(&spec, &bind_user_type, &body);
	store_run(&spec);
	assert_int_equal(store_number(&spec, "test_bound",
				      "SELECT version FROM users.account WHERE "
				      "users.creditors_of(scope) = '{019a0000-0000-7000-8000-000000000001}' AND "
				      "users.sources_of(scope) = '{bank-1,b; 2}'"),
			 2);
	add_roles(1); /* leaves them */
	store_run(&spec);
	body.creditors = all;
	body.sources_count = 0;
	store_add(&spec, &bind_user_type, &body);
	store_run(&spec);
	assert_int_equal(store_number(&spec, "test_rebound", "SELECT count(*) FROM users.public_user WHERE scope = '*;'"), 1);
	assert_int_equal(store_number(&spec, "test_lists",
				      "SELECT version FROM users.account WHERE users.creditors_of(scope) = '{*}' AND "
				      "users.sources_of(scope) = '{}'"),
			 4);
}

/* A service that is made and changed in one batch, and one that was there. */
static void test_users_store__services_are_kept_and_changed(void **state)
{
	static const struct str creditors[] = { { "019a0000-0000-7000-8000-000000000001", 36 } };
	static const struct str roles[] = { { "creditor", 8 } };
	static const struct str all[] = { { "*", 1 } };
	struct register_service first = {
		.service_id = spec_id('S', 1), .name = STR("bank-feed"), .roles = roles, .roles_count = 1
	};
	struct register_service second = { .service_id = spec_id('S', 2), .name = STR("crm") };
	struct change_service change = { .service_id = spec_id('S', 1),
					 .roles = roles,
					 .roles_count = 1,
					 .creditors = creditors,
					 .creditors_count = 1,
					 .sources = all,
					 .sources_count = 1 };
	struct revoke_service revoke = { .service_id = spec_id('S', 1) };
	struct bind_user bind = { .user_id = spec_id('U', 1), .sources = all, .sources_count = 1, .reason = STR("") };

	(void)state;
	store_add(&spec, &register_service_type, &first);
	store_add(&spec, &change_service_type, &change);
	store_add(&spec, &register_service_type, &second);
	add_user(1, STR("anna"));
	store_add(&spec, &bind_user_type, &bind);
	store_run(&spec);
	assert_int_equal(
		store_number(&spec, "test_service",
			     "SELECT version FROM users.api_service WHERE name = 'bank-feed' AND state = 'active' AND roles = 16 "
			     "AND scope = '019a0000-0000-7000-8000-000000000001;*'"),
		2);
	assert_int_equal(store_number(&spec, "test_services", "SELECT count(*) FROM users.api_service"), 2);
	assert_int_equal(store_number(&spec, "test_users",
				      "SELECT count(*) FROM users.api_user WHERE scope = ';*' AND version = 2"),
			 1);
	store_add(&spec, &revoke_service_type, &revoke);
	store_run(&spec);
	assert_int_equal(
		store_number(
			&spec, "test_revoked",
			"SELECT a.version FROM users.account a JOIN users.public_user p USING (user_id) WHERE p.roles = 0 AND "
			"p.token_version = 1 AND a.state = 'revoked' AND a.login = 'bank-feed'"),
		3);
	store_add(&spec, &revoke_service_type, &revoke);
	store_run(&spec);
	then_refuses(&spec, 0, REFUSAL_BAD_TRANSITION);
}

/* The newest secret, and for a day the one before it. */
static void test_users_store__a_service_has_two_secrets_at_most(void **state)
{
	struct register_service service = { .service_id = spec_id('S', 1), .name = STR("bank-feed") };
	struct revoke_service revoke = { .service_id = spec_id('S', 1) };

	(void)state;
	store_add(&spec, &register_service_type, &service);
	add_user(1, STR("anna"));
	store_run(&spec);
#define ADD_SECRET(name, digit, ends_old)                                                                                        \
	store_number(&spec, name,                                                                                                \
		     "SELECT count(*) FROM users.account a, users.add_client_secret(a.user_id, decode(repeat('0" digit           \
		     "', 32), 'hex'), " ends_old ") AS added WHERE added AND a.kind = 'service'")
#define SECRETS "SELECT count(*) FROM users.client_secret WHERE ends_at IS NULL OR ends_at > now() + interval '23 hours'"
	assert_int_equal(ADD_SECRET("test_secret_1", "1", "false"), 1);
	assert_int_equal(ADD_SECRET("test_secret_2", "2", "false"), 1);
	assert_int_equal(ADD_SECRET("test_secret_3", "3", "false"), 1);
	assert_int_equal(store_number(&spec, "test_two", SECRETS), 2);
	assert_int_equal(store_number(&spec, "test_newest",
				      "SELECT count(*) FROM users.client_secret WHERE ends_at IS NULL AND hash = "
				      "decode(repeat('03', 32), 'hex')"),
			 1);
	assert_int_equal(ADD_SECRET("test_secret_4", "4", "true"), 1);
	assert_int_equal(store_number(&spec, "test_one", "SELECT count(*) FROM users.client_secret"), 1);
	assert_int_equal(store_number(&spec, "test_user_has_none",
				      "SELECT count(*) FROM users.account a, users.add_client_secret(a.user_id, "
				      "decode(repeat('05', 32), 'hex'), "
				      "false) AS added WHERE added AND a.kind = 'person'"),
			 0);
	store_add(&spec, &revoke_service_type, &revoke);
	store_run(&spec);
	assert_int_equal(ADD_SECRET("test_secret_6", "6", "false"), 0);
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

#define BITS 32 /* of a column of roles */

static void test_users_store__every_role_has_its_name_in_sql(void **state)
{
	static char texts[BITS][200], names[BITS][32];
	size_t bits = 0;

	(void)state;
	for (uint32_t role = 1; role <= ROLE_LAST; role <<= 1, bits++) {
		assert_true(bits < BITS);
		snprintf(texts[bits], sizeof(texts[0]),
			 "SELECT count(*) FROM dcs_role_names(%u) AS names WHERE names = ARRAY['%s']", role, role_name(role));
		snprintf(names[bits], sizeof(names[0]), "test_role_%zu", bits);
		assert_int_equal(store_number(&spec, names[bits], texts[bits]), 1);
	}
	assert_int_equal(store_number(&spec, "test_roles", "SELECT cardinality(dcs_role_names(2147483647))::bigint"), bits);
	assert_int_equal(store_number(&spec, "test_no_role", "SELECT cardinality(dcs_role_names(0))::bigint"), 0);
}

/* ---- sessions ---- */

#define HASH(digit) "decode(repeat('0" digit "', 32), 'hex')"
#define ROTATE(name, used, next, wanted)                                                                                         \
	assert_int_equal(store_number(&spec, name,                                                                               \
				      "SELECT count(*) FROM users.rotate_refresh(" HASH(used) ", " HASH(                         \
					      next) ") "                                                                         \
						    "WHERE outcome = '" wanted "'"),                                             \
			 1)

#define HOME "decode(repeat('ab', 16), 'hex')" /* an address */

/* What the gateway is told when somebody gave a password from home: right (fits) or wrong. */
#define LOGIN(name, fits, session, hash, wanted)                                                                                 \
	assert_int_equal(store_number(&spec, name,                                                                               \
				      "SELECT count(*) FROM users.finish_login((SELECT user_id FROM users.account), " fits       \
				      ", " HOME ", '00000000-0000-7000-8000-00000000000" session                                 \
				      "', " HASH(hash) ") WHERE outcome = '" wanted "'"),                                        \
			 1)

static void given_user(void)
{
	add_user(1, STR("anna"));
	store_run(&spec);
	store_sql(&spec, "test_credential",
		  "INSERT INTO users.credential (user_id, password_hash) SELECT user_id, 'x' FROM users.account");
}

static void given_session(void)
{
	given_user();
	add_roles(1);
	store_run(&spec);
	LOGIN("test_start", "true", "1", "1", "succeeded");
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
	LOGIN("test_start_2", "true", "2", "7", "succeeded");
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
	LOGIN("test_start_2", "true", "2", "7", "succeeded");
	assert_int_equal(store_number(&spec, "test_sessions", "SELECT count(*) FROM users.session"), 1);
	assert_int_equal(store_number(&spec, "test_tokens", "SELECT count(*) FROM users.refresh_token"), 1);
}

static void test_users_store__a_refresh_token_lasts_no_longer_than_its_session(void **state)
{
	(void)state;
	given_session();
	assert_int_equal(
		store_number(&spec, "test_week",
			     "SELECT count(*) FROM users.refresh_token "
			     "WHERE expires_at BETWEEN now() + interval '6 days 23 hours' AND now() + interval '7 days'"),
		1);
	store_sql(&spec, "test_last_day", "UPDATE users.session SET expires_at = now() + interval '1 day'");
	assert_int_equal(store_number(&spec, "test_rotate",
				      "SELECT count(*) FROM users.rotate_refresh(" HASH("1") ", " HASH(
					      "2") ") WHERE seconds BETWEEN 86000 AND 86400"),
			 1);
	assert_int_equal(store_number(&spec, "test_end",
				      "SELECT count(*) FROM users.refresh_token t JOIN users.session s USING (session_id) "
				      "WHERE t.hash = " HASH("2") " AND t.expires_at <= s.expires_at"),
			 1);
}

static void test_users_store__who_has_no_rights_gets_no_session(void **state)
{
	struct disable_user disable = { .user_id = spec_id('U', 1) };

	(void)state;
	given_user();
	LOGIN("test_none", "true", "1", "1", "no_roles");
	add_roles(1);
	store_add(&spec, &disable_user_type, &disable);
	store_run(&spec);
	LOGIN("test_login_disabled", "true", "1", "1", "disabled");
	LOGIN("test_login_wrong", "false", "1", "1", "wrong_password");
	assert_int_equal(store_number(&spec, "test_sessions", "SELECT count(*) FROM users.session"), 0);
	assert_int_equal(store_number(&spec, "test_stranger",
				      "SELECT count(*) FROM users.finish_login(gen_random_uuid(), true, " HOME
				      ", gen_random_uuid(), " HASH("9") ") WHERE outcome = 'unknown'"),
			 1);
}

static void test_users_store__five_failures_lock_an_account_for_a_while(void **state)
{
	(void)state;
	given_session();
#define LOCKED(name)                                                                                                             \
	store_number(&spec, name,                                                                                                \
		     "SELECT count(*) FROM users.password_attempt WHERE locked_until > now() + interval '14 minutes'")
#define FAILURES(name) store_number(&spec, name, "SELECT failures::bigint FROM users.password_attempt")
	for (int count = 0; count < 4; count++)
		LOGIN("test_fail", "false", "2", "2", "wrong_password");
	assert_int_equal(LOCKED("test_locked"), 0);
	LOGIN("test_right", "true", "3", "3", "succeeded");
	assert_int_equal(FAILURES("test_failures"), 0);
	for (int count = 0; count < 5; count++)
		LOGIN("test_fail", "false", "2", "2", "wrong_password");
	assert_int_equal(LOCKED("test_locked"), 1);
	LOGIN("test_right_locked", "true", "4", "4", "locked");
	LOGIN("test_fail_locked", "false", "4", "4", "locked");
	assert_int_equal(FAILURES("test_failures"), 5);

	store_sql(&spec, "test_unlocked", "UPDATE users.password_attempt SET locked_until = now()");
	LOGIN("test_fail", "false", "2", "2", "wrong_password"); /* within the 15 minutes of the first still */
	assert_int_equal(LOCKED("test_locked"), 1);
	store_sql(&spec, "test_later",
		  "UPDATE users.password_attempt SET locked_until = now(), failures_since = now() - interval '16 minutes'");
	LOGIN("test_fail", "false", "2", "2", "wrong_password");
	assert_int_equal(LOCKED("test_locked"), 0);
	assert_int_equal(FAILURES("test_failures"), 1);
}

static void test_users_store__a_new_password_ends_every_session(void **state)
{
#define CHANGE(name, fits, columns)                                                                                              \
	store_number(&spec, name,                                                                                                \
		     "SELECT " columns " FROM users.finish_password_change((SELECT user_id FROM users.account), " fits ", " HOME \
		     ", 'new')")
	(void)state;
	given_session();
	LOGIN("test_start_22", "true", "2", "2", "succeeded");
	assert_int_equal(CHANGE("test_change_wrong", "false", "count(*) FILTER (WHERE outcome = 'wrong_password')"), 1);
	assert_int_equal(store_number(&spec, "test_old_hash", "SELECT count(*) FROM users.credential WHERE password_hash = 'x'"),
			 1);
	assert_int_equal(CHANGE("test_change_right", "true", "count(DISTINCT session_id) FILTER (WHERE outcome = 'right')"), 2);
	assert_int_equal(store_number(&spec, "test_new_hash",
				      "SELECT count(*) FROM users.credential WHERE password_hash = 'new'"),
			 1);
	ROTATE("test_thrown_out", "1", "8", "ended");
	assert_int_equal(CHANGE("test_change_again", "true", "count(*) FILTER (WHERE outcome = 'right' AND session_id IS NULL)"),
			 1);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(test_users_store__users_are_kept_and_changed),
		TEST(test_users_store__bindings_are_kept_and_changed),
		TEST(test_users_store__services_are_kept_and_changed),
		TEST(test_users_store__a_service_has_two_secrets_at_most),
		TEST(test_users_store__what_is_taken_is_seen),
		TEST(test_users_store__the_worker_never_sees_a_password_nor_a_token),
		TEST(test_users_store__every_role_has_its_name_in_sql),
		TEST(test_users_store__a_refresh_token_is_used_once),
		TEST(test_users_store__a_session_ends_by_logout_by_age_and_with_the_rights),
		TEST(test_users_store__dead_sessions_go_with_later_logins),
		TEST(test_users_store__a_refresh_token_lasts_no_longer_than_its_session),
		TEST(test_users_store__who_has_no_rights_gets_no_session),
		TEST(test_users_store__five_failures_lock_an_account_for_a_while),
		TEST(test_users_store__a_new_password_ends_every_session),
	};

	return cmocka_run_group_tests_name("users store", tests, setup_group, teardown_group);
}
