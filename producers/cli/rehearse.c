/* `dcs rehearse`: tells a rehearsal its time, and what people do at that time, out of a script. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/array.h"
#include "base/buf.h"
#include "base/day.h"
#include "cli.h"
#include "consumers/modules.h"
#include "database.h"
#include "lines.h"
#include "producers/clock/ticker.h"
#include "rest.h"
#include "row_id.h"
#include "sender.h"
#include "wire/json.h"

#define LINE_SIZE_MAX (512 * 1024)
#define ARENA_SIZE    (4 * 1024 * 1024)
#define STATEMENT_MS  30000
#define WHO_SIZE_MAX  128

static struct {
	struct sender_conf sender;
	const char *pg, *pg_user, *timezone;
} conf;

static const struct conf_row rows[] = {
	SENDER_ROWS(conf.sender),
	SENDER_SCOPE_ROWS(conf.sender),
	ROW_PG(&conf.pg),
	ROW_PG_USER(&conf.pg_user),
	{ .name = "role",
	  .kind = CONF_TEXT,
	  .default_value = "agent,supervisor,compliance,creditor",
	  .target = &conf.sender.roles,
	  .help = "roles of the minted token" },
	{ .name = "timezone",
	  .kind = CONF_TEXT,
	  .default_value = "UTC",
	  .target = &conf.timezone,
	  .help = "the organisation's: when a business day begins" },
};

static const struct usage usage = {
	.about =
		"usage: dcs rehearse [FLAGS] < script\n\n"
		"Plays a script on a stack that was made as a rehearsal (DCS_REHEARSAL=yes at dcs migrate and dcs topics). A "
		"line is\n"
		"  at 2027-03-01T08:00:00Z     the time from here on: it is told to the database and, as Ticks, to every module\n"
		"  GrantConsent {...}          a command at that time: its type, and the JSON that dcs publish reads\n"
		"  debts.ApproveCommand {...}  one that any module may get: the module before it\n"
		"  as WHO                      who sends from here on: the sub of the token; before the first, --subject\n"
		"  say TEXT                    prints the text when everything is done: for who writes the script as it goes\n"
		"  # ...                       a remark\n"
		"Before the next time, everything that the last one has caused is done: timers fired, messages handed over and\n"
		"reported. So a year takes as long as its work. Run it alone: it is the rehearsal's clock.\n"
		"Exit status: 0 the script was played to its end; 1 not; 2 wrong usage.",
	.rows = rows,
	.rows_count = COUNT(rows),
	.arguments_min = 0,
	.arguments_max = 0,
};

struct rehearsal {
	struct db *db;
	struct bus_producer *producer; /* of the time's own topic */
	struct ticker_conf ticker_conf;
	struct ticker *ticker;
	struct sender *sender;
	struct rest rest;
	struct arena arena; /* of one line, behind `mark` */
	size_t mark;
	struct lines lines;
	struct buf json;
	char who[WHO_SIZE_MAX]; /* of the last `as` */
	int64_t now_ms;         /* 0: the script has told no time yet */
	int64_t ticks, commands, lost;
};

/* ---- the time ---- */

/* The order matters: whoever has heard of a Tick finds its time in the database and in the topic that is asked for it. */
static int tell_database(const struct rehearsal *rehearsal, struct err *err)
{
	static const struct db_statement statement = { "cli_rehearse_at", "SELECT engine.rehearse_at($1)" };
	struct db_params params;
	int status;

	db_params_init(&params, 64);
	db_param_instant(&params, rehearsal->now_ms);
	status = db_run(rehearsal->db, &statement, &params, NULL, err);
	db_params_release(&params);
	return status;
}

static int tell_topic(const struct rehearsal *rehearsal, struct err *err)
{
	if (bus_produce(rehearsal->producer, BUS_TIME_TOPIC, 0, STR(""), STR(""), NULL, 0, NULL, NULL, err) != 0)
		return -1;
	return bus_producer_flush(rehearsal->producer, (int)conf.sender.timeout_s * 1000, err);
}

static int tell_modules(const struct rehearsal *rehearsal, struct err *err)
{
	struct ticker_counts counts;

	if (ticker_tick(rehearsal->ticker, rehearsal->now_ms, err) != 0)
		return -1;
	ticker_drain(rehearsal->ticker, (int)conf.sender.timeout_s * 1000);
	counts = ticker_counts(rehearsal->ticker);
	if (counts.delivered < counts.sent)
		return err_set(err, ERR_RETRY, "a Tick was not delivered");
	return 0;
}

