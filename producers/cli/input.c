#include "input.h"

#include <errno.h>
#include <fcntl.h>
#include <iconv.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/must.h"

#define PIECE_SIZE ((size_t)64 * 1024)

static int cannot(struct err *err, const char *what)
{
	return err_set(err, ERR_FATAL, "cannot %s: %s", what, strerror(errno));
}

static ssize_t read_some(int fd, char *bytes, size_t size)
{
	ssize_t count = 0;

	do {
		count = read(fd, bytes, size);
	} while (count < 0 && errno == EINTR);
	return count;
}

static int write_all(int fd, const char *bytes, size_t size, struct err *err)
{
	while (size > 0) {
		ssize_t count = write(fd, bytes, size);

		if (count < 0 && errno == EINTR)
			continue;
		if (count < 0)
			return cannot(err, "keep a copy of the file");
		bytes += count;
		size -= (size_t)count;
	}
	return 0;
}

/* An unnamed temporary file. */
static int open_nameless(struct err *err)
{
	FILE *file = tmpfile();
	int fd = -1;

	if (file != NULL) {
		fd = fcntl(fileno(file), F_DUPFD_CLOEXEC, 0);
		(void)fclose(file);
	}
	return fd >= 0 ? fd : cannot(err, "keep a copy of the file");
}

/* ---- the encoding ---- */

/* The encoding of the byte order mark; NULL: there is none. A mark of UTF-16 followed by zeros is one of UTF-32. */
static const char *marked_encoding(const unsigned char *bytes, size_t size)
{
	if (size >= 4 && memcmp(bytes, "\xFF\xFE\0\0", 4) == 0)
		return "UTF-32LE";
	if (size >= 4 && memcmp(bytes, "\0\0\xFE\xFF", 4) == 0)
		return "UTF-32BE";
	if (size >= 2 && memcmp(bytes, "\xFF\xFE", 2) == 0)
		return "UTF-16LE";
	if (size >= 2 && memcmp(bytes, "\xFE\xFF", 2) == 0)
		return "UTF-16BE";
	return NULL;
}

/* The encoding to convert from; "": it is UTF-8. */
static int find_encoding(const char *asked, const unsigned char *bytes, size_t size, const char **ret_encoding, struct err *err)
{
	const char *marked = marked_encoding(bytes, size);

	if (asked[0] != '\0') {
		*ret_encoding = strcmp(asked, "UTF-8") == 0 || strcmp(asked, "utf-8") == 0 ? "" : asked;
		return 0;
	}
	if (marked == NULL && size >= 2 && (bytes[0] == 0 || bytes[1] == 0))
		return err_set(err, ERR_FATAL, "line 1: zero bytes: UTF-16 without a mark? then say --encoding UTF-16%s",
			       bytes[0] == 0 ? "BE" : "LE");
	*ret_encoding = marked != NULL ? marked : "";
	return 0;
}

/* ---- copies ---- */

static int copy_plain(int from, int to, struct err *err)
{
	char piece[PIECE_SIZE];
	ssize_t count = 0;

	while ((count = read_some(from, piece, sizeof(piece))) > 0) {
		if (write_all(to, piece, (size_t)count, err) != 0)
			return -1;
	}
	return count < 0 ? cannot(err, "read the file") : 0;
}

/* A conversion in progress. */
struct conversion {
	iconv_t iconv;
	const char *encoding;
	int to;
	char in[PIECE_SIZE];
	size_t in_size; /* not converted yet, in front of `in` */
	int64_t line;   /* the current line */
};

static int convert_piece(struct conversion *conversion, struct err *err)
{
	char out[PIECE_SIZE];
	char *in_at = conversion->in;
	size_t result = 0;

	do {
		char *out_at = out;
		size_t out_left = sizeof(out);

		result = iconv(conversion->iconv, &in_at, &conversion->in_size, &out_at, &out_left);
		for (const char *c = out; c < out_at; c++)
			conversion->line += *c == '\n';
		if (write_all(conversion->to, out, sizeof(out) - out_left, err) != 0)
			return -1;
	} while (result == (size_t)-1 && errno == E2BIG);
	if (result == (size_t)-1 && errno != EINVAL)
		return err_set(err, ERR_FATAL, "line %lld: not %.20s", (long long)conversion->line, conversion->encoding);
	memmove(conversion->in, in_at, conversion->in_size);
	return 0;
}

