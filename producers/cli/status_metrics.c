/*
 * The observation of `dcs status` as Prometheus metrics: for the textfile collector of a node exporter, or any scraper that runs
 * a command.
 */
#include "status_metrics.h"

#include <stdlib.h>

#include "base/array.h"

/* One family: `# HELP`, `# TYPE`, then its samples. */
static void family(struct buf *text, const char *name, const char *help)
{
	buf_add_format(text, "# HELP %s %s\n# TYPE %s gauge\n", name, help, name);
}

static void part_family(struct buf *text, const struct observation *observation, const char *name, const char *help,
			int64_t (*value_of)(const struct part_status *part))
{
	family(text, name, help);
	for (size_t i = 0; i < observation->parts_count; i++) {
		const struct part_status *part = &observation->parts[i];

		buf_add_format(text, "%s{module=\"%s\",partition=\"%d\"} %lld\n", name, part->module, part->part,
			       (long long)value_of(part));
	}
}

static int64_t lag_of(const struct part_status *part)
{
	return part->lag;
}

static int64_t unpublished_of(const struct part_status *part)
{
	return part->unpublished;
}

static int64_t dead_of(const struct part_status *part)
{
	return part->dead;
}

static int64_t halted_of(const struct part_status *part)
{
	return part->halted;
}

static int64_t quarantine_of(const struct part_status *part)
{
	return part->quarantine;
}

static int64_t timers_due_of(const struct part_status *part)
{
	return part->timers_due;
}

static int64_t timers_late_of(const struct part_status *part)
{
	return part->timers_late_s;
}

static int64_t timers_broken_of(const struct part_status *part)
{
	return part->timers_broken;
}

static void add_parked(struct buf *text, const struct observation *observation)
{
	family(text, "dcs_parked_commands", "Commands that wait for something, for a person (bug), or behind one of these");
	for (size_t i = 0; i < observation->parts_count; i++) {
		const struct part_status *part = &observation->parts[i];
		const int64_t counts[] = { part->parked_wait, part->parked_bug, part->parked_behind };
		static const char *const kinds[] = { "wait", "bug", "behind" };

		for (size_t kind = 0; kind < COUNT(kinds); kind++)
			buf_add_format(text, "dcs_parked_commands{module=\"%s\",partition=\"%d\",kind=\"%s\"} %lld\n",
				       part->module, part->part, kinds[kind], (long long)counts[kind]);
	}
}

static void add_followed(struct buf *text, const struct observation *observation)
{
	static const char *const names[] = { "dcs_followed_lag_events", "dcs_followed_late_seconds" };
	static const char *const helps[] = { "Events of another module that a module which follows it has not answered",
					     "Age of the first event that is not answered" };

	for (size_t which = 0; which < COUNT(names); which++) {
		family(text, names[which], helps[which]);
		for (size_t i = 0; i < observation->followed_count; i++) {
			const struct followed_status *followed = &observation->followed[i];

			buf_add_format(text, "%s{module=\"%s\",follows=\"%s\",partition=\"%d\"} %lld\n", names[which],
				       followed->module, followed->follows, followed->part,
				       (long long)(which == 0 ? followed->lag : followed->late_s));
		}
	}
}

/* Of modules that react. */
static void add_unsent(struct buf *text, const struct observation *observation)
{
	static const char *const names[] = { "dcs_unsent_commands", "dcs_unsent_seconds" };
	static const char *const helps[] = { "Commands to other modules in a log that no module knows yet, counted up to 100000",
					     "Age of the first command that no module knows yet" };

	for (size_t which = 0; which < COUNT(names); which++) {
		family(text, names[which], helps[which]);
		for (size_t i = 0; i < observation->parts_count; i++) {
			const struct part_status *part = &observation->parts[i];

			if (part->reacts)
				buf_add_format(text, "%s{module=\"%s\",partition=\"%d\"} %lld\n", names[which], part->module,
					       part->part, (long long)(which == 0 ? part->unsent : part->unsent_s));
		}
	}
}

