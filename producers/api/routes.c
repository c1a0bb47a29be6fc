#include "model/command.h"
#include "producers/api/api.h"
#include "producers/api/route.h"

/* Every operation, one row each. In the order of the document. */

#define CALLBACK_MAX 4096

/* Who reads: everybody whose work it is, and a portal user what is his own (reads.h). */
#define READERS                                                                                                                  \
	(ROLE_ADMIN | ROLE_COMPLIANCE | ROLE_SUPERVISOR | ROLE_AGENT | ROLE_CREDITOR | ROLE_CONSUMER | ROLE_AUDITOR |            \
	 ROLE_REPORTING)

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

	/* ---- customers ---- */
	{ .method = METHOD_GET,
	  .pattern = "/customers/:id",
	  .operation = "getCustomer",
	  .summary = "One customer",
	  .access = READERS,
	  .kind = ROUTE_READ,
	  .resource = &customer_resource },

	/* ---- debts ---- */
	{ .method = METHOD_GET,
	  .pattern = "/debts/:id",
	  .operation = "getDebt",
	  .summary = "One debt with its balances",
	  .access = READERS,
	  .kind = ROUTE_READ,
	  .resource = &debt_resource },
	{ .method = METHOD_GET,
	  .pattern = "/payments/:id",
	  .operation = "getPayment",
	  .summary = "One payment and what it was used for",
	  .access = READERS,
	  .kind = ROUTE_READ,
	  .resource = &payment_resource },

	/* ---- communications ---- */
	{ .method = METHOD_GET,
	  .pattern = "/communications/:id",
	  .operation = "getCommunication",
	  .summary = "One message and what became of it",
	  .access = READERS,
	  .kind = ROUTE_READ,
	  .resource = &communication_resource },

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
