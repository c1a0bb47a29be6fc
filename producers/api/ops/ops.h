#ifndef API_OPS_OPS_H
#define API_OPS_OPS_H

#include <stdint.h>

struct api;
struct call;
struct route;

/* How the gateway is: for monitoring, orchestrators, and people who look at its root. Handlers of routes, and a hook. */
void tell_root(struct api *api, struct call *call);    /* health.c */
void tell_live(struct api *api, struct call *call);    /* health.c */
void tell_ready(struct api *api, struct call *call);   /* health.c */
void tell_metrics(struct api *api, struct call *call); /* metrics_answer.c */

/* The server's hook: a request was answered; counts it. route: NULL when it belongs to none. */
void api_answered(struct api *api, const struct route *route, int status, int64_t spent_us); /* metrics_answer.c */

#endif
