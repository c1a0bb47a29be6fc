#ifndef CLI_INPUT_H
#define CLI_INPUT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/err.h"

/*
 * A text file as UTF-8 that can be read twice. What is no regular file (a pipe) or another encoding is copied to a file without a
 * name, which is gone with the process. The encoding is what the byte order mark says (UTF-8, UTF-16, UTF-32), or what is asked
 * for.
 */
struct input {
	int fd;       /* -1: closed. Stands at the beginning of the text */
	int64_t from; /* where that is */
	int64_t size; /* of the text */
	bool is_copy;
	struct stat info; /* of the file itself, when it was opened */
};

/* path "-": standard input. encoding "": UTF-8, or by the mark; else a name that iconv knows. ERR_FATAL: a text for people. */
MUST_CHECK int input_open(const char *path, const char *encoding, struct input *ret_input, struct err *err);
void input_close(struct input *input); /* accepts one that failed to open */

/* Back to the beginning. ERR_FATAL: the file is another one than when it was opened: somebody writes it. */
MUST_CHECK int input_rewind(struct input *input, struct err *err);

#endif
