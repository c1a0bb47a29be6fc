/* PUT /auth/me/password */

#include "base/log.h"
#include "producers/api/auth/auth_inside.h"

static void change_is_done(struct auth_job *job)
{
	if (job->outcome == AUTH_AWAY) {
		auth_refuse_away(job);
		return;
	}
	auth_log(job, "password", auth_outcome_name(job->outcome));
	if (job->outcome != AUTH_RIGHT) {
		auth_refuse(job, 403, "wrong_password", "the password until now is wrong, or the account is locked for a while");
		return;
	}
	auth_forgive_tries(job);
	for (size_t i = 0; i < job->ended_count; i++)
		session_record_end(job->auth, &job->user_id, &job->ended[i], "password");
	auth_answer(job, 204, STR(""));
}

static void refuse_password(struct call *call, const char *text)
{
	const struct fault fault = { .pointer = STR("/newPassword"), .code = "bad_value", .detail = str_of(text) };
	const struct problem problem = { .status = 422,
					 .code = "bad_value",
					 .detail = STR("the new password is not good enough"),
					 .faults = &fault,
					 .faults_count = 1 };

	call_refuse_problem(call, &problem);
}

/* Counts tries under the user's id instead of the login: the token does not contain the login. */
static struct auth_job *take_password_job(struct auth *auth, struct call *call, const char *subject)
{
	struct new_password_body body = { .password = STR("") };
	struct auth_job *job = NULL;
	const char *fault;

	if (!auth_take_body(auth, call, &new_password_record, &body))
		return NULL;
	fault = password_fault(body.new_password, STR(""));
	if (fault != NULL)
		refuse_password(call, fault);
	else
		job = auth_take_job(auth, call);
	if (job != NULL) {
		const struct credentials_body kept = { .login = str_of(subject), .password = body.password };

		auth_keep_credentials(job, &kept);
		MUST(str_to_chars(job->next_password_text, sizeof(job->next_password_text), body.new_password));
		job->next_password = (struct str){ .data = job->next_password_text, .size = body.new_password.size };
	}
	auth_forget_body(auth);
	return job;
}

void change_own_password(struct api *api, struct call *call)
{
	struct auth *auth = api->auth;
	const struct principal *principal = call_principal(call);
	struct auth_job *job;

	if (!principal->is_user) {
		call_refuse(call, 403, "not_authorised", "only a user has a password, and this token is a service's");
		return;
	}
	job = take_password_job(auth, call, principal->subject);
	if (job == NULL)
		return;
	job->user_id = principal->user_id;
	if (!auth_take_try(job, true)) {
		auth_free_job(job);
		return;
	}
	auth_submit(job, auth->passwords, work_change_password, change_is_done);
}
