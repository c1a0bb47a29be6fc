#ifndef DB_DB_COLUMNS_H
#define DB_DB_COLUMNS_H

#include "base/array.h"
#include "db/db.h"
#include "db/db_stream.h"

/*
 * The columns of a table beside the struct that holds them, written once and used by every statement that loads, inserts, updates
 * or compares rows of the table.
 *
 *   static const struct db_column rows[] = {
 *           { "version", DB_INT64(struct debt, version), .set = MOVES },
 *           { "opened_on", DB_DATE(struct debt, opened_on) },
 *           { "portfolio_id", DB_UUID(struct debt, portfolio_id), .or_null = true },
 *   };
 *   const struct db_columns debt_columns = DB_COLUMNS(rows, 0);
 *   static const struct db_columns moving = DB_COLUMNS(rows, MOVES);
 *
 * A member of another C type than its column needs does not compile. A column that needs more than this (sealed, of several
 * members, of another table's state) is written by hand beside the list.
 */
struct db_column {
	const char *name;
	enum db_array type;       /* in the table */
	size_t at;                /* of the member */
	size_t chars_size;        /* of a character array; 0: the member is a struct str or the number of a word */
	const char *const *words; /* the list, if the text is a word of a fixed list: the member holds the word's number */
	size_t words_count;
	unsigned set;     /* the caller's bits: the sets of columns that it belongs to, beside the set of all */
	bool or_null;     /* 0, the nil UUID or an empty text in the struct is NULL in the table */
	const char *load; /* an expression to read instead of the column, which is then never written; NULL: none */
};

/* A list of columns, or those of its columns that have one of the bits `set` (0: all). Borrows. */
struct db_columns {
	const struct db_column *all;
	size_t count; /* of all */
	unsigned set;
};
#define DB_COLUMNS(rows, its_set)                                                                                                \
	{                                                                                                                        \
		.all = (rows), .count = COUNT(rows), .set = (its_set)                                                            \
	}

/* Type and place of a column by its member. */
#define DB_INT64(owner, member)    DB_MEMBER_8(owner, member, DB_ARRAY_INT64)   /* bigint: int64_t */
#define DB_INSTANT(owner, member)  DB_MEMBER_8(owner, member, DB_ARRAY_INSTANT) /* timestamptz: int64_t, milliseconds */
#define DB_INT32(owner, member)    DB_MEMBER_4(owner, member, DB_ARRAY_INT32)   /* integer: int32_t, uint32_t */
#define DB_SMALLINT(owner, member) DB_MEMBER_4(owner, member, DB_ARRAY_INT16)   /* smallint: the same */
#define DB_DATE(owner, member)     DB_MEMBER_4(owner, member, DB_ARRAY_DATE)    /* date: int32_t, as base/day.h */
#define DB_FLAG(owner, member)     DB_MEMBER_4(owner, member, DB_ARRAY_BOOL)    /* boolean: uint32_t, 1 or 0 */
#define DB_UUID(owner, member)     DB_MEMBER(owner, member, DB_ARRAY_UUID, struct uuid : 0)
#define DB_CHARS(owner, member)                                                                                                  \
	DB_MEMBER(owner, member, DB_ARRAY_TEXT, char * : 0),                                                                     \
		.chars_size = sizeof(((owner *)0)->member) /* text: char[], terminated */
/* text: uint32_t or an enum, the number of a word in an array of words; number 0 is "" and means none. */
#define DB_WORD(owner, member, its_words)                                                                                        \
	DB_MEMBER_4(owner, member, DB_ARRAY_TEXT), .words = (its_words), .words_count = COUNT(its_words)
#define DB_STR(owner, member)   DB_MEMBER(owner, member, DB_ARRAY_TEXT, struct str : 0)  /* text: struct str; for writing only */
#define DB_BYTES(owner, member) DB_MEMBER(owner, member, DB_ARRAY_BYTES, struct str : 0) /* bytea: the same */

#define DB_MEMBER_8(owner, member, its_type) DB_MEMBER(owner, member, its_type, int64_t : 0)
#define DB_MEMBER_4(owner, member, its_type) DB_MEMBER(owner, member, its_type, int32_t : 0, uint32_t : 0)
#define DB_MEMBER(owner, member, its_type, ...)                                                                                  \
	.type = (its_type), .at = offsetof(owner, member) + _Generic(((owner *)0)->member, __VA_ARGS__)

/* ---- statements ---- */

/*
 * A statement with a placeholder for its columns:
 *
 *   {d.columns}       columns to read, `d` being the table's name in the statement: "d.version, d.opened_on"
 *   {columns = $4}    columns to set, from arrays that are parameters 4, 5 ...: "version = ($4::bigint[])[n], opened_on = ..."
 *
 * The statement takes an array's item by its number, n. With unnest of twelve arrays the server would write and read each through
 * a tuplestore, a fifth of the statement's cost. A template is a static object that never moves.
 */
struct db_template {
	const char *name, *sql;
	const struct db_columns *columns;

	/* made at first use */
	struct db_statement statement;
	struct buf text;
};

/* Made at the first call; valid as long as the template. */
const struct db_statement *db_template_statement(struct db_template *template);

/* The text of {d.columns} for a table `d`: for a statement that reads several lists. */
void db_columns_write(struct buf *text, const struct db_columns *columns, struct str table);

/* ---- values ---- */

/* Reads a row's columns into the struct; `first` is the number of the first one in the result. A NULL in a column without
 * `or_null`, a text too long for its array and a word outside its list are bugs (MUST): the table's constraints rule them out. */
void db_columns_read(const struct db_columns *columns, const struct db_result *result, int row, int first, void *owner);

/* The same of the row at hand of a stream. */
void db_columns_read_stream(const struct db_columns *columns, const struct db_stream *stream, int first, void *owner);

/* The columns of a row begun by db_copy_row. */
void db_copy_columns(struct db_copy *copy, const struct db_columns *columns, const void *owner);

/* One item of an array begun with the column's type. */
void db_array_column(struct db_params *params, const struct db_column *column, const void *owner);

/*
 * Iterates over a list: `for (column = db_columns_next(columns, NULL); column != NULL; column = db_columns_next(columns,
 * column))`.
 */
const struct db_column *db_columns_next(const struct db_columns *columns, const struct db_column *previous);

/* The number of columns. */
int db_columns_count(const struct db_columns *columns);

/* Whether these bytes of the table equal the struct's value; size -1: NULL. Any size is allowed: a row may be forged. */
bool db_column_is(const struct db_column *column, const void *owner, const void *bytes, int32_t size);

#endif
