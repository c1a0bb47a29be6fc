#include "token/parse.h"

#include <jansson.h>

#include "base/base64url.h"
#include "model/command.h"

#define SIGNATURE_SIZE 64
#define SECONDS_MAX    INT64_C(253402300799) /* 9999-12-31T23:59:59Z: in milliseconds it fits too */

static int refuse(struct err *err, const char *why)
{
	return err_set(err, ERR_POISON, "token: %s", why);
}

static bool is_base64url(struct str text)
{
	char bytes[TOKEN_SIZE_MAX];
	size_t size;

	return text.size > 0 && text.size <= sizeof(bytes) && base64url_decode(bytes, &size, text);
}

int parse_parts(struct str token, struct token_parts *ret_parts, struct err *err)
{
	struct token_parts parts;
	struct str rest;

	parts.header = str_cut(token, '.', &rest);
	parts.claims = str_cut(rest, '.', &parts.signature);
	/* A fourth part leaves its dot in the signature. Bits behind the last byte are zero: else one signature had sixteen
	 * texts. */
	if (!is_base64url(parts.header) || !is_base64url(parts.claims) || !is_base64url(parts.signature))
		return refuse(err, "not three parts of base64url");
	if (parts.signature.size != BASE64URL_SIZE(SIGNATURE_SIZE))
		return refuse(err, "the signature is not one of ES256");
	*ret_parts = parts;
	return 0;
}

/* A JSON object without duplicate members; *ret_object is the caller's to release. */
static int parse_object(struct str part, json_t **ret_object, struct err *err)
{
	char bytes[TOKEN_SIZE_MAX];
	size_t size;
	json_t *object;

	MUST(part.size <= sizeof(bytes));
	if (!base64url_decode(bytes, &size, part))
		return refuse(err, "a part is not base64url");
	object = json_loadb(bytes, size, JSON_REJECT_DUPLICATES, NULL);
	if (object == NULL || !json_is_object(object)) {
		json_decref(object);
		return refuse(err, "a part is not one JSON object with each member once");
	}
	*ret_object = object;
	return 0;
}

/* The text of a string member; empty when there is none or it is something else. */
static struct str text_of(const json_t *value)
{
	if (!json_is_string(value))
		return STR("");
	return (struct str){ .data = json_string_value(value), .size = json_string_length(value) };
}

int parse_header(struct str header, char ret_kid[KID_MAX + 1], struct err *err)
{
	json_t *object = NULL;
	struct str kid;
	int result = -1;

	if (parse_object(header, &object, err) < 0)
		goto out;
	/* Exactly so: libjwt would take "es256" too, and chooses the check by this word. */
	if (!str_is(text_of(json_object_get(object, "alg")), "ES256")) {
		refuse(err, "alg is not ES256");
		goto out;
	}
	if (!str_is(text_of(json_object_get(object, "typ")), "JWT")) {
		refuse(err, "typ is not JWT");
		goto out;
	}
	/* Whatever it demands that we understand (RFC 7515, 4.1.11): we do not. jku, jwk and x5u are not looked at. */
	if (json_object_get(object, "crit") != NULL) {
		refuse(err, "crit is not supported");
		goto out;
	}
	kid = text_of(json_object_get(object, "kid"));
	if (!kid_is_valid(kid)) {
		refuse(err, "kid is missing or not a key's name");
		goto out;
	}
	MUST(str_to_chars(ret_kid, KID_MAX + 1, kid));
	result = 0;
out:
	json_decref(object);
	return result;
}

static bool seconds_of(const json_t *value, int64_t *ret_ms)
{
	json_int_t seconds = json_integer_value(value);

	if (!json_is_integer(value) || seconds < 0 || seconds > SECONDS_MAX)
		return false;
	*ret_ms = seconds * 1000;
	return true;
}

static bool names_audience(const json_t *value, const char *audience)
{
	bool found = false;
	const json_t *item;
	size_t i;

	if (!json_is_array(value))
		return str_is(text_of(value), audience);
	json_array_foreach(value, i, item)
	{
		if (!json_is_string(item))
			return false;
		found = found || str_is(text_of(item), audience);
	}
	return found;
}

