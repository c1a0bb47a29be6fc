#ifndef DEBTS_HOLD_HOLD_H
#define DEBTS_HOLD_HOLD_H

#include "consumers/debts/debts.h"
#include "schemas/debts.h"

/*
 * Holds (consumers/DOMAIN.md 9): for a time, something about a debt stops: contact, dunning, interest, fees, ageing, legal steps, the
 * credit report, its sale. What it is depends on the kind of the hold; `manual` names its effects itself.
 *
 *   PlaceHold --HoldPlaced--> planned --HoldBegun, on its first day--> active --HoldExpired, on the day `until`--> expired
 *                                |                                       |
 *                                +------------ HoldReleased -------------+---> released
 *   PlaceHold --HoldExtended (of one of the same kind whose days meet these)--> merged
 *
 * A hold runs from its first day to the day before `until`; without `until`, until it is released. Holds of one kind whose days overlap
 * or adjoin are one hold, so no day counts twice.
 *
 * What is stopped for a debt now is the union of the effects of its active holds (debt.stopped, bits of hold_bit). Rules of other commands
 * ask debt_is_stopped and load nothing. Commands about holds load the list of those that have not ended (debt_holds).
 *
 * Invariants: those that have not ended and are of one kind do not meet; each has a timer on the next day on which something is to
 * happen, if there is one; the events about a hold are events about its debt, whose versions number them.
 */

/* How a hold of a kind is: data, by the table of DOMAIN.md 9, where the word of a policy is read as `stopped`. */
struct hold_kind_terms {
	uint32_t effects;    /* bits; 0: the command names them */
	int32_t days;        /* that it lasts if nothing else is said; 0: until it is released */
	int32_t review_days; /* from its first day to the day on which somebody looks at it; 0: nobody need */
	bool is_statutory;   /* a law knows it: only compliance releases it before its time */
};
const struct hold_kind_terms *hold_kind_terms(enum hold_kind kind);

/* Days before and after today between which a hold begins and is reviewed, and the days that it may last. */
#define HOLD_DAYS_AROUND 366
#define HOLD_DAYS_MAX    3660

/* ---- effects ---- */

uint32_t hold_bit(enum hold_effect effect);

/* False: another word. */
MUST_CHECK bool hold_effects_read(const struct str *words, size_t count, uint32_t *ret_bits);
struct str *hold_effects_say(uint32_t bits, struct decision *decision, size_t *ret_count);

/* ---- the holds of a debt that have not ended, in the order of their ids ---- */

void debt_holds_put(struct debt_holds *holds, const struct open_hold *hold);
void debt_holds_remove(struct debt_holds *holds, const struct uuid *hold_id);

/* What the active ones stop together. */
uint32_t debt_holds_stopped(const struct debt_holds *holds);

/* ---- of one ---- */

/* The next day on which something is to happen: it begins, is reviewed, is over. 0: there is none, or it has ended. */
int32_t hold_next_day(const struct hold *hold);

/* What people can do with a hold. */
bool hold_is_open(unsigned state);

/*
 * ---- what commands do: each adds one event about the hold; place and release answer the debt's version after it. If the hold stops
 * ageing, the debt may be in another bucket by that: DelinquencyChanged stands right behind ----
 */

/* The debt before the command, its version by the events so far, and its holds. */
struct hold_scene {
	const struct uuid *debt_id;
	const struct debt *debt;
	int64_t version;
	const struct debt_holds *holds;   /* NULL: none */
	const struct debt_pauses *pauses; /* NULL: none */
};

struct hold_scene hold_scene_of(const struct uuid *debt_id, const struct debt *debt, const struct workset *set);

struct hold_terms {
	struct uuid hold_id;
	enum hold_kind kind;
	uint32_t effects;
	int32_t from_on, until_on, review_on; /* 0: no such day */
	struct str evidence_ref;
};

/* Whether the days of such a hold touch those of one of its kind that has not ended: both are one then. */
bool hold_meets(const struct open_hold *hold, const struct hold_terms *terms);

int64_t hold_place(const struct hold_scene *scene, const struct hold_terms *terms, struct decision *decision);
int64_t hold_release(const struct hold_scene *scene, const struct uuid *hold_id, struct str reason, struct decision *decision);
void hold_review(const struct hold_scene *scene, const struct uuid *hold_id, int32_t review_on, struct str evidence_ref,
		 struct decision *decision); /* 0: not again */

/* The timer of a hold: one of its days has come. */
void decide_hold_day(const struct command *timer, const struct workset *set, struct decision *decision);

/* evolve.c */
evolve_event hold_on_placed;
evolve_event hold_on_extended;
evolve_event hold_on_begun;
evolve_event hold_on_review_due;
evolve_event hold_on_reviewed;
evolve_event hold_on_released;
evolve_event hold_on_expired;

#endif
