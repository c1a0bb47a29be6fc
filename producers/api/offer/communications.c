#include "schemas/communications.h"
#include "base/array.h"
#include "producers/api/offer/offer.h"
#include "producers/api/offer/template_preview.h"
#include "producers/api/reads/readers.h"
#include "producers/api/reads/reads.h"
#include "producers/api/reads/resource.h"
#include "schemas/words.h"

/* Messages, their templates, and consents. */

/* ---- communications ---- */

/*
 * Mail servers try for four to five days before they give up (RFC 5321 4.5.4.1). Computed at reading: an assumption is no event, and a
 * bounce that comes later is still one.
 */
#define BOUNCES_WITHIN "5 days"

#define MESSAGE_VERSION "1" /* SEALED_MESSAGE_VERSION */
_Static_assert(SEALED_MESSAGE_VERSION == 1, "as in the SQL");

static const struct column communication_columns[] = {
	{ .name = "id", .kind = COLUMN_UUID, .sql = "m.communication_id" },
	{ .name = "customerId", .kind = COLUMN_UUID, .sql = "m.customer_id" },
	{ .name = "customerName",
	  .kind = COLUMN_SEALED,
	  .sql = RESOURCE_SEALED("c.customer_id", "c.version", "c.full_name_sealed"),
	  .sealed = &sealed_name,
	  .roles = SEES_NAMES },
	{ .name = "debtIds", .kind = COLUMN_UUIDS, .sql = "m.debt_ids" },
	{ .name = "channel", .kind = COLUMN_TEXT, .sql = "m.channel" },
	{ .name = "messageClass", .kind = COLUMN_TEXT, .sql = "m.message_class" },
	{ .name = "templateName", .kind = COLUMN_TEXT, .sql = "m.template_name" },
	{ .name = "templateVersion", .kind = COLUMN_INT, .sql = "m.template_version" },
	{ .name = "language", .kind = COLUMN_TEXT, .sql = "m.language" },
	{ .name = "contactPointId", .kind = COLUMN_UUID, .sql = "m.contact_point_id" },
	{ .name = "state", .kind = COLUMN_TEXT, .sql = "m.state" },
	{ .name = "requestedOn", .kind = COLUMN_DATE, .sql = "m.requested_on" },
	{ .name = "notBefore", .kind = COLUMN_INSTANT, .sql = "m.not_before" },
	{ .name = "releaseAt", .kind = COLUMN_INSTANT, .sql = "m.release_at" },
	{ .name = "sendBy", .kind = COLUMN_INSTANT, .sql = "m.send_by" },
	{ .name = "mergedInto", .kind = COLUMN_UUID, .sql = "m.merged_into" },
	{ .name = "attempt", .kind = COLUMN_INT, .sql = "m.attempt" },
	{ .name = "decision.verdict", .kind = COLUMN_TEXT, .sql = "m.verdict" },
	{ .name = "decision.rules", .kind = COLUMN_TEXTS, .sql = "m.rules" },
	{ .name = "decision.until", .kind = COLUMN_INSTANT, .sql = "m.until" },
	{ .name = "decision.decidedAt", .kind = COLUMN_INSTANT, .sql = "m.decided_at" },
	{ .name = "report.provider", .kind = COLUMN_TEXT, .sql = "m.provider" },
	{ .name = "report.providerRef", .kind = COLUMN_TEXT, .sql = "m.provider_ref" },
	{ .name = "report.providerCode", .kind = COLUMN_TEXT, .sql = "m.provider_code" },
	{ .name = "report.occurredAt", .kind = COLUMN_INSTANT, .sql = "m.occurred_at" },
	{ .name = "assumedDelivered",
	  .kind = COLUMN_BOOL,
	  .sql = "coalesce(m.channel = 'email' AND m.state = 'submitted' AND m.occurred_at < engine.now() - interval "
		 "'" BOUNCES_WITHIN "', false)" },
	{ .name = "subject",
	  .kind = COLUMN_SEALED,
	  .sql = RESOURCE_SEALED("m.communication_id", MESSAGE_VERSION, "m.subject_sealed"),
	  .sealed = &sealed_message_subject,
	  .roles = SEES_CONTACTS,
	  .is_detail = true },
	{ .name = "body",
	  .kind = COLUMN_SEALED,
	  .sql = RESOURCE_SEALED("m.communication_id", MESSAGE_VERSION, "m.body_sealed"),
	  .sealed = &sealed_message_body,
	  .roles = SEES_CONTACTS,
	  .is_detail = true },
	{ .name = "html",
	  .kind = COLUMN_SEALED,
	  .sql = RESOURCE_SEALED("m.communication_id", MESSAGE_VERSION, "m.html_sealed"),
	  .sealed = &sealed_message_html,
	  .roles = SEES_CONTACTS,
	  .is_detail = true },
	{ .name = "actions", .kind = COLUMN_ACTIONS, .sql = "m.actions" },
	{ .name = "version", .kind = COLUMN_LONG, .sql = "m.version" },
	{ .name = "createdAt", .kind = COLUMN_INSTANT, .sql = "m.created_at" },
	{ .name = "updatedAt", .kind = COLUMN_INSTANT, .sql = "m.updated_at" },
	{ .name = "links.self", .kind = COLUMN_LINK, .link = "/communications/%", .of = "id", .is_detail = true },
	{ .name = "links.customer", .kind = COLUMN_LINK, .link = "/customers/%", .of = "customerId", .is_detail = true },
};

