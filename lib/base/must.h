#ifndef BASE_MUST_H
#define BASE_MUST_H

#include <stdbool.h>

/*
 * MUST: a condition that only a bug of ours can break. It is on in production: it prints file and line and ends the process;
 * the supervisor restarts it, and the uncommitted record is delivered again. Never use it on external input: that is ERR_POISON
 * or a refusal. One condition per MUST.
 */
#define MUST(condition)     ((condition) ? (void)0 : must_fail(__FILE__, __LINE__, #condition))
#define MUST_NOT_REACH(why) must_fail(__FILE__, __LINE__, why)

/* Every function that can fail is declared with this, so that no failure is ignored by oversight. */
#define MUST_CHECK __attribute__((warn_unused_result))

_Noreturn void must_fail(const char *file, int line, const char *what);

/*
 * For `dcs verify`, which runs the modules' rules on a log that may be forged: runs `work` and returns false if a MUST in it
 * fails; the program continues. The data that `work` used must not be used afterwards. `work` takes no locks, owns no
 * resources, calls nothing but pure functions, and does not call must_hold itself.
 */
MUST_CHECK bool must_hold(void (*work)(void *argument), void *argument);

#endif
