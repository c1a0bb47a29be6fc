#ifndef API_API_H
#define API_API_H

#include <stdint.h>

#include "producers/api/auth/auth.h"
#include "producers/api/document/document.h"
#include "producers/api/http/part.h"
#include "producers/api/http/server.h"
#include "producers/api/ops/heartbeat.h"
#include "producers/api/ops/metrics.h"
#include "producers/api/reads/reads.h"
#include "producers/api/reads/rights.h"
#include "producers/api/writes/commands.h"
#include "producers/api/writes/outbound.h"
#include "producers/api/writes/outcomes.h"
#include "producers/api/writes/writes.h"

#define API_PARTS_MAX 16

/* The gateway: what the handlers need, and the one loop. */
struct api {
	uint8_t callback_key[32];
	struct token_keys *keys;
	struct outbound outbound;
	struct questions *questions, *searches; /* reads.h */
	struct rights *rights;
	struct reads *reads;
	struct auth *auth; /* NULL: nobody logs in here (tests) */
	struct document document;
	struct metrics metrics;
	bool metrics_for_all; /* otherwise from this machine only */
	struct outcomes *outcomes;
	struct writes *writes;
	struct commands *commands;
	struct server *server;
	struct heartbeat heartbeat;
	struct part parts[API_PARTS_MAX];
	int64_t parts_due_ms[API_PARTS_MAX]; /* monotonic; 0: not said since its last run */
	size_t parts_count;
	bool is_ending;
};

/* Adds a part to the loop; at start. */
void api_add_part(struct api *api, const struct part *part);

/* The server's hooks. */
bool api_admit(struct api *api, struct call *call, struct principal *ret_principal);
void api_handle(struct api *api, struct call *call);
void api_answered(struct api *api, const struct route *route, int status, int64_t spent_us); /* metrics_answer.c */

/* One turn of the only loop: waits until the network, Kafka or PostgreSQL have something, then does all of it. */
MUST_CHECK int api_step(struct api *api, struct err *err);

/* No more requests; those that are there are answered, as long as the deadline (monotonic) allows. */
MUST_CHECK int api_drain(struct api *api, int64_t deadline_ms, struct err *err);

/* ---- handlers of the table (routes.c) ---- */

void take_kannel_report(struct api *api, struct call *call); /* callbacks.c */
void tell_document(struct api *api, struct call *call);      /* document.c */
void tell_page(struct api *api, struct call *call);
void tell_page_file(struct api *api, struct call *call);
void tell_metrics(struct api *api, struct call *call); /* metrics_answer.c */
void tell_live(struct api *api, struct call *call);    /* health.c */
void take_command(struct api *api, struct call *call); /* api.c */
void tell_command(struct api *api, struct call *call);
void tell_ready(struct api *api, struct call *call);
void show_report(struct api *api, struct call *call); /* reports.c */
void tell_root(struct api *api, struct call *call);

/* registry.c */
void tell_subjects(struct api *api, struct call *call);
void find_schema(struct api *api, struct call *call);
void tell_versions(struct api *api, struct call *call);
void register_schema(struct api *api, struct call *call);
void tell_version(struct api *api, struct call *call);
void tell_version_schema(struct api *api, struct call *call);
void tell_schema(struct api *api, struct call *call);
void tell_schema_text(struct api *api, struct call *call);
void tell_schema_versions(struct api *api, struct call *call);
void tell_schema_subjects(struct api *api, struct call *call);
void tell_schema_types(struct api *api, struct call *call);
void tell_compatibility(struct api *api, struct call *call);
void tell_registry_mode(struct api *api, struct call *call);

#endif
