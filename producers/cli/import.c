/* `dcs import FILE`: sends the rows of a CSV file as commands. */
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/array.h"
#include "base/buf.h"
#include "cli.h"
#include "delivery.h"
#include "import_rows.h"
#include "import_totals.h"
#include "input.h"
#include "judge.h"
#include "model/refusal.h"
#include "progress.h"
#include "refused_file.h"
#include "wire/json.h"

#define ARENA_SIZE    (8 * 1024 * 1024)
#define JSON_SIZE_MAX (1024 * 1024)

static struct {
	struct delivery_conf delivery;
	const char *type;
	const char *refused_path;
	const char *encoding;
	const char *totals;
	int64_t rows;
	bool decimal_comma, last_line_open;
	bool dry_run;
	bool progress;
} conf;

static const struct conf_row rows[] = {
	DELIVERY_ROWS(conf.delivery),
	SENDER_SCOPE_ROWS(conf.delivery.sender),
	{ .name = "role",
	  .kind = CONF_TEXT,
	  .default_value = "creditor",
	  .target = &conf.delivery.sender.roles,
	  .help = "roles of the minted token" },
	{ .name = "type",
	  .kind = CONF_TEXT,
	  .default_value = "",
	  .target = &conf.type,
	  .help = "customers, debts or payments; default: as the header row says" },
	{ .name = "refused",
	  .kind = CONF_TEXT,
	  .default_value = "",
	  .target = &conf.refused_path,
	  .help = "file for the bad rows with their reasons, to be repaired and imported; default: FILE.csv.refused.csv" },
	{ .name = "encoding",
	  .kind = CONF_TEXT,
	  .default_value = "",
	  .target = &conf.encoding,
	  .help = "of the file, as iconv names it (windows-1252); default: UTF-8, or what its byte order mark says" },
	{ .name = "decimal.comma",
	  .kind = CONF_SWITCH,
	  .default_value = "no",
	  .target = &conf.decimal_comma,
	  .help = "amounts are written 1.234,56 or 1 234,56" },
	{ .name = "rows",
	  .kind = CONF_NUMBER,
	  .default_value = "-1",
	  .number_min = -1,
	  .number_max = INT64_MAX,
	  .target = &conf.rows,
	  .help = "how many rows the file has, without the header: with another number nothing is sent; -1: not known" },
	{ .name = "total",
	  .kind = CONF_TEXT,
	  .default_value = "",
	  .target = &conf.totals,
	  .help = "sum of all amounts: 1234.56, or by currency 1234.56 EUR,99.00 USD: with another sum nothing is sent" },
	{ .name = "last.line.open",
	  .kind = CONF_SWITCH,
	  .default_value = "no",
	  .target = &conf.last_line_open,
	  .help = "the last line may lack its end; else such a file counts as cut, and nothing is sent" },
	{ .name = "dry.run",
	  .kind = CONF_SWITCH,
	  .default_value = "no",
	  .target = &conf.dry_run,
	  .help = "judge every row by itself with the modules' own rules, send nothing, need no brokers" },
	ROW_PROGRESS(&conf.progress),
};

static const struct usage usage = {
	.about =
		"usage: dcs import FILE.csv [FLAGS]\n\n"
		"Publishes the commands that the rows stand for. The first row names the columns:\n"
		"  customers  external_ref full_name locale country [customer_id kind birth_date region timezone email mobile]\n"
		"  debts      external_ref creditor currency principal opened_on due_on, customer_ref or customer_id\n"
		"             [debt_id original_creditor portfolio interest fee cost fees_authorised]\n"
		"  payments   source external_ref amount currency received_on method, customer_ref or customer_id,\n"
		"             creditor and debt_ref or debt_id [payment_id reason]\n"
		"Amounts are decimals in the row's currency (1234.56); dates 2026-11-22. Separators: comma, semicolon, tab or |. "
		"Lines of\n"
		"heading before the first row are read over. The whole file is looked at before anything is sent: nothing is, of "
		"a "
		"file\n"
		"that is cut, has another number of rows or another total than given, or a header twice.\n"
		"Ids are made of the references, and a command's id of its row: after an interruption run it again, nothing "
		"happens "
		"twice.\n"
		"Says what became of the rows: accepted, already there, refused by the module, dead letters, waiting, "
		"unanswered. "
		"Those\n"
		"that are bad are told by their line, and go to a file with their reasons; the rest is done.\n"
		"Exit status: 0 every row was accepted or already there (--no-wait: acknowledged); 1 not all; 2 wrong usage.",
	.rows = rows,
	.rows_count = COUNT(rows),
	.arguments_min = 1,
	.arguments_max = 1,
};

struct import {
	struct input input;
	struct table_file *table;
	struct import_map map;
	struct tally *tally;
	struct delivery *delivery; /* NULL: a dry run */
	struct judge judge;        /* for a dry run */
	struct refused_file refused;
	struct progress progress;
	struct arena arena; /* the reader's memory; behind `mark` that of one row */
	size_t mark;
	struct import_totals totals;
	struct buf json, text;
	int64_t rows, good;
};

