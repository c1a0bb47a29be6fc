/* Rows, collected in memory in the format of a binary COPY FROM STDIN, and that COPY, which sends them in large pieces. */

#include <stdio.h>

#include "base/must.h"
#include "db/binary.h"
#include "db/connection.h"
#include "db/db_columns.h"

#define COPY_HEADER     "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0" /* signature, flags, size of the extension */
#define COPY_TRAILER    "\377\377"
#define COPY_CHUNK_SIZE ((size_t)128 * 1024)

/* A field's length, and room for it; NULL when it does not fit. */
static unsigned char *field_begin(struct db_copy *copy, size_t size)
{
	unsigned char *at;

	MUST(copy->fields_left > 0);
	copy->fields_left--;
	at = buf_reserve(&copy->bytes, 4 + size);
	if (at == NULL)
		return NULL;
	copy->bytes.size += 4 + size;
	put_be32(at, (uint32_t)size);
	return at + 4;
}

/* ---- the table ---- */

#define SQL_SIZE_MAX 4096

static void add_column(struct db_copy *copy, struct buf *types, struct str name, struct str type)
{
	const char *comma = copy->columns == 0 ? "" : ", ";

	MUST(copy->columns < DB_PARAMS_MAX);
	copy->kinds[copy->columns++] = column_type_named(type);
	buf_add_format(&copy->copy_sql, "%s%.*s", comma, (int)name.size, name.data);
	buf_add_format(&copy->insert_sql, "%s%.*s", comma, (int)name.size, name.data);
	buf_add_format(types, "%s$%u::%.*s[]", comma, copy->columns, (int)type.size, type.data);
}

/* "debt_id uuid, opened_on date" */
static void add_written(struct db_copy *copy, struct buf *types, struct str columns)
{
	while (columns.size > 0) {
		struct str type = str_cut(columns, ',', &columns);
		struct str name;

		if (type.data[0] == ' ')
			(void)str_cut(type, ' ', &type);
		name = str_cut(type, ' ', &type);
		add_column(copy, types, name, type);
	}
}

static void add_listed(struct db_copy *copy, struct buf *types, const struct db_columns *columns)
{
	for (const struct db_column *column = db_columns_next(columns, NULL); column != NULL;
	     column = db_columns_next(columns, column)) {
		MUST(column->load == NULL);
		add_column(copy, types, str_of(column->name), str_of(column_type_name(column->type)));
	}
}

/* Both texts from one list, so that they cannot differ. */
static void write_texts(struct db_copy *copy, const struct db_table *table)
{
	struct buf types;

	buf_init(&types, SQL_SIZE_MAX);
	buf_add_format(&copy->copy_sql, "COPY %s (", table->name);
	buf_add_format(&copy->insert_name, "insert_%s", table->name);
	buf_add_format(&copy->insert_sql, "INSERT INTO %s (", table->name);
	add_written(copy, &types, str_of(table->columns));
	if (table->list != NULL)
		add_listed(copy, &types, table->list);
	buf_add_text(&copy->copy_sql, ") FROM STDIN (FORMAT binary)");
	buf_add_text(&copy->insert_sql, ") SELECT * FROM unnest(");
	buf_add_str(&copy->insert_sql, buf_str(&types));
	buf_add_text(&copy->insert_sql, ")");
	buf_release(&types);
}

static const char *as_text(struct buf *buf)
{
	buf_add_u8(buf, '\0');
	MUST(!buf->overflow);
	return (const char *)buf->data;
}

void db_copy_init(struct db_copy *copy, const struct db_table *table, size_t size_max)
{
	*copy = (struct db_copy){ .rows = 0 };
	buf_init(&copy->bytes, size_max);
	buf_init(&copy->copy_sql, SQL_SIZE_MAX);
	buf_init(&copy->insert_sql, SQL_SIZE_MAX);
	buf_init(&copy->insert_name, SQL_SIZE_MAX);
	write_texts(copy, table);
	(void)as_text(&copy->copy_sql);
	copy->insert = (struct db_statement){ .name = as_text(&copy->insert_name), .sql = as_text(&copy->insert_sql) };
}

void db_copy_release(struct db_copy *copy)
{
	buf_release(&copy->bytes);
	buf_release(&copy->copy_sql);
	buf_release(&copy->insert_sql);
	buf_release(&copy->insert_name);
	copy->rows = 0;
}

void db_copy_reset(struct db_copy *copy)
{
	buf_reset(&copy->bytes);
	copy->rows = 0;
	copy->fields_left = 0;
}

void db_copy_row(struct db_copy *copy)
{
	MUST(copy->fields_left == 0);
	if (copy->rows == 0)
		buf_add(&copy->bytes, COPY_HEADER, sizeof(COPY_HEADER) - 1);
	buf_add_be16(&copy->bytes, copy->columns);
	copy->rows++;
	copy->fields_left = copy->columns;
}

void db_copy_bool(struct db_copy *copy, bool value)
{
	unsigned char *at = field_begin(copy, 1);

	if (at != NULL)
		*at = value;
}

