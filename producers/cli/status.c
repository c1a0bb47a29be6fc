/* `dcs status`: the progress of all parts, and their faults. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/buf.h"
#include "base/day.h"
#include "cli.h"
#include "observe.h"
#include "status_metrics.h"
#include "wire/json.h"

#define POLL_MS       200
#define JSON_SIZE_MAX (16 * 1024 * 1024)

static struct {
	const char *bootstrap, *pg, *pg_user, *without;
	int64_t wait_idle_s;
	bool json, metrics;
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
	{ .name = "metrics",
	  .kind = CONF_SWITCH,
	  .default_value = "no",
	  .target = &conf.metrics,
	  .help = "print it as Prometheus reads it, with the outcomes of the gateways" },
};

static const struct usage usage = {
	.about =
		"usage: dcs status [FLAGS]\n\n"
		"Prints, per module and partition: who has it, the next command and how many are behind it (LAG), the log's last "
		"event\n"
		"and how many are not in the events topic yet (UNPUB), parked (waiting/bug/behind another) and dead records; and "
		"how "
		"far\n"
		"every reader is. Of a module that reacts to the events of others: how many it has not answered yet, and how "
		"many "
		"commands\n"
		"of its log no other module knows yet, with the age of the first. What is halted stands first. Then whether the "
		"stack is live or a rehearsal, and the programs, "
		"with "
		"the\n"
		"age of their last sign of life and their hosts' clocks beside the broker's; a module is silent when none of its "
		"programs\n"
		"gave a sign for 30 s. Last, what dcs verify found, and when. With --wait-idle: asks again until all lags are 0, "
		"all "
		"is\n"
		"published and nothing waits.\n"
		"Exit status, for monitoring: 0 in order; 1 something is halted or silent (with --wait-idle: halted, or not "
		"idle in time);\n"
		"2 wrong usage.",
	.rows = rows,
	.rows_count = COUNT(rows),
	.arguments_min = 0,
	.arguments_max = 0,
};

/* ---- the state of a partition ---- */

static const char *state_of_part(const struct observation *observation, const struct part_status *part)
{
	if (part->halted)
		return "halted";
	if (!program_is_alive(observation_program(observation, part->module)))
		return "silent";
	if (part->quarantine > 0)
		return "quarantine";
	return part->claimed ? "running" : "unclaimed";
}

static const char *state_of_reader(const struct observation *observation, const struct reader_status *reader)
{
	if (reader->halted)
		return "halted";
	if (!program_is_alive(observation_program(observation, reader->reader)))
		return "silent";
	return reader->claimed ? "running" : "unclaimed";
}

/* ---- for people ---- */

/* States that need a person are in capitals. */
static const char *loud(const char *state)
{
	static const char *const states[][2] = { { "halted", "HALTED" }, { "silent", "SILENT" }, { "quarantine", "QUARANTINE" } };

	for (size_t i = 0; i < COUNT(states); i++)
		if (str_is(str_of(state), states[i][0]))
			return states[i][1];
	return state;
}

static void print_part(const struct observation *observation, const struct part_status *part)
{
	char parked[48];

	snprintf(parked, sizeof(parked), "%lld/%lld/%lld", (long long)part->parked_wait, (long long)part->parked_bug,
		 (long long)part->parked_behind);
	printf("%-16s %4d %-10s %6lld %10lld %8lld %10lld %7lld %10s %6lld  %s%s%s\n", part->module, part->part,
	       loud(state_of_part(observation, part)), (long long)part->epoch, (long long)part->next_offset, (long long)part->lag,
	       (long long)part->log_seq, (long long)part->unpublished, parked, (long long)part->dead, part->owner,
	       part->halted ? ": " : "", part->halted ? part->reason : "");
}

/* Nothing else shows them: a group whose timer is set aside is not asked about, and its customer hears nothing. */
static void print_broken_timers(const struct observation *observation)
{
	for (size_t i = 0; i < observation->parts_count; i++) {
		const struct part_status *part = &observation->parts[i];

		if (part->timers_broken > 0)
			printf("%s part %d: SET ASIDE are %lld timers that broke our code: what they were for is not done (dcs "
			       "parked list %s --kind timer; replay after the repair)\n",
			       part->module, part->part, (long long)part->timers_broken, part->module);
	}
}

