#ifndef CONSUMERS_COMMUNICATIONS_INBOUND_WORDS_H
#define CONSUMERS_COMMUNICATIONS_INBOUND_WORDS_H

#include "base/str.h"
#include "schemas/words.h"

/*
 * What the words of a message from a person say (consumers/DOMAIN.md 9, US-27). Pure; for any bytes.
 *
 * 47 CFR 64.1200(a)(10): stop, quit, end, revoke, opt out, cancel and unsubscribe are conclusive. Case, punctuation, full-width
 * letters and words of politeness do not count. STOP, STOPALL, UNSUBSCRIBE and OPT OUT say so at the front of any message ("Stop
 * texting me"). QUIT, END, REVOKE and CANCEL do alone or with "all": "End of the month I shall pay" is no withdrawal. Any other
 * message is for a person to read, who may withdraw by any words.
 */
enum inbound_intent inbound_intent_of(struct str text, const char **ret_keyword); /* NULL: none; a literal */

/* Of an e-mail its first line that is not empty counts: below stand greetings, signatures, and what the mail answers. */
enum inbound_intent inbound_intent_of_mail(struct str text, const char **ret_keyword);

#endif
