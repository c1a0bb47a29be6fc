#ifndef CONSUMERS_COMMUNICATIONS_COMPOSE_H
#define CONSUMERS_COMMUNICATIONS_COMPOSE_H

#include "consumers/communications/sending.h"

/* Makes the text of one message from a template, a person, debts and parameters. Pure. */

/*
 * Whether the token is reserved, so that the sender cannot set its value: customer_name, debt_reference, balance, owed,
 * credits, currency, due_on, opt_out, disclosure.
 */
bool token_is_ours(struct str name);

/* The value of a reserved token in a preview; empty: of another token, and of opt_out and disclosure, whose values are the language's. */
struct str token_sample(struct str name);

/* The longest body of a message, in bytes. */
size_t rendered_body_max(enum channel channel);

/* What the customer has overpaid to the debts' creditor in their currency: the balance of the text is less it. 0: without debts. */
int64_t sending_credits(const struct sending *sending, const struct workset *set);

/*
 * Fills sending->rendered from the arena. False: refused, or the arena is full (overflow). All debts are known and have one
 * currency.
 */
MUST_CHECK bool sending_compose(struct sending *sending, const struct workset *set, struct decision *decision);

#endif
