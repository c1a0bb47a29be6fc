#ifndef CRYPTO_SEAL_H
#define CRYPTO_SEAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "base/uuid.h"
#include "model/sealed.h"

/*
 * Personal text at rest. A sealed text is the bytes of one column (bytea). Only the person's key opens it, and only in the
 * place it was sealed for: this column of this row, at this version. Copied into another column, another row or another
 * person's row, or put back after the row has changed, it does not open. An attacker who can write the tables can only put a
 * whole row back, with its version; the log shows that it is older (dcs verify).
 *
 * The bytes: 0x01, a random nonce of 24, the text encrypted by XChaCha20-Poly1305, the tag of 16. Authenticated with them:
 *
 *   0x01 | owner, 16 | row, 16 | version, 8 big-endian | table, 0x00 | column, 0x00
 *
 * The version is the row's own. So all sealed columns of a row are sealed anew whenever its version changes: the version is in
 * no second column that could be put back together with the text.
 *
 * The old form has no first byte, and only the owner's id is authenticated: it opens in every column of the owner's rows. It is
 * read as long as there are rows of it, and never written; the first write of a row replaces it. A nonce of the old form may
 * begin with 0x01: such a text is tried in both forms.
 */
struct seal_place {
	const struct sealed_column *column;
	struct uuid row;   /* its id */
	int64_t version;   /* of the row that holds the text */
	struct uuid owner; /* the person */
};

/* ret_sealed: text.size + SEAL_OVERHEAD bytes. */
#define SEAL_OVERHEAD 41
void seal(uint8_t *ret_sealed, struct str text, const struct seal_place *place, const uint8_t key[32]);

/* The same at the end of a buffer that has room for it; borrows from the buffer. */
struct str seal_add(struct buf *buf, struct str text, const struct seal_place *place, const uint8_t key[32]);

struct opened {
	struct str text; /* in the given room; not terminated */
	bool is_old;     /* it has the old form, and may come from another column or version of the owner's rows */
};

/* room: sealed.size bytes. ERR_POISON: too short, forged, from another place or key. */
#define SEAL_OVERHEAD_MIN 40 /* of the old form: the longest text is sealed.size minus this */
MUST_CHECK int unseal(struct opened *ret_opened, char *room, struct str sealed, const struct seal_place *place,
		      const uint8_t key[32], struct err *err);

#endif
