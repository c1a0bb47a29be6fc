#ifndef API_OFFER_EXPLAIN_H
#define API_OFFER_EXPLAIN_H

#include <stdint.h>

#include "base/err.h"
#include "producers/api/http/part.h"
#include "producers/api/http/route.h"
#include "wire/coder.h"

/*
 * GET /customers/:id/explain: what happened to a customer, what comes next, when, and why (producers/explain). PostgreSQL is read in a
 * thread; events are decoded in the loop. Bounded: some calls wait, the rest is 503.
 */
struct explainer;

/* Start-up. Borrows the text; copies the key, 32 bytes, which opens personal texts: the guard looks at them. */
MUST_CHECK int explainer_new(const char *conninfo, const uint8_t *key, struct explainer **ret_explainer, struct err *err);
void explainer_free(struct explainer *explainer); /* accepts NULL */

struct part explainer_part(struct explainer *explainer);

void explain_customer(struct api *api, struct call *call);

#endif
