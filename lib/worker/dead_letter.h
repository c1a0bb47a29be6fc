#ifndef WORKER_DEAD_LETTER_H
#define WORKER_DEAD_LETTER_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/uuid.h"
#include "model/header.h"

/*
 * A record that was not admitted: undecodable, unauthorised, too large. It is kept with its original bytes in
 * <module>.dead_letter and copied to the dead-letter topic, with its own headers beside dcs_error_topic, _partition, _offset,
 * _group, _code, _message, _attempts, _time. Only the signature of its token is cut (headers_cut_tokens). `dcs dead-letters`
 * lists and replays dead letters. Codes: schemas/README.md.
 */
#define DEAD_LETTER_TOPIC "dcs.dead-letter.v1"

struct dead_letter {
	int32_t part;
	int64_t offset;
	const char *code;  /* a literal of admit.c, or in the arena when read from the database */
	struct str reason; /* for people; no personal data, no bytes of the record */
	int64_t at_ms;
	struct str key;         /* data NULL: the record had none */
	struct str value;       /* data NULL: the record had none */
	struct str headers;     /* packed, see below */
	struct uuid command_id; /* its ce_id; nil: unreadable */
	struct uuid about;      /* the customer (user) id in its body; none: unreadable */
};

/*
 * Cuts the signature off each `authorization`: people read dead letters for weeks, and a whole token is a credential. Head and
 * claims stay and name the sender; a value that is no JWT is cut whole. The values borrow as before.
 */
void headers_cut_tokens(struct header *headers, size_t count);

/* Headers as bytes: for each, be16 size of the name, name, be32 size of the value, value. */
void headers_pack(struct buf *buf, const struct header *headers, size_t count);

/* The reverse; names are copied to the arena (terminated), values borrow from `packed`. ERR_POISON when it is malformed. */
MUST_CHECK int headers_unpack(struct str packed, struct arena *arena, struct header ret_headers[HEADERS_MAX], size_t *ret_count,
			      struct err *err);

#endif
