/*
 * Structs <-> Avro by avro-c, after our own check (coder_check.c). Two values for each schema live as long as the coder: one that
 * is read into and one that is written from. They are kept apart because avro-c keeps a string's buffer only from one setting to
 * the next, and reading gives it a new one each time.
 */
#include "wire/coder.h"

#include <avro.h>
#include <errno.h>
#include <stdlib.h>

#include "wire/shape.h"

struct coded {
	avro_schema_t schema; /* NULL: no version of a message has this id */
	avro_value_iface_t *shape;
	avro_value_t decoded; /* filled by avro_value_read */
	avro_value_t encoded; /* filled from a struct; borrows its texts until the next use */
};

struct coder {
	avro_reader_t reader;
	avro_writer_t writer;
	size_t coded_count;
	struct coded coded[]; /* the first is of message_id_min */
};

/* ---- life cycle ---- */

static int coded_init(struct coded *coded, const struct message_version *version, struct err *err)
{
	if (avro_schema_from_json_length(version->avsc, version->avsc_size, &coded->schema) != 0) {
		coded->schema = NULL;
		return err_set(err, ERR_FATAL, "schema %u: %s", version->schema_id, avro_strerror());
	}
	coded->shape = avro_generic_class_from_schema(coded->schema);
	if (coded->shape == NULL || avro_generic_value_new(coded->shape, &coded->decoded) != 0 ||
	    avro_generic_value_new(coded->shape, &coded->encoded) != 0)
		return err_set(err, ERR_FATAL, "schema %u: %s", version->schema_id, avro_strerror());
	return 0;
}

static void coded_release(struct coded *coded)
{
	if (coded->decoded.iface != NULL)
		avro_value_decref(&coded->decoded);
	if (coded->encoded.iface != NULL)
		avro_value_decref(&coded->encoded);
	if (coded->shape != NULL)
		avro_value_iface_decref(coded->shape);
	if (coded->schema != NULL)
		avro_schema_decref(coded->schema);
}

static int coder_init(struct coder *coder, struct err *err)
{
	static const char nothing[1];

	coder->reader = avro_reader_memory(nothing, 0);
	coder->writer = avro_writer_memory(nothing, 0);
	if (coder->reader == NULL || coder->writer == NULL)
		return err_set(err, ERR_FATAL, "no memory for the coder");
	for (const struct message_version *const *version = message_versions; *version != NULL; version++) {
		if (coded_init(&coder->coded[(*version)->schema_id - message_id_min], *version, err) != 0)
			return -1;
	}
	return 0;
}

int coder_new(struct coder **ret_coder, struct err *err)
{
	size_t count = message_id_max - message_id_min + 1;
	struct coder *coder = calloc(1, sizeof(*coder) + count * sizeof(coder->coded[0]));

	if (coder == NULL)
		return err_set(err, ERR_FATAL, "no memory for the coder");
	coder->coded_count = count;
	if (coder_init(coder, err) != 0) {
		coder_free(coder);
		return -1;
	}
	*ret_coder = coder;
	return 0;
}

void coder_free(struct coder *coder)
{
	if (coder == NULL)
		return;
	for (size_t i = 0; i < coder->coded_count; i++)
		coded_release(&coder->coded[i]);
	if (coder->reader != NULL)
		avro_reader_free(coder->reader);
	if (coder->writer != NULL)
		avro_writer_free(coder->writer);
	free(coder);
}

/* ---- decode ---- */

static int refuse_full(struct err *err)
{
	return err_set(err, ERR_POISON, "the message does not fit into the arena");
}

/* After the check this is out of memory inside avro-c: the next try may succeed. */
static int refuse_avro(const struct field *field, struct err *err)
{
	return err_set(err, ERR_RETRY, "avro-c refused the checked field %s", field->name);
}

static int text_from_avro(const struct field *field, avro_value_t *value, struct str *ret_text, struct arena *arena,
			  struct err *err)
{
	struct str bytes = STR("");

	if (field->kind == FIELD_BYTES) {
		const void *data;

		if (avro_value_get_bytes(value, &data, &bytes.size) != 0)
			return refuse_avro(field, err);
		bytes.data = data;
	} else {
		if (avro_value_get_string(value, &bytes.data, &bytes.size) != 0)
			return refuse_avro(field, err);
		bytes.size--; /* avro-c counts the terminator */
	}
	*ret_text = str_copy(arena, bytes);
	return ret_text->data != NULL ? 0 : refuse_full(err);
}

static int uuid_from_avro(const struct field *field, avro_value_t *value, struct uuid *ret_id, struct err *err)
{
	const char *text;
	size_t size;

	if (avro_value_get_string(value, &text, &size) != 0 ||
	    !uuid_parse(ret_id, (struct str){ .data = text, .size = size - 1 }))
		return refuse_avro(field, err);
	return 0;
}

