#include "lines.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

int lines_init(struct lines *lines, int fd, struct arena *arena, size_t room_size, struct err *err)
{
	*lines = (struct lines){ .fd = fd, .room_size = room_size };
	lines->room = arena_take_bytes(arena, room_size);
	return lines->room != NULL ? 0 : err_set(err, ERR_FATAL, "no memory for reading lines");
}

/* Reads more behind the buffered text. No new text and at_end set: the end. */
static int fill(struct lines *lines, struct err *err)
{
	ssize_t count = 0;

	memmove(lines->room, lines->room + lines->from, lines->to - lines->from);
	lines->to -= lines->from;
	lines->from = 0;
	do {
		count = read(lines->fd, lines->room + lines->to, lines->room_size - lines->to);
	} while (count < 0 && errno == EINTR);
	if (count < 0)
		return err_set(err, ERR_FATAL, "cannot read: %s", strerror(errno));
	lines->at_end = count == 0;
	lines->to += (size_t)count;
	return 0;
}

/* Returns the next `size` bytes. */
static struct str take(struct lines *lines, size_t size)
{
	struct str line = { .data = lines->room + lines->from, .size = size };

	lines->from += size;
	lines->bytes_read += (int64_t)size;
	return line;
}

int lines_next(struct lines *lines, enum line_kind *ret_kind, struct str *ret_line, struct err *err)
{
	bool too_long = false;
	size_t searched = 0;

	for (;;) {
		size_t here = lines->to - lines->from;
		const char *end = here > searched ? memchr(lines->room + lines->from + searched, '\n', here - searched) : NULL;

		if (end != NULL || (lines->at_end && (here > 0 || too_long))) {
			*ret_line = take(lines, end != NULL ? (size_t)(end - (lines->room + lines->from)) + 1 : here);
			*ret_kind = too_long ? LINE_TOO_LONG : LINE_TEXT;
			lines->number++;
			lines->is_open = end == NULL;
			return 0;
		}
		if (lines->at_end) {
			*ret_kind = LINE_END;
			return 0;
		}
		searched = here;
		if (here == lines->room_size) {
			too_long = true;
			(void)take(lines, here);
			searched = 0;
		}
		if (fill(lines, err) != 0)
			return -1;
	}
}

struct str line_without_end(struct str line)
{
	if (line.size > 0 && line.data[line.size - 1] == '\n')
		line.size--;
	if (line.size > 0 && line.data[line.size - 1] == '\r')
		line.size--;
	return line;
}
