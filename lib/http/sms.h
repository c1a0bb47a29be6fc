#ifndef HTTP_SMS_H
#define HTTP_SMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

/*
 * The cost of an SMS: its alphabet and the number of network messages (3GPP 23.038, 23.040). Pure.
 *
 * A text of the GSM alphabet only is sent in 7-bit units, 160 in one message, 153 in each of several; ^ { } [ ] \ ~ | and the
 * euro sign are two units. Any other character makes the whole text UCS-2: 70, or 67 in each of several; a character above
 * U+FFFF is two units. A pair of units is never split between two messages.
 */
enum sms_coding { SMS_GSM7 = 0, SMS_UCS2 = 2 }; /* the numbers of the network's data coding, and of Kannel's `coding` */

struct sms_size {
	enum sms_coding coding;
	size_t units;
	size_t segments; /* 0 for an empty text */
};

MUST_CHECK bool sms_measure(struct str text, struct sms_size *ret_size); /* false: not UTF-8, or a NUL in it */

#endif
