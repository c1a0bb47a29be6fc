#include "producers/api/auth/auth.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/day.h"
#include "base/log.h"
#include "producers/api/auth/auth_inside.h"

/* Common to all of /auth: jobs, tries, the part of the loop. */

#define BODY_ARENA_SIZE ((size_t)16 * 1024)
#define SESSION_THREADS 2
#define PASSWORD_NICE   5 /* argon2 can wait: reads and the loop cannot */

/* Tries of an account from one address, with one more each minute; an address has more, as many people may share it. */
#define ACCOUNT_TRIES 10
#define ACCOUNT_MS    60000
#define ADDRESS_TRIES 60
#define ADDRESS_MS    2000

#define SWEEP_MS 10
#define REST_MS  500

static const char *const outcome_names[] = {
	[AUTH_AWAY] = "away",           [AUTH_UNKNOWN] = "unknown",   [AUTH_WRONG_PASSWORD] = "wrong_password",
	[AUTH_LOCKED] = "locked",       [AUTH_DISABLED] = "disabled", [AUTH_NO_ROLES] = "no_roles",
	[AUTH_SUCCEEDED] = "succeeded", [AUTH_RIGHT] = "right",       [AUTH_ROTATED] = "rotated",
	[AUTH_EXPIRED] = "expired",     [AUTH_ENDED] = "ended",       [AUTH_REUSE] = "reuse",
};
_Static_assert(COUNT(outcome_names) == AUTH_OUTCOMES_COUNT, "a word for each outcome");

const char *auth_outcome_name(enum auth_outcome outcome)
{
	MUST(outcome < AUTH_OUTCOMES_COUNT);
	return outcome_names[outcome];
}

/* ---- bodies ---- */

bool auth_take_body(struct auth *auth, struct call *call, const struct record_type *record, void *body)
{
	if (auth_read_body(call, record, &auth->arena, body))
		return true;
	auth_forget_body(auth);
	return false;
}

void auth_forget_body(struct auth *auth)
{
	wipe(auth->arena.block, auth->arena.used);
	arena_reset(&auth->arena);
}

/* ---- jobs ---- */

struct auth_job *auth_take_job(struct auth *auth, struct call *call)
{
	struct auth_job *job = auth->free_jobs;

	if (job == NULL) {
		call_refuse(call, 503, "overloaded", "too many are at the door; try again in a moment");
		return NULL;
	}
	auth->free_jobs = job->next_free;
	*job = (struct auth_job){ .auth = auth, .in_use = true, .call = call };
	auth_address(auth, call, job->address);
	address_hash(job->address_hash, str_of(job->address), auth->address_key);
	return job;
}

void auth_keep_credentials(struct auth_job *job, const struct credentials_body *body)
{
	MUST(str_to_chars(job->login_text, sizeof(job->login_text), body->login));
	MUST(str_to_chars(job->password_text, sizeof(job->password_text), body->password));
	login_fold(job->login_text);
	job->login = (struct str){ .data = job->login_text, .size = body->login.size };
	job->password = (struct str){ .data = job->password_text, .size = body->password.size };
}

void auth_forget_passwords(struct auth_job *job)
{
	wipe(job->password_text, sizeof(job->password_text));
	wipe(job->next_password_text, sizeof(job->next_password_text));
	job->password = job->next_password = STR("");
}

void auth_free_job(struct auth_job *job)
{
	struct auth *auth = job->auth;

	MUST(job->in_use);
	wipe(job, sizeof(*job));
	job->auth = auth;
	job->next_free = auth->free_jobs;
	auth->free_jobs = job;
}

static void look_at_database(struct auth *auth)
{
	atomic_store(&auth->is_away, !reads_are_ready(auth->conf.reads));
}

static void work_on(struct pool_job *pool_job, struct pool_seat *seat)
{
	struct auth_job *job = (struct auth_job *)pool_job; /* its first member */

	if (atomic_load(&job->auth->is_away))
		(void)err_set(&job->failure, ERR_RETRY, "the database is away");
	else
		job->work(job, seat);
}

static void end(struct pool_job *pool_job)
{
	struct auth_job *job = (struct auth_job *)pool_job;

	auth_forget_passwords(job);
	job->done(job);
}

void auth_submit(struct auth_job *job, struct pool *pool, void (*work)(struct auth_job *job, struct pool_seat *seat),
		 void (*done)(struct auth_job *job))
{
	look_at_database(job->auth);
	job->pool_job = (struct pool_job){ .work = work_on, .done = end };
	job->work = work;
	job->done = done;
	if (!pool_submit(pool, &job->pool_job))
		auth_refuse(job, 503, "overloaded", "too many are at the door; try again in a moment");
}

