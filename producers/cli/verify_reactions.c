/*
 * P13, of a module that reacts (worker/follow.h, sender.h). Its answers are to events of the followed logs, in their order and none
 * twice, and its position is an event of that log with the hash that it says. Its log does not end before sent_head, and the commands
 * below that are known to their modules, or in their topics behind what the module has read.
 */
#include <stdio.h>
#include <string.h>

#include "idmap.h"
#include "schemas/engine.h"
#include "verify.h"
#include "wire/envelope.h"

#define PAGE_ROWS   1000
#define IDS_MAX     ((size_t)1 << 24)
#define BROKER_MS   10000
#define RECORD_MS   10000
#define MARK_IS_OUT 1 /* its module does not know it */
#define MARK_IS_IN  2 /* it is in the topic */

/* Of one moment: a position may not be behind the log, nor the log behind a position. */
static const char select_heads[] = "SELECT h.part, h.log_seq, coalesce(s.log_seq, 0) FROM {schema}.partition_head h "
				   "LEFT JOIN {schema}.sent_head s ON s.part = h.part ORDER BY 1";
static const char select_positions[] =
	"SELECT part, source, last_seq, last_hash FROM {schema}.followed_head ORDER BY source, part";
/* One at a time, by indexes. */
static const struct db_statement select_unknown = {
	"verify_unknown",
	"SELECT u.n FROM unnest($1::uuid[], $2::text[]) WITH ORDINALITY u (id, module, n) WHERE (SELECT count(*) FROM"
	" (SELECT FROM api.command c WHERE c.command_id = u.id AND c.module = u.module LIMIT 1) known) = 0"
};

struct reaction {
	struct verify *verify;
	const char *module;
	const struct db_statement *page;
	struct buf body;                         /* of the row at hand */
	struct verify_head heads[BUS_PARTS_MAX]; /* as read here */
	int64_t sent_seq[BUS_PARTS_MAX];
	size_t parts_count;
	struct idmap unknown;            /* by module + 1, id: commands that were sent, marked */
	int64_t unknown_of[SCHEMAS_MAX]; /* their number, by module */
};

static int read_heads(struct reaction *reaction, struct err *err)
{
	struct verify *verify = reaction->verify;
	const struct db_statement *select =
		schema_statement(&verify->statements, "verify_sent_heads", select_heads, reaction->module);
	struct db_result result = { .pg = NULL };

	MUST(select != NULL);
	if (db_run(verify->db, select, NULL, &result, err) != 0)
		return -1;
	for (int row = 0; row < result.rows && reaction->parts_count < BUS_PARTS_MAX; row++) {
		struct verify_head *head = &reaction->heads[reaction->parts_count];

		*head = (struct verify_head){ .module = reaction->module, .part = db_int32(&result, row, 0) };
		head->log_seq = db_int64(&result, row, 1);
		reaction->sent_seq[reaction->parts_count++] = db_int64(&result, row, 2);
		if (db_int64(&result, row, 2) > head->log_seq)
			finding_at(verify, 13, head, "seq", db_int64(&result, row, 2),
				   "commands are said to be sent up to here, and the log ends at %lld", (long long)head->log_seq);
	}
	db_result_release(&result);
	return 0;
}

/* ---- rows of the module's own log ---- */

struct walk {
	struct reaction *reaction;
	const struct message_type *type;
	struct verify_head *head;
	int64_t seq, to_seq; /* read so far; the end */
	struct db_result page;
	int at;
};

static int read_page(struct walk *walk, struct err *err)
{
	struct db_params *params = &walk->reaction->verify->params;

	db_result_release(&walk->page);
	walk->page = (struct db_result){ .pg = NULL };
	walk->at = 0;
	db_params_reset(params);
	db_param_int32(params, walk->head->part);
	db_param_int64(params, walk->seq);
	db_param_int64(params, walk->to_seq);
	db_array_begin(params, DB_ARRAY_INT32);
	for (size_t i = 0; i < walk->type->versions_count; i++)
		db_array_int32(params, (int32_t)walk->type->versions[i].schema_id);
	db_param_int64(params, PAGE_ROWS);
	return db_run(walk->reaction->verify->beside, walk->reaction->page, params, &walk->page, err);
}

