#include "worker/quarantine.h"

#include <stdio.h>

#include "base/log.h"
#include "worker/process.h"

#define TRIES_MAX      3  /* claims without a commit, then quarantine */
#define QUARANTINE_CUT 16 /* divides a batch after a crash: a crash costs a rebalance, a batch milliseconds */
#define CRASHES_PARK   2  /* of a single record: a command is parked as a bug, undecided. One crash may be chance */
#define CRASHES_HALT   3  /* even setting it aside crashes: the partition halts */
#define PLACE_SIZE     128

bool quarantine_is_on(const struct partition *partition, int32_t source)
{
	return partition->head.quarantine[source].left > 0;
}

/* "offset 17", "events of debts, offset 17": the next record of the source. */
static void place_of(char place[PLACE_SIZE], const struct engine *engine, const struct head *head, int32_t source)
{
	if (source == 0)
		(void)snprintf(place, PLACE_SIZE, "offset %lld", (long long)head->next_offset);
	else
		(void)snprintf(place, PLACE_SIZE, "events of %s, offset %lld",
			       engine->admission.module->follows[source - 1].module,
			       (long long)head->followed[source - 1].next_offset);
}

static void begin(const struct engine *engine, struct partition *partition, int32_t source, int64_t records)
{
	struct quarantine *quarantine = &partition->head.quarantine[source];
	char place[PLACE_SIZE];

	quarantine->left = records;
	quarantine->batch_max = records > QUARANTINE_CUT ? (int32_t)(records / QUARANTINE_CUT) : 1;
	quarantine->crashes = 0;
	place_of(place, engine, &partition->head, source);
	log_warn("part=%d tries=%d %s quarantine: its owners die. The next %lld records are tried in batches of %d",
		 partition->head.part, quarantine->tries, place, (long long)records, quarantine->batch_max);
}

/* After repeated crashes of its owners, or a crash in a batch of the quarantine: smaller batches isolate the record. */
void quarantine_consider(const struct engine *engine, struct partition *partition)
{
	for (int32_t source = 0; source <= (int32_t)engine->admission.module->follows_count; source++) {
		const struct quarantine *quarantine = &partition->head.quarantine[source];

		if (quarantine->left > 0 && quarantine->crashes > 0 && quarantine->batch_max > 1)
			begin(engine, partition, source, quarantine->batch_max);
		else if (quarantine->left == 0 && quarantine->tries > TRIES_MAX)
			begin(engine, partition, source, (int64_t)engine->conf.batch_items_max);
	}
}

void quarantine_count(struct head *head, int32_t source)
{
	struct quarantine *quarantine = &head->quarantine[source];

	if (quarantine->left > 0 && --quarantine->left == 0)
		quarantine->batch_max = 0;
}

void quarantine_succeed(struct head *head, int32_t source)
{
	head->quarantine[source].tries = head->quarantine[source].crashes = 0;
}

/* See quarantine.h. Nothing is in flight afterwards. */
int quarantine_note_attempt(struct engine *engine, int32_t part, int32_t source, bool *ret_tried, struct err *err)
{
	struct partition *partition = &engine->partitions[part];
	const struct quarantine *quarantine = &partition->head.quarantine[source];
	struct err why = ERR_INIT;
	bool fenced;

	*ret_tried = false;
	if (process_finish(engine, err) < 0)
		return -1;
	if (!lanes_is_running(&engine->lanes, part))
		return 0;
	if (quarantine->batch_max == 1 && quarantine->crashes >= CRASHES_HALT) {
		char place[PLACE_SIZE];

		place_of(place, engine, &partition->head, source);
		err_set(&why, ERR_POISON, "%s: it ends every program that reads it", place);
		return lanes_halt(&engine->lanes, part, why.text, err);
	}
	if (engine->database.note_attempt(engine->database.self, &partition->head, source, &fenced, err) < 0)
		return -1;
	*ret_tried = !fenced;
	return fenced ? lanes_fence(&engine->lanes, part, err) : 0;
}

bool quarantine_is_deadly(const struct partition *partition, int32_t source)
{
	return partition->head.quarantine[source].batch_max == 1 && partition->head.quarantine[source].crashes >= CRASHES_PARK;
}
