/* A command's example: schemas/<module>/examples.json in the names and forms of JSON_REST. */

#include "producers/api/document/openapi_inside.h"
#include "wire/json.h"

#define EXAMPLE_ID "0198c0de-0000-7000-8000-00000000002a" /* for a required id that the example omits */

static json_t *example_record(const struct record_type *record, json_t *source);

/* The example of one value, regardless of arrays. */
static json_t *example_value(const struct record_type *record, const struct field *field, json_t *source, json_t *value)
{
	if (field->kind == FIELD_RECORD)
		return example_record(field->record, value);
	if (json_part_of(record, field) == JSON_MONEY)
		return json_pack("{s:O, s:O}", "amountMinor", value, "currency", json_object_get(source, "currency"));
	return json_incref(value);
}

static json_t *example_field(const struct record_type *record, const struct field *field, json_t *source, json_t *value)
{
	json_t *list, *item;
	size_t i;

	if (!json_is_array(value))
		return example_value(record, field, source, value);
	list = json_array();
	json_array_foreach(value, i, item)
	{
		json_array_append_new(list, example_value(record, field, source, item));
	}
	return list;
}

static void add_field(json_t *example, const struct record_type *record, const struct field *field, json_t *source, json_t *value)
{
	struct buf name;

	if (json_part_of(record, field) == JSON_HIDDEN)
		return;
	buf_init(&name, 64);
	json_write_name(&name, record, field);
	MUST(!name.overflow);
	json_object_setn_new(example, (const char *)name.data, name.size, example_field(record, field, source, value));
	buf_release(&name);
}

static json_t *example_record(const struct record_type *record, json_t *source)
{
	json_t *example = json_object();

	for (size_t i = 0; i < record->fields_count; i++) {
		const struct field *field = &record->fields[i];

		add_field(example, record, field, source, json_object_get(source, field->name));
	}
	return example;
}

/* Whether the value is absent, or the default of an omitted member (intake.c). */
static bool is_default(json_t *value)
{
	return value == NULL || json_is_null(value) || json_is_false(value) ||
	       (json_is_integer(value) && json_integer_value(value) == 0) ||
	       (json_is_array(value) && json_array_size(value) == 0);
}

static bool may_be_left_out(const struct field *field, enum openapi_presence presence)
{
	return presence == PRESENT_MAYBE || (presence == PRESENT_AS_SCHEMA && (field->nullable || field->array));
}

json_t *openapi_example(const struct openapi *openapi, const struct message_type *type, openapi_presence_of *presence_of,
			const void *arg)
{
	json_t *source = json_object_get(openapi->examples, type->record.name);
	json_t *example, *id;

	if (source == NULL)
		return NULL;
	example = json_object();
	id = json_string(EXAMPLE_ID);
	for (size_t i = 0; i < type->record.fields_count; i++) {
		const struct field *field = &type->record.fields[i];
		json_t *value = json_object_get(source, field->name);
		const char *text;
		enum openapi_presence presence = presence_of(arg, field, &text);

		if (presence == PRESENT_NEVER || (may_be_left_out(field, presence) && is_default(value)))
			continue;
		add_field(example, &type->record, field, source, value != NULL ? value : id);
	}
	json_decref(id);
	return example;
}