void auth_answer(struct auth_job *job, int status, struct str body)
{
	if (job->call != NULL)
		call_answer(job->call, status, body.size > 0 ? CALL_JSON : NULL, body);
	auth_free_job(job);
}

void auth_refuse(struct auth_job *job, int status, const char *code, const char *detail)
{
	if (job->call != NULL) {
		if (status == 401)
			call_set_header(job->call, "WWW-Authenticate", STR("Bearer"));
		call_refuse(job->call, status, code, detail);
	}
	auth_free_job(job);
}

void auth_refuse_away(struct auth_job *job)
{
	log_warn("users cannot be asked: %s", job->failure.text);
	auth_refuse(job, 503, "unavailable", "users cannot be asked at the moment");
}

bool auth_knows_time(struct call *call)
{
	if (bus_knows_time())
		return true;
	call_refuse(call, 503, "unavailable", API_NO_TIME);
	return false;
}

/* ---- tries ---- */

void auth_address(const struct auth *auth, const struct call *call, char ret_address[CLIENT_ADDRESS_SIZE])
{
	char peer[64];

	client_address(&auth->proxies, call_peer_address(call, peer), call_header(call, HEADER_X_FORWARDED_FOR), ret_address);
}

static void refuse_try(struct call *call, const char *policy, int64_t tries, int64_t each_ms, int64_t wait_ms)
{
	struct problem problem = { .status = 429,
				   .code = "too_many_attempts",
				   .detail = STR("too many attempts; wait"),
				   .is_retryable = true,
				   .retry_after_s = (int)((wait_ms + 999) / 1000) };
	char text[64];

	(void)snprintf(text, sizeof(text), "\"%s\";q=%lld;w=%lld", policy, (long long)tries, (long long)(tries * each_ms / 1000));
	call_set_header(call, "RateLimit-Policy", str_of(text));
	(void)snprintf(text, sizeof(text), "\"%s\";r=0;t=%d", policy, problem.retry_after_s);
	call_set_header(call, "RateLimit", str_of(text));
	call_refuse_problem(call, &problem);
}

#define TRY_NAME_SIZE (CLIENT_ADDRESS_SIZE + LOGIN_MAX + 2)

/* An address contains no blank. */
static struct str name_of_try(const struct auth_job *job, char ret_text[TRY_NAME_SIZE])
{
	(void)snprintf(ret_text, TRY_NAME_SIZE, "%s %.*s", job->address, (int)job->login.size, job->login.data);
	return str_of(ret_text);
}

bool auth_take_try(struct auth_job *job, bool of_account)
{
	struct auth *auth = job->auth;
	int64_t now_ms = clock_monotonic_ms();
	char name[TRY_NAME_SIZE];
	int64_t wait_ms;

	if (!attempts_take(&auth->addresses, str_of(job->address), now_ms, &wait_ms)) {
		refuse_try(job->call, "address", ADDRESS_TRIES, ADDRESS_MS, wait_ms);
		return false;
	}
	if (of_account && !attempts_take(&auth->accounts, name_of_try(job, name), now_ms, &wait_ms)) {
		refuse_try(job->call, "account", ACCOUNT_TRIES, ACCOUNT_MS, wait_ms);
		return false;
	}
	return true;
}

void auth_forgive_tries(struct auth_job *job)
{
	char name[TRY_NAME_SIZE];

	attempts_forgive(&job->auth->accounts, name_of_try(job, name));
}

void auth_log(const struct auth_job *job, const char *what, const char *outcome)
{
	char account[ATTEMPTS_MARK_SIZE] = "-", address[ATTEMPTS_MARK_SIZE], user[UUID_TEXT_SIZE + 1] = "-";

	if (job->login.size > 0)
		attempts_mark(&job->auth->accounts, job->login, account);
	if (!uuid_is_none(&job->user_id))
		uuid_format(user, &job->user_id);
	attempts_mark(&job->auth->addresses, str_of(job->address), address);
	log_info("%s outcome=%s user=%s account=%s address=%s", what, outcome, user, account, address);
}

void auth_refuse_password(struct call *call, const char *text)
{
	const struct fault fault = { .pointer = STR("/password"), .code = "bad_value", .detail = str_of(text) };
	const struct problem problem = { .status = 422,
					 .code = "bad_value",
					 .detail = STR("the password is not good enough"),
					 .faults = &fault,
					 .faults_count = 1 };

	call_refuse_problem(call, &problem);
}

/* ---- as a part of the loop ---- */