static int bool_from_avro(const struct field *field, avro_value_t *value, bool *ret_bool, struct err *err)
{
	int number;

	if (avro_value_get_boolean(value, &number) != 0)
		return refuse_avro(field, err);
	*ret_bool = number != 0;
	return 0;
}

static int record_from_avro(const struct record_type *record, avro_value_t *value, void *body, struct arena *arena,
			    struct err *err);

static int item_from_avro(const struct field *field, avro_value_t *value, void *to, struct arena *arena, struct err *err)
{
	switch (field->kind) {
	case FIELD_BOOL:
		return bool_from_avro(field, value, to, err);
	case FIELD_INT:
	case FIELD_DATE:
		return avro_value_get_int(value, (int32_t *)to) == 0 ? 0 : refuse_avro(field, err);
	case FIELD_LONG:
	case FIELD_INSTANT:
		return avro_value_get_long(value, (int64_t *)to) == 0 ? 0 : refuse_avro(field, err);
	case FIELD_UUID:
		return uuid_from_avro(field, value, to, err);
	case FIELD_STRING:
	case FIELD_BYTES:
		return text_from_avro(field, value, to, arena, err);
	case FIELD_RECORD:
		return record_from_avro(field->record, value, to, arena, err);
	}
	MUST_NOT_REACH("a field kind that is not in the table");
}

static int array_from_avro(const struct field *field, avro_value_t *value, void *body, struct arena *arena, struct err *err)
{
	size_t item_size = shape_item_size(field);
	char *items = NULL;
	size_t count;

	if (avro_value_get_size(value, &count) != 0)
		return refuse_avro(field, err);
	if (count > 0) {
		items = arena_take(arena, count, item_size);
		if (items == NULL)
			return refuse_full(err);
	}
	for (size_t i = 0; i < count; i++) {
		avro_value_t item;

		if (avro_value_get_by_index(value, i, &item, NULL) != 0)
			return refuse_avro(field, err);
		if (item_from_avro(field, &item, items + i * item_size, arena, err) != 0)
			return -1;
	}
	shape_set_items(field, body, items, count);
	return 0;
}

static int nullable_from_avro(const struct field *field, avro_value_t *value, void *body, struct arena *arena, struct err *err)
{
	avro_value_t branch;
	int index;

	if (avro_value_get_discriminant(value, &index) != 0)
		return refuse_avro(field, err);
	if (index == 0)
		return 0;
	if (avro_value_get_current_branch(value, &branch) != 0)
		return refuse_avro(field, err);
	shape_set_present(field, body);
	return item_from_avro(field, &branch, shape_place(field, body), arena, err);
}

static int record_from_avro(const struct record_type *record, avro_value_t *value, void *body, struct arena *arena,
			    struct err *err)
{
	for (size_t i = 0; i < record->fields_count; i++) {
		const struct field *field = &record->fields[i];
		avro_value_t member;
		int result;

		if (avro_value_get_by_index(value, i, &member, NULL) != 0)
			return refuse_avro(field, err);
		if (field->array)
			result = array_from_avro(field, &member, body, arena, err);
		else if (field->nullable)
			result = nullable_from_avro(field, &member, body, arena, err);
		else
			result = item_from_avro(field, &member, shape_place(field, body), arena, err);
		if (result != 0)
			return -1;
	}
	return 0;
}

int frame_schema_id(struct str value, uint32_t *ret_schema_id, struct err *err)
{
	const unsigned char *bytes = (const unsigned char *)value.data;

	if (value.size < FRAME_SIZE)
		return err_set(err, ERR_POISON, "no frame: %zu bytes", value.size);
	if (bytes[0] != 0)
		return err_set(err, ERR_POISON, "no frame: the first byte is %u", bytes[0]);
	*ret_schema_id = (uint32_t)bytes[1] << 24 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 8 | bytes[4];
	return 0;
}

/* The checked bytes -> a struct in the arena: zeroed, so what this version has no field for is null or empty. */
static int read_avro(struct coder *coder, const struct message_version *version, struct str avro, struct arena *arena,
		     const void **ret_body, struct err *err)
{
	avro_value_t *value = &coder->coded[version->schema_id - message_id_min].decoded;
	void *body = arena_take(arena, 1, version->record.size);

	if (body == NULL)
		return refuse_full(err);
	avro_reader_memory_set_source(coder->reader, avro.data, (int64_t)avro.size);
	if (avro_value_read(coder->reader, value) != 0)
		return err_set(err, ERR_RETRY, "avro-c refused the checked %s", version->record.name);
	if (record_from_avro(&version->record, value, body, arena, err) != 0)
		return -1;
	*ret_body = body;
	return 0;
}

