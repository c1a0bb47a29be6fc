#include "producers/api/ops/heartbeat.h"

#include "base/day.h"

#define LOOK_MS 100 /* polling interval while the thread runs */

static int give_sign(void *life_arg, struct err *err)
{
	return life_sign(life_arg, err);
}

void heartbeat_init(struct heartbeat *heartbeat, const char *conninfo)
{
	*heartbeat = (struct heartbeat){ .due_ms = 0 };
	life_init(&heartbeat->life, conninfo);
	heartbeat->opener.open = give_sign;
	heartbeat->opener.self = &heartbeat->life;
}

void heartbeat_end(struct heartbeat *heartbeat)
{
	(void)opener_end(&heartbeat->opener);
	life_end(&heartbeat->life);
}

static int run(void *self, struct err *err)
{
	struct heartbeat *heartbeat = self;

	if (clock_monotonic_ms() < heartbeat->due_ms)
		return 0;
	enum opener_state state = opener_turn(&heartbeat->opener);
	heartbeat->due_ms = clock_monotonic_ms() + (state == OPENER_AT_WORK ? LOOK_MS : LIFE_MS);
	return state == OPENER_FAILED ? err_set(err, ERR_FATAL, "%s", heartbeat->opener.err.text) : 0;
}

static int timeout_ms(void *self)
{
	const struct heartbeat *heartbeat = self;
	int64_t left_ms = heartbeat->due_ms - clock_monotonic_ms();

	return left_ms > 0 ? (int)left_ms : 0;
}

struct part heartbeat_part(struct heartbeat *heartbeat)
{
	return (struct part){ .name = "heartbeat", .self = heartbeat, .run = run, .timeout_ms = timeout_ms };
}
