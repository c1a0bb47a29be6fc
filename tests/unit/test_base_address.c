#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/address.h"
#include "base/array.h"

static void each(const char *const *texts, size_t count, bool (*is_valid)(struct str), bool wanted)
{
	for (size_t index = 0; index < count; index++) {
		if (is_valid(str_of(texts[index])) != wanted)
			fail_msg("\"%s\" should be %s", texts[index], wanted ? "valid" : "refused");
	}
}

static void test_address__an_email_is_one_plain_mailbox(void **state)
{
	static const char *const good[] = { "a@b.de", "anna.maria+x@mail.example.co.uk", "o'neil@example.org", "x_y-z@1and1.com",
					    "a=b?c?=@b.de" };
	static const char *const bad[] = { "",
					   "a",
					   "a@",
					   "@b.de",
					   "a@b",
					   "a@b.",
					   "a@.de",
					   "a@b..de",
					   ".a@b.de",
					   "a.@b.de",
					   "a..b@c.de",
					   "a b@c.de",
					   "a@b c.de",
					   "<a@b.de>",
					   "a@b.de>",
					   "a@b.de\r\nRCPT TO:<evil@example.org>",
					   "a@b.de\n",
					   "a\t@b.de",
					   "a\x7f@b.de",
					   "a@b@c.de",
					   "\"a\"@b.de",
					   "a@[127.0.0.1]",
					   "a@127.0.0.1",
					   "a@-b.de",
					   "a@b-.de",
					   "a@b.de,c@d.de",
					   "a(x)@b.de",
					   "a@b.de\xe2\x80\x8b",
					   "\xc3\xa4@b.de",
					   "=?utf-8?q?x?=@b.de",
					   "a=?b@b.de" };
	char long_local[80];

	(void)state;
	each(good, COUNT(good), address_is_email, true);
	each(bad, COUNT(bad), address_is_email, false);
	memset(long_local, 'a', sizeof(long_local));
	memcpy(long_local + 65, "@b.de", 6);
	assert_false(address_is_email(str_of(long_local)));
	assert_true(address_is_email(str_of(long_local + 1)));
	assert_false(address_is_email(STR("a\0@b.de")));
	assert_false(address_is_email(STR("a@b.de\0")));
}

static void test_address__a_phone_number_is_one_e164_number(void **state)
{
	static const char *const good[] = { "+4930123456", "+12025550123",  "+123456789012345",
					    "+6834000",    "+390612345678", "+2250701020304" };
	static const char *const bad[] = { "",
					   "+",
					   "4930123456",
					   "+0123456789",
					   "+49 30 123456",
					   "+49-30-123456",
					   "+1234567890123456",
					   "+123456",
					   "+4930123456;+4930123457",
					   "+49301234 +49",
					   "+44 0 7700 900123",
					   "+4407700900123",
					   "+3540123456",
					   "+102025550123",
					   "+49170123456\n",
					   "+49a0123456" };

	(void)state;
	each(good, COUNT(good), address_is_phone, true);
	each(bad, COUNT(bad), address_is_phone, false);
	assert_false(address_is_phone(STR("+4930123\0"
					  "456")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_address__an_email_is_one_plain_mailbox),
		cmocka_unit_test(test_address__a_phone_number_is_one_e164_number),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
