#ifndef API_AUTH_AUTH_INSIDE_H
#define API_AUTH_AUTH_INSIDE_H

#include <stdatomic.h>

#include "crypto/crypto.h"
#include "crypto/password.h"
#include "producers/api/api.h"
#include "producers/api/auth/attempts.h"
#include "producers/api/auth/auth.h"
#include "producers/api/auth/auth_body.h"
#include "producers/api/auth/pool.h"
#include "producers/api/http/client_address.h"
#include "producers/api/writes/await.h"

/*
 * Shared by the files auth*.c. A job is one request from its handler to its answer: created in the loop, processed in a thread
 * (auth_work.c), finished in the loop, in some cases after Kafka has acknowledged its record.
 */
#define PASSWORD_WAITING_MAX 64
#define SESSION_WAITING_MAX  256
#define AUTH_JOBS_MAX        512
#define AUTH_ENDED_MAX       16 /* sessions that end with one password change and are recorded one by one */

/* The words that the functions of sql/0009_users.sql and 0047 return, and RecordLogin contains. */
enum auth_outcome {
	AUTH_AWAY, /* PostgreSQL is unreachable; or no memory for argon2 */
	AUTH_UNKNOWN,
	AUTH_WRONG_PASSWORD, /* or secret */
	AUTH_LOCKED,
	AUTH_DISABLED,
	AUTH_NO_ROLES,
	AUTH_SUCCEEDED,
	AUTH_RIGHT,
	AUTH_ROTATED,
	AUTH_EXPIRED,
	AUTH_ENDED,
	AUTH_REUSE,
	AUTH_OUTCOMES_COUNT,
};
const char *auth_outcome_name(enum auth_outcome outcome);

/* The state of a registration's command (auth_register.c). In SENT and ACKNOWLEDGED the job is one of auth->registering. */
enum register_stage {
	REGISTER_NONE,         /* no registration, or its credential is being written */
	REGISTER_SENT,         /* handed to Kafka */
	REGISTER_ACKNOWLEDGED, /* by Kafka */
	REGISTER_ANSWERED,
};

struct auth_job {
	struct pool_job pool_job; /* first */
	struct auth *auth;
	struct auth_job *next_free;
	bool in_use;
	struct call *call; /* NULL: answered, or the caller has gone */
	void (*work)(struct auth_job *job, struct pool_seat *seat);
	void (*done)(struct auth_job *job);

	/* the request */
	struct str login;         /* in login_text */
	struct str password;      /* in password_text */
	struct str next_password; /* in next_password_text */
	char login_text[LOGIN_MAX + 1];
	char password_text[PASSWORD_MAX + 1];
	char next_password_text[PASSWORD_MAX + 1];
	char address[CLIENT_ADDRESS_SIZE];
	uint8_t address_hash[DIGEST_SIZE]; /* keyed, the same in all gateways: PostgreSQL counts by it */
	struct uuid user_id;
	struct uuid session_id;
	uint8_t used_hash[SHA256_SIZE]; /* of the refresh token, or the secret, in the request */
	uint32_t wanted_roles;          /* for a token: only these roles; 0: all */
	bool ends_old;                  /* for a secret: it replaces the previous one, which is revoked */
	int done_status;                /* the same: the status of the route's row */
	uint8_t token[REFRESH_TOKEN_SIZE];
	uint8_t token_hash[SHA256_SIZE]; /* of the new one */

	/* for a registration: the wait for the users module's answer */
	struct await await;
	enum register_stage stage;
	bool is_ack_due;  /* Kafka's answer is outstanding */
	bool must_forget; /* at the end: the credential is deleted, as it gets no account */

	/* the result */
	enum auth_outcome outcome;
	struct err failure; /* AUTH_AWAY */
	uint32_t roles;
	struct uuid customer_id;
	int64_t token_version;
	int32_t refresh_seconds;
	struct uuid ended[AUTH_ENDED_MAX];
	size_t ended_count;
};

struct auth {
	struct auth_conf conf;
	struct await_conf awaits; /* for registrations */
	struct pool *passwords, *sessions;
	struct part parts[2];                /* of the pools */
	struct attempts accounts, addresses; /* per account and address; per address */
	struct proxies proxies;
	struct arena arena; /* for one body; overwritten after each */
	uint8_t address_key[32];
	char no_hash[PASSWORD_HASH_SIZE]; /* of an unused password: an unknown login is compared with it */
	atomic_bool is_away;              /* PostgreSQL is unreachable, as last seen by the loop: threads then fail at once */
	struct auth_job *free_jobs;
	size_t registering; /* jobs that wait for their outcome */
	int64_t swept_ms;
	struct auth_job jobs[AUTH_JOBS_MAX];
};

