#include "reply_mail.h"

#include <iconv.h>
#include <string.h>

#include "base/address.h"
#include "base/array.h"
#include "base/text.h"
#include "mail_html.h"
#include "mail_parts.h"

#define DEPTH_MAX 4 /* of parts in parts */
#define SOURCE_MAX                                                                                                               \
	((size_t)64 << 10) /* bytes of a text that are looked at: enough for the characters that are kept, and quotes */
#define CHARSET_MAX 32
#define PLAIN       "text/plain"
#define HTML        "text/html"

/* ---- who has written ---- */

static bool is_automatic(const struct mail_field *field)
{
	static const struct {
		const char *name, *value; /* value NULL: any */
	} signs[] = {
		{ "return-path", "<>" }, { "precedence", "bulk" },       { "precedence", "junk" }, { "precedence", "list" },
		{ "list-id", NULL },     { "precedence", "auto_reply" }, { "x-autoreply", NULL },  { "x-autorespond", NULL },
	};
	struct str value = str_of(field->value);

	if (str_equal_nocase(field->name, STR("auto-submitted")))
		return !str_begins_nocase(value,
					  STR("no")); /* auto-generated, auto-replied, auto-notified, and what comes later */
	if (str_equal_nocase(field->name, STR("content-type")))
		return str_begins_nocase(value, STR("multipart/report"));
	for (size_t i = 0; i < COUNT(signs); i++) {
		if (str_equal_nocase(field->name, str_of(signs[i].name)) &&
		    (signs[i].value == NULL || str_equal_nocase(value, str_of(signs[i].value))))
			return true;
	}
	return false;
}

/* "Jane <jane@example.org>", "jane@example.org". A name may have a quoted < in it: the last one counts. */
static bool read_sender(const char *from, char sender[REPLY_SENDER_MAX + 1])
{
	const char *at = strrchr(from, '<');
	struct str rest, address = str_trim(at == NULL ? str_of(from) : str_cut(str_of(at + 1), '>', &rest), " \t");

	return address.size <= REPLY_SENDER_MAX && address_is_email(address) &&
	       str_to_chars(sender, REPLY_SENDER_MAX + 1, address);
}

static void read_id(const char *value, char id[REPLY_ID_MAX + 1])
{
	for (const char *at = value; *at != '\0'; at++) {
		if (*at <= 0x20 || *at > 0x7e)
			return;
	}
	if (!str_to_chars(id, REPLY_ID_MAX + 1, str_of(value)))
		id[0] = '\0';
}

/* ---- encodings ---- */

/* As it came: fewer bytes than it has. False: another encoding. */
typedef size_t decode(struct str text, char *to);

static size_t copy(struct str text, char *to)
{
	if (text.size > 0)
		memcpy(to, text.data, text.size);
	return text.size;
}

static size_t unquote(struct str text, char *to)
{
	size_t size = 0;

	for (size_t at = 0; at < text.size; at++) {
		int high, low;

		if (text.data[at] != '=') {
			to[size++] = text.data[at];
			continue;
		}
		if (at + 1 < text.size && text.data[at + 1] == '\n') {
			at += 1;
		} else if (at + 2 < text.size && text.data[at + 1] == '\r' && text.data[at + 2] == '\n') {
			at += 2;
		} else if (at + 2 < text.size && (high = hex_digit(text.data[at + 1])) >= 0 &&
			   (low = hex_digit(text.data[at + 2])) >= 0) {
			to[size++] = (char)(high << 4 | low);
			at += 2;
		} else {
			to[size++] = '=';
		}
	}
	return size;
}

static int base64_value(char letter)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = letter == '\0' ? NULL : strchr(letters, letter);

	return at == NULL ? -1 : (int)(at - letters);
}

