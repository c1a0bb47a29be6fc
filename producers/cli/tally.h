#ifndef CLI_TALLY_H
#define CLI_TALLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"
#include "base/uuid.h"

/*
 * The outcomes of the rows that are sent. A row has one command or a few; each of them ends with an outcome, and the row when
 * all of its commands have. Its outcome is the first bad one, otherwise the best. A bad one is reported at once, with the row's
 * text and the reason; the others are only counted. No broker and no database here: `answers` reports the answers.
 *
 * Memory is fixed: the window of commands under way, and TALLY_TEXT_SIZE for their rows' texts, which is reused from the front
 * whenever no row is under way.
 */
#define TALLY_WINDOW    100000
#define TALLY_TEXT_SIZE ((size_t)32 << 20)
#define TALLY_CODES_MAX 48

enum outcome {
	OUTCOME_SENT,    /* the brokers have it; the outcome is not waited for */
	OUTCOME_ALREADY, /* it was accepted before: a repetition, nothing happened */
	OUTCOME_ACCEPTED,
	OUTCOME_KEPT,       /* for a second person; the rest is bad */
	OUTCOME_WAITING,    /* parked by the module: it names a missing entity, or is queued behind such a command */
	OUTCOME_UNANSWERED, /* the brokers have it, and no answer came */
	OUTCOME_NOT_SENT,   /* the brokers did not accept it */
	OUTCOME_DEAD,       /* a dead letter */
	OUTCOME_REFUSED,
	OUTCOME_COUNT,
};

const char *outcome_text(enum outcome outcome); /* "already there" */
static inline bool outcome_is_bad(enum outcome outcome)
{
	return outcome > OUTCOME_KEPT;
}

/* Borrows. */
struct reason {
	struct str code, field, text;
};

struct told {
	int64_t line;
	struct str text;       /* the row, as it was given to tally_begin */
	const struct uuid *id; /* of the command; NULL: there was none */
	enum outcome outcome;
	const struct reason *reason;
};

/* Must not call the tally. Borrows until it returns. */
typedef void tally_tell(void *tell_arg, const struct told *told);

struct tally;

/* A command under way. */
struct command_sent {
	struct tally *tally;
	struct uuid id;
	int32_t part; /* -1: the brokers have not acknowledged it */
	int64_t offset;
	bool is_waiting; /* parked, at the last query */

	/* The tally's own. */
	bool is_ended, is_acknowledged;
	uint32_t row;
	struct command_sent *next_in_bucket; /* or the next free one */
	struct command_sent **in_bucket;     /* the pointer to it there */
	struct command_sent *older, *newer;  /* of those that have not ended */
};

struct tally_counts {
	int64_t rows[OUTCOME_COUNT]; /* that have ended */
	int64_t moved;               /* acknowledgements and ends so far: if it does not change, nothing moves */
	size_t under_way;            /* commands that have not ended */
	struct {
		char code[41];
		int64_t rows;
	} codes[TALLY_CODES_MAX]; /* of the refused rows; the last one: all others */
	size_t codes_count;
};

/* window: the number of commands that may be under way. */
MUST_CHECK int tally_new(size_t window, tally_tell *tell, void *tell_arg, struct tally **ret_tally, struct err *err);
void tally_free(struct tally *tally); /* accepts NULL */
const struct tally_counts *tally_counts(const struct tally *tally);

/* A row that is refused here, before any of it was sent. */
void tally_refuse(struct tally *tally, int64_t line, struct str text, const struct reason *reason);

/* Whether there is room for a row with this many commands and this text now; with nothing under way there is. */
bool tally_has_room(const struct tally *tally, size_t commands, size_t text_size);

/* Begins a row of `commands` commands: tally_add for each. Copies the text. There must be room. */
uint32_t tally_begin(struct tally *tally, int64_t line, struct str text, size_t commands);
struct command_sent *tally_add(struct tally *tally, uint32_t row, const struct uuid *id);

/* The brokers' answer, once for each command: it is stored; or it is not, and has ended. */
void tally_acknowledged(struct command_sent *sent, int32_t part, int64_t offset);
void tally_not_sent(struct command_sent *sent, const struct reason *reason);

/* It has ended. May come before the acknowledgement. `sent` must not be used any more. */
void tally_end(struct command_sent *sent, enum outcome outcome, const struct reason *reason);

/* The oldest command under way with this id; NULL: none. */
struct command_sent *tally_find(const struct tally *tally, const struct uuid *id);

/* The command with this id at this offset, or one that may be there: not acknowledged yet. NULL: none. */
struct command_sent *tally_find_at(const struct tally *tally, const struct uuid *id, int32_t part, int64_t offset);

/* The commands that have not ended, the oldest first. */
struct command_sent *tally_oldest(const struct tally *tally);

/* Ends all acknowledged commands: they are not waited for any longer. */
void tally_give_up(struct tally *tally);

/* The same for all commands, when nothing more is sent and no acknowledgement can come: their fate is unknown. */
void tally_abandon(struct tally *tally);

/* "12 accepted, 3 already there, 1 refused (1 bad_amount), 2 unanswered". `text` has room for TALLY_SUMMARY_SIZE. */
#define TALLY_SUMMARY_SIZE 4096
void tally_summary(const struct tally *tally, char *text, size_t text_size);
bool tally_is_good(const struct tally *tally); /* no row has a bad outcome */

#endif