static int come_to_rest(struct rehearsal *rehearsal, struct err *err)
{
	if (sender_finish(rehearsal->sender, err) != 0)
		return -1;
	if (rehearsal->lost > 0)
		return err_set(err, ERR_RETRY, "%" PRId64 " commands were not delivered", rehearsal->lost);
	return rest_wait(&rehearsal->rest, rehearsal->producer, conf.sender.timeout_s * 1000, err);
}

static void show_month(int64_t before_ms, int64_t now_ms, const struct rehearsal *rehearsal)
{
	char before[32], now[32];

	instant_format(before, before_ms);
	instant_format(now, now_ms);
	if (strncmp(before, now, 7) != 0)
		fprintf(stderr, "%.10s  %" PRId64 " Ticks, %" PRId64 " commands\n", now, rehearsal->ticks, rehearsal->commands);
}

static int play_time(struct rehearsal *rehearsal, struct str text, struct err *err)
{
	int64_t before_ms = rehearsal->now_ms;
	bool has_due;

	if (!instant_parse(text, &rehearsal->now_ms) || rehearsal->now_ms < before_ms)
		return err_set(err, ERR_FATAL, "an instant that is not before the last one is expected");
	if (before_ms > 0 && come_to_rest(rehearsal, err) != 0)
		return -1;
	bus_note_clock(rehearsal->now_ms);
	if (tell_database(rehearsal, err) != 0 ||
	    rest_has_due(&rehearsal->rest, ticker_business_date(rehearsal->now_ms), &has_due, err) != 0 ||
	    tell_topic(rehearsal, err) != 0 || tell_modules(rehearsal, err) != 0)
		return -1;
	rest_expect_tick(&rehearsal->rest, rehearsal->now_ms);
	rehearsal->ticks++;
	show_month(before_ms, rehearsal->now_ms, rehearsal);
	return has_due || before_ms == 0
		       ? come_to_rest(rehearsal, err)
		       : rest_wait_idle(&rehearsal->rest, rehearsal->producer, conf.sender.timeout_s * 1000, err);
}

/* ---- a command ---- */

/* Where a module's commands have come to. */
struct place {
	struct rehearsal *rehearsal;
	size_t module;
};

static void on_sent(void *place_arg, int32_t part, int64_t offset, const struct err *failure)
{
	const struct place *place = place_arg;

	if (failure != NULL || offset < 0)
		place->rehearsal->lost++;
	else
		rest_expect(&place->rehearsal->rest, place->module, part, offset);
}

/* "GrantConsent"; one that any module may get names it: "debts.ApproveCommand". */
static const struct message_type *find_command(struct str name, struct str *ret_module)
{
	struct str type_name, module = str_cut(name, '.', &type_name);
	const struct message_type *type = message_by_name(type_name.size > 0 ? type_name : name);

	if (type == NULL || type->kind != MESSAGE_COMMAND || type->key_field == NULL)
		return NULL;
	*ret_module = type_name.size > 0 ? module : str_of(type->module);
	return type;
}

static int play_command(struct rehearsal *rehearsal, struct str name, struct str json, struct err *err)
{
	static struct place places[SCHEMAS_MAX];
	struct uuid id = uuid_new();
	struct sender_record record = { .id = &id, .done = on_sent };
	size_t module;
	bool has_id;

	if (rehearsal->now_ms == 0)
		return err_set(err, ERR_FATAL, "the script begins with a time");
	record.type = find_command(name, &record.module);
	if (record.type == NULL || !rest_find_module(&rehearsal->rest, record.module, &module))
		return err_set(err, ERR_FATAL, "there is no command %.*s", (int)(name.size < 40 ? name.size : 40), name.data);
	places[module] = (struct place){ .rehearsal = rehearsal, .module = module };
	record.done_arg = &places[module];
	if (row_take_id(json, &rehearsal->json, &has_id, &id, err) != 0 ||
	    json_read_message(buf_str(&rehearsal->json), record.type, &rehearsal->arena, &record.body, err) != 0)
		return -1;
	rehearsal->commands++;
	return sender_send(rehearsal->sender, &record, err);
}

/* ---- the script ---- */

static int play_sender(struct rehearsal *rehearsal, struct str who, struct err *err)
{
	struct sender_conf sender_conf = conf.sender;

	if (!str_to_chars(rehearsal->who, sizeof(rehearsal->who), who) || who.size == 0)
		return err_set(err, ERR_FATAL, "who sends from here on is expected");
	if (sender_finish(rehearsal->sender, err) != 0)
		return -1;
	sender_close(rehearsal->sender);
	rehearsal->sender = NULL;
	sender_conf.subject = rehearsal->who;
	return sender_open(&sender_conf, &rehearsal->sender, err);
}

