#ifndef CLI_INPUT_H
#define CLI_INPUT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/err.h"

/*
 * A text file as UTF-8 that can be read twice. A pipe, or a file in another encoding, is copied to an unnamed temporary file,
 * which ends with the process. The encoding is that of the byte order mark (UTF-8, UTF-16, UTF-32), or the requested one.
 */
struct input {
	int fd;       /* -1: closed. Positioned at the beginning of the text */
	int64_t from; /* its offset */
	int64_t size; /* of the text */
	bool is_copy;
	struct stat info; /* of the file itself, when it was opened */
};

/* path "-": standard input. encoding "": UTF-8, or by the mark; otherwise a name of iconv. ERR_FATAL: a text for people. */
MUST_CHECK int input_open(const char *path, const char *encoding, struct input *ret_input, struct err *err);
void input_close(struct input *input); /* accepts one that failed to open */

/* Back to the beginning. ERR_FATAL: the file has changed since it was opened. */
MUST_CHECK int input_rewind(struct input *input, struct err *err);

#endif
