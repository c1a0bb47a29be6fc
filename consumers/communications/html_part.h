#ifndef CONSUMERS_COMMUNICATIONS_HTML_PART_H
#define CONSUMERS_COMMUNICATIONS_HTML_PART_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"
#include "consumers/communications/render.h"

/*
 * The HTML part of an e-mail's template: what stands in the body of its document. One scanner checks a part before it is published
 * and renders it, so a value is escaped for the place that the check saw. Pure and bounded.
 *
 * A part has text, tags of a list, each closed in its order, and attributes of a list, each in double quotes. It loads nothing and
 * runs nothing: no scripts, style sheets, comments, images, forms. Tags and attributes have small letters. What is not of this
 * language is a fault, never repaired: a browser might repair it otherwise.
 *
 * A token may stand where its value can be escaped:
 *
 *   between tags                     & < > " ' become references
 *   in the value of title            the same
 *   in an href, behind its host      percent-encoded (RFC 3986), but for unreserved characters and @
 *   as the whole href                the value must be an http, https or mailto URL; & and ' become references
 *
 * and nowhere else: not in a tag, nor in style or another attribute.
 */

/* The fault, for people, and its line; NULL: none. */
const char *html_part_fault(struct str html, size_t *ret_line);

/* Whether a reader sees the token: it stands between tags. */
bool html_part_shows(struct str html, const char *token);

/* As render_text. RENDER_BAD_LINK: the value of *ret_token is no URL, and stands as an href. */
enum render_outcome html_part_render(struct str html, const struct token *tokens, size_t tokens_count, char *out, size_t out_max,
				     size_t *ret_size, struct str *ret_token);

#endif
