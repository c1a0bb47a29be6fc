#ifndef CONSUMERS_COMMUNICATIONS_RENDER_H
#define CONSUMERS_COMMUNICATIONS_RENDER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

/*
 * Templates: text in which {{token}} stands for a value. There is no other syntax, and values are not searched for tokens. A
 * token is a lower-case letter followed by letters, digits and underscores. Pure and bounded.
 */
struct token {
	struct str name;
	struct str value;
};

enum render_outcome {
	RENDER_OK,
	RENDER_MALFORMED,     /* {{ without a token and }} behind it */
	RENDER_UNKNOWN_TOKEN, /* it is *ret_token */
	RENDER_TOO_LONG,
	RENDER_BAD_LINK, /* of an HTML part only */
};

enum render_outcome render_text(struct str text, const struct token *tokens, size_t tokens_count, char *out, size_t out_max,
				size_t *ret_size, struct str *ret_token);

/* Whether the text is well formed, and has the token (NULL: any or none). */
bool template_is_well_formed(struct str text);
bool template_has_token(struct str text, const char *token);

/* The next token's name behind *text, which is moved behind it. False: none, or the rest is malformed. */
bool template_next_token(struct str *text, struct str *ret_name);

bool token_name_is_valid(struct str name);

#endif
