/*
 * Secrets that the gateway makes and returns once, after the users module has accepted the command for one: a service's
 * (RegisterService, RenewSecret). The command is an admin's, like any other; only its answer contains the secret, which must not
 * be in Kafka.
 *
 * A caller that lost the answer and repeats the request gets another secret, and the lost one is revoked.
 */

#include "base/base64url.h"
#include "base/log.h"
#include "producers/api/auth/auth_inside.h"
#include "schemas/users.h"

#define ANSWER_SIZE_MAX 512

static void secret_is_done(struct auth_job *job)
{
	char secret[BASE64URL_SIZE(REFRESH_TOKEN_SIZE) + 1], id[UUID_TEXT_SIZE + 1];
	struct buf buf;

	if (job->outcome == AUTH_AWAY) {
		log_warn("a secret cannot be kept: %s", job->failure.text);
		auth_refuse(job, 503, "unavailable", "done, but the secret cannot be kept at the moment: ask for another one");
		return;
	}
	if (job->outcome != AUTH_SUCCEEDED) {
		auth_refuse(job, 409, "bad_transition", "the service was revoked meanwhile");
		return;
	}
	uuid_format(id, &job->user_id);
	base64url_encode(secret, job->token, sizeof(job->token));
	buf_init(&buf, ANSWER_SIZE_MAX);
	buf_add_format(&buf, "{\"id\":\"%s\",\"clientId\":\"%s\",\"clientSecret\":\"%s\"}\n", id, id, secret);
	MUST(!buf.overflow);
	auth_answer(job, job->done_status, buf_str(&buf));
	wipe(buf.data, buf.size);
	buf_release(&buf);
	wipe(secret, sizeof(secret));
}

/* The service or user of the event, and whether the previous secret is revoked. False: the event cannot be decoded. */
static bool read_event(struct auth *auth, struct str event, struct auth_job *job)
{
	const struct message_type *type;
	struct err failure = ERR_INIT;
	const void *body;

	arena_reset(&auth->arena);
	if (coder_decode(event, &auth->arena, &type, &body, &failure) != 0) {
		log_error("the answer to a command cannot be read: %s", failure.text);
		return false;
	}
	job->user_id = *message_uuid(type->aggregate_field, body);
	job->ends_old = type == &secret_renewed_type && ((const struct secret_renewed *)body)->ends_old;
	arena_reset(&auth->arena);
	return true;
}

void auth_answer_event(struct auth *auth, struct call *call, struct str event,
		       void (*work)(struct auth_job *job, struct pool_seat *seat), void (*done)(struct auth_job *job))
{
	struct auth_job *job = auth_take_job(auth, call);

	if (job == NULL)
		return;
	if (!read_event(auth, event, job)) {
		auth_refuse(job, 503, "unavailable", "done, but the answer cannot be read: ask for another secret");
		return;
	}
	job->done_status = call_route(call)->done_status;
	session_make_token(job);
	auth_submit(job, auth->sessions, work, done);
}

void answer_secret(struct api *api, struct call *call, struct str event)
{
	auth_answer_event(api->auth, call, event, work_add_secret, secret_is_done);
}
