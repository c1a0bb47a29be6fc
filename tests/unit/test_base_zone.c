#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/array.h"
#include "base/day.h"
#include "base/zone.h"

#define GOLDEN  "build/gen/tests/unit/zone_golden.txt"
#define FROM_S  (8 * 3600)
#define TO_S    (21 * 3600)
#define MINUTES (34 * 60)

static struct zones zones;
static struct err err;

static int setup(void **state)
{
	(void)state;
	return zones_load(&zones, ZONE_FOLDER, &err);
}

static int teardown(void **state)
{
	(void)state;
	zones_release(&zones);
	return 0;
}

static const struct zone *zone_named(const char *name)
{
	const struct zone *zone = zones_find(&zones, str_of(name));

	assert_non_null(zone);
	return zone;
}

static int64_t instant(const char *text)
{
	int64_t instant_ms;

	assert_true(instant_parse(str_of(text), &instant_ms));
	return instant_ms;
}

/* ---- every zone, the nights in which the clocks change, each minute: the oracle is Python's zoneinfo ---- */

struct minute {
	int32_t offset_s;
	bool is_fit;
};

/* One line of the golden file, spread out to minutes. Returns the number of minutes. */
static size_t spread(char *parts, struct minute minutes[MINUTES])
{
	struct minute now = { 0 };
	size_t count = 0;
	char *rest = NULL;

	for (char *part = strtok_r(parts, " \n", &rest); part != NULL; part = strtok_r(NULL, " \n", &rest)) {
		unsigned minute;
		int offset_s;
		int is_fit;

		assert_int_equal(sscanf(part, "%u,%d,%d", &minute, &offset_s, &is_fit), 3);
		while (count < minute)
			minutes[count++] = now;
		now = (struct minute){ .offset_s = offset_s, .is_fit = is_fit != 0 };
	}
	while (count < MINUTES)
		minutes[count++] = now;
	return count;
}

static void compare_minutes(const struct zone *zone, int64_t start_ms, const struct minute minutes[MINUTES])
{
	int64_t next_ms = ZONE_NEVER;
	int64_t end_ms = ZONE_NEVER;

	for (size_t index = MINUTES; index-- > 0;) {
		int64_t now_ms = start_ms + (int64_t)index * 60000;
		int32_t second = zone_second(zone, now_ms);

		next_ms = minutes[index].is_fit ? now_ms : next_ms;
		end_ms = minutes[index].is_fit ? end_ms : now_ms;
		if (zone_offset_s(zone, now_ms) != minutes[index].offset_s)
			fail_msg("%s at %lld: offset %d, not %d", zone->name, (long long)now_ms, zone_offset_s(zone, now_ms),
				 minutes[index].offset_s);
		if ((second >= FROM_S && second < TO_S) != minutes[index].is_fit)
			fail_msg("%s at %lld: it is second %d", zone->name, (long long)now_ms, second);
		if (next_ms != ZONE_NEVER && zone_next_within(zone, now_ms, FROM_S, TO_S) != next_ms)
			fail_msg("%s at %lld: the next fit minute is %lld", zone->name, (long long)now_ms, (long long)next_ms);
		if (end_ms != ZONE_NEVER && zone_next_outside(zone, now_ms, FROM_S, TO_S) != end_ms)
			fail_msg("%s at %lld: the next unfit minute is %lld", zone->name, (long long)now_ms, (long long)end_ms);
	}
}

static void test_zone__agrees_with_zoneinfo_in_every_minute_of_the_nights_of_change(void **state)
{
	static struct minute minutes[MINUTES];
	static char line[1 << 16];
	const char *path = getenv("ZONE_GOLDEN");
	FILE *golden = fopen(path == NULL ? GOLDEN : path, "r");
	size_t nights = 0;

	(void)state;
	assert_non_null(golden);
	while (fgets(line, sizeof(line), golden) != NULL) {
		char *rest = NULL;
		const char *name = strtok_r(line, " ", &rest);
		const struct zone *zone = zone_named(name);
		int64_t start_ms = strtoll(strtok_r(NULL, " ", &rest), NULL, 10) * 1000;

		assert_int_equal(spread(rest, minutes), MINUTES);
		compare_minutes(zone, start_ms, minutes);
		nights++;
	}
	assert_int_equal(fclose(golden), 0);
	assert_true(nights > 600);
}

