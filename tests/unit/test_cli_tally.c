#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "producers/cli/refused_file.h"
#include "producers/cli/tally.h"

#define WINDOW 8

struct fixture {
	struct tally *tally;
	char told[4096]; /* "17 refused exists|" for each row that was told */
	struct err err;
	struct refused_file refused;
	char folder[64];
};

static struct fixture fixture;

static void tell(void *tell_arg, const struct told *told)
{
	size_t used = strlen(fixture.told);

	(void)tell_arg;
	(void)snprintf(fixture.told + used, sizeof(fixture.told) - used, "%lld %s %.*s [%.*s]|", (long long)told->line,
		       outcome_text(told->outcome), (int)told->reason->code.size, told->reason->code.data, (int)told->text.size,
		       told->text.data);
}

static int set_up(void **state)
{
	(void)state;
	fixture = (struct fixture){ .folder = "/tmp/dcs-refused-XXXXXX" };
	assert_non_null(mkdtemp(fixture.folder));
	return tally_new(WINDOW, tell, NULL, &fixture.tally, &fixture.err);
}

static int tear_down(void **state)
{
	char command[128];

	(void)state;
	tally_free(fixture.tally);
	(void)snprintf(command, sizeof(command), "rm -rf %s", fixture.folder);
	return system(command);
}

static struct uuid id_of(int number)
{
	return (struct uuid){ .bytes = { [8] = 0x80, [15] = (uint8_t)number } };
}

static struct reason because(const char *code)
{
	return (struct reason){ .code = str_of(code), .field = STR("f"), .text = STR("a text") };
}

/* A row of one command, which the brokers have. */
static struct command_sent *given_sent(int line)
{
	struct uuid id = id_of(line);
	char text[16];
	uint32_t row = 0;
	struct command_sent *sent = NULL;

	(void)snprintf(text, sizeof(text), "row %d", line);
	assert_true(tally_has_room(fixture.tally, 1, strlen(text)));
	row = tally_begin(fixture.tally, line, str_of(text), 1);
	sent = tally_add(fixture.tally, row, &id);
	tally_acknowledged(sent, line % 3, line);
	return sent;
}

static void then_summary(const char *expected)
{
	char text[TALLY_SUMMARY_SIZE];

	tally_summary(fixture.tally, text, sizeof(text));
	assert_string_equal(text, expected);
}

static void test_tally__counts_rows_and_tells_the_bad_ones(void **state)
{
	struct reason exists = because("exists"), dead = because("bad_token");

	(void)state;
	tally_end(given_sent(2), OUTCOME_ACCEPTED, NULL);
	tally_end(given_sent(3), OUTCOME_ALREADY, NULL);
	tally_end(given_sent(4), OUTCOME_REFUSED, &exists);
	assert_false(tally_is_good(fixture.tally));
	tally_end(given_sent(5), OUTCOME_DEAD, &dead);
	tally_refuse(fixture.tally, 6, STR("row 6"), &exists);
	assert_string_equal(fixture.told, "4 refused exists [row 4]|5 dead bad_token [row 5]|6 refused exists [row 6]|");
	then_summary("1 accepted, 1 already there, 2 refused (2 exists), 1 dead");
}

static void test_tally__is_good_when_everything_was_accepted_or_there(void **state)
{
	(void)state;
	then_summary("0 accepted, 0 refused");
	tally_end(given_sent(2), OUTCOME_ACCEPTED, NULL);
	tally_end(given_sent(3), OUTCOME_ALREADY, NULL);
	assert_true(tally_is_good(fixture.tally));
	assert_string_equal(fixture.told, "");
}

/* A second person has still to say yes: that is no fault of the row, and no success either. */
static void test_tally__counts_what_is_kept_for_a_second_person_apart(void **state)
{
	const struct uuid ids[] = { id_of(1), id_of(2) };
	uint32_t row = tally_begin(fixture.tally, 4, STR("r"), 2);
	struct command_sent *sent[] = { tally_add(fixture.tally, row, &ids[0]), tally_add(fixture.tally, row, &ids[1]) };

	(void)state;
	tally_end(given_sent(2), OUTCOME_ACCEPTED, NULL);
	tally_end(given_sent(3), OUTCOME_KEPT, NULL);
	tally_end(sent[0], OUTCOME_KEPT, NULL);
	tally_end(sent[1], OUTCOME_ACCEPTED, NULL); /* not all of the row is done */
	then_summary("1 accepted, 2 kept, 0 refused");
	assert_true(tally_is_good(fixture.tally));
	assert_string_equal(fixture.told, "");
}

