#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "crypto/crypto.h"
#include "crypto/pem.h"

#define POINT_SIZE 65

static EVP_PKEY *key;
static EVP_PKEY *other;
static char text[4096];

static int set_up(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	key = EVP_EC_gen("P-256");
	other = EVP_EC_gen("P-256");
	return key == NULL || other == NULL ? -1 : crypto_init(&err);
}

static int tear_down(void **state)
{
	(void)state;
	EVP_PKEY_free(key);
	EVP_PKEY_free(other);
	return 0;
}

/* Takes what was written to `to`, and frees it. */
static struct str written(BIO *to)
{
	int size = BIO_read(to, text, sizeof(text));

	BIO_free(to);
	assert_true(size > 0);
	return (struct str){ .data = text, .size = (size_t)size };
}

static struct str private_text(void)
{
	BIO *to = BIO_new(BIO_s_mem());

	assert_int_equal(PEM_write_bio_PrivateKey(to, key, NULL, NULL, 0, NULL, NULL), 1);
	return written(to);
}

static struct str public_text(void)
{
	BIO *to = BIO_new(BIO_s_mem());

	assert_int_equal(PEM_write_bio_PUBKEY(to, key), 1);
	return written(to);
}

static void is_refused(struct str pem)
{
	struct pem_key read = { .public_size = 7 };
	struct err err = ERR_INIT;

	assert_int_equal(pem_read(&read, pem, &err), -1);
	assert_int_equal(err.kind, ERR_FATAL);
	assert_int_equal(read.public_size, 7);
}

static void test_pem__a_private_key_gives_both_halves(void **state)
{
	struct pem_key read;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(pem_read(&read, private_text(), &err), 0);
	assert_true(read.can_sign);
	assert_true(str_equal(private_text(), (struct str){ .data = read.private_pem, .size = read.private_size }));
	assert_true(str_equal(public_text(), (struct str){ .data = read.public_pem, .size = read.public_size }));
}

static void test_pem__the_older_form_of_a_private_key_is_read_too(void **state)
{
	struct pem_key read;
	struct err err = ERR_INIT;
	BIO *to = BIO_new(BIO_s_mem());

	(void)state;
	/* As `openssl ecparam -genkey` writes it. */
	assert_true(BIO_puts(to, "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n") > 0);
	assert_int_equal(PEM_write_bio_PrivateKey_traditional(to, key, NULL, NULL, 0, NULL, NULL), 1);
	assert_int_equal(pem_read(&read, written(to), &err), 0);
	assert_true(read.can_sign);
	assert_true(str_equal(private_text(), (struct str){ .data = read.private_pem, .size = read.private_size }));
}

static void test_pem__a_public_key_gives_one_half(void **state)
{
	struct pem_key read;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(pem_read(&read, public_text(), &err), 0);
	assert_false(read.can_sign);
	assert_int_equal(read.private_size, 0);
	assert_true(str_equal(public_text(), (struct str){ .data = read.public_pem, .size = read.public_size }));
}

/* The key's DER with the public point changed by `change`, as PEM again. */
static struct str with_point(bool is_private, void (*change)(unsigned char *point))
{
	unsigned char point[POINT_SIZE];
	unsigned char *der = NULL;
	unsigned char *at = NULL;
	size_t point_size;
	BIO *to = BIO_new(BIO_s_mem());
	PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(key);
	int size = is_private ? i2d_PKCS8_PRIV_KEY_INFO(info, &der) : i2d_PUBKEY(key, &der);

	assert_true(size > POINT_SIZE);
	assert_int_equal(EVP_PKEY_get_octet_string_param(key, "pub", point, sizeof(point), &point_size), 1);
	for (int i = 0; i + POINT_SIZE <= size; i++)
		if (memcmp(der + i, point, POINT_SIZE) == 0)
			at = der + i;
	assert_non_null(at);
	change(at);
	assert_true(PEM_write_bio(to, is_private ? "PRIVATE KEY" : "PUBLIC KEY", "", der, size) > 0);
	OPENSSL_free(der);
	PKCS8_PRIV_KEY_INFO_free(info);
	return written(to);
}

static void keep(unsigned char *point)
{
	(void)point;
}

static void leave_the_curve(unsigned char *point)
{
	point[POINT_SIZE - 1] ^= 1;
}

static void take_the_others(unsigned char *point)
{
	size_t size;

	assert_int_equal(EVP_PKEY_get_octet_string_param(other, "pub", point, POINT_SIZE, &size), 1);
}

