#include "producers/api/reads/reports.h"
#include "base/array.h"
#include "producers/api/offer/offer.h"
#include "producers/api/reads/readers.h"
#include "producers/api/reads/reads.h"
#include "producers/api/reads/resource.h"
#include "schemas/reports.h"
#include "schemas/words.h"

/* Reports (sql/0013_reports.sql): the requests and their results. The file itself is in reads/reports.c. */

static const struct column report_columns[] = {
	{ .name = "id", .kind = COLUMN_UUID, .sql = "r.report_id" },
	{ .name = "kind", .kind = COLUMN_TEXT, .sql = "r.kind" },
	{ .name = "format", .kind = COLUMN_TEXT, .sql = "r.format" },
	{ .name = "state", .kind = COLUMN_TEXT, .sql = "r.state" },
	{ .name = "reason", .kind = COLUMN_TEXT, .sql = "r.reason" },
	{ .name = "asOf", .kind = COLUMN_DATE, .sql = "r.as_of" },
	{ .name = "open", .kind = COLUMN_BOOL, .sql = "r.open" },
	{ .name = "fromOn", .kind = COLUMN_DATE, .sql = "r.from_on" },
	{ .name = "creditorId", .kind = COLUMN_UUID, .sql = "r.creditor_id" },
	{ .name = "currency", .kind = COLUMN_TEXT, .sql = "r.currency" },
	{ .name = "channel", .kind = COLUMN_TEXT, .sql = "r.channel" },
	{ .name = "requestedBy", .kind = COLUMN_TEXT, .sql = "r.requested_by" },
	{ .name = "requestedAt", .kind = COLUMN_INSTANT, .sql = "r.requested_at" },
	{ .name = "madeAt", .kind = COLUMN_INSTANT, .sql = "r.made_at" },
	{ .name = "file.name", .kind = COLUMN_TEXT, .sql = "r.file_name" },
	{ .name = "file.url",
	  .kind = COLUMN_TEXT,
	  .sql = "CASE r.state WHEN 'ready' THEN '/reports/' || r.report_id || '?download=1' END" },
	{ .name = "file.rows", .kind = COLUMN_INT, .sql = "r.rows" },
	{ .name = "file.size", .kind = COLUMN_INT, .sql = "r.size" },
	{ .name = "file.sha256", .kind = COLUMN_TEXT, .sql = "r.sha256" },
	{ .name = "version", .kind = COLUMN_INT, .sql = "CASE r.state WHEN 'requested' THEN 1 WHEN 'expired' THEN 3 ELSE 2 END" },
	{ .name = "positions", .kind = COLUMN_JSON, .sql = "r.positions::text", .is_detail = true },
	{ .name = "content",
	  .kind = COLUMN_JSON,
	  .sql = "CASE r.format WHEN 'json' THEN convert_from(r.content, 'UTF8') END",
	  .is_detail = true },
	{ .name = "createdAt", .kind = COLUMN_INSTANT, .sql = "r.requested_at" },
	{ .name = "updatedAt", .kind = COLUMN_INSTANT, .sql = "r.updated_at" },
};

static const struct filter report_filters[] = {
	{ .name = "kind", .kind = COLUMN_TEXT, .sql = "r.kind = q.kind", .words = REPORT_KIND_WORDS },
	{ .name = "state", .kind = COLUMN_TEXT, .sql = "r.state = q.state", .words = REPORT_STATE_WORDS },
	RESOURCE_CREATED_FILTERS("r.requested_at"),
};

static const struct sort report_sorts[] = {
	{ .name = "id", .kind = COLUMN_UUID, .sql = "r.report_id" },
	RESOURCE_CREATED_SORT("r.requested_at"),
	{ .name = "requestedAt", .kind = COLUMN_INSTANT, .sql = "r.requested_at" },
};

const struct resource report_resource = {
	.name = "report",
	.from = "reporting.public_report r",
	.id = "r.report_id",
	.creditor = REPORT_OF_CREDITOR,
	.reaches = { { .from = "reporting.public_report r",
		       .creditor = "r.creditor_id",
		       .sort = "r.requested_at",
		       .key = "r.report_id",
		       .sql = RESOURCE_IN_PORTFOLIOS("NULL") } },
	.version = "version",
	.columns = report_columns,
	.columns_count = COUNT(report_columns),
	.filters = report_filters,
	.filters_count = COUNT(report_filters),
	.sorts = report_sorts,
	.sorts_count = COUNT(report_sorts),
	.sort_default = 1,
};

/* ---- routes ---- */

const struct route reports_routes[] = {
	{ .method = METHOD_GET,
	  .pattern = "/reports",
	  .operation = "listReports",
	  .summary = "List reports, newest first",
	  .access = READS_REPORTS,
	  .kind = ROUTE_READ,
	  .resource = &report_resource,
	  .is_list = true },
	{ .method = METHOD_POST,
	  .pattern = "/reports",
	  .operation = "generateReport",
	  .summary = "Request a report, which is kept as a file",
	  .kind = ROUTE_WRITE,
	  .body = BODY_JSON,
	  .command = &generate_report_type,
	  .made_field = "report_id",
	  .done_status = 201,
	  .location = "/reports/",
	  .resource = &report_resource },
	{ .method = METHOD_GET,
	  .pattern = "/reports/:id",
	  .operation = "getReport",
	  .summary = "Get a report: its request, its state, or its file",
	  .access = READS_REPORTS,
	  .handle = show_report },
	{ 0 },
};
