/* `dcs publish TYPE`: JSON Lines on standard input -> commands on the right topic. */
#include <stdio.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "cli.h"
#include "lines.h"
#include "progress.h"
#include "row_id.h"
#include "sender.h"
#include "wire/json.h"

#define LINE_SIZE_MAX (512 * 1024)
#define ARENA_SIZE    (4 * 1024 * 1024)

static struct {
	struct sender_conf sender;
	const char *errors_path;
	bool progress;
} conf;

static const struct conf_row rows[] = {
	SENDER_ROWS(conf.sender),
	SENDER_SCOPE_ROWS(conf.sender),
	{ .name = "role",
	  .kind = CONF_TEXT,
	  .default_value = "",
	  .target = &conf.sender.roles,
	  .help = "roles of the minted token: creditor,agent ..." },
	{ .name = "errors",
	  .kind = CONF_TEXT,
	  .default_value = "",
	  .target = &conf.errors_path,
	  .help = "also write row errors to this file, as CSV" },
	ROW_PROGRESS(&conf.progress),
};

static const struct usage usage = {
	.about = "usage: dcs publish TYPE [FLAGS] < commands.jsonl\n\n"
		 "Publishes one command a line: a JSON object with the members of the schema (schemas/<module>/TYPE.avsc): ids, "
		 "dates\n"
		 "(2026-11-22) and instants (2026-11-22T15:04:05Z) as strings, amounts as minor units. The member \"$id\" is the "
		 "command's\n"
		 "idempotency key; a line without one gets a new UUIDv7. Bad lines are reported and the rest is sent.\n"
		 "Exit status: 0 every line was acknowledged; 1 not all; 2 wrong usage.",
	.rows = rows,
	.rows_count = ROWS_COUNT(rows),
	.arguments_min = 1,
	.arguments_max = 1,
};

struct publish {
	const struct message_type *type;
	struct sender *sender;
	struct row_errors errors;
	struct lines lines;
	struct progress progress;
	struct arena arena; /* of one line, behind `mark` */
	size_t mark;
	struct buf json;
	int64_t rows;
};

/* ERR_POISON: this line only. */
static int publish_line(struct publish *publish, struct str line, struct err *err)
{
	const void *body = NULL;
	bool has_id = false;
	struct uuid id;

	arena_rewind(&publish->arena, publish->mark);
	if (row_take_id(line, &publish->json, &has_id, &id, err) != 0)
		return -1;
	if (!has_id)
		id = uuid_new();
	if (json_read_message(buf_str(&publish->json), publish->type, &publish->arena, &body, err) != 0)
		return -1;
	return sender_send(publish->sender, publish->type, body, &id, publish->lines.number, err);
}

static bool is_blank(struct str line)
{
	for (size_t i = 0; i < line.size; i++) {
		if (line.data[i] != ' ' && line.data[i] != '\t')
			return false;
	}
	return true;
}

static int publish_lines(struct publish *publish, struct err *err)
{
	for (;;) {
		enum line_kind kind = LINE_END;
		struct err failure = ERR_INIT;
		struct str line;

		if (lines_next(&publish->lines, &kind, &line, err) != 0)
			return -1;
		if (kind == LINE_END)
			return 0;
		line = line_without_end(line);
		if (kind == LINE_TEXT && is_blank(line))
			continue;
		publish->rows++;
		if (kind == LINE_TOO_LONG) {
			row_errors_add(&publish->errors, publish->lines.number, "the line is too long");
		} else if (publish_line(publish, line, &failure) != 0) {
			if (failure.kind != ERR_POISON) {
				*err = failure;
				return -1;
			}
			row_errors_add(&publish->errors, publish->lines.number, failure.text);
		}
		progress_show(&publish->progress, publish->rows, 0, 0);
	}
}

static int publish_all(struct publish *publish, struct err *err)
{
	if (arena_init(&publish->arena, ARENA_SIZE, err) != 0)
		return -1;
	if (lines_init(&publish->lines, STDIN_FILENO, &publish->arena, LINE_SIZE_MAX, err) != 0)
		return -1;
	publish->mark = arena_mark(&publish->arena);
	if (row_errors_open(&publish->errors, "standard input", conf.errors_path, err) != 0)
		return -1;
	if (sender_open(&conf.sender, &publish->errors, &publish->sender, err) != 0)
		return -1;
	progress_start(&publish->progress, "commands", conf.progress);
	if (publish_lines(publish, err) != 0)
		return -1;
	if (sender_finish(publish->sender, err) != 0)
		return -1;
	progress_end(&publish->progress, publish->rows);
	return 0;
}

int run_publish(int argc, char **argv)
{
	struct publish publish = { .type = NULL };
	struct sender_counts counts = { 0 };
	struct arguments arguments;
	struct err err = ERR_INIT;
	int status = EXIT_STATUS_OK;

	if (!arguments_read(&usage, argc, argv, &arguments, &status))
		return status;
	publish.type = message_by_name(str_of(arguments.items[0]));
	if (publish.type == NULL || publish.type->kind != MESSAGE_COMMAND)
		return fail_usage(argv[0], "there is no command %s", arguments.items[0]);
	if (publish.type->key_field == NULL)
		return fail_usage(argv[0], "%s has no key: it is not published by hand", arguments.items[0]);
	if (conf.sender.token_file[0] == '\0' && conf.sender.roles[0] == '\0')
		return fail_usage(argv[0], "give --token-file or --role");
	buf_init(&publish.json, LINE_SIZE_MAX + 16);
	if (publish_all(&publish, &err) != 0)
		status = fail_wrong(argv[0], &err);
	if (publish.sender != NULL)
		counts = sender_counts(publish.sender);
	sender_close(publish.sender);
	if (row_errors_close(&publish.errors, &err) != 0)
		status = fail_wrong(argv[0], &err);
	fprintf(stderr, "%s: %lld read, %lld acknowledged, %lld not\n", publish.type->record.name, (long long)publish.rows,
		(long long)counts.acknowledged, (long long)(publish.rows - counts.acknowledged));
	buf_release(&publish.json);
	arena_release(&publish.arena);
	return status == EXIT_STATUS_OK && counts.acknowledged != publish.rows ? EXIT_STATUS_WRONG : status;
}
