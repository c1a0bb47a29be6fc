#include "producers/api/reads/readers.h"
#include "producers/api/reads/reads.h"
#include "producers/api/reads/resource.h"

/* Customers, debts and their money. What may be read is granted in sql/0015_api.sql. */

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ---- customers ---- */

static const struct column customer_columns[] = {
	{ .name = "id", .kind = COLUMN_UUID, .sql = "c.customer_id" },
	{ .name = "externalRef", .kind = COLUMN_TEXT, .sql = "c.external_ref" },
	{ .name = "kind", .kind = COLUMN_TEXT, .sql = "c.kind" },
	{ .name = "status", .kind = COLUMN_TEXT, .sql = "c.status" },
	{ .name = "fullName",
	  .kind = COLUMN_SEALED,
	  .sql = RESOURCE_SEALED("c.customer_id", "c.version", "c.full_name_sealed"),
	  .sealed = &sealed_name,
	  .roles = SEES_NAMES },
	{ .name = "birthDate",
	  .kind = COLUMN_SEALED,
	  .sql = RESOURCE_SEALED("c.customer_id", "c.version", "c.birth_date_sealed"),
	  .sealed = &sealed_birth_date,
	  .roles = SEES_NAMES },
	{ .name = "locale", .kind = COLUMN_TEXT, .sql = "c.locale" },
	{ .name = "country", .kind = COLUMN_TEXT, .sql = "c.country" },
	{ .name = "region", .kind = COLUMN_TEXT, .sql = "c.region" },
	{ .name = "timezone", .kind = COLUMN_TEXT, .sql = "c.timezone" },
	{ .name = "actions", .kind = COLUMN_ACTIONS, .sql = "c.actions" },
	{ .name = "version", .kind = COLUMN_LONG, .sql = "c.version" },
	{ .name = "createdAt", .kind = COLUMN_INSTANT, .sql = "c.created_at" },
	{ .name = "updatedAt", .kind = COLUMN_INSTANT, .sql = "c.updated_at" },
	{ .name = "links.self", .kind = COLUMN_LINK, .link = "/customers/%", .of = "id", .is_detail = true },
	{ .name = "links.debts", .kind = COLUMN_LINK, .link = "/debts?customer=%", .of = "id", .is_detail = true },
	{ .name = "links.communications",
	  .kind = COLUMN_LINK,
	  .link = "/communications?customer=%",
	  .of = "id",
	  .is_detail = true },
	{ .name = "links.contactPoints",
	  .kind = COLUMN_LINK,
	  .link = "/customers/%/contact-points",
	  .of = "id",
	  .roles = READS_CONTACTS,
	  .is_detail = true },
	{ .name = "links.consents", .kind = COLUMN_LINK, .link = "/customers/%/consents", .of = "id", .is_detail = true },
	{ .name = "links.timeline",
	  .kind = COLUMN_LINK,
	  .link = "/customers/%/timeline",
	  .of = "id",
	  .roles = READS_NOTES,
	  .is_detail = true },
};

static const struct filter customer_filters[] = {
	{ .name = "externalRef", .kind = COLUMN_TEXT, .sql = "c.external_ref = q.externalRef", .is_selective = true },
	{ .name = "status", .kind = COLUMN_TEXT, .sql = "c.status = q.status", .words = "active merged deceased erased" },
	{ .name = "kind", .kind = COLUMN_TEXT, .sql = "c.kind = q.kind", .words = "natural legal" },
	{ .name = "country", .kind = COLUMN_TEXT, .sql = "c.country = q.country" },
	RESOURCE_CREATED_FILTERS("c.created_at"),
};

static const struct sort customer_sorts[] = {
	{ .name = "id", .kind = COLUMN_UUID, .sql = "c.customer_id" },
	RESOURCE_CREATED_SORT("c.created_at"),
};

/* One of several rows of a customer, each of another portfolio, stands for him: the first that the caller is bound to. */
#define RESOURCE_BEFORE(portfolio, other) "(" portfolio " < " other " OR (" portfolio " IS NULL AND " other " IS NOT NULL))"

static const struct changes customer_changes = { .module = "customers", .last = "c.updated_seq = e.seq AND c.updated_at = e.at" };

