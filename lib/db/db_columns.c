/* Columns beside members: the texts of statements, and values from a struct to the table's bytes and back. */
#include "db/db_columns.h"

#include <inttypes.h>

#include "base/array.h"
#include "base/must.h"
#include "db/binary.h"
#include "db/connection.h"

#define SQL_SIZE_MAX 8192

/* ---- types ---- */

static const struct {
	const char *name;
	enum db_array type;
} types[] = {
	{ "boolean", DB_ARRAY_BOOL }, { "smallint", DB_ARRAY_INT16 }, { "integer", DB_ARRAY_INT32 },
	{ "bigint", DB_ARRAY_INT64 }, { "date", DB_ARRAY_DATE },      { "uuid", DB_ARRAY_UUID },
	{ "text", DB_ARRAY_TEXT },    { "bytea", DB_ARRAY_BYTES },    { "timestamptz", DB_ARRAY_INSTANT },
};
#define TYPES_COUNT COUNT(types)

enum db_array column_type_named(struct str name)
{
	for (size_t i = 0; i < TYPES_COUNT; i++) {
		if (str_is(name, types[i].name))
			return types[i].type;
	}
	MUST_NOT_REACH("a type of column that rows do not have");
}

const char *column_type_name(enum db_array type)
{
	for (size_t i = 0; i < TYPES_COUNT; i++) {
		if (types[i].type == type)
			return types[i].name;
	}
	MUST_NOT_REACH("a type of column that rows do not have");
}

/* ---- lists ---- */

const struct db_column *db_columns_next(const struct db_columns *columns, const struct db_column *previous)
{
	const struct db_column *end = columns->all + columns->count;

	for (const struct db_column *column = previous == NULL ? columns->all : previous + 1; column < end; column++) {
		if (columns->set == 0 || (column->set & columns->set) != 0)
			return column;
	}
	return NULL;
}

int db_columns_count(const struct db_columns *columns)
{
	int count = 0;

	for (const struct db_column *column = db_columns_next(columns, NULL); column != NULL;
	     column = db_columns_next(columns, column))
		count++;
	return count;
}

/* ---- statements ---- */

void db_columns_write(struct buf *text, const struct db_columns *columns, struct str table)
{
	const char *comma = "";

	for (const struct db_column *column = db_columns_next(columns, NULL); column != NULL;
	     column = db_columns_next(columns, column)) {
		buf_add_text(text, comma);
		if (column->load != NULL)
			buf_add_text(text, column->load);
		else
			buf_add_format(text, "%.*s.%s", (int)table.size, table.data, column->name);
		comma = ", ";
	}
}

static void add_set(struct buf *text, const struct db_columns *columns, long long param)
{
	const char *comma = "";

	for (const struct db_column *column = db_columns_next(columns, NULL); column != NULL;
	     column = db_columns_next(columns, column)) {
		MUST(column->load == NULL);
		buf_add_format(text, "%s%s = ($%lld::%s[])[n]", comma, column->name, param++, column_type_name(column->type));
		comma = ", ";
	}
}

/* Expands a placeholder: "d.columns", "columns = $4". */
static void add_blank(struct buf *text, const struct db_columns *columns, struct str blank)
{
	struct str rest;
	struct str first = str_cut(blank, '.', &rest);
	long long param = 0;
	bool is_number;

	if (str_is(rest, "columns")) {
		db_columns_write(text, columns, first);
		return;
	}
	MUST(str_is(str_cut(blank, '$', &rest), "columns = "));
	is_number = str_to_int64(rest, &param);
	MUST(is_number && param > 0);
	add_set(text, columns, param);
}

const struct db_statement *db_template_statement(struct db_template *template)
{
	struct str rest = str_of(template->sql);

	if (template->statement.sql != NULL)
		return &template->statement;
	buf_init(&template->text, SQL_SIZE_MAX);
	while (rest.size > 0) {
		buf_add_str(&template->text, str_cut(rest, '{', &rest));
		if (rest.size > 0)
			add_blank(&template->text, template->columns, str_cut(rest, '}', &rest));
	}
	buf_add_u8(&template->text, '\0');
	MUST(!template->text.overflow);
	template->statement = (struct db_statement){ .name = template->name, .sql = (const char *)template->text.data };
	return &template->statement;
}

