#ifndef TOKEN_PARSE_H
#define TOKEN_PARSE_H

#include "base/err.h"
#include "base/str.h"
#include "token/keys.h"
#include "token/token.h"

/*
 * The content of a token, read strictly: the parts' text; the header before the signature is verified; the claims after it. A
 * failure's text never quotes the token.
 */
struct token_parts {
	struct str header; /* base64url each; borrow from the token */
	struct str claims;
	struct str signature;
};

/* Three parts of base64url letters, a signature of ES256's size. */
MUST_CHECK int parse_parts(struct str token, struct token_parts *ret_parts, struct err *err);

/* alg and typ as required, no crit; the kid, well-formed. */
MUST_CHECK int parse_header(struct str header, char ret_kid[KID_MAX + 1], struct err *err);

/* Everything but time. */
MUST_CHECK int parse_claims(struct str claims, const char *issuer, const char *audience, struct token_claims *ret_claims,
			    struct err *err);

/* A valid subject: 1 to TOKEN_SUBJECT_MAX bytes of text without control characters. */
bool subject_is_valid(struct str subject);

#endif
