#ifndef BASE_SMS_H
#define BASE_SMS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

/*
 * The size of a text as an SMS, as providers charge it. Pure.
 *
 * A text in the GSM 7-bit default alphabet (3GPP TS 23.038, 6.2.1) has 160 characters in one segment, or 153 in each of several; a
 * character of its extension table (^ { } \ [ ~ ] | and the euro sign) counts two, and both stand in one segment. One character
 * outside of the alphabet makes the whole text UCS-2: 70 UTF-16 units in one segment, or 67 in each of several; a pair of
 * surrogates stands in one segment.
 *
 * No national shift tables: networks and Kannel do not use them unless asked.
 */
struct sms_size {
	bool is_ucs2;      /* not in the GSM alphabet */
	uint32_t units;    /* septets of 7 bits, or UTF-16 units */
	uint32_t segments; /* 0: the text is empty */
	uint32_t left;     /* units that the last segment still has room for */
};

/* False: the text is not UTF-8. */
bool sms_size_of(struct str text, struct sms_size *ret_size);

#endif
