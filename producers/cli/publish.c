/* `dcs publish TYPE`: sends JSON Lines from standard input as commands to the right topic. */
#include <stdio.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/array.h"
#include "base/buf.h"
#include "cli.h"
#include "delivery.h"
#include "judge.h"
#include "lines.h"
#include "model/refusal.h"
#include "progress.h"
#include "refused_file.h"
#include "row_id.h"
#include "wire/json.h"

#define LINE_SIZE_MAX (512 * 1024)
#define ARENA_SIZE    (4 * 1024 * 1024)

static struct {
	struct delivery_conf delivery;
	const char *refused_path;
	bool dry_run;
	bool progress;
} conf;

static const struct conf_row rows[] = {
	DELIVERY_ROWS(conf.delivery),
	SENDER_SCOPE_ROWS(conf.delivery.sender),
	{ .name = "role",
	  .kind = CONF_TEXT,
	  .default_value = "",
	  .target = &conf.delivery.sender.roles,
	  .help = "roles of the minted token: creditor,agent ..." },
	{ .name = "refused",
	  .kind = CONF_TEXT,
	  .default_value = "",
	  .target = &conf.refused_path,
	  .help = "file for the bad lines with their reasons, to be repaired and published; default: none" },
	{ .name = "dry.run",
	  .kind = CONF_SWITCH,
	  .default_value = "no",
	  .target = &conf.dry_run,
	  .help = "judge every line by itself with the module's own rules, send nothing, need no brokers" },
	ROW_PROGRESS(&conf.progress),
};

static const struct usage usage = {
	.about = "usage: dcs publish TYPE [FLAGS] < commands.jsonl\n\n"
		 "Publishes one command a line: a JSON object with the members of the schema (schemas/<module>/TYPE.avsc): ids, "
		 "dates\n"
		 "(2026-11-22) and instants (2026-11-22T15:04:05Z) as strings, amounts as minor units. The member \"$id\" is the "
		 "command's\n"
		 "idempotency key; a line without one gets a new UUIDv7. Says what became of the lines: accepted, already there, "
		 "kept for a second person, "
		 "refused by\n"
		 "the module, dead letters, waiting, unanswered. Those that are bad are told by their line, the rest is done. "
		 "--refused FILE\n"
		 "has them with the member \"$refused\", which is read over when they are published again: repaired ones as new "
		 "commands,\n"
		 "those that may be done yet under their \"$id\".\n"
		 "Exit status: 0 every line was accepted, kept or already there (--no-wait: acknowledged); 1 not all; 2 wrong "
		 "usage.",
	.rows = rows,
	.rows_count = COUNT(rows),
	.arguments_min = 1,
	.arguments_max = 1,
};

struct publish {
	const struct message_type *type;
	struct tally *tally;
	struct delivery *delivery; /* NULL: a dry run */
	struct judge judge;        /* for a dry run */
	struct refused_file refused;
	struct lines lines;
	struct progress progress;
	struct arena arena; /* of one line, behind `mark` */
	size_t mark;
	struct buf json;
	int64_t rows, good; /* good: in a dry run */
};

/* The command of the line; publish->json gets the line without its "$id". ERR_POISON: no command. */
static int read_line(struct publish *publish, struct str line, struct delivery_command *command, struct err *err)
{
	bool has_id = false;

	arena_rewind(&publish->arena, publish->mark);
	if (row_take_id(line, &publish->json, &has_id, &command->id, err) != 0)
		return -1;
	if (!has_id)
		command->id = uuid_new();
	command->type = publish->type;
	return json_read_message(buf_str(&publish->json), publish->type, &publish->arena, &command->body, err);
}

/* "/member: text", or a text about the whole line. */
static void refuse_line(struct publish *publish, struct str line, const char *fault)
{
	struct str text = STR(""), member = str_cut(str_of(fault), ':', &text);
	struct reason reason = { .code = STR("bad_row"), .field = STR(""), .text = str_of(fault) };

	if (member.size > 1 && member.data[0] == '/' && text.size > 1)
		reason = (struct reason){ .code = str_of(refusal_code(REFUSAL_BAD_VALUE)),
					  .field = { .data = member.data + 1, .size = member.size - 1 },
					  .text = { .data = text.data + 1, .size = text.size - 1 } };
	tally_refuse(publish->tally, publish->lines.number, line, &reason);
}