static int convert(struct conversion *conversion, int from, struct err *err)
{
	for (;;) {
		ssize_t count = read_some(from, conversion->in + conversion->in_size, PIECE_SIZE - conversion->in_size);

		if (count < 0)
			return cannot(err, "read the file");
		if (count == 0)
			break;
		conversion->in_size += (size_t)count;
		if (convert_piece(conversion, err) != 0)
			return -1;
	}
	if (conversion->in_size > 0)
		return err_set(err, ERR_FATAL, "line %lld: the file ends within a character", (long long)conversion->line);
	return 0;
}

static int copy_converted(int from, int to, const char *encoding, struct err *err)
{
	struct conversion conversion = { .iconv = iconv_open("UTF-8", encoding), .encoding = encoding, .to = to, .line = 1 };
	int result = 0;

	if (conversion.iconv == (iconv_t)-1)
		return err_set(err, ERR_FATAL, "there is no encoding \"%.40s\"", encoding);
	result = convert(&conversion, from, err);
	(void)iconv_close(conversion.iconv);
	return result;
}

/* Copies input that is not UTF-8 in a regular file, and reads from the copy. */
static int replace_by_copy(struct input *input, const char *encoding, struct err *err)
{
	int copy = open_nameless(err);

	if (copy < 0)
		return -1;
	if ((encoding[0] == '\0' ? copy_plain(input->fd, copy, err) : copy_converted(input->fd, copy, encoding, err)) != 0) {
		close(copy);
		return -1;
	}
	close(input->fd);
	input->fd = copy;
	input->from = 0;
	input->is_copy = true;
	return lseek(copy, 0, SEEK_SET) == 0 ? 0 : cannot(err, "read the copy of the file");
}

/* ---- the file ---- */

static int open_text(struct input *input, const char *encoding, struct err *err)
{
	unsigned char front[4];
	ssize_t size = 0;

	/* A pipe cannot be read twice: it is copied first. */
	if (!S_ISREG(input->info.st_mode) && replace_by_copy(input, "", err) != 0)
		return -1;
	size = pread(input->fd, front, sizeof(front), input->from);
	if (size < 0)
		return cannot(err, "read the file");
	if (find_encoding(encoding, front, (size_t)size, &encoding, err) != 0)
		return -1;
	return encoding[0] == '\0' ? 0 : replace_by_copy(input, encoding, err);
}

static int open_input(struct input *input, const char *path, const char *encoding, struct err *err)
{
	struct stat text;

	input->fd = strcmp(path, "-") == 0 ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0) : open(path, O_RDONLY | O_CLOEXEC);
	if (input->fd < 0 || fstat(input->fd, &input->info) != 0)
		return cannot(err, "open the file");
	if (S_ISDIR(input->info.st_mode))
		return err_set(err, ERR_FATAL, "cannot open the file: it is a folder");
	if (S_ISREG(input->info.st_mode))
		input->from = lseek(input->fd, 0, SEEK_CUR);
	if (open_text(input, encoding, err) != 0)
		return -1;
	if (fstat(input->fd, &text) != 0)
		return cannot(err, "read the file");
	input->size = text.st_size - input->from;
	return 0;
}

int input_open(const char *path, const char *encoding, struct input *ret_input, struct err *err)
{
	struct input input = { .fd = -1 };
	int result = open_input(&input, path, encoding, err);

	if (result != 0)
		input_close(&input);
	*ret_input = input;
	return result;
}

void input_close(struct input *input)
{
	if (input->fd >= 0)
		close(input->fd);
	input->fd = -1;
}

int input_rewind(struct input *input, struct err *err)
{
	struct stat now;

	MUST(input->fd >= 0);
	if (lseek(input->fd, input->from, SEEK_SET) < 0 || fstat(input->fd, &now) != 0)
		return cannot(err, "read the file again");
	if (!input->is_copy && (now.st_size != input->info.st_size || now.st_mtim.tv_sec != input->info.st_mtim.tv_sec ||
				now.st_mtim.tv_nsec != input->info.st_mtim.tv_nsec))
		return err_set(err, ERR_FATAL, "the file has changed while it was read: is it still being written?");
	return 0;
}
