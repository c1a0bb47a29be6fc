#include "database.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "worker/stack.h"

#define CONNINFO_SIZE_MAX 1024
#define SQL_SIZE_MAX      8192

static const struct db_statement select_schemas = {
	.name = "cli_schemas",
	.sql = "SELECT quote_ident(n.nspname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
	       "WHERE c.relname = $1 AND c.relkind IN ('r', 'p') ORDER BY 1",
};

int database_open(const char *conninfo, const char *user, int64_t timeout_ms, struct db **ret_db, struct err *err)
{
	char text[CONNINFO_SIZE_MAX];
	int size = snprintf(text, sizeof(text), "%s%s%s", conninfo, user[0] != '\0' ? " user=" : "", user);
	struct db *db;

	if (size < 0 || (size_t)size >= sizeof(text))
		return err_set(err, ERR_FATAL, "the conninfo is too long");
	if (db_open(text, "dcs", timeout_ms, &db, err) != 0)
		return -1;
	if (stack_check(db, err) != 0) {
		db_close(db);
		return -1;
	}
	*ret_db = db;
	return 0;
}

static int schemas_with(struct db *db, const char *table, struct schemas *ret_schemas, struct err *err)
{
	struct db_result result = { .pg = NULL };
	struct schemas schemas = { .count = 0 };
	struct db_params params;
	int status = -1;

	db_params_init(&params, 256);
	db_param_text(&params, str_of(table));
	if (db_run(db, &select_schemas, &params, &result, err) != 0)
		goto out;
	for (int i = 0; i < result.rows; i++) {
		if (schemas.count == SCHEMAS_MAX ||
		    !str_to_chars(schemas.names[schemas.count], sizeof(schemas.names[0]), db_str(&result, i, 0))) {
			(void)err_set(err, ERR_FATAL, "more schemas than this program knows how to handle");
			goto out;
		}
		schemas.count++;
	}
	*ret_schemas = schemas;
	status = 0;
out:
	db_result_release(&result);
	db_params_release(&params);
	return status;
}

int command_schemas(struct db *db, struct schemas *ret_schemas, struct err *err)
{
	if (schemas_with(db, "partition_head", ret_schemas, err) != 0)
		return -1;
	if (ret_schemas->count == 0)
		return err_set(err, ERR_FATAL, "the database has no modules: dcs migrate makes them");
	return 0;
}

int reader_schemas(struct db *db, struct schemas *ret_schemas, struct err *err)
{
	return schemas_with(db, "reader_head", ret_schemas, err);
}

int reacting_schemas(struct db *db, struct schemas *ret_schemas, struct err *err)
{
	return schemas_with(db, "followed_head", ret_schemas, err);
}

bool schemas_have(const struct schemas *schemas, const char *name)
{
	for (size_t i = 0; i < schemas->count; i++)
		if (strcmp(schemas->names[i], name) == 0)
			return true;
	return false;
}

const struct db_statement *schema_statement(struct arena *arena, const char *name, const char *sql, const char *schema)
{
	static const char mark[] = "{schema}";
	struct db_statement *statement = arena_take(arena, 1, sizeof(*statement));
	char *full_name = arena_take_bytes(arena, 128);
	char *text = arena_take_bytes(arena, SQL_SIZE_MAX);
	size_t size = 0;

	if (statement == NULL || full_name == NULL || text == NULL)
		return NULL;
	MUST(strlen(sql) < SQL_SIZE_MAX / 2);
	while (*sql != '\0') {
		const char *next = strstr(sql, mark);
		size_t plain = next != NULL ? (size_t)(next - sql) : strlen(sql);

		MUST(size + plain + strlen(schema) < SQL_SIZE_MAX);
		memcpy(text + size, sql, plain);
		size += plain;
		sql += plain;
		if (next != NULL) {
			memcpy(text + size, schema, strlen(schema));
			size += strlen(schema);
			sql += sizeof(mark) - 1;
		}
	}
	text[size] = '\0';
	snprintf(full_name, 128, "%s_%s", name, schema);
	statement->name = full_name;
	statement->sql = text;
	return statement;
}
