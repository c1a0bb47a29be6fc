#ifndef API_AUTH_AUTH_H
#define API_AUTH_AUTH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "producers/api/http/part.h"
#include "producers/api/reads/reads.h"
#include "producers/api/reads/rights.h"
#include "producers/api/writes/outbound.h"
#include "producers/api/writes/outcomes.h"
#include "token/token.h"

/*
 * Users at the door: passwords, sessions, tokens. What a handler needs of argon2 or of a transaction is a job for one of two
 * pools of threads, so that neither a flood of logins nor a slow disk holds up the loop, and that no flood of logins holds up
 * those who are in: sessions have a pool of their own.
 *
 * Each attempt is counted per account and address, and per address, before anything is done for it, is one line in the log, and,
 * if there is such a user, a command for the record (RecordLogin, RecordSessionEnd). An unknown login takes the same time and
 * gets the same answer as a wrong password.
 */
struct auth;

struct auth_conf {
	const char *conninfo; /* of dcs_api; borrowed, as all here */
	struct outbound *outbound;
	struct outcomes *outcomes;
	struct reads *reads;
	struct rights *rights;
	struct coder *coder;
	struct token_keys *keys;
	const uint8_t *address_key;  /* 32 bytes, copied: addresses are kept as keyed hashes */
	const char *trusted_proxies; /* whose X-Forwarded-For is believed */
	bool can_register;           /* anybody may register himself */
	int64_t outcome_ms;          /* how long a registration waits for its outcome before 202 */
	unsigned password_threads;   /* argon2 at once: 19 MiB and one core each */
};

/* Start-up: takes memory, starts threads, hashes once. ERR_FATAL. */
MUST_CHECK int auth_new(const struct auth_conf *conf, struct auth **ret_auth, struct err *err);
void auth_free(struct auth *auth); /* accepts NULL; waits for the jobs that run */

/* As a part of the loop. */
struct part auth_part(struct auth *auth);

#define AUTH_ACCESS_S  600  /* life of an access token */
#define AUTH_SERVICE_S 3600 /* of a service's, which has no refresh token; both can be ended before */

/* ---- handlers of routes ---- */

void register_user(struct api *api, struct call *call);       /* auth_register.c */
void log_in(struct api *api, struct call *call);              /* auth_login.c */
void refresh_session(struct api *api, struct call *call);     /* auth_session.c */
void log_out(struct api *api, struct call *call);             /* auth_session.c */
void give_token(struct api *api, struct call *call);          /* auth_token.c */
void accept_invitation(struct api *api, struct call *call);   /* auth_invitation.c */
void tell_me(struct api *api, struct call *call);             /* auth_session.c */
void change_own_password(struct api *api, struct call *call); /* auth_password.c */
void tell_key_set(struct api *api, struct call *call);        /* auth_session.c */

/* How a row answers whose command was for a secret (route.h); auth_secret.c. */
void answer_secret(struct api *api, struct call *call, struct str event);
void answer_invitation(struct api *api, struct call *call, struct str event); /* auth_invitation.c */

#endif
