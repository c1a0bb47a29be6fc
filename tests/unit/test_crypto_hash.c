#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/crypto.h"

static int set_up(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	return crypto_init(&err);
}

static void hash_is(struct str first, struct str second, const char *expected)
{
	uint8_t hash[SHA256_SIZE];
	char text[2 * SHA256_SIZE + 1];

	sha256_pair(hash, first, second);
	hex_from_bytes(text, hash, sizeof(hash));
	assert_string_equal(text, expected);
}

static void test_sha256_pair__is_sha256_of_both_pieces(void **state)
{
	char million[1000];
	struct str empty = { .data = NULL, .size = 0 };

	(void)state;
	/* FIPS 180-4 examples. */
	hash_is(empty, empty, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	hash_is(STR("abc"), empty, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	hash_is(empty, STR("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	hash_is(STR("a"), STR("bc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	hash_is(STR("abcdbcdecdefdefgefghfghighijhijk"), STR("ijkljklmklmnlmnomnopnopq"),
		"248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
	memset(million, 'a', sizeof(million));
	hash_is((struct str){ .data = million, .size = 1000 }, empty,
		"41edece42d63e8d9bf515a9ba6932e1c20cbc9f5a5d134645adb5db1b9737ea3");
}

static void test_crypto_init__may_be_called_again(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(crypto_init(&err), 0);
	hash_is(STR("abc"), STR(""), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

static void test_digest__is_blake2b_of_128_bits(void **state)
{
	uint8_t digest[DIGEST_SIZE];
	char text[2 * DIGEST_SIZE + 1];

	(void)state;
	digest_of(digest, STR("abc"));
	hex_from_bytes(text, digest, sizeof(digest));
	assert_string_equal(text, "cf4ab791c62b8d2b2109c90275287816"); // python: hashlib.blake2b(b'abc', digest_size=16)
	digest_of(digest, (struct str){ .data = NULL, .size = 0 });
	hex_from_bytes(text, digest, sizeof(digest));
	assert_string_equal(text, "cae66941d9efbd404e4d88758ea67670");
}

static void test_address_hash__depends_on_the_key(void **state)
{
	static const uint8_t key_1[32] = { 1 };
	static const uint8_t key_2[32] = { 2 };
	uint8_t one[DIGEST_SIZE];
	uint8_t two[DIGEST_SIZE];
	uint8_t unkeyed[DIGEST_SIZE];

	(void)state;
	address_hash(one, STR("+491700000000"), key_1);
	address_hash(two, STR("+491700000000"), key_1);
	assert_memory_equal(one, two, DIGEST_SIZE);
	address_hash(two, STR("+491700000000"), key_2);
	assert_memory_not_equal(one, two, DIGEST_SIZE);
	address_hash(two, STR("+491700000001"), key_1);
	assert_memory_not_equal(one, two, DIGEST_SIZE);
	digest_of(unkeyed, STR("+491700000000"));
	assert_memory_not_equal(one, unkeyed, DIGEST_SIZE);
}

static void test_person_key__is_keyed_blake2b_of_the_salt(void **state)
{
	static const uint8_t key[32] = { 1 };
	uint8_t person[32];
	char text[2 * 32 + 1];

	(void)state;
	person_key(person, key, STR("0123456789abcdef"));
	hex_from_bytes(text, person, sizeof(person));
	/* python: hashlib.blake2b(b'0123456789abcdef', key=bytes([1] + 31 * [0]), digest_size=32) */
	assert_string_equal(text, "2a633045859260384ce97120b23b058a2b3858ed5995cd82ea4770cad793407e");
	person_key(person, key, STR(""));
	assert_memory_equal(person, key, sizeof(key));
}

static struct uuid id_from(const char *text)
{
	struct uuid id;

	assert_true(uuid_parse(&id, str_of(text)));
	return id;
}

static void test_uuid_derive__is_stable_and_keeps_the_time(void **state)
{
	struct uuid from = id_from("0189f7ea-ae2f-7809-8aeb-b819cf5e9e7f");
	struct uuid id = uuid_derive(&from, "event", 0);
	char text[UUID_TEXT_SIZE + 1];

	(void)state;
	uuid_format(text, &id);
	/* Stored for ever: python's hashlib.blake2b(id + 8 bytes of ordinal + b'event', digest_size=16), time, version, variant.
	 */
	assert_string_equal(text, "0189f7ea-ae2f-82ed-adef-a8f060ee99ed");
}

static void test_uuid_derive__tells_origin_purpose_and_ordinal_apart(void **state)
{
	struct uuid from = id_from("0189f7ea-ae2f-7809-8aeb-b819cf5e9e7f");
	struct uuid other = id_from("0189f7ea-ae2f-7809-8aeb-b819cf5e9e7e");
	struct uuid ids[5] = { uuid_derive(&from, "event", 0), uuid_derive(&from, "event", 1), uuid_derive(&from, "entry", 0),
			       uuid_derive(&other, "event", 0), uuid_derive(&from, "event", UINT64_C(1) << 56) };

	(void)state;
	for (size_t i = 0; i < 5; i++)
		for (size_t j = 0; j < i; j++)
			assert_false(uuid_equal(&ids[i], &ids[j]));
}

static void test_uuid_of_text__names_a_text(void **state)
{
	struct uuid one = uuid_of_text(STR("creditor/4711"));
	struct uuid same = uuid_of_text(STR("creditor/4711"));
	struct uuid other = uuid_of_text(STR("creditor/4712"));

	(void)state;
	assert_true(uuid_equal(&one, &same));
	assert_false(uuid_equal(&one, &other));
	assert_int_equal(one.bytes[6] >> 4, 8);
	assert_int_equal(one.bytes[8] >> 6, 2);
}

static void test_random_bytes__are_not_the_same_twice(void **state)
{
	uint8_t one[16] = { 0 };
	uint8_t two[16] = { 0 };

	(void)state;
	random_bytes(one, sizeof(one));
	random_bytes(two, sizeof(two));
	assert_memory_not_equal(one, two, sizeof(one));
	wipe(one, sizeof(one));
	memset(two, 0, sizeof(two));
	assert_memory_equal(one, two, sizeof(one));
}

static void test_uuid_of_key__is_the_same_within_a_process(void **state)
{
	struct uuid one = uuid_of_key(STR("creditor/4711"));
	struct uuid same = uuid_of_key(STR("creditor/4711"));
	struct uuid other = uuid_of_key(STR("creditor/4712"));
	struct uuid of_text = uuid_of_text(STR("creditor/4711"));

	(void)state;
	assert_true(uuid_equal(&one, &same));
	assert_false(uuid_equal(&one, &other));
	assert_false(uuid_equal(&one, &of_text));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sha256_pair__is_sha256_of_both_pieces),
		cmocka_unit_test(test_crypto_init__may_be_called_again),
		cmocka_unit_test(test_digest__is_blake2b_of_128_bits),
		cmocka_unit_test(test_address_hash__depends_on_the_key),
		cmocka_unit_test(test_person_key__is_keyed_blake2b_of_the_salt),
		cmocka_unit_test(test_uuid_derive__is_stable_and_keeps_the_time),
		cmocka_unit_test(test_uuid_derive__tells_origin_purpose_and_ordinal_apart),
		cmocka_unit_test(test_uuid_of_text__names_a_text),
		cmocka_unit_test(test_uuid_of_key__is_the_same_within_a_process),
		cmocka_unit_test(test_random_bytes__are_not_the_same_twice),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
