#include "peer_db.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"

#define CHUNK_SIZE   ((size_t)128 * 1024)
#define ROW_SIZE_MAX ((size_t)256)

#define TYPE_INT8_ARRAY 1016
#define TYPE_INT4_ARRAY 1007
#define TYPE_TID_ARRAY  1010
#define TYPE_UUID_ARRAY 2951

struct statement {
	const char *name, *sql;
	int params;
	Oid types[8];
};

static const struct statement claim = {
	"claim",
	"UPDATE peer.position SET owner = $2 WHERE part = ANY ($1) RETURNING part, next_offset, log_seq, highest_id",
	2,
	{ TYPE_INT4_ARRAY, TYPE_INT4 },
};
static const struct statement load = {
	"load",
	"SELECT u.n, d.ctid, d.version, d.principal_minor, d.interest_minor, d.cost_minor, d.credit_minor, d.currency "
	"FROM unnest($1) WITH ORDINALITY AS u (id, n) JOIN peer.debt d ON d.debt_id = u.id",
	1,
	{ TYPE_UUID_ARRAY },
};
static const struct statement known = {
	"known",
	"SELECT u.n FROM unnest($1) WITH ORDINALITY AS u (id, n) JOIN peer.event e ON e.command_id = u.id",
	1,
	{ TYPE_UUID_ARRAY },
};
/* By its place, where it must be as it was loaded. Items by number: unnest would write all arrays out and read them again. */
static const struct statement update = {
	"update",
	"UPDATE peer.debt d SET version = $4[n], principal_minor = $5[n], interest_minor = $6[n], cost_minor = $7[n], "
	"credit_minor = $8[n] FROM generate_series(1, cardinality($1)) AS u (n) "
	"WHERE d.ctid = $1[n] AND d.debt_id = $2[n] AND d.version = $3[n]",
	8,
	{ TYPE_TID_ARRAY, TYPE_UUID_ARRAY, TYPE_INT8_ARRAY, TYPE_INT8_ARRAY, TYPE_INT8_ARRAY, TYPE_INT8_ARRAY, TYPE_INT8_ARRAY,
	  TYPE_INT8_ARRAY },
};
static const struct statement move = {
	"move",
	"UPDATE peer.position p SET next_offset = u.next_offset, log_seq = u.log_seq, highest_id = u.highest_id "
	"FROM unnest($1, $2, $3, $4, $5) AS u (part, next_offset_was, next_offset, log_seq, highest_id) "
	"WHERE p.part = u.part AND p.next_offset = u.next_offset_was",
	5,
	{ TYPE_INT4_ARRAY, TYPE_INT8_ARRAY, TYPE_INT8_ARRAY, TYPE_INT8_ARRAY, TYPE_UUID_ARRAY },
};
static const struct statement *const statements[] = { &claim, &load, &known, &update, &move };

static int bytes_new(struct peer_bytes *bytes, size_t capacity, struct err *err)
{
	*bytes = (struct peer_bytes){ .data = malloc(capacity), .capacity = capacity };
	return bytes->data ? 0 : err_set(err, ERR_FATAL, "no memory");
}

/* ---- the connection ---- */

static int failed(struct peer_db *db, const char *what, PGresult *result, struct err *err)
{
	PQclear(result);
	return err_set(err, ERR_FATAL, "%s: %s", what, PQerrorMessage(db->pg));
}

static int execute(struct peer_db *db, const char *sql, struct err *err)
{
	PGresult *result = PQexec(db->pg, sql);

	if (PQresultStatus(result) != PGRES_COMMAND_OK)
		return failed(db, sql, result, err);
	PQclear(result);
	return 0;
}

/* The arrays, and one more parameter for claim. */
static int run(struct peer_db *db, const struct statement *statement, const unsigned char *last, int last_size,
	       PGresult **ret_result, struct err *err)
{
	const char *values[8];
	int sizes[8];
	int formats[8];
	PGresult *result;

	for (int i = 0; i < statement->params; i++) {
		bool is_last = last && i == statement->params - 1;

		values[i] = (const char *)(is_last ? last : db->arrays[i].data);
		sizes[i] = is_last ? last_size : (int)db->arrays[i].size;
		formats[i] = 1;
	}
	result = PQexecPrepared(db->pg, statement->name, statement->params, values, sizes, formats, 1);
	if (PQresultStatus(result) != PGRES_COMMAND_OK && PQresultStatus(result) != PGRES_TUPLES_OK)
		return failed(db, statement->name, result, err);
	*ret_result = result;
	return 0;
}

