#ifndef CLI_MAIL_HTML_H
#define CLI_MAIL_HTML_H

#include "base/str.h"

/*
 * The text of a mail that is HTML, for its first lines to be read: nearly what a person sees of it. Pure; reads any text, in time that
 * grows with its size.
 *
 * Tags are left out, and with them what style, script and title hold, and comments. Blocks (p, div, br ...) begin a line; any white space
 * is one blank. A line of a blockquote gets > in front, as in a mail that is text. The entities amp, lt, gt, quot, apos and nbsp and those
 * with a number are read; any other stands as it is. What style hides is shown.
 *
 * `to` has room for html.size bytes: the text is never longer. html is valid UTF-8, and so is the text, which is in `to`.
 */
struct str mail_html_to_text(struct str html, char *to);

#endif
