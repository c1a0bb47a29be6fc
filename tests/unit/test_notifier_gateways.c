#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdio.h>

#include <cmocka.h>

#include "base/array.h"
#include "bus/bus.h"
#include "consumers/notifier/gateways.h"

static struct gateways gateways;
static struct err err;
static char text[4096];

static int read_text(const char *file)
{
	gateways = (struct gateways){ 0 };
	err = (struct err)ERR_INIT;
	assert_true(str_to_chars(text, sizeof(text), str_of(file)));
	return gateways_read(&gateways, text, &err) == 0 ? gateways_check(&gateways, &err) : -1;
}

#define SMS                                                                                                                      \
	"channel = sms\nkind = kannel\nurl = http://127.0.0.1:1/x\nuser = dcs\nfrom = DCS\ncallback.url = "                      \
	"http://127.0.0.1:2\n"
#define MAIL "channel = email\nkind = smtp\nurl = smtp://127.0.0.1:25/our.name\nfrom = office@collector.example\n"

static void test_gateways__rows_have_their_values_and_defaults(void **state)
{
	(void)state;
	if (read_text("[main]\n" SMS "order = 2\nrate = 7\n[relay-2]\n" MAIL "tls = yes\nbreaker.failures = 9\n") != 0)
		fail_msg("%s", err.text);
	assert_int_equal(gateways.count, 2);
	assert_string_equal(gateways.confs[0].name, "main");
	assert_string_equal(gateways.confs[0].url, "http://127.0.0.1:1/x");
	assert_int_equal(gateways.confs[0].order, 2);
	assert_int_equal(gateways.confs[0].rate, 7);
	assert_int_equal(gateways.confs[0].concurrency, 16);
	assert_string_equal(gateways.confs[1].name, "relay-2");
	assert_true(gateways.confs[1].tls);
	assert_int_equal(gateways.confs[1].order, 1);
	assert_int_equal(gateways.confs[1].failures, 9);
	assert_int_equal(gateways.confs[1].timeout_ms, 30000);
	assert_int_equal(gateways_concurrency(&gateways), 32);
}

