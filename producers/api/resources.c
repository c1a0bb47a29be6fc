#include "producers/api/reads.h"
#include "producers/api/resource.h"

/* Customers, debts and their money. What may be read is granted in sql/0015_api.sql. */

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Who sees names and birth dates: those who talk to people, those who answer for that, and a customer himself. */
#define PERSONAL (ROLE_ADMIN | ROLE_COMPLIANCE | ROLE_SUPERVISOR | ROLE_AGENT | ROLE_CREDITOR | ROLE_CONSUMER)

/* Who sees addresses and texts whole. A creditor may have been given another address than the consumer gave later. */
#define CONTACT (ROLE_ADMIN | ROLE_COMPLIANCE | ROLE_SUPERVISOR | ROLE_AGENT | ROLE_CONSUMER)

/* ---- customers ---- */

static const struct column customer_columns[] = {
	{ .name = "id", .kind = COLUMN_UUID, .sql = "c.customer_id" },
	{ .name = "externalRef", .kind = COLUMN_TEXT, .sql = "c.external_ref" },
	{ .name = "kind", .kind = COLUMN_TEXT, .sql = "c.kind" },
	{ .name = "status", .kind = COLUMN_TEXT, .sql = "c.status" },
	{ .name = "fullName", .kind = COLUMN_SEALED, .sql = "c.full_name_sealed", .roles = PERSONAL },
	{ .name = "birthDate", .kind = COLUMN_SEALED, .sql = "c.birth_date_sealed", .roles = PERSONAL },
	{ .name = "locale", .kind = COLUMN_TEXT, .sql = "c.locale" },
	{ .name = "country", .kind = COLUMN_TEXT, .sql = "c.country" },
	{ .name = "region", .kind = COLUMN_TEXT, .sql = "c.region" },
	{ .name = "timezone", .kind = COLUMN_TEXT, .sql = "c.timezone" },
	{ .name = "version", .kind = COLUMN_LONG, .sql = "c.version" },
};

static const struct filter customer_filters[] = {
	{ .name = "externalRef", .kind = COLUMN_TEXT, .sql = "c.external_ref = q.externalRef", .is_selective = true },
	{ .name = "status", .kind = COLUMN_TEXT, .sql = "c.status = q.status", .words = "active merged deceased erased" },
	{ .name = "kind", .kind = COLUMN_TEXT, .sql = "c.kind = q.kind", .words = "natural legal" },
	{ .name = "country", .kind = COLUMN_TEXT, .sql = "c.country = q.country" },
};

static const struct sort customer_sorts[] = {
	{ .name = "id", .kind = COLUMN_UUID, .sql = "c.customer_id", .descends = true },
};

const struct resource customer_resource = {
	.name = "customer",
	.from = "customers.api_customer c",
	.id = "c.customer_id",
	.owner = "c.customer_id",
	.version = "version",
	.columns = customer_columns,
	.columns_count = COUNT(customer_columns),
	.filters = customer_filters,
	.filters_count = COUNT(customer_filters),
	.sorts = customer_sorts,
	.sorts_count = COUNT(customer_sorts),
};

static const struct column contact_point_columns[] = {
	{ .name = "id", .kind = COLUMN_UUID, .sql = "p.contact_point_id" },
	{ .name = "customerId", .kind = COLUMN_UUID, .sql = "p.customer_id" },
	{ .name = "channel", .kind = COLUMN_TEXT, .sql = "p.channel" },
	{ .name = "address", .kind = COLUMN_ADDRESS, .sql = "p.address_sealed", .roles = CONTACT },
	{ .name = "place", .kind = COLUMN_TEXT, .sql = "p.place" },
	{ .name = "source", .kind = COLUMN_TEXT, .sql = "p.source" },
	{ .name = "state", .kind = COLUMN_TEXT, .sql = "p.state" },
	{ .name = "verifiedAt", .kind = COLUMN_INSTANT, .sql = "p.verified_at" },
	{ .name = "version", .kind = COLUMN_LONG, .sql = "p.version" },
};

static const struct filter contact_point_filters[] = {
	{ .name = "channel", .kind = COLUMN_TEXT, .sql = "p.channel = q.channel", .words = "email sms voice letter push" },
	{ .name = "state",
	  .kind = COLUMN_TEXT,
	  .sql = "p.state = q.state",
	  .words = "usable bounced wrong_party reassigned blocked" },
};

static const struct sort contact_point_sorts[] = {
	{ .name = "id", .kind = COLUMN_UUID, .sql = "p.contact_point_id", .descends = true },
};

const struct resource contact_point_resource = {
	.name = "contact point",
	.from = "customers.api_contact_point p",
	.id = "p.contact_point_id",
	.owner = "p.customer_id",
	.version = "version",
	.parent = &customer_resource,
	.parent_sql = "p.customer_id = q.parent",
	.columns = contact_point_columns,
	.columns_count = COUNT(contact_point_columns),
	.filters = contact_point_filters,
	.filters_count = COUNT(contact_point_filters),
	.sorts = contact_point_sorts,
	.sorts_count = COUNT(contact_point_sorts),
};

