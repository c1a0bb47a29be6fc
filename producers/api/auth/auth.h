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
 * Authentication of users: passwords, sessions, tokens. A step that needs argon2 or a transaction is a job for one of two thread
 * pools, so that neither a flood of logins nor a slow disk blocks the loop. Sessions have a pool of their own, so that a flood of
 * logins does not block users who are logged in.
 *
 * Each attempt is counted per account and address, and per address, before any work is done for it. It is one line in the log,
 * and, if the user exists, a command for the record (RecordLogin, RecordSessionEnd). An unknown login takes the same time and
 * gets the same answer as a wrong password.
 */
struct auth;

struct auth_conf {
	const char *conninfo; /* of dcs_api; borrowed, as all members */
	struct outbound *outbound;
	struct outcomes *outcomes;
	struct reads *reads;
	struct rights *rights;
	struct token_keys *keys;
	const uint8_t *address_key;  /* 32 bytes, copied: addresses are stored as keyed hashes */
	const char *trusted_proxies; /* the proxies whose X-Forwarded-For is trusted */
	bool can_register;           /* users may register themselves */
	int64_t outcome_ms;          /* the wait for a registration's outcome before 202 */
	unsigned password_threads;   /* the most argon2 hashes at a time: 19 MiB and one core each */
};

/* Start-up: allocates memory, starts threads, computes one hash. ERR_FATAL. */
MUST_CHECK int auth_new(const struct auth_conf *conf, struct auth **ret_auth, struct err *err);
void auth_free(struct auth *auth); /* accepts NULL; waits for running jobs */

/* Makes it parts of the loop. */
struct part auth_part(struct auth *auth);

#define AUTH_ACCESS_S  600  /* lifetime of an access token */
#define AUTH_SERVICE_S 3600 /* of a service's, which has no refresh token; both can be revoked earlier */

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

/* The `answer` of rows whose command was for a secret (route.h); auth_secret.c. */
void answer_secret(struct api *api, struct call *call, struct str event);
void answer_invitation(struct api *api, struct call *call, struct str event); /* auth_invitation.c */

#endif
