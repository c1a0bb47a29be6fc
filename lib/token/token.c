#include "token/token.h"

#include <errno.h>
#include <jansson.h>
#include <jwt.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64url.h"
#include "base/buf.h"
#include "crypto/crypto.h"
#include "model/command.h"
#include "token/cache.h"
#include "token/keys.h"
#include "token/parse.h"

#define LEEWAY_MS     60000
#define EARLY_MAX_MS  10000 /* how far the time may go back without a new token: less than the leeway */
#define NAME_SIZE_MAX 256   /* of issuer and audience, terminated */
#define PATH_SIZE_MAX 1024  /* of the directory, terminated */

struct token_keys {
	char directory[PATH_SIZE_MAX];
	char issuer[NAME_SIZE_MAX];
	char audience[NAME_SIZE_MAX];
	struct keyring ring;
	struct keyring seen; /* what the last look saw */
	uint64_t changes;
	struct token_cache cache;
};

static int take_name(char *name, size_t name_size, const char *text, const char *what, struct err *err)
{
	if (text[0] == '\0' || !str_to_chars(name, name_size, str_of(text)))
		return err_set(err, ERR_FATAL, "the %s is empty or too long", what);
	return 0;
}

int token_keys_load(const char *directory, const char *issuer, const char *audience, struct token_keys **ret_keys,
		    struct err *err)
{
	struct token_keys *keys = calloc(1, sizeof(*keys)); // the cache's pages become real memory only when used
	int result = -1;

	if (keys == NULL)
		return err_set(err, ERR_FATAL, "no memory for token keys");
	if (take_name(keys->issuer, NAME_SIZE_MAX, issuer, "token issuer", err) < 0 ||
	    take_name(keys->audience, NAME_SIZE_MAX, audience, "token audience", err) < 0 ||
	    take_name(keys->directory, PATH_SIZE_MAX, directory, "directory of token keys", err) < 0)
		goto out;
	if (keyring_load(&keys->ring, directory, err) < 0)
		goto out;
	keys->seen = keys->ring;
	*ret_keys = keys;
	keys = NULL;
	result = 0;
out:
	token_keys_free(keys);
	return result;
}

void token_keys_free(struct token_keys *keys)
{
	if (keys == NULL)
		return;
	wipe(&keys->ring, sizeof(keys->ring));
	wipe(&keys->seen, sizeof(keys->seen));
	free(keys);
}

int token_keys_look(struct token_keys *keys, bool *ret_changed, struct err *err)
{
	struct keyring before = keys->seen;
	int result = keyring_load(&keys->seen, keys->directory, err);

	*ret_changed = false;
	if (result < 0) {
		keys->seen = keys->ring;
	} else if (keyring_equal(&keys->seen, &before) && !keyring_equal(&keys->seen, &keys->ring)) {
		keys->ring = keys->seen;
		cache_clear(&keys->cache); // what a withdrawn key has signed is not known any more
		keys->changes++;
		*ret_changed = true;
	}
	wipe(&before, sizeof(before));
	return result;
}

static void write_coordinate(struct buf *buf, const char *name, const uint8_t coordinate[PEM_COORDINATE_SIZE])
{
	char text[BASE64URL_SIZE(PEM_COORDINATE_SIZE) + 1];

	base64url_encode(text, coordinate, PEM_COORDINATE_SIZE);
	buf_add_format(buf, ",\"%s\":\"%s\"", name, text);
}

void token_keys_write_set(const struct token_keys *keys, struct buf *buf)
{
	buf_add_text(buf, "{\"keys\":[");
	for (size_t i = 0; i < keys->ring.keys_count; i++) {
		const struct keyring_key *key = &keys->ring.keys[i];

		buf_add_format(buf, "%s{\"kty\":\"EC\",\"crv\":\"P-256\",\"use\":\"sig\",\"alg\":\"ES256\",\"kid\":\"%s\"",
			       i > 0 ? "," : "", key->kid);
		write_coordinate(buf, "x", key->pem.x);
		write_coordinate(buf, "y", key->pem.y);
		buf_add_u8(buf, '}');
	}
	buf_add_text(buf, "]}");
}

/*
 * Anybody can send forged tokens, and libjwt needs half a millisecond for each: most of it for reading the key's text again. What
 * OpenSSL throws out in a fifth of that does not get there; what gets there must please both.
 */
