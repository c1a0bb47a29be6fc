#include "consumers/communications/preview.h"

#include <string.h>

#include "consumers/communications/compose.h"
#include "consumers/communications/html_part.h"

#define BRACES 2 /* {{name}} */

static bool has_token(const struct preview *preview, struct str name)
{
	for (size_t i = 0; i < preview->tokens_count; i++) {
		if (str_equal(preview->tokens[i].token.name, name))
			return true;
	}
	return false;
}

static struct preview_token value_of(const struct template_draft *draft, const struct token *values, size_t values_count,
				     struct str name)
{
	struct preview_token found = { .token.name = name };

	for (size_t i = 0; i < values_count; i++) {
		if (str_equal(values[i].name, name)) {
			found.token.value = values[i].value;
			return found;
		}
	}
	if (str_is(name, "opt_out"))
		found.token.value = opt_out_statement(draft->channel, draft->language);
	else if (str_is(name, "disclosure"))
		found.token.value = disclosure_statement(draft->language);
	else
		found.token.value = token_sample(name);
	found.source = PREVIEW_SAMPLE;
	if (found.token.value.size == 0) {
		found.token.value = (struct str){ .data = name.data - BRACES, .size = name.size + 2 * (size_t)BRACES };
		found.source = PREVIEW_MISSING;
	}
	return found;
}

/* Adds the tokens of a text. False: there are too many. */
static bool add_tokens(struct preview *preview, const struct template_draft *draft, const struct token *values,
		       size_t values_count, struct str text)
{
	struct str name;

	while (template_next_token(&text, &name)) {
		if (has_token(preview, name))
			continue;
		if (preview->tokens_count == PREVIEW_TOKENS_MAX)
			return false;
		preview->tokens[preview->tokens_count++] = value_of(draft, values, values_count, name);
	}
	return true;
}

/* False: too long, or the arena is full (*ret_is_full). */
static bool render_part(const struct preview *preview, struct str text, size_t size_max, struct arena *arena,
			struct str *ret_part, bool *ret_is_full)
{
	struct token tokens[PREVIEW_TOKENS_MAX];
	char *out = arena_take_bytes(arena, size_max);
	struct str unknown;
	size_t size = 0;

	*ret_is_full = out == NULL;
	if (out == NULL)
		return false;
	for (size_t i = 0; i < preview->tokens_count; i++)
		tokens[i] = preview->tokens[i].token;
	switch (render_text(text, tokens, preview->tokens_count, out, size_max, &size, &unknown)) {
	case RENDER_OK:
		*ret_part = (struct str){ .data = out, .size = size };
		return true;
	case RENDER_MALFORMED: /* tokens behind the fault are not found */
	case RENDER_UNKNOWN_TOKEN:
		*ret_part = text;
		return true;
	case RENDER_TOO_LONG:
	case RENDER_BAD_LINK: /* of an HTML part only */
		return false;
	}
	MUST_NOT_REACH("no such outcome");
}

static bool is_missing(const struct preview *preview, struct str name)
{
	for (size_t i = 0; i < preview->tokens_count; i++) {
		if (str_equal(preview->tokens[i].token.name, name))
			return preview->tokens[i].source == PREVIEW_MISSING;
	}
	return true;
}

/*
 * A part with a fault is not shown: a browser would make something else of it. Nor one with a token that has no value yet, as a
 * link: the name of the token would be no URL.
 */
static bool render_html(struct preview *preview, struct str html, struct arena *arena, bool *ret_is_full)
{
	struct token tokens[PREVIEW_TOKENS_MAX + 1];
	char *out;
	size_t size = 0;
	struct str token;

	preview->html = STR("");
	if (html.size == 0)
		return true;
	out = arena_take_bytes(arena, RENDERED_HTML_MAX);
	*ret_is_full = out == NULL;
	if (out == NULL)
		return false;
	for (size_t i = 0; i < preview->tokens_count; i++)
		tokens[i] = preview->tokens[i].token;
	switch (html_part_render(html, tokens, preview->tokens_count, out, RENDERED_HTML_MAX, &size, &token)) {
	case RENDER_OK:
		preview->html = (struct str){ .data = out, .size = size };
		return true;
	case RENDER_BAD_LINK:
		if (!is_missing(preview, token))
			preview->bad_link = token;
		return true;
	case RENDER_MALFORMED:
	case RENDER_UNKNOWN_TOKEN: /* behind a fault, where no token is found */
		return true;
	case RENDER_TOO_LONG:
		return false;
	}
	MUST_NOT_REACH("no such outcome");
}

bool preview_make(const struct template_draft *draft, const struct token *values, size_t values_count, struct arena *arena,
		  struct preview *ret_preview)
{
	struct preview *preview = ret_preview;
	bool is_full = false;

	*preview = (struct preview){ 0 };
	preview->is_too_long =
		!add_tokens(preview, draft, values, values_count, draft->subject) ||
		!add_tokens(preview, draft, values, values_count, draft->body) ||
		!add_tokens(preview, draft, values, values_count, draft->html) ||
		!render_part(preview, draft->subject, SUBJECT_MAX, arena, &preview->subject, &is_full) ||
		!render_part(preview, draft->body, rendered_body_max(draft->channel), arena, &preview->body, &is_full) ||
		!render_html(preview, draft->html, arena, &is_full);
	if (is_full)
		return false;
	if (preview->is_too_long)
		preview->subject = preview->body = preview->html = STR("");
	if (draft->channel == CHANNEL_SMS && !sms_size_of(preview->body, &preview->sms))
		MUST_NOT_REACH("the texts were read as UTF-8");
	return true;
}
