/* The work in a thread: argon2, and one statement. It touches only its job and its seat. */

#include "producers/api/auth/auth_inside.h"

static const struct db_statement find_login = {
	"auth_find_login",
	"SELECT a.user_id, c.password_hash FROM users.account a JOIN users.credential c USING (user_id) WHERE a.login = $1 "
	"AND a.kind = 'person'",
};
static const struct db_statement find_user = {
	"auth_find_user",
	"SELECT c.user_id, c.password_hash FROM users.credential c WHERE c.user_id = $1",
};
static const struct db_statement finish_login = {
	"auth_finish_login",
	"SELECT outcome, roles, customer_id, seconds, token_version FROM users.finish_login($1, $2, $3, $4, $5)",
};
static const struct db_statement finish_password_change = {
	"auth_finish_password_change",
	"SELECT outcome, session_id FROM users.finish_password_change($1, $2, $3, $4)",
};
static const struct db_statement rotate_refresh = {
	"auth_rotate_refresh",
	"SELECT outcome, roles, customer_id, seconds, token_version, session_id, user_id FROM users.rotate_refresh($1, $2)",
};
static const struct db_statement end_session = {
	"auth_end_session",
	"SELECT session_id, user_id FROM users.end_session($1)",
};
static const struct db_statement add_credential = {
	"auth_add_credential",
	"INSERT INTO users.credential (user_id, password_hash) VALUES ($1, $2)",
};
static const struct db_statement drop_credential = {
	"auth_drop_credential",
	"DELETE FROM users.credential c WHERE user_id = $1 AND NOT EXISTS (SELECT FROM users.account a WHERE a.user_id = "
	"c.user_id)",
};

static const struct db_statement find_secrets = {
	"auth_find_secrets",
	"SELECT s.hash, a.roles, a.token_version FROM users.client_secret s JOIN users.account a ON a.user_id = s.service_id "
	"WHERE s.service_id = $1 AND a.kind = 'service' AND a.state = 'active' AND (s.ends_at IS NULL OR s.ends_at > "
	"engine.now())",
};
static const struct db_statement add_secret = { "auth_add_secret", "SELECT users.add_client_secret($1, $2, $3)" };

static const struct db_statement add_invitation = { "auth_add_invitation", "SELECT users.add_invitation($1, $2)" };
static const struct db_statement accept_invitation_of = {
	"auth_accept_invitation",
	"SELECT user_id, session_id FROM users.accept_invitation($1, $2)",
};

static struct str bytes_of(const void *bytes, size_t size)
{
	return (struct str){ .data = bytes, .size = size };
}

/* Runs the statement with the parameters in the seat. */
static int ask(struct auth_job *job, struct pool_seat *seat, const struct db_statement *statement, struct db_result *ret_result)
{
	return db_run(seat->db, statement, &seat->params, ret_result, &job->failure);
}

static enum auth_outcome outcome_of(struct str word)
{
	for (enum auth_outcome outcome = AUTH_UNKNOWN; outcome < AUTH_OUTCOMES_COUNT; outcome++)
		if (str_is(word, auth_outcome_name(outcome)))
			return outcome;
	MUST_NOT_REACH("a word that the functions of sql/ do not say");
}

/* For finish_login and rotate_refresh: their first columns are the same. */
static void take_rights(struct auth_job *job, const struct db_result *result)
{
	job->outcome = outcome_of(db_str(result, 0, 0));
	if (job->outcome != AUTH_SUCCEEDED && job->outcome != AUTH_ROTATED)
		return;
	job->roles = (uint32_t)db_int32(result, 0, 1);
	if (!db_is_null(result, 0, 2))
		job->customer_id = db_uuid(result, 0, 2);
	job->refresh_seconds = db_int32(result, 0, 3);
	job->token_version = db_int64(result, 0, 4);
}

/* ---- passwords ---- */

/*
 * Whether the password fits the user that the statement finds; without a user it is compared with an unused hash, so that both
 * take the same time. Sets the job's user id if a user was found.
 */
