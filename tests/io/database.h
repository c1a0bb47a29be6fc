#ifndef TESTS_IO_DATABASE_H
#define TESTS_IO_DATABASE_H

#include <stdio.h>
#include <stdlib.h>

#include "consumers/modules.h"
#include "db/db.h"
#include "db/migrate.h"

/*
 * test_database_make: a database with all migrations, made anew in the cluster of DCS_TEST_PG. The migrations take a second and some
 * programs want a database for each test, so the first one in a cluster is kept as a template and the others are its copies.
 *
 * Each copy is migrated, too: migrate() compares the hash of every file and of all generated SQL, applies what the template lacks, and
 * refuses one of other files. So nothing depends on how the template was made. CREATE DATABASE copies no settings of roles
 * (ALTER ROLE ... IN DATABASE); they are repeated.
 */
#define DATABASE_TEMPLATE   "dcs_template"
#define DATABASE_TIMEOUT_MS 20000
#define DATABASE_TEXT_MAX   700

static inline int test_database_open(const char *name, struct db **ret_db, struct err *err)
{
	char conninfo[DATABASE_TEXT_MAX];

	(void)snprintf(conninfo, sizeof(conninfo), "%s dbname=%s", getenv("DCS_TEST_PG"), name);
	return db_open(conninfo, "test_database", DATABASE_TIMEOUT_MS, ret_db, err);
}

static inline int test_database_migrate(const char *name, struct err *err)
{
	struct db *db = NULL;
	int applied, rc = -1;

	if (test_database_open(name, &db, err) == 0)
		rc = migrate(db, "sql", command_modules, COMMAND_MODULES_COUNT, &applied, err);
	db_close(db);
	return rc;
}

static inline int test_database_make(const char *name, struct err *err)
{
	static char drop_sql[DATABASE_TEXT_MAX], create_sql[DATABASE_TEXT_MAX];
	static const struct db_statement find = { "find", "SELECT FROM pg_database WHERE datname = '" DATABASE_TEMPLATE "'" };
	static const struct db_statement begin = { "begin", "CREATE DATABASE " DATABASE_TEMPLATE " TEMPLATE template0" };
	static const struct db_statement drop = { "drop", drop_sql };
	static const struct db_statement create = { "create", create_sql };
	static const struct db_statement settings = {
		"settings", "INSERT INTO pg_db_role_setting SELECT copy.oid, setrole, setconfig "
			    "FROM pg_db_role_setting JOIN pg_database template ON template.oid = setdatabase, pg_database copy "
			    "WHERE template.datname = '" DATABASE_TEMPLATE "' AND copy.datname = $1"
	};
	struct db *server = NULL;
	struct db_result found = { 0 };
	struct db_params params;
	int rc = -1;

	(void)snprintf(drop_sql, sizeof(drop_sql), "DROP DATABASE IF EXISTS %s WITH (FORCE)", name);
	(void)snprintf(create_sql, sizeof(create_sql), "CREATE DATABASE %s TEMPLATE " DATABASE_TEMPLATE, name);
	db_params_init(&params, DATABASE_TEXT_MAX);
	db_param_text(&params, str_of(name));
	if (test_database_open("postgres", &server, err) != 0 || db_run(server, &find, NULL, &found, err) != 0)
		goto out;
	if (found.rows == 0 &&
	    (db_run(server, &begin, NULL, NULL, err) != 0 || test_database_migrate(DATABASE_TEMPLATE, err) != 0))
		goto out;
	if (db_run(server, &drop, NULL, NULL, err) != 0 || db_run(server, &create, NULL, NULL, err) != 0 ||
	    db_run(server, &settings, &params, NULL, err) != 0)
		goto out;
	rc = test_database_migrate(name, err);
out:
	db_params_release(&params);
	db_result_release(&found);
	db_close(server);
	return rc;
}

#endif