/* ---- debts ---- */

static const struct column debt_columns[] = {
	{ .name = "id", .kind = COLUMN_UUID, .sql = "d.debt_id" },
	{ .name = "customerId", .kind = COLUMN_UUID, .sql = "d.customer_id" },
	{ .name = "customerName", .kind = COLUMN_SEALED, .sql = "c.full_name_sealed", .roles = PERSONAL },
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
	{ .name = "version", .kind = COLUMN_LONG, .sql = "d.version" },
};

#define LIFECYCLES "NEW ACTIVE ARRANGED LEGAL CHARGED_OFF PAID SETTLED WRITTEN_OFF TRANSFERRED CANCELLED"

static const struct filter debt_filters[] = {
	{ .name = "customer", .kind = COLUMN_UUID, .sql = "d.customer_id = q.customer", .is_selective = true },
	{ .name = "creditor", .kind = COLUMN_UUID, .sql = "d.creditor_id = q.creditor" },
	{ .name = "externalRef", .kind = COLUMN_TEXT, .sql = "d.external_ref = q.externalRef" },
	{ .name = "lifecycle", .kind = COLUMN_TEXT, .sql = "d.lifecycle = q.lifecycle", .words = LIFECYCLES },
	{ .name = "currency", .kind = COLUMN_TEXT, .sql = "d.currency = q.currency" },
	{ .name = "dueFrom", .kind = COLUMN_DATE, .sql = "d.due_on >= q.dueFrom" },
	{ .name = "dueTo", .kind = COLUMN_DATE, .sql = "d.due_on <= q.dueTo" },
};

static const struct sort debt_sorts[] = {
	{ .name = "id", .kind = COLUMN_UUID, .sql = "d.debt_id", .descends = true },
	{ .name = "dueOn", .kind = COLUMN_DATE, .sql = "d.due_on" },
};

const struct resource debt_resource = {
	.name = "debt",
	.from = "debts.api_debt d LEFT JOIN customers.api_customer c ON c.customer_id = d.customer_id",
	.id = "d.debt_id",
	.owner = "d.customer_id",
	.version = "version",
	.columns = debt_columns,
	.columns_count = COUNT(debt_columns),
	.filters = debt_filters,
	.filters_count = COUNT(debt_filters),
	.sorts = debt_sorts,
	.sorts_count = COUNT(debt_sorts),
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
	{ .name = "version", .kind = COLUMN_INT, .sql = "p.version" },
};

const struct resource payment_resource = {
	.name = "payment",
	.from = "debts.api_payment p",
	.id = "p.payment_id",
	.owner = "p.customer_id",
	.version = "version",
	.columns = payment_columns,
	.columns_count = COUNT(payment_columns),
};

/* ---- communications ---- */

static const struct column communication_columns[] = {
	{ .name = "id", .kind = COLUMN_UUID, .sql = "m.communication_id" },
	{ .name = "customerId", .kind = COLUMN_UUID, .sql = "m.customer_id" },
	{ .name = "debtIds", .kind = COLUMN_UUIDS, .sql = "m.debt_ids" },
	{ .name = "channel", .kind = COLUMN_TEXT, .sql = "m.channel" },
	{ .name = "messageClass", .kind = COLUMN_TEXT, .sql = "m.message_class" },
	{ .name = "templateName", .kind = COLUMN_TEXT, .sql = "m.template_name" },
	{ .name = "templateVersion", .kind = COLUMN_INT, .sql = "m.template_version" },
	{ .name = "language", .kind = COLUMN_TEXT, .sql = "m.language" },
	{ .name = "contactPointId", .kind = COLUMN_UUID, .sql = "m.contact_point_id" },
	{ .name = "state", .kind = COLUMN_TEXT, .sql = "m.state" },
	{ .name = "requestedOn", .kind = COLUMN_DATE, .sql = "m.requested_on" },
	{ .name = "sendBy", .kind = COLUMN_INSTANT, .sql = "m.send_by" },
	{ .name = "attempt", .kind = COLUMN_INT, .sql = "m.attempt" },
	{ .name = "subject", .kind = COLUMN_SEALED, .sql = "m.subject_sealed", .roles = CONTACT, .is_detail = true },
	{ .name = "body", .kind = COLUMN_SEALED, .sql = "m.body_sealed", .roles = CONTACT, .is_detail = true },
	{ .name = "version", .kind = COLUMN_LONG, .sql = "m.version" },
};

const struct resource communication_resource = {
	.name = "communication",
	.from = "communications.api_communication m",
	.id = "m.communication_id",
	.owner = "m.customer_id",
	.version = "version",
	.columns = communication_columns,
	.columns_count = COUNT(communication_columns),
};

const struct resource *const api_resources[] = {
	&customer_resource,      &contact_point_resource, &debt_resource, &payment_resource,
	&communication_resource, &report_resource,        NULL,
};
