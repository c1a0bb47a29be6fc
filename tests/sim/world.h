#ifndef SIM_WORLD_H
#define SIM_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "consumers/modules.h"
#include "consumers/reporting/reporting.h"
#include "schemas/engine.h"
#include "tests/sim/dice.h"
#include "tests/sim/post.h"
#include "wire/coder.h"
#include "worker/edge.h"
#include "worker/engine.h"
#include "worker/reader.h"

/*
 * A small world in memory: a Kafka, a PostgreSQL, and programs in it that fail. The engines, readers, modules and coder are the
 * real ones; only the two edges are made here. Every call over an edge may fail for a while, die before or after it took effect,
 * come late or twice, by the dice of the run's seed.
 *
 * What holds of the real parts holds here: a topic's partition only grows; a producer delivers a prefix of what it was given,
 * perhaps after its program is dead; a transaction is all or nothing; a row that is locked makes others wait (here: fail with
 * ERR_RETRY).
 */
#define SIM_PARTS   3
#define SIM_WORKERS 2 /* programs per module; their partitions may overlap for a while, as after a frozen process wakes */
#define SIM_READERS 2 /* the same, of the reports */

#define SIM_RULES_MAX 40

#define SIM_DEAD_MAX_MS 100000 /* dead letters are kept so long */

#define ROW(name, NAME) SIM_##NAME,
enum { COMMAND_MODULES(ROW) SIM_MODULES };
#undef ROW

/* Sets of modules: those that read each other's views, and all. */
#define SIM_CORE     (1u << SIM_CUSTOMERS | 1u << SIM_DEBTS | 1u << SIM_COMMUNICATIONS)
#define SIM_TIMERS   (1u << SIM_REPORTS) /* the module that has timers (alarms.h) */
#define SIM_SECOND   (1u << SIM_USERS)   /* the module that keeps commands (approvals.h) */
#define SIM_ALL      ((1u << SIM_MODULES) - 1)
/* The module reports follows customers and debts, and sends commands (reactions.h). */
#define SIM_FOLLOWS  (1u << SIM_MODULES)
#define SIM_REACTS   (1u << SIM_CUSTOMERS | 1u << SIM_DEBTS | 1u << SIM_REPORTS | SIM_FOLLOWS)
/* Policies of dunning are in force, and days pass (dunning.h). */
#define SIM_POLICIES (1u << (SIM_MODULES + 1))
#define SIM_DUNS     (SIM_CORE | 1u << SIM_DUNNING | SIM_POLICIES)
/* Its policies have steps for events, too: when they come depends on which of two modules is read first. */
#define SIM_EVENTS   (1u << (SIM_MODULES + 2))

/* ---- Kafka ---- */

struct sim_record {
	int64_t offset;
	int64_t at_ms;
	int64_t log_seq;       /* of a command that a module has sent: of its row */
	bool is_marker;        /* of a transaction: takes an offset, is given to nobody */
	struct str key, value; /* owned */
	struct header headers[HEADERS_MAX];
	size_t headers_count;
};

struct sim_log { /* a partition of a topic */
	struct sim_record **records;
	size_t count, capacity;
	int64_t low; /* what is below was deleted */
};

/* ---- PostgreSQL ---- */

struct sim_session;

struct sim_row { /* of event_log, with copies of all it borrows */
	struct log_row row;
	uint8_t digest[DIGEST_SIZE];
	bool is_applied; /* the first event of what the command did: its id is closed */
};

struct sim_rows {
	struct sim_row *rows;
	size_t count, capacity;
};

struct sim_parked {
	struct parked parked; /* texts owned */
	struct scope scope;
	bool is_gone;
};

struct sim_dead {
	int32_t part;
	int64_t offset;
	const char *code;
	int64_t at_ms;
	struct str key, value, headers; /* owned */
	bool published, is_forgotten;
};

struct sim_blob { /* a state */
	const struct entity *entity;
	struct uuid id;
	void *state;
};

struct sim_timer {
	struct timer_row row;
	bool is_tried, is_broken, is_gone, was_kept; /* was_kept: tried at least once and left */
	int64_t tried_at;
};

struct sim_kept {                 /* for a second person */
	struct kept_command kept; /* texts owned */
	struct scope scope;
};

struct sim_fired { /* a timer that fired, in the order of its partition's log */
	struct timer_row row;
	int64_t at_offset, log_seq; /* log_seq: of the log before its transaction */
};

