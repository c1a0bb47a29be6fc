/* POST /auth/login */

#include "base/day.h"
#include "base/log.h"
#include "producers/api/auth/auth_inside.h"
#include "schemas/users.h"

/* ---- the record ---- */

static int record_login(struct auth_job *job, outbound_done *done, struct err *err)
{
	const struct record_login body = { .user_id = job->user_id,
					   .has_session_id = job->outcome == AUTH_SUCCEEDED,
					   .session_id = job->session_id,
					   .outcome = str_of(auth_outcome_name(job->outcome)) };
	const struct outbound_command command = {
		.topic = "dcs.users.commands.v1", .type = &record_login_type, .body = &body, .id = uuid_new(), .key = job->user_id
	};

	return outbound_publish(job->auth->conf.outbound, &command, done, job, err);
}

static void abandoned_is_done(struct auth_job *job)
{
	auth_answer(job, 204, STR("")); /* the call was answered already */
}

/* A login that cannot be recorded is refused, and its session ended. */
static void abandon(struct auth_job *job)
{
	if (job->call != NULL)
		call_refuse(job->call, 503, "unavailable", "the login could not be recorded; try again");
	job->call = NULL;
	memcpy(job->used_hash, job->token_hash, sizeof(job->used_hash));
	auth_submit(job, job->auth->sessions, work_end_session, abandoned_is_done);
}

static void login_is_recorded(void *job_arg, bool is_acked)
{
	struct auth_job *job = job_arg;

	if (is_acked)
		session_answer(job);
	else
		abandon(job);
}

/* ---- the outcome ---- */

static void let_in(struct auth_job *job)
{
	struct err failure = ERR_INIT;

	auth_forgive_tries(job);
	attempts_give_back(&job->auth->addresses, str_of(job->address), clock_monotonic_ms());
	if (record_login(job, login_is_recorded, &failure) == 0)
		return;
	log_warn("a login cannot be recorded: %s", failure.text);
	abandon(job);
}

/*
 * With the right password the answer gives the reason. With a wrong one it reveals nothing: not whether the account exists, nor
 * that it is locked; a locked account gets the same answer even to the right password.
 */
static void turn_away(struct auth_job *job)
{
	struct err failure = ERR_INIT;

	if (job->outcome != AUTH_UNKNOWN && record_login(job, NULL, &failure) != 0)
		log_warn("a failed login is not in the record: %s", failure.text);
	if (job->outcome == AUTH_DISABLED)
		auth_refuse(job, 403, "account_disabled", "this account is disabled; an administrator can enable it");
	else if (job->outcome == AUTH_NO_ROLES)
		auth_refuse(job, 403, "no_roles", "this account may do nothing yet; an administrator gives it roles");
	else
		auth_refuse(job, 401, "invalid_credentials", "login or password is wrong, or the account is locked for a while");
}

static void login_is_done(struct auth_job *job)
{
	if (job->outcome == AUTH_AWAY) {
		auth_refuse_away(job);
		return;
	}
	auth_log(job, "login", auth_outcome_name(job->outcome));
	if (job->outcome == AUTH_SUCCEEDED)
		let_in(job);
	else
		turn_away(job);
}

/* ---- the request ---- */

static struct auth_job *take_login_job(struct auth *auth, struct call *call)
{
	struct credentials_body body = { .login = STR("") };
	struct auth_job *job = NULL;

	if (!auth_take_body(auth, call, &credentials_record, &body))
		return NULL;
	job = auth_take_job(auth, call);
	if (job != NULL)
		auth_keep_credentials(job, &body);
	auth_forget_body(auth);
	return job;
}

void log_in(struct api *api, struct call *call)
{
	struct auth *auth = api->auth;
	struct auth_job *job = auth_knows_time(call) ? take_login_job(auth, call) : NULL;

	if (job == NULL)
		return;
	if (!auth_take_try(job, true)) {
		auth_log(job, "login", "too_many_attempts");
		auth_free_job(job);
		return;
	}
	job->session_id = uuid_new();
	session_make_token(job);
	auth_submit(job, auth->passwords, work_login, login_is_done);
}
