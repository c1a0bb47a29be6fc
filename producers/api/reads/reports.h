#ifndef API_READS_REPORTS_H
#define API_READS_REPORTS_H

struct api;
struct call;

/* GET /reports/:id: JSON, or the file if the caller requests it. A handler of routes. */
void show_report(struct api *api, struct call *call);

#endif
