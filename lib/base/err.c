#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"

/* The text goes into headers and events, which must be UTF-8: a cut never leaves half a character. */
static void err_cut(struct err *err, int wanted)
{
	size_t size_max = sizeof(err->text) - 1;

	if (wanted < 0)
		err->text[0] = '\0';
	else if ((size_t)wanted > size_max)
		err->text[str_prefix((struct str){ .data = err->text, .size = size_max }, size_max - 1).size] = '\0';
}

int err_set(struct err *err, enum err_kind kind, const char *format, ...)
{
	va_list args;

	MUST(err != NULL);
	MUST(kind != ERR_NONE);
	err->kind = kind;
	va_start(args, format);
	err_cut(err, vsnprintf(err->text, sizeof(err->text), format, args));
	va_end(args);
	return -1;
}

int err_add(struct err *err, const char *context)
{
	char text[sizeof(err->text)];

	MUST(err != NULL);
	MUST(err->kind != ERR_NONE);
	memcpy(text, err->text, sizeof(text));
	err_cut(err, snprintf(err->text, sizeof(err->text), "%s: %s", context, text));
	return -1;
}
