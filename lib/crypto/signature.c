#include "crypto/signature.h"

#include <sodium.h>

#include "base/must.h"

_Static_assert(SIGNATURE_SIZE == crypto_sign_BYTES && PUBLIC_KEY_SIZE == crypto_sign_PUBLICKEYBYTES &&
		       crypto_sign_SEEDBYTES == 32,
	       "Ed25519");

void signature_public_key(uint8_t ret_public[PUBLIC_KEY_SIZE], const uint8_t seed[32])
{
	uint8_t secret[crypto_sign_SECRETKEYBYTES];

	MUST(crypto_sign_seed_keypair(ret_public, secret, seed) == 0);
	sodium_memzero(secret, sizeof(secret));
}

void signature_make(uint8_t ret_signature[SIGNATURE_SIZE], struct str content, const uint8_t seed[32])
{
	uint8_t secret[crypto_sign_SECRETKEYBYTES], public_key[PUBLIC_KEY_SIZE];

	MUST(crypto_sign_seed_keypair(public_key, secret, seed) == 0);
	MUST(crypto_sign_detached(ret_signature, NULL, (const unsigned char *)content.data, content.size, secret) == 0);
	sodium_memzero(secret, sizeof(secret));
}

bool signature_check(const uint8_t signature[SIGNATURE_SIZE], struct str content, const uint8_t public_key[PUBLIC_KEY_SIZE])
{
	return crypto_sign_verify_detached(signature, (const unsigned char *)content.data, content.size, public_key) == 0;
}