/* What is no letter of base64 is left out (RFC 2045 6.8); "=" ends it. */
static size_t unbase64(struct str text, char *to)
{
	uint32_t bits = 0;
	size_t size = 0, count = 0;

	for (size_t at = 0; at < text.size && text.data[at] != '='; at++) {
		int value = base64_value(text.data[at]);

		if (value < 0)
			continue;
		bits = bits << 6 | (uint32_t)value;
		if (++count % 4 != 1)
			to[size++] = (char)(bits >> (6 - 2 * ((count - 1) % 4)) & 0xff);
	}
	return size;
}

static decode *decoder_of(const char *encoding)
{
	static const struct {
		const char *name;
		decode *decode;
	} known[] = {
		{ "7bit", copy }, { "8bit", copy }, { "binary", copy }, { "quoted-printable", unquote }, { "base64", unbase64 }
	};

	for (size_t i = 0; i < COUNT(known); i++) {
		if (str_equal_nocase(str_of(encoding), str_of(known[i].name)))
			return known[i].decode;
	}
	return NULL;
}

/*
 * As iconv calls it; NULL: none that is read here. Only such in which a byte of ASCII is that character and nothing else: lines and
 * quotes are found before. US-ASCII is what many say who do not know, and ISO-8859-1 is read as browsers do (WHATWG): the same
 * but for 32 characters.
 */
static const char *charset_of(const char *name, struct str text)
{
	static const struct {
		const char *name, *charset; /* charset NULL: UTF-8, if it is that */
	} known[] = {
		{ "", NULL },
		{ "utf-8", NULL },
		{ "utf8", NULL },
		{ "us-ascii", NULL },
		{ "ascii", NULL },
		{ "iso-8859-1", "windows-1252" },
		{ "iso8859-1", "windows-1252" },
		{ "latin1", "windows-1252" },
		{ "iso-8859-2", "iso-8859-2" },
		{ "iso8859-2", "iso-8859-2" },
		{ "latin2", "iso-8859-2" },
		{ "iso-8859-5", "iso-8859-5" },
		{ "iso-8859-7", "iso-8859-7" },
		{ "iso-8859-9", "windows-1254" },
		{ "iso-8859-15", "iso-8859-15" },
		{ "iso8859-15", "iso-8859-15" },
		{ "windows-1250", "windows-1250" },
		{ "cp1250", "windows-1250" },
		{ "windows-1251", "windows-1251" },
		{ "cp1251", "windows-1251" },
		{ "windows-1252", "windows-1252" },
		{ "cp1252", "windows-1252" },
		{ "windows-1253", "windows-1253" },
		{ "windows-1254", "windows-1254" },
		{ "koi8-r", "koi8-r" },
		{ "koi8-u", "koi8-u" },
	};

	for (size_t i = 0; i < COUNT(known); i++) {
		if (!str_equal_nocase(str_of(name), str_of(known[i].name)))
			continue;
		if (known[i].charset != NULL)
			return known[i].charset;
		return str_is_text(text) ? "utf-8" : "windows-1252";
	}
	return NULL;
}

/* What no character is written for becomes a question mark. */
static bool to_utf8(const char *charset, struct str text, struct arena *arena, struct str *ret_text)
{
	size_t left = text.size, room = 4 * text.size + 4;
	char *out = arena_take_bytes(arena, room), *at = out, *in = (char *)(uintptr_t)text.data;
	iconv_t conversion = iconv_open("UTF-8", charset);

	if (conversion == (iconv_t)-1)
		return false;
	while (out != NULL && left > 0 && iconv(conversion, &in, &left, &at, &room) == (size_t)-1) {
		*at++ = '?';
		room--;
		in++;
		left--;
	}
	(void)iconv_close(conversion);
	*ret_text = (struct str){ .data = out, .size = out == NULL ? 0 : (size_t)(at - out) };
	return out != NULL;
}

/* ---- the text ---- */

static bool is_quote(struct str line)
{
	return line.size > 0 && line.data[0] == '>';
}

