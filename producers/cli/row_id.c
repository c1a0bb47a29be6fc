#include "row_id.h"

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static size_t skip_space(struct str line, size_t at)
{
	while (at < line.size && is_space(line.data[at]))
		at++;
	return at;
}

/* The position behind the string that begins at `at`; line.size if it is not closed. */
static size_t skip_string(struct str line, size_t at)
{
	for (at++; at < line.size && line.data[at] != '"'; at++) {
		if (line.data[at] == '\\')
			at++;
	}
	return at < line.size ? at + 1 : line.size;
}

/* The position behind the value that begins at `at`: the comma or brace that ends the member. */
static size_t skip_value(struct str line, size_t at)
{
	int depth = 0;

	while (at < line.size) {
		char c = line.data[at];

		if (depth == 0 && (c == ',' || c == '}'))
			return at;
		if (c == '{' || c == '[')
			depth++;
		if (c == '}' || c == ']')
			depth--;
		at = c == '"' ? skip_string(line, at) : at + 1;
	}
	return at;
}

static struct str slice(struct str line, size_t from, size_t to)
{
	return (struct str){ .data = line.data + from, .size = to - from };
}

static struct str unquoted(struct str value)
{
	while (value.size > 0 && is_space(value.data[value.size - 1]))
		value.size--;
	if (value.size >= 2 && value.data[0] == '"' && value.data[value.size - 1] == '"')
		return slice(value, 1, value.size - 1);
	return (struct str){ .data = value.data, .size = 0 };
}

/* Copies the members except "$id", with commas between. Stops at invalid text, and copies the rest unchanged. */
static int copy_members(struct str line, size_t at, struct buf *buf, bool *has_id, struct uuid *id, struct err *err)
{
	bool first = true;

	for (;;) {
		size_t from = skip_space(line, at);
		size_t name_end = 0, value_from = 0, value_end = 0;

		if (from >= line.size || line.data[from] != '"')
			break;
		name_end = skip_string(line, from);
		value_from = skip_space(line, name_end);
		if (value_from >= line.size || line.data[value_from] != ':')
			break;
		value_from = skip_space(line, value_from + 1);
		value_end = skip_value(line, value_from);
		if (str_is(slice(line, from, name_end), "\"$id\"")) {
			if (*has_id)
				return err_set(err, ERR_POISON, "/$id: stands twice");
			if (!uuid_parse(id, unquoted(slice(line, value_from, value_end))))
				return err_set(err, ERR_POISON, "/$id: not a UUID");
			*has_id = true;
		} else if (!str_is(slice(line, from, name_end), "\"$refused\"")) {
			buf_add_text(buf, first ? "" : ",");
			buf_add_str(buf, slice(line, from, value_end));
			first = false;
		}
		at = value_end;
		if (at >= line.size || line.data[at] != ',')
			break;
		at++;
		if (skip_space(line, at) < line.size && line.data[skip_space(line, at)] == '"')
			continue;
		buf_add_u8(buf, ','); /* a comma at the end: wire/json refuses it */
		break;
	}
	buf_add_str(buf, slice(line, at, line.size));
	return 0;
}

int row_take_id(struct str line, struct buf *buf, bool *ret_has_id, struct uuid *ret_id, struct err *err)
{
	size_t at = skip_space(line, 0);
	bool has_id = false;
	struct uuid id = { { 0 } };

	buf_reset(buf);
	if (at >= line.size || line.data[at] != '{') {
		buf_add_str(buf, line); /* no object: wire/json reports it */
	} else {
		buf_add_u8(buf, '{');
		if (copy_members(line, at + 1, buf, &has_id, &id, err) != 0)
			return -1;
	}
	if (buf->overflow)
		return err_set(err, ERR_POISON, "the line is too long");
	*ret_has_id = has_id;
	if (has_id)
		*ret_id = id;
	return 0;
}
