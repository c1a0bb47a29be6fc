#include "crypto/crypto.h"

#include <limits.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sodium.h>

/*
 * SHA-256 by OpenSSL, which uses the processor's instructions for it; libsodium's is portable C and costs 3.8 times as much
 * (README.md). Fetched once by crypto_init, because a look-up by name for each hash costs more than the hash.
 */
static EVP_MD *sha256;

static unsigned char slot_key[crypto_shorthash_siphashx24_KEYBYTES];

int crypto_init(struct err *err)
{
	if (sodium_init() < 0)
		return err_set(err, ERR_FATAL, "libsodium does not start: no random source");
	if (sha256 == NULL) {
		randombytes_buf(slot_key, sizeof(slot_key));
		sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	}
	if (sha256 == NULL)
		return err_set(err, ERR_FATAL, "OpenSSL has no SHA-256");
	return 0;
}

void sha256_pair(uint8_t ret_hash[SHA256_SIZE], struct str first, struct str second)
{
	static _Thread_local EVP_MD_CTX *state; // kept for the next hash

	MUST(sha256 != NULL);
	if (state == NULL)
		state = EVP_MD_CTX_new();
	MUST(state != NULL);
	MUST(EVP_DigestInit_ex2(state, sha256, NULL) == 1);
	MUST(EVP_DigestUpdate(state, first.data, first.size) == 1);
	MUST(EVP_DigestUpdate(state, second.data, second.size) == 1);
	MUST(EVP_DigestFinal_ex(state, ret_hash, NULL) == 1);
}

void hmac_sha1(uint8_t ret_mac[SHA1_SIZE], struct str content, struct str key)
{
	MUST(key.size <= INT_MAX);
	MUST(HMAC(EVP_sha1(), key.data, (int)key.size, (const unsigned char *)content.data, content.size, ret_mac, NULL) != NULL);
}

static void blake2b(uint8_t ret_digest[DIGEST_SIZE], struct str content, const uint8_t *key, size_t key_size)
{
	MUST(crypto_generichash(ret_digest, DIGEST_SIZE, (const unsigned char *)content.data, content.size, key, key_size) == 0);
}

void digest_of(uint8_t ret_digest[DIGEST_SIZE], struct str content)
{
	blake2b(ret_digest, content, NULL, 0);
}

void address_hash(uint8_t ret_hash[DIGEST_SIZE], struct str address, const uint8_t key[32])
{
	blake2b(ret_hash, address, key, 32);
}

void person_key(uint8_t ret_key[32], const uint8_t key[32], struct str salt)
{
	if (salt.size == 0)
		memcpy(ret_key, key, 32);
	else
		MUST(crypto_generichash(ret_key, 32, (const unsigned char *)salt.data, salt.size, key, 32) == 0);
}

void hash_key(uint8_t ret_key[32], const uint8_t key[32])
{
	static const unsigned char purpose[] = "hidden members";

	MUST(crypto_generichash(ret_key, 32, purpose, sizeof(purpose), key, 32) == 0);
}

/* The member's NUL goes in: no two members can be taken for each other. */
void hidden_hash(uint8_t ret_hash[DIGEST_SIZE], const char *member, struct str text, const uint8_t hash_key[32])
{
	crypto_generichash_state state;

	MUST(crypto_generichash_init(&state, hash_key, 32, DIGEST_SIZE) == 0);
	MUST(crypto_generichash_update(&state, (const unsigned char *)member, strlen(member) + 1) == 0);
	MUST(crypto_generichash_update(&state, (const unsigned char *)text.data, text.size) == 0);
	MUST(crypto_generichash_final(&state, ret_hash, DIGEST_SIZE) == 0);
}

/* In pieces, so that an address of any length is folded without a copy of it. */
void address_lookup(uint8_t ret_hash[DIGEST_SIZE], struct str address, const uint8_t key[32])
{
	static const unsigned char purpose[] = "whose address";
	crypto_generichash_state state;
	uint8_t own_key[32];

	hash_key(own_key, key);
	MUST(crypto_generichash_init(&state, own_key, sizeof(own_key), DIGEST_SIZE) == 0);
	MUST(crypto_generichash_update(&state, purpose, sizeof(purpose)) == 0);
	for (size_t i = 0; i < address.size; i++) {
		unsigned char letter = (unsigned char)ascii_lower(address.data[i]);

		MUST(crypto_generichash_update(&state, &letter, 1) == 0);
	}
	MUST(crypto_generichash_final(&state, ret_hash, DIGEST_SIZE) == 0);
	sodium_memzero(own_key, sizeof(own_key));
}

/* RFC 9562, 5.8: the issuer's own kind of id. */
static void mark_version_8(struct uuid *id)
{
	id->bytes[6] = (uint8_t)(0x80 | (id->bytes[6] & 0x0F));
	id->bytes[8] = (uint8_t)(0x80 | (id->bytes[8] & 0x3F));
}

struct uuid uuid_derive(const struct uuid *from, const char *purpose, uint64_t ordinal)
{
	char content[16 + 8 + 40];
	struct str family = str_of(purpose);
	struct uuid id;

	MUST(family.size <= sizeof(content) - 24);
	memcpy(content, from->bytes, 16);
	for (size_t i = 0; i < 8; i++)
		content[16 + i] = (char)(ordinal >> (56 - 8 * i));
	memcpy(content + 24, family.data, family.size);
	blake2b(id.bytes, (struct str){ .data = content, .size = 24 + family.size }, NULL, 0);
	memcpy(id.bytes, from->bytes, 6);
	mark_version_8(&id);
	return id;
}

struct uuid uuid_of_text(struct str text)
{
	struct uuid id;

	blake2b(id.bytes, text, NULL, 0);
	mark_version_8(&id);
	return id;
}

struct uuid uuid_of_key(struct str text)
{
	struct uuid id;

	_Static_assert(sizeof(id.bytes) == crypto_shorthash_siphashx24_BYTES, "a hash is an id");
	crypto_shorthash_siphashx24(id.bytes, (const unsigned char *)text.data, text.size, slot_key);
	return id;
}
