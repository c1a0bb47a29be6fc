/* `dcs unhalt`: lets a halted partition go on. */
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "bus/bus.h"
#include "cli.h"
#include "database.h"

#define STATEMENT_MS 60000

static struct {
	const char *pg, *pg_user;
	int64_t at;
} conf;

static const struct conf_row rows[] = {
	ROW_PG(&conf.pg),
	ROW_PG_USER(&conf.pg_user),
	{ .name = "at",
	  .kind = CONF_NUMBER,
	  .default_value = "-1",
	  .number_min = -1,
	  .number_max = INT64_MAX,
	  .target = &conf.at,
	  .help = "go on at this offset of the command topic, without the proof that it is the same topic; -1: where it "
		  "stopped" },
};

static const struct usage usage = {
	.about = "usage: dcs unhalt MODULE PARTITION [FLAGS]\n\n"
		 "Takes the halt off a partition of a command module; the worker that gets it next makes all its checks again. "
		 "When the\n"
		 "topic was truncated or made anew they fail again: then, and only after a person has looked, --at says where to "
		 "go on.\n"
		 "Commands between the old place and that are lost, or come again (and are known by their ids).\n"
		 "Exit status: 0 done; 1 it is not halted, or could not be; 2 wrong usage.",
	.rows = rows,
	.rows_count = ROWS_COUNT(rows),
	.arguments_min = 2,
	.arguments_max = 2,
};

/* The epoch moves, so that whoever still thinks he has the partition cannot write. */
static const char update_head[] =
	"UPDATE {schema}.partition_head SET state = 'running', reason = NULL, epoch = epoch + 1, owner = 'dcs unhalt', "
	"next_offset = CASE WHEN $2 < 0 THEN next_offset ELSE $2 END, last_digest = CASE WHEN $2 < 0 THEN last_digest END, "
	"tick_cursor = CASE WHEN $2 < 0 THEN tick_cursor END WHERE part = $1 AND state = 'halted'";

static int run(struct db *db, struct arena *arena, const char *module, int32_t part, struct err *err)
{
	const struct db_statement *update = NULL;
	struct db_result result = { .pg = NULL };
	struct schemas modules;
	struct db_params params;
	int failed = 0;

	if (command_modules(db, &modules, err) != 0)
		return -1;
	for (size_t i = 0; i < modules.count; i++) {
		if (strcmp(module, modules.names[i]) == 0)
			update = schema_statement(arena, "cli_unhalt", update_head, module);
	}
	if (update == NULL)
		return err_set(err, ERR_FATAL, "there is no module %.60s", module);
	db_params_init(&params, 256);
	db_param_int32(&params, part);
	db_param_int64(&params, conf.at);
	failed = db_run(db, update, &params, &result, err);
	if (failed == 0 && result.affected == 0)
		failed = err_set(err, ERR_FATAL, "%s partition %d is not halted", module, part);
	db_result_release(&result);
	db_params_release(&params);
	return failed;
}

int run_unhalt(int argc, char **argv)
{
	struct arguments arguments;
	struct arena arena = { .size = 0 };
	struct err err = ERR_INIT;
	struct db *db = NULL;
	long long part = 0;
	int status = EXIT_STATUS_OK;

	if (!arguments_read(&usage, argc, argv, &arguments, &status))
		return status;
	if (!str_to_int64(str_of(arguments.items[1]), &part) || part < 0 || part >= BUS_PARTS_MAX)
		return fail_usage(argv[0], "the partition is a number");
	if (arena_init(&arena, 1024 * 1024, &err) != 0 || database_open(conf.pg, conf.pg_user, STATEMENT_MS, &db, &err) != 0 ||
	    run(db, &arena, arguments.items[0], (int32_t)part, &err) != 0)
		status = fail_wrong(argv[0], &err);
	db_close(db);
	arena_release(&arena);
	return status;
}
