#include "producers/api/reads/readers.h"
#include "producers/api/reads/reads.h"
#include "producers/api/reads/resource.h"

/* Users and services. Their password hashes, refresh tokens and secrets are no resource. */

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct column user_columns[] = {
	{ .name = "id", .kind = COLUMN_UUID, .sql = "a.user_id" },
	{ .name = "login", .kind = COLUMN_TEXT, .sql = "a.login" },
	{ .name = "state", .kind = COLUMN_TEXT, .sql = "a.state" },
	{ .name = "roles", .kind = COLUMN_TEXTS, .sql = "users.role_names(a.roles)" },
	{ .name = "customerId", .kind = COLUMN_UUID, .sql = "a.customer_id" },
	{ .name = "creditors", .kind = COLUMN_TEXTS, .sql = "users.creditors_of(a.scope)" },
	{ .name = "portfolios", .kind = COLUMN_TEXTS, .sql = "users.portfolios_of(a.scope)" },
	{ .name = "sources", .kind = COLUMN_TEXTS, .sql = "users.sources_of(a.scope)" },
	{ .name = "registeredAt", .kind = COLUMN_INSTANT, .sql = "a.registered_at" },
	{ .name = "passwordSetAt", .kind = COLUMN_INSTANT, .sql = "c.set_at", .is_detail = true },
	{ .name = "lockedUntil",
	  .kind = COLUMN_INSTANT,
	  .sql = "CASE WHEN c.locked_until > now() THEN c.locked_until END",
	  .roles = READS_USERS },
	{ .name = "actions",
	  .kind = COLUMN_ACTIONS,
	  .sql = "ARRAY['changeRoles', 'bindUser', 'endTokens'] || CASE a.state WHEN 'active' THEN ARRAY['inviteUser', "
		 "'disableUser'] ELSE ARRAY['enableUser'] END" },
	{ .name = "version", .kind = COLUMN_LONG, .sql = "a.version" },
	{ .name = "createdAt", .kind = COLUMN_INSTANT, .sql = "a.registered_at" },
	{ .name = "updatedAt", .kind = COLUMN_INSTANT, .sql = "a.updated_at" },
};

static const struct filter user_filters[] = {
	{ .name = "login", .kind = COLUMN_TEXT, .sql = "a.login = q.login", .is_selective = true },
	{ .name = "state", .kind = COLUMN_TEXT, .sql = "a.state = q.state", .words = "active disabled" },
	{ .name = "role",
	  .kind = COLUMN_TEXT,
	  .sql = "q.role = ANY (users.role_names(a.roles))",
	  .words = "admin compliance supervisor agent creditor consumer auditor reporting" },
	{ .name = "customer", .kind = COLUMN_UUID, .sql = "a.customer_id = q.customer" },
	RESOURCE_CREATED_FILTERS("a.registered_at"),
};

static const struct sort user_sorts[] = {
	{ .name = "id", .kind = COLUMN_UUID, .sql = "a.user_id" },
	RESOURCE_CREATED_SORT("a.registered_at"),
};

const struct resource user_resource = {
	.name = "user",
	.from = "(SELECT * FROM users.account WHERE kind = 'person') a LEFT JOIN users.credential c ON c.user_id = a.user_id",
	.id = "a.user_id",
	.uncredited = "no creditor reads users",
	.version = "version",
	.columns = user_columns,
	.columns_count = COUNT(user_columns),
	.filters = user_filters,
	.filters_count = COUNT(user_filters),
	.sorts = user_sorts,
	.sorts_count = COUNT(user_sorts),
	.sort_default = 1,
};

static const struct column service_columns[] = {
	{ .name = "id", .kind = COLUMN_UUID, .sql = "a.user_id" },
	{ .name = "name", .kind = COLUMN_TEXT, .sql = "a.login" },
	{ .name = "state", .kind = COLUMN_TEXT, .sql = "a.state" },
	{ .name = "roles", .kind = COLUMN_TEXTS, .sql = "users.role_names(a.roles)" },
	{ .name = "creditors", .kind = COLUMN_TEXTS, .sql = "users.creditors_of(a.scope)" },
	{ .name = "portfolios", .kind = COLUMN_TEXTS, .sql = "users.portfolios_of(a.scope)" },
	{ .name = "sources", .kind = COLUMN_TEXTS, .sql = "users.sources_of(a.scope)" },
	{ .name = "secretMadeAt",
	  .kind = COLUMN_INSTANT,
	  .sql = "(SELECT max(s.made_at) FROM users.client_secret s WHERE s.service_id = a.user_id)",
	  .is_detail = true },
	{ .name = "oldSecretEndsAt",
	  .kind = COLUMN_INSTANT,
	  .sql = "(SELECT max(s.ends_at) FROM users.client_secret s WHERE s.service_id = a.user_id AND s.ends_at > now())",
	  .is_detail = true },
	{ .name = "actions",
	  .kind = COLUMN_ACTIONS,
	  .sql = "CASE a.state WHEN 'active' THEN ARRAY['changeService', 'renewSecret', 'endServiceTokens', 'revokeService'] "
		 "ELSE '{}'::text[] END" },
	{ .name = "version", .kind = COLUMN_LONG, .sql = "a.version" },
	{ .name = "createdAt", .kind = COLUMN_INSTANT, .sql = "a.registered_at" },
	{ .name = "updatedAt", .kind = COLUMN_INSTANT, .sql = "a.updated_at" },
};

