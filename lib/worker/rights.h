#ifndef WORKER_RIGHTS_H
#define WORKER_RIGHTS_H

#include <stdbool.h>
#include <stdint.h>

#include "model/module.h"

/*
 * The current rights of a user. A token has the rights of its subject at the time of signing. If the subject is a user (a UUID),
 * the current rights are loaded with the states of the batch (users.public_user). The command has the roles of the token that the
 * user still has, so a revoked role or a disabled user takes effect with the next command, however long the token is valid. The
 * scope (creditors, portfolios, sources) is the current one, not the token's. The subject of a service is no UUID; a service has
 * the rights of its token.
 *
 * An admin may end the tokens of an account (EndTokens, DisableUser). A token names the version of the account it was signed for;
 * a version below the current one is ended. A command with an ended token is a dead letter, like one with an expired token; a
 * command that was parked before the token was ended is refused.
 *
 * A portal user (consumer) acts for one customer: the key of a portal user's commands must be that customer.
 */
struct actor { /* no row: no such user, no rights */
	uint32_t roles;
	struct uuid customer_id; /* the customer of a portal user; nil: none */
	struct scope scope;
	int64_t token_version; /* the lowest that is not ended */
};

extern const struct entity actor_entity;

/* Notes in the command whether its actor is a user, and if so touches the user's rights. Must be the first touch of a command. */
void rights_touch(struct command *command, struct workset *set);

/* Whether the command's token was ended before it expired. The rights are loaded. */
bool rights_are_ended(const struct command *command, const struct workset *set);

/*
 * Once the rights are loaded: removes from command->roles the roles that the user has lost, and sets the user's scope. Roles and
 * scope decide whether the user is bound (command_is_bound), and so the states that a rule touches in the second round.
 */
void rights_take(struct command *command, const struct workset *set);

/* rights_take; false: the roles that are left may not issue this command. */
bool rights_hold(struct command *command, const struct workset *set);

#endif
