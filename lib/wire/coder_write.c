/*
 * A struct -> Avro bytes at the end of a buffer, in one pass over the table of fields. What coder_read.c would refuse is refused
 * here, too, so nothing goes out that could not come in.
 */
#include "wire/coder.h"
#include "wire/shape.h"

/*
 * `at` is where the next byte goes, `end` is the end of the buffer's memory. What is wrong is a literal, `field` says where: never the
 * content (P10). A full buffer is told by itself, at the end.
 */
struct writing {
	struct buf *buf;
	unsigned char *at;
	unsigned char *end;
	const char *wrong;
	const struct field *field;
};

static bool fail(struct writing *writing, const char *wrong)
{
	writing->wrong = wrong;
	return false;
}

/* Where to put the next `size` bytes; NULL: the buffer is full. */
static inline unsigned char *next(struct writing *writing, size_t size)
{
	struct buf *buf = writing->buf;
	unsigned char *to = writing->at;

	if (size > (size_t)(writing->end - to)) {
		buf->size = (size_t)(to - buf->data);
		to = buf_reserve(buf, size);
		if (to == NULL)
			return NULL;
		writing->end = buf->data + buf->capacity;
	}
	writing->at = to + size;
	return to;
}

static void put_bytes(struct writing *writing, const void *bytes, size_t size)
{
	unsigned char *to = next(writing, size);

	if (to != NULL && size > 0)
		memcpy(to, bytes, size);
}

static void put_byte(struct writing *writing, unsigned char byte)
{
	unsigned char *to = next(writing, 1);

	if (to != NULL)
		*to = byte;
}

static void put_long(struct writing *writing, int64_t number)
{
	uint64_t zigzag = (uint64_t)number << 1 ^ (number < 0 ? UINT64_MAX : 0);

	for (; zigzag >= 0x80; zigzag >>= 7)
		put_byte(writing, (unsigned char)(zigzag | 0x80));
	put_byte(writing, (unsigned char)zigzag);
}

static bool put_between(struct writing *writing, int64_t number, int64_t min, int64_t max)
{
	put_long(writing, number);
	return number >= min && number <= max ? true : fail(writing, "number out of range");
}

static void put_uuid(struct writing *writing, const struct uuid *id)
{
	char text[UUID_TEXT_SIZE + 1];

	uuid_format(text, id);
	put_long(writing, UUID_TEXT_SIZE);
	put_bytes(writing, text, UUID_TEXT_SIZE);
}

static bool put_text(struct writing *writing, const struct field *field, const struct str *text)
{
	if (text->size > field->size_max)
		return fail(writing, "too long");
	if (field->kind == FIELD_STRING && !str_is_text(*text))
		return fail(writing, "not UTF-8, or holds a NUL");
	if (field->kind == FIELD_STRING && !field_takes_text(field, *text))
		return fail(writing, "too long");
	put_long(writing, (int64_t)text->size);
	put_bytes(writing, text->data, text->size);
	return true;
}

static bool put_record(struct writing *writing, const struct record_type *record, const void *body);

static bool put_item(struct writing *writing, const struct field *field, const void *item)
{
	switch (field->kind) {
	case FIELD_BOOL:
		put_byte(writing, *(const bool *)item ? 1 : 0);
		return true;
	case FIELD_INT:
		put_long(writing, *(const int32_t *)item);
		return true;
	case FIELD_LONG:
		put_long(writing, *(const int64_t *)item);
		return true;
	case FIELD_DATE:
		return put_between(writing, *(const int32_t *)item, DAY_MIN, DAY_MAX);
	case FIELD_INSTANT:
		return put_between(writing, *(const int64_t *)item, INSTANT_MIN, INSTANT_MAX);
	case FIELD_UUID:
		put_uuid(writing, item);
		return true;
	case FIELD_STRING:
	case FIELD_BYTES:
		return put_text(writing, field, item);
	case FIELD_RECORD:
		return put_record(writing, field->record, item);
	}
	MUST_NOT_REACH("a field kind that is not in the table");
}

/* One block of all items, and the empty one that ends an array. */
static bool put_array(struct writing *writing, const struct field *field, const void *body)
{
	struct shape_items items = shape_items(field, body);

	if (items.count > field->items_max)
		return fail(writing, "too many items");
	if (items.count > 0)
		put_long(writing, (int64_t)items.count);
	for (size_t i = 0; i < items.count; i++) {
		if (!put_item(writing, field, items.first + i * items.size))
			return false;
	}
	put_long(writing, 0);
	return true;
}

static bool put_nullable(struct writing *writing, const struct field *field, const void *body)
{
	bool is_absent = shape_is_absent(field, body);

	put_long(writing, is_absent ? 0 : 1);
	return is_absent || put_item(writing, field, shape_value(field, body));
}

static bool put_record(struct writing *writing, const struct record_type *record, const void *body)
{
	const struct field *end = record->fields + record->fields_count;

	for (const struct field *field = record->fields; field < end; field++) {
		bool put;

		if (field->array)
			put = put_array(writing, field, body);
		else if (field->nullable)
			put = put_nullable(writing, field, body);
		else
			put = put_item(writing, field, shape_value(field, body));
		if (!put) {
			if (writing->field == NULL) /* the innermost one stays */
				writing->field = field;
			return false;
		}
	}
	return true;
}

static bool put_message(struct writing *writing, const struct message_version *version, const void *body)
{
	writing->at = buf_reserve(writing->buf, FRAME_SIZE);
	if (writing->at == NULL)
		return false;
	writing->end = writing->buf->data + writing->buf->capacity;
	put_byte(writing, 0);
	for (int shift = 24; shift >= 0; shift -= 8)
		put_byte(writing, (unsigned char)(version->schema_id >> shift));
	return put_record(writing, &version->record, body) && !writing->buf->overflow;
}

int coder_encode(const struct message_type *type, const void *body, struct buf *buf, struct err *err)
{
	struct writing writing = { .buf = buf };
	size_t begin = buf->size;

	if (put_message(&writing, message_written(type, body), body)) {
		buf->size = (size_t)(writing.at - buf->data);
		return 0;
	}
	buf->size = begin;
	if (writing.wrong != NULL)
		return err_set(err, ERR_POISON, "%s.%s: %s", type->record.name, writing.field->name, writing.wrong);
	return err_set(err, ERR_POISON, "%s does not fit into the buffer", type->record.name);
}
