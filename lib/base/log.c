#include "base/log.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/day.h"
#include "base/must.h"
#include "base/str.h"

#define MESSAGE_SIZE 2048                     /* longer ones are cut */
#define LINE_SIZE    (4 * MESSAGE_SIZE + 512) /* every byte may be escaped */

static const char *const level_names[] = {
	[LOG_ERROR] = "error", [LOG_WARN] = "warn", [LOG_INFO] = "info", [LOG_DEBUG] = "debug"
};

static const char *log_service = "dcs";
static enum log_level log_level_max = LOG_INFO;

/* Per thread, for the one program that has some (producers/api). */
static _Thread_local char log_context_text[512];

void log_init(const char *service, enum log_level level_max)
{
	MUST(service != NULL);
	log_service = service;
	log_level_max = level_max;
}

void log_context(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vsnprintf(log_context_text, sizeof(log_context_text), format, args);
	va_end(args);
}

/* A logged text cannot add a second line, or a sequence that moves a terminal's cursor. */
static bool is_printable(const unsigned char *text, size_t at, bool is_utf8)
{
	if (text[at] < 0x80)
		return text[at] >= 0x20 && text[at] != 0x7F;
	if (!is_utf8)
		return false;
	/* C1 controls are C2 80 .. C2 9F. */
	if (text[at] == 0xC2)
		return text[at + 1] >= 0xA0;
	return at == 0 || text[at - 1] != 0xC2 || text[at] >= 0xA0;
}

static size_t escape(char *line, size_t size, const char *text)
{
	const unsigned char *from = (const unsigned char *)text;
	bool is_utf8 = str_is_text(str_of(text));

	for (size_t i = 0; from[i] != '\0'; i++) {
		if (is_printable(from, i, is_utf8)) {
			line[size++] = text[i];
			continue;
		}
		line[size++] = '\\';
		if (from[i] == '\n') {
			line[size++] = 'n';
			continue;
		}
		line[size++] = 'x';
		hex_from_bytes(line + size, &from[i], 1);
		size += 2;
	}
	return size;
}

void log_line(enum log_level level, const char *format, ...)
{
	char message[MESSAGE_SIZE];
	char line[LINE_SIZE];
	char at[32];
	size_t size;
	int used;
	va_list args;

	if (level > log_level_max)
		return;
	used = snprintf(message, sizeof(message), "%s%s", log_context_text, log_context_text[0] == '\0' ? "" : " ");
	MUST(used >= 0);
	MUST((size_t)used < sizeof(message));
	va_start(args, format);
	(void)vsnprintf(message + used, sizeof(message) - (size_t)used, format, args);
	va_end(args);

	instant_format(at, clock_now_ms());
	used = snprintf(line, 256, "ts=%s level=%s service=%.64s ", at, level_names[level], log_service);
	MUST(used >= 0);
	size = escape(line, (size_t)used, message);
	line[size++] = '\n';
	/* One write, so that lines of several processes on one pipe do not mix. A failure cannot be reported. */
	if (write(STDERR_FILENO, line, size) < 0)
		return;
}
