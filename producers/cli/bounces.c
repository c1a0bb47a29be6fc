/* `dcs bounces`: reads the mails that came back, and says of which messages and addresses they are. */
#include <stdio.h>

#include "base/array.h"
#include "base/buf.h"
#include "bounce_mail.h"
#include "cli.h"
#include "crypto/crypto.h"
#include "feedback.h"
#include "mailbox.h"
#include "replies.h"

#define ARENA_SIZE ((size_t)1 << 20) /* of a mail's text, see reply_mail.h */

static struct {
	struct feedback_conf feedback;
	struct imap_settings imap;
	const char *key_file, *address_key_file;
} conf;

static const struct conf_row rows[] = {
	FEEDBACK_ROWS(conf.feedback),
	IMAP_ROWS(conf.imap),
	{ .name = "callback.key.file",
	  .kind = CONF_TEXT,
	  .target = &conf.key_file,
	  .help = "file of the key with which the notifier signs senders' addresses" },
	{ .name = "address.key.file",
	  .kind = CONF_TEXT,
	  .default_value = "",
	  .target = &conf.address_key_file,
	  .help = "file of the key that addresses are found by; empty: mails of persons are set aside" },
};

static const struct usage usage = {
	.about =
		"usage: dcs bounces MAILBOX [FLAGS]\n\n"
		"Reads what comes back by e-mail. MAILBOX is a Maildir, or imaps://host[:port][/mailbox], or imap:// with\n"
		"STARTTLS (without it only on this machine), INBOX if no mailbox is named. The password is never an argument:\n"
		"--imap-password-file.\n"
		"Delivery status notifications (RFC 3464) to bounce+...@: a message that was not delivered for good is reported\n"
		"as failed (RecordDelivery); if there is no such mailbox, the contact point is invalidated as bounced\n"
		"(InvalidateContactPoint). Mails of persons: each is recorded as a message of the customers with its sender's\n"
		"address (RecordInbound), or of nobody; STOP and the like in its first line withdraw the consent. Mails of\n"
		"programs, such as notices of absence, say nothing.\n"
		"When Kafka has a mail's commands, or it needs none, it is moved from new to cur, or to the folder --imap-done\n"
		"(not MAILBOX itself), whether somebody has seen it before or not. What a person should look at is set aside:\n"
		"flagged, and not read again. Any other mail stays and is read by the next run. For a timer.\n"
		"Exit status: 0 every mail was read; 1 one could not be; 2 wrong usage.",
	.rows = rows,
	.rows_count = COUNT(rows),
	.arguments_min = 1,
	.arguments_max = 1,
};

struct bounces {
	struct feedback feedback;
	struct mailbox *mailbox;
	struct buf mail;
	struct arena arena; /* of the mail at hand */
	uint8_t key[32], address_key[32];
	bool has_address_key;
	int64_t failed, addresses, replies, nothing, aside;
	bool is_strange; /* the mail at hand: it is set aside */
};

/* Nothing of the mail itself is printed: it may have an address in it. */
static void set_aside(struct bounces *bounces, const char *name, const char *why)
{
	printf("%s: set aside: %s\n", name, why);
	bounces->is_strange = true;
	bounces->aside++;
}

/* A message that the database does not have was sent by another installation with this key, or its database was restored. */
static int report(struct bounces *bounces, const char *name, const struct bounce *bounce, int64_t at_ms, struct err *err)
{
	const struct feedback_report report = { .communication_id = bounce->communication_id,
						.channel = "email",
						.default_provider = "smtp",
						.code = str_of(bounce->status),
						.status = "failed",
						.at_ms = at_ms,
						.id_purpose = "bounce",
						.address_id_purpose = bounce->is_of_address ? "bounced address" : NULL };
	bool is_known = false;

	if (feedback_report(&bounces->feedback, &report, &is_known, err) != 0)
		return -1;
	bounces->failed += is_known;
	bounces->addresses += is_known && bounce->is_of_address;
	if (!is_known)
		set_aside(bounces, name, "the database has no such message");
	return 0;
}

/* A text that cannot be read here is recorded as a message without one, and the mail is kept for a person. */
static int take_reply(struct bounces *bounces, const char *name, int64_t at_ms, struct err *err)
{
	struct reply reply;

	arena_reset(&bounces->arena);
	switch (reply_mail_read(buf_str(&bounces->mail), &bounces->arena, &reply)) {
	case REPLY_TAKEN:
		break;
	case REPLY_AUTOMATIC:
		bounces->nothing++;
		return 0;
	case REPLY_SPAM:
		set_aside(bounces, name, "the mail server takes it for spam");
		return 0;
	case REPLY_NO_SENDER:
		set_aside(bounces, name, "it has no sender");
		return 0;
	}
	if (!bounces->has_address_key) {
		set_aside(bounces, name, "a person has written it, and there is no --address-key-file");
		return 0;
	}
	if (replies_take(&bounces->feedback, &reply, at_ms, bounces->address_key, err) != 0)
		return -1;
	bounces->replies++;
	if (!reply.is_readable)
		set_aside(bounces, name, "recorded, but its text cannot be read");
	return 0;
}

