/* A message's JSON Schema: its fields by the table, what they mean by its .avsc. */

#include <string.h>

#include "producers/api/openapi_inside.h"

/* snake_case -> camelCase; `name` has room for 64 bytes. */
static void camel_case(const char *field_name, char name[64])
{
	size_t size = 0;

	MUST(strlen(field_name) < 64);
	for (const char *at = field_name; *at != '\0'; at++) {
		if (*at == '_' && at[1] >= 'a' && at[1] <= 'z') {
			at++;
			name[size++] = (char)(*at - 'a' + 'A');
		} else {
			name[size++] = *at;
		}
	}
	name[size] = '\0';
}

static json_t *string_schema(const char *format, uint32_t size_max, const char *pattern)
{
	json_t *schema = json_pack("{s:s}", "type", "string");

	if (format != NULL)
		json_object_set_new(schema, "format", json_string(format));
	if (pattern != NULL)
		json_object_set_new(schema, "pattern", json_string(pattern));
	if (size_max > 0)
		json_object_set_new(schema, "maxLength", json_integer(size_max));
	return schema;
}

/* The record in an .avsc whose field this is, inside ["null", T] and array of T. */
static json_t *inner_type(json_t *source)
{
	json_t *type = json_object_get(source, "type");

	if (json_is_array(type))
		return json_array_get(type, 1);
	if (strcmp(json_string_value(json_object_get(type, "type")), "array") == 0)
		return json_object_get(type, "items");
	return type;
}

static json_t *record_schema(const struct record_type *record, json_t *source);

/* One value, without what makes it nullable or many. */
static json_t *value_schema(const struct field *field, json_t *source)
{
	switch (field->kind) {
	case FIELD_BOOL:
		return json_pack("{s:s}", "type", "boolean");
	case FIELD_INT:
		return json_pack("{s:s, s:s}", "type", "integer", "format", "int32");
	case FIELD_LONG:
		return json_pack("{s:s, s:s}", "type", "integer", "format", "int64");
	case FIELD_DATE:
		return string_schema("date", 0, NULL);
	case FIELD_INSTANT:
		return string_schema("date-time", 0, NULL);
	case FIELD_UUID:
		return string_schema("uuid", 0, NULL);
	case FIELD_STRING:
		return string_schema(NULL, field->size_max, NULL);
	case FIELD_BYTES:
		return string_schema(NULL, 2 * field->size_max, "^([0-9a-f]{2})*$");
	case FIELD_RECORD:
		return record_schema(field->record, inner_type(source));
	}
	MUST_NOT_REACH("a field kind that is not in the table");
}

/* A member may be null where it may be left out. */
static void let_be_null(json_t *schema)
{
	json_t *type = json_object_get(schema, "type");

	json_object_set_new(schema, "type", json_pack("[O, s]", type, "null"));
}

static json_t *field_schema(const struct field *field, json_t *source)
{
	json_t *schema = value_schema(field, source);

	if (field->array)
		schema = json_pack("{s:s, s:o, s:I}", "type", "array", "items", schema, "maxItems", (json_int_t)field->items_max);
	if (field->nullable)
		let_be_null(schema);
	json_object_set(schema, "description", json_object_get(source, "doc"));
	return schema;
}

static json_t *record_schema(const struct record_type *record, json_t *source)
{
	json_t *sources = json_object_get(source, "fields");
	json_t *properties = json_object();
	json_t *required = json_array();

	for (size_t i = 0; i < record->fields_count; i++) {
		const struct field *field = &record->fields[i];
		char name[64];

		camel_case(field->name, name);
		json_object_set_new(properties, name, field_schema(field, json_array_get(sources, i)));
		if (!field->nullable && !field->array)
			json_array_append_new(required, json_string(name));
	}
	return json_pack("{s:s, s:O, s:o, s:o, s:b}", "type", "object", "description", json_object_get(source, "doc"),
			 "properties", properties, "required", required, "additionalProperties", 0);
}

json_t *openapi_message(const struct message_type *type)
{
	json_t *source = json_loadb(type->avsc, type->avsc_size, 0, NULL);
	json_t *schema;

	MUST(source != NULL);
	schema = record_schema(&type->record, source);
	json_decref(source);
	return schema;
}