static void add_readers(struct buf *text, const struct observation *observation)
{
	family(text, "dcs_reader_lag_records", "Events that the reader has not read");
	for (size_t i = 0; i < observation->readers_count; i++) {
		const struct reader_status *reader = &observation->readers[i];

		buf_add_format(text, "dcs_reader_lag_records{reader=\"%s\",module=\"%s\",partition=\"%d\"} %lld\n",
			       reader->reader, reader->module, reader->part, (long long)reader->lag);
	}
	family(text, "dcs_reader_halted", "1: the reader has halted in the partition");
	for (size_t i = 0; i < observation->readers_count; i++) {
		const struct reader_status *reader = &observation->readers[i];

		buf_add_format(text, "dcs_reader_halted{reader=\"%s\",module=\"%s\",partition=\"%d\"} %d\n", reader->reader,
			       reader->module, reader->part, reader->halted);
	}
}

static void add_programs(struct buf *text, const struct observation *observation)
{
	family(text, "dcs_program_silent_seconds", "Since the program's last sign of life; one comes every 5 s");
	for (size_t i = 0; i < observation->programs_count; i++) {
		const struct program_status *program = &observation->programs[i];

		buf_add_format(text, "dcs_program_silent_seconds{program=\"%s\",host=\"%s\",pid=\"%d\"} %lld.%03lld\n",
			       program->name, program->host, program->pid, (long long)program->silent_ms / 1000,
			       (long long)program->silent_ms % 1000);
	}
	family(text, "dcs_program_clock_skew_seconds", "The broker's clock minus that of the program's host");
	for (size_t i = 0; i < observation->programs_count; i++) {
		const struct program_status *program = &observation->programs[i];

		if (program->has_skew)
			buf_add_format(text,
				       "dcs_program_clock_skew_seconds{program=\"%s\",host=\"%s\",pid=\"%d\"} %s%lld.%03lld\n",
				       program->name, program->host, program->pid, program->skew_ms < 0 ? "-" : "",
				       llabs(program->skew_ms) / 1000, llabs(program->skew_ms) % 1000);
	}
	family(text, "dcs_silent", "Modules and readers without a program that is alive, and programs that are silent");
	buf_add_format(text, "dcs_silent %lld\n", (long long)observation_silent(observation));
}

static void add_drift(struct buf *text, const struct observation *observation)
{
	family(text, "dcs_drift_findings", "What the last dcs verify found wrong, by promise");
	for (size_t i = 0; i < observation->drifts_count; i++)
		buf_add_format(text, "dcs_drift_findings{promise=\"P%d\"} %lld\n", observation->drifts[i].promise,
			       (long long)observation->drifts[i].findings);
	family(text, "dcs_drift_age_seconds", "Since dcs verify last looked at all of the promise");
	for (size_t i = 0; i < observation->drifts_count; i++)
		buf_add_format(text, "dcs_drift_age_seconds{promise=\"P%d\"} %lld\n", observation->drifts[i].promise,
			       (long long)observation->drifts[i].age_s);
}

int status_metrics(const struct observation *observation, struct buf *text)
{
	part_family(text, observation, "dcs_consumer_lag_records", "Commands that are not decided yet", lag_of);
	part_family(text, observation, "dcs_outbox_pending_records", "Events that are not in their topic yet", unpublished_of);
	part_family(text, observation, "dcs_dead_letters", "Records that were no command, and were not replayed", dead_of);
	part_family(text, observation, "dcs_partition_halted", "1: the partition has halted, and waits for a person", halted_of);
	part_family(text, observation, "dcs_partition_quarantine",
		    "Most commands of a batch, because owners died; 0: no quarantine", quarantine_of);
	add_parked(text, observation);
	part_family(text, observation, "dcs_timers_due", "Timers that are due and did not fire, counted up to 200000",
		    timers_due_of);
	part_family(text, observation, "dcs_timers_late_seconds", "From the due time of the first of them to the last Tick",
		    timers_late_of);
	part_family(text, observation, "dcs_timers_broken",
		    "Timers that broke our code, and wait for a person (dcs parked replay)", timers_broken_of);
	add_followed(text, observation);
	add_unsent(text, observation);
	add_readers(text, observation);
	add_programs(text, observation);
	add_drift(text, observation);
	family(text, "dcs_notifications", "Attempts to send, by gateway and what came of them");
	for (size_t i = 0; i < observation->outcomes_count; i++)
		buf_add_format(text, "dcs_notifications{gateway=\"%s\",outcome=\"%s\"} %lld\n", observation->outcomes[i].gateway,
			       observation->outcomes[i].outcome, (long long)observation->outcomes[i].count);
	return text->overflow ? -1 : 0;
}
