#include "feedback.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/must.h"
#include "crypto/crypto.h"
#include "database.h"
#include "schemas/communications.h"
#include "schemas/customers.h"

#define STATEMENT_MS 60000
#define PIECE_SIZE   ((size_t)64 << 10)

int feedback_open(struct feedback *feedback, struct feedback_conf *conf, struct err *err)
{
	conf->sender.roles = "notifier";
	db_params_init(&feedback->params, 1024);
	if (database_open(conf->pg, conf->pg_user, STATEMENT_MS, &feedback->db, err) != 0)
		return -1;
	return sender_open(&conf->sender, &feedback->sender, err);
}

void feedback_close(struct feedback *feedback)
{
	sender_close(feedback->sender);
	db_close(feedback->db);
	db_params_release(&feedback->params);
}

/* ---- items ---- */

static int handle(struct feedback *feedback, const struct feedback_source *source, void *source_arg, const char *name,
		  struct err *err)
{
	feedback->unacknowledged = 0;
	feedback->read++;
	if (source->take(source_arg, name, err) != 0)
		return -1;
	if (feedback->unacknowledged > 0 && sender_finish(feedback->sender, err) != 0)
		return -1;
	if (feedback->unacknowledged > 0)
		return err_set(err, ERR_POISON, "Kafka did not take it");
	return source->done(source_arg, name, err);
}

int feedback_walk(struct feedback *feedback, const struct feedback_source *source, void *source_arg, struct err *err)
{
	const char *name = NULL;

	while (source->next(source_arg, &name, err) == 0) {
		struct err failure = ERR_INIT;

		if (name == NULL)
			return 0;
		if (handle(feedback, source, source_arg, name, &failure) == 0)
			continue;
		if (failure.kind != ERR_POISON) {
			*err = failure;
			return -1;
		}
		printf("%s: %s\n", name, failure.text);
		feedback->left++;
	}
	return -1;
}

/* ---- commands ---- */

static void acknowledged(void *feedback_arg, int32_t part, int64_t offset, const struct err *failure)
{
	struct feedback *feedback = feedback_arg;

	(void)part;
	(void)offset;
	feedback->unacknowledged -= failure == NULL;
}

int feedback_send(struct feedback *feedback, const struct message_type *type, const void *body, const struct uuid *id,
		  struct err *err)
{
	const struct sender_record record = { .type = type, .body = body, .id = id, .done = acknowledged, .done_arg = feedback };

	feedback->unacknowledged++;
	return sender_send(feedback->sender, &record, err);
}

static const struct db_statement select_message = {
	"cli_feedback_message",
	"SELECT c.customer_id, c.contact_point_id, coalesce((SELECT r.provider FROM communications.receipt r WHERE "
	"r.communication_id = c.communication_id ORDER BY r.version DESC LIMIT 1), $3) FROM communications.communication c "
	"WHERE c.communication_id = $1 AND c.channel = $2 AND c.contact_point_id IS NOT NULL"
};

static int send_report(struct feedback *feedback, const struct feedback_report *report, const struct db_result *message,
		       struct err *err)
{
	const struct record_delivery delivery = { .communication_id = report->communication_id,
						  .customer_id = db_uuid(message, 0, 0),
						  .provider = db_str(message, 0, 2),
						  .has_provider_code = true,
						  .provider_code = report->code,
						  .status = str_of(report->status),
						  .occurred_at = report->at_ms };
	const struct invalidate_contact_point invalidation = { .contact_point_id = db_uuid(message, 0, 1),
							       .customer_id = db_uuid(message, 0, 0),
							       .reason = STR("bounced") };
	struct uuid id = uuid_derive(&report->communication_id, report->id_purpose, (uint64_t)report->at_ms);

	if (feedback_send(feedback, &record_delivery_type, &delivery, &id, err) != 0)
		return -1;
	if (report->address_id_purpose == NULL)
		return 0;
	id = uuid_derive(&report->communication_id, report->address_id_purpose, 0);
	return feedback_send(feedback, &invalidate_contact_point_type, &invalidation, &id, err);
}

int feedback_report(struct feedback *feedback, const struct feedback_report *report, bool *ret_is_known, struct err *err)
{
	struct db_result message = { 0 };
	int result = 0;

	db_params_reset(&feedback->params);
	db_param_uuid(&feedback->params, &report->communication_id);
	db_param_text(&feedback->params, str_of(report->channel));
	db_param_text(&feedback->params, str_of(report->default_provider));
	if (db_run(feedback->db, &select_message, &feedback->params, &message, err) != 0)
		return -1;
	*ret_is_known = message.rows > 0;
	if (message.rows > 0)
		result = send_report(feedback, report, &message, err);
	db_result_release(&message);
	return result;
}

/* ---- folders ---- */

DIR *feedback_folder_open(int folder, struct err *err)
{
	int copy = dup(folder);
	DIR *names = copy >= 0 ? fdopendir(copy) : NULL;

	if (names == NULL) {
		err_set(err, ERR_FATAL, "%s", strerror(errno));
		feedback_folder_close(copy);
	}
	return names;
}

static int read_pieces(int file, size_t size_max, struct buf *content, struct err *err)
{
	while (content->size < size_max) {
		size_t size = size_max - content->size < PIECE_SIZE ? size_max - content->size : PIECE_SIZE;
		unsigned char *room = buf_reserve(content, size);
		ssize_t got;

		MUST(room != NULL);
		got = read(file, room, size);
		if (got < 0)
			return err_set(err, ERR_POISON, "%s", strerror(errno));
		if (got == 0)
			return 0;
		content->size += (size_t)got;
	}
	return 0;
}

int feedback_file_read(int folder, const char *name, size_t size_max, struct buf *content, int64_t *ret_changed_ms,
		       struct err *err)
{
	int file = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat about;
	int result;

	if (file < 0)
		return err_set(err, ERR_POISON, "%s", strerror(errno));
	if (fstat(file, &about) != 0 || !S_ISREG(about.st_mode)) {
		(void)close(file);
		return err_set(err, ERR_POISON, "not a file");
	}
	if (ret_changed_ms != NULL)
		*ret_changed_ms = (int64_t)about.st_mtime * 1000;
	result = read_pieces(file, size_max, content, err);
	(void)close(file);
	return result;
}

void feedback_folder_close(int folder)
{
	if (folder >= 0)
		(void)close(folder);
}
