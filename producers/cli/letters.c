/* `dcs letters`: reads what the printer of letters says of them, in the folder of a gateway of kind spool. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/array.h"
#include "base/buf.h"
#include "base/must.h"
#include "cli.h"
#include "crypto/crypto.h"
#include "database.h"
#include "schemas/communications.h"
#include "schemas/customers.h"
#include "sender.h"
#include "wire/json.h"

#define STATEMENT_MS 60000
#define ANSWER_MAX   4096 /* of a file */
#define ENDING       ".ack.json"
#define NAME_SIZE    (UUID_TEXT_SIZE + sizeof(ENDING))
#define DONE_FOLDER  "done" /* as consumers/notifier/gateway_spool.c */

static struct {
	struct sender_conf sender;
	const char *pg, *pg_user;
} conf;

static const struct conf_row rows[] = {
	SENDER_ROWS(conf.sender),
	SENDER_SCOPE_ROWS(conf.sender),
	ROW_PG(&conf.pg),
	ROW_PG_USER(&conf.pg_user),
};

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
	struct db *db;
	struct db_params params;
	struct sender *sender;
	struct arena arena;
	int folder, done_folder; /* -1: not open */
	int64_t read, posted, delivered, failed, returned, left;
	int unacknowledged; /* of the letter at hand */
};

/* ---- one acknowledgement ---- */

static const struct db_statement select_letter = {
	"cli_acknowledged_letter",
	"SELECT c.customer_id, c.contact_point_id, coalesce((SELECT r.provider FROM communications.receipt r WHERE "
	"r.communication_id = c.communication_id ORDER BY r.version DESC LIMIT 1), 'spool') FROM communications.communication c "
	"WHERE c.communication_id = $1 AND c.channel = 'letter' AND c.contact_point_id IS NOT NULL"
};

static void acknowledged(void *letters_arg, int32_t part, int64_t offset, const struct err *failure)
{
	struct letters *letters = letters_arg;

	(void)part;
	(void)offset;
	letters->unacknowledged -= failure == NULL;
}

static int send_command(struct letters *letters, const struct message_type *type, const void *body, const struct uuid *id,
			struct err *err)
{
	const struct sender_record record = { .type = type, .body = body, .id = id, .done = acknowledged, .done_arg = letters };

	letters->unacknowledged++;
	return sender_send(letters->sender, &record, err);
}

/* The commands of an answer that is read again have the same ids. */
static int report(struct letters *letters, const struct uuid *id, const struct acknowledgement *said, size_t status,
		  const struct db_result *letter, struct err *err)
{
	const struct record_delivery delivery = { .communication_id = *id,
						  .customer_id = db_uuid(letter, 0, 0),
						  .provider = db_str(letter, 0, 2),
						  .has_provider_code = true,
						  .provider_code = said->has_code ? said->code : said->status,
						  .status = str_of(statuses[status].delivery),
						  .occurred_at = said->at_ms };
	const struct invalidate_contact_point invalidation = { .contact_point_id = db_uuid(letter, 0, 1),
							       .customer_id = db_uuid(letter, 0, 0),
							       .reason = STR("bounced") };
	struct uuid delivery_id = uuid_derive(id, statuses[status].status, (uint64_t)said->at_ms);
	struct uuid invalidation_id = uuid_derive(id, "returned address", 0);

	if (send_command(letters, &record_delivery_type, &delivery, &delivery_id, err) != 0)
		return -1;
	return statuses[status].is_returned
		       ? send_command(letters, &invalidate_contact_point_type, &invalidation, &invalidation_id, err)
		       : 0;
}

static void count_status(struct letters *letters, size_t status)
{
	int64_t *const counters[] = { &letters->posted, &letters->delivered, &letters->failed, &letters->returned };

	_Static_assert(COUNT(counters) == COUNT(statuses), "one each");
	(*counters[status])++;
}

static int take_answer(struct letters *letters, const struct uuid *id, const struct acknowledgement *said, struct err *err)
{
	struct db_result letter = { 0 };
	size_t status = 0;
	int result;

	while (status < COUNT(statuses) && !str_is(said->status, statuses[status].status))
		status++;
	if (status == COUNT(statuses))
		return err_set(err, ERR_POISON, "status is not posted, delivered, failed or returned");
	db_params_reset(&letters->params);
	db_param_uuid(&letters->params, id);
	if (db_run(letters->db, &select_letter, &letters->params, &letter, err) != 0)
		return -1;
	if (letter.rows == 0)
		result = err_set(err, ERR_POISON, "the database has no such letter");
	else
		result = report(letters, id, said, status, &letter, err);
	db_result_release(&letter);
	if (result == 0)
		count_status(letters, status);
	return result;
}

/* ---- the folder ---- */

