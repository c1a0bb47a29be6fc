#ifndef CONSUMERS_USERS_USERS_H
#define CONSUMERS_USERS_USERS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "base/uuid.h"
#include "model/module.h"
#include "model/workset.h"
#include "schemas/words.h"

/*
 * The users module: accounts and their rights.
 *
 *   RegisterUser --> UserRegistered        RecordLogin ------> UserLoggedIn, LoginFailed
 *   ChangeRoles ---> RolesChanged          RecordSessionEnd -> SessionEnded
 *   BindUser ------> UserBound
 *   DisableUser ---> UserDisabled
 *   EnableUser ----> UserEnabled           RegisterService ---> ServiceRegistered
 *   InviteUser ----> UserInvited           ChangeService -----> ServiceChanged
 *                                          RenewSecret -------> SecretRenewed
 *   EndTokens -----> TokensEnded           RevokeService -----> ServiceRevoked
 *
 * Invariants: no password, hash or refresh token is ever in a command, a state or an event; users cannot change their own rights;
 * the roles of programs (system, notifier, clock) cannot be given to users or services.
 */
struct store;

extern const struct module users_module;
extern const struct store users_store; /* store.c */

/* ---- states ---- */

struct user {
	int64_t version;
	uint32_t kind;           /* enum user_kind */
	uint32_t state;          /* enum user_state */
	uint32_t roles;          /* bits of enum role */
	struct uuid customer_id; /* the customer of a portal user; nil: none */
	struct scope scope;      /* the limits of the roles; empty until an admin binds the account */
	int64_t token_version;   /* tokens with a lower version are revoked */

	/* for the store only */
	int64_t version_stored;
};

/* The scope in commands and events, in the words of lib/model/scope.h. */
struct bindings {
	struct words {
		const struct str *items;
		size_t count;
	} creditors, portfolios, sources;
};

/* The bindings in a body with the three lists. */
#define BINDINGS_OF(body)                                                                                                        \
	(&(const struct bindings){ .creditors = { (body)->creditors, (body)->creditors_count },                                  \
				   .portfolios = { (body)->portfolios, (body)->portfolios_count },                               \
				   .sources = { (body)->sources, (body)->sources_count } })

/* False: an item is invalid; *ret_number is its number, counted from 1, and *ret_field its list. */
bool bindings_scope(const struct bindings *bindings, struct scope *ret_scope, const char **ret_field, size_t *ret_number);

/* A login, or the name of a service, that is taken. */
struct user_login {
	uint32_t is_taken; /* 1 */
	uint8_t hash[16];  /* keyed, for the event; the store fills it whether it is taken or not, because rules have no key
			      */
};

extern const struct entity user_entity;
extern const struct entity user_login_entity;

struct uuid user_login_id(struct str login);

#define USER_LOGIN_MIN 3
#define USER_LOGIN_MAX 64
#define USER_ROLES_MAX 10

/* 3 to 64 of a-z 0-9 . _ @ + -, the first a letter or digit: the same on every keyboard. */
bool user_login_is_valid(struct str login);

/* ---- what is possible in a state (enum user_state); decide asks, and the table of actions in rules.c ---- */

static inline bool user_is_known_state(unsigned state)
{
	return state != 0;
}

static inline bool user_is_active(unsigned state)
{
	return state == USER_ACTIVE;
}

static inline bool user_is_disabled(unsigned state)
{
	return state == USER_DISABLED;
}

/* ---- rules: decide_<command> is declared in schemas/users.h ---- */

void users_evolve(struct workset *set, const struct event *event);

#endif
