/*
 * What the broker's own clock says of a run: reads the debts commands and events from the offsets where the run began to the
 * ends, joins each command with its first event (ce_causationid), and prints
 *
 *   rate=...                  commands answered, over the seconds from --since to the timestamp of the last event
 *   p50_ms= p99_ms= max_ms=   from the command's timestamp to its event's
 *
 * usage: measure --commands-from O,O,... --events-from O,O,... [--since MS]     (DCS_KAFKA_BOOTSTRAP; an offset a partition)
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/array.h"
#include "base/conf.h"
#include "bus/bus.h"
#include "wire/envelope.h"
#include "world.h"

#define TIMEOUT_MS 20000

struct moment {
	struct uuid id; /* of the command */
	int64_t at_ms;
};

struct moments {
	struct moment *list;
	size_t count, capacity;
};

struct measure {
	const char *bootstrap, *commands_from, *events_from;
	int64_t since_ms;
	size_t events;
	int64_t last_ms; /* of the last answer */
	int64_t *latency_ms;
	size_t answered, capacity;
	size_t unanswered;
};

static int64_t offset_of(const char *list, int32_t part)
{
	struct str rest = str_of(list);
	long long offset = 0;

	for (int32_t at = 0; at <= part; at++)
		if (!str_to_int64(str_cut(rest, ',', &rest), &offset))
			return 0;
	return offset;
}

static void moments_add(struct moments *moments, const struct uuid *id, int64_t at_ms)
{
	if (moments->count == moments->capacity) {
		moments->capacity = moments->capacity == 0 ? 65536 : 2 * moments->capacity;
		moments->list = realloc(moments->list, moments->capacity * sizeof(*moments->list));
		MUST(moments->list != NULL);
	}
	moments->list[moments->count++] = (struct moment){ .id = *id, .at_ms = at_ms };
}

/* A command is told by its own id, an event by that of its cause. */
static int read_one(const struct bus_record *record, bool is_event, struct moments *moments, struct err *err)
{
	struct header headers[HEADERS_MAX];
	struct envelope envelope;
	size_t count;

	if (bus_record_headers(record, headers, &count, err) < 0 || envelope_read(headers, count, &envelope, err) < 0)
		return -1;
	moments_add(moments, is_event ? &envelope.causation_id : &envelope.id, record->at_ms);
	return 0;
}

static int read_part(struct bus_reader *reader, int32_t part, int64_t from, bool is_event, struct moments *moments,
		     struct err *err)
{
	int64_t low;
	int64_t high;
	int rc = 0;

	moments->count = 0;
	if (bus_reader_bounds(reader, part, &low, &high, TIMEOUT_MS, err) < 0 || bus_reader_seek(reader, part, from, err) < 0)
		return -1;
	for (int64_t next = from; rc == 0 && next < high;) {
		struct bus_record record;
		bool found;

		if (bus_reader_next(reader, TIMEOUT_MS, &found, &record, err) < 0)
			return -1;
		if (!found)
			return err_set(err, ERR_RETRY, "partition %d ends before its end", part);
		rc = read_one(&record, is_event, moments, err);
		next = record.offset + 1;
		bus_record_release(&record);
	}
	return rc;
}

static void note(struct measure *measure, int64_t command_ms, int64_t event_ms)
{
	if (measure->answered == measure->capacity) {
		measure->capacity = measure->capacity == 0 ? 65536 : 2 * measure->capacity;
		measure->latency_ms = realloc(measure->latency_ms, measure->capacity * sizeof(int64_t));
		MUST(measure->latency_ms != NULL);
	}
	if (event_ms > measure->last_ms)
		measure->last_ms = event_ms;
	measure->latency_ms[measure->answered++] = event_ms - command_ms;
}

