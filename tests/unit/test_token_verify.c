/*
 * Tokens that others forge: each test makes one with OpenSSL alone, properly signed unless the signature is the point, so that
 * exactly one thing about it is wrong.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"
#include "crypto/crypto.h"
#include "model/command.h"
#include "token/cache.h"
#include "token/token.h"

#define HEADER "{\"alg\":\"ES256\",\"kid\":\"key-1\",\"typ\":\"JWT\"}"
#define TIMES  "\"iat\":1700000000,\"exp\":1700000900"
#define CLAIMS "{\"iss\":\"dcs\",\"aud\":\"dcs\",\"sub\":\"billing\",\"roles\":[\"creditor\"]," TIMES "}"

static char directory[64];
static EVP_PKEY *key_1;     /* its public half is in the directory */
static EVP_PKEY *key_other; /* on the same curve; in no directory */
static EVP_PKEY *key_p384;
static char public_pem[1024];
static struct token_keys *keys;

/* ---- making tokens ---- */

static size_t encode(char *text, const void *bytes, size_t size)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	const unsigned char *from = bytes;
	unsigned bits = 0;
	unsigned bits_count = 0;
	size_t written = 0;

	for (size_t i = 0; i < size; i++) {
		bits = (bits << 8 | from[i]) & 0xFFFF;
		for (bits_count += 8; bits_count >= 6; bits_count -= 6)
			text[written++] = digits[(bits >> (bits_count - 6)) & 63];
	}
	if (bits_count > 0)
		text[written++] = digits[(bits << (6 - bits_count)) & 63];
	text[written] = '\0';
	return written;
}

static void unsigned_token(char *token, const char *header, const char *claims, size_t claims_size)
{
	size_t size = encode(token, header, strlen(header));

	token[size++] = '.';
	(void)encode(token + size, claims, claims_size);
}

static size_t ecdsa_sign(unsigned char *raw, const char *text, EVP_PKEY *key)
{
	unsigned char der[160];
	const unsigned char *der_at = der;
	size_t der_size = sizeof(der);
	int half = EVP_PKEY_get_bits(key) / 8;
	EVP_MD_CTX *state = EVP_MD_CTX_new();
	ECDSA_SIG *signature;

	assert_int_equal(EVP_DigestSignInit(state, NULL, EVP_sha256(), NULL, key), 1);
	assert_int_equal(EVP_DigestSign(state, der, &der_size, (const unsigned char *)text, strlen(text)), 1);
	EVP_MD_CTX_free(state);
	signature = d2i_ECDSA_SIG(NULL, &der_at, (long)der_size);
	assert_non_null(signature);
	assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_r(signature), raw, half), half);
	assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_s(signature), raw + half, half), half);
	ECDSA_SIG_free(signature);
	return (size_t)half * 2;
}

static void sign_with(char *token, EVP_PKEY *key)
{
	unsigned char raw[160];
	size_t raw_size = ecdsa_sign(raw, token, key);
	size_t size = strlen(token);

	token[size++] = '.';
	(void)encode(token + size, raw, raw_size);
}

static const char *forge(const char *header, const char *claims)
{
	static char token[32768];

	unsigned_token(token, header, claims, strlen(claims));
	sign_with(token, key_1);
	return token;
}

static const char *hmac_forge(const char *header, const char *secret, size_t secret_size)
{
	static char token[4096];
	unsigned char mac[32];
	size_t size;

	unsigned_token(token, header, CLAIMS, strlen(CLAIMS));
	size = strlen(token);
	assert_non_null(HMAC(EVP_sha256(), secret, (int)secret_size, (const unsigned char *)token, size, mac, NULL));
	token[size++] = '.';
	(void)encode(token + size, mac, sizeof(mac));
	return token;
}

/* ---- asking ---- */

static void accepts(const char *token, struct token_claims *ret_claims)
{
	struct err err = ERR_INIT;

	if (token_verify(keys, str_of(token), ret_claims, &err) < 0)
		fail_msg("refused: %s", err.text);
}

/* Refused, twice, for this reason; and no part of the token is told. */
static void refuses_str(struct str token, const char *why)
{
	struct token_claims claims;

	for (int i = 0; i < 2; i++) {
		struct err err = ERR_INIT;

		assert_int_equal(token_verify(keys, token, &claims, &err), -1);
		assert_int_equal(err.kind, ERR_POISON);
		if (strstr(err.text, why) == NULL)
			fail_msg("refused because of \"%s\", not \"%s\"", err.text, why);
		assert_null(strstr(err.text, "key-1"));
		assert_null(strstr(err.text, "billing"));
	}
}

static void refuses(const char *token, const char *why)
{
	refuses_str(str_of(token), why);
}

static void refuses_header(const char *header, const char *why)
{
	refuses(forge(header, CLAIMS), why);
}

static void refuses_claims(const char *claims, const char *why)
{
	refuses(forge(HEADER, claims), why);
}

/* ---- keys ---- */

static void file_path(char path[128], const char *name)
{
	assert_true(snprintf(path, 128, "%s/%s", directory, name) < 128);
}

static FILE *create(const char *name, mode_t mode)
{
	char path[128];
	FILE *file;

	file_path(path, name);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fchmod(fileno(file), mode), 0);
	return file;
}

static void remove_file(const char *name)
{
	char path[128];

	file_path(path, name);
	assert_int_equal(unlink(path), 0);
}

static void write_public(const char *name, EVP_PKEY *key)
{
	FILE *file = create(name, 0644);

	assert_int_equal(PEM_write_PUBKEY(file, key), 1);
	assert_int_equal(fclose(file), 0);
}

static void write_private(const char *name, mode_t mode, EVP_PKEY *key, const char *password)
{
	FILE *file = create(name, mode);
	const EVP_CIPHER *cipher = password == NULL ? NULL : EVP_aes_128_cbc();

	assert_int_equal(PEM_write_PrivateKey(file, key, cipher, (const unsigned char *)password,
					      password == NULL ? 0 : (int)strlen(password), NULL, NULL),
			 1);
	assert_int_equal(fclose(file), 0);
}

