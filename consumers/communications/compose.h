#ifndef CONSUMERS_COMMUNICATIONS_COMPOSE_H
#define CONSUMERS_COMMUNICATIONS_COMPOSE_H

#include "base/must.h"
#include "consumers/communications/communications.h"
#include "schemas/communications.h"

/* Makes the text of one message from a template, a person, debts and parameters. Pure. */

/* The inputs of SendCommunication, once found. */
struct sending {
	const struct command *command;
	const struct send_communication *body;
	enum channel channel;
	const struct person *person;
	const struct template_text *template;
	struct str language; /* of the template: as in the command, or a wider one */
	const struct address *address;
	struct rendered *rendered;
};

/*
 * Whether the token is reserved, so that the sender cannot set its value: customer_name, debt_reference, balance, currency,
 * due_on, opt_out, disclosure.
 */
bool token_is_ours(struct str name);

/* The value of a reserved token in a preview; empty: of another token, and of opt_out and disclosure, whose values are the language's. */
struct str token_sample(struct str name);

/* The longest body of a message, in bytes. */
size_t rendered_body_max(enum channel channel);

/*
 * Fills sending->rendered from the arena. False: refused, or the arena is full (overflow). All debts are known and have one
 * currency.
 */
MUST_CHECK bool sending_compose(struct sending *sending, const struct workset *set, struct decision *decision);

#endif