/* The row as a line of a file with the same columns, without the line end. */
static struct str text_of(struct import *import, const struct table_row *row)
{
	char separator = table_separator(import->table);

	buf_reset(&import->text);
	for (size_t i = 0; i < row->count; i++) {
		if (i > 0)
			buf_add_u8(&import->text, (uint8_t)separator);
		csv_add_field(&import->text, row->fields[i], separator);
	}
	return buf_str(&import->text);
}

/* Checks all commands of the row before the first is sent. ERR_POISON: this row only. */
static int read_row(struct import *import, const struct table_row *row, struct delivery_command *commands, size_t *ret_count,
		    struct err *err)
{
	struct import_command parts[IMPORT_COMMANDS_MAX];

	arena_rewind(&import->arena, import->mark);
	if (import_row(&import->map, row, &import->json, parts, ret_count, err) != 0)
		return -1;
	for (size_t i = 0; i < *ret_count; i++) {
		commands[i].type = message_by_name(str_of(parts[i].type_name));
		commands[i].id = parts[i].id;
		MUST(commands[i].type != NULL);
		if (json_read_message(parts[i].json, commands[i].type, &import->arena, &commands[i].body, err) != 0)
			return -1;
	}
	return 0;
}

/* Checks the commands by themselves, with the modules' own rules. False: the row is refused. */
static bool judge_commands(struct import *import, const struct table_row *row, const struct delivery_command *commands,
			   size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct decision decision;

		if (!judge_command(&import->judge, commands[i].type, commands[i].body, &decision)) {
			const struct reason reason = { .code = str_of(refusal_code(decision.refusal)),
						       .field = str_of(decision.field),
						       .text = str_of(decision.text) };

			tally_refuse(import->tally, row->line, text_of(import, row), &reason);
			return false;
		}
	}
	return true;
}

static int take_row(struct import *import, const struct table_row *row, struct err *err)
{
	struct delivery_command commands[IMPORT_COMMANDS_MAX];
	struct err failure = ERR_INIT;
	size_t count = 0;

	if (read_row(import, row, commands, &count, &failure) != 0) {
		struct reason reason = import_reason(&import->map, failure.text);

		tally_refuse(import->tally, row->line, text_of(import, row), &reason);
		return 0;
	}
	if (conf.dry_run) {
		import->good += judge_commands(import, row, commands, count);
		return 0;
	}
	return delivery_send(import->delivery, row->line, text_of(import, row), commands, count, err);
}

static void tell(void *tell_arg, const struct told *told)
{
	struct import *import = tell_arg;
	struct reason reason = *told->reason;
	struct told in_columns = *told;

	reason.field = import_column_of(&import->map, reason.field); /* the module's reason names a member */
	in_columns.reason = &reason;
	refused_add(&import->refused, &in_columns);
}

/* Reads the header of the file. */
static int read_header(struct import *import, struct err *err)
{
	enum table_kind found = TABLE_END;
	struct table_row header;
	const char *fault = NULL;

	arena_reset(&import->arena);
	if (input_rewind(&import->input, err) != 0)
		return -1;
	if (table_open(import->input.fd, import_is_column, &import->arena, &import->table, err) != 0)
		return -1;
	import->mark = arena_mark(&import->arena);
	if (table_next(import->table, &found, &header, &fault, err) != 0)
		return -1;
	if (found == TABLE_END)
		return err_set(err, ERR_FATAL, "the file is empty");
	if (found != TABLE_ROW)
		return err_set(err, ERR_FATAL, "line %lld: %s", (long long)header.line, fault);
	if (import_map_read(&header, import_kind_by_name(str_of(conf.type)), &import->map, err) != 0)
		return -1;
	import->map.decimal_comma = conf.decimal_comma;
	buf_reset(&import->refused.header);
	import->refused.separator = table_separator(import->table);
	buf_add_format(&import->refused.header, "line%ccode%cfield%ctext%c", import->refused.separator, import->refused.separator,
		       import->refused.separator, import->refused.separator);
	buf_add_str(&import->refused.header, text_of(import, &header));
	buf_add_u8(&import->refused.header, '\n');
	return 0;
}

/* ---- the file as a whole ---- */

static int judge_row(struct import *import, const struct table_row *row, struct err *err)
{
	struct err failure = ERR_INIT;
	struct str currency;
	int64_t minor = 0;

	if (import_is_header(row))
		return err_set(err, ERR_FATAL, "line %lld: a header once more: are these two files?", (long long)row->line);
	if (import->totals.count == 0)
		return 0;
	if (import_amount(&import->map, row, &currency, &minor, &failure) != 0 ||
	    totals_add(&import->totals, currency, minor, &failure) != 0)
		return err_set(err, ERR_FATAL, "line %lld: %s", (long long)row->line, failure.text);
	return 0;
}

static int judge_rows(struct import *import, int64_t *ret_count, struct err *err)
{
	enum table_kind kind = TABLE_ROW;
	struct table_row row;
	const char *fault = NULL;
	int64_t count = 0;

	for (;; count++) {
		if (table_next(import->table, &kind, &row, &fault, err) != 0)
			return -1;
		if (kind == TABLE_END)
			break;
		if (kind == TABLE_ROW && judge_row(import, &row, err) != 0)
			return -1;
	}
	*ret_count = count;
	return 0;
}

