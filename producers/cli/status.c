/* `dcs status`: how far everything is, and what is wrong. */
#include <stdio.h>

#include "base/buf.h"
#include "base/day.h"
#include "cli.h"
#include "observe.h"
#include "wire/json.h"

#define POLL_MS       200
#define JSON_SIZE_MAX (16 * 1024 * 1024)

static struct {
	const char *bootstrap, *pg, *pg_user, *without;
	int64_t wait_idle_s;
	bool json;
} conf;

static const struct conf_row rows[] = {
	ROW_BOOTSTRAP(&conf.bootstrap),
	ROW_PG(&conf.pg),
	ROW_PG_USER(&conf.pg_user),
	{ .name = "wait.idle",
	  .kind = CONF_NUMBER,
	  .default_value = "0",
	  .number_min = 0,
	  .number_max = 86400,
	  .target = &conf.wait_idle_s,
	  .help = "wait so many seconds until nothing is left to do" },
	{ .name = "without",
	  .kind = CONF_TEXT,
	  .default_value = "",
	  .target = &conf.without,
	  .help = "leave out this reader: it does not run here" },
	ROW_JSON(&conf.json),
};

static const struct usage usage = {
	.about = "usage: dcs status [FLAGS]\n\n"
		 "Prints, per module and partition: who has it, the next command and how many are behind it (LAG), the log's "
		 "last event\n"
		 "and how many are not in the events topic yet (UNPUB), parked (waiting/bug/behind another) and dead records; "
		 "and how far\n"
		 "every reader is. What is halted stands first. With --wait-idle: asks again until all lags are 0, all is "
		 "published and\n"
		 "nothing waits.\n"
		 "Exit status: 0 in order; 1 something is halted, or not idle in time; 2 wrong usage.",
	.rows = rows,
	.rows_count = ROWS_COUNT(rows),
	.arguments_min = 0,
	.arguments_max = 0,
};

/* ---- for people ---- */

static void print_part(const struct part_status *part)
{
	char parked[48];

	snprintf(parked, sizeof(parked), "%lld/%lld/%lld", (long long)part->parked_wait, (long long)part->parked_bug,
		 (long long)part->parked_behind);
	printf("%-16s %4d %-8s %6lld %10lld %8lld %10lld %7lld %10s %6lld  %s%s%s\n", part->module, part->part,
	       part->halted     ? "HALTED"
	       : !part->claimed ? "no owner"
				: "running",
	       (long long)part->epoch, (long long)part->next_offset, (long long)part->lag, (long long)part->log_seq,
	       (long long)part->unpublished, parked, (long long)part->dead, part->owner, part->halted ? ": " : "",
	       part->halted ? part->reason : "");
}

static void print_reader(const struct reader_status *reader)
{
	printf("%-16s %-16s %4d %-8s %6lld %10lld %8lld %10lld  %s%s%s\n", reader->reader, reader->module, reader->part,
	       reader->halted     ? "HALTED"
	       : !reader->claimed ? "no owner"
				  : "running",
	       (long long)reader->epoch, (long long)reader->next_offset, (long long)reader->lag, (long long)reader->last_seq,
	       reader->owner, reader->halted ? ": " : "", reader->halted ? reader->reason : "");
}

static void print_table(const struct observation *observation)
{
	printf("%-16s %4s %-8s %6s %10s %8s %10s %7s %10s %6s  %s\n", "MODULE", "PART", "STATE", "EPOCH", "NEXT", "LAG",
	       "LOG_SEQ", "UNPUB", "PARKED", "DEAD", "OWNER");
	for (int round = 0; round < 2; round++) { /* halted first */
		for (size_t i = 0; i < observation->parts_count; i++) {
			if (observation->parts[i].halted == (round == 0))
				print_part(&observation->parts[i]);
		}
	}
	printf("\n%-16s %-16s %4s %-8s %6s %10s %8s %10s  %s\n", "READER", "MODULE", "PART", "STATE", "EPOCH", "NEXT", "LAG",
	       "LAST_SEQ", "OWNER");
	for (int round = 0; round < 2; round++) {
		for (size_t i = 0; i < observation->readers_count; i++) {
			if (observation->readers[i].halted == (round == 0))
				print_reader(&observation->readers[i]);
		}
	}
	if (observation->silent_reader != NULL)
		printf("%-16s has not read anything yet\n", observation->silent_reader);
}

/* ---- for programs ---- */

static void add_text(struct buf *json, const char *name, const char *text)
{
	buf_add_format(json, ",\"%s\":", name);
	json_write_string(json, str_of(text));
}

