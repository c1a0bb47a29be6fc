#ifndef DB_DB_STREAM_H
#define DB_DB_STREAM_H

#include "base/must.h"
#include "db/db.h"

/*
 * The rows of a query one by one, as the server sends them: for reading whole tables. It is a binary COPY, which costs the
 * server and this side about half of what a result costs per row, and the server runs ahead of the reader by the size of the
 * socket's buffer. The statement is a constant SELECT without parameters.
 *
 *   db_stream_open; db_stream_next until *ret_found is false or no more rows are wanted; db_stream_close
 *
 * From open to close nothing else runs on the connection; open may run within a transaction. After a failure: db_stream_close,
 * then db_rollback.
 */
#define DB_STREAM_COLUMNS_MAX 64

struct db_stream {
	struct db *db; /* borrows; NULL: not open */
	const struct db_statement *statement;
	void *columns; /* PGresult: the names of the columns */
	char *message; /* libpq's: the row at hand */
	bool has_header, is_over;
	int columns_count;
	struct {
		const unsigned char *data;
		int32_t size; /* -1: NULL */
	} fields[DB_STREAM_COLUMNS_MAX];
};

MUST_CHECK int db_stream_open(struct db_stream *stream, struct db *db, const struct db_statement *statement, struct err *err);

/* *ret_found false: there are no more rows. The row's bytes are valid until the next call. */
MUST_CHECK int db_stream_next(struct db_stream *stream, bool *ret_found, struct err *err);

/*
 * Reads and discards the remaining rows. A failure is seen at the connection (db_is_alive) or at the transaction's next
 * statement. Accepts a zeroed stream.
 */
void db_stream_close(struct db_stream *stream);

const char *db_stream_column_name(const struct db_stream *stream, int column); /* borrows, until close */

/* ---- the row at hand: sizes are checked (MUST), types are not known ---- */

static inline bool db_stream_is_null(const struct db_stream *stream, int column)
{
	MUST(column >= 0 && column < stream->columns_count);
	return stream->fields[column].size < 0;
}

static inline struct str db_stream_str(const struct db_stream *stream, int column) /* text, bytea; empty for NULL */
{
	if (db_stream_is_null(stream, column))
		return STR("");
	return (struct str){ .data = (const char *)stream->fields[column].data, .size = (size_t)stream->fields[column].size };
}

bool db_stream_bool(const struct db_stream *stream, int column);
int32_t db_stream_int32(const struct db_stream *stream, int column);
int64_t db_stream_int64(const struct db_stream *stream, int column);
int64_t db_stream_instant(const struct db_stream *stream, int column);
struct uuid db_stream_uuid(const struct db_stream *stream, int column);

#endif
