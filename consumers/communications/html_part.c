#include "consumers/communications/html_part.h"

#include <string.h>

#include "base/array.h"
#include "base/must.h"

#define DEPTH_MAX 32 /* of tags in tags */

enum place { PLACE_TEXT, PLACE_ATTRIBUTE, PLACE_LINK, PLACE_LINK_PART };

struct scan {
	struct str html;
	size_t at;
	const char *fault;       /* NULL: none so far */
	const char *shown_token; /* to be found between tags; NULL: none */
	bool is_shown;
	struct str open[DEPTH_MAX]; /* the tags that are not closed yet */
	size_t depth;

	/* of a rendering; tokens NULL: a check only */
	const struct token *tokens;
	size_t tokens_count;
	char *out;
	size_t size, size_max;
	enum render_outcome outcome;
	struct str token; /* at fault */
};

/* ---- the language ---- */

/* Nothing that loads, runs, or covers what stands elsewhere in the message. */
static const struct {
	const char *name;
	bool is_void; /* it has no end tag */
} tags[] = {
	{ "a", false },   { "b", false },   { "blockquote", false }, { "br", true },     { "code", false },   { "div", false },
	{ "em", false },  { "h1", false },  { "h2", false },         { "h3", false },    { "h4", false },     { "hr", true },
	{ "i", false },   { "li", false },  { "ol", false },         { "p", false },     { "pre", false },    { "s", false },
	{ "sub", false }, { "sup", false }, { "small", false },      { "span", false },  { "strong", false }, { "table", false },
	{ "td", false },  { "th", false },  { "tr", false },         { "tbody", false }, { "tfoot", false },  { "thead", false },
	{ "u", false },   { "ul", false },
};

/*
 * The letters of a value: a style without parentheses, quotes and backslashes has no url(), no expression() and no comment, so it
 * loads nothing.
 */
#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
#define WORD    LETTERS "#%-"
#define STYLE   LETTERS "#%-.,:; "
#define HOST    LETTERS ".-:"
#define URL     LETTERS "-._~:/?#[]@!$'()*+,;=%"

static const struct {
	const char *name;
	const char *tag;     /* the only one that may have it; NULL: any */
	const char *letters; /* of its value; NULL: a text with tokens; "": a URL */
} attributes[] = {
	{ "href", "a", "" },       { "title", NULL, NULL },       { "style", NULL, STYLE },  { "lang", NULL, WORD },
	{ "dir", NULL, WORD },     { "align", NULL, WORD },       { "valign", NULL, WORD },  { "width", NULL, WORD },
	{ "height", NULL, WORD },  { "bgcolor", NULL, WORD },     { "border", NULL, WORD },  { "cellpadding", NULL, WORD },
	{ "colspan", NULL, WORD }, { "cellspacing", NULL, WORD }, { "rowspan", NULL, WORD },
};

static const char *const references[] = { "amp;", "lt;", "gt;", "quot;", "apos;", "nbsp;" };

/* ---- reading ---- */

static bool fail(struct scan *scan, const char *fault)
{
	scan->fault = fault;
	return false;
}

static bool is_at(const struct scan *scan, const char *text)
{
	size_t size = strlen(text);

	return scan->html.size - scan->at >= size && memcmp(scan->html.data + scan->at, text, size) == 0;
}

static bool is_one_of(const struct scan *scan, const char *letters)
{
	char byte = scan->at < scan->html.size ? scan->html.data[scan->at] : '\0';

	return byte != '\0' && strchr(letters, byte) != NULL;
}

static bool write_bytes(struct scan *scan, const char *bytes, size_t size)
{
	if (scan->tokens == NULL)
		return true;
	if (size > scan->size_max - scan->size) {
		scan->outcome = RENDER_TOO_LONG;
		return false;
	}
	memcpy(scan->out + scan->size, bytes, size);
	scan->size += size;
	return true;
}

/* What is not of a token is written as it is. */
static bool take(struct scan *scan, size_t size)
{
	MUST(size <= scan->html.size - scan->at);
	scan->at += size;
	return write_bytes(scan, scan->html.data + scan->at - size, size);
}

static bool take_while(struct scan *scan, const char *letters, struct str *ret_taken)
{
	size_t from = scan->at;

	while (is_one_of(scan, letters))
		scan->at++;
	*ret_taken = (struct str){ .data = scan->html.data + from, .size = scan->at - from };
	return write_bytes(scan, ret_taken->data, ret_taken->size);
}

/* ---- values ---- */

static bool write_escaped(struct scan *scan, struct str value)
{
	static const struct {
		char byte;
		const char *reference;
	} escapes[] = { { '&', "&amp;" }, { '<', "&lt;" }, { '>', "&gt;" }, { '"', "&quot;" }, { '\'', "&#39;" } };

	for (size_t i = 0; i < value.size; i++) {
		const char *reference = NULL;

		for (size_t k = 0; k < COUNT(escapes); k++) {
			if (escapes[k].byte == value.data[i])
				reference = escapes[k].reference;
		}
		if (!write_bytes(scan, reference != NULL ? reference : &value.data[i], reference != NULL ? strlen(reference) : 1))
			return false;
	}
	return true;
}

