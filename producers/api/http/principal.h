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

/* Who calls: what a good bearer token says. */
struct principal {
	bool is_known;                       /* false: no token was sent, and the route is public */
	char subject[TOKEN_SUBJECT_MAX + 1]; /* user id; or the name of an upstream service */
	bool is_user;                        /* the subject is a user's id, not the name of a service */
	struct uuid user_id;
	uint32_t roles;          /* the token's; before a handler sees them, of a user what is left of them now (rights.h) */
	struct uuid customer_id; /* whose portal user he is; none: nobody's */
	struct scope
		scope; /* which creditors, portfolios and sources the roles are about; of a user as the roles: his rights now */
	int64_t token_version; /* of his account, as the token says it */
	int64_t expires_at_ms;
	struct str token; /* goes along with the caller's commands; borrows from the request */
};

/* What a user may do now, whatever his token says (rights.h). */
struct user_rights {
	uint32_t roles;          /* 0: none, disabled, or no such user */
	struct uuid customer_id; /* whose portal user it is; none: nobody's */
	struct scope scope;
	int64_t token_version; /* a token that says less was ended */
};

/*
 * Reads an Authorization header. 0: *ret_principal is known. Else the status to refuse with: 401, and *ret_text why (a literal
 * that quotes nothing), for WWW-Authenticate; 503 where now_ms is 0, because nobody has told what time it is, and this host's clock
 * says nothing about anybody's token.
 */
#define API_NO_TIME "it is not known yet what time it is: try again"
int principal_read(struct token_keys *keys, struct str authorization, int64_t now_ms, struct principal *ret_principal,
		   const char **ret_text);

/* Whether the principal may do what `access` of a route demands. */
bool principal_may(const struct principal *principal, uint32_t access);

/*
 * How much there is for him of what `access` opens; beyond it nothing exists. Whoever has `access` by a role of those who work
 * here is not limited; else by his role as a creditor, if he has it, to what is about the creditors, and the portfolios, that he is bound to; else, as a
 * portal user, to his own customer's things.
 */
enum limit { LIMIT_NONE, LIMIT_CUSTOMER, LIMIT_CREDITORS, LIMITS };
enum limit principal_limit(const struct principal *principal, uint32_t access);

/* The creditors he is bound to, one id behind the other; borrows. False: he is no creditor, or one for all of them. */
bool principal_creditors(const struct principal *principal, struct str *ret_ids);

/* The portfolios that bind him within these creditors, the same way. False: none does. */
bool principal_portfolios(const struct principal *principal, struct str *ret_ids);

/* Whether this customer's things are his own as a portal user. Whose `customer_id` is none owns nothing, whatever is asked. */
bool principal_owns(const struct principal *principal, const struct uuid *customer_id);

/*
 * Who owns what a command writes: derived from the subject, for idempotency keys of one caller must not meet those of another.
 */
struct uuid principal_id(const struct principal *principal);

void roles_write(struct buf *buf, uint32_t roles); /* ["agent"] */

#endif
