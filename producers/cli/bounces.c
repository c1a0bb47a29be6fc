/* `dcs bounces`: reads the mails that came back, and says of which messages and addresses they are. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"
#include "base/buf.h"
#include "base/must.h"
#include "bounce_mail.h"
#include "cli.h"
#include "crypto/crypto.h"
#include "database.h"
#include "schemas/communications.h"
#include "schemas/customers.h"
#include "sender.h"

#define STATEMENT_MS 60000
#define NAME_SIZE    512

static struct {
	struct sender_conf sender;
	const char *pg, *pg_user, *key_file;
} conf;

static const struct conf_row rows[] = {
	SENDER_ROWS(conf.sender),
	SENDER_SCOPE_ROWS(conf.sender),
	ROW_PG(&conf.pg),
	ROW_PG_USER(&conf.pg_user),
	{ .name = "callback.key.file",
	  .kind = CONF_TEXT,
	  .target = &conf.key_file,
	  .help = "file of the key with which the notifier signs senders' addresses" },
};

static const struct usage usage = {
	.about = "usage: dcs bounces MAILDIR [FLAGS]\n\n"
		 "Reads the new mails of a Maildir that gets what is sent to bounce+...@: delivery status notifications (RFC "
		 "3464).\n"
		 "A message that was not delivered for good is reported as failed (RecordDelivery); if there is no such mailbox, "
		 "the\n"
		 "contact point is invalidated as bounced (InvalidateContactPoint). A mail whose commands Kafka has, and one "
		 "that\n"
		 "says nothing, is moved from new to cur; any other stays and is read by the next run. For a timer.\n"
		 "Exit status: 0 every mail was read; 1 one could not be; 2 wrong usage.",
	.rows = rows,
	.rows_count = COUNT(rows),
	.arguments_min = 1,
	.arguments_max = 1,
};

struct bounces {
	struct db *db;
	struct db_params params;
	struct sender *sender;
	struct buf mail;
	uint8_t key[32];
	int folder, new_folder, cur_folder; /* -1: not open */
	int64_t read, failed, addresses, others, left;
	int unacknowledged; /* of the mail at hand */
};

/* ---- one mail ---- */

static const struct db_statement select_message = {
	"cli_bounced_message",
	"SELECT c.customer_id, c.contact_point_id, coalesce((SELECT r.provider FROM communications.receipt r WHERE "
	"r.communication_id = c.communication_id ORDER BY r.version DESC LIMIT 1), 'smtp') FROM communications.communication c "
	"WHERE c.communication_id = $1 AND c.contact_point_id IS NOT NULL"
};

static void acknowledged(void *bounces_arg, int32_t part, int64_t offset, const struct err *failure)
{
	struct bounces *bounces = bounces_arg;

	(void)part;
	(void)offset;
	bounces->unacknowledged -= failure == NULL;
}

static int send_command(struct bounces *bounces, const struct message_type *type, const void *body, const struct uuid *id,
			struct err *err)
{
	const struct sender_record record = { .type = type, .body = body, .id = id, .done = acknowledged, .done_arg = bounces };

	bounces->unacknowledged++;
	return sender_send(bounces->sender, &record, err);
}

static int report(struct bounces *bounces, const struct bounce *bounce, const struct db_result *message, int64_t at_ms,
		  struct err *err)
{
	const struct record_delivery delivery = { .communication_id = bounce->communication_id,
						  .customer_id = db_uuid(message, 0, 0),
						  .provider = db_str(message, 0, 2),
						  .has_provider_code = true,
						  .provider_code = str_of(bounce->status),
						  .status = STR("failed"),
						  .occurred_at = at_ms };
	const struct invalidate_contact_point invalidation = { .contact_point_id = db_uuid(message, 0, 1),
							       .customer_id = db_uuid(message, 0, 0),
							       .reason = STR("bounced") };
	struct uuid delivery_id = uuid_derive(&bounce->communication_id, "bounce", (uint64_t)at_ms);
	struct uuid invalidation_id = uuid_derive(&bounce->communication_id, "bounced address", 0);

	bounces->failed++;
	if (send_command(bounces, &record_delivery_type, &delivery, &delivery_id, err) != 0)
		return -1;
	if (!bounce->is_of_address)
		return 0;
	bounces->addresses++;
	return send_command(bounces, &invalidate_contact_point_type, &invalidation, &invalidation_id, err);
}

/* A message that the database does not have was sent by another installation with this key, or its database was restored. */
static int report_if_known(struct bounces *bounces, const struct bounce *bounce, int64_t at_ms, struct err *err)
{
	struct db_result message = { 0 };
	int result;

	db_params_reset(&bounces->params);
	db_param_uuid(&bounces->params, &bounce->communication_id);
	if (db_run(bounces->db, &select_message, &bounces->params, &message, err) != 0)
		return -1;
	if (message.rows == 0)
		bounces->others++;
	result = message.rows == 0 ? 0 : report(bounces, bounce, &message, at_ms, err);
	db_result_release(&message);
	return result;
}

static int take_mail(struct bounces *bounces, const char *name, int64_t at_ms, struct err *err)
{
	struct bounce bounce = { .status = "" };

	switch (bounce_mail_read(buf_str(&bounces->mail), bounces->key, &bounce)) {
	case BOUNCE_READ:
		if (bounce.is_final)
			return report_if_known(bounces, &bounce, at_ms, err);
		break;
	case BOUNCE_FORGED:
		printf("%s: its address has a signature that is not ours\n", name);
		break;
	case BOUNCE_NOT_OURS:
	case BOUNCE_NO_STATUS:
		break;
	}
	bounces->others++;
	return 0;
}