/* ---- from the struct ---- */

static int32_t member_int32(const void *member)
{
	int32_t number;

	memcpy(&number, member, sizeof(number));
	return number;
}

static int64_t member_int64(const void *member)
{
	int64_t number;

	memcpy(&number, member, sizeof(number));
	return number;
}

static const char *word_at(const struct db_column *column, uint32_t number)
{
	MUST(number < column->words_count);
	return column->words[number];
}

static struct str member_text(const struct db_column *column, const void *member)
{
	struct str text;

	if (column->words != NULL)
		return str_of(word_at(column, (uint32_t)member_int32(member)));
	if (column->chars_size > 0)
		return str_of(member);
	memcpy(&text, member, sizeof(text));
	return text;
}

/* A value in PostgreSQL's binary format. */
struct value {
	const void *bytes;
	int32_t size; /* -1: NULL */
	bool is_zero;
	unsigned char room[8]; /* of a number */
};

static void set_text(struct value *value, struct str text)
{
	MUST(text.size <= INT32_MAX);
	value->bytes = text.data;
	value->size = (int32_t)text.size;
	value->is_zero = text.size == 0;
}

static void set_int16(struct value *value, int32_t number)
{
	MUST(number >= INT16_MIN && number <= INT16_MAX);
	put_be16(value->room, (uint16_t)number);
	value->size = 2;
	value->is_zero = number == 0;
}

static void set_int32(struct value *value, int32_t number, bool is_date)
{
	put_be32(value->room, (uint32_t)(is_date ? date_to_postgres(number) : number));
	value->size = 4;
	value->is_zero = number == 0;
}

static void set_int64(struct value *value, int64_t number, bool is_instant)
{
	put_be64(value->room, (uint64_t)(is_instant ? instant_to_postgres(number) : number));
	value->size = 8;
	value->is_zero = number == 0;
}

static void set_flag(struct value *value, bool flag)
{
	value->room[0] = flag;
	value->size = 1;
	value->is_zero = !flag;
}

static void set_uuid(struct value *value, const struct uuid *id)
{
	value->bytes = id->bytes;
	value->size = sizeof(id->bytes);
	value->is_zero = uuid_is_none(id);
}

static void value_of(struct value *value, const struct db_column *column, const void *owner)
{
	const void *member = (const char *)owner + column->at;

	value->bytes = value->room;
	switch (column->type) {
	case DB_ARRAY_INT64:
	case DB_ARRAY_INSTANT:
		set_int64(value, member_int64(member), column->type == DB_ARRAY_INSTANT);
		break;
	case DB_ARRAY_INT32:
	case DB_ARRAY_DATE:
		set_int32(value, member_int32(member), column->type == DB_ARRAY_DATE);
		break;
	case DB_ARRAY_INT16:
		set_int16(value, member_int32(member));
		break;
	case DB_ARRAY_BOOL:
		set_flag(value, member_int32(member) != 0);
		break;
	case DB_ARRAY_UUID:
		set_uuid(value, member);
		break;
	case DB_ARRAY_TEXT:
	case DB_ARRAY_BYTES:
		set_text(value, member_text(column, member));
		break;
	case DB_ARRAY_TID:
		MUST_NOT_REACH("a row's place is no column");
	}
	if (value->is_zero && column->or_null)
		value->size = -1;
}

/* Most updated values are numbers, so they are written straight into the array. */
void db_array_column(struct db_params *params, const struct db_column *column, const void *owner)
{
	const void *member = (const char *)owner + column->at;
	struct value value;

	if (column->type == DB_ARRAY_INT64 && !column->or_null) {
		db_array_int64(params, member_int64(member));
		return;
	}
	if (column->type == DB_ARRAY_INT32 && !column->or_null) {
		db_array_int32(params, member_int32(member));
		return;
	}
	value_of(&value, column, owner);
	params_add_bytes(params, column->type, value.bytes, value.size);
}

void db_copy_columns(struct db_copy *copy, const struct db_columns *columns, const void *owner)
{
	struct value value;

	for (const struct db_column *column = db_columns_next(columns, NULL); column != NULL;
	     column = db_columns_next(columns, column)) {
		value_of(&value, column, owner);
		copy_add_bytes(copy, column->type, value.bytes, value.size);
	}
}

