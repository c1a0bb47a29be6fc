/* Structs -> JSON by the table, by hand: numbers are exact and nothing is copied twice. Reading is json_read.c. */
#include "wire/json.h"

#include <inttypes.h>

#include "base/day.h"
#include "wire/json_name.h"
#include "wire/shape.h"

/* ---- write ---- */

static void write_escaped(struct buf *buf, unsigned char at)
{
	static const char shorts[] = { ['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't' };

	if (at == '"' || at == '\\')
		buf_add_format(buf, "\\%c", at);
	else if (at < sizeof(shorts) && shorts[at] != 0)
		buf_add_format(buf, "\\%c", shorts[at]);
	else
		buf_add_format(buf, "\\u%04x", at);
}

void json_write_string(struct buf *buf, struct str text)
{
	size_t written = 0;

	buf_add_u8(buf, '"');
	for (size_t i = 0; i < text.size; i++) {
		unsigned char at = (unsigned char)text.data[i];

		if (at >= 0x20 && at != '"' && at != '\\' && at != 0x7F)
			continue;
		buf_add(buf, text.data + written, i - written);
		write_escaped(buf, at);
		written = i + 1;
	}
	if (written < text.size)
		buf_add(buf, text.data + written, text.size - written);
	buf_add_u8(buf, '"');
}

static void write_quoted(struct buf *buf, const char *plain)
{
	buf_add_u8(buf, '"');
	buf_add_text(buf, plain);
	buf_add_u8(buf, '"');
}

static void write_bytes(struct buf *buf, const struct str *bytes)
{
	buf_add_u8(buf, '"');
	for (size_t i = 0; i < bytes->size; i++) {
		char hex[3];

		hex_from_bytes(hex, bytes->data + i, 1);
		buf_add_text(buf, hex);
	}
	buf_add_u8(buf, '"');
}

static void write_record(struct buf *buf, enum json_style style, const struct record_type *record, const void *body);

static void write_item(struct buf *buf, enum json_style style, const struct field *field, const void *item)
{
	char text[UUID_TEXT_SIZE + 1];

	switch (field->kind) {
	case FIELD_BOOL:
		buf_add_text(buf, *(const bool *)item ? "true" : "false");
		return;
	case FIELD_INT:
		buf_add_format(buf, "%" PRId32, *(const int32_t *)item);
		return;
	case FIELD_LONG:
		buf_add_format(buf, "%" PRId64, *(const int64_t *)item);
		return;
	case FIELD_DATE:
		day_format(text, *(const int32_t *)item);
		write_quoted(buf, text);
		return;
	case FIELD_INSTANT:
		instant_format(text, *(const int64_t *)item);
		write_quoted(buf, text);
		return;
	case FIELD_UUID:
		uuid_format(text, item);
		write_quoted(buf, text);
		return;
	case FIELD_STRING:
		json_write_string(buf, *(const struct str *)item);
		return;
	case FIELD_BYTES:
		write_bytes(buf, item);
		return;
	case FIELD_RECORD:
		write_record(buf, style, field->record, item);
		return;
	}
	MUST_NOT_REACH("a field kind that is not in the table");
}

static void write_field(struct buf *buf, enum json_style style, const struct field *field, const void *body)
{
	struct shape_items items = shape_items(field, body);

	if (field->array)
		buf_add_u8(buf, '[');
	for (size_t i = 0; i < items.count; i++) {
		if (i > 0)
			buf_add_u8(buf, ',');
		write_item(buf, style, field, items.first + i * items.size);
	}
	if (field->array)
		buf_add_u8(buf, ']');
}

static void write_name(struct buf *buf, enum json_style style, const struct record_type *record, const struct field *field)
{
	if (style == JSON_REST)
		json_write_name(buf, record, field);
	else
		buf_add_text(buf, field->name);
}

static void write_money(struct buf *buf, const struct record_type *record, const struct field *amount, const void *body)
{
	buf_add_format(buf,
		       "{\"" JSON_AMOUNT "\":%" PRId64 ",\"" JSON_CURRENCY "\":", *(const int64_t *)shape_value(amount, body));
	json_write_string(buf, *(const struct str *)shape_value(json_field(record, STR(JSON_CURRENCY)), body));
	buf_add_u8(buf, '}');
}

static void write_record(struct buf *buf, enum json_style style, const struct record_type *record, const void *body)
{
	const char *before = "{\"";

	for (size_t i = 0; i < record->fields_count; i++) {
		const struct field *field = &record->fields[i];
		enum json_part part = style == JSON_REST ? json_part_of(record, field) : JSON_PLAIN;

		if (part == JSON_HIDDEN || shape_is_absent(field, body))
			continue;
		buf_add_text(buf, before);
		write_name(buf, style, record, field);
		buf_add_text(buf, "\":");
		if (part == JSON_MONEY)
			write_money(buf, record, field, body);
		else
			write_field(buf, style, field, body);
		before = ",\"";
	}
	buf_add_text(buf, before[0] == '{' ? "{}" : "}");
}

void json_write_message(struct buf *buf, const struct message_type *type, const void *body)
{
	write_record(buf, JSON_SCHEMA, &type->record, body);
}

void json_write_rest(struct buf *buf, const struct message_type *type, const void *body)
{
	write_record(buf, JSON_REST, &type->record, body);
}
