/* Parameters of statements in PostgreSQL's binary format. */

#include "base/array.h"
#include "base/must.h"
#include "db/binary.h"
#include "db/connection.h"

#define ARRAY_HEADER_SIZE 20 /* dimensions, has-null flag, item type, count, lower bound */
#define ARRAY_FLAG_AT     4
#define ARRAY_COUNT_AT    12

static const struct {
	uint32_t array, item;
} array_types[] = {
	[DB_ARRAY_BOOL] = { 1000, TYPE_BOOL },   [DB_ARRAY_INT16] = { 1005, TYPE_INT2 },
	[DB_ARRAY_INT32] = { 1007, TYPE_INT4 },  [DB_ARRAY_INT64] = { 1016, TYPE_INT8 },
	[DB_ARRAY_DATE] = { 1182, TYPE_DATE },   [DB_ARRAY_INSTANT] = { 1185, TYPE_TIMESTAMPTZ },
	[DB_ARRAY_UUID] = { 2951, TYPE_UUID },   [DB_ARRAY_TEXT] = { 1009, TYPE_TEXT },
	[DB_ARRAY_BYTES] = { 1001, TYPE_BYTEA }, [DB_ARRAY_TID] = { 1010, TYPE_TID },
};
_Static_assert(COUNT(array_types) == DB_ARRAY_TID + 1, "one row for each enum db_array");

/* A new parameter of `size` bytes, which the caller fills; NULL when it does not fit. */
static unsigned char *param_begin(struct db_params *params, uint32_t type, size_t size)
{
	unsigned char *at;
	size_t index = params->count;

	MUST(index < DB_PARAMS_MAX);
	params->count++;
	params->params[index].at = params->bytes.size;
	params->params[index].size = size;
	params->params[index].is_null = false;
	params->params[index].type = type;
	at = buf_reserve(&params->bytes, size);
	if (at == NULL) {
		params->overflow = true;
		return NULL;
	}
	params->bytes.size += size;
	return at;
}

/* Room for one more item of the array begun last: its length is written, the caller fills in the rest. NULL: it does not fit. */
static unsigned char *item_begin(struct db_params *params, size_t size)
{
	size_t array = params->count - 1;
	unsigned char *at;
	unsigned char *count;

	MUST(params->count > 0);
	if (params->overflow)
		return NULL;
	MUST(params->params[array].size >= ARRAY_HEADER_SIZE);
	at = buf_reserve(&params->bytes, 4 + size);
	if (at == NULL) {
		params->overflow = true;
		return NULL;
	}
	params->bytes.size += 4 + size;
	params->params[array].size += 4 + size;
	count = params->bytes.data + params->params[array].at + ARRAY_COUNT_AT;
	put_be32(count, get_be32(count) + 1);
	put_be32(at, (uint32_t)size);
	return at + 4;
}

static bool array_is(const struct db_params *params, enum db_array kind)
{
	return params->count > 0 && params->params[params->count - 1].type == array_types[kind].array;
}

static void put_bytes(unsigned char *at, struct str bytes)
{
	if (bytes.size > 0)
		memcpy(at, bytes.data, bytes.size);
}

static void put_tid(unsigned char *at, uint64_t locator)
{
	put_be32(at, (uint32_t)(locator >> 16));
	put_be16(at + 4, (uint16_t)locator);
}

void db_params_init(struct db_params *params, size_t size_max)
{
	buf_init(&params->bytes, size_max);
	params->count = 0;
	params->overflow = false;
}

void db_params_release(struct db_params *params)
{
	buf_release(&params->bytes);
	params->count = 0;
}

void db_params_reset(struct db_params *params)
{
	buf_reset(&params->bytes);
	params->count = 0;
	params->overflow = false;
}

void db_param_bool(struct db_params *params, bool value)
{
	unsigned char *at = param_begin(params, TYPE_BOOL, 1);

	if (at != NULL)
		*at = value;
}

void db_param_int32(struct db_params *params, int32_t value)
{
	unsigned char *at = param_begin(params, TYPE_INT4, 4);

	if (at != NULL)
		put_be32(at, (uint32_t)value);
}

void db_param_int64(struct db_params *params, int64_t value)
{
	unsigned char *at = param_begin(params, TYPE_INT8, 8);

	if (at != NULL)
		put_be64(at, (uint64_t)value);
}

void db_param_date(struct db_params *params, int32_t day)
{
	unsigned char *at = param_begin(params, TYPE_DATE, 4);

	if (at != NULL)
		put_be32(at, (uint32_t)date_to_postgres(day));
}

