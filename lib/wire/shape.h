#ifndef WIRE_SHAPE_H
#define WIRE_SHAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/day.h"
#include "base/must.h"
#include "model/message.h"

/*
 * The layout of the table's kinds (model/message.h) in a struct: for the coder and the JSON writer and reader, which all walk
 * (type, body) and know no message by name. Private to lib/wire.
 */

/* The range of instants, 0001-01-01 to 9999-12-31: beyond it there is no RFC 3339 text and no date of PostgreSQL. */
#define INSTANT_MIN (DAY_MIN * DAY_MS)
#define INSTANT_MAX ((DAY_MAX + 1) * DAY_MS - 1)

/* Bytes of one value of the field in a struct, and in an array's memory. */
static inline size_t shape_item_size(const struct field *field)
{
	switch (field->kind) {
	case FIELD_BOOL:
		return sizeof(bool);
	case FIELD_INT:
	case FIELD_DATE:
		return sizeof(int32_t);
	case FIELD_LONG:
	case FIELD_INSTANT:
		return sizeof(int64_t);
	case FIELD_UUID:
		return sizeof(struct uuid);
	case FIELD_STRING:
	case FIELD_BYTES:
		return sizeof(struct str);
	case FIELD_RECORD:
		return field->record->size;
	}
	MUST_NOT_REACH("a field kind that is not in the table");
}

/* The location of the field's value; of an array, of its pointer. */
static inline const void *shape_value(const struct field *field, const void *body)
{
	return (const char *)body + field->offset;
}

static inline void *shape_place(const struct field *field, void *body)
{
	return (char *)body + field->offset;
}

/* A nullable field that has no value. */
static inline bool shape_is_absent(const struct field *field, const void *body)
{
	return field->nullable && !*(const bool *)((const char *)body + field->aux_offset);
}

static inline void shape_set_present(const struct field *field, void *body)
{
	*(bool *)((char *)body + field->aux_offset) = true;
}

/* The values of a field as a run of items: one of a plain field, `count` of an array. */
struct shape_items {
	const char *first;
	size_t size; /* of one */
	size_t count;
};

static inline struct shape_items shape_items(const struct field *field, const void *body)
{
	struct shape_items items = { .first = shape_value(field, body), .size = shape_item_size(field), .count = 1 };

	if (field->array) {
		/* Copied: the member is a pointer to another type, which must not be read as a pointer to char. */
		memcpy(&items.first, shape_value(field, body), sizeof(items.first));
		items.count = *(const size_t *)((const char *)body + field->aux_offset);
	}
	return items;
}

static inline void shape_set_items(const struct field *field, void *body, const void *first, size_t count)
{
	memcpy(shape_place(field, body), &first, sizeof(first));
	*(size_t *)((char *)body + field->aux_offset) = count;
}

#endif
