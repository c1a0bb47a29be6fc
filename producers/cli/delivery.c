#include "delivery.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/day.h"

#define HEAR_EVERY 256 /* commands sent */
#define LOOK_MS    100
#define QUIET_MS   300 /* nothing was heard for so long: what is left may have no answer of its own */

struct delivery {
	struct answers_conf answers_conf;
	struct tally *tally;
	struct sender *sender;
	struct answers *answers; /* NULL: nobody waits for any */
	int64_t timeout_ms;
	int64_t moved;    /* of the tally's count, when it was last looked at */
	int64_t moved_ms; /* when that changed */
	int64_t sent;     /* since the topics were last heard */
};

int delivery_open(const struct delivery_conf *conf, const char *module, struct tally *tally, struct delivery **ret_delivery,
		  struct err *err)
{
	struct delivery *delivery = calloc(1, sizeof(*delivery));

	if (delivery == NULL)
		return err_set(err, ERR_FATAL, "no memory for sending");
	delivery->answers_conf =
		(struct answers_conf){ .bootstrap = conf->sender.bootstrap, .pg = conf->pg, .pg_user = conf->pg_user };
	delivery->tally = tally;
	delivery->timeout_ms = conf->sender.timeout_s * 1000;
	delivery->moved_ms = clock_monotonic_ms();
	/* First the sender: it knows whether the keys are good. Then the ears, and only then the first command. */
	if (sender_open(&conf->sender, &delivery->sender, err) != 0 ||
	    (!conf->no_wait && answers_open(&delivery->answers_conf, module, tally, &delivery->answers, err) != 0)) {
		delivery_close(delivery);
		return -1;
	}
	*ret_delivery = delivery;
	return 0;
}

void delivery_close(struct delivery *delivery)
{
	if (delivery == NULL)
		return;
	answers_close(delivery->answers);
	sender_close(delivery->sender);
	tally_abandon(delivery->tally);
	free(delivery);
}

static bool has_moved(struct delivery *delivery)
{
	int64_t moved = tally_counts(delivery->tally)->moved;

	if (moved == delivery->moved)
		return false;
	delivery->moved = moved;
	delivery->moved_ms = clock_monotonic_ms();
	return true;
}

static int64_t still_for_ms(const struct delivery *delivery)
{
	return clock_monotonic_ms() - delivery->moved_ms;
}

/* One look at everything that may bring news. */
static void look(struct delivery *delivery)
{
	struct pollfd fds[2] = { { .fd = sender_fd(delivery->sender), .events = POLLIN },
				 { .fd = delivery->answers != NULL ? answers_fd(delivery->answers) : -1, .events = POLLIN } };

	(void)poll(fds, 2, LOOK_MS); // interrupted or not: the look is what counts
	sender_poll(delivery->sender, 0);
	if (delivery->answers == NULL) {
		(void)has_moved(delivery);
		return;
	}
	answers_hear(delivery->answers);
	if (!has_moved(delivery) && still_for_ms(delivery) > QUIET_MS)
		answers_ask(delivery->answers);
	(void)has_moved(delivery);
}

/* Nobody waits for those any longer that the brokers have. -1: they have none. */
static int give_up(struct delivery *delivery, struct err *err)
{
	size_t before = tally_counts(delivery->tally)->under_way;
	const char *trouble = delivery->answers != NULL ? answers_trouble(delivery->answers) : NULL;
	long long still_s = delivery->timeout_ms / 1000;

	tally_give_up(delivery->tally);
	if (!has_moved(delivery))
		return err_set(err, ERR_RETRY, "the brokers have acknowledged nothing for %lld s", still_s);
	fprintf(stderr,
		"dcs: nothing has moved for %lld s: %zu commands are given up; dcs status and dcs parked list tell more\n",
		still_s, before - tally_counts(delivery->tally)->under_way);
	if (trouble != NULL)
		fprintf(stderr, "dcs: whether some were answered before could not be looked up: %s\n", trouble);
	return 0;
}

static int wait_for_room(struct delivery *delivery, size_t commands, size_t text_size, struct err *err)
{
	while (!tally_has_room(delivery->tally, commands, text_size)) {
		look(delivery);
		if (still_for_ms(delivery) > delivery->timeout_ms && give_up(delivery, err) != 0)
			return -1;
	}
	return 0;
}

static void on_done(void *done_arg, int32_t part, int64_t offset, const struct err *failure)
{
	struct command_sent *sent = done_arg;

	if (failure != NULL) {
		const struct reason reason = { .code = STR("not_sent"), .field = STR(""), .text = str_of(failure->text) };

		tally_not_sent(sent, &reason);
	} else {
		tally_acknowledged(sent, part, offset);
	}
}

static void on_done_is_enough(void *done_arg, int32_t part, int64_t offset, const struct err *failure)
{
	struct command_sent *sent = done_arg;

	if (failure == NULL)
		tally_end(sent, OUTCOME_SENT, NULL);
	on_done(sent, part, offset, failure);
}

static int send_one(struct delivery *delivery, struct command_sent *sent, const struct delivery_command *command, struct err *err)
{
	struct sender_record record = { .type = command->type,
					.body = command->body,
					.id = &command->id,
					.done = delivery->answers != NULL ? on_done : on_done_is_enough,
					.done_arg = sent };
	struct err failure = ERR_INIT;

	if (sender_send(delivery->sender, &record, &failure) == 0)
		return 0;
	if (failure.kind == ERR_POISON) {
		on_done(sent, -1, -1, &failure);
		return 0;
	}
	*err = failure;
	return -1;
}

int delivery_send(struct delivery *delivery, int64_t line, struct str text, const struct delivery_command *commands,
		  size_t commands_count, struct err *err)
{
	struct command_sent *sent[8];
	uint32_t row = 0;

	MUST(commands_count <= sizeof(sent) / sizeof(sent[0]));
	if (wait_for_room(delivery, commands_count, text.size, err) != 0)
		return -1;
	row = tally_begin(delivery->tally, line, text, commands_count);
	for (size_t i = 0; i < commands_count; i++)
		sent[i] = tally_add(delivery->tally, row, &commands[i].id);
	for (size_t i = 0; i < commands_count; i++) {
		if (send_one(delivery, sent[i], &commands[i], err) != 0)
			return -1;
	}
	delivery->sent += (int64_t)commands_count;
	if (delivery->answers != NULL && delivery->sent >= HEAR_EVERY) {
		answers_hear(delivery->answers);
		delivery->sent = 0;
	}
	(void)has_moved(delivery);
	return 0;
}

int delivery_finish(struct delivery *delivery, struct err *err)
{
	delivery->moved_ms = clock_monotonic_ms();
	while (tally_counts(delivery->tally)->under_way > 0) {
		look(delivery);
		if (sender_is_broken(delivery->sender) && still_for_ms(delivery) > QUIET_MS) /* what it has to say is heard */
			return err_set(err, ERR_FATAL, "the connection to the brokers broke for good");
		if (still_for_ms(delivery) > delivery->timeout_ms && give_up(delivery, err) != 0)
			return -1;
	}
	return 0;
}
