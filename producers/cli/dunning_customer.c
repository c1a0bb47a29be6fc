/* `dcs dunning simulate --customer`: what one person gets, in sentences, and what becomes of it if something happens. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/buf.h"
#include "base/day.h"
#include "base/money.h"
#include "cli.h"
#include "consumers/dunning/in_words.h"
#include "consumers/dunning/play.h"
#include "consumers/dunning/store_portfolio.h"
#include "dunning_dry_run.h"

#define GROUPS_SIZE_MAX ((size_t)256 << 20)

/* ---- --if: what may happen ---- */

/* The word at the front; the rest loses it. */
static bool take_words(struct str *text, const char *words)
{
	size_t size = strlen(words);

	if (text->size < size || memcmp(text->data, words, size) != 0)
		return false;
	*text = (struct str){ .data = text->data + size, .size = text->size - size };
	return true;
}

/* "... on DATE"; *ret_front is what stands before it. */
static bool take_day(struct str text, struct str *ret_front, int32_t *ret_day)
{
	static const char on[] = " on 2026-11-22";
	const size_t size = sizeof(on) - 1;
	struct str end;

	if (text.size <= size)
		return false;
	end = (struct str){ .data = text.data + text.size - size, .size = size };
	*ret_front = (struct str){ .data = text.data, .size = text.size - size };
	return take_words(&end, " on ") && day_parse(end, ret_day);
}

/* "50.00", in which two decimals stand for hundredths, until the currency is known; "50.00 EUR". */
static bool take_amount(struct str text, struct dunning_change *change)
{
	struct str code, amount = str_cut(text, ' ', &code);

	change->amount = amount;
	if (code.size == 0)
		return amount.size > 0;
	return currency_find(code) != NULL && str_to_chars(change->currency, sizeof(change->currency), code);
}

bool dunning_change_read(struct str text, struct dunning_change *ret_change)
{
	struct str front;

	*ret_change = (struct dunning_change){ .text = text };
	if (str_is(text, "nothing"))
		return true;
	if (!take_day(text, &front, &ret_change->change.day))
		return false;
	if (take_words(&front, "opts out of ")) {
		ret_change->change.kind = PLAY_OPTS_OUT;
		ret_change->change.channel = channel_by_name(front);
		return ret_change->change.channel != CHANNEL_NONE;
	}
	ret_change->change.kind = PLAY_PAYS;
	return take_words(&front, "pays ") && take_amount(front, ret_change);
}

int dunning_take_changes(int *argc, char **argv, struct dunning_changes *ret_changes, struct err *err)
{
	int kept = 1;

	ret_changes->count = 0;
	for (int at = 1; at < *argc; at++) {
		const char *text = NULL;

		if (strncmp(argv[at], "--if=", 5) == 0)
			text = argv[at] + 5;
		else if (strcmp(argv[at], "--if") == 0 && at + 1 < *argc)
			text = argv[++at];
		if (text == NULL) {
			argv[kept++] = argv[at];
			continue;
		}
		if (ret_changes->count == DUNNING_CHANGES_MAX)
			return err_set(err, ERR_FATAL, "at most %d times --if", DUNNING_CHANGES_MAX);
		if (!dunning_change_read(str_of(text), &ret_changes->items[ret_changes->count++]))
			return err_set(err, ERR_FATAL,
				       "--if is 'pays 50.00 on 2026-11-22', 'opts out of email on 2026-11-22' or nothing");
	}
	argv[kept] = NULL;
	*argc = kept;
	return 0;
}

/* ---- the person ---- */

struct telling {
	const struct dunning_view *view;
	struct buf groups; /* struct portfolio_group, as they are read */
	struct buf played; /* a copy that is played */
	int64_t lines;
};

static struct portfolio_group *groups_in(const struct buf *groups, size_t *ret_count)
{
	*ret_count = groups->size / sizeof(struct portfolio_group);
	return (struct portfolio_group *)(void *)groups->data;
}

static int read_groups(struct telling *telling, const struct uuid *customer_id, struct err *err)
{
	static struct portfolio portfolio; /* large */
	const struct portfolio_group *group = NULL;
	int failed;

	memset(&portfolio, 0, sizeof(portfolio));
	failed = portfolio_begin(&portfolio, telling->view->db, telling->view->today - CAPS_DAYS, customer_id, err);
	while (failed == 0 && (failed = portfolio_next(&portfolio, &group, err)) == 0 && group != NULL)
		buf_add(&telling->groups, group, sizeof(*group));
	portfolio_end(&portfolio);
	if (failed == 0 && telling->groups.overflow)
		return err_set(err, ERR_FATAL, "the person has more groups than fit");
	return failed;
}

/* ---- sentences ---- */

