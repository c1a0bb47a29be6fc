/* What a statement returned. A column of another type than the getter's is a bug in the statement: MUST. */

#include <libpq-fe.h>

#include "base/must.h"
#include "db/binary.h"
#include "db/db.h"

/* The bytes of a value that is not NULL and has exactly this size. */
static const unsigned char *value_of(const struct db_result *result, int row, int column, int size)
{
	MUST(row >= 0 && row < result->rows);
	MUST(column >= 0 && column < PQnfields(result->pg));
	MUST(!PQgetisnull(result->pg, row, column));
	MUST(PQgetlength(result->pg, row, column) == size);
	return (const unsigned char *)PQgetvalue(result->pg, row, column);
}

void db_result_release(struct db_result *result)
{
	PQclear(result->pg);
	*result = (struct db_result){ 0 };
}

bool db_is_null(const struct db_result *result, int row, int column)
{
	MUST(row >= 0 && row < result->rows);
	MUST(column >= 0 && column < PQnfields(result->pg));
	return PQgetisnull(result->pg, row, column) == 1;
}

bool db_bool(const struct db_result *result, int row, int column)
{
	return *value_of(result, row, column, 1) != 0;
}

int32_t db_int32(const struct db_result *result, int row, int column)
{
	if (PQftype(result->pg, column) == TYPE_DATE)
		return db_date(result, row, column);
	return (int32_t)get_be32(value_of(result, row, column, 4));
}

int64_t db_int64(const struct db_result *result, int row, int column)
{
	return (int64_t)get_be64(value_of(result, row, column, 8));
}

int32_t db_date(const struct db_result *result, int row, int column)
{
	return date_from_postgres((int32_t)get_be32(value_of(result, row, column, 4)));
}

int64_t db_instant(const struct db_result *result, int row, int column)
{
	return instant_from_postgres((int64_t)get_be64(value_of(result, row, column, 8)));
}

struct uuid db_uuid(const struct db_result *result, int row, int column)
{
	struct uuid id;

	memcpy(id.bytes, value_of(result, row, column, sizeof(id.bytes)), sizeof(id.bytes));
	return id;
}

struct str db_str(const struct db_result *result, int row, int column)
{
	if (db_is_null(result, row, column))
		return STR("");
	return (struct str){ .data = PQgetvalue(result->pg, row, column), .size = (size_t)PQgetlength(result->pg, row, column) };
}

uint64_t db_tid(const struct db_result *result, int row, int column)
{
	const unsigned char *at = value_of(result, row, column, 6);

	return (uint64_t)get_be32(at) << 16 | get_be16(at + 4);
}
