/* `dcs migrate`: brings the database to the newest migration. */
#include "db/migrate.h"

#include <stdio.h>

#include "base/array.h"
#include "base/place.h"
#include "bus/bus.h"
#include "cli.h"
#include "consumers/modules.h"
#include "database.h"
#include "schemas/words.h"
#include "worker/stack.h"

static struct {
	const char *pg, *pg_user, *sql_dir, *collector, *jurisdiction;
} conf;

static const struct conf_row rows[] = {
	ROW_PG(&conf.pg),
	ROW_PG_USER(&conf.pg_user),
	{ .name = "sql.dir",
	  .kind = CONF_TEXT,
	  .default_value = "sql",
	  .target = &conf.sql_dir,
	  .help = "folder of the migrations" },
	{ .name = "collector",
	  .kind = CONF_TEXT,
	  .default_value = "",
	  .target = &conf.collector,
	  .help = "for whom this stack's debts are collected: " COLLECTOR_LISTED "; unset: as it is kept" },
	{ .name = "jurisdiction",
	  .kind = CONF_TEXT,
	  .default_value = "",
	  .target = &conf.jurisdiction,
	  .help = "country under whose law they are, ISO 3166-1; unset: as it is kept" },
};

static const struct usage usage = {
	.about = "usage: dcs migrate [FLAGS]\n\n"
		 "Applies the migrations (NNNN_name.sql) that the database does not have yet, in order. Needs a role that may "
		 "create\n"
		 "schemas and roles. Running it again, or twice at once, is harmless. With DCS_REHEARSAL=yes a new database "
		 "becomes\n"
		 "a rehearsal's, for good. DCS_COLLECTOR and DCS_JURISDICTION are kept in the database, for every program; until "
		 "the\n"
		 "first is known, nobody is written to.",
	.rows = rows,
	.rows_count = COUNT(rows),
	.arguments_min = 0,
	.arguments_max = 0,
};

/* The migration that decides what a new stack is asks for it; an older stack is not of another kind for it. */
static int migrate_as(struct db *db, int *ret_applied, struct err *err)
{
	static const struct db_statement set_kind = { "cli_kind", "SELECT set_config('dcs.rehearsal', $1, false)" };
	struct db_params params;
	int status;

	db_params_init(&params, 64);
	db_param_text(&params, str_of(bus_is_rehearsal() ? "yes" : "no"));
	status = db_run(db, &set_kind, &params, NULL, err);
	db_params_release(&params);
	if (status != 0 || migrate(db, conf.sql_dir, command_modules, COMMAND_MODULES_COUNT, ret_applied, err) != 0)
		return -1;
	return stack_check(db, err);
}

/* ---- for whom the debts are collected ---- */

static bool is_set(const char *setting)
{
	return setting[0] != '\0';
}

static int check_collection(struct err *err)
{
	if (is_set(conf.collector) && collector_by_name(str_of(conf.collector)) == COLLECTOR_NONE)
		return err_set(err, ERR_FATAL, "DCS_COLLECTOR is not one of " COLLECTOR_LISTED);
	if (is_set(conf.jurisdiction) && !country_is_known(str_of(conf.jurisdiction)))
		return err_set(err, ERR_FATAL, "DCS_JURISDICTION is no country of ISO 3166-1");
	return 0;
}

/* What is not set stays as it is kept. */
static int keep_collection(struct db *db, struct err *err)
{
	static const struct db_statement keep = { "cli_collection",
						  "UPDATE engine.stack SET collector = coalesce(nullif($1, ''), collector), "
						  "jurisdiction = coalesce(nullif($2, ''), jurisdiction)" };
	struct db_params params;
	int status;

	if (!is_set(conf.collector) && !is_set(conf.jurisdiction))
		return 0;
	db_params_init(&params, 64);
	db_param_text(&params, str_of(conf.collector));
	db_param_text(&params, str_of(conf.jurisdiction));
	status = db_run(db, &keep, &params, NULL, err);
	db_params_release(&params);
	return status;
}

int run_migrate(int argc, char **argv)
{
	struct arguments arguments;
	struct err err = ERR_INIT;
	struct db *db = NULL;
	int status = EXIT_STATUS_OK;
	int applied = 0;

	if (!arguments_read(&usage, argc, argv, &arguments, &status))
		return status;
	if (check_collection(&err) != 0 || database_open(conf.pg, conf.pg_user, 0, &db, &err) != 0 ||
	    migrate_as(db, &applied, &err) != 0 || keep_collection(db, &err) != 0)
		status = fail_wrong(argv[0], &err);
	else
		fprintf(stderr, "%d migrations applied\n", applied);
	db_close(db);
	return status;
}
