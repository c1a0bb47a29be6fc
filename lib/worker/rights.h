#ifndef WORKER_RIGHTS_H
#define WORKER_RIGHTS_H

#include <stdbool.h>
#include <stdint.h>

#include "model/module.h"

/*
 * What a user may do now. A token says what its subject might do when it was signed; if the subject is a user (its text is a
 * UUID), the rights are looked up again with the states of the batch (users.public_user), and what is left of the token's roles
 * is what counts: a role taken away, a user disabled works with the next command, however long the token is valid. Services have
 * other names and the rights of their token.
 *
 * The same holds for his scope: the creditors and sources that he is bound to are those of his rights now, whatever stands in the
 * token.
 *
 * A token is nobody's word any more once an admin has ended those of its account (EndTokens, DisableUser): it says which version
 * of the account it was signed for, and a lower one than that of now is over. What comes with it is a dead letter, as with a
 * token that has expired; what had come before, and was parked, is refused.
 *
 * A portal user (consumer) acts for one customer: as such he may only issue what has that customer as its key.
 */
struct actor { /* no row: no such user, no rights */
	uint32_t roles;
	struct uuid customer_id; /* none: nobody's portal user */
	struct scope scope;
	int64_t token_version; /* what a token must say at least */
};

extern const struct entity actor_entity;

/* Asks for the actor's rights if he is a user. */
void rights_touch(const struct command *command, struct workset *set);

/* Whether the command's token was ended before it expired. Rights are loaded. */
bool rights_are_ended(const struct command *command, const struct workset *set);

/*
 * Takes from command->roles what the user does not have any more, and gives it his scope, once his rights are loaded: whether he
 * is bound, and so what a rule touches again, depends on what is left of both.
 */
void rights_take(struct command *command, const struct workset *set);

/* The same; false: what is left may not issue this. */
bool rights_hold(struct command *command, const struct workset *set);

#endif
