#ifndef BASE_CONF_H
#define BASE_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/*
 * The settings of a program: one table row each, read once at start from the environment, then from flags, then checked. A
 * setting `kafka.bootstrap` is the variable DCS_KAFKA_BOOTSTRAP and the flag --kafka-bootstrap. Secrets are given as files
 * (`..._file`), never as values of flags. Configuration holds no run-time state.
 */
enum conf_kind { CONF_TEXT, CONF_NUMBER, CONF_SWITCH };

struct conf_row {
	const char *name; /* lower case, words joined by dots */
	enum conf_kind kind;
	const char *default_value;      /* NULL: must be given */
	void *target;                   /* const char ** (borrows environment or argv), int64_t * or bool * */
	int64_t number_min, number_max; /* CONF_NUMBER */
	bool is_secret;                 /* masked by --show-config */
	const char *help;               /* one line */
};

enum conf_outcome { CONF_RUN, CONF_EXIT_OK };

/*
 * Reads all rows. `--help` prints `about` and the rows, `--show-config` prints the values: both return CONF_EXIT_OK. *ret_argi
 * is the index of the first argument that is not a flag (`--` ends the flags). An unknown flag or a bad value is ERR_FATAL,
 * with a text for people.
 */
MUST_CHECK int conf_read(const struct conf_row *rows, size_t rows_count, const char *about, int argc, char **argv,
			 enum conf_outcome *ret_outcome, int *ret_argi, struct err *err);

/*
 * For a table of settings that is filled from elsewhere, such as a section of a file: all defaults, and one setting by its name.
 * A number or switch without default keeps its value; the values are borrowed.
 */
MUST_CHECK int conf_set_defaults(const struct conf_row *rows, size_t rows_count, struct err *err);
MUST_CHECK int conf_set(const struct conf_row *rows, size_t rows_count, const char *name, const char *value, struct err *err);

/* The first line of a file, for a setting `..._file`; path "": an empty secret. ERR_FATAL: it cannot be read, or is empty. */
MUST_CHECK int conf_read_secret(char *secret, size_t secret_size, const char *path, struct err *err);

#endif
