#ifndef BASE_ADDRESS_H
#define BASE_ADDRESS_H

#include <stdbool.h>

#include "base/str.h"

/*
 * Addresses for messages: one check for the module that stores them (customers) and for the senders (lib/http), so that every
 * stored address can be sent to. A valid address is put into an SMTP dialogue or a gateway's query unchanged (lib/TRAPS.md C1,
 * C2).
 */

#define ADDRESS_EMAIL_MAX 254 /* RFC 5321 4.5.3.1.3 */

/*
 * One mailbox: local@domain in ASCII, dot-atoms of RFC 5322, no comments, quotes, brackets, blanks or control bytes. The domain
 * has at least two labels, the last of which begins with a letter. Addresses that need quoting, SMTPUTF8 or a numeric domain
 * are refused: no consumer has one, and half of all gateways fail on them. So are those with "=?": some mail servers take it for
 * an encoded word (RFC 2047), though it is none there, and deliver to what it says (aiosmtpd: =?utf-8?q?x?=@y is x@y).
 */
bool address_is_email(struct str address);

/*
 * E.164: +, the country's code, 7 to 15 digits in all and nothing between them; exactly one number. The trunk zero of national
 * numbers does not follow the code, except in the few countries where it belongs to the number (Italy ...).
 */
bool address_is_phone(struct str address);

#endif