/* "On Monday Jane wrote:", if a quote is next, blank lines between or not. */
static bool announces_quote(struct str line, struct str rest)
{
	line = str_trim(line, " \t");
	if (line.size == 0 || line.data[line.size - 1] != ':')
		return false;
	while (rest.size > 0) {
		struct str next = mail_next_line(&rest);

		if (str_trim(next, " \t").size > 0)
			return is_quote(next);
	}
	return false;
}

/* The first half of such a line, which many mailers wrap behind or inside of <address>. It has a date: "STOP <me@here>" is no half. */
static bool begins_announcement(struct str line, struct str rest)
{
	size_t at = 0;
	struct str next;

	while (at < line.size && (line.data[at] < '0' || line.data[at] > '9'))
		at++;
	if (at == line.size || memchr(line.data + at, '<', line.size - at) == NULL)
		return false;
	next = mail_next_line(&rest);
	return announces_quote(next, rest);
}

static void blank_nuls(char *text, size_t size)
{
	for (size_t at = 0; at < size; at++)
		text[at] = text[at] == '\0' ? ' ' : text[at];
}

/* In place. */
static struct str without_quotes(char *text, size_t size)
{
	struct str rest = { .data = text, .size = size };
	size_t kept = 0;

	while (rest.size > 0) {
		struct str line = mail_next_line(&rest);

		if (is_quote(line) || announces_quote(line, rest) || begins_announcement(line, rest))
			continue;
		for (size_t i = 0; i < line.size; i++)
			text[kept++] = line.data[i];
		if (kept < size)
			text[kept++] = '\n';
	}
	return (struct str){ .data = text, .size = kept };
}

struct part {
	char type[MAIL_VALUE_MAX + 1], encoding[CHARSET_MAX + 1];
	bool is_attachment;
	struct str body;
};

static void note_field(struct part *part, const struct mail_field *field)
{
	if (str_equal_nocase(field->name, STR("content-type")))
		memcpy(part->type, field->value, sizeof(part->type));
	else if (str_equal_nocase(field->name, STR("content-disposition")))
		part->is_attachment = str_begins_nocase(str_of(field->value), STR("attachment"));
	else if (str_equal_nocase(field->name, STR("content-transfer-encoding")) &&
		 !str_to_chars(part->encoding, sizeof(part->encoding), str_of(field->value)))
		part->encoding[0] = '\0'; /* none that is known */
}

static void begin_part(struct part *part)
{
	memcpy(part->type, PLAIN, sizeof(PLAIN));
	memcpy(part->encoding, "7bit", sizeof("7bit"));
	part->is_attachment = false;
}

/* As it is sent; a text loses its quotes here, since those of others may be in another character set. */
static bool decode_part(const struct part *part, bool is_html, struct arena *arena, struct str *ret_text)
{
	decode *decoder = decoder_of(part->encoding);
	struct str body = { .data = part->body.data, .size = part->body.size < SOURCE_MAX ? part->body.size : SOURCE_MAX };
	char *bytes = arena_take_bytes(arena, body.size + 1);
	size_t size;

	if (decoder == NULL || bytes == NULL)
		return false;
	size = decoder(body, bytes);
	blank_nuls(bytes, size);
	*ret_text = is_html ? (struct str){ .data = bytes, .size = size } : without_quotes(bytes, size);
	if (part->body.size > SOURCE_MAX) /* it may end inside a character */
		*ret_text = str_prefix(*ret_text, ret_text->size > 4 ? ret_text->size - 4 : 0);
	return true;
}

/* What it quotes is marked with > then, as in a text. */
static bool read_html(struct str html, struct arena *arena, struct str *ret_text)
{
	char *to = arena_take_bytes(arena, html.size + 1);

	if (to == NULL)
		return false;
	*ret_text = mail_html_to_text(html, to);
	*ret_text = without_quotes(to, ret_text->size);
	return true;
}

