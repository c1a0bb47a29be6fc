#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "crypto/crypto.h"

static const uint8_t key_1[32] = { 1, 2, 3 };
static const uint8_t key_2[32] = { 1, 2, 4 };
static const struct uuid owner = { .bytes = { 1 } };
static const struct uuid other = { .bytes = { 2 } };

static int set_up(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	return crypto_init(&err);
}

static int open_it(const uint8_t *sealed, size_t size, const struct uuid *about, const uint8_t *key)
{
	char text[64];
	struct err err = ERR_INIT;
	int result = unseal(text, (struct str){ .data = (const char *)sealed, .size = size }, about, key, &err);

	assert_int_equal(err.kind, result == 0 ? ERR_NONE : ERR_POISON);
	return result;
}

static void test_seal__opens_to_the_same_text(void **state)
{
	struct str text = STR("someone@example.org");
	uint8_t sealed[64];
	char opened[64];
	struct err err = ERR_INIT;

	(void)state;
	seal(sealed, text, &owner, key_1);
	assert_int_equal(unseal(opened, (struct str){ .data = (char *)sealed, .size = text.size + SEAL_OVERHEAD }, &owner, key_1,
				&err),
			 0);
	assert_memory_equal(opened, text.data, text.size);
	seal(sealed, (struct str){ .data = NULL, .size = 0 }, &owner, key_1);
	assert_int_equal(open_it(sealed, SEAL_OVERHEAD, &owner, key_1), 0);
}

static void test_seal__never_looks_the_same_twice(void **state)
{
	uint8_t one[64];
	uint8_t two[64];

	(void)state;
	seal(one, STR("abc"), &owner, key_1);
	seal(two, STR("abc"), &owner, key_1);
	assert_memory_not_equal(one, two, SEAL_OVERHEAD + 3);
	assert_memory_not_equal(one + 24, two + 24, 3);
}

static void test_seal__does_not_open_for_another_owner_or_key(void **state)
{
	uint8_t sealed[64];

	(void)state;
	seal(sealed, STR("abc"), &owner, key_1);
	assert_int_equal(open_it(sealed, SEAL_OVERHEAD + 3, &owner, key_1), 0);
	assert_int_equal(open_it(sealed, SEAL_OVERHEAD + 3, &other, key_1), -1);
	assert_int_equal(open_it(sealed, SEAL_OVERHEAD + 3, &owner, key_2), -1);
}

static void test_seal__notices_every_changed_or_missing_byte(void **state)
{
	uint8_t sealed[64];
	size_t size = SEAL_OVERHEAD + 3;

	(void)state;
	seal(sealed, STR("abc"), &owner, key_1);
	for (size_t i = 0; i < size; i++) {
		sealed[i] ^= 1;
		assert_int_equal(open_it(sealed, size, &owner, key_1), -1);
		sealed[i] ^= 1;
		assert_int_equal(open_it(sealed, i, &owner, key_1), -1);
	}
	assert_int_equal(open_it(sealed, size, &owner, key_1), 0);
}

static void test_sign__is_hmac_sha256_cut(void **state)
{
	uint8_t key[32] = { 0 };
	uint8_t signature[DIGEST_SIZE];
	char text[2 * DIGEST_SIZE + 1];

	(void)state;
	/* RFC 4231, case 2: the key "Jefe"; zeros behind a short key are HMAC's own padding. */
	memcpy(key, "Jefe", 4);
	sign(signature, STR("what do ya want for nothing?"), key);
	hex_from_bytes(text, signature, sizeof(signature));
	assert_string_equal(text, "5bdcc146bf60754e6a042426089575c7");
}

static void test_sign_check__takes_only_the_same_content_and_key(void **state)
{
	uint8_t signature[DIGEST_SIZE];

	(void)state;
	sign(signature, STR("abc"), key_1);
	assert_true(sign_check(signature, STR("abc"), key_1));
	assert_false(sign_check(signature, STR("abd"), key_1));
	assert_false(sign_check(signature, STR("abc"), key_2));
	for (size_t i = 0; i < DIGEST_SIZE; i++) {
		signature[i] ^= 0x80;
		assert_false(sign_check(signature, STR("abc"), key_1));
		signature[i] ^= 0x80;
	}
}

/* ---- key files ---- */

#define DIGITS "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

/* Writes the file, reads it as a key, removes it. */
static int read_back(const char *text, mode_t mode, uint8_t key[32], struct err *err)
{
	char path[] = "/tmp/dcs-test-key-XXXXXX";
	int file = mkstemp(path);
	int result;

	assert_true(file >= 0);
	assert_int_equal(write(file, text, strlen(text)), strlen(text));
	assert_int_equal(fchmod(file, mode), 0);
	assert_int_equal(close(file), 0);
	result = key_read(key, path, err);
	assert_int_equal(unlink(path), 0);
	return result;
}

static void test_key_read__takes_64_digits_with_or_without_line_end(void **state)
{
	uint8_t key[32];
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(read_back(DIGITS, 0600, key, &err), 0);
	assert_int_equal(key[0], 0);
	assert_int_equal(key[31], 0x1F);
	assert_int_equal(read_back(DIGITS "\n", 0400, key, &err), 0);
}

static void key_fails(const char *text, mode_t mode)
{
	uint8_t key[32] = { 7 };
	struct err err = ERR_INIT;

	if (read_back(text, mode, key, &err) != -1)
		fail_msg("taken: %s", text);
	assert_int_equal(err.kind, ERR_FATAL);
	assert_int_equal(key[0], 7);
	assert_null(strstr(err.text, "000102"));
	assert_null(strstr(err.text, "/tmp"));
}

static void test_key_read__refuses_other_contents(void **state)
{
	(void)state;
	key_fails("", 0600);
	key_fails("\n", 0600);
	key_fails("0001", 0600);
	key_fails(DIGITS "00", 0600);
	key_fails(DIGITS "\n\n", 0600);
	key_fails(DIGITS "\nmore", 0600);
	key_fails(" " DIGITS, 0600);
	key_fails("g00102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f", 0600);
}

static void test_key_read__refuses_files_that_others_may_read(void **state)
{
	(void)state;
	key_fails(DIGITS, 0644);
	key_fails(DIGITS, 0640);
	key_fails(DIGITS, 0604);
	key_fails(DIGITS, 0620);
}

static void test_key_read__refuses_what_is_no_file(void **state)
{
	uint8_t key[32];
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(key_read(key, "/nonexistent/key", &err), -1);
	assert_int_equal(err.kind, ERR_FATAL);
	assert_int_equal(key_read(key, "/tmp", &err), -1);
	assert_int_equal(err.kind, ERR_FATAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_seal__opens_to_the_same_text),
		cmocka_unit_test(test_seal__never_looks_the_same_twice),
		cmocka_unit_test(test_seal__does_not_open_for_another_owner_or_key),
		cmocka_unit_test(test_seal__notices_every_changed_or_missing_byte),
		cmocka_unit_test(test_sign__is_hmac_sha256_cut),
		cmocka_unit_test(test_sign_check__takes_only_the_same_content_and_key),
		cmocka_unit_test(test_key_read__takes_64_digits_with_or_without_line_end),
		cmocka_unit_test(test_key_read__refuses_other_contents),
		cmocka_unit_test(test_key_read__refuses_files_that_others_may_read),
		cmocka_unit_test(test_key_read__refuses_what_is_no_file),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
