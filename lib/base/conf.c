#include "base/conf.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/str.h"

#define ROWS_MAX 64
#define NAME_MAX 64 /* of a variable or a flag, with its terminator */

static bool is_joint(char character)
{
	return character == '.' || character == '_';
}

/* "kafka.bootstrap" -> "DCS_KAFKA_BOOTSTRAP" */
static void variable_name(char variable[NAME_MAX], const char *name)
{
	size_t size = 4;

	memcpy(variable, "DCS_", 4);
	for (; *name != '\0'; name++) {
		MUST(size < NAME_MAX - 1);
		variable[size++] = (char)(is_joint(*name) ? '_' : *name >= 'a' && *name <= 'z' ? *name - 'a' + 'A' : *name);
	}
	variable[size] = '\0';
}

/* "kafka.bootstrap" -> "--kafka-bootstrap" */
static void flag_name(char flag[NAME_MAX], const char *name)
{
	size_t size = 2;

	memcpy(flag, "--", 2);
	for (; *name != '\0'; name++) {
		MUST(size < NAME_MAX - 1);
		flag[size++] = (char)(is_joint(*name) ? '-' : *name);
	}
	flag[size] = '\0';
}

static bool switch_parse(struct str text, bool *ret_on)
{
	static const char *const words[] = { "no", "yes", "false", "true", "off", "on", "0", "1" };

	for (size_t i = 0; i < COUNT(words); i++)
		if (str_is(text, words[i])) {
			*ret_on = i % 2 == 1;
			return true;
		}
	return false;
}

static int set_number(const struct conf_row *row, const char *value, const char *source, struct err *err)
{
	long long number;

	if (!str_to_int64(str_of(value), &number))
		return err_set(err, ERR_FATAL, "%s: not a whole number", source);
	if (number < row->number_min || number > row->number_max)
		return err_set(err, ERR_FATAL, "%s: %lld is not in %lld to %lld", source, number, (long long)row->number_min,
			       (long long)row->number_max);
	*(int64_t *)row->target = number;
	return 0;
}

/* `source` is the name of the variable or flag. Values are not repeated: one may be a secret given by mistake. */
static int set_value(const struct conf_row *row, const char *value, const char *source, struct err *err)
{
	switch (row->kind) {
	case CONF_TEXT:
		*(const char **)row->target = value;
		return 0;
	case CONF_NUMBER:
		return set_number(row, value, source, err);
	case CONF_SWITCH:
		if (!switch_parse(str_of(value), row->target))
			return err_set(err, ERR_FATAL, "%s: say yes or no", source);
		return 0;
	}
	MUST_NOT_REACH("conf_kind");
}

int conf_set_defaults(const struct conf_row *rows, size_t rows_count, struct err *err)
{
	for (size_t i = 0; i < rows_count; i++) {
		if (rows[i].default_value != NULL && set_value(&rows[i], rows[i].default_value, rows[i].name, err) < 0)
			return -1;
	}
	return 0;
}

int conf_set(const struct conf_row *rows, size_t rows_count, const char *name, const char *value, struct err *err)
{
	for (size_t i = 0; i < rows_count; i++) {
		if (str_is(str_of(name), rows[i].name))
			return set_value(&rows[i], value, rows[i].name, err);
	}
	return err_set(err, ERR_FATAL, "%.*s: no such setting", (int)str_prefix(str_of(name), 40).size, name);
}

static int read_environment(const struct conf_row *rows, size_t rows_count, bool *given, struct err *err)
{
	char variable[NAME_MAX];

	if (conf_set_defaults(rows, rows_count, err) < 0)
		return -1;
	for (size_t i = 0; i < rows_count; i++) {
		const char *value;

		variable_name(variable, rows[i].name);
		value = getenv(variable);
		/* Unit files and compose files cannot unset a variable, only empty it. */
		if (value == NULL || value[0] == '\0')
			continue;
		if (set_value(&rows[i], value, variable, err) < 0)
			return -1;
		given[i] = true;
	}
	return 0;
}

static const struct conf_row *row_by_flag(const struct conf_row *rows, size_t rows_count, struct str flag)
{
	char name[NAME_MAX];

	for (size_t i = 0; i < rows_count; i++) {
		flag_name(name, rows[i].name);
		if (str_is(flag, name))
			return &rows[i];
	}
	return NULL;
}

/* One flag with its value: `--x=value`, `--x value`, or `--x` alone for a switch. Returns the number of arguments used. */
static int read_flag(const struct conf_row *row, struct str flag, const char *argument, const char *next, struct err *err)
{
	char name[NAME_MAX];

	MUST(str_to_chars(name, sizeof(name), flag));
	if (argument[flag.size] == '=')
		return set_value(row, argument + flag.size + 1, name, err) < 0 ? -1 : 1;
	if (row->kind == CONF_SWITCH)
		return set_value(row, "yes", name, err) < 0 ? -1 : 1;
	if (next == NULL)
		return err_set(err, ERR_FATAL, "%s needs a value", name);
	return set_value(row, next, name, err) < 0 ? -1 : 2;
}

enum request { REQUEST_NONE, REQUEST_HELP, REQUEST_SHOW };

