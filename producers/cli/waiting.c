#include "waiting.h"

#include <poll.h>
#include <stdio.h>

#include "base/day.h"

#define LOOK_MS  100
#define QUIET_MS 300 /* after this time without an answer, the rest may have no answers of their own */

void waiting_begin(struct waiting *waiting, struct tally *tally, struct answers *answers, int64_t timeout_s)
{
	*waiting = (struct waiting){ .tally = tally,
				     .answers = answers,
				     .timeout_ms = timeout_s * 1000,
				     .moved = tally_counts(tally)->moved,
				     .moved_ms = clock_monotonic_ms() };
}

static bool has_moved(struct waiting *waiting)
{
	int64_t moved = tally_counts(waiting->tally)->moved;

	if (moved == waiting->moved)
		return false;
	waiting->moved = moved;
	waiting->moved_ms = clock_monotonic_ms();
	return true;
}

int64_t waiting_still_ms(const struct waiting *waiting)
{
	return clock_monotonic_ms() - waiting->moved_ms;
}

void waiting_note(struct waiting *waiting)
{
	(void)has_moved(waiting);
}

void waiting_again(struct waiting *waiting)
{
	waiting->moved_ms = clock_monotonic_ms();
}

bool waiting_is_over(const struct waiting *waiting)
{
	return waiting_still_ms(waiting) > waiting->timeout_ms;
}

void waiting_poll(const struct waiting *waiting, int fd)
{
	struct pollfd fds[2] = { { .fd = fd, .events = POLLIN },
				 { .fd = waiting->answers != NULL ? answers_fd(waiting->answers) : -1, .events = POLLIN } };

	(void)poll(fds, 2, LOOK_MS); // interrupted or not: the answers count
}

void waiting_hear(struct waiting *waiting)
{
	if (waiting->answers == NULL) {
		(void)has_moved(waiting);
		return;
	}
	answers_hear(waiting->answers);
	if (!has_moved(waiting) && waiting_still_ms(waiting) > QUIET_MS)
		answers_ask(waiting->answers);
	(void)has_moved(waiting);
}

int waiting_give_up(struct waiting *waiting, struct err *err)
{
	size_t before = tally_counts(waiting->tally)->under_way;
	const char *trouble = waiting->answers != NULL ? answers_trouble(waiting->answers) : NULL;
	long long still_s = waiting->timeout_ms / 1000;

	tally_give_up(waiting->tally);
	if (!has_moved(waiting))
		return err_set(err, ERR_RETRY, "the brokers have acknowledged nothing for %lld s", still_s);
	fprintf(stderr,
		"dcs: nothing has moved for %lld s: %zu commands are given up; dcs status and dcs parked list tell more\n",
		still_s, before - tally_counts(waiting->tally)->under_way);
	if (trouble != NULL)
		fprintf(stderr, "dcs: whether some were answered before could not be looked up: %s\n", trouble);
	return 0;
}

int waiting_finish(struct waiting *waiting, struct err *err)
{
	waiting_again(waiting);
	while (tally_counts(waiting->tally)->under_way > 0) {
		waiting_poll(waiting, -1);
		waiting_hear(waiting);
		if (waiting_is_over(waiting) && waiting_give_up(waiting, err) != 0)
			return -1;
	}
	return 0;
}

void waiting_tell(void *unused_arg, const struct told *told)
{
	const struct reason *reason = told->reason;

	(void)unused_arg;
	fprintf(stderr, "%.*s: %s", (int)told->text.size, told->text.data, outcome_text(told->outcome));
	if (reason != NULL)
		fprintf(stderr, " (%.*s%s%.*s): %.*s", (int)reason->code.size, reason->code.data,
			reason->field.size > 0 ? ", " : "", (int)reason->field.size, reason->field.data, (int)reason->text.size,
			reason->text.data);
	fputc('\n', stderr);
}