/* A statement that must have changed as many rows as were given. */
static int run_all(struct peer_db *db, const struct statement *statement, size_t rows, struct err *err)
{
	PGresult *result;
	size_t affected;

	if (run(db, statement, NULL, 0, &result, err) < 0)
		return -1;
	affected = strtoul(PQcmdTuples(result), NULL, 10);
	PQclear(result);
	return affected == rows ? 0 : err_set(err, ERR_FATAL, "%s: %zu rows of %zu", statement->name, affected, rows);
}

int peer_db_open(struct peer_db *db, const char *conninfo, size_t batch_max, struct err *err)
{
	struct peer_bytes *tables[] = { &db->events, &db->entries, &db->payments, &db->debts };

	for (size_t i = 0; i < COUNT(tables); i++)
		if (bytes_new(tables[i], (batch_max + 1) * ROW_SIZE_MAX, err) < 0)
			return -1;
	for (size_t i = 0; i < COUNT(db->arrays); i++)
		if (bytes_new(&db->arrays[i], 64 + batch_max * 20, err) < 0)
			return -1;
	db->pg = PQconnectdb(conninfo);
	if (PQstatus(db->pg) != CONNECTION_OK)
		return failed(db, "connect", NULL, err);
	if (execute(db, "SET plan_cache_mode = force_generic_plan", err) < 0)
		return -1;
	for (size_t i = 0; i < COUNT(statements); i++) {
		const struct statement *statement = statements[i];
		PGresult *result = PQprepare(db->pg, statement->name, statement->sql, statement->params, statement->types);

		if (PQresultStatus(result) != PGRES_COMMAND_OK)
			return failed(db, statement->name, result, err);
		PQclear(result);
	}
	return 0;
}

void peer_db_close(struct peer_db *db)
{
	PQfinish(db->pg);
	free(db->events.data);
	free(db->entries.data);
	free(db->payments.data);
	free(db->debts.data);
	for (size_t i = 0; i < COUNT(db->arrays); i++)
		free(db->arrays[i].data);
}

/* ---- reading ---- */

static int64_t int64_at(const PGresult *result, int row, int column)
{
	return (int64_t)get_be64((const unsigned char *)PQgetvalue(result, row, column));
}

static int32_t int32_at(const PGresult *result, int row, int column)
{
	return (int32_t)get_be32((const unsigned char *)PQgetvalue(result, row, column));
}

int peer_db_claim(struct peer_db *db, int32_t owner, struct peer_position *positions, size_t count, struct err *err)
{
	unsigned char last[4];
	PGresult *result;

	array_begin(&db->arrays[0], TYPE_INT4);
	for (size_t i = 0; i < count; i++)
		add_int32(&db->arrays[0], positions[i].part);
	array_end(&db->arrays[0], count);
	put_be32(last, (uint32_t)owner);
	if (run(db, &claim, last, sizeof(last), &result, err) < 0)
		return -1;
	for (int row = 0; row < PQntuples(result); row++) {
		struct peer_position *position = &positions[int32_at(result, row, 0) - positions[0].part];

		position->next_offset = position->next_offset_was = int64_at(result, row, 1);
		position->log_seq = int64_at(result, row, 2);
		memcpy(&position->highest_id, PQgetvalue(result, row, 3), sizeof(position->highest_id));
	}
	PQclear(result);
	return 0;
}

int peer_db_begin(struct peer_db *db, struct err *err)
{
	struct peer_bytes *tables[] = { &db->events, &db->entries, &db->payments, &db->debts };

	for (size_t i = 0; i < COUNT(tables); i++)
		tables[i]->size = (size_t)(tables[i]->count = 0);
	return execute(db, "BEGIN", err);
}

int peer_db_load(struct peer_db *db, struct peer_debt *const *debts, size_t count, struct err *err)
{
	PGresult *result;

	array_begin(&db->arrays[0], TYPE_UUID);
	for (size_t i = 0; i < count; i++)
		add_uuid(&db->arrays[0], &debts[i]->id);
	array_end(&db->arrays[0], count);
	if (run(db, &load, NULL, 0, &result, err) < 0)
		return -1;
	for (int row = 0; row < PQntuples(result); row++) {
		struct peer_debt *debt = debts[int64_at(result, row, 0) - 1];

		memcpy(debt->place, PQgetvalue(result, row, 1), sizeof(debt->place));
		debt->version = debt->version_was = int64_at(result, row, 2);
		debt->principal_minor = int64_at(result, row, 3);
		debt->interest_minor = int64_at(result, row, 4);
		debt->cost_minor = int64_at(result, row, 5);
		debt->credit_minor = int64_at(result, row, 6);
		memcpy(debt->currency, PQgetvalue(result, row, 7), 4); /* three letters and libpq's zero byte */
		debt->is_there = true;
	}
	PQclear(result);
	return 0;
}

