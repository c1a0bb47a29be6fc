/* Flags and arguments of a subcommand. base/conf requires flags first; users write them in any order. */
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/must.h"
#include "cli.h"

#define ABOUT_SIZE_MAX 4096
#define LINE_WIDTH     120

/* Whether `flag` ("--a-b", of this length) is the flag of the setting `name` ("a.b"). */
static bool is_flag_of(const char *flag, size_t size, const char *name)
{
	if (size != strlen(name) + 2)
		return false;
	for (size_t i = 0; name[i] != '\0'; i++) {
		char want = name[i] == '.' || name[i] == '_' ? '-' : name[i];

		if (flag[i + 2] != want)
			return false;
	}
	return true;
}

/* Whether the argument behind this flag is its value. */
static bool takes_next(const struct usage *usage, const char *flag)
{
	if (strchr(flag, '=') != NULL)
		return false;
	for (size_t i = 0; i < usage->rows_count; i++) {
		if (is_flag_of(flag, strlen(flag), usage->rows[i].name))
			return usage->rows[i].kind != CONF_SWITCH;
	}
	return false; /* unknown: conf_read will report it */
}

/* Splits argv into flags (with their values, argv[0] in front) and the rest. */
static bool split(const struct usage *usage, int argc, char **argv, char **flags, int *ret_flags_count, struct arguments *rest)
{
	bool flags_ended = false;
	int count = 0;

	rest->count = 0;
	flags[count++] = argv[0];
	for (int i = 1; i < argc; i++) {
		if (count >= ARGUMENTS_MAX - 2 || rest->count >= ARGUMENTS_MAX)
			return false;
		if (!flags_ended && strcmp(argv[i], "--") == 0) {
			flags_ended = true;
		} else if (!flags_ended && (strncmp(argv[i], "--", 2) == 0 || strcmp(argv[i], "-h") == 0)) {
			flags[count++] = argv[i];
			if (takes_next(usage, argv[i]) && i + 1 < argc)
				flags[count++] = argv[++i];
		} else {
			rest->items[rest->count++] = argv[i];
		}
	}
	rest->items[rest->count] = NULL;
	flags[count] = NULL;
	*ret_flags_count = count;
	return true;
}

/* The words of a list; a line that would become too long ends. */
static void add_words(struct buf *text, const char *words)
{
	struct str rest = str_of(words);
	size_t column = 0;

	while (column < text->size && text->data[text->size - column - 1] != '\n')
		column++;
	while (rest.size > 0) {
		struct str word = str_cut(rest, ' ', &rest);
		bool is_first = word.data == words;

		if (!is_first && column + 1 + word.size > LINE_WIDTH) {
			buf_add_text(text, "\n");
			column = 0;
		} else if (!is_first) {
			buf_add_text(text, " ");
			column++;
		}
		buf_add_str(text, word);
		column += word.size;
	}
}

/* Above the settings in the help. */
static const char *about_text(const struct usage *usage)
{
	static unsigned char memory[ABOUT_SIZE_MAX];
	struct buf text = { .data = memory, .capacity = sizeof(memory) - 1, .size_max = sizeof(memory) - 1 };

	if (usage->words == NULL)
		return usage->about;
	buf_add_text(&text, usage->about);
	add_words(&text, usage->words);
	buf_add_text(&text, usage->about_rest == NULL ? "" : usage->about_rest);
	buf_add(&text, "", 1);
	MUST(!text.overflow);
	return (const char *)memory;
}

bool arguments_read(const struct usage *usage, int argc, char **argv, struct arguments *ret_arguments, int *ret_status)
{
	enum conf_outcome outcome = CONF_RUN;
	struct err err = ERR_INIT;
	char *flags[ARGUMENTS_MAX + 1];
	int flags_count = 0;
	int first = 0;

	if (!split(usage, argc, argv, flags, &flags_count, ret_arguments)) {
		*ret_status = fail_usage(argv[0], "too many arguments");
		return false;
	}
	if (conf_read(usage->rows, usage->rows_count, about_text(usage), flags_count, flags, &outcome, &first, &err) != 0) {
		*ret_status = fail_usage(argv[0], "%s", err.text);
		return false;
	}
	if (outcome == CONF_EXIT_OK) {
		*ret_status = EXIT_STATUS_OK;
		return false;
	}
	if (ret_arguments->count < usage->arguments_min || ret_arguments->count > usage->arguments_max) {
		*ret_status = fail_usage(argv[0], ret_arguments->count < usage->arguments_min ? "an argument is missing"
											      : "too many arguments");
		return false;
	}
	return true;
}

int fail_usage(const char *subcommand, const char *format, ...)
{
	va_list values;

	fprintf(stderr, "dcs %s: ", subcommand);
	va_start(values, format);
	vfprintf(stderr, format, values);
	va_end(values);
	fprintf(stderr, "; see dcs %s --help\n", subcommand);
	return EXIT_STATUS_USAGE;
}

int fail_wrong(const char *subcommand, const struct err *err)
{
	fprintf(stderr, "dcs %s: %s\n", subcommand, err->text);
	return EXIT_STATUS_WRONG;
}
