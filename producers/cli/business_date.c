/* `dcs business-date`: corrects a wrong business date. */
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/array.h"
#include "base/day.h"
#include "base/log.h"
#include "bus/bus.h"
#include "cli.h"
#include "database.h"

#define STATEMENT_MS 60000

static struct {
	const char *pg, *pg_user, *set;
	int64_t part;
} conf;

static const struct conf_row rows[] = {
	ROW_PG(&conf.pg),
	ROW_PG_USER(&conf.pg_user),
	{ .name = "set", .kind = CONF_TEXT, .default_value = NULL, .target = &conf.set, .help = "the right date, YYYY-MM-DD" },
	{ .name = "part",
	  .kind = CONF_NUMBER,
	  .default_value = "-1",
	  .number_min = -1,
	  .number_max = BUS_PARTS_MAX - 1,
	  .target = &conf.part,
	  .help = "this partition only; -1: all that are later than the date" },
};

static const struct usage usage = {
	.about = "usage: dcs business-date MODULE --set YYYY-MM-DD [--part N] [FLAGS]\n\n"
		 "Takes the business date of a module's partitions back to the date: for one that a wrong clock has moved too "
		 "far.\n"
		 "Forward only Ticks move it, a day at a time. Not before the day that it is (UTC): commands would be booked on "
		 "it\n"
		 "anyway. What was booked on later days stays as it was booked, in the log, the ledger and the reports: look "
		 "there\n"
		 "first (dcs tail, GET /debts/ID/entries), and reverse by commands what must not stand. Each change is written\n"
		 "down in engine.date_correction.\n"
		 "Exit status: 0 done; 1 there is nothing to take back, or it could not be; 2 wrong usage.",
	.rows = rows,
	.rows_count = COUNT(rows),
	.arguments_min = 1,
	.arguments_max = 1,
};

/* The epoch is incremented, so that the owner, with the old date in memory, cannot write: it claims again, and reads this one. */
static const char correct[] =
	"WITH late AS (SELECT part, business_date FROM {schema}.partition_head WHERE business_date > $2 AND ($1 < 0 OR part = "
	"$1) "
	"FOR UPDATE), "
	"moved AS (UPDATE {schema}.partition_head h SET business_date = $2, epoch = epoch + 1, owner = 'dcs business-date' "
	"FROM late WHERE h.part = late.part RETURNING h.part, late.business_date AS was), "
	"noted AS (INSERT INTO engine.date_correction (module, part, was, is_now) SELECT '{schema}', part, was, $2 FROM moved) "
	"SELECT part, was FROM moved ORDER BY part";

static int run(struct db *db, struct arena *arena, const char *module, int32_t date, struct err *err)
{
	struct db_result result = { .pg = NULL };
	const struct db_statement *statement = NULL;
	struct schemas modules;
	struct db_params params;
	char day[16];
	int failed;

	if (command_schemas(db, &modules, err) != 0)
		return -1;
	for (size_t i = 0; i < modules.count; i++)
		if (strcmp(module, modules.names[i]) == 0)
			statement = schema_statement(arena, "cli_business_date", correct, modules.names[i]);
	if (statement == NULL)
		return err_set(err, ERR_FATAL, "there is no module %.60s", module);
	db_params_init(&params, 256);
	db_param_int32(&params, (int32_t)conf.part);
	db_param_date(&params, date);
	failed = db_run(db, statement, &params, &result, err);
	db_params_release(&params);
	for (int i = 0; failed == 0 && i < result.rows; i++) {
		day_format(day, db_date(&result, i, 1));
		log_warn("module=%s part=%d business_date=%s was=%s taken back by hand", module, db_int32(&result, i, 0),
			 conf.set, day);
	}
	if (failed == 0 && result.rows == 0)
		failed = err_set(err, ERR_FATAL, "no such partition of %.60s has a later business date", module);
	db_result_release(&result);
	return failed;
}

int run_business_date(int argc, char **argv)
{
	struct arguments arguments;
	struct arena arena = { .size = 0 };
	struct err err = ERR_INIT;
	struct db *db = NULL;
	int32_t date;
	int status = EXIT_STATUS_OK;

	if (!arguments_read(&usage, argc, argv, &arguments, &status))
		return status;
	if (!day_parse(str_of(conf.set), &date))
		return fail_usage(argv[0], "--set wants a date, YYYY-MM-DD");
	if (date < day_of_instant(clock_now_ms()))
		return fail_usage(argv[0], "a business date is never before the day that it is");
	if (arena_init(&arena, 1024 * 1024, &err) != 0 || database_open(conf.pg, conf.pg_user, STATEMENT_MS, &db, &err) != 0 ||
	    run(db, &arena, arguments.items[0], date, &err) != 0)
		status = fail_wrong(argv[0], &err);
	db_close(db);
	arena_release(&arena);
	return status;
}