static void print_reader(const struct observation *observation, const struct reader_status *reader)
{
	printf("%-16s %-16s %4d %-10s %6lld %10lld %8lld %10lld  %s%s%s\n", reader->reader, reader->module, reader->part,
	       loud(state_of_reader(observation, reader)), (long long)reader->epoch, (long long)reader->next_offset,
	       (long long)reader->lag, (long long)reader->last_seq, reader->owner, reader->halted ? ": " : "",
	       reader->halted ? reader->reason : "");
}

/* What is late stands first. */
static void print_followed(const struct observation *observation)
{
	if (observation->followed_count == 0)
		return;
	printf("\n%-16s %-16s %4s %10s %8s %10s %8s\n", "MODULE", "FOLLOWS", "PART", "NEXT", "LAG", "LAST_SEQ", "LATE_S");
	for (int round = 0; round < 2; round++) {
		for (size_t i = 0; i < observation->followed_count; i++) {
			const struct followed_status *followed = &observation->followed[i];

			if ((followed->lag > 0) == (round == 0))
				printf("%-16s %-16s %4d %10lld %8lld %10lld %8lld\n", followed->module, followed->follows,
				       followed->part, (long long)followed->next_offset, (long long)followed->lag,
				       (long long)followed->last_seq, (long long)followed->late_s);
		}
	}
	printf("\n%-16s %4s %10s %10s %8s %8s\n", "MODULE", "PART", "LOG_SEQ", "SENT_SEQ", "UNSENT", "LATE_S");
	for (size_t i = 0; i < observation->parts_count; i++) {
		const struct part_status *part = &observation->parts[i];

		if (part->reacts)
			printf("%-16s %4d %10lld %10lld %8lld %8lld\n", part->module, part->part, (long long)part->log_seq,
			       (long long)part->sent_seq, (long long)part->unsent, (long long)part->unsent_s);
	}
}

static void print_programs(const struct observation *observation)
{
	printf("\n%-16s %-24s %8s %-8s %10s %10s  %s\n", "PROGRAM", "HOST", "PID", "STATE", "SEEN_S_AGO", "UP_S", "CLOCK");
	for (size_t i = 0; i < observation->programs_count; i++) {
		const struct program_status *program = &observation->programs[i];
		char clock[80] = "not measured yet";

		if (program->has_skew)
			snprintf(clock, sizeof(clock), "%lld ms %s the broker's%s", (long long)llabs(program->skew_ms),
				 program->skew_ms < 0 ? "ahead of" : "behind",
				 llabs(program->skew_ms) > PROGRAM_SKEW_MS ? ": set this host's clock" : "");
		printf("%-16s %-24s %8d %-8s %10lld %10lld  %s\n", program->name, program->host, program->pid,
		       program_is_alive(program) ? "running" : "SILENT", (long long)program->silent_ms / 1000,
		       (long long)program->up_s, clock);
	}
	if (observation->programs_count == 0)
		printf("no program gives a sign of life\n");
}

/* The findings of the last `dcs verify`, one line per promise. */
static void print_drift(const struct observation *observation)
{
	if (observation->drifts_count == 0)
		printf("\ndcs verify has not looked at anything yet\n");
	else
		printf("\n%-16s %10s %12s\n", "PROMISE", "FINDINGS", "VERIFIED_S_AGO");
	for (size_t i = 0; i < observation->drifts_count; i++) {
		const struct drift *drift = &observation->drifts[i];

		printf("P%-15d %10lld %12lld%s\n", drift->promise, (long long)drift->findings, (long long)drift->age_s,
		       drift->findings > 0 ? "  DRIFT: dcs verify tells where" : "");
	}
}

/* A rehearsal must not be taken for the real thing. */
static void print_stack(const struct observation *observation)
{
	char at[32] = "no Tick has told it yet";

	if (observation->rehearsed_ms > 0)
		instant_format(at, observation->rehearsed_ms);
	if (observation->is_rehearsal)
		printf("\nREHEARSAL, its time: %s\n", at);
	else
		printf("\nlive stack\n");
	if (observation->collector == COLLECTOR_NONE)
		printf("for whom the debts are collected is not known (DCS_COLLECTOR of dcs migrate): the house denies every "
		       "message\n");
	else
		printf("debts are collected for: %s%s%s\n", collector_name(observation->collector),
		       observation->jurisdiction[0] == '\0' ? "" : ", under the law of ", observation->jurisdiction);
}

