#include "worker/lane.h"

#include "base/log.h"

#define BACKOFF_MIN_MS     100
#define BACKOFF_MAX_MS     5000
#define UNREADABLE_WAIT_MS 15000 /* for a partition whose leader is unreachable: a retry may block the others for seconds */
#define DISPLACED_WAIT_MS  1000

void lanes_init(struct lanes *lanes, const struct lanes_conf *conf, const struct lane_owner *owner, const struct broker *broker)
{
	*lanes = (struct lanes){ .conf = *conf, .owner = *owner, .broker = *broker, .backoff_ms = BACKOFF_MIN_MS };
}

/* The only place that changes a lane. */
static void move(struct lanes *lanes, int32_t part, enum lane_state state, int64_t retry_in_ms)
{
	struct lane *lane = &lanes->of[part];

	MUST(state != LANE_RUNNING || lane->state != LANE_NONE);
	MUST(state != LANE_PASS || lane->state == LANE_RUNNING);
	MUST(state != LANE_HALTED || lane->state != LANE_NONE);
	lane->state = state;
	lane->retry_at_ms = lanes->conf.now_ms() + retry_in_ms;
}

/* Where the assigned partitions of a topic are read on. Returns their number. */
static size_t list_offsets(const struct lanes *lanes, int32_t source, int32_t *parts, int64_t *offsets)
{
	size_t count = 0;

	for (int32_t part = 0; part < BUS_PARTS_MAX; part++) {
		if (lanes->of[part].state == LANE_NONE)
			continue;
		parts[count] = part;
		offsets[count++] = lanes_is_running(lanes, part) ? lanes->owner.next_offset(lanes->owner.self, source, part) : -1;
	}
	return count;
}

int lanes_read(struct lanes *lanes, struct err *err)
{
	int32_t parts[BUS_PARTS_MAX];
	int64_t offsets[BUS_PARTS_MAX];
	size_t count;

	for (size_t i = 1; i <= lanes->conf.follows_count; i++) {
		count = list_offsets(lanes, (int32_t)i, parts, offsets);
		lanes->broker.place(lanes->broker.self, (int32_t)i, parts, offsets, count);
	}
	count = list_offsets(lanes, 0, parts, offsets);
	return count == 0 ? 0 : lanes->broker.start(lanes->broker.self, parts, offsets, count, err);
}

/* ---- how a partition is lost ---- */

void lanes_lose(struct lanes *lanes, int32_t part, int64_t retry_in_ms)
{
	if (lanes->owner.drop)
		lanes->owner.drop(lanes->owner.self, part);
	move(lanes, part, LANE_LOST, retry_in_ms);
}

int lanes_fence(struct lanes *lanes, int32_t part, struct err *err)
{
	log_warn("%spart=%d another owner has it now; giving it up", lanes->conf.log_prefix, part);
	lanes_lose(lanes, part, BACKOFF_MAX_MS);
	return lanes_read(lanes, err);
}

void lanes_displace(struct lanes *lanes, int32_t part)
{
	if (!lanes_is_running(lanes, part))
		return;
	log_warn("%spart=%d offset=%lld is not in the topic, says the broker", lanes->conf.log_prefix, part,
		 (long long)lanes->owner.next_offset(lanes->owner.self, 0, part));
	lanes_lose(lanes, part, DISPLACED_WAIT_MS);
}

void lanes_lose_all(struct lanes *lanes, int64_t retry_in_ms)
{
	for (int32_t part = 0; part < BUS_PARTS_MAX; part++)
		if (lanes_is_running(lanes, part) || lanes->of[part].state == LANE_LOST)
			move(lanes, part, LANE_LOST, retry_in_ms);
}

int lanes_back_off(struct lanes *lanes, struct err *err)
{
	struct err reading = ERR_INIT;

	if (err->kind == ERR_FATAL)
		return -1;
	log_warn("%scarrying on after back-off backoff_ms=%lld: %s", lanes->conf.log_prefix, (long long)lanes->backoff_ms,
		 err->text);
	lanes_lose_all(lanes, lanes->backoff_ms);
	lanes->backoff_ms = lanes->backoff_ms * 2 > BACKOFF_MAX_MS ? BACKOFF_MAX_MS : lanes->backoff_ms * 2;
	*err = (struct err)ERR_INIT;
	if (lanes_read(lanes, &reading) < 0 && reading.kind == ERR_FATAL) {
		*err = reading;
		return -1;
	}
	return 0;
}

void lanes_succeed(struct lanes *lanes)
{
	lanes->backoff_ms = BACKOFF_MIN_MS;
}

/* ---- how take_over ends ---- */

