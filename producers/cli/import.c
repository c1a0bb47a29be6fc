/* `dcs import FILE`: the rows of a CSV file -> the commands they stand for. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "cli.h"
#include "import_rows.h"
#include "progress.h"
#include "sender.h"
#include "wire/json.h"

#define ARENA_SIZE    (8 * 1024 * 1024)
#define JSON_SIZE_MAX (1024 * 1024)

static struct {
	struct sender_conf sender;
	const char *type;
	const char *errors_path;
	bool dry_run;
	bool progress;
} conf;

static const struct conf_row rows[] = {
	SENDER_ROWS(conf.sender),
	SENDER_SCOPE_ROWS(conf.sender),
	{ .name = "role",
	  .kind = CONF_TEXT,
	  .default_value = "creditor",
	  .target = &conf.sender.roles,
	  .help = "roles of the minted token" },
	{ .name = "type",
	  .kind = CONF_TEXT,
	  .default_value = "",
	  .target = &conf.type,
	  .help = "customers, debts or payments; default: as the header row says" },
	{ .name = "errors",
	  .kind = CONF_TEXT,
	  .default_value = "",
	  .target = &conf.errors_path,
	  .help = "also write row errors to this file, as CSV" },
	{ .name = "dry.run",
	  .kind = CONF_SWITCH,
	  .default_value = "no",
	  .target = &conf.dry_run,
	  .help = "check every row, publish nothing, need no brokers" },
	ROW_PROGRESS(&conf.progress),
};

static const struct usage usage = {
	.about = "usage: dcs import FILE.csv [FLAGS]\n\n"
		 "Publishes the commands that the rows stand for. The first row names the columns:\n"
		 "  customers  external_ref full_name locale country [customer_id kind birth_date region timezone email mobile]\n"
		 "  debts      external_ref creditor currency principal opened_on due_on, customer_ref or customer_id\n"
		 "             [debt_id original_creditor portfolio interest fee cost fees_authorised]\n"
		 "  payments   source external_ref amount currency received_on method, customer_ref or customer_id,\n"
		 "             creditor and debt_ref or debt_id [payment_id]\n"
		 "Amounts are decimals in the row's currency (1234.56); dates 2026-11-22. Ids are made of the references, and a "
		 "command's\n"
		 "id of its row: after an interruption run it again, nothing happens twice. Bad rows are reported, the rest is "
		 "sent.\n"
		 "Exit status: 0 every row was acknowledged; 1 not all; 2 wrong usage.",
	.rows = rows,
	.rows_count = ROWS_COUNT(rows),
	.arguments_min = 1,
	.arguments_max = 1,
};

struct import {
	int fd;
	int64_t size; /* 0: unknown, a pipe */
	struct table_file *table;
	struct import_map map;
	struct sender *sender; /* NULL: dry run */
	struct row_errors errors;
	struct progress progress;
	struct arena arena; /* the reader's, and behind `mark` one row's */
	size_t mark;
	struct buf json;
	int64_t rows, commands;
};

/* All commands of the row are checked before the first is sent. ERR_POISON: this row only. */
static int send_row(struct import *import, const struct table_row *row, struct err *err)
{
	struct import_command commands[IMPORT_COMMANDS_MAX];
	const struct message_type *types[IMPORT_COMMANDS_MAX];
	const void *bodies[IMPORT_COMMANDS_MAX];
	size_t count = 0;

	arena_rewind(&import->arena, import->mark);
	if (import_row(&import->map, row, &import->json, commands, &count, err) != 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		types[i] = message_by_name(str_of(commands[i].type_name));
		MUST(types[i] != NULL);
		if (json_read_message(commands[i].json, types[i], &import->arena, &bodies[i], err) != 0)
			return -1;
	}
	for (size_t i = 0; i < count; i++) {
		if (import->sender != NULL &&
		    sender_send(import->sender, types[i], bodies[i], &commands[i].id, row->line, err) != 0)
			return -1;
		import->commands++;
	}
	return 0;
}

