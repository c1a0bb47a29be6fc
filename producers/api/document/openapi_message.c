/* The JSON Schema of a message: its fields from the table, their descriptions from its .avsc. */

#include <string.h>

#include "producers/api/document/openapi_inside.h"
#include "wire/json.h"

#define NAME_MAX_SIZE 64

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

/* The record type of this field in the .avsc, within ["null", T] and array of T. */
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

/* One value, regardless of null and array. */
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
		return json_pack("{s:s, s:s, s:{s:s}}", "type", "string", "format", "uuid", "not", "const",
				 "00000000-0000-0000-0000-000000000000");
	case FIELD_STRING:
		return string_schema(NULL, field->characters_max, NULL);
	case FIELD_BYTES:
		return string_schema(NULL, 2 * field->size_max, "^([0-9a-f]{2})*$");
	case FIELD_RECORD:
		return record_schema(field->record, inner_type(source));
	}
	MUST_NOT_REACH("a field kind that is not in the table");
}

/* An optional member may also be null. */
static void let_be_null(json_t *schema)
{
	json_t *type = json_object_get(schema, "type");
	json_t *words = json_object_get(schema, "enum");

	json_object_set_new(schema, "type", json_pack("[O, s]", type, "null"));
	if (words != NULL)
		json_array_append_new(words, json_null());
}

static json_t *nullable(json_t *schema)
{
	if (json_object_get(schema, "$ref") != NULL)
		return json_pack("{s:[o, {s:s}]}", "anyOf", schema, "type", "null");
	let_be_null(schema);
	return schema;
}

/* The constraints of the rule on a value, from the .avsc. */
static void add_said(json_t *schema, const struct field *field, json_t *source)
{
	const char *words = json_string_value(json_object_get(source, "dcs.words"));
	json_t *pattern = json_object_get(source, "dcs.pattern");
	json_t *least = json_object_get(source, "dcs.least");
	json_t *most = json_object_get(source, "dcs.most");

	if (words != NULL)
		json_object_set_new(schema, "enum", openapi_words(words));
	if (pattern != NULL)
		json_object_set(schema, "pattern", pattern);
	if (least != NULL)
		json_object_set(schema, field->kind == FIELD_STRING ? "minLength" : "minimum", least);
	if (most != NULL)
		json_object_set(schema, field->kind == FIELD_STRING ? "maxLength" : "maximum", most);
}

/* An amount with its bounds. */
static json_t *money_schema(const struct field *field, json_t *source)
{
	json_t *schema = openapi_reference("schemas", "Money");
	json_t *bounds = json_object();

	add_said(bounds, field, source);
	if (json_object_size(bounds) > 0)
		json_object_set_new(schema, "properties", json_pack("{s:O}", "amountMinor", bounds));
	json_decref(bounds);
	return schema;
}

/* A value with its description. */
static json_t *plain_schema(const struct field *field, json_t *source)
{
	json_t *schema = value_schema(field, source);

	add_said(schema, field, source);
	return schema;
}

static json_t *field_schema(const struct record_type *record, const struct field *field, json_t *source, bool is_nullable)
{
	json_t *schema = json_part_of(record, field) == JSON_MONEY ? money_schema(field, source) : plain_schema(field, source);

	if (field->array)
		schema = json_pack("{s:s, s:o, s:I}", "type", "array", "items", schema, "maxItems", (json_int_t)field->items_max);
	if (is_nullable)
		schema = nullable(schema);
	json_object_set(schema, "description", json_object_get(source, "doc"));
	return schema;
}

static void member_name(const struct record_type *record, const struct field *field, char name[NAME_MAX_SIZE])
{
	struct buf buf;

	buf_init(&buf, NAME_MAX_SIZE - 1);
	json_write_name(&buf, record, field);
	MUST(str_to_chars(name, NAME_MAX_SIZE, buf_str(&buf)));
	buf_release(&buf);
}

/* The caller's function for the presence of fields, with its argument. */
struct asking {
	openapi_presence_of *presence_of; /* NULL: nothing */
	const void *arg;
};

static void add_member(json_t *schema, const struct record_type *record, const struct field *field, json_t *source,
		       const struct asking *asking)
{
	enum openapi_presence presence = PRESENT_AS_SCHEMA;
	const char *text = NULL;
	char name[NAME_MAX_SIZE];
	json_t *member;

	if (asking->presence_of != NULL)
		presence = asking->presence_of(asking->arg, field, &text);
	if (presence == PRESENT_NEVER || json_part_of(record, field) == JSON_HIDDEN)
		return;
	member_name(record, field, name);
	member = field_schema(record, field, source, field->nullable && presence != PRESENT_ALWAYS);
	if (text != NULL)
		openapi_describe(member, text);
	json_object_set_new(json_object_get(schema, "properties"), name, member);
	if (presence == PRESENT_ALWAYS || (presence == PRESENT_AS_SCHEMA && !field->nullable && !field->array))
		json_array_append_new(json_object_get(schema, "required"), json_string(name));
}

static json_t *make_record(const struct record_type *record, json_t *source, const struct asking *asking)
{
	json_t *sources = json_object_get(source, "fields");
	json_t *schema = json_pack("{s:s, s:O, s:{}, s:[], s:b}", "type", "object", "description", json_object_get(source, "doc"),
				   "properties", "required", "additionalProperties", 0);

	for (size_t i = 0; i < record->fields_count; i++)
		add_member(schema, record, &record->fields[i], json_array_get(sources, i), asking);
	if (json_array_size(json_object_get(schema, "required")) == 0)
		json_object_del(schema, "required");
	return schema;
}

static json_t *record_schema(const struct record_type *record, json_t *source)
{
	const struct asking nobody = { .presence_of = NULL };

	return make_record(record, source, &nobody);
}

json_t *openapi_message(const struct message_type *type, openapi_presence_of *presence_of, const void *arg)
{
	const struct asking asking = { .presence_of = presence_of, .arg = arg };
	const struct message_version *newest = message_newest(type);
	json_t *source = json_loadb(newest->avsc, newest->avsc_size, 0, NULL);
	json_t *schema;

	MUST(source != NULL);
	schema = make_record(&type->record, source, &asking);
	json_decref(source);
	return schema;
}
