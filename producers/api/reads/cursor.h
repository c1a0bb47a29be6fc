#ifndef API_READS_CURSOR_H
#define API_READS_CURSOR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "base/uuid.h"
#include "crypto/crypto.h"

/*
 * Where the next page of a list begins: the key of the last row that was shown, and what it was sorted by, signed together with
 * the list's context (resource, filters, order, whose). So a cursor is good for the list it came from and no other, and one that
 * somebody has touched is found out before anything is asked of the database. Pure.
 */
struct cursor {
	bool key_is_id; /* what the key is follows from the list, not from the text */
	bool has_sort;
	struct uuid id;
	int64_t number; /* of a key that is no id */
	int64_t sort;   /* a day, an instant, a number */
};

#define CURSOR_TEXT_SIZE 72 /* with its end */

void cursor_write(char ret_text[CURSOR_TEXT_SIZE], const struct cursor *cursor, const uint8_t context[DIGEST_SIZE],
		  const uint8_t key[32]);

/* key_is_id and has_sort are given. False: not one of ours, or of another list. */
MUST_CHECK bool cursor_read(struct cursor *cursor, struct str text, const uint8_t context[DIGEST_SIZE], const uint8_t key[32]);

#endif