/* Checks that it is the intended file, before any row is sent. */
static int judge_file(struct import *import, struct err *err)
{
	const char *cut = NULL;
	int64_t count = 0, line = 0;

	if (read_header(import, err) != 0)
		return -1;
	if (conf.totals[0] != '\0' && import->map.kind == IMPORT_CUSTOMERS)
		return err_set(err, ERR_FATAL, "customers have no amounts: there is no total");
	if (judge_rows(import, &count, err) != 0)
		return -1;
	cut = table_cut(import->table, &line);
	if (cut != NULL && !conf.last_line_open)
		return err_set(err, ERR_FATAL, "line %lld: %s: the file is cut? (--last-line-open if it is whole)",
			       (long long)line, cut);
	if (conf.rows >= 0 && count != conf.rows)
		return err_set(err, ERR_FATAL, "the file has %lld rows, not %lld", (long long)count, (long long)conf.rows);
	return totals_check(&import->totals, err);
}

static int take_rows(struct import *import, struct err *err)
{
	for (;;) {
		enum table_kind kind = TABLE_END;
		struct table_row row;
		const char *fault = NULL;

		if (table_next(import->table, &kind, &row, &fault, err) != 0)
			return -1;
		if (kind == TABLE_END)
			return 0;
		import->rows++;
		if (kind == TABLE_BAD) {
			struct reason reason = import_reason(&import->map, fault);

			tally_refuse(import->tally, row.line, STR(""), &reason);
		} else if (take_row(import, &row, err) != 0) {
			return -1;
		}
		progress_show(&import->progress, import->rows, table_bytes_read(import->table), import->input.size);
	}
}

static int import_file(struct import *import, const char *path, struct err *err)
{
	const char *beside = S_ISREG(import->input.info.st_mode) && strcmp(path, "-") != 0 ? path : NULL;

	if (refused_open(&import->refused, REFUSED_CSV, path, conf.refused_path, beside, err) != 0)
		return -1;
	if (judge_file(import, err) != 0 || read_header(import, err) != 0)
		return -1;
	if (!conf.dry_run &&
	    delivery_open(&conf.delivery, import_kind_module(import->map.kind), import->tally, &import->delivery, err) != 0)
		return -1;
	progress_start(&import->progress, "rows", conf.progress);
	if (take_rows(import, err) != 0)
		return -1;
	if (import->delivery != NULL && delivery_finish(import->delivery, err) != 0)
		return -1;
	progress_end(&import->progress, import->rows);
	return 0;
}

static void print_summary(const struct import *import, const char *path)
{
	char text[TALLY_SUMMARY_SIZE];

	if (conf.dry_run) {
		fprintf(stderr, "%s: %lld rows read: %lld good, %lld bad; nothing was sent\n", path, (long long)import->rows,
			(long long)import->good, (long long)(import->rows - import->good));
		return;
	}
	tally_summary(import->tally, text, sizeof(text));
	fprintf(stderr, "%s: %lld rows read: %s\n", path, (long long)import->rows, text);
}

static int run(struct import *import, const char *path, struct err *err)
{
	buf_init(&import->json, JSON_SIZE_MAX);
	buf_init(&import->text, JSON_SIZE_MAX);
	if (arena_init(&import->arena, ARENA_SIZE, err) != 0)
		return -1;
	if (tally_new(TALLY_WINDOW, tell, import, &import->tally, err) != 0)
		return -1;
	if (conf.dry_run && judge_init(&import->judge, err) != 0)
		return -1;
	if (input_open(path, conf.encoding, &import->input, err) != 0)
		return -1;
	return import_file(import, path, err);
}

int run_import(int argc, char **argv)
{
	struct import import = { .input = { .fd = -1 } };
	struct arguments arguments;
	struct err err = ERR_INIT;
	int status = EXIT_STATUS_OK;

	if (!arguments_read(&usage, argc, argv, &arguments, &status))
		return status;
	if (conf.type[0] != '\0' && import_kind_by_name(str_of(conf.type)) == IMPORT_NONE)
		return fail_usage(argv[0], "--type is customers, debts or payments");
	if (totals_parse(conf.totals, &import.totals, &err) != 0)
		return fail_usage(argv[0], "--total: %s", err.text);
	if (run(&import, arguments.items[0], &err) != 0)
		status = fail_wrong(argv[0], &err);
	delivery_close(import.delivery); /* reports the commands in flight */
	if (import.tally != NULL) {
		if (refused_close(&import.refused, &err) != 0)
			status = fail_wrong(argv[0], &err);
		print_summary(&import, arguments.items[0]);
		if (!tally_is_good(import.tally))
			status = EXIT_STATUS_WRONG;
	}
	tally_free(import.tally);
	input_close(&import.input);
	judge_release(&import.judge);
	buf_release(&import.json);
	buf_release(&import.text);
	arena_release(&import.arena);
	return status;
}
