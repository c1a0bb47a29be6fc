#include "base/array.h"
#include "producers/api/offer/contactability.h"
#include "producers/api/offer/offer.h"
#include "producers/api/reads/readers.h"
#include "producers/api/reads/reads.h"
#include "producers/api/reads/resource.h"
#include "schemas/communications.h"
#include "schemas/words.h"

/* Facts about a person: contacts, circumstances, preferences; and the verdicts that the guard made of them. */

/* ---- contacts ---- */

static const struct column contact_columns[] = {
	{ .name = "id", .kind = COLUMN_UUID, .sql = "x.contact_id" },
	{ .name = "customerId", .kind = COLUMN_UUID, .sql = "x.customer_id" },
	{ .name = "debtIds", .kind = COLUMN_UUIDS, .sql = "x.debt_ids" },
	{ .name = "channel", .kind = COLUMN_TEXT, .sql = "x.channel" },
	{ .name = "direction", .kind = COLUMN_TEXT, .sql = "x.direction" },
	{ .name = "party", .kind = COLUMN_TEXT, .sql = "x.party" },
	{ .name = "outcome", .kind = COLUMN_TEXT, .sql = "x.outcome" },
	{ .name = "messageClass", .kind = COLUMN_TEXT, .sql = "x.message_class" },
	{ .name = "consented", .kind = COLUMN_BOOL, .sql = "x.consented" },
	{ .name = "at", .kind = COLUMN_INSTANT, .sql = "x.at" },
	{ .name = "createdAt", .kind = COLUMN_INSTANT, .sql = "x.created_at" },
};

static const struct filter contact_filters[] = {
	{ .name = "channel", .kind = COLUMN_TEXT, .sql = "x.channel = q.channel", .words = CHANNEL_WORDS },
	{ .name = "outcome", .kind = COLUMN_TEXT, .sql = "x.outcome = q.outcome", .words = CONTACT_OUTCOME_WORDS },
	RESOURCE_CREATED_FILTERS("x.created_at"),
};

static const struct sort contact_sorts[] = {
	{ .name = "id", .kind = COLUMN_UUID, .sql = "x.contact_id" },
	RESOURCE_CREATED_SORT("x.created_at"),
	{ .name = "at", .kind = COLUMN_INSTANT, .sql = "x.at" },
};

const struct resource contact_resource = {
	.name = "contact",
	.from = "communications.api_contact x",
	.id = "x.contact_id",
	.owner = "x.customer_id",
	.uncredited = "no creditor reads who else called",
	.parent = &customer_resource,
	.parent_sql = "x.customer_id = q.parent",
	.columns = contact_columns,
	.columns_count = COUNT(contact_columns),
	.filters = contact_filters,
	.filters_count = COUNT(contact_filters),
	.sorts = contact_sorts,
	.sorts_count = COUNT(contact_sorts),
	.sort_default = 1,
};

/* ---- circumstances ---- */

static const struct column circumstance_columns[] = {
	{ .name = "id", .kind = COLUMN_UUID, .sql = "x.circumstance_id" },
	{ .name = "customerId", .kind = COLUMN_UUID, .sql = "x.customer_id" },
	{ .name = "kind", .kind = COLUMN_TEXT, .sql = "x.kind" },
	{ .name = "debtId", .kind = COLUMN_UUID, .sql = "x.debt_id" },
	{ .name = "fromOn", .kind = COLUMN_DATE, .sql = "x.from_on" },
	{ .name = "untilOn", .kind = COLUMN_DATE, .sql = "x.until_on" },
	{ .name = "evidenceRef", .kind = COLUMN_TEXT, .sql = "x.evidence_ref" },
	{ .name = "paymentId", .kind = COLUMN_UUID, .sql = "x.payment_id" },
	{ .name = "endedAt", .kind = COLUMN_INSTANT, .sql = "x.ended_at" },
	{ .name = "endedRef", .kind = COLUMN_TEXT, .sql = "x.ended_ref" },
	{ .name = "version", .kind = COLUMN_LONG, .sql = "x.version" },
	{ .name = "createdAt", .kind = COLUMN_INSTANT, .sql = "x.created_at" },
	{ .name = "updatedAt", .kind = COLUMN_INSTANT, .sql = "coalesce(x.ended_at, x.created_at)" },
};

