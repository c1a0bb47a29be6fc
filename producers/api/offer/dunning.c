#include "schemas/dunning.h"
#include "base/array.h"
#include "producers/api/offer/dunning_preview.h"
#include "producers/api/offer/offer.h"
#include "producers/api/reads/readers.h"
#include "producers/api/reads/reads.h"
#include "producers/api/reads/resource.h"

/* Dunning policies: every version. */

#define WORDS_OF(column) "string_to_array(nullif(" column ", ''), ' ')"

static const struct column policy_columns[] = {
	{ .name = "id", .kind = COLUMN_UUID, .sql = "p.publication_id" },
	{ .name = "policy", .kind = COLUMN_TEXT, .sql = "p.name" },
	{ .name = "version", .kind = COLUMN_INT, .sql = "p.version" },
	{ .name = "state", .kind = COLUMN_TEXT, .sql = "p.state" },
	{ .name = "title", .kind = COLUMN_TEXT, .sql = "p.title" },
	{ .name = "priority", .kind = COLUMN_INT, .sql = "p.priority" },
	{ .name = "jurisdiction", .kind = COLUMN_TEXT, .sql = "p.jurisdiction" },
	{ .name = "customerKind", .kind = COLUMN_TEXT, .sql = "p.customer_kind" },
	{ .name = "debtCurrency", .kind = COLUMN_TEXT, .sql = "p.debt_currency" },
	{ .name = "creditorIds", .kind = COLUMN_UUIDS, .sql = "coalesce(" WORDS_OF("p.creditor_ids") "::uuid[], '{}')" },
	{ .name = "portfolioIds", .kind = COLUMN_UUIDS, .sql = "coalesce(" WORDS_OF("p.portfolio_ids") "::uuid[], '{}')" },
	{ .name = "languages", .kind = COLUMN_TEXTS, .sql = "coalesce(" WORDS_OF("p.languages") ", '{}')" },
	{ .name = "daysFrom", .kind = COLUMN_INT, .sql = "p.days_from" },
	{ .name = "daysTo", .kind = COLUMN_INT, .sql = "p.days_to" },
	{ .name = "balanceFromMinor", .kind = COLUMN_LONG, .sql = "p.balance_from_minor" },
	{ .name = "balanceToMinor", .kind = COLUMN_LONG, .sql = "p.balance_to_minor" },
	{ .name = "chargedOff", .kind = COLUMN_BOOL, .sql = "p.charged_off" },
	{ .name = "toleranceMinor", .kind = COLUMN_LONG, .sql = "p.tolerance_minor" },
	{ .name = "demandsADay", .kind = COLUMN_INT, .sql = "p.demands_a_day" },
	{ .name = "demandsAWeek", .kind = COLUMN_INT, .sql = "p.demands_a_week" },
	{ .name = "catchUp", .kind = COLUMN_TEXT, .sql = "p.catch_up" },
	{ .name = "newDebts", .kind = COLUMN_TEXT, .sql = "p.new_debts" },
	{ .name = "reopened", .kind = COLUMN_TEXT, .sql = "p.reopened" },
	{ .name = "arms", .kind = COLUMN_JSON, .sql = "dunning.policy_arms(p.arms)" },
	{ .name = "steps", .kind = COLUMN_JSON, .sql = "dunning.policy_steps(p.publication_id)" },
	{ .name = "publishedBy", .kind = COLUMN_TEXT, .sql = "p.published_by" },
	{ .name = "approvedBy", .kind = COLUMN_TEXT, .sql = "p.approved_by" },
	{ .name = "retiredBy", .kind = COLUMN_TEXT, .sql = "p.retired_by" },
	{ .name = "retiredAt", .kind = COLUMN_INSTANT, .sql = "p.retired_at" },
	{ .name = "createdAt", .kind = COLUMN_INSTANT, .sql = "p.created_at" },
};

static const struct filter policy_filters[] = {
	{ .name = "policy", .kind = COLUMN_TEXT, .sql = "p.name = q.policy" },
	{ .name = "state", .kind = COLUMN_TEXT, .sql = "p.state = q.state", .words = "in_force replaced retired" },
	RESOURCE_CREATED_FILTERS("p.created_at"),
};

static const struct sort policy_sorts[] = {
	{ .name = "id", .kind = COLUMN_UUID, .sql = "p.publication_id" },
	RESOURCE_CREATED_SORT("p.created_at"),
};

const struct resource policy_resource = {
	.name = "policy",
	.from = "dunning.api_policy p",
	.id = "p.publication_id",
	.uncredited = "no creditor reads by which steps people are written to",
	.columns = policy_columns,
	.columns_count = COUNT(policy_columns),
	.filters = policy_filters,
	.filters_count = COUNT(policy_filters),
	.sorts = policy_sorts,
	.sorts_count = COUNT(policy_sorts),
	.sort_default = 1,
};

const struct route dunning_routes[] = {
	{ .method = METHOD_POST,
	  .pattern = "/dunning/policies",
	  .operation = "publishPolicy",
	  .summary = "Publish a version of a dunning policy; it needs a second person",
	  .kind = ROUTE_WRITE,
	  .body = BODY_JSON,
	  .command = &publish_policy_type,
	  .made_field = "publication_id",
	  .done_status = 201,
	  .location = "/dunning/policies/",
	  .resource = &policy_resource },
	{ .method = METHOD_GET,
	  .pattern = "/dunning/policies",
	  .operation = "listPolicies",
	  .summary = "List dunning policies, every version of each",
	  .access = READS_NOTES,
	  .kind = ROUTE_READ,
	  .resource = &policy_resource,
	  .is_list = true },
	{ .method = METHOD_GET,
	  .pattern = "/dunning/policies/:id",
	  .operation = "getPolicy",
	  .summary = "Get a version of a dunning policy: for which debts it is, its steps",
	  .access = READS_NOTES,
	  .kind = ROUTE_READ,
	  .resource = &policy_resource },
	{ .method = METHOD_POST,
	  .pattern = "/dunning/policies/:id/retirement",
	  .operation = "retirePolicy",
	  .summary = "Take a dunning policy out of force; it needs a second person",
	  .kind = ROUTE_WRITE,
	  .body = BODY_JSON,
	  .command = &retire_policy_type,
	  .path_field = "publication_id",
	  .done_status = 200,
	  .location = "/dunning/policies/",
	  .resource = &policy_resource },
	{ .method = METHOD_POST,
	  .pattern = "/dunning/preview",
	  .operation = "previewDunning",
	  .summary = "Ask what a draft of a dunning policy would do on a day, by totals; nothing is changed",
	  .access = ROLE_COMPLIANCE | ROLE_SUPERVISOR,
	  .body = BODY_JSON,
	  .handle = preview_dunning },
	{ 0 },
};