static void tell_step(const struct play_line *line)
{
	printf("step %d of %s: ", (int)line->step->number, line->policy->name);
	if (line->action == ACTION_SEND)
		printf("%s by %s (template %s)", message_class_name((enum message_class)line->step->message_class),
		       channel_name(line->channel), line->step->template_name);
	else
		printf("a task, %s", dunning_action_name(line->action));
	printf(", about ");
	print_amount(stdout, line->net_minor, line->group->group.currency);
	printf(" of %u %s\n", (unsigned)line->debts_count, line->debts_count == 1 ? "debt" : "debts");
}

static void tell_wait(const struct play_line *line)
{
	if (line->step == NULL)
		printf("nothing can be sent: %s\n", wait_in_words(line->wait));
	else
		printf("step %d of %s waits: %s\n", (int)line->step->number, line->policy->name, wait_in_words(line->wait));
}

static void tell_line(void *tell_arg, const struct play_line *line)
{
	struct telling *telling = tell_arg;
	char day[16], creditor[UUID_TEXT_SIZE + 1];

	telling->lines++;
	day_format(day, line->day);
	uuid_format(creditor, &line->group->group.creditor_id);
	printf("  %s  creditor %s, %s: ", day, creditor, line->group->group.currency);
	switch (line->said) {
	case PLAY_STEP:
		tell_step(line);
		return;
	case PLAY_TAKEN:
		printf("step %d, which is under way, counts as taken\n", (int)line->group->under_way.number);
		return;
	case PLAY_PASSED_OVER:
		printf("step %d of %s has failed for good and is passed over\n", (int)line->step->number, line->policy->name);
		return;
	case PLAY_WAIT:
		tell_wait(line);
		return;
	}
}

static void play_copy(struct telling *telling, const struct play *play)
{
	struct portfolio_group *groups;
	size_t count;

	buf_reset(&telling->played);
	buf_add(&telling->played, telling->groups.data, telling->groups.size);
	groups = groups_in(&telling->played, &count);
	telling->lines = 0;
	if (count > 0)
		play_person(play, groups, count);
	if (telling->lines == 0)
		printf("  nothing happens\n");
}

/* ---- amounts, when the currency is known ---- */

static int resolve(const struct telling *telling, struct dunning_change *change, struct err *err)
{
	size_t count;
	const struct portfolio_group *groups = groups_in(&telling->groups, &count);

	if (change->amount.size == 0 || count == 0)
		return 0;
	if (change->currency[0] == '\0')
		memcpy(change->currency, groups[0].group.currency, sizeof(change->currency));
	if (!money_parse(change->amount, currency_find(str_of(change->currency)), &change->change.minor) ||
	    change->change.minor <= 0)
		return err_set(err, ERR_FATAL, "--if: no amount of %s: %.*s", change->currency, (int)change->amount.size,
			       change->amount.data);
	change->change.currency = change->currency;
	return 0;
}

/* Those that are "nothing" have no day. */
static size_t list_changes(const struct dunning_changes *changes, struct play_change list[DUNNING_CHANGES_MAX])
{
	size_t count = 0;

	for (size_t index = 0; index < changes->count; index++) {
		if (!str_is(changes->items[index].text, "nothing"))
			list[count++] = changes->items[index].change;
	}
	return count;
}

static int tell_both(struct telling *telling, const struct play *play, const struct dunning_changes *changes, struct err *err)
{
	struct dunning_changes resolved = *changes;
	struct play_change list[DUNNING_CHANGES_MAX];
	struct play changed = *play;

	for (size_t index = 0; index < resolved.count; index++) {
		if (resolve(telling, &resolved.items[index], err) != 0)
			return -1;
	}
	printf("as it is:\n");
	play_copy(telling, play);
	changed.changes_count = list_changes(&resolved, list);
	changed.changes = list;
	if (changed.changes_count == 0)
		return 0;
	printf("if the person");
	for (size_t index = 0; index < resolved.count; index++)
		printf("%s %.*s", index == 0 ? "" : ",", (int)resolved.items[index].text.size, resolved.items[index].text.data);
	printf(":\n");
	play_copy(telling, &changed);
	return 0;
}

int dunning_tell_customer(const struct dunning_view *view, const struct play *play, const struct uuid *customer_id,
			  const struct dunning_changes *changes, struct err *err)
{
	struct telling telling = { .view = view };
	struct play told = *play;
	int failed;

	told.tell = tell_line;
	told.tell_arg = &telling;
	buf_init(&telling.groups, GROUPS_SIZE_MAX);
	buf_init(&telling.played, GROUPS_SIZE_MAX);
	failed = read_groups(&telling, customer_id, err);
	if (failed == 0)
		failed = tell_both(&telling, &told, changes, err);
	buf_release(&telling.groups);
	buf_release(&telling.played);
	return failed;
}
