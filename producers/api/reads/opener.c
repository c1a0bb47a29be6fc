#include "producers/api/reads/opener.h"

#include <signal.h>

#include "base/day.h"

static void *work(void *opener_arg)
{
	struct opener *opener = opener_arg;

	opener->result = opener->open(opener->self, &opener->err);
	atomic_store(&opener->is_done, true);
	return NULL;
}

static enum opener_state start(struct opener *opener)
{
	sigset_t all;
	sigset_t before;

	if (clock_monotonic_ms() < opener->again_at_ms)
		return OPENER_RESTS;
	opener->again_at_ms = clock_monotonic_ms() + OPENER_AGAIN_MS;
	opener->err = (struct err)ERR_INIT;
	atomic_store(&opener->is_done, false);
	sigfillset(&all); /* the loop handles signals */
	MUST(pthread_sigmask(SIG_SETMASK, &all, &before) == 0);
	opener->is_at_work = pthread_create(&opener->thread, NULL, work, opener) == 0;
	MUST(pthread_sigmask(SIG_SETMASK, &before, NULL) == 0);
	return opener->is_at_work ? OPENER_AT_WORK : OPENER_RESTS;
}

enum opener_state opener_turn(struct opener *opener)
{
	if (!opener->is_at_work)
		return start(opener);
	if (!atomic_load(&opener->is_done))
		return OPENER_AT_WORK;
	MUST(pthread_join(opener->thread, NULL) == 0);
	opener->is_at_work = false;
	return opener->result == 0 ? OPENER_OPENED : OPENER_FAILED;
}

bool opener_end(struct opener *opener)
{
	if (!opener->is_at_work)
		return false;
	MUST(pthread_join(opener->thread, NULL) == 0);
	opener->is_at_work = false;
	return opener->result == 0;
}
