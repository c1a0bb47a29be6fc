/* `dcs letters`: reads what the printer of letters says of them, in the folder of a gateway of kind spool. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/array.h"
#include "base/buf.h"
#include "base/must.h"
#include "cli.h"
#include "crypto/crypto.h"
#include "feedback.h"
#include "wire/json.h"

#define ANSWER_MAX  4096 /* of a file */
#define ENDING      ".ack.json"
#define NAME_SIZE   (UUID_TEXT_SIZE + sizeof(ENDING))
#define DONE_FOLDER "done" /* as consumers/notifier/gateway_spool.c */

static struct feedback_conf conf;

static const struct conf_row rows[] = { FEEDBACK_ROWS(conf) };

static const struct usage usage = {
	.about = "usage: dcs letters FOLDER [FLAGS]\n\n"
		 "Reads acknowledgements in the folder of a gateway of kind spool: files <communication id>.ack.json,\n"
		 "{\"status\": \"posted\", \"at\": \"2026-01-05T10:00:00Z\"}, with a \"code\" of the printer's own if it has "
		 "one.\n"
		 "posted: the letter is with the post; delivered; failed: it was not printed or not posted; returned: it came "
		 "back,\n"
		 "so the address is invalidated, too (InvalidateContactPoint). Each is reported (RecordDelivery). When Kafka has "
		 "that,\n"
		 "the letter's files are deleted, and an empty file in the folder done says that it was handed over. An answer "
		 "that\n"
		 "cannot be read stays. For a timer.\n"
		 "Exit status: 0 every answer was read; 1 one could not be; 2 wrong usage.",
	.rows = rows,
	.rows_count = COUNT(rows),
	.arguments_min = 1,
	.arguments_max = 1,
};

/* What a printer may say, and what it is to communications: a letter that was posted is accepted, no more is known of it. */
static const struct {
	const char *status, *delivery;
	bool is_returned;
} statuses[] = {
	{ "posted", "accepted", false },
	{ "delivered", "delivered", false },
	{ "failed", "failed", false },
	{ "returned", "failed", true },
};

struct acknowledgement {
	struct str status;
	int64_t at_ms;
	bool has_code;
	struct str code;
};

static const struct field fields[] = {
	{ .name = "status",
	  .kind = FIELD_STRING,
	  .offset = offsetof(struct acknowledgement, status),
	  .text = TEXT_WORD,
	  .size_max = 16,
	  .characters_max = 16 },
	{ .name = "at", .kind = FIELD_INSTANT, .offset = offsetof(struct acknowledgement, at_ms) },
	{ .name = "code",
	  .kind = FIELD_STRING,
	  .nullable = true,
	  .offset = offsetof(struct acknowledgement, code),
	  .aux_offset = offsetof(struct acknowledgement, has_code),
	  .text = TEXT_WORD,
	  .size_max = 64,
	  .characters_max = 64 },
};
static const struct record_type acknowledgement_record = {
	.name = "acknowledgement", .size = sizeof(struct acknowledgement), .fields = fields, .fields_count = COUNT(fields)
};

struct letters {
	struct feedback feedback;
	struct arena arena;
	struct buf answer;
	int folder, done_folder; /* -1: not open */
	DIR *names;
	int64_t posted, delivered, failed, returned;
};

/* ---- one acknowledgement ---- */

static void count_status(struct letters *letters, size_t status)
{
	int64_t *const counters[] = { &letters->posted, &letters->delivered, &letters->failed, &letters->returned };

	_Static_assert(COUNT(counters) == COUNT(statuses), "one each");
	(*counters[status])++;
}

static int take_answer(struct letters *letters, const struct uuid *id, const struct acknowledgement *said, struct err *err)
{
	size_t status = 0;
	struct feedback_report report;
	bool is_known = false;

	while (status < COUNT(statuses) && !str_is(said->status, statuses[status].status))
		status++;
	if (status == COUNT(statuses))
		return err_set(err, ERR_POISON, "status is not posted, delivered, failed or returned");
	report = (struct feedback_report){ .communication_id = *id,
					   .channel = "letter",
					   .default_provider = "spool",
					   .code = said->has_code ? said->code : said->status,
					   .status = statuses[status].delivery,
					   .at_ms = said->at_ms,
					   .id_purpose = statuses[status].status,
					   .address_id_purpose = statuses[status].is_returned ? "returned address" : NULL };
	if (feedback_report(&letters->feedback, &report, &is_known, err) != 0)
		return -1;
	if (!is_known)
		return err_set(err, ERR_POISON, "the database has no such letter");
	count_status(letters, status);
	return 0;
}

/* ---- the folder ---- */

static int read_answer(struct letters *letters, const char *name, struct acknowledgement *ret_said, struct err *err)
{
	struct json_faults faults = { 0 };
	struct json_reading reading = { .style = JSON_REST };
	struct json json;

	arena_reset(&letters->arena);
	buf_reset(&letters->answer);
	if (feedback_file_read(letters->folder, name, ANSWER_MAX, &letters->answer, NULL, err) != 0)
		return -1;
	if (letters->answer.size == ANSWER_MAX)
		return err_set(err, ERR_POISON, "too long");
	*ret_said = (struct acknowledgement){ 0 };
	if (!json_parse(buf_str(&letters->answer), &json, &faults) ||
	    !json_read_record(json, &acknowledgement_record, &reading, &letters->arena, ret_said, &faults))
		return err_set(err, ERR_POISON, "%s: %s", faults.items[0].pointer, faults.items[0].detail);
	return 0;
}

