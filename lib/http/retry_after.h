#ifndef HTTP_RETRY_AFTER_H
#define HTTP_RETRY_AFTER_H

#include <stdint.h>

#include "base/str.h"

/*
 * The header Retry-After (RFC 9110 10.2.3): the pause that a server asks for, as seconds or as a date. Pure.
 *
 * Servers write what they like, so the result is bounded: at most RETRY_AFTER_MAX_MS, also for a number or a year that no
 * integer holds. -1: absent, or neither a number nor a date (a negative number, a fraction, a word). A date that has passed is
 * 0.
 */
#define RETRY_AFTER_MAX_MS ((int64_t)7 * 24 * 3600 * 1000)

int64_t retry_after_ms(struct str value, int64_t now_ms);

/* A date of HTTP or e-mail ("Sun, 06 Nov 1994 08:49:37 GMT", "... +0100") as an instant; -1: it is none. Pure. */
int64_t http_date_ms(struct str value);

#endif
