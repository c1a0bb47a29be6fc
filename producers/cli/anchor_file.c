#include "anchor_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/day.h"

#define FILE_SIZE_MAX ((size_t)256 << 20)
#define FORM          "dcs-anchor-1"

/* ---- reading ---- */

static size_t count_of(struct str text, char mark)
{
	size_t count = 0;

	for (size_t i = 0; i < text.size; i++)
		count += text.data[i] == mark;
	return count;
}

static bool read_number(struct str text, int64_t max, int64_t *ret_number)
{
	long long number = 0;

	if (!str_to_int64(text, &number) || number < 0 || number > max)
		return false;
	*ret_number = number;
	return true;
}

static bool read_head(struct str word, struct anchor_head *ret_head)
{
	struct anchor_head head = { .published = -1 };
	struct str rest = word, published;
	int64_t part = 0;
	bool fits;

	head.module = str_cut(rest, ':', &rest);
	fits = head.module.size > 0 && read_number(str_cut(rest, ':', &rest), INT32_MAX, &part) &&
	       read_number(str_cut(rest, ':', &rest), INT64_MAX, &head.seq);
	published = str_cut(rest, ':', &rest);
	fits = fits && (str_is(published, "-") || read_number(published, INT64_MAX, &head.published));
	head.part = (int32_t)part;
	if (!fits || !hex_to_bytes(head.hash, sizeof(head.hash), rest))
		return false;
	*ret_head = head;
	return true;
}

/* Splits off the signature, checks it, and reads the words before it. */
static bool read_line(struct str line, const uint8_t *public_key, struct arena *arena, struct anchor *ret_anchor)
{
	uint8_t signature[SIGNATURE_SIZE];
	size_t signed_size = line.size < 2 * SIGNATURE_SIZE + 1 ? 0 : line.size - 2 * SIGNATURE_SIZE - 1;
	struct str rest = { .data = line.data, .size = signed_size };
	struct anchor anchor = { .line = line };

	if (signed_size == 0 || line.data[signed_size] != ' ' ||
	    !hex_to_bytes(signature, sizeof(signature), (struct str){ line.data + signed_size + 1, 2 * SIGNATURE_SIZE }) ||
	    (public_key != NULL && !signature_check(signature, rest, public_key)) || !str_is(str_cut(rest, ' ', &rest), FORM))
		return false;
	anchor.at = str_cut(rest, ' ', &rest);
	if (!hex_to_bytes(anchor.previous, sizeof(anchor.previous), str_cut(rest, ' ', &rest)))
		return false;
	anchor.heads_count = rest.size == 0 ? 0 : count_of(rest, ' ') + 1;
	anchor.heads = arena_take(arena, anchor.heads_count + 1, sizeof(*anchor.heads));
	for (size_t i = 0; i < anchor.heads_count; i++) {
		if (anchor.heads == NULL || !read_head(str_cut(rest, ' ', &rest), &anchor.heads[i]))
			return false;
	}
	*ret_anchor = anchor;
	return true;
}

static void hash_line(uint8_t ret_hash[SHA256_SIZE], const struct anchor *last)
{
	memset(ret_hash, 0, SHA256_SIZE);
	if (last != NULL)
		sha256_pair(ret_hash, last->line, STR(""));
}

static int read_text(struct buf *text, const char *path, struct err *err)
{
	FILE *file = fopen(path, "re");
	int status = -1;
	size_t size = 1;

	if (file == NULL && errno == ENOENT)
		return 0;
	if (file == NULL)
		return err_set(err, ERR_FATAL, "the file of anchors: %s", strerror(errno));
	while (size > 0 && !text->overflow) {
		unsigned char *room = buf_reserve(text, 65536);

		size = room == NULL ? 0 : fread(room, 1, 65536, file);
		text->size += size;
	}
	if (ferror(file) || text->overflow)
		(void)err_set(err, ERR_FATAL, "the file of anchors cannot be read");
	else
		status = 0;
	(void)fclose(file);
	return status;
}

int anchor_file_read(struct anchor_file *file, const char *path, const uint8_t *public_key, struct arena *arena, struct err *err)
{
	uint8_t previous[SHA256_SIZE];
	struct str rest;
	size_t lines;

	*file = (struct anchor_file){ .anchors_count = 0 };
	buf_init(&file->text, FILE_SIZE_MAX);
	if (read_text(&file->text, path, err) != 0)
		return -1;
	rest = buf_str(&file->text);
	lines = count_of(rest, '\n');
	if (rest.size > 0 && rest.data[rest.size - 1] != '\n')
		return err_set(err, ERR_FATAL, "the file of anchors ends within a line");
	file->anchors = arena_take(arena, lines + 1, sizeof(*file->anchors));
	for (size_t i = 0; i < lines; i++) {
		struct str line = str_cut(rest, '\n', &rest);

		if (file->anchors == NULL || !read_line(line, public_key, arena, &file->anchors[i]))
			return err_set(err, ERR_FATAL, "the file of anchors: line %zu has no good signature, or another form",
				       i + 1);
		hash_line(previous, i > 0 ? &file->anchors[i - 1] : NULL);
		if (memcmp(previous, file->anchors[i].previous, sizeof(previous)) != 0)
			return err_set(err, ERR_FATAL, "the file of anchors: line %zu does not follow the line before it", i + 1);
		file->anchors_count = i + 1;
	}
	return 0;
}

void anchor_file_release(struct anchor_file *file)
{
	buf_release(&file->text);
}

/* ---- writing ---- */

static void add_hex(struct buf *line, const uint8_t *bytes, size_t size)
{
	char text[2 * SIGNATURE_SIZE + 1];

	hex_from_bytes(text, bytes, size);
	buf_add_text(line, text);
}

void anchor_write(struct buf *line, int64_t at_ms, const struct anchor *last, const struct anchor_head *heads, size_t heads_count,
		  const uint8_t seed[32])
{
	uint8_t previous[SHA256_SIZE], signature[SIGNATURE_SIZE];
	char at[32];

	instant_format(at, at_ms);
	hash_line(previous, last);
	buf_add_format(line, "%s %s ", FORM, at);
	add_hex(line, previous, sizeof(previous));
	for (size_t i = 0; i < heads_count; i++) {
		const struct anchor_head *head = &heads[i];

		buf_add_format(line, " %.*s:%d:%lld:", (int)head->module.size, head->module.data, head->part,
			       (long long)head->seq);
		if (head->published < 0)
			buf_add_text(line, "-:");
		else
			buf_add_format(line, "%lld:", (long long)head->published);
		add_hex(line, head->hash, sizeof(head->hash));
	}
	signature_make(signature, buf_str(line), seed);
	buf_add_text(line, " ");
	add_hex(line, signature, sizeof(signature));
	buf_add_text(line, "\n");
}

int anchor_file_append(const char *path, struct str line, struct err *err)
{
	int file = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
	ssize_t written;
	int failed;

	if (file < 0)
		return err_set(err, ERR_FATAL, "the file of anchors: %s", strerror(errno));
	written = write(file, line.data, line.size);
	failed = written != (ssize_t)line.size || fsync(file) != 0;
	failed |= close(file) != 0;
	return failed ? err_set(err, ERR_FATAL, "the file of anchors: the line was not written") : 0;
}
