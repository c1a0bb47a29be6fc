#include "producers/api/api.h"
#include "producers/api/route.h"

/* Every operation, one row each. In the order of the document. */

#define CALLBACK_MAX 4096

const struct route api_routes[] = {
	{ .method = METHOD_GET,
	  .pattern = "/",
	  .operation = "getRoot",
	  .summary = "What this is, and where to go",
	  .access = ACCESS_PUBLIC,
	  .handle = tell_root },
	{ .method = METHOD_GET,
	  .pattern = "/openapi.json",
	  .operation = "getDocument",
	  .summary = "This document",
	  .access = ACCESS_PUBLIC,
	  .handle = tell_document },

	/* ---- health ---- */
	{ .method = METHOD_GET,
	  .pattern = "/livez",
	  .operation = "getLive",
	  .summary = "The process turns",
	  .access = ACCESS_PUBLIC,
	  .handle = tell_live },
	{ .method = METHOD_GET,
	  .pattern = "/readyz",
	  .operation = "getReady",
	  .summary = "It can do its work now",
	  .access = ACCESS_PUBLIC,
	  .handle = tell_ready },
	{ .method = METHOD_GET,
	  .pattern = "/healthz",
	  .operation = "getHealth",
	  .summary = "The same as /readyz",
	  .access = ACCESS_PUBLIC,
	  .handle = tell_ready },

	/* ---- providers ---- */
	{ .method = METHOD_GET,
	  .pattern = "/callbacks/kannel",
	  .operation = "takeKannelReport",
	  .summary = "Kannel's delivery report, signed in its URL",
	  .access = ACCESS_PUBLIC,
	  .handle = take_kannel_report },
	{ .method = METHOD_POST,
	  .pattern = "/callbacks/kannel",
	  .operation = "postKannelReport",
	  .summary = "Kannel's delivery report, signed in its URL",
	  .access = ACCESS_PUBLIC,
	  .body = BODY_ANY,
	  .body_size_max = CALLBACK_MAX,
	  .handle = take_kannel_report },
	{ 0 },
};
