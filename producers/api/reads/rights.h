#ifndef API_READS_RIGHTS_H
#define API_READS_RIGHTS_H

#include <stdint.h>

#include "base/err.h"
#include "base/uuid.h"
#include "model/scope.h"
#include "producers/api/http/principal.h"
#include "producers/api/reads/questions.h"

/*
 * What a user may do now (users.public_user), whatever his token says: a role taken away, a user disabled works here within
 * RIGHTS_FRESH_MS, as it does at once at the workers (lib/worker/rights.h). The loop asks for every call with a user's token
 * before its handler (api.c), so a handler sees what is left: call_principal(call)->roles, ->customer_id and ->scope.
 *
 * Answers are kept for RIGHTS_FRESH_MS, so that a user who sends a thousand requests a second is looked up a few times. Fixed
 * memory; a full set of ways gives up its oldest. Services (their names are no UUIDs) have the rights of their token.
 */
#define RIGHTS_FRESH_MS 250

struct rights;

/* Start-up. Borrows. */
MUST_CHECK int rights_new(struct questions *questions, struct rights **ret_rights, struct err *err);
void rights_free(struct rights *rights); /* accepts NULL */

/* rights NULL: not known, for PostgreSQL is away. Borrows until it returns. */
typedef void rights_done(void *arg, const struct user_rights *rights);

/* Tells once: at once when it is known, else in a later turn. */
void rights_ask(struct rights *rights, const struct uuid *user_id, rights_done *done, void *arg);

/* They have just been changed through us: ask again at the next call, do not wait for the kept answer to grow old. */
void rights_forget(struct rights *rights, const struct uuid *user_id);

#endif