static bool is_signed(struct str token, const struct token_parts *parts, const struct pem_key *pem)
{
	uint8_t signature[PEM_SIGNATURE_SIZE];
	struct str text = { .data = token.data, .size = token.size - parts->signature.size - 1 };
	size_t size;

	MUST(parts->signature.size == BASE64URL_SIZE(sizeof(signature)));
	return base64url_decode(signature, &size, parts->signature) && pem_signed(pem, text, signature);
}

/* The signature, by libjwt. What it does not look at was looked at before: the header's words, the key's kind. */
static int check_signature(struct str token, const struct pem_key *pem, struct err *err)
{
	char text[TOKEN_SIZE_MAX + 1];
	jwt_t *jwt = NULL;
	int failure;
	int result = -1;

	MUST(str_to_chars(text, sizeof(text), token));
	/* With an empty key libjwt 1.10 takes any token for unsigned and good (lib/TRAPS.md J1). */
	MUST(pem->public_size > 0);
	failure = jwt_decode(&jwt, text, (const unsigned char *)pem->public_pem, (int)pem->public_size);
	if (failure == ENOMEM) {
		err_set(err, ERR_RETRY, "token: no memory to check it");
		goto out;
	}
	if (failure != 0 || jwt_get_alg(jwt) != JWT_ALG_ES256) {
		err_set(err, ERR_POISON, "token: the signature is wrong, or what it signs is not JSON");
		goto out;
	}
	result = 0;
out:
	jwt_free(jwt);
	return result;
}

int token_verify(struct token_keys *keys, struct str token, struct token_claims *ret_claims, struct err *err)
{
	const struct token_claims *known = cache_find(&keys->cache, token);
	char kid[KID_MAX + 1];
	const struct keyring_key *key;
	struct token_parts parts;
	struct token_claims claims;

	if (known != NULL) {
		*ret_claims = *known;
		return 0;
	}
	if (token.size > TOKEN_SIZE_MAX)
		return err_set(err, ERR_POISON, "token: longer than %d bytes", TOKEN_SIZE_MAX);
	if (parse_parts(token, &parts, err) < 0)
		return -1;
	if (parse_header(parts.header, kid, err) < 0)
		return -1;
	key = keyring_find(&keys->ring, str_of(kid));
	if (key == NULL)
		return err_set(err, ERR_POISON, "token: unknown key");
	if (!is_signed(token, &parts, &key->pem))
		return err_set(err, ERR_POISON, "token: the signature is wrong");
	if (check_signature(token, &key->pem, err) < 0)
		return -1;
	if (parse_claims(parts.claims, keys->issuer, keys->audience, &claims, err) < 0)
		return -1;
	cache_put(&keys->cache, token, &claims);
	*ret_claims = claims;
	return 0;
}

bool token_is_valid_at(const struct token_claims *claims, int64_t at_ms)
{
	if (claims->not_before_ms - LEEWAY_MS > at_ms || claims->issued_at_ms - LEEWAY_MS > at_ms)
		return false;
	return at_ms <= claims->expires_at_ms + LEEWAY_MS;
}

/* ["agent","creditor"] */
static json_t *list_roles(uint32_t roles)
{
	json_t *list = json_array();

	for (uint32_t role = 1; role != 0 && role <= roles; role <<= 1)
		if ((roles & role) != 0)
			(void)json_array_append_new(list, json_string(role_name(role)));
	return list;
}

/* ["*"]: all of them. */
static json_t *list_ids(bool is_all, const struct uuid *ids, size_t count)
{
	json_t *list = is_all ? json_pack("[s]", "*") : json_array();

	for (size_t i = 0; i < count; i++) {
		char text[UUID_TEXT_SIZE + 1];

		uuid_format(text, &ids[i]);
		(void)json_array_append_new(list, json_string(text));
	}
	return list;
}

static json_t *list_sources(const struct scope *scope)
{
	json_t *list = scope->all_sources ? json_pack("[s]", "*") : json_array();

	for (size_t i = 0; i < scope->sources_count; i++)
		(void)json_array_append_new(list, json_string(scope->sources[i]));
	return list;
}

/*
 * {"roles":["creditor"],"creditors":["..."],"sources":["bank-1"]}, the caller's to free; NULL when there is no memory. Without a
 * scope neither list is there: most tokens are a user's, whose scope does not stand in them. "portfolios" is there if it binds.
 */
