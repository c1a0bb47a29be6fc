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
 * Answers out of PostgreSQL, without waiting: a question is queued and goes out with the others of this turn (questions.h). Each
 * function below that takes a call answers it, now or later, exactly once: 200 (ETag, Link), 304, 400 for a bad query, 404, 503.
 */
struct reads;

struct reads_conf {
	struct questions *questions; /* of those that look at few rows; borrowed, as all here */
	struct questions *searches;  /* of lists that may look at many */
	struct coder *coder;
	const uint8_t *key; /* opens what is sealed; 32 bytes, copied */
};

/* Start-up. */
MUST_CHECK int reads_new(const struct reads_conf *conf, struct reads **ret_reads, struct err *err);
void reads_free(struct reads *reads); /* accepts NULL */

bool reads_are_ready(const struct reads *reads); /* PostgreSQL is there, as far as we know */

/* What can be shown: constants of offer/ (resource.h). */
struct resource;
extern const struct resource debt_resource, payment_resource, ledger_resource, debt_history_resource, customer_resource,
	contact_point_resource, consent_resource, timeline_resource, communication_resource, template_resource, report_resource,
	user_resource, service_resource, account_resource;
extern const struct resource *const api_resources[]; /* all of them, those of others too; ends with NULL */

/* A call of a ROUTE_READ row: one or a list, as the row says. */
void reads_answer(struct reads *reads, struct call *call);

/* `id` of the path; honours If-None-Match. */
void reads_answer_one(struct reads *reads, struct call *call, const struct resource *resource, const struct uuid *id);

/* The same for what is the caller's own by its id, whatever his roles. */
void reads_answer_own(struct reads *reads, struct call *call, const struct resource *resource, const struct uuid *id);

/* Filters, sort, limit and cursor come from the query; `parent_id`: what the path says they hang on; NULL: nothing. */
void reads_answer_list(struct reads *reads, struct call *call, const struct resource *resource, const struct uuid *parent_id);

/*
 * After a command was applied: as reads_answer_one, but with `status`, and never 304. The caller has set Location. When the row
 * cannot be read the command is still done: the answer is `status` with {"id": ...}.
 */
void reads_answer_written(struct reads *reads, struct call *call, const struct resource *resource, const struct uuid *id,
			  int status);

/* To whom something belongs: for a command about it that must carry the customer's id. What is beyond the limit of the principal,
 * who has `access` to it, is not found. The principal is borrowed until it is told. */
enum reads_found { READS_FOUND, READS_NOT_FOUND, READS_AWAY };
struct owner_question {
	const struct principal *principal;
	uint32_t access;
	const struct resource *resource;
	struct uuid id;
};
typedef void reads_owner_done(void *arg, enum reads_found found, const struct uuid *customer_id);
void reads_find_owner(struct reads *reads, const struct owner_question *question, reads_owner_done *done, void *arg);

/* Whether what a command names is there, for whoever is to be told. `bound` not NULL: he reaches the customers only that his
 * creditors know. */
typedef void reads_named_done(void *arg, size_t number, enum reads_found found);
void reads_find_named(struct reads *reads, const struct named *named, const struct principal *bound, size_t number,
		      reads_named_done *done, void *arg);

/* Tells one end of a command from the one before: a refused command may be sent again under its id. */
struct command_end {
	int32_t part;
	int64_t place; /* 0: none */
	bool is_dead;
};

bool command_end_equal(const struct command_end *one, const struct command_end *other);

/* What became of a command: what it did, by its module's event log, or where it is parked, or why it was refused the last time,
 * or became a dead letter. */
enum command_kind { COMMAND_UNKNOWN, COMMAND_PARKED, COMMAND_APPLIED, COMMAND_REFUSED, COMMAND_DEAD };
struct command_state {
	enum command_kind kind;
	struct str module;
	struct uuid key;            /* the record's; DEAD: what it should be by the body, or none */
	struct uuid correlation_id; /* not of DEAD */
	struct str digest;          /* APPLIED, PARKED: of the command's framed bytes (DIGEST_SIZE) */
	struct str event;           /* APPLIED, REFUSED: framed bytes of the first event that answers it */
	struct uuid subject;        /* APPLIED, REFUSED: the event's */
	int64_t at_ms;              /* of the command; PARKED: since */
	struct command_end end;     /* REFUSED, DEAD: which of its ends */
	struct str park_kind;       /* "wait", "bug", "behind" */
	struct str park_reason;     /* for people */
	struct str dead_code, dead_reason;
	struct str actor; /* PARKED: who issued it; of the others the event says it */
	bool is_theirs;   /* it was about a creditor that who asks is bound to */
};
/* state NULL: PostgreSQL is away. `module` NULL: look into all. Borrows until it returns. */
typedef void reads_command_done(void *arg, const struct command_state *state);
void reads_find_command(struct reads *reads, const char *module, const struct uuid *command_id, reads_command_done *done,
			void *arg);

/* The same for somebody: in all modules, and whether it is about a creditor that he is bound to. */
void reads_find_command_for(struct reads *reads, const struct principal *principal, const struct uuid *command_id,
			    reads_command_done *done, void *arg);

#endif