static const struct filter circumstance_filters[] = {
	{ .name = "kind", .kind = COLUMN_TEXT, .sql = "x.kind = q.kind", .words = CIRCUMSTANCE_KIND_WORDS },
	RESOURCE_CREATED_FILTERS("x.created_at"),
};

static const struct sort circumstance_sorts[] = {
	{ .name = "id", .kind = COLUMN_UUID, .sql = "x.circumstance_id" },
	RESOURCE_CREATED_SORT("x.created_at"),
};

const struct resource circumstance_resource = {
	.name = "circumstance",
	.from = "communications.api_circumstance x",
	.id = "x.circumstance_id",
	.owner = "x.customer_id",
	.uncredited = "no creditor reads what others know of a person",
	.version = "version",
	.parent = &customer_resource,
	.parent_sql = "x.customer_id = q.parent",
	.columns = circumstance_columns,
	.columns_count = COUNT(circumstance_columns),
	.filters = circumstance_filters,
	.filters_count = COUNT(circumstance_filters),
	.sorts = circumstance_sorts,
	.sorts_count = COUNT(circumstance_sorts),
	.sort_default = 1,
};

/* ---- preferences ---- */

static const struct column preference_columns[] = {
	{ .name = "id", .kind = COLUMN_UUID, .sql = "x.preference_id" },
	{ .name = "customerId", .kind = COLUMN_UUID, .sql = "x.customer_id" },
	{ .name = "blockedTimes", .kind = COLUMN_JSON, .sql = "x.blocked_times" },
	{ .name = "blockedPlaces", .kind = COLUMN_TEXTS, .sql = "x.blocked_places" },
	{ .name = "blockedChannels", .kind = COLUMN_TEXTS, .sql = "x.blocked_channels" },
	{ .name = "preferredChannel", .kind = COLUMN_TEXT, .sql = "x.preferred_channel" },
	{ .name = "validUntil", .kind = COLUMN_DATE, .sql = "x.valid_until" },
	{ .name = "isNewest", .kind = COLUMN_BOOL, .sql = "x.is_newest" },
	{ .name = "createdAt", .kind = COLUMN_INSTANT, .sql = "x.created_at" },
};

static const struct filter preference_filters[] = { RESOURCE_CREATED_FILTERS("x.created_at") };

static const struct sort preference_sorts[] = {
	{ .name = "id", .kind = COLUMN_UUID, .sql = "x.preference_id" },
	RESOURCE_CREATED_SORT("x.created_at"),
};

const struct resource preference_resource = {
	.name = "preference",
	.from = "communications.api_preference x",
	.id = "x.preference_id",
	.owner = "x.customer_id",
	.uncredited = "no creditor reads what a person told others",
	.parent = &customer_resource,
	.parent_sql = "x.customer_id = q.parent",
	.columns = preference_columns,
	.columns_count = COUNT(preference_columns),
	.filters = preference_filters,
	.filters_count = COUNT(preference_filters),
	.sorts = preference_sorts,
	.sorts_count = COUNT(preference_sorts),
	.sort_default = 1,
};

/* ---- decisions ---- */

static const struct column decision_columns[] = {
	{ .name = "communicationId", .kind = COLUMN_UUID, .sql = "x.communication_id" },
	{ .name = "customerId", .kind = COLUMN_UUID, .sql = "x.customer_id" },
	{ .name = "channel", .kind = COLUMN_TEXT, .sql = "x.channel" },
	{ .name = "messageClass", .kind = COLUMN_TEXT, .sql = "x.message_class" },
	{ .name = "verdict", .kind = COLUMN_TEXT, .sql = "x.verdict" },
	{ .name = "until", .kind = COLUMN_INSTANT, .sql = "x.until" },
	{ .name = "rules", .kind = COLUMN_TEXTS, .sql = "x.rules" },
	{ .name = "facts", .kind = COLUMN_TEXT, .sql = "x.facts" },
	{ .name = "createdAt", .kind = COLUMN_INSTANT, .sql = "x.created_at" },
};

static const struct filter decision_filters[] = {
	{ .name = "verdict", .kind = COLUMN_TEXT, .sql = "x.verdict = q.verdict", .words = COMPLIANCE_VERDICT_WORDS },
	RESOURCE_CREATED_FILTERS("x.created_at"),
};

