#ifndef MODEL_COMMAND_H
#define MODEL_COMMAND_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "base/uuid.h"
#include "model/message.h"
#include "model/scope.h"
#include "schemas/words.h"

/* The person who approved a kept command (model/decision.h). */
struct approval {
	struct uuid user_id;
	struct str actor; /* the same, as text */
};

/*
 * A command as a rule sees it: decoded, authorised, with its own "now". A rule reads nothing else: no clock, no random source,
 * no database. Everything borrows from the batch.
 */
struct command {
	const struct message_type *type;
	const void *body; /* the generated struct of the type */
	struct uuid id;   /* ce_id: the idempotency key */
	struct uuid key;  /* the record key: the customer (user) it is about */
	struct uuid correlation_id;
	struct str actor; /* the token's subject */
	bool is_user;     /* the actor is a user, with this id, and not a service (worker/rights.h) */
	struct uuid user_id;
	uint32_t roles;            /* bits of enum role, from the token's claim "roles" */
	const struct scope *scope; /* the creditors, portfolios and sources that the roles are limited to; never NULL */
	int64_t token_version;     /* of the actor's account when the token was signed (worker/rights.h) */
	int64_t now_ms; /* the record's broker timestamp, which no producer can forge; of a parked command, the Tick's time */
	int64_t received_ms;             /* the record's broker timestamp; earlier than now_ms for a parked command */
	int32_t today;                   /* the business date it is handled on */
	const struct approval *approval; /* a second person has approved it; NULL: nobody has */
};

/*
 * Whether the issuer acts as a creditor: none of its other roles allows the command. Such a command must be about the issuer's
 * creditors, their customers and, if the issuer is bound to portfolios, debts in these portfolios. All other entities are hidden
 * from it: the rules treat them as unknown.
 */
bool command_is_bound(const struct command *command);

/* Whether the issuer acts only as a creditor or as a portal user, so that some entities are hidden from it. */
bool command_is_limited(const struct command *command);

/* Whether the command may be about a debt of this creditor in this portfolio (nil: in none). */
bool command_reaches(const struct command *command, const struct uuid *creditor_id, const struct uuid *portfolio_id);

/*
 * The field of the body that names a creditor, a portfolio or a payment source that the issuer is not bound to; NULL: none.
 * Creditor and portfolio are checked for bound issuers, the source for every issuer.
 */
const struct field *command_unbound_field(const struct command *command);
#define COMMAND_UNBOUND_TEXT "not one that the sender is bound to"

#endif
