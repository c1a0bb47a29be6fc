#ifndef API_OFFER_DUNNING_PREVIEW_H
#define API_OFFER_DUNNING_PREVIEW_H

#include "base/err.h"
#include "producers/api/http/part.h"
#include "producers/api/http/route.h"

/*
 * POST /dunning/preview: what a draft of a policy would do on a day, by totals, as `dcs dunning preview` says it, without the guard. The
 * module's own reading of the portfolio and its own next step; both in a thread of their own, one call after the other. Bounded: some
 * calls wait, the rest is 503; more than PREVIEW_GROUPS_MAX groups are refused, and PostgreSQL's part has the pool's time.
 */
#define PREVIEW_GROUPS_MAX 50000

struct dunning_preview;

/* Start-up. Borrows the text. */
MUST_CHECK int dunning_preview_new(const char *conninfo, struct dunning_preview **ret_preview, struct err *err);
void dunning_preview_free(struct dunning_preview *preview); /* accepts NULL */

struct part dunning_preview_part(struct dunning_preview *preview);

void preview_dunning(struct api *api, struct call *call);

#endif
