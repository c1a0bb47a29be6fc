#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/array.h"
#include "producers/api/http/client_address.h"

static void then_is(const char *trusted, const char *peer, const char *forwarded_for, const char *wanted)
{
	char address[CLIENT_ADDRESS_SIZE];
	struct err err = ERR_INIT;
	struct proxies proxies;

	if (proxies_read(&proxies, trusted, &err) < 0)
		fail_msg("%s", err.text);
	client_address(&proxies, peer, str_of(forwarded_for), address);
	assert_string_equal(address, wanted);
}

static void test_client_address__without_trust_the_peer_is_who_calls(void **state)
{
	(void)state;
	then_is("", "192.0.2.7", "", "192.0.2.7");
	then_is("", "192.0.2.7", "198.51.100.1", "192.0.2.7");
	then_is("10.0.0.1", "192.0.2.7", "198.51.100.1", "192.0.2.7");
}

static void test_client_address__a_trusted_proxy_is_believed_as_far_as_the_next_stranger(void **state)
{
	(void)state;
	then_is("127.0.0.1", "127.0.0.1", "198.51.100.1", "198.51.100.1");
	then_is("127.0.0.1", "127.0.0.1", "", "127.0.0.1");
	/* The caller has sent the first: only what a proxy of ours added counts. */
	then_is("127.0.0.1", "127.0.0.1", "203.0.113.9, 198.51.100.1", "198.51.100.1");
	then_is("127.0.0.1,10.0.0.0/8", "127.0.0.1", "203.0.113.9, 198.51.100.1 ,\t10.1.2.3", "198.51.100.1");
	/* All of them ours: the first of them has called. */
	then_is("127.0.0.1,10.0.0.0/8", "127.0.0.1", "10.9.9.9,10.1.2.3", "10.9.9.9");
}

static void test_client_address__what_is_no_address_is_not_believed(void **state)
{
	(void)state;
	then_is("127.0.0.1", "127.0.0.1", "unknown", "127.0.0.1");
	then_is("127.0.0.1", "127.0.0.1", "198.51.100.1,", "127.0.0.1");
	then_is("127.0.0.1", "127.0.0.1", "198.51.100.1, _hidden", "127.0.0.1");
	then_is("127.0.0.1", "127.0.0.1", "198.51.100.1:4711", "127.0.0.1");
	then_is("127.0.0.1", "127.0.0.1",
		"1111111111111111111111111111111111111111111111111111111111111111111111111111111111111111", "127.0.0.1");
}

static void test_client_address__ranges_have_edges(void **state)
{
	(void)state;
	then_is("10.1.128.0/17", "10.1.128.0", "192.0.2.1", "192.0.2.1");
	then_is("10.1.128.0/17", "10.1.255.255", "192.0.2.1", "192.0.2.1");
	then_is("10.1.128.0/17", "10.1.127.255", "192.0.2.1", "10.1.127.255");
	then_is("10.1.128.0/17", "10.2.128.0", "192.0.2.1", "10.2.128.0");
	then_is("0.0.0.0/0", "203.0.113.5", "192.0.2.1", "192.0.2.1");
	then_is("0.0.0.0/0", "2001:db8::1", "192.0.2.1", "2001:db8::/64");
	then_is("2001:db8::/33", "2001:db8:7fff::1", "192.0.2.1", "192.0.2.1");
	then_is("2001:db8::/33", "2001:db8:8000::1", "192.0.2.1", "2001:db8:8000::/64");
}

static void test_client_address__one_address_has_one_name(void **state)
{
	(void)state;
	then_is("", "::ffff:192.0.2.7", "", "192.0.2.7");
	then_is("::ffff:127.0.0.1", "127.0.0.1", "192.0.2.1", "192.0.2.1");
	then_is("", "2001:db8:1:2:3:4:5:6", "", "2001:db8:1:2::/64");
	then_is("", "2001:db8:1:2:ffff::1", "", "2001:db8:1:2::/64");
}

static void test_client_address__bad_lists_stop_the_start(void **state)
{
	static const char *const wrong[] = { "localhost", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/",
					     "::/129",    "10.0.0.1,,",  ",",           "10.0.0.0/8/8" };
	struct proxies proxies;

	(void)state;
	for (size_t i = 0; i < COUNT(wrong); i++) {
		struct err err = ERR_INIT;

		if (proxies_read(&proxies, wrong[i], &err) != -1)
			fail_msg("%s was taken", wrong[i]);
		assert_int_equal(err.kind, ERR_FATAL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_client_address__without_trust_the_peer_is_who_calls),
		cmocka_unit_test(test_client_address__a_trusted_proxy_is_believed_as_far_as_the_next_stranger),
		cmocka_unit_test(test_client_address__what_is_no_address_is_not_believed),
		cmocka_unit_test(test_client_address__ranges_have_edges),
		cmocka_unit_test(test_client_address__one_address_has_one_name),
		cmocka_unit_test(test_client_address__bad_lists_stop_the_start),
	};

	return cmocka_run_group_tests_name("client address", tests, NULL, NULL);
}
