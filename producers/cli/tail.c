/* `dcs tail TOPIC`: prints records as JSON. */
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/array.h"
#include "base/buf.h"
#include "bus/bus.h"
#include "cli.h"
#include "record_json.h"

#define ARENA_SIZE    (16 * 1024 * 1024)
#define JSON_SIZE_MAX (64 * 1024 * 1024)
#define END_WAIT_MS   2000 /* for records that exist according to the broker */
#define ROUND_WAIT_MS 200  /* following: for all partitions together */
#define COUNT_ALL     INT64_MAX

static struct {
	const char *bootstrap, *from;
	int64_t count, part;
	bool follow;
} conf;

static const struct conf_row rows[] = {
	ROW_BOOTSTRAP(&conf.bootstrap),
	{ .name = "from",
	  .kind = CONF_TEXT,
	  .default_value = "beginning",
	  .target = &conf.from,
	  .help = "beginning, end, an offset, or -N: the last N of each partition" },
	{ .name = "count",
	  .kind = CONF_NUMBER,
	  .default_value = "0",
	  .number_min = 0,
	  .number_max = INT64_MAX,
	  .target = &conf.count,
	  .help = "stop after so many records; 0: all that are there" },
	{ .name = "part",
	  .kind = CONF_NUMBER,
	  .default_value = "-1",
	  .number_min = -1,
	  .number_max = BUS_PARTS_MAX - 1,
	  .target = &conf.part,
	  .help = "only this partition; -1: all" },
	{ .name = "follow",
	  .kind = CONF_SWITCH,
	  .default_value = "no",
	  .target = &conf.follow,
	  .help = "go on and print new records as they come" },
};

static const struct usage usage = {
	.about = "usage: dcs tail TOPIC [FLAGS]\n\n"
		 "Prints the records of a topic, one JSON object a line: offset, time, key, headers (never the token), type and "
		 "body;\n"
		 "what cannot be decoded with the reason and its bytes in hexadecimal. Partition after partition; with --follow "
		 "as they\n"
		 "come. Command topics hold personal data: mind where the output goes.",
	.rows = rows,
	.rows_count = COUNT(rows),
	.arguments_min = 1,
	.arguments_max = 1,
};

struct tail {
	const char *topic;
	struct arena arena;
	struct buf json;
	struct bus_reader *readers[BUS_PARTS_MAX]; /* following: one per partition; otherwise the first serves all */
	int32_t parts;
	int64_t left; /* records still to print */
};

static int print_record(struct tail *tail, const struct bus_record *record)
{
	struct header headers[HEADERS_MAX];
	struct err err = ERR_INIT;
	size_t count = 0;
	struct record_view view = { .topic = tail->topic,
				    .part = record->part,
				    .offset = record->offset,
				    .at_ms = record->at_ms,
				    .key = record->key,
				    .value = record->value,
				    .headers = headers };

	if (bus_record_headers(record, headers, &count, &err) != 0)
		count = 0; /* too many to be ours: the value is printed nevertheless */
	view.headers_count = count;
	arena_reset(&tail->arena);
	buf_reset(&tail->json);
	record_json_write(&tail->json, &tail->arena, &view);
	buf_add_u8(&tail->json, '\n');
	if (tail->json.overflow)
		fprintf(stderr, "dcs tail: partition %d offset %lld does not fit\n", record->part, (long long)record->offset);
	else if (fwrite(tail->json.data, 1, tail->json.size, stdout) != tail->json.size)
		return -1;
	tail->left--;
	return 0;
}

/* The first offset to read in a partition, and its current end. */
static int find_start(struct bus_reader *reader, int32_t part, int64_t *ret_start, int64_t *ret_end, struct err *err)
{
	long long number = 0;
	int64_t low = 0, high = 0;

	if (bus_reader_bounds(reader, part, &low, &high, 10000, err) != 0)
		return -1;
	*ret_end = high;
	*ret_start = low;
	if (strcmp(conf.from, "end") == 0)
		*ret_start = high;
	else if (str_to_int64(str_of(conf.from), &number))
		*ret_start = number < 0 ? high + number : number;
	if (*ret_start < low)
		*ret_start = low;
	if (*ret_start > high)
		*ret_start = high;
	return 0;
}

/* One record of a partition, if there is one. */
static int print_next(struct tail *tail, struct bus_reader *reader, int timeout_ms, bool *ret_found, int64_t *ret_next,
		      struct err *err)
{
	struct bus_record record;
	int failed = 0;

	if (bus_reader_next(reader, timeout_ms, ret_found, &record, err) != 0)
		return -1;
	if (!*ret_found)
		return 0;
	*ret_next = record.offset + 1;
	failed = print_record(tail, &record);
	bus_record_release(&record);
	return failed == 0 ? 0 : err_set(err, ERR_FATAL, "cannot write to standard output");
}

