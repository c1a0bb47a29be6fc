#include "wire/json_scan.h"

#include <string.h>

#include "base/must.h"

/* ---- the check ---- */

struct scan {
	const char *begin, *at, *end;
	unsigned depth;
	const char *wrong; /* NULL: nothing yet */
};

static bool fail(struct scan *scan, const char *wrong)
{
	if (scan->wrong == NULL)
		scan->wrong = wrong;
	return false;
}

static bool fail_syntax(struct scan *scan)
{
	return fail(scan, "not JSON, near");
}

static const char *skip_space(const char *at, const char *end)
{
	while (at < end && (*at == ' ' || *at == '\n' || *at == '\t' || *at == '\r'))
		at++;
	return at;
}

/* The next byte behind white space; '\0' at the end, for a NUL in the text was found before. */
static char next_byte(struct scan *scan)
{
	scan->at = skip_space(scan->at, scan->end);
	return scan->at < scan->end ? *scan->at : '\0';
}

static bool is_digit(char byte)
{
	return byte >= '0' && byte <= '9';
}

static bool check_digits(struct scan *scan)
{
	const char *from = scan->at;

	while (scan->at < scan->end && is_digit(*scan->at))
		scan->at++;
	return scan->at > from || fail_syntax(scan);
}

static bool take(struct scan *scan, char byte)
{
	if (scan->at == scan->end || *scan->at != byte)
		return false;
	scan->at++;
	return true;
}

static bool check_number(struct scan *scan)
{
	(void)take(scan, '-');
	if (!take(scan, '0') && !check_digits(scan))
		return false;
	if (take(scan, '.') && !check_digits(scan))
		return false;
	if (!take(scan, 'e') && !take(scan, 'E'))
		return true;
	if (!take(scan, '+'))
		(void)take(scan, '-');
	return check_digits(scan);
}

static bool check_word(struct scan *scan, struct str word)
{
	if ((size_t)(scan->end - scan->at) < word.size || memcmp(scan->at, word.data, word.size) != 0)
		return fail_syntax(scan);
	scan->at += word.size;
	return true;
}

/* Four hex digits; -1: they are not. */
static int32_t read_unit(const char *at, const char *end)
{
	int32_t unit = 0;

	if (end - at < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		int value = hex_digit(at[i]);

		if (value < 0)
			return -1;
		unit = unit << 4 | value;
	}
	return unit;
}

static bool is_high(int32_t unit)
{
	return unit >= 0xD800 && unit < 0xDC00;
}

static bool is_low(int32_t unit)
{
	return unit >= 0xDC00 && unit < 0xE000;
}

/* Behind the backslash and u. */
static bool check_unicode(struct scan *scan)
{
	int32_t unit = read_unit(scan->at, scan->end);

	if (unit < 0 || is_low(unit))
		return fail_syntax(scan);
	if (unit == 0)
		return fail(scan, "holds a NUL, before");
	scan->at += 4;
	if (!is_high(unit))
		return true;
	if (!take(scan, '\\') || !take(scan, 'u') || !is_low(read_unit(scan->at, scan->end)))
		return fail_syntax(scan);
	scan->at += 4;
	return true;
}

static bool check_escape(struct scan *scan)
{
	char byte = scan->at < scan->end ? *scan->at++ : '\0';

	if (byte == 'u')
		return check_unicode(scan);
	return (byte != '\0' && strchr("\"\\/bfnrt", byte) != NULL) || fail_syntax(scan);
}

static bool check_string(struct scan *scan)
{
	scan->at++;
	while (scan->at < scan->end) {
		char byte = *scan->at++;

		if (byte == '"')
			return true;
		if ((unsigned char)byte < ' ')
			return fail_syntax(scan);
		if (byte == '\\' && !check_escape(scan))
			return false;
	}
	return fail_syntax(scan);
}

static bool check_value(struct scan *scan);

static bool check_key(struct scan *scan)
{
	if (next_byte(scan) != '"' || !check_string(scan))
		return fail_syntax(scan);
	return (next_byte(scan) == ':' && take(scan, ':')) || fail_syntax(scan);
}

static bool check_container(struct scan *scan, char close, bool has_keys)
{
	scan->at++;
	if (++scan->depth > JSON_DEPTH_MAX)
		return fail_syntax(scan);
	if (next_byte(scan) == close) {
		scan->at++;
		scan->depth--;
		return true;
	}
	do {
		if ((has_keys && !check_key(scan)) || !check_value(scan))
			return false;
		(void)next_byte(scan);
	} while (take(scan, ','));
	scan->depth--;
	return take(scan, close) || fail_syntax(scan);
}

static bool check_value(struct scan *scan)
{
	switch (next_byte(scan)) {
	case '{':
		return check_container(scan, '}', true);
	case '[':
		return check_container(scan, ']', false);
	case '"':
		return check_string(scan);
	case 't':
		return check_word(scan, STR("true"));
	case 'f':
		return check_word(scan, STR("false"));
	case 'n':
		return check_word(scan, STR("null"));
	default:
		return check_number(scan);
	}
}

/* How long a front part of the text is one, by halves. */
static size_t good_bytes(struct str text)
{
	size_t low = 0;
	size_t high = text.size;

	while (low < high) {
		size_t middle = (low + high + 1) / 2;

		if (str_is_text(str_prefix(text, middle)))
			low = middle;
		else
			high = middle - 1;
	}
	return low;
}

