#include "tally.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/must.h"

struct row {
	int64_t line;
	size_t text_at, text_size;
	size_t left; /* commands that have not ended */
	enum outcome outcome;
	uint32_t next_free;
};

#define NO_ROW UINT32_MAX

struct tally {
	tally_tell *tell;
	void *tell_arg;
	struct tally_counts counts;
	size_t window, commands_used, rows_used;
	size_t buckets_mask;
	size_t text_used;
	uint32_t free_row;
	struct command_sent *free_command;
	struct command_sent *oldest, *newest;
	struct row *rows;
	struct command_sent *commands;
	struct command_sent **buckets;
	char *texts;
};

static const char *const names[OUTCOME_COUNT] = {
	[OUTCOME_SENT] = "acknowledged", [OUTCOME_ALREADY] = "already there", [OUTCOME_ACCEPTED] = "accepted",
	[OUTCOME_WAITING] = "waiting",   [OUTCOME_UNANSWERED] = "unanswered", [OUTCOME_NOT_SENT] = "not sent",
	[OUTCOME_DEAD] = "dead",         [OUTCOME_REFUSED] = "refused",       [OUTCOME_KEPT] = "kept",
};

const char *outcome_text(enum outcome outcome)
{
	return names[outcome];
}

/* ---- life ---- */

static void link_free(struct tally *tally)
{
	tally->free_row = NO_ROW;
	for (size_t i = tally->window; i-- > 0;) {
		tally->rows[i].next_free = tally->free_row;
		tally->free_row = (uint32_t)i;
		tally->commands[i].next_in_bucket = tally->free_command;
		tally->free_command = &tally->commands[i];
	}
}

int tally_new(size_t window, tally_tell *tell, void *tell_arg, struct tally **ret_tally, struct err *err)
{
	struct tally *tally = calloc(1, sizeof(*tally));
	size_t buckets = 1;

	MUST(window > 0);
	MUST(window < NO_ROW);
	while (buckets < window)
		buckets *= 2;
	if (tally != NULL) {
		tally->rows = calloc(window, sizeof(tally->rows[0]));
		tally->commands = calloc(window, sizeof(tally->commands[0]));
		tally->buckets = calloc(buckets, sizeof(tally->buckets[0]));
		tally->texts = malloc(TALLY_TEXT_SIZE);
	}
	if (tally == NULL || tally->rows == NULL || tally->commands == NULL || tally->buckets == NULL || tally->texts == NULL) {
		tally_free(tally);
		return err_set(err, ERR_FATAL, "no memory for %zu commands under way", window);
	}
	tally->tell = tell;
	tally->tell_arg = tell_arg;
	tally->window = window;
	tally->buckets_mask = buckets - 1;
	link_free(tally);
	*ret_tally = tally;
	return 0;
}

void tally_free(struct tally *tally)
{
	if (tally == NULL)
		return;
	free(tally->rows);
	free(tally->commands);
	free(tally->buckets);
	free(tally->texts);
	free(tally);
}

const struct tally_counts *tally_counts(const struct tally *tally)
{
	return &tally->counts;
}

/* ---- counting ---- */

static void count_code(struct tally_counts *counts, struct str code)
{
	size_t i = 0;

	while (i < counts->codes_count && !str_is(code, counts->codes[i].code))
		i++;
	if (i == counts->codes_count && i < TALLY_CODES_MAX) {
		if (i == TALLY_CODES_MAX - 1 || !str_to_chars(counts->codes[i].code, sizeof(counts->codes[i].code), code))
			snprintf(counts->codes[i].code, sizeof(counts->codes[i].code), "others");
		counts->codes_count++;
	}
	counts->codes[i < TALLY_CODES_MAX ? i : TALLY_CODES_MAX - 1].rows++;
}

static void tell_bad(struct tally *tally, const struct told *told)
{
	if (told->outcome == OUTCOME_REFUSED)
		count_code(&tally->counts, told->reason->code);
	tally->tell(tally->tell_arg, told);
}

void tally_refuse(struct tally *tally, int64_t line, struct str text, const struct reason *reason)
{
	tell_bad(tally, &(struct told){ .line = line, .text = text, .outcome = OUTCOME_REFUSED, .reason = reason });
	tally->counts.rows[OUTCOME_REFUSED]++;
}

