#include "crypto/pem.h"

#include <limits.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <string.h>

#include "crypto/crypto.h"

/* Stands where OpenSSL would ask for a password on the terminal. */
static int no_password(char *password, int size, int for_writing, void *unused)
{
	(void)password;
	(void)size;
	(void)for_writing;
	(void)unused;
	return -1;
}

static EVP_PKEY *parse(struct str pem, bool *ret_can_sign)
{
	EVP_PKEY *key = NULL;
	BIO *from = pem.size <= INT_MAX ? BIO_new_mem_buf(pem.data, (int)pem.size) : NULL;

	if (from == NULL)
		goto out;
	key = PEM_read_bio_PrivateKey(from, NULL, no_password, NULL);
	*ret_can_sign = key != NULL;
	if (key == NULL && BIO_reset(from) == 1)
		key = PEM_read_bio_PUBKEY(from, NULL, no_password, NULL);
out:
	BIO_free(from);
	return key;
}

static bool is_p256(const EVP_PKEY *key)
{
	char curve[32];

	return EVP_PKEY_is_a(key, "EC") == 1 && EVP_PKEY_get_group_name(key, curve, sizeof(curve), NULL) == 1 &&
	       strcmp(curve, "prime256v1") == 0;
}

static bool is_sound(EVP_PKEY *key, bool can_sign)
{
	EVP_PKEY_CTX *check = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
	bool sound = check != NULL && (can_sign ? EVP_PKEY_check(check) : EVP_PKEY_public_check(check)) == 1;

	EVP_PKEY_CTX_free(check);
	return sound;
}

/* The size, 0 when it does not fit. */
static size_t take_text(BIO *from, char text[PEM_SIZE_MAX])
{
	int size = BIO_read(from, text, PEM_SIZE_MAX);

	return size > 0 && BIO_eof(from) ? (size_t)size : 0;
}

static bool write_halves(struct pem_key *pem, EVP_PKEY *key)
{
	BIO *to = BIO_new(BIO_s_secmem());
	bool written = false;

	if (to == NULL)
		goto out;
	if (PEM_write_bio_PUBKEY(to, key) != 1)
		goto out;
	pem->public_size = take_text(to, pem->public_pem);
	if (pem->can_sign) {
		if (PEM_write_bio_PrivateKey(to, key, NULL, NULL, 0, NULL, NULL) != 1)
			goto out;
		pem->private_size = take_text(to, pem->private_pem);
	}
	written = pem->public_size > 0 && (pem->private_size > 0) == pem->can_sign;
out:
	BIO_free(to);
	return written;
}

int pem_read(struct pem_key *ret_key, struct str pem, struct err *err)
{
	struct pem_key read = { .can_sign = false };
	EVP_PKEY *key;
	int result = -1;

	key = parse(pem, &read.can_sign);
	if (key == NULL) {
		err_set(err, ERR_FATAL, "not an unencrypted PEM key");
		goto out;
	}
	if (!is_p256(key)) {
		err_set(err, ERR_FATAL, "not a key on the curve P-256");
		goto out;
	}
	if (!is_sound(key, read.can_sign)) {
		err_set(err, ERR_FATAL, "a broken key");
		goto out;
	}
	if (!write_halves(&read, key)) {
		err_set(err, ERR_FATAL, "the key cannot be written as PEM");
		goto out;
	}
	*ret_key = read;
	result = 0;
out:
	EVP_PKEY_free(key);
	wipe(&read, sizeof(read));
	ERR_clear_error(); // what failed on the way is in OpenSSL's queue, and nobody else reads it
	return result;
}
