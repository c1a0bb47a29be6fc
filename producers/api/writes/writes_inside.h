#ifndef API_WRITES_WRITES_INSIDE_H
#define API_WRITES_WRITES_INSIDE_H

#include "crypto/crypto.h"
#include "producers/api/reads/questions.h"
#include "producers/api/writes/await.h"
#include "producers/api/writes/intake.h"
#include "producers/api/writes/writes.h"
#include "schemas/engine.h"

#define MODULE_NAME_MAX 32

/* Shared by writes.c (the stages of a request) and write_answer.c (its answers). */

/*
 * The stage of a request. write_move changes it, forward only; an answer may end it at any stage (its call is NULL then).
 *
 *   TAKEN ──────────────> LOOKED_FOR ───────> UNHEARD ──────────────> SENT ─────────> ACKNOWLEDGED
 *   find the owner        look up the id      look up named entities  wait for Kafka  wait for the outcome
 *
 * A fresh id skips LOOKED_FOR: it cannot have been used.
 */
enum write_stage {
	WRITE_TAKEN,
	WRITE_LOOKED_FOR,   /* its module's log is queried for the id */
	WRITE_UNHEARD,      /* the id is unknown, or its command was refused: it may be sent */
	WRITE_SENT,         /* handed to Kafka */
	WRITE_ACKNOWLEDGED, /* by Kafka */
};

/* A request in flight. Its slot is free after the answer and the last outstanding callback. */
struct write {
	struct await await; /* first: a pointer to it is the pointer to this struct */
	enum write_stage stage;
	struct writes *writes;
	struct call *call; /* NULL: answered */
	struct write *next, *before;
	const struct message_type *type;
	char module[MODULE_NAME_MAX]; /* of an engine's command: where the command that it names was kept; empty: not known yet */
	bool is_by_schema;            /* of POST /commands: the route's row does not describe the command */
	bool has_id, has_path_id, has_owner_id,
		has_thing_id; /* whether the ids below are set; all values of an id are possible */
	struct uuid id;       /* of the command */
	struct uuid key;      /* of the record */
	struct uuid issuer;   /* principal_id of the caller */
	struct uuid thing_id;
	struct uuid path_id, owner_id;
	int64_t expected_version; /* 0: none */
	struct prefer prefer;
	uint8_t digest[DIGEST_SIZE];                      /* of the framed command; not of a fresh one */
	bool is_fresh;                                    /* the id is new for certain */
	struct command_end end_before;                    /* the last refusal or dead letter before it was sent */
	struct buf kept;                                  /* the framed command, while queries are in flight */
	size_t named_left;                                /* outstanding answers */
	size_t named_missing;                             /* number of the first missing entity, from 1; 0: none */
	char named_texts[3][QUESTION_CHARACTERS_MAX + 1]; /* the texts of a template, until they are sent */
	unsigned callbacks;                               /* outstanding */
	int64_t at_ms;                                    /* the time of the request */
};

struct writes {
	struct writes_conf conf;
	struct await_conf awaits;
	struct arena arena; /* for one command at a time */
	struct buf value;   /* the same, framed */
	struct buf text;    /* an answer, or a body made from the query */
	struct json_faults faults;
	struct accepted accepted;
	struct write *active; /* in flight, the newest first */
	struct write *free_writes;
	size_t used;    /* slots */
	size_t waiting; /* sent, without an answer yet */
	int64_t swept_ms;
	struct write slots[WRITES_MAX];
};

const char *write_pointer(const struct write *write);     /* the prefix of faults' pointers: "/data" or "" */
const struct route *write_row(const struct write *write); /* NULL: of POST /commands */

/* ---- answers: each ends the write ---- */

void write_refuse_faults(struct write *write);
void write_refuse(struct write *write, int status, const char *code, const char *detail);
void write_refuse_early(struct write *write, const struct command_rejected *rejected); /* as its worker would; nothing was sent */
void write_refuse_away(struct write *write, const char *detail); /* 503; with the command's id if it may have arrived */
void write_answer_accepted(struct write *write);
void write_answer_running(struct write *write, struct str reason);         /* 202, too: the command waits for `reason` */
void write_answer_event(struct write *write, struct str event);            /* framed */
void write_refuse_missing(struct write *write, const struct named *named); /* it does not exist */
void write_refuse_dead(struct write *write, const struct command_state *state);

/* ---- writes.c ---- */

struct call *write_take_call(struct write *write); /* for answering: detaches the call from the write */
void write_end(struct write *write);               /* after the answer */

#endif
