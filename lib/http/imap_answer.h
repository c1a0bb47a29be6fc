#ifndef HTTP_IMAP_ANSWER_H
#define HTTP_IMAP_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

/*
 * Private to the room: what lines of an IMAP server say (RFC 3501 7). Pure; reads any bytes. A line has no line end. Where a literal
 * stood between two pieces of a line the pieces are joined, with the literal's size {n} between them and without its bytes.
 */

/* "... {123}": 123 bytes follow, then the rest of the line. */
bool imap_has_literal(struct str line, uint64_t *ret_size);

/* The number behind a word and a blank or bracket, such as "[UIDVALIDITY 7]"; false: it is not there, or is none from 1 to 2^32 - 1. */
bool imap_number_behind(struct str line, const char *word, uint32_t *ret_number);

/* Whether a line has a word, between characters that no word has. The case of ASCII letters does not count. */
bool imap_has_word(struct str line, const char *word);

/* "* SEARCH 1 2 3". Appends to uids[*count], up to uids_max. False: it is no such line. A last number of a line that was cut is left out. */
bool imap_read_search(struct str line, bool is_cut, uint32_t *uids, size_t uids_max, size_t *count);

/* "* 12 FETCH (UID 7 INTERNALDATE "17-Jul-1996 02:44:25 -0700" BODY[]<0> {123})": whether it is of this mail; *ret_at_ms -1: no date. */
bool imap_read_fetch(struct str line, uint32_t uid, int64_t *ret_at_ms);

/* A name as a quoted string may have it: printable ASCII without " and \, 1 to 200 bytes. */
bool imap_name_is_valid(const char *name);

#endif
