/* `dcs dead-letters list|replay`: records that no module accepted as commands. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/array.h"
#include "base/day.h"
#include "bus/bus.h"
#include "cli.h"
#include "database.h"
#include "minter.h"
#include "record_json.h"
#include "topic_names.h"
#include "waiting.h"
#include "wire/json.h"
#include "worker/dead_letter.h"

#define ARENA_SIZE    (32 * 1024 * 1024)
#define JSON_SIZE_MAX (64 * 1024 * 1024)
#define PAGE_ROWS     200
#define FLUSH_MS      60000
#define STATEMENT_MS  60000
#define WINDOW        10000 /* replayed commands that are waited for at a time */

static struct {
	const char *bootstrap, *pg, *pg_user;
	const char *keys_dir, *issuer, *audience, *subject, *role, *code;
	struct scope_words scope;
	int64_t part, offset, timeout_s;
	bool all, json, no_wait;
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
	{ .name = "code", .kind = CONF_TEXT, .default_value = "", .target = &conf.code, .help = "only those with this code" },
	{ .name = "all",
	  .kind = CONF_SWITCH,
	  .default_value = "no",
	  .target = &conf.all,
	  .help = "also those that were replayed" },
	ROW_JSON(&conf.json),
	ROW_KEYS_DIR(&conf.keys_dir),
	ROW_ISSUER(&conf.issuer),
	ROW_AUDIENCE(&conf.audience),
	{ .name = "subject",
	  .kind = CONF_TEXT,
	  .default_value = "dcs-cli",
	  .target = &conf.subject,
	  .help = "sub of the new token" },
	{ .name = "role",
	  .kind = CONF_TEXT,
	  .default_value = "",
	  .target = &conf.role,
	  .help = "replay: the roles of the new token" },
	SCOPE_ROWS(conf.scope),
	WAITING_ROWS(conf.no_wait, conf.timeout_s),
};

static const struct usage usage = {
	.about = "usage: dcs dead-letters list [MODULE] [FLAGS]\n"
		 "       dcs dead-letters replay [MODULE] [FLAGS]\n\n"
		 "list: prints records that could not be taken (undecodable, unauthorised ...), with code and reason; with "
		 "--json the\n"
		 "whole record. replay: publishes them again, key, value and headers, and marks them as replayed; commands\n"
		 "keep their ids, so what was done meanwhile is not done twice. --role says with which rights: a dead letter\n"
		 "holds no whole token, so each gets a new one. Waits for what becomes of them, and tells those that came to "
		 "nothing.\n"
		 "Exit status: 0 done, and all were accepted or already there (--no-wait: acknowledged); 1 not all; 2 wrong "
		 "usage.",
	.rows = rows,
	.rows_count = COUNT(rows),
	.arguments_min = 1,
	.arguments_max = 2,
};

static const char select_page[] =
	"SELECT part, command_offset, code, reason, at, key, value, headers, replayed_at IS NOT NULL FROM {schema}.dead_letter "
	"WHERE (part, command_offset) > ($1, $2) AND ($3 < 0 OR part = $3) AND ($4 = -1 OR command_offset = $4) "
	"AND ($5 = '' OR code = $5) AND ($6 OR replayed_at IS NULL) ORDER BY part, command_offset LIMIT $7";

static const char update_replayed[] = "UPDATE {schema}.dead_letter d SET replayed_at = now() "
				      "FROM unnest($1::int[], $2::bigint[]) AS r (part, command_offset) "
				      "WHERE d.part = r.part AND d.command_offset = r.command_offset";

/* A row of a page. Borrows from the page's result. */
struct letter {
	struct dead_letter dead;
	struct str code;
	bool replayed;
	bool acknowledged;         /* set by the delivery report */
	struct command_sent *sent; /* NULL: its outcome is not waited for */
};

