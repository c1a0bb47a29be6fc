#ifndef WORKER_RIGHTS_H
#define WORKER_RIGHTS_H

#include <stdbool.h>
#include <stdint.h>

#include "model/module.h"

/*
 * The rights of a user now. A token says what its subject might do when it was signed. If the subject is a user (a UUID), his
 * rights are loaded again with the states of the batch (users.public_user). The roles that count are those of the token that the
 * user still has, so a revoked role or a disabled user takes effect with the next command, however long the token is valid. His
 * scope (creditors, portfolios, sources) is the current one, whatever the token says. Services have other names and the rights of
 * their token.
 *
 * An admin may end the tokens of an account (EndTokens, DisableUser). A token names the version of the account it was signed for;
 * a version below the current one is ended. A command that comes with it is a dead letter, like one with an expired token; a
 * command that came before and was parked is refused.
 *
 * A portal user (consumer) acts for one customer: the key of his commands must be that customer.
 */
struct actor { /* no row: no such user, no rights */
	uint32_t roles;
	struct uuid customer_id; /* of a portal user; none: of nobody */
	struct scope scope;
	int64_t token_version; /* the lowest that is not ended */
};

extern const struct entity actor_entity;

/* Notes in the command whether its actor is a user, and touches his rights then. Comes before all others. */
void rights_touch(struct command *command, struct workset *set);

/* Whether the command's token was ended before it expired. The rights are loaded. */
bool rights_are_ended(const struct command *command, const struct workset *set);

/*
 * Once the rights are loaded: removes from command->roles those that the user has lost, and sets his scope. Both decide whether he
 * is bound, and so what a rule touches in the second round.
 */
void rights_take(struct command *command, const struct workset *set);

/* rights_take; false: the roles that are left may not issue this command. */
bool rights_hold(struct command *command, const struct workset *set);

#endif