/* The notifier looks for the mark: it must be there for good before the manifest is gone. */
static int mark_done(const struct letters *letters, const char *id, struct err *err)
{
	char name[NAME_SIZE];
	int file, result;

	(void)snprintf(name, sizeof(name), "%s.json", id);
	file = openat(letters->done_folder, name, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (file < 0)
		return err_set(err, ERR_POISON, "%s", strerror(errno));
	result = fsync(file) == 0 && fsync(letters->done_folder) == 0 ? 0 : err_set(err, ERR_POISON, "%s", strerror(errno));
	(void)close(file);
	return result;
}

static int delete_files(const struct letters *letters, const char *id, struct err *err)
{
	static const char *const endings[] = { ".pdf", ".json", ENDING };

	for (size_t i = 0; i < COUNT(endings); i++) {
		char name[NAME_SIZE];

		(void)snprintf(name, sizeof(name), "%s%s", id, endings[i]);
		if (unlinkat(letters->folder, name, 0) != 0 && errno != ENOENT)
			return err_set(err, ERR_POISON, "%s", strerror(errno));
	}
	return 0;
}

/* <communication id>.ack.json */
static bool is_answer(const char *name, struct uuid *ret_id)
{
	size_t size = strlen(name);

	return size == UUID_TEXT_SIZE + strlen(ENDING) && strcmp(name + UUID_TEXT_SIZE, ENDING) == 0 &&
	       uuid_parse(ret_id, (struct str){ .data = name, .size = UUID_TEXT_SIZE });
}

static int next_answer(void *letters_arg, const char **ret_name, struct err *err)
{
	const struct letters *letters = letters_arg;
	const struct dirent *entry;
	struct uuid id;

	(void)err;
	*ret_name = NULL;
	while (*ret_name == NULL && (entry = readdir(letters->names)) != NULL) {
		if (is_answer(entry->d_name, &id))
			*ret_name = entry->d_name;
	}
	return 0;
}

static int read_and_take(void *letters_arg, const char *name, struct err *err)
{
	struct letters *letters = letters_arg;
	struct acknowledgement said;
	struct uuid id;

	MUST(is_answer(name, &id));
	return read_answer(letters, name, &said, err) == 0 ? take_answer(letters, &id, &said, err) : -1;
}

static int done_with(void *letters_arg, const char *name, struct err *err)
{
	const struct letters *letters = letters_arg;
	char text[UUID_TEXT_SIZE + 1];
	struct uuid id;

	MUST(is_answer(name, &id));
	uuid_format(text, &id);
	return mark_done(letters, text, err) == 0 ? delete_files(letters, text, err) : -1;
}

static int open_folders(struct letters *letters, const char *path, struct err *err)
{
	letters->folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (letters->folder >= 0)
		letters->done_folder = openat(letters->folder, DONE_FOLDER, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (letters->done_folder < 0)
		return err_set(err, ERR_FATAL, "%.100s is no folder of letters: it has no " DONE_FOLDER, path);
	letters->names = feedback_folder_open(letters->folder, err);
	return letters->names == NULL ? -1 : 0;
}

static int read_folder(struct letters *letters, const char *path, struct err *err)
{
	static const struct feedback_source source = { next_answer, read_and_take, done_with };

	if (open_folders(letters, path, err) != 0 || arena_init(&letters->arena, (size_t)64 << 10, err) != 0 ||
	    feedback_open(&letters->feedback, &conf, err) != 0)
		return -1;
	return feedback_walk(&letters->feedback, &source, letters, err);
}

int run_letters(int argc, char **argv)
{
	struct letters letters = { .folder = -1, .done_folder = -1 };
	struct arguments arguments;
	struct err err = ERR_INIT;
	int status = EXIT_STATUS_OK;

	if (!arguments_read(&usage, argc, argv, &arguments, &status))
		return status;
	buf_init(&letters.answer, ANSWER_MAX);
	if (read_folder(&letters, arguments.items[0], &err) != 0)
		status = fail_wrong(argv[0], &err);
	else if (letters.feedback.left > 0)
		status = EXIT_STATUS_WRONG;
	printf("%lld answers: %lld posted, %lld delivered, %lld failed, %lld returned; %lld left\n",
	       (long long)letters.feedback.read, (long long)letters.posted, (long long)letters.delivered,
	       (long long)letters.failed, (long long)letters.returned, (long long)letters.feedback.left);
	feedback_close(&letters.feedback);
	if (letters.names != NULL)
		(void)closedir(letters.names);
	buf_release(&letters.answer);
	arena_release(&letters.arena);
	feedback_folder_close(letters.done_folder);
	feedback_folder_close(letters.folder);
	return status;
}
