#ifndef API_AUTH_AUTH_BODY_H
#define API_AUTH_AUTH_BODY_H

#include <stdbool.h>

#include "base/arena.h"
#include "producers/api/http/call.h"
#include "wire/json.h"

/* The bodies of requests to /auth, and the rules for passwords. Pure except for the answer to an invalid body. */
#define LOGIN_MAX            64
#define PASSWORD_LETTERS_MIN 12
#define PASSWORD_LETTERS_MAX 256
#define PASSWORD_MAX         (4 * PASSWORD_LETTERS_MAX) /* bytes */
#define REFRESH_TOKEN_SIZE   32                         /* random bytes */

struct credentials_body {
	struct str login, password;
};
struct refresh_body {
	struct str refresh_token;
};
struct new_password_body {
	struct str password, new_password;
};
struct invitation_body {
	struct str invitation, password;
};
extern const struct record_type invitation_record, credentials_record, refresh_record, new_password_record;

/* Reads a call's body. False: it was answered with 400 or 422. Texts are in the arena. */
bool auth_read_body(struct call *call, const struct record_type *record, struct arena *arena, void *body);

/* The fault of a new password: a literal, or NULL. */
const char *password_fault(struct str password, struct str login);

/* A-Z becomes a-z: logins are case-insensitive. */
void login_fold(char *login);

#endif
