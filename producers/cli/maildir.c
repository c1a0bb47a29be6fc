#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/must.h"
#include "feedback.h"
#include "mailbox.h"

#define NAME_SIZE 512

struct maildir {
	struct mailbox mailbox;
	int new_folder, cur_folder; /* -1: not open */
	DIR *names;
};

static int next_name(struct mailbox *mailbox, const char **ret_name, struct err *err)
{
	struct maildir *maildir = (struct maildir *)mailbox;
	const struct dirent *entry;

	(void)err;
	*ret_name = NULL;
	while (*ret_name == NULL && (entry = readdir(maildir->names)) != NULL) {
		if (entry->d_name[0] != '.' && strlen(entry->d_name) < NAME_SIZE)
			*ret_name = entry->d_name;
	}
	return 0;
}

static int read_mail(struct mailbox *mailbox, const char *name, size_t size_max, struct buf *mail, int64_t *ret_at_ms,
		     struct err *err)
{
	const struct maildir *maildir = (const struct maildir *)mailbox;

	return feedback_file_read(maildir->new_folder, name, size_max, mail, ret_at_ms, err);
}

/* With the flags of maildir(5): S, seen, or F, flagged. */
static int move_to_cur(const struct maildir *maildir, const char *name, const char *flags, struct err *err)
{
	char target[NAME_SIZE + 8];

	(void)snprintf(target, sizeof(target), "%s%s", name, strstr(name, ":2,") != NULL ? "" : flags);
	if (renameat(maildir->new_folder, name, maildir->cur_folder, target) != 0)
		return err_set(err, ERR_POISON, "%s", strerror(errno));
	return 0;
}

static int move_as_seen(struct mailbox *mailbox, const char *name, struct err *err)
{
	return move_to_cur((const struct maildir *)mailbox, name, ":2,S", err);
}

static int move_as_flagged(struct mailbox *mailbox, const char *name, struct err *err)
{
	return move_to_cur((const struct maildir *)mailbox, name, ":2,F", err);
}

static void close_maildir(struct mailbox *mailbox)
{
	struct maildir *maildir = (struct maildir *)mailbox;

	if (maildir->names != NULL)
		(void)closedir(maildir->names);
	feedback_folder_close(maildir->cur_folder);
	feedback_folder_close(maildir->new_folder);
	free(maildir);
}

static int open_folders(struct maildir *maildir, const char *path, struct err *err)
{
	int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (folder >= 0) {
		maildir->new_folder = openat(folder, "new", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		maildir->cur_folder = openat(folder, "cur", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		feedback_folder_close(folder);
	}
	if (maildir->new_folder < 0 || maildir->cur_folder < 0)
		return err_set(err, ERR_FATAL, "%.100s is no Maildir: it has no new or cur", path);
	maildir->names = feedback_folder_open(maildir->new_folder, err);
	return maildir->names == NULL ? -1 : 0;
}

int maildir_open(const char *path, struct mailbox **ret_mailbox, struct err *err)
{
	static const struct mailbox_kind kind = { next_name, read_mail, move_as_seen, move_as_flagged, close_maildir };
	struct maildir *maildir = calloc(1, sizeof(*maildir));

	if (maildir == NULL)
		return err_set(err, ERR_FATAL, "no memory");
	*maildir = (struct maildir){ .mailbox = { .kind = &kind }, .new_folder = -1, .cur_folder = -1 };
	if (open_folders(maildir, path, err) != 0) {
		close_maildir(&maildir->mailbox);
		return -1;
	}
	*ret_mailbox = &maildir->mailbox;
	return 0;
}
