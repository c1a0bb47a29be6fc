/* The writes of a transaction. Small sets of rows become arrays, so that they are sent with the statements in one pipeline. */

#include "base/must.h"
#include "db/binary.h"
#include "db/connection.h"

#define FEW_ROWS      64 /* up to this number another round trip costs more than the arrays */
#define FEW_ROWS_SIZE ((size_t)1 << 20)

static int begin(struct db *db, struct err *err)
{
	return db->in_pipeline ? 0 : db_pipeline_begin(db, err);
}

int db_write_end(struct db *db, struct err *err)
{
	return db->in_pipeline ? db_pipeline_end(db, err) : 0;
}

int db_write(struct db *db, const struct db_statement *statement, const struct db_params *params, size_t rows, struct err *err)
{
	if (rows == 0)
		return 0;
	if (begin(db, err) != 0)
		return -1;
	return pipeline_send(db, statement, params, rows, err);
}

/* Rows -> an array for each column: fields look alike in both. */
static void turn(struct db_params *arrays, const struct db_copy *copy)
{
	const unsigned char *fields[FEW_ROWS];
	const unsigned char *at = copy_rows(copy);

	for (size_t row = 0; row < copy->rows; row++) {
		fields[row] = at + 2; /* behind the number of fields */
		at = fields[row];
		for (uint16_t column = 0; column < copy->columns; column++)
			at += get_be32(at) == UINT32_MAX ? 4 : 4 + get_be32(at);
	}
	db_params_reset(arrays);
	for (uint16_t column = 0; column < copy->columns; column++) {
		db_array_begin(arrays, copy->kinds[column]);
		for (size_t row = 0; row < copy->rows; row++)
			fields[row] += params_add_item(arrays, fields[row]);
	}
}

int db_write_copy(struct db *db, const struct db_copy *copy, struct err *err)
{
	MUST(copy->fields_left == 0);
	if (copy->rows == 0)
		return 0;
	if (copy->rows > FEW_ROWS || copy->bytes.size > FEW_ROWS_SIZE || copy->bytes.overflow)
		return db_write_end(db, err) != 0 ? -1 : db_copy_run(db, copy, err);
	turn(&db->arrays, copy);
	return db_write(db, &copy->insert, &db->arrays, copy->rows, err);
}