/* ---- the folder ---- */

/* Only a regular file: a name in the folder may be a link to anything. */
static int read_mail(struct bounces *bounces, const char *name, int64_t *ret_at_ms, struct err *err)
{
	int file = openat(bounces->new_folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat about;
	int result = -1;

	if (file < 0)
		return err_set(err, ERR_POISON, "%s", strerror(errno));
	buf_reset(&bounces->mail);
	if (fstat(file, &about) != 0 || !S_ISREG(about.st_mode)) {
		err_set(err, ERR_POISON, "not a file");
		goto out;
	}
	*ret_at_ms = (int64_t)about.st_mtime * 1000;
	while (bounces->mail.size < BOUNCE_MAIL_MAX) {
		unsigned char *room = buf_reserve(&bounces->mail, 65536);
		ssize_t got;

		MUST(room != NULL);
		got = read(file, room, 65536);
		if (got < 0) {
			err_set(err, ERR_POISON, "%s", strerror(errno));
			goto out;
		}
		if (got == 0)
			break;
		bounces->mail.size += (size_t)got;
	}
	result = 0;
out:
	(void)close(file);
	return result;
}

/* As maildir(5) says: S, seen. */
static int move_to_cur(const struct bounces *bounces, const char *name, struct err *err)
{
	char target[NAME_SIZE + 8];

	(void)snprintf(target, sizeof(target), "%s%s", name, strstr(name, ":2,") != NULL ? "" : ":2,S");
	if (renameat(bounces->new_folder, name, bounces->cur_folder, target) != 0)
		return err_set(err, ERR_POISON, "%s", strerror(errno));
	return 0;
}

/* ERR_POISON: this mail stays; any other: no mail can be taken. */
static int handle(struct bounces *bounces, const char *name, struct err *err)
{
	int64_t at_ms = 0;

	bounces->unacknowledged = 0;
	if (read_mail(bounces, name, &at_ms, err) != 0)
		return -1;
	bounces->read++;
	if (take_mail(bounces, name, at_ms, err) != 0)
		return -1;
	if (bounces->unacknowledged > 0 && sender_finish(bounces->sender, err) != 0)
		return -1;
	if (bounces->unacknowledged > 0)
		return err_set(err, ERR_POISON, "Kafka did not take it");
	return move_to_cur(bounces, name, err);
}

static int handle_all(struct bounces *bounces, DIR *folder, struct err *err)
{
	const struct dirent *entry;

	while ((entry = readdir(folder)) != NULL) {
		struct err failure = ERR_INIT;

		if (entry->d_name[0] == '.' || strlen(entry->d_name) >= NAME_SIZE)
			continue;
		if (handle(bounces, entry->d_name, &failure) == 0)
			continue;
		if (failure.kind != ERR_POISON) {
			*err = failure;
			return -1;
		}
		printf("%s: %s\n", entry->d_name, failure.text);
		bounces->left++;
	}
	return 0;
}

static int open_folders(struct bounces *bounces, const char *path, struct err *err)
{
	bounces->folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (bounces->folder >= 0) {
		bounces->new_folder = openat(bounces->folder, "new", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		bounces->cur_folder = openat(bounces->folder, "cur", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	if (bounces->new_folder < 0 || bounces->cur_folder < 0)
		return err_set(err, ERR_FATAL, "%.100s is no Maildir: it has no new or cur", path);
	return 0;
}

static int read_maildir(struct bounces *bounces, const char *path, struct err *err)
{
	DIR *folder = NULL;
	int copy, result;

	if (open_folders(bounces, path, err) != 0 || key_read(bounces->key, conf.key_file, err) != 0 ||
	    database_open(conf.pg, conf.pg_user, STATEMENT_MS, &bounces->db, err) != 0 ||
	    sender_open(&conf.sender, &bounces->sender, err) != 0)
		return -1;
	copy = dup(bounces->new_folder); /* closedir closes it */
	if (copy >= 0)
		folder = fdopendir(copy);
	if (folder == NULL)
		return err_set(err, ERR_FATAL, "%s", strerror(errno));
	result = handle_all(bounces, folder, err);
	(void)closedir(folder);
	return result;
}

static void close_folder(int folder)
{
	if (folder >= 0)
		(void)close(folder);
}

int run_bounces(int argc, char **argv)
{
	struct bounces bounces = { .folder = -1, .new_folder = -1, .cur_folder = -1 };
	struct arguments arguments;
	struct err err = ERR_INIT;
	int status = EXIT_STATUS_OK;

	if (!arguments_read(&usage, argc, argv, &arguments, &status))
		return status;
	conf.sender.roles = "notifier";
	db_params_init(&bounces.params, 256);
	buf_init(&bounces.mail, BOUNCE_MAIL_MAX + 65536);
	if (read_maildir(&bounces, arguments.items[0], &err) != 0)
		status = fail_wrong(argv[0], &err);
	else if (bounces.left > 0)
		status = EXIT_STATUS_WRONG;
	printf("%lld mails: %lld messages failed, %lld addresses bounced, %lld say nothing; %lld left\n", (long long)bounces.read,
	       (long long)bounces.failed, (long long)bounces.addresses, (long long)bounces.others, (long long)bounces.left);
	sender_close(bounces.sender);
	db_close(bounces.db);
	db_params_release(&bounces.params);
	buf_release(&bounces.mail);
	close_folder(bounces.cur_folder);
	close_folder(bounces.new_folder);
	close_folder(bounces.folder);
	wipe(bounces.key, sizeof(bounces.key));
	return status;
}
