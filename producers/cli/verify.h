#ifndef CLI_VERIFY_H
#define CLI_VERIFY_H

#include <stdint.h>

#include "anchor_file.h"
#include "base/arena.h"
#include "bus/bus.h"
#include "database.h"
#include "log_reader.h"
#include "progress.h"
#include "topic_names.h"
#include "wire/coder.h"
#include "worker/chain.h"

/*
 * `dcs verify` recomputes the promises of lib/DESIGN.md 8 from what is stored, with none of the engine's own state:
 *
 *   verify_module.c                one reading of a module's log, for these:
 *     verify_log.c     P1, P2, P4  the event log: one answer per command, no gaps, hash chain, order and versions
 *     verify_refold.c  P7          the reports are the fold of the log
 *     fold.c           P7          every row of the modules' tables equals the fold of their logs (fold.h)
 *     verify_debts.c   P5          every ledger entry equals its event, balances are the sums of entries
 *   verify_commands.c  P3          every record of the command topics before next_offset is accounted for
 *   verify_ledger.c    P5          debts and customers refer to each other
 *   verify_topic.c     P6          the events topics are the log
 *   verify_reactions.c P13         events that modules follow are answered in order; commands that they send arrive
 *   verify_anchor.c    P2, P6      logs and topics still have the heads of earlier anchors
 *
 * It streams: pages of the log, records of the topics, a few numbers per customer. It may run while the system works: it checks only
 * what was committed before it began (the heads), and reads in an order in which a command that moves on is not missed.
 */
#define PROMISE_LAST 13 /* of those between, some are not checked here */

struct verify_head {
	const char *module; /* borrows from modules */
	int32_t part;
	int64_t next_offset, log_seq;
	uint8_t log_hash[SHA256_SIZE];
};

/* The counts of a run. */
struct tally {
	int64_t findings[PROMISE_LAST + 1]; /* by promise */
	int64_t events, records, published; /* checked: of the logs, of the command topics, of the events topics */
	int64_t unpublished;                /* in the log, not yet in the topic: no finding, they are on their way */
	int64_t anchored;                   /* heads of anchors checked */
	int64_t folded, rows;               /* events folded, rows of tables compared */
	int64_t reactions;                  /* answers to followed events, and commands sent */
	int64_t sealed_old;                 /* texts of the old form (crypto/seal.h): no finding */
};

struct verify {
	bool is_wanted[PROMISE_LAST + 1]; /* findings of others are not printed */
	struct bus_conf bus;
	struct db *db, *beside;  /* two connections: the tables read in step with the log have their own */
	struct arena statements; /* as long as the connection */
	struct arena arena;      /* of one row or record */
	struct db_params params;
	struct schemas modules;
	struct log_reader logs[SCHEMAS_MAX]; /* of the modules, in their order */
	const struct db_statement *select_heads[SCHEMAS_MAX];
	const struct db_statement *select_published[SCHEMAS_MAX]; /* verify_published */
	struct verify_head *heads;                                /* all of all modules, as they were in the beginning */
	size_t heads_count;
	struct anchor_file anchors;
	bool has_key; /* the key that seals: hidden values can be compared */
	uint8_t key[32];
	bool no_old_seals; /* a text of the old form is a finding */
	struct progress progress;
	bool json;
	struct tally tally;
};

/* The statement of a module's log as it was published, for several readings: one of its name is prepared once. NULL: no such module. */
const struct db_statement *verify_published(const struct verify *verify, const char *module);

/* Prints a finding and its place: one line. Beyond the first hundred of a promise they are only counted. */
void finding(struct verify *verify, int promise, const char *where, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* The same at "debts part 3 seq 17": the place is only formatted when there is a finding. */
void finding_at(struct verify *verify, int promise, const struct verify_head *head, const char *what, int64_t number,
		const char *format, ...) __attribute__((format(printf, 6, 7)));

/* "debts part 3", for `where`. */
#define WHERE_SIZE 160
void where_part(char where[WHERE_SIZE], const struct verify_head *head);

/* Runs a statement whose rows are findings: where (text), what (text). */
MUST_CHECK int find_by_query(struct verify *verify, int promise, const struct db_statement *statement, struct err *err);

/* 0: checked, with findings or without. -1: it could not be checked. `module`: an index of verify->modules. */
MUST_CHECK int verify_module(struct verify *verify, size_t module, struct err *err);
MUST_CHECK int verify_commands(struct verify *verify, size_t module, struct err *err);
MUST_CHECK int verify_topic(struct verify *verify, size_t module, struct err *err);
MUST_CHECK int verify_reactions(struct verify *verify, size_t module, struct err *err); /* nothing where it does not react */
MUST_CHECK int verify_owners(struct verify *verify, struct err *err);
MUST_CHECK int verify_creditors(struct verify *verify, struct err *err);
MUST_CHECK int verify_sums(struct verify *verify, struct err *err);

/* P1, of a module: no command has two answers. */
MUST_CHECK int verify_answers(struct verify *verify, size_t module, struct err *err);

/* The body of a line. */
struct decoded {
	const struct message_type *type; /* NULL: it cannot be decoded */
	const void *body;                /* valid until the next line */
	struct err why;
};

/*
 * The fold of a module's reports, made while its log is read (verify_module.c), in the same snapshot: begin reads the reports'
 * rows and the position of their reader; then each partition, each event of it; end compares.
 */
struct refold {
	bool is_on;             /* there are reports */
	struct db_result heads; /* of the reader */
	struct buf rows, fold;  /* deltas: of the tables, of the log */
	int64_t last_seq;       /* of the current partition, up to the reader's position */
	int64_t events;
};

MUST_CHECK int refold_begin(struct refold *refold, struct verify *verify, const char *module, struct err *err);
void refold_part(struct refold *refold, const char *module, int32_t part);
MUST_CHECK int refold_event(struct refold *refold, const struct logged_line *line, const struct message_type *type,
			    const void *body, struct err *err);
MUST_CHECK int refold_end(struct refold *refold, struct verify *verify, struct err *err);
void refold_release(struct refold *refold); /* accepts a zeroed one */

MUST_CHECK int verify_anchors(struct verify *verify, struct err *err);

/* Compares a topic's end with the highest anchored one. */
void verify_anchored_topic(struct verify *verify, const struct verify_head *head, int64_t published);

/* `module` as in verify->modules. NULL: none. */
struct verify_head *verify_head_of(const struct verify *verify, const char *module, int32_t part);

/* Reads the heads of a module again, as they are now, into their places. */
MUST_CHECK int verify_read_heads(struct verify *verify, size_t module, struct err *err);

/* Whether the database has this table ("debts.debt"): a missing module has no findings. */
MUST_CHECK int table_exists(struct verify *verify, const char *table, bool *ret_exists, struct err *err);

#endif
