#ifndef CLI_LINES_H
#define CLI_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

/*
 * Reads a file or pipe line by line, with a fixed amount of memory. A line longer than the room is reported as too long once
 * and skipped; reading continues with the next line.
 */
struct lines {
	int fd; /* borrows */
	char *room;
	size_t room_size;
	size_t from, to; /* read and not returned yet */
	bool at_end;
	int64_t number;     /* of the line returned last: 1, 2, 3 ... */
	int64_t bytes_read; /* returned so far, with line ends */
	bool is_open;       /* the line returned last had no end: the file may be truncated there */
};

enum line_kind { LINE_END, LINE_TEXT, LINE_TOO_LONG };

/* Takes room_size bytes from the arena; ERR_FATAL when it is full. */
MUST_CHECK int lines_init(struct lines *lines, int fd, struct arena *arena, size_t room_size, struct err *err);

/* The next line with its line end (the last one may have none); borrows until the next call. ERR_FATAL: cannot read. */
MUST_CHECK int lines_next(struct lines *lines, enum line_kind *ret_kind, struct str *ret_line, struct err *err);

/* Without "\n" or "\r\n". */
struct str line_without_end(struct str line);

#endif