const struct resource customer_resource = {
	.name = "customer",
	.from = "customers.api_customer c",
	.id = "c.customer_id",
	.owner = "c.customer_id",
	.creditor = RESOURCE_KNOWN("c.customer_id"),
	.reaches = { { .from = "debts.creditor_customer k " RESOURCE_OF_KEY("customers.api_customer", "customer_id", "c"),
		       .creditor = "k.creditor_id",
		       .sort = "k.created_at",
		       .key = "k.customer_id",
		       .sql = RESOURCE_IN_PORTFOLIOS(
			       "ARRAY[k.portfolio_id]") " AND NOT EXISTS (SELECT FROM debts.creditor_customer e WHERE "
							"e.creditor_id = "
							"k.creditor_id AND e.customer_id = k.customer_id AND " RESOURCE_BEFORE(
								"e.portfolio_id",
								"k.portfolio_id") " AND " RESOURCE_IN_PORTFOLIOS("ARRAY[e."
														 "portfolio_id]") ")" },
		     { .from = "customers.creditor_customer k " RESOURCE_OF_KEY("customers.api_customer", "customer_id", "c"),
		       .creditor = "k.creditor_id",
		       .sort = "k.created_at",
		       .key = "k.customer_id",
		       .sql = RESOURCE_IN_PORTFOLIOS("ARRAY(SELECT p.portfolio_id FROM customers.portfolio_customer p WHERE "
						     "p.customer_id = k.customer_id)") } },
	.salt = "c.key_salt",
	.version = "version",
	.columns = customer_columns,
	.columns_count = COUNT(customer_columns),
	.filters = customer_filters,
	.filters_count = COUNT(customer_filters),
	.sorts = customer_sorts,
	.sorts_count = COUNT(customer_sorts),
	.sort_default = 1,
	.changes = &customer_changes,
};

static const struct column contact_point_columns[] = {
	{ .name = "id", .kind = COLUMN_UUID, .sql = "p.contact_point_id" },
	{ .name = "customerId", .kind = COLUMN_UUID, .sql = "p.customer_id" },
	{ .name = "channel", .kind = COLUMN_TEXT, .sql = "p.channel" },
	{ .name = "address",
	  .kind = COLUMN_ADDRESS,
	  .sql = RESOURCE_SEALED("p.contact_point_id", "p.version", "p.address_sealed"),
	  .sealed = &sealed_address,
	  .roles = SEES_CONTACTS },
	{ .name = "place", .kind = COLUMN_TEXT, .sql = "p.place" },
	{ .name = "source", .kind = COLUMN_TEXT, .sql = "p.source" },
	{ .name = "state", .kind = COLUMN_TEXT, .sql = "p.state" },
	{ .name = "verifiedAt", .kind = COLUMN_INSTANT, .sql = "p.verified_at" },
	{ .name = "actions", .kind = COLUMN_ACTIONS, .sql = "p.actions" },
	{ .name = "version", .kind = COLUMN_LONG, .sql = "p.version" },
	{ .name = "createdAt", .kind = COLUMN_INSTANT, .sql = "p.created_at" },
	{ .name = "updatedAt", .kind = COLUMN_INSTANT, .sql = "p.updated_at" },
};

static const struct filter contact_point_filters[] = {
	{ .name = "channel", .kind = COLUMN_TEXT, .sql = "p.channel = q.channel", .words = "email sms voice letter push" },
	{ .name = "state",
	  .kind = COLUMN_TEXT,
	  .sql = "p.state = q.state",
	  .words = "usable bounced wrong_party reassigned blocked erased" },
	RESOURCE_CREATED_FILTERS("p.created_at"),
};

static const struct sort contact_point_sorts[] = {
	{ .name = "id", .kind = COLUMN_UUID, .sql = "p.contact_point_id" },
	RESOURCE_CREATED_SORT("p.created_at"),
};

const struct resource contact_point_resource = {
	.name = "contact point",
	.from = "customers.api_contact_point p JOIN customers.api_customer c ON c.customer_id = p.customer_id",
	.id = "p.contact_point_id",
	.owner = "p.customer_id",
	.creditor = RESOURCE_KNOWN("p.customer_id"),
	.salt = "c.key_salt",
	.version = "version",
	.parent = &customer_resource,
	.parent_sql = "p.customer_id = q.parent",
	.columns = contact_point_columns,
	.columns_count = COUNT(contact_point_columns),
	.filters = contact_point_filters,
	.filters_count = COUNT(contact_point_filters),
	.sorts = contact_point_sorts,
	.sorts_count = COUNT(contact_point_sorts),
	.sort_default = 1,
};