static const struct filter communication_filters[] = {
	{ .name = "customer", .kind = COLUMN_UUID, .sql = "m.customer_id = q.customer", .is_selective = true },
	{ .name = "debt", .kind = COLUMN_UUID, .sql = "q.debt = ANY (m.debt_ids)" },
	{ .name = "state", .kind = COLUMN_TEXT, .sql = "m.state = q.state", .words = COMMUNICATION_STATE_WORDS },
	{ .name = "channel", .kind = COLUMN_TEXT, .sql = "m.channel = q.channel", .words = MESSAGE_CHANNEL_WORDS },
	{ .name = "messageClass", .kind = COLUMN_TEXT, .sql = "m.message_class = q.messageClass" },
	{ .name = "requestedFrom", .kind = COLUMN_DATE, .sql = "m.requested_on >= q.requestedFrom" },
	{ .name = "requestedTo", .kind = COLUMN_DATE, .sql = "m.requested_on <= q.requestedTo" },
	RESOURCE_CREATED_FILTERS("m.created_at"),
};

static const struct sort communication_sorts[] = {
	{ .name = "id", .kind = COLUMN_UUID, .sql = "m.communication_id" },
	RESOURCE_CREATED_SORT("m.created_at"),
	{ .name = "requestedOn", .kind = COLUMN_DATE, .sql = "m.requested_on" },
};

static const struct changes communication_changes = { .module = "communications",
						      .last = "m.updated_seq = e.seq AND m.updated_at = e.at" };

const struct resource communication_resource = {
	.name = "communication",
	.from = "communications.api_communication m LEFT JOIN customers.api_customer c ON c.customer_id = m.customer_id",
	.id = "m.communication_id",
	.owner = "m.customer_id",
	.creditor = "EXISTS (SELECT FROM communications.creditor_communication k WHERE k.creditor_id = s.creditor AND "
		    "k.communication_id = m.communication_id AND " RESOURCE_IN_PORTFOLIOS("ARRAY[k.portfolio_id]") ")",
	.reaches = { { .from = "communications.creditor_communication k " RESOURCE_OF_KEY(
			       "communications.api_communication", "communication_id",
			       "m") " LEFT JOIN customers.api_customer c ON c.customer_id = m.customer_id",
		       .creditor = "k.creditor_id",
		       .sort = "k.created_at",
		       .key = "k.communication_id",
		       .sql = RESOURCE_IN_PORTFOLIOS("ARRAY[k.portfolio_id]") } },
	.salt = "c.key_salt",
	.version = "version",
	.columns = communication_columns,
	.columns_count = COUNT(communication_columns),
	.filters = communication_filters,
	.filters_count = COUNT(communication_filters),
	.sorts = communication_sorts,
	.sorts_count = COUNT(communication_sorts),
	.sort_default = 1,
	.changes = &communication_changes,
};

/* ---- templates ---- */

