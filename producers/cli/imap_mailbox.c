#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/array.h"
#include "base/must.h"
#include "crypto/crypto.h"
#include "http/http.h"
#include "http/imap.h"
#include "mailbox.h"

#define MAILS_MAX     10000 /* of one run; the next reads on */
#define PASSWORD_SIZE 512

struct imap_mailbox {
	struct mailbox mailbox;
	struct imap *imap;
	uint32_t uids[MAILS_MAX];
	size_t count, at; /* at: behind the mail at hand */
	char name[32];    /* of the mail at hand */
};

static struct imap_mailbox *of(struct mailbox *mailbox)
{
	return (struct imap_mailbox *)mailbox;
}

static int next_mail(struct mailbox *mailbox, const char **ret_name, struct err *err)
{
	struct imap_mailbox *box = of(mailbox);

	(void)err;
	*ret_name = NULL;
	if (box->at == box->count)
		return 0;
	(void)snprintf(box->name, sizeof(box->name), "mail %u", box->uids[box->at++]);
	*ret_name = box->name;
	return 0;
}

static uint32_t at_hand(const struct imap_mailbox *box)
{
	MUST(box->at > 0);
	return box->uids[box->at - 1];
}

static int read_mail(struct mailbox *mailbox, const char *name, size_t size_max, struct buf *mail, int64_t *ret_at_ms,
		     struct err *err)
{
	const struct imap_mailbox *box = of(mailbox);

	(void)name;
	return imap_fetch(box->imap, at_hand(box), size_max, mail, ret_at_ms, err);
}

static int move_to_done(struct mailbox *mailbox, const char *name, struct err *err)
{
	const struct imap_mailbox *box = of(mailbox);

	(void)name;
	return imap_done(box->imap, at_hand(box), err);
}

static int flag(struct mailbox *mailbox, const char *name, struct err *err)
{
	const struct imap_mailbox *box = of(mailbox);

	(void)name;
	return imap_set_aside(box->imap, at_hand(box), err);
}

static void close_imap(struct mailbox *mailbox)
{
	struct imap_mailbox *box = of(mailbox);

	imap_close(box->imap);
	free(box);
}

static int open_with(struct imap_mailbox *box, const char *url, const struct imap_settings *settings, struct err *err)
{
	char password[PASSWORD_SIZE];
	struct imap_conf conf = { .url = url,
				  .user = settings->user,
				  .password = password,
				  .is_plain = imap_is_of_this_machine(url),
				  .done_folder = settings->done_folder,
				  .ca_file = settings->ca_file[0] == '\0' ? NULL : settings->ca_file,
				  .timeout_ms = settings->timeout_s * 1000 };
	int result = conf_read_secret(password, sizeof(password), settings->password_file, err);

	if (result == 0)
		result = imap_open(&conf, &box->imap, err);
	wipe(password, sizeof(password));
	return result == 0 ? imap_search(box->imap, box->uids, COUNT(box->uids), &box->count, err) : -1;
}

int imap_mailbox_open(const char *url, const struct imap_settings *settings, struct mailbox **ret_mailbox, struct err *err)
{
	static const struct mailbox_kind kind = { next_mail, read_mail, move_to_done, flag, close_imap };
	struct imap_mailbox *box = calloc(1, sizeof(*box));

	if (box == NULL)
		return err_set(err, ERR_FATAL, "no memory");
	(void)signal(SIGPIPE, SIG_IGN); /* of a connection that breaks while TLS writes to it */
	box->mailbox.kind = &kind;
	if (open_with(box, url, settings, err) != 0) {
		close_imap(&box->mailbox);
		return -1;
	}
	*ret_mailbox = &box->mailbox;
	return 0;
}