static struct str body_of(struct walk *walk, int row)
{
	const struct packed_beside beside = { .schema_id = (uint32_t)db_int32(&walk->page, row, 1),
					      .key = db_uuid(&walk->page, row, 2),
					      .subject = db_uuid(&walk->page, row, 3) };

	return log_body(&walk->reaction->body, &beside, db_str(&walk->page, row, 4));
}

/* *ret_row: its place in the page; -1: there is none. Its texts are of the arena and of the buffer, which are reset with the next row. */
static int next_row(struct walk *walk, int *ret_row, const void **ret_body, struct err *err)
{
	struct verify *verify = walk->reaction->verify;
	const struct message_type *type;
	struct err why = ERR_INIT;

	*ret_row = -1;
	while (walk->seq < walk->to_seq) {
		if (walk->at == walk->page.rows && (walk->at > 0 && walk->page.rows < PAGE_ROWS))
			return 0;
		if (walk->at == walk->page.rows && read_page(walk, err) != 0)
			return -1;
		if (walk->page.rows == 0)
			return 0;
		walk->seq = db_int64(&walk->page, walk->at, 0);
		arena_reset(&verify->arena);
		if (coder_decode(body_of(walk, walk->at++), &verify->arena, &type, ret_body, &why) == 0 && type == walk->type) {
			*ret_row = walk->at - 1;
			return 0;
		}
		/* P2 finds what cannot be decoded. */
	}
	return 0;
}

/* ---- what was answered ---- */

struct source {
	struct reaction *reaction;
	struct str name;
	char topic[TOPIC_NAME_MAX];
	struct log_stream log; /* of the followed module */
	struct logged_line line;
	bool has_line;
	bool is_answered; /* the line */
};

/* A row of followed_head. */
struct position {
	int32_t part;
	int64_t last_seq;
	struct str last_hash;
	bool is_found;
};

static void look_at(const struct source *source, struct position *position)
{
	if (source->has_line && source->line.row.part == position->part && source->line.row.seq == position->last_seq)
		position->is_found = str_equal(source->line.hash, position->last_hash);
}

static int go_on(struct source *source, struct position *position, struct err *err)
{
	if (log_stream_next(&source->log, &source->has_line, &source->line, err) != 0)
		return -1;
	source->is_answered = false;
	look_at(source, position);
	return 0;
}

static bool is_in_part(const struct source *source, const struct position *position)
{
	return source->has_line && source->line.row.part == position->part;
}

/* Up to the answered event, which is behind the one that was answered before. */
static int find_event(struct source *source, struct position *position, const struct uuid *event_id, struct err *err)
{
	while (is_in_part(source, position) && (source->is_answered || !uuid_equal(&source->line.row.event_id, event_id)))
		if (go_on(source, position, err) != 0)
			return -1;
	source->is_answered = is_in_part(source, position); /* otherwise it is the first line of the next partition */
	return 0;
}

