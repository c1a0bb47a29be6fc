/*
 * POST /auth/register
 *
 *   thread: argon2, the credential ─> RegisterUser, as the gateway itself ─> its answer, or none in time: 202
 *                                                                            a refusal: the credential is deleted
 *
 * A login that exists gets the same 202 after the same work: nobody learns here which logins exist. A login attempt afterwards
 * reveals it, and is counted.
 *
 * The credential comes first: a crash in between leaves a credential without an account, which is harmless; the other order would
 * leave an account without a credential, whose login would be taken for ever.
 */

#include "base/day.h"
#include "base/log.h"
#include "model/refusal.h"
#include "producers/api/auth/auth_inside.h"
#include "producers/api/writes/refusals.h"
#include "schemas/engine.h"
#include "schemas/users.h"

#define BODY_SIZE_MAX 1024

/* ---- the end ---- */

bool register_is_waiting(const struct auth_job *job)
{
	return job->stage == REGISTER_SENT || job->stage == REGISTER_ACKNOWLEDGED;
}

static struct auth_job *job_of(struct await *await)
{
	return (struct auth_job *)((char *)await - offsetof(struct auth_job, await));
}

static void forgotten_is_done(struct auth_job *job)
{
	if (job->outcome == AUTH_AWAY)
		log_warn("a credential without an account stays: %s", job->failure.text);
	auth_free_job(job);
}

/* Frees the job once it is answered and no callback is outstanding. */
static void end_if_over(struct auth_job *job)
{
	if (register_is_waiting(job) || job->is_ack_due || job->await.look != LOOK_IDLE)
		return;
	job->call = NULL;
	if (!job->must_forget) {
		auth_free_job(job);
		return;
	}
	job->outcome = AUTH_AWAY;
	auth_submit(job, job->auth->sessions, work_drop_credential, forgotten_is_done);
}

static void stop_waiting(struct auth_job *job)
{
	MUST(register_is_waiting(job));
	job->stage = REGISTER_ANSWERED;
	job->auth->registering--;
	await_end(&job->await);
}

static void refuse(struct auth_job *job, const char *detail)
{
	stop_waiting(job);
	call_refuse(job->call, 503, "unavailable", detail);
	end_if_over(job);
}

static void write_registration(const struct auth_job *job, struct buf *buf)
{
	char id[UUID_TEXT_SIZE + 1];

	uuid_format(id, &job->user_id);
	buf_add_format(buf, "{\"id\":\"%s\",\"login\":", id);
	json_write_string(buf, job->login);
	buf_add_text(buf, ",\"status\":\"accepted\",\"roles\":[]}\n");
	MUST(!buf->overflow);
}

static void answer(struct auth_job *job, const char *outcome)
{
	struct buf buf;

	auth_log(job, "register", outcome);
	stop_waiting(job);
	buf_init(&buf, BODY_SIZE_MAX);
	write_registration(job, &buf);
	call_set_header(job->call, "Retry-After", STR("5"));
	call_answer(job->call, 202, CALL_JSON, buf_str(&buf));
	buf_release(&buf);
	end_if_over(job);
}

/* ---- the answer of the users module ---- */

static void take_refusal(struct auth_job *job, const struct command_rejected *rejected)
{
	struct refusal_problem refusal;

	job->must_forget = true;
	if (str_is(rejected->code, refusal_code(REFUSAL_EXISTS))) {
		answer(job, "exists");
		return;
	}
	auth_log(job, "register", "refused");
	stop_waiting(job);
	refusal_problem_of(rejected, &register_user_type, NULL, "", &refusal);
	call_refuse_problem(job->call, &refusal.problem);
	end_if_over(job);
}

static void take_event(struct auth_job *job, struct str event)
{
	struct auth *auth = job->auth;
	const struct message_type *type;
	struct err failure = ERR_INIT;
	const void *body;

	arena_reset(&auth->arena);
	if (coder_decode(event, &auth->arena, &type, &body, &failure) != 0) {
		log_error("the answer to a registration cannot be read: %s", failure.text);
		refuse(job, "the answer cannot be read; try to log in");
	} else if (type == &command_rejected_type) {
		take_refusal(job, body);
	} else {
		answer(job, "registered");
	}
	arena_reset(&auth->arena);
}

/* The gateway's own token was invalid: the caller cannot fix that. */
static void take_dead(struct auth_job *job, const struct command_state *state)
{
	log_error("a registration became a dead letter: %.*s", (int)state->dead_code.size, state->dead_code.data);
	job->must_forget = true;
	refuse(job, "nobody can register now: try again later");
}

