#ifndef API_OPS_OPS_H
#define API_OPS_OPS_H

#include <stdint.h>

struct api;
struct call;
struct route;

/* The state of the gateway, for monitoring, orchestrators, and people who open its root. Handlers of routes, and a hook. */
void tell_root(struct api *api, struct call *call);    /* health.c */
void tell_live(struct api *api, struct call *call);    /* health.c */
void tell_ready(struct api *api, struct call *call);   /* health.c */
void tell_metrics(struct api *api, struct call *call); /* metrics_answer.c */

/* The server's hook: counts an answered request. route: NULL if it has none. */
void api_answered(struct api *api, const struct route *route, int status, int64_t spent_us); /* metrics_answer.c */

#endif
