#ifndef WORKER_FOLLOW_H
#define WORKER_FOLLOW_H

#include "worker/engine.h"
#include "worker/event_record.h"

/*
 * A module that reacts (struct follow): partition p of the module reads partition p of the events of the modules that it follows,
 * beside its commands. An event becomes an item of the batch, with the event as its command; its rule decides in the transaction
 * that also moves the position (struct followed_head), under the epoch of the module's own head. So an event is answered once.
 *
 *   order    kept in each topic, and none between topics. An event stands behind the commands that were collected before it: at
 *            the command topic's next offset. Its answer says so (EventAnswered.before_offset), so a replay that follows the rows
 *            of the log gives the same log
 *   now      the broker time of the event's record; the business date is that of the module's own Ticks
 *   id       of the event's command: derived from the event's id and the module's name. The answer closes it
 *   wrong    a gap, a broken chain, an event that cannot be decoded or that breaks our code: the partition halts, commands and
 *            all. An event of a log cannot be left out, and a module that has stopped does nothing wrong. A mended program
 *            answers it, after dcs unhalt
 */

/*
 * Judges a record of a followed topic, the next of its partition. EVENT_NEXT: *ret_item is made of it, and the collected position
 * (partition->followed) moves; EVENT_REPEATED: only the position moves; EVENT_WRONG: *ret_reason, for people. ERR_POISON: the arena
 * is full, close the batch before it.
 */
MUST_CHECK int follow_admit(struct engine *engine, const struct bus_record *record, struct arena *arena,
			    enum event_verdict *ret_verdict, struct item *ret_item, struct err *ret_reason, struct err *err);

/*
 * Whether the record at the next offset was begun by an owner that died: timers of it have fired, or parked commands were tried. No
 * event is read before it is done: an event's place is behind a record, and not in the middle of one.
 */
bool follow_is_apart(const struct head *head);

/* Reads the followed topics of such partitions again, once the record is done. */
MUST_CHECK int follow_rejoin(struct engine *engine, struct err *err);

/* At a claim: the numbers of partitions of the followed topics, which must be that of the module's own (follow_misfit). */
MUST_CHECK int follow_learn_parts(struct engine *engine, struct err *err);
bool follow_misfit(const struct engine *engine, struct err *why);

/* The resume proof: the events behind the positions are in the topics. *ret_reason: why not; untouched: they are. The chain
 * proves the rest with the next event. */
MUST_CHECK int follow_prove(struct engine *engine, const struct head *head, struct err *ret_reason, struct err *err);

#endif
