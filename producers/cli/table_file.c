#include "table_file.h"

#include <csv.h>
#include <string.h>

#define LINE_SIZE_MAX TABLE_ROW_SIZE_MAX

struct table_file {
	struct lines lines;
	struct csv_parser parser;
	unsigned char separator; /* 0: the first line has not been seen */
	struct table_row row;
	bool has_row;
	const char *fault;
	char *room; /* the row's fields */
	size_t room_used;
};

/* libcsv's only memory: one field. It asks for growing sizes; over the end is its CSV_ENOMEM. */
static char field_room[TABLE_FIELD_SIZE_MAX];

static void *field_memory(void *memory, size_t size)
{
	(void)memory;
	return size <= sizeof(field_room) ? field_room : NULL;
}

static void field_memory_free(void *memory)
{
	(void)memory;
}

static int is_blank(unsigned char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static int is_line_end(unsigned char c)
{
	return c == '\n';
}

static void start_parser(struct table_file *table)
{
	int failed = csv_init(&table->parser, CSV_STRICT);

	MUST(failed == 0);
	csv_set_realloc_func(&table->parser, field_memory);
	csv_set_free_func(&table->parser, field_memory_free);
	csv_set_space_func(&table->parser, is_blank);
	csv_set_term_func(&table->parser, is_line_end);
	csv_set_delim(&table->parser, table->separator);
	table->row.count = 0;
	table->room_used = 0;
}

static void on_field(void *bytes, size_t size, void *arg)
{
	struct table_file *table = arg;
	struct table_row *row = &table->row;

	if (row->count == TABLE_COLUMNS_MAX) {
		table->fault = "too many fields";
		return;
	}
	if (size > TABLE_ROW_SIZE_MAX - table->room_used) {
		table->fault = "the row is too long";
		return;
	}
	if (size > 0)
		memcpy(table->room + table->room_used, bytes, size);
	row->fields[row->count++] = (struct str){ .data = table->room + table->room_used, .size = size };
	table->room_used += size;
}

static void on_row(int end, void *arg)
{
	struct table_file *table = arg;

	(void)end;
	table->has_row = true;
}

int table_open(int fd, struct arena *arena, struct table_file **ret_table, struct err *err)
{
	struct table_file *table = arena_take(arena, 1, sizeof(*table));
	char *room = arena_take_bytes(arena, TABLE_ROW_SIZE_MAX);

	if (table == NULL || room == NULL)
		return err_set(err, ERR_FATAL, "no memory for reading rows");
	table->room = room;
	if (lines_init(&table->lines, fd, arena, LINE_SIZE_MAX, err) != 0)
		return -1;
	*ret_table = table;
	return 0;
}

/* A byte order mark in front, and which separator the file uses. */
static struct str first_line(struct table_file *table, struct str line)
{
	size_t commas = 0, semicolons = 0;

	if (line.size >= 3 && memcmp(line.data, "\xEF\xBB\xBF", 3) == 0) {
		line.data += 3;
		line.size -= 3;
	}
	for (size_t i = 0; i < line.size; i++) {
		commas += line.data[i] == ',';
		semicolons += line.data[i] == ';';
	}
	table->separator = semicolons > commas ? ';' : ',';
	start_parser(table);
	return line;
}

static void parse(struct table_file *table, struct str text)
{
	if (table->fault != NULL || csv_parse(&table->parser, text.data, text.size, on_field, on_row, table) == text.size)
		return;
	table->fault = csv_error(&table->parser) == CSV_EPARSE ? "a quote stands where none may"
							       : "a field is too long (a quote that does not close?)";
}

/* Gives the parser one line. True: a row, or a fault, is complete. */
static bool take_line(struct table_file *table, enum line_kind kind, struct str line)
{
	bool begins = table->separator == 0 || table->parser.pstate == 0; /* libcsv's ROW_NOT_BEGUN */

	if (table->separator == 0)
		line = first_line(table, line);
	if (begins)
		table->row.line = table->lines.number;
	if (kind == LINE_TOO_LONG)
		table->fault = "the line is too long";
	parse(table, line);
	if (line.size == 0 || line.data[line.size - 1] != '\n')
		parse(table, STR("\n")); /* the last line of a file may lack its end */
	return table->fault != NULL || table->has_row;
}

int table_next(struct table_file *table, enum table_kind *ret_kind, struct table_row *ret_row, const char **ret_fault,
	       struct err *err)
{
	enum line_kind kind = LINE_END;
	bool complete = false;
	struct str line;

	table->has_row = false;
	table->fault = NULL;
	table->row.count = 0;
	table->room_used = 0;
	while (!complete) {
		if (lines_next(&table->lines, &kind, &line, err) != 0)
			return -1;
		if (kind != LINE_END) {
			complete = take_line(table, kind, line);
			continue;
		}
		if (table->separator == 0 || table->parser.pstate == 0) {
			*ret_kind = TABLE_END;
			return 0;
		}
		table->fault = "a quote does not close";
		complete = true;
	}
	*ret_kind = table->fault == NULL ? TABLE_ROW : TABLE_BAD;
	*ret_row = table->row;
	if (table->fault != NULL) {
		*ret_fault = table->fault;
		start_parser(table);
	}
	return 0;
}

int64_t table_bytes_read(const struct table_file *table)
{
	return table->lines.bytes_read;
}

char table_separator(const struct table_file *table)
{
	return (char)table->separator;
}
