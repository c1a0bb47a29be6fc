/*
 * Avro bytes -> a struct in an arena, in one pass over the table of fields: nothing is used before it is checked. Every length and
 * count is compared with the bytes left and with the field's limit, so memory is bounded by the bytes, and loops by items_max.
 */
#include "wire/coder.h"
#include "wire/shape.h"

#define VARINT_SIZE_MAX 10

/* Where the reading stands. What is wrong is a literal, `field` says where: never the content (P10). */
struct reading {
	const unsigned char *at;
	const unsigned char *end;
	struct arena *arena;
	const char *wrong;
	const struct field *field;
	bool is_full; /* nothing is known to be wrong: the arena ended first */
};

static bool fail(struct reading *reading, const char *wrong)
{
	reading->wrong = wrong;
	return false;
}

static bool fail_full(struct reading *reading)
{
	reading->is_full = true;
	return false;
}

static size_t left(const struct reading *reading)
{
	return (size_t)(reading->end - reading->at);
}

static bool take_long(struct reading *reading, int64_t *ret_number)
{
	uint64_t zigzag = 0;

	for (unsigned i = 0; i < VARINT_SIZE_MAX; i++) {
		unsigned char byte;

		if (i == left(reading))
			return fail(reading, "cut short");
		byte = reading->at[i];
		if (i == VARINT_SIZE_MAX - 1 && byte > 1)
			return fail(reading, "number over 64 bits");
		zigzag |= (uint64_t)(byte & 0x7F) << (7 * i);
		if (byte < 0x80) {
			reading->at += i + 1;
			*ret_number = (int64_t)(zigzag >> 1 ^ (0 - (zigzag & 1)));
			return true;
		}
	}
	return fail(reading, "number over 64 bits");
}

static bool take_long_between(struct reading *reading, int64_t min, int64_t max, int64_t *ret_number)
{
	if (!take_long(reading, ret_number))
		return false;
	return *ret_number >= min && *ret_number <= max ? true : fail(reading, "number out of range");
}

static bool take_int_between(struct reading *reading, int32_t min, int32_t max, int32_t *ret_number)
{
	int64_t number;

	if (!take_long_between(reading, min, max, &number))
		return false;
	*ret_number = (int32_t)number;
	return true;
}

static bool take_bool(struct reading *reading, bool *ret_bool)
{
	if (left(reading) == 0)
		return fail(reading, "cut short");
	if (*reading->at > 1)
		return fail(reading, "not a boolean");
	*ret_bool = *reading->at++ == 1;
	return true;
}

/* The bytes stay where they are. */
static bool take_bytes(struct reading *reading, size_t size_max, struct str *ret_bytes)
{
	int64_t size;

	if (!take_long(reading, &size))
		return false;
	if (size < 0)
		return fail(reading, "negative length");
	if ((uint64_t)size > left(reading))
		return fail(reading, "cut short");
	if ((uint64_t)size > size_max)
		return fail(reading, "too long");
	*ret_bytes = (struct str){ .data = (const char *)reading->at, .size = (size_t)size };
	reading->at += size;
	return true;
}

static bool take_uuid(struct reading *reading, struct uuid *ret_id)
{
	struct str text;

	if (!take_bytes(reading, UUID_TEXT_SIZE, &text))
		return false;
	return uuid_parse(ret_id, text) ? true : fail(reading, "not a UUID");
}

static bool take_text(struct reading *reading, const struct field *field, struct str *ret_text)
{
	struct str text;

	if (!take_bytes(reading, field->size_max, &text))
		return false;
	if (field->kind == FIELD_STRING && !str_is_text(text))
		return fail(reading, "not UTF-8, or holds a NUL");
	if (field->kind == FIELD_STRING && !field_takes_text(field, text))
		return fail(reading, "too long");
	*ret_text = str_copy(reading->arena, text);
	return ret_text->data != NULL ? true : fail_full(reading);
}

static bool take_record(struct reading *reading, const struct record_type *record, void *body);

static bool take_item(struct reading *reading, const struct field *field, void *to)
{
	switch (field->kind) {
	case FIELD_BOOL:
		return take_bool(reading, to);
	case FIELD_INT:
		return take_int_between(reading, INT32_MIN, INT32_MAX, to);
	case FIELD_LONG:
		return take_long(reading, to);
	case FIELD_DATE:
		return take_int_between(reading, DAY_MIN, DAY_MAX, to);
	case FIELD_INSTANT:
		return take_long_between(reading, INSTANT_MIN, INSTANT_MAX, to);
	case FIELD_UUID:
		return take_uuid(reading, to);
	case FIELD_STRING:
	case FIELD_BYTES:
		return take_text(reading, field, to);
	case FIELD_RECORD:
		return take_record(reading, field->record, to);
	}
	MUST_NOT_REACH("a field kind that is not in the table");
}

