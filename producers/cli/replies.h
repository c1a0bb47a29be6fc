#ifndef CLI_REPLIES_H
#define CLI_REPLIES_H

#include <stdint.h>

#include "feedback.h"
#include "reply_mail.h"

/*
 * A mail from a person becomes a command to each customer with its address (RecordInbound), as an SMS does
 * (producers/api/offer/inbound.c), and if there is none, one that keeps it for an operator (RecordUnknownInbound). The address is found by
 * its keyed hash. A mail gets one answer: from the first customer by id whose address it is still.
 *
 * The same mail has the same ids whenever it is read again, also out of another mailbox: they are of its sender and Message-ID, or without
 * one of its time and text.
 */
MUST_CHECK int replies_take(struct feedback *feedback, const struct reply *reply, int64_t at_ms, const uint8_t address_key[32],
			    struct err *err);

#endif
