#ifndef API_READS_RIGHTS_H
#define API_READS_RIGHTS_H

#include <stdint.h>

#include "base/err.h"
#include "base/uuid.h"
#include "model/scope.h"
#include "producers/api/http/principal.h"
#include "producers/api/reads/questions.h"

/*
 * A user's current rights (users.public_user), independent of the token: a revoked role or a disabled user takes effect here
 * within RIGHTS_FRESH_MS, as it does immediately in the workers (lib/worker/rights.h). The loop asks for every call with a user's
 * token before its handler (api.c), so a handler sees the current ones: call_principal(call)->roles, ->customer_id and ->scope.
 *
 * Answers are cached for RIGHTS_FRESH_MS, so that a user with a thousand requests a second costs a few queries. Fixed memory: a
 * set-associative cache that evicts the oldest entry of a set. Services (their names are no UUIDs) have the rights of their
 * token.
 */
#define RIGHTS_FRESH_MS 250

struct rights;

/* Start-up. Borrows. */
MUST_CHECK int rights_new(struct questions *questions, struct rights **ret_rights, struct err *err);
void rights_free(struct rights *rights); /* accepts NULL */

/* rights NULL: unknown, PostgreSQL is unreachable. Borrows until it returns. */
typedef void rights_done(void *arg, const struct user_rights *rights);

/* Calls back once: at once if they are cached, otherwise in a later turn. */
void rights_ask(struct rights *rights, const struct uuid *user_id, rights_done *done, void *arg);

/* They have just been changed through this process: removes them from the cache. */
void rights_forget(struct rights *rights, const struct uuid *user_id);

#endif
