/*
 * One pass over a module's log serves all checks: the chain, answers and versions (log_walk.h), the reports (verify_refold.c),
 * the states of the module (fold.h); then the tables are compared. Log and tables are of one moment: everything, including the
 * heads, is read in one transaction with a snapshot.
 */
#include <stdlib.h>
#include <string.h>

#include "fold.h"
#include "log_walk.h"

struct reading {
	struct verify *verify;
	const char *module;
	const struct db_statement *select;
	const struct verify_head *heads[BUS_PARTS_MAX]; /* of the module, by partition */
	size_t heads_count, at;
	int32_t headless;  /* the last partition with events but without a head; -1: none */
	struct fold *fold; /* NULL: the states of the module are not checked, or unknown */
	struct refold refold;
	struct log_walk walk;
	bool is_walked; /* already checked: this pass is for the fold only */
	struct decoded decoded;
};

/* ---- heads ---- */

static int compare_heads(const void *a, const void *b)
{
	const struct verify_head *const *left = a, *const *right = b;

	return (*left)->part < (*right)->part ? -1 : (*left)->part > (*right)->part;
}

static int64_t find_heads(struct reading *reading)
{
	struct verify *verify = reading->verify;
	int64_t events = 0;

	for (size_t i = 0; i < verify->heads_count && reading->heads_count < BUS_PARTS_MAX; i++) {
		if (verify->heads[i].module != reading->module)
			continue;
		reading->heads[reading->heads_count++] = &verify->heads[i];
		events += verify->heads[i].log_seq;
	}
	qsort(reading->heads, reading->heads_count, sizeof(reading->heads[0]), compare_heads);
	return events;
}

static void start_head(struct reading *reading)
{
	if (reading->is_walked || reading->at == reading->heads_count)
		return;
	log_walk_part(&reading->walk, reading->heads[reading->at]);
	refold_part(&reading->refold, reading->heads[reading->at]->module, reading->heads[reading->at]->part);
}

/* Advances to the head of a partition; INT32_MAX: behind all. False: it has none. */
static bool go_to_head(struct reading *reading, int32_t part)
{
	while (reading->at < reading->heads_count && reading->heads[reading->at]->part < part) {
		if (!reading->is_walked)
			log_walk_part_end(&reading->walk);
		reading->at++;
		start_head(reading);
	}
	return reading->at < reading->heads_count && reading->heads[reading->at]->part == part;
}

/* Once for a partition. */
static void say_headless(struct reading *reading, int32_t part)
{
	const struct verify_head nowhere = { .module = reading->module, .part = part };
	char where[WHERE_SIZE];

	if (reading->is_walked || reading->headless == part)
		return;
	reading->headless = part;
	where_part(where, &nowhere);
	finding(reading->verify, 2, where, "there are events, and no head");
}

/* ---- lines ---- */

static void decode(struct reading *reading, const struct logged_line *line)
{
	struct decoded *decoded = &reading->decoded;

	arena_reset(&reading->verify->arena);
	decoded->type = NULL;
	decoded->why.text[0] = '\0';
	if (coder_decode(line->row.body, &reading->verify->arena, &decoded->type, &decoded->body, &decoded->why) != 0)
		decoded->type = NULL;
}

static int walk_line(struct reading *reading, const struct logged_line *line, struct err *err)
{
	const struct decoded *decoded = &reading->decoded;

	if (log_walk_line(&reading->walk, line, decoded, err) != 0)
		return -1;
	return decoded->type != NULL ? refold_event(&reading->refold, line, decoded->type, decoded->body, err) : 0;
}

static int take_line(struct reading *reading, const struct logged_line *line, struct err *err)
{
	bool has_head = go_to_head(reading, line->row.part);

	if (!has_head) {
		say_headless(reading, line->row.part);
		return 0;
	}
	if (!reading->is_walked || fold_has(reading->fold, &line->row.key))
		decode(reading, line);
	if (!reading->is_walked && walk_line(reading, line, err) != 0)
		return -1;
	return reading->fold != NULL ? fold_line(reading->fold, line, &reading->decoded, err) : 0;
}