static void test_tally__ends_a_row_with_its_last_command_and_its_first_bad_outcome(void **state)
{
	uint32_t row = tally_begin(fixture.tally, 9, STR("r"), 3);
	struct uuid ids[] = { id_of(1), id_of(2), id_of(3) };
	struct command_sent *sent[3];
	struct reason first = because("bad_value"), second = because("exists");

	(void)state;
	for (int i = 0; i < 3; i++)
		sent[i] = tally_add(fixture.tally, row, &ids[i]);
	tally_end(sent[0], OUTCOME_REFUSED, &first);
	tally_end(sent[1], OUTCOME_REFUSED, &second);
	then_summary("0 accepted, 0 refused (1 bad_value)");
	tally_end(sent[2], OUTCOME_ACCEPTED, NULL);
	then_summary("0 accepted, 1 refused (1 bad_value)");
	assert_string_equal(fixture.told, "9 refused bad_value [r]|");
}

static void test_tally__keeps_a_place_until_answer_and_acknowledgement_have_come(void **state)
{
	struct command_sent *sent[WINDOW];
	struct uuid ids[WINDOW];

	(void)state;
	for (int i = 0; i < WINDOW; i++) {
		ids[i] = id_of(i);
		sent[i] = tally_add(fixture.tally, tally_begin(fixture.tally, i, STR("r"), 1), &ids[i]);
	}
	assert_false(tally_has_room(fixture.tally, 1, 0));
	tally_end(sent[0], OUTCOME_ACCEPTED, NULL); /* an answer may be there first */
	assert_false(tally_has_room(fixture.tally, 1, 0));
	tally_acknowledged(sent[0], 0, 17);
	assert_true(tally_has_room(fixture.tally, 1, 0));
	assert_null(tally_find(fixture.tally, &ids[0]));
	assert_ptr_equal(tally_find(fixture.tally, &ids[7]), sent[7]);
}

static void test_tally__answers_the_oldest_of_an_id_first(void **state)
{
	struct uuid id = id_of(1);
	struct command_sent *first = tally_add(fixture.tally, tally_begin(fixture.tally, 2, STR("r"), 1), &id);
	struct command_sent *second = tally_add(fixture.tally, tally_begin(fixture.tally, 3, STR("r"), 1), &id);

	(void)state;
	tally_acknowledged(first, 1, 10);
	assert_ptr_equal(tally_find(fixture.tally, &id), first);
	assert_ptr_equal(tally_find_at(fixture.tally, &id, 1, 10), first);
	assert_ptr_equal(tally_find_at(fixture.tally, &id, 1, 11), second); /* not acknowledged yet: it may be there */
	tally_acknowledged(second, 1, 12);
	assert_null(tally_find_at(fixture.tally, &id, 1, 11));
	tally_end(first, OUTCOME_ACCEPTED, NULL);
	assert_ptr_equal(tally_find(fixture.tally, &id), second);
}

static void test_tally__gives_up_what_the_brokers_have_and_leaves_the_rest(void **state)
{
	struct uuid id = id_of(9);
	struct command_sent *unsent = NULL;

	(void)state;
	given_sent(2)->is_waiting = true;
	(void)given_sent(3);
	unsent = tally_add(fixture.tally, tally_begin(fixture.tally, 9, STR("r"), 1), &id);
	tally_give_up(fixture.tally);
	assert_string_equal(fixture.told, "2 waiting waiting [row 2]|3 unanswered unanswered [row 3]|");
	assert_int_equal(tally_counts(fixture.tally)->under_way, 1);
	tally_not_sent(unsent, &(struct reason){ .code = STR("not_sent"), .field = STR(""), .text = STR("t") });
	then_summary("0 accepted, 0 refused, 1 waiting, 1 unanswered, 1 not sent");
}

static void test_tally__abandons_everything_at_the_end(void **state)
{
	struct uuid id = id_of(9);

	(void)state;
	(void)tally_add(fixture.tally, tally_begin(fixture.tally, 9, STR("r"), 1), &id);
	tally_abandon(fixture.tally);
	assert_int_equal(tally_counts(fixture.tally)->under_way, 0);
	assert_false(tally_is_good(fixture.tally));
}

static void test_tally__uses_its_text_room_again(void **state)
{
	size_t size = TALLY_TEXT_SIZE / 2;
	char *text = test_malloc(size);
	struct uuid id = id_of(1);

	(void)state;
	memset(text, 'x', size);
	for (int round = 0; round < 5; round++) {
		struct command_sent *sent = NULL;

		assert_true(tally_has_room(fixture.tally, 1, size));
		sent = tally_add(fixture.tally, tally_begin(fixture.tally, 1, (struct str){ text, size }, 1), &id);
		assert_false(tally_has_room(fixture.tally, 1, size + 1));
		tally_end(sent, OUTCOME_ACCEPTED, NULL);
		tally_acknowledged(sent, 0, 0);
	}
	test_free(text);
}

/* ---- the file of bad rows ---- */

static const char *path_of(const char *name)
{
	static char path[128];

	(void)snprintf(path, sizeof(path), "%s/%s", fixture.folder, name);
	return path;
}

