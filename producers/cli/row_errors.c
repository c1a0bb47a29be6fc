#include "row_errors.h"

#include <errno.h>
#include <string.h>

int row_errors_open(struct row_errors *errors, const char *name, const char *path, struct err *err)
{
	errors->name = name;
	errors->file = NULL;
	errors->count = 0;
	if (path[0] == '\0')
		return 0;
	errors->file = fopen(path, "w");
	if (errors->file == NULL)
		return err_set(err, ERR_FATAL, "cannot write the report of row errors: %s", strerror(errno));
	fprintf(errors->file, "line,error\n");
	return 0;
}

/* A CSV field in quotes, with its own quotes doubled. */
static void write_quoted(FILE *file, const char *text)
{
	fputc('"', file);
	for (; *text != '\0'; text++) {
		if (*text == '"')
			fputc('"', file);
		fputc(*text, file);
	}
	fputc('"', file);
}

void row_errors_add(struct row_errors *errors, int64_t line, const char *text)
{
	errors->count++;
	if (errors->count <= ROW_ERRORS_SHOWN_MAX)
		fprintf(stderr, "%s: line %lld: %s\n", errors->name, (long long)line, text);
	if (errors->file != NULL) {
		fprintf(errors->file, "%lld,", (long long)line);
		write_quoted(errors->file, text);
		fputc('\n', errors->file);
	}
}

int row_errors_close(struct row_errors *errors, struct err *err)
{
	int failed = 0;

	if (errors->count > ROW_ERRORS_SHOWN_MAX)
		fprintf(stderr, "%s: ... and %lld more\n", errors->name, (long long)(errors->count - ROW_ERRORS_SHOWN_MAX));
	if (errors->file == NULL)
		return 0;
	failed = ferror(errors->file);
	if (fclose(errors->file) != 0)
		failed = 1;
	errors->file = NULL;
	return failed ? err_set(err, ERR_FATAL, "the report of row errors is incomplete: %s", strerror(errno)) : 0;
}
