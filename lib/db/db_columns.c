/* Columns beside members: the texts of statements, and values from a struct to the table's bytes and back. */
#include "db/db_columns.h"

#include <inttypes.h>

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
#define TYPES_COUNT (sizeof(types) / sizeof(types[0]))

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

static void add_read(struct buf *text, const struct db_columns *columns, struct str table)
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

/* What stands between the brackets: "d.columns", "columns = $4". */
static void add_blank(struct buf *text, const struct db_columns *columns, struct str blank)
{
	struct str rest;
	struct str first = str_cut(blank, '.', &rest);
	long long param = 0;
	bool is_number;

	if (str_is(rest, "columns")) {
		add_read(text, columns, first);
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

/* As the table has it. */
struct value {
	const void *bytes;
	int32_t size; /* -1: NULL */
	unsigned char room[8];
};

static bool is_64(const struct db_column *column)
{
	return column->type == DB_ARRAY_INT64 || column->type == DB_ARRAY_INSTANT;
}

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

static void set_bytes(struct value *value, const void *bytes, size_t size)
{
	MUST(size <= INT32_MAX);
	value->bytes = bytes;
	value->size = (int32_t)size;
}

/* Numbers are written to the value's room. True: it is zero. */
static bool write_int64(struct value *value, const struct db_column *column, const void *member)
{
	int64_t number = member_int64(member);

	put_be64(value->room, (uint64_t)(column->type == DB_ARRAY_INSTANT ? instant_to_postgres(number) : number));
	set_bytes(value, value->room, 8);
	return number == 0;
}

static bool write_int32(struct value *value, const struct db_column *column, const void *member)
{
	int32_t number = member_int32(member);

	if (column->type == DB_ARRAY_BOOL) {
		value->room[0] = number != 0;
		set_bytes(value, value->room, 1);
	} else if (column->type == DB_ARRAY_INT16) {
		MUST(number >= INT16_MIN && number <= INT16_MAX);
		put_be16(value->room, (uint16_t)number);
		set_bytes(value, value->room, 2);
	} else {
		put_be32(value->room, (uint32_t)(column->type == DB_ARRAY_DATE ? date_to_postgres(number) : number));
		set_bytes(value, value->room, 4);
	}
	return number == 0;
}

static void value_of(struct value *value, const struct db_column *column, const void *owner)
{
	const void *member = (const char *)owner + column->at;
	struct str text;
	bool is_zero;

	if (column->type == DB_ARRAY_UUID) {
		set_bytes(value, member, sizeof(struct uuid));
		is_zero = uuid_is_none(member);
	} else if (column->type == DB_ARRAY_TEXT || column->type == DB_ARRAY_BYTES) {
		text = member_text(column, member);
		set_bytes(value, text.data, text.size);
		is_zero = text.size == 0;
	} else if (is_64(column)) {
		is_zero = write_int64(value, column, member);
	} else {
		is_zero = write_int32(value, column, member);
	}
	if (is_zero && column->or_null)
		value->size = -1;
}

void db_array_column(struct db_params *params, const struct db_column *column, const void *owner)
{
	struct value value;

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

static void read_int64(const struct db_column *column, const struct db_result *result, int row, int at, void *member)
{
	int64_t number = column->type == DB_ARRAY_INSTANT ? db_instant(result, row, at) : db_int64(result, row, at);

	memcpy(member, &number, sizeof(number));
}

static void read_int32(const struct db_column *column, const struct db_result *result, int row, int at, void *member)
{
	int32_t number;

	if (column->type == DB_ARRAY_BOOL)
		number = db_bool(result, row, at);
	else if (column->type == DB_ARRAY_INT16)
		number = db_int16(result, row, at);
	else
		number = db_int32(result, row, at);
	memcpy(member, &number, sizeof(number));
}

static size_t member_size(const struct db_column *column)
{
	if (column->type == DB_ARRAY_UUID)
		return sizeof(struct uuid);
	if (is_64(column))
		return sizeof(int64_t);
	return column->chars_size > 0 ? column->chars_size : sizeof(int32_t);
}

static void read_column(const struct db_column *column, const struct db_result *result, int row, int at, void *owner)
{
	void *member = (char *)owner + column->at;

	if (column->or_null && db_is_null(result, row, at)) {
		memset(member, 0, member_size(column));
	} else if (column->type == DB_ARRAY_UUID) {
		struct uuid id = db_uuid(result, row, at);

		memcpy(member, &id, sizeof(id));
	} else if (column->type == DB_ARRAY_TEXT || column->type == DB_ARRAY_BYTES) {
		read_text(column, db_str(result, row, at), member);
	} else if (is_64(column)) {
		read_int64(column, result, row, at, member);
	} else {
		read_int32(column, result, row, at, member);
	}
}

void db_columns_read(const struct db_columns *columns, const struct db_result *result, int row, int first, void *owner)
{
	for (const struct db_column *column = db_columns_next(columns, NULL); column != NULL;
	     column = db_columns_next(columns, column))
		read_column(column, result, row, first++, owner);
}