/* ---- auth.c ---- */

/* Reads a body into a struct of the record; its texts are valid until auth_forget_body. False: the call was answered. */
bool auth_take_body(struct auth *auth, struct call *call, const struct record_type *record, void *body);
void auth_forget_body(struct auth *auth); /* overwrites */

/* NULL: none is free, and the call was answered. */
struct auth_job *auth_take_job(struct auth *auth, struct call *call);
void auth_keep_credentials(struct auth_job *job, const struct credentials_body *body); /* copies; the login in lower case */
void auth_forget_passwords(struct auth_job *job); /* overwrites them as soon as they are not needed any more */
void auth_free_job(struct auth_job *job);         /* overwrites its secrets */

/* Submits the job to one of the pools; if too many jobs wait, the call is answered with 503 and the job is freed. */
void auth_submit(struct auth_job *job, struct pool *pool, void (*work)(struct auth_job *job, struct pool_seat *seat),
		 void (*done)(struct auth_job *job));

/* Answers and frees the job. Without a call only frees it. */
void auth_answer(struct auth_job *job, int status, struct str body);
void auth_refuse(struct auth_job *job, int status, const char *code, const char *detail);
void auth_refuse_away(struct auth_job *job); /* 503 */

/* Must be checked before an operation that ends with a new token. False: the call was answered with 503. */
bool auth_knows_time(struct call *call);

/*
 * Takes a try of the job's address and, of_account, of its account from this address: so callers at other addresses cannot use
 * up the owner's tries. False: none is left, and the call was answered with 429.
 */
bool auth_take_try(struct auth_job *job, bool of_account);

/* After a success: refills the tries of this account from this address. */
void auth_forgive_tries(struct auth_job *job);

void auth_address(const struct auth *auth, const struct call *call, char ret_address[CLIENT_ADDRESS_SIZE]);

/* Logs one line: the outcome of an attempt, and its source, with marks instead of names. */
void auth_log(const struct auth_job *job, const char *what, const char *outcome);

/* 422: a password that is not good enough (password_fault). */
void auth_refuse_password(struct call *call, const char *text);

/* ---- auth_register.c ---- */

bool register_is_waiting(const struct auth_job *job);
void register_sweep(struct auth_job *job, int64_t now_ms); /* of waiting jobs */
void register_event(struct await *await, struct str event);
void register_state(struct await *await, const struct command_state *state, bool has_news);
void register_give_up(struct auth_job *job); /* its call was answered */

/* ---- auth_secret.c ---- */

/* Makes a secret for the service or user in the event: `work` stores its hash (token_hash), `done` answers with it. */
void auth_answer_event(struct auth *auth, struct call *call, struct str event,
		       void (*work)(struct auth_job *job, struct pool_seat *seat), void (*done)(struct auth_job *job));

/* ---- auth_session.c ---- */

/* Makes the job's next refresh token, or a secret: only this hash of it is stored. */
void session_make_token(struct auth_job *job);
void auth_hash_secret(uint8_t ret_hash[SHA256_SIZE], const uint8_t secret[REFRESH_TOKEN_SIZE]);

/* An access token for the job's user or service, with its roles. */
MUST_CHECK int auth_sign_access(const struct auth_job *job, int life_s, char token[TOKEN_SIZE_MAX], struct err *err);

/* Answers 200 with an access token and the job's refresh token. Frees the job. */
void session_answer(struct auth_job *job);

/* Records that a session has ended; no call waits for it. */
void session_record_end(struct auth *auth, const struct uuid *user_id, const struct uuid *session_id, const char *reason);

/* ---- auth_work.c: in a thread ---- */

void work_login(struct auth_job *job, struct pool_seat *seat);
void work_rotate(struct auth_job *job, struct pool_seat *seat);
void work_end_session(struct auth_job *job, struct pool_seat *seat); /* of used_hash */
void work_add_credential(struct auth_job *job, struct pool_seat *seat);
void work_drop_credential(struct auth_job *job, struct pool_seat *seat);
void work_judge_secret(struct auth_job *job, struct pool_seat *seat);      /* used_hash, of service user_id */
void work_add_secret(struct auth_job *job, struct pool_seat *seat);        /* token_hash, for that service */
void work_add_invitation(struct auth_job *job, struct pool_seat *seat);    /* token_hash, for user_id */
void work_accept_invitation(struct auth_job *job, struct pool_seat *seat); /* used_hash */
void work_change_password(struct auth_job *job, struct pool_seat *seat);

#endif
