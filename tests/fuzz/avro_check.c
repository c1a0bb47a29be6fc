/*
 * A walk over (type, bytes) that refuses what avro-c 1.11 would leak, overrun or let through. It stores nothing, so it shares no line
 * with the coder that it is compared with.
 */
#include "base/must.h"
#include "tests/fuzz/avro.h"
#include "wire/shape.h"

#define VARINT_SIZE_MAX 10

/* Where the walk stands. What is wrong is a literal, `field` says where: never the content (P10). */
struct walk {
	const unsigned char *at;
	size_t left;
	const char *wrong;
	const struct field *field;
};

static bool fail(struct walk *walk, const char *wrong)
{
	walk->wrong = wrong;
	return false;
}

static bool take_long(struct walk *walk, int64_t *ret_number)
{
	uint64_t zigzag = 0;

	for (unsigned i = 0; i < VARINT_SIZE_MAX; i++) {
		unsigned char byte;

		if (i == walk->left)
			return fail(walk, "cut short");
		byte = walk->at[i];
		if (i == VARINT_SIZE_MAX - 1 && byte > 1)
			return fail(walk, "number over 64 bits");
		zigzag |= (uint64_t)(byte & 0x7F) << (7 * i);
		if (byte < 0x80) {
			walk->at += i + 1;
			walk->left -= i + 1;
			*ret_number = (int64_t)(zigzag >> 1 ^ (0 - (zigzag & 1)));
			return true;
		}
	}
	return fail(walk, "number over 64 bits");
}

static bool take_number(struct walk *walk, int64_t min, int64_t max)
{
	int64_t number;

	if (!take_long(walk, &number))
		return false;
	return number >= min && number <= max ? true : fail(walk, "number out of range");
}

static bool take_bool(struct walk *walk)
{
	if (walk->left == 0)
		return fail(walk, "cut short");
	if (*walk->at > 1)
		return fail(walk, "not a boolean");
	walk->at++;
	walk->left--;
	return true;
}

static bool take_bytes(struct walk *walk, size_t size_max, struct str *ret_bytes)
{
	int64_t size;

	if (!take_long(walk, &size))
		return false;
	if (size < 0)
		return fail(walk, "negative length");
	if ((uint64_t)size > walk->left)
		return fail(walk, "cut short");
	if ((uint64_t)size > size_max)
		return fail(walk, "too long");
	*ret_bytes = (struct str){ .data = (const char *)walk->at, .size = (size_t)size };
	walk->at += size;
	walk->left -= (size_t)size;
	return true;
}

static bool take_uuid(struct walk *walk)
{
	struct uuid id;
	struct str text;

	if (!take_bytes(walk, UUID_TEXT_SIZE, &text))
		return false;
	return uuid_parse(&id, text) ? true : fail(walk, "not a UUID");
}

static bool take_string(struct walk *walk, const struct field *field)
{
	struct str text;

	if (!take_bytes(walk, field->size_max, &text))
		return false;
	if (!str_is_text(text))
		return fail(walk, "not UTF-8, or holds a NUL");
	return field_takes_text(field, text) ? true : fail(walk, "too long");
}

static bool take_record(struct walk *walk, const struct record_type *record);

static bool take_item(struct walk *walk, const struct field *field)
{
	struct str bytes;

	switch (field->kind) {
	case FIELD_BOOL:
		return take_bool(walk);
	case FIELD_INT:
		return take_number(walk, INT32_MIN, INT32_MAX);
	case FIELD_LONG:
		return take_number(walk, INT64_MIN, INT64_MAX);
	case FIELD_DATE:
		return take_number(walk, DAY_MIN, DAY_MAX);
	case FIELD_INSTANT:
		return take_number(walk, INSTANT_MIN, INSTANT_MAX);
	case FIELD_UUID:
		return take_uuid(walk);
	case FIELD_STRING:
		return take_string(walk, field);
	case FIELD_BYTES:
		return take_bytes(walk, field->size_max, &bytes);
	case FIELD_RECORD:
		return take_record(walk, field->record);
	}
	MUST_NOT_REACH("a field kind that is not in the table");
}

/* One block of an array: a count, negative when its size in bytes follows, and the items. *ret_count 0: the array's end. */
static bool take_block(struct walk *walk, const struct field *field, uint64_t items_left, uint64_t *ret_count)
{
	int64_t count;
	int64_t size = 0;
	size_t left_before;
	uint64_t items;

	if (!take_long(walk, &count))
		return false;
	if (count < 0 && !take_long(walk, &size))
		return false;
	left_before = walk->left;
	items = count < 0 ? 0 - (uint64_t)count : (uint64_t)count;
	if (items > items_left)
		return fail(walk, "too many items");
	for (uint64_t i = 0; i < items; i++) {
		if (!take_item(walk, field))
			return false;
	}
	if (count < 0 && (size < 0 || (uint64_t)size != left_before - walk->left))
		return fail(walk, "wrong block size");
	*ret_count = items;
	return true;
}

static bool take_array(struct walk *walk, const struct field *field)
{
	uint64_t items_left = field->items_max;
	uint64_t count;

	do {
		if (!take_block(walk, field, items_left, &count))
			return false;
		items_left -= count;
	} while (count > 0);
	return true;
}

static bool take_nullable(struct walk *walk, const struct field *field)
{
	int64_t branch;

	if (!take_long(walk, &branch))
		return false;
	if (branch != 0 && branch != 1)
		return fail(walk, "union branch out of range");
	return branch == 0 || take_item(walk, field);
}

/* Recursion ends: records are at most two deep, generate.py refuses deeper ones (A3). */
static bool take_record(struct walk *walk, const struct record_type *record)
{
	for (size_t i = 0; i < record->fields_count; i++) {
		const struct field *field = &record->fields[i];
		bool taken;

		if (field->array)
			taken = take_array(walk, field);
		else
			taken = field->nullable ? take_nullable(walk, field) : take_item(walk, field);
		if (!taken) {
			if (walk->field == NULL) /* the innermost one stays */
				walk->field = field;
			return false;
		}
	}
	return true;
}

int avro_check(const struct message_version *version, struct str avro, struct err *err)
{
	struct walk walk = { .at = (const unsigned char *)avro.data, .left = avro.size };

	if (!take_record(&walk, &version->record))
		return err_set(err, ERR_POISON, "%s.%s: %s", version->record.name, walk.field->name, walk.wrong);
	if (walk.left > 0)
		return err_set(err, ERR_POISON, "%s: %zu bytes too many", version->record.name, walk.left);
	return 0;
}