static int read_header(struct import *import, enum import_kind kind, struct err *err)
{
	enum table_kind found = TABLE_END;
	struct table_row header;
	const char *fault = "the file is empty";

	if (table_next(import->table, &found, &header, &fault, err) != 0)
		return -1;
	if (found != TABLE_ROW)
		return err_set(err, ERR_FATAL, "header row: %s", fault);
	return import_map_read(&header, kind, &import->map, err);
}

static int send_rows(struct import *import, struct err *err)
{
	for (;;) {
		enum table_kind kind = TABLE_END;
		struct err failure = ERR_INIT;
		struct table_row row;
		const char *fault = NULL;

		if (table_next(import->table, &kind, &row, &fault, err) != 0)
			return -1;
		if (kind == TABLE_END)
			return 0;
		import->rows++;
		if (kind == TABLE_BAD) {
			row_errors_add(&import->errors, row.line, fault);
		} else if (send_row(import, &row, &failure) != 0) {
			if (failure.kind != ERR_POISON) {
				*err = failure;
				return -1;
			}
			row_errors_add(&import->errors, row.line, failure.text);
		}
		progress_show(&import->progress, import->rows, table_bytes_read(import->table), import->size);
	}
}

static int open_file(struct import *import, const char *path, struct err *err)
{
	struct stat info;

	import->fd = strcmp(path, "-") == 0 ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);
	if (import->fd < 0)
		return err_set(err, ERR_FATAL, "cannot open the file: %s", strerror(errno));
	if (fstat(import->fd, &info) == 0 && S_ISREG(info.st_mode))
		import->size = info.st_size;
	return table_open(import->fd, &import->arena, &import->table, err);
}

static int import_file(struct import *import, const char *path, struct err *err)
{
	if (arena_init(&import->arena, ARENA_SIZE, err) != 0)
		return -1;
	if (open_file(import, path, err) != 0)
		return -1;
	if (read_header(import, import_kind_by_name(str_of(conf.type)), err) != 0)
		return -1;
	import->mark = arena_mark(&import->arena);
	if (row_errors_open(&import->errors, path, conf.errors_path, err) != 0)
		return -1;
	if (!conf.dry_run && sender_open(&conf.sender, &import->errors, &import->sender, err) != 0)
		return -1;
	progress_start(&import->progress, "rows", conf.progress);
	if (send_rows(import, err) != 0)
		return -1;
	if (import->sender != NULL && sender_finish(import->sender, err) != 0)
		return -1;
	progress_end(&import->progress, import->rows);
	return 0;
}

static void print_summary(const struct import *import, const char *path)
{
	struct sender_counts counts = { 0 };

	if (import->sender != NULL)
		counts = sender_counts(import->sender);
	fprintf(stderr, "%s: %lld rows, %lld errors, %lld commands%s", path, (long long)import->rows,
		(long long)import->errors.count, (long long)import->commands, conf.dry_run ? ", nothing published\n" : "");
	if (!conf.dry_run)
		fprintf(stderr, ", %lld acknowledged\n", (long long)counts.acknowledged);
}

int run_import(int argc, char **argv)
{
	struct import import = { .fd = -1 };
	struct arguments arguments;
	struct err err = ERR_INIT;
	int status = EXIT_STATUS_OK;

	if (!arguments_read(&usage, argc, argv, &arguments, &status))
		return status;
	if (conf.type[0] != '\0' && import_kind_by_name(str_of(conf.type)) == IMPORT_NONE)
		return fail_usage(argv[0], "--type is customers, debts or payments");
	buf_init(&import.json, JSON_SIZE_MAX);
	if (import_file(&import, arguments.items[0], &err) != 0)
		status = fail_wrong(argv[0], &err);
	print_summary(&import, arguments.items[0]);
	if (import.sender != NULL && sender_counts(import.sender).acknowledged != import.commands)
		status = EXIT_STATUS_WRONG;
	sender_close(import.sender);
	if (import.errors.count > 0)
		status = EXIT_STATUS_WRONG;
	if (row_errors_close(&import.errors, &err) != 0)
		status = fail_wrong(argv[0], &err);
	if (import.fd >= 0)
		close(import.fd);
	buf_release(&import.json);
	arena_release(&import.arena);
	return status;
}
