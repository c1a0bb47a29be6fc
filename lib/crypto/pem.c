#include "crypto/pem.h"

#include <limits.h>
#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
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

static bool take_coordinate(const EVP_PKEY *key, const char *name, uint8_t coordinate[PEM_COORDINATE_SIZE])
{
	BIGNUM *number = NULL;
	bool taken = EVP_PKEY_get_bn_param(key, name, &number) == 1 &&
		     BN_bn2binpad(number, coordinate, PEM_COORDINATE_SIZE) == PEM_COORDINATE_SIZE;

	BN_free(number);
	return taken;
}

/* Everything of a key that is good; *ret_key is written on success only. */
static int take_key(struct pem_key *ret_key, EVP_PKEY *key, bool can_sign, struct err *err)
{
	struct pem_key taken = { .can_sign = can_sign };
	int result = 0;

	if (!write_halves(&taken, key) || !take_coordinate(key, OSSL_PKEY_PARAM_EC_PUB_X, taken.x) ||
	    !take_coordinate(key, OSSL_PKEY_PARAM_EC_PUB_Y, taken.y))
		result = err_set(err, ERR_FATAL, "the key cannot be written as PEM");
	else
		*ret_key = taken;
	wipe(&taken, sizeof(taken));
	return result;
}

int pem_read(struct pem_key *ret_key, struct str pem, struct err *err)
{
	bool can_sign = false;
	EVP_PKEY *key = parse(pem, &can_sign);
	int result;

	if (key == NULL)
		result = err_set(err, ERR_FATAL, "not an unencrypted PEM key");
	else if (!is_p256(key))
		result = err_set(err, ERR_FATAL, "not a key on the curve P-256");
	else if (!is_sound(key, can_sign))
		result = err_set(err, ERR_FATAL, "a broken key");
	else
		result = take_key(ret_key, key, can_sign, err);
	EVP_PKEY_free(key);
	ERR_clear_error(); // what failed on the way is in OpenSSL's queue, and nobody else reads it
	return result;
}

int pem_make(struct pem_key *ret_key, struct err *err)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	int result = key == NULL ? err_set(err, ERR_FATAL, "no key can be made") : take_key(ret_key, key, true, err);

	EVP_PKEY_free(key);
	ERR_clear_error();
	return result;
}

/* ---- signatures ---- */

/* The key as OpenSSL wants it, out of its point: a tenth of what reading the text again costs. */
static EVP_PKEY *public_key(const struct pem_key *key)
{
	uint8_t point[1 + 2 * PEM_COORDINATE_SIZE] = { 4 }; /* uncompressed */
	char group[] = "prime256v1";
	OSSL_PARAM params[] = { OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
				OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point)),
				OSSL_PARAM_construct_end() };
	EVP_PKEY_CTX *maker = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	EVP_PKEY *made = NULL;

	memcpy(point + 1, key->x, PEM_COORDINATE_SIZE);
	memcpy(point + 1 + PEM_COORDINATE_SIZE, key->y, PEM_COORDINATE_SIZE);
	if (maker == NULL || EVP_PKEY_fromdata_init(maker) != 1 ||
	    EVP_PKEY_fromdata(maker, &made, EVP_PKEY_PUBLIC_KEY, params) != 1)
		made = NULL;
	EVP_PKEY_CTX_free(maker);
	return made;
}

/* The size, 0: none. */
static int write_der(const uint8_t signature[PEM_SIGNATURE_SIZE], unsigned char **ret_der)
{
	const int half = PEM_SIGNATURE_SIZE / 2;
	ECDSA_SIG *pair = ECDSA_SIG_new();
	BIGNUM *r = BN_bin2bn(signature, half, NULL);
	BIGNUM *s = BN_bin2bn(signature + half, half, NULL);
	int size = 0;

	if (pair != NULL && r != NULL && s != NULL && ECDSA_SIG_set0(pair, r, s) == 1) {
		r = s = NULL; /* the pair's now */
		size = i2d_ECDSA_SIG(pair, ret_der);
	}
	BN_free(r);
	BN_free(s);
	ECDSA_SIG_free(pair);
	return size > 0 ? size : 0;
}

bool pem_signed(const struct pem_key *key, struct str text, const uint8_t signature[PEM_SIGNATURE_SIZE])
{
	EVP_PKEY *public = public_key(key);
	EVP_MD_CTX *check = EVP_MD_CTX_new();
	unsigned char *der = NULL;
	int der_size = write_der(signature, &der);
	bool fits = public != NULL && check != NULL && der_size > 0 &&
		    EVP_DigestVerifyInit(check, NULL, EVP_sha256(), NULL, public) == 1 &&
		    EVP_DigestVerify(check, der, (size_t)der_size, (const unsigned char *)text.data, text.size) == 1;

	OPENSSL_free(der);
	EVP_MD_CTX_free(check);
	EVP_PKEY_free(public);
	ERR_clear_error();
	return fits;
}
