#ifndef TESTS_OLD_SEAL_H
#define TESTS_OLD_SEAL_H

#include <sodium.h>

#include "base/str.h"
#include "base/uuid.h"

/*
 * A text sealed in the old form (lib/crypto/seal.h), as earlier programs wrote it and no program of today does: by libsodium
 * itself, so that it stays what it was. ret_sealed: text.size + 40 bytes; crypto_init comes first.
 */
static inline struct str old_seal(uint8_t *ret_sealed, struct str text, const struct uuid *owner, const uint8_t key[32])
{
	randombytes_buf(ret_sealed, crypto_aead_xchacha20poly1305_ietf_NPUBBYTES);
	(void)crypto_aead_xchacha20poly1305_ietf_encrypt(ret_sealed + crypto_aead_xchacha20poly1305_ietf_NPUBBYTES, NULL,
							 (const unsigned char *)text.data, text.size, owner->bytes,
							 sizeof(owner->bytes), NULL, ret_sealed, key);
	return (struct str){ .data = (const char *)ret_sealed, .size = text.size + 40 };
}

#endif