static void write_text(const char *name, const char *text)
{
	FILE *file = create(name, 0600);

	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void read_public_pem(void)
{
	char path[128];
	FILE *file;
	size_t size;

	file_path(path, "key-1.pem");
	file = fopen(path, "r");
	assert_non_null(file);
	size = fread(public_pem, 1, sizeof(public_pem) - 1, file);
	public_pem[size] = '\0';
	assert_int_equal(fclose(file), 0);
}

static int set_up(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(crypto_init(&err), 0);
	strcpy(directory, "/tmp/dcs-test-token-XXXXXX");
	assert_non_null(mkdtemp(directory));
	key_1 = EVP_EC_gen("P-256");
	key_other = EVP_EC_gen("P-256");
	key_p384 = EVP_EC_gen("P-384");
	write_public("key-1.pem", key_1);
	read_public_pem();
	if (token_keys_load(directory, "dcs", "dcs", &keys, &err) < 0)
		fail_msg("%s", err.text);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	token_keys_free(keys);
	remove_file("key-1.pem");
	assert_int_equal(rmdir(directory), 0);
	EVP_PKEY_free(key_1);
	EVP_PKEY_free(key_other);
	EVP_PKEY_free(key_p384);
	return 0;
}

/* ---- a good one ---- */

static void test_token__a_good_one_gives_its_claims(void **state)
{
	struct token_claims claims;

	(void)state;
	accepts(forge(HEADER, "{\"iss\":\"dcs\",\"aud\":\"dcs\",\"sub\":\"billing\",\"roles\":[\"creditor\",\"agent\"],"
			      "\"nbf\":1700000100,\"jti\":\"x\"," TIMES "}"),
		&claims);
	assert_string_equal(claims.subject, "billing");
	assert_int_equal(claims.roles, ROLE_CREDITOR | ROLE_AGENT);
	assert_int_equal(claims.issued_at_ms, 1700000000000);
	assert_int_equal(claims.not_before_ms, 1700000100000);
	assert_int_equal(claims.expires_at_ms, 1700000900000);
}

static void test_token__the_audience_may_be_one_of_a_list(void **state)
{
	struct token_claims claims;

	(void)state;
	accepts(forge(HEADER, "{\"iss\":\"dcs\",\"aud\":[\"other\",\"dcs\"],\"sub\":\"billing\"," TIMES "}"), &claims);
	assert_int_equal(claims.roles, 0);
	assert_int_equal(claims.not_before_ms, 0);
	refuses_claims("{\"iss\":\"dcs\",\"aud\":[\"other\",\"dcs2\"],\"sub\":\"billing\"," TIMES "}", "aud");
	refuses_claims("{\"iss\":\"dcs\",\"aud\":[],\"sub\":\"billing\"," TIMES "}", "aud");
	refuses_claims("{\"iss\":\"dcs\",\"aud\":[\"dcs\",7],\"sub\":\"billing\"," TIMES "}", "aud");
	refuses_claims("{\"iss\":\"dcs\",\"aud\":{\"dcs\":\"dcs\"},\"sub\":\"billing\"," TIMES "}", "aud");
}

static void test_token__unknown_roles_are_passed_over(void **state)
{
	struct token_claims claims;

	(void)state;
	accepts(forge(HEADER, "{\"iss\":\"dcs\",\"aud\":\"dcs\",\"sub\":\"billing\",\"roles\":[\"root\",\"Admin\",\"auditor\","
			      "\"\"]," TIMES "}"),
		&claims);
	assert_int_equal(claims.roles, ROLE_AUDITOR);
	refuses_claims("{\"iss\":\"dcs\",\"aud\":\"dcs\",\"sub\":\"billing\",\"roles\":\"admin\"," TIMES "}", "roles");
	refuses_claims("{\"iss\":\"dcs\",\"aud\":\"dcs\",\"sub\":\"billing\",\"roles\":[[\"admin\"]]," TIMES "}", "roles");
}

#define SCOPE(lists) "{\"iss\":\"dcs\",\"aud\":\"dcs\",\"sub\":\"billing\"," lists "," TIMES "}"
#define ACME         "019a0000-0000-7000-8000-000000000001"

static void test_token__a_scope_is_lists_of_words(void **state)
{
	struct token_claims claims;
	struct uuid acme;

	(void)state;
	assert_true(uuid_parse(&acme, STR(ACME)));
	accepts(forge(HEADER, SCOPE("\"roles\":[]")), &claims);
	assert_memory_equal(&claims.scope, &scope_none, sizeof(claims.scope));
	accepts(forge(HEADER, SCOPE("\"creditors\":[\"*\"],\"sources\":[\"*\"]")), &claims);
	assert_memory_equal(&claims.scope, &scope_all, sizeof(claims.scope));
	accepts(forge(HEADER, SCOPE("\"creditors\":[\"" ACME "\"],\"sources\":[\"bank-1\",\"bank-2\"]")), &claims);
	assert_int_equal(claims.scope.creditors_count, 1);
	assert_true(scope_has_creditor(&claims.scope, &acme));
	assert_true(scope_has_source(&claims.scope, STR("bank-2")));
	assert_false(claims.scope.all_creditors || claims.scope.all_sources);
	assert_int_equal(claims.scope.portfolios_count, 0); /* all of theirs */
	accepts(forge(HEADER, SCOPE("\"portfolios\":[\"" ACME "\"],\"creditors\":[\"" ACME "\"]")), &claims);
	assert_int_equal(claims.scope.portfolios_count, 1);
	assert_true(scope_has_debt(&claims.scope, &acme, &acme));
}

static void test_token__a_malformed_scope_is_refused(void **state)
{
	(void)state;
	refuses_claims(SCOPE("\"creditors\":\"*\""), "creditors");
	refuses_claims(SCOPE("\"creditors\":[\"acme\"]"), "creditors");
	refuses_claims(SCOPE("\"creditors\":[\"*\",\"" ACME "\"]"), "creditors");
	refuses_claims(SCOPE("\"creditors\":[7]"), "creditors");
	refuses_claims(SCOPE("\"creditors\":null"), "creditors");
	refuses_claims(SCOPE("\"creditors\":[\"00000000-0000-0000-0000-000000000000\"]"), "creditors");
	refuses_claims(SCOPE("\"creditors\":[\"" ACME "\"],\"portfolios\":[]"), "portfolios"); /* not as if it were not there */
	refuses_claims(SCOPE("\"creditors\":[\"" ACME "\"],\"portfolios\":null"), "portfolios");
	refuses_claims(SCOPE("\"creditors\":[\"" ACME "\"],\"portfolios\":[\"*\"]"), "portfolios");
	refuses_claims(SCOPE("\"creditors\":[\"" ACME "\"],\"portfolios\":{\"" ACME "\":1}"), "portfolios");
	refuses_claims(SCOPE("\"creditors\":[\"*\"],\"portfolios\":[\"" ACME "\"]"), "portfolios");
	refuses_claims(SCOPE("\"portfolios\":[\"" ACME "\"]"), "portfolios");
	refuses_claims(SCOPE("\"sources\":\"bank-1\""), "sources");
	refuses_claims(SCOPE("\"sources\":[\"bank-1\",\"*\"]"), "sources");
	refuses_claims(SCOPE("\"sources\":[\"\"]"), "sources");
	refuses_claims(SCOPE("\"sources\":[\"a,b\"]"), "sources");
	refuses_claims(SCOPE("\"sources\":{\"bank-1\":true}"), "sources");
}

static void test_token__an_account_has_a_version(void **state)
{
	struct token_claims claims;

	(void)state;
	accepts(forge(HEADER, CLAIMS), &claims);
	assert_int_equal(claims.version, 0);
	accepts(forge(HEADER, SCOPE("\"ver\":7")), &claims);
	assert_int_equal(claims.version, 7);
	refuses_claims(SCOPE("\"ver\":-1"), "ver");
	refuses_claims(SCOPE("\"ver\":\"7\""), "ver");
	refuses_claims(SCOPE("\"ver\":7.0"), "ver");
	refuses_claims(SCOPE("\"ver\":null"), "ver");
}

static void test_token__the_longest_subject_fits_and_one_more_does_not(void **state)
{
	char claims_text[512];
	struct token_claims claims;

	(void)state;
	for (int size = TOKEN_SUBJECT_MAX; size <= TOKEN_SUBJECT_MAX + 1; size++) {
		(void)snprintf(claims_text, sizeof(claims_text), "{\"iss\":\"dcs\",\"aud\":\"dcs\",\"sub\":\"%0*d\"," TIMES "}",
			       size, 7);
		if (size == TOKEN_SUBJECT_MAX) {
			accepts(forge(HEADER, claims_text), &claims);
			assert_int_equal(strlen(claims.subject), TOKEN_SUBJECT_MAX);
		} else {
			refuses(forge(HEADER, claims_text), "sub");
		}
	}
}

/* ---- the algorithm (J1, J2, J8) ---- */

static void test_token__alg_none_is_refused_with_and_without_a_signature(void **state)
{
	char token[1024];

	(void)state;
	unsigned_token(token, "{\"alg\":\"none\",\"kid\":\"key-1\",\"typ\":\"JWT\"}", CLAIMS, strlen(CLAIMS));
	refuses(token, "three parts");
	strcat(token, ".");
	refuses(token, "three parts");
	refuses_header("{\"alg\":\"none\",\"kid\":\"key-1\",\"typ\":\"JWT\"}", "alg");
	refuses_header("{\"alg\":\"None\",\"kid\":\"key-1\",\"typ\":\"JWT\"}", "alg");
}

static void test_token__hmac_with_the_public_key_as_secret_is_refused(void **state)
{
	(void)state;
	refuses(hmac_forge("{\"alg\":\"HS256\",\"kid\":\"key-1\",\"typ\":\"JWT\"}", public_pem, strlen(public_pem)),
		"not one of ES256");
	refuses(hmac_forge("{\"alg\":\"HS256\",\"kid\":\"key-1\",\"typ\":\"JWT\"}", "", 0), "not one of ES256");
	/* With a signature of the right size the header says enough. */
	refuses_header("{\"alg\":\"HS256\",\"kid\":\"key-1\",\"typ\":\"JWT\"}", "alg");
}

static void test_token__other_spellings_and_other_algorithms_are_refused(void **state)
{
	(void)state;
	refuses_header("{\"alg\":\"es256\",\"kid\":\"key-1\",\"typ\":\"JWT\"}", "alg");
	refuses_header("{\"alg\":\"ES384\",\"kid\":\"key-1\",\"typ\":\"JWT\"}", "alg");
	refuses_header("{\"alg\":\"ES256 \",\"kid\":\"key-1\",\"typ\":\"JWT\"}", "alg");
	refuses_header("{\"alg\":[\"ES256\"],\"kid\":\"key-1\",\"typ\":\"JWT\"}", "alg");
	refuses_header("{\"kid\":\"key-1\",\"typ\":\"JWT\"}", "alg");
}

static void test_token__a_signature_on_another_curve_is_refused(void **state)
{
	char token[1024];

	(void)state;
	unsigned_token(token, HEADER, CLAIMS, strlen(CLAIMS));
	sign_with(token, key_p384);
	refuses(token, "not one of ES256");
}

/* ---- the signature ---- */

static void test_token__another_key_under_our_kid_is_refused(void **state)
{
	char token[1024];

	(void)state;
	unsigned_token(token, HEADER, CLAIMS, strlen(CLAIMS));
	sign_with(token, key_other);
	refuses(token, "signature is wrong");
}

static void test_token__a_key_in_the_header_is_not_looked_at(void **state)
{
	char header[512];
	char token[2048];

	(void)state;
	(void)snprintf(header, sizeof(header),
		       "{\"alg\":\"ES256\",\"kid\":\"key-1\",\"typ\":\"JWT\",\"jku\":\"https://evil.example/k\","
		       "\"x5u\":\"file:///k\",\"jwk\":{\"kty\":\"EC\"}}");
	unsigned_token(token, header, CLAIMS, strlen(CLAIMS));
	sign_with(token, key_other);
	refuses(token, "signature is wrong");
}

static void test_token__every_changed_byte_is_noticed_also_after_the_token_is_known(void **state)
{
	char token[1024];
	struct token_claims claims;
	struct err err = ERR_INIT;
	size_t size;

	(void)state;
	strcpy(token, forge(HEADER, CLAIMS));
	size = strlen(token);
	accepts(token, &claims);
	accepts(token, &claims);
	for (size_t i = 0; i < size; i++) {
		char kept = token[i];

		token[i] = kept == 'A' ? 'B' : 'A';
		assert_int_equal(token_verify(keys, str_of(token), &claims, &err), -1);
		token[i] = kept;
	}
	assert_int_equal(token_verify(keys, (struct str){ .data = token, .size = size - 1 }, &claims, &err), -1);
	accepts(token, &claims);
	assert_string_equal(claims.subject, "billing");
}

static void test_token__an_all_zero_signature_is_refused(void **state)
{
	char token[1024];

	(void)state;
	unsigned_token(token, HEADER, CLAIMS, strlen(CLAIMS));
	strcat(token, ".");
	for (int i = 0; i < 86; i++)
		strcat(token, "A");
	refuses(token, "signature is wrong");
}

/* ---- the header (J4, J5) ---- */

static void test_token__crit_is_refused(void **state)
{
	(void)state;
	refuses_header("{\"alg\":\"ES256\",\"kid\":\"key-1\",\"typ\":\"JWT\",\"crit\":[\"b64\"],\"b64\":false}", "crit");
	refuses_header("{\"alg\":\"ES256\",\"kid\":\"key-1\",\"typ\":\"JWT\",\"crit\":[]}", "crit");
	refuses_header("{\"alg\":\"ES256\",\"kid\":\"key-1\",\"typ\":\"JWT\",\"crit\":null}", "crit");
}

static void test_token__another_typ_or_none_is_refused(void **state)
{
	(void)state;
	refuses_header("{\"alg\":\"ES256\",\"kid\":\"key-1\"}", "typ");
	refuses_header("{\"alg\":\"ES256\",\"kid\":\"key-1\",\"typ\":\"jwt\"}", "typ");
	refuses_header("{\"alg\":\"ES256\",\"kid\":\"key-1\",\"typ\":\"at+jwt\"}", "typ");
	refuses_header("{\"alg\":\"ES256\",\"kid\":\"key-1\",\"typ\":null}", "typ");
}

static void test_token__a_kid_is_a_name_and_never_a_path(void **state)
{
	(void)state;
	refuses_header("{\"alg\":\"ES256\",\"kid\":\"../key-1\",\"typ\":\"JWT\"}", "kid");
	refuses_header("{\"alg\":\"ES256\",\"kid\":\"/dev/null\",\"typ\":\"JWT\"}", "kid");
	refuses_header("{\"alg\":\"ES256\",\"kid\":\"key-1.pem\",\"typ\":\"JWT\"}", "kid");
	refuses_header("{\"alg\":\"ES256\",\"kid\":\"key-1' OR 1=1\",\"typ\":\"JWT\"}", "kid");
	refuses_header("{\"alg\":\"ES256\",\"kid\":\"\",\"typ\":\"JWT\"}", "kid");
	refuses_header("{\"alg\":\"ES256\",\"kid\":1,\"typ\":\"JWT\"}", "kid");
	refuses_header("{\"alg\":\"ES256\",\"typ\":\"JWT\"}", "kid");
	refuses_header("{\"alg\":\"ES256\",\"kid\":\"0123456789012345678901234567890123456789012345678901234567890123x\",\"typ\":"
		       "\"JWT\"}",
		       "kid");
	refuses_header("{\"alg\":\"ES256\",\"kid\":\"key-2\",\"typ\":\"JWT\"}", "unknown key");
}

static void test_token__duplicate_members_are_refused(void **state)
{
	(void)state;
	refuses_header("{\"alg\":\"none\",\"alg\":\"ES256\",\"kid\":\"key-1\",\"typ\":\"JWT\"}", "each member once");
	refuses_claims("{\"iss\":\"dcs\",\"aud\":\"dcs\",\"sub\":\"billing\",\"sub\":\"admin\"," TIMES "}", "each member once");
	refuses_claims("{\"iss\":\"dcs\",\"aud\":\"dcs\",\"sub\":\"billing\",\"exp\":1," TIMES "}", "each member once");
}

/* ---- the claims (J3) ---- */

static void test_token__missing_claims_are_refused(void **state)
{
	(void)state;
	refuses_claims("{\"aud\":\"dcs\",\"sub\":\"billing\"," TIMES "}", "iss");
	refuses_claims("{\"iss\":\"dcs\",\"sub\":\"billing\"," TIMES "}", "aud");
	refuses_claims("{\"iss\":\"dcs\",\"aud\":\"dcs\"," TIMES "}", "sub");
	refuses_claims("{\"iss\":\"dcs\",\"aud\":\"dcs\",\"sub\":\"billing\",\"iat\":1700000000}", "exp");
	refuses_claims("{\"iss\":\"dcs\",\"aud\":\"dcs\",\"sub\":\"billing\",\"exp\":1700000900}", "iat");
	refuses_claims("{}", "iss");
}

static void test_token__claims_of_others_are_refused(void **state)
{
	(void)state;
	refuses_claims("{\"iss\":\"other\",\"aud\":\"dcs\",\"sub\":\"billing\"," TIMES "}", "iss");
	refuses_claims("{\"iss\":[\"dcs\"],\"aud\":\"dcs\",\"sub\":\"billing\"," TIMES "}", "iss");
	refuses_claims("{\"iss\":\"dcs\",\"aud\":\"dcs-test\",\"sub\":\"billing\"," TIMES "}", "aud");
	refuses_claims("{\"iss\":\"dcs\",\"aud\":\"\",\"sub\":\"billing\"," TIMES "}", "aud");
}

static void test_token__a_subject_is_plain_text(void **state)
{
	(void)state;
	refuses_claims("{\"iss\":\"dcs\",\"aud\":\"dcs\",\"sub\":\"\"," TIMES "}", "sub");
	refuses_claims("{\"iss\":\"dcs\",\"aud\":\"dcs\",\"sub\":7," TIMES "}", "sub");
	refuses_claims("{\"iss\":\"dcs\",\"aud\":\"dcs\",\"sub\":\"a\\nlevel=error\"," TIMES "}", "sub");
	refuses_claims("{\"iss\":\"dcs\",\"aud\":\"dcs\",\"sub\":\"a\\u0000b\"," TIMES "}", "not JSON");
	refuses_claims("{\"iss\":\"dcs\",\"aud\":\"dcs\",\"sub\":\"a\xFF\"," TIMES "}", "not JSON");
}

static void test_token__times_are_whole_seconds_in_range_and_order(void **state)
{
	struct token_claims claims;

	(void)state;
	refuses_claims("{\"iss\":\"dcs\",\"aud\":\"dcs\",\"sub\":\"b\",\"iat\":1700000000,\"exp\":\"1700000900\"}", "exp");
	refuses_claims("{\"iss\":\"dcs\",\"aud\":\"dcs\",\"sub\":\"b\",\"iat\":1700000000,\"exp\":1700000900.5}", "exp");
	refuses_claims("{\"iss\":\"dcs\",\"aud\":\"dcs\",\"sub\":\"b\",\"iat\":1700000000,\"exp\":-1}", "exp");
	refuses_claims("{\"iss\":\"dcs\",\"aud\":\"dcs\",\"sub\":\"b\",\"iat\":1700000000,\"exp\":9223372036854775807}", "exp");
	refuses_claims("{\"iss\":\"dcs\",\"aud\":\"dcs\",\"sub\":\"b\",\"iat\":1700000000,\"exp\":92233720368547758070}", "");
	refuses_claims("{\"iss\":\"dcs\",\"aud\":\"dcs\",\"sub\":\"b\",\"iat\":1700000000,\"exp\":null}", "exp");
	refuses_claims("{\"iss\":\"dcs\",\"aud\":\"dcs\",\"sub\":\"b\",\"iat\":1700000000,\"exp\":1699999999}", "before iat");
	refuses_claims("{\"iss\":\"dcs\",\"aud\":\"dcs\",\"sub\":\"b\",\"iat\":1700000000,\"exp\":1700086401}",
		       "a day after iat");
	accepts(forge(HEADER, "{\"iss\":\"dcs\",\"aud\":\"dcs\",\"sub\":\"b\",\"iat\":1700000000,\"exp\":1700086400}"), &claims);
	refuses_claims("{\"iss\":\"dcs\",\"aud\":\"dcs\",\"sub\":\"b\",\"nbf\":\"x\"," TIMES "}", "nbf");
	refuses_claims("{\"iss\":\"dcs\",\"aud\":\"dcs\",\"sub\":\"b\",\"nbf\":null," TIMES "}", "nbf");
}

static void test_token__claims_are_one_object(void **state)
{
	(void)state;
	refuses_claims("[" CLAIMS "]", "");
	refuses_claims("\"dcs\"", "");
	refuses_claims(CLAIMS "{}", "");
	refuses_claims("{\"iss\":", "");
}

static void test_token__validity_is_judged_at_the_records_time(void **state)
{
	struct token_claims claims = { .issued_at_ms = 1000000000, .expires_at_ms = 2000000000 };

	(void)state;
	assert_true(token_is_valid_at(&claims, 1500000000));
	assert_true(token_is_valid_at(&claims, 2000060000));
	assert_false(token_is_valid_at(&claims, 2000060001));
	assert_true(token_is_valid_at(&claims, 999940000));
	assert_false(token_is_valid_at(&claims, 999939999));
	claims.not_before_ms = 1600000000;
	assert_false(token_is_valid_at(&claims, 1599939999));
	assert_true(token_is_valid_at(&claims, 1599940000));
}

/* ---- the text (J7) ---- */

static void test_token__one_over_the_size_limit_is_refused(void **state)
{
	char claims_text[TOKEN_SIZE_MAX + 1];
	struct token_claims claims;
	const char *token = "";
	int accepted = 0;

	(void)state;
	for (int padding = 5900; strlen(token) <= TOKEN_SIZE_MAX; padding++) {
		(void)snprintf(claims_text, sizeof(claims_text),
			       "{\"iss\":\"dcs\",\"aud\":\"dcs\",\"sub\":\"billing\"," TIMES ",\"pad\":\"%0*d\"}", padding, 0);
		token = forge(HEADER, claims_text);
		if (strlen(token) <= TOKEN_SIZE_MAX) {
			accepts(token, &claims);
			accepted++;
		}
	}
	assert_true(accepted > 0);
	assert_in_range(strlen(token), TOKEN_SIZE_MAX + 1, TOKEN_SIZE_MAX + 2);
	refuses(token, "longer");
}

static void test_token__the_text_is_exactly_three_parts_of_base64url(void **state)
{
	char token[1024];
	char changed[1100];

	(void)state;
	strcpy(token, forge(HEADER, CLAIMS));
	refuses("", "three parts");
	refuses("..", "three parts");
	refuses("Bearer", "three parts");
	(void)snprintf(changed, sizeof(changed), "%s.%s", token, "AAAA");
	refuses(changed, "three parts");
	(void)snprintf(changed, sizeof(changed), "%s=", token);
	refuses(changed, "three parts");
	(void)snprintf(changed, sizeof(changed), " %s", token);
	refuses(changed, "three parts");
	(void)snprintf(changed, sizeof(changed), "%s\n", token);
	refuses(changed, "three parts");
	refuses_str((struct str){ .data = token, .size = strlen(token) + 1 }, "three parts");
}

static void test_token__a_second_spelling_of_the_same_bytes_is_refused(void **state)
{
	/* 85 bytes of claims leave four unused bits in the last digit. */
	static const char claims_text[] = "{\"iss\":\"dcs\",\"aud\":\"dcs\",\"sub\":\"b\",\"x\":\"123456789\"," TIMES "}";
	char token[1024];
	struct token_claims claims;
	size_t end;

	(void)state;
	assert_int_equal((sizeof(claims_text) - 1) % 3, 1);
	unsigned_token(token, HEADER, claims_text, sizeof(claims_text) - 1);
	end = strlen(token) - 1;
	assert_int_equal(token[end], 'Q');
	token[end] = 'R';
	sign_with(token, key_1);
	refuses(token, "three parts of base64url");
	token[end] = 'Q';
	token[end + 1] = '\0';
	sign_with(token, key_1);
	accepts(token, &claims);

	/* A, Q, g and w are the last digits that leave the unused bits of a signature zero. */
	end = strlen(token) - 1;
	assert_non_null(strchr("AQgw", token[end]));
	token[end]++;
	refuses(token, "three parts of base64url");
}

/* ---- keys ---- */

static void does_not_load(const char *why)
{
	struct token_keys *loaded = NULL;
	struct err err = ERR_INIT;

	assert_int_equal(token_keys_load(directory, "dcs", "dcs", &loaded, &err), -1);
	assert_null(loaded);
	assert_int_equal(err.kind, ERR_FATAL);
	if (strstr(err.text, why) == NULL)
		fail_msg("refused because of \"%s\", not \"%s\"", err.text, why);
	assert_null(strstr(err.text, directory));
}

static void test_token_keys__bad_files_stop_the_start(void **state)
{
	EVP_PKEY *rsa = EVP_RSA_gen(2048);

	(void)state;
	write_public("z.pem", key_p384);
	does_not_load("P-256");
	write_private("z.pem", 0600, key_p384, NULL);
	does_not_load("P-256");
	write_public("z.pem", rsa);
	does_not_load("P-256");
	write_text("z.pem", "");
	does_not_load("not an unencrypted PEM key");
	write_text("z.pem", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n");
	does_not_load("not an unencrypted PEM key");
	write_text("z.pem", "a shared secret that is long enough for HMAC");
	does_not_load("not an unencrypted PEM key");
	write_private("z.pem", 0600, key_other, "secret");
	does_not_load("not an unencrypted PEM key");
	remove_file("z.pem");
	EVP_PKEY_free(rsa);
}

static void test_token_keys__a_private_key_that_others_may_read_stops_the_start(void **state)
{
	static const mode_t modes[] = { 0644, 0640, 0604, 0620 };

	(void)state;
	for (size_t i = 0; i < COUNT(modes); i++) {
		write_private("z.pem", modes[i], key_other, NULL);
		does_not_load("0600");
		remove_file("z.pem");
	}
}

static void test_token_keys__names_are_key_names(void **state)
{
	char path[128];

	(void)state;
	write_public("a key.pem", key_other);
	does_not_load("name");
	remove_file("a key.pem");
	write_public(".pem", key_other);
	does_not_load("name");
	remove_file(".pem");
	file_path(path, "dir.pem");
	assert_int_equal(mkdir(path, 0700), 0);
	does_not_load("not a file");
	assert_int_equal(rmdir(path), 0);
}

static void test_token_keys__an_empty_directory_and_none_stop_the_start(void **state)
{
	char path[128];
	struct token_keys *loaded = NULL;
	struct err err = ERR_INIT;

	(void)state;
	file_path(path, "empty");
	assert_int_equal(token_keys_load(path, "dcs", "dcs", &loaded, &err), -1);
	assert_int_equal(err.kind, ERR_FATAL);
	assert_int_equal(mkdir(path, 0700), 0);
	err = (struct err)ERR_INIT;
	assert_int_equal(token_keys_load(path, "dcs", "dcs", &loaded, &err), -1);
	assert_int_equal(err.kind, ERR_FATAL);
	assert_non_null(strstr(err.text, "no key"));
	assert_int_equal(rmdir(path), 0);
}

static void test_token_keys__issuer_and_audience_are_named(void **state)
{
	struct token_keys *loaded = NULL;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(token_keys_load(directory, "", "dcs", &loaded, &err), -1);
	assert_int_equal(err.kind, ERR_FATAL);
	assert_int_equal(token_keys_load(directory, "dcs", "", &loaded, &err), -1);
	assert_null(loaded);
}

static void test_token_keys__more_than_there_is_room_for_stop_the_start(void **state)
{
	char name[32];

	(void)state;
	for (int i = 0; i < 32; i++) {
		(void)snprintf(name, sizeof(name), "many-%d.pem", i);
		write_public(name, key_other);
	}
	does_not_load("more than");
	for (int i = 0; i < 32; i++) {
		(void)snprintf(name, sizeof(name), "many-%d.pem", i);
		remove_file(name);
	}
}

/* ---- signing ---- */

static struct token_claims some_claims(void)
{
	return (struct token_claims){ .subject = "clock \"one\"",
				      .roles = ROLE_SYSTEM | ROLE_ADMIN,
				      .issued_at_ms = 1700000000000,
				      .not_before_ms = 1700000001000,
				      .expires_at_ms = 1700000900000 };
}

static void test_token_sign__what_is_signed_verifies(void **state)
{
	struct token_claims claims = some_claims();
	struct token_claims read;
	struct token_keys *signer = NULL;
	struct err err = ERR_INIT;
	char text[1024];

	(void)state;
	write_private("a-signer.pem", 0600, key_other, NULL);
	write_text("notes.txt", "files of other names are not keys");
	if (token_keys_load(directory, "dcs", "dcs", &signer, &err) < 0 ||
	    token_sign(signer, &claims, text, sizeof(text), &err) < 0 || token_verify(signer, str_of(text), &read, &err) < 0)
		fail_msg("%s", err.text);
	assert_string_equal(read.subject, claims.subject);
	assert_int_equal(read.roles, claims.roles);
	assert_int_equal(read.issued_at_ms, claims.issued_at_ms);
	assert_int_equal(read.not_before_ms, claims.not_before_ms);
	assert_int_equal(read.expires_at_ms, claims.expires_at_ms);
	refuses(text, "unknown key"); // the keys loaded before know no a-signer

	assert_int_equal(token_sign(signer, &claims, text, 64, &err), -1);
	assert_int_equal(err.kind, ERR_FATAL);
	token_keys_free(signer);
	remove_file("a-signer.pem");
	remove_file("notes.txt");
}

static void fill(struct scope *scope)
{
	char word[64]; /* more than it says: the compiler counts a number's widest form */

	for (int i = 0; i < SCOPE_CREDITORS_MAX; i++) {
		(void)snprintf(word, sizeof(word), "019a0000-0000-7000-8000-0000000001%02d", i);
		assert_true(scope_add_creditor(scope, str_of(word)));
	}
	for (int i = 0; i < SCOPE_SOURCES_MAX; i++) {
		(void)snprintf(word, sizeof(word), "\"source\" of thirty-two bytes \\%02d", i);
		assert_true(scope_add_source(scope, str_of(word)));
	}
}

static void test_token_sign__a_scope_comes_back(void **state)
{
	struct token_claims claims = some_claims();
	struct token_claims read;
	struct scope scopes[] = { scope_none, scope_all, scope_none };
	struct token_keys *signer = NULL;
	struct err err = ERR_INIT;
	static char text[TOKEN_SIZE_MAX];

	(void)state;
	fill(&scopes[2]);
	write_private("a-signer.pem", 0600, key_other, NULL);
	assert_int_equal(token_keys_load(directory, "dcs", "dcs", &signer, &err), 0);
	for (size_t i = 0; i < COUNT(scopes); i++) {
		claims.scope = scopes[i];
		if (token_sign(signer, &claims, text, sizeof(text), &err) < 0 ||
		    token_verify(signer, str_of(text), &read, &err) < 0)
			fail_msg("%s", err.text);
		assert_memory_equal(&read.scope, &scopes[i], sizeof(read.scope));
		assert_true(strlen(text) <= CACHE_SIZE_MAX);
	}
	token_keys_free(signer);
	remove_file("a-signer.pem");
}

static void test_token_sign__needs_a_private_key_and_claims_that_verify(void **state)
{
	struct token_claims claims = some_claims();
	struct token_keys *signer = NULL;
	struct err err = ERR_INIT;
	char text[1024];

	(void)state;
	assert_int_equal(token_sign(keys, &claims, text, sizeof(text), &err), -1);
	assert_int_equal(err.kind, ERR_FATAL);

	write_private("a-signer.pem", 0600, key_other, NULL);
	assert_int_equal(token_keys_load(directory, "dcs", "dcs", &signer, &err), 0);
	claims.subject[0] = '\0';
	assert_int_equal(token_sign(signer, &claims, text, sizeof(text), &err), -1);
	assert_int_equal(err.kind, ERR_POISON);
	claims = some_claims();
	claims.expires_at_ms = claims.issued_at_ms - 1000;
	assert_int_equal(token_sign(signer, &claims, text, sizeof(text), &err), -1);
	assert_int_equal(err.kind, ERR_POISON);
	token_keys_free(signer);
	remove_file("a-signer.pem");
}

/* ---- one key after another ---- */

/* Two looks, as a change needs. */
static bool look_twice(struct token_keys *looking)
{
	struct err err = ERR_INIT;
	bool first = true, second = false;

	if (token_keys_look(looking, &first, &err) < 0 || token_keys_look(looking, &second, &err) < 0)
		fail_msg("%s", err.text);
	assert_false(first);
	return second;
}

static void sign_some(struct token_keys *signer, char text[1024])
{
	struct token_claims claims = some_claims();
	struct err err = ERR_INIT;

	if (token_sign(signer, &claims, text, 1024, &err) < 0)
		fail_msg("%s", err.text);
}

static bool is_taken(struct token_keys *verifier, const char *text)
{
	struct token_claims claims;
	struct err err = ERR_INIT;

	return token_verify(verifier, str_of(text), &claims, &err) == 0;
}

static void rename_file(const char *from, const char *to)
{
	char from_path[128], to_path[128];

	file_path(from_path, from);
	file_path(to_path, to);
	assert_int_equal(rename(from_path, to_path), 0);
}

/* As README.md tells it, with a service that signs and one that verifies, neither of which is started anew. */
static void test_token_keys__one_key_follows_another_while_all_run(void **state)
{
	struct token_keys *signer = NULL, *verifier = NULL;
	struct err err = ERR_INIT;
	char by_old[1024], by_new[1024];

	(void)state;
	write_private("old.pem", 0600, key_1, NULL);
	assert_int_equal(token_keys_load(directory, "dcs", "dcs", &signer, &err), 0);
	assert_int_equal(token_keys_load(directory, "dcs", "dcs", &verifier, &err), 0);
	assert_false(look_twice(verifier));

	write_private("a-new.next.pem", 0600, key_other, NULL); /* before "old" in order, and still it does not sign */
	assert_true(look_twice(signer) && look_twice(verifier));
	sign_some(signer, by_old);
	assert_non_null(strstr(by_old, "eyJhbGciOiJFUzI1NiIsImtpZCI6Im9sZCI")); /* {"alg":"ES256","kid":"old" */
	assert_true(is_taken(verifier, by_old));

	rename_file("a-new.next.pem", "a-new.pem");
	assert_true(look_twice(signer));
	sign_some(signer, by_new);
	assert_string_not_equal(by_new, by_old);
	assert_true(is_taken(verifier, by_new)); /* which knows it as the next one still */

	remove_file("old.pem");
	assert_true(look_twice(verifier));
	assert_true(is_taken(verifier, by_new));
	assert_false(is_taken(verifier, by_old)); /* though it was verified before */
	token_keys_free(signer);
	token_keys_free(verifier);
	remove_file("a-new.pem");
}

static void test_token_own__is_signed_anew_when_it_grows_old_and_when_the_keys_change(void **state)
{
	static struct own_token own;
	struct token_keys *signer = NULL;
	struct err err = ERR_INIT;
	char first[1024], second[1024];

	(void)state;
	write_private("a-signer.pem", 0600, key_1, NULL);
	assert_int_equal(token_keys_load(directory, "dcs", "dcs", &signer, &err), 0);
	assert_int_equal(own_token_renew(&own, signer, "clock", ROLE_SYSTEM, 60000, 1700000000000, &err), 0);
	strcpy(first, own.text);
	assert_int_equal(own_token_renew(&own, signer, "clock", ROLE_SYSTEM, 60000, 1700000029999, &err), 0);
	assert_string_equal(own.text, first);
	assert_int_equal(own_token_renew(&own, signer, "clock", ROLE_SYSTEM, 60000, 1700000030000, &err), 0);
	assert_string_not_equal(own.text, first);
	assert_int_equal(own_token_renew(&own, signer, "clock", ROLE_SYSTEM, 60000, 1700000029000, &err), 0);
	strcpy(second, own.text);
	assert_int_equal(own_token_renew(&own, signer, "clock", ROLE_SYSTEM, 60000, 1699999940000, &err), 0);
	assert_string_not_equal(own.text, second); /* it was issued in what is the future now */
	assert_int_equal(own_token_renew(&own, signer, "clock", ROLE_SYSTEM, 60000, 1700000030000, &err), 0);
	strcpy(second, own.text);
	remove_file("a-signer.pem");
	write_private("b-signer.pem", 0600, key_other, NULL);
	assert_true(look_twice(signer));
	assert_int_equal(own_token_renew(&own, signer, "clock", ROLE_SYSTEM, 60000, 1700000030001, &err), 0);
	assert_string_not_equal(own.text, second);
	assert_true(is_taken(signer, own.text));
	token_keys_free(signer);
	remove_file("b-signer.pem");
}

static void test_token_keys__a_broken_file_changes_nothing_while_running(void **state)
{
	struct token_keys *looking = NULL;
	struct err err = ERR_INIT;
	bool changed;

	(void)state;
	assert_int_equal(token_keys_load(directory, "dcs", "dcs", &looking, &err), 0);
	write_text("half.pem", "-----BEGIN PUBLIC KEY-----\nMFkw");
	for (int i = 0; i < 3; i++) {
		assert_int_equal(token_keys_look(looking, &changed, &err), -1);
		assert_false(changed);
	}
	remove_file("half.pem");
	write_public("key-1.next.pem", key_other); /* two of one name */
	assert_int_equal(token_keys_look(looking, &changed, &err), -1);
	remove_file("key-1.next.pem");
	assert_false(look_twice(looking));
	assert_true(is_taken(looking, forge(HEADER, CLAIMS)));
	token_keys_free(looking);
}

static void test_token_keys__the_set_shows_public_points_and_nothing_else(void **state)
{
	struct token_keys *signer = NULL;
	struct err err = ERR_INIT;
	unsigned char point[65];
	char x[64];
	size_t size;
	struct buf buf;

	(void)state;
	write_private("z.next.pem", 0600, key_other, NULL);
	assert_int_equal(token_keys_load(directory, "dcs", "dcs", &signer, &err), 0);
	buf_init(&buf, 4096);
	token_keys_write_set(signer, &buf);
	buf_add_u8(&buf, '\0');
	assert_int_equal(EVP_PKEY_get_octet_string_param(key_other, "pub", point, sizeof(point), &size), 1);
	(void)encode(x, point + 1, 32);
	assert_non_null(strstr((char *)buf.data, "\"kid\":\"key-1\""));
	assert_non_null(strstr((char *)buf.data, "\"kid\":\"z\""));
	assert_non_null(strstr((char *)buf.data, x));
	assert_null(strstr((char *)buf.data, "\"d\""));
	buf_release(&buf);
	token_keys_free(signer);
	remove_file("z.next.pem");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_token__a_good_one_gives_its_claims),
		cmocka_unit_test(test_token__the_audience_may_be_one_of_a_list),
		cmocka_unit_test(test_token__unknown_roles_are_passed_over),
		cmocka_unit_test(test_token__a_scope_is_lists_of_words),
		cmocka_unit_test(test_token__a_malformed_scope_is_refused),
		cmocka_unit_test(test_token__an_account_has_a_version),
		cmocka_unit_test(test_token__the_longest_subject_fits_and_one_more_does_not),
		cmocka_unit_test(test_token__alg_none_is_refused_with_and_without_a_signature),
		cmocka_unit_test(test_token__hmac_with_the_public_key_as_secret_is_refused),
		cmocka_unit_test(test_token__other_spellings_and_other_algorithms_are_refused),
		cmocka_unit_test(test_token__a_signature_on_another_curve_is_refused),
		cmocka_unit_test(test_token__another_key_under_our_kid_is_refused),
		cmocka_unit_test(test_token__a_key_in_the_header_is_not_looked_at),
		cmocka_unit_test(test_token__every_changed_byte_is_noticed_also_after_the_token_is_known),
		cmocka_unit_test(test_token__an_all_zero_signature_is_refused),
		cmocka_unit_test(test_token__crit_is_refused),
		cmocka_unit_test(test_token__another_typ_or_none_is_refused),
		cmocka_unit_test(test_token__a_kid_is_a_name_and_never_a_path),
		cmocka_unit_test(test_token__duplicate_members_are_refused),
		cmocka_unit_test(test_token__missing_claims_are_refused),
		cmocka_unit_test(test_token__claims_of_others_are_refused),
		cmocka_unit_test(test_token__a_subject_is_plain_text),
		cmocka_unit_test(test_token__times_are_whole_seconds_in_range_and_order),
		cmocka_unit_test(test_token__claims_are_one_object),
		cmocka_unit_test(test_token__validity_is_judged_at_the_records_time),
		cmocka_unit_test(test_token__one_over_the_size_limit_is_refused),
		cmocka_unit_test(test_token__the_text_is_exactly_three_parts_of_base64url),
		cmocka_unit_test(test_token__a_second_spelling_of_the_same_bytes_is_refused),
		cmocka_unit_test(test_token_keys__bad_files_stop_the_start),
		cmocka_unit_test(test_token_keys__a_private_key_that_others_may_read_stops_the_start),
		cmocka_unit_test(test_token_keys__names_are_key_names),
		cmocka_unit_test(test_token_keys__an_empty_directory_and_none_stop_the_start),
		cmocka_unit_test(test_token_keys__issuer_and_audience_are_named),
		cmocka_unit_test(test_token_keys__more_than_there_is_room_for_stop_the_start),
		cmocka_unit_test(test_token_sign__what_is_signed_verifies),
		cmocka_unit_test(test_token_sign__a_scope_comes_back),
		cmocka_unit_test(test_token_sign__needs_a_private_key_and_claims_that_verify),
		cmocka_unit_test(test_token_keys__one_key_follows_another_while_all_run),
		cmocka_unit_test(test_token_own__is_signed_anew_when_it_grows_old_and_when_the_keys_change),
		cmocka_unit_test(test_token_keys__a_broken_file_changes_nothing_while_running),
		cmocka_unit_test(test_token_keys__the_set_shows_public_points_and_nothing_else),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
