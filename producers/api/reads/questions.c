#include "producers/api/reads/questions.h"

#include <limits.h>
#include <stdalign.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/must.h"
#include "db/db_async.h"

/*
 * A question is free, or in a group of its shape (queued, not sent), or in the chain that a sent statement has as its argument.
 * Groups and chains are in the order of asking, so that the n-th in the chain is the n-th item of the arrays.
 */

#define GROUPS_MAX 64 /* different shapes in one turn; above it, the groups are sent early */

struct question {
	struct question *next;
	struct questions *questions;
	question_done *done;
	alignas(max_align_t) unsigned char notes[QUESTION_NOTES_MAX];
	size_t notes_size;
	struct question_value values[QUESTION_ARGS_MAX];
};

struct group {
	const struct question_shape *shape;
	struct question *first, *last;
	size_t count;
};

struct questions {
	struct questions_conf conf;
	struct db_async *async;
	struct db_params params;
	bool was_ready;
	struct group groups[GROUPS_MAX];
	size_t groups_count;
	struct question *free_questions;
	size_t used;
	struct question pool[];
};

/* ---- answers ---- */

static void finish(struct question *question, const struct answer *answer, const struct err *failure)
{
	struct questions *questions = question->questions;
	question_done *done = question->done;
	alignas(max_align_t) unsigned char notes[QUESTION_NOTES_MAX];

	memcpy(notes, question->notes, question->notes_size);
	/* Freed before the callback: it may ask again, even if all questions were in use. */
	question->next = questions->free_questions;
	questions->free_questions = question;
	questions->used--;
	done(notes, answer, failure);
}

/* Assigns the rows to the questions: the rows of one are adjacent, the questions are in any order. */
static void find_rows(const struct db_result *result, struct answer answers[QUESTION_TOGETHER_MAX])
{
	for (int row = 0; row < result->rows; row++) {
		int64_t number = db_int64(result, row, 0);
		struct answer *answer;

		MUST(number >= 1);
		MUST(number <= QUESTION_TOGETHER_MAX);
		answer = &answers[number - 1];
		if (answer->count == 0)
			answer->first = row;
		MUST(answer->first + answer->count == row);
		answer->count++;
	}
}

static void tell_chain(void *chain_arg, const struct db_result *result, const struct err *failure)
{
	struct answer answers[QUESTION_TOGETHER_MAX];
	struct question *next;
	size_t index = 0;

	for (const struct question *question = chain_arg; question != NULL; question = question->next)
		answers[index++] = (struct answer){ .result = result };
	if (result != NULL)
		find_rows(result, answers);
	index = 0;
	for (struct question *question = chain_arg; question != NULL; question = next) {
		next = question->next;
		finish(question, result == NULL ? NULL : &answers[index], failure);
		index++;
	}
}

/* ---- sending ---- */

static void add_item(struct db_params *params, enum db_array kind, const struct question_value *value)
{
	if (value->is_null) {
		db_array_null(params);
		return;
	}
	switch (kind) {
	case DB_ARRAY_BOOL:
		db_array_bool(params, value->number != 0);
		return;
	case DB_ARRAY_INT32:
	case DB_ARRAY_DATE:
		db_array_int32(params, (int32_t)value->number);
		return;
	case DB_ARRAY_INT64:
		db_array_int64(params, value->number);
		return;
	case DB_ARRAY_INSTANT:
		db_array_instant(params, value->number);
		return;
	case DB_ARRAY_UUID:
		db_array_uuid(params, &value->id);
		return;
	case DB_ARRAY_TEXT:
	case DB_ARRAY_BYTES:
		MUST(value->text.size <= QUESTION_TEXT_MAX);
		db_array_text(params, value->text);
		return;
	case DB_ARRAY_INT16:
	case DB_ARRAY_TID:
		break;
	}
	MUST_NOT_REACH("a kind that no question has");
}

static void fill_params(struct db_params *params, const struct group *group)
{
	db_params_reset(params);
	for (size_t arg = 0; arg < group->shape->args_count; arg++) {
		db_array_begin(params, group->shape->kinds[arg]);
		for (const struct question *question = group->first; question != NULL; question = question->next)
			add_item(params, group->shape->kinds[arg], &question->values[arg]);
	}
}

static void send_group(struct questions *questions, const struct group *group)
{
	struct err err = ERR_INIT;

	fill_params(&questions->params, group);
	if (db_async_ask(questions->async, &group->shape->statement, &questions->params, tell_chain, group->first, &err) != 0)
		tell_chain(group->first, NULL, &err);
}

/*
 * Sends all groups; true if there were any. While the server is busy they are held and grow: the server runs one statement after
 * another anyway, and large ones cost it less. A callback that fails at once may ask again, into new groups.
 */
static bool send_groups(struct questions *questions)
{
	struct group groups[GROUPS_MAX];
	size_t count = questions->groups_count;

	if (db_async_is_busy(questions->async) && count < GROUPS_MAX)
		return false;
	memcpy(groups, questions->groups, count * sizeof(groups[0]));
	questions->groups_count = 0;
	for (size_t i = 0; i < count; i++)
		send_group(questions, &groups[i]);
	return count > 0;
}

/* ---- asking ---- */

