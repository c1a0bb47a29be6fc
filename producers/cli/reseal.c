/* `dcs reseal`: seals texts of earlier programs again, for their place. */
#include <stdio.h>

#include "base/array.h"
#include "base/buf.h"
#include "base/must.h"
#include "cli.h"
#include "crypto/crypto.h"
#include "crypto/seal.h"
#include "database.h"

#define STATEMENT_MS    60000
#define PAGE_ROWS       200
#define PARAMS_SIZE_MAX ((size_t)64 << 20)
#define SEALED_SIZE_MAX ((size_t)64 << 10) /* four times the longest message */

static struct {
	const char *pg, *pg_user, *key_file;
} conf;

static const struct conf_row rows[] = {
	ROW_PG(&conf.pg),
	ROW_PG_USER(&conf.pg_user),
	{ .name = "address.key.file",
	  .kind = CONF_TEXT,
	  .target = &conf.key_file,
	  .help = "file of the key that seals names and addresses" },
};

static const struct usage usage = {
	.about = "usage: dcs reseal [FLAGS]\n\n"
		 "Seals anew what earlier programs have sealed: names, birth dates, addresses, messages. Those texts opened in "
		 "every\n"
		 "column of their person's rows; sealed anew they open in their own only. No version changes, and no command is\n"
		 "needed. Addresses of before migration 0205 get the hash by which their person is found when something comes "
		 "from\n"
		 "them. Once, after the programs were replaced; again is harmless. May run beside the system: rows that it is\n"
		 "writing are left out, and told. Afterwards a text of the old form is one that somebody has put there:\n"
		 "dcs verify --no-old-seals.\n"
		 "Exit status: 0 there is none left; 1 some are, or could not be opened; 2 wrong usage.",
	.rows = rows,
	.rows_count = COUNT(rows),
	.arguments_min = 0,
	.arguments_max = 0,
};

/* ---- the columns ---- */

/* select: id, owner, version, salt, text, for the next PAGE_ROWS ids. update: the ids, the old texts, the new texts. */
struct column_of_texts {
	const struct sealed_column *column;
	struct db_statement select, update;
};

#define CUSTOMERS(column)                                                                                                        \
	{                                                                                                                        \
		"cli_reseal_read_" column,                                                                                       \
			"SELECT customer_id, customer_id, version, key_salt, " column " FROM customers.customer "                \
			"WHERE customer_id > $1 ORDER BY 1 LIMIT $2"                                                             \
	}
#define MESSAGES(column)                                                                                                         \
	{                                                                                                                        \
		"cli_reseal_read_message_" column,                                                                               \
			"SELECT o.communication_id, o.customer_id, 1::bigint, c.key_salt, o." column                             \
			" FROM communications.outbox o LEFT JOIN "                                                               \
			"customers.customer c USING (customer_id) WHERE o.communication_id > $1 ORDER BY 1 LIMIT $2"             \
	}

/* Locks in the order of ids, like every writer, and skips rows that another writer has locked. Updates only unchanged rows. */
#define UPDATE(name, table, id, version, column)                                                                                 \
	{                                                                                                                        \
		"cli_reseal_write_" name, "WITH mine AS MATERIALIZED (SELECT t." id " AS id, u.sealed FROM unnest($1::uuid[], "  \
					  "$2::bigint[], $3::bytea[], $4::bytea[]) u (id, version, was, sealed) JOIN " table     \
					  " t ON t." id " = u.id AND " version " = u.version AND t." column                      \
					  " = u.was ORDER BY 1 FOR UPDATE OF t SKIP LOCKED) UPDATE " table " t SET " column      \
					  " = m.sealed FROM mine m WHERE t." id " = m.id"                                        \
	}