/* Answers stand in the order of their commands; a command without one is a repetition. */
static int join(struct measure *measure, const struct moments *commands, const struct moments *events, struct err *err)
{
	size_t at = 0;

	for (size_t i = 0; i < events->count; i++) {
		const struct moment *event = &events->list[i];

		if (i > 0 && uuid_equal(&event->id, &events->list[i - 1].id))
			continue; /* a further event of the same command */
		while (at < commands->count && !uuid_equal(&commands->list[at].id, &event->id))
			at++;
		if (at == commands->count)
			return err_set(err, ERR_FATAL, "an event out of order, or of no command");
		note(measure, commands->list[at++].at_ms, event->at_ms);
	}
	measure->events += events->count;
	measure->unanswered += commands->count;
	return 0;
}

static int read_all(struct measure *measure, struct err *err)
{
	struct bus_conf conf = { .bootstrap = measure->bootstrap, .client_id = "bench-measure" };
	struct bus_reader *commands_reader = NULL;
	struct bus_reader *events_reader = NULL;
	struct moments commands = { .count = 0 };
	struct moments events = { .count = 0 };
	int rc = -1;

	if (bus_reader_open(&conf, "dcs.debts.commands.v1", &commands_reader, err) < 0 ||
	    bus_reader_open(&conf, "dcs.debts.events.v1", &events_reader, err) < 0)
		goto out;
	for (int32_t part = 0; part < WORLD_PARTS; part++)
		if (read_part(commands_reader, part, offset_of(measure->commands_from, part), false, &commands, err) < 0 ||
		    read_part(events_reader, part, offset_of(measure->events_from, part), true, &events, err) < 0 ||
		    join(measure, &commands, &events, err) < 0)
			goto out;
	measure->unanswered -= measure->answered;
	rc = 0;
out:
	free(commands.list);
	free(events.list);
	bus_reader_close(commands_reader);
	bus_reader_close(events_reader);
	return rc;
}

static int compare(const void *a, const void *b)
{
	int64_t first = *(const int64_t *)a;
	int64_t second = *(const int64_t *)b;

	return (first > second) - (first < second);
}

static void print(struct measure *measure)
{
	size_t count = measure->answered;
	double seconds = (double)(measure->last_ms - measure->since_ms) / 1000;

	qsort(measure->latency_ms, count, sizeof(int64_t), compare);
	printf("answered=%zu\nunanswered=%zu\nevents=%zu\nseconds=%.3f\nrate=%.0f\n", count, measure->unanswered, measure->events,
	       seconds, seconds > 0 ? (double)count / seconds : 0);
	printf("p50_ms=%lld\np99_ms=%lld\nmax_ms=%lld\n", (long long)measure->latency_ms[count / 2],
	       (long long)measure->latency_ms[count * 99 / 100], (long long)measure->latency_ms[count - 1]);
}

int main(int argc, char **argv)
{
	static struct measure measure;
	struct err err = ERR_INIT;
	enum conf_outcome outcome;
	int argi;
	const struct conf_row rows[] = {
		{ .name = "kafka.bootstrap", .kind = CONF_TEXT, .target = &measure.bootstrap, .help = "Kafka, host:port,..." },
		{ .name = "commands.from",
		  .kind = CONF_TEXT,
		  .target = &measure.commands_from,
		  .help = "first offsets: 0,0,..." },
		{ .name = "events.from", .kind = CONF_TEXT, .target = &measure.events_from, .help = "first offsets: 0,0,..." },
		{ .name = "since",
		  .kind = CONF_NUMBER,
		  .default_value = "0",
		  .target = &measure.since_ms,
		  .number_min = 0,
		  .number_max = INT64_MAX,
		  .help = "when the clock started, milliseconds since 1970" },
	};

	if (conf_read(rows, COUNT(rows), "Rate and latency by the broker's clock.", argc, argv, &outcome, &argi, &err) == 0 &&
	    outcome == CONF_RUN && read_all(&measure, &err) == 0) {
		if (measure.answered > 0)
			print(&measure);
		else
			err_set(&err, ERR_FATAL, "no command was answered");
	}
	free(measure.latency_ms);
	if (err.kind != ERR_NONE)
		fprintf(stderr, "measure: %s\n", err.text);
	return err.kind != ERR_NONE;
}
