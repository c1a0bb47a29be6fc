#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/array.h"
#include "base/conf.h"
#include "tests/unit/captured.h"

static const char *bootstrap;
static int64_t batch;
static bool verbose;
static const char *password;

static const struct conf_row rows[] = {
	{ .name = "kafka.bootstrap", .kind = CONF_TEXT, .target = &bootstrap, .help = "where Kafka is" },
	{ .name = "batch.max_count",
	  .kind = CONF_NUMBER,
	  .default_value = "1000",
	  .target = &batch,
	  .number_min = 1,
	  .number_max = 8000,
	  .help = "commands" },
	{ .name = "verbose", .kind = CONF_SWITCH, .default_value = "no", .target = &verbose, .help = "more" },
	{ .name = "secret",
	  .kind = CONF_TEXT,
	  .default_value = "hush",
	  .target = &password,
	  .is_secret = true,
	  .help = "a secret" },
};

static struct err err;
static enum conf_outcome outcome;
static int argi;

static int set_up(void **state)
{
	(void)state;
	bootstrap = password = NULL;
	batch = -1;
	verbose = true;
	err = (struct err)ERR_INIT;
	outcome = CONF_EXIT_OK;
	argi = -1;
	unsetenv("DCS_KAFKA_BOOTSTRAP");
	unsetenv("DCS_BATCH_MAX_COUNT");
	unsetenv("DCS_VERBOSE");
	unsetenv("DCS_SECRET");
	return 0;
}

#define READ(...) read_arguments((char *[]){ (char[]){ "dcs-test" }, __VA_ARGS__, NULL })
#define ARG(text) ((char[]){ text })

static int read_arguments(char **argv)
{
	int argc = 0;

	while (argv[argc] != NULL)
		argc++;
	return conf_read(rows, COUNT(rows), "A test.", argc, argv, &outcome, &argi, &err);
}

static void fails(int result, const char *why)
{
	assert_int_equal(result, -1);
	assert_int_equal(err.kind, ERR_FATAL);
	if (strstr(err.text, why) == NULL)
		fail_msg("because of \"%s\", not \"%s\"", err.text, why);
	err = (struct err)ERR_INIT;
}

static void test_conf__defaults_then_environment_then_flags(void **state)
{
	(void)state;
	setenv("DCS_KAFKA_BOOTSTRAP", "env:1", 1);
	assert_int_equal(READ(NULL), 0);
	assert_int_equal(outcome, CONF_RUN);
	assert_int_equal(argi, 1);
	assert_string_equal(bootstrap, "env:1");
	assert_int_equal(batch, 1000);
	assert_false(verbose);

	setenv("DCS_BATCH_MAX_COUNT", "7", 1);
	setenv("DCS_VERBOSE", "yes", 1);
	assert_int_equal(READ(ARG("--kafka-bootstrap"), ARG("flag:2"), ARG("--batch-max-count=8"), ARG("--verbose=off"),
			      ARG("rest")),
			 0);
	assert_string_equal(bootstrap, "flag:2");
	assert_int_equal(batch, 8);
	assert_false(verbose);
	assert_int_equal(argi, 5);
}

static void test_conf__a_switch_stands_alone(void **state)
{
	(void)state;
	assert_int_equal(READ(ARG("--verbose"), ARG("--kafka-bootstrap=a=b"), ARG("-")), 0);
	assert_true(verbose);
	assert_string_equal(bootstrap, "a=b");
	assert_int_equal(argi, 3);
}

static void test_conf__two_dashes_end_the_flags(void **state)
{
	(void)state;
	assert_int_equal(READ(ARG("--kafka-bootstrap=x"), ARG("--"), ARG("--help")), 0);
	assert_int_equal(outcome, CONF_RUN);
	assert_int_equal(argi, 3);
}

