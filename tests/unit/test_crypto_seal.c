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

#include "../old_seal.h"
#include "base/array.h"
#include "crypto/crypto.h"
#include "crypto/seal.h"

static const uint8_t key_1[32] = { 1, 2, 3 };
static const uint8_t key_2[32] = { 1, 2, 4 };
static const struct seal_place place = { .column = &sealed_name, .row = { { 3 } }, .version = 7, .owner = { { 1 } } };

#define TEXT_MAX ((size_t)64 << 10) /* four times the longest body of a message */

static int set_up(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	return crypto_init(&err);
}

/* 0: it opened; in a room of its exact size, so that a sanitizer sees a byte too far. */
static int open_at(const void *sealed, size_t size, const struct seal_place *from, const uint8_t *key, struct str wanted,
		   bool is_old)
{
	char *room = malloc(size == 0 ? 1 : size);
	char *copy = malloc(size == 0 ? 1 : size);
	struct err err = ERR_INIT;
	struct opened opened;
	int result;

	assert_non_null(room);
	assert_non_null(copy);
	memcpy(copy, sealed, size);
	result = unseal(&opened, room, (struct str){ .data = copy, .size = size }, from, key, &err);
	assert_int_equal(err.kind, result == 0 ? ERR_NONE : ERR_POISON);
	if (result == 0) {
		assert_int_equal(opened.text.size, wanted.size);
		assert_memory_equal(opened.text.data, wanted.size > 0 ? wanted.data : "", wanted.size);
		assert_int_equal(opened.is_old, is_old);
	}
	free(room);
	free(copy);
	return result;
}

static void test_seal__opens_to_the_same_text_from_empty_to_largest(void **state)
{
	static const size_t sizes[] = { 0, 1, 15, 16, 17, 63, 64, 65, 800, TEXT_MAX };
	static char text[TEXT_MAX];
	static uint8_t sealed[TEXT_MAX + SEAL_OVERHEAD];

	(void)state;
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (char)(i * 7);
	for (size_t i = 0; i < COUNT(sizes); i++) {
		struct str it = { .data = sizes[i] == 0 ? NULL : text, .size = sizes[i] };

		seal(sealed, it, &place, key_1);
		assert_int_equal(sealed[0], 1);
		assert_int_equal(open_at(sealed, it.size + SEAL_OVERHEAD, &place, key_1, it, false), 0);
	}
}

static void test_seal__never_looks_the_same_twice(void **state)
{
	uint8_t one[64];
	uint8_t two[64];

	(void)state;
	seal(one, STR("abc"), &place, key_1);
	seal(two, STR("abc"), &place, key_1);
	assert_memory_not_equal(one + 1, two + 1, 24);
	assert_memory_not_equal(one + 25, two + 25, 3);
}

/* What an attacker who can write the tables would try. */
static void test_seal__opens_in_no_other_place(void **state)
{
	static const struct sealed_column other_table = { "customers.other", "full_name_sealed" };
	static const struct sealed_column shifted = { "customers.customerf", "ull_name_sealed" };
	struct seal_place others[8];
	uint8_t sealed[64];
	size_t size = SEAL_OVERHEAD + 3;

	(void)state;
	for (size_t i = 0; i < COUNT(others); i++)
		others[i] = place;
	others[0].column = &sealed_birth_date;
	others[1].column = &other_table;
	others[2].column = &shifted;
	others[3].row.bytes[15] = 1;
	others[4].version = 6;
	others[5].version = 8;
	others[6].owner.bytes[15] = 1;
	others[7].owner = place.row;
	others[7].row = place.owner;
	seal(sealed, STR("abc"), &place, key_1);
	for (size_t i = 0; i < COUNT(others); i++) {
		if (open_at(sealed, size, &others[i], key_1, STR(""), false) == 0)
			fail_msg("it opens in place %zu", i);
	}
	assert_int_equal(open_at(sealed, size, &place, key_2, STR(""), false), -1);
	assert_int_equal(open_at(sealed, size, &place, key_1, STR("abc"), false), 0);
}

/* Nothing of the row but its names can be taken for another part: each column has a place of its own. */
static void test_seal__every_column_is_a_place_of_its_own(void **state)
{
	const struct sealed_column *columns[] = {
		&sealed_name,         &sealed_birth_date,  &sealed_address, &sealed_message_address, &sealed_message_subject,
		&sealed_message_body, &sealed_message_html
	};
	const size_t count = COUNT(columns);
	uint8_t sealed[64];

	(void)state;
	for (size_t from = 0; from < count; from++) {
		struct seal_place there = place;

		there.column = columns[from];
		seal(sealed, STR("abc"), &there, key_1);
		for (size_t to = 0; to < count; to++) {
			there.column = columns[to];
			assert_int_equal(open_at(sealed, SEAL_OVERHEAD + 3, &there, key_1, STR("abc"), false),
					 from == to ? 0 : -1);
		}
	}
}

