#ifndef CLI_JSON_LINE_H
#define CLI_JSON_LINE_H

#include <stdint.h>

#include "base/buf.h"
#include "base/uuid.h"

/*
 * Writes one command as a line for `dcs publish`, member by member, and at the end the "$id" derived from its type and content.
 */
struct json_line {
	struct buf *lines; /* borrows */
	const char *type_name;
	size_t from;
};

void json_line_begin(struct json_line *line, struct buf *lines, const char *type_name);
void json_line_id(struct json_line *line, const char *member, const struct uuid *id);
void json_line_text(struct json_line *line, const char *member, const char *text);
void json_line_number(struct json_line *line, const char *member, int64_t number);
void json_line_instant(struct json_line *line, const char *member, int64_t instant_ms);
void json_line_raw(struct json_line *line, const char *member, const char *json); /* an array, say */
void json_line_end(struct json_line *line);

#endif
