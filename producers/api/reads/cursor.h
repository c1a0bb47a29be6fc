#ifndef API_READS_CURSOR_H
#define API_READS_CURSOR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "base/uuid.h"
#include "crypto/crypto.h"

/*
 * The start of a list's next page: the key and the sort value of the last row shown, signed together with the list's context
 * (resource, filters, order, bounds). So a cursor is valid for its own list only, and a forged one is detected before any query.
 * Pure.
 */
struct cursor {
	bool key_is_id; /* the list determines the type of the key, not the text */
	bool has_sort;
	struct uuid id;
	int64_t number; /* the key, if it is no id */
	int64_t sort;   /* a day, an instant, a number */
};

#define CURSOR_TEXT_SIZE 72 /* including the terminator */

void cursor_write(char ret_text[CURSOR_TEXT_SIZE], const struct cursor *cursor, const uint8_t context[DIGEST_SIZE],
		  const uint8_t key[32]);

/* The caller sets key_is_id and has_sort. False: not one of our cursors, or of another list. */
MUST_CHECK bool cursor_read(struct cursor *cursor, struct str text, const uint8_t context[DIGEST_SIZE], const uint8_t key[32]);

#endif