static char *write_lists(const struct token_claims *claims)
{
	const struct scope *scope = &claims->scope;
	json_t *object = json_pack("{so}", "roles", list_roles(claims->roles));
	char *text;

	if (!scope_is_empty(scope)) {
		(void)json_object_set_new(object, "creditors",
					  list_ids(scope->all_creditors, scope->creditors, scope->creditors_count));
		(void)json_object_set_new(object, "sources", list_sources(scope));
	}
	if (scope->portfolios_count > 0)
		(void)json_object_set_new(object, "portfolios", list_ids(false, scope->portfolios, scope->portfolios_count));
	text = json_dumps(object, JSON_COMPACT);
	json_decref(object);
	return text;
}

/* False when there is no memory. */
static bool fill(jwt_t *jwt, const struct token_keys *keys, const struct keyring_key *key, const struct token_claims *claims)
{
	char *lists = write_lists(claims);
	bool filled;

	filled = lists != NULL && jwt_add_header(jwt, "kid", key->kid) == 0 && jwt_add_grant(jwt, "iss", keys->issuer) == 0 &&
		 jwt_add_grant(jwt, "aud", keys->audience) == 0 && jwt_add_grant(jwt, "sub", claims->subject) == 0 &&
		 jwt_add_grant_int(jwt, "iat", (long)(claims->issued_at_ms / 1000)) == 0 &&
		 jwt_add_grant_int(jwt, "exp", (long)(claims->expires_at_ms / 1000)) == 0 &&
		 (claims->version == 0 || jwt_add_grant_int(jwt, "ver", (long)claims->version) == 0) &&
		 (claims->not_before_ms == 0 || jwt_add_grant_int(jwt, "nbf", (long)(claims->not_before_ms / 1000)) == 0) &&
		 jwt_add_grants_json(jwt, lists) == 0 &&
		 jwt_set_alg(jwt, JWT_ALG_ES256, (const unsigned char *)key->pem.private_pem, (int)key->pem.private_size) == 0;
	free(lists);
	return filled;
}

int token_sign(struct token_keys *keys, const struct token_claims *claims, char *ret_text, size_t text_size, struct err *err)
{
	const struct keyring_key *key = keyring_signer(&keys->ring);
	char *text = NULL;
	jwt_t *jwt = NULL;
	int result = -1;

	if (key == NULL)
		return err_set(err, ERR_FATAL, "no private key to sign tokens with");
	if (!subject_is_valid(str_of(claims->subject)))
		return err_set(err, ERR_POISON, "the subject of a token is empty or not plain text");
	if (claims->issued_at_ms < 0 || claims->not_before_ms < 0 || claims->expires_at_ms < claims->issued_at_ms)
		return err_set(err, ERR_POISON, "the times of a token are before 1970 or in the wrong order");
	if (jwt_new(&jwt) != 0 || !fill(jwt, keys, key, claims) || (text = jwt_encode_str(jwt)) == NULL) {
		err_set(err, ERR_FATAL, "a token cannot be signed");
		goto out;
	}
	if (!str_to_chars(ret_text, text_size, str_of(text))) {
		err_set(err, ERR_FATAL, "a token does not fit into %zu bytes", text_size);
		goto out;
	}
	result = 0;
out:
	free(text);
	jwt_free(jwt);
	return result;
}

int own_token_renew(struct own_token *own, struct token_keys *keys, const char *subject, uint32_t roles, int64_t life_ms,
		    int64_t now_ms, struct err *err)
{
	struct token_claims claims = { .roles = roles, .issued_at_ms = now_ms, .expires_at_ms = now_ms + life_ms };

	/* Issued in the future: what we took for the time was not. */
	if (now_ms < own->renew_at_ms && now_ms > own->issued_at_ms - EARLY_MAX_MS && own->keys_changes == keys->changes)
		return 0;
	MUST(str_to_chars(claims.subject, sizeof(claims.subject), str_of(subject)));
	if (token_sign(keys, &claims, own->text, sizeof(own->text), err) < 0)
		return -1;
	own->issued_at_ms = now_ms;
	own->renew_at_ms = now_ms + life_ms / 2;
	own->keys_changes = keys->changes;
	return 0;
}
