#ifndef BASE_MUST_H
#define BASE_MUST_H

#include <stdbool.h>

/*
 * MUST: a condition that only a bug of ours can break. On in production: it prints file and line and ends the process; the
 * supervisor starts it again and the uncommitted record is delivered again. Never for input from outside: that is ERR_POISON or a
 * refusal. One condition per MUST.
 */
#define MUST(condition)     ((condition) ? (void)0 : must_fail(__FILE__, __LINE__, #condition))
#define MUST_NOT_REACH(why) must_fail(__FILE__, __LINE__, why)

/* Every function that can fail is declared with this, so that no failure is dropped by oversight. */
#define MUST_CHECK __attribute__((warn_unused_result))

_Noreturn void must_fail(const char *file, int line, const char *what);

/*
 * For `dcs verify`, which gives the modules' rules a log that somebody may have forged: runs `work`, and answers false, with the
 * program going on, when a MUST in it fails. What it worked on is not to be used afterwards. The work takes no locks, owns no
 * resources and calls nothing but pure functions; it does not call must_hold itself.
 */
MUST_CHECK bool must_hold(void (*work)(void *argument), void *argument);

#endif
