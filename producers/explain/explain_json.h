#ifndef EXPLAIN_EXPLAIN_JSON_H
#define EXPLAIN_EXPLAIN_JSON_H

#include "producers/explain/explain.h"
#include "wire/coder.h"

/*
 * The explanation as JSON, for GET /customers/:id/explain.
 *
 *   [{"at", "module", "event", "eventId", "subjectId", "sentence"}]                                            what happened, the oldest first
 *   [{"kind", "id", "creditorId", "currency", "when", "sentence", "reasons": [{"sentence", "rules": [...]}]}]  what comes next
 */

/*
 * Called for each event that has a sentence, the oldest first. `sentence` borrows until the call returns. Events that this program
 * cannot read (of a newer one) are logged and left out. The arena is the caller's, and is reset.
 */
typedef void explain_happened(void *tell_arg, const struct explain_event *event, const char *type, struct str sentence);
void explain_tell_events(const struct explain_events *events, struct arena *arena, explain_happened *tell, void *tell_arg);

void explain_json_events(struct buf *buf, const struct explain_events *events, struct arena *arena);
void explain_json_next(struct buf *buf, const struct explanation *explanation);

#endif
