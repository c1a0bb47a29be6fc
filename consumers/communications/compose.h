#ifndef CONSUMERS_COMMUNICATIONS_COMPOSE_H
#define CONSUMERS_COMMUNICATIONS_COMPOSE_H

#include "base/must.h"
#include "consumers/communications/communications.h"
#include "schemas/communications.h"

/* From a template, a person, debts and parameters to the text of one message. Pure. */

/* The inputs of SendCommunication, once found. */
struct sending {
	const struct command *command;
	const struct send_communication *body;
	enum channel channel;
	const struct person *person;
	const struct template_text *template;
	struct str language; /* the template's: the command's, or a wider one */
	const struct address *address;
	struct rendered *rendered;
};

/* A token whose value the sender cannot give: customer_name, debt_reference, balance, currency, due_on, opt_out. */
bool token_is_ours(struct str name);

/*
 * Fills sending->rendered from the arena. False: refused, or the arena is full (overflow). All debts are known and have one
 * currency.
 */
MUST_CHECK bool sending_compose(struct sending *sending, const struct workset *set, struct decision *decision);

#endif