/* The items of an array so far: blocks follow one another, and none says how many will come. */
struct items {
	char *first;
	size_t size; /* of one */
	size_t count;
	size_t room;
};

/* Makes room for `count` more. Twice as many as before, so that many small blocks do not fill the arena with copies. */
static bool make_room(struct reading *reading, const struct field *field, struct items *items, size_t count)
{
	size_t needed = items->count + count;
	size_t room = items->room > needed / 2 ? items->room * 2 : needed;
	char *first;

	if (needed <= items->room)
		return true;
	if (room > field->items_max)
		room = field->items_max;
	first = arena_take(reading->arena, room, items->size);
	if (first == NULL)
		return fail_full(reading);
	if (items->count > 0)
		memcpy(first, items->first, items->count * items->size);
	items->first = first;
	items->room = room;
	return true;
}

static bool take_items(struct reading *reading, const struct field *field, struct items *items, uint64_t count)
{
	if (count > field->items_max - items->count)
		return fail(reading, "too many items");
	if (count >
	    left(reading)) /* each takes a byte at least; nothing is taken from the arena for those that cannot be there */
		return fail(reading, "cut short");
	if (!make_room(reading, field, items, (size_t)count))
		return false;
	for (uint64_t i = 0; i < count; i++) {
		if (!take_item(reading, field, items->first + items->count * items->size))
			return false;
		items->count++;
	}
	return true;
}

/* One block of an array: a count, negative when its size in bytes follows, and the items. *ret_is_last: it has none. */
static bool take_block(struct reading *reading, const struct field *field, struct items *items, bool *ret_is_last)
{
	const unsigned char *begin;
	int64_t count;
	int64_t size = 0;

	if (!take_long(reading, &count))
		return false;
	if (count < 0 && !take_long(reading, &size))
		return false;
	begin = reading->at;
	if (!take_items(reading, field, items, count < 0 ? 0 - (uint64_t)count : (uint64_t)count))
		return false;
	if (count < 0 && size != reading->at - begin)
		return fail(reading, "wrong block size");
	*ret_is_last = count == 0;
	return true;
}

static bool take_array(struct reading *reading, const struct field *field, void *body)
{
	struct items items = { .size = shape_item_size(field) };
	bool is_last = false;

	while (!is_last) {
		if (!take_block(reading, field, &items, &is_last))
			return false;
	}
	shape_set_items(field, body, items.first, items.count);
	return true;
}

static bool take_nullable(struct reading *reading, const struct field *field, void *body)
{
	int64_t branch;

	if (!take_long(reading, &branch))
		return false;
	if (branch == 0)
		return true;
	if (branch != 1)
		return fail(reading, "union branch out of range");
	shape_set_present(field, body);
	return take_item(reading, field, shape_place(field, body));
}

/* Recursion ends: records are at most two deep, generate.py refuses deeper ones. */
static bool take_record(struct reading *reading, const struct record_type *record, void *body)
{
	const struct field *end = record->fields + record->fields_count;

	for (const struct field *field = record->fields; field < end; field++) {
		bool taken;

		if (field->array)
			taken = take_array(reading, field, body);
		else if (field->nullable)
			taken = take_nullable(reading, field, body);
		else
			taken = take_item(reading, field, shape_place(field, body));
		if (!taken) {
			if (reading->field == NULL) /* the innermost one stays */
				reading->field = field;
			return false;
		}
	}
	return true;
}

/* The struct is zeroed, so what this version has no field for is null or empty. */
static int read_record(const struct record_type *record, struct str avro, struct arena *arena, const void **ret_body,
		       struct err *err)
{
	struct reading reading = { .at = (const unsigned char *)avro.data, .arena = arena };
	void *body = arena_take(arena, 1, record->size);

	reading.end = reading.at + avro.size;
	if (body == NULL || (!take_record(&reading, record, body) && reading.is_full))
		return err_set(err, ERR_POISON, "the message does not fit into the arena");
	if (reading.wrong != NULL)
		return err_set(err, ERR_POISON, "%s.%s: %s", record->name, reading.field->name, reading.wrong);
	if (left(&reading) > 0)
		return err_set(err, ERR_POISON, "%s: %zu bytes too many", record->name, left(&reading));
	*ret_body = body;
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

int coder_decode(struct str value, struct arena *arena, const struct message_type **ret_type, const void **ret_body,
		 struct err *err)
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
	if (read_record(&version->record, avro, arena, ret_body, err) != 0) {
		arena_rewind(arena, mark);
		return -1;
	}
	*ret_type = version->type;
	return 0;
}
