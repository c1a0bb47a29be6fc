#ifndef CLI_LOG_WALK_H
#define CLI_LOG_WALK_H

#include "idmap.h"
#include "verify.h"

/*
 * A module's log on its way through the checks of P1, P2 and P4, line by line in the order of partitions and numbers:
 *
 *   init; for each partition: part, line ..., part_end; release
 */
struct log_walk {
	struct verify *verify;
	const struct verify_head *head;
	uint8_t hash[SHA256_SIZE]; /* of the row before */
	int64_t seq;
	struct uuid command_id; /* the command of the current events */
	uint64_t ordinal;
	struct idmap versions; /* aggregate -> version */
	struct idmap kept;     /* kept command -> enum approval_state: of the whole module */
	int64_t kept_count;
	struct uuid ended_id; /* the row before ended the wait of this kept command: its outcome is next */
};

void log_walk_init(struct log_walk *walk, struct verify *verify);
void log_walk_release(struct log_walk *walk);

void log_walk_part(struct log_walk *walk, const struct verify_head *head);
MUST_CHECK int log_walk_line(struct log_walk *walk, const struct logged_line *line, const struct decoded *decoded,
			     struct err *err);
void log_walk_part_end(struct log_walk *walk);

/* Kept commands (verify_approvals.c): of each line; and after all of them, the table against the log. */
MUST_CHECK int approvals_line(struct log_walk *walk, const struct logged_line *line, const struct decoded *decoded,
			      struct err *err);
MUST_CHECK int approvals_table(struct log_walk *walk, size_t module, struct err *err);

#endif