static bool write_percent_encoded(struct scan *scan, struct str value)
{
	static const char digits[] = "0123456789ABCDEF";

	for (size_t i = 0; i < value.size; i++) {
		unsigned char byte = (unsigned char)value.data[i];
		const char encoded[] = { '%', digits[byte >> 4], digits[byte & 15] };
		bool is_plain = byte != '\0' && strchr(LETTERS "-._~@", byte) != NULL;

		if (!write_bytes(scan, is_plain ? &value.data[i] : encoded, is_plain ? 1 : sizeof(encoded)))
			return false;
	}
	return true;
}

/* Whether it begins with the scheme, in small or capital letters (RFC 3986 3.1), and has something behind it. */
static bool has_scheme(struct str value, const char *scheme)
{
	size_t size = strlen(scheme);

	if (value.size <= size)
		return false;
	for (size_t i = 0; i < size; i++) {
		if (ascii_lower(value.data[i]) != scheme[i])
			return false;
	}
	return strchr(LETTERS "[", value.data[size]) != NULL;
}

static bool is_link(struct str value)
{
	for (size_t i = 0; i < value.size; i++) {
		if (value.data[i] == '\0' || strchr(URL "&", value.data[i]) == NULL)
			return false;
	}
	return has_scheme(value, "https://") || has_scheme(value, "http://") || has_scheme(value, "mailto:");
}

static bool write_value(struct scan *scan, struct str value, enum place place)
{
	switch (place) {
	case PLACE_LINK:
		if (!is_link(value)) {
			scan->outcome = RENDER_BAD_LINK;
			return false;
		}
		return write_escaped(scan, value);
	case PLACE_LINK_PART:
		return write_percent_encoded(scan, value);
	case PLACE_TEXT:
	case PLACE_ATTRIBUTE:
		return write_escaped(scan, value);
	}
	MUST_NOT_REACH("no such place");
}

static bool scan_token(struct scan *scan, enum place place)
{
	struct str rest = { .data = scan->html.data + scan->at, .size = scan->html.size - scan->at }, name;

	/* The next token is this one: the text begins with it, unless it is malformed. */
	if (!template_next_token(&rest, &name) || name.data != scan->html.data + scan->at + 2)
		return fail(scan, "{{ without a token and }}");
	scan->at = (size_t)(rest.data - scan->html.data);
	if (place == PLACE_TEXT && scan->shown_token != NULL && str_is(name, scan->shown_token))
		scan->is_shown = true;
	if (scan->tokens == NULL)
		return true;
	scan->token = name;
	for (size_t i = 0; i < scan->tokens_count; i++) {
		if (str_equal(scan->tokens[i].name, name))
			return write_value(scan, scan->tokens[i].value, place);
	}
	scan->outcome = RENDER_UNKNOWN_TOKEN;
	return false;
}

/* ---- text ---- */

static bool scan_reference(struct scan *scan)
{
	if (!take(scan, 1))
		return false;
	for (size_t i = 0; i < COUNT(references); i++) {
		if (is_at(scan, references[i]))
			return take(scan, strlen(references[i]));
	}
	return fail(scan, "& is written &amp;, and there are &lt; &gt; &quot; &apos; &nbsp; and no other references");
}

/* Of a text, or of a value in double quotes: a token, a reference, or another character. */
static bool scan_character(struct scan *scan, enum place place)
{
	if (is_at(scan, "{{"))
		return scan_token(scan, place);
	if (is_at(scan, "&"))
		return scan_reference(scan);
	if (is_one_of(scan, "<>"))
		return fail(scan, "< and > in a text are written &lt; and &gt;");
	return take(scan, 1);
}

/* ---- attributes ---- */

static bool ends_value(const struct scan *scan)
{
	return scan->at == scan->html.size || is_at(scan, "\"");
}

static bool scan_link_rest(struct scan *scan)
{
	while (!ends_value(scan)) {
		if (!is_at(scan, "{{") && !is_at(scan, "&") && !is_one_of(scan, URL))
			return fail(scan, "a character of an href that no URL has");
		if (!scan_character(scan, PLACE_LINK_PART))
			return false;
	}
	return true;
}