static size_t together_max(const struct questions *questions, const struct question_shape *shape)
{
	if (questions->conf.together_max > 0)
		return questions->conf.together_max;
	MUST(shape->together_max <= QUESTION_TOGETHER_MAX);
	return shape->together_max == 0 ? QUESTION_TOGETHER_MAX : shape->together_max;
}

/* The last group of the shape with room, or a new one. */
static struct group *group_of(struct questions *questions, const struct question_shape *shape)
{
	for (size_t i = questions->groups_count; i > 0; i--) {
		struct group *group = &questions->groups[i - 1];

		if (group->shape == shape && group->count < together_max(questions, shape))
			return group;
	}
	if (questions->groups_count == GROUPS_MAX)
		(void)send_groups(questions);
	questions->groups[questions->groups_count] = (struct group){ .shape = shape };
	return &questions->groups[questions->groups_count++];
}

struct question_value *questions_ask(struct questions *questions, const struct question_shape *shape, question_done *done,
				     const void *notes, size_t notes_size)
{
	struct question *question = questions->free_questions;
	struct group *group;

	MUST(shape->args_count > 0);
	MUST(shape->args_count <= QUESTION_ARGS_MAX);
	MUST(notes_size <= QUESTION_NOTES_MAX);
	if (question == NULL || !db_async_is_ready(questions->async))
		return NULL;
	group = group_of(questions, shape);
	questions->free_questions = question->next;
	questions->used++;
	question->next = NULL;
	question->questions = questions;
	question->done = done;
	memcpy(question->notes, notes, notes_size);
	question->notes_size = notes_size;
	memset(question->values, 0, shape->args_count * sizeof(question->values[0]));
	if (group->last == NULL)
		group->first = question;
	else
		group->last->next = question;
	group->last = question;
	group->count++;
	return question->values;
}

/* ---- the part ---- */

static void tell_change(struct questions *questions)
{
	bool is_ready = db_async_is_ready(questions->async);

	if (is_ready && !questions->was_ready)
		log_info("part=%s connected", questions->conf.name);
	else if (!is_ready && questions->was_ready)
		log_warn("part=%s away: %s", questions->conf.name, db_async_trouble(questions->async));
	questions->was_ready = is_ready;
}

void questions_run(struct questions *questions)
{
	(void)send_groups(questions);
	db_async_run(questions->async);
	if (send_groups(questions)) /* questions that the callbacks of these answers asked */
		db_async_run(questions->async);
	tell_change(questions);
}

bool questions_are_ready(const struct questions *questions)
{
	return db_async_is_ready(questions->async);
}

static int part_run(void *questions_self, struct err *err)
{
	(void)err;
	questions_run(questions_self);
	return 0;
}

static size_t part_watch(void *questions_self, struct pollfd ret_fds[PART_FDS_MAX])
{
	const struct questions *questions = questions_self;
	int fd = db_async_fd(questions->async);

	if (fd < 0)
		return 0;
	ret_fds[0] = (struct pollfd){ .fd = fd, .events = db_async_events(questions->async) };
	return 1;
}

static int part_timeout_ms(void *questions_self)
{
	const struct questions *questions = questions_self;
	bool has_groups = questions->groups_count > 0 && !db_async_is_busy(questions->async);
	int64_t wait_ms = has_groups ? 0 : db_async_wait_ms(questions->async);

	return wait_ms > INT_MAX ? INT_MAX : (int)wait_ms;
}

static bool part_is_ready(void *questions_self)
{
	return questions_are_ready(questions_self);
}

static size_t part_waiting(void *questions_self)
{
	const struct questions *questions = questions_self;

	return questions->used;
}

static void part_give_up(void *questions_self)
{
	struct questions *questions = questions_self;

	db_async_give_up(questions->async);
	(void)send_groups(questions);
}

struct part questions_part(struct questions *questions)
{
	return (struct part){ .name = questions->conf.name,
			      .self = questions,
			      .run = part_run,
			      .watch = part_watch,
			      .timeout_ms = part_timeout_ms,
			      .is_ready = part_is_ready,
			      .waiting = part_waiting,
			      .give_up = part_give_up };
}

/* ---- life ---- */

int questions_new(const struct questions_conf *conf, struct questions **ret_questions, struct err *err)
{
	const struct db_async_conf async_conf = { .conninfo = conf->conninfo,
						  .application_name = conf->application_name,
						  .timeout_ms = conf->timeout_ms,
						  .waiting_max = conf->waiting_max };
	struct questions *questions = calloc(1, sizeof(*questions) + conf->waiting_max * sizeof(questions->pool[0]));

	if (questions == NULL)
		return err_set(err, ERR_FATAL, "no memory");
	if (db_async_new(&async_conf, &questions->async, err) != 0) {
		free(questions);
		return -1;
	}
	questions->conf = *conf;
	db_params_init(&questions->params, DB_ASYNC_PARAMS_MAX);
	for (size_t i = conf->waiting_max; i > 0; i--) {
		questions->pool[i - 1].next = questions->free_questions;
		questions->free_questions = &questions->pool[i - 1];
	}
	*ret_questions = questions;
	return 0;
}

void questions_free(struct questions *questions)
{
	if (questions == NULL)
		return;
	part_give_up(questions);
	db_async_free(questions->async);
	db_params_release(&questions->params);
	free(questions);
}
