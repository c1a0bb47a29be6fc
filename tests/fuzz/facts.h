#ifndef TESTS_FUZZ_FACTS_H
#define TESTS_FUZZ_FACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/workset.h"

/*
 * What a module's store would load and a script's records have not made: what other modules' views show, and the salts and hashes
 * that stores fill in. It is made of the script's facts, a byte each; zeros are the ordinary case, in which everything is
 * allowed. Two files, for the headers of customers and communications cannot be included together.
 */
enum fact {
	FACT_PERSON,    /* bits: not known, not active, no salt, not known to creditors, under the law of a place, in the US */
	FACT_NAME,      /* the length of the name, in fours; 0: an ordinary one */
	FACT_ADDRESSES, /* bits: no e-mail, no SMS; the rest: their size, in fives */
	FACT_DEBT,      /* bits: see facts_post.c */
	FACT_DUE,       /* days from NOW, signed, in eights */
	FACT_QUEUE,     /* messages under way; bits: in hand, often */
	FACT_RETENTION, /* bits: owes, is owed */
	FACT_ACTOR,     /* bits: no such user, another customer's, bound, without roles, to another creditor, to a portfolio */
};

#define NOW_MS INT64_C(1795359845123) /* 2026-11-22 */

/* A state that the records have made. */
struct kept {
	const struct entity *entity;
	struct uuid id;
	void *state;
};
struct memory {
	struct kept *kept;
	size_t count;
};

const void *memory_find(const struct memory *memory, const struct entity *entity, const struct uuid *id);

/* Each answers whether the slot is one of its own, and has filled it then. */
bool facts_load(const uint8_t *facts, struct slot *slot); /* customers, debts, rights, dunning */
bool facts_load_post(const uint8_t *facts, const struct memory *memory, struct slot *slot); /* communications */

/* Of a module's own: what the store adds to each, whether there was a row or not. */
void facts_finish(struct slot *slot);

#endif
