#ifndef MODEL_ASKS_H
#define MODEL_ASKS_H

#include "base/str.h"
#include "schemas/words.h"

/*
 * The condition of a message class on the debts that the message names. Each includes the one before: a due debt is owed. In SQL:
 * communications.class_asks.
 */
enum asks {
	ASKS_NOTHING, /* receipts, replies, notices of other kinds */
	ASKS_OWED,    /* reminder ...: not for a debt on which nothing is owed */
	ASKS_DUE,     /* demand ...: nor before the due date */
};
enum asks message_class_asks(struct str message_class);
enum asks class_asks(enum message_class message_class);

#endif
