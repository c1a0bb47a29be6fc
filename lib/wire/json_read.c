/* JSON -> structs by the table. */

#include <inttypes.h>
#include <stdio.h>

#include "base/day.h"
#include "wire/json.h"
#include "wire/json_name.h"
#include "wire/json_scan.h"
#include "wire/shape.h"

#define FIELDS_MAX  64
#define KEY_MAX     64 /* a longer name of a member is none of ours */
#define PATTERN_MAX 64 /* a longer text is no id, date or time */

/* What is read, and where the reader stands in it. */
struct reader {
	struct arena *arena;
	enum json_style style;
	struct json_faults *faults;
	const char *skip; /* a member of the outermost object; NULL: none */
	size_t skip_at;   /* size of the pointer there */
	char pointer[JSON_POINTER_MAX];
	size_t pointer_size;
};

static bool refuse(struct reader *reader, const char *code, const char *detail)
{
	json_fault_add(reader->faults, reader->pointer, code, detail);
	return false;
}

static bool refuse_full(struct reader *reader)
{
	return refuse(reader, "too_large", "does not fit into the arena");
}

/* Answers what leave() takes back. A pointer that would be too long ends earlier. */
static size_t enter(struct reader *reader, struct str name)
{
	size_t mark = reader->pointer_size;

	if (mark + 1 + name.size < sizeof(reader->pointer)) {
		reader->pointer[mark] = '/';
		memcpy(reader->pointer + mark + 1, name.data, name.size);
		reader->pointer_size = mark + 1 + name.size;
		reader->pointer[reader->pointer_size] = '\0';
	}
	return mark;
}

static void leave(struct reader *reader, size_t mark)
{
	reader->pointer[mark] = '\0';
	reader->pointer_size = mark;
}

/* ---- names ---- */

/* A member's name; `room` has KEY_MAX bytes. Empty when it is too long to be one of ours. */
static struct str key_of(struct json key, char *room)
{
	struct str text;

	return json_text(key, room, KEY_MAX, &text) && text.size <= KEY_MAX ? text : STR("");
}

/* The field that a member of this name is for; NULL: none. */
static const struct field *field_of_member(const struct reader *reader, const struct record_type *record, struct str key,
					   enum json_part *ret_part)
{
	*ret_part = JSON_PLAIN;
	if (reader->style == JSON_SCHEMA)
		return json_field(record, key);
	for (size_t i = 0; key.size > 0 && i < record->fields_count; i++) {
		const struct field *field = &record->fields[i];

		if (field->name[0] != key.data[0])
			continue;
		*ret_part = json_part_of(record, field);
		if (*ret_part != JSON_HIDDEN && json_is_name(key, field, *ret_part))
			return field;
	}
	return NULL;
}