struct sim_database {
	struct head heads[SIM_PARTS];
	char halt_reasons[SIM_PARTS][240]; /* of the last halt */
	bool has_head[SIM_PARTS];
	int32_t parts;                            /* that the module was begun with; 0: not yet */
	struct sim_session *locked_by[SIM_PARTS]; /* the session in whose transaction the head is locked */
	struct sim_rows log[SIM_PARTS];
	struct sim_parked *parked;
	size_t parked_count, parked_capacity;
	struct sim_dead *dead;
	size_t dead_count, dead_capacity;
	struct sim_timer *timers;
	size_t timers_count, timers_capacity;
	struct sim_fired *fired;
	size_t fired_count, fired_capacity;
	struct sim_kept *kept;
	size_t kept_count, kept_capacity;
	struct sim_blob *blobs;
	size_t blobs_count, blobs_capacity;
};

/* ---- programs ---- */

struct sim_world;

/* What a transaction will change, kept until its COMMIT. */
struct sim_stage {
	bool is_open, is_sent, is_applied;
	int32_t locked[SIM_PARTS];
	size_t locked_count;
	struct sim_row *log;
	size_t log_count;
	struct sim_parked *park;
	size_t park_count;
	struct parked *unpark;
	size_t unpark_count;
	struct sim_parked *repark;
	size_t repark_count;
	struct sim_dead *dead;
	size_t dead_count;
	struct sim_blob *blobs;
	size_t blobs_count;
	struct sim_letter *letters;
	size_t letters_count;
	struct timer_write *timers;
	size_t timers_count;
	struct sim_kept *keep;
	size_t keep_count;
	struct kept_end *ends;
	size_t ends_count;
	struct head heads[SIM_PARTS];
	size_t heads_count;
};

struct sim_outgoing { /* published, not delivered */
	struct sim_record *records[512];
	size_t count;
};

/* One life of a program and its connections. */
struct sim_session {
	struct sim_world *world;
	size_t module;
	bool is_reader;
	int32_t spread; /* partitions of keys; 0: not told */
	bool is_dead;   /* an edge call died: the program is gone */

	/* the consumer */
	int32_t parts[SIM_PARTS];
	size_t parts_count;
	int64_t position[1 + FOLLOWS_MAX][SIM_PARTS]; /* by source; -1: not read */
	int64_t placed[1 + FOLLOWS_MAX][SIM_PARTS];   /* of followed topics: from the next start on */
	int group;                                    /* what the group has to say: 0 nothing, 1 revoked, 2 assigned */
	bool wants[SIM_PARTS];                        /* what it will be assigned */

	/* the producer */
	struct sim_outgoing outgoing[SIM_PARTS];
	bool has_failed[SIM_PARTS];
	int32_t dead_parts[64];
	int64_t dead_offsets[64];
	size_t dead_acked;

	/* the producer of commands to other modules */
	struct sim_outgoing sends[SIM_MODULES][SIM_PARTS];
	bool has_send_failed[SIM_PARTS];
	int64_t failed_send[SIM_PARTS]; /* the oldest that was not acknowledged then */

	struct sim_stage stage;
};

struct sim_worker { /* a program that is started again when it dies */
	struct sim_session *session;
	struct engine *engine;       /* of a command module */
	struct event_reader *reader; /* of reporting */
	int64_t clock_off_ms;        /* of its host, whatever lives on it */
	bool is_frozen;
};

/* A replay (test_reactions.c): what the rows of a partition's log say about the order between its topics. */
struct sim_step {
	int32_t source;
	int64_t offset;        /* of the event in its topic */
	int64_t before_offset; /* of the commands */
};
struct sim_order {
	struct sim_step *steps[SIM_PARTS];
	size_t count[SIM_PARTS];
};

/* What a story makes fail (test_cases.c); nothing of it in seeded runs. */
struct sim_script {
	const char *(*refuses)(const struct changes *changes); /* by write: why; "unique" is a conflict */
	bool (*breaks_load)(const struct slot *slot);
	bool is_leaderless[SIM_PARTS];                /* of all command topics */
	int32_t topic_parts;                          /* the broker tells this number; 0: the true one */
	int halts_fail;                               /* so many times */
	bool (*kills)(const struct command *command); /* by its rule */
	bool (*kills_gate)(struct str token);         /* before it is a command */
	const char *gateway_says;                     /* of every message: an outcome */
	bool stops_notifiers;
	bool is_slow;          /* the gateway answers nothing for now: what is claimed is on its way */
	bool spares_notifiers; /* they and their connections do not fail */
	bool spares_data;      /* the database takes all that is well formed */
};

