#ifndef CONSUMERS_COMMUNICATIONS_PREVIEW_H
#define CONSUMERS_COMMUNICATIONS_PREVIEW_H

#include "base/arena.h"
#include "base/must.h"
#include "base/sms.h"
#include "consumers/communications/render.h"
#include "consumers/communications/template_check.h"

/*
 * A template as a recipient would see it, before it is published: with the values of the caller, and samples for the reserved
 * tokens that he gives none for. Pure; nothing is kept.
 */
#define PREVIEW_TOKENS_MAX 64

enum preview_source {
	PREVIEW_GIVEN,   /* by the caller */
	PREVIEW_SAMPLE,  /* a reserved token: a message takes its value from the customer, the debts and the language */
	PREVIEW_MISSING, /* no value: it stands in the text as {{name}}, and SendCommunication must have it as a parameter */
};

struct preview_token {
	struct token token;
	enum preview_source source;
};

struct preview {
	struct str subject, body, html;                  /* in the arena; html empty: the draft has none */
	struct preview_token tokens[PREVIEW_TOKENS_MAX]; /* that the texts have, each once, in order of appearance */
	size_t tokens_count;
	struct sms_size sms; /* of channel sms */
	bool is_too_long;    /* the texts are empty: a message may not be so long, or has more than PREVIEW_TOKENS_MAX tokens */
	struct str bad_link; /* the token of an href, whose value is no URL, so there is no html; empty: none */
};

/*
 * False: the arena is full. A malformed text is shown as it is (template_next_fault names the fault). The result borrows from the
 * draft and the values.
 */
MUST_CHECK bool preview_make(const struct template_draft *draft, const struct token *values, size_t values_count,
			     struct arena *arena, struct preview *ret_preview);

#endif
