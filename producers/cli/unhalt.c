/* `dcs unhalt`: restarts a halted partition. */
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/array.h"
#include "bus/bus.h"
#include "cli.h"
#include "database.h"

#define STATEMENT_MS 60000

static struct {
	const char *pg, *pg_user, *of;
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
	{ .name = "of",
	  .kind = CONF_TEXT,
	  .default_value = "",
	  .target = &conf.of,
	  .help = "--at is an offset of the events of this module, which MODULE follows" },
};

static const struct usage usage = {
	.about =
		"usage: dcs unhalt MODULE PARTITION [FLAGS]\n\n"
		"Takes the halt off a partition of a command module; the worker that gets it next makes all its checks again. An "
		"event of\n"
		"another module that broke our code is answered then, by a program that is mended: install it first.\n"
		"When the\n"
		"topic was truncated or made anew they fail again: then, and only after a person has looked, --at says where to "
		"go on.\n"
		"Commands between the old place and that are lost, or come again (and are known by their ids). Going back, what "
		"was "
		"set\n"
		"aside before keeps its turn, at offsets below zero. With --of, nothing can be lost: an event is answered only "
		"if "
		"it\n"
		"is the next one of its log.\n"
		"Exit status: 0 done; 1 it is not halted, or could not be; 2 wrong usage.",
	.rows = rows,
	.rows_count = COUNT(rows),
	.arguments_min = 2,
	.arguments_max = 2,
};

/* In one transaction. $1 part, $2 the offset to continue at, -1: where it stopped. */
static const char lock_head[] = "SELECT next_offset FROM {schema}.partition_head WHERE part = $1 AND state = 'halted' FOR UPDATE";

/*
 * After going back, offsets will be used again: the rows with used offsets are moved below all of them, in the same order. (-1
 * stays free: in the commands that list, it means "all".)
 */
static const char move_parked[] =
	"UPDATE {schema}.parked SET command_offset = command_offset - (SELECT h.next_offset + 1 - least(min(p.command_offset), 0)"
	" FROM {schema}.parked p JOIN {schema}.partition_head h USING (part) WHERE part = $1 GROUP BY h.next_offset)"
	" WHERE part = $1";
static const char move_dead[] =
	"UPDATE {schema}.dead_letter SET command_offset = command_offset - (SELECT h.next_offset + 1 - "
	"least(min(d.command_offset), 0)"
	" FROM {schema}.dead_letter d JOIN {schema}.partition_head h USING (part) WHERE part = $1 GROUP BY h.next_offset)"
	" WHERE part = $1";
/* Timers that were set at used offsets are of before every offset to come. */
static const char move_timers[] = "UPDATE {schema}.timer SET set_at = least(set_at, $2 - 1), tried_at = least(tried_at, $2 - 1) "
				  "WHERE part = $1 AND (set_at >= $2 OR tried_at >= $2)";
static const char insert_break[] =
	"INSERT INTO {schema}.topic_break (part, log_seq, left_at, went_on_at) SELECT part, log_seq, next_offset, $2 FROM "
	"{schema}.partition_head WHERE part = $1 ON CONFLICT (part, log_seq) DO UPDATE SET went_on_at = excluded.went_on_at";

/* The epoch is incremented, so that an owner that missed the halt cannot write. */
static const char update_head[] = "UPDATE {schema}.partition_head SET state = 'running', reason = NULL, epoch = epoch + 1, owner "
				  "= 'dcs unhalt', tries = 0, "
				  "crashes = 0, quarantine = 0, quarantine_left = 0, next_offset = CASE WHEN $2 < 0 THEN "
				  "next_offset ELSE $2 END, last_digest = CASE "
				  "WHEN $2 < 0 THEN last_digest "
				  "END, tick_cursor = CASE WHEN $2 < 0 THEN tick_cursor END, timers_done = CASE WHEN $2 < 0 THEN "
				  "timers_done ELSE 0 END, timers_before = CASE WHEN $2 < 0 THEN timers_before END WHERE part = "
				  "$1";

/* $3 the followed module. Where its log goes on stays: an event that is not the next one of it halts the partition again. */
static const char update_position[] = "UPDATE {schema}.followed_head SET next_offset = $2 WHERE part = $1 AND source = $3 "
				      "RETURNING part";

/* Of a module that reacts. */
static const char update_followed[] =
	"UPDATE {schema}.followed_head SET tries = 0, crashes = 0, quarantine = 0, quarantine_left = 0 "
	"WHERE part = $1";

