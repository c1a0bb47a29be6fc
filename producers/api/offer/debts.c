#include "schemas/debts.h"
#include "base/array.h"
#include "model/balances.h"
#include "producers/api/offer/offer.h"
#include "producers/api/reads/readers.h"
#include "producers/api/reads/reads.h"
#include "producers/api/reads/resource.h"
#include "schemas/words.h"

/* Debts, payments and the ledger, from the views debts.api_* (sql/README.md says how to find the newest of each). */

#define ACCOUNT_SHOWN(NAME, account, member, table)                                                                              \
	{ .name = #member "." #account, .kind = COLUMN_MONEY, .sql = #table "." #account "_minor" },

static const struct column debt_columns[] = {
	{ .name = "id", .kind = COLUMN_UUID, .sql = "d.debt_id" },
	{ .name = "customerId", .kind = COLUMN_UUID, .sql = "d.customer_id" },
	{ .name = "customerName",
	  .kind = COLUMN_SEALED,
	  .sql = RESOURCE_SEALED("c.customer_id", "c.version", "c.full_name_sealed"),
	  .sealed = &sealed_name,
	  .roles = SEES_NAMES },
	{ .name = "creditorId", .kind = COLUMN_UUID, .sql = "d.creditor_id" },
	{ .name = "originalCreditorId", .kind = COLUMN_UUID, .sql = "d.original_creditor_id" },
	{ .name = "portfolioId", .kind = COLUMN_UUID, .sql = "d.portfolio_id" },
	{ .name = "externalRef", .kind = COLUMN_TEXT, .sql = "d.external_ref" },
	{ .name = "lifecycle", .kind = COLUMN_TEXT, .sql = "d.lifecycle" },
	{ .name = "openedOn", .kind = COLUMN_DATE, .sql = "d.opened_on" },
	{ .name = "dueOn", .kind = COLUMN_DATE, .sql = "d.due_on" },
	{ .name = "allocationOrder", .kind = COLUMN_TEXT, .sql = "d.allocation_order" },
	{ .name = "allocationPolicyId", .kind = COLUMN_UUID, .sql = "d.allocation_policy_id" },
	{ .name = "allocationPolicyVersion", .kind = COLUMN_LONG, .sql = "d.allocation_policy_version" },
	{ .name = "stopped", .kind = COLUMN_TEXTS, .sql = "d.stopped" },
	{ .name = "daysPastDue", .kind = COLUMN_INT, .sql = "d.days_past_due" },
	{ .name = "bucket", .kind = COLUMN_TEXT, .sql = "d.bucket" },
	{ .name = "currency", .kind = COLUMN_TEXT, .sql = "d.currency" },
	{ .name = "balances.total", .kind = COLUMN_MONEY, .sql = "d.total_minor" },
	/* clang-format off */
	ACCOUNTS(ACCOUNT_SHOWN, balances, d)
	/* clang-format on */
	{ .name = "actions", .kind = COLUMN_ACTIONS, .sql = "d.actions" },
	{ .name = "version", .kind = COLUMN_LONG, .sql = "d.version" },
	{ .name = "createdAt", .kind = COLUMN_INSTANT, .sql = "d.created_at" },
	{ .name = "updatedAt", .kind = COLUMN_INSTANT, .sql = "d.updated_at" },
	{ .name = "links.self", .kind = COLUMN_LINK, .link = "/debts/%", .of = "id", .is_detail = true },
	{ .name = "links.customer", .kind = COLUMN_LINK, .link = "/customers/%", .of = "customerId", .is_detail = true },
	{ .name = "links.ledger", .kind = COLUMN_LINK, .link = "/debts/%/ledger", .of = "id", .is_detail = true },
	{ .name = "links.history",
	  .kind = COLUMN_LINK,
	  .link = "/debts/%/history",
	  .of = "id",
	  .roles = READS_NOTES,
	  .is_detail = true },
};

/* As in the view reporting.ageing_bucket (tests/io/test_api_lists.c). */
#define AGEING_BUCKETS "0 1-30 31-60 61-90 91-120 121-180 181-365 366+"

static const struct filter debt_filters[] = {
	{ .name = "customer", .kind = COLUMN_UUID, .sql = "d.customer_id = q.customer", .is_selective = true },
	{ .name = "creditor", .kind = COLUMN_UUID, .sql = "d.creditor_id = q.creditor" },
	{ .name = "externalRef", /* unique per creditor */
	  .kind = COLUMN_TEXT,
	  .sql = "d.creditor_id = q.creditor AND d.external_ref = q.externalRef",
	  .needs = "creditor",
	  .is_selective = true },
	{ .name = "lifecycle", .kind = COLUMN_TEXT, .sql = "d.lifecycle = q.lifecycle", .words = LIFECYCLE_WORDS },
	{ .name = "currency", .kind = COLUMN_TEXT, .sql = "d.currency = q.currency" },
	{ .name = "dueFrom", .kind = COLUMN_DATE, .sql = "d.due_on >= q.dueFrom" },
	{ .name = "dueTo", .kind = COLUMN_DATE, .sql = "d.due_on <= q.dueTo" },
	{ .name = "daysPastDueFrom", .kind = COLUMN_LONG, .sql = "d.days_past_due >= q.daysPastDueFrom" },
	{ .name = "daysPastDueTo", .kind = COLUMN_LONG, .sql = "d.days_past_due <= q.daysPastDueTo" },
	{ .name = "bucket", .kind = COLUMN_TEXT, .sql = "d.bucket = q.bucket", .words = AGEING_BUCKETS },
	RESOURCE_CREATED_FILTERS("d.created_at"),
};

static const struct sort debt_sorts[] = {
	{ .name = "id", .kind = COLUMN_UUID, .sql = "d.debt_id" },
	RESOURCE_CREATED_SORT("d.created_at"),
	{ .name = "dueOn", .kind = COLUMN_DATE, .sql = "d.due_on" },
};

#define DEBT_FROM "debts.api_debt d LEFT JOIN customers.api_customer c ON c.customer_id = d.customer_id"

static const struct changes debt_changes = { .module = "debts", .last = "d.updated_seq = e.seq AND d.updated_at = e.at" };

const struct resource debt_resource = {
	.name = "debt",
	.from = DEBT_FROM,
	.id = "d.debt_id",
	.owner = "d.customer_id",
	.creditor = "d.creditor_id = s.creditor AND " RESOURCE_IN_PORTFOLIOS("ARRAY[d.portfolio_id]"),
	.reaches = { { .from = DEBT_FROM,
		       .creditor = "d.creditor_id",
		       .sort = "d.created_at",
		       .key = "d.debt_id",
		       .sql = RESOURCE_IN_PORTFOLIOS("ARRAY[d.portfolio_id]") } },
	.salt = "c.key_salt",
	.version = "version",
	.columns = debt_columns,
	.columns_count = COUNT(debt_columns),
	.filters = debt_filters,
	.filters_count = COUNT(debt_filters),
	.sorts = debt_sorts,
	.sorts_count = COUNT(debt_sorts),
	.sort_default = 1,
	.changes = &debt_changes,
};

static const struct column payment_columns[] = {
	{ .name = "id", .kind = COLUMN_UUID, .sql = "p.payment_id" },
	{ .name = "debtId", .kind = COLUMN_UUID, .sql = "p.debt_id" },
	{ .name = "customerId", .kind = COLUMN_UUID, .sql = "p.customer_id" },
	{ .name = "source", .kind = COLUMN_TEXT, .sql = "p.source" },
	{ .name = "externalRef", .kind = COLUMN_TEXT, .sql = "p.external_ref" },
	{ .name = "method", .kind = COLUMN_TEXT, .sql = "p.method" },
	{ .name = "state", .kind = COLUMN_TEXT, .sql = "p.state" },
	{ .name = "receivedOn", .kind = COLUMN_DATE, .sql = "p.received_on" },
	{ .name = "currency", .kind = COLUMN_TEXT, .sql = "p.currency" },
	{ .name = "amount", .kind = COLUMN_MONEY, .sql = "p.amount_minor" },
	/* clang-format off */
	ACCOUNTS(ACCOUNT_SHOWN, allocation, p)
	/* clang-format on */
	{ .name = "actions", .kind = COLUMN_ACTIONS, .sql = "p.actions" },
	{ .name = "version", .kind = COLUMN_INT, .sql = "p.version" },
	{ .name = "createdAt", .kind = COLUMN_INSTANT, .sql = "p.created_at" },
	{ .name = "updatedAt", .kind = COLUMN_INSTANT, .sql = "p.updated_at" },
	{ .name = "links.self", .kind = COLUMN_LINK, .link = "/payments/%", .of = "id", .is_detail = true },
	{ .name = "links.debt", .kind = COLUMN_LINK, .link = "/debts/%", .of = "debtId", .is_detail = true },
	{ .name = "links.customer", .kind = COLUMN_LINK, .link = "/customers/%", .of = "customerId", .is_detail = true },
};

const struct resource payment_resource = {
	.name = "payment",
	.from = "debts.api_payment p",
	.id = "p.payment_id",
	.owner = "p.customer_id",
	.creditor = RESOURCE_OF_DEBT("p.debt_id"),
	.source = "source",
	.version = "version",
	.columns = payment_columns,
	.columns_count = COUNT(payment_columns),
};

static const struct column promise_columns[] = {
	{ .name = "id", .kind = COLUMN_UUID, .sql = "p.promise_id" },
	{ .name = "debtId", .kind = COLUMN_UUID, .sql = "p.debt_id" },
	{ .name = "customerId", .kind = COLUMN_UUID, .sql = "p.customer_id" },
	{ .name = "creditorId", .kind = COLUMN_UUID, .sql = "p.creditor_id" },
	{ .name = "state", .kind = COLUMN_TEXT, .sql = "p.state" },
	{ .name = "currency", .kind = COLUMN_TEXT, .sql = "p.currency" },
	{ .name = "amount", .kind = COLUMN_MONEY, .sql = "p.amount_minor" },
	{ .name = "paid", .kind = COLUMN_MONEY, .sql = "p.paid_minor" },
	{ .name = "madeOn", .kind = COLUMN_DATE, .sql = "p.made_on" },
	{ .name = "dueOn", .kind = COLUMN_DATE, .sql = "p.due_on" },
	{ .name = "graceEndsOn", .kind = COLUMN_DATE, .sql = "p.grace_ends_on" },
	{ .name = "channel", .kind = COLUMN_TEXT, .sql = "p.channel" },
	{ .name = "takenBy", .kind = COLUMN_TEXT, .sql = "p.taken_by", .roles = READS_NOTES },
	{ .name = "actions", .kind = COLUMN_ACTIONS, .sql = "p.actions" },
	{ .name = "version", .kind = COLUMN_LONG, .sql = "p.version" },
	{ .name = "createdAt", .kind = COLUMN_INSTANT, .sql = "p.created_at" },
	{ .name = "updatedAt", .kind = COLUMN_INSTANT, .sql = "p.updated_at" },
	{ .name = "links.self", .kind = COLUMN_LINK, .link = "/promises/%", .of = "id", .is_detail = true },
	{ .name = "links.debt", .kind = COLUMN_LINK, .link = "/debts/%", .of = "debtId", .is_detail = true },
	{ .name = "links.customer", .kind = COLUMN_LINK, .link = "/customers/%", .of = "customerId", .is_detail = true },
};

static const struct filter promise_filters[] = {
	{ .name = "state", .kind = COLUMN_TEXT, .sql = "p.state = q.state", .words = PROMISE_STATE_WORDS },
	RESOURCE_CREATED_FILTERS("p.created_at"),
};

static const struct sort promise_sorts[] = {
	{ .name = "id", .kind = COLUMN_UUID, .sql = "p.promise_id", .descends = true },
};

const struct resource promise_resource = {
	.name = "promise",
	.from = "debts.api_promise p",
	.id = "p.promise_id",
	.owner = "p.customer_id",
	.creditor = RESOURCE_OF_DEBT("p.debt_id"),
	.parent = &debt_resource,
	.parent_sql = "p.debt_id = q.parent",
	.version = "version",
	.columns = promise_columns,
	.columns_count = COUNT(promise_columns),
	.filters = promise_filters,
	.filters_count = COUNT(promise_filters),
	.sorts = promise_sorts,
	.sorts_count = COUNT(promise_sorts),
};

static const struct column hold_columns[] = {
	{ .name = "id", .kind = COLUMN_UUID, .sql = "h.hold_id" },
	{ .name = "debtId", .kind = COLUMN_UUID, .sql = "h.debt_id" },
	{ .name = "customerId", .kind = COLUMN_UUID, .sql = "h.customer_id" },
	{ .name = "creditorId", .kind = COLUMN_UUID, .sql = "h.creditor_id" },
	{ .name = "kind", .kind = COLUMN_TEXT, .sql = "h.kind" },
	{ .name = "state", .kind = COLUMN_TEXT, .sql = "h.state" },
	{ .name = "effects", .kind = COLUMN_TEXTS, .sql = "h.effects" },
	{ .name = "fromOn", .kind = COLUMN_DATE, .sql = "h.from_on" },
	{ .name = "untilOn", .kind = COLUMN_DATE, .sql = "h.until_on" },
	{ .name = "reviewOn", .kind = COLUMN_DATE, .sql = "h.review_on" },
	{ .name = "reviewAskedOn", .kind = COLUMN_DATE, .sql = "h.review_asked_on" },
	{ .name = "mergedInto", .kind = COLUMN_UUID, .sql = "h.merged_into" },
	{ .name = "evidenceRef", .kind = COLUMN_TEXT, .sql = "h.evidence_ref" },
	{ .name = "placedBy", .kind = COLUMN_TEXT, .sql = "h.placed_by" },
	{ .name = "actions", .kind = COLUMN_ACTIONS, .sql = "h.actions" },
	{ .name = "version", .kind = COLUMN_LONG, .sql = "h.version" },
	{ .name = "createdAt", .kind = COLUMN_INSTANT, .sql = "h.created_at" },
	{ .name = "updatedAt", .kind = COLUMN_INSTANT, .sql = "h.updated_at" },
	{ .name = "links.self", .kind = COLUMN_LINK, .link = "/holds/%", .of = "id", .is_detail = true },
	{ .name = "links.debt", .kind = COLUMN_LINK, .link = "/debts/%", .of = "debtId", .is_detail = true },
	{ .name = "links.customer", .kind = COLUMN_LINK, .link = "/customers/%", .of = "customerId", .is_detail = true },
};

static const struct filter hold_filters[] = {
	{ .name = "state", .kind = COLUMN_TEXT, .sql = "h.state = q.state", .words = HOLD_STATE_WORDS },
	{ .name = "kind", .kind = COLUMN_TEXT, .sql = "h.kind = q.kind", .words = HOLD_KIND_WORDS },
	RESOURCE_CREATED_FILTERS("h.created_at"),
};

static const struct sort hold_sorts[] = {
	{ .name = "id", .kind = COLUMN_UUID, .sql = "h.hold_id", .descends = true },
};

const struct resource hold_resource = {
	.name = "hold",
	.from = "debts.api_hold h",
	.id = "h.hold_id",
	.owner = "h.customer_id",
	.uncredited = "why a debt is held may be what others know of a person; what is stopped is shown with the debt",
	.parent = &debt_resource,
	.parent_sql = "h.debt_id = q.parent",
	.version = "version",
	.columns = hold_columns,
	.columns_count = COUNT(hold_columns),
	.filters = hold_filters,
	.filters_count = COUNT(hold_filters),
	.sorts = hold_sorts,
	.sorts_count = COUNT(hold_sorts),
};

/* A debit is above 0, a credit below; their sum is 0. */
static const struct column ledger_columns[] = {
	{ .name = "entryNo", .kind = COLUMN_LONG, .sql = "l.entry_no" },
	{ .name = "debtId", .kind = COLUMN_UUID, .sql = "l.debt_id" },
	{ .name = "kind", .kind = COLUMN_TEXT, .sql = "l.kind" },
	{ .name = "occurredOn", .kind = COLUMN_DATE, .sql = "l.occurred_on" },
	{ .name = "businessDate", .kind = COLUMN_DATE, .sql = "l.business_date" },
	{ .name = "currency", .kind = COLUMN_TEXT, .sql = "l.currency" },
	{ .name = "contraAccount", .kind = COLUMN_TEXT, .sql = "l.contra" },
	{ .name = "postings.contra", .kind = COLUMN_MONEY, .sql = "l.contra_minor" },
	/* clang-format off */
	ACCOUNTS(ACCOUNT_SHOWN, postings, l)
	/* clang-format on */
	{ .name = "balanceAfter", .kind = COLUMN_MONEY, .sql = "l.balance_minor" },
	{ .name = "paymentId", .kind = COLUMN_UUID, .sql = "l.payment_id" },
	{ .name = "reversesEntryNo", .kind = COLUMN_LONG, .sql = "l.reverses_entry_no" },
	{ .name = "commandId", .kind = COLUMN_UUID, .sql = "l.command_id" },
	{ .name = "createdAt", .kind = COLUMN_INSTANT, .sql = "l.created_at" },
};

static const struct filter ledger_filters[] = { RESOURCE_CREATED_FILTERS("l.created_at") };

static const struct sort ledger_sorts[] = {
	{ .name = "entryNo", .kind = COLUMN_LONG, .sql = "l.entry_no", .descends = true },
};

const struct resource ledger_resource = {
	.name = "ledger entry",
	.from = "debts.api_ledger(q.parent) l",
	.owner = "l.customer_id",
	.creditor = RESOURCE_OF_DEBT("q.parent"),
	.parent = &debt_resource,
	.parent_sql = "l.debt_id = q.parent",
	.columns = ledger_columns,
	.columns_count = COUNT(ledger_columns),
	.sorts = ledger_sorts,
	.sorts_count = COUNT(ledger_sorts),
	.filters = ledger_filters,
	.filters_count = COUNT(ledger_filters),
};

/* What was owed at the end of a day, by value date. */
static const struct column balance_columns[] = {
	{ .name = "debtId", .kind = COLUMN_UUID, .sql = "b.debt_id" },
	{ .name = "date", .kind = COLUMN_DATE, .sql = "b.day" },
	{ .name = "currency", .kind = COLUMN_TEXT, .sql = "b.currency" },
	{ .name = "balances.total", .kind = COLUMN_MONEY, .sql = "b.total_minor" },
	/* clang-format off */
	ACCOUNTS(ACCOUNT_SHOWN, balances, b)
	/* clang-format on */
};

static const struct filter balance_filters[] = {
	{ .name = "asOf", .kind = COLUMN_DATE, .sql = "b.day <= q.asOf" },
	{ .name = "bookedTo", .kind = COLUMN_DATE, .is_of_from = true },
};

static const struct sort balance_sorts[] = {
	{ .name = "date", .kind = COLUMN_LONG, .sql = "(b.day - DATE '1970-01-01')::bigint", .descends = true },
};

const struct resource balance_resource = {
	.name = "debt balance",
	.from = "debts.api_balances(q.parent, q.bookedTo) b",
	.owner = "b.customer_id",
	.creditor = RESOURCE_OF_DEBT("q.parent"),
	.parent = &debt_resource,
	.parent_sql = "b.debt_id = q.parent",
	.columns = balance_columns,
	.columns_count = COUNT(balance_columns),
	.sorts = balance_sorts,
	.sorts_count = COUNT(balance_sorts),
	.filters = balance_filters,
	.filters_count = COUNT(balance_filters),
};

/* ---- history ---- */

static const struct column history_columns[] = {
	{ .name = "id", .kind = COLUMN_UUID, .sql = "e.event_id" },
	{ .name = "type", .kind = COLUMN_TYPE, .sql = "e.schema_id" },
	{ .name = "at", .kind = COLUMN_INSTANT, .sql = "e.at" },
	{ .name = "commandId", .kind = COLUMN_UUID, .sql = "e.command_id" },
	{ .name = "data", .kind = COLUMN_EVENT, .sql = "public.dcs_event_body(e.body, e.schema_id, e.key, e.subject)" },
	{ .name = "createdAt", .kind = COLUMN_INSTANT, .sql = "e.at" },
};

static const struct filter history_filters[] = { RESOURCE_CREATED_FILTERS("e.at") };

static const struct sort history_sorts[] = {
	{ .name = "at", .kind = COLUMN_LONG, .sql = "e.seq", .descends = true },
};

const struct resource debt_history_resource = {
	.name = "debt event",
	.from = "debts.api_history(q.parent) e",
	.owner = "e.key",
	.uncredited = "no creditor reads what staff wrote",
	.parent = &debt_resource,
	.parent_sql = "e.subject = q.parent",
	.columns = history_columns,
	.columns_count = COUNT(history_columns),
	.sorts = history_sorts,
	.sorts_count = COUNT(history_sorts),
	.filters = history_filters,
	.filters_count = COUNT(history_filters),
};

/* ---- creditors ---- */

static const struct column creditor_columns[] = {
	{ .name = "id", .kind = COLUMN_UUID, .sql = "c.creditor_id" },
	{ .name = "name", .kind = COLUMN_TEXT, .sql = "c.name" },
	{ .name = "legalAddress", .kind = COLUMN_TEXT, .sql = "c.legal_address" },
	{ .name = "isOriginal", .kind = COLUMN_BOOL, .sql = "c.is_original" },
	{ .name = "regulatedClass", .kind = COLUMN_TEXT, .sql = "c.regulated_class" },
	{ .name = "licenceRefs", .kind = COLUMN_TEXT, .sql = "c.licence_refs" },
	{ .name = "version", .kind = COLUMN_LONG, .sql = "c.version" },
	{ .name = "createdAt", .kind = COLUMN_INSTANT, .sql = "c.created_at" },
	{ .name = "updatedAt", .kind = COLUMN_INSTANT, .sql = "c.described_at" },
};

static const struct filter creditor_filters[] = { RESOURCE_CREATED_FILTERS("c.created_at") };

static const struct sort creditor_sorts[] = {
	{ .name = "id", .kind = COLUMN_UUID, .sql = "c.creditor_id" },
	RESOURCE_CREATED_SORT("c.created_at"),
};

const struct resource creditor_resource = {
	.name = "creditor",
	.from = "debts.api_creditor c",
	.id = "c.creditor_id",
	.creditor = "c.creditor_id = s.creditor",
	.reaches = { { .from = "debts.api_creditor c",
		       .creditor = "c.creditor_id",
		       .sort = "c.created_at",
		       .key = "c.creditor_id",
		       .sql = "true" } },
	.version = "version",
	.columns = creditor_columns,
	.columns_count = COUNT(creditor_columns),
	.filters = creditor_filters,
	.filters_count = COUNT(creditor_filters),
	.sorts = creditor_sorts,
	.sorts_count = COUNT(creditor_sorts),
	.sort_default = 1,
};

/* ---- portfolios ---- */

static const struct column portfolio_columns[] = {
	{ .name = "id", .kind = COLUMN_UUID, .sql = "p.portfolio_id" },
	{ .name = "creditorId", .kind = COLUMN_UUID, .sql = "p.creditor_id" },
	{ .name = "name", .kind = COLUMN_TEXT, .sql = "p.name" },
	{ .name = "productKind", .kind = COLUMN_TEXT, .sql = "p.product_kind" },
	{ .name = "jurisdiction", .kind = COLUMN_TEXT, .sql = "p.jurisdiction" },
	{ .name = "allocationPolicyId", .kind = COLUMN_UUID, .sql = "p.allocation_policy_id" },
	{ .name = "version", .kind = COLUMN_LONG, .sql = "p.version" },
	{ .name = "createdAt", .kind = COLUMN_INSTANT, .sql = "p.created_at" },
	{ .name = "updatedAt", .kind = COLUMN_INSTANT, .sql = "p.described_at" },
};

static const struct filter portfolio_filters[] = {
	{ .name = "creditor", .kind = COLUMN_UUID, .sql = "p.creditor_id = q.creditor" },
	RESOURCE_CREATED_FILTERS("p.created_at"),
};

static const struct sort portfolio_sorts[] = {
	{ .name = "id", .kind = COLUMN_UUID, .sql = "p.portfolio_id" },
	RESOURCE_CREATED_SORT("p.created_at"),
};

const struct resource portfolio_resource = {
	.name = "portfolio",
	.from = "debts.api_portfolio p",
	.id = "p.portfolio_id",
	.creditor = "p.creditor_id = s.creditor AND " RESOURCE_IN_PORTFOLIOS("ARRAY[p.portfolio_id]"),
	.reaches = { { .from = "debts.api_portfolio p",
		       .creditor = "p.creditor_id",
		       .sort = "p.created_at",
		       .key = "p.portfolio_id",
		       .sql = RESOURCE_IN_PORTFOLIOS("ARRAY[p.portfolio_id]") } },
	.version = "version",
	.columns = portfolio_columns,
	.columns_count = COUNT(portfolio_columns),
	.filters = portfolio_filters,
	.filters_count = COUNT(portfolio_filters),
	.sorts = portfolio_sorts,
	.sorts_count = COUNT(portfolio_sorts),
	.sort_default = 1,
};

/* ---- policies ---- */

static const struct column debt_policy_columns[] = {
	{ .name = "id", .kind = COLUMN_UUID, .sql = "p.policy_id" },
	{ .name = "kind", .kind = COLUMN_TEXT, .sql = "p.kind" },
	{ .name = "title", .kind = COLUMN_TEXT, .sql = "p.title" },
	{ .name = "allocationOrder", .kind = COLUMN_TEXT, .sql = "p.allocation_order" },
	{ .name = "publishedBy", .kind = COLUMN_TEXT, .sql = "p.published_by" },
	{ .name = "approvedBy", .kind = COLUMN_TEXT, .sql = "p.approved_by" },
	{ .name = "version", .kind = COLUMN_LONG, .sql = "p.version" },
	{ .name = "createdAt", .kind = COLUMN_INSTANT, .sql = "p.created_at" },
	{ .name = "updatedAt", .kind = COLUMN_INSTANT, .sql = "p.published_at" },
};

static const struct filter debt_policy_filters[] = { RESOURCE_CREATED_FILTERS("p.created_at") };

static const struct sort debt_policy_sorts[] = {
	{ .name = "id", .kind = COLUMN_UUID, .sql = "p.policy_id" },
	RESOURCE_CREATED_SORT("p.created_at"),
};

const struct resource debt_policy_resource = {
	.name = "debt policy",
	.from = "debts.api_policy p",
	.id = "p.policy_id",
	.uncredited = "no creditor reads who has published what",
	.version = "version",
	.columns = debt_policy_columns,
	.columns_count = COUNT(debt_policy_columns),
	.filters = debt_policy_filters,
	.filters_count = COUNT(debt_policy_filters),
	.sorts = debt_policy_sorts,
	.sorts_count = COUNT(debt_policy_sorts),
	.sort_default = 1,
};

/* ---- routes ---- */

const struct route debts_routes[] = {
	{ .method = METHOD_POST,
	  .pattern = "/debts",
	  .operation = "createDebt",
	  .summary = "Create a debt",
	  .kind = ROUTE_WRITE,
	  .body = BODY_JSON,
	  .command = &create_debt_type,
	  .made_field = "debt_id",
	  .optional = "interest_minor fee_minor cost_minor fees_authorised",
	  .done_status = 201,
	  .location = "/debts/",
	  .resource = &debt_resource },
	{ .method = METHOD_GET,
	  .pattern = "/debts",
	  .operation = "listDebts",
	  .summary = "List debts, newest first",
	  .access = READS_PEOPLE,
	  .kind = ROUTE_READ,
	  .resource = &debt_resource,
	  .is_list = true },
	{ .method = METHOD_GET,
	  .pattern = "/debts/:id",
	  .operation = "getDebt",
	  .summary = "Get a debt with its balances",
	  .access = READS_PEOPLE,
	  .kind = ROUTE_READ,
	  .resource = &debt_resource },
	{ .method = METHOD_PUT,
	  .pattern = "/debts/:id",
	  .operation = "amendDebt",
	  .summary = "Replace a debt's due date and reference, both; never an amount",
	  .kind = ROUTE_WRITE,
	  .body = BODY_JSON,
	  .command = &amend_debt_type,
	  .path_field = "debt_id",
	  .demanded = "due_on external_ref",
	  .if_match = true,
	  .owner = &debt_resource,
	  .done_status = 200,
	  .location = "/debts/",
	  .resource = &debt_resource },
	{ .method = METHOD_PATCH,
	  .pattern = "/debts/:id",
	  .operation = "patchDebt",
	  .summary = "Update a debt's due date or reference (RFC 7396), never an amount; neither can be cleared",
	  .kind = ROUTE_WRITE,
	  .body = BODY_JSON,
	  .command = &amend_debt_type,
	  .path_field = "debt_id",
	  .if_match = true,
	  .owner = &debt_resource,
	  .done_status = 200,
	  .location = "/debts/",
	  .resource = &debt_resource },
	{ .method = METHOD_DELETE,
	  .pattern = "/debts/:id",
	  .operation = "cancelDebt",
	  .summary = "Cancel a debt: a reversing entry takes back all that was charged",
	  .kind = ROUTE_WRITE,
	  .body = BODY_JSON,
	  .command = &cancel_debt_type,
	  .path_field = "debt_id",
	  .owner = &debt_resource,
	  .done_status = 200,
	  .location = "/debts/",
	  .resource = &debt_resource },
	{ .method = METHOD_POST,
	  .pattern = "/debts/:id/payments",
	  .operation = "recordPayment",
	  .summary = "Record a payment",
	  .kind = ROUTE_WRITE,
	  .body = BODY_JSON,
	  .command = &record_payment_type,
	  .path_field = "debt_id",
	  .made_field = "payment_id",
	  .owner = &debt_resource,
	  .done_status = 201,
	  .location = "/payments/",
	  .resource = &payment_resource },
	{ .method = METHOD_POST,
	  .pattern = "/payments/:id/reversal",
	  .operation = "reversePayment",
	  .summary = "Reverse a payment",
	  .kind = ROUTE_WRITE,
	  .body = BODY_JSON,
	  .command = &reverse_payment_type,
	  .path_field = "payment_id",
	  .owner = &payment_resource,
	  .done_status = 200,
	  .location = "/payments/",
	  .resource = &payment_resource },
	{ .method = METHOD_GET,
	  .pattern = "/debts/:id/ledger",
	  .operation = "listLedger",
	  .summary = "List a debt's ledger entries, newest first",
	  .access = READS_PEOPLE,
	  .kind = ROUTE_READ,
	  .resource = &ledger_resource,
	  .is_list = true },
	{ .method = METHOD_GET,
	  .pattern = "/debts/:id/balances",
	  .operation = "listBalances",
	  .summary = "List what was owed on a debt at the end of each day on which that changed, newest first; "
		     "?asOf=DATE&limit=1: on that day",
	  .access = READS_PEOPLE,
	  .kind = ROUTE_READ,
	  .resource = &balance_resource,
	  .is_list = true },
	{ .method = METHOD_GET,
	  .pattern = "/debts/:id/history",
	  .operation = "listDebtHistory",
	  .summary = "List a debt's events, newest first",
	  .access = READS_NOTES,
	  .kind = ROUTE_READ,
	  .resource = &debt_history_resource,
	  .is_list = true },
	{ .method = METHOD_GET,
	  .pattern = "/payments/:id",
	  .operation = "getPayment",
	  .summary = "Get a payment and its allocation",
	  .access = READS_PEOPLE,
	  .kind = ROUTE_READ,
	  .resource = &payment_resource },
	{ .method = METHOD_POST,
	  .pattern = "/debts/:id/promises",
	  .operation = "makePromise",
	  .summary = "Note that the debtor promises to pay; an open promise about the debt gives way",
	  .kind = ROUTE_WRITE,
	  .body = BODY_JSON,
	  .command = &make_promise_type,
	  .path_field = "debt_id",
	  .made_field = "promise_id",
	  .owner = &debt_resource,
	  .done_status = 201,
	  .location = "/promises/",
	  .resource = &promise_resource },
	{ .method = METHOD_GET,
	  .pattern = "/debts/:id/promises",
	  .operation = "listPromises",
	  .summary = "List a debt's promises, newest first",
	  .access = READS_PEOPLE,
	  .kind = ROUTE_READ,
	  .resource = &promise_resource,
	  .is_list = true },
	{ .method = METHOD_GET,
	  .pattern = "/promises/:id",
	  .operation = "getPromise",
	  .summary = "Get a promise and what came of it",
	  .access = READS_PEOPLE,
	  .kind = ROUTE_READ,
	  .resource = &promise_resource },
	{ .method = METHOD_POST,
	  .pattern = "/debts/:id/holds",
	  .operation = "placeHold",
	  .summary = "Stop something about a debt for a time",
	  .kind = ROUTE_WRITE,
	  .body = BODY_JSON,
	  .command = &place_hold_type,
	  .path_field = "debt_id",
	  .made_field = "hold_id",
	  .owner = &debt_resource,
	  .done_status = 201,
	  .location = "/holds/",
	  .resource = &hold_resource },
	{ .method = METHOD_GET,
	  .pattern = "/debts/:id/holds",
	  .operation = "listHolds",
	  .summary = "List a debt's holds, newest first",
	  .access = READS_NOTES,
	  .kind = ROUTE_READ,
	  .resource = &hold_resource,
	  .is_list = true },
	{ .method = METHOD_GET,
	  .pattern = "/holds/:id",
	  .operation = "getHold",
	  .summary = "Get a hold",
	  .access = READS_NOTES,
	  .kind = ROUTE_READ,
	  .resource = &hold_resource },
	{ .method = METHOD_POST,
	  .pattern = "/holds/:id/release",
	  .operation = "releaseHold",
	  .summary = "End a hold before its time",
	  .kind = ROUTE_WRITE,
	  .body = BODY_JSON,
	  .command = &release_hold_type,
	  .path_field = "hold_id",
	  .owner = &hold_resource,
	  .done_status = 200,
	  .location = "/holds/",
	  .resource = &hold_resource },
	{ .method = METHOD_POST,
	  .pattern = "/holds/:id/review",
	  .operation = "reviewHold",
	  .summary = "Note that a hold was looked at and goes on",
	  .kind = ROUTE_WRITE,
	  .body = BODY_JSON,
	  .command = &review_hold_type,
	  .path_field = "hold_id",
	  .owner = &hold_resource,
	  .done_status = 200,
	  .location = "/holds/",
	  .resource = &hold_resource },
	{ .method = METHOD_POST,
	  .pattern = "/promises/:id/cancellation",
	  .operation = "cancelPromise",
	  .summary = "Cancel an open promise",
	  .kind = ROUTE_WRITE,
	  .body = BODY_JSON,
	  .command = &cancel_promise_type,
	  .path_field = "promise_id",
	  .owner = &promise_resource,
	  .done_status = 200,
	  .location = "/promises/",
	  .resource = &promise_resource },
	{ .method = METHOD_POST,
	  .pattern = "/creditors",
	  .operation = "describeCreditor",
	  .summary = "Say who a creditor is: for the first time, or anew, all members",
	  .kind = ROUTE_WRITE,
	  .body = BODY_JSON,
	  .command = &describe_creditor_type,
	  .made_field = "creditor_id",
	  .done_status = 201,
	  .location = "/creditors/",
	  .resource = &creditor_resource },
	{ .method = METHOD_GET,
	  .pattern = "/creditors",
	  .operation = "listCreditors",
	  .summary = "List the creditors that somebody has described, newest first",
	  .access = READS_CREDITORS,
	  .kind = ROUTE_READ,
	  .resource = &creditor_resource,
	  .is_list = true },
	{ .method = METHOD_GET,
	  .pattern = "/creditors/:id",
	  .operation = "getCreditor",
	  .summary = "Get who a creditor is",
	  .access = READS_CREDITORS,
	  .kind = ROUTE_READ,
	  .resource = &creditor_resource },
	{ .method = METHOD_POST,
	  .pattern = "/portfolios",
	  .operation = "describePortfolio",
	  .summary = "Say what a creditor's portfolio is: for the first time, or anew, all members",
	  .kind = ROUTE_WRITE,
	  .body = BODY_JSON,
	  .command = &describe_portfolio_type,
	  .made_field = "portfolio_id",
	  .done_status = 201,
	  .location = "/portfolios/",
	  .resource = &portfolio_resource },
	{ .method = METHOD_GET,
	  .pattern = "/portfolios",
	  .operation = "listPortfolios",
	  .summary = "List the portfolios that somebody has described, newest first",
	  .access = READS_CREDITORS,
	  .kind = ROUTE_READ,
	  .resource = &portfolio_resource,
	  .is_list = true },
	{ .method = METHOD_GET,
	  .pattern = "/portfolios/:id",
	  .operation = "getPortfolio",
	  .summary = "Get what a portfolio is, and the policy of its new debts",
	  .access = READS_CREDITORS,
	  .kind = ROUTE_READ,
	  .resource = &portfolio_resource },
	{ .method = METHOD_POST,
	  .pattern = "/debt-policies",
	  .operation = "publishDebtPolicy",
	  .summary = "Publish a version of a policy for debts; it needs a second person",
	  .kind = ROUTE_WRITE,
	  .body = BODY_JSON,
	  .command = &publish_debt_policy_type,
	  .made_field = "policy_id",
	  .done_status = 201,
	  .location = "/debt-policies/",
	  .resource = &debt_policy_resource },
	{ .method = METHOD_GET,
	  .pattern = "/debt-policies",
	  .operation = "listDebtPolicies",
	  .summary = "List policies for debts, the newest version of each",
	  .access = READS_NOTES,
	  .kind = ROUTE_READ,
	  .resource = &debt_policy_resource,
	  .is_list = true },
	{ .method = METHOD_GET,
	  .pattern = "/debt-policies/:id",
	  .operation = "getDebtPolicy",
	  .summary = "Get the newest version of a policy for debts",
	  .access = READS_NOTES,
	  .kind = ROUTE_READ,
	  .resource = &debt_policy_resource },
	{ 0 },
};
