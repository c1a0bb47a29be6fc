/* `dcs parked list|replay`: commands that wait, and commands that hit a bug of ours. */
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/array.h"
#include "base/day.h"
#include "bus/bus.h"
#include "cli.h"
#include "database.h"
#include "waiting.h"
#include "wire/coder.h"

#define PAGE_ROWS    1000
#define STATEMENT_MS 60000

static struct {
	const char *bootstrap, *pg, *pg_user, *kind;
	int64_t part, offset, timeout_s;
	bool no_wait;
} conf;

static const struct conf_row rows[] = {
	ROW_BOOTSTRAP(&conf.bootstrap),
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
	  .help = "list: only wait, bug, behind or timer" },
	WAITING_ROWS(conf.no_wait, conf.timeout_s),
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
		"timer: broke our code, too; OFFSET is that of the record that fired it, COMMAND its id. It holds nothing.\n"
		"replay: lets those with kind bug go, after the repair; they are tried at the next Tick, in order. Waits for "
		"what becomes "
		"of them,\n"
		"and tells those that came to nothing.\n"
		"Exit status: 0 done, and all were accepted or already there (--no-wait: let go); 1 not all; 2 wrong usage.",
	.rows = rows,
	.rows_count = COUNT(rows),
	.arguments_min = 1,
	.arguments_max = 2,
};

static const char select_page[] =
	"SELECT part, command_offset, kind, since, key, command_id, reason, released, substring(value FOR 5) FROM "
	"{schema}.parked "
	"WHERE (part, command_offset) > ($1, $2) AND ($3 < 0 OR part = $3) AND ($4 = -1 OR command_offset = $4) "
	"AND ($5 = '' OR kind = $5) ORDER BY part, command_offset LIMIT $6";

static const char update_released[] = "UPDATE {schema}.parked SET released = true WHERE kind = 'bug' AND NOT released "
				      "AND ($1 < 0 OR part = $1) AND ($2 = -1 OR command_offset = $2) "
				      "RETURNING part, command_offset, command_id";

static const char select_timers[] =
	"SELECT part, tried_at, kind::integer, key, id, coalesce(due_at, due_on::timestamp AT TIME ZONE 'UTC') FROM "
	"{schema}.timer "
	"WHERE broken AND ($1 < 0 OR part = $1) AND ($2 = -1 OR tried_at = $2) AND (part, tried_at, id) > ($3, $4, $5) "
	"ORDER BY part, tried_at, id LIMIT $6";

static const char update_timers[] = "UPDATE {schema}.timer SET broken = false WHERE broken AND ($1 < 0 OR part = $1) "
				    "AND ($2 = -1 OR tried_at = $2)";

struct parked_commands {
	struct db *db;
	struct arena arena;
	struct db_params params;
	bool replay;
	struct answers_conf answers_conf;
	struct tally *tally; /* of the released ones */
};

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

