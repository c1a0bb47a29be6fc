#ifndef NOTIFIER_INBOX_H
#define NOTIFIER_INBOX_H

#include "db/db.h"
#include "worker/reader_rules.h"

/*
 * The reader's half of the notifier: every CommunicationReleased becomes a row of notifier.dispatch, in the transaction that
 * moves the reader's head. Other events are ignored: a withdrawal makes the claim fail, and the claim decides.
 */
struct inbox {
	struct db_params params;
	uint64_t queued; /* messages since the start: a change wakes the dispatcher */
};

void inbox_init(struct inbox *inbox);
void inbox_release(struct inbox *inbox);

struct reader inbox_reader(struct inbox *inbox); /* borrows */

#endif
