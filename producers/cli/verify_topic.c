/* P6: the first appearances in each events partition are 1..m, each equal to the log's row with that seq. */
#include <string.h>

#include "verify.h"
#include "wire/envelope.h"

#define BROKER_MS 10000
#define RECORD_MS 10000

/* The topic and the log in step: both by partition, each in order. */
struct pair {
	struct verify *verify;
	const struct verify_head *head;
	struct bus_reader *reader;
	struct log_stream log;
	struct logged_line line; /* of the log: the last one that was read */
	bool has_line;
	int64_t seq; /* highest seq seen in the topic */
};

static bool is_before(const struct logged_line *line, int32_t part, int64_t seq)
{
	return line->row.part < part || (line->row.part == part && line->row.seq < seq);
}

/* Advances to the log's line with this seq. *ret_found false: the log has none. */
static int find_line(struct pair *pair, int64_t seq, bool *ret_found, struct err *err)
{
	while (pair->has_line && is_before(&pair->line, pair->head->part, seq)) {
		if (log_stream_next(&pair->log, &pair->has_line, &pair->line, err) != 0)
			return -1;
	}
	*ret_found = pair->has_line && pair->line.row.part == pair->head->part && pair->line.row.seq == seq;
	return 0;
}

static int compare_row(struct pair *pair, const struct bus_record *record, const struct envelope *envelope, struct err *err)
{
	const struct logged_line *line = &pair->line;
	bool found = false;

	if (find_line(pair, envelope->sequence, &found, err) != 0)
		return -1;
	if (!found)
		finding_at(pair->verify, 6, pair->head, "events offset", record->offset, "seq %lld is not in the log",
			   (long long)envelope->sequence);
	else if (!uuid_equal(&line->row.event_id, &envelope->id))
		finding_at(pair->verify, 6, pair->head, "events offset", record->offset,
			   "seq %lld has another event id in the log", (long long)envelope->sequence);
	else if (!str_equal(line->hash, envelope->hash))
		finding_at(pair->verify, 6, pair->head, "events offset", record->offset, "seq %lld has another hash in the log",
			   (long long)envelope->sequence);
	else if (!str_equal(line->row.body, record->value))
		finding_at(pair->verify, 6, pair->head, "events offset", record->offset, "seq %lld has another body in the log",
			   (long long)envelope->sequence);
	return 0;
}

static int compare_record(struct pair *pair, const struct bus_record *record, bool is_first, struct err *err)
{
	struct header headers[HEADERS_MAX];
	struct envelope envelope;
	struct err why = ERR_INIT;
	size_t count = 0;

	if (bus_record_headers(record, headers, &count, &why) != 0 || envelope_read(headers, count, &envelope, &why) != 0 ||
	    envelope.sequence <= 0) {
		finding_at(pair->verify, 6, pair->head, "events offset", record->offset, "is no event of ours: %s",
			   why.text[0] != '\0' ? why.text : "no ce_sequence");
		return 0;
	}
	if (is_first && record->offset > 0)
		pair->seq = envelope.sequence - 1; /* older records are gone by retention */
	if (envelope.sequence <= pair->seq)
		return 0; /* a repetition: readers drop it */
	if (envelope.sequence != pair->seq + 1)
		finding_at(pair->verify, 6, pair->head, "events offset", record->offset, "seq %lld comes after %lld",
			   (long long)envelope.sequence, (long long)pair->seq);
	pair->seq = envelope.sequence;
	return compare_row(pair, record, &envelope, err);
}

static int compare_records(struct pair *pair, int64_t low, int64_t high, struct err *err)
{
	int64_t next = low;

	if (bus_reader_seek(pair->reader, pair->head->part, low, err) != 0)
		return -1;
	while (next < high) {
		struct bus_record record;
		bool found = false;
		int failed = 0;

		if (bus_reader_next(pair->reader, RECORD_MS, &found, &record, err) != 0)
			return -1;
		if (!found && bus_reader_end(pair->reader) >= high)
			return 0;
		if (!found)
			return err_set(err, ERR_RETRY, "%s part %d: the broker did not send event offset %lld",
				       pair->head->module, pair->head->part, (long long)next);
		failed = compare_record(pair, &record, next == low, err);
		next = record.offset + 1;
		bus_record_release(&record);
		if (failed != 0)
			return -1;
		progress_show(&pair->verify->progress, ++pair->verify->tally.published, 0, 0);
	}
	return 0;
}

static int compare_part(struct pair *pair, int64_t low, int64_t high, struct err *err)
{
	int failed = 0;

	pair->seq = 0;
	if (low < high)
		failed = compare_records(pair, low, high, err);
	verify_anchored_topic(pair->verify, pair->head, pair->seq);
	if (pair->seq < pair->head->log_seq)
		pair->verify->tally.unpublished += pair->head->log_seq - pair->seq;
	return failed;
}

/* The log is read after the end of the topic: so everything published has been committed. */
static int compare_parts(struct pair *pair, const char *module, struct err *err)
{
	const struct db_statement *select = verify_published(pair->verify, module);
	int64_t lows[BUS_PARTS_MAX], highs[BUS_PARTS_MAX];
	int failed = 0;

	for (int32_t part = 0; part < BUS_PARTS_MAX && failed == 0; part++) {
		if (verify_head_of(pair->verify, module, part) != NULL)
			failed = bus_reader_bounds(pair->reader, part, &lows[part], &highs[part], BROKER_MS, err);
	}
	if (failed != 0 || log_stream_open(&pair->log, pair->verify->db, LOG_PUBLISHED, select, err) != 0 ||
	    log_stream_next(&pair->log, &pair->has_line, &pair->line, err) != 0)
		return -1;
	for (int32_t part = 0; part < BUS_PARTS_MAX && failed == 0; part++) {
		pair->head = verify_head_of(pair->verify, module, part);
		if (pair->head != NULL)
			failed = compare_part(pair, lows[part], highs[part], err);
	}
	return failed;
}

int verify_topic(struct verify *verify, size_t module, struct err *err)
{
	struct pair pair = { .verify = verify };
	const char *name = verify->modules.names[module];
	char topic[TOPIC_NAME_MAX];
	int failed;

	topic_name(topic, name, TOPIC_EVENTS);
	if (bus_reader_open(&verify->bus, topic, &pair.reader, err) != 0)
		return -1;
	failed = compare_parts(&pair, name, err);
	log_stream_close(&pair.log);
	bus_reader_close(pair.reader);
	return failed;
}
