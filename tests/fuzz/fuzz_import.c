/*
 * The door of files: a CSV file, by its bytes; every row that can be read becomes commands, and those are what `dcs publish`
 * takes.
 */
#define _GNU_SOURCE /* memfd_create */

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/must.h"
#include "producers/cli/import_rows.h"
#include "tests/fuzz/fuzz.h"
#include "wire/json.h"

#define ARENA_SIZE ((size_t)8 << 20)

static struct arena arena, bodies;

static void take_row(const struct import_map *map, const struct table_row *row, struct buf *json)
{
	struct import_command commands[IMPORT_COMMANDS_MAX];
	struct str currency;
	struct err err = ERR_INIT;
	int64_t minor;
	size_t count;

	(void)!import_amount(map, row, &currency, &minor, &err);
	if (import_row(map, row, json, commands, &count, &err) != 0) {
		MUST(err.kind == ERR_POISON);
		(void)import_reason(map, err.text);
		return;
	}
	for (size_t i = 0; i < count; i++) {
		const struct message_type *type = message_by_name(str_of(commands[i].type_name));
		const void *body;

		MUST(type != NULL);
		if (json_read_message(commands[i].json, type, &bodies, &body, &err) != 0)
			(void)import_reason(map, err.text);
	}
}

static void take_file(int fd, enum import_kind wanted, struct buf *json)
{
	struct import_map map;
	struct table_file *table;
	enum table_kind kind;
	struct table_row row;
	const char *fault;
	struct err err = ERR_INIT;

	if (table_open(fd, import_is_column, &arena, &table, &err) != 0)
		return;
	if (table_next(table, &kind, &row, &fault, &err) != 0 || kind != TABLE_ROW ||
	    import_map_read(&row, wanted, &map, &err) != 0)
		return;
	while (table_next(table, &kind, &row, &fault, &err) == 0 && kind != TABLE_END) {
		arena_reset(&bodies);
		if (kind == TABLE_ROW && row.count == map.fields_count)
			take_row(&map, &row, json);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err err = ERR_INIT;
	struct buf json;
	int fd;

	if (arena.block == NULL && (arena_init(&arena, ARENA_SIZE, &err) != 0 || arena_init(&bodies, ARENA_SIZE, &err) != 0))
		exit(1);
	arena_reset(&arena);
	arena_reset(&bodies);
	fd = memfd_create("fuzz", MFD_CLOEXEC);
	if (fd < 0 || size == 0 || write(fd, data, size) != (ssize_t)size || lseek(fd, 0, SEEK_SET) != 0) {
		(void)close(fd);
		return 0;
	}
	buf_init(&json, (size_t)1 << 20);
	take_file(fd, (enum import_kind)(data[size - 1] % 4), &json);
	buf_release(&json);
	(void)close(fd);
	return 0;
}