static int list_module(struct parked_commands *parked, const char *module, struct err *err)
{
	struct db_params *params = &parked->params;
	const struct db_statement *select = schema_statement(&parked->arena, "cli_parked_list", select_page, module);
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
		if (db_run(parked->db, select, params, &result, err) != 0)
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

/* What --part and --offset choose are its first two parameters. */
static const struct db_statement *timers_statement(struct parked_commands *parked, const char *name, const char *sql,
						   const char *module)
{
	const struct db_statement *statement = schema_statement(&parked->arena, name, sql, module);

	MUST(statement != NULL);
	return statement;
}

static void choose_timers(struct db_params *params)
{
	db_params_reset(params);
	db_param_int32(params, (int32_t)conf.part);
	db_param_int64(params, conf.offset);
}

static void print_timer(const char *module, const struct db_result *result, int row)
{
	struct uuid key = db_uuid(result, row, 3), id = db_uuid(result, row, 4);
	char due[32], key_text[UUID_TEXT_SIZE + 1], id_text[UUID_TEXT_SIZE + 1];

	instant_format(due, db_instant(result, row, 5));
	uuid_format(key_text, &key);
	uuid_format(id_text, &id);
	printf("%-16s %4d %10lld %-6s %-24s %-36s %-36s %-18s a timer of kind %d, due then\n", module, db_int32(result, row, 0),
	       (long long)db_int64(result, row, 1), "timer", due, key_text, id_text, "Timer", db_int32(result, row, 2));
}

static int list_timers(struct parked_commands *parked, const char *module, struct err *err)
{
	const struct db_statement *select = timers_statement(parked, "cli_timers_list", select_timers, module);
	struct db_params *params = &parked->params;
	struct uuid id = { { 0 } };
	int64_t tried_at = -1;
	int32_t part = -1;
	int count = PAGE_ROWS;

	if (conf.kind[0] != '\0' && strcmp(conf.kind, "timer") != 0)
		return 0;
	while (count == PAGE_ROWS) {
		struct db_result result = { .pg = NULL };

		choose_timers(params);
		db_param_int32(params, part);
		db_param_int64(params, tried_at);
		db_param_uuid(params, &id);
		db_param_int64(params, PAGE_ROWS);
		if (db_run(parked->db, select, params, &result, err) != 0)
			return -1;
		count = result.rows;
		for (int i = 0; i < count; i++)
			print_timer(module, &result, i);
		if (count > 0) {
			part = db_int32(&result, count - 1, 0);
			tried_at = db_int64(&result, count - 1, 1);
			id = db_uuid(&result, count - 1, 4);
		}
		db_result_release(&result);
	}
	return 0;
}

/* Nothing is waited for: one that has nothing to do has no event. */
static int release_timers(struct parked_commands *parked, const char *module, struct err *err)
{
	struct db_result result = { .pg = NULL };
	const struct db_statement *update = timers_statement(parked, "cli_timers_released", update_timers, module);

	choose_timers(&parked->params);
	if (db_run(parked->db, update, &parked->params, &result, err) != 0)
		return -1;
	if (result.affected > 0)
		fprintf(stderr, "%s: %lld timers let go\n", module, (long long)result.affected);
	db_result_release(&result);
	return 0;
}

/* The command keeps its position: its answer refers to that. */
static void wait_for(struct tally *tally, const char *module, const struct db_result *result, int row)
{
	int32_t part = db_int32(result, row, 0);
	int64_t offset = db_int64(result, row, 1);
	const struct uuid id = db_uuid(result, row, 2);
	char text[100];

	snprintf(text, sizeof(text), "%.40s partition %d offset %lld", module, part, (long long)offset);
	if (tally_has_room(tally, 1, sizeof(text)))
		tally_acknowledged(tally_add(tally, tally_begin(tally, row, str_of(text), 1), &id), part, offset);
}

static int release_module(struct parked_commands *parked, const char *module, struct err *err)
{
	struct db_params *params = &parked->params;
	const struct db_statement *update = schema_statement(&parked->arena, "cli_released", update_released, module);
	struct db_result result = { .pg = NULL };

	MUST(update != NULL);
	db_params_reset(params);
	db_param_int32(params, (int32_t)conf.part);
	db_param_int64(params, conf.offset);
	if (db_run(parked->db, update, params, &result, err) != 0)
		return -1;
	if (result.rows > 0)
		fprintf(stderr, "%s: %d let go\n", module, result.rows);
	for (int i = 0; i < result.rows && !conf.no_wait; i++)
		wait_for(parked->tally, module, &result, i);
	db_result_release(&result);
	return 0;
}

/* Subscribes to the answers before anything is released. */
static int release_and_wait(struct parked_commands *parked, const char *module, struct err *err)
{
	struct answers *answers = NULL;
	struct waiting waiting;
	int result = -1;

	if (conf.no_wait)
		return release_module(parked, module, err);
	if (answers_open(&parked->answers_conf, module, parked->tally, &answers, err) != 0)
		return -1;
	waiting_begin(&waiting, parked->tally, answers, conf.timeout_s);
	if (release_module(parked, module, err) == 0)
		result = waiting_finish(&waiting, err);
	answers_close(answers);
	return result;
}

static int run(struct parked_commands *parked, const char *only, struct err *err)
{
	struct schemas modules;
	bool found = false;

	if (command_schemas(parked->db, &modules, err) != 0)
		return -1;
	if (!parked->replay)
		printf("%-16s %4s %10s %-6s %-24s %-36s %-36s %-18s %s\n", "MODULE", "PART", "OFFSET", "KIND", "SINCE", "KEY",
		       "COMMAND", "TYPE", "REASON");
	for (size_t i = 0; i < modules.count; i++) {
		if (only != NULL && strcmp(only, modules.names[i]) != 0)
			continue;
		found = true;
		if ((parked->replay ? release_timers : list_timers)(parked, modules.names[i], err) != 0 ||
		    (parked->replay ? release_and_wait : list_module)(parked, modules.names[i], err) != 0)
			return -1;
	}
	return found ? 0 : err_set(err, ERR_FATAL, "there is no module %.60s", only);
}

static int open_all(struct parked_commands *parked, struct err *err)
{
	db_params_init(&parked->params, 4096);
	parked->answers_conf = (struct answers_conf){ .bootstrap = conf.bootstrap, .pg = conf.pg, .pg_user = conf.pg_user };
	if (arena_init(&parked->arena, 1024 * 1024, err) != 0 ||
	    database_open(conf.pg, conf.pg_user, STATEMENT_MS, &parked->db, err) != 0)
		return -1;
	return parked->replay && !conf.no_wait ? tally_new(TALLY_WINDOW, waiting_tell, NULL, &parked->tally, err) : 0;
}

/* Reports the outcomes of the released commands. */
static int tell_replayed(struct tally *tally, int status)
{
	char text[TALLY_SUMMARY_SIZE];

	if (tally == NULL)
		return status;
	tally_abandon(tally);
	tally_summary(tally, text, sizeof(text));
	fprintf(stderr, "%s\n", text);
	return tally_is_good(tally) ? status : EXIT_STATUS_WRONG;
}

int run_parked(int argc, char **argv)
{
	struct parked_commands parked = { .db = NULL };
	struct arguments arguments;
	struct err err = ERR_INIT;
	int status = EXIT_STATUS_OK;

	if (!arguments_read(&usage, argc, argv, &arguments, &status))
		return status;
	parked.replay = strcmp(arguments.items[0], "replay") == 0;
	if (!parked.replay && strcmp(arguments.items[0], "list") != 0)
		return fail_usage(argv[0], "say list or replay");
	if (open_all(&parked, &err) != 0 || run(&parked, arguments.count > 1 ? arguments.items[1] : NULL, &err) != 0)
		status = fail_wrong(argv[0], &err);
	status = tell_replayed(parked.tally, status);
	tally_free(parked.tally);
	db_close(parked.db);
	db_params_release(&parked.params);
	arena_release(&parked.arena);
	return status;
}
