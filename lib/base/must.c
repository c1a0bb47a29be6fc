#include "base/must.h"

#include <stdio.h>
#include <stdlib.h>

_Noreturn void must_fail(const char *file, int line, const char *what)
{
	/* Not through base/log: its state may be what is broken. */
	(void)fprintf(stderr, "level=error bug=\"%s\" at=%s:%d\n", what, file, line);
	abort();
}
