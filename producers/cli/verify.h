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
 *     verify_log.c     P1, P2, P4  the event log: one answer a command, no holes, hash chain, order and versions
 *     verify_refold.c  P7          the reports are the fold of the log
 *     fold.c           P7          every row of the modules' tables is what their logs say (fold.h)
 *     verify_debts.c   P5          every ledger entry is its event's, balances are the sums of entries
 *   verify_commands.c  P3          every record of the command topics before next_offset is accounted for
 *   verify_ledger.c    P5          debts and customers are each other's
 *   verify_topic.c     P6          the events topics are the log
 *   verify_anchor.c    P2, P6      what was written down about logs and topics on earlier days still holds
 *
 * It streams: pages of the log, records of the topics, a few numbers a customer. It may run while the system works: it looks only
 * at what was committed before it began (the heads), and asks in an order in which things that move on are not missed.
 */
#define PROMISES_COUNT 7

struct verify_head {
	const char *module; /* borrows from modules */
	int32_t part;
	int64_t next_offset, log_seq;
	uint8_t log_hash[SHA256_SIZE];
};

/* What a run has seen. */
struct tally {
	int64_t findings[PROMISES_COUNT + 1]; /* by promise, 1..7 */
	int64_t events, records, published;   /* looked at: of the logs, of the command topics, of the events topics */
	int64_t unpublished;                  /* in the log, not yet in the topic: no finding, it is on its way */
	int64_t anchored;                     /* heads of anchors looked for */
	int64_t folded, rows;                 /* events folded, rows of tables compared */
	int64_t sealed_old;                   /* texts that any column of their owner's would open (crypto/seal.h): no finding */
};

struct verify {
	bool is_wanted[PROMISES_COUNT + 1]; /* what is found of others is not said */
	struct bus_conf bus;
	struct db *db, *beside; /* two connections: what is read in step with the log has its own */
	struct coder *coder;
	struct arena statements; /* as long as the connection */
	struct arena arena;      /* of one row or record */
	struct db_params params;
	struct schemas modules;
	struct log_reader logs[SCHEMAS_MAX]; /* of the modules, in their order */
	const struct db_statement *select_heads[SCHEMAS_MAX];
	struct verify_head *heads; /* all of all modules, as they were in the beginning */
	size_t heads_count;
	struct anchor_file anchors;
	bool has_key; /* that seals: what is hidden can be compared */
	uint8_t key[32];
	bool no_old_seals; /* one in the old form is a finding */
	struct progress progress;
	bool json;
	struct tally tally;
};

/* Says what is wrong, and where: one line. Beyond the first hundred of a promise they are only counted. */
void finding(struct verify *verify, int promise, const char *where, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* The same at "debts part 3 seq 17": the place is only written where there is something to say. */
void finding_at(struct verify *verify, int promise, const struct verify_head *head, const char *what, int64_t number,
		const char *format, ...) __attribute__((format(printf, 6, 7)));

/* "debts part 3", for `where`. */
#define WHERE_SIZE 160
void where_part(char where[WHERE_SIZE], const struct verify_head *head);

/* Runs a statement whose rows are findings: where (text), what (text). */
MUST_CHECK int find_by_query(struct verify *verify, int promise, const struct db_statement *statement, struct err *err);

/* 0: it was looked at, findings or not. -1: it could not be. `module`: a number in verify->modules. */
MUST_CHECK int verify_module(struct verify *verify, size_t module, struct err *err);
MUST_CHECK int verify_commands(struct verify *verify, size_t module, struct err *err);
MUST_CHECK int verify_topic(struct verify *verify, size_t module, struct err *err);
MUST_CHECK int verify_owners(struct verify *verify, struct err *err);
MUST_CHECK int verify_creditors(struct verify *verify, struct err *err);
MUST_CHECK int verify_sums(struct verify *verify, struct err *err);

/* P1, of a module: no command has two answers. */
MUST_CHECK int verify_answers(struct verify *verify, size_t module, struct err *err);

/* The body of a line. */
struct decoded {
	const struct message_type *type; /* NULL: it cannot be decoded */
	const void *body;                /* stands until the next line */
	struct err why;
};

/*
 * The fold of a module's reports, made while its log is read (verify_module.c), in the same snapshot: begin takes the reports'
 * rows and how far their reader is; then each partition, each event of it; end compares.
 */
struct refold {
	bool is_on;             /* there are reports */
	struct db_result heads; /* of the reader */
	struct buf rows, fold;  /* deltas: as the tables are, as the log says */
	int64_t last_seq;       /* of the partition at hand, as far as the reader was */
	int64_t events;
};

MUST_CHECK int refold_begin(struct refold *refold, struct verify *verify, const char *module, struct err *err);
void refold_part(struct refold *refold, const char *module, int32_t part);
MUST_CHECK int refold_event(struct refold *refold, const struct logged_line *line, const struct message_type *type,
			    const void *body, struct err *err);
MUST_CHECK int refold_end(struct refold *refold, struct verify *verify, struct err *err);
void refold_release(struct refold *refold); /* accepts a zeroed one */

MUST_CHECK int verify_anchors(struct verify *verify, struct err *err);

/* How far a topic is, beside the most that an anchor says of it. */
void verify_anchored_topic(struct verify *verify, const struct verify_head *head, int64_t published);

/* `module` as in verify->modules. NULL: there is none. */
struct verify_head *verify_head_of(const struct verify *verify, const char *module, int32_t part);

/* Reads the heads of a module again, as they are now: where they stood. */
MUST_CHECK int verify_read_heads(struct verify *verify, size_t module, struct err *err);

/* Whether the database has this table ("debts.debt"): a module that is not there cannot be wrong. */
MUST_CHECK int table_exists(struct verify *verify, const char *table, bool *ret_exists, struct err *err);

#endif
