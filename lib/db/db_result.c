/* The result of a statement. A column of another type than the getter's is a bug in the statement: MUST. */

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

int16_t db_int16(const struct db_result *result, int row, int column)
{
	return (int16_t)get_be16(value_of(result, row, column, 2));
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

int db_result_columns(const struct db_result *result)
{
	return PQnfields(result->pg);
}

const char *db_column_name(const struct db_result *result, int column)
{
	MUST(column >= 0 && column < PQnfields(result->pg));
	return PQfname(result->pg, column);
}

uint64_t db_tid(const struct db_result *result, int row, int column)
{
	const unsigned char *at = value_of(result, row, column, 6);

	return (uint64_t)get_be32(at) << 16 | get_be16(at + 4);
}

#define ITEMS_COUNT_AT 12
#define ITEMS_AT       20 /* behind dimensions, has-null flag, item type, count, lower bound; an empty array has no count */

struct db_items db_items(const struct db_result *result, int row, int column)
{
	struct str bytes = db_str(result, row, column);
	const unsigned char *at = (const unsigned char *)bytes.data;

	if (bytes.size < ITEMS_AT)
		return (struct db_items){ .left = 0 };
	MUST(get_be32(at) == 1);
	return (struct db_items){ .at = at + ITEMS_AT, .left = (int)get_be32(at + ITEMS_COUNT_AT) };
}

bool db_items_next(struct db_items *items, struct str *ret_item)
{
	uint32_t size;

	if (items->left == 0)
		return false;
	size = get_be32(items->at);
	size = size == UINT32_MAX ? 0 : size;
	*ret_item = (struct str){ .data = (const char *)items->at + 4, .size = size };
	items->at += 4 + size;
	items->left--;
	return true;
}
