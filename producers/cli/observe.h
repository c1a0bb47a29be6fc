#ifndef CLI_OBSERVE_H
#define CLI_OBSERVE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "bus/bus.h"
#include "database.h"
#include "drift.h"
#include "schemas/words.h"

/*
 * The positions of every module and reader, from the database and the brokers together. The queries follow the order of the
 * work (commands on the brokers, heads, events on the brokers, readers). So "nothing left to do" in one observation means that
 * everything that existed at its start has been processed, however busy the system is meanwhile.
 */
struct part_status {
	const char *module; /* borrows from the observer */
	int32_t part;
	bool claimed; /* a worker has claimed it: there is a head */
	bool halted;
	int64_t quarantine; /* the limit of a batch after crashes of owners; 0: no quarantine */
	int64_t epoch, next_offset, log_seq;
	int64_t low, high;     /* of the command topic */
	int64_t lag;           /* commands not yet decided */
	int64_t published_seq; /* the last in the events topic */
	int64_t unpublished;
	int64_t events_high;
	int64_t parked_wait, parked_bug, parked_behind, dead, dead_unpublished;
	int64_t timers_due;    /* due and not fired; of those that the last Tick left at most 2 * 100,000 are counted */
	int64_t timers_late_s; /* from the first of them to the last Tick */
	int64_t timers_broken; /* they broke our code */
	bool reacts;           /* it follows other modules, and sends commands to them (worker/follow.h) */
	int64_t sent_seq;      /* the commands that its log sends up to here are known to be in their topics */
	int64_t unsent;        /* those behind that no module knows yet; at most 100,000 are counted */
	int64_t unsent_s;      /* age of the first of them */
	char owner[64], reason[200];
};

struct reader_status {
	const char *reader, *module;
	int32_t part;
	bool claimed, halted;
	int64_t epoch, next_offset, last_seq;
	int64_t lag; /* records of the events topic not yet read */
	char owner[64], reason[200];
};

/* A partition of a module that reacts, and a module that it follows: how far it has answered its events. */
struct followed_status {
	const char *module, *follows; /* borrow from the observer */
	int32_t part;
	int64_t next_offset, last_seq;
	int64_t lag;    /* events of the other module's log that are not answered yet */
	int64_t late_s; /* age of the first of them */
};

/* A program's sign of life (engine.program). A program that ended normally has none. */
struct program_status {
	char name[32], host[64];
	int32_t pid;
	int64_t up_s, silent_ms; /* since its start, since its last sign */
	bool has_skew;
	int64_t skew_ms; /* the broker's clock minus its host's */
};

#define PROGRAMS_MAX      1024
/* A sign comes every 5 s (worker/life.h): a program without one for so long hangs, or was killed. */
#define PROGRAM_SILENT_MS 30000
#define PROGRAM_SKEW_MS   10000 /* a host's clock with more skew is reported */

/* The number of attempts of a gateway with an outcome. */
struct outcome_count {
	char gateway[32], outcome[32];
	int64_t count;
};
#define OUTCOMES_MAX 64

struct observation {
	bool is_rehearsal;
	int64_t rehearsed_ms;           /* a rehearsal's time, the last Tick's; 0: none has come */
	enum collector collector;       /* for whom the debts are collected */
	char jurisdiction[3];           /* under which country's law; "": unknown */
	struct outcome_count *outcomes; /* only on request: it reads all attempts */
	size_t outcomes_count;
	struct drift drifts[DRIFT_PROMISES_MAX];
	size_t drifts_count;
	struct program_status *programs;
	size_t programs_count;
	struct part_status *parts;
	size_t parts_count;
	struct reader_status *readers;
	size_t readers_count;
	struct followed_status *followed;
	size_t followed_count;
	const char *silent_reader; /* a reader that has never read, although there are events; NULL: none */
};

struct observer {
	struct bus_conf bus;
	const char *pg, *pg_user;
	struct db *db;                 /* opened again when it was lost */
	struct bus_producer *producer; /* asks for partition counts */
	struct arena arena;            /* one observation, behind `mark` */
	size_t mark;
	struct schemas modules, readers;
	struct {
		struct bus_reader *commands, *events;
		int32_t parts;        /* of the commands; an administrator may have given them more than the events have */
		int32_t events_parts; /* of those, at most as many as the commands have */
		const struct db_statement *heads, *parked, *dead, *timers;
		const struct db_statement *ages;            /* of events, by partition and number */
		const struct db_statement *followed, *sent; /* NULL: it does not react */
		int64_t *events_high,
			*published_seq; /* by part, as seen last: the last record is read again only when it has changed */
	} topics[SCHEMAS_MAX];
	const struct db_statement *reader_heads[SCHEMAS_MAX];
};

/* `without` names a reader that is left out; "": none. */
MUST_CHECK int observer_open(struct observer *observer, const char *bootstrap, const char *pg, const char *pg_user,
			     const char *without, struct err *err);
void observer_close(struct observer *observer); /* accepts a zeroed one */

/* Borrows from the observer until the next call. */
MUST_CHECK int observe(struct observer *observer, struct observation *ret_observation, struct err *err);

/* Adds the outcomes of the gateways to an observation; none without a notifier. */
MUST_CHECK int observe_outcomes(struct observer *observer, struct observation *observation, struct err *err);

/*
 * Everything read is decided, published and read again; nothing waits for another module. A command parked as a bug does not
 * count: it waits for an operator.
 */
bool observation_is_idle(const struct observation *observation);
int64_t observation_halted(const struct observation *observation);

/* NULL: there is none. `module` borrows from the observer. */
struct part_status *observation_part(const struct observation *observation, const char *module, int32_t part);

/* The sum of all logs: of two idle observations with the same one, nothing happened between them. */
int64_t observation_events(const struct observation *observation);

/* Modules that react (observe_reactions.c): their statements; and, once the heads of all modules were read, their positions. */
MUST_CHECK int observe_reactions_open(struct observer *observer, struct err *err);
MUST_CHECK int observe_reactions(struct observer *observer, struct observation *observation, struct err *err);

/* The newest sign of life of a module's or reader's programs; NULL: none runs. */
const struct program_status *observation_program(const struct observation *observation, const char *name);
bool program_is_alive(const struct program_status *program); /* accepts NULL */

/* Modules and readers that have partitions and no program alive, and programs that are silent. */
int64_t observation_silent(const struct observation *observation);

#endif