static void test_conf__an_empty_variable_is_none(void **state)
{
	(void)state;
	setenv("DCS_KAFKA_BOOTSTRAP", "", 1);
	setenv("DCS_BATCH_MAX_COUNT", "", 1);
	fails(READ(NULL), "DCS_KAFKA_BOOTSTRAP or --kafka-bootstrap");
	assert_int_equal(batch, 1000);
}

static void test_conf__bad_values_are_told_by_name_and_never_by_value(void **state)
{
	(void)state;
	setenv("DCS_KAFKA_BOOTSTRAP", "x", 1);
	setenv("DCS_BATCH_MAX_COUNT", "s3cret", 1);
	fails(READ(NULL), "DCS_BATCH_MAX_COUNT: not a whole number");
	assert_null(strstr(err.text, "s3cret"));
	setenv("DCS_BATCH_MAX_COUNT", "0", 1);
	fails(READ(NULL), "not in 1 to 8000");
	unsetenv("DCS_BATCH_MAX_COUNT");
	fails(READ(ARG("--batch-max-count"), ARG("8001")), "--batch-max-count");
	fails(READ(ARG("--batch-max-count")), "needs a value");
	fails(READ(ARG("--batch-max-count=")), "not a whole number");
	fails(READ(ARG("--verbose=perhaps")), "yes or no");
	setenv("DCS_VERBOSE", "2", 1);
	fails(READ(NULL), "DCS_VERBOSE");
}

static void test_conf__unknown_flags_are_refused(void **state)
{
	(void)state;
	setenv("DCS_KAFKA_BOOTSTRAP", "x", 1);
	fails(READ(ARG("--batch")), "--batch");
	fails(READ(ARG("--batch-max-counts=1")), "--batch-max-counts");
	fails(READ(ARG("--kafka.bootstrap=x")), "no such flag");
	fails(READ(ARG("-v")), "no such flag");
	fails(READ(ARG("--secrets=hidden")), "--secrets");
}

static void help(void)
{
	assert_int_equal(READ(ARG("--help")), 0);
}

static void test_conf__help_needs_no_settings_and_hides_secrets(void **state)
{
	char text[8192];

	(void)state;
	setenv("DCS_BATCH_MAX_COUNT", "nonsense", 1);
	captured(STDOUT_FILENO, text, sizeof(text), help);
	assert_int_equal(outcome, CONF_EXIT_OK);
	assert_memory_equal(text, "A test.\n", 8);
	assert_non_null(strstr(text, "--kafka-bootstrap"));
	assert_non_null(strstr(text, "DCS_BATCH_MAX_COUNT"));
	assert_non_null(strstr(text, "where Kafka is"));
	assert_non_null(strstr(text, "\"1000\""));
	assert_null(strstr(text, "hush"));
}

static void show(void)
{
	assert_int_equal(READ(ARG("--verbose"), ARG("--show-config"), ARG("--secret=s3cret")), 0);
}

static void test_conf__show_config_prints_values_and_masks_secrets(void **state)
{
	char text[8192];

	(void)state;
	captured(STDOUT_FILENO, text, sizeof(text), show);
	assert_int_equal(outcome, CONF_EXIT_OK);
	assert_string_equal(text, "kafka.bootstrap = (not given)\nbatch.max_count = 1000\nverbose = yes\nsecret = ***\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_conf__defaults_then_environment_then_flags, set_up),
		cmocka_unit_test_setup(test_conf__a_switch_stands_alone, set_up),
		cmocka_unit_test_setup(test_conf__two_dashes_end_the_flags, set_up),
		cmocka_unit_test_setup(test_conf__an_empty_variable_is_none, set_up),
		cmocka_unit_test_setup(test_conf__bad_values_are_told_by_name_and_never_by_value, set_up),
		cmocka_unit_test_setup(test_conf__unknown_flags_are_refused, set_up),
		cmocka_unit_test_setup(test_conf__help_needs_no_settings_and_hides_secrets, set_up),
		cmocka_unit_test_setup(test_conf__show_config_prints_values_and_masks_secrets, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