static const struct column_of_texts columns[] = {
	{ &sealed_name, CUSTOMERS("full_name_sealed"),
	  UPDATE("name", "customers.customer", "customer_id", "t.version", "full_name_sealed") },
	{ &sealed_birth_date, CUSTOMERS("birth_date_sealed"),
	  UPDATE("birth_date", "customers.customer", "customer_id", "t.version", "birth_date_sealed") },
	{ &sealed_address,
	  { "cli_reseal_read_address",
	    "SELECT p.contact_point_id, p.customer_id, p.version, c.key_salt, p.address_sealed FROM customers.contact_point p "
	    "JOIN customers.customer c USING (customer_id) WHERE p.contact_point_id > $1 ORDER BY 1 LIMIT $2" },
	  UPDATE("address", "customers.contact_point", "contact_point_id", "t.version", "address_sealed") },
	{ &sealed_message_address, MESSAGES("address_sealed"),
	  UPDATE("message_address", "communications.outbox", "communication_id", "1::bigint", "address_sealed") },
	{ &sealed_message_subject, MESSAGES("subject_sealed"),
	  UPDATE("message_subject", "communications.outbox", "communication_id", "1::bigint", "subject_sealed") },
	{ &sealed_message_body, MESSAGES("body_sealed"),
	  UPDATE("message_body", "communications.outbox", "communication_id", "1::bigint", "body_sealed") },
};

_Static_assert(SEALED_MESSAGE_VERSION == 1, "as in the SQL");

/* ---- a page of rows ---- */

struct resealing {
	struct db *db;
	struct db_params params;
	struct buf room, sealed; /* room: one text, opened; sealed: all of a page, one after another */
	uint8_t key[32];
	int64_t looked, written, left, closed, filled;
};

/* A text of a page to be written. */
struct resealed {
	int row;
	size_t at, size; /* in resealing->sealed */
};

static void tell_closed(struct resealing *resealing, const struct sealed_column *column, const struct uuid *id)
{
	char text[UUID_TEXT_SIZE + 1];

	uuid_format(text, id);
	printf("%s %s: %s cannot be opened: forged, or sealed for another place or person\n", column->table, text,
	       column->column);
	resealing->closed++;
}

/* Whether the row's text has the old form; then it is sealed again, at the end of resealing->sealed. */
static bool reseal_row(struct resealing *resealing, const struct sealed_column *column, const struct db_result *page, int row)
{
	struct seal_place place = { .column = column, .row = db_uuid(page, row, 0), .owner = db_uuid(page, row, 1) };
	struct str sealed = db_str(page, row, 4);
	struct err err = ERR_INIT;
	struct opened opened;
	unsigned char *room;
	uint8_t key[32];
	bool opens, is_old;

	if (db_is_null(page, row, 3) || db_is_null(page, row, 4) || sealed.size == 0) /* erased; not rendered yet */
		return false;
	resealing->looked++;
	place.version = db_int64(page, row, 2);
	buf_reset(&resealing->room);
	room = sealed.size > SEALED_SIZE_MAX ? NULL : buf_reserve(&resealing->room, sealed.size + 1);
	person_key(key, resealing->key, db_str(page, row, 3));
	opens = room != NULL && unseal(&opened, (char *)room, sealed, &place, key, &err) == 0;
	is_old = opens && opened.is_old;
	if (!opens)
		tell_closed(resealing, column, &place.row);
	if (is_old)
		(void)seal_add(&resealing->sealed, opened.text, &place, key);
	wipe(key, sizeof(key));
	return is_old;
}

static int write_page(struct resealing *resealing, const struct column_of_texts *texts, const struct db_result *page,
		      const struct resealed *resealed, size_t count, struct err *err)
{
	struct db_params *params = &resealing->params;
	struct db_result result = { 0 };

	db_params_reset(params);
	db_array_begin(params, DB_ARRAY_UUID);
	for (size_t i = 0; i < count; i++) {
		struct uuid id = db_uuid(page, resealed[i].row, 0);

		db_array_uuid(params, &id);
	}
	db_array_begin(params, DB_ARRAY_INT64);
	for (size_t i = 0; i < count; i++)
		db_array_int64(params, db_int64(page, resealed[i].row, 2));
	db_array_begin(params, DB_ARRAY_BYTES);
	for (size_t i = 0; i < count; i++)
		db_array_text(params, db_str(page, resealed[i].row, 4));
	db_array_begin(params, DB_ARRAY_BYTES);
	for (size_t i = 0; i < count; i++)
		db_array_text(params, (struct str){ (const char *)resealing->sealed.data + resealed[i].at, resealed[i].size });
	if (db_run(resealing->db, &texts->update, params, &result, err) != 0)
		return -1;
	resealing->written += result.affected;
	resealing->left += (int64_t)count - result.affected;
	db_result_release(&result);
	return 0;
}