/* ---- rows ---- */

bool tally_has_room(const struct tally *tally, size_t commands, size_t text_size)
{
	size_t used = tally->rows_used > 0 ? tally->text_used : 0;

	return tally->commands_used + commands <= tally->window && tally->rows_used < tally->window &&
	       text_size <= TALLY_TEXT_SIZE - used;
}

uint32_t tally_begin(struct tally *tally, int64_t line, struct str text, size_t commands)
{
	uint32_t index = tally->free_row;
	struct row *row = NULL;

	MUST(commands > 0);
	MUST(tally_has_room(tally, commands, text.size));
	row = &tally->rows[index];
	tally->free_row = row->next_free;
	if (tally->rows_used++ == 0)
		tally->text_used = 0;
	*row = (struct row){
		.line = line, .text_at = tally->text_used, .text_size = text.size, .left = commands, .outcome = OUTCOME_SENT
	};
	if (text.size > 0)
		memcpy(tally->texts + tally->text_used, text.data, text.size);
	tally->text_used += text.size;
	return index;
}

static void end_row(struct tally *tally, struct row *row)
{
	tally->counts.rows[row->outcome]++;
	row->next_free = tally->free_row;
	tally->free_row = (uint32_t)(row - tally->rows);
	tally->rows_used--;
}

/* ---- commands ---- */

static struct command_sent **bucket_of(const struct tally *tally, const struct uuid *id)
{
	return &tally->buckets[uuid_hash(id) & tally->buckets_mask];
}

static void put_into_bucket(struct tally *tally, struct command_sent *sent)
{
	struct command_sent **place = bucket_of(tally, &sent->id);

	sent->next_in_bucket = *place;
	sent->in_bucket = place;
	if (*place != NULL)
		(*place)->in_bucket = &sent->next_in_bucket;
	*place = sent;
}

static void take_from_bucket(struct command_sent *sent)
{
	*sent->in_bucket = sent->next_in_bucket;
	if (sent->next_in_bucket != NULL)
		sent->next_in_bucket->in_bucket = sent->in_bucket;
}

struct command_sent *tally_add(struct tally *tally, uint32_t row, const struct uuid *id)
{
	struct command_sent *sent = tally->free_command;

	MUST(sent != NULL);
	tally->free_command = sent->next_in_bucket;
	*sent = (struct command_sent){ .tally = tally, .id = *id, .part = -1, .row = row, .older = tally->newest };
	put_into_bucket(tally, sent);
	if (tally->newest != NULL)
		tally->newest->newer = sent;
	else
		tally->oldest = sent;
	tally->newest = sent;
	tally->commands_used++;
	tally->counts.under_way++;
	return sent;
}

static void unlink_command(struct tally *tally, struct command_sent *sent)
{
	take_from_bucket(sent);
	if (sent->older != NULL)
		sent->older->newer = sent->newer;
	else
		tally->oldest = sent->newer;
	if (sent->newer != NULL)
		sent->newer->older = sent->older;
	else
		tally->newest = sent->older;
}

/* Frees the entry when both are known: the acknowledgement and the outcome. */
static void free_if_done(struct tally *tally, struct command_sent *sent)
{
	if (!sent->is_ended || !sent->is_acknowledged)
		return;
	sent->next_in_bucket = tally->free_command;
	tally->free_command = sent;
	tally->commands_used--;
}

static void acknowledge(struct command_sent *sent)
{
	MUST(!sent->is_acknowledged);
	sent->is_acknowledged = true;
	sent->tally->counts.moved++;
	free_if_done(sent->tally, sent);
}

void tally_acknowledged(struct command_sent *sent, int32_t part, int64_t offset)
{
	sent->part = part;
	sent->offset = offset;
	acknowledge(sent);
}

void tally_not_sent(struct command_sent *sent, const struct reason *reason)
{
	if (!sent->is_ended)
		tally_end(sent, OUTCOME_NOT_SENT, reason);
	acknowledge(sent);
}

