#ifndef CONSUMERS_COMMUNICATIONS_GATHER_H
#define CONSUMERS_COMMUNICATIONS_GATHER_H

#include "consumers/communications/communications.h"
#include "consumers/communications/guard/guard.h"
#include "model/workset.h"

/*
 * What is to be said to a customer, and when: to send it, or only to ask whether it may be sent (contactability.h). The customer has
 * an address of the channel.
 */
struct addressed {
	struct uuid customer_id;
	enum channel channel; /* electronic */
	enum message_class message_class;
	struct str language;
	bool has_disclosure;         /* the text has the sentence that US-19 asks for */
	bool has_no_opt_out;         /* the text does not say how to opt out: a confirmation need not (US-11) */
	const struct uuid *debt_ids; /* that it names; each is known */
	size_t debt_ids_count;
	int64_t now_ms;
	int32_t today;
	/* In place of the states, for what the same decision changes first; NULL: as in the states. */
	const struct address *address; /* that it goes to, not the best one */
	const struct recipient *recipient;
	const struct history *history;
};

/* The address that a message would go to; NULL: the customer has none of this channel. From the state `addresses`. */
const struct address *best_address(const struct workset *set, const struct uuid *customer_id, enum channel channel);

/*
 * The facts that people told (contacts, circumstances, preferences), from the states `history`, `circumstances` and `wishes` of a
 * customer: added to facts that have the channel, the instant, the business date, the zones, the permission and the debts, whose
 * ids are given in the same order. Pure.
 *
 * These are kept by this module, so that none of a kind is a known "no". What no module keeps stays unknown.
 */
void gather_told(const struct workset *set, const struct uuid *customer_id, const struct uuid *debt_ids,
		 struct guard_facts *facts);

/*
 * All facts of a message: also those from the states `person`, `addresses` and `recipient` of the customer, `owed_debt` of each
 * debt, and `collection`. Facts are zeroed before. Pure.
 */
void gather_facts(const struct addressed *message, const struct workset *set, struct guard_facts *facts);

#endif
