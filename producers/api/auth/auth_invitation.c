/*
 * Invitations: an admin creates a user or invites one again (RegisterUser, InviteUser), and gets a secret, once. Within a week it
 * sets one password: POST /auth/accept-invitation. So only the user knows the password, and it never has to be sent.
 */

#include "base/base64url.h"
#include "base/log.h"
#include "producers/api/auth/auth_inside.h"

#define ANSWER_SIZE_MAX 512
#define INVITATION_S    (7 * 86400) /* as in sql/0062_invitations.sql */

/* ---- create ---- */

static void invitation_is_done(struct auth_job *job)
{
	char invitation[BASE64URL_SIZE(REFRESH_TOKEN_SIZE) + 1], id[UUID_TEXT_SIZE + 1];
	struct buf buf;

	if (job->outcome == AUTH_AWAY) {
		log_warn("an invitation cannot be kept: %s", job->failure.text);
		auth_refuse(job, 503, "unavailable",
			    "done, but the invitation cannot be kept at the moment: ask for another one");
		return;
	}
	if (job->outcome != AUTH_SUCCEEDED) {
		auth_refuse(job, 409, "bad_transition", "the user was disabled meanwhile");
		return;
	}
	uuid_format(id, &job->user_id);
	base64url_encode(invitation, job->token, sizeof(job->token));
	buf_init(&buf, ANSWER_SIZE_MAX);
	buf_add_format(&buf, "{\"id\":\"%s\",\"invitation\":\"%s\",\"expiresIn\":%d}\n", id, invitation, INVITATION_S);
	MUST(!buf.overflow);
	auth_answer(job, job->done_status, buf_str(&buf));
	wipe(buf.data, buf.size);
	buf_release(&buf);
	wipe(invitation, sizeof(invitation));
}

void answer_invitation(struct api *api, struct call *call, struct str event)
{
	auth_answer_event(api->auth, call, event, work_add_invitation, invitation_is_done);
}

/* ---- accept ---- */

static void accepted_is_done(struct auth_job *job)
{
	if (job->outcome == AUTH_AWAY) {
		auth_refuse_away(job);
		return;
	}
	auth_log(job, "invitation", auth_outcome_name(job->outcome));
	if (job->outcome != AUTH_SUCCEEDED) {
		auth_refuse(job, 401, "invalid_invitation", "the invitation is not good, or not any more; ask for another one");
		return;
	}
	for (size_t i = 0; i < job->ended_count; i++)
		session_record_end(job->auth, &job->user_id, &job->ended[i], "password");
	auth_answer(job, 204, STR(""));
}

/* The job; NULL: the call was answered. *ret_is_invitation: it has the form of ours. */
static struct auth_job *take_invitation_job(struct auth *auth, struct call *call, bool *ret_is_invitation)
{
	uint8_t secret[BASE64URL_SIZE(REFRESH_TOKEN_SIZE)];
	struct invitation_body body = { .invitation = STR("") };
	struct auth_job *job = NULL;
	const char *fault;
	size_t size;

	if (!auth_take_body(auth, call, &invitation_record, &body))
		return NULL;
	fault = password_fault(body.password, STR(""));
	if (fault != NULL)
		auth_refuse_password(call, fault);
	else
		job = auth_take_job(auth, call);
	*ret_is_invitation = body.invitation.size == sizeof(secret) && base64url_decode(secret, &size, body.invitation);
	if (job != NULL && *ret_is_invitation)
		auth_hash_secret(job->used_hash, secret);
	if (job != NULL) {
		MUST(str_to_chars(job->password_text, sizeof(job->password_text), body.password));
		job->password = (struct str){ .data = job->password_text, .size = body.password.size };
	}
	wipe(secret, sizeof(secret));
	auth_forget_body(auth);
	return job;
}

void accept_invitation(struct api *api, struct call *call)
{
	struct auth *auth = api->auth;
	bool is_invitation = false;
	struct auth_job *job = take_invitation_job(auth, call, &is_invitation);

	if (job == NULL)
		return;
	if (!auth_take_try(job, false)) {
		auth_log(job, "invitation", "too_many_attempts");
		auth_free_job(job);
		return;
	}
	if (!is_invitation) {
		job->outcome = AUTH_UNKNOWN;
		accepted_is_done(job);
		return;
	}
	auth_submit(job, auth->passwords, work_accept_invitation, accepted_is_done);
}