static bool read_text(const struct part *part, bool is_html, struct arena *arena, struct str *ret_text)
{
	char charset[CHARSET_MAX + 1] = "";
	struct str text;
	const char *from;

	(void)mail_parameter(part->type, "charset", charset, sizeof(charset));
	if (!decode_part(part, is_html, arena, &text))
		return false;
	from = charset_of(charset, text);
	if (from == NULL || !to_utf8(from, text, arena, &text) || (is_html && !read_html(text, arena, &text)))
		return false;
	*ret_text = str_prefix_characters(text_trim(text, TEXT_ANY), REPLY_TEXT_MAX);
	return true;
}

static bool is_of_type(const struct part *part, const char *type)
{
	struct str rest;

	return str_equal_nocase(str_trim(str_cut(str_of(part->type), ';', &rest), " \t"), str_of(type));
}

/* Depth first, so that the first text stands where a reader would see it first. */
static bool find_text(const struct part *part, const char *type, int depth, int *parts, struct arena *arena, struct str *ret_text)
{
	struct mail_boundary boundary;
	struct str rest = part->body, inside;
	struct mail_field field;
	bool is_preamble = true;

	if (is_of_type(part, type))
		return !part->is_attachment && read_text(part, strcmp(type, HTML) == 0, arena, ret_text);
	boundary = mail_boundary_of(part->type);
	if (!str_begins_nocase(str_of(part->type), STR("multipart/")) || boundary.text[0] == '\0' || depth == DEPTH_MAX)
		return false;
	while (*parts < MAIL_PARTS_MAX && mail_next_part(&rest, &boundary, &inside)) {
		struct part child;

		(*parts)++;
		if (is_preamble) {
			is_preamble = false;
			continue;
		}
		begin_part(&child);
		while (mail_next_field(&inside, &field))
			note_field(&child, &field);
		child.body = inside;
		if (find_text(&child, type, depth + 1, parts, arena, ret_text))
			return true;
	}
	return false;
}

static bool find_first(const struct part *mail, const char *type, struct arena *arena, struct str *ret_text)
{
	int parts = 0;

	return find_text(mail, type, 0, &parts, arena, ret_text);
}

/* Encoded words (RFC 2047) are not decoded: a word of refusal needs none. */
static struct str text_of_subject(const char *subject, struct arena *arena)
{
	struct str text = str_copy(arena, text_trim(str_of(subject), TEXT_ANY));

	return text.data == NULL || strstr(subject, "=?") != NULL || !str_is_text(text)
		       ? STR("")
		       : str_prefix_characters(text, REPLY_TEXT_MAX);
}

enum reply_verdict reply_mail_read(struct str mail, struct arena *arena, struct reply *ret_reply)
{
	struct reply reply = { .text = STR("") };
	char subject[MAIL_VALUE_MAX + 1] = "";
	bool has_sender = false, is_program = false, is_spam = false;
	struct mail_field field;
	struct part part;

	begin_part(&part);
	while (mail_next_field(&mail, &field)) {
		note_field(&part, &field);
		is_program = is_program || is_automatic(&field);
		if (str_equal_nocase(field.name, STR("from")) && !has_sender)
			has_sender = read_sender(field.value, reply.sender);
		else if (str_equal_nocase(field.name, STR("message-id")))
			read_id(field.value, reply.id);
		else if (str_equal_nocase(field.name, STR("subject")))
			memcpy(subject, field.value, sizeof(subject));
		else if (str_equal_nocase(field.name, STR("x-spam-flag")))
			is_spam = str_equal_nocase(str_of(field.value), STR("yes"));
	}
	if (is_program)
		return REPLY_AUTOMATIC;
	if (is_spam)
		return REPLY_SPAM;
	if (!has_sender)
		return REPLY_NO_SENDER;
	part.body = mail;
	reply.is_readable = find_first(&part, PLAIN, arena, &reply.text) || find_first(&part, HTML, arena, &reply.text);
	if (reply.is_readable && reply.text.size == 0)
		reply.text = text_of_subject(subject, arena);
	*ret_reply = reply;
	return REPLY_TAKEN;
}