int peer_db_known(struct peer_db *db, const struct uuid *ids, size_t count, bool *ret_known, struct err *err)
{
	PGresult *result;

	array_begin(&db->arrays[0], TYPE_UUID);
	for (size_t i = 0; i < count; i++)
		add_uuid(&db->arrays[0], &ids[i]);
	array_end(&db->arrays[0], count);
	if (run(db, &known, NULL, 0, &result, err) < 0)
		return -1;
	for (int row = 0; row < PQntuples(result); row++)
		ret_known[int64_at(result, row, 0) - 1] = true;
	PQclear(result);
	return 0;
}

/* ---- writing ---- */

void peer_db_add_event(struct peer_db *db, const struct peer_row *row)
{
	row_begin(&db->events, 7);
	add_int32(&db->events, row->part);
	put_32(&db->events, 2);
	put_16(&db->events, (uint16_t)row->kind);
	add_int64(&db->events, row->seq);
	add_int64(&db->events, instant_to_postgres(row->at_ms));
	add_uuid(&db->events, row->command_id);
	add_uuid(&db->events, &row->event->customer_id);
	add(&db->events, row->event, sizeof(*row->event));
}

void peer_db_add_entry(struct peer_db *db, const struct peer_row *row)
{
	const struct peer_event *event = row->event;

	row_begin(&db->entries, 9);
	add_int32(&db->entries, row->part);
	add_int64(&db->entries, row->seq);
	add_uuid(&db->entries, &event->debt_id);
	add_uuid(&db->entries, row->command_id);
	add_int64(&db->entries, -event->principal_minor - event->interest_minor - event->cost_minor - event->credit_minor);
	add_int64(&db->entries, event->principal_minor);
	add_int64(&db->entries, event->interest_minor);
	add_int64(&db->entries, event->cost_minor);
	add_int64(&db->entries, event->credit_minor);
}

void peer_db_add_payment(struct peer_db *db, const struct peer_record_payment *payment)
{
	row_begin(&db->payments, 8);
	add_uuid(&db->payments, &payment->payment_id);
	add_uuid(&db->payments, &payment->debt_id);
	add_uuid(&db->payments, &payment->customer_id);
	add_int64(&db->payments, payment->amount_minor);
	add_day(&db->payments, payment->received_on);
	add_text(&db->payments, payment->currency, sizeof(payment->currency));
	add_text(&db->payments, payment->source, sizeof(payment->source));
	add_text(&db->payments, payment->external_ref, sizeof(payment->external_ref));
}

/* With what later commands of the batch have made of it. */
static void add_debt(struct peer_db *db, const struct peer_debt *debt)
{
	const struct peer_create_debt *creation = debt->creation;

	row_begin(&db->debts, 12);
	add_uuid(&db->debts, &debt->id);
	add_uuid(&db->debts, &creation->customer_id);
	add_uuid(&db->debts, &creation->creditor_id);
	add_int64(&db->debts, debt->version);
	add_int64(&db->debts, debt->principal_minor);
	add_int64(&db->debts, debt->interest_minor);
	add_int64(&db->debts, debt->cost_minor);
	add_int64(&db->debts, debt->credit_minor);
	add_day(&db->debts, creation->opened_on);
	add_day(&db->debts, creation->due_on);
	add_text(&db->debts, creation->currency, sizeof(creation->currency));
	add_text(&db->debts, creation->external_ref, sizeof(creation->external_ref));
}