static int play_words(struct rehearsal *rehearsal, struct str text, struct err *err)
{
	if (come_to_rest(rehearsal, err) != 0)
		return -1;
	printf("%.*s\n", (int)text.size, text.data);
	return fflush(stdout) == 0 ? 0 : err_set(err, ERR_FATAL, "nobody reads what is said");
}

static int play_line(struct rehearsal *rehearsal, struct str line, struct err *err)
{
	struct str rest = STR("");
	struct str word = str_cut(line, ' ', &rest);

	arena_rewind(&rehearsal->arena, rehearsal->mark);
	if (word.size == 0 || word.data[0] == '#')
		return 0;
	if (str_is(word, "at"))
		return play_time(rehearsal, str_trim(rest, " "), err);
	if (str_is(word, "as"))
		return play_sender(rehearsal, str_trim(rest, " "), err);
	return str_is(word, "say") ? play_words(rehearsal, rest, err) : play_command(rehearsal, word, rest, err);
}

static int play(struct rehearsal *rehearsal, struct err *err)
{
	for (;;) {
		enum line_kind kind = LINE_END;
		struct err failure = ERR_INIT;
		struct str line;

		if (lines_next(&rehearsal->lines, &kind, &line, err) != 0)
			return -1;
		if (kind == LINE_END)
			return come_to_rest(rehearsal, err);
		if (kind == LINE_TOO_LONG)
			err_set(&failure, ERR_FATAL, "it is too long");
		if (failure.kind != ERR_NONE || play_line(rehearsal, line_without_end(line), &failure) != 0)
			return err_set(err, failure.kind, "line %" PRId64 ": %s", rehearsal->lines.number, failure.text);
	}
}

static int open_all(struct rehearsal *rehearsal, struct err *err)
{
	const struct bus_conf bus = { .bootstrap = conf.sender.bootstrap, .client_id = "dcs-rehearse" };

	rehearsal->ticker_conf = (struct ticker_conf){ .bootstrap = conf.sender.bootstrap,
						       .client_id = "dcs-rehearse-ticks",
						       .modules = COMMAND_MODULES_NAMES,
						       .timezone = conf.timezone,
						       .keys_dir = conf.sender.keys_dir,
						       .token_issuer = conf.sender.issuer,
						       .token_audience = conf.sender.audience };
	if (arena_init(&rehearsal->arena, ARENA_SIZE, err) != 0 ||
	    lines_init(&rehearsal->lines, STDIN_FILENO, &rehearsal->arena, LINE_SIZE_MAX, err) != 0)
		return -1;
	if (database_open(conf.pg, conf.pg_user, STATEMENT_MS, &rehearsal->db, err) != 0 ||
	    bus_producer_open(&bus, &rehearsal->producer, err) != 0 ||
	    ticker_new(&rehearsal->ticker_conf, &rehearsal->ticker, err) != 0 ||
	    sender_open(&conf.sender, &rehearsal->sender, err) != 0 ||
	    rest_open(&rehearsal->rest, rehearsal->db, rehearsal->producer, err) != 0)
		return -1;
	rehearsal->mark = arena_mark(&rehearsal->arena);
	return 0;
}

int run_rehearse(int argc, char **argv)
{
	static struct rehearsal rehearsal; /* large */
	struct arguments arguments;
	struct err err = ERR_INIT;
	int status = EXIT_STATUS_OK;

	if (!arguments_read(&usage, argc, argv, &arguments, &status))
		return status;
	if (!bus_is_rehearsal())
		return fail_usage(argv[0], "only a rehearsal is rehearsed (DCS_REHEARSAL=yes)");
	buf_init(&rehearsal.json, LINE_SIZE_MAX + 16);
	if (open_all(&rehearsal, &err) != 0 || play(&rehearsal, &err) != 0)
		status = fail_wrong(argv[0], &err);
	fprintf(stderr, "played: %" PRId64 " Ticks, %" PRId64 " commands\n", rehearsal.ticks, rehearsal.commands);
	sender_close(rehearsal.sender);
	ticker_free(rehearsal.ticker);
	bus_producer_close(rehearsal.producer);
	rest_release(&rehearsal.rest);
	db_close(rehearsal.db);
	buf_release(&rehearsal.json);
	arena_release(&rehearsal.arena);
	return status;
}
