/*
 * POST /auth/register
 *
 *   thread: argon2, the credential ─> RegisterUser, as the gateway itself ─> its answer, or none in time: 202
 *                                                                            a refusal: the credential goes again
 *
 * A login that is taken gets the same 202 after the same work: nobody learns here who has a login. To log in tells, and is
 * counted.
 *
 * The credential comes first: a crash in between leaves one without an account, which nobody can use; the other way round it
 * would leave a login that is taken by nobody.
 */

#include "base/day.h"
#include "base/log.h"
#include "model/refusal.h"
#include "producers/api/auth/auth_inside.h"
#include "producers/api/writes/refusals.h"
#include "schemas/engine.h"
#include "schemas/users.h"

#define LOOK_FIRST_MS   400
#define LOOK_GAP_MAX_MS 5000
#define BODY_SIZE_MAX   1024

/* ---- the end ---- */

static void forgotten_is_done(struct auth_job *job)
{
	if (job->outcome == AUTH_AWAY)
		log_warn("a credential without an account stays: %s", job->failure.text);
	auth_free_job(job);
}

/* It is over when it was answered and nobody will call back. */
static void end_if_over(struct auth_job *job)
{
	if (job->is_waiting || job->callbacks > 0)
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
	MUST(job->is_waiting);
	job->is_waiting = false;
	job->auth->registering--;
	outcomes_forget(job->auth->conf.outcomes, &job->wait);
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

/* ---- what the users module says ---- */

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
	if (coder_decode(auth->conf.coder, event, &auth->arena, &type, &body, &failure) != 0) {
		log_error("the answer to a registration cannot be read: %s", failure.text);
		refuse(job, "the answer cannot be read; try to log in");
	} else if (type == &command_rejected_type) {
		take_refusal(job, body);
	} else {
		answer(job, "registered");
	}
	arena_reset(&auth->arena);
}

/* The gateway's own token was not good: nothing that the caller could mend. */
static void take_dead(struct auth_job *job, const struct command_state *state)
{
	log_error("a registration became a dead letter: %.*s", (int)state->dead_code.size, state->dead_code.data);
	job->must_forget = true;
	refuse(job, "nobody can register now: try again later");
}

static void on_event(struct outcome_wait *wait, struct str event)
{
	struct auth_job *job = (struct auth_job *)((char *)wait - offsetof(struct auth_job, wait));

	if (job->is_waiting && job->call != NULL)
		take_event(job, event);
}

static void on_state(void *job_arg, const struct command_state *state)
{
	struct auth_job *job = job_arg;

	job->callbacks--;
	job->is_asking = false;
	job->look_at_ms = clock_monotonic_ms() + job->look_gap_ms;
	if (job->is_waiting && job->call != NULL && state != NULL &&
	    (state->kind == COMMAND_APPLIED || state->kind == COMMAND_REFUSED))
		take_event(job, state->event);
	else if (job->is_waiting && job->call != NULL && state != NULL && state->kind == COMMAND_DEAD)
		take_dead(job, state);
	else
		end_if_over(job);
}

void register_sweep(struct auth_job *job, int64_t now_ms)
{
	if (!job->is_acked)
		return;
	if (now_ms >= job->until_ms) {
		answer(job, "accepted");
	} else if (now_ms >= job->look_at_ms && !job->is_asking) {
		job->look_gap_ms = job->look_gap_ms * 2 < LOOK_GAP_MAX_MS ? job->look_gap_ms * 2 : LOOK_GAP_MAX_MS;
		job->is_asking = true;
		job->callbacks++;
		reads_find_command(job->auth->conf.reads, "users", &job->wait.command_id, on_state, job);
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

	job->callbacks--;
	job->is_acked = is_acked;
	if (!job->is_waiting || job->call == NULL)
		end_if_over(job);
	else if (!is_acked) /* it may have arrived all the same: the credential stays */
		refuse(job, "the registration may not have arrived; try to log in, then try again");
}

static int publish(struct auth_job *job, struct err *err)
{
	const struct register_user body = { .user_id = job->user_id, .login = job->login };
	const struct outbound_command command = { .topic = "dcs.users.commands.v1",
						  .type = &register_user_type,
						  .body = &body,
						  .id = job->wait.command_id,
						  .key = job->user_id,
						  .traceparent = call_traceparent(job->call) };

	return outbound_publish(job->auth->conf.outbound, &command, on_ack, job, err);
}

static void send_command(struct auth_job *job)
{
	int64_t now_ms = clock_monotonic_ms();
	struct err failure = ERR_INIT;

	job->wait = (struct outcome_wait){ .command_id = uuid_new(), .told = on_event };
	job->is_waiting = true;
	job->auth->registering++;
	if (publish(job, &failure) != 0) {
		log_warn("a registration was not taken: %s", failure.text);
		job->must_forget = true;
		refuse(job, "nobody can be registered at the moment");
		return;
	}
	job->callbacks++;
	job->until_ms = now_ms + job->auth->conf.outcome_ms;
	job->look_gap_ms = LOOK_FIRST_MS;
	job->look_at_ms = now_ms + job->look_gap_ms;
	/* Before the next turn of the loop: no event can have been looked at. */
	outcomes_wait(job->auth->conf.outcomes, &job->wait);
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

static void refuse_password(struct call *call, const char *text)
{
	const struct fault fault = { .pointer = STR("/password"), .code = "bad_value", .detail = str_of(text) };
	const struct problem problem = { .status = 422,
					 .code = "bad_value",
					 .detail = STR("the password is not good enough"),
					 .faults = &fault,
					 .faults_count = 1 };

	call_refuse_problem(call, &problem);
}

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
	refuse_password(call, fault);
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