static int reseal_page(struct resealing *resealing, const struct column_of_texts *texts, const struct db_result *page,
		       struct err *err)
{
	struct resealed resealed[PAGE_ROWS];
	size_t count = 0;

	MUST(page->rows <= PAGE_ROWS);
	buf_reset(&resealing->sealed);
	for (int row = 0; row < page->rows; row++) {
		size_t at = resealing->sealed.size;

		if (reseal_row(resealing, texts->column, page, row))
			resealed[count++] = (struct resealed){ row, at, resealing->sealed.size - at };
	}
	return count == 0 ? 0 : write_page(resealing, texts, page, resealed, count, err);
}

static int reseal_column(struct resealing *resealing, const struct column_of_texts *texts, struct err *err)
{
	struct uuid last = { { 0 } };
	int rows_read = PAGE_ROWS;

	while (rows_read == PAGE_ROWS) {
		struct db_result page = { 0 };
		int failed;

		db_params_reset(&resealing->params);
		db_param_uuid(&resealing->params, &last);
		db_param_int64(&resealing->params, PAGE_ROWS);
		failed = db_run(resealing->db, &texts->select, &resealing->params, &page, err);
		rows_read = failed == 0 ? page.rows : 0;
		if (rows_read > 0) {
			last = db_uuid(&page, rows_read - 1, 0);
			failed = reseal_page(resealing, texts, &page, err);
		}
		db_result_release(&page);
		if (failed != 0)
			return -1;
	}
	return 0;
}

/* ---- whose address it is: rows of before the column ---- */

static const struct db_statement select_without_lookup = {
	"cli_reseal_read_lookup",
	"SELECT p.contact_point_id, p.customer_id, p.version, c.key_salt, p.address_sealed FROM customers.contact_point p "
	"JOIN customers.customer c USING (customer_id) WHERE p.contact_point_id > $1 AND p.address_lookup IS NULL "
	"AND p.channel IN ('email', 'sms', 'voice') AND p.address_sealed IS NOT NULL AND c.key_salt IS NOT NULL ORDER BY 1 LIMIT "
	"$2"
};

static const struct db_statement update_lookup = {
	"cli_reseal_write_lookup",
	"WITH mine AS MATERIALIZED (SELECT p.contact_point_id AS id, u.lookup FROM unnest($1::uuid[], $2::bytea[]) u (id, "
	"lookup) "
	"JOIN customers.contact_point p ON p.contact_point_id = u.id AND p.address_sealed IS NOT NULL ORDER BY 1 FOR UPDATE OF p "
	"SKIP LOCKED) UPDATE customers.contact_point p SET address_lookup = m.lookup FROM mine m WHERE p.contact_point_id = m.id"
};

static bool find_lookup(struct resealing *resealing, const struct db_result *page, int row, uint8_t ret_hash[DIGEST_SIZE])
{
	struct seal_place place = { .column = &sealed_address,
				    .row = db_uuid(page, row, 0),
				    .version = db_int64(page, row, 2),
				    .owner = db_uuid(page, row, 1) };
	struct str sealed = db_str(page, row, 4);
	struct err err = ERR_INIT;
	struct opened opened;
	unsigned char *room;
	uint8_t key[32];
	bool opens;

	buf_reset(&resealing->room);
	room = sealed.size > SEALED_SIZE_MAX ? NULL : buf_reserve(&resealing->room, sealed.size + 1);
	person_key(key, resealing->key, db_str(page, row, 3));
	opens = room != NULL && unseal(&opened, (char *)room, sealed, &place, key, &err) == 0;
	wipe(key, sizeof(key));
	if (opens)
		address_lookup(ret_hash, opened.text, resealing->key);
	return opens; /* one that does not open was told with the other texts */
}