/* Unknown names are passed over: an issuer may know more roles than this version. */
static bool roles_of(const json_t *value, uint32_t *ret_roles)
{
	uint32_t roles = 0;
	const json_t *item;
	size_t i;

	if (value != NULL && !json_is_array(value))
		return false;
	json_array_foreach(value, i, item)
	{
		if (!json_is_string(item))
			return false;
		roles |= role_by_name(text_of(item));
	}
	*ret_roles = roles;
	return true;
}

/* A list of words that `add` takes: ids, the names of sources, ["*"]. None at all adds nothing. */
static bool scope_of(const json_t *value, struct scope *scope, bool (*add)(struct scope *scope, struct str word))
{
	const json_t *item;
	size_t i;

	if (value != NULL && !json_is_array(value))
		return false;
	json_array_foreach(value, i, item)
	{
		if (!json_is_string(item) || !add(scope, text_of(item)))
			return false;
	}
	return true;
}

/* None at all: all of the creditors'. A list that is empty is not: whoever made it meant that there is nothing. */
static bool portfolios_of(const json_t *value, struct scope *scope)
{
	return value == NULL || (json_array_size(value) > 0 && scope_of(value, scope, scope_add_portfolio));
}

bool subject_is_valid(struct str subject)
{
	if (subject.size == 0 || subject.size > TOKEN_SUBJECT_MAX || !str_is_text(subject))
		return false;
	for (size_t i = 0; i < subject.size; i++)
		if ((unsigned char)subject.data[i] < 0x20 || subject.data[i] == 0x7F)
			return false;
	return true;
}

static bool version_of(const json_t *value, int64_t *ret_version)
{
	if (value == NULL)
		return true;
	*ret_version = json_integer_value(value);
	return json_is_integer(value) && *ret_version >= 0;
}

/* What is wrong with the times, or NULL. */
static const char *take_times(const json_t *object, struct token_claims *claims)
{
	const json_t *not_before = json_object_get(object, "nbf");

	if (!seconds_of(json_object_get(object, "exp"), &claims->expires_at_ms))
		return "exp is missing or not a whole number of seconds";
	if (!seconds_of(json_object_get(object, "iat"), &claims->issued_at_ms))
		return "iat is missing or not a whole number of seconds";
	if (not_before != NULL && !seconds_of(not_before, &claims->not_before_ms))
		return "nbf is not a whole number of seconds";
	if (claims->expires_at_ms < claims->issued_at_ms)
		return "exp is before iat";
	return claims->expires_at_ms - claims->issued_at_ms > TOKEN_LIFE_MAX_MS ? "exp is more than a day after iat" : NULL;
}

/* What is wrong, or NULL. */
static const char *take_claims(const json_t *object, const char *issuer, const char *audience, struct token_claims *claims)
{
	struct str subject = text_of(json_object_get(object, "sub"));

	if (!str_is(text_of(json_object_get(object, "iss")), issuer))
		return "iss is missing or another issuer";
	if (!names_audience(json_object_get(object, "aud"), audience))
		return "aud is missing or another audience";
	if (!subject_is_valid(subject))
		return "sub is missing or not a name";
	if (!roles_of(json_object_get(object, "roles"), &claims->roles))
		return "roles is not a list of names";
	if (!scope_of(json_object_get(object, "creditors"), &claims->scope, scope_add_creditor))
		return "creditors is not a list of ids, or of * alone";
	if (!portfolios_of(json_object_get(object, "portfolios"), &claims->scope))
		return "portfolios is not a list of some ids beside creditors";
	if (!scope_of(json_object_get(object, "sources"), &claims->scope, scope_add_source))
		return "sources is not a list of names, or of * alone";
	if (!version_of(json_object_get(object, "ver"), &claims->version))
		return "ver is not a whole number of 0 or more";
	MUST(str_to_chars(claims->subject, sizeof(claims->subject), subject));
	return take_times(object, claims);
}

int parse_claims(struct str text, const char *issuer, const char *audience, struct token_claims *ret_claims, struct err *err)
{
	struct token_claims claims = { .not_before_ms = 0 };
	json_t *object = NULL;
	const char *wrong;

	if (parse_object(text, &object, err) < 0)
		return -1;
	wrong = take_claims(object, issuer, audience, &claims);
	json_decref(object);
	if (wrong != NULL)
		return refuse(err, wrong);
	*ret_claims = claims;
	return 0;
}
