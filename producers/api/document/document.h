#ifndef API_DOCUMENT_DOCUMENT_H
#define API_DOCUMENT_DOCUMENT_H

#include "base/buf.h"
#include "base/err.h"
#include "producers/api/http/route.h"

/* The description of the gateway: its OpenAPI document and the page that renders it, made once at start. */
struct document {
	struct buf text;
	char etag[40];
};

MUST_CHECK int document_open(struct document *document, const struct route *routes, struct err *err);
void document_release(struct document *document); /* accepts a zeroed one */

/* ---- handlers of routes ---- */

void tell_document(struct api *api, struct call *call);
void tell_page(struct api *api, struct call *call);
void tell_page_file(struct api *api, struct call *call);

#endif