static int fill_page(struct resealing *resealing, const struct db_result *page, struct err *err)
{
	uint8_t hashes[PAGE_ROWS][DIGEST_SIZE];
	int found[PAGE_ROWS], count = 0;
	struct db_params *params = &resealing->params;
	struct db_result result = { 0 };

	MUST(page->rows <= PAGE_ROWS);
	for (int row = 0; row < page->rows; row++) {
		if (find_lookup(resealing, page, row, hashes[count]))
			found[count++] = row;
	}
	db_params_reset(params);
	db_array_begin(params, DB_ARRAY_UUID);
	for (int i = 0; i < count; i++) {
		struct uuid id = db_uuid(page, found[i], 0);

		db_array_uuid(params, &id);
	}
	db_array_begin(params, DB_ARRAY_BYTES);
	for (int i = 0; i < count; i++)
		db_array_text(params, (struct str){ (const char *)hashes[i], DIGEST_SIZE });
	if (db_run(resealing->db, &update_lookup, params, &result, err) != 0)
		return -1;
	resealing->filled += result.affected;
	resealing->left += count - result.affected;
	db_result_release(&result);
	return 0;
}

static int fill_lookups(struct resealing *resealing, struct err *err)
{
	struct uuid last = { { 0 } };
	int rows_read = PAGE_ROWS;

	while (rows_read == PAGE_ROWS) {
		struct db_result page = { 0 };
		int failed;

		db_params_reset(&resealing->params);
		db_param_uuid(&resealing->params, &last);
		db_param_int64(&resealing->params, PAGE_ROWS);
		failed = db_run(resealing->db, &select_without_lookup, &resealing->params, &page, err);
		rows_read = failed == 0 ? page.rows : 0;
		if (rows_read > 0) {
			last = db_uuid(&page, rows_read - 1, 0);
			failed = fill_page(resealing, &page, err);
		}
		db_result_release(&page);
		if (failed != 0)
			return -1;
	}
	return 0;
}

static int reseal_all(struct resealing *resealing, struct err *err)
{
	if (key_read(resealing->key, conf.key_file, err) != 0 ||
	    database_open(conf.pg, conf.pg_user, STATEMENT_MS, &resealing->db, err) != 0)
		return -1;
	for (size_t i = 0; i < COUNT(columns); i++) {
		if (reseal_column(resealing, &columns[i], err) != 0)
			return -1;
	}
	return fill_lookups(resealing, err);
}

int run_reseal(int argc, char **argv)
{
	struct resealing resealing = { .db = NULL };
	struct arguments arguments;
	struct err err = ERR_INIT;
	int status = EXIT_STATUS_OK;

	if (!arguments_read(&usage, argc, argv, &arguments, &status))
		return status;
	db_params_init(&resealing.params, PARAMS_SIZE_MAX);
	buf_init(&resealing.room, SEALED_SIZE_MAX + 1);
	buf_init(&resealing.sealed, PAGE_ROWS * (SEALED_SIZE_MAX + SEAL_OVERHEAD));
	if (reseal_all(&resealing, &err) != 0)
		status = fail_wrong(argv[0], &err);
	else if (resealing.left > 0 || resealing.closed > 0)
		status = EXIT_STATUS_WRONG;
	printf("%lld texts looked at, %lld sealed anew", (long long)resealing.looked, (long long)resealing.written);
	if (resealing.filled > 0)
		printf(", %lld addresses can be found now", (long long)resealing.filled);
	if (resealing.left > 0)
		printf("; %lld left, which somebody was writing: run it again", (long long)resealing.left);
	if (resealing.closed > 0)
		printf("; %lld cannot be opened", (long long)resealing.closed);
	printf("\n");
	db_close(resealing.db);
	db_params_release(&resealing.params);
	if (resealing.room.data != NULL)
		wipe(resealing.room.data, resealing.room.capacity);
	buf_release(&resealing.room);
	buf_release(&resealing.sealed);
	wipe(resealing.key, sizeof(resealing.key));
	return status;
}