static int print_part(struct tail *tail, int32_t part, struct err *err)
{
	int64_t next = 0, end = 0;

	if (find_start(tail->readers[0], part, &next, &end, err) != 0)
		return -1;
	if (next == end || tail->left <= 0)
		return 0;
	if (bus_reader_seek(tail->readers[0], part, next, err) != 0)
		return -1;
	while (next < end && tail->left > 0) {
		bool found = false;

		if (print_next(tail, tail->readers[0], END_WAIT_MS, &found, &next, err) != 0)
			return -1;
		if (!found && bus_reader_end(tail->readers[0]) < 0)
			return err_set(err, ERR_RETRY, "partition %d: the broker did not send offset %lld", part,
				       (long long)next);
		if (!found)
			return 0; /* the rest contains no record: the end of a transaction uses an offset, too */
	}
	return 0;
}

/* Runs until interrupted, or until --count. */
static int follow(struct tail *tail, int32_t first, int32_t last, struct err *err)
{
	for (int32_t part = first; part <= last; part++) {
		int64_t next = 0, end = 0;

		if (find_start(tail->readers[part], part, &next, &end, err) != 0 ||
		    bus_reader_seek(tail->readers[part], part, next, err) != 0)
			return -1;
	}
	for (int wait_ms = 0; tail->left > 0;) {
		bool any = false;

		for (int32_t part = first; part <= last && tail->left > 0; part++) {
			bool found = true;
			int64_t next = 0;

			for (int i = 0; i < 1000 && found && tail->left > 0; i++) {
				if (print_next(tail, tail->readers[part], wait_ms, &found, &next, err) != 0)
					return -1;
				any = any || found;
			}
		}
		fflush(stdout);
		wait_ms = any ? 0 : ROUND_WAIT_MS / (last - first + 1) + 1;
	}
	return 0;
}

static int count_parts(const struct bus_conf *bus, const char *topic, int32_t *ret_parts, struct err *err)
{
	struct bus_producer *producer = NULL;
	int failed = 0;

	if (bus_producer_open(bus, &producer, err) != 0)
		return -1;
	failed = bus_producer_parts(producer, topic, ret_parts, err);
	bus_producer_close(producer);
	return failed;
}

static int run(struct tail *tail, struct err *err)
{
	struct bus_conf bus = { .bootstrap = conf.bootstrap, .client_id = "dcs-tail" };
	int32_t first = 0, last = 0;

	if (arena_init(&tail->arena, ARENA_SIZE, err) != 0 || count_parts(&bus, tail->topic, &tail->parts, err) != 0)
		return -1;
	if (conf.part >= tail->parts)
		return err_set(err, ERR_FATAL, "the topic has %d partitions", tail->parts);
	if (tail->parts > BUS_PARTS_MAX)
		return err_set(err, ERR_FATAL, "the topic has more than %d partitions", BUS_PARTS_MAX);
	first = conf.part >= 0 ? (int32_t)conf.part : 0;
	last = conf.part >= 0 ? (int32_t)conf.part : tail->parts - 1;
	for (int32_t part = 0; part <= (conf.follow ? last : 0); part++) {
		if ((part >= first || !conf.follow) && bus_reader_open(&bus, tail->topic, &tail->readers[part], err) != 0)
			return -1;
	}
	if (conf.follow)
		return follow(tail, first, last, err);
	for (int32_t part = first; part <= last; part++) {
		if (print_part(tail, part, err) != 0)
			return -1;
	}
	return 0;
}

static bool from_is_good(void)
{
	long long number = 0;

	return strcmp(conf.from, "beginning") == 0 || strcmp(conf.from, "end") == 0 || str_to_int64(str_of(conf.from), &number);
}

int run_tail(int argc, char **argv)
{
	static struct tail tail;
	struct arguments arguments;
	struct err err = ERR_INIT;
	int status = EXIT_STATUS_OK;

	if (!arguments_read(&usage, argc, argv, &arguments, &status))
		return status;
	if (!from_is_good())
		return fail_usage(argv[0], "--from is beginning, end or an offset");
	tail.topic = arguments.items[0];
	tail.left = conf.count > 0 ? conf.count : COUNT_ALL;
	buf_init(&tail.json, JSON_SIZE_MAX);
	if (run(&tail, &err) != 0)
		status = fail_wrong(argv[0], &err);
	for (int32_t part = 0; part < BUS_PARTS_MAX; part++) {
		if (tail.readers[part] != NULL)
			bus_reader_close(tail.readers[part]);
	}
	if (fflush(stdout) != 0)
		status = EXIT_STATUS_WRONG;
	buf_release(&tail.json);
	arena_release(&tail.arena);
	return status;
}