bool db_column_is(const struct db_column *column, const void *owner, const void *bytes, int32_t size)
{
	struct value value;

	value_of(&value, column, owner);
	return value.size == size && (size <= 0 || memcmp(value.bytes, bytes, (size_t)size) == 0);
}

/* ---- to the struct ---- */

static void read_word(const struct db_column *column, struct str text, void *member)
{
	uint32_t number = 0;

	while (number < column->words_count && !str_is(text, column->words[number]))
		number++;
	MUST(number < column->words_count);
	memcpy(member, &number, sizeof(number));
}

static void read_text(const struct db_column *column, struct str text, void *member)
{
	bool fits;

	if (column->words != NULL) {
		read_word(column, text, member);
		return;
	}
	MUST(column->chars_size > 0);
	fits = str_to_chars(member, column->chars_size, text);
	MUST(fits);
}

static void read_int64(int64_t number, void *member)
{
	memcpy(member, &number, sizeof(number));
}

static void read_int32(int32_t number, void *member)
{
	memcpy(member, &number, sizeof(number));
}

static void read_zero(const struct db_column *column, void *member)
{
	if (column->type == DB_ARRAY_UUID)
		memset(member, 0, sizeof(struct uuid));
	else if (column->type == DB_ARRAY_INT64 || column->type == DB_ARRAY_INSTANT)
		memset(member, 0, sizeof(int64_t));
	else
		memset(member, 0, column->chars_size > 0 ? column->chars_size : sizeof(int32_t));
}

/* The bytes of a value, as the table has them; of another size than its column's is a bug. */
static const unsigned char *bytes_of(struct str value, size_t size)
{
	MUST(value.size == size);
	return (const unsigned char *)value.data;
}

static void read_number(const struct db_column *column, struct str value, void *member)
{
	switch (column->type) {
	case DB_ARRAY_INT64:
		read_int64((int64_t)get_be64(bytes_of(value, 8)), member);
		break;
	case DB_ARRAY_INSTANT:
		read_int64(instant_from_postgres((int64_t)get_be64(bytes_of(value, 8))), member);
		break;
	case DB_ARRAY_INT32:
		read_int32((int32_t)get_be32(bytes_of(value, 4)), member);
		break;
	case DB_ARRAY_DATE:
		read_int32(date_from_postgres((int32_t)get_be32(bytes_of(value, 4))), member);
		break;
	case DB_ARRAY_INT16:
		read_int32((int16_t)get_be16(bytes_of(value, 2)), member);
		break;
	case DB_ARRAY_BOOL:
		read_int32(*bytes_of(value, 1) != 0, member);
		break;
	case DB_ARRAY_UUID:
	case DB_ARRAY_TEXT:
	case DB_ARRAY_BYTES:
	case DB_ARRAY_TID:
		MUST_NOT_REACH("no number");
	}
}

static void read_column(const struct db_column *column, struct str value, bool is_null, void *owner)
{
	void *member = (char *)owner + column->at;

	MUST(!is_null || column->or_null);
	if (is_null)
		read_zero(column, member);
	else if (column->type == DB_ARRAY_UUID)
		memcpy(member, bytes_of(value, sizeof(struct uuid)), sizeof(struct uuid));
	else if (column->type == DB_ARRAY_TEXT || column->type == DB_ARRAY_BYTES)
		read_text(column, value, member);
	else
		read_number(column, value, member);
}

void db_columns_read(const struct db_columns *columns, const struct db_result *result, int row, int first, void *owner)
{
	for (const struct db_column *column = db_columns_next(columns, NULL); column != NULL;
	     column = db_columns_next(columns, column), first++)
		read_column(column, db_str(result, row, first), db_is_null(result, row, first), owner);
}

void db_columns_read_stream(const struct db_columns *columns, const struct db_stream *stream, int first, void *owner)
{
	for (const struct db_column *column = db_columns_next(columns, NULL); column != NULL;
	     column = db_columns_next(columns, column), first++)
		read_column(column, db_stream_str(stream, first), db_stream_is_null(stream, first), owner);
}