/* ---- debts ---- */

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
	{ .name = "currency", .kind = COLUMN_TEXT, .sql = "d.currency" },
	{ .name = "balances.total", .kind = COLUMN_MONEY, .sql = "d.total_minor" },
	{ .name = "balances.cost", .kind = COLUMN_MONEY, .sql = "d.cost_minor" },
	{ .name = "balances.fee", .kind = COLUMN_MONEY, .sql = "d.fee_minor" },
	{ .name = "balances.interest", .kind = COLUMN_MONEY, .sql = "d.interest_minor" },
	{ .name = "balances.principal", .kind = COLUMN_MONEY, .sql = "d.principal_minor" },
	{ .name = "balances.credit", .kind = COLUMN_MONEY, .sql = "d.credit_minor" },
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

#define LIFECYCLES "NEW ACTIVE ARRANGED LEGAL CHARGED_OFF PAID SETTLED WRITTEN_OFF TRANSFERRED CANCELLED"

static const struct filter debt_filters[] = {
	{ .name = "customer", .kind = COLUMN_UUID, .sql = "d.customer_id = q.customer", .is_selective = true },
	{ .name = "creditor", .kind = COLUMN_UUID, .sql = "d.creditor_id = q.creditor" },
	{ .name = "externalRef", /* unique for a creditor */
	  .kind = COLUMN_TEXT,
	  .sql = "d.creditor_id = q.creditor AND d.external_ref = q.externalRef",
	  .needs = "creditor",
	  .is_selective = true },
	{ .name = "lifecycle", .kind = COLUMN_TEXT, .sql = "d.lifecycle = q.lifecycle", .words = LIFECYCLES },
	{ .name = "currency", .kind = COLUMN_TEXT, .sql = "d.currency = q.currency" },
	{ .name = "dueFrom", .kind = COLUMN_DATE, .sql = "d.due_on >= q.dueFrom" },
	{ .name = "dueTo", .kind = COLUMN_DATE, .sql = "d.due_on <= q.dueTo" },
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
	{ .name = "allocation.cost", .kind = COLUMN_MONEY, .sql = "p.cost_minor" },
	{ .name = "allocation.fee", .kind = COLUMN_MONEY, .sql = "p.fee_minor" },
	{ .name = "allocation.interest", .kind = COLUMN_MONEY, .sql = "p.interest_minor" },
	{ .name = "allocation.principal", .kind = COLUMN_MONEY, .sql = "p.principal_minor" },
	{ .name = "allocation.credit", .kind = COLUMN_MONEY, .sql = "p.credit_minor" },
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

/* A debit is above 0, a credit below; together they are 0. */
static const struct column ledger_columns[] = {
	{ .name = "entryNo", .kind = COLUMN_LONG, .sql = "l.entry_no" },
	{ .name = "debtId", .kind = COLUMN_UUID, .sql = "l.debt_id" },
	{ .name = "kind", .kind = COLUMN_TEXT, .sql = "l.kind" },
	{ .name = "occurredOn", .kind = COLUMN_DATE, .sql = "l.occurred_on" },
	{ .name = "businessDate", .kind = COLUMN_DATE, .sql = "l.business_date" },
	{ .name = "currency", .kind = COLUMN_TEXT, .sql = "l.currency" },
	{ .name = "contraAccount", .kind = COLUMN_TEXT, .sql = "l.contra" },
	{ .name = "postings.contra", .kind = COLUMN_MONEY, .sql = "l.contra_minor" },
	{ .name = "postings.cost", .kind = COLUMN_MONEY, .sql = "l.cost_minor" },
	{ .name = "postings.fee", .kind = COLUMN_MONEY, .sql = "l.fee_minor" },
	{ .name = "postings.interest", .kind = COLUMN_MONEY, .sql = "l.interest_minor" },
	{ .name = "postings.principal", .kind = COLUMN_MONEY, .sql = "l.principal_minor" },
	{ .name = "postings.credit", .kind = COLUMN_MONEY, .sql = "l.credit_minor" },
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

const struct resource *const api_resources[] = {
	&customer_resource, &contact_point_resource, &consent_resource, &timeline_resource,      &debt_resource,
	&ledger_resource,   &debt_history_resource,  &payment_resource, &communication_resource, &template_resource,
	&report_resource,   &user_resource,          &service_resource, &account_resource,       NULL,
};