static const struct column template_columns[] = {
	{ .name = "id", .kind = COLUMN_UUID, .sql = "t.template_id" },
	{ .name = "name", .kind = COLUMN_TEXT, .sql = "t.name" },
	{ .name = "channel", .kind = COLUMN_TEXT, .sql = "t.channel" },
	{ .name = "language", .kind = COLUMN_TEXT, .sql = "t.language" },
	{ .name = "version", .kind = COLUMN_INT, .sql = "t.version" },
	{ .name = "messageClass", .kind = COLUMN_TEXT, .sql = "t.message_class" },
	{ .name = "subject", .kind = COLUMN_TEXT, .sql = "t.subject" },
	{ .name = "body", .kind = COLUMN_TEXT, .sql = "t.body" },
	{ .name = "html", .kind = COLUMN_TEXT, .sql = "t.html" },
	{ .name = "publishedAt", .kind = COLUMN_INSTANT, .sql = "t.published_at" },
	{ .name = "createdAt", .kind = COLUMN_INSTANT, .sql = "t.created_at" },
	{ .name = "updatedAt", .kind = COLUMN_INSTANT, .sql = "t.published_at" },
};

static const struct filter template_filters[] = {
	{ .name = "name", .kind = COLUMN_TEXT, .sql = "t.name = q.name" },
	{ .name = "channel", .kind = COLUMN_TEXT, .sql = "t.channel = q.channel", .words = CHANNEL_WORDS },
	{ .name = "language", .kind = COLUMN_TEXT, .sql = "t.language = q.language" },
	RESOURCE_CREATED_FILTERS("t.created_at"),
};

static const struct sort template_sorts[] = {
	{ .name = "id", .kind = COLUMN_UUID, .sql = "t.template_id" },
	RESOURCE_CREATED_SORT("t.created_at"),
};

const struct resource template_resource = {
	.name = "template",
	.from = "communications.api_template t",
	.id = "t.template_id",
	.uncredited = "no creditor reads templates",
	.version = "version",
	.columns = template_columns,
	.columns_count = COUNT(template_columns),
	.filters = template_filters,
	.filters_count = COUNT(template_filters),
	.sorts = template_sorts,
	.sorts_count = COUNT(template_sorts),
	.sort_default = 1,
};

/* ---- compliance profiles: every version, built in or published ---- */

static const struct column profile_columns[] = {
	{ .name = "id", .kind = COLUMN_UUID, .sql = "p.publication_id" },
	{ .name = "profile", .kind = COLUMN_TEXT, .sql = "p.profile" },
	{ .name = "version", .kind = COLUMN_INT, .sql = "p.version" },
	{ .name = "state", .kind = COLUMN_TEXT, .sql = "p.state" },
	{ .name = "builtIn", .kind = COLUMN_BOOL, .sql = "p.is_built_in" },
	{ .name = "title", .kind = COLUMN_TEXT, .sql = "p.title" },
	{ .name = "countries", .kind = COLUMN_TEXT, .sql = "p.countries" },
	{ .name = "region", .kind = COLUMN_TEXT, .sql = "p.region" },
	{ .name = "collector", .kind = COLUMN_TEXT, .sql = "p.collector" },
	{ .name = "rules", .kind = COLUMN_JSON, .sql = "communications.profile_rules(p.rules)" },
	{ .name = "publishedBy", .kind = COLUMN_TEXT, .sql = "p.published_by" },
	{ .name = "approvedBy", .kind = COLUMN_TEXT, .sql = "p.approved_by" },
	{ .name = "createdAt", .kind = COLUMN_INSTANT, .sql = "p.created_at" },
};

static const struct filter profile_filters[] = {
	{ .name = "profile", .kind = COLUMN_TEXT, .sql = "p.profile = q.profile" },
	{ .name = "state", .kind = COLUMN_TEXT, .sql = "p.state = q.state", .words = "in_force replaced" },
	RESOURCE_CREATED_FILTERS("p.created_at"),
};

static const struct sort profile_sorts[] = {
	{ .name = "id", .kind = COLUMN_UUID, .sql = "p.publication_id" },
	RESOURCE_CREATED_SORT("p.created_at"),
};

