#include "crypto/signature.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/crypto.h"

static int setup(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	return crypto_init(&err);
}

/* RFC 8032, 7.1, test 3. */
static const char seed_hex[] = "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7";
static const char public_hex[] = "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025";
static const char signature_hex[] = "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
				    "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a";

static void test_signature__is_that_of_the_standard(void **state)
{
	uint8_t seed[32], public_key[PUBLIC_KEY_SIZE], signature[SIGNATURE_SIZE];
	char text[2 * SIGNATURE_SIZE + 1];
	struct str content = { .data = "\xaf\x82", .size = 2 };

	(void)state;
	assert_true(hex_to_bytes(seed, sizeof(seed), STR(seed_hex)));
	signature_public_key(public_key, seed);
	hex_from_bytes(text, public_key, sizeof(public_key));
	assert_string_equal(text, public_hex);
	signature_make(signature, content, seed);
	hex_from_bytes(text, signature, sizeof(signature));
	assert_string_equal(text, signature_hex);
}

static void test_signature__holds_for_its_content_and_key_only(void **state)
{
	uint8_t seed[32] = { 1 }, public_key[PUBLIC_KEY_SIZE], signature[SIGNATURE_SIZE];

	(void)state;
	signature_public_key(public_key, seed);
	signature_make(signature, STR("so many events"), seed);
	assert_true(signature_check(signature, STR("so many events"), public_key));
	assert_false(signature_check(signature, STR("no many events"), public_key));
	signature[0] ^= 1;
	assert_false(signature_check(signature, STR("so many events"), public_key));
	signature[0] ^= 1;
	public_key[5] ^= 1;
	assert_false(signature_check(signature, STR("so many events"), public_key));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_signature__is_that_of_the_standard),
		cmocka_unit_test(test_signature__holds_for_its_content_and_key_only),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
