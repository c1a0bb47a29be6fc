#ifndef PAPER_LETTER_H
#define PAPER_LETTER_H

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

/*
 * A letter as a PDF, to be printed and put into an envelope with a window: the address at the place of the window, date, heading,
 * text; the reference and the page's number at the foot of each page.
 *
 * Any script is shaped (Pango, HarfBuzz), right to left where it is written so, by the fonts of the machine. A character that no
 * font has is refused, never printed as a box. The same letter makes the same bytes on one machine. No shell, no other program, no
 * network.
 */
enum letter_paper {
	LETTER_A4, /* DIN 5008 form B: the window is 45 mm from the top */
	LETTER_US, /* 8.5 by 11 inch, folded for a #10 envelope */
	LETTER_PAPER_COUNT,
};

#define LETTER_ADDRESS_LINES_MAX 8 /* that the window shows, the name among them */
#define LETTER_PAGES_MAX         50
#define LETTER_SIZE_MAX          ((size_t)8 << 20)

/* All texts are UTF-8 without control characters but line feeds in `address` and `text`. */
struct letter {
	enum letter_paper paper;
	struct str sender;        /* one small line over the address, for what comes back; may be empty */
	struct str name;          /* the first line of the address; may be empty */
	struct str address;       /* lines */
	struct str date, heading; /* a line each, as it is printed; may be empty */
	struct str text;          /* paragraphs are lines; an empty line parts them */
	struct str language;      /* BCP 47: chooses among the shapes of one character, as for zh and ja */
	struct str reference;     /* at the foot; may be empty */
	int64_t made_at_ms;       /* what the document says */
};

/*
 * Appends the PDF. ERR_POISON: the letter cannot be printed (a faulty text, too many lines or pages, no font for a character).
 * ERR_RETRY: no memory. On failure the buffer holds rubbish.
 */
MUST_CHECK int letter_render(const struct letter *letter, struct buf *pdf, int *ret_pages, struct err *err);

#endif