const struct resource profile_resource = {
	.name = "profile",
	.from = "communications.api_profile p",
	.id = "p.publication_id",
	.uncredited = "no creditor reads by which rules people are written to",
	.columns = profile_columns,
	.columns_count = COUNT(profile_columns),
	.filters = profile_filters,
	.filters_count = COUNT(profile_filters),
	.sorts = profile_sorts,
	.sorts_count = COUNT(profile_sorts),
	.sort_default = 1,
};

/* ---- consents ---- */

static const struct column consent_columns[] = {
	{ .name = "customerId", .kind = COLUMN_UUID, .sql = "x.customer_id" },
	{ .name = "channel", .kind = COLUMN_TEXT, .sql = "x.channel" },
	{ .name = "purpose", .kind = COLUMN_TEXT, .sql = "x.purpose" },
	{ .name = "inForce", .kind = COLUMN_BOOL, .sql = "x.in_force" },
	{ .name = "basis", .kind = COLUMN_TEXT, .sql = "x.basis" },
	{ .name = "obtainedAt", .kind = COLUMN_INSTANT, .sql = "x.obtained_at" },
	{ .name = "expiresAt", .kind = COLUMN_INSTANT, .sql = "x.expires_at" },
	{ .name = "withdrawnAt", .kind = COLUMN_INSTANT, .sql = "x.withdrawn_at" },
	{ .name = "createdAt", .kind = COLUMN_INSTANT, .sql = "x.created_at" },
	{ .name = "updatedAt", .kind = COLUMN_INSTANT, .sql = "x.updated_at" },
};

static const struct filter consent_filters[] = { RESOURCE_CREATED_FILTERS("x.created_at") };

static const struct sort consent_sorts[] = {
	{ .name = "channel", .kind = COLUMN_LONG, .sql = "x.place" },
	RESOURCE_CREATED_SORT("x.created_at"),
};

const struct resource consent_resource = {
	.name = "consent",
	.from = "communications.api_consent x",
	.owner = "x.customer_id",
	.creditor = RESOURCE_KNOWN("q.parent"),
	.parent = &customer_resource,
	.parent_sql = "x.customer_id = q.parent",
	.columns = consent_columns,
	.columns_count = COUNT(consent_columns),
	.sorts = consent_sorts,
	.sorts_count = COUNT(consent_sorts),
	.sort_default = 1,
	.filters = consent_filters,
	.filters_count = COUNT(consent_filters),
};

/* ---- messages from persons ---- */

static const struct column inbound_columns[] = {
	{ .name = "id", .kind = COLUMN_UUID, .sql = "i.inbound_id" },
	{ .name = "customerId", .kind = COLUMN_UUID, .sql = "i.customer_id" },
	{ .name = "contactPointId", .kind = COLUMN_UUID, .sql = "i.contact_point_id" },
	{ .name = "channel", .kind = COLUMN_TEXT, .sql = "i.channel" },
	{ .name = "text",
	  .kind = COLUMN_SEALED,
	  .sql = RESOURCE_SEALED("i.inbound_id", MESSAGE_VERSION, "i.text_sealed"),
	  .sealed = &sealed_inbound_text,
	  .roles = SEES_CONTACTS },
	{ .name = "intent", .kind = COLUMN_TEXT, .sql = "i.intent" },
	{ .name = "keyword", .kind = COLUMN_TEXT, .sql = "i.keyword" },
	{ .name = "provider", .kind = COLUMN_TEXT, .sql = "i.provider" },
	{ .name = "providerRef", .kind = COLUMN_TEXT, .sql = "i.provider_ref" },
	{ .name = "receivedAt", .kind = COLUMN_INSTANT, .sql = "i.received_at" },
	{ .name = "createdAt", .kind = COLUMN_INSTANT, .sql = "i.created_at" },
};

static const struct filter inbound_filters[] = {
	{ .name = "intent", .kind = COLUMN_TEXT, .sql = "i.intent = q.intent", .words = INBOUND_INTENT_WORDS },
	RESOURCE_CREATED_FILTERS("i.created_at"),
};

static const struct sort inbound_sorts[] = {
	{ .name = "id", .kind = COLUMN_UUID, .sql = "i.inbound_id" },
	RESOURCE_CREATED_SORT("i.created_at"),
};

