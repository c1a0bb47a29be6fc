#ifndef CRYPTO_CRYPTO_H
#define CRYPTO_CRYPTO_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"
#include "base/uuid.h"

/*
 * Hashes, derived ids, keys and signed texts; sealed texts are in seal.h. The only room that includes <sodium.h> and
 * <openssl/...>.
 * crypto_init once per process, before anything else here; after it all functions may be called from any thread.
 */
MUST_CHECK int crypto_init(struct err *err); /* ERR_FATAL */

#define SHA256_SIZE 32
#define DIGEST_SIZE 16

/* SHA-256 over two pieces, as the hash chain needs: H(previous || row). */
void sha256_pair(uint8_t ret_hash[SHA256_SIZE], struct str first, struct str second);

/* A 128-bit digest (BLAKE2b) of a content that is compared for equality only: "same id, other content". */
void digest_of(uint8_t ret_digest[DIGEST_SIZE], struct str content);

/*
 * The id of the n-th thing that came of `from` (event ids: from the command id and the ordinal). `purpose` keeps the families
 * apart. Keeps the time prefix of a UUIDv7, so derived ids are in time order too; version 8.
 */
struct uuid uuid_derive(const struct uuid *from, const char *purpose, uint64_t ordinal);

/* The id of a natural key: a hash of the text. Not in time order. */
struct uuid uuid_of_text(struct str text);

/*
 * The same for an id that never leaves this process (a slot of a batch): another process gives another id. SipHash with a key of
 * the process: a third of the time, and nobody outside can choose texts that fall together.
 */
struct uuid uuid_of_key(struct str text);

/* Keyed hash of an address, to find and compare it without reading it. key: 32 bytes. */
void address_hash(uint8_t ret_hash[DIGEST_SIZE], struct str address, const uint8_t key[32]);

/* The key of hidden_hash, made of the key that seals: who has it can compare texts and open none. */
void hash_key(uint8_t ret_key[32], const uint8_t key[32]);

/* Keyed hash of a text that an event hides, for the log to prove it; `member` says what it is of. */
void hidden_hash(uint8_t ret_hash[DIGEST_SIZE], const char *member, struct str text, const uint8_t hash_key[32]);

/*
 * The key of one person's texts and hashes: made of the programs' key and a random salt that stands in that person's row and
 * nowhere else. Whoever deletes the salt has destroyed the key: what was sealed or hashed with it, wherever a copy of it is, can
 * be opened or found again by nobody. An empty salt: the programs' key itself (persons from before there were salts).
 */
#define SALT_SIZE 16
void person_key(uint8_t ret_key[32], const uint8_t key[32], struct str salt);

/* A 32-byte key from a file of 64 hex digits, mode 0600 or stricter. ERR_FATAL otherwise. */
MUST_CHECK int key_read(uint8_t ret_key[32], const char *path, struct err *err);

/* HMAC-SHA-256 cut to 16 bytes, for signed callback URLs; compared in constant time. */
void sign(uint8_t ret_signature[DIGEST_SIZE], struct str content, const uint8_t key[32]);
MUST_CHECK bool sign_check(const uint8_t signature[DIGEST_SIZE], struct str content, const uint8_t key[32]);

void random_bytes(void *bytes, size_t size);

/* In a time that says nothing of where they differ. */
bool bytes_equal(const void *first, const void *second, size_t size);

/* Overwrites a secret that is no longer needed; the compiler does not leave it out. */
void wipe(void *bytes, size_t size);

#endif