static void test_zone__the_days_begin_where_zoneinfo_says(void **state)
{
	(void)state;
	assert_int_equal(zone_day_begins(zone_named("Europe/Berlin"), day_of(2026, 3, 29)), instant("2026-03-28T23:00:00Z"));
	assert_int_equal(zone_day_begins(zone_named("Europe/Berlin"), day_of(2026, 3, 30)), instant("2026-03-29T22:00:00Z"));
	/* Beirut sets its clocks at midnight: the day begins at 01:00. */
	assert_int_equal(zone_day_begins(zone_named("Asia/Beirut"), day_of(2026, 3, 29)), instant("2026-03-28T22:00:00Z"));
	assert_int_equal(zone_second(zone_named("Asia/Beirut"), instant("2026-03-28T22:00:00Z")), 3600);
	/* Samoa had no 30 December 2011. */
	assert_int_equal(zone_day_begins(zone_named("Pacific/Apia"), day_of(2011, 12, 30)), instant("2011-12-30T10:00:00Z"));
	assert_int_equal(zone_day(zone_named("Pacific/Apia"), instant("2011-12-30T10:00:00Z")), day_of(2011, 12, 31));
	assert_int_equal(zone_day(zone_named("Pacific/Apia"), instant("2011-12-30T09:59:59Z")), day_of(2011, 12, 29));
}

static void test_zone__a_window_that_is_empty_is_never_met(void **state)
{
	(void)state;
	assert_true(zone_next_within(zone_named("Europe/Berlin"), 0, 3600, 3600) == ZONE_NEVER);
	assert_true(zone_next_within(zone_named("Europe/Berlin"), 0, 7200, 3600) == ZONE_NEVER);
	assert_int_equal(zone_next_within(zone_named("UTC"), 1234, 0, 86400), 1234);
	assert_true(zone_next_outside(zone_named("UTC"), 1234, 0, 86400) == ZONE_NEVER);
	assert_int_equal(zone_next_outside(zone_named("UTC"), 1234, 3600, 86400), 1234);
	assert_int_equal(zone_next_outside(zone_named("UTC"), 3600000, 3600, 86400), 86400000);
	/* The hour that spring leaves out is met a day later. */
	assert_int_equal(zone_next_within(zone_named("Europe/Berlin"), instant("2026-03-28T22:00:00Z"), 2 * 3600, 3 * 3600),
			 instant("2026-03-30T00:00:00Z"));
}

static void test_zone__takes_every_instant(void **state)
{
	static const int64_t instants[] = { INT64_MIN, INT64_MIN + 1, -1, 0, 1, INT64_MAX - 1, INT64_MAX };

	(void)state;
	for (size_t index = 0; index < zones.count; index++) {
		for (size_t i = 0; i < COUNT(instants); i++) {
			assert_in_range(zone_second(&zones.items[index], instants[i]), 0, 86399);
			(void)zone_next_within(&zones.items[index], instants[i], FROM_S, TO_S);
			(void)zone_next_outside(&zones.items[index], instants[i], FROM_S, TO_S);
			(void)zone_day(&zones.items[index], instants[i]);
		}
		(void)zone_day_begins(&zones.items[index], INT32_MIN);
		(void)zone_day_begins(&zones.items[index], INT32_MAX);
	}
}

/* ---- hostile files ---- */

static char file[1 << 16];

static size_t read_berlin(void)
{
	FILE *from = fopen(ZONE_FOLDER "/Europe/Berlin", "rb");
	size_t size;

	assert_non_null(from);
	size = fread(file, 1, sizeof(file), from);
	assert_int_equal(fclose(from), 0);
	return size;
}