static const struct filter service_filters[] = {
	{ .name = "name", .kind = COLUMN_TEXT, .sql = "a.login = q.name", .is_selective = true },
	{ .name = "state", .kind = COLUMN_TEXT, .sql = "a.state = q.state", .words = "active revoked" },
	RESOURCE_CREATED_FILTERS("a.registered_at"),
};

static const struct sort service_sorts[] = {
	{ .name = "id", .kind = COLUMN_UUID, .sql = "a.user_id" },
	RESOURCE_CREATED_SORT("a.registered_at"),
};

const struct resource service_resource = {
	.name = "service",
	.from = "(SELECT * FROM users.account WHERE kind = 'service') a",
	.id = "a.user_id",
	.uncredited = "no creditor reads services",
	.version = "version",
	.columns = service_columns,
	.columns_count = COUNT(service_columns),
	.filters = service_filters,
	.filters_count = COUNT(service_filters),
	.sorts = service_sorts,
	.sorts_count = COUNT(service_sorts),
	.sort_default = 1,
};

/* Of GET /auth/me: the caller's own, a user's or a service's. */
static const struct column account_columns[] = {
	{ .name = "id", .kind = COLUMN_UUID, .sql = "a.user_id" },
	{ .name = "kind", .kind = COLUMN_TEXT, .sql = "a.kind" },
	{ .name = "name", .kind = COLUMN_TEXT, .sql = "CASE a.kind WHEN 'service' THEN a.login END" },
	{ .name = "login", .kind = COLUMN_TEXT, .sql = "CASE a.kind WHEN 'person' THEN a.login END" },
	{ .name = "state", .kind = COLUMN_TEXT, .sql = "a.state" },
	{ .name = "roles", .kind = COLUMN_TEXTS, .sql = "users.role_names(a.roles)" },
	{ .name = "customerId", .kind = COLUMN_UUID, .sql = "a.customer_id" },
	{ .name = "creditors", .kind = COLUMN_TEXTS, .sql = "users.creditors_of(a.scope)" },
	{ .name = "portfolios", .kind = COLUMN_TEXTS, .sql = "users.portfolios_of(a.scope)" },
	{ .name = "sources", .kind = COLUMN_TEXTS, .sql = "users.sources_of(a.scope)" },
	{ .name = "registeredAt", .kind = COLUMN_INSTANT, .sql = "a.registered_at" },
	{ .name = "passwordSetAt", .kind = COLUMN_INSTANT, .sql = "c.set_at" },
	{ .name = "lockedUntil",
	  .kind = COLUMN_INSTANT,
	  .sql = "CASE WHEN c.locked_until > now() THEN c.locked_until END",
	  .roles = READS_USERS },
	{ .name = "tokenRoles", .kind = COLUMN_TOKEN_ROLES, .sql = "true" },
	{ .name = "tokenExpiresAt", .kind = COLUMN_TOKEN_END, .sql = "true" },
	{ .name = "actions", .kind = COLUMN_ACTIONS, .sql = "'{}'::text[]" },
	{ .name = "version", .kind = COLUMN_LONG, .sql = "a.version" },
	{ .name = "createdAt", .kind = COLUMN_INSTANT, .sql = "a.registered_at" },
	{ .name = "updatedAt", .kind = COLUMN_INSTANT, .sql = "a.updated_at" },
	{ .name = "createdAt", .kind = COLUMN_INSTANT, .sql = "a.registered_at" },
	{ .name = "updatedAt", .kind = COLUMN_INSTANT, .sql = "a.updated_at" },
};

const struct resource account_resource = {
	.name = "account",
	.from = "users.account a LEFT JOIN users.credential c ON c.user_id = a.user_id",
	.id = "a.user_id",
	.uncredited = "everybody's own",
	.version = "version",
	.columns = account_columns,
	.columns_count = COUNT(account_columns),
};