static void print_table(const struct observation *observation)
{
	printf("%-16s %4s %-10s %6s %10s %8s %10s %7s %10s %6s  %s\n", "MODULE", "PART", "STATE", "EPOCH", "NEXT", "LAG",
	       "LOG_SEQ", "UNPUB", "PARKED", "DEAD", "OWNER");
	for (int round = 0; round < 2; round++) { /* halted first */
		for (size_t i = 0; i < observation->parts_count; i++) {
			if (observation->parts[i].halted == (round == 0))
				print_part(observation, &observation->parts[i]);
		}
	}
	print_broken_timers(observation);
	printf("\n%-16s %-16s %4s %-10s %6s %10s %8s %10s  %s\n", "READER", "MODULE", "PART", "STATE", "EPOCH", "NEXT", "LAG",
	       "LAST_SEQ", "OWNER");
	for (int round = 0; round < 2; round++) {
		for (size_t i = 0; i < observation->readers_count; i++) {
			if (observation->readers[i].halted == (round == 0))
				print_reader(observation, &observation->readers[i]);
		}
	}
	if (observation->silent_reader != NULL)
		printf("%-16s has not read anything yet\n", observation->silent_reader);
	print_followed(observation);
	print_stack(observation);
	print_programs(observation);
	print_drift(observation);
}

/* ---- as JSON ---- */

static void add_text(struct buf *json, const char *name, const char *text)
{
	buf_add_format(json, ",\"%s\":", name);
	json_write_string(json, str_of(text));
}

static void add_number(struct buf *json, const char *name, int64_t number)
{
	buf_add_format(json, ",\"%s\":%lld", name, (long long)number);
}

static void add_part(struct buf *json, const struct observation *observation, const struct part_status *part)
{
	buf_add_text(json, "{\"module\":");
	json_write_string(json, str_of(part->module));
	add_number(json, "part", part->part);
	add_text(json, "state", state_of_part(observation, part));
	add_text(json, "reason", part->reason);
	add_text(json, "owner", part->owner);
	add_number(json, "quarantine", part->quarantine);
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
	add_number(json, "timers_due", part->timers_due);
	add_number(json, "timers_late_s", part->timers_late_s);
	add_number(json, "timers_broken", part->timers_broken);
	add_number(json, "dead_letters", part->dead);
	add_number(json, "dead_letters_unpublished", part->dead_unpublished);
	if (part->reacts) {
		add_number(json, "sent_seq", part->sent_seq);
		add_number(json, "unsent", part->unsent);
		add_number(json, "unsent_s", part->unsent_s);
	}
	buf_add_u8(json, '}');
}

static void add_reader(struct buf *json, const struct observation *observation, const struct reader_status *reader)
{
	buf_add_text(json, "{\"reader\":");
	json_write_string(json, str_of(reader->reader));
	add_text(json, "module", reader->module);
	add_number(json, "part", reader->part);
	add_text(json, "state", state_of_reader(observation, reader));
	add_text(json, "reason", reader->reason);
	add_text(json, "owner", reader->owner);
	add_number(json, "epoch", reader->epoch);
	add_number(json, "next_offset", reader->next_offset);
	add_number(json, "lag", reader->lag);
	add_number(json, "last_seq", reader->last_seq);
	buf_add_u8(json, '}');
}

static void add_followed(struct buf *json, const struct followed_status *followed)
{
	buf_add_text(json, "{\"module\":");
	json_write_string(json, str_of(followed->module));
	add_text(json, "follows", followed->follows);
	add_number(json, "part", followed->part);
	add_number(json, "next_offset", followed->next_offset);
	add_number(json, "lag", followed->lag);
	add_number(json, "last_seq", followed->last_seq);
	add_number(json, "late_s", followed->late_s);
	buf_add_u8(json, '}');
}

static void add_program(struct buf *json, const struct program_status *program)
{
	buf_add_text(json, "{\"program\":");
	json_write_string(json, str_of(program->name));
	add_text(json, "host", program->host);
	add_number(json, "pid", program->pid);
	add_text(json, "state", program_is_alive(program) ? "running" : "silent");
	add_number(json, "up_s", program->up_s);
	add_number(json, "silent_ms", program->silent_ms);
	if (program->has_skew)
		add_number(json, "broker_skew_ms", program->skew_ms);
	buf_add_u8(json, '}');
}