static int check_answers(struct source *source, struct position *position, struct verify_head *head, struct err *err)
{
	struct walk walk = { .reaction = source->reaction, .type = &event_answered_type, .head = head, .to_seq = head->log_seq };
	const void *body = NULL;
	int row = 0;
	int failed = 0;

	while (failed == 0) {
		const struct event_answered *answered;

		failed = next_row(&walk, &row, &body, err);
		if (failed != 0 || row < 0)
			break;
		answered = body;
		if (!str_is(answered->topic, source->topic))
			continue;
		source->reaction->verify->tally.reactions++;
		failed = find_event(source, position, &answered->event_id, err);
		if (failed == 0 && !is_in_part(source, position)) {
			finding_at(source->reaction->verify, 13, head, "seq", walk.seq,
				   "answers no event of %.*s behind the one that was answered before it", (int)source->name.size,
				   source->name.data);
			break; /* one wrong row is one finding */
		}
		if (failed == 0 && source->line.row.seq > position->last_seq)
			finding_at(source->reaction->verify, 13, head, "seq", walk.seq,
				   "answers seq %lld of %.*s, and the position is %lld", (long long)source->line.row.seq,
				   (int)source->name.size, source->name.data, (long long)position->last_seq);
	}
	db_result_release(&walk.page);
	return failed;
}

static struct verify_head *head_of(struct reaction *reaction, int32_t part)
{
	for (size_t i = 0; i < reaction->parts_count; i++)
		if (reaction->heads[i].part == part)
			return &reaction->heads[i];
	return NULL;
}

static int check_position(struct source *source, struct position *position, struct err *err)
{
	struct verify_head *head = head_of(source->reaction, position->part);

	while (source->has_line && source->line.row.part < position->part)
		if (go_on(source, position, err) != 0)
			return -1;
	if (head == NULL)
		return 0;          /* P2 finds events without a head */
	look_at(source, position); /* the partition's first line was read behind the last one of the partition before */
	if (check_answers(source, position, head, err) != 0)
		return -1;
	while (is_in_part(source, position) && source->line.row.seq < position->last_seq)
		if (go_on(source, position, err) != 0)
			return -1;
	if (position->last_seq > 0 && !position->is_found)
		finding_at(source->reaction->verify, 13, head, "position", position->last_seq,
			   "the log of %.*s has no event with this number and hash", (int)source->name.size, source->name.data);
	return 0;
}

/* The positions from *row on of one followed module. Its log is opened after they were read: so it has all that they say. */
static int check_source(struct reaction *reaction, const struct db_result *positions, int *row, struct err *err)
{
	struct source source = { .reaction = reaction, .name = db_str(positions, *row, 1) };
	const struct db_statement *select;
	char name[TOPIC_NAME_MAX / 2];
	int failed = 0;

	if (!str_to_chars(name, sizeof(name), source.name))
		return err_set(err, ERR_FATAL, "a followed module has too long a name");
	select = verify_published(reaction->verify, name);
	if (select == NULL)
		return err_set(err, ERR_FATAL, "a followed module has no log: %s", name);
	topic_name(source.topic, name, TOPIC_EVENTS);
	failed = log_stream_open(&source.log, reaction->verify->db, LOG_PUBLISHED, select, err);
	source.line.row.part = -1;
	source.has_line = true;
	for (; failed == 0 && *row < positions->rows && str_equal(db_str(positions, *row, 1), source.name); (*row)++) {
		struct position position = { .part = db_int32(positions, *row, 0),
					     .last_seq = db_int64(positions, *row, 2),
					     .last_hash = db_str(positions, *row, 3) };

		failed = check_position(&source, &position, err);
	}
	log_stream_close(&source.log);
	return failed;
}

static int check_positions(struct reaction *reaction, struct err *err)
{
	struct verify *verify = reaction->verify;
	const struct db_statement *select =
		schema_statement(&verify->statements, "verify_positions", select_positions, reaction->module);
	struct db_result positions = { .pg = NULL };
	int failed = 0;
	int row = 0;

	MUST(select != NULL);
	if (db_run(verify->db, select, NULL, &positions, err) != 0)
		return -1;
	while (failed == 0 && row < positions.rows)
		failed = check_source(reaction, &positions, &row, err);
	db_result_release(&positions);
	return failed;
}

/* ---- what was sent ---- */

/* SCHEMAS_MAX: no module has this name. */
static size_t module_named(const struct verify *verify, struct str name)
{
	for (size_t i = 0; i < verify->modules.count; i++)
		if (str_is(name, verify->modules.names[i]))
			return i;
	return SCHEMAS_MAX;
}

