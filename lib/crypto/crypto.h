#ifndef CRYPTO_CRYPTO_H
#define CRYPTO_CRYPTO_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"
#include "base/uuid.h"

/*
 * Hashes, derived ids, keys and signed texts; sealed texts are in seal.h. The only room that includes <sodium.h> and
 * <openssl/...>. Call crypto_init once per process, before anything else here; after it all functions may be called from any
 * thread.
 */
MUST_CHECK int crypto_init(struct err *err); /* ERR_FATAL */

#define SHA256_SIZE 32
#define DIGEST_SIZE 16

/* SHA-256 over two pieces, as the hash chain needs: H(previous || row). */
void sha256_pair(uint8_t ret_hash[SHA256_SIZE], struct str first, struct str second);

/* A 128-bit digest (BLAKE2b) of content that is only compared for equality: "same id, other content". */
void digest_of(uint8_t ret_digest[DIGEST_SIZE], struct str content);

/*
 * The n-th id derived from `from` (event ids: from the command id and the ordinal). `purpose` separates the families. It keeps
 * the time prefix of a UUIDv7, so derived ids are in time order too; version 8.
 */
struct uuid uuid_derive(const struct uuid *from, const char *purpose, uint64_t ordinal);

/* The id of a natural key: a hash of the text. Not in time order. */
struct uuid uuid_of_text(struct str text);

/*
 * The same for an id that never leaves this process (a slot of a batch): it differs between processes. SipHash with a key of
 * the process: a third of the time, and no outsider can choose colliding texts.
 */
struct uuid uuid_of_key(struct str text);

/* Keyed hash of an address, to find and compare it without reading it. key: 32 bytes. */
void address_hash(uint8_t ret_hash[DIGEST_SIZE], struct str address, const uint8_t key[32]);

/*
 * Keyed hash of an e-mail address or number under the programs' key, the same for all persons: to find who has an address from
 * which something came. The case of ASCII letters does not count.
 */
void address_lookup(uint8_t ret_hash[DIGEST_SIZE], struct str address, const uint8_t key[32]);

/* The key of hidden_hash, derived from the key that seals: it allows comparing texts, not opening them. */
void hash_key(uint8_t ret_key[32], const uint8_t key[32]);

/* Keyed hash of a text that an event hides, so that the log can prove it; `member` names the hashed member. */
void hidden_hash(uint8_t ret_hash[DIGEST_SIZE], const char *member, struct str text, const uint8_t hash_key[32]);

/*
 * The key of one person's texts and hashes: derived from the programs' key and a random salt that is stored in that person's
 * row and nowhere else. Deleting the salt destroys the key: no copy of a text sealed or hashed with it can be opened or found
 * again. An empty salt: the programs' key itself (persons older than the salts).
 */
#define SALT_SIZE 16
void person_key(uint8_t ret_key[32], const uint8_t key[32], struct str salt);

/* A 32-byte key from a file of 64 hex digits, mode 0600 or stricter. ERR_FATAL otherwise. */
MUST_CHECK int key_read(uint8_t ret_key[32], const char *path, struct err *err);

/* HMAC-SHA-256 cut to 16 bytes, for signed callback URLs; compared in constant time. */
void sign(uint8_t ret_signature[DIGEST_SIZE], struct str content, const uint8_t key[32]);
MUST_CHECK bool sign_check(const uint8_t signature[DIGEST_SIZE], struct str content, const uint8_t key[32]);

/* The whole HMAC-SHA-256 with a key of any size: for protocols of others. */
void hmac_sha256(uint8_t ret_mac[SHA256_SIZE], struct str content, struct str key);
#define SHA1_SIZE 20
void hmac_sha1(uint8_t ret_mac[SHA1_SIZE], struct str content, struct str key);

void random_bytes(void *bytes, size_t size);

/* In constant time. */
bool bytes_equal(const void *first, const void *second, size_t size);

/* Overwrites a secret that is no longer needed; the compiler does not optimise it away. */
void wipe(void *bytes, size_t size);

#endif
