#include "model/message.h"

#include <string.h>

static bool has_nil(const struct field *field, const void *body);

static bool record_has_nil(const struct record_type *record, const char *item)
{
	for (size_t i = 0; i < record->fields_count; i++)
		if (has_nil(&record->fields[i], item))
			return true;
	return false;
}

/* Whether one of the field's values is the nil UUID. */
static bool has_nil(const struct field *field, const void *body)
{
	const char *first = (const char *)body + field->offset;
	size_t count = 1;
	size_t size = field->kind == FIELD_UUID ? sizeof(struct uuid) : 0;

	if (field->kind != FIELD_UUID && field->kind != FIELD_RECORD)
		return false;
	if (field->nullable && !*(const bool *)((const char *)body + field->aux_offset))
		return false;
	if (field->kind == FIELD_RECORD)
		size = field->record->size;
	if (field->array) {
		count = *(const size_t *)((const char *)body + field->aux_offset);
		memcpy(&first, (const char *)body + field->offset, sizeof(first));
	}
	for (size_t i = 0; i < count; i++, first += size)
		if (field->kind == FIELD_RECORD ? record_has_nil(field->record, first)
						: uuid_is_none((const struct uuid *)(const void *)first))
			return true;
	return false;
}

const char *message_nil_field(const struct message_type *type, const void *body)
{
	for (size_t i = 0; i < type->record.fields_count; i++)
		if (has_nil(&type->record.fields[i], body))
			return type->record.fields[i].name;
	return NULL;
}

/* ---- versions ---- */

static bool is_absent(const struct field *field, const void *body)
{
	const char *aux = (const char *)body + field->aux_offset;

	if (field->array)
		return *(const size_t *)(const void *)aux == 0;
	return field->nullable && !*(const bool *)(const void *)aux;
}

/* Whether the older version has this field, with the same limits. */
static bool has_place(const struct record_type *older, const struct field *field)
{
	for (size_t i = 0; i < older->fields_count; i++) {
		const struct field *place = &older->fields[i];

		if (strcmp(place->name, field->name) == 0)
			return place->size_max == field->size_max && place->items_max == field->items_max;
	}
	return false;
}

static bool can_say(const struct record_type *older, const struct record_type *newest, const void *body)
{
	for (size_t i = 0; i < newest->fields_count; i++) {
		if (!is_absent(&newest->fields[i], body) && !has_place(older, &newest->fields[i]))
			return false;
	}
	return true;
}

const struct message_version *message_written(const struct message_type *type, const void *body)
{
	const struct message_version *newest = message_newest(type), *version = newest;

	if (type->kind == MESSAGE_COMMAND)
		version = type->versions;
	while (version != newest && !can_say(&version->record, &newest->record, body))
		version++;
	return version;
}

/* ---- texts ---- */

static const char *normalise_field(const struct field *field, void *body);

static const char *normalise_record(const struct record_type *record, void *item)
{
	const char *fault = NULL;

	for (size_t i = 0; i < record->fields_count; i++) {
		const char *here = normalise_field(&record->fields[i], item);

		fault = fault != NULL ? fault : here;
	}
	return fault;
}

static const char *normalise_text(struct str *text, enum text_kind kind)
{
	struct str trimmed = text_trim(*text, kind);

	if (trimmed.size != text->size)
		*text = trimmed;
	return text_fault(trimmed, kind);
}

/* Continues after a fault: all texts of a body are trimmed, even if one is faulty. */
static const char *normalise_field(const struct field *field, void *body)
{
	char *first = (char *)body + field->offset;
	size_t count = 1;
	size_t size = field->kind == FIELD_RECORD ? field->record->size : sizeof(struct str);
	const char *fault = NULL;

	if (field->kind != FIELD_RECORD && (field->kind != FIELD_STRING || field->text == TEXT_RAW))
		return NULL;
	if (field->nullable && !*(const bool *)((const char *)body + field->aux_offset))
		return NULL;
	if (field->array) {
		count = *(const size_t *)((const char *)body + field->aux_offset);
		memcpy(&first, (const char *)body + field->offset, sizeof(first));
	}
	for (size_t i = 0; i < count; i++, first += size) {
		const char *here = field->kind == FIELD_RECORD ? normalise_record(field->record, first)
							       : normalise_text((struct str *)(void *)first, field->text);

		fault = fault != NULL ? fault : here;
	}
	return fault;
}

const char *message_normalise(const struct message_type *type, void *body, const char **ret_field)
{
	const char *fault = NULL;

	for (size_t i = 0; i < type->record.fields_count; i++) {
		const char *here = normalise_field(&type->record.fields[i], body);

		if (fault == NULL && here != NULL) {
			fault = here;
			*ret_field = type->record.fields[i].name;
		}
	}
	return fault;
}