static int compare_password(struct auth_job *job, struct pool_seat *seat, const struct db_statement *find, bool *ret_fits)
{
	struct db_result result = { .pg = NULL };
	char hash[PASSWORD_HASH_SIZE];
	bool is_known;

	if (ask(job, seat, find, &result) != 0)
		return -1;
	is_known = result.rows == 1 && str_to_chars(hash, sizeof(hash), db_str(&result, 0, 1));
	if (is_known)
		job->user_id = db_uuid(&result, 0, 0);
	else
		memcpy(hash, job->auth->no_hash, sizeof(hash));
	db_result_release(&result);
	*ret_fits = password_fits(hash, job->password) && is_known;
	return 0;
}

void work_login(struct auth_job *job, struct pool_seat *seat)
{
	struct db_result result = { .pg = NULL };
	bool fits;

	if (pool_seat_connect(seat, &job->failure) != 0)
		return;
	db_param_text(&seat->params, job->login);
	if (compare_password(job, seat, &find_login, &fits) != 0)
		return;
	db_params_reset(&seat->params);
	db_param_uuid(&seat->params, &job->user_id);
	db_param_bool(&seat->params, fits);
	db_param_bytes(&seat->params, bytes_of(job->address_hash, sizeof(job->address_hash)));
	db_param_uuid(&seat->params, &job->session_id);
	db_param_bytes(&seat->params, bytes_of(job->token_hash, sizeof(job->token_hash)));
	if (ask(job, seat, &finish_login, &result) == 0)
		take_rights(job, &result);
	db_result_release(&result);
}

void work_change_password(struct auth_job *job, struct pool_seat *seat)
{
	struct db_result result = { .pg = NULL };
	char hash[PASSWORD_HASH_SIZE];
	bool fits;

	if (pool_seat_connect(seat, &job->failure) != 0)
		return;
	db_param_uuid(&seat->params, &job->user_id);
	if (compare_password(job, seat, &find_user, &fits) != 0 || password_hash(hash, job->next_password, &job->failure) != 0)
		return;
	db_params_reset(&seat->params);
	db_param_uuid(&seat->params, &job->user_id);
	db_param_bool(&seat->params, fits);
	db_param_bytes(&seat->params, bytes_of(job->address_hash, sizeof(job->address_hash)));
	db_param_text(&seat->params, str_of(hash));
	if (ask(job, seat, &finish_password_change, &result) == 0) {
		job->outcome = outcome_of(db_str(&result, 0, 0));
		for (int row = 0; row < result.rows && job->ended_count < AUTH_ENDED_MAX; row++)
			if (!db_is_null(&result, row, 1))
				job->ended[job->ended_count++] = db_uuid(&result, row, 1);
	}
	db_result_release(&result);
}

void work_add_credential(struct auth_job *job, struct pool_seat *seat)
{
	char hash[PASSWORD_HASH_SIZE];

	if (pool_seat_connect(seat, &job->failure) != 0 || password_hash(hash, job->password, &job->failure) != 0)
		return;
	db_param_uuid(&seat->params, &job->user_id);
	db_param_text(&seat->params, str_of(hash));
	if (ask(job, seat, &add_credential, NULL) == 0)
		job->outcome = AUTH_SUCCEEDED;
}

void work_drop_credential(struct auth_job *job, struct pool_seat *seat)
{
	if (pool_seat_connect(seat, &job->failure) != 0)
		return;
	db_param_uuid(&seat->params, &job->user_id);
	if (ask(job, seat, &drop_credential, NULL) == 0)
		job->outcome = AUTH_SUCCEEDED;
}

/* ---- sessions ---- */

void work_rotate(struct auth_job *job, struct pool_seat *seat)
{
	struct db_result result = { .pg = NULL };

	if (pool_seat_connect(seat, &job->failure) != 0)
		return;
	db_param_bytes(&seat->params, bytes_of(job->used_hash, sizeof(job->used_hash)));
	db_param_bytes(&seat->params, bytes_of(job->token_hash, sizeof(job->token_hash)));
	if (ask(job, seat, &rotate_refresh, &result) == 0) {
		take_rights(job, &result);
		if (job->outcome != AUTH_UNKNOWN) {
			job->session_id = db_uuid(&result, 0, 5);
			job->user_id = db_uuid(&result, 0, 6);
		}
	}
	db_result_release(&result);
}

