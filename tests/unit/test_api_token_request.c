/* What a client asks of the token endpoint: the form, HTTP Basic, and what is none of both. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/array.h"
#include "crypto/crypto.h"
#include "model/command.h"
#include "producers/api/auth/token_request.h"

#define FORM   "application/x-www-form-urlencoded"
#define ID     "019a0000-0000-7000-8000-0000000000aa"
#define SECRET "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8" /* bytes 0 to 31 */
/* base64 of ID:SECRET */
#define BASIC  "Basic MDE5YTAwMDAtMDAwMC03MDAwLTgwMDAtMDAwMDAwMDAwMGFhOkFBRUNBd1FGQmdjSUNRb0xEQTBPRHhBUkVoTVVGUllYR0JrYUd4d2RIaDg="
#define GRANT  "grant_type=client_credentials"
#define CLIENT "&client_id=" ID "&client_secret=" SECRET

static struct arena arena;
static struct token_request request;
static const char *text;

static int set_up(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	text = NULL;
	return crypto_init(&err) == 0 ? arena_init(&arena, 16 * 1024, &err) : -1;
}

static int tear_down(void **state)
{
	(void)state;
	arena_release(&arena);
	return 0;
}

static enum token_fault ask_as(const char *content_type, const char *authorization, const char *body)
{
	arena_reset(&arena);
	request = (struct token_request){ .roles = 0 };
	return token_request_read(str_of(authorization), str_of(content_type), str_of(body), &arena, &request, &text);
}

static enum token_fault ask(const char *authorization, const char *body)
{
	return ask_as(FORM, authorization, body);
}

static void then_is_the_client(void)
{
	struct uuid id;

	assert_true(uuid_parse(&id, STR(ID)));
	assert_true(uuid_equal(&request.client_id, &id));
	for (size_t i = 0; i < CLIENT_SECRET_SIZE; i++)
		assert_int_equal(request.secret[i], i);
}

static void test_token_request__a_client_says_who_it_is_by_basic_or_in_the_body(void **state)
{
	(void)state;
	assert_int_equal(ask(BASIC, GRANT), TOKEN_FAULT_NONE);
	then_is_the_client();
	assert_false(request.has_scope);
	assert_int_equal(ask("", GRANT CLIENT), TOKEN_FAULT_NONE);
	then_is_the_client();
	assert_int_equal(ask(BASIC, GRANT "&client_id=" ID), TOKEN_FAULT_NONE); /* as some libraries do */
	assert_int_equal(ask_as("Application/X-WWW-Form-URLEncoded; charset=UTF-8", BASIC, GRANT), TOKEN_FAULT_NONE);
}

static void test_token_request__forms_are_decoded(void **state)
{
	(void)state;
	assert_int_equal(ask("", "grant%5Ftype=client%5fcredentials&&x=%C3%A4+b&client_id=019a0000%2D0000-7000-8000-0000000000aa"
				 "&client_secret=" SECRET),
			 TOKEN_FAULT_NONE);
	then_is_the_client();
	/* "019a0000%2D0000-...:..." in the header: its parts are forms' values too */
	assert_int_equal(ask("bAsIc "
			     "MDE5YTAwMDAlMkQwMDAwLTcwMDAtODAwMC0wMDAwMDAwMDAwYWE6QUFFQ0F3UUZCZ2NJQ1FvTERBME9EeEFSRWhNVUZSWVhHQmt"
			     "hR3h3ZEhoOA==",
			     GRANT),
			 TOKEN_FAULT_NONE);
	then_is_the_client();
}

static void test_token_request__a_scope_is_a_list_of_roles(void **state)
{
	(void)state;
	assert_int_equal(ask(BASIC, GRANT "&scope=agent+creditor"), TOKEN_FAULT_NONE);
	assert_true(request.has_scope);
	assert_int_equal(request.roles, ROLE_AGENT | ROLE_CREDITOR);
	assert_int_equal(ask(BASIC, GRANT "&scope="), TOKEN_FAULT_NONE); /* as left out */
	assert_false(request.has_scope);
	assert_int_equal(ask(BASIC, GRANT "&scope=openid"), TOKEN_FAULT_INVALID_SCOPE);
	assert_int_equal(ask(BASIC, GRANT "&scope=agent++creditor"), TOKEN_FAULT_INVALID_SCOPE);
	assert_int_equal(ask(BASIC, GRANT "&scope=+agent"), TOKEN_FAULT_INVALID_SCOPE);
}