/* Checks the command by itself, with the module's own rule. */
static void judge_line(struct publish *publish, const struct delivery_command *command)
{
	struct decision decision;
	struct reason reason;

	if (judge_command(&publish->judge, command->type, command->body, &decision)) {
		publish->good++;
		return;
	}
	reason = (struct reason){ .code = str_of(refusal_code(decision.refusal)),
				  .field = str_of(decision.field),
				  .text = str_of(decision.text) };
	tally_refuse(publish->tally, publish->lines.number, buf_str(&publish->json), &reason);
}

static int publish_line(struct publish *publish, struct str line, struct err *err)
{
	struct err failure = ERR_INIT;
	struct delivery_command command;

	if (read_line(publish, line, &command, &failure) != 0) {
		refuse_line(publish, line, failure.text);
		return 0;
	}
	if (conf.dry_run) {
		judge_line(publish, &command);
		return 0;
	}
	return delivery_send(publish->delivery, publish->lines.number, buf_str(&publish->json), &command, 1, err);
}

/* Skips the byte order mark that some shells put in front of piped text. */
static struct str without_mark(struct str line)
{
	bool has_mark = line.size >= 3 && memcmp(line.data, "\xEF\xBB\xBF", 3) == 0;

	return has_mark ? (struct str){ .data = line.data + 3, .size = line.size - 3 } : line;
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
		struct str line;

		if (lines_next(&publish->lines, &kind, &line, err) != 0)
			return -1;
		if (kind == LINE_END)
			return 0;
		line = line_without_end(publish->lines.number == 1 ? without_mark(line) : line);
		if (kind == LINE_TEXT && is_blank(line))
			continue;
		publish->rows++;
		if (kind == LINE_TOO_LONG)
			refuse_line(publish, STR(""), "the line is too long");
		else if (publish_line(publish, line, err) != 0)
			return -1;
		progress_show(&publish->progress, publish->rows, 0, 0);
	}
}

static void tell(void *tell_arg, const struct told *told)
{
	struct publish *publish = tell_arg;

	refused_add(&publish->refused, told);
}

static int publish_all(struct publish *publish, struct err *err)
{
	if (arena_init(&publish->arena, ARENA_SIZE, err) != 0)
		return -1;
	if (lines_init(&publish->lines, STDIN_FILENO, &publish->arena, LINE_SIZE_MAX, err) != 0)
		return -1;
	publish->mark = arena_mark(&publish->arena);
	if (refused_open(&publish->refused, REFUSED_JSON, "standard input", conf.refused_path, NULL, err) != 0)
		return -1;
	if (tally_new(TALLY_WINDOW, tell, publish, &publish->tally, err) != 0)
		return -1;
	if (conf.dry_run && judge_init(&publish->judge, err) != 0)
		return -1;
	if (!conf.dry_run && delivery_open(&conf.delivery, publish->type->module, publish->tally, &publish->delivery, err) != 0)
		return -1;
	progress_start(&publish->progress, "commands", conf.progress);
	if (publish_lines(publish, err) != 0)
		return -1;
	if (!conf.dry_run && delivery_finish(publish->delivery, err) != 0)
		return -1;
	progress_end(&publish->progress, publish->rows);
	return 0;
}

static int end(struct publish *publish, int status)
{
	char text[TALLY_SUMMARY_SIZE];
	struct err err = ERR_INIT;

	delivery_close(publish->delivery); /* reports the commands in flight */
	if (refused_close(&publish->refused, &err) != 0)
		status = fail_wrong("publish", &err);
	if (publish->tally != NULL) {
		tally_summary(publish->tally, text, sizeof(text));
		if (conf.dry_run)
			(void)snprintf(text, sizeof(text), "%lld good, %lld bad; nothing was sent", (long long)publish->good,
				       (long long)(publish->rows - publish->good));
		fprintf(stderr, "%s: %lld read: %s\n", publish->type->record.name, (long long)publish->rows, text);
		if (!tally_is_good(publish->tally))
			status = EXIT_STATUS_WRONG;
	}
	tally_free(publish->tally);
	judge_release(&publish->judge);
	buf_release(&publish->json);
	arena_release(&publish->arena);
	return status;
}

int run_publish(int argc, char **argv)
{
	struct publish publish = { .type = NULL };
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
	if (message_is_of_engine(publish.type))
		return fail_usage(argv[0], "%s is a person's: POST /commands/:id/approval or /refusal", arguments.items[0]);
	if (!conf.dry_run && conf.delivery.sender.token_file[0] == '\0' && conf.delivery.sender.roles[0] == '\0')
		return fail_usage(argv[0], "give --token-file or --role");
	buf_init(&publish.json, LINE_SIZE_MAX + 16);
	if (publish_all(&publish, &err) != 0)
		status = fail_wrong(argv[0], &err);
	return end(&publish, status);
}