void work_end_session(struct auth_job *job, struct pool_seat *seat)
{
	struct db_result result = { .pg = NULL };

	if (pool_seat_connect(seat, &job->failure) != 0)
		return;
	db_param_bytes(&seat->params, bytes_of(job->used_hash, sizeof(job->used_hash)));
	if (ask(job, seat, &end_session, &result) == 0) {
		job->outcome = result.rows == 1 ? AUTH_ENDED : AUTH_UNKNOWN;
		if (result.rows == 1) {
			job->session_id = db_uuid(&result, 0, 0);
			job->user_id = db_uuid(&result, 0, 1);
		}
	}
	db_result_release(&result);
}

/* ---- secrets of services ---- */

void work_judge_secret(struct auth_job *job, struct pool_seat *seat)
{
	struct db_result result = { .pg = NULL };

	if (pool_seat_connect(seat, &job->failure) != 0)
		return;
	db_param_uuid(&seat->params, &job->user_id);
	if (ask(job, seat, &find_secrets, &result) == 0)
		job->outcome = result.rows == 0 ? AUTH_UNKNOWN : AUTH_WRONG_PASSWORD;
	for (int row = 0; row < result.rows; row++) {
		struct str hash = db_str(&result, row, 0);

		if (hash.size != sizeof(job->used_hash) || !bytes_equal(hash.data, job->used_hash, sizeof(job->used_hash)))
			continue;
		job->outcome = AUTH_SUCCEEDED;
		job->roles = (uint32_t)db_int32(&result, row, 1);
		job->token_version = db_int64(&result, row, 2);
	}
	db_result_release(&result);
}

void work_add_secret(struct auth_job *job, struct pool_seat *seat)
{
	struct db_result result = { .pg = NULL };

	if (pool_seat_connect(seat, &job->failure) != 0)
		return;
	db_param_uuid(&seat->params, &job->user_id);
	db_param_bytes(&seat->params, bytes_of(job->token_hash, sizeof(job->token_hash)));
	db_param_bool(&seat->params, job->ends_old);
	if (ask(job, seat, &add_secret, &result) == 0)
		job->outcome = db_bool(&result, 0, 0) ? AUTH_SUCCEEDED : AUTH_ENDED;
	db_result_release(&result);
}

/* ---- invitations ---- */

void work_add_invitation(struct auth_job *job, struct pool_seat *seat)
{
	struct db_result result = { .pg = NULL };

	if (pool_seat_connect(seat, &job->failure) != 0)
		return;
	db_param_uuid(&seat->params, &job->user_id);
	db_param_bytes(&seat->params, bytes_of(job->token_hash, sizeof(job->token_hash)));
	if (ask(job, seat, &add_invitation, &result) == 0)
		job->outcome = db_bool(&result, 0, 0) ? AUTH_SUCCEEDED : AUTH_ENDED;
	db_result_release(&result);
}

void work_accept_invitation(struct auth_job *job, struct pool_seat *seat)
{
	struct db_result result = { .pg = NULL };
	char hash[PASSWORD_HASH_SIZE];

	if (pool_seat_connect(seat, &job->failure) != 0 || password_hash(hash, job->password, &job->failure) != 0)
		return;
	db_param_bytes(&seat->params, bytes_of(job->used_hash, sizeof(job->used_hash)));
	db_param_text(&seat->params, str_of(hash));
	if (ask(job, seat, &accept_invitation_of, &result) == 0) {
		job->outcome = result.rows == 0 ? AUTH_UNKNOWN : AUTH_SUCCEEDED;
		if (result.rows > 0)
			job->user_id = db_uuid(&result, 0, 0);
		for (int row = 0; row < result.rows && job->ended_count < AUTH_ENDED_MAX; row++)
			if (!db_is_null(&result, row, 1))
				job->ended[job->ended_count++] = db_uuid(&result, row, 1);
	}
	db_result_release(&result);
}
