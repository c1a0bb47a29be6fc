/* Binary COPY to this side: a header of 19 bytes in front of the first row, each row a number of fields (16 bits, -1: the end),
 * each field its length (32 bits, -1: NULL) and its bytes. */
#include "db/db_stream.h"

#include <stdio.h>

#include "db/binary.h"
#include "db/connection.h"

#define SQL_SIZE_MAX 8192
#define HEADER_SIZE  19 /* signature, flags, size of an extension: 0 */

/* ---- opening ---- */

static int describe(struct db_stream *stream, struct err *err)
{
	struct db *db = stream->db;
	struct prepared *prepared = connection_prepared(db, stream->statement, NULL);
	PGresult *answer = NULL;

	if (prepared->state != PREPARED_DONE && connection_prepare(db, prepared, err) != 0)
		return -1;
	if (!PQsendDescribePrepared(db->pg, stream->statement->name))
		return connection_lost(db, "cannot send", err);
	if (connection_flush(db, err) != 0 || connection_answer(db, &answer, err) != 0)
		return -1;
	if (connection_check(db, answer, stream->statement->name, err) != 0) {
		PQclear(answer);
		return -1;
	}
	stream->columns = answer;
	stream->columns_count = PQnfields(answer);
	MUST(stream->columns_count <= DB_STREAM_COLUMNS_MAX);
	return 0;
}

static int start(struct db_stream *stream, struct err *err)
{
	struct db *db = stream->db;
	PGresult *answer = NULL;
	char sql[SQL_SIZE_MAX];
	int size = snprintf(sql, sizeof(sql), "COPY (%s) TO STDOUT (FORMAT binary)", stream->statement->sql);
	int rc = 0;

	MUST(size > 0 && (size_t)size < sizeof(sql));
	if (!PQsendQuery(db->pg, sql))
		return connection_lost(db, "cannot send", err);
	if (connection_flush(db, err) != 0 || connection_answer(db, &answer, err) != 0)
		return -1;
	if (PQresultStatus(answer) != PGRES_COPY_OUT) {
		rc = connection_check(db, answer, stream->statement->name, err);
		MUST(rc != 0);
	}
	PQclear(answer);
	return rc;
}

int db_stream_open(struct db_stream *stream, struct db *db, const struct db_statement *statement, struct err *err)
{
	*stream = (struct db_stream){ .db = db, .statement = statement, .is_over = true };
	if (connection_ready(db, err) != 0 || describe(stream, err) != 0 || start(stream, err) != 0)
		return -1;
	stream->is_over = false;
	return 0;
}

/* ---- rows ---- */

/* Receives the next message. *ret_size: its size; 0 at the end, after the server's final answer. */
static int next_message(struct db_stream *stream, int *ret_size, struct err *err)
{
	struct db *db = stream->db;
	PGresult *answer = NULL;
	int size;
	int rc;

	PQfreemem(stream->message);
	stream->message = NULL;
	for (;;) { /* ends: the server answers, closes, or patience_ms ends */
		size = PQgetCopyData(db->pg, &stream->message, 1);
		if (size != 0)
			break;
		if (connection_read(db, err) != 0)
			return -1;
	}
	*ret_size = size > 0 ? size : 0;
	if (size > 0)
		return 0;
	stream->is_over = true;
	if (connection_answer(db, &answer, err) != 0)
		return -1;
	rc = connection_check(db, answer, stream->statement->name, err);
	PQclear(answer);
	return rc;
}

/* A message that is no valid COPY row is a failure of the server. */
static int read_fields(struct db_stream *stream, const unsigned char *at, const unsigned char *end, struct err *err)
{
	for (int i = 0; i < stream->columns_count; i++) {
		uint32_t size;

		if (end - at < 4)
			return connection_lost(stream->db, "a row that is cut off", err);
		size = get_be32(at);
		at += 4;
		stream->fields[i].size = size == UINT32_MAX ? -1 : (int32_t)size;
		stream->fields[i].data = at;
		if (size == UINT32_MAX)
			continue;
		if (size > (size_t)(end - at))
			return connection_lost(stream->db, "a row that is cut off", err);
		at += size;
	}
	return 0;
}

int db_stream_next(struct db_stream *stream, bool *ret_found, struct err *err)
{
	const unsigned char *at, *end;
	int size = 0;

	*ret_found = false;
	while (!stream->is_over) {
		if (next_message(stream, &size, err) != 0)
			return -1;
		at = (const unsigned char *)stream->message;
		end = at + size;
		if (!stream->has_header && size >= HEADER_SIZE) {
			at += HEADER_SIZE;
			stream->has_header = true;
		}
		if (end - at < 2 || get_be16(at) == UINT16_MAX)
			continue; /* the header alone, or the mark at the end of all rows */
		if (get_be16(at) != stream->columns_count)
			return connection_lost(stream->db, "a row of another number of columns", err);
		*ret_found = true;
		return read_fields(stream, at + 2, end, err);
	}
	return 0;
}

void db_stream_close(struct db_stream *stream)
{
	struct err ignored = ERR_INIT;
	int size;

	while (stream->db != NULL && !stream->is_over && next_message(stream, &size, &ignored) == 0)
		; /* ends: with the rows, or the connection */
	PQfreemem(stream->message);
	PQclear(stream->columns);
	*stream = (struct db_stream){ .db = NULL };
}

const char *db_stream_column_name(const struct db_stream *stream, int column)
{
	MUST(column >= 0 && column < stream->columns_count);
	return PQfname(stream->columns, column);
}

/* ---- values ---- */

static const unsigned char *value_of(const struct db_stream *stream, int column, int32_t size)
{
	MUST(column >= 0 && column < stream->columns_count);
	MUST(stream->fields[column].size == size);
	return stream->fields[column].data;
}

bool db_stream_bool(const struct db_stream *stream, int column)
{
	return *value_of(stream, column, 1) != 0;
}

int32_t db_stream_int32(const struct db_stream *stream, int column)
{
	return (int32_t)get_be32(value_of(stream, column, 4));
}

int64_t db_stream_int64(const struct db_stream *stream, int column)
{
	return (int64_t)get_be64(value_of(stream, column, 8));
}

int64_t db_stream_instant(const struct db_stream *stream, int column)
{
	return instant_from_postgres((int64_t)get_be64(value_of(stream, column, 8)));
}

struct uuid db_stream_uuid(const struct db_stream *stream, int column)
{
	struct uuid id;

	memcpy(id.bytes, value_of(stream, column, sizeof(id.bytes)), sizeof(id.bytes));
	return id;
}
