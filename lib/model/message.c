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

/* Does one of the field's values hold the id of zeros? */
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

/* Goes on behind a fault: a body is wholly trimmed, whatever is wrong with it. */
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
