/*
 * Structs <-> Avro by avro-c, compared with the coder. What avro_check has passed can fail only for want of memory, so every answer
 * of avro-c is a MUST.
 */
#include "tests/fuzz/avro.h"

#include <avro.h>
#include <stdlib.h>

#include "base/must.h"
#include "wire/coder.h"
#include "wire/shape.h"

#define WRITTEN_MAX ((size_t)4 << 20)

/* ---- the schemas ---- */

/* A fresh value of the version. Its schema is parsed when it is asked for first, and lives as long as the program. */
static avro_value_t new_value(const struct message_version *version)
{
	static avro_value_iface_t **shapes; /* by schema id, from message_id_min on */
	avro_value_iface_t **shape;
	avro_schema_t schema;
	avro_value_t value;

	if (shapes == NULL)
		shapes = calloc(message_id_max - message_id_min + 1, sizeof(shapes[0]));
	MUST(shapes != NULL);
	shape = &shapes[version->schema_id - message_id_min];
	if (*shape == NULL) {
		MUST(avro_schema_from_json_length(version->avsc, version->avsc_size, &schema) == 0);
		*shape = avro_generic_class_from_schema(schema);
		MUST(*shape != NULL);
	}
	MUST(avro_generic_value_new(*shape, &value) == 0);
	return value;
}

/* ---- read ---- */

static void get_text(const struct field *field, avro_value_t *value, struct str *ret_text, struct arena *arena)
{
	struct str bytes = STR("");

	if (field->kind == FIELD_BYTES) {
		const void *data;

		MUST(avro_value_get_bytes(value, &data, &bytes.size) == 0);
		bytes.data = data;
	} else {
		MUST(avro_value_get_string(value, &bytes.data, &bytes.size) == 0);
		bytes.size--; /* avro-c counts the terminator */
	}
	*ret_text = str_copy(arena, bytes);
	MUST(ret_text->data != NULL);
}

static void get_uuid(avro_value_t *value, struct uuid *ret_id)
{
	const char *text;
	size_t size;

	MUST(avro_value_get_string(value, &text, &size) == 0);
	MUST(uuid_parse(ret_id, (struct str){ .data = text, .size = size - 1 }));
}

static void get_bool(avro_value_t *value, bool *ret_bool)
{
	int number;

	MUST(avro_value_get_boolean(value, &number) == 0);
	*ret_bool = number != 0;
}

static void get_record(const struct record_type *record, avro_value_t *value, void *body, struct arena *arena);

static void get_item(const struct field *field, avro_value_t *value, void *to, struct arena *arena)
{
	switch (field->kind) {
	case FIELD_BOOL:
		get_bool(value, to);
		return;
	case FIELD_INT:
	case FIELD_DATE:
		MUST(avro_value_get_int(value, (int32_t *)to) == 0);
		return;
	case FIELD_LONG:
	case FIELD_INSTANT:
		MUST(avro_value_get_long(value, (int64_t *)to) == 0);
		return;
	case FIELD_UUID:
		get_uuid(value, to);
		return;
	case FIELD_STRING:
	case FIELD_BYTES:
		get_text(field, value, to, arena);
		return;
	case FIELD_RECORD:
		get_record(field->record, value, to, arena);
		return;
	}
	MUST_NOT_REACH("a field kind that is not in the table");
}

static void get_array(const struct field *field, avro_value_t *value, void *body, struct arena *arena)
{
	size_t item_size = shape_item_size(field);
	char *items;
	size_t count;

	MUST(avro_value_get_size(value, &count) == 0);
	items = arena_take(arena, count, item_size);
	MUST(items != NULL);
	for (size_t i = 0; i < count; i++) {
		avro_value_t item;

		MUST(avro_value_get_by_index(value, i, &item, NULL) == 0);
		get_item(field, &item, items + i * item_size, arena);
	}
	shape_set_items(field, body, items, count);
}

static void get_nullable(const struct field *field, avro_value_t *value, void *body, struct arena *arena)
{
	avro_value_t branch;
	int index;

	MUST(avro_value_get_discriminant(value, &index) == 0);
	if (index == 0)
		return;
	MUST(avro_value_get_current_branch(value, &branch) == 0);
	shape_set_present(field, body);
	get_item(field, &branch, shape_place(field, body), arena);
}

static void get_record(const struct record_type *record, avro_value_t *value, void *body, struct arena *arena)
{
	for (size_t i = 0; i < record->fields_count; i++) {
		const struct field *field = &record->fields[i];
		avro_value_t member;

		MUST(avro_value_get_by_index(value, i, &member, NULL) == 0);
		if (field->array)
			get_array(field, &member, body, arena);
		else if (field->nullable)
			get_nullable(field, &member, body, arena);
		else
			get_item(field, &member, shape_place(field, body), arena);
	}
}

/* Bytes that avro_check has passed. */
static const void *read_avro(const struct message_version *version, struct str avro, struct arena *arena)
{
	avro_reader_t reader = avro_reader_memory(avro.data, (int64_t)avro.size);
	avro_value_t value = new_value(version);
	void *body = arena_take(arena, 1, version->record.size);

	MUST(reader != NULL);
	MUST(body != NULL);
	MUST(avro_value_read(reader, &value) == 0);
	get_record(&version->record, &value, body, arena);
	avro_value_decref(&value);
	avro_reader_free(reader);
	return body;
}

/* ---- write ---- */

/* avro-c counts a terminator, but never reads it. */
static void set_text(const struct field *field, avro_value_t *value, const struct str *text)
{
	avro_wrapped_buffer_t lent = { .buf = text->size > 0 ? text->data : "", .size = text->size };

	if (field->kind == FIELD_BYTES) {
		MUST(avro_value_give_bytes(value, &lent) == 0);
		return;
	}
	lent.size++;
	MUST(avro_value_give_string_len(value, &lent) == 0);
}