void db_param_instant(struct db_params *params, int64_t instant_ms)
{
	unsigned char *at = param_begin(params, TYPE_TIMESTAMPTZ, 8);

	if (at != NULL)
		put_be64(at, (uint64_t)instant_to_postgres(instant_ms));
}

void db_param_uuid(struct db_params *params, const struct uuid *id)
{
	unsigned char *at = param_begin(params, TYPE_UUID, sizeof(id->bytes));

	if (at != NULL)
		memcpy(at, id->bytes, sizeof(id->bytes));
}

void db_param_text(struct db_params *params, struct str text)
{
	unsigned char *at = param_begin(params, TYPE_TEXT, text.size);

	if (at != NULL)
		put_bytes(at, text);
}

void db_param_bytes(struct db_params *params, struct str bytes)
{
	unsigned char *at = param_begin(params, TYPE_BYTEA, bytes.size);

	if (at != NULL)
		put_bytes(at, bytes);
}

void db_param_null(struct db_params *params)
{
	MUST(params->count < DB_PARAMS_MAX);
	params->params[params->count].at = params->bytes.size;
	params->params[params->count].size = 0;
	params->params[params->count].is_null = true;
	params->params[params->count].type = 0;
	params->count++;
}

void db_array_begin(struct db_params *params, enum db_array kind)
{
	unsigned char *at = param_begin(params, array_types[kind].array, ARRAY_HEADER_SIZE);

	if (at == NULL)
		return;
	put_be32(at, 1);
	put_be32(at + ARRAY_FLAG_AT, 0);
	put_be32(at + 8, array_types[kind].item);
	put_be32(at + ARRAY_COUNT_AT, 0);
	put_be32(at + 16, 1);
}

void db_array_bool(struct db_params *params, bool value)
{
	unsigned char *at = item_begin(params, 1);

	MUST(array_is(params, DB_ARRAY_BOOL));
	if (at != NULL)
		*at = value;
}

void db_array_int32(struct db_params *params, int32_t value)
{
	unsigned char *at = item_begin(params, 4);
	bool is_date = array_is(params, DB_ARRAY_DATE);

	MUST(is_date || array_is(params, DB_ARRAY_INT32));
	if (at != NULL)
		put_be32(at, (uint32_t)(is_date ? date_to_postgres(value) : value));
}

void db_array_int64(struct db_params *params, int64_t value)
{
	unsigned char *at = item_begin(params, 8);

	MUST(array_is(params, DB_ARRAY_INT64));
	if (at != NULL)
		put_be64(at, (uint64_t)value);
}

void db_array_instant(struct db_params *params, int64_t instant_ms)
{
	unsigned char *at = item_begin(params, 8);

	MUST(array_is(params, DB_ARRAY_INSTANT));
	if (at != NULL)
		put_be64(at, (uint64_t)instant_to_postgres(instant_ms));
}

void db_array_uuid(struct db_params *params, const struct uuid *id)
{
	unsigned char *at = item_begin(params, sizeof(id->bytes));

	MUST(array_is(params, DB_ARRAY_UUID));
	if (at != NULL)
		memcpy(at, id->bytes, sizeof(id->bytes));
}

void db_array_text(struct db_params *params, struct str text)
{
	unsigned char *at = item_begin(params, text.size);

	MUST(array_is(params, DB_ARRAY_TEXT) || array_is(params, DB_ARRAY_BYTES));
	if (at != NULL)
		put_bytes(at, text);
}

void db_array_tid(struct db_params *params, uint64_t locator)
{
	unsigned char *at = item_begin(params, 6);

	MUST(array_is(params, DB_ARRAY_TID));
	if (at != NULL)
		put_tid(at, locator);
}

void db_array_null(struct db_params *params)
{
	unsigned char *at = item_begin(params, 0);

	if (at == NULL)
		return;
	put_be32(at - 4, UINT32_MAX); /* a length of -1 */
	put_be32(params->bytes.data + params->params[params->count - 1].at + ARRAY_FLAG_AT, 1);
}

static void add_bytes(struct db_params *params, const void *bytes, uint32_t size)
{
	unsigned char *at;

	if (size == UINT32_MAX) {
		db_array_null(params);
		return;
	}
	at = item_begin(params, size);
	if (at != NULL && size > 0)
		memcpy(at, bytes, size);
}

void params_add_bytes(struct db_params *params, enum db_array kind, const void *bytes, int32_t size)
{
	MUST(array_is(params, kind));
	add_bytes(params, bytes, (uint32_t)size);
}

size_t params_add_item(struct db_params *params, const unsigned char *field)
{
	uint32_t size = get_be32(field);

	add_bytes(params, field + 4, size);
	return size == UINT32_MAX ? 4 : 4 + size;
}
