#include "base/must.h"

#include <setjmp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

static _Thread_local jmp_buf *way_out; /* of the work that must_hold runs; NULL: none, the program ends */

_Noreturn void must_fail(const char *file, int line, const char *what)
{
	if (way_out != NULL)
		longjmp(*way_out, 1);
	/* Not through base/log, whose state may be broken. */
	(void)fprintf(stderr, "level=error bug=\"%s\" at=%s:%d\n", what, file, line);
	abort();
}

bool must_hold(void (*work)(void *argument), void *argument)
{
	jmp_buf here;
	volatile bool holds = false;

	MUST(way_out == NULL);
	way_out = &here;
	if (setjmp(here) == 0) {
		work(argument);
		holds = true;
	}
	way_out = NULL;
	return holds;
}