/* A withdrawal and a claim want one message, which was released in a transaction of its own before. */
struct sim_races {
	int64_t withdrawals_first; /* it was cancelled, and a notifier asked for it after that */
	int64_t claims_first;      /* a claim was granted, and what came of it was not known yet */
	int64_t stops;             /* withdrawals by a message from the person */
	int64_t answers;           /* to messages from persons, as the gateway has accepted them */
	int64_t other_times;       /* of messages that were released or tried, and wait again */
};

/* How large things are in this world: small ones meet their limits often. */
struct sim_sizes {
	size_t batch_items_max;
	size_t arena_size;
	int64_t parked_max;
	size_t timers_max;
	size_t commands_per_round;
	size_t cache_size;
};

struct sim_world {
	struct dice dice;
	struct dice clocks; /* of the hosts: a chance of its own, so that it moves nothing else */
	struct sim_sizes sizes;
	int64_t now_ms;
	int64_t cached_seen;   /* states that engines had in memory */
	bool is_calm;          /* no more faults: the world heals */
	bool has_hours;        /* the guard defers what it allows to fit hours */
	bool has_policies;     /* of dunning, in force */
	bool has_events;       /* they have steps for events */
	int64_t date_ahead_ms; /* of the clock: in a place far in the east business dates are ahead of the broker's day */
	uint64_t retry_rate;   /* per mille of edge calls */
	uint64_t death_rate;   /* per mille of edge calls */
	uint64_t quiet_rate;   /* per mille of polls that find nothing */
	uint64_t notify_rate;  /* per mille of steps that are a notifier's */
	uint8_t deadly_of_256; /* commands whose rule ends the program, until somebody mends it */
	const struct module *modules[SIM_MODULES];
	size_t present[SIM_MODULES]; /* the modules of this world: no other has programs and commands */
	size_t present_count;
	struct sim_log commands[SIM_MODULES][SIM_PARTS];
	struct sim_log events[SIM_MODULES][SIM_PARTS];
	struct sim_log dead_letters;
	struct sim_database databases[SIM_MODULES];
	struct reader_head reader_heads[SIM_MODULES][SIM_PARTS];
	bool has_reader_head[SIM_MODULES][SIM_PARTS];
	struct buf aggregates; /* struct delta, merged: the reporting tables */
	struct sim_worker workers[SIM_MODULES][SIM_WORKERS];
	struct sim_worker readers[SIM_MODULES][SIM_READERS];
	struct sim_outgoing ghosts[SIM_MODULES][SIM_PARTS][8];      /* of dead programs: may still arrive */
	struct sim_outgoing send_ghosts[SIM_MODULES][SIM_PARTS][8]; /* the same of commands, by their target */
	uint64_t
		follow_rate; /* per mille of the records that a module which follows reads: of followed topics, if there are any */
	struct sim_order *order; /* the order in which topics are read; NULL: by chance */
	struct sim_post post;
	uint64_t notices;                                             /* sent so far, of worlds with races */
	size_t inbox_positions[SIM_PARTS];                            /* of the notifiers: records read */
	struct sim_races races;                                       /* as the auditor has counted them */
	int64_t deaths, deadly_deaths, retries, rebalances, attempts; /* attempts: written down in quarantine */
	struct sim_script script;
};

/* ---- making and running it ---- */

/* Which modules the world of a seed has: the core, and each other one in a quarter of the worlds; or only the one with timers,
 * or only the one that keeps commands. */
unsigned world_modules(uint64_t seed);
void world_init(struct sim_world *world, uint64_t seed, unsigned modules);
void world_release(struct sim_world *world);
void world_restart(struct sim_world *world); /* every program of a module, with the sizes that the world has now */
bool world_has(const struct sim_world *world, size_t module);
size_t world_some_module(struct sim_world *world); /* one of those that it has */

/* One random program takes a turn; a dead one is started again; sometimes the group moves partitions, or a program freezes or
 * wakes. */
void world_step(struct sim_world *world);
bool world_leaves_timers(const struct sim_world *world); /* the last Tick of a partition has not fired all that are due */
bool world_is_idle(const struct sim_world *world);
void world_rebalance(struct sim_world *world, size_t module);
/* A person has looked at everything, or at what ends every program. */
void world_unhalt(struct sim_world *world, bool only_deadly);
void world_release_bugs(struct sim_world *world); /* after they are mended */

int64_t world_clock(void); /* now_ms of the world that runs: what the engines' back-off asks */
int64_t world_clock_off(struct sim_world *world);

void world_append_marker(struct sim_world *world, struct sim_log *log);

/* The offset behind the last record that anybody is given. */
int64_t world_end_of(const struct sim_log *log);

void world_empty(struct sim_log *log); /* the topic is made anew */

/* Copies everything. */
void world_append(struct sim_world *world, struct sim_log *log, struct str key, struct str value, const struct header *headers,
		  size_t headers_count);