void register_event(struct await *await, struct str event)
{
	struct auth_job *job = job_of(await);

	if (register_is_waiting(job) && job->call != NULL)
		take_event(job, event);
}

static void take_state(struct auth_job *job, const struct command_state *state)
{
	if (state->kind == COMMAND_APPLIED || state->kind == COMMAND_REFUSED)
		take_event(job, state->event);
	else if (state->kind == COMMAND_DEAD)
		take_dead(job, state);
}

/* has_news is ignored: the command's id is fresh, so an event during the query answers this command itself. */
void register_state(struct await *await, const struct command_state *state, bool has_news)
{
	struct auth_job *job = job_of(await);

	(void)has_news;
	if (!register_is_waiting(job) || job->call == NULL)
		end_if_over(job);
	else if (state != NULL)
		take_state(job, state);
}

void register_sweep(struct auth_job *job, int64_t now_ms)
{
	if (job->stage != REGISTER_ACKNOWLEDGED)
		return;
	switch (await_due(&job->await, now_ms)) {
	case AWAIT_NOTHING:
		return;
	case AWAIT_LOOK:
		await_look(&job->await);
		return;
	case AWAIT_OVER:
		answer(job, "accepted");
		return;
	}
}

void register_give_up(struct auth_job *job)
{
	stop_waiting(job);
	end_if_over(job);
}

/* ---- the command ---- */

static void on_ack(void *job_arg, bool is_acked)
{
	struct auth_job *job = job_arg;

	job->is_ack_due = false;
	if (!register_is_waiting(job) || job->call == NULL)
		end_if_over(job);
	else if (is_acked)
		job->stage = REGISTER_ACKNOWLEDGED;
	else /* it may have arrived nevertheless: the credential stays */
		refuse(job, "the registration may not have arrived; try to log in, then try again");
}

static int publish(struct auth_job *job, struct err *err)
{
	const struct register_user body = { .user_id = job->user_id, .login = job->login };
	const struct outbound_command command = { .topic = "dcs.users.commands.v1",
						  .type = &register_user_type,
						  .body = &body,
						  .id = job->await.wait.command_id,
						  .key = job->user_id,
						  .traceparent = call_traceparent(job->call) };

	return outbound_publish(job->auth->conf.outbound, &command, on_ack, job, err);
}

static void send_command(struct auth_job *job)
{
	const struct uuid command_id = uuid_new();
	struct err failure = ERR_INIT;

	await_init(&job->await, &job->auth->awaits, "users", &command_id);
	job->stage = REGISTER_SENT;
	job->auth->registering++;
	if (publish(job, &failure) != 0) {
		log_warn("a registration was not taken: %s", failure.text);
		job->must_forget = true;
		refuse(job, "nobody can be registered at the moment");
		return;
	}
	job->is_ack_due = true;
	await_begin(&job->await, clock_monotonic_ms(), job->auth->conf.outcome_ms);
	await_listen(&job->await); /* before the next turn of the loop: no event can have been read yet */
}

static void credential_is_written(struct auth_job *job)
{
	if (job->outcome == AUTH_AWAY)
		auth_refuse_away(job);
	else if (job->call == NULL)
		auth_free_job(job);
	else
		send_command(job);
}

/* ---- the request ---- */

static struct auth_job *take_registration_job(struct auth *auth, struct call *call)
{
	struct credentials_body body = { .login = STR("") };
	struct auth_job *job = NULL;
	const char *fault;

	if (!auth_take_body(auth, call, &credentials_record, &body))
		return NULL;
	job = auth_take_job(auth, call);
	if (job != NULL)
		auth_keep_credentials(job, &body);
	auth_forget_body(auth);
	fault = job == NULL ? NULL : password_fault(job->password, job->login);
	if (fault == NULL)
		return job;
	auth_refuse_password(call, fault);
	auth_free_job(job);
	return NULL;
}

void register_user(struct api *api, struct call *call)
{
	struct auth *auth = api->auth;
	struct auth_job *job;

	if (!auth->conf.can_register) {
		call_refuse(call, 403, "registration_closed", "users are made known by an administrator here");
		return;
	}
	job = take_registration_job(auth, call);
	if (job == NULL)
		return;
	if (!auth_take_try(job, false)) {
		auth_log(job, "register", "too_many_attempts");
		auth_free_job(job);
		return;
	}
	job->user_id = uuid_new();
	auth_submit(job, auth->passwords, work_add_credential, credential_is_written);
}