static void test_pem__a_point_off_the_curve_is_refused(void **state)
{
	struct pem_key read;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(pem_read(&read, with_point(false, keep), &err), 0);
	is_refused(with_point(false, leave_the_curve));
	is_refused(with_point(true, leave_the_curve));
}

static void test_pem__halves_that_do_not_belong_together_are_refused(void **state)
{
	struct pem_key read;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(pem_read(&read, with_point(true, keep), &err), 0);
	is_refused(with_point(true, take_the_others));
}

static void test_pem__the_point_of_a_key_is_told(void **state)
{
	unsigned char point[POINT_SIZE];
	struct pem_key read;
	struct err err = ERR_INIT;
	size_t size;

	(void)state;
	assert_int_equal(EVP_PKEY_get_octet_string_param(key, "pub", point, sizeof(point), &size), 1);
	assert_int_equal(pem_read(&read, public_text(), &err), 0);
	assert_memory_equal(read.x, point + 1, PEM_COORDINATE_SIZE);
	assert_memory_equal(read.y, point + 1 + PEM_COORDINATE_SIZE, PEM_COORDINATE_SIZE);
}

static void test_pem__a_key_that_was_made_can_be_read(void **state)
{
	struct pem_key made, again, read;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(pem_make(&made, &err), 0);
	assert_int_equal(pem_make(&again, &err), 0);
	assert_memory_not_equal(made.x, again.x, PEM_COORDINATE_SIZE);
	assert_int_equal(pem_read(&read, (struct str){ .data = made.private_pem, .size = made.private_size }, &err), 0);
	assert_true(read.can_sign);
	assert_memory_equal(read.x, made.x, PEM_COORDINATE_SIZE);
	assert_int_equal(pem_read(&read, (struct str){ .data = made.public_pem, .size = made.public_size }, &err), 0);
	assert_false(read.can_sign);
	assert_memory_equal(read.y, made.y, PEM_COORDINATE_SIZE);
}

static void sign_text(EVP_PKEY *with, const char *signed_text, uint8_t signature[PEM_SIGNATURE_SIZE])
{
	unsigned char der[80];
	const unsigned char *at = der;
	size_t size = sizeof(der);
	EVP_MD_CTX *state = EVP_MD_CTX_new();
	ECDSA_SIG *pair;

	assert_int_equal(EVP_DigestSignInit(state, NULL, EVP_sha256(), NULL, with), 1);
	assert_int_equal(EVP_DigestSign(state, der, &size, (const unsigned char *)signed_text, strlen(signed_text)), 1);
	pair = d2i_ECDSA_SIG(NULL, &at, (long)size);
	assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_r(pair), signature, 32), 32);
	assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_s(pair), signature + 32, 32), 32);
	ECDSA_SIG_free(pair);
	EVP_MD_CTX_free(state);
}

static void test_pem__a_signature_fits_its_text_and_its_key(void **state)
{
	static const uint8_t zeros[PEM_SIGNATURE_SIZE];
	uint8_t signature[PEM_SIGNATURE_SIZE];
	struct pem_key read;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(pem_read(&read, public_text(), &err), 0);
	for (int i = 0; i < 20; i++) {
		sign_text(key, "a text", signature);
		assert_true(pem_signed(&read, STR("a text"), signature));
		assert_false(pem_signed(&read, STR("a texT"), signature));
		signature[i * 3] ^= 1;
		assert_false(pem_signed(&read, STR("a text"), signature));
	}
	sign_text(other, "a text", signature);
	assert_false(pem_signed(&read, STR("a text"), signature));
	assert_false(pem_signed(&read, STR("a text"), zeros));
}

static void test_pem__no_key_is_refused(void **state)
{
	(void)state;
	is_refused(STR(""));
	is_refused((struct str){ .data = NULL, .size = 0 });
	is_refused(STR("-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n"));
	is_refused(STR("a shared secret that is long enough for HMAC"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pem__a_private_key_gives_both_halves),
		cmocka_unit_test(test_pem__the_older_form_of_a_private_key_is_read_too),
		cmocka_unit_test(test_pem__a_public_key_gives_one_half),
		cmocka_unit_test(test_pem__a_point_off_the_curve_is_refused),
		cmocka_unit_test(test_pem__halves_that_do_not_belong_together_are_refused),
		cmocka_unit_test(test_pem__the_point_of_a_key_is_told),
		cmocka_unit_test(test_pem__a_key_that_was_made_can_be_read),
		cmocka_unit_test(test_pem__a_signature_fits_its_text_and_its_key),
		cmocka_unit_test(test_pem__no_key_is_refused),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
