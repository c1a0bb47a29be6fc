#include "json_line.h"

#include "base/day.h"
#include "natural_id.h"
#include "wire/json.h"

void json_line_begin(struct json_line *line, struct buf *lines, const char *type_name)
{
	*line = (struct json_line){ .lines = lines, .type_name = type_name, .from = lines->size };
	buf_add_u8(lines, '{');
}

static void add_name(struct json_line *line, const char *member)
{
	buf_add_text(line->lines, line->lines->size == line->from + 1 ? "\"" : ",\"");
	buf_add_text(line->lines, member);
	buf_add_text(line->lines, "\":");
}

void json_line_id(struct json_line *line, const char *member, const struct uuid *id)
{
	char text[UUID_TEXT_SIZE + 1];

	uuid_format(text, id);
	json_line_text(line, member, text);
}

void json_line_text(struct json_line *line, const char *member, const char *text)
{
	add_name(line, member);
	json_write_string(line->lines, str_of(text));
}

void json_line_number(struct json_line *line, const char *member, int64_t number)
{
	add_name(line, member);
	buf_add_format(line->lines, "%lld", (long long)number);
}

void json_line_instant(struct json_line *line, const char *member, int64_t instant_ms)
{
	char text[32];

	instant_format(text, instant_ms);
	json_line_text(line, member, text);
}

void json_line_raw(struct json_line *line, const char *member, const char *json)
{
	add_name(line, member);
	buf_add_text(line->lines, json);
}

void json_line_end(struct json_line *line)
{
	struct str content = { .data = (const char *)line->lines->data + line->from, .size = line->lines->size - line->from };
	struct uuid id;

	MUST(!line->lines->overflow);
	id = row_command_id_of(str_of(line->type_name), content);
	json_line_id(line, "$id", &id);
	buf_add_text(line->lines, "}\n");
}
