#include "delivery.h"

#include <stdlib.h>

#include "base/array.h"
#include "waiting.h"

#define HEAR_EVERY 256 /* commands sent */
#define BROKEN_MS  300 /* after a failure: the time to receive the remaining answers */

struct delivery {
	struct answers_conf answers_conf;
	struct tally *tally;
	struct sender *sender;
	struct answers *answers; /* NULL: without waiting */
	struct waiting waiting;
	int64_t sent; /* since the topics were last read */
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
	/* The sender first: it finds out whether the keys are good. Then the subscription, and only then the first command. */
	if (sender_open(&conf->sender, &delivery->sender, err) != 0 ||
	    (!conf->no_wait && answers_open(&delivery->answers_conf, module, tally, &delivery->answers, err) != 0)) {
		delivery_close(delivery);
		return -1;
	}
	waiting_begin(&delivery->waiting, tally, delivery->answers, conf->sender.timeout_s);
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

/* Checks all sources of answers once. */
static void look(struct delivery *delivery)
{
	waiting_poll(&delivery->waiting, sender_fd(delivery->sender));
	sender_poll(delivery->sender, 0);
	waiting_hear(&delivery->waiting);
}

static int wait_for_room(struct delivery *delivery, size_t commands, size_t text_size, struct err *err)
{
	while (!tally_has_room(delivery->tally, commands, text_size)) {
		look(delivery);
		if (waiting_is_over(&delivery->waiting) && waiting_give_up(&delivery->waiting, err) != 0)
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

	MUST(commands_count <= COUNT(sent));
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
	waiting_note(&delivery->waiting);
	return 0;
}

int delivery_finish(struct delivery *delivery, struct err *err)
{
	waiting_again(&delivery->waiting);
	while (tally_counts(delivery->tally)->under_way > 0) {
		look(delivery);
		if (sender_is_broken(delivery->sender) && waiting_still_ms(&delivery->waiting) > BROKEN_MS)
			return err_set(err, ERR_FATAL, "the connection to the brokers broke for good");
		if (waiting_is_over(&delivery->waiting) && waiting_give_up(&delivery->waiting, err) != 0)
			return -1;
	}
	return 0;
}