void db_copy_int16(struct db_copy *copy, int16_t value)
{
	unsigned char *at = field_begin(copy, 2);

	if (at != NULL)
		put_be16(at, (uint16_t)value);
}

void db_copy_int32(struct db_copy *copy, int32_t value)
{
	unsigned char *at = field_begin(copy, 4);

	if (at != NULL)
		put_be32(at, (uint32_t)value);
}

void db_copy_int64(struct db_copy *copy, int64_t value)
{
	unsigned char *at = field_begin(copy, 8);

	if (at != NULL)
		put_be64(at, (uint64_t)value);
}

void db_copy_date(struct db_copy *copy, int32_t day)
{
	db_copy_int32(copy, date_to_postgres(day));
}

void db_copy_instant(struct db_copy *copy, int64_t instant_ms)
{
	db_copy_int64(copy, instant_to_postgres(instant_ms));
}

void db_copy_uuid(struct db_copy *copy, const struct uuid *id)
{
	unsigned char *at = field_begin(copy, sizeof(id->bytes));

	if (at != NULL)
		memcpy(at, id->bytes, sizeof(id->bytes));
}

void db_copy_str(struct db_copy *copy, struct str value)
{
	unsigned char *at = field_begin(copy, value.size);

	if (at != NULL && value.size > 0)
		memcpy(at, value.data, value.size);
}

void db_copy_null(struct db_copy *copy)
{
	unsigned char *at = field_begin(copy, 0);

	if (at != NULL)
		put_be32(at - 4, UINT32_MAX); /* a length of -1 */
}

void copy_add_bytes(struct db_copy *copy, enum db_array kind, const void *bytes, int32_t size)
{
	unsigned char *at;

	MUST(copy->fields_left > 0);
	MUST(copy->kinds[copy->columns - copy->fields_left] == kind);
	if (size < 0) {
		db_copy_null(copy);
		return;
	}
	at = field_begin(copy, (size_t)size);
	if (at != NULL && size > 0)
		memcpy(at, bytes, (size_t)size);
}

const unsigned char *copy_rows(const struct db_copy *copy)
{
	return copy->bytes.data + sizeof(COPY_HEADER) - 1;
}

static int check(struct db *db, const PGresult *answer, const char *sql, struct err *err)
{
	char what[64];

	snprintf(what, sizeof(what), "%s", sql);
	return connection_check(db, answer, what, err);
}

/* The answer to "COPY ...": the server waits for rows. */
static int start(struct db *db, const char *sql, struct err *err)
{
	PGresult *answer = NULL;
	int rc = 0;

	if (!PQsendQuery(db->pg, sql))
		return connection_lost(db, "cannot send", err);
	if (connection_flush(db, err) != 0 || connection_answer(db, &answer, err) != 0)
		return -1;
	if (PQresultStatus(answer) != PGRES_COPY_IN)
		rc = check(db, answer, sql, err) != 0 ? -1
						      : connection_lost(db, "the server does not take the rows of a COPY", err);
	PQclear(answer);
	return rc;
}

/* Sends all rows even if the server has already refused one: the server reads to the end and then answers. */
static int send_rows(struct db *db, const struct db_copy *copy, struct err *err)
{
	for (size_t at = 0; at < copy->bytes.size; at += COPY_CHUNK_SIZE) {
		size_t left = copy->bytes.size - at;
		size_t size = left < COPY_CHUNK_SIZE ? left : COPY_CHUNK_SIZE;

		if (PQputCopyData(db->pg, (const char *)copy->bytes.data + at, (int)size) != 1)
			return connection_lost(db, "cannot send", err);
		if (connection_flush(db, err) != 0)
			return -1;
	}
	if (PQputCopyData(db->pg, COPY_TRAILER, 2) != 1 || PQputCopyEnd(db->pg, NULL) != 1)
		return connection_lost(db, "cannot send", err);
	return connection_flush(db, err);
}

static int finish(struct db *db, const char *sql, const struct db_copy *copy, struct err *err)
{
	struct db_result result = { 0 };
	PGresult *answer = NULL;

	if (connection_answer(db, &answer, err) != 0)
		return -1;
	if (check(db, answer, sql, err) != 0) {
		PQclear(answer);
		return -1;
	}
	connection_hand_over(answer, &result);
	MUST(result.affected == (int64_t)copy->rows);
	db_result_release(&result);
	return 0;
}

int db_copy_run(struct db *db, const struct db_copy *copy, struct err *err)
{
	const char *sql = (const char *)copy->copy_sql.data;

	MUST(!db->in_pipeline);
	MUST(!db->commit_sent);
	MUST(copy->fields_left == 0);
	if (connection_ready(db, err) != 0)
		return -1;
	if (copy->rows == 0)
		return 0;
	if (copy->bytes.overflow)
		return err_set(err, ERR_POISON, "rows over %zu bytes: %.80s", copy->bytes.size_max, sql);
	if (start(db, sql, err) != 0 || send_rows(db, copy, err) != 0 || finish(db, sql, copy, err) != 0)
		return -1;
	return 0;
}
