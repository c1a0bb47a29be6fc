#ifndef API_WRITES_WRITES_INSIDE_H
#define API_WRITES_WRITES_INSIDE_H

#include "crypto/crypto.h"
#include "producers/api/reads/questions.h"
#include "producers/api/writes/await.h"
#include "producers/api/writes/intake.h"
#include "producers/api/writes/writes.h"
#include "schemas/engine.h"

/* What writes.c (the way of a request) and writes_answer.c (what is said of it) share. */

/*
 * Where a request stands. write_move changes it, forward only; an answer may end it anywhere (its call is NULL then).
 *
 *   TAKEN ──────────────> LOOKED_FOR ───────> UNHEARD ──────────────> SENT ─────────> ACKNOWLEDGED
 *   whose is it?          is the id known?    is what it names there?  does Kafka have it?  what came of it?
 *
 * A fresh id goes from TAKEN to UNHEARD: nobody can have used it.
 */
enum write_stage {
	WRITE_TAKEN,
	WRITE_LOOKED_FOR,   /* its log is asked for the id */
	WRITE_UNHEARD,      /* nobody has heard of the id, or it was refused: it may be sent */
	WRITE_SENT,         /* handed to Kafka */
	WRITE_ACKNOWLEDGED, /* by Kafka */
};

/* One request under way. Its slot is free again when it was answered and nobody will call back. */
struct write {
	struct await await; /* first: what it finds leads here */
	enum write_stage stage;
	struct writes *writes;
	struct call *call; /* NULL: it was answered */
	struct write *next, *before;
	const struct message_type *type;
	bool is_by_schema; /* of POST /commands: the row says nothing of the command */
	bool has_id, has_path_id, has_owner_id,
		has_thing_id; /* what is not there yet, or never; an id tells nothing by its value */
	struct uuid id;       /* of the command */
	struct uuid key;      /* of the record */
	struct uuid issuer;   /* principal_id of the caller */
	struct uuid thing_id;
	struct uuid path_id, owner_id;
	int64_t expected_version; /* 0: none */
	struct prefer prefer;
	uint8_t digest[DIGEST_SIZE];                      /* of the framed command; not of a fresh one */
	bool is_fresh;                                    /* nobody else can have the id */
	struct command_end end_before;                    /* what it came to before it was sent */
	struct buf kept;                                  /* the command, framed, while something is asked */
	size_t named_left;                                /* answers that will come */
	size_t named_missing;                             /* the first that is not there, + 1; 0: none */
	char named_texts[3][QUESTION_CHARACTERS_MAX + 1]; /* of a template, until they are asked */
	unsigned callbacks;                               /* that will come */
	int64_t at_ms;                                    /* when it was taken, by the clock */
};

struct writes {
	struct writes_conf conf;
	struct await_conf awaits;
	struct arena arena; /* one command at a time */
	struct buf value;   /* the same, framed */
	struct buf text;    /* an answer, a body made of a query */
	struct json_faults faults;
	struct accepted accepted;
	struct write *active; /* the newest first */
	struct write *free_writes;
	size_t used;    /* slots */
	size_t waiting; /* sent, without an answer yet */
	int64_t swept_ms;
	struct write slots[WRITES_MAX];
};

const char *write_pointer(const struct write *write);     /* before the pointers of faults: "/data" or "" */
const struct route *write_row(const struct write *write); /* NULL: by the schema alone */

/* ---- answers: each ends the write ---- */

void write_refuse_faults(struct write *write);
void write_refuse(struct write *write, int status, const char *code, const char *detail);
void write_refuse_early(struct write *write, const struct command_rejected *rejected); /* as its worker would; nothing was sent */
void write_refuse_away(struct write *write, const char *detail); /* 503; names the command if it may have arrived */
void write_answer_accepted(struct write *write);
void write_answer_running(struct write *write, struct str reason);         /* 202 too: it waits for something */
void write_answer_event(struct write *write, struct str event);            /* framed */
void write_refuse_missing(struct write *write, const struct named *named); /* not there */
void write_refuse_dead(struct write *write, const struct command_state *state);

/* ---- writes.c ---- */

struct call *write_take_call(struct write *write); /* the call is about to be answered: the write has it no more */
void write_end(struct write *write);               /* after the answer */

#endif