const struct resource inbound_resource = {
	.name = "inbound message",
	.from = "communications.api_inbound i LEFT JOIN customers.api_customer c ON c.customer_id = i.customer_id",
	.id = "i.inbound_id",
	.owner = "i.customer_id",
	.uncredited = "no creditor reads what people wrote to the collector",
	.salt = "c.key_salt",
	.parent = &customer_resource,
	.parent_sql = "i.customer_id = q.parent",
	.columns = inbound_columns,
	.columns_count = COUNT(inbound_columns),
	.filters = inbound_filters,
	.filters_count = COUNT(inbound_filters),
	.sorts = inbound_sorts,
	.sorts_count = COUNT(inbound_sorts),
	.sort_default = 1,
};

static const struct column unknown_inbound_columns[] = {
	{ .name = "id", .kind = COLUMN_UUID, .sql = "i.inbound_id" },
	{ .name = "channel", .kind = COLUMN_TEXT, .sql = "i.channel" },
	{ .name = "sender",
	  .kind = COLUMN_SEALED,
	  .sql = RESOURCE_SEALED("i.inbound_id", MESSAGE_VERSION, "i.sender_sealed"),
	  .sealed = &sealed_unknown_sender,
	  .roles = SEES_CONTACTS },
	{ .name = "text",
	  .kind = COLUMN_SEALED,
	  .sql = RESOURCE_SEALED("i.inbound_id", MESSAGE_VERSION, "i.text_sealed"),
	  .sealed = &sealed_unknown_text,
	  .roles = SEES_CONTACTS },
	{ .name = "intent", .kind = COLUMN_TEXT, .sql = "i.intent" },
	{ .name = "keyword", .kind = COLUMN_TEXT, .sql = "i.keyword" },
	{ .name = "provider", .kind = COLUMN_TEXT, .sql = "i.provider" },
	{ .name = "providerRef", .kind = COLUMN_TEXT, .sql = "i.provider_ref" },
	{ .name = "receivedAt", .kind = COLUMN_INSTANT, .sql = "i.received_at" },
	{ .name = "createdAt", .kind = COLUMN_INSTANT, .sql = "i.created_at" },
};

/* The row is its own owner: its texts are sealed with its own salt. */
const struct resource unknown_inbound_resource = {
	.name = "unknown inbound message",
	.from = "communications.api_unknown_inbound i",
	.id = "i.inbound_id",
	.owner = "i.inbound_id",
	.uncredited = "no creditor reads what people wrote to the collector",
	.salt = "i.key_salt",
	.columns = unknown_inbound_columns,
	.columns_count = COUNT(unknown_inbound_columns),
	.filters = inbound_filters,
	.filters_count = COUNT(inbound_filters),
	.sorts = inbound_sorts,
	.sorts_count = COUNT(inbound_sorts),
	.sort_default = 1,
};

/* ---- routes ---- */

