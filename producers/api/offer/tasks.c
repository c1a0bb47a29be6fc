#include "base/array.h"
#include "producers/api/offer/offer.h"
#include "producers/api/reads/readers.h"
#include "producers/api/reads/reads.h"
#include "producers/api/reads/resource.h"
#include "schemas/dunning.h"
#include "schemas/words.h"

/* The queue of what people do: calls, reviews and the other tasks of dunning. */

static const struct column task_columns[] = {
	{ .name = "id", .kind = COLUMN_UUID, .sql = "t.task_id" },
	{ .name = "customerId", .kind = COLUMN_UUID, .sql = "t.customer_id" },
	{ .name = "creditorId", .kind = COLUMN_UUID, .sql = "t.creditor_id" },
	{ .name = "groupId", .kind = COLUMN_UUID, .sql = "t.group_id" },
	{ .name = "kind", .kind = COLUMN_TEXT, .sql = "t.kind" },
	{ .name = "reason", .kind = COLUMN_TEXT, .sql = "t.reason" },
	{ .name = "state", .kind = COLUMN_TEXT, .sql = "t.state" },
	{ .name = "outcome", .kind = COLUMN_TEXT, .sql = "t.outcome" },
	{ .name = "policy", .kind = COLUMN_TEXT, .sql = "t.policy" },
	{ .name = "step", .kind = COLUMN_INT, .sql = "t.step" },
	{ .name = "debtIds", .kind = COLUMN_UUIDS, .sql = "t.debt_ids" },
	{ .name = "currency", .kind = COLUMN_TEXT, .sql = "t.currency" },
	{ .name = "owed", .kind = COLUMN_MONEY, .sql = "t.owed_minor" },
	{ .name = "openedOn", .kind = COLUMN_DATE, .sql = "t.opened_on" },
	{ .name = "backOn", .kind = COLUMN_DATE, .sql = "t.back_on" },
	{ .name = "takenBy", .kind = COLUMN_UUID, .sql = "t.taken_by" },
	{ .name = "actions", .kind = COLUMN_ACTIONS, .sql = "t.actions" },
	{ .name = "version", .kind = COLUMN_LONG, .sql = "t.version" },
	{ .name = "createdAt", .kind = COLUMN_INSTANT, .sql = "t.created_at" },
	{ .name = "updatedAt", .kind = COLUMN_INSTANT, .sql = "t.updated_at" },
	{ .name = "links.self", .kind = COLUMN_LINK, .link = "/tasks/%", .of = "id", .is_detail = true },
	{ .name = "links.customer", .kind = COLUMN_LINK, .link = "/customers/%", .of = "customerId", .is_detail = true },
	{ .name = "links.timeline", .kind = COLUMN_LINK, .link = "/customers/%/timeline", .of = "customerId", .is_detail = true },
};

/* By state and by customer an index leads to the rows in the order of the list; of what is taken there is little. */
static const struct filter task_filters[] = {
	{ .name = "state", .kind = COLUMN_TEXT, .sql = "t.state = q.state", .words = TASK_STATE_WORDS, .is_selective = true },
	{ .name = "takenBy", .kind = COLUMN_UUID, .sql = "t.taken_by = q.takenBy" },
	{ .name = "customer", .kind = COLUMN_UUID, .sql = "t.customer_id = q.customer", .is_selective = true },
	{ .name = "kind", .kind = COLUMN_TEXT, .sql = "t.kind = q.kind", .words = TASK_KIND_WORDS },
	{ .name = "reason", .kind = COLUMN_TEXT, .sql = "t.reason = q.reason", .words = TASK_REASON_WORDS },
	{ .name = "creditor", .kind = COLUMN_UUID, .sql = "t.creditor_id = q.creditor" },
	{ .name = "portfolio", .kind = COLUMN_UUID, .sql = "q.portfolio = ANY (t.portfolio_ids)" },
	RESOURCE_CREATED_FILTERS("t.created_at"),
};

/* A queue: the oldest first. */
static const struct sort task_sorts[] = {
	{ .name = "id", .kind = COLUMN_UUID, .sql = "t.task_id" },
	{ .name = "createdAt", .kind = COLUMN_INSTANT, .sql = "t.created_at" },
};

const struct resource task_resource = {
	.name = "task",
	.from = "dunning.api_task t",
	.id = "t.task_id",
	.owner = "t.customer_id",
	.uncredited = "no creditor reads what the staff has to do",
	.version = "version",
	.columns = task_columns,
	.columns_count = COUNT(task_columns),
	.filters = task_filters,
	.filters_count = COUNT(task_filters),
	.sorts = task_sorts,
	.sorts_count = COUNT(task_sorts),
	.sort_default = 1,
};

const struct route tasks_routes[] = {
	{ .method = METHOD_GET,
	  .pattern = "/tasks",
	  .operation = "listTasks",
	  .summary = "List what people have to do, or did, the oldest first",
	  .access = READS_NOTES,
	  .kind = ROUTE_READ,
	  .resource = &task_resource,
	  .is_list = true },
	{ .method = METHOD_GET,
	  .pattern = "/tasks/:id",
	  .operation = "getTask",
	  .summary = "Get a task: what is to be done, about which debts, and why",
	  .access = READS_NOTES,
	  .kind = ROUTE_READ,
	  .resource = &task_resource },
	{ .method = METHOD_POST,
	  .pattern = "/tasks/:id/take",
	  .operation = "takeTask",
	  .summary = "Take a task, for the rest of the day and the next one",
	  .kind = ROUTE_WRITE,
	  .body = BODY_JSON,
	  .command = &take_task_type,
	  .path_field = "task_id",
	  .owner = &task_resource,
	  .done_status = 200,
	  .resource = &task_resource },
	{ .method = METHOD_POST,
	  .pattern = "/tasks/:id/release",
	  .operation = "releaseTask",
	  .summary = "Give a task back: it is open again",
	  .kind = ROUTE_WRITE,
	  .body = BODY_JSON,
	  .command = &release_task_type,
	  .path_field = "task_id",
	  .owner = &task_resource,
	  .done_status = 200,
	  .resource = &task_resource },
	{ .method = METHOD_POST,
	  .pattern = "/tasks/:id/finish",
	  .operation = "finishTask",
	  .summary = "Finish a task: done takes its step; later brings it back on a day",
	  .kind = ROUTE_WRITE,
	  .body = BODY_JSON,
	  .command = &finish_task_type,
	  .path_field = "task_id",
	  .owner = &task_resource,
	  .done_status = 200,
	  .resource = &task_resource },
	{ 0 },
};