static int take_mail(struct bounces *bounces, const char *name, int64_t at_ms, struct err *err)
{
	struct bounce bounce = { .status = "" };

	switch (bounce_mail_read(buf_str(&bounces->mail), bounces->key, &bounce)) {
	case BOUNCE_READ:
		if (bounce.is_final)
			return report(bounces, name, &bounce, at_ms, err);
		bounces->nothing++; /* it is late, for example */
		break;
	case BOUNCE_FORGED:
		set_aside(bounces, name, "its address has a signature that is not ours");
		break;
	case BOUNCE_NO_STATUS:
	case BOUNCE_NOT_OURS:
		return take_reply(bounces, name, at_ms, err);
	}
	return 0;
}

/* ---- the mailbox as a source ---- */

static int next_mail(void *bounces_arg, const char **ret_name, struct err *err)
{
	const struct bounces *bounces = bounces_arg;

	return bounces->mailbox->kind->next(bounces->mailbox, ret_name, err);
}

static int read_and_take(void *bounces_arg, const char *name, struct err *err)
{
	struct bounces *bounces = bounces_arg;
	int64_t at_ms = 0;

	bounces->is_strange = false;
	buf_reset(&bounces->mail);
	if (bounces->mailbox->kind->read(bounces->mailbox, name, BOUNCE_MAIL_MAX, &bounces->mail, &at_ms, err) != 0)
		return -1;
	return take_mail(bounces, name, at_ms, err);
}

static int done_with(void *bounces_arg, const char *name, struct err *err)
{
	const struct bounces *bounces = bounces_arg;
	const struct mailbox_kind *kind = bounces->mailbox->kind;

	return (bounces->is_strange ? kind->set_aside : kind->done)(bounces->mailbox, name, err);
}

static int open_mailbox(const char *path, struct mailbox **ret_mailbox, struct err *err)
{
	bool is_url = str_begins_nocase(str_of(path), STR("imap://")) || str_begins_nocase(str_of(path), STR("imaps://"));

	return is_url ? imap_mailbox_open(path, &conf.imap, ret_mailbox, err) : maildir_open(path, ret_mailbox, err);
}

static int read_mailbox(struct bounces *bounces, const char *path, struct err *err)
{
	static const struct feedback_source source = { next_mail, read_and_take, done_with };

	if (open_mailbox(path, &bounces->mailbox, err) != 0 || key_read(bounces->key, conf.key_file, err) != 0 ||
	    (bounces->has_address_key && key_read(bounces->address_key, conf.address_key_file, err) != 0) ||
	    arena_init(&bounces->arena, ARENA_SIZE, err) != 0 || feedback_open(&bounces->feedback, &conf.feedback, err) != 0)
		return -1;
	return feedback_walk(&bounces->feedback, &source, bounces, err);
}

int run_bounces(int argc, char **argv)
{
	struct bounces bounces = { .mailbox = NULL };
	struct arguments arguments;
	struct err err = ERR_INIT;
	int status = EXIT_STATUS_OK;

	if (!arguments_read(&usage, argc, argv, &arguments, &status))
		return status;
	bounces.has_address_key = conf.address_key_file[0] != '\0';
	buf_init(&bounces.mail, BOUNCE_MAIL_MAX);
	if (read_mailbox(&bounces, arguments.items[0], &err) != 0)
		status = fail_wrong(argv[0], &err);
	else if (bounces.feedback.left > 0)
		status = EXIT_STATUS_WRONG;
	printf("%lld mails: %lld messages failed, %lld addresses bounced, %lld replies, %lld say nothing; %lld set aside, %lld "
	       "left\n",
	       (long long)bounces.feedback.read, (long long)bounces.failed, (long long)bounces.addresses,
	       (long long)bounces.replies, (long long)bounces.nothing, (long long)bounces.aside,
	       (long long)bounces.feedback.left);
	feedback_close(&bounces.feedback);
	if (bounces.mailbox != NULL)
		bounces.mailbox->kind->close(bounces.mailbox);
	buf_release(&bounces.mail);
	arena_release(&bounces.arena);
	wipe(bounces.key, sizeof(bounces.key));
	wipe(bounces.address_key, sizeof(bounces.address_key));
	return status;
}
