#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdbool.h>

#include "base/str.h"

/*
 * The normal form of external text. It is the same for every source (file, HTTP, Kafka), so that two texts that look the same are
 * the same, and no invisible character is stored.
 *
 * 1. text_trim removes from both ends: white space (Unicode's White_Space: U+0009..000D, U+0020, U+0085, U+00A0, U+1680,
 *    U+2000..200A, U+2028, U+2029, U+202F, U+205F, U+3000) and the invisible characters of rule 2. A byte order mark at the front
 *    of a file, a no-break space behind a cell, the direction marks around a pasted number mean nothing.
 * 2. text_fault names a fault of the rest. Nothing is removed from the middle, where it may be a typing error.
 *
 * Allowed inside, by kind of text:
 *
 *                                                                            word   prose  lines
 *   control characters (Cc)                                                  no     no     line feed, tab
 *   line and paragraph separators (Zl, Zp)                                   no     no     no
 *   format characters (Cf: soft hyphen, zero width space, direction
 *     marks, byte order mark, tags), other default-ignorable characters
 *     (Hangul fillers, grapheme joiner ...), the blank Braille pattern       no     no     no
 *   joiners U+200C, U+200D behind a letter of a script that needs them       no     yes    yes
 *   variation selectors behind a character that is not a blank               no     yes    yes
 *   U+FFFC, U+FFFD (the text was decoded wrongly), noncharacters             no     no     no
 *   private use (Co)                                                         no     yes    yes
 *   blanks other than U+0020 (Zs)                                            no     yes    yes
 *   letters that are not composed (not NFC), two marks on one letter         no     yes    yes
 *
 * A run of spaces inside is kept: it is visible. Case is kept. An empty text has no fault: the rule decides whether it may be
 * empty. The classes are those of Unicode 14 (text_table.inc, made by text_table.py), so that a record means the same on every
 * machine.
 *
 * Pure; both take valid UTF-8 (str_is_text). An invalid byte counts as a control character.
 */
enum text_kind {
	TEXT_RAW,   /* not external: neither trimmed nor checked */
	TEXT_WORD,  /* texts that are compared: references, words of a list, codes, addresses */
	TEXT_PROSE, /* one line for people: names, reasons */
	TEXT_LINES, /* several lines: letters, texts of messages */
	TEXT_ANY,   /* trimmed and never at fault: a text that must not be refused for its form */
};

struct str text_trim(struct str text, enum text_kind kind); /* borrows */

/* The fault, for people ("has a control character"); NULL: none. */
const char *text_fault(struct str text, enum text_kind kind);

/* Already trimmed, without a fault, and not empty. */
static inline bool text_is_good(struct str text, enum text_kind kind)
{
	return text.size > 0 && text_fault(text, kind) == NULL && text_trim(text, kind).size == text.size;
}

#endif
