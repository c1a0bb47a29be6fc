#include "record_json.h"

#include <strings.h>

#include "base/day.h"
#include "wire/json.h"

static void add_hex(struct buf *json, struct str bytes)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < bytes.size; i++) {
		uint8_t byte = (uint8_t)bytes.data[i];

		buf_add_u8(json, (uint8_t)digits[byte >> 4]);
		buf_add_u8(json, (uint8_t)digits[byte & 15]);
	}
}

static void add_text_or_hex(struct buf *json, struct str bytes)
{
	if (str_is_text(bytes)) {
		json_write_string(json, bytes);
		return;
	}
	buf_add_text(json, "\"hex:");
	add_hex(json, bytes.size < RECORD_HEX_MAX ? bytes : (struct str){ .data = bytes.data, .size = RECORD_HEX_MAX });
	buf_add_u8(json, '"');
}

static void add_header_value(struct buf *json, const struct header *header)
{
	if (strcasecmp(header->name, "authorization") == 0)
		json_write_string(json, STR("Bearer ***"));
	else
		add_text_or_hex(json, header->value);
}

/* A repeated name gets its number appended, so that the members of the object stay unique. */
static void add_header_name(struct buf *json, const struct header *headers, size_t index)
{
	struct str name = str_of(headers[index].name);
	int before = 0;

	for (size_t i = 0; i < index; i++)
		before += str_is(name, headers[i].name);
	if (before == 0 || !str_is_text(name)) {
		add_text_or_hex(json, name);
		return;
	}
	json_write_string(json, name);
	json->size--; /* the closing quote */
	buf_add_format(json, "#%d\"", before + 1);
}

void record_json_headers(struct buf *json, const struct header *headers, size_t count)
{
	buf_add_u8(json, '{');
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			buf_add_u8(json, ',');
		add_header_name(json, headers, i);
		buf_add_u8(json, ':');
		add_header_value(json, &headers[i]);
	}
	buf_add_u8(json, '}');
}

static void add_body(struct buf *json, struct arena *arena, struct str value)
{
	const struct message_type *type = NULL;
	const void *body = NULL;
	struct err err = ERR_INIT;

	if (coder_decode(value, arena, &type, &body, &err) == 0) {
		buf_add_text(json, ",\"type\":");
		json_write_string(json, str_of(type->record.name));
		buf_add_text(json, ",\"body\":");
		json_write_message(json, type, body);
		return;
	}
	buf_add_text(json, ",\"error\":");
	json_write_string(json, str_of(err.text));
	buf_add_format(json, ",\"value_size\":%zu,\"value_hex\":\"", value.size);
	add_hex(json, (struct str){ .data = value.data, .size = value.size < RECORD_HEX_MAX ? value.size : RECORD_HEX_MAX });
	buf_add_u8(json, '"');
}

void record_json_write(struct buf *json, struct arena *arena, const struct record_view *record)
{
	char at[32];

	instant_format(at, record->at_ms);
	buf_add_text(json, "{\"topic\":");
	json_write_string(json, str_of(record->topic));
	buf_add_format(json, ",\"part\":%d,\"offset\":%lld,\"at\":\"%s\",\"key\":", record->part, (long long)record->offset, at);
	if (record->key.data == NULL)
		buf_add_text(json, "null");
	else
		add_text_or_hex(json, record->key);
	buf_add_text(json, ",\"headers\":");
	record_json_headers(json, record->headers, record->headers_count);
	if (record->value.data == NULL)
		buf_add_text(json, ",\"error\":\"no value\"");
	else
		add_body(json, arena, record->value);
	buf_add_u8(json, '}');
}