static int copy(struct peer_db *db, const char *sql, struct peer_bytes *rows, struct err *err)
{
	PGresult *result;

	if (rows->count == 0)
		return 0;
	rows_end(rows);
	result = PQexec(db->pg, sql);
	if (PQresultStatus(result) != PGRES_COPY_IN)
		return failed(db, sql, result, err);
	PQclear(result);
	for (size_t at = 0; at < rows->size; at += CHUNK_SIZE) {
		size_t size = rows->size - at < CHUNK_SIZE ? rows->size - at : CHUNK_SIZE;

		if (PQputCopyData(db->pg, (const char *)rows->data + at, (int)size) != 1)
			return failed(db, sql, NULL, err);
	}
	if (PQputCopyEnd(db->pg, NULL) != 1)
		return failed(db, sql, NULL, err);
	result = PQgetResult(db->pg);
	if (PQresultStatus(result) != PGRES_COMMAND_OK)
		return failed(db, sql, result, err);
	PQclear(result);
	PQclear(PQgetResult(db->pg)); /* none: the end */
	return 0;
}

static int write_changes(struct peer_db *db, struct peer_debt *const *debts, size_t count, struct err *err)
{
	static const int32_t types[] = { TYPE_TID, TYPE_UUID, TYPE_INT8, TYPE_INT8, TYPE_INT8, TYPE_INT8, TYPE_INT8, TYPE_INT8 };
	struct peer_bytes *arrays = db->arrays;
	size_t changed = 0;

	for (size_t i = 0; i < COUNT(types); i++)
		array_begin(&arrays[i], types[i]);
	for (size_t i = 0; i < count; i++) {
		const struct peer_debt *debt = debts[i];

		if (debt->creation || debt->version == debt->version_was)
			continue;
		add(&arrays[0], debt->place, sizeof(debt->place));
		add_uuid(&arrays[1], &debt->id);
		add_int64(&arrays[2], debt->version_was);
		add_int64(&arrays[3], debt->version);
		add_int64(&arrays[4], debt->principal_minor);
		add_int64(&arrays[5], debt->interest_minor);
		add_int64(&arrays[6], debt->cost_minor);
		add_int64(&arrays[7], debt->credit_minor);
		changed++;
	}
	for (size_t i = 0; i < COUNT(types); i++)
		array_end(&arrays[i], changed);
	return changed == 0 ? 0 : run_all(db, &update, changed, err);
}

static int write_positions(struct peer_db *db, const struct peer_position *positions, size_t count, struct err *err)
{
	static const int32_t types[] = { TYPE_INT4, TYPE_INT8, TYPE_INT8, TYPE_INT8, TYPE_UUID };
	struct peer_bytes *arrays = db->arrays;
	size_t moved = 0;

	for (size_t i = 0; i < COUNT(types); i++)
		array_begin(&arrays[i], types[i]);
	for (const struct peer_position *position = positions; position < positions + count; position++) {
		if (position->next_offset == position->next_offset_was)
			continue;
		add_int32(&arrays[0], position->part);
		add_int64(&arrays[1], position->next_offset_was);
		add_int64(&arrays[2], position->next_offset);
		add_int64(&arrays[3], position->log_seq);
		add_uuid(&arrays[4], &position->highest_id);
		moved++;
	}
	for (size_t i = 0; i < COUNT(types); i++)
		array_end(&arrays[i], moved);
	return run_all(db, &move, moved, err);
}

int peer_db_write(struct peer_db *db, struct peer_debt *const *debts, size_t debts_count, const struct peer_position *positions,
		  size_t positions_count, struct err *err)
{
	for (size_t i = 0; i < debts_count; i++)
		if (debts[i]->creation)
			add_debt(db, debts[i]);
	if (copy(db, "COPY peer.event FROM STDIN (FORMAT binary)", &db->events, err) < 0 ||
	    copy(db, "COPY peer.entry FROM STDIN (FORMAT binary)", &db->entries, err) < 0 ||
	    copy(db, "COPY peer.payment FROM STDIN (FORMAT binary)", &db->payments, err) < 0 ||
	    copy(db, "COPY peer.debt FROM STDIN (FORMAT binary)", &db->debts, err) < 0)
		return -1;
	if (write_changes(db, debts, debts_count, err) < 0)
		return -1;
	return write_positions(db, positions, positions_count, err);
}

int peer_db_commit_send(struct peer_db *db, struct err *err)
{
	return PQsendQuery(db->pg, "COMMIT") == 1 ? 0 : failed(db, "commit", NULL, err);
}

int peer_db_commit_finish(struct peer_db *db, struct err *err)
{
	PGresult *result = PQgetResult(db->pg);

	if (PQresultStatus(result) != PGRES_COMMAND_OK || strcmp(PQcmdStatus(result), "COMMIT") != 0)
		return failed(db, "commit", result, err);
	PQclear(result);
	PQclear(PQgetResult(db->pg));
	return 0;
}
