#ifndef CLI_BOUNCE_MAIL_H
#define CLI_BOUNCE_MAIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "base/uuid.h"

/*
 * A mail that came back to the envelope sender of ours, bounce+<id>.<signature>@domain (consumers/notifier/gateway_smtp.c): what
 * became of which message. The mail is a delivery status notification (RFC 3464): multipart/report with a part
 * message/delivery-status. Pure; reads any bytes, takes no memory, and looks at MAIL_PARTS_MAX parts at most.
 *
 * The signature says that the message is ours, and is compared in constant time. What the mail says of itself may be forged by
 * whoever got the message: such a sender can end mail to one address of one customer, its own.
 */
#define BOUNCE_MAIL_MAX   ((size_t)1 << 20) /* larger ones are cut: their status stands in front */
#define BOUNCE_STATUS_MAX 11                /* 5.999.999 */

struct bounce {
	struct uuid communication_id;
	char status[BOUNCE_STATUS_MAX + 1]; /* "5.1.1" */
	bool is_final;                      /* the message was not delivered, and will not be */
	bool is_of_address;                 /* there is no such mailbox: nothing else will be delivered there, either */
};

enum bounce_verdict {
	BOUNCE_READ,
	BOUNCE_NOT_OURS,  /* no address of ours in the headers that name the recipient */
	BOUNCE_FORGED,    /* an address with another signature */
	BOUNCE_NO_STATUS, /* ours, but no delivery status: an answer by a person or a program */
};

enum bounce_verdict bounce_mail_read(struct str mail, const uint8_t key[32], struct bounce *ret_bounce);

#endif
