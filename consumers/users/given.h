#ifndef CONSUMERS_USERS_GIVEN_H
#define CONSUMERS_USERS_GIVEN_H

#include "consumers/users/users.h"

/* The fields that commands about users and about services share. The functions that return a bool have refused when it is false. */

/* The state of an account if it is of this kind, otherwise NULL: a command about the other kind does not find it. */
const struct user *given_account(const struct workset *set, const struct uuid *id, enum user_kind kind);

/* A login, or a service's name. */
bool given_login(const char *field, struct str login, struct decision *decision);

bool given_roles(const struct str *names, size_t count, uint32_t allowed, uint32_t *ret_roles, struct decision *decision);

/* Their names, in the order of their bits. */
const struct str *list_given_roles(struct decision *decision, uint32_t roles, size_t *ret_count);

bool given_scope(const struct bindings *bindings, struct decision *decision);

bool given_is_as_expected(const struct user *user, const char *field, const char *none, bool has_expected, int64_t expected,
			  struct decision *decision);

#endif