void lanes_run(struct lanes *lanes, int32_t part)
{
	move(lanes, part, LANE_RUNNING, 0);
}

void lanes_show_halted(struct lanes *lanes, int32_t part)
{
	if (lanes->of[part].state != LANE_HALTED)
		log_error("%spart=%d is halted; see %s.reason", lanes->conf.log_prefix, part, lanes->conf.head_table);
	move(lanes, part, LANE_HALTED, lanes->conf.halted_look_ms);
}

int lanes_halt(struct lanes *lanes, int32_t part, const char *reason, struct err *err)
{
	bool was_read = lanes_is_running(lanes, part);
	bool fenced;

	lanes_lose(lanes, part, BACKOFF_MAX_MS);
	if (lanes->owner.halt(lanes->owner.self, part, reason, &fenced, err) < 0)
		return -1;
	if (!fenced) /* otherwise another owner has the partition, and caused the fault */
		move(lanes, part, LANE_HALTED, lanes->conf.halted_look_ms);
	return was_read ? lanes_read(lanes, err) : 0;
}

int lanes_leave_unread(struct lanes *lanes, int32_t part, struct err *err)
{
	bool was_read = lanes_is_running(lanes, part);

	if (err->kind == ERR_FATAL)
		return -1;
	log_warn("%spart=%d cannot be read, tried again in %d s: %s", lanes->conf.log_prefix, part, UNREADABLE_WAIT_MS / 1000,
		 err->text);
	lanes->is_unresponsive = true;
	*err = (struct err)ERR_INIT;
	lanes_lose(lanes, part, UNREADABLE_WAIT_MS);
	return was_read ? lanes_read(lanes, err) : 0;
}

/* ---- a Tick's pass ---- */

void lanes_begin_pass(struct lanes *lanes, int32_t part)
{
	move(lanes, part, LANE_PASS, 0);
}

void lanes_end_pass(struct lanes *lanes, int32_t part)
{
	MUST(lanes_is_in_pass(lanes, part));
	move(lanes, part, LANE_RUNNING, 0);
}

/* ---- claim ---- */

static int list_claimable(struct lanes *lanes, int32_t *parts, size_t *ret_count, struct err *err)
{
	int64_t now_ms = lanes->conf.now_ms();
	size_t count = 0;

	for (int32_t part = 0; part < BUS_PARTS_MAX; part++) {
		const struct lane *lane = &lanes->of[part];
		int64_t low;
		int64_t high;

		if ((lane->state != LANE_LOST && lane->state != LANE_HALTED) || lane->retry_at_ms > now_ms)
			continue;
		if (lanes->broker.bounds(lanes->broker.self, 0, part, &low, &high, err) < 0) {
			if (lanes_leave_unread(lanes, part, err) < 0)
				return -1;
			break;
		}
		parts[count++] = part;
	}
	*ret_count = count;
	return 0;
}

int lanes_claim(struct lanes *lanes, struct err *err)
{
	int32_t parts[BUS_PARTS_MAX];
	size_t count;
	bool is_read = false;

	if (list_claimable(lanes, parts, &count, err) < 0)
		return -1;
	if (count == 0)
		return 0;
	if (lanes->owner.claim(lanes->owner.self, parts, count, err) < 0)
		return -1;
	lanes->is_unresponsive = false; /* a time-out of one partition does not concern those whose leaders answered */
	for (size_t i = 0; i < count; i++) {
		if (lanes->owner.take_over(lanes->owner.self, parts[i], err) < 0)
			return -1;
		is_read = is_read || lanes_is_running(lanes, parts[i]);
	}
	return is_read ? lanes_read(lanes, err) : 0; /* a start drops prefetched records: only if needed */
}

int lanes_assign(struct lanes *lanes, struct err *err)
{
	size_t count;
	const int32_t *parts = lanes->broker.parts(lanes->broker.self, &count);

	for (size_t i = 0; i < count; i++) {
		MUST(parts[i] >= 0);
		if (parts[i] >= BUS_PARTS_MAX)
			return err_set(err, ERR_FATAL, "the topic has more than %d partitions", BUS_PARTS_MAX);
		lanes_lose(lanes, parts[i], 0);
	}
	if (count == 0)
		return lanes->broker.start(lanes->broker.self, NULL, NULL, 0, err);
	/* The group waits for an answer, also when nothing can be read yet. */
	return lanes_claim(lanes, err) < 0 ? -1 : lanes_read(lanes, err);
}

int lanes_revoke(struct lanes *lanes, struct err *err)
{
	for (int32_t part = 0; part < BUS_PARTS_MAX; part++)
		move(lanes, part, LANE_NONE, 0);
	return lanes->broker.stop(lanes->broker.self, err);
}
