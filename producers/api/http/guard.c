#include "producers/api/http/guard.h"

#include <string.h>

static struct guard_refusal pass(void)
{
	return (struct guard_refusal){ 0 };
}

static struct guard_refusal bad(const char *text)
{
	return (struct guard_refusal){ .status = 400, .text = text };
}

/* ---- the target ---- */

struct str guard_cut_authority(struct str *target)
{
	size_t scheme = str_begins_nocase(*target, STR("http://")) ? 7 : str_begins_nocase(*target, STR("https://")) ? 8 : 0;
	struct str authority = { .data = target->data + scheme, .size = 0 };

	if (scheme == 0)
		return authority;
	while (scheme + authority.size < target->size && strchr("/?#", authority.data[authority.size]) == NULL)
		authority.size++;
	*target = (struct str){ .data = authority.data + authority.size, .size = target->size - scheme - authority.size };
	return authority;
}

/* The byte at *at, decoded; -1: a percent sign without two digits. Moves *at behind it. */
static int next_byte(struct str text, size_t *at)
{
	int high, low;

	if (text.data[*at] != '%')
		return (unsigned char)text.data[(*at)++];
	if (*at + 2 >= text.size)
		return -1;
	high = hex_digit(text.data[*at + 1]);
	low = hex_digit(text.data[*at + 2]);
	*at += 3;
	return high < 0 || low < 0 ? -1 : high * 16 + low;
}

/*
 * A path's decoded bytes must be printable ASCII, without an encoded slash or a backslash (other programs may read another path),
 * and without "." or "..".
 */
static bool path_is_plain(struct str path)
{
	size_t at = 0, dots = 0, others = 0; /* of the current segment */

	while (at < path.size) {
		bool is_encoded = path.data[at] == '%';
		int byte = next_byte(path, &at);

		if (byte < 0x20 || byte > 0x7e || byte == '\\' || (byte == '/' && is_encoded))
			return false;
		if (byte == '/') {
			if (others == 0 && (dots == 1 || dots == 2))
				return false;
			dots = others = 0;
		} else if (byte == '.') {
			dots++;
		} else {
			others++;
		}
	}
	return others > 0 || (dots != 1 && dots != 2);
}

static size_t count_arguments(struct str query)
{
	size_t count = query.size > 0;

	for (size_t i = 0; i < query.size; i++)
		count += query.data[i] == '&';
	return count;
}

static bool query_is_plain(struct str query)
{
	size_t at = 0;

	while (at < query.size) {
		if (next_byte(query, &at) <= 0) /* broken escape, or %00 */
			return false;
	}
	return true;
}

struct guard_refusal guard_uri(struct str uri)
{
	struct str path, query;

	if (uri.size > GUARD_URI_SIZE_MAX)
		return (struct guard_refusal){ .status = 414, .text = "the target is too long" };
	if (uri.size == 0 || uri.data[0] != '/')
		return bad("the target does not begin with a slash");
	for (size_t i = 0; i < uri.size; i++) {
		if (uri.data[i] <= 0x20 || uri.data[i] > 0x7e || uri.data[i] == '#')
			return bad("the target has bytes that must be encoded");
	}
	path = str_cut(uri, '?', &query);
	if (!path_is_plain(path))
		return bad("the path is not plain");
	if (count_arguments(query) > GUARD_ARGUMENTS_MAX)
		return (struct guard_refusal){ .status = 414, .text = "the target has too many arguments" };
	return query_is_plain(query) ? pass() : bad("the query is not plain");
}

/* ---- the head ---- */

/* RFC 9110 5.6.2 */
static bool is_token(struct str text)
{
	for (size_t i = 0; i < text.size; i++) {
		char byte = text.data[i];

		if ((byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z'))
			continue;
		if (byte == '\0' || strchr("!#$%&'*+-.^_`|~", byte) == NULL)
			return false;
	}
	return text.size > 0;
}

static bool is_field_value(struct str text)
{
	for (size_t i = 0; i < text.size; i++) {
		unsigned char byte = (unsigned char)text.data[i];

		if ((byte < 0x20 && byte != '\t') || byte == 0x7f)
			return false;
	}
	return true;
}

bool guard_length_is_good(struct str value)
{
	for (size_t i = 0; i < value.size; i++) {
		if (value.data[i] < '0' || value.data[i] > '9')
			return false;
	}
	return value.size > 0 && value.size <= 18;
}

static bool is_host(struct str value)
{
	for (size_t i = 0; i < value.size; i++) {
		char byte = value.data[i];

		if ((byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z'))
			continue;
		if (byte == '\0' || strchr(".-:[]_", byte) == NULL)
			return false;
	}
	return value.size > 0;
}

struct seen {
	struct str host;
	size_t hosts, lengths, codings;
};

static struct guard_refusal look_at(const struct guard_header *header, struct seen *seen)
{
	if (header->value.size > GUARD_VALUE_SIZE_MAX)
		return (struct guard_refusal){ .status = 431, .text = "a header is too long" };
	if (!is_token(header->name))
		return bad("a header's name is not a token");
	if (!is_field_value(header->value))
		return bad("a header's value has control bytes");
	if (str_equal_nocase(header->name, STR("host"))) {
		seen->hosts++;
		seen->host = header->value;
		return is_host(header->value) ? pass() : bad("Host is not a host");
	}
	if (str_equal_nocase(header->name, STR("content-length"))) {
		seen->lengths++;
		return guard_length_is_good(header->value) ? pass() : bad("Content-Length is not a number");
	}
	if (str_equal_nocase(header->name, STR("transfer-encoding"))) {
		seen->codings++;
		return str_equal_nocase(header->value, STR("chunked")) ? pass() : bad("Transfer-Encoding other than chunked");
	}
	return pass();
}

struct guard_refusal guard_request(struct str method, struct str version, struct str authority,
				   const struct guard_header *headers, size_t count)
{
	struct seen seen = { 0 };

	if (!is_token(method))
		return bad("the method is not a token");
	if (!str_is(version, "HTTP/1.1") && !str_is(version, "HTTP/1.0"))
		return (struct guard_refusal){ .status = 505, .text = "HTTP/1.1 is spoken here" };
	if (count > GUARD_HEADERS_MAX)
		return (struct guard_refusal){ .status = 431, .text = "too many headers" };
	for (size_t i = 0; i < count; i++) {
		struct guard_refusal refusal = look_at(&headers[i], &seen);

		if (refusal.status != 0)
			return refusal;
	}
	if (seen.hosts > 1 || (seen.hosts == 0 && str_is(version, "HTTP/1.1")))
		return bad("Host is missing or repeated");
	if (authority.size > 0 && !str_equal_nocase(authority, seen.host))
		return bad("Host is not that of the target");
	if (seen.lengths > 1 || seen.codings > 1 || (seen.lengths > 0 && seen.codings > 0))
		return bad("the length of the body is told twice");
	return pass();
}