struct dead_letters {
	struct db *db;
	struct bus_producer *producer; /* NULL: list */
	struct minter minter;
	struct arena statements, arena;
	struct buf json;
	struct db_params params;
	bool replay;
	struct tally *tally;     /* of replayed commands; NULL: without waiting */
	struct answers *answers; /* of one module */
	struct answers_conf answers_conf;
	struct waiting waiting;
	int64_t count, failed;
};

static struct str bytes_or_null(const struct db_result *result, int row, int column)
{
	return db_is_null(result, row, column) ? (struct str){ .data = NULL, .size = 0 } : db_str(result, row, column);
}

static void read_letter(const struct db_result *result, int row, struct letter *ret_letter)
{
	*ret_letter = (struct letter){ .dead = { .part = db_int32(result, row, 0),
						 .offset = db_int64(result, row, 1),
						 .reason = db_str(result, row, 3),
						 .at_ms = db_instant(result, row, 4),
						 .key = bytes_or_null(result, row, 5),
						 .value = bytes_or_null(result, row, 6),
						 .headers = db_str(result, row, 7) },
				       .code = db_str(result, row, 2),
				       .replayed = db_bool(result, row, 8) };
}

/* ---- list ---- */

static void print_line(const char *module, const struct letter *letter)
{
	char at[32];

	instant_format(at, letter->dead.at_ms);
	printf("%-16s %4d %10lld %-24s %-20.*s %.*s%s\n", module, letter->dead.part, (long long)letter->dead.offset, at,
	       (int)letter->code.size, letter->code.data, (int)letter->dead.reason.size, letter->dead.reason.data,
	       letter->replayed ? " (replayed)" : "");
}

static int print_json(struct dead_letters *letters, const char *topic, const struct letter *letter, struct err *err)
{
	struct header headers[HEADERS_MAX];
	struct record_view view = { .topic = topic,
				    .part = letter->dead.part,
				    .offset = letter->dead.offset,
				    .at_ms = letter->dead.at_ms,
				    .key = letter->dead.key,
				    .value = letter->dead.value,
				    .headers = headers };

	arena_reset(&letters->arena);
	buf_reset(&letters->json);
	if (headers_unpack(letter->dead.headers, &letters->arena, headers, &view.headers_count, err) != 0)
		return -1;
	buf_add_text(&letters->json, "{\"code\":");
	json_write_string(&letters->json, letter->code);
	buf_add_text(&letters->json, ",\"reason\":");
	json_write_string(&letters->json, letter->dead.reason);
	buf_add_format(&letters->json, ",\"replayed\":%s,\"record\":", letter->replayed ? "true" : "false");
	record_json_write(&letters->json, &letters->arena, &view);
	buf_add_text(&letters->json, "}\n");
	if (letters->json.overflow)
		return err_set(err, ERR_FATAL, "a record does not fit");
	(void)fwrite(letters->json.data, 1, letters->json.size, stdout);
	return 0;
}

/* ---- replay ---- */

static void not_sent(struct letter *letter, const struct err *failure)
{
	const struct reason reason = { .code = STR("not_sent"), .field = STR(""), .text = str_of(failure->text) };

	tally_not_sent(letter->sent, &reason);
}

static void on_done(void *done_arg, int32_t part, int64_t offset, const struct err *failure)
{
	struct letter *letter = done_arg;

	letter->acknowledged = failure == NULL;
	if (letter->sent != NULL && failure == NULL)
		tally_acknowledged(letter->sent, part, offset);
	else if (letter->sent != NULL)
		not_sent(letter, failure);
	else if (failure != NULL)
		fprintf(stderr, "partition %d offset %lld: %s\n", letter->dead.part, (long long)letter->dead.offset,
			failure->text);
}