static struct walk walk_sent(struct reaction *reaction, size_t at)
{
	struct verify_head *head = &reaction->heads[at];

	return (struct walk){ .reaction = reaction,
			      .type = &command_issued_type,
			      .head = head,
			      .to_seq = reaction->sent_seq[at] < head->log_seq ? reaction->sent_seq[at] : head->log_seq };
}

/* The commands of a page, and the modules to which they were sent. */
struct asked {
	struct uuid ids[PAGE_ROWS];
	size_t targets[PAGE_ROWS];
	size_t count;
};

static int note_unknown(struct reaction *reaction, const struct asked *asked, struct err *err)
{
	struct verify *verify = reaction->verify;
	struct db_result result = { .pg = NULL };
	int failed = 0;

	db_params_reset(&verify->params);
	db_array_begin(&verify->params, DB_ARRAY_UUID);
	for (size_t i = 0; i < asked->count; i++)
		db_array_uuid(&verify->params, &asked->ids[i]);
	db_array_begin(&verify->params, DB_ARRAY_TEXT);
	for (size_t i = 0; i < asked->count; i++)
		db_array_text(&verify->params, str_of(verify->modules.names[asked->targets[i]]));
	if (asked->count > 0 && db_run(verify->db, &select_unknown, &verify->params, &result, err) != 0)
		return -1;
	for (int row = 0; row < result.rows && failed == 0; row++) {
		size_t at = (size_t)db_int64(&result, row, 0) - 1;
		int64_t *mark = idmap_at(&reaction->unknown, (uint32_t)asked->targets[at] + 1, &asked->ids[at]);

		if (mark == NULL)
			failed = err_set(err, ERR_FATAL, "too many commands are on their way for the memory of this check");
		else if (*mark == 0) {
			*mark = MARK_IS_OUT;
			reaction->unknown_of[asked->targets[at]]++;
		}
	}
	db_result_release(&result);
	return failed;
}

static int look_up_sent(struct reaction *reaction, size_t at, struct err *err)
{
	static struct asked asked;
	struct walk walk = walk_sent(reaction, at);
	const void *body = NULL;
	int failed = 0;
	int row = 0;

	do {
		asked.count = 0;
		while (failed == 0 && asked.count < PAGE_ROWS) {
			const struct command_issued *issued;
			size_t target;

			failed = next_row(&walk, &row, &body, err);
			if (failed != 0 || row < 0)
				break;
			issued = body;
			reaction->verify->tally.reactions++;
			target = module_named(reaction->verify, issued->module);
			if (target == SCHEMAS_MAX) {
				finding_at(reaction->verify, 13, walk.head, "seq", walk.seq,
					   "a command to a module that there is not");
				continue;
			}
			asked.ids[asked.count] = issued->command_id;
			asked.targets[asked.count++] = target;
		}
		if (failed == 0)
			failed = note_unknown(reaction, &asked, err);
	} while (failed == 0 && row >= 0);
	db_result_release(&walk.page);
	return failed;
}

/* Those that are in the topic, behind what the module had read before they were looked up, are on their way. */
static int mark_part(struct reaction *reaction, size_t target, struct bus_reader *reader, int32_t part, struct err *err)
{
	const struct verify_head *head = verify_head_of(reaction->verify, reaction->verify->modules.names[target], part);
	int64_t next, low, high;

	if (bus_reader_bounds(reader, part, &low, &high, BROKER_MS, err) != 0)
		return -1;
	next = head != NULL && head->next_offset > low ? head->next_offset : low;
	if (next < high && bus_reader_seek(reader, part, next, err) != 0)
		return -1;
	while (next < high) {
		struct header headers[HEADERS_MAX];
		struct envelope envelope;
		struct bus_record record;
		struct err why = ERR_INIT;
		size_t count = 0;
		bool is_found = false;

		if (bus_reader_next(reader, RECORD_MS, &is_found, &record, err) != 0)
			return -1;
		if (!is_found)
			return 0; /* the rest are markers of transactions */
		next = record.offset + 1;
		if (bus_record_headers(&record, headers, &count, &why) == 0 &&
		    envelope_read(headers, count, &envelope, &why) == 0) {
			int64_t *mark = idmap_at(&reaction->unknown, (uint32_t)target + 1, &envelope.id);

			if (mark != NULL)
				*mark = MARK_IS_IN;
		}
		bus_record_release(&record);
	}
	return 0;
}

