#ifndef API_READS_READS_H
#define API_READS_READS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/uuid.h"
#include "producers/api/http/call.h"
#include "producers/api/reads/named.h"
#include "producers/api/reads/questions.h"
#include "wire/coder.h"

/*
 * Answers from PostgreSQL, without blocking: a question is queued and sent with the others of this turn (questions.h). Each
 * function below that takes a call answers it, now or later, exactly once: 200 (ETag, Link), 304, 400 for a bad query, 404, 503.
 */
struct reads;

struct reads_conf {
	struct questions *questions; /* for reads of few rows; borrowed, as all members */
	struct questions *searches;  /* for lists that may scan many rows */
	const uint8_t *key;          /* decrypts sealed columns; 32 bytes, copied */
};

/* Start-up. */
MUST_CHECK int reads_new(const struct reads_conf *conf, struct reads **ret_reads, struct err *err);
void reads_free(struct reads *reads); /* accepts NULL */

bool reads_are_ready(const struct reads *reads); /* PostgreSQL was reachable last time */

/* The resources: constants of offer/ (resource.h). */
struct resource;
extern const struct resource debt_resource, payment_resource, promise_resource, hold_resource, plan_resource, dispute_resource,
	settlement_resource, creditor_resource, portfolio_resource, debt_policy_resource, ledger_resource, balance_resource,
	delinquency_resource, debt_history_resource, customer_resource, contact_point_resource, consent_resource,
	timeline_resource, communication_resource, template_resource, profile_resource, policy_resource, task_resource,
	report_resource, user_resource, service_resource, account_resource, contact_resource, circumstance_resource,
	preference_resource, decision_resource, approval_resource, inbound_resource, unknown_inbound_resource;
extern const struct resource *const api_resources[]; /* all resources, also those of other rooms; ends with NULL */

/* A call of a ROUTE_READ row: one resource or a list, as the row says. */
void reads_answer(struct reads *reads, struct call *call);

/* `id` is the path's; honours If-None-Match. */
void reads_answer_one(struct reads *reads, struct call *call, const struct resource *resource, const struct uuid *id);

/* The same for a resource that is the caller's own by its id, regardless of roles. */
void reads_answer_own(struct reads *reads, struct call *call, const struct resource *resource, const struct uuid *id);

/* Filters, sort, limit and cursor are in the query; `parent_id`: the parent in the path; NULL: none. */
void reads_answer_list(struct reads *reads, struct call *call, const struct resource *resource, const struct uuid *parent_id);

/*
 * After a command was applied: like reads_answer_one, but with `status`, and never 304. The caller has set Location. If the row
 * cannot be read, the command is applied nevertheless: the answer is `status` with {"id": ...}.
 */
void reads_answer_written(struct reads *reads, struct call *call, const struct resource *resource, const struct uuid *id,
			  int status);

/*
 * The customer that a resource belongs to, for a command that needs its customer_id. A resource beyond the limit of the
 * principal, given its `access`, is not found. The principal is borrowed until the callback.
 */
enum reads_found { READS_FOUND, READS_NOT_FOUND, READS_AWAY };
struct owner_question {
	const struct principal *principal;
	uint32_t access;
	const struct resource *resource;
	struct uuid id;
};
typedef void reads_owner_done(void *arg, enum reads_found found, const struct uuid *customer_id);
void reads_find_owner(struct reads *reads, const struct owner_question *question, reads_owner_done *done, void *arg);

/*
 * Whether an entity that a command names exists. `bound` not NULL: the principal reaches only the customers that its creditors
 * know.
 */
typedef void reads_named_done(void *arg, size_t number, enum reads_found found);
void reads_find_named(struct reads *reads, const struct named *named, const struct principal *bound, size_t number,
		      reads_named_done *done, void *arg);

/* Distinguishes one end of a command from an earlier one: a refused command may be sent again with the same id. */
struct command_end {
	int32_t part;
	int64_t place; /* 0: none */
	bool is_dead;
};

bool command_end_equal(const struct command_end *one, const struct command_end *other);

/*
 * The state of a command: the event that it caused, according to its module's event log; or the reason why it is parked, or was
 * refused the last time, or became a dead letter.
 */
enum command_kind { COMMAND_UNKNOWN, COMMAND_PARKED, COMMAND_APPLIED, COMMAND_REFUSED, COMMAND_DEAD };
struct command_state {
	enum command_kind kind;
	struct str module;
	struct uuid key;            /* of the record; DEAD: the key according to the body, or none */
	struct uuid correlation_id; /* none if DEAD */
	struct str digest;          /* APPLIED, PARKED: of the command's framed bytes (DIGEST_SIZE) */
	struct str event;           /* APPLIED, REFUSED: framed bytes of the first event of the answer */
	struct uuid subject;        /* APPLIED, REFUSED: the event's */
	int64_t at_ms;              /* of the command; PARKED: since when */
	struct command_end end;     /* REFUSED, DEAD: identifies this end */
	struct str park_kind;       /* "wait", "bug", "behind" */
	struct str park_reason;     /* for people */
	struct str dead_code, dead_reason;
	struct str actor; /* PARKED: the issuer; otherwise the event has it */
	bool is_theirs;   /* it was about a creditor that the principal is bound to */
};
/* state NULL: PostgreSQL is unreachable. `module` NULL: searches all. Borrows until it returns. */
typedef void reads_command_done(void *arg, const struct command_state *state);
void reads_find_command(struct reads *reads, const char *module, const struct uuid *command_id, reads_command_done *done,
			void *arg);

/*
 * The same for a principal: searches all modules, and finds out whether the command is about a creditor that the principal is
 * bound to.
 */
void reads_find_command_for(struct reads *reads, const struct principal *principal, const struct uuid *command_id,
			    reads_command_done *done, void *arg);

/* The module and the key of a command that is, or was, kept for a second person. Borrows until it returns. */
typedef void reads_approval_done(void *arg, enum reads_found found, struct str module, const struct uuid *key);
void reads_find_approval(struct reads *reads, const struct uuid *command_id, reads_approval_done *done, void *arg);

#endif
