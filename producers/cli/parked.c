/* `dcs parked list|replay`: commands that wait, and those that broke our code. */
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/day.h"
#include "bus/bus.h"
#include "cli.h"
#include "database.h"
#include "wire/coder.h"

#define PAGE_ROWS    1000
#define STATEMENT_MS 60000

static struct {
	const char *pg, *pg_user, *kind;
	int64_t part, offset;
} conf;

static const struct conf_row rows[] = {
	ROW_PG(&conf.pg),
	ROW_PG_USER(&conf.pg_user),
	{ .name = "part",
	  .kind = CONF_NUMBER,
	  .default_value = "-1",
	  .number_min = -1,
	  .number_max = BUS_PARTS_MAX - 1,
	  .target = &conf.part,
	  .help = "only of this partition; -1: all" },
	{ .name = "offset",
	  .kind = CONF_NUMBER,
	  .default_value = "-1",
	  .number_min = INT64_MIN,
	  .number_max = INT64_MAX,
	  .target = &conf.offset,
	  .help = "only the one at this offset of the command topic (below -1: of one that was before); -1: all" },
	{ .name = "kind",
	  .kind = CONF_TEXT,
	  .default_value = "",
	  .target = &conf.kind,
	  .help = "list: only wait, bug or behind" },
};

static const struct usage usage = {
	.about =
		"usage: dcs parked list [MODULE] [FLAGS]\n"
		"       dcs parked replay [MODULE] [FLAGS]\n\n"
		"list: prints the commands that are set aside, and why. wait: names what is not known yet, tried again by "
		"itself. "
		"bug: broke\n"
		"our code; its customer's later commands wait with it. behind: is about the same debt, message ... as one before "
		"it.\n"
		"replay: lets those with kind bug go, after the repair; they are tried at the next Tick, in order.\n"
		"Exit status: 0 done; 1 it could not be; 2 wrong usage.",
	.rows = rows,
	.rows_count = ROWS_COUNT(rows),
	.arguments_min = 1,
	.arguments_max = 2,
};

static const char select_page[] =
	"SELECT part, command_offset, kind, since, key, command_id, reason, released, substring(value FOR 5) FROM "
	"{schema}.parked "
	"WHERE (part, command_offset) > ($1, $2) AND ($3 < 0 OR part = $3) AND ($4 = -1 OR command_offset = $4) "
	"AND ($5 = '' OR kind = $5) ORDER BY part, command_offset LIMIT $6";

static const char update_released[] = "UPDATE {schema}.parked SET released = true WHERE kind = 'bug' AND NOT released "
				      "AND ($1 < 0 OR part = $1) AND ($2 = -1 OR command_offset = $2)";

static const char *type_of(struct str frame)
{
	const struct message_type *type = NULL;
	struct err err = ERR_INIT;
	uint32_t schema_id = 0;

	if (frame_schema_id(frame, &schema_id, &err) == 0)
		type = message_by_schema_id(schema_id);
	return type != NULL ? type->record.name : "?";
}

static void print_row(const char *module, const struct db_result *result, int row)
{
	struct uuid key = db_uuid(result, row, 4), command_id = db_uuid(result, row, 5);
	char since[32], key_text[UUID_TEXT_SIZE + 1], command_text[UUID_TEXT_SIZE + 1];
	struct str kind = db_str(result, row, 2), reason = db_str(result, row, 6);

	instant_format(since, db_instant(result, row, 3));
	uuid_format(key_text, &key);
	uuid_format(command_text, &command_id);
	printf("%-16s %4d %10lld %-6.*s %-24s %-36s %-36s %-18s %.*s%s\n", module, db_int32(result, row, 0),
	       (long long)db_int64(result, row, 1), (int)kind.size, kind.data, since, key_text, command_text,
	       type_of(db_str(result, row, 8)), (int)reason.size, reason.data, db_bool(result, row, 7) ? " (let go)" : "");
}

static int list_module(struct db *db, struct arena *arena, struct db_params *params, const char *module, struct err *err)
{
	const struct db_statement *select = schema_statement(arena, "cli_parked_list", select_page, module);
	int64_t offset = -1;
	int32_t part = -1;
	int count = PAGE_ROWS;

	MUST(select != NULL);
	while (count == PAGE_ROWS) {
		struct db_result result = { .pg = NULL };

		db_params_reset(params);
		db_param_int32(params, part);
		db_param_int64(params, offset);
		db_param_int32(params, (int32_t)conf.part);
		db_param_int64(params, conf.offset);
		db_param_text(params, str_of(conf.kind));
		db_param_int64(params, PAGE_ROWS);
		if (db_run(db, select, params, &result, err) != 0)
			return -1;
		count = result.rows;
		for (int i = 0; i < count; i++)
			print_row(module, &result, i);
		if (count > 0) {
			part = db_int32(&result, count - 1, 0);
			offset = db_int64(&result, count - 1, 1);
		}
		db_result_release(&result);
	}
	return 0;
}

static int release_module(struct db *db, struct arena *arena, struct db_params *params, const char *module, struct err *err)
{
	const struct db_statement *update = schema_statement(arena, "cli_released", update_released, module);
	struct db_result result = { .pg = NULL };

	MUST(update != NULL);
	db_params_reset(params);
	db_param_int32(params, (int32_t)conf.part);
	db_param_int64(params, conf.offset);
	if (db_run(db, update, params, &result, err) != 0)
		return -1;
	if (result.affected > 0)
		fprintf(stderr, "%s: %lld let go\n", module, (long long)result.affected);
	db_result_release(&result);
	return 0;
}

static int run(struct db *db, struct arena *arena, struct db_params *params, bool replay, const char *only, struct err *err)
{
	struct schemas modules;
	bool found = false;

	if (command_modules(db, &modules, err) != 0)
		return -1;
	if (!replay)
		printf("%-16s %4s %10s %-6s %-24s %-36s %-36s %-18s %s\n", "MODULE", "PART", "OFFSET", "KIND", "SINCE", "KEY",
		       "COMMAND", "TYPE", "REASON");
	for (size_t i = 0; i < modules.count; i++) {
		if (only != NULL && strcmp(only, modules.names[i]) != 0)
			continue;
		found = true;
		if ((replay ? release_module : list_module)(db, arena, params, modules.names[i], err) != 0)
			return -1;
	}
	return found ? 0 : err_set(err, ERR_FATAL, "there is no module %.60s", only);
}

int run_parked(int argc, char **argv)
{
	struct arguments arguments;
	struct arena arena = { .size = 0 };
	struct db_params params;
	struct err err = ERR_INIT;
	struct db *db = NULL;
	int status = EXIT_STATUS_OK;
	bool replay = false;

	if (!arguments_read(&usage, argc, argv, &arguments, &status))
		return status;
	replay = strcmp(arguments.items[0], "replay") == 0;
	if (!replay && strcmp(arguments.items[0], "list") != 0)
		return fail_usage(argv[0], "say list or replay");
	db_params_init(&params, 4096);
	if (arena_init(&arena, 1024 * 1024, &err) != 0 || database_open(conf.pg, conf.pg_user, STATEMENT_MS, &db, &err) != 0 ||
	    run(db, &arena, &params, replay, arguments.count > 1 ? arguments.items[1] : NULL, &err) != 0)
		status = fail_wrong(argv[0], &err);
	db_close(db);
	db_params_release(&params);
	arena_release(&arena);
	return status;
}