/* Only a regular file: a name in the folder may be a link to anything. */
static int read_answer(struct letters *letters, const char *name, struct acknowledgement *ret_said, struct err *err)
{
	struct json_faults faults = { 0 };
	struct json_reading reading = { .style = JSON_REST };
	char *text = arena_take_bytes(&letters->arena, ANSWER_MAX);
	int file = openat(letters->folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat about;
	struct json json;
	ssize_t size = -1;

	MUST(text != NULL);
	if (file < 0)
		return err_set(err, ERR_POISON, "%s", strerror(errno));
	if (fstat(file, &about) == 0 && S_ISREG(about.st_mode) && about.st_size < ANSWER_MAX)
		size = read(file, text, ANSWER_MAX);
	(void)close(file);
	if (size < 0)
		return err_set(err, ERR_POISON, "not a file, or too long");
	*ret_said = (struct acknowledgement){ 0 };
	if (!json_parse((struct str){ .data = text, .size = (size_t)size }, &json, &faults) ||
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

/* ERR_POISON: this answer stays; any other: none can be taken. */
static int handle(struct letters *letters, const char *name, const struct uuid *id, struct err *err)
{
	struct acknowledgement said;
	char text[UUID_TEXT_SIZE + 1];

	letters->unacknowledged = 0;
	arena_reset(&letters->arena);
	letters->read++;
	if (read_answer(letters, name, &said, err) != 0 || take_answer(letters, id, &said, err) != 0)
		return -1;
	if (letters->unacknowledged > 0 && sender_finish(letters->sender, err) != 0)
		return -1;
	if (letters->unacknowledged > 0)
		return err_set(err, ERR_POISON, "Kafka did not take it");
	uuid_format(text, id);
	return mark_done(letters, text, err) == 0 ? delete_files(letters, text, err) : -1;
}

/* <communication id>.ack.json */
static bool is_answer(const char *name, struct uuid *ret_id)
{
	size_t size = strlen(name);

	return size == UUID_TEXT_SIZE + strlen(ENDING) && strcmp(name + UUID_TEXT_SIZE, ENDING) == 0 &&
	       uuid_parse(ret_id, (struct str){ .data = name, .size = UUID_TEXT_SIZE });
}

static int handle_all(struct letters *letters, DIR *folder, struct err *err)
{
	const struct dirent *entry;

	while ((entry = readdir(folder)) != NULL) {
		struct err failure = ERR_INIT;
		struct uuid id;

		if (!is_answer(entry->d_name, &id) || handle(letters, entry->d_name, &id, &failure) == 0)
			continue;
		if (failure.kind != ERR_POISON) {
			*err = failure;
			return -1;
		}
		printf("%s: %s\n", entry->d_name, failure.text);
		letters->left++;
	}
	return 0;
}

static int open_folders(struct letters *letters, const char *path, struct err *err)
{
	letters->folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (letters->folder >= 0)
		letters->done_folder = openat(letters->folder, DONE_FOLDER, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (letters->done_folder < 0)
		return err_set(err, ERR_FATAL, "%.100s is no folder of letters: it has no " DONE_FOLDER, path);
	return 0;
}

static int read_folder(struct letters *letters, const char *path, struct err *err)
{
	DIR *folder = NULL;
	int copy, result;

	if (open_folders(letters, path, err) != 0 || arena_init(&letters->arena, (size_t)64 << 10, err) != 0 ||
	    database_open(conf.pg, conf.pg_user, STATEMENT_MS, &letters->db, err) != 0 ||
	    sender_open(&conf.sender, &letters->sender, err) != 0)
		return -1;
	copy = dup(letters->folder); /* closedir closes it */
	if (copy >= 0)
		folder = fdopendir(copy);
	if (folder == NULL)
		return err_set(err, ERR_FATAL, "%s", strerror(errno));
	result = handle_all(letters, folder, err);
	(void)closedir(folder);
	return result;
}

static void close_folder(int folder)
{
	if (folder >= 0)
		(void)close(folder);
}

int run_letters(int argc, char **argv)
{
	struct letters letters = { .folder = -1, .done_folder = -1 };
	struct arguments arguments;
	struct err err = ERR_INIT;
	int status = EXIT_STATUS_OK;

	if (!arguments_read(&usage, argc, argv, &arguments, &status))
		return status;
	conf.sender.roles = "notifier";
	db_params_init(&letters.params, 256);
	if (read_folder(&letters, arguments.items[0], &err) != 0)
		status = fail_wrong(argv[0], &err);
	else if (letters.left > 0)
		status = EXIT_STATUS_WRONG;
	printf("%lld answers: %lld posted, %lld delivered, %lld failed, %lld returned; %lld left\n", (long long)letters.read,
	       (long long)letters.posted, (long long)letters.delivered, (long long)letters.failed, (long long)letters.returned,
	       (long long)letters.left);
	sender_close(letters.sender);
	db_close(letters.db);
	db_params_release(&letters.params);
	arena_release(&letters.arena);
	close_folder(letters.done_folder);
	close_folder(letters.folder);
	return status;
}