bool json_check(struct str text, struct json *ret_json, struct json_wrong *ret_wrong)
{
	struct scan scan = { .begin = text.data, .at = text.data, .end = text.data + text.size };
	char first;

	if (!str_is_text(text)) {
		*ret_wrong = (struct json_wrong){ .what = "not UTF-8, or holds a NUL, near", .at = good_bytes(text) };
		return false;
	}
	first = next_byte(&scan);
	ret_json->at = scan.at;
	if ((first == '{' || first == '[') && check_value(&scan)) {
		if (next_byte(&scan) == '\0')
			return true;
	}
	(void)fail_syntax(&scan);
	*ret_wrong = (struct json_wrong){ .what = scan.wrong, .at = (size_t)(scan.at - scan.begin) };
	return false;
}

/* ---- values of a text that was checked ---- */

enum json_kind json_kind(struct json json)
{
	switch (*json.at) {
	case '{':
		return JSON_OBJECT;
	case '[':
		return JSON_ARRAY;
	case '"':
		return JSON_STRING;
	case 't':
		return JSON_TRUE;
	case 'f':
		return JSON_FALSE;
	case 'n':
		return JSON_NULL;
	default:
		return JSON_NUMBER;
	}
}

bool json_read_number(struct json number, int64_t *ret_integer, bool *ret_is_whole)
{
	const char *end = number.at + (*number.at == '-');
	long long integer;

	while (is_digit(*end))
		end++;
	*ret_is_whole = *end != '.' && *end != 'e' && *end != 'E';
	if (!*ret_is_whole || !str_to_int64((struct str){ number.at, (size_t)(end - number.at) }, &integer))
		return false;
	*ret_integer = integer;
	return true;
}

/* Behind the closing quote; *ret_escapes: how many there are. */
static const char *skip_string(const char *at, size_t *ret_escapes)
{
	*ret_escapes = 0;
	for (at++; *at != '"'; at++) {
		if (*at == '\\') {
			at++;
			++*ret_escapes;
		}
	}
	return at + 1;
}

size_t json_text_room(struct json string)
{
	size_t escapes;
	const char *end = skip_string(string.at, &escapes);

	return escapes == 0 ? 0 : (size_t)(end - string.at);
}

/* Behind the backslash; never longer decoded than it stands there. */
static const char *decode_escape(const char *at, char **to)
{
	static const char plain[] = { ['b'] = '\b', ['f'] = '\f', ['n'] = '\n', ['r'] = '\r', ['t'] = '\t' };
	int32_t point;

	if (*at != 'u') {
		*(*to)++ = (size_t)*at < sizeof(plain) && plain[(size_t)*at] != 0 ? plain[(size_t)*at] : *at;
		return at + 1;
	}
	point = read_unit(at + 1, at + 5);
	at += 5;
	if (is_high(point)) {
		point = 0x10000 + ((point - 0xD800) << 10) + (read_unit(at + 2, at + 6) - 0xDC00);
		at += 6;
	}
	*to += str_write_character(*to, (uint32_t)point);
	return at;
}

bool json_text(struct json string, char *room, size_t room_size, struct str *ret_text)
{
	size_t escapes;
	const char *at = string.at + 1;
	const char *end = skip_string(string.at, &escapes) - 1;
	char *to = room;

	if (escapes == 0) {
		*ret_text = (struct str){ .data = at, .size = (size_t)(end - at) };
		return true;
	}
	if (room_size < (size_t)(end - at))
		return false;
	while (at < end) {
		if (*at == '\\')
			at = decode_escape(at + 1, &to);
		else
			*to++ = *at++;
	}
	*ret_text = (struct str){ .data = room, .size = (size_t)(to - room) };
	return true;
}

/* ---- steps ---- */

/* In a text that was checked a container closes before its end, so all steps stop there. */
static const char *skip_gap(const char *at)
{
	while (*at == ' ' || *at == '\n' || *at == '\t' || *at == '\r' || *at == ',' || *at == ':')
		at++;
	return at;
}

static bool is_delimiter(char byte)
{
	return byte == ',' || byte == ']' || byte == '}' || byte == ' ' || byte == '\n' || byte == '\t' || byte == '\r';
}

static const char *skip_value(const char *at)
{
	size_t escapes;
	unsigned depth = 0;

	do {
		switch (*at) {
		case '"':
			at = skip_string(at, &escapes);
			continue;
		case '{':
		case '[':
			depth++;
			break;
		case '}':
		case ']':
			depth--;
			break;
		case ',':
		case ' ':
		case '\n':
		case '\t':
		case '\r':
		case ':':
			break;
		default: /* a number or a word, to its last byte */
			while (!is_delimiter(at[1]))
				at++;
			break;
		}
		at++;
	} while (depth > 0);
	return at;
}

struct json_walk json_walk(struct json container)
{
	MUST(*container.at == '{' || *container.at == '[');
	return (struct json_walk){ .at = container.at + 1 };
}

bool json_next(struct json_walk *walk, struct json *ret_item)
{
	const char *at = skip_gap(walk->at);

	if (*at == '}' || *at == ']')
		return false;
	ret_item->at = at;
	walk->at = skip_value(at);
	return true;
}

bool json_next_member(struct json_walk *walk, struct json *ret_key, struct json *ret_item)
{
	return json_next(walk, ret_key) && json_next(walk, ret_item);
}

size_t json_count(struct json array)
{
	struct json_walk walk = json_walk(array);
	struct json item;
	size_t count = 0;

	while (json_next(&walk, &item))
		count++;
	return count;
}