void tally_end(struct command_sent *sent, enum outcome outcome, const struct reason *reason)
{
	struct tally *tally = sent->tally;
	struct row *row = &tally->rows[sent->row];

	MUST(!sent->is_ended);
	MUST(row->left > 0);
	unlink_command(tally, sent);
	sent->is_ended = true;
	tally->counts.under_way--;
	tally->counts.moved++;
	if (!outcome_is_bad(row->outcome)) {
		if (outcome_is_bad(outcome)) {
			struct str text = { .data = tally->texts + row->text_at, .size = row->text_size };

			tell_bad(tally, &(struct told){ .line = row->line,
							.text = text,
							.id = &sent->id,
							.outcome = outcome,
							.reason = reason });
		}
		if (outcome > row->outcome)
			row->outcome = outcome;
	}
	if (--row->left == 0)
		end_row(tally, row);
	free_if_done(tally, sent);
}

/* The newest is first. */
struct command_sent *tally_find(const struct tally *tally, const struct uuid *id)
{
	struct command_sent *found = NULL;

	for (struct command_sent *sent = *bucket_of(tally, id); sent != NULL; sent = sent->next_in_bucket) {
		if (uuid_equal(&sent->id, id))
			found = sent;
	}
	return found;
}

struct command_sent *tally_find_at(const struct tally *tally, const struct uuid *id, int32_t part, int64_t offset)
{
	struct command_sent *found = NULL;

	for (struct command_sent *sent = *bucket_of(tally, id); sent != NULL; sent = sent->next_in_bucket) {
		if (!uuid_equal(&sent->id, id))
			continue;
		if (sent->part == part && sent->offset == offset)
			return sent;
		if (sent->part < 0)
			found = sent;
	}
	return found;
}

struct command_sent *tally_oldest(const struct tally *tally)
{
	return tally->oldest;
}

static void end_unanswered(struct command_sent *sent)
{
	const struct reason waiting = { .code = STR("waiting"), .text = STR("the module has set it aside for now") };
	const struct reason unanswered = { .code = STR("unanswered"), .text = STR("no answer came") };

	if (sent->is_waiting)
		tally_end(sent, OUTCOME_WAITING, &waiting);
	else
		tally_end(sent, OUTCOME_UNANSWERED, &unanswered);
}

void tally_give_up(struct tally *tally)
{
	struct command_sent *sent = tally->oldest;

	while (sent != NULL) {
		struct command_sent *newer = sent->newer;

		if (sent->is_acknowledged)
			end_unanswered(sent);
		sent = newer;
	}
}

void tally_abandon(struct tally *tally)
{
	while (tally->oldest != NULL)
		end_unanswered(tally->oldest);
}

/* ---- for people ---- */

static void add(char *text, size_t text_size, const char *comma, int64_t count, const char *name)
{
	size_t used = strlen(text);

	snprintf(text + used, text_size - used, "%s%lld %s", comma, (long long)count, name);
}

void tally_summary(const struct tally *tally, char *text, size_t text_size)
{
	static const enum outcome order[] = { OUTCOME_ACCEPTED, OUTCOME_SENT,       OUTCOME_ALREADY,
					      OUTCOME_KEPT,     OUTCOME_REFUSED,    OUTCOME_DEAD,
					      OUTCOME_WAITING,  OUTCOME_UNANSWERED, OUTCOME_NOT_SENT };
	const struct tally_counts *counts = &tally->counts;

	text[0] = '\0';
	for (size_t i = 0; i < COUNT(order); i++) {
		bool always = order[i] == OUTCOME_REFUSED || (order[i] == OUTCOME_ACCEPTED && counts->rows[OUTCOME_SENT] == 0);

		if (always || counts->rows[order[i]] > 0)
			add(text, text_size, i == 0 || text[0] == '\0' ? "" : ", ", counts->rows[order[i]], names[order[i]]);
		if (order[i] != OUTCOME_REFUSED || counts->codes_count == 0)
			continue;
		for (size_t code = 0; code < counts->codes_count; code++)
			add(text, text_size, code == 0 ? " (" : ", ", counts->codes[code].rows, counts->codes[code].code);
		snprintf(text + strlen(text), text_size - strlen(text), ")");
	}
}

bool tally_is_good(const struct tally *tally)
{
	for (int outcome = 0; outcome < OUTCOME_COUNT; outcome++) {
		if (outcome_is_bad((enum outcome)outcome) && tally->counts.rows[outcome] > 0)
			return false;
	}
	return true;
}
