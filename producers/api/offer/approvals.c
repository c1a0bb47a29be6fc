#include "base/array.h"
#include "producers/api/offer/offer.h"
#include "producers/api/reads/readers.h"
#include "producers/api/reads/reads.h"
#include "producers/api/reads/resource.h"
#include "schemas/engine.h"
#include "schemas/words.h"

/* Commands that wait for a second person, of all modules (worker/approvals.h). */

static const struct column approval_columns[] = {
	{ .name = "id", .kind = COLUMN_UUID, .sql = "a.command_id" },
	{ .name = "type", .kind = COLUMN_TEXT, .sql = "a.type" },
	{ .name = "module", .kind = COLUMN_TEXT, .sql = "a.module" },
	{ .name = "state", .kind = COLUMN_TEXT, .sql = "a.state" },
	{ .name = "reason", .kind = COLUMN_TEXT, .sql = "a.reason" },
	{ .name = "askedBy", .kind = COLUMN_TEXT, .sql = "a.actor" },
	{ .name = "endedBy", .kind = COLUMN_TEXT, .sql = "a.ended_by" },
	{ .name = "data", .kind = COLUMN_EVENT, .sql = "a.value", .roles = APPROVES, .is_detail = true },
	{ .name = "expiresAt", .kind = COLUMN_INSTANT, .sql = "a.expires_at" },
	{ .name = "endedAt", .kind = COLUMN_INSTANT, .sql = "a.ended_at" },
	{ .name = "createdAt", .kind = COLUMN_INSTANT, .sql = "a.kept_at" },
	{ .name = "links.self", .kind = COLUMN_LINK, .link = "/approvals/%", .of = "id", .is_detail = true },
	{ .name = "links.command", .kind = COLUMN_LINK, .link = "/commands/%", .of = "id", .is_detail = true },
};

static const struct filter approval_filters[] = {
	{ .name = "state", .kind = COLUMN_TEXT, .sql = "a.state = q.state", .words = APPROVAL_STATE_WORDS },
	{ .name = "type", .kind = COLUMN_TEXT, .sql = "a.type = q.type" },
	RESOURCE_CREATED_FILTERS("a.kept_at"),
};

static const struct sort approval_sorts[] = {
	{ .name = "id", .kind = COLUMN_UUID, .sql = "a.command_id" },
	RESOURCE_CREATED_SORT("a.kept_at"),
};

const struct resource approval_resource = {
	.name = "approval",
	.from = "api.approval a",
	.id = "a.command_id",
	.uncredited = "no creditor reads what the staff has to decide",
	.columns = approval_columns,
	.columns_count = COUNT(approval_columns),
	.filters = approval_filters,
	.filters_count = COUNT(approval_filters),
	.sorts = approval_sorts,
	.sorts_count = COUNT(approval_sorts),
	.sort_default = 1,
};

const struct route approvals_routes[] = {
	{ .method = METHOD_GET,
	  .pattern = "/approvals",
	  .operation = "listApprovals",
	  .summary = "List commands that wait, or waited, for a second person",
	  .access = READS_NOTES,
	  .kind = ROUTE_READ,
	  .resource = &approval_resource,
	  .is_list = true },
	{ .method = METHOD_GET,
	  .pattern = "/approvals/:id",
	  .operation = "getApproval",
	  .summary = "Get a command that waits for a second person, with its members",
	  .access = READS_NOTES,
	  .kind = ROUTE_READ,
	  .resource = &approval_resource },
	{ .method = METHOD_POST,
	  .pattern = "/commands/:id/approval",
	  .operation = "approveCommand",
	  .summary = "Approve another person's command; it is then decided again",
	  .kind = ROUTE_WRITE,
	  .body = BODY_JSON,
	  .command = &approve_command_type,
	  .path_field = "command_id",
	  .optional = "reason",
	  .done_status = 200,
	  .location = "/approvals/",
	  .resource = &approval_resource },
	{ .method = METHOD_POST,
	  .pattern = "/commands/:id/refusal",
	  .operation = "refuseCommand",
	  .summary = "Refuse another person's command, for good",
	  .kind = ROUTE_WRITE,
	  .body = BODY_JSON,
	  .command = &refuse_command_type,
	  .path_field = "command_id",
	  .optional = "reason",
	  .done_status = 200,
	  .location = "/approvals/",
	  .resource = &approval_resource },
	{ 0 },
};