static void set_uuid(avro_value_t *value, const struct uuid *id)
{
	char text[UUID_TEXT_SIZE + 1];

	uuid_format(text, id);
	MUST(avro_value_set_string_len(value, text, sizeof(text)) == 0);
}

static void set_record(const struct record_type *record, avro_value_t *value, const void *body);

static void set_item(const struct field *field, avro_value_t *value, const void *item)
{
	switch (field->kind) {
	case FIELD_BOOL:
		MUST(avro_value_set_boolean(value, *(const bool *)item) == 0);
		return;
	case FIELD_INT:
	case FIELD_DATE:
		MUST(avro_value_set_int(value, *(const int32_t *)item) == 0);
		return;
	case FIELD_LONG:
	case FIELD_INSTANT:
		MUST(avro_value_set_long(value, *(const int64_t *)item) == 0);
		return;
	case FIELD_UUID:
		set_uuid(value, item);
		return;
	case FIELD_STRING:
	case FIELD_BYTES:
		set_text(field, value, item);
		return;
	case FIELD_RECORD:
		set_record(field->record, value, item);
		return;
	}
	MUST_NOT_REACH("a field kind that is not in the table");
}

static void set_array(const struct field *field, avro_value_t *value, const void *body)
{
	struct shape_items items = shape_items(field, body);

	for (size_t i = 0; i < items.count; i++) {
		avro_value_t item;

		MUST(avro_value_append(value, &item, NULL) == 0);
		set_item(field, &item, items.first + i * items.size);
	}
}

static void set_nullable(const struct field *field, avro_value_t *value, const void *body)
{
	bool is_absent = shape_is_absent(field, body);
	avro_value_t branch;

	MUST(avro_value_set_branch(value, is_absent ? 0 : 1, &branch) == 0);
	if (is_absent)
		MUST(avro_value_set_null(&branch) == 0);
	else
		set_item(field, &branch, shape_value(field, body));
}

static void set_record(const struct record_type *record, avro_value_t *value, const void *body)
{
	for (size_t i = 0; i < record->fields_count; i++) {
		const struct field *field = &record->fields[i];
		avro_value_t member;

		MUST(avro_value_get_by_index(value, i, &member, NULL) == 0);
		if (field->array)
			set_array(field, &member, body);
		else if (field->nullable)
			set_nullable(field, &member, body);
		else
			set_item(field, &member, shape_value(field, body));
	}
}

/* At most `size` bytes, which it must fill. */
static void write_avro(const struct message_version *version, const void *body, unsigned char *to, size_t size)
{
	avro_writer_t writer = avro_writer_memory((const char *)to, (int64_t)size);
	avro_value_t value = new_value(version);

	MUST(writer != NULL);
	set_record(&version->record, &value, body);
	MUST(avro_value_write(writer, &value) == 0);
	MUST(avro_writer_tell(writer) == (int64_t)size);
	avro_value_decref(&value);
	avro_writer_free(writer);
}

/* ---- compared ---- */

void avro_compare_writing(const struct message_type *type, const void *body, struct str value)
{
	const struct message_version *version = message_written(type, body);
	unsigned char *other = malloc(value.size);

	MUST(other != NULL);
	MUST(value.size > FRAME_SIZE);
	memcpy(other, (unsigned char[]){ 0, 0, 0, (unsigned char)(version->schema_id >> 8), (unsigned char)version->schema_id },
	       FRAME_SIZE);
	write_avro(version, body, other + FRAME_SIZE, value.size - FRAME_SIZE);
	MUST(memcmp(other, value.data, value.size) == 0);
	free(other);
}

/* Two structs are the same when the coder makes the same bytes of them: so no comparison has to know the kinds of fields. */
static void compare_read(const struct message_type *type, const void *body, const void *other)
{
	struct err err = ERR_INIT;
	struct buf written;
	struct buf other_written;

	buf_init(&written, WRITTEN_MAX);
	buf_init(&other_written, WRITTEN_MAX);
	MUST(coder_encode(type, body, &written, &err) == 0);
	MUST(coder_encode(type, other, &other_written, &err) == 0);
	MUST(str_equal(buf_str(&written), buf_str(&other_written)));
	avro_compare_writing(type, body, buf_str(&written));
	buf_release(&written);
	buf_release(&other_written);
}

static bool ends_in(const char *text, const char *end)
{
	return strlen(text) >= strlen(end) && strcmp(text + strlen(text) - strlen(end), end) == 0;
}

void avro_compare_reading(struct str value, struct arena *arena)
{
	const struct message_version *version;
	const struct message_type *type;
	struct err err = ERR_INIT, other_err = ERR_INIT;
	bool is_taken, is_other_taken;
	uint32_t schema_id;
	const void *body;
	struct str avro;

	if (frame_schema_id(value, &schema_id, &err) != 0)
		return;
	version = message_version_by_id(schema_id);
	if (version == NULL)
		return;
	avro = (struct str){ .data = value.data + FRAME_SIZE, .size = value.size - FRAME_SIZE };
	is_taken = coder_decode(value, arena, &type, &body, &err) == 0;
	is_other_taken = avro_check(version, avro, &other_err) == 0;
	MUST(is_taken == is_other_taken);
	if (is_taken)
		compare_read(type, body, read_avro(version, avro, arena));
	else /* more items than bytes are cut short before the first of them is looked at */
		MUST(strcmp(err.text, other_err.text) == 0 || ends_in(err.text, ": cut short"));
}