static void test_token_request__two_ways_at_once_are_none(void **state)
{
	(void)state;
	assert_int_equal(ask(BASIC, GRANT CLIENT), TOKEN_FAULT_INVALID_REQUEST);
	assert_int_equal(ask(BASIC, GRANT "&client_id=019a0000-0000-7000-8000-0000000000ab"), TOKEN_FAULT_INVALID_REQUEST);
}

static void test_token_request__what_is_no_form_is_an_invalid_request(void **state)
{
	(void)state;
	assert_int_equal(ask(BASIC, ""), TOKEN_FAULT_INVALID_REQUEST);
	assert_int_equal(ask(BASIC, "grant_type="), TOKEN_FAULT_INVALID_REQUEST);
	assert_int_equal(ask(BASIC, GRANT "&" GRANT), TOKEN_FAULT_INVALID_REQUEST);
	assert_int_equal(ask("", GRANT CLIENT "&client_secret=x"), TOKEN_FAULT_INVALID_REQUEST);
	assert_int_equal(ask(BASIC, GRANT "&x=%4"), TOKEN_FAULT_INVALID_REQUEST);
	assert_int_equal(ask(BASIC, GRANT "&x=%zz"), TOKEN_FAULT_INVALID_REQUEST);
	assert_int_equal(ask(BASIC, GRANT "&x=%00"), TOKEN_FAULT_INVALID_REQUEST);
	assert_int_equal(ask(BASIC, GRANT "&x=%ff"), TOKEN_FAULT_INVALID_REQUEST);
	assert_int_equal(ask_as("application/json", BASIC, "{}"), TOKEN_FAULT_INVALID_REQUEST);
	assert_int_equal(ask_as("", BASIC, GRANT), TOKEN_FAULT_INVALID_REQUEST);
	assert_int_equal(ask_as(FORM "x", BASIC, GRANT), TOKEN_FAULT_INVALID_REQUEST);
	assert_non_null(text);
}

static void test_token_request__only_client_credentials_are_served(void **state)
{
	(void)state;
	assert_int_equal(ask(BASIC, "grant_type=password&username=anna&password=x"), TOKEN_FAULT_UNSUPPORTED_GRANT_TYPE);
	assert_int_equal(ask(BASIC, "grant_type=refresh_token"), TOKEN_FAULT_UNSUPPORTED_GRANT_TYPE);
	assert_int_equal(ask(BASIC, "grant_type=Client_Credentials"), TOKEN_FAULT_UNSUPPORTED_GRANT_TYPE);
}

static void test_token_request__who_has_not_our_form_is_no_client(void **state)
{
	static const char *const headers[] = {
		"Basic",        "Basic ",         "Basic MDE5", "Basic M===",
		"Basic MDE5YQ", "Basic MDE5Y-==", "Basic !!!!", "Basic eDp5", /* x:y */
	};

	(void)state;
	for (size_t i = 0; i < COUNT(headers); i++)
		assert_int_equal(ask(headers[i], GRANT), TOKEN_FAULT_INVALID_CLIENT);
	assert_int_equal(ask("Bearer " SECRET, GRANT), TOKEN_FAULT_INVALID_CLIENT);
	assert_int_equal(ask("", GRANT), TOKEN_FAULT_INVALID_CLIENT);
	assert_int_equal(ask("", GRANT "&client_id=" ID), TOKEN_FAULT_INVALID_CLIENT);
	assert_int_equal(ask("", GRANT "&client_id=" ID "&client_secret=" SECRET "A"), TOKEN_FAULT_INVALID_CLIENT);
	assert_int_equal(ask("", GRANT "&client_id=00000000-0000-0000-0000-000000000000&client_secret=" SECRET),
			 TOKEN_FAULT_INVALID_CLIENT);
}

static void test_token_request__a_body_beyond_the_arena_is_refused(void **state)
{
	static char body[16 * 1024];

	(void)state;
	memset(body, 'x', sizeof(body) - 1);
	memcpy(body, GRANT "&x=", strlen(GRANT "&x="));
	assert_int_equal(ask(BASIC, body), TOKEN_FAULT_INVALID_REQUEST);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		TEST(test_token_request__a_client_says_who_it_is_by_basic_or_in_the_body),
		TEST(test_token_request__forms_are_decoded),
		TEST(test_token_request__a_scope_is_a_list_of_roles),
		TEST(test_token_request__two_ways_at_once_are_none),
		TEST(test_token_request__what_is_no_form_is_an_invalid_request),
		TEST(test_token_request__only_client_credentials_are_served),
		TEST(test_token_request__who_has_not_our_form_is_no_client),
		TEST(test_token_request__a_body_beyond_the_arena_is_refused),
	};

	return cmocka_run_group_tests_name("token requests", tests, NULL, NULL);
}