static void test_seal__notices_every_changed_missing_or_added_byte(void **state)
{
	uint8_t sealed[128];
	size_t size = SEAL_OVERHEAD + 3;

	(void)state;
	memset(sealed, 0, sizeof(sealed));
	seal(sealed, STR("abc"), &place, key_1);
	for (size_t i = 0; i < size; i++) {
		for (unsigned bit = 0; bit < 8; bit++) {
			sealed[i] ^= (uint8_t)(1 << bit);
			assert_int_equal(open_at(sealed, size, &place, key_1, STR(""), false), -1);
			sealed[i] ^= (uint8_t)(1 << bit);
		}
		assert_int_equal(open_at(sealed, i, &place, key_1, STR(""), false), -1);
		assert_int_equal(open_at(sealed + i + 1, size - i - 1, &place, key_1, STR(""), false), -1);
	}
	assert_int_equal(open_at(sealed, size + 1, &place, key_1, STR(""), false), -1);
	assert_int_equal(open_at(sealed, size, &place, key_1, STR("abc"), false), 0);
}

/* ---- the old form ---- */

/* Written by the program of before: owner 01, key 1 2 3, nonce 00 to 17 and 01 02 to 18. The second begins like the new form. */
static const char old_texts[][2 * (40 + 3) + 1] = {
	"000102030405060708090a0b0c0d0e0f1011121314151617a9371855fbf58e5bf478266c69d2755e390d8d",
	"0102030405060708090a0b0c0d0e0f101112131415161718f9257e2957711f968c7047f7667d967c31840f",
};

static void test_seal__the_old_form_opens_and_says_so(void **state)
{
	struct seal_place anywhere = { .column = &sealed_birth_date, .row = { { 9 } }, .version = 1, .owner = place.owner };
	uint8_t sealed[43];

	(void)state;
	for (size_t i = 0; i < COUNT(old_texts); i++) {
		assert_true(hex_to_bytes(sealed, sizeof(sealed), str_of(old_texts[i])));
		assert_int_equal(open_at(sealed, sizeof(sealed), &place, key_1, STR("abc"), true), 0);
		assert_int_equal(open_at(sealed, sizeof(sealed), &anywhere, key_1, STR("abc"), true), 0);
		assert_int_equal(open_at(sealed, sizeof(sealed), &place, key_2, STR(""), true), -1);
		anywhere.owner.bytes[0] = 2;
		assert_int_equal(open_at(sealed, sizeof(sealed), &anywhere, key_1, STR(""), true), -1);
		anywhere.owner = place.owner;
	}
}

static void test_seal__the_old_form_notices_every_changed_or_missing_byte(void **state)
{
	uint8_t sealed[64];
	size_t size = old_seal(sealed, STR("abc"), &place.owner, key_1).size;

	(void)state;
	for (size_t i = 0; i < size; i++) {
		sealed[i] ^= 1;
		assert_int_equal(open_at(sealed, size, &place, key_1, STR(""), true), -1);
		sealed[i] ^= 1;
		assert_int_equal(open_at(sealed, i, &place, key_1, STR(""), true), -1);
	}
	assert_int_equal(open_at(sealed, size, &place, key_1, STR("abc"), true), 0);
	assert_int_equal(old_seal(sealed, STR(""), &place.owner, key_1).size, SEAL_OVERHEAD_MIN);
	assert_int_equal(open_at(sealed, SEAL_OVERHEAD_MIN, &place, key_1, STR(""), true), 0);
}

/* One in 256 begins like a text of today, whatever its size: none of them is lost. */
static void test_seal__the_old_form_opens_whatever_its_nonce_is(void **state)
{
	uint8_t sealed[64];
	size_t alike = 0;

	(void)state;
	for (int i = 0; i < 4096 || alike == 0; i++) {
		struct str it = old_seal(sealed, STR("a"), &place.owner, key_1);

		alike += sealed[0] == 1;
		assert_int_equal(open_at(sealed, it.size, &place, key_1, STR("a"), true), 0);
	}
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
		cmocka_unit_test(test_seal__opens_to_the_same_text_from_empty_to_largest),
		cmocka_unit_test(test_seal__never_looks_the_same_twice),
		cmocka_unit_test(test_seal__opens_in_no_other_place),
		cmocka_unit_test(test_seal__every_column_is_a_place_of_its_own),
		cmocka_unit_test(test_seal__notices_every_changed_missing_or_added_byte),
		cmocka_unit_test(test_seal__the_old_form_opens_and_says_so),
		cmocka_unit_test(test_seal__the_old_form_notices_every_changed_or_missing_byte),
		cmocka_unit_test(test_seal__the_old_form_opens_whatever_its_nonce_is),
		cmocka_unit_test(test_sign__is_hmac_sha256_cut),
		cmocka_unit_test(test_sign_check__takes_only_the_same_content_and_key),
		cmocka_unit_test(test_key_read__takes_64_digits_with_or_without_line_end),
		cmocka_unit_test(test_key_read__refuses_other_contents),
		cmocka_unit_test(test_key_read__refuses_files_that_others_may_read),
		cmocka_unit_test(test_key_read__refuses_what_is_no_file),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