const struct route communications_routes[] = {
	{ .method = METHOD_POST,
	  .pattern = "/communications",
	  .operation = "sendCommunication",
	  .summary = "Send a message to a customer, if the guard permits it",
	  .kind = ROUTE_WRITE,
	  .body = BODY_JSON,
	  .command = &send_communication_type,
	  .made_field = "communication_id",
	  .done_status = 201,
	  .location = "/communications/",
	  .resource = &communication_resource },
	{ .method = METHOD_POST,
	  .pattern = "/templates",
	  .operation = "publishTemplate",
	  .summary = "Publish a version of a template; a version never changes",
	  .kind = ROUTE_WRITE,
	  .body = BODY_JSON,
	  .command = &publish_template_type,
	  .made_field = "template_id",
	  .done_status = 201,
	  .location = "/templates/",
	  .resource = &template_resource },
	{ .method = METHOD_POST,
	  .pattern = "/templates/preview",
	  .operation = "previewTemplate",
	  .summary = "Preview a template: its texts, SMS segments, missing tokens, problems",
	  .access = READS_NOTES,
	  .body = BODY_JSON,
	  .body_size_max = BODY_JSON_MAX,
	  .handle = preview_template },
	{ .method = METHOD_POST,
	  .pattern = "/profiles",
	  .operation = "publishProfile",
	  .summary = "Publish a version of a compliance profile; it needs a second person",
	  .kind = ROUTE_WRITE,
	  .body = BODY_JSON,
	  .command = &publish_profile_type,
	  .made_field = "publication_id",
	  .done_status = 201,
	  .location = "/profiles/",
	  .resource = &profile_resource },
	{ .method = METHOD_GET,
	  .pattern = "/profiles",
	  .operation = "listProfiles",
	  .summary = "List compliance profiles, every version of each",
	  .access = READS_NOTES,
	  .kind = ROUTE_READ,
	  .resource = &profile_resource,
	  .is_list = true },
	{ .method = METHOD_GET,
	  .pattern = "/profiles/:id",
	  .operation = "getProfile",
	  .summary = "Get a version of a compliance profile: its rules, their numbers and the law",
	  .access = READS_NOTES,
	  .kind = ROUTE_READ,
	  .resource = &profile_resource },
	{ .method = METHOD_GET,
	  .pattern = "/communications",
	  .operation = "listCommunications",
	  .summary = "List messages, newest first",
	  .access = READS_PEOPLE,
	  .kind = ROUTE_READ,
	  .resource = &communication_resource,
	  .is_list = true },
	{ .method = METHOD_GET,
	  .pattern = "/communications/:id",
	  .operation = "getCommunication",
	  .summary = "Get a message and its delivery state",
	  .access = READS_PEOPLE,
	  .kind = ROUTE_READ,
	  .resource = &communication_resource },
	{ .method = METHOD_PUT,
	  .pattern = "/communications/:id",
	  .operation = "putCommunication",
	  .summary = "Replace the times of a message that has not left, both: it waits for them; or cancel one by its state, the "
		     "only one that can be put",
	  .kind = ROUTE_WRITE,
	  .body = BODY_JSON,
	  .command = &reschedule_communication_type,
	  .path_field = "communication_id",
	  .said_member = "state",
	  .said_word = "cancelled",
	  .said_command = &cancel_communication_type,
	  .if_match = true,
	  .owner = &communication_resource,
	  .done_status = 200,
	  .location = "/communications/",
	  .resource = &communication_resource },
	{ .method = METHOD_DELETE,
	  .pattern = "/communications/:id",
	  .operation = "cancelCommunication",
	  .summary = "Cancel a message that was not sent yet",
	  .kind = ROUTE_WRITE,
	  .body = BODY_JSON,
	  .command = &cancel_communication_type,
	  .path_field = "communication_id",
	  .owner = &communication_resource,
	  .done_status = 200,
	  .location = "/communications/",
	  .resource = &communication_resource },
	{ .method = METHOD_POST,
	  .pattern = "/communications/:id/resolution",
	  .operation = "resolveUnknown",
	  .summary = "Say whether an unknown message was sent: if not, it is sent once more",
	  .kind = ROUTE_WRITE,
	  .body = BODY_JSON,
	  .command = &resolve_unknown_type,
	  .path_field = "communication_id",
	  .if_match = true,
	  .owner = &communication_resource,
	  .done_status = 200,
	  .resource = &communication_resource },
	{ .method = METHOD_GET,
	  .pattern = "/customers/:id/inbound",
	  .operation = "listInbound",
	  .summary = "List what a customer wrote to us, newest first",
	  .access = READS_NOTES,
	  .kind = ROUTE_READ,
	  .resource = &inbound_resource,
	  .is_list = true },
	{ .method = METHOD_GET,
	  .pattern = "/inbound",
	  .operation = "listUnknownInbound",
	  .summary = "List what was written to us from addresses that no customer has, newest first",
	  .access = READS_NOTES,
	  .kind = ROUTE_READ,
	  .resource = &unknown_inbound_resource,
	  .is_list = true },
	{ .method = METHOD_GET,
	  .pattern = "/templates",
	  .operation = "listTemplates",
	  .summary = "List templates, the newest version of each",
	  .access = READS_NOTES,
	  .kind = ROUTE_READ,
	  .resource = &template_resource,
	  .is_list = true },
	{ .method = METHOD_GET,
	  .pattern = "/templates/:id",
	  .operation = "getTemplate",
	  .summary = "Get a template",
	  .access = READS_NOTES,
	  .kind = ROUTE_READ,
	  .resource = &template_resource },
	{ 0 },
};
