#include "worker/quarantine.h"

#include "base/log.h"
#include "worker/process.h"

#define TRIES_MAX      3  /* claims without a commit, then quarantine */
#define QUARANTINE_CUT 16 /* divides a batch after a crash: a crash costs a rebalance, a batch milliseconds */
#define CRASHES_PARK   2  /* of a single command: parked as a bug, undecided. One crash may be chance */
#define CRASHES_HALT   3  /* even parking it crashes: the partition halts */

bool quarantine_is_on(const struct partition *partition)
{
	return partition->head.quarantine_left > 0;
}

static void quarantine(struct partition *partition, int64_t commands)
{
	struct head *head = &partition->head;

	head->quarantine_left = commands;
	head->quarantine = commands > QUARANTINE_CUT ? (int32_t)(commands / QUARANTINE_CUT) : 1;
	head->crashes = 0;
	log_warn("part=%d offset=%lld tries=%d quarantine: its owners die. The next %lld commands are tried in batches of %d",
		 head->part, (long long)head->next_offset, head->tries, (long long)commands, head->quarantine);
}

/* After repeated crashes of its owners, or a crash in a batch of the quarantine: smaller batches isolate the command. */
void quarantine_consider(const struct engine *engine, struct partition *partition)
{
	const struct head *head = &partition->head;

	if (quarantine_is_on(partition) && head->crashes > 0 && head->quarantine > 1)
		quarantine(partition, head->quarantine);
	else if (!quarantine_is_on(partition) && head->tries > TRIES_MAX)
		quarantine(partition, (int64_t)engine->conf.batch_items_max);
}

void quarantine_count(struct head *head)
{
	if (head->quarantine_left > 0 && --head->quarantine_left == 0)
		head->quarantine = 0;
}

/* See quarantine.h. Nothing is in flight afterwards. */
int quarantine_note_attempt(struct engine *engine, int32_t part, bool *ret_tried, struct err *err)
{
	struct partition *partition = &engine->partitions[part];
	struct err why = ERR_INIT;
	bool fenced;

	*ret_tried = false;
	if (process_finish(engine, err) < 0)
		return -1;
	if (!lanes_is_running(&engine->lanes, part))
		return 0;
	if (partition->head.quarantine == 1 && partition->head.crashes >= CRASHES_HALT) {
		err_set(&why, ERR_POISON, "offset %lld ends every program that reads it", (long long)partition->head.next_offset);
		return lanes_halt(&engine->lanes, part, why.text, err);
	}
	if (engine->database.note_attempt(engine->database.self, &partition->head, &fenced, err) < 0)
		return -1;
	*ret_tried = !fenced;
	return fenced ? lanes_fence(&engine->lanes, part, err) : 0;
}

bool quarantine_is_deadly(const struct partition *partition)
{
	return partition->head.quarantine == 1 && partition->head.crashes >= CRASHES_PARK;
}