static void sweep(struct auth *auth, int64_t now_ms)
{
	if (auth->registering == 0 || now_ms - auth->swept_ms < SWEEP_MS)
		return;
	auth->swept_ms = now_ms;
	for (size_t i = 0; i < AUTH_JOBS_MAX; i++) {
		if (auth->jobs[i].in_use && register_is_waiting(&auth->jobs[i]))
			register_sweep(&auth->jobs[i], now_ms);
	}
}

static int run_part(void *auth_arg, struct err *err)
{
	struct auth *auth = auth_arg;

	look_at_database(auth);
	if (auth->parts[0].run(auth->parts[0].self, err) != 0 || auth->parts[1].run(auth->parts[1].self, err) != 0)
		return -1;
	sweep(auth, clock_monotonic_ms());
	return 0;
}

static int part_timeout_ms(void *auth_arg)
{
	const struct auth *auth = auth_arg;

	return auth->registering > 0 ? SWEEP_MS : REST_MS;
}

static size_t watch_part(void *auth_arg, struct pollfd ret_fds[PART_FDS_MAX])
{
	struct auth *auth = auth_arg;
	size_t count = auth->parts[0].watch(auth->parts[0].self, ret_fds);

	return count + auth->parts[1].watch(auth->parts[1].self, ret_fds + count);
}

static void give_up_part(void *auth_arg)
{
	struct auth *auth = auth_arg;

	for (size_t i = 0; i < AUTH_JOBS_MAX; i++) {
		struct auth_job *job = &auth->jobs[i];

		if (job->in_use && job->call != NULL)
			call_refuse(job->call, 503, "unavailable", "the gateway is ending");
		job->call = NULL;
		if (job->in_use && register_is_waiting(job))
			register_give_up(job);
	}
}

struct part auth_part(struct auth *auth)
{
	return (struct part){ .name = "users",
			      .self = auth,
			      .run = run_part,
			      .watch = watch_part,
			      .timeout_ms = part_timeout_ms,
			      .give_up = give_up_part };
}

/* ---- life ---- */

static int open_pools(struct auth *auth, struct err *err)
{
	const struct pool_conf passwords = { .name = "passwords",
					     .conninfo = auth->conf.conninfo,
					     .threads = auth->conf.password_threads,
					     .waiting_max = PASSWORD_WAITING_MAX,
					     .nice = PASSWORD_NICE };
	const struct pool_conf sessions = { .name = "sessions",
					    .conninfo = auth->conf.conninfo,
					    .threads = SESSION_THREADS,
					    .waiting_max = SESSION_WAITING_MAX };

	if (pool_new(&passwords, &auth->passwords, err) != 0 || pool_new(&sessions, &auth->sessions, err) != 0)
		return -1;
	auth->parts[0] = pool_part(auth->passwords);
	auth->parts[1] = pool_part(auth->sessions);
	return 0;
}

static int hash_nothing(struct auth *auth, struct err *err)
{
	uint8_t password[REFRESH_TOKEN_SIZE];

	random_bytes(password, sizeof(password));
	return password_hash(auth->no_hash, (struct str){ .data = (const char *)password, .size = sizeof(password) }, err);
}

int auth_new(const struct auth_conf *conf, struct auth **ret_auth, struct err *err)
{
	struct auth *auth = calloc(1, sizeof(*auth));

	if (auth == NULL)
		return err_set(err, ERR_FATAL, "no memory");
	auth->conf = *conf;
	auth->awaits = (struct await_conf){
		.outcomes = conf->outcomes, .reads = conf->reads, .event = register_event, .state = register_state
	};
	memcpy(auth->address_key, conf->address_key, sizeof(auth->address_key));
	auth->conf.address_key = NULL; /* the caller's will be gone */
	attempts_init(&auth->accounts, ACCOUNT_TRIES, ACCOUNT_MS);
	attempts_init(&auth->addresses, ADDRESS_TRIES, ADDRESS_MS);
	for (size_t i = AUTH_JOBS_MAX; i > 0; i--) {
		auth->jobs[i - 1].auth = auth;
		auth->jobs[i - 1].next_free = auth->free_jobs;
		auth->free_jobs = &auth->jobs[i - 1];
	}
	if (proxies_read(&auth->proxies, conf->trusted_proxies, err) != 0 ||
	    arena_init(&auth->arena, BODY_ARENA_SIZE, err) != 0 || hash_nothing(auth, err) != 0 || open_pools(auth, err) != 0) {
		auth_free(auth);
		return -1;
	}
	*ret_auth = auth;
	return 0;
}

void auth_free(struct auth *auth)
{
	if (auth == NULL)
		return;
	pool_free(auth->passwords);
	pool_free(auth->sessions);
	arena_release(&auth->arena);
	wipe(auth->jobs, sizeof(auth->jobs));
	wipe(auth->address_key, sizeof(auth->address_key));
	free(auth);
}