static int mark_topic(struct reaction *reaction, size_t target, struct err *err)
{
	struct bus_reader *reader = NULL;
	char topic[TOPIC_NAME_MAX];
	int failed;

	topic_name(topic, reaction->verify->modules.names[target], TOPIC_COMMANDS);
	failed = bus_reader_open(&reaction->verify->bus, topic, &reader, err);
	for (size_t i = 0; i < reaction->parts_count && failed == 0; i++)
		failed = mark_part(reaction, target, reader, reaction->heads[i].part, err);
	bus_reader_close(reader);
	return failed;
}

static int find_lost(struct reaction *reaction, size_t at, struct err *err)
{
	struct walk walk = walk_sent(reaction, at);
	const void *body = NULL;
	int failed = 0;
	int row = 0;

	while (failed == 0) {
		const struct command_issued *issued;
		size_t target;
		const int64_t *mark;

		failed = next_row(&walk, &row, &body, err);
		if (failed != 0 || row < 0)
			break;
		issued = body;
		target = module_named(reaction->verify, issued->module);
		mark = target < SCHEMAS_MAX ? idmap_at(&reaction->unknown, (uint32_t)target + 1, &issued->command_id) : NULL;
		if (mark != NULL && *mark == MARK_IS_OUT)
			finding_at(reaction->verify, 13, walk.head, "seq", walk.seq,
				   "a command is said to be sent, and is neither known to %s nor in its topic",
				   reaction->verify->modules.names[target]);
	}
	db_result_release(&walk.page);
	return failed;
}

static int check_sent(struct reaction *reaction, struct err *err)
{
	bool is_any = false;

	for (size_t i = 0; i < reaction->parts_count; i++)
		if (look_up_sent(reaction, i, err) != 0)
			return -1;
	for (size_t target = 0; target < reaction->verify->modules.count; target++) {
		if (reaction->unknown_of[target] > 0 && mark_topic(reaction, target, err) != 0)
			return -1;
		is_any |= reaction->unknown_of[target] > 0;
	}
	for (size_t i = 0; i < reaction->parts_count && is_any; i++)
		if (find_lost(reaction, i, err) != 0)
			return -1;
	return 0;
}

int verify_reactions(struct verify *verify, size_t module, struct err *err)
{
	static struct reaction reaction;
	char table[WHERE_SIZE];
	bool reacts = false;
	int failed;

	(void)snprintf(table, sizeof(table), "%s.followed_head", verify->modules.names[module]);
	if (table_exists(verify, table, &reacts, err) != 0)
		return -1;
	if (!reacts)
		return 0;
	reaction = (struct reaction){ .verify = verify, .module = verify->modules.names[module] };
	reaction.page = schema_statement(&verify->statements, "verify_reactions", log_select_some, reaction.module);
	MUST(reaction.page != NULL);
	idmap_init(&reaction.unknown, IDS_MAX);
	buf_init(&reaction.body, LOG_BODY_MAX);
	failed = read_heads(&reaction, err);
	if (failed == 0)
		failed = check_positions(&reaction, err);
	if (failed == 0)
		failed = check_sent(&reaction, err);
	buf_release(&reaction.body);
	idmap_release(&reaction.unknown);
	return failed;
}