static void add_number(struct buf *json, const char *name, int64_t number)
{
	buf_add_format(json, ",\"%s\":%lld", name, (long long)number);
}

static void add_part(struct buf *json, const struct part_status *part)
{
	buf_add_text(json, "{\"module\":");
	json_write_string(json, str_of(part->module));
	add_number(json, "part", part->part);
	add_text(json, "state", part->halted ? "halted" : !part->claimed ? "unclaimed" : "running");
	add_text(json, "reason", part->reason);
	add_text(json, "owner", part->owner);
	add_number(json, "epoch", part->epoch);
	add_number(json, "next_offset", part->next_offset);
	add_number(json, "low", part->low);
	add_number(json, "high", part->high);
	add_number(json, "lag", part->lag);
	add_number(json, "log_seq", part->log_seq);
	add_number(json, "published_seq", part->published_seq);
	add_number(json, "unpublished", part->unpublished);
	add_number(json, "events_high", part->events_high);
	add_number(json, "parked_wait", part->parked_wait);
	add_number(json, "parked_bug", part->parked_bug);
	add_number(json, "parked_behind", part->parked_behind);
	add_number(json, "dead_letters", part->dead);
	add_number(json, "dead_letters_unpublished", part->dead_unpublished);
	buf_add_u8(json, '}');
}

static void add_reader(struct buf *json, const struct reader_status *reader)
{
	buf_add_text(json, "{\"reader\":");
	json_write_string(json, str_of(reader->reader));
	add_text(json, "module", reader->module);
	add_number(json, "part", reader->part);
	add_text(json, "state", reader->halted ? "halted" : !reader->claimed ? "unclaimed" : "running");
	add_text(json, "reason", reader->reason);
	add_text(json, "owner", reader->owner);
	add_number(json, "epoch", reader->epoch);
	add_number(json, "next_offset", reader->next_offset);
	add_number(json, "lag", reader->lag);
	add_number(json, "last_seq", reader->last_seq);
	buf_add_u8(json, '}');
}

static void print_json(const struct observation *observation)
{
	struct buf json;

	buf_init(&json, JSON_SIZE_MAX);
	buf_add_format(&json, "{\"idle\":%s,\"halted\":%lld,\"partitions\":[",
		       observation_is_idle(observation) ? "true" : "false", (long long)observation_halted(observation));
	for (size_t i = 0; i < observation->parts_count; i++) {
		buf_add_text(&json, i > 0 ? ",\n" : "\n");
		add_part(&json, &observation->parts[i]);
	}
	buf_add_text(&json, "],\"readers\":[");
	for (size_t i = 0; i < observation->readers_count; i++) {
		buf_add_text(&json, i > 0 ? ",\n" : "\n");
		add_reader(&json, &observation->readers[i]);
	}
	buf_add_text(&json, "]}\n");
	MUST(!json.overflow);
	(void)fwrite(json.data, 1, json.size, stdout);
	buf_release(&json);
}

/* ---- waiting ---- */

/* Asks until idle, halted, or the deadline. Brokers or a database that are away for a moment are waited for too. */
static int observe_until(struct observer *observer, int64_t deadline_ms, struct observation *ret_observation, struct err *err)
{
	for (;;) {
		struct err failure = ERR_INIT;
		int failed = observe(observer, ret_observation, &failure);
		bool over = clock_monotonic_ms() >= deadline_ms;

		if (failed != 0 && (over || failure.kind != ERR_RETRY)) {
			*err = failure;
			return -1;
		}
		if (failed == 0 && (over || observation_is_idle(ret_observation) || observation_halted(ret_observation) > 0))
			return 0;
		bus_producer_poll(observer->producer, POLL_MS);
	}
}

int run_status(int argc, char **argv)
{
	static struct observer observer;
	struct observation observation;
	struct arguments arguments;
	struct err err = ERR_INIT;
	int status = EXIT_STATUS_OK;

	if (!arguments_read(&usage, argc, argv, &arguments, &status))
		return status;
	if (observer_open(&observer, conf.bootstrap, conf.pg, conf.pg_user, conf.without, &err) != 0 ||
	    observe_until(&observer, clock_monotonic_ms() + conf.wait_idle_s * 1000, &observation, &err) != 0) {
		status = fail_wrong(argv[0], &err);
	} else {
		if (conf.json)
			print_json(&observation);
		else
			print_table(&observation);
		if (observation_halted(&observation) > 0 || (conf.wait_idle_s > 0 && !observation_is_idle(&observation)))
			status = EXIT_STATUS_WRONG;
	}
	observer_close(&observer);
	return status;
}