/* The record's headers, with a new token. */
static int headers_of(struct dead_letters *letters, const struct letter *letter, struct header ret_headers[HEADERS_MAX],
		      size_t *ret_count, struct err *err)
{
	static char bearer[TOKEN_SIZE_MAX + 8];
	struct str token;
	size_t count = 0, kept = 0;

	if (headers_unpack(letter->dead.headers, &letters->arena, ret_headers, &count, err) != 0)
		return -1;
	if (minter_token(&letters->minter, bus_now_ms(), &token, err) != 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		if (strcasecmp(ret_headers[i].name, "authorization") != 0)
			ret_headers[kept++] = ret_headers[i];
	}
	if (kept == HEADERS_MAX)
		return err_set(err, ERR_POISON, "no room for the new token among the headers");
	snprintf(bearer, sizeof(bearer), "Bearer %.*s", (int)token.size, token.data);
	ret_headers[kept] = (struct header){ .name = "authorization", .value = str_of(bearer) };
	*ret_count = kept + 1;
	return 0;
}

/* The id of its command; all zeros: it has none, and becomes a dead letter again. */
static struct uuid id_of(const struct header *headers, size_t count)
{
	struct uuid id = { .bytes = { 0 } };

	for (size_t i = 0; i < count; i++) {
		if (strcasecmp(headers[i].name, "ce_id") == 0 && !uuid_parse(&id, headers[i].value))
			id = (struct uuid){ .bytes = { 0 } };
	}
	return id;
}

static void wait_for(struct dead_letters *letters, const char *module, struct letter *letter, const struct uuid *id)
{
	char text[100];
	uint32_t row;

	snprintf(text, sizeof(text), "%.40s partition %d offset %lld", module, letter->dead.part, (long long)letter->dead.offset);
	row = tally_begin(letters->tally, letters->count, str_of(text), 1);
	letter->sent = tally_add(letters->tally, row, id);
}

static int send_letter(struct dead_letters *letters, const char *module, const char *topic, struct letter *letter,
		       struct err *err)
{
	struct header headers[HEADERS_MAX];
	bool has_key = letter->dead.key.data != NULL;
	size_t count = 0;

	arena_reset(&letters->arena);
	if (headers_of(letters, letter, headers, &count, err) != 0)
		return -1;
	if (letters->tally != NULL) {
		struct uuid id = id_of(headers, count);

		wait_for(letters, module, letter, &id);
	}
	if (bus_produce(letters->producer, topic, has_key ? -1 : letter->dead.part, letter->dead.key, letter->dead.value, headers,
			count, on_done, letter, err) == 0)
		return 0;
	if (letter->sent != NULL && err->kind == ERR_POISON)
		not_sent(letter, err);
	return -1;
}

static int mark_replayed(struct dead_letters *letters, const struct db_statement *update, const struct letter *page, int count,
			 struct err *err)
{
	db_params_reset(&letters->params);
	db_array_begin(&letters->params, DB_ARRAY_INT32);
	for (int i = 0; i < count; i++) {
		if (page[i].acknowledged)
			db_array_int32(&letters->params, page[i].dead.part);
	}
	db_array_begin(&letters->params, DB_ARRAY_INT64);
	for (int i = 0; i < count; i++) {
		if (page[i].acknowledged)
			db_array_int64(&letters->params, page[i].dead.offset);
	}
	return db_run(letters->db, update, &letters->params, NULL, err);
}

/* Before a page of a module: subscribes to its answers, and makes room for the commands of a page. */
static int make_room(struct dead_letters *letters, const char *module, struct err *err)
{
	if (letters->tally == NULL)
		return 0;
	if (letters->answers == NULL) {
		letters->answers_conf =
			(struct answers_conf){ .bootstrap = conf.bootstrap, .pg = conf.pg, .pg_user = conf.pg_user };
		if (answers_open(&letters->answers_conf, module, letters->tally, &letters->answers, err) != 0)
			return -1;
		waiting_begin(&letters->waiting, letters->tally, letters->answers, conf.timeout_s);
	}
	return tally_counts(letters->tally)->under_way + PAGE_ROWS > WINDOW ? waiting_finish(&letters->waiting, err) : 0;
}