static int read_flags(const struct conf_row *rows, size_t rows_count, bool *given, int argc, char **argv,
		      enum request *ret_request, int *ret_argi, struct err *err)
{
	enum request request = REQUEST_NONE;
	int argi = 1;

	while (argi < argc && argv[argi][0] == '-' && argv[argi][1] != '\0') {
		struct str rest;
		struct str flag = str_cut(str_of(argv[argi]), '=', &rest);
		const struct conf_row *row = row_by_flag(rows, rows_count, flag);
		int taken = 1;

		if (str_is(flag, "--")) {
			argi++;
			break;
		}
		if (row != NULL) {
			taken = read_flag(row, flag, argv[argi], argi + 1 < argc ? argv[argi + 1] : NULL, err);
			if (taken < 0)
				return -1;
			given[row - rows] = true;
		} else if (str_is(flag, "--help") || str_is(flag, "-h")) {
			request = REQUEST_HELP;
		} else if (str_is(flag, "--show-config")) {
			request = request == REQUEST_NONE ? REQUEST_SHOW : request;
		} else {
			return err_set(err, ERR_FATAL, "%.*s: no such flag, see --help", (int)str_prefix(flag, 40).size,
				       flag.data);
		}
		argi += taken;
	}
	*ret_request = request;
	*ret_argi = argi;
	return 0;
}

static void print_help(const struct conf_row *rows, size_t rows_count, const char *about)
{
	char flag[NAME_MAX];
	char variable[NAME_MAX];

	(void)printf("%s\n\n", about);
	for (size_t i = 0; i < rows_count; i++) {
		flag_name(flag, rows[i].name);
		variable_name(variable, rows[i].name);
		(void)printf("  %-28s %s\n  %-28s %s, ", flag, rows[i].help, "", variable);
		if (rows[i].default_value == NULL)
			(void)printf("must be given\n");
		else
			(void)printf("default \"%s\"\n", rows[i].is_secret ? "***" : rows[i].default_value);
	}
	(void)printf("  %-28s this text\n  %-28s the settings as they were read\n", "--help", "--show-config");
}

static void print_value(const struct conf_row *row, bool is_set)
{
	if (!is_set)
		(void)printf("%s = (not given)\n", row->name);
	else if (row->is_secret)
		(void)printf("%s = ***\n", row->name);
	else if (row->kind == CONF_TEXT)
		(void)printf("%s = %s\n", row->name, *(const char *const *)row->target);
	else if (row->kind == CONF_NUMBER)
		(void)printf("%s = %lld\n", row->name, (long long)*(const int64_t *)row->target);
	else
		(void)printf("%s = %s\n", row->name, *(const bool *)row->target ? "yes" : "no");
}

static int check_given(const struct conf_row *rows, size_t rows_count, const bool *given, struct err *err)
{
	char variable[NAME_MAX];
	char flag[NAME_MAX];

	for (size_t i = 0; i < rows_count; i++) {
		if (given[i] || rows[i].default_value != NULL)
			continue;
		variable_name(variable, rows[i].name);
		flag_name(flag, rows[i].name);
		return err_set(err, ERR_FATAL, "%s is not given: set %s or %s", rows[i].name, variable, flag);
	}
	return 0;
}

int conf_read(const struct conf_row *rows, size_t rows_count, const char *about, int argc, char **argv,
	      enum conf_outcome *ret_outcome, int *ret_argi, struct err *err)
{
	bool given[ROWS_MAX] = { false };
	enum request request = REQUEST_NONE;
	int argi = 0;

	MUST(rows_count <= ROWS_MAX);
	/* The help is shown even if a variable is bad. */
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0 && argv[i][0] == '-'; i++)
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
			request = REQUEST_HELP;
	if (request == REQUEST_NONE) {
		if (read_environment(rows, rows_count, given, err) < 0)
			return -1;
		if (read_flags(rows, rows_count, given, argc, argv, &request, &argi, err) < 0)
			return -1;
	}
	if (request == REQUEST_HELP)
		print_help(rows, rows_count, about);
	for (size_t i = 0; request == REQUEST_SHOW && i < rows_count; i++)
		print_value(&rows[i], given[i] || rows[i].default_value != NULL);
	if (request == REQUEST_NONE && check_given(rows, rows_count, given, err) < 0)
		return -1;
	*ret_outcome = request == REQUEST_NONE ? CONF_RUN : CONF_EXIT_OK;
	*ret_argi = argi;
	return 0;
}

int conf_read_secret(char *secret, size_t secret_size, const char *path, struct err *err)
{
	FILE *file;

	secret[0] = '\0';
	if (path[0] == '\0')
		return 0;
	file = fopen(path, "re");
	if (file == NULL)
		return err_set(err, ERR_FATAL, "cannot read a password file: %s", strerror(errno));
	if (fgets(secret, (int)secret_size, file) == NULL)
		secret[0] = '\0';
	(void)fclose(file);
	secret[strcspn(secret, "\r\n")] = '\0';
	return secret[0] != '\0' ? 0 : err_set(err, ERR_FATAL, "a password file is empty");
}
