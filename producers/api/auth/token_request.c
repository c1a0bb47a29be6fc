#include "producers/api/auth/token_request.h"

#include <string.h>

#include "base/array.h"
#include "base/base64url.h"
#include "crypto/crypto.h"
#include "model/command.h"
#include "producers/api/http/form.h"

#define BASIC_SIZE_MAX ((size_t)1024)

static const char *const names[] = {
	[TOKEN_FAULT_NONE] = "",
	[TOKEN_FAULT_INVALID_REQUEST] = "invalid_request",
	[TOKEN_FAULT_INVALID_CLIENT] = "invalid_client",
	[TOKEN_FAULT_UNSUPPORTED_GRANT_TYPE] = "unsupported_grant_type",
	[TOKEN_FAULT_INVALID_SCOPE] = "invalid_scope",
	[TOKEN_FAULT_UNAUTHORIZED_CLIENT] = "unauthorized_client",
};
_Static_assert(COUNT(names) == TOKEN_FAULTS_COUNT, "a word for each fault");

const char *token_fault_name(enum token_fault fault)
{
	MUST(fault < TOKEN_FAULTS_COUNT);
	return names[fault];
}

/* ---- forms ---- */

/* False: not a form's text, or a control character is in it. */
static bool decode(struct str text, struct arena *arena, struct str *ret_text)
{
	if (!form_decode(text, arena, ret_text))
		return false;
	for (size_t i = 0; i < ret_text->size; i++)
		if ((unsigned char)ret_text->data[i] < 0x20 || ret_text->data[i] == 0x7f)
			return false;
	return true;
}

struct token_form {
	struct str grant_type, scope, client_id, client_secret; /* no data: absent */
};

static struct str *place_of(struct token_form *form, struct str name)
{
	if (str_is(name, "grant_type"))
		return &form->grant_type;
	if (str_is(name, "scope"))
		return &form->scope;
	if (str_is(name, "client_id"))
		return &form->client_id;
	return str_is(name, "client_secret") ? &form->client_secret : NULL;
}

static const char *read_form(struct str body, struct arena *arena, struct token_form *form)
{
	while (body.size > 0) {
		struct str pair = str_cut(body, '&', &body);
		struct str value, name = str_cut(pair, '=', &value);
		struct str *place;

		if (!decode(name, arena, &name) || !decode(value, arena, &value))
			return "the body is not a form in UTF-8";
		place = place_of(form, name);
		if (place == NULL || value.size == 0)
			continue;
		if (place->data != NULL)
			return "a parameter stands twice";
		*place = value;
	}
	return NULL;
}

/* ---- HTTP Basic ---- */

/* base64 (RFC 4648 4), which differs from base64url by two letters and its padding. */
static bool decode_base64(struct str text, struct arena *arena, struct str *ret_bytes)
{
	char *letters = arena_take(arena, text.size + 1, 1);
	char *bytes = arena_take(arena, text.size + 1, 1);
	size_t padding = 0;

	if (letters == NULL || bytes == NULL || text.size % 4 != 0)
		return false;
	while (padding < 2 && text.size > 0 && text.data[text.size - 1] == '=') {
		text.size--;
		padding++;
	}
	for (size_t i = 0; i < text.size; i++) {
		if (text.data[i] == '-' || text.data[i] == '_')
			return false;
		letters[i] = text.data[i] == '+' ? '-' : text.data[i];
		if (letters[i] == '/')
			letters[i] = '_';
	}
	ret_bytes->data = bytes;
	return base64url_decode(bytes, &ret_bytes->size, (struct str){ .data = letters, .size = text.size });
}

/* The scheme in any case, one space. False: another scheme. */
static bool cut_basic(struct str *text)
{
	const struct str scheme = STR("basic ");

	if (!str_begins_nocase(*text, scheme))
		return false;
	*text = (struct str){ .data = text->data + scheme.size, .size = text->size - scheme.size };
	return true;
}

