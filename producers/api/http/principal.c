#include "producers/api/http/principal.h"

#include <string.h>

#include "crypto/crypto.h"
#include "model/command.h"
#include "producers/api/http/route.h"

/* "Bearer" in any case (RFC 9110 11.1), one space, the token. */
static bool cut_scheme(struct str *text)
{
	const struct str scheme = STR("bearer ");

	if (text->size == scheme.size || !str_begins_nocase(*text, scheme))
		return false;
	*text = (struct str){ .data = text->data + scheme.size, .size = text->size - scheme.size };
	return true;
}

int principal_read(struct token_keys *keys, struct str authorization, int64_t now_ms, struct principal *ret_principal,
		   const char **ret_text)
{
	struct token_claims claims;
	struct err err = ERR_INIT;

	if (authorization.size == 0) {
		*ret_text = "a bearer token is needed";
		return 401;
	}
	if (!cut_scheme(&authorization)) {
		*ret_text = "only the Bearer scheme is taken";
		return 401;
	}
	if (token_verify(keys, authorization, &claims, &err) != 0) {
		*ret_text = "the token is not one of ours";
		return 401;
	}
	if (now_ms == 0) {
		*ret_text = API_NO_TIME;
		return 503;
	}
	if (!token_is_valid_at(&claims, now_ms)) {
		*ret_text = "the token is not valid now";
		return 401;
	}
	*ret_principal = (struct principal){ .is_known = true,
					     .roles = claims.roles,
					     .scope = claims.scope,
					     .token_version = claims.version,
					     .expires_at_ms = claims.expires_at_ms,
					     .token = authorization };
	memcpy(ret_principal->subject, claims.subject, sizeof(ret_principal->subject));
	ret_principal->is_user = uuid_parse(&ret_principal->user_id, str_of(claims.subject));
	return 0;
}

bool principal_may(const struct principal *principal, uint32_t access)
{
	if ((access & ACCESS_PUBLIC) != 0)
		return true;
	if (!principal->is_known)
		return false;
	return (access & ACCESS_SIGNED_IN) != 0 || (access & principal->roles) != 0;
}

enum limit principal_limit(const struct principal *principal, uint32_t access)
{
	uint32_t roles = access & principal->roles;

	if ((roles & ~(uint32_t)(ROLE_CONSUMER | ROLE_CREDITOR)) != 0)
		return LIMIT_NONE;
	if ((roles & ROLE_CREDITOR) == 0)
		return LIMIT_CUSTOMER;
	return principal->scope.all_creditors ? LIMIT_NONE : LIMIT_CREDITORS;
}

_Static_assert(sizeof(struct uuid) == 16, "ids stand behind each other as PostgreSQL has them");

static struct str packed(const struct uuid *ids, size_t count)
{
	return (struct str){ .data = (const char *)ids, .size = count * sizeof(*ids) };
}

bool principal_creditors(const struct principal *principal, struct str *ret_ids)
{
	if ((principal->roles & ROLE_CREDITOR) == 0 || principal->scope.all_creditors)
		return false;
	*ret_ids = packed(principal->scope.creditors, principal->scope.creditors_count);
	return true;
}

bool principal_portfolios(const struct principal *principal, struct str *ret_ids)
{
	if ((principal->roles & ROLE_CREDITOR) == 0 || principal->scope.portfolios_count == 0)
		return false;
	*ret_ids = packed(principal->scope.portfolios, principal->scope.portfolios_count);
	return true;
}

bool principal_owns(const struct principal *principal, const struct uuid *customer_id)
{
	return !uuid_is_none(&principal->customer_id) && uuid_equal(&principal->customer_id, customer_id);
}

struct uuid principal_id(const struct principal *principal)
{
	return uuid_of_text(str_of(principal->subject));
}

void roles_write(struct buf *buf, uint32_t roles)
{
	const char *comma = "";

	buf_add_text(buf, "[");
	for (uint32_t role = 1; role != 0 && role <= roles; role <<= 1) {
		if ((roles & role) == 0)
			continue;
		buf_add_format(buf, "%s\"%s\"", comma, role_name(role));
		comma = ",";
	}
	buf_add_u8(buf, ']');
}
