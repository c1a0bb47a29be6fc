#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * One line on standard error about a long run: a bar, the count, the rate, the time left. On a terminal it is redrawn at most
 * five times a second; otherwise (on request) there is a line every tenth of the way or ten seconds. Costs a comparison when
 * nothing is drawn.
 */
struct progress {
	const char *what; /* "rows"; borrows */
	bool shown;
	bool terminal;
	int64_t started_ms, drawn_ms;
	int drawn_tenth;
};

void progress_start(struct progress *progress, const char *what, bool asked);

/* `done`: the count so far; `part` of `whole`: the progress (for example, bytes read); whole 0: unknown. */
void progress_show(struct progress *progress, int64_t done, int64_t part, int64_t whole);

/* Ends the line. */
void progress_end(struct progress *progress, int64_t done);

/* The line's text, for progress_show and its test. */
void progress_format(char *text, size_t text_size, const char *what, int64_t done, int64_t part, int64_t whole,
		     int64_t elapsed_ms);

#endif
