#ifndef DEBTS_DISPUTE_DISPUTE_H
#define DEBTS_DISPUTE_DISPUTE_H

#include "consumers/debts/debts.h"
#include "schemas/debts.h"

/*
 * Disputes about a debt (consumers/DOMAIN.md 2, 9): RaiseDispute, AddDisputeEvidence, ResolveDispute.
 *
 *   RaiseDispute --DisputeRaised [HoldPlaced | HoldExtended]--> open --DisputeEvidenceAdded--> verifying
 *                                                                 +--------[HoldReleased] DisputeResolved-------> upheld | rejected
 *   RaiseDispute --DisputeRaised--> duplicate
 *
 * What a dispute stops is its hold's: one of the kind identity_theft on that ground, of the kind dispute on every other. It has the
 * dispute's id, runs from the day on which the dispute was received, and has no end, so that all disputes of a kind share one. It is
 * released by the resolution of the last.
 *
 * Invariants: while a dispute of a debt in the books is not resolved, the debt has an active hold of its kind (ReleaseHold is refused);
 * the events are events about the debt, whose versions number them.
 */

#define DISPUTE_EVIDENCE_RAISED_MAX 8    /* that come with it */
#define DISPUTE_DAYS_BACK           3660 /* as late as a dispute may be told of */

/* What people can do with a dispute: it is not resolved, and no duplicate. */
bool dispute_is_open(unsigned state);

/* Of the hold that such a dispute has. */
enum hold_kind dispute_hold_kind(unsigned grounds);

/* ---- what is known of a debt's disputes together ---- */

/*
 * One that is open is counted and remembered, one that was rejected is remembered; upheld ones and duplicates change nothing that comes
 * later.
 */
void debt_disputes_add(struct debt_disputes *disputes, const struct uuid *dispute_id, const struct dispute *dispute);

/* Of one that was added as open: with its new state. */
void debt_disputes_resolve(struct debt_disputes *disputes, const struct uuid *dispute_id, const struct dispute *dispute);

/* The number of the open ones that share a hold of this kind. */
uint32_t *debt_disputes_open(struct debt_disputes *disputes, enum hold_kind kind);

/*
 * The dispute, open or rejected, on the same grounds, with the same portion (0: all), and since which nothing was booked on the debt:
 * whatever is charged or paid may be what is meant now. NULL: there is none. `disputes` may be NULL.
 */
const struct uuid *debt_disputes_like(const struct debt_disputes *disputes, unsigned grounds, int64_t portion_minor,
				      int32_t entries);

/* evolve.c */
evolve_event dispute_on_raised;
evolve_event dispute_on_evidence_added;
evolve_event dispute_on_resolved;

#endif
