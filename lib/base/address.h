#ifndef BASE_ADDRESS_H
#define BASE_ADDRESS_H

#include <stdbool.h>

#include "base/str.h"

/*
 * Addresses that a message can be sent to: one check for who takes them in (customers) and for who sends (lib/http), so that what
 * came in can be sent. What passes here is put into an SMTP dialogue or a gateway's query as it is (lib/TRAPS.md C1, C2).
 */

#define ADDRESS_EMAIL_MAX 254 /* RFC 5321 4.5.3.1.3 */

/*
 * One mailbox: local@domain in ASCII, dot-atoms of RFC 5322, no comments, quotes, brackets, blanks or control bytes; the domain
 * has two labels at least, the last begins with a letter. Addresses that need quoting, SMTPUTF8 or a number for the domain are
 * refused: no consumer has one, every second gateway breaks on them.
 */
bool address_is_email(struct str address);

/*
 * E.164: +, the country's code, 7 to 15 digits in all and nothing between them; exactly one number. The zero of national numbers
 * does not follow the code, but in the few countries where it belongs to the number (Italy ...).
 */
bool address_is_phone(struct str address);

#endif
