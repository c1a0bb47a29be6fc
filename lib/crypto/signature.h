#ifndef CRYPTO_SIGNATURE_H
#define CRYPTO_SIGNATURE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

/*
 * Ed25519 (RFC 8032): the holder of the seed signs, every holder of the public key can check. For anchors, which are kept where
 * nobody of this system can write. The seed is 32 random bytes in a file (crypto.h, key_read).
 */
#define SIGNATURE_SIZE  64
#define PUBLIC_KEY_SIZE 32

void signature_public_key(uint8_t ret_public[PUBLIC_KEY_SIZE], const uint8_t seed[32]);
void signature_make(uint8_t ret_signature[SIGNATURE_SIZE], struct str content, const uint8_t seed[32]);
bool signature_check(const uint8_t signature[SIGNATURE_SIZE], struct str content, const uint8_t public_key[PUBLIC_KEY_SIZE]);

#endif
