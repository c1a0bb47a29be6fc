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
 * The gate between a record and a rule: size, frame, schema, bounded decode, headers, key, partition, token, role. A record that
 * passes is a command or a Tick; any other is a dead letter with a code (schemas/README.md). Admission never refuses in the name
 * of the business: a forged record must not use up the command id of a genuine one.
 */
enum item_kind {
	ITEM_COMMAND,
	ITEM_TICK,
	ITEM_DEAD,
	ITEM_VOID, /* a Tick that is a dead letter, after another one in the same hour: counted, not kept */
};

/* A record on its way through a batch. */
struct item {
	enum item_kind kind;
	int32_t part;
	int64_t offset;
	struct bus_record record; /* holds the bytes until the batch is done; empty for a command that was parked */
	struct str value;
	size_t size;                 /* of key, value and headers */
	uint8_t digest[DIGEST_SIZE]; /* of the value: "same id, other content", and the resume proof */

	struct command command;  /* ITEM_COMMAND, ITEM_TICK */
	const struct rule *rule; /* NULL: a parked one that cannot be read; is_broken */
	const char *nil_field;   /* field that holds the id of zeros: refused before any rule (message_nil_field); NULL: none */
	const char *text_fault;  /* why a text is not normal: refused before any rule (message_normalise); NULL: none */
	const char *text_field;  /* its field; a literal */
	int64_t expires_ms;      /* 0: none */
	struct str traceparent;

	bool was_parked;  /* read from `parked` during a Tick */
	bool is_released; /* parked for a bug, and released by a person */
	bool is_broken;   /* failed on data alone in its batch, or crashed programs: a bug of ours, to be parked */
	bool is_unread;   /* parked and broken: not decoded */
	enum parked_kind parked_kind;
	struct str parked_reason, holds; /* was_parked: as in the table */
	int64_t since_ms;                /* broker time of the record, also when it was parked since */

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
 * Admits one record. Everything decoded goes to the arena; the record's bytes are borrowed. ERR_POISON: the arena is full, close
 * the batch before this record. ERR_RETRY, ERR_FATAL: the failure has nothing to do with the record.
 */
MUST_CHECK int admit(const struct admission *admission, const struct broker *broker, const struct bus_record *record,
		     struct arena *arena, struct item *ret_item, struct err *err);

/*
 * Makes an item of a row of `parked`. It was authorised when it came, so only the body is decoded again. A body that cannot be
 * decoded comes out as is_broken, without a rule. A command that broke our code before, or does now (is_broken), is not decoded.
 * `now_ms` is the time of the Tick that tries it again.
 */
MUST_CHECK int admit_parked(const struct admission *admission, const struct parked *parked, bool is_broken, int64_t now_ms,
			    struct arena *arena, struct item *ret_item, struct err *err);

/*
 * Makes a dead letter of an admitted command whose token was ended before it expired (rights.h): known only when the issuer's
 * rights are loaded. The item stays a command, as its batch may be tried again.
 */
MUST_CHECK int admit_ended(const struct admission *admission, const struct broker *broker, struct arena *arena, struct item *item,
			   struct err *err);

#endif
