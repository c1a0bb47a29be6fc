#ifndef TESTS_FUZZ_SCRIPT_H
#define TESTS_FUZZ_SCRIPT_H

#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "consumers/modules.h"
#include "wire/coder.h"

/*
 * An input of the record door: a module, the facts that other modules' views would show it, and records one after the other. The
 * door (fuzz_record.c) plays it, the mutator (mutate.c) takes it apart and puts it together again. Any bytes are a script: behind
 * the end stand zeros and empty texts.
 *
 *   script   module, batch, facts, records
 *   record   mode, who, time, [key, partition], [headers], value
 *   headers  count, then name and value of each; a name is the place of a known one, or stands there itself
 *   texts    size in two bytes, then that
 */
#define SCRIPT_RECORDS_MAX 12
#define SCRIPT_HEADERS_MAX 34 /* more than a record may have */
#define FACTS_SIZE         8
#define SCRIPT_BATCH_LOW   0x80

enum script_mode {
	MODE_KEY = 1 << 0,     /* the key is the input's, else the body's */
	MODE_HEADERS = 1 << 1, /* the headers are the input's, else good ones */
	MODE_ROLES = 3 << 2,   /* what the token may */
	MODE_TICK = 1 << 4,    /* before it what is parked is tried again */
	MODE_BROKEN = 1 << 5,  /* then as what ended programs */
	MODE_RELEASED = 1 << 6 /* or as what did and was released */
};

enum script_who {
	WHO_USER = 1 << 0,      /* the token's subject is a user, and whom the record is about; else a service */
	WHO_BOUND = 1 << 1,     /* to one creditor and one source */
	WHO_OTHER = 1 << 2,     /* they are others than the ones that most bodies name; the user is another, too */
	WHO_CONSUMER = 1 << 3,  /* the role of a portal user and no other */
	WHO_PORTFOLIO = 1 << 4, /* bound to a portfolio too */
	WHO_ANYTIME = 1 << 7    /* the record's time is no sensible one */
};

struct script_header {
	uint8_t name; /* place in script_header_names; from there on: its own */
	struct str own;
	struct str value;
};

struct script_record {
	uint8_t mode, who, time, part;
	struct str key, value;
	struct script_header headers[SCRIPT_HEADERS_MAX];
	size_t headers_count;
};

struct script {
	uint8_t module; /* place in command_modules, modulo their number */
	uint8_t batch;  /* records of a batch, less one; with SCRIPT_BATCH_LOW values and headers may be small only */
	uint8_t facts[FACTS_SIZE];
	struct script_record records[SCRIPT_RECORDS_MAX];
	size_t records_count;
};

extern const char *const script_header_names[];
extern const size_t script_header_names_count;

static inline const struct module *script_module(const struct script *script)
{
	return command_modules[script->module % COMMAND_MODULES_COUNT];
}

/* Borrows the bytes. */
void script_read(struct script *script, const uint8_t *data, size_t size);

/* The size; 0: it does not fit. */
size_t script_write(const struct script *script, uint8_t *data, size_t size_max);

/* Plays it at the door and listens to what the program compares (compared.h), with the record's place as mark. The bits of those
 * that were applied. */
uint32_t script_listen(const struct script *script);

/* What the value says, in memory that may be written to; NULL: it cannot be read. */
const struct message_type *script_decode(struct str value, struct arena *arena, void **ret_body);

/* The ids that seeds and mutations choose from: few, so that one names the other. seeds.py makes the same of members' names. */
struct uuid script_id(uint8_t number);

#define SCRIPT_CUSTOMER  163 /* customer_id */
#define SCRIPT_CREDITOR  141 /* creditor_id */
#define SCRIPT_PORTFOLIO 16  /* portfolio_id */

#endif
