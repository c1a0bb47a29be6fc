#include "table_file.h"

#include <csv.h>
#include <string.h>

#define LINE_SIZE_MAX     TABLE_ROW_SIZE_MAX
#define BLANKS_AND_QUOTES " \t\r\"" /* around a name of the header */

struct table_file {
	struct lines lines;
	table_is_name *is_name; /* NULL: without known names */
	struct csv_parser parser;
	unsigned char separator; /* 0: no header yet */
	unsigned char said;      /* from a line sep=; 0: none */
	int64_t open_quote_line; /* the line of the row in which the file ended; 0: none */
	struct table_row row;
	bool has_row;
	const char *fault;
	char *room; /* the row's fields */
	size_t room_used;
};

/* libcsv's only memory: one field. libcsv requests growing sizes; beyond the end it reports CSV_ENOMEM. */
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

int table_open(int fd, table_is_name *is_name, struct arena *arena, struct table_file **ret_table, struct err *err)
{
	struct table_file *table = arena_take(arena, 1, sizeof(*table));
	char *room = arena_take_bytes(arena, TABLE_ROW_SIZE_MAX);

	if (table == NULL || room == NULL)
		return err_set(err, ERR_FATAL, "no memory for reading rows");
	table->room = room;
	table->is_name = is_name;
	if (lines_init(&table->lines, fd, arena, LINE_SIZE_MAX, err) != 0)
		return -1;
	*ret_table = table;
	return 0;
}

/* ---- the header ---- */

static struct str without_mark(struct str line)
{
	bool has_mark = line.size >= 3 && memcmp(line.data, "\xEF\xBB\xBF", 3) == 0;

	return has_mark ? (struct str){ .data = line.data + 3, .size = line.size - 3 } : line;
}

/* sep=; is a line that some spreadsheets write in front. */
static unsigned char said_separator(struct str line)
{
	struct str text = line_without_end(line), word = str_trim(text, BLANKS_AND_QUOTES);
	bool is_it = word.size >= 4 && word.size <= 5 && memcmp(word.data, "sep=", 4) == 0;

	/* A tab separator was trimmed, and is read from the line. */
	return is_it && word.data + 4 < text.data + text.size ? (unsigned char)word.data[4] : 0;
}

static size_t count_char(struct str line, char c)
{
	size_t count = 0;

	for (size_t i = 0; i < line.size; i++)
		count += line.data[i] == c;
	return count;
}

static size_t count_names(const struct table_file *table, struct str line, char separator)
{
	size_t count = 0;

	while (line.size > 0)
		count += table->is_name(str_trim(str_cut(line, separator, &line), BLANKS_AND_QUOTES));
	return count;
}

/* The separator with which the line is a header; 0: it is no header. */
static unsigned char header_separator(const struct table_file *table, struct str line)
{
	static const char candidates[] = { ',', ';', '\t', '|' };

	if (table->is_name == NULL && table->said == 0)
		return count_char(line, ';') > count_char(line, ',') ? ';' : ',';
	if (table->said != 0)
		return table->is_name == NULL || count_names(table, line, (char)table->said) >= 2 ? table->said : 0;
	for (size_t i = 0; i < sizeof(candidates); i++) {
		if (count_names(table, line, candidates[i]) >= 2)
			return (unsigned char)candidates[i];
	}
	return 0;
}

/* One line before the rows. True: it is the header, and *line is the text to parse. */
static bool find_header(struct table_file *table, enum line_kind kind, struct str *line)
{
	if (table->lines.number == 1) {
		*line = without_mark(*line);
		table->said = said_separator(*line);
		if (table->said != 0)
			return false;
	}
	if (kind == LINE_TEXT && str_trim(line_without_end(*line), BLANKS_AND_QUOTES).size > 0)
		table->separator = header_separator(table, line_without_end(*line));
	if (table->separator == 0)
		return false;
	start_parser(table);
	return true;
}

/* ---- rows ---- */

static void parse(struct table_file *table, struct str text)
{
	if (table->fault != NULL || csv_parse(&table->parser, text.data, text.size, on_field, on_row, table) == text.size)
		return;
	table->fault = csv_error(&table->parser) == CSV_EPARSE ? "a quote stands where none may"
							       : "a field is too long (a quote that does not close?)";
}

/* Parses one line. True: a row, or a fault, is complete. */
static bool take_line(struct table_file *table, enum line_kind kind, struct str line)
{
	bool is_header = table->separator == 0;

	if (is_header && !find_header(table, kind, &line)) {
		if (table->lines.number < TABLE_HEADING_MAX)
			return false;
		table->fault = "no header row within the first 20 lines: none has two names of columns";
		table->row.line = table->lines.number;
		return true;
	}
	if (is_header && count_char(line_without_end(line), '\r') > 0)
		table->fault = "a carriage return within the header: lines must end in a line feed";
	if (is_header || table->parser.pstate == 0) /* libcsv's ROW_NOT_BEGUN */
		table->row.line = table->lines.number;
	if (kind == LINE_TOO_LONG)
		table->fault = "the line is too long";
	parse(table, line);
	if (line.size == 0 || line.data[line.size - 1] != '\n')
		parse(table, STR("\n")); /* the last line of a file may lack its end */
	return table->fault != NULL || table->has_row;
}

static bool is_between_rows(const struct table_file *table)
{
	return table->separator != 0 && table->parser.pstate == 0;
}

/* The end of the file. False: no row or fault is left. */
static bool take_end(struct table_file *table)
{
	if (is_between_rows(table) || table->lines.number == 0)
		return false;
	if (table->separator == 0) {
		table->fault = "no header row: no line has two names of columns";
		table->row.line = table->lines.number;
		return true;
	}
	table->fault = "a quote does not close";
	table->open_quote_line = table->row.line;
	return true;
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
		complete = kind != LINE_END ? take_line(table, kind, line) : take_end(table);
		if (kind == LINE_END && !complete) {
			*ret_kind = TABLE_END;
			return 0;
		}
	}
	*ret_kind = table->fault == NULL ? TABLE_ROW : TABLE_BAD;
	*ret_row = table->row;
	if (table->fault != NULL) {
		*ret_fault = table->fault;
		start_parser(table);
	}
	return 0;
}

const char *table_cut(const struct table_file *table, int64_t *ret_line)
{
	*ret_line = table->open_quote_line > 0 ? table->open_quote_line : table->lines.number;
	if (table->open_quote_line > 0)
		return "a quote does not close before the end of the file";
	return table->lines.number > 0 && table->lines.is_open ? "the last line has no end" : NULL;
}

int64_t table_bytes_read(const struct table_file *table)
{
	return table->lines.bytes_read;
}

char table_separator(const struct table_file *table)
{
	return (char)table->separator;
}