static int take_lines(struct reading *reading, struct log_stream *log, struct err *err)
{
	struct logged_line line;
	bool found = true;

	while (true) {
		if (log_stream_next(log, &found, &line, err) != 0)
			return -1;
		if (!found)
			return 0;
		if (take_line(reading, &line, err) != 0)
			return -1;
		if (reading->is_walked && (reading->fold->is_broken || reading->fold->is_full))
			return 0;
	}
}

/* One pass over the whole log. */
static int read_log(struct reading *reading, struct err *err)
{
	struct log_stream log = { .look = LOG_WHOLE };
	int failed = log_stream_open(&log, reading->verify->db, LOG_WHOLE, reading->select, err);

	reading->at = 0;
	start_head(reading);
	if (failed == 0)
		failed = take_lines(reading, &log, err);
	log_stream_close(&log);
	if (failed == 0)
		(void)go_to_head(reading, INT32_MAX);
	reading->is_walked = true;
	return failed;
}

/* A slice that does not fit is folded as two halves; a slice with a broken key is folded again without that key. */
static int fold_slice(struct reading *reading, struct err *err)
{
	struct fold *fold = reading->fold;
	unsigned slice = fold->slice, slices = fold->slices;

	do {
		if (fold_slice_begin(fold, err) != 0 || read_log(reading, err) != 0 || fold_lines_end(fold, err) != 0)
			return -1;
	} while (fold->is_broken);
	if (!fold->is_full)
		return fold_tables(fold, err);
	if (slices >= FOLD_SLICES_MAX)
		return err_set(err, ERR_FATAL, "the events about one customer do not fit into the memory of this check");
	fold->slices = 2 * slices;
	if (fold_slice(reading, err) != 0)
		return -1;
	fold->slice = slice + slices;
	fold->slices = 2 * slices;
	return fold_slice(reading, err);
}

static int fold_slices(struct reading *reading, const struct folded_module *module, int64_t events, struct err *err)
{
	static struct fold fold;
	unsigned slices;
	int failed = fold_open(&fold, reading->verify, module, events, err);

	reading->fold = &fold;
	slices = fold.slices;
	for (unsigned slice = 0; slice < slices && failed == 0; slice++) {
		fold.slice = slice;
		fold.slices = slices;
		failed = fold_slice(reading, err);
	}
	fold_close(&fold);
	return failed;
}

static int read_module(struct reading *reading, struct err *err)
{
	struct verify *verify = reading->verify;
	const struct folded_module *folded = folded_module_named(reading->module);
	bool is_wanted = verify->is_wanted[7] || (verify->is_wanted[5] && folded == &folded_debts);
	int64_t events = find_heads(reading);
	int failed = refold_begin(&reading->refold, verify, reading->module, err);

	if (failed == 0 && folded != NULL && is_wanted)
		failed = fold_slices(reading, folded, events, err);
	else if (failed == 0)
		failed = read_log(reading, err);
	if (failed == 0)
		failed = refold_end(&reading->refold, verify, err);
	return failed;
}

static const struct db_statement set_snapshot = { "verify_snapshot",
						  "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY" };

int verify_module(struct verify *verify, size_t module, struct err *err)
{
	static struct reading reading;
	int failed;

	reading = (struct reading){ .verify = verify, .module = verify->modules.names[module], .headless = -1 };
	reading.select = log_stream_statement(&verify->statements, LOG_WHOLE, reading.module);
	log_walk_init(&reading.walk, verify);
	if (db_begin(verify->db, err) != 0)
		return -1;
	failed = db_run(verify->db, &set_snapshot, NULL, NULL, err);
	if (failed == 0)
		failed = verify_read_heads(verify, module, err);
	if (failed == 0)
		failed = read_module(&reading, err);
	if (failed == 0)
		failed = verify_answers(verify, module, err);
	if (failed == 0)
		failed = approvals_table(&reading.walk, module, err);
	db_rollback(verify->db);
	refold_release(&reading.refold);
	log_walk_release(&reading.walk);
	return failed;
}