static void then_file(const char *name, const char *expected)
{
	FILE *file = fopen(path_of(name), "r");
	char text[4096] = "";
	struct stat info;

	assert_non_null(file);
	(void)!fread(text, 1, sizeof(text) - 1, file);
	(void)fclose(file);
	assert_string_equal(text, expected);
	assert_int_equal(stat(path_of(name), &info), 0);
	assert_int_equal(info.st_mode & 077, 0); /* rows are personal */
}

static void when_refused(enum refused_form form, const char *asked, const char *beside, const struct told *told)
{
	assert_int_equal(refused_open(&fixture.refused, form, "x.csv", asked, beside, &fixture.err), 0);
	buf_add_text(&fixture.refused.header, form == REFUSED_CSV ? "line,code,field,text,a,b\n" : "");
	refused_add(&fixture.refused, told);
	assert_int_equal(refused_close(&fixture.refused, &fixture.err), 0);
}

static void test_refused_file__has_the_row_behind_its_reason(void **state)
{
	struct reason reason = { .code = STR("bad_date"), .field = STR("due_on"), .text = STR("before, or \"after\"") };

	(void)state;
	when_refused(REFUSED_CSV, path_of("r.csv"), NULL,
		     &(struct told){ .line = 7, .text = STR("1,\"2 3\""), .outcome = OUTCOME_REFUSED, .reason = &reason });
	then_file("r.csv", "line,code,field,text,a,b\n7,bad_date,due_on,\"before, or \"\"after\"\"\",1,\"2 3\"\n");
}

static void test_refused_file__never_overwrites_what_nobody_named(void **state)
{
	struct reason reason = because("exists");
	struct told told = { .line = 7, .text = STR("1,2"), .outcome = OUTCOME_REFUSED, .reason = &reason };

	(void)state;
	when_refused(REFUSED_CSV, "", path_of("d.csv"), &told);
	told.line = 8;
	when_refused(REFUSED_CSV, "", path_of("d.csv"), &told);
	then_file("d.csv.refused.csv", "line,code,field,text,a,b\n7,exists,f,\"a text\",1,2\n");
	then_file("d.csv.refused.2.csv", "line,code,field,text,a,b\n8,exists,f,\"a text\",1,2\n");
}

static void test_refused_file__keeps_the_id_of_what_may_be_done_yet(void **state)
{
	struct reason reason = { .code = STR("unanswered"), .field = STR(""), .text = STR("t") };
	struct uuid id = id_of(1);
	struct told told = { .line = 7, .text = STR(" {\"a\":1}"), .id = &id, .outcome = OUTCOME_UNANSWERED, .reason = &reason };

	(void)state;
	when_refused(REFUSED_JSON, path_of("u"), NULL, &told);
	then_file("u", "{\"$refused\":{\"line\":7,\"code\":\"unanswered\",\"field\":\"\",\"text\":\"t\"},"
		       "\"$id\":\"00000000-0000-0000-8000-000000000001\",\"a\":1}\n");
	told.outcome = OUTCOME_REFUSED; /* its repaired line is another command */
	told.text = STR("{}");
	when_refused(REFUSED_JSON, path_of("u"), NULL, &told);
	then_file("u", "{\"$refused\":{\"line\":7,\"code\":\"unanswered\",\"field\":\"\",\"text\":\"t\"}}\n");
}

static void test_refused_file__says_when_it_cannot_be_written(void **state)
{
	struct reason reason = because("exists");
	struct told told = { .line = 7, .text = STR("1"), .outcome = OUTCOME_REFUSED, .reason = &reason };

	(void)state;
	assert_int_equal(refused_open(&fixture.refused, REFUSED_CSV, "x", path_of("no/such"), NULL, &fixture.err), 0);
	refused_add(&fixture.refused, &told);
	assert_int_equal(refused_close(&fixture.refused, &fixture.err), -1);
	assert_non_null(strstr(fixture.err.text, "cannot write the refused rows"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_tally__counts_rows_and_tells_the_bad_ones, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_tally__is_good_when_everything_was_accepted_or_there, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_tally__counts_what_is_kept_for_a_second_person_apart, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_tally__ends_a_row_with_its_last_command_and_its_first_bad_outcome, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_tally__keeps_a_place_until_answer_and_acknowledgement_have_come, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_tally__answers_the_oldest_of_an_id_first, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_tally__gives_up_what_the_brokers_have_and_leaves_the_rest, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_tally__abandons_everything_at_the_end, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_tally__uses_its_text_room_again, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_refused_file__has_the_row_behind_its_reason, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_refused_file__never_overwrites_what_nobody_named, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_refused_file__keeps_the_id_of_what_may_be_done_yet, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_refused_file__says_when_it_cannot_be_written, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