static bool parses(size_t size)
{
	static struct arena arena;
	struct zone zone;
	int result;

	if (arena.block == NULL)
		assert_int_equal(arena_init(&arena, 1 << 20, &err), 0);
	arena_reset(&arena);
	result = zone_parse(&zone, STR("x"), (struct str){ file, size }, &arena, &err);
	/* What was taken must answer, whatever it says. */
	for (int64_t at_ms = 0; result == 0 && at_ms < 4000000000000; at_ms += 250000000000) {
		assert_in_range(zone_second(&zone, at_ms), 0, 86399);
		(void)zone_next_within(&zone, at_ms, FROM_S, TO_S);
		(void)zone_next_outside(&zone, at_ms, FROM_S, TO_S);
		(void)zone_day_begins(&zone, (int32_t)(at_ms / DAY_MS));
	}
	return result == 0;
}

static void test_zone_parse__refuses_a_file_cut_anywhere(void **state)
{
	size_t size = read_berlin();

	(void)state;
	assert_true(parses(size));
	for (size_t cut = 0; cut < size; cut++)
		assert_false(parses(cut));
}

static void test_zone_parse__any_byte_may_be_wrong(void **state)
{
	size_t size = read_berlin();

	(void)state;
	for (size_t index = 0; index < size; index++) {
		char kept = file[index];

		for (unsigned value = 0; value < 256; value += 15) {
			file[index] = (char)value;
			(void)parses(size);
		}
		file[index] = kept;
	}
	assert_true(parses(size));
}

/* A file of one type and no changes, with this last line. */
static bool takes_rule(const char *rule)
{
	static char block[44 + 6 + 4] = "TZif2";
	size_t block_size = sizeof(block);

	block[39] = 1; /* type */
	block[43] = 4; /* letters */
	memcpy(block + 44 + 6, "UTC", 4);
	memcpy(file, block, block_size);
	memcpy(file + block_size, block, block_size);
	return parses(2 * block_size + (size_t)snprintf(file + 2 * block_size, 1000, "\n%s\n", rule));
}

static void test_zone_parse__reads_each_form_of_a_rule(void **state)
{
	static const char *const good[] = { "",
					    "UTC0",
					    "<+0330>-3:30",
					    "EST5EDT,M3.2.0,M11.1.0",
					    "IST-1GMT0,M10.5.0,M3.5.0/1",
					    "<-02>2<-01>,M3.5.0/-1,M10.5.0/0",
					    "XXX3EDT4,0/0,J365/23",
					    "AAA-25:59:59BBB,J1/-167,365/+167:59:59" };
	static const char *const bad[] = { "U0",
					   "UTC",
					   "UTC0 ",
					   "UTC26",
					   "<+03-3",
					   "EST5EDT",
					   "EST5EDT,M3.2.0",
					   "EST5EDT,M0.2.0,M11.1.0",
					   "EST5EDT,M13.2.0,M11.1.0",
					   "EST5EDT,M3.6.0,M11.1.0",
					   "EST5EDT,M3.0.0,M11.1.0",
					   "EST5EDT,M3.2.7,M11.1.0",
					   "EST5EDT,J0,J366",
					   "EST5EDT,0,366",
					   "EST5EDT,0/168,1",
					   "EST5EDT,0/1:60,1",
					   "EST5EDT,0/,1" };

	(void)state;
	for (size_t index = 0; index < COUNT(good); index++)
		assert_true(takes_rule(good[index]));
	for (size_t index = 0; index < COUNT(bad); index++)
		assert_false(takes_rule(bad[index]));
}

static void test_zones_load__says_what_is_missing(void **state)
{
	struct zones none;

	(void)state;
	assert_int_equal(zones_load(&none, "/nonexistent", &err), -1);
	assert_int_equal(err.kind, ERR_FATAL);
	assert_null(zones_find(&zones, STR("Europe/Atlantis")));
	assert_null(zones_find(&zones, STR("")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_zone__agrees_with_zoneinfo_in_every_minute_of_the_nights_of_change),
		cmocka_unit_test(test_zone__the_days_begin_where_zoneinfo_says),
		cmocka_unit_test(test_zone__a_window_that_is_empty_is_never_met),
		cmocka_unit_test(test_zone__takes_every_instant),
		cmocka_unit_test(test_zone_parse__refuses_a_file_cut_anywhere),
		cmocka_unit_test(test_zone_parse__any_byte_may_be_wrong),
		cmocka_unit_test(test_zone_parse__reads_each_form_of_a_rule),
		cmocka_unit_test(test_zones_load__says_what_is_missing),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