int coder_decode(struct coder *coder, struct str value, struct arena *arena, const struct message_type **ret_type,
		 const void **ret_body, struct err *err)
{
	const struct message_version *version;
	size_t mark = arena_mark(arena);
	struct str avro;
	uint32_t schema_id;

	if (frame_schema_id(value, &schema_id, err) != 0)
		return -1;
	version = message_version_by_id(schema_id);
	if (version == NULL)
		return err_set(err, ERR_POISON, "unknown schema id %u", schema_id);
	avro = (struct str){ .data = value.data + FRAME_SIZE, .size = value.size - FRAME_SIZE };
	if (coder_check(version, avro, err) != 0)
		return -1;
	if (read_avro(coder, version, avro, arena, ret_body, err) != 0) {
		arena_rewind(arena, mark);
		return -1;
	}
	*ret_type = version->type;
	return 0;
}

/* ---- encode ---- */

/* Lends the text to avro-c for as long as the value is not set again: no copy. avro-c counts a terminator, but never reads it. */
static int text_to_avro(const struct field *field, avro_value_t *value, const struct str *text)
{
	avro_wrapped_buffer_t lent = { .buf = text->size > 0 ? text->data : "", .size = text->size };

	if (field->kind == FIELD_BYTES)
		return avro_value_give_bytes(value, &lent);
	lent.size++;
	return avro_value_give_string_len(value, &lent);
}

static int uuid_to_avro(avro_value_t *value, const struct uuid *id)
{
	char text[UUID_TEXT_SIZE + 1];

	uuid_format(text, id);
	return avro_value_set_string_len(value, text, sizeof(text));
}

static int record_to_avro(const struct record_type *record, avro_value_t *value, const void *body);

static int item_to_avro(const struct field *field, avro_value_t *value, const void *item)
{
	switch (field->kind) {
	case FIELD_BOOL:
		return avro_value_set_boolean(value, *(const bool *)item);
	case FIELD_INT:
	case FIELD_DATE:
		return avro_value_set_int(value, *(const int32_t *)item);
	case FIELD_LONG:
	case FIELD_INSTANT:
		return avro_value_set_long(value, *(const int64_t *)item);
	case FIELD_UUID:
		return uuid_to_avro(value, item);
	case FIELD_STRING:
	case FIELD_BYTES:
		return text_to_avro(field, value, item);
	case FIELD_RECORD:
		return record_to_avro(field->record, value, item);
	}
	MUST_NOT_REACH("a field kind that is not in the table");
}

static int array_to_avro(const struct field *field, avro_value_t *value, const void *body)
{
	struct shape_items items = shape_items(field, body);

	for (size_t i = 0; i < items.count; i++) {
		avro_value_t item;

		if (avro_value_append(value, &item, NULL) != 0)
			return -1;
		if (item_to_avro(field, &item, items.first + i * items.size) != 0)
			return -1;
	}
	return 0;
}

static int nullable_to_avro(const struct field *field, avro_value_t *value, const void *body)
{
	bool is_absent = shape_is_absent(field, body);
	avro_value_t branch;

	if (avro_value_set_branch(value, is_absent ? 0 : 1, &branch) != 0)
		return -1;
	return is_absent ? avro_value_set_null(&branch) : item_to_avro(field, &branch, shape_value(field, body));
}

static int record_to_avro(const struct record_type *record, avro_value_t *value, const void *body)
{
	for (size_t i = 0; i < record->fields_count; i++) {
		const struct field *field = &record->fields[i];
		avro_value_t member;
		int result;

		if (avro_value_get_by_index(value, i, &member, NULL) != 0)
			return -1;
		if (field->array)
			result = array_to_avro(field, &member, body);
		else if (field->nullable)
			result = nullable_to_avro(field, &member, body);
		else
			result = item_to_avro(field, &member, shape_value(field, body));
		if (result != 0)
			return -1;
	}
	return 0;
}

static int write_avro(struct coder *coder, const struct message_version *version, const void *body, struct str place)
{
	avro_value_t *value = &coder->coded[version->schema_id - message_id_min].encoded;

	if (avro_value_reset(value) != 0 || record_to_avro(&version->record, value, body) != 0)
		return -1;
	avro_writer_memory_set_dest(coder->writer, place.data, (int64_t)place.size);
	if (avro_value_write(coder->writer, value) != 0)
		return -1;
	MUST((size_t)avro_writer_tell(coder->writer) == place.size);
	return 0;
}

int coder_encode(struct coder *coder, const struct message_type *type, const void *body, struct buf *buf, struct err *err)
{
	const struct message_version *version = message_written(type, body);
	unsigned char *to;
	size_t size;

	if (coder_measure(type, body, &size, err) != 0)
		return -1;
	to = buf_reserve(buf, FRAME_SIZE + size);
	if (to == NULL)
		return err_set(err, ERR_POISON, "%s does not fit into the buffer", type->record.name);
	to[0] = 0;
	for (unsigned i = 1; i < FRAME_SIZE; i++)
		to[i] = (unsigned char)(version->schema_id >> (8 * (FRAME_SIZE - 1 - i)));
	if (write_avro(coder, version, body, (struct str){ .data = (const char *)to + FRAME_SIZE, .size = size }) != 0)
		return err_set(err, ERR_RETRY, "avro-c refused the checked %s", type->record.name);
	buf->size += FRAME_SIZE + size;
	return 0;
}