static void test_gateways__what_cannot_work_is_refused_with_a_sentence(void **state)
{
	static const struct {
		const char *file, *part;
	} wrong[] = {
		{ "", "names no gateway" },
		{ "[a]\nchannel = letter\nkind = spool\nurl = /tmp\n", "url must be file:///path" },
		{ "[a]\nchannel = letter\nkind = spool\nurl = file:///nowhere/at/all\n", "the folder of letters" },
		{ "[a]\nchannel = letter\nkind = spool\nurl = file:///tmp\n", "open to everybody" },
		{ "[a]\nchannel = letter\nkind = spool\nurl = file:///tmp\npaper = a5\n", "paper must be" },
		{ "[a]\nchannel = letter\nkind = webhook\nurl = https://x.example/\n", "its kind is spool" },
		{ "[a]\nchannel = sms\nkind = spool\nurl = file:///tmp\n", "on channel letter only" },
		{ "# only a comment", "names no gateway" },
		{ "url = x", "line 1: a setting before the first" },
		{ "[a]\nnonsense", "line 2: neither" },
		{ "[a]\n" SMS "colour = red", "line 8: colour: no such setting" },
		{ "[a]\n" SMS "rate = 0", "line 8: rate: 0 is not in" },
		{ "[a]\n" SMS "rate = many", "line 8: rate: not a whole number" },
		{ "[a]\n" SMS "tls = maybe", "line 8: tls: say yes or no" },
		{ "[Two Words]\n" SMS, "a name is" },
		{ "[notifier]\n" SMS, "a name is" },
		{ "[a-name-that-is-longer-than-an-event-has-room]\n" SMS, "a name is" },
		{ "[a]\n" SMS "[a]\n" SMS, "gateway [a]: there are two" },
		{ "[a]\nchannel = sms\n", "kind must be" },
		{ "[a]\n" SMS "kind = pigeon", "kind must be" },
		{ "[a]\n" SMS "channel = voice", "channel must be" },
		{ "[a]\n" SMS "channel = email", "delivers on channel sms only" },
		{ "[a]\n" SMS "url = ftp://127.0.0.1/", "url must begin with http:// or https://" },
		{ "[a]\n" SMS "url = http://", "url has no host" },
		{ "[a]\n" SMS "url = http://127.0.0.1/ x", "a blank" },
		{ "[a]\n" SMS "url = http://me:secret@127.0.0.1/", "url has a login" },
		{ "[a]\n" SMS "url = http://sms.example/send", "without TLS" },
		{ "[a]\n" SMS "url = http://127.0.0.1.sms.example/send", "without TLS" },
		{ "[a]\n" SMS "callback.url =", "callback.url is missing" },
		{ "[a]\n" SMS "breaker.pause.ms = 2000\nbreaker.pause.max.ms = 1000", "less than" },
		{ "[a]\n" MAIL "from = nobody", "from is not an address" },
		{ "[a]\n" MAIL "user = me", "belong together" },
		{ "[a]\n" MAIL "url = smtp://relay.example", "without TLS" },
		{ "[a]\n" MAIL "unsubscribe.url = http://x.example/", "unsubscribe.url must begin with https://" },
		{ "[a]\n" MAIL "unsubscribe.url = https://x.example/?a=b", "have no query" },
		{ "[a]\n" SMS "concurrency = 128\n[b]\n" SMS "concurrency = 128\n[c]\n" MAIL, "more than 256 together" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(wrong); i++) {
		if (read_text(wrong[i].file) == 0 || strstr(err.text, wrong[i].part) == NULL)
			fail_msg("%s: %s", wrong[i].file, err.text);
		assert_int_equal(err.kind, ERR_FATAL);
		assert_null(strstr(err.text, "secret"));
	}
}

static void test_gateways__there_are_not_too_many(void **state)
{
	char many[2048] = "";
	size_t size = 0;

	(void)state;
	for (int i = 0; i <= GATEWAYS_MAX; i++)
		size += (size_t)snprintf(many + size, sizeof(many) - size, "[g%d]\n", i);
	assert_int_equal(read_text(many), -1);
	assert_non_null(strstr(err.text, "line 17: there are too many"));
}

static void test_gateways__tls_or_a_word_permits_another_machine(void **state)
{
	(void)state;
	assert_int_equal(read_text("[a]\n" SMS "url = https://sms.example/send"), 0);
	assert_int_equal(read_text("[a]\n" SMS "url = http://sms.example/send\nplain = yes"), 0);
	assert_int_equal(read_text("[a]\n" MAIL "url = smtps://relay.example"), 0);
	assert_int_equal(read_text("[a]\n" MAIL "url = smtp://relay.example\ntls = yes"), 0);
	assert_int_equal(read_text("[a]\n" MAIL "url = smtp://[::1]:25"), 0);
}

/* The last one: from here on this process is a rehearsal's. */
static void test_gateways__a_rehearsal_has_sinks_and_nothing_else_has_one(void **state)
{
	static const char sink[] = "[a]\nchannel = sms\nkind = sink\nurl = file:///nowhere/sink.jsonl\n";

	(void)state;
	assert_int_equal(read_text(sink), -1);
	assert_non_null(strstr(err.text, "only a rehearsal has one"));
	bus_rehearse();
	assert_int_equal(read_text(sink), 0);
	assert_int_equal(read_text("[a]\n" SMS), -1);
	assert_non_null(strstr(err.text, "nobody must get a message of a rehearsal"));
	assert_int_equal(read_text("[a]\nchannel = sms\nkind = sink\nurl = http://127.0.0.1/\n"), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_gateways__rows_have_their_values_and_defaults),
		cmocka_unit_test(test_gateways__what_cannot_work_is_refused_with_a_sentence),
		cmocka_unit_test(test_gateways__there_are_not_too_many),
		cmocka_unit_test(test_gateways__tls_or_a_word_permits_another_machine),
		cmocka_unit_test(test_gateways__a_rehearsal_has_sinks_and_nothing_else_has_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
