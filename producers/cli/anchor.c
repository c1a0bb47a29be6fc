/* `dcs anchor`: writes the signed positions of the logs, to be stored elsewhere. */
#include <stdio.h>
#include <string.h>

#include "anchor_file.h"
#include "base/array.h"
#include "base/day.h"
#include "bus/bus.h"
#include "cli.h"
#include "database.h"
#include "topic_names.h"
#include "wire/envelope.h"

#define ARENA_SIZE    (16 * 1024 * 1024)
#define LINE_SIZE_MAX ((size_t)4 << 20)
#define BROKER_MS     10000

static struct {
	const char *bootstrap, *pg, *pg_user, *key_file;
	bool again, without_topics, show_key;
} conf;

static const struct conf_row rows[] = {
	ROW_BOOTSTRAP(&conf.bootstrap),
	ROW_PG(&conf.pg),
	ROW_PG_USER(&conf.pg_user),
	{ .name = "anchor.key.file",
	  .kind = CONF_TEXT,
	  .default_value = "",
	  .target = &conf.key_file,
	  .help = "file of the key that signs anchors: 64 hexadecimal digits, mode 0600; nobody else has it" },
	{ .name = "again",
	  .kind = CONF_SWITCH,
	  .default_value = "false",
	  .target = &conf.again,
	  .help = "also if today's line is there" },
	{ .name = "without.topics",
	  .kind = CONF_SWITCH,
	  .default_value = "false",
	  .target = &conf.without_topics,
	  .help = "do not ask the brokers how much is published" },
	{ .name = "public.key",
	  .kind = CONF_SWITCH,
	  .default_value = "false",
	  .target = &conf.show_key,
	  .help = "only print the public key, for dcs verify and the auditor" },
};

static const struct usage usage = {
	.about = "usage: dcs anchor FILE --anchor-key-file KEY [FLAGS]\n"
		 "       dcs anchor --public-key --anchor-key-file KEY\n\n"
		 "Appends a signed line to FILE, once a day: how many events every log has, how many of them its topic has, and "
		 "the "
		 "hash of the\n"
		 "last. Copy FILE to where nobody who can write the database or the brokers can write. dcs verify --anchor FILE "
		 "then "
		 "proves\n"
		 "that what the logs and topics held on that day is still there, unchanged.\n"
		 "Exit status: 0 the line is there; 1 it could not be written, or the file is not the one it was; 2 wrong usage.",
	.rows = rows,
	.rows_count = COUNT(rows),
	.arguments_min = 0,
	.arguments_max = 1,
};

struct anchoring {
	struct db *db;
	struct arena arena;
	struct schemas modules;
	struct anchor_head *heads;
	size_t heads_count;
};

static const char select_heads[] = "SELECT part, log_seq, log_hash FROM {schema}.partition_head WHERE log_seq > 0 ORDER BY part";

static int read_heads(struct anchoring *anchoring, const char *module, struct err *err)
{
	const struct db_statement *select = schema_statement(&anchoring->arena, "anchor_heads", select_heads, module);
	struct db_result result = { .pg = NULL };
	int status = 0;

	MUST(select != NULL);
	if (db_run(anchoring->db, select, NULL, &result, err) != 0)
		return -1;
	for (int i = 0; i < result.rows && status == 0; i++) {
		struct anchor_head *head = &anchoring->heads[anchoring->heads_count++];
		struct str hash = db_str(&result, i, 2);

		*head = (struct anchor_head){
			.module = str_of(module), .part = db_int32(&result, i, 0), .seq = db_int64(&result, i, 1), .published = -1
		};
		if (hash.size != SHA256_SIZE || anchoring->heads_count == (size_t)SCHEMAS_MAX * BUS_PARTS_MAX)
			status = err_set(err, ERR_FATAL, "%s part %d: the head has no hash; dcs verify tells more", module,
					 head->part);
		else
			memcpy(head->hash, hash.data, SHA256_SIZE);
	}
	db_result_release(&result);
	return status;
}

/* ---- the published position: the sequence of the partition's last record ---- */

static int read_last(struct bus_reader *reader, int32_t part, int64_t offset, int64_t *ret_seq, struct err *err)
{
	struct header headers[HEADERS_MAX];
	struct envelope envelope;
	struct bus_record record;
	bool found = false;
	size_t count = 0;
	int status = -1;

	if (bus_reader_seek(reader, part, offset, err) != 0 || bus_reader_next(reader, BROKER_MS, &found, &record, err) != 0)
		return -1;
	if (!found)
		return err_set(err, ERR_RETRY, "the broker did not send an events topic's last record");
	if (bus_record_headers(&record, headers, &count, err) == 0 && envelope_read(headers, count, &envelope, err) == 0) {
		*ret_seq = envelope.sequence;
		status = 0;
	}
	bus_record_release(&record);
	return status;
}

