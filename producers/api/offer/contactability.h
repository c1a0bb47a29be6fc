#ifndef API_OFFER_CONTACTABILITY_H
#define API_OFFER_CONTACTABILITY_H

#include <stdint.h>

#include "base/err.h"
#include "producers/api/http/part.h"
#include "producers/api/http/route.h"

/*
 * GET /customers/:id/contactability: the module's own guard is asked, with the facts that the module's own statements load. These
 * wait for PostgreSQL, so they run in a thread. Bounded: some calls wait, the rest is 503.
 */
struct contactability;

/* Start-up. Borrows the text; copies the key, 32 bytes, which opens personal texts. ERR_FATAL: DCS_PROFILES is wrong. */
MUST_CHECK int contactability_new(const char *conninfo, const uint8_t *key, struct contactability **ret_contactability,
				  struct err *err);
void contactability_free(struct contactability *contactability); /* accepts NULL */

struct part contactability_part(struct contactability *contactability);

void show_contactability(struct api *api, struct call *call);

#endif