/* A value must not choose the scheme or the host, unless it is the whole URL and is checked as such. */
static bool scan_link(struct scan *scan)
{
	struct str host;

	if (is_at(scan, "{{")) {
		if (!scan_token(scan, PLACE_LINK))
			return false;
		return is_at(scan, "\"") || fail(scan, "a token at the begin of an href must be the whole of it");
	}
	if (is_at(scan, "mailto:"))
		return scan_link_rest(scan);
	if (!is_at(scan, "https://") && !is_at(scan, "http://"))
		return fail(scan, "an href begins with https:// http:// or mailto:");
	if (!take(scan, is_at(scan, "https://") ? 8 : 7) || !take_while(scan, HOST, &host))
		return false;
	if (host.size == 0 || !is_one_of(scan, "/?#\""))
		return fail(scan, "the host of an href must be written in full, without a token");
	return scan_link_rest(scan);
}

static bool scan_value(struct scan *scan, const char *letters)
{
	struct str value;

	if (letters == NULL) {
		while (!ends_value(scan)) {
			if (!scan_character(scan, PLACE_ATTRIBUTE))
				return false;
		}
		return true;
	}
	if (letters[0] == '\0')
		return scan_link(scan);
	if (!take_while(scan, letters, &value))
		return false;
	return ends_value(scan) || fail(scan, "an attribute's value has a token or a character that it may not have");
}

static bool scan_attribute(struct scan *scan, struct str tag)
{
	struct str name;

	if (!take_while(scan, LETTERS "-:", &name))
		return false;
	for (size_t i = 0; i < COUNT(attributes); i++) {
		if (!str_is(name, attributes[i].name) || (attributes[i].tag != NULL && !str_is(tag, attributes[i].tag)))
			continue;
		if (!is_at(scan, "=\""))
			return fail(scan, "an attribute's value stands in double quotes");
		if (!take(scan, 2) || !scan_value(scan, attributes[i].letters))
			return false;
		if (!is_at(scan, "\""))
			return fail(scan, "an attribute's value has no end");
		return take(scan, 1);
	}
	return fail(scan, "an attribute that is not of the list");
}

/* ---- tags ---- */

static bool scan_end_tag(struct scan *scan)
{
	struct str name;

	if (!take(scan, 2) || !take_while(scan, LETTERS, &name))
		return false;
	if (scan->depth == 0 || !str_equal(scan->open[scan->depth - 1], name))
		return fail(scan, "an end tag is not that of the tag before");
	if (!is_at(scan, ">"))
		return fail(scan, "a tag has no end");
	scan->depth--;
	return take(scan, 1);
}

/* Behind the attributes: a tag without an end tag may end in />. */
static bool end_tag(struct scan *scan, struct str name, bool is_void)
{
	if (is_void && is_at(scan, "/>"))
		return take(scan, 2);
	if (!is_at(scan, ">"))
		return fail(scan, "a tag has no end, or a token in it");
	if (!is_void && scan->depth == DEPTH_MAX)
		return fail(scan, "too many tags in one another");
	if (!is_void)
		scan->open[scan->depth++] = name;
	return take(scan, 1);
}

static bool scan_start_tag(struct scan *scan)
{
	struct str name, blanks;
	size_t i = 0;

	if (!take(scan, 1) || !take_while(scan, LETTERS, &name))
		return false;
	while (i < COUNT(tags) && !str_is(name, tags[i].name))
		i++;
	if (i == COUNT(tags))
		return fail(scan, "a tag that is not of the list");
	for (;;) {
		if (!take_while(scan, " \n\t", &blanks))
			return false;
		if (blanks.size == 0 || !is_one_of(scan, LETTERS))
			return end_tag(scan, name, tags[i].is_void);
		if (!scan_attribute(scan, name))
			return false;
	}
}

static bool scan_all(struct scan *scan)
{
	while (scan->at < scan->html.size) {
		bool is_good;

		if (is_at(scan, "</"))
			is_good = scan_end_tag(scan);
		else
			is_good = is_at(scan, "<") ? scan_start_tag(scan) : scan_character(scan, PLACE_TEXT);
		if (!is_good)
			return false;
	}
	return scan->depth == 0 || fail(scan, "a tag is not closed");
}

/* ---- the part ---- */

const char *html_part_fault(struct str html, size_t *ret_line)
{
	struct scan scan = { .html = html };

	if (scan_all(&scan))
		return NULL;
	*ret_line = 1;
	for (size_t i = 0; i < scan.at; i++)
		*ret_line += html.data[i] == '\n';
	return scan.fault;
}

bool html_part_shows(struct str html, const char *token)
{
	struct scan scan = { .html = html, .shown_token = token };

	return scan_all(&scan) && scan.is_shown;
}

enum render_outcome html_part_render(struct str html, const struct token *tokens, size_t tokens_count, char *out, size_t out_max,
				     size_t *ret_size, struct str *ret_token)
{
	struct scan scan = { .html = html,
			     .tokens = tokens,
			     .tokens_count = tokens_count,
			     .out = out,
			     .size_max = out_max,
			     .outcome = RENDER_MALFORMED };

	MUST(tokens != NULL);
	if (!scan_all(&scan)) {
		*ret_token = scan.token;
		return scan.outcome;
	}
	*ret_size = scan.size;
	return RENDER_OK;
}
