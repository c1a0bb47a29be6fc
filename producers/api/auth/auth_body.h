#ifndef API_AUTH_AUTH_BODY_H
#define API_AUTH_AUTH_BODY_H

#include <stdbool.h>

#include "base/arena.h"
#include "producers/api/http/call.h"
#include "wire/json.h"

/* What is sent to /auth: bodies, and what a password must be. Pure but for the answer to a body that is none. */
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

/* What is wrong with a new password: a literal, or NULL. */
const char *password_fault(struct str password, struct str login);

/* a-z for A-Z: logins are typed the same everywhere. */
void login_fold(char *login);

#endif
