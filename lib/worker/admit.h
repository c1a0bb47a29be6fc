#ifndef WORKER_ADMIT_H
#define WORKER_ADMIT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "bus/bus.h"
#include "model/module.h"
#include "token/token.h"
#include "wire/coder.h"
#include "worker/edge.h"

/*
 * The gate between a record and a rule (design.md 4 step 3): size, frame, schema, bounded decode, headers, key, partition, token,
 * role. What passes is a command (or a Tick); what does not is a dead letter with a code (schemas/README.md). Nothing here
 * answers "no" in the name of the business: a record that nobody may have sent must not use up the command id of one that
 * somebody did.
 */
enum item_kind {
	ITEM_COMMAND,
	ITEM_TICK,
	ITEM_DEAD,
	ITEM_VOID, /* a Tick that says nothing, as one before it did not: counted, not kept */
};

/* A record on its way through a batch. */
struct item {
	enum item_kind kind;
	int32_t part;
	int64_t offset;
	struct bus_record record; /* holds the bytes until the batch is done; empty for a command that was parked */
	struct str value;
	size_t size;                 /* what the record holds in memory: key, value, headers */
	uint8_t digest[DIGEST_SIZE]; /* of the value: "same id, other content", and the resume proof */

	struct command command;  /* ITEM_COMMAND, ITEM_TICK */
	const struct rule *rule; /* NULL: a parked one that cannot be read; is_broken */
	const char *nil_field; /* that holds the id of zeros (message_nil_field): refused, and no rule sees it; NULL: none does */
	const char *text_fault; /* a text of the command is no normal form (message_normalise): it is refused, not decided; NULL:
				   none */
	const char *text_field; /* which; a literal */
	int64_t expires_ms;     /* 0: none */
	struct str traceparent;

	bool was_parked;  /* read from `parked` during a Tick */
	bool is_released; /* parked for a bug and let go by hand */
	bool is_broken;   /* alone in its batch it failed on data, or ended programs: it is our bug, park it */
	bool is_unread;   /* a parked one that is broken: not decoded */
	enum parked_kind parked_kind;
	struct str parked_reason, holds; /* of one that was parked: what stands in the table */
	int64_t since_ms;                /* broker time of the record, also of one that was parked since */

	const char *dead_code; /* ITEM_DEAD */
	struct str dead_reason;
	struct str dead_headers;                 /* packed */
	struct uuid dead_command_id, dead_about; /* dead_letter.h */
};

struct admission {
	const struct module *module;
	struct coder *coder;
	int (*verify)(void *verify_self, struct str token, struct token_claims *ret_claims, struct err *err);
	void *verify_self;
	size_t value_size_max; /* of a value, and of all headers of a record */
};

/* What admit may take of the arena for a value of this size. */
size_t admit_room(const struct admission *admission, size_t value_size);

/*
 * Judges one record. Everything decoded goes to the arena; the record's bytes are borrowed. ERR_POISON: the arena is full, the
 * batch is closed before this record. ERR_RETRY, ERR_FATAL: something failed that says nothing about the record.
 */
MUST_CHECK int admit(const struct admission *admission, const struct broker *broker, const struct bus_record *record,
		     struct arena *arena, struct item *ret_item, struct err *err);

/* The same for a row of `parked`: it was authorised when it came, only the body is decoded again. One that cannot be comes out
 * as broken, without a rule; one that broke our code before (or does so now: is_broken) is not looked into. `now_ms`: of the Tick
 * that tries it again. */
MUST_CHECK int admit_parked(const struct admission *admission, const struct parked *parked, bool is_broken, int64_t now_ms,
			    struct arena *arena, struct item *ret_item, struct err *err);

/*
 * Makes the dead letter of a command that was admitted, and whose token turns out to have been ended before it expired
 * (rights.h): the engine finds that out when its issuer's rights are loaded. The item stays a command: its batch may be tried
 * again.
 */
MUST_CHECK int admit_ended(const struct admission *admission, const struct broker *broker, struct arena *arena, struct item *item,
			   struct err *err);

#endif