static void print_json(const struct observation *observation)
{
	struct buf json;

	buf_init(&json, JSON_SIZE_MAX);
	buf_add_format(&json,
		       "{\"stack\":\"%s\",\"collector\":\"%s\",\"jurisdiction\":\"%s\",\"idle\":%s,\"halted\":%lld,\"silent\":%"
		       "lld,\"partitions\":[",
		       observation->is_rehearsal ? "rehearsal" : "live",
		       observation->collector == COLLECTOR_NONE ? "unknown" : collector_name(observation->collector),
		       observation->jurisdiction, observation_is_idle(observation) ? "true" : "false",
		       (long long)observation_halted(observation), (long long)observation_silent(observation));
	for (size_t i = 0; i < observation->parts_count; i++) {
		buf_add_text(&json, i > 0 ? ",\n" : "\n");
		add_part(&json, observation, &observation->parts[i]);
	}
	buf_add_text(&json, "],\"readers\":[");
	for (size_t i = 0; i < observation->readers_count; i++) {
		buf_add_text(&json, i > 0 ? ",\n" : "\n");
		add_reader(&json, observation, &observation->readers[i]);
	}
	buf_add_text(&json, "],\"followed\":[");
	for (size_t i = 0; i < observation->followed_count; i++) {
		buf_add_text(&json, i > 0 ? ",\n" : "\n");
		add_followed(&json, &observation->followed[i]);
	}
	buf_add_text(&json, "],\"programs\":[");
	for (size_t i = 0; i < observation->programs_count; i++) {
		buf_add_text(&json, i > 0 ? ",\n" : "\n");
		add_program(&json, &observation->programs[i]);
	}
	buf_add_text(&json, "],\"drift\":[");
	for (size_t i = 0; i < observation->drifts_count; i++)
		buf_add_format(&json, "%s{\"promise\":\"P%d\",\"findings\":%lld,\"verified_s_ago\":%lld}", i > 0 ? ",\n" : "\n",
			       observation->drifts[i].promise, (long long)observation->drifts[i].findings,
			       (long long)observation->drifts[i].age_s);
	buf_add_text(&json, "]}\n");
	MUST(!json.overflow);
	(void)fwrite(json.data, 1, json.size, stdout);
	buf_release(&json);
}

static void print_metrics(const struct observation *observation)
{
	struct buf text;

	buf_init(&text, JSON_SIZE_MAX);
	if (status_metrics(observation, &text) == 0)
		(void)fwrite(text.data, 1, text.size, stdout);
	buf_release(&text);
}

/* ---- waiting ---- */

/*
 * Where modules react, what an observation sees of one may set another going that it has looked at before. So they are idle when
 * two observations in a row are, and nothing was written between them.
 */
static bool is_settled(const struct observation *observation, int64_t *idle_at)
{
	int64_t events = observation_is_idle(observation) ? observation_events(observation) : -1;
	bool is_same = events >= 0 && (observation->followed_count == 0 || events == *idle_at);

	*idle_at = events;
	return is_same;
}

/* Observes until idle, halted, or the deadline. Retries if brokers or the database are unreachable. */
static int observe_until(struct observer *observer, int64_t deadline_ms, struct observation *ret_observation, struct err *err)
{
	int64_t idle_at = -1;

	for (;;) {
		struct err failure = ERR_INIT;
		int failed = observe(observer, ret_observation, &failure);
		bool over = clock_monotonic_ms() >= deadline_ms;

		if (failed != 0 && (over || failure.kind != ERR_RETRY)) {
			*err = failure;
			return -1;
		}
		if (failed == 0 && (over || is_settled(ret_observation, &idle_at) || observation_halted(ret_observation) > 0))
			return 0;
		bus_producer_poll(observer->producer, POLL_MS);
	}
}

/* While waiting for idleness, only that determines the exit status. */
static bool is_wrong(const struct observation *observation)
{
	if (observation_halted(observation) > 0)
		return true;
	return conf.wait_idle_s > 0 ? !observation_is_idle(observation) : observation_silent(observation) > 0;
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
	    observe_until(&observer, clock_monotonic_ms() + conf.wait_idle_s * 1000, &observation, &err) != 0 ||
	    (conf.metrics && observe_outcomes(&observer, &observation, &err) != 0)) {
		status = fail_wrong(argv[0], &err);
	} else {
		if (conf.metrics)
			print_metrics(&observation);
		else if (conf.json)
			print_json(&observation);
		else
			print_table(&observation);
		if (is_wrong(&observation))
			status = EXIT_STATUS_WRONG;
	}
	observer_close(&observer);
	return status;
}
