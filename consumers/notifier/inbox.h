#ifndef NOTIFIER_INBOX_H
#define NOTIFIER_INBOX_H

#include "db/db.h"
#include "worker/reader_rules.h"

/*
 * The reader's half of the notifier: every CommunicationReleased becomes a row of notifier.dispatch, in the transaction that
 * moves the reader's head. Nothing else of the events is used: a withdrawal makes the claim fail, and the claim is what counts.
 */
struct inbox {
	struct db_params params;
	uint64_t queued; /* messages since the start: the dispatcher looks when it moves */
};

void inbox_init(struct inbox *inbox);
void inbox_release(struct inbox *inbox);

struct reader inbox_reader(struct inbox *inbox); /* borrows */

#endif
