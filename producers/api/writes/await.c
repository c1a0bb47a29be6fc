#include "producers/api/writes/await.h"

#include "base/day.h"

#define LOOK_FIRST_MS   400
#define LOOK_GAP_MAX_MS 5000

static void on_event(struct outcome_wait *wait, struct str event)
{
	struct await *await = (struct await *)wait;

	await->conf->event(await, event);
}

static void on_state(void *await_arg, const struct command_state *state)
{
	struct await *await = await_arg;
	bool has_news = await->look == LOOK_ASK_AGAIN;

	MUST(await->look != LOOK_IDLE);
	await->look = LOOK_IDLE;
	await->look_at_ms = clock_monotonic_ms() + await->look_gap_ms;
	await->conf->state(await, state, has_news);
}

void await_init(struct await *await, const struct await_conf *conf, const char *module, const struct uuid *command_id)
{
	*await = (struct await){ .wait = { .command_id = *command_id, .told = on_event }, .conf = conf, .module = module };
}

void await_listen(struct await *await)
{
	if (!await->wait.is_waiting)
		outcomes_wait(await->conf->outcomes, &await->wait);
}

void await_begin(struct await *await, int64_t now_ms, int64_t wait_ms)
{
	await->until_ms = now_ms + wait_ms;
	await->look_gap_ms = LOOK_FIRST_MS;
	await->look_at_ms = now_ms + await->look_gap_ms;
}

void await_look(struct await *await)
{
	if (await->look != LOOK_IDLE) {
		await->look = LOOK_ASK_AGAIN;
		return;
	}
	await->look = LOOK_ASKING;
	reads_find_command(await->conf->reads, await->module, &await->wait.command_id, on_state, await);
}

enum await_due await_due(struct await *await, int64_t now_ms)
{
	if (now_ms >= await->until_ms)
		return AWAIT_OVER;
	if (now_ms < await->look_at_ms || await->look != LOOK_IDLE)
		return AWAIT_NOTHING;
	await->look_gap_ms = await->look_gap_ms * 2 < LOOK_GAP_MAX_MS ? await->look_gap_ms * 2 : LOOK_GAP_MAX_MS;
	return AWAIT_LOOK;
}

void await_end(struct await *await)
{
	if (await->wait.is_waiting)
		outcomes_forget(await->conf->outcomes, &await->wait);
}
