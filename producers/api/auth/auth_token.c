/*
 * POST /auth/token: an access token for a client id and its secret (RFC 6749 4.4). No refresh token: a service has its secret.
 *
 * Refusals have the form of the RFC (5.2), not of a problem document, as standard client libraries read them. A secret has 256
 * random bits, so no slow hash is needed; tries are counted like those of passwords, to limit the load.
 */

#include <inttypes.h>

#include "base/day.h"
#include "base/log.h"
#include "model/command.h"
#include "producers/api/auth/auth_inside.h"
#include "producers/api/auth/token_request.h"

#define ANSWER_SIZE_MAX (TOKEN_SIZE_MAX + 1024)
#define SECRET_WRONG    "client id or secret is wrong"

static void refuse(struct call *call, enum token_fault fault, const char *text)
{
	int status = fault == TOKEN_FAULT_INVALID_CLIENT ? 401 : 400;
	struct buf buf;

	buf_init(&buf, 512);
	buf_add_format(&buf, "{\"error\":\"%s\",\"error_description\":\"%s\"}\n", token_fault_name(fault), text);
	MUST(!buf.overflow);
	if (status == 401)
		call_set_header(call, "WWW-Authenticate", STR("Basic realm=\"dcs\", charset=\"UTF-8\""));
	call_set_header(call, "Pragma", STR("no-cache"));
	call_answer(call, status, CALL_JSON, buf_str(&buf));
	buf_release(&buf);
}

static void refuse_job(struct auth_job *job, enum token_fault fault, const char *text)
{
	if (job->call != NULL)
		refuse(job->call, fault, text);
	auth_free_job(job);
}

/* ["creditor","agent"] as an OAuth scope: creditor agent */
static void write_scope(struct buf *buf, uint32_t roles)
{
	const char *space = "";

	for (uint32_t role = 1; role != 0 && role <= roles; role <<= 1) {
		if ((roles & role) == 0)
			continue;
		buf_add_format(buf, "%s%s", space, role_name(role));
		space = " ";
	}
}

static void answer_token(struct auth_job *job)
{
	char access[TOKEN_SIZE_MAX];
	struct err failure = ERR_INIT;
	struct buf buf;

	if (job->wanted_roles != 0)
		job->roles &= job->wanted_roles;
	if (auth_sign_access(job, AUTH_SERVICE_S, access, &failure) != 0) {
		log_error("no access token: %s", failure.text);
		auth_refuse(job, 503, "unavailable", "no token can be signed at the moment");
		return;
	}
	rights_forget(job->auth->conf.rights, &job->user_id); /* its tokens may have been revoked just now */
	buf_init(&buf, ANSWER_SIZE_MAX);
	buf_add_format(&buf, "{\"access_token\":\"%s\",\"token_type\":\"Bearer\",\"expires_in\":%d,\"scope\":\"", access,
		       AUTH_SERVICE_S);
	write_scope(&buf, job->roles);
	buf_add_text(&buf, "\"}\n");
	MUST(!buf.overflow);
	if (job->call != NULL)
		call_set_header(job->call, "Pragma", STR("no-cache"));
	auth_answer(job, 200, buf_str(&buf));
	wipe(buf.data, buf.size);
	buf_release(&buf);
	wipe(access, sizeof(access));
}

static void token_is_done(struct auth_job *job)
{
	if (job->outcome == AUTH_AWAY) {
		auth_refuse_away(job);
		return;
	}
	auth_log(job, "token", auth_outcome_name(job->outcome));
	if (job->outcome != AUTH_SUCCEEDED) {
		refuse_job(job, TOKEN_FAULT_INVALID_CLIENT, SECRET_WRONG);
		return;
	}
	auth_forgive_tries(job);
	attempts_give_back(&job->auth->addresses, str_of(job->address), clock_monotonic_ms());
	if (job->roles == 0)
		refuse_job(job, TOKEN_FAULT_UNAUTHORIZED_CLIENT, "the service has no role");
	else if ((job->wanted_roles & ~job->roles) != 0)
		refuse_job(job, TOKEN_FAULT_INVALID_SCOPE, "the service has not all of these roles");
	else
		answer_token(job);
}

/* A job for the call's request; NULL: the call was answered. */
static struct auth_job *take_token_job(struct auth *auth, struct call *call)
{
	struct token_request request = { .roles = 0 };
	struct auth_job *job = NULL;
	const char *text = NULL;
	enum token_fault fault =
		token_request_read(call_header(call, HEADER_AUTHORIZATION), call_header(call, HEADER_CONTENT_TYPE),
				   call_body(call), &auth->arena, &request, &text);

	auth_forget_body(auth);
	if (fault != TOKEN_FAULT_NONE)
		refuse(call, fault, text);
	else
		job = auth_take_job(auth, call);
	if (job != NULL) {
		job->user_id = request.client_id;
		job->wanted_roles = request.has_scope ? request.roles : 0;
		uuid_format(job->login_text, &request.client_id);
		job->login = (struct str){ .data = job->login_text, .size = UUID_TEXT_SIZE };
		auth_hash_secret(job->used_hash, request.secret);
	}
	wipe(&request, sizeof(request));
	return job;
}

void give_token(struct api *api, struct call *call)
{
	struct auth *auth = api->auth;
	struct auth_job *job = auth_knows_time(call) ? take_token_job(auth, call) : NULL;

	if (job == NULL)
		return;
	if (!auth_take_try(job, true)) {
		auth_log(job, "token", "too_many_attempts");
		auth_free_job(job);
		return;
	}
	auth_submit(job, auth->sessions, work_judge_secret, token_is_done);
}
