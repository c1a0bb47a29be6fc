#ifndef EXPLAIN_SENTENCES_H
#define EXPLAIN_SENTENCES_H

#include "base/buf.h"
#include "model/message.h"

/*
 * What an event means for a person, in one sentence: one table, event type -> sentence with members of the event. A new event needs one
 * row. Sentences have ids, amounts, days and words; no personal data, and nothing that a person wrote. Pure.
 *
 * A template is plain text with
 *   {member}       the value: a day, an instant, an amount in the event's currency, an id, a number, a text; texts of an array with a
 *                  comma between
 *   {member:as}    in another way: `words` of a text, validation_notice -> validation notice; `wait` of a reason of DunningWaiting, in
 *                  words; any other of an array: how many, with this noun
 *   [ ... ]        left out if one of its members has no value (null, empty, 0, the nil UUID)
 * A member that the event does not have is a bug.
 */
struct sentence {
	const char *event;         /* name of the type */
	const char *member, *word; /* only of events whose member has this word; NULL: of all. The first row that fits counts */
	const char *template;      /* NULL: left out, it means nothing for a person */
};

/* The rows of a type stand together; the last one has no condition. */
extern const struct sentence sentences[];
extern const size_t sentences_count;

/* Adds the sentence, with its full stop. False: the event is left out, or no row has its type; nothing is added. */
bool sentence_write(struct buf *buf, const struct message_type *type, const void *body);

/* Adds what a template makes of an event. */
void sentence_fill(struct buf *buf, const char *template, const struct message_type *type, const void *body);

/* "100.00 EUR". */
void sentence_amount(struct buf *buf, int64_t minor, struct str currency);

/* "2026-11-22 15:04 UTC". */
void sentence_instant(struct buf *buf, int64_t instant_ms);

#endif
