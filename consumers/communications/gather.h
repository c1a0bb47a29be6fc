#ifndef CONSUMERS_COMMUNICATIONS_GATHER_H
#define CONSUMERS_COMMUNICATIONS_GATHER_H

#include "consumers/communications/communications.h"
#include "consumers/communications/guard/guard.h"
#include "model/workset.h"

/*
 * The facts that people told (contacts, circumstances, preferences), from the states `history`, `circumstances` and `wishes` of a
 * customer: added to facts that have the channel, the instant, the business date, the zones, the permission and the debts, whose
 * ids are given in the same order. Pure.
 *
 * These are kept by this module, so that none of a kind is a known "no". What no module keeps stays unknown.
 */
void gather_told(const struct workset *set, const struct uuid *customer_id, const struct uuid *debt_ids,
		 struct guard_facts *facts);

#endif