/* A name may be anything, somebody's address too: only what could have been meant as one of ours is said again. */
static bool is_plain_name(struct str name)
{
	for (size_t i = 0; i < name.size; i++) {
		char byte = name.data[i];

		if (!((byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') ||
		      byte == '_' || byte == '-'))
			return false;
	}
	return name.size > 0 && name.size <= 40;
}

static bool refuse_unknown(struct reader *reader, struct str key)
{
	size_t mark = reader->pointer_size;

	if (reader->skip != NULL && mark == reader->skip_at && str_is(key, reader->skip))
		return true;
	if (is_plain_name(key))
		enter(reader, key);
	refuse(reader, "unknown_member", "unknown member");
	leave(reader, mark);
	return false;
}

static bool refuse_twice(struct reader *reader, struct str name)
{
	size_t mark = enter(reader, name);

	refuse(reader, "duplicate_member", "a member stands twice");
	leave(reader, mark);
	return false;
}

/* ---- values ---- */

static bool read_integer(struct reader *reader, struct json json, int64_t min, int64_t max, int64_t *ret_number)
{
	bool is_whole = false;
	int64_t number;

	if (json_kind(json) == JSON_NUMBER && json_read_number(json, &number, &is_whole) && number >= min && number <= max) {
		*ret_number = number;
		return true;
	}
	if (!is_whole)
		return refuse(reader, "wrong_type", "must be a whole number");
	return refuse(reader, "out_of_range", "number out of range");
}

static bool read_bool(struct reader *reader, struct json json, bool *ret_bool)
{
	enum json_kind kind = json_kind(json);

	if (kind != JSON_TRUE && kind != JSON_FALSE)
		return refuse(reader, "wrong_type", "must be true or false");
	*ret_bool = kind == JSON_TRUE;
	return true;
}

static bool read_int(struct reader *reader, struct json json, int32_t *ret_int)
{
	int64_t number = 0;

	if (!read_integer(reader, json, INT32_MIN, INT32_MAX, &number))
		return false;
	*ret_int = (int32_t)number;
	return true;
}

static bool is_string(struct reader *reader, struct json json)
{
	return json_kind(json) == JSON_STRING || refuse(reader, "wrong_type", "must be a string");
}

/* A text of a fixed form; `room` has PATTERN_MAX bytes. Empty when it is too long to be of any. */
static struct str pattern_of(struct json json, char *room)
{
	struct str text;

	return json_text(json, room, PATTERN_MAX, &text) ? text : STR("");
}

static bool read_date(struct reader *reader, struct json json, int32_t *ret_day)
{
	char room[PATTERN_MAX];

	return is_string(reader, json) &&
	       (day_parse(pattern_of(json, room), ret_day) || refuse(reader, "bad_format", "must be a date, YYYY-MM-DD"));
}

static bool read_instant(struct reader *reader, struct json json, int64_t *ret_instant_ms)
{
	char room[PATTERN_MAX];

	return is_string(reader, json) && (instant_parse(pattern_of(json, room), ret_instant_ms) ||
					   refuse(reader, "bad_format", "must be an RFC 3339 time with Z or an offset"));
}

static bool read_uuid(struct reader *reader, struct json json, struct uuid *ret_id)
{
	char room[PATTERN_MAX];

	if (!is_string(reader, json))
		return false;
	if (!uuid_parse(ret_id, pattern_of(json, room)))
		return refuse(reader, "bad_format", "must be a UUID");
	return !uuid_is_none(ret_id) || refuse(reader, "bad_format", "the id is all zeros");
}

/* A string's text, in the arena. */
static bool read_text(struct reader *reader, struct json json, struct str *ret_text)
{
	size_t room_size = json_text_room(json);
	char *room = room_size == 0 ? NULL : arena_take_bytes(reader->arena, room_size);

	if (!json_text(json, room, room == NULL ? 0 : room_size, ret_text))
		return refuse_full(reader);
	if (room_size == 0)
		*ret_text = str_copy(reader->arena, *ret_text);
	return ret_text->data != NULL || refuse_full(reader);
}

/* A command's text in its normal form (base/text.h), as a module would take it; of an event as it is. */
static bool read_string(struct reader *reader, struct json json, const struct field *field, struct str *ret_text)
{
	const char *fault;

	if (!is_string(reader, json) || !read_text(reader, json, ret_text))
		return false;
	*ret_text = text_trim(*ret_text, field->text);
	fault = text_fault(*ret_text, field->text);
	if (fault != NULL)
		return refuse(reader, "bad_value", fault);
	return field_takes_text(field, *ret_text) || refuse(reader, "too_long", "too long");
}

static bool read_bytes(struct reader *reader, struct json json, size_t size_max, struct str *ret_bytes)
{
	unsigned char *bytes;
	struct str text;

	if (!is_string(reader, json) || !read_text(reader, json, &text))
		return false;
	if (text.size / 2 > size_max)
		return refuse(reader, "too_long", "too long");
	bytes = arena_take_bytes(reader->arena, text.size / 2 + 1);
	if (bytes == NULL)
		return refuse_full(reader);
	if (!hex_to_bytes(bytes, text.size / 2, text))
		return refuse(reader, "bad_format", "must be hexadecimal");
	*ret_bytes = (struct str){ .data = (const char *)bytes, .size = text.size / 2 };
	return true;
}

static bool read_record(struct reader *reader, struct json json, const struct record_type *record, uint64_t optional, void *body,
			uint64_t *ret_present);

static bool read_item(struct reader *reader, struct json json, const struct field *field, void *item)
{
	uint64_t present;

	switch (field->kind) {
	case FIELD_BOOL:
		return read_bool(reader, json, item);
	case FIELD_INT:
		return read_int(reader, json, item);
	case FIELD_LONG:
		return read_integer(reader, json, INT64_MIN, INT64_MAX, item);
	case FIELD_DATE:
		return read_date(reader, json, item);
	case FIELD_INSTANT:
		return read_instant(reader, json, item);
	case FIELD_UUID:
		return read_uuid(reader, json, item);
	case FIELD_STRING:
		return read_string(reader, json, field, item);
	case FIELD_BYTES:
		return read_bytes(reader, json, field->size_max, item);
	case FIELD_RECORD:
		return read_record(reader, json, field->record, 0, item, &present);
	}
	MUST_NOT_REACH("a field kind that is not in the table");
}

static bool read_items(struct reader *reader, struct json array, const struct field *field, char *items)
{
	size_t item_size = shape_item_size(field);
	struct json_walk walk = json_walk(array);
	struct json item;
	bool is_good = true;
	char number[24];

	for (size_t i = 0; json_next(&walk, &item); i++) {
		size_t mark;

		(void)snprintf(number, sizeof(number), "%zu", i);
		mark = enter(reader, str_of(number));
		is_good &= read_item(reader, item, field, items + i * item_size);
		leave(reader, mark);
	}
	return is_good;
}

static bool read_array(struct reader *reader, struct json json, const struct field *field, void *body)
{
	size_t count;
	char *items;

	if (json_kind(json) != JSON_ARRAY)
		return refuse(reader, "wrong_type", "must be an array");
	count = json_count(json);
	if (count > field->items_max)
		return refuse(reader, "too_many", "too many items");
	items = arena_take(reader->arena, count > 0 ? count : 1, shape_item_size(field));
	if (items == NULL)
		return refuse_full(reader);
	shape_set_items(field, body, items, count);
	return read_items(reader, json, field, items);
}

static bool read_field(struct reader *reader, struct json json, const struct field *field, void *body)
{
	if (field->array)
		return read_array(reader, json, field, body);
	if (field->nullable)
		shape_set_present(field, body);
	return read_item(reader, json, field, shape_place(field, body));
}

/* ---- money ---- */

/* All amounts of a record are in one currency: the first says which. */
static bool read_currency(struct reader *reader, struct json json, const struct field *field, void *body, bool is_first)
{
	struct str *currency = shape_place(field, body);
	char room[PATTERN_MAX];

	if (is_first)
		return read_field(reader, json, field, body);
	if (!is_string(reader, json))
		return false;
	return str_equal(pattern_of(json, room), *currency) ||
	       refuse(reader, "differs", "another currency than the amount before");
}

/* The parts of one amount, as they stand there. */
struct money {
	struct json amount, currency; /* at NULL: not there */
};

static bool find_money(struct reader *reader, struct json json, struct money *money)
{
	struct json_walk walk = json_walk(json);
	struct json key, value;
	char room[KEY_MAX];
	bool is_good = true;

	while (json_next_member(&walk, &key, &value)) {
		struct str name = key_of(key, room);
		struct json *place = str_is(name, JSON_AMOUNT)     ? &money->amount
				     : str_is(name, JSON_CURRENCY) ? &money->currency
								   : NULL;

		if (place == NULL)
			is_good = refuse_unknown(reader, name);
		else if (place->at != NULL)
			is_good = refuse_twice(reader, name);
		else
			*place = value;
	}
	return is_good;
}

static bool read_amount(struct reader *reader, struct json json, const struct field *field, void *body)
{
	size_t mark = enter(reader, STR(JSON_AMOUNT));
	bool is_good = json.at != NULL ? read_field(reader, json, field, body) : refuse(reader, "missing", "missing");

	leave(reader, mark);
	return is_good;
}

static bool read_money_currency(struct reader *reader, struct json json, const struct field *field, void *body, bool is_first)
{
	size_t mark = enter(reader, STR(JSON_CURRENCY));
	bool is_good =
		json.at != NULL ? read_currency(reader, json, field, body, is_first) : refuse(reader, "missing", "missing");

	leave(reader, mark);
	return is_good;
}

static bool read_money(struct reader *reader, struct json json, const struct record_type *record, const struct field *field,
		       void *body, uint64_t *present)
{
	const struct field *currency = json_field(record, STR(JSON_CURRENCY));
	uint64_t currency_bit = UINT64_C(1) << (currency - record->fields);
	struct money money = { .amount = { NULL } };
	bool is_good;

	if (json_kind(json) != JSON_OBJECT)
		return refuse(reader, "wrong_type", "must be an object: amountMinor, currency");
	is_good = find_money(reader, json, &money);
	is_good &= read_amount(reader, money.amount, field, body);
	if (!read_money_currency(reader, money.currency, currency, body, (*present & currency_bit) == 0))
		return false;
	*present |= currency_bit;
	return is_good;
}

/* ---- records ---- */

static bool refuse_missing(struct reader *reader, const struct record_type *record, const struct field *field)
{
	struct buf name;
	size_t mark;

	buf_init(&name, JSON_POINTER_MAX);
	if (reader->style == JSON_REST)
		json_write_name(&name, record, field);
	else
		buf_add_text(&name, field->name);
	mark = enter(reader, buf_str(&name));
	refuse(reader, "missing", "missing");
	leave(reader, mark);
	buf_release(&name);
	return false;
}

/* The currency is never missing by itself: its amounts are, or it is in them. */
static bool is_demanded(const struct reader *reader, const struct record_type *record, const struct field *field)
{
	return !field->nullable && !field->array && (reader->style == JSON_SCHEMA || json_part_of(record, field) != JSON_HIDDEN);
}

static bool read_value(struct reader *reader, struct json json, const struct record_type *record, const struct field *field,
		       enum json_part part, void *body, uint64_t *present)
{
	uint64_t bit = UINT64_C(1) << (field - record->fields);

	if ((*present & bit) != 0)
		return refuse(reader, "duplicate_member", "a member stands twice");
	if (field->nullable && json_kind(json) == JSON_NULL)
		return true;
	*present |= bit;
	return part == JSON_MONEY ? read_money(reader, json, record, field, body, present)
				  : read_field(reader, json, field, body);
}

static bool read_member(struct reader *reader, struct json key, struct json json, const struct record_type *record, void *body,
			uint64_t *present)
{
	char room[KEY_MAX];
	struct str name = key_of(key, room);
	enum json_part part;
	const struct field *field = field_of_member(reader, record, name, &part);
	bool is_good;
	size_t mark;

	if (field == NULL)
		return refuse_unknown(reader, name);
	mark = enter(reader, name);
	is_good = read_value(reader, json, record, field, part, body, present);
	leave(reader, mark);
	return is_good;
}

static bool read_record(struct reader *reader, struct json json, const struct record_type *record, uint64_t optional, void *body,
			uint64_t *ret_present)
{
	uint64_t present = 0;
	bool is_good = true;
	struct json_walk walk;
	struct json key, value;

	MUST(record->fields_count <= FIELDS_MAX);
	if (json_kind(json) != JSON_OBJECT)
		return refuse(reader, "wrong_type", "must be an object");
	walk = json_walk(json);
	while (json_next_member(&walk, &key, &value))
		is_good &= read_member(reader, key, value, record, body, &present);
	for (size_t i = 0; i < record->fields_count; i++) {
		if ((((present | optional) >> i) & 1) == 0 && is_demanded(reader, record, &record->fields[i]))
			is_good = refuse_missing(reader, record, &record->fields[i]);
	}
	*ret_present = present;
	return is_good;
}

bool json_read_record(struct json json, const struct record_type *record, struct json_reading *reading, struct arena *arena,
		      void *body, struct json_faults *faults)
{
	struct reader reader = { .arena = arena, .style = reading->style, .faults = faults, .skip = reading->skip };

	if (reading->pointer != NULL) {
		MUST(reading->pointer[0] == '/');
		enter(&reader, str_of(reading->pointer + 1));
	}
	reader.skip_at = reader.pointer_size;
	return read_record(&reader, json, record, reading->optional, body, &reading->present);
}