struct unhalt {
	struct db *db;
	struct arena *arena;
	const char *module;
	bool reacts;
	int32_t part;
	int64_t at; /* of the command topic; -1: where it stopped */
};

static int run_step(const struct unhalt *unhalt, const char *name, const char *sql, bool has_at, struct db_result *ret_result,
		    struct err *err)
{
	const struct db_statement *statement = schema_statement(unhalt->arena, name, sql, unhalt->module);
	struct db_params params;
	int failed = 0;

	MUST(statement != NULL);
	db_params_init(&params, 256);
	db_param_int32(&params, unhalt->part);
	if (has_at)
		db_param_int64(&params, unhalt->at);
	failed = db_run(unhalt->db, statement, &params, ret_result, err);
	db_params_release(&params);
	return failed;
}

/* The position in the events of another module. */
static int move_position(const struct unhalt *unhalt, struct err *err)
{
	const struct db_statement *statement =
		schema_statement(unhalt->arena, "cli_unhalt_position", update_position, unhalt->module);
	struct db_result result = { .pg = NULL };
	struct db_params params;
	int failed;

	MUST(statement != NULL);
	db_params_init(&params, 256);
	db_param_int32(&params, unhalt->part);
	db_param_int64(&params, conf.at);
	db_param_text(&params, str_of(conf.of));
	failed = db_run(unhalt->db, statement, &params, &result, err);
	if (failed == 0 && result.rows == 0)
		failed = err_set(err, ERR_FATAL, "%s follows no module %.60s", unhalt->module, conf.of);
	db_result_release(&result);
	db_params_release(&params);
	return failed;
}

static int go_on(const struct unhalt *unhalt, struct err *err)
{
	struct db_result result = { .pg = NULL };
	int64_t next_offset = 0;

	if (run_step(unhalt, "cli_unhalt_lock", lock_head, false, &result, err) != 0)
		return -1;
	if (result.rows == 0) {
		db_result_release(&result);
		return err_set(err, ERR_FATAL, "%s partition %d is not halted", unhalt->module, unhalt->part);
	}
	next_offset = db_int64(&result, 0, 0);
	db_result_release(&result);
	if (unhalt->at >= 0 && unhalt->at < next_offset &&
	    (run_step(unhalt, "cli_unhalt_parked", move_parked, false, NULL, err) != 0 ||
	     run_step(unhalt, "cli_unhalt_dead", move_dead, false, NULL, err) != 0 ||
	     run_step(unhalt, "cli_unhalt_timers", move_timers, true, NULL, err) != 0 ||
	     run_step(unhalt, "cli_unhalt_break", insert_break, true, NULL, err) != 0))
		return -1;
	if (conf.of[0] != '\0' && !unhalt->reacts)
		return err_set(err, ERR_FATAL, "%s follows nobody", unhalt->module);
	if (conf.of[0] != '\0' && move_position(unhalt, err) != 0)
		return -1;
	if (unhalt->reacts && run_step(unhalt, "cli_unhalt_followed", update_followed, false, NULL, err) != 0)
		return -1;
	return run_step(unhalt, "cli_unhalt", update_head, true, NULL, err);
}

static int run(struct db *db, struct arena *arena, const char *module, int32_t part, struct err *err)
{
	struct unhalt unhalt = { .db = db, .arena = arena, .part = part, .at = conf.of[0] == '\0' ? conf.at : -1 };
	struct schemas modules, reacting;
	int failed = -1;

	if (command_schemas(db, &modules, err) != 0 || reacting_schemas(db, &reacting, err) != 0)
		return -1;
	unhalt.reacts = schemas_have(&reacting, module);
	for (size_t i = 0; i < modules.count; i++)
		if (strcmp(module, modules.names[i]) == 0)
			unhalt.module = modules.names[i];
	if (unhalt.module == NULL)
		return err_set(err, ERR_FATAL, "there is no module %.60s", module);
	if (db_begin(db, err) == 0 && go_on(&unhalt, err) == 0)
		failed = db_commit(db, err);
	db_rollback(db); /* no-op after a commit */
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
	if (conf.of[0] != '\0' && conf.at < 0)
		return fail_usage(argv[0], "--of needs --at");
	if (arena_init(&arena, 1024 * 1024, &err) != 0 || database_open(conf.pg, conf.pg_user, STATEMENT_MS, &db, &err) != 0 ||
	    run(db, &arena, arguments.items[0], (int32_t)part, &err) != 0)
		status = fail_wrong(argv[0], &err);
	db_close(db);
	arena_release(&arena);
	return status;
}
