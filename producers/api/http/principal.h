#ifndef API_HTTP_PRINCIPAL_H
#define API_HTTP_PRINCIPAL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "base/uuid.h"
#include "model/scope.h"
#include "token/token.h"

/* The caller, as a valid bearer token identifies it. */
struct principal {
	bool is_known;                       /* false: no token was sent, and the route is public */
	char subject[TOKEN_SUBJECT_MAX + 1]; /* user id; or the name of an upstream service */
	bool is_user;                        /* the subject is a user's id, not the name of a service */
	struct uuid user_id;
	uint32_t roles;          /* the token's; before the handler of a user's call: those that the user still has (rights.h) */
	struct uuid customer_id; /* of a portal user: the user's own customer; none: no portal user */
	struct scope scope;      /* the creditors, portfolios and sources that limit the roles; for a user the current ones */
	int64_t token_version;   /* the version of the account in the token */
	int64_t expires_at_ms;
	struct str token; /* sent with the caller's commands; borrows from the request */
};

/* A user's current rights, independent of the token (rights.h). */
struct user_rights {
	uint32_t roles;          /* 0: none, disabled, or no such user */
	struct uuid customer_id; /* of a portal user: the user's own customer; none: no portal user */
	struct scope scope;
	int64_t token_version; /* a token with a lower version was revoked */
};

/*
 * Reads an Authorization header. 0: *ret_principal is known. Otherwise the status of the refusal: 401, with the reason in
 * *ret_text (a literal that quotes nothing), for WWW-Authenticate; or 503 if now_ms is 0: the time of the system is not known
 * yet, and the clock of this host must not decide whether a token has expired.
 */
#define API_NO_TIME "it is not known yet what time it is: try again"
int principal_read(struct token_keys *keys, struct str authorization, int64_t now_ms, struct principal *ret_principal,
		   const char **ret_text);

/* Whether the principal has the `access` that a route demands. */
bool principal_may(const struct principal *principal, uint32_t access);

/*
 * The limit of the principal's view of a route with `access`; anything beyond the limit does not exist for the principal. A staff
 * or service role in `access` has no limit. Otherwise the role creditor is limited to the creditors and portfolios that the user
 * is bound to, and a portal user to their own customer.
 */
enum limit { LIMIT_NONE, LIMIT_CUSTOMER, LIMIT_CREDITORS, LIMITS };
enum limit principal_limit(const struct principal *principal, uint32_t access);

/*
 * The creditors that the user is bound to, as consecutive ids; borrows. False: no creditor, or a creditor role for all of them.
 */
bool principal_creditors(const struct principal *principal, struct str *ret_ids);

/* The portfolios that the user is bound to within these creditors, in the same form. False: bound to no portfolio. */
bool principal_portfolios(const struct principal *principal, struct str *ret_ids);

/* Whether the principal is the portal user of this customer. A principal without customer_id owns nothing. */
bool principal_owns(const struct principal *principal, const struct uuid *customer_id);

/* The issuer of a command as an id, derived from the subject: it separates the idempotency keys of different callers. */
struct uuid principal_id(const struct principal *principal);

void roles_write(struct buf *buf, uint32_t roles); /* ["agent"] */

#endif
