#ifndef API_AUTH_TOKEN_REQUEST_H
#define API_AUTH_TOKEN_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/str.h"
#include "base/uuid.h"

/*
 * What a client asks of the token endpoint (RFC 6749 4.4, client credentials): the body, a form, and who it is, by HTTP Basic
 * (2.3.1) or in the body, never by both. Pure. Unknown parameters are passed over, and one without a value counts as left out
 * (3.2); what stands twice is refused.
 */
#define CLIENT_SECRET_SIZE 32 /* random bytes; their text is base64url */

enum token_fault {
	TOKEN_FAULT_NONE,
	TOKEN_FAULT_INVALID_REQUEST,
	TOKEN_FAULT_INVALID_CLIENT,
	TOKEN_FAULT_UNSUPPORTED_GRANT_TYPE,
	TOKEN_FAULT_INVALID_SCOPE,
	TOKEN_FAULT_UNAUTHORIZED_CLIENT, /* none of its roles is left */
	TOKEN_FAULTS_COUNT,
};
const char *token_fault_name(enum token_fault fault); /* the word of RFC 6749 5.2 */

struct token_request {
	struct uuid client_id;
	uint8_t secret[CLIENT_SECRET_SIZE];
	bool has_scope;
	uint32_t roles; /* with has_scope: those of the scope, and no more */
};

/*
 * `authorization` and `content_type` are the headers, empty when absent. Texts that are decoded lie in the arena. *ret_text: what is
 * wrong, a literal that quotes nothing. An id or a secret without our form is a client that we do not know.
 */
enum token_fault token_request_read(struct str authorization, struct str content_type, struct str body, struct arena *arena,
				    struct token_request *ret_request, const char **ret_text);

#endif