/* After the last page of a module. */
static int end_module(struct dead_letters *letters, struct err *err)
{
	int result = letters->answers != NULL ? waiting_finish(&letters->waiting, err) : 0;

	answers_close(letters->answers);
	letters->answers = NULL;
	return result;
}

/*
 * Sends a page, waits for acknowledgements, marks the acknowledged ones. After a crash in between they are sent again, which is
 * harmless.
 */
static int replay_page(struct dead_letters *letters, const struct db_statement *update, const char *module, struct letter *page,
		       int count, struct err *err)
{
	struct err failure = ERR_INIT;
	char topic[TOPIC_NAME_MAX];

	topic_name(topic, module, TOPIC_COMMANDS);
	if (make_room(letters, module, err) != 0)
		return -1;
	for (int i = 0; i < count; i++) {
		if (send_letter(letters, module, topic, &page[i], &failure) == 0)
			continue;
		if (failure.kind != ERR_POISON) {
			*err = failure;
			return -1;
		}
		if (page[i].sent == NULL)
			fprintf(stderr, "partition %d offset %lld: %s\n", page[i].dead.part, (long long)page[i].dead.offset,
				failure.text);
		failure = (struct err)ERR_INIT;
	}
	if (bus_producer_flush(letters->producer, FLUSH_MS, &failure) != 0 && bus_producer_pending(letters->producer) > 0) {
		*err = failure; /* late delivery reports may still write into this page: give up */
		return -1;
	}
	for (int i = 0; i < count; i++)
		letters->failed += !page[i].acknowledged;
	return mark_replayed(letters, update, page, count, err);
}

/* ---- both ---- */

static int handle_page(struct dead_letters *letters, const char *module, const struct db_statement *update, struct letter *page,
		       int count, struct err *err)
{
	char topic[TOPIC_NAME_MAX];

	topic_name(topic, module, TOPIC_COMMANDS);
	letters->count += count;
	if (letters->replay)
		return replay_page(letters, update, module, page, count, err);
	for (int i = 0; i < count; i++) {
		if (!conf.json)
			print_line(module, &page[i]);
		else if (print_json(letters, topic, &page[i], err) != 0)
			return -1;
	}
	return 0;
}

static int handle_module(struct dead_letters *letters, const char *module, struct err *err)
{
	static struct letter page[PAGE_ROWS];
	const struct db_statement *select = schema_statement(&letters->statements, "cli_dead_letters", select_page, module);
	const struct db_statement *update = schema_statement(&letters->statements, "cli_replayed", update_replayed, module);
	int32_t part = -1;
	int64_t offset = -1;
	int count = PAGE_ROWS;

	MUST(select != NULL);
	MUST(update != NULL);
	while (count == PAGE_ROWS) {
		struct db_result result = { .pg = NULL };
		int failed = 0;

		db_params_reset(&letters->params);
		db_param_int32(&letters->params, part);
		db_param_int64(&letters->params, offset);
		db_param_int32(&letters->params, (int32_t)conf.part);
		db_param_int64(&letters->params, conf.offset);
		db_param_text(&letters->params, str_of(conf.code));
		db_param_bool(&letters->params, conf.all);
		db_param_int64(&letters->params, PAGE_ROWS);
		if (db_run(letters->db, select, &letters->params, &result, err) != 0)
			return -1;
		count = result.rows;
		for (int i = 0; i < count; i++)
			read_letter(&result, i, &page[i]);
		if (count > 0) {
			part = page[count - 1].dead.part;
			offset = page[count - 1].dead.offset;
			failed = handle_page(letters, module, update, page, count, err);
		}
		db_result_release(&result);
		if (failed != 0)
			return -1;
	}
	return end_module(letters, err);
}

