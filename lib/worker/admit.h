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
 * passes is a command or a Tick; any other is a dead letter with a code (schemas/README.md). Admission never emits a refusal: a
 * refusal answers a genuine command.
 */
/* Of a command that is_forgotten: it is not found. */
#define PERSON_ERASED_TEXT "the person whom it was about was erased while it waited"

enum item_kind {
	ITEM_COMMAND,
	ITEM_TICK,
	ITEM_DEAD,
	ITEM_VOID,  /* an inadmissible Tick after another one in the same hour: counted, not kept */
	ITEM_TIMER, /* no record: a due timer, at the offset of the Tick or command that fires it (timers.h) */
	ITEM_EVENT, /* of a module that is followed, at the offset of the command topic behind which it is read (follow.h) */
};

/* A record on its way through a batch. */
struct item {
	enum item_kind kind;
	int32_t part;
	int64_t offset;
	struct bus_record record; /* owns the bytes until the batch is done; empty for a parked command and a timer */
	struct str value;
	size_t size;                 /* of key, value and headers */
	uint8_t digest[DIGEST_SIZE]; /* of the value: for repeated command ids and the resume proof */

	struct command command; /* ITEM_COMMAND, ITEM_TICK, ITEM_TIMER, ITEM_EVENT */
	const struct rule
		*rule; /* NULL: a parked command that cannot be decoded (is_broken); an event that the module has no rule for */
	const char *nil_field;  /* field with a nil UUID: refused before any rule (message_nil_field); NULL: none */
	const char *text_fault; /* the fault of a text: refused before any rule (message_normalise); NULL: none */
	const char *text_field; /* its field; a literal */
	int64_t expires_ms;     /* 0: none */
	struct str traceparent;

	bool was_parked;   /* read from `parked` during a Tick */
	bool is_released;  /* parked for a bug, and released by a person */
	bool is_broken;    /* failed on data as a single command, or crashed its owners: a bug of ours, to be parked */
	bool is_unread;    /* parked and broken: not decoded */
	bool is_forgotten; /* parked, and its person was erased: of its value the frame is left; broken and unread, has a type */
	enum parked_kind parked_kind;
	struct str parked_reason, holds; /* was_parked: as in the table */
	int64_t since_ms;                /* broker time of the record, also for a parked command */

	int32_t source; /* ITEM_EVENT: as in its record; otherwise 0 */
	struct uuid event_id;
	struct followed_head after; /* ITEM_EVENT: the position behind it */

	const struct timer_row *timer; /* ITEM_TIMER: as in the table */
	bool leaves_timers;            /* ITEM_TICK: more are due than it fires */
	bool is_gone;                  /* ITEM_TIMER: changed by an earlier part of its batch, which was committed */
	bool is_after_timers;          /* its customer's due timers stand before it in the batch, or there are none */

	const struct kept_command *kept_row; /* approvals.h: the row that it names, of this attempt; NULL: there is none */
	struct item *kept;                   /* the kept command; with a rule if it is to be decided */

	const char *dead_code; /* ITEM_DEAD */
	struct str dead_reason;
	struct str dead_headers;                 /* packed */
	struct uuid dead_command_id, dead_about; /* dead_letter.h */
};

struct admission {
	const struct module *module;
	int (*verify)(void *verify_self, struct str token, struct token_claims *ret_claims, struct err *err);
	void *verify_self;
	size_t value_size_max; /* of a value, and of all headers of a record */
};

/* The most arena memory that admit takes for a value of this size. */
size_t admit_room(const struct admission *admission, size_t value_size);

/*
 * Admits one record. Everything decoded goes to the arena; the record's bytes are borrowed. ERR_POISON: the arena is full, close
 * the batch before this record. ERR_RETRY, ERR_FATAL: the failure has nothing to do with the record.
 */
MUST_CHECK int admit(const struct admission *admission, const struct broker *broker, const struct bus_record *record,
		     struct arena *arena, struct item *ret_item, struct err *err);

/*
 * Makes an item of a row of `parked`. The command was authorised on arrival, so only the body is decoded again. If the body
 * cannot be decoded, the item is broken and has no rule. A command with `is_broken`, or parked as a bug and not released, is not
 * decoded; nor is one whose person was erased since. `now_ms` is the time of the Tick that retries it.
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