/* The id and the secret, each form-encoded once more (2.3.1). */
static bool read_basic(struct str header, struct arena *arena, struct str *ret_id, struct str *ret_secret)
{
	struct str pair;
	struct str id, secret;

	if (header.size > BASIC_SIZE_MAX || !cut_basic(&header) || !decode_base64(header, arena, &pair))
		return false;
	if (memchr(pair.data, ':', pair.size) == NULL)
		return false;
	id = str_cut(pair, ':', &secret);
	return decode(id, arena, ret_id) && decode(secret, arena, ret_secret);
}

/* ---- the request ---- */

static enum token_fault fail(enum token_fault fault, const char *text, const char **ret_text)
{
	*ret_text = text;
	return fault;
}

/* The client's id and secret. */
static enum token_fault find_client(struct str authorization, struct arena *arena, const struct token_form *form,
				    struct str *ret_id, struct str *ret_secret, const char **ret_text)
{
	if (authorization.size == 0) {
		*ret_id = form->client_id;
		*ret_secret = form->client_secret;
		if (form->client_id.data == NULL || form->client_secret.data == NULL)
			return fail(TOKEN_FAULT_INVALID_CLIENT, "client_id and client_secret are needed", ret_text);
		return TOKEN_FAULT_NONE;
	}
	if (form->client_secret.data != NULL)
		return fail(TOKEN_FAULT_INVALID_REQUEST, "a client authenticates in one way: by HTTP Basic or in the body",
			    ret_text);
	if (!read_basic(authorization, arena, ret_id, ret_secret))
		return fail(TOKEN_FAULT_INVALID_CLIENT, "the Authorization header is not HTTP Basic", ret_text);
	if (form->client_id.data != NULL && !str_equal(form->client_id, *ret_id))
		return fail(TOKEN_FAULT_INVALID_REQUEST, "client_id is another one than that of the header", ret_text);
	return TOKEN_FAULT_NONE;
}

/* Names of roles, separated by one space. */
static bool read_scope(struct str scope, struct token_request *request)
{
	request->has_scope = scope.data != NULL;
	if (!request->has_scope)
		return true;
	do {
		uint32_t role = role_by_name(str_cut(scope, ' ', &scope));

		if (role == 0)
			return false;
		request->roles |= role;
	} while (scope.size > 0);
	return true;
}

static bool read_secret(struct str text, uint8_t ret_secret[CLIENT_SECRET_SIZE])
{
	size_t size;

	return text.size == BASE64URL_SIZE(CLIENT_SECRET_SIZE) && base64url_decode(ret_secret, &size, text) &&
	       size == CLIENT_SECRET_SIZE;
}

enum token_fault token_request_read(struct str authorization, struct str content_type, struct str body, struct arena *arena,
				    struct token_request *ret_request, const char **ret_text)
{
	struct token_form form = { .grant_type = { .data = NULL } };
	struct token_request request = { .roles = 0 };
	struct str id, secret;
	enum token_fault fault;
	const char *wrong;

	if (!form_is_type(content_type))
		return fail(TOKEN_FAULT_INVALID_REQUEST, "the body must be application/x-www-form-urlencoded", ret_text);
	wrong = read_form(body, arena, &form);
	if (wrong != NULL)
		return fail(TOKEN_FAULT_INVALID_REQUEST, wrong, ret_text);
	if (form.grant_type.data == NULL)
		return fail(TOKEN_FAULT_INVALID_REQUEST, "grant_type is missing", ret_text);
	fault = find_client(authorization, arena, &form, &id, &secret, ret_text);
	if (fault != TOKEN_FAULT_NONE)
		return fault;
	if (!uuid_parse(&request.client_id, id) || uuid_is_none(&request.client_id) || !read_secret(secret, request.secret))
		return fail(TOKEN_FAULT_INVALID_CLIENT, "client id or secret is wrong", ret_text);
	if (!str_is(form.grant_type, "client_credentials"))
		return fail(TOKEN_FAULT_UNSUPPORTED_GRANT_TYPE, "only client_credentials is served here", ret_text);
	if (!read_scope(form.scope, &request))
		return fail(TOKEN_FAULT_INVALID_SCOPE, "scope is not a list of roles, one space between", ret_text);
	*ret_request = request;
	wipe(&request, sizeof(request));
	return TOKEN_FAULT_NONE;
}
