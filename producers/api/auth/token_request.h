#ifndef API_AUTH_TOKEN_REQUEST_H
#define API_AUTH_TOKEN_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/str.h"
#include "base/uuid.h"

/*
 * A request to the token endpoint (RFC 6749 4.4, client credentials): the body, a form, and the client's credentials, by HTTP
 * Basic (2.3.1) or in the body, never both. Pure. Unknown parameters are ignored, and a parameter without a value counts as
 * absent (3.2); a repeated one is refused.
 */
#define CLIENT_SECRET_SIZE 32 /* random bytes; their text is base64url */

enum token_fault {
	TOKEN_FAULT_NONE,
	TOKEN_FAULT_INVALID_REQUEST,
	TOKEN_FAULT_INVALID_CLIENT,
	TOKEN_FAULT_UNSUPPORTED_GRANT_TYPE,
	TOKEN_FAULT_INVALID_SCOPE,
	TOKEN_FAULT_UNAUTHORIZED_CLIENT, /* the client has none of the roles any more */
	TOKEN_FAULTS_COUNT,
};
const char *token_fault_name(enum token_fault fault); /* the error code of RFC 6749 5.2 */

struct token_request {
	struct uuid client_id;
	uint8_t secret[CLIENT_SECRET_SIZE];
	bool has_scope;
	uint32_t roles; /* with has_scope: only these */
};

/*
 * `authorization` and `content_type` are the headers, empty if absent. Decoded texts are in the arena. *ret_text: the fault, a
 * literal that quotes nothing. An id or a secret of another form counts as an unknown client.
 */
enum token_fault token_request_read(struct str authorization, struct str content_type, struct str body, struct arena *arena,
				    struct token_request *ret_request, const char **ret_text);

#endif
