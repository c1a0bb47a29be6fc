#ifndef CONSUMERS_USERS_GIVEN_H
#define CONSUMERS_USERS_GIVEN_H

#include "consumers/users/users.h"

/*
 * The checks of fields that commands about users and about services share. When a function returns false, it has refused the
 * command.
 */

/*
 * The state of an account if it is of this kind, otherwise NULL: for a command about one kind, accounts of the other kind do not
 * exist.
 */
const struct user *given_account(const struct workset *set, const struct uuid *id, enum user_kind kind);

/* The login of a user, or the name of a service. */
bool given_login(const char *field, struct str login, struct decision *decision);

bool given_roles(const struct str *names, size_t count, uint32_t allowed, uint32_t *ret_roles, struct decision *decision);

/* The names of the roles, in the order of their bits. */
const struct str *list_given_roles(struct decision *decision, uint32_t roles, size_t *ret_count);

bool given_scope(const struct bindings *bindings, struct decision *decision);

bool given_is_as_expected(const struct user *user, const char *field, const char *none, bool has_expected, int64_t expected,
			  struct decision *decision);

#endif
