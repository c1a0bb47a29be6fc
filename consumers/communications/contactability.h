#ifndef CONSUMERS_COMMUNICATIONS_CONTACTABILITY_H
#define CONSUMERS_COMMUNICATIONS_CONTACTABILITY_H

#include "base/must.h"
#include "consumers/communications/communications.h"
#include "consumers/communications/guard/guard.h"

/*
 * Whether a person may be written to, without writing: what SendCommunication would decide at an instant about a message that names
 * these debts or none, with the facts that are known now. Of the template it is assumed that it has every sentence that the law asks for. Pure.
 *
 * Not asked: what depends on the text and on the debts, and how many messages are under way.
 */
struct contact_question {
	struct uuid customer_id;
	enum channel channel; /* electronic */
	enum message_class message_class;
	int64_t at_ms;
	int32_t business_date;       /* the newest Tick's; INT32_MIN: there was none */
	const struct uuid *debt_ids; /* that it names; those that nobody knows are left out */
	size_t debt_ids_count;       /* at most GUARD_DEBTS_MAX */
};

struct contact_answer {
	const char *refusal; /* SendCommunication would be refused with this code, before the guard is asked; NULL: it is asked */
	struct guard_verdict verdict; /* of the profiles of asked.h, which are `asked` */
	struct {
		char id[GUARD_PROFILE_ID_MAX + 1];
		int32_t version;
	} asked[GUARD_PROFILES_MAX]; /* copies: the set may go before the answer is read */
	size_t asked_count;
};

/* Touches the states that the answer needs. False: the set is full. */
MUST_CHECK bool contactability_touch(const struct contact_question *question, struct workset *set);

/* The states are loaded. False: there is no such customer. */
MUST_CHECK bool contactability_ask(const struct contact_question *question, const struct workset *set,
				   struct contact_answer *ret_answer);

#endif
