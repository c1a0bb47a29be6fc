#include "mail_html.h"

#include "base/array.h"

#define NAME_SIZE  12 /* of an element that is known here, with its end */
#define ENTITY_MAX 10 /* bytes between & and ; */

struct reading {
	struct str rest;
	char *text;
	size_t size;
	bool has_gap;    /* white space that is not written yet */
	unsigned quotes; /* blockquotes that are open */
};

static void skip(struct reading *reading, size_t size)
{
	reading->rest = (struct str){ .data = reading->rest.data + size, .size = reading->rest.size - size };
}

/* ---- the text ---- */

static bool is_line_empty(const struct reading *reading)
{
	return reading->size == 0 || reading->text[reading->size - 1] == '\n';
}

/* A blank, or the > of a line, is there for something that was longer: white space, or the tag that began the line. */
static void put(struct reading *reading, const char *bytes, size_t size)
{
	if (is_line_empty(reading) && reading->quotes > 0)
		reading->text[reading->size++] = '>';
	else if (reading->has_gap && !is_line_empty(reading))
		reading->text[reading->size++] = ' ';
	reading->has_gap = false;
	memcpy(reading->text + reading->size, bytes, size);
	reading->size += size;
}

static void end_line(struct reading *reading)
{
	if (!is_line_empty(reading))
		reading->text[reading->size++] = '\n';
	reading->has_gap = false;
}

/* ---- entities ---- */

/* Of &#...; 0: it is none. */
static uint32_t read_number(struct str digits)
{
	bool is_hex = digits.size > 0 && ascii_lower(digits.data[0]) == 'x';
	uint32_t code = 0;

	for (size_t at = is_hex ? 1 : 0; at < digits.size; at++) {
		int digit = hex_digit(digits.data[at]);

		if (digit < 0 || (!is_hex && digit > 9) || code > 0x10FFFF)
			return 0;
		code = code * (is_hex ? 16 : 10) + (uint32_t)digit;
	}
	return code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF) ? 0 : code;
}

static uint32_t code_of(struct str entity)
{
	static const struct {
		const char *name;
		char code;
	} known[] = { { "amp", '&' }, { "lt", '<' }, { "gt", '>' }, { "quot", '"' }, { "apos", '\'' }, { "nbsp", ' ' } };

	if (entity.size > 1 && entity.data[0] == '#')
		return read_number((struct str){ .data = entity.data + 1, .size = entity.size - 1 });
	for (size_t i = 0; i < COUNT(known); i++) {
		if (str_is(entity, known[i].name))
			return (uint32_t)known[i].code;
	}
	return 0;
}

static void read_entity(struct reading *reading)
{
	struct str rest = reading->rest, entity;
	char bytes[4];
	uint32_t code;
	size_t size = 1;

	while (size < rest.size && size <= ENTITY_MAX && rest.data[size] != ';')
		size++;
	entity = (struct str){ .data = rest.data + 1, .size = size - 1 };
	code = size < rest.size && rest.data[size] == ';' ? code_of(entity) : 0;
	if (code == 0)
		put(reading, "&", 1);
	else if (code <= ' ' || code == 0xA0)
		reading->has_gap = true;
	else
		put(reading, bytes, str_write_character(bytes, code));
	skip(reading, code == 0 ? 1 : size + 1);
}

/* ---- tags ---- */

/* Up to the bytes `end`, of any case, or to the end of all. */
static void skip_to(struct reading *reading, const char *end)
{
	while (reading->rest.size > 0 && !str_begins_nocase(reading->rest, str_of(end)))
		skip(reading, 1);
}

/* Behind the >, which may also stand in a quoted value. A quote that no = is in front of is none. */
static void skip_tag(struct reading *reading)
{
	char quote = '\0', before = '\0';

	while (reading->rest.size > 0) {
		char byte = reading->rest.data[0];

		skip(reading, 1);
		if (quote != '\0')
			quote = byte == quote ? '\0' : quote;
		else if (before == '=' && (byte == '"' || byte == '\''))
			quote = byte;
		else if (byte == '>')
			return;
		before = byte;
	}
}

static bool is_name(char byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9');
}

/* In lower case; "": too long for any that is known. */
static void read_name(struct str rest, char name[NAME_SIZE])
{
	size_t size = 0;

	memset(name, 0, NAME_SIZE);
	for (; size < rest.size && is_name(ascii_lower(rest.data[size])); size++) {
		if (size == NAME_SIZE - 1) {
			name[0] = '\0';
			return;
		}
		name[size] = ascii_lower(rest.data[size]);
	}
}

static bool is_one_of(const char *name, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(name, names[i]) == 0)
			return true;
	}
	return false;
}

static void take_element(struct reading *reading, const char *name, bool is_end)
{
	static const char *const blocks[] = { "p",      "div", "br",     "tr",  "li", "ul", "ol",         "table",
					      "h1",     "h2",  "h3",     "h4",  "h5", "h6", "blockquote", "section",
					      "header", "hr",  "footer", "pre", "dt", "dd", "dl",         "center" };
	static const char *const cells[] = { "td", "th" };

	if (is_one_of(name, blocks, COUNT(blocks)))
		end_line(reading);
	else if (is_one_of(name, cells, COUNT(cells)))
		reading->has_gap = true;
	if (strcmp(name, "blockquote") != 0)
		return;
	if (!is_end)
		reading->quotes++;
	else if (reading->quotes > 0)
		reading->quotes--;
}

static void read_tag(struct reading *reading)
{
	bool is_end = reading->rest.size > 1 && reading->rest.data[1] == '/';
	size_t front = is_end ? 2 : 1;
	char name[NAME_SIZE];

	read_name((struct str){ .data = reading->rest.data + front, .size = reading->rest.size - front }, name);
	skip_tag(reading);
	take_element(reading, name, is_end);
	if (is_end)
		return;
	if (strcmp(name, "style") == 0)
		skip_to(reading, "</style");
	else if (strcmp(name, "script") == 0)
		skip_to(reading, "</script");
	else if (strcmp(name, "title") == 0)
		skip_to(reading, "</title");
}

/* "a < b" has none. */
static bool is_tag(struct str rest)
{
	char next = rest.size > 1 ? ascii_lower(rest.data[1]) : '\0';

	return (next >= 'a' && next <= 'z') || next == '/' || next == '!' || next == '?';
}

struct str mail_html_to_text(struct str html, char *to)
{
	struct reading reading = { .rest = html, .text = to };

	while (reading.rest.size > 0) {
		char byte = reading.rest.data[0];

		if (byte == '&') {
			read_entity(&reading);
		} else if (str_begins_nocase(reading.rest, STR("<!--"))) {
			skip_to(&reading, "-->");
			skip_tag(&reading);
		} else if (byte == '<' && is_tag(reading.rest)) {
			read_tag(&reading);
		} else if (byte == ' ' || (byte >= '\t' && byte <= '\r')) {
			reading.has_gap = true;
			skip(&reading, 1);
		} else {
			put(&reading, reading.rest.data, 1);
			skip(&reading, 1);
		}
	}
	return (struct str){ .data = to, .size = reading.size };
}
