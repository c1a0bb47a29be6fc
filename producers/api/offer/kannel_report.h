#ifndef API_OFFER_KANNEL_REPORT_H
#define API_OFFER_KANNEL_REPORT_H

#include <stdint.h>

#include "base/err.h"
#include "base/str.h"
#include "base/uuid.h"
#include "producers/api/offer/callback_link.h"
#include "schemas/communications.h"

/*
 * A delivery report as Kannel sends it: our own URL (made by the notifier's gateway_kannel.c) with Kannel's escapes filled in.
 * Pure.
 *
 *   c k g s  callback_link.h
 *   status %d         ref %F, the network's id    at %T, seconds since 1970    info %A, the network's words
 */
struct kannel_arguments {
	struct link_arguments link;
	struct str status, ref, at, info; /* empty: absent */
};

#define KANNEL_CODE_MAX 16

struct kannel_report {
	struct record_delivery delivery; /* texts borrow from the arguments, and from `code` */
	int64_t kind;                    /* Kannel's code */
	char code[KANNEL_CODE_MAX + 1];
};

enum kannel_report_verdict {
	KANNEL_REPORT_TAKEN,
	KANNEL_REPORT_MALFORMED,
	KANNEL_REPORT_FORGED,  /* the signature is wrong */
	KANNEL_REPORT_NO_NEWS, /* a kind of report that changes nothing */
};

/* A missing `at` becomes now_ms. The signature is compared in constant time, before any other argument is used. */
enum kannel_report_verdict kannel_report_read(const struct kannel_arguments *arguments, const uint8_t key[32], int64_t now_ms,
					      struct kannel_report *ret_report);

/*
 * The command's id: the same report is the same command, however often Kannel sends it. A second report of the same kind with
 * another time, code or reference is another command; the module ignores it (ReceiptIgnored) if it changes nothing.
 */
struct uuid kannel_report_command_id(const struct kannel_report *report);

#endif
