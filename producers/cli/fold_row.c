/*
 * Compares rows of tables column by column: the value according to the log, in PostgreSQL's format, with the value in the table.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/day.h"
#include "crypto/crypto.h"
#include "crypto/seal.h"
#include "fold.h"

#define EPOCH_DAY 10957 /* PostgreSQL counts from 2000-01-01 */

struct str row_text(const struct table_row *row, int column)
{
	return db_stream_str(row->stream, column);
}

struct uuid row_uuid(const struct table_row *row, int column)
{
	struct str bytes = row_text(row, column);
	struct uuid id = { { 0 } };

	if (bytes.size == sizeof(id.bytes))
		memcpy(id.bytes, bytes.data, sizeof(id.bytes));
	return id;
}

bool row_is_null(const struct table_row *row, int column)
{
	return db_stream_is_null(row->stream, column);
}

int64_t row_int64(const struct table_row *row, int column)
{
	return row_is_null(row, column) ? 0 : db_stream_int64(row->stream, column);
}

int32_t row_int32(const struct table_row *row, int column)
{
	return row_is_null(row, column) ? 0 : db_stream_int32(row->stream, column);
}

static void where_row(char where[WHERE_SIZE], const struct table_row *row)
{
	char id[UUID_TEXT_SIZE + 1];
	struct uuid first;
	int size;

	if (row->table->by_place) {
		snprintf(where, WHERE_SIZE, "%s part %d seq %lld", row->table->name, row_int32(row, 0),
			 (long long)row_int64(row, 1));
		return;
	}
	first = row_uuid(row, 1);
	uuid_format(id, &first);
	size = snprintf(where, WHERE_SIZE, "%s %s", row->table->name, id);
	for (int column = 2; column <= row->table->ids && size < WHERE_SIZE; column++) {
		struct str text = row_text(row, column);

		size += snprintf(where + size, (size_t)(WHERE_SIZE - size), " %.*s", (int)text.size, text.data);
	}
}

void row_wrong(struct table_row *row, const char *format, ...)
{
	char where[WHERE_SIZE], what[160];
	va_list values;

	va_start(values, format);
	vsnprintf(what, sizeof(what), format, values);
	va_end(values);
	where_row(where, row);
	finding(row->verify, row->promise, where, "%s", what);
}

void skip_column(struct table_row *row)
{
	row->column++;
}

static void expect(struct table_row *row, bool is_given, const void *bytes, size_t size)
{
	int column = row->column++;
	bool is_null = row_is_null(row, column);
	struct str there = row_text(row, column);

	if (is_null != !is_given || (is_given && !str_equal(there, (struct str){ .data = bytes, .size = size })))
		row_wrong(row, "%s is not what the log says", db_stream_column_name(row->stream, column));
}

void expect_columns(struct table_row *row, const void *owner)
{
	const struct db_columns *columns = row->table->template->columns;

	row->column = row->stream->columns_count - db_columns_count(columns);
	for (const struct db_column *column = db_columns_next(columns, NULL); column != NULL;
	     column = db_columns_next(columns, column)) {
		struct str there = row_text(row, row->column);

		if (!db_column_is(column, owner, there.data, row_is_null(row, row->column) ? -1 : (int32_t)there.size))
			row_wrong(row, "%s is not what the log says", column->name);
		row->column++;
	}
}

static void expect_number(struct table_row *row, bool is_given, int64_t number, size_t size)
{
	unsigned char bytes[8];

	for (size_t i = 0; i < size; i++)
		bytes[i] = (unsigned char)((uint64_t)number >> (8 * (size - 1 - i)));
	expect(row, is_given, bytes, size);
}

void expect_uuid(struct table_row *row, const struct uuid *id)
{
	expect(row, true, id->bytes, sizeof(id->bytes));
}

void expect_uuid_or_null(struct table_row *row, const struct uuid *id)
{
	expect(row, !uuid_is_none(id), id->bytes, sizeof(id->bytes));
}

void expect_bool(struct table_row *row, bool value)
{
	expect_number(row, true, value ? 1 : 0, 1);
}

void expect_int32(struct table_row *row, int32_t number)
{
	expect_number(row, true, number, 4);
}

void expect_int32_if(struct table_row *row, bool is_given, int32_t number)
{
	expect_number(row, is_given, number, 4);
}

void expect_int64(struct table_row *row, int64_t number)
{
	expect_number(row, true, number, 8);
}

void expect_int64_or_null(struct table_row *row, int64_t number)
{
	expect_number(row, number != 0, number, 8);
}

void expect_int64_if(struct table_row *row, bool is_given, int64_t number)
{
	expect_number(row, is_given, number, 8);
}

void expect_date_or_null(struct table_row *row, bool is_given, int32_t day)
{
	expect_number(row, is_given, (int64_t)day - EPOCH_DAY, 4);
}

void expect_date(struct table_row *row, int32_t day)
{
	expect_date_or_null(row, true, day);
}

void expect_instant_or_null(struct table_row *row, bool is_given, int64_t instant_ms)
{
	expect_number(row, is_given, is_given ? (instant_ms - EPOCH_DAY * DAY_MS) * 1000 : 0, 8);
}

void expect_instant(struct table_row *row, int64_t instant_ms)
{
	expect_instant_or_null(row, true, instant_ms);
}

void expect_bytes_or_null(struct table_row *row, bool is_given, struct str bytes)
{
	expect(row, is_given, bytes.data, bytes.size);
}

bool open_column(struct table_row *row, const struct seal_place *place, struct str salt, struct str *ret_text)
{
	int column = row->column++;
	struct str sealed = row_text(row, column);
	struct err why = ERR_INIT;
	struct opened opened;
	uint8_t key[32];
	char *room;
	bool opens;

	if (!row->verify->has_key || row_is_null(row, column))
		return false;
	room = arena_take_bytes(&row->verify->arena, sealed.size);
	person_key(key, row->verify->key, salt);
	opens = room != NULL && unseal(&opened, room, sealed, place, key, &why) == 0;
	wipe(key, sizeof(key));
	if (!opens) {
		row_wrong(row, "%s cannot be opened: forged, or sealed for another place or person",
			  db_stream_column_name(row->stream, column));
		return false;
	}
	row->verify->tally.sealed_old += opened.is_old;
	if (opened.is_old && row->verify->no_old_seals)
		row_wrong(row, "%s is sealed in the old form", db_stream_column_name(row->stream, column));
	*ret_text = opened.text;
	return true;
}

void expect_bytes(struct table_row *row, struct str bytes)
{
	expect(row, true, bytes.data, bytes.size);
}
