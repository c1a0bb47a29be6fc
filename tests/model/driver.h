#ifndef TESTS_MODEL_DRIVER_H
#define TESTS_MODEL_DRIVER_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "consumers/debts/creditor/creditor.h"
#include "consumers/debts/debts.h"
#include "consumers/debts/ledger/ledger.h"
#include "consumers/debts/reference/reference.h"
#include "model/holidays.h"
#include "model/module.h"

/*
 * One history at a time: its states, its timers, its day (driver.c), and what is said about it (say.c). What is said of a history is
 * written when it ends: who sends it need not read before.
 */
struct set_timer {
	struct timer timer;
	struct uuid key;
	uint64_t number;
};

struct driver {
	struct arena arena;
	struct workset set;
	struct buf said;
	struct set_timer timers[4096];
	size_t timers_count;
	uint64_t number; /* of commands and timers so far */
	int64_t now_ms;
	int32_t today;
};

void driver_say(struct driver *driver, const char *text);
void driver_begin(struct driver *driver, const char *text); /* the next item of what is said of a history, which is one list */
bool driver_is_first(const struct driver *driver);          /* nothing stands before it in its list or object */
void driver_say_poison(struct driver *driver, const char *text);
void driver_say_answer(struct driver *driver, const struct decision *decision);

/* Of a Tick: one item of its list. */
void driver_say_fired(struct driver *driver, const struct timer *timer, const struct decision *decision);

/* All states, and everything goes out. */
void driver_say_all(struct driver *driver);

#endif
