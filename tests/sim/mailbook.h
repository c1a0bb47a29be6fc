#ifndef SIM_MAILBOOK_H
#define SIM_MAILBOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/str.h"
#include "model/message.h"
#include "tests/sim/world.h"

/*
 * Messages, consents and withdrawals as a clerk would keep them: what each event says, written down in the order of the log
 * beside the claims that were granted meanwhile, and held against what may be said (P9, states, versions), then against the
 * states, the outbox, the reports, and what the gateway has (P8). Beside it, which addresses and persons the customers module
 * gave up: nothing is claimed to them. Knows the words of the messages, and nothing of guards and queues.
 */
struct mail {
	struct uuid communication_id, customer_id;
	struct str channel; /* "sms", "email" */
	const char *state;
	int64_t version;
	int32_t attempt;
	int32_t requested_on;
	int32_t part;
	int64_t released_seq, released_at_ms; /* for the first time, and the last; 0: it was not */
	bool has_waited;
	int64_t not_before_ms, release_at_ms, send_by_ms; /* of one that waits */
	struct uuid debts[32];                            /* as asked for; from its release on, as its text has them */
	size_t debts_count;
	struct uuid into_id; /* of a merged one */
	int64_t merged_seq;
	bool is_answer;              /* to what the person wrote, in the same decision */
	int64_t lost_seq, found_seq; /* between these it was taken for one that did not leave; 0: not, or never */
};

struct told { /* a consent to be written to, or its withdrawal */
	struct uuid customer_id;
	struct str channel; /* empty: all */
	int64_t said_at_ms; /* by the customer */
	int64_t at_ms, seq, offset;
	bool is_withdrawal;
	bool is_other;     /* a consent to something else than being collected from */
	bool is_confirmed; /* a withdrawal: a message says so to the person */
};

/* What people write, and what US-27 makes of it: the workload writes these. */
struct saying {
	const char *text;
	const char *intent;  /* stop help other */
	const char *keyword; /* NULL: none */
};
extern const struct saying sayings[];
extern const size_t sayings_count;

struct wrote { /* a message from a person; of nobody whom we know: customer_id is nil */
	struct uuid inbound_id, customer_id;
	struct str channel;
	struct str intent; /* what it was understood as; of a damaged text only the module can tell */
	int64_t at_ms, seq, offset;
};

struct freed { /* a release of a message: what was known when the guard allowed it */
	struct uuid communication_id;
	int64_t seq;
	int64_t back_seq; /* from here on it waits again, and nothing has left by this release; 0: it does not */
};

struct gone { /* a contact point that was given up, or a customer who was erased */
	struct uuid id;
	int64_t seq; /* of the customers' events in its partition */
};

#define MAIL_PROTECTED_MAX 64

struct mailbook {
	struct mail *mails;
	size_t mails_count, mails_capacity;
	struct told *told;
	size_t told_count, told_capacity;
	struct gone *gone;
	size_t gone_count, gone_capacity;
	struct freed *releases;
	size_t releases_count, releases_capacity;
	struct wrote *inbounds; /* messages from persons */
	size_t inbounds_count, inbounds_capacity;
	struct uuid protected_ids[MAIL_PROTECTED_MAX]; /* customers of whom a circumstance was recorded; its end is not noted */
	size_t protected_count;
	struct uuid stop_id; /* the command whose message is a withdrawal: the next event of its log says so; nil: none */
	struct sim_races races;
	struct uuid decided_id; /* the message that the last verdict was about */
	enum { MAIL_UNDECIDED, MAIL_ALLOWED, MAIL_DEFERRED, MAIL_DENIED } verdict;
	int64_t until_ms;
	struct arena arena; /* of the channels */
};

/* One event of the log and the command that it answers. */
struct mail_event {
	const struct log_row *row;
	const struct message_type *type, *command_type;
	const void *body, *command;
	int64_t received_ms; /* when the command came: earlier than the row's time if it was set aside */
};

void mailbook_init(struct mailbook *book);
void mailbook_release(struct mailbook *book);

/* Of the customers module's log. */
void mailbook_take_customers(struct mailbook *book, const struct log_row *row, const struct message_type *type, const void *body);

/* What is wrong, as text; NULL: nothing. */
const char *mailbook_take(struct mailbook *book, const struct sim_world *world, const struct mail_event *event);
const char *mailbook_check(const struct mailbook *book, const struct sim_world *world);

#endif
