#ifndef NOTIFIER_GATEWAYS_H
#define NOTIFIER_GATEWAYS_H

#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "consumers/notifier/gateway.h"

/*
 * The gateways of a notifier, from an INI file (base/ini.h): a section for each gateway, named as events shall name it.
 *
 *   [main]
 *   channel = sms                  or email
 *   kind = kannel                  smtp kannel twilio webhook
 *   url = http://127.0.0.1:13013/cgi-bin/sendsms
 *   user = dcs
 *   password.file = /etc/dcs/kannel.password
 *   from = DCS                     a number or name; smtp: an address
 *   order = 1                      of fallback within the channel: lower first, equal ones share
 *   rate = 100                     messages a second, burst and concurrency at once
 *
 * Read once at start. A file that cannot work is refused with the line and what is wrong; no message contains a value, which may
 * be a secret in the wrong place.
 */
struct gateways {
	struct gateway_conf confs[GATEWAYS_MAX];
	size_t count;
	struct buf text; /* the file; the rows borrow from it */
};

/* Reads the file. The passwords and the key of callbacks are the caller's to fill. Start-up: takes memory. */
MUST_CHECK int gateways_load(struct gateways *gateways, const char *path, struct err *err);

/* The same from `text`, terminated, which is changed and must outlive the rows. Pure. */
MUST_CHECK int gateways_read(struct gateways *gateways, char *text, struct err *err);

/* Adds a row with the defaults of the file; NULL: there are GATEWAYS_MAX. */
struct gateway_conf *gateways_add(struct gateways *gateways, const char *name);

/* Refuses rows that cannot work, each and together. */
MUST_CHECK int gateways_check(const struct gateways *gateways, struct err *err);

size_t gateways_concurrency(const struct gateways *gateways); /* of all together */

void gateways_release(struct gateways *gateways); /* accepts a zeroed one */

#endif
