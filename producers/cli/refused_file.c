#include "refused_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/array.h"
#include "base/must.h"
#include "wire/json.h"

#define RECORD_SIZE_MAX ((size_t)4 << 20)
#define FILES_MAX       1000
#define BESIDE_SIZE_MAX 32 /* of ".refused.17.csv" */

int refused_open(struct refused_file *refused, enum refused_form form, const char *name, const char *asked, const char *beside,
		 struct err *err)
{
	const char *front = asked[0] != '\0' || beside == NULL ? asked : beside;

	*refused = (struct refused_file){ .name = name, .form = form, .is_beside = front != asked, .separator = ',' };
	buf_init(&refused->header, RECORD_SIZE_MAX);
	buf_init(&refused->record, RECORD_SIZE_MAX);
	if (!str_to_chars(refused->path, sizeof(refused->path) - BESIDE_SIZE_MAX, str_of(front)))
		return err_set(err, ERR_FATAL, "the path of the file for refused rows is too long");
	return 0;
}

/* ---- one record ---- */

void csv_add_field(struct buf *line, struct str field, char separator)
{
	bool quoted = false;

	for (size_t i = 0; i < field.size && !quoted; i++)
		quoted = field.data[i] == separator || strchr("\"\r\n \t", field.data[i]) != NULL;
	if (!quoted) {
		buf_add_str(line, field);
		return;
	}
	buf_add_u8(line, '"');
	for (size_t i = 0; i < field.size; i++) {
		if (field.data[i] == '"')
			buf_add_u8(line, '"');
		buf_add_u8(line, (uint8_t)field.data[i]);
	}
	buf_add_u8(line, '"');
}

static void write_csv(struct refused_file *refused, const struct told *told)
{
	const struct str parts[] = { told->reason->code, told->reason->field, told->reason->text };

	buf_add_format(&refused->record, "%lld", (long long)told->line);
	for (size_t i = 0; i < COUNT(parts); i++) {
		buf_add_u8(&refused->record, (uint8_t)refused->separator);
		csv_add_field(&refused->record, parts[i], refused->separator);
	}
	buf_add_u8(&refused->record, (uint8_t)refused->separator);
	buf_add_str(&refused->record, told->text);
	buf_add_u8(&refused->record, '\n');
}

static void add_member(struct buf *record, const char *name, struct str value)
{
	buf_add_text(record, name);
	json_write_string(record, value);
}

/* The text behind the brace of an object, up to its end; empty: no members, or no object. */
static struct str members_of(struct str text)
{
	static const char blanks[] = " \t\r\n";

	while (text.size > 0 && memchr(blanks, text.data[0], 4) != NULL) {
		text.data++;
		text.size--;
	}
	if (text.size == 0 || text.data[0] != '{')
		return STR("");
	for (size_t i = 1; i < text.size; i++) {
		if (memchr(blanks, text.data[i], 4) == NULL)
			return text.data[i] == '}' ? STR("") : (struct str){ .data = text.data + i, .size = text.size - i };
	}
	return STR("");
}

/* A refused command has done nothing, and the repaired one is another command; any other may still be applied, and only once. */
static void write_json(struct refused_file *refused, const struct told *told)
{
	struct str members = members_of(told->text);
	char id[UUID_TEXT_SIZE + 1];

	buf_add_format(&refused->record, "{\"$refused\":{\"line\":%lld", (long long)told->line);
	add_member(&refused->record, ",\"code\":", told->reason->code);
	add_member(&refused->record, ",\"field\":", told->reason->field);
	add_member(&refused->record, ",\"text\":", told->reason->text);
	buf_add_u8(&refused->record, '}');
	if (told->id != NULL && told->outcome != OUTCOME_REFUSED) {
		uuid_format(id, told->id);
		add_member(&refused->record, ",\"$id\":", str_of(id));
	}
	buf_add_text(&refused->record, members.size > 0 ? "," : "}");
	buf_add_str(&refused->record, members);
	buf_add_u8(&refused->record, '\n');
}

/* ---- the file ---- */

/* An existing file that was not named by the user may be somebody's work: takes the next number. */
static int create(struct refused_file *refused)
{
	size_t size = strlen(refused->path);
	int fd = -1;

	if (!refused->is_beside)
		return open(refused->path, O_WRONLY | O_CREAT | O_CLOEXEC | O_TRUNC, 0600);
	for (int i = 1; fd < 0 && i < FILES_MAX; i++) {
		char number[8] = "";

		if (i > 1)
			snprintf(number, sizeof(number), ".%d", i);
		snprintf(refused->path + size, sizeof(refused->path) - size, ".refused%s.csv", number);
		fd = open(refused->path, O_WRONLY | O_CREAT | O_CLOEXEC | O_EXCL, 0600);
		if (fd < 0 && errno != EEXIST)
			return -1;
	}
	return fd;
}

static int open_file(struct refused_file *refused)
{
	int fd = create(refused);

	if (fd < 0)
		return err_set(&refused->failure, ERR_FATAL, "cannot write the refused rows to %.100s: %s", refused->path,
			       strerror(errno));
	refused->file = fdopen(fd, "w");
	if (refused->file == NULL) {
		close(fd);
		return err_set(&refused->failure, ERR_FATAL, "cannot write the refused rows: no memory");
	}
	if (refused->header.size > 0)
		fwrite(refused->header.data, 1, refused->header.size, refused->file);
	return 0;
}

static void write_record(struct refused_file *refused, const struct told *told)
{
	buf_reset(&refused->record);
	if (refused->form == REFUSED_CSV)
		write_csv(refused, told);
	else
		write_json(refused, told);
	MUST(!refused->record.overflow);
	fwrite(refused->record.data, 1, refused->record.size, refused->file);
}

void refused_add(struct refused_file *refused, const struct told *told)
{
	const struct reason *reason = told->reason;
	const char *said = outcome_text(told->outcome);

	refused->count++;
	if (refused->count <= REFUSED_SHOWN_MAX) {
		fprintf(stderr, "%s: line %lld: %s", refused->name, (long long)told->line, said);
		if (!str_is(reason->code, said))
			fprintf(stderr, " %.*s", (int)reason->code.size, reason->code.data);
		fprintf(stderr, "%s%.*s: %.*s\n", reason->field.size > 0 ? " " : "", (int)reason->field.size, reason->field.data,
			(int)reason->text.size, reason->text.data);
	}
	if (refused->path[0] == '\0' || refused->has_failed)
		return;
	if (refused->file == NULL && open_file(refused) != 0)
		refused->has_failed = true;
	else
		write_record(refused, told);
}

int refused_close(struct refused_file *refused, struct err *err)
{
	int failed = 0;

	if (refused->count > REFUSED_SHOWN_MAX)
		fprintf(stderr, "%s: ... and %lld more\n", refused->name, (long long)(refused->count - REFUSED_SHOWN_MAX));
	buf_release(&refused->record);
	buf_release(&refused->header);
	if (refused->has_failed) {
		*err = refused->failure;
		return -1;
	}
	if (refused->file == NULL)
		return 0;
	failed = ferror(refused->file);
	if (fclose(refused->file) != 0)
		failed = 1;
	refused->file = NULL;
	if (failed)
		return err_set(err, ERR_FATAL, "the file of refused rows is incomplete: %s", strerror(errno));
	fprintf(stderr, "%s: the bad rows stand in %s\n", refused->name, refused->path);
	return 0;
}
