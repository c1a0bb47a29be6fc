#include "progress.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/day.h"

#define TERMINAL_EVERY_MS 200
#define LINE_EVERY_MS     10000
#define BAR_CELLS         24

void progress_start(struct progress *progress, const char *what, bool asked)
{
	progress->what = what;
	progress->terminal = isatty(STDERR_FILENO) == 1;
	progress->shown = asked || progress->terminal;
	progress->started_ms = clock_monotonic_ms();
	progress->drawn_ms = progress->started_ms;
	progress->drawn_tenth = 0;
}

static int64_t rate_of(int64_t count, int64_t elapsed_ms)
{
	return elapsed_ms > 0 ? count * 1000 / elapsed_ms : 0;
}

void progress_format(char *text, size_t text_size, const char *what, int64_t done, int64_t part, int64_t whole,
		     int64_t elapsed_ms)
{
	char bar[BAR_CELLS + 1];
	int64_t left_s = 0;
	int cells = 0;

	if (whole <= 0) {
		snprintf(text, text_size, "%lld %s, %lld/s", (long long)done, what, (long long)rate_of(done, elapsed_ms));
		return;
	}
	if (part > whole)
		part = whole;
	cells = (int)(part * BAR_CELLS / whole);
	memset(bar, '.', BAR_CELLS);
	memset(bar, '#', (size_t)cells);
	bar[BAR_CELLS] = '\0';
	if (part > 0)
		left_s = (whole - part) * elapsed_ms / part / 1000;
	snprintf(text, text_size, "[%s] %3d %%  %lld %s, %lld/s, %lld:%02lld left", bar, (int)(part * 100 / whole),
		 (long long)done, what, (long long)rate_of(done, elapsed_ms), (long long)(left_s / 60), (long long)(left_s % 60));
}

void progress_show(struct progress *progress, int64_t done, int64_t part, int64_t whole)
{
	char text[160];
	int64_t now_ms = 0;
	int tenth = whole > 0 ? (int)(part * 10 / whole) : 0;

	if (!progress->shown)
		return;
	now_ms = clock_monotonic_ms();
	if (progress->terminal ? now_ms - progress->drawn_ms < TERMINAL_EVERY_MS
			       : now_ms - progress->drawn_ms < LINE_EVERY_MS && tenth == progress->drawn_tenth)
		return;
	progress_format(text, sizeof(text), progress->what, done, part, whole, now_ms - progress->started_ms);
	if (progress->terminal)
		fprintf(stderr, "\r%s\033[K", text);
	else
		fprintf(stderr, "%s\n", text);
	progress->drawn_ms = now_ms;
	progress->drawn_tenth = tenth;
}

void progress_end(struct progress *progress, int64_t done)
{
	int64_t elapsed_ms = clock_monotonic_ms() - progress->started_ms;

	if (!progress->shown)
		return;
	fprintf(stderr, "%s%lld %s in %lld.%01lld s, %lld/s%s\n", progress->terminal ? "\r" : "", (long long)done, progress->what,
		(long long)(elapsed_ms / 1000), (long long)(elapsed_ms % 1000 / 100), (long long)rate_of(done, elapsed_ms),
		progress->terminal ? "\033[K" : "");
}
