#ifndef NOTIFIER_DESK_H
#define NOTIFIER_DESK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "consumers/notifier/gateway.h"
#include "db/db.h"

/*
 * The notifier's tables (sql/0006_notifier.sql): all of its SQL except the inbox's. Every call is one statement, hence one
 * transaction: 0 means that it has committed. After ERR_RETRY it may have committed; the next desk_open settles the difference.
 *
 *   queued --take--> sending --end--> done                         accepted, failed, unknown
 *                            --end--> waiting --take--> sending    not_accepted: the claim stays ours
 *                            --doubt--> asking --ask--> sending    unknown, and the gateway can be asked: the attempt stays open
 *   queued, waiting --take--> done                                 cancelled; or refused by the guard: a failed attempt
 *   queued, waiting --expire--> done                               send_by has passed, recorded as a failed attempt
 *
 * Several notifiers may run. Each has a number (owner) and holds an advisory lock on it as long as its connection lives. Rows
 * of a number without a holder were left by a dead notifier.
 */
struct desk {
	const char *conninfo;
	int32_t owner;
	struct db *db;
	struct db_params params;
};

/* Borrows conninfo. Does not connect. */
void desk_init(struct desk *desk, const char *conninfo);
void desk_release(struct desk *desk);

struct attempt_id {
	struct uuid communication_id;
	int32_t attempt;
};

bool desk_is_open(const struct desk *desk);

/*
 * Connects (again) and becomes the owner. Attempts of ours that are under way in the table but not in `flying` were opened by a
 * statement whose answer was lost: no byte of their messages has left, so they go back to waiting.
 */
MUST_CHECK int desk_open(struct desk *desk, const struct attempt_id *flying, size_t flying_count, struct err *err);

/*
 * Adopts the rows of dead notifiers: attempts under way become unknown (they may have been sent, so they are never sent again),
 * or, at gateways that can be asked, doubtful; unreported outcomes become ours to report. *ret_unknown: the number of unknown
 * ones.
 */
MUST_CHECK int desk_adopt(struct desk *desk, const char *const *asking, size_t asking_count, int64_t *ret_unknown,
			  struct err *err);

/*
 * Claims up to count_max due messages of the channel and opens an attempt of each: both are committed when this returns.
 * Messages that one of the gateways `not_after` did not accept last are left alone ("": those that none has refused).
 * desk_taken reads the rows of *ret_taken; cancelled and refused messages (the latter have failed) are not among them.
 * *ret_looked: the number of messages examined; if it is count_max, there may be more.
 */
struct desk_wish {
	const char *channel, *gateway;
	const char *not_after[GATEWAYS_MAX + 1];
	size_t not_after_count;
	int64_t count_max;
};
MUST_CHECK int desk_take(struct desk *desk, const struct desk_wish *wish, struct db_result *ret_taken, int64_t *ret_looked,
			 struct err *err);

struct taken {
	struct attempt_id id;
	struct uuid customer_id;
	int64_t send_by_ms;
	int64_t claimed_at_ms;             /* the time of the rules, when it was claimed or asked about */
	int32_t tries;                     /* attempts in which a gateway was asked, with this one */
	int64_t fit_until_ms;              /* no byte leaves at this time of theirs or later; 0: send_by is the only end */
	struct str salt;                   /* of the key that sealed the texts */
	struct str address, subject, text; /* sealed */
	struct str html;                   /* sealed; empty: none */

	/* of desk_ask only */
	bool may_leave; /* the guard still permits it, and it is not late */
	int32_t asks;
	int64_t started_at_ms;
};
struct taken desk_taken(const struct db_result *taken, int row); /* borrows from the result */

/* What a letter needs beside its texts, of one that is claimed; read with desk_letter_facts. No row: it is claimed no more. */
MUST_CHECK int desk_letter(struct desk *desk, const struct uuid *communication_id, struct db_result *ret_row, struct err *err);

struct letter_facts {
	struct str name; /* sealed for the customer's row */
	int64_t name_version;
	struct str language, message_class;
	struct uuid creditor_id; /* nil: it names no debt */
	int32_t dated_on;
};
struct letter_facts desk_letter_facts(const struct db_result *row); /* borrows from the result */

/* The outcome of an attempt. retry_at_ms: with DISPATCH_OUTCOME_NOT_ACCEPTED. */
struct ended {
	struct attempt_id id;
	enum dispatch_outcome outcome;
	int64_t ended_at_ms, retry_at_ms;
	const char *provider_ref, *provider_code; /* "": none */
	bool has_opted_out;
};

/* Writes outcomes. *ret_noted: the number that were still ours; if less than count, another notifier has adopted the rest. */
MUST_CHECK int desk_end(struct desk *desk, const struct ended *ended, size_t count, int64_t *ret_noted, struct err *err);

/* An attempt of which nobody knows whether it was accepted stays open, and is asked about at ask_at_ms. */
#define ASKS_MAX 5

struct doubt_of {
	struct attempt_id id;
	int64_t ask_at_ms;
};
MUST_CHECK int desk_doubt(struct desk *desk, const struct doubt_of *doubts, size_t count, struct err *err);

/* Takes up to count_max doubtful attempts of the gateway that are due. No claim; desk_taken reads the rows. */
MUST_CHECK int desk_ask(struct desk *desk, const char *gateway, int64_t count_max, struct db_result *ret_taken, struct err *err);

/* Ends messages past send_by, as failed attempts with the code "expired". *ret_expired: their number. */
MUST_CHECK int desk_expire(struct desk *desk, int64_t *ret_expired, struct err *err);

/* Outcomes of ours that their modules have not answered, oldest first; read with desk_unreported_row. */
MUST_CHECK int desk_unreported(struct desk *desk, int64_t count_max, struct db_result *ret_rows, struct err *err);

struct unreported {
	struct attempt_id id;
	struct uuid customer_id;
	struct str outcome, gateway, provider_ref, provider_code; /* empty: none */
	int64_t ended_at_ms;
	bool has_opted_out; /* of the channel */
	struct str channel;
	struct uuid contact_point_id; /* all zeros: not known */
};
struct unreported desk_unreported_row(const struct db_result *rows, int row);

/*
 * Sets ret_is_answered for each command that the communications or the customers module has answered or parked: such a command
 * cannot be lost any more.
 */
MUST_CHECK int desk_answered(struct desk *desk, const struct uuid *commands, size_t count, bool *ret_is_answered,
			     struct err *err);
MUST_CHECK int desk_reported(struct desk *desk, const struct attempt_id *ids, size_t count, struct err *err);

#endif
