#ifndef CONSUMERS_COMMUNICATIONS_GUARD_H
#define CONSUMERS_COMMUNICATIONS_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "consumers/communications/communications.h"

/*
 * The compliance guard (consumers/DOMAIN.md 9): facts in, verdict out, with the rules that gave it. Pure. It evaluates every rule
 * of its table and takes the strictest verdict. A new rule is a function and a row in guard.c; a fact that it needs is a member
 * here and a line in guard_facts_text.
 *
 * Built: US-10 (an opt-out of the medium binds), US-12 and US-13 (e-mail and SMS need a permission; the 60 days of US-13 are not
 * checked yet); and house rules for the debts of a message that asks for money: DEBT-1 (the debt is on the books), DEBT-2
 * (something is owed on it), DEBT-3 (it is due, if the message is a demand). Every claim of the notifier checks the same rules in
 * SQL (communications.refusal).
 */
struct guard_facts {
	const char *action; /* "send" */
	enum channel channel;
	struct str message_class;
	struct str language; /* of the template used */
	bool is_opted_out;   /* withdrawn, and no permission since */
	bool has_permission; /* for PURPOSE_COLLECT, obtained after the last withdrawal */
	enum basis basis;
	int64_t obtained_at_ms;
	int64_t withdrawn_at_ms; /* 0: never */
	int64_t now_ms;

	enum asks asks;  /* the requirement of the class on the debts */
	uint32_t debts;  /* number of debts that the message names */
	uint32_t closed; /* of these: have left the books */
	uint32_t unowed; /* of these: nothing is owed, or they are overpaid */
	uint32_t undue;  /* of these: due after today */
	int32_t today;   /* the business date */
};

#define GUARD_RULES_MAX 32

struct guard_verdict {
	enum compliance_verdict verdict;
	int64_t until_ms;                   /* VERDICT_DEFER */
	const char *rules[GUARD_RULES_MAX]; /* the ids of the rules with this verdict; all rules if all allow */
	size_t rules_count;
};

struct guard_verdict guard_decide(const struct guard_facts *facts);

/* The facts as one line of text, the same for the same facts; terminated; no personal data. */
#define FACTS_TEXT_MAX 512
void guard_facts_text(char text[FACTS_TEXT_MAX], const struct guard_facts *facts);

#endif