static const struct sort decision_sorts[] = {
	{ .name = "communicationId", .kind = COLUMN_UUID, .sql = "x.communication_id" },
	RESOURCE_CREATED_SORT("x.created_at"),
};

const struct resource decision_resource = {
	.name = "decision",
	.from = "communications.api_decision x",
	.owner = "x.customer_id",
	.uncredited = "no creditor reads the facts of a verdict",
	.parent = &customer_resource,
	.parent_sql = "x.customer_id = q.parent",
	.columns = decision_columns,
	.columns_count = COUNT(decision_columns),
	.filters = decision_filters,
	.filters_count = COUNT(decision_filters),
	.sorts = decision_sorts,
	.sorts_count = COUNT(decision_sorts),
	.sort_default = 1,
};

/* ---- routes ---- */

const struct route facts_routes[] = {
	{ .method = METHOD_GET,
	  .pattern = "/customers/:id/contacts",
	  .operation = "listContacts",
	  .summary = "List the recorded contacts with a customer, newest first",
	  .access = READS_NOTES,
	  .kind = ROUTE_READ,
	  .resource = &contact_resource,
	  .is_list = true },
	{ .method = METHOD_POST,
	  .pattern = "/customers/:id/contacts",
	  .operation = "recordContact",
	  .summary = "Record a call, a letter or a message outside of this system",
	  .kind = ROUTE_WRITE,
	  .body = BODY_JSON,
	  .command = &record_contact_type,
	  .path_field = "customer_id",
	  .made_field = "contact_id",
	  .done_status = 201,
	  .resource = &contact_resource },
	{ .method = METHOD_GET,
	  .pattern = "/customers/:id/circumstances",
	  .operation = "listCircumstances",
	  .summary = "List what changes how a customer may be contacted, newest first",
	  .access = READS_NOTES,
	  .kind = ROUTE_READ,
	  .resource = &circumstance_resource,
	  .is_list = true },
	{ .method = METHOD_POST,
	  .pattern = "/customers/:id/circumstances",
	  .operation = "recordCircumstance",
	  .summary = "Record an attorney, a request to cease, a death ...",
	  .kind = ROUTE_WRITE,
	  .body = BODY_JSON,
	  .command = &record_circumstance_type,
	  .path_field = "customer_id",
	  .made_field = "circumstance_id",
	  .done_status = 201,
	  .resource = &circumstance_resource },
	{ .method = METHOD_POST,
	  .pattern = "/circumstances/:id/end",
	  .operation = "endCircumstance",
	  .summary = "End a circumstance",
	  .kind = ROUTE_WRITE,
	  .body = BODY_JSON,
	  .command = &end_circumstance_type,
	  .path_field = "circumstance_id",
	  .owner = &circumstance_resource,
	  .done_status = 200,
	  .resource = &circumstance_resource },
	{ .method = METHOD_GET,
	  .pattern = "/customers/:id/preferences",
	  .operation = "listPreferences",
	  .summary = "List a customer's preferences, newest first: the newest is in force",
	  .access = READS_NOTES,
	  .kind = ROUTE_READ,
	  .resource = &preference_resource,
	  .is_list = true },
	{ .method = METHOD_POST,
	  .pattern = "/customers/:id/preferences",
	  .operation = "setPreference",
	  .summary = "Set when, where and how a customer wants to be contacted",
	  .kind = ROUTE_WRITE,
	  .body = BODY_JSON,
	  .command = &set_preference_type,
	  .path_field = "customer_id",
	  .made_field = "preference_id",
	  .done_status = 201,
	  .resource = &preference_resource },
	{ .method = METHOD_GET,
	  .pattern = "/customers/:id/decisions",
	  .operation = "listDecisions",
	  .summary = "List the guard's verdicts on messages to a customer, newest first: why was nothing sent?",
	  .access = READS_NOTES,
	  .kind = ROUTE_READ,
	  .resource = &decision_resource,
	  .is_list = true },
	{ .method = METHOD_GET,
	  .pattern = "/customers/:id/contactability",
	  .operation = "getContactability",
	  .summary = "Ask whether a customer may be written to, without sending anything",
	  .access = STAFF,
	  .handle = show_contactability },
	{ 0 },
};