static int ask_topic(struct anchoring *anchoring, const char *module, struct err *err)
{
	struct bus_conf bus = { .bootstrap = conf.bootstrap, .client_id = "dcs-anchor" };
	struct bus_reader *reader = NULL;
	char topic[TOPIC_NAME_MAX];
	int failed = 0;

	topic_name(topic, module, TOPIC_EVENTS);
	if (bus_reader_open(&bus, topic, &reader, err) != 0)
		return -1;
	for (size_t i = 0; i < anchoring->heads_count && failed == 0; i++) {
		struct anchor_head *head = &anchoring->heads[i];
		int64_t low = 0, high = 0;

		if (!str_is(head->module, module))
			continue;
		failed = bus_reader_bounds(reader, head->part, &low, &high, BROKER_MS, err);
		if (failed != 0)
			break;
		head->published = 0;
		if (high > low)
			failed = read_last(reader, head->part, high - 1, &head->published, err);
		if (head->published > head->seq)
			head->published = head->seq; /* published after the heads were read */
	}
	bus_reader_close(reader);
	return failed;
}

static int gather(struct anchoring *anchoring, struct err *err)
{
	if (arena_init(&anchoring->arena, ARENA_SIZE, err) != 0 ||
	    database_open(conf.pg, conf.pg_user, 0, &anchoring->db, err) != 0 ||
	    command_schemas(anchoring->db, &anchoring->modules, err) != 0)
		return -1;
	anchoring->heads = arena_take(&anchoring->arena, (size_t)SCHEMAS_MAX * BUS_PARTS_MAX + 1, sizeof(*anchoring->heads));
	MUST(anchoring->heads != NULL);
	for (size_t i = 0; i < anchoring->modules.count; i++) {
		if (read_heads(anchoring, anchoring->modules.names[i], err) != 0 ||
		    (!conf.without_topics && ask_topic(anchoring, anchoring->modules.names[i], err) != 0))
			return -1;
	}
	return anchoring->heads_count > 0 ? 0 : err_set(err, ERR_FATAL, "there is nothing to anchor: all logs are empty");
}

/* A log only grows: a log that is shorter than in the last line has been replaced or cut. */
static int check_growth(const struct anchoring *anchoring, const struct anchor *last, struct err *err)
{
	for (size_t i = 0; last != NULL && i < last->heads_count; i++) {
		const struct anchor_head *was = &last->heads[i];
		int64_t seq = 0;

		for (size_t j = 0; j < anchoring->heads_count; j++) {
			if (str_equal(anchoring->heads[j].module, was->module) && anchoring->heads[j].part == was->part)
				seq = anchoring->heads[j].seq;
		}
		if (seq < was->seq)
			return err_set(err, ERR_FATAL,
				       "%.*s part %d has %lld events, and had %lld: dcs verify --anchor tells more",
				       (int)was->module.size, was->module.data, was->part, (long long)seq, (long long)was->seq);
	}
	return 0;
}

static int add_line(struct anchoring *anchoring, const char *path, const uint8_t seed[32], struct err *err)
{
	uint8_t public_key[PUBLIC_KEY_SIZE];
	const struct anchor *last;
	struct anchor_file file;
	struct buf line;
	char today[32];
	int status = -1;

	signature_public_key(public_key, seed);
	buf_init(&line, LINE_SIZE_MAX);
	instant_format(today, clock_now_ms());
	if (anchor_file_read(&file, path, public_key, &anchoring->arena, err) != 0)
		goto out;
	last = file.anchors_count > 0 ? &file.anchors[file.anchors_count - 1] : NULL;
	if (last != NULL && !conf.again && str_equal(str_prefix(last->at, 10), str_prefix(str_of(today), 10))) {
		fprintf(stderr, "today's line is there: nothing was written\n");
		status = 0;
		goto out;
	}
	if (check_growth(anchoring, last, err) != 0)
		goto out;
	anchor_write(&line, clock_now_ms(), last, anchoring->heads, anchoring->heads_count, seed);
	if (line.overflow)
		(void)err_set(err, ERR_FATAL, "the line is too long");
	else
		status = anchor_file_append(path, buf_str(&line), err);
out:
	buf_release(&line);
	anchor_file_release(&file);
	return status;
}

static void print_public_key(const uint8_t seed[32])
{
	uint8_t public_key[PUBLIC_KEY_SIZE];
	char text[2 * PUBLIC_KEY_SIZE + 1];

	signature_public_key(public_key, seed);
	hex_from_bytes(text, public_key, sizeof(public_key));
	printf("%s\n", text);
}

int run_anchor(int argc, char **argv)
{
	struct anchoring anchoring = { .db = NULL };
	struct arguments arguments;
	struct err err = ERR_INIT;
	uint8_t seed[32];
	int status = EXIT_STATUS_OK;

	if (!arguments_read(&usage, argc, argv, &arguments, &status))
		return status;
	if (conf.key_file[0] == '\0')
		return fail_usage(argv[0], "--anchor-key-file names the key that signs");
	if (arguments.count == 0 && !conf.show_key)
		return fail_usage(argv[0], "the file of anchors is missing");
	if (key_read(seed, conf.key_file, &err) != 0)
		return fail_wrong(argv[0], &err);
	if (conf.show_key)
		print_public_key(seed);
	else if (gather(&anchoring, &err) != 0 || add_line(&anchoring, arguments.items[0], seed, &err) != 0)
		status = fail_wrong(argv[0], &err);
	wipe(seed, sizeof(seed));
	db_close(anchoring.db);
	arena_release(&anchoring.arena);
	return status;
}
