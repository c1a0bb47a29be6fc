/* What the fields of a record are called in JSON_REST. */
#include "wire/json_name.h"

#include <string.h>

#define MINOR "_minor"

static bool has_suffix(const char *name, const char *suffix)
{
	size_t size = strlen(name);
	size_t suffix_size = strlen(suffix);

	return size > suffix_size && memcmp(name + size - suffix_size, suffix, suffix_size) == 0;
}

static bool is_amount(const struct field *field)
{
	return field->kind == FIELD_LONG && !field->array && has_suffix(field->name, MINOR);
}

const struct field *json_field(const struct record_type *record, struct str name)
{
	for (size_t i = 0; i < record->fields_count; i++) {
		if (str_is(name, record->fields[i].name))
			return &record->fields[i];
	}
	return NULL;
}

const struct field *json_first_amount(const struct record_type *record)
{
	for (size_t i = 0; i < record->fields_count; i++) {
		if (is_amount(&record->fields[i]))
			return &record->fields[i];
	}
	return NULL;
}

enum json_part json_part_of(const struct record_type *record, const struct field *field)
{
	if (is_amount(field))
		return json_field(record, STR(JSON_CURRENCY)) != NULL ? JSON_MONEY : JSON_PLAIN;
	if (strcmp(field->name, JSON_CURRENCY) == 0)
		return json_first_amount(record) != NULL ? JSON_HIDDEN : JSON_PLAIN;
	return JSON_PLAIN;
}

/* due_on -> dueOn, up to the end or to where the suffix of an amount begins. */
static void write_camel(struct buf *buf, const char *name, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		bool is_start = name[i] == '_' && i + 1 < size;
		char byte = is_start ? name[++i] : name[i];

		buf_add_u8(buf, (uint8_t)(is_start && byte >= 'a' && byte <= 'z' ? byte - 'a' + 'A' : byte));
	}
}

/* What stands for a money's name: all before the suffix. */
static size_t name_size(const struct field *field, enum json_part part)
{
	return strlen(field->name) - (part == JSON_MONEY ? sizeof(MINOR) - 1 : 0);
}

void json_write_name(struct buf *buf, const struct record_type *record, const struct field *field)
{
	write_camel(buf, field->name, name_size(field, json_part_of(record, field)));
}

void json_write_pointer(struct buf *buf, const struct record_type *record, struct str field_name)
{
	const struct field *field = json_field(record, field_name);
	enum json_part part;

	if (field == NULL)
		return;
	part = json_part_of(record, field);
	buf_add_u8(buf, '/');
	json_write_name(buf, record, part == JSON_HIDDEN ? json_first_amount(record) : field);
	if (part != JSON_PLAIN)
		buf_add_text(buf, part == JSON_HIDDEN ? "/" JSON_CURRENCY : "/" JSON_AMOUNT);
}

/* Whether `key` is what write_camel would write. */
static bool is_camel(struct str key, const char *name, size_t size)
{
	size_t at = 0;

	for (size_t i = 0; i < size; i++, at++) {
		bool is_start = name[i] == '_' && i + 1 < size;
		char byte = is_start ? name[++i] : name[i];

		if (at == key.size || key.data[at] != (is_start && byte >= 'a' && byte <= 'z' ? (char)(byte - 'a' + 'A') : byte))
			return false;
	}
	return at == key.size;
}

bool json_is_name(struct str key, const struct field *field, enum json_part part)
{
	return is_camel(key, field->name, name_size(field, part));
}
