#include "crypto/crypto.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NONCE_SIZE crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define TAG_SIZE   crypto_aead_xchacha20poly1305_ietf_ABYTES

_Static_assert(NONCE_SIZE + TAG_SIZE == SEAL_OVERHEAD, "what seal adds");
_Static_assert(crypto_aead_xchacha20poly1305_ietf_KEYBYTES == 32, "size of a key");
_Static_assert(crypto_auth_hmacsha256_KEYBYTES == 32, "size of a key");

void seal(uint8_t *ret_sealed, struct str text, const struct uuid *about, const uint8_t key[32])
{
	randombytes_buf(ret_sealed, NONCE_SIZE);
	MUST(crypto_aead_xchacha20poly1305_ietf_encrypt(ret_sealed + NONCE_SIZE, NULL, (const unsigned char *)text.data,
							text.size, about->bytes, sizeof(about->bytes), NULL, ret_sealed,
							key) == 0);
}

int unseal(char *ret_text, struct str sealed, const struct uuid *about, const uint8_t key[32], struct err *err)
{
	const unsigned char *from = (const unsigned char *)sealed.data;

	if (sealed.size < SEAL_OVERHEAD)
		return err_set(err, ERR_POISON, "sealed text is too short");
	if (crypto_aead_xchacha20poly1305_ietf_decrypt((unsigned char *)ret_text, NULL, NULL, from + NONCE_SIZE,
						       sealed.size - NONCE_SIZE, about->bytes, sizeof(about->bytes), from,
						       key) != 0)
		return err_set(err, ERR_POISON, "sealed text is forged, or of another owner or key");
	return 0;
}

/* For error texts: where a machine keeps its files is nobody's business. */
static const char *file_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == NULL ? path : slash + 1;
}

/* Reads the whole file, if it is a small private one; the number of bytes, or -1. */
static int read_private(int file, const char *name, char *text, size_t text_size, struct err *err)
{
	struct stat about;
	ssize_t size;

	if (fstat(file, &about) < 0)
		return err_set(err, ERR_FATAL, "key file %s: %s", name, strerror(errno));
	if (!S_ISREG(about.st_mode))
		return err_set(err, ERR_FATAL, "key file %s: not a file", name);
	if ((about.st_mode & 077) != 0)
		return err_set(err, ERR_FATAL, "key file %s: others may read it, its mode must be 0600", name);
	size = read(file, text, text_size);
	if (size < 0)
		return err_set(err, ERR_FATAL, "key file %s: %s", name, strerror(errno));
	return (int)size;
}

int key_read(uint8_t ret_key[32], const char *path, struct err *err)
{
	char text[2 * 32 + 2]; // with a line end, and one byte more to see that there is more
	struct str digits = { .data = text };
	const char *name = file_name(path);
	int result = -1;
	int size;
	int file;

	file = open(path, O_RDONLY | O_CLOEXEC);
	if (file < 0)
		return err_set(err, ERR_FATAL, "key file %s: %s", name, strerror(errno));
	size = read_private(file, name, text, sizeof(text), err);
	if (size < 0)
		goto out;
	digits.size = (size_t)size;
	if (digits.size > 0 && text[digits.size - 1] == '\n')
		digits.size--;
	if (!hex_to_bytes(ret_key, 32, digits)) {
		err_set(err, ERR_FATAL, "key file %s: does not hold exactly 64 hexadecimal digits", name);
		goto out;
	}
	result = 0;
out:
	sodium_memzero(text, sizeof(text));
	(void)close(file);
	return result;
}

void sign(uint8_t ret_signature[DIGEST_SIZE], struct str content, const uint8_t key[32])
{
	uint8_t whole[crypto_auth_hmacsha256_BYTES];

	MUST(crypto_auth_hmacsha256(whole, (const unsigned char *)content.data, content.size, key) == 0);
	memcpy(ret_signature, whole, DIGEST_SIZE);
}

bool sign_check(const uint8_t signature[DIGEST_SIZE], struct str content, const uint8_t key[32])
{
	uint8_t expected[DIGEST_SIZE];

	sign(expected, content, key);
	return sodium_memcmp(expected, signature, DIGEST_SIZE) == 0;
}

void random_bytes(void *bytes, size_t size)
{
	randombytes_buf(bytes, size);
}

void wipe(void *bytes, size_t size)
{
	sodium_memzero(bytes, size);
}
