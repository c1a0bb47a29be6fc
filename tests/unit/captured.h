#ifndef TESTS_CAPTURED_H
#define TESTS_CAPTURED_H

#include <stddef.h>
#include <stdio.h>
#include <unistd.h>

/* What `run` writes to a descriptor (1, 2), as terminated text. `text` must be larger than a pipe needs to hold: 64 KiB at most.
 */
static inline void captured(int descriptor, char *text, size_t text_size, void (*run)(void))
{
	int ends[2];
	int kept;
	ssize_t size;

	text[0] = '\0';
	(void)fflush(stdout);
	kept = dup(descriptor);
	if (kept < 0 || pipe(ends) < 0)
		return;
	(void)dup2(ends[1], descriptor);
	run();
	(void)fflush(stdout);
	(void)dup2(kept, descriptor);
	(void)close(kept);
	(void)close(ends[1]);
	size = read(ends[0], text, text_size - 1);
	(void)close(ends[0]);
	text[size > 0 ? size : 0] = '\0';
}

#endif
