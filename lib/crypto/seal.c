#include "crypto/seal.h"
#include "crypto/crypto.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NONCE_SIZE crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define TAG_SIZE   crypto_aead_xchacha20poly1305_ietf_ABYTES

#define FORM_PLACE    0x01 /* the first byte of a text that is bound to its place */
#define NAME_SIZE_MAX 63   /* of a table or column in PostgreSQL */
#define PLACE_MAX     (1 + 16 + 16 + 8 + (2 * NAME_SIZE_MAX + 2) + (NAME_SIZE_MAX + 1))

_Static_assert(1 + NONCE_SIZE + TAG_SIZE == SEAL_OVERHEAD, "what seal adds");
_Static_assert(NONCE_SIZE + TAG_SIZE == SEAL_OVERHEAD_MIN, "what the old form added");
_Static_assert(crypto_aead_xchacha20poly1305_ietf_KEYBYTES == 32, "size of a key");
_Static_assert(crypto_auth_hmacsha256_KEYBYTES == 32, "size of a key");

/* A place as bytes: what has a length of its own first, then the names, which have an end. */
struct place_bytes {
	unsigned char bytes[PLACE_MAX];
	size_t size;
};

static void add_bytes(struct place_bytes *place, const void *bytes, size_t size)
{
	MUST(size <= sizeof(place->bytes) - place->size);
	memcpy(place->bytes + place->size, bytes, size);
	place->size += size;
}

static void write_place(struct place_bytes *bytes, const struct seal_place *place)
{
	const unsigned char form = FORM_PLACE;
	unsigned char version[8];

	for (size_t i = 0; i < sizeof(version); i++)
		version[i] = (unsigned char)((uint64_t)place->version >> (8 * (sizeof(version) - 1 - i)));
	bytes->size = 0;
	add_bytes(bytes, &form, 1);
	add_bytes(bytes, place->owner.bytes, sizeof(place->owner.bytes));
	add_bytes(bytes, place->row.bytes, sizeof(place->row.bytes));
	add_bytes(bytes, version, sizeof(version));
	add_bytes(bytes, place->column->table, strlen(place->column->table) + 1);
	add_bytes(bytes, place->column->column, strlen(place->column->column) + 1);
}

void seal(uint8_t *ret_sealed, struct str text, const struct seal_place *place, const uint8_t key[32])
{
	uint8_t *nonce = ret_sealed + 1;
	struct place_bytes beside;

	MUST(place->version > 0);
	write_place(&beside, place);
	ret_sealed[0] = FORM_PLACE;
	randombytes_buf(nonce, NONCE_SIZE);
	MUST(crypto_aead_xchacha20poly1305_ietf_encrypt(nonce + NONCE_SIZE, NULL, (const unsigned char *)text.data, text.size,
							beside.bytes, beside.size, NULL, nonce, key) == 0);
}

struct str seal_add(struct buf *buf, struct str text, const struct seal_place *place, const uint8_t key[32])
{
	uint8_t *room = buf_reserve(buf, text.size + SEAL_OVERHEAD);

	MUST(room != NULL);
	seal(room, text, place, key);
	buf->size += text.size + SEAL_OVERHEAD;
	return (struct str){ .data = (const char *)room, .size = text.size + SEAL_OVERHEAD };
}

/* What stands behind the form: nonce, text, tag. */
static bool opens(char *room, struct str sealed, const void *beside, size_t beside_size, const uint8_t key[32])
{
	const unsigned char *from = (const unsigned char *)sealed.data;

	return sealed.size >= NONCE_SIZE + TAG_SIZE &&
	       crypto_aead_xchacha20poly1305_ietf_decrypt((unsigned char *)room, NULL, NULL, from + NONCE_SIZE,
							  sealed.size - NONCE_SIZE, beside, beside_size, from, key) == 0;
}

static bool opens_in_place(char *room, struct str sealed, const struct seal_place *place, const uint8_t key[32])
{
	struct place_bytes beside;

	if ((unsigned char)sealed.data[0] != FORM_PLACE)
		return false;
	write_place(&beside, place);
	return opens(room, (struct str){ .data = sealed.data + 1, .size = sealed.size - 1 }, beside.bytes, beside.size, key);
}

int unseal(struct opened *ret_opened, char *room, struct str sealed, const struct seal_place *place, const uint8_t key[32],
	   struct err *err)
{
	if (sealed.size < SEAL_OVERHEAD_MIN)
		return err_set(err, ERR_POISON, "sealed text is too short");
	if (opens_in_place(room, sealed, place, key))
		*ret_opened = (struct opened){ .text = { .data = room, .size = sealed.size - SEAL_OVERHEAD } };
	else if (opens(room, sealed, place->owner.bytes, sizeof(place->owner.bytes), key))
		*ret_opened =
			(struct opened){ .text = { .data = room, .size = sealed.size - SEAL_OVERHEAD_MIN }, .is_old = true };
	else
		return err_set(err, ERR_POISON, "sealed text is forged, or of another place or key");
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

void hmac_sha256(uint8_t ret_mac[SHA256_SIZE], struct str content, struct str key)
{
	crypto_auth_hmacsha256_state state;

	MUST(crypto_auth_hmacsha256_init(&state, (const unsigned char *)key.data, key.size) == 0);
	MUST(crypto_auth_hmacsha256_update(&state, (const unsigned char *)content.data, content.size) == 0);
	MUST(crypto_auth_hmacsha256_final(&state, ret_mac) == 0);
	sodium_memzero(&state, sizeof(state));
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

bool bytes_equal(const void *first, const void *second, size_t size)
{
	return sodium_memcmp(first, second, size) == 0;
}