int32_t world_part_of(const struct uuid *key); /* all that is about one person is in one partition */

/* ---- the edges (world_broker.c, world_database.c) ---- */

size_t sim_module_named(const struct sim_world *world, const char *name);
struct sim_session *session_new(struct sim_world *world, size_t module, bool is_reader);
void session_free(struct sim_session *session); /* an open transaction is rolled back; what is not delivered may come late */
struct broker session_broker(struct sim_session *session);
struct database session_database(struct sim_session *session);
struct reader_database session_reader_database(struct sim_session *session);
void stage_free(struct sim_session *session);
/* Whether this call fails: 0 no, otherwise *err is set and -1. */
int session_fault(struct sim_session *session, struct err *err);

struct str sim_copy(struct str text); /* malloc; data NULL stays NULL */
void *sim_grow(void *items, size_t count, size_t *capacity, size_t size);

/* Transactions of the module whose COMMIT is on its way are waited for. */
void database_settle(struct sim_world *world, size_t module);

/* ---- timers (world_timers.c) ---- */

void timers_apply(struct sim_database *database, const struct sim_stage *stage);
void timers_fill(struct database *database);
void timers_release_bugs(struct sim_database *database);

/* ---- kept commands (world_kept.c) ---- */

void kept_stage(struct sim_stage *stage, const struct changes *changes);
void kept_apply(struct sim_database *database, struct sim_stage *stage);
void kept_stage_free(struct sim_stage *stage);
void kept_release(struct sim_database *database);
void kept_fill(struct database *database);

void broker_release(struct sim_world *world);
void database_release(struct sim_world *world);

/* What dead programs left on the way reaches the broker, in part, or is lost. */
void ghosts_arrive(struct sim_world *world);

/* ---- states, and what a module's view shows the others (world_states.c) ---- */

/* A command that waited until its person was erased (lib/worker/admit.h). */
static inline bool is_of_forgotten(const struct command_rejected *body)
{
	return str_is(body->text, PERSON_ERASED_TEXT);
}

const struct sim_blob *blob_find(const struct sim_world *world, size_t module, const char *entity, const struct uuid *id);
bool state_is_row(const struct sim_blob *blob);
void state_load(struct sim_session *session, struct slot *slot);

struct sim_person { /* customers.public_person */
	bool is_known, is_active, is_erased;
};
struct sim_person view_person(const struct sim_world *world, const struct uuid *customer_id);

/* A usable one of customers.public_contact_point; none: there is none. */
struct uuid view_contact_point(const struct sim_world *world, const struct uuid *customer_id, struct str channel);
bool view_is_usable(const struct sim_world *world, const struct uuid *contact_point_id);

struct sim_owed { /* debts.public_debt */
	bool is_known, is_closed;
	struct uuid customer_id, creditor_id;
	int64_t balance_minor;
	int64_t credits_minor; /* communications.credits_of its group */
	int32_t due_on;
};
struct sim_owed view_debt(const struct sim_world *world, const struct uuid *debt_id);

/* ---- world_rules.c ---- */

/* What a module sends has its name as the token, and as the subject. */
bool world_is_module(struct str name);
const struct module *world_module(size_t number, bool follows); /* follows: as in a world of SIM_FOLLOWS */

bool sim_hour_is_fit(int64_t at_ms);
void world_set_hours(struct sim_world *world, bool has_hours);
void world_act(struct sim_session *session); /* whose rules run now */

/* ---- workload.c, auditor.c ---- */

void workload_begin(struct sim_world *world); /* most of whom and what later commands name */
void workload_publish(struct sim_world *world, size_t count);
void workload_find_out(struct sim_world *world); /* what became of messages of which nobody knows */
/*
 * Customers are written to on both channels (or `are_stops`: one says no, by a message or otherwise), so that as many withdrawals
 * as possible meet claims.
 */
void workload_race(struct sim_world *world, bool are_stops);
void workload_tick(struct sim_world *world); /* to every partition; in a rough world sometimes a false one to one of them */
/* To one partition. The token: "all", or "but the clock". */
void workload_send_tick(struct sim_world *world, size_t module, int32_t part, int32_t business_date, const char *token);
#define FALSE_DATE 24000 /* the business date of a false one: 2035, signed by who may not or by a clock that is wrong */

/* A command that is good, to the partition of its key. */
void workload_send_signed(struct sim_world *world, size_t module, const struct message_type *type, const void *body,
			  const struct uuid *id, const char *token);

/* What is wrong, as text; NULL: nothing. */
const char *audit(struct sim_world *world);

#endif