static int open_token(struct dead_letters *letters, struct err *err)
{
	struct mandate mandate = { .subject = conf.subject, .roles = conf.role };

	if (scope_parse(&conf.scope, &mandate.scope, err) != 0)
		return -1;
	return minter_open(&letters->minter, conf.keys_dir, conf.issuer, conf.audience, &mandate, MINTER_MINUTES, err);
}

static int open_all(struct dead_letters *letters, struct schemas *ret_modules, struct err *err)
{
	struct bus_conf bus = { .bootstrap = conf.bootstrap, .client_id = "dcs-cli" };

	if (arena_init(&letters->statements, 1024 * 1024, err) != 0 || arena_init(&letters->arena, ARENA_SIZE, err) != 0 ||
	    database_open(conf.pg, conf.pg_user, STATEMENT_MS, &letters->db, err) != 0 ||
	    command_schemas(letters->db, ret_modules, err) != 0)
		return -1;
	if (!letters->replay)
		return 0;
	if (open_token(letters, err) != 0)
		return -1;
	if (bus_producer_open(&bus, &letters->producer, err) != 0)
		return -1;
	minter_ask_time(letters->producer);
	return conf.no_wait ? 0 : tally_new(WINDOW, waiting_tell, NULL, &letters->tally, err);
}

static int run(struct dead_letters *letters, const char *only, struct err *err)
{
	struct schemas modules;
	bool found = false;

	if (open_all(letters, &modules, err) != 0)
		return -1;
	if (!letters->replay && !conf.json)
		printf("%-16s %4s %10s %-24s %-20s %s\n", "MODULE", "PART", "OFFSET", "AT", "CODE", "REASON");
	for (size_t i = 0; i < modules.count; i++) {
		if (only != NULL && strcmp(only, modules.names[i]) != 0)
			continue;
		found = true;
		if (handle_module(letters, modules.names[i], err) != 0)
			return -1;
	}
	return found ? 0 : err_set(err, ERR_FATAL, "there is no module %.60s", only);
}

static int tell_replayed(const struct dead_letters *letters, int status)
{
	char text[TALLY_SUMMARY_SIZE] = "";

	if (letters->tally != NULL) {
		tally_abandon(letters->tally);
		tally_summary(letters->tally, text, sizeof(text));
	}
	fprintf(stderr, "%lld replayed, %lld failed%s%s\n", (long long)(letters->count - letters->failed),
		(long long)letters->failed, text[0] != '\0' ? ": " : "", text);
	return letters->failed > 0 || (letters->tally != NULL && !tally_is_good(letters->tally)) ? EXIT_STATUS_WRONG : status;
}

int run_dead_letters(int argc, char **argv)
{
	static struct dead_letters letters;
	struct arguments arguments;
	struct err err = ERR_INIT;
	int status = EXIT_STATUS_OK;

	if (!arguments_read(&usage, argc, argv, &arguments, &status))
		return status;
	letters.replay = strcmp(arguments.items[0], "replay") == 0;
	if (!letters.replay && strcmp(arguments.items[0], "list") != 0)
		return fail_usage(argv[0], "say list or replay");
	if (letters.replay && conf.role[0] == '\0')
		return fail_usage(argv[0], "replay needs --role: a dead letter holds no whole token");
	buf_init(&letters.json, JSON_SIZE_MAX);
	db_params_init(&letters.params, 1024 * 1024);
	if (run(&letters, arguments.count > 1 ? arguments.items[1] : NULL, &err) != 0)
		status = fail_wrong(argv[0], &err);
	if (letters.replay)
		status = tell_replayed(&letters, status);
	answers_close(letters.answers);
	tally_free(letters.tally);
	bus_producer_close(letters.producer);
	minter_close(&letters.minter);
	db_close(letters.db);
	db_params_release(&letters.params);
	buf_release(&letters.json);
	arena_release(&letters.arena);
	arena_release(&letters.statements);
	return letters.failed > 0 ? EXIT_STATUS_WRONG : status;
}
