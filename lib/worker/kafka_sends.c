#include "worker/kafka_sends.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "model/topic.h"
#include "wire/envelope.h"
#include "worker/program.h"

#define SENDS_MAX          4096
#define TOKEN_LIFE_MS      (15 * INT64_C(60000))
#define HEADERS_ARENA_SIZE ((size_t)64 << 10)
#define TARGETS_MAX        8

enum way {
	WAY_FREE,
	WAY_PENDING,
	WAY_ACKED,
	WAY_LOST,
	WAY_FORGOTTEN, /* pending, of before a resume: nobody asks for it any more */
};

struct sends_part;

/* One command. In the list of its partition, in the order in which it was given, until all before it are acknowledged, too. */
struct on_its_way {
	enum way way;
	struct sends_part *part;
	int64_t seq;
	struct on_its_way *next;
};

struct sends_part {
	struct on_its_way *first, *last;
	bool has_failed;
};

struct target {
	char topic[TOPIC_NAME_MAX];
	int32_t parts;
};

struct kafka_sends {
	struct bus_conf conf;
	const char *module;
	char source[64]; /* ce_source */
	struct token_keys *keys;
	uint32_t roles;
	struct own_token token;
	struct bus_producer *producer;
	struct target targets[TARGETS_MAX]; /* whose partitions are known */
	size_t targets_count;
	struct sends_part parts[BUS_PARTS_MAX];
	struct on_its_way slots[SENDS_MAX];
	size_t next_slot;
	struct arena arena; /* headers of one record */
};

int kafka_sends_new(const struct bus_conf *conf, const char *module, struct token_keys *keys, uint32_t roles,
		    struct kafka_sends **ret_sends, struct err *err)
{
	struct kafka_sends *sends = calloc(1, sizeof(*sends));

	if (!sends)
		return err_set(err, ERR_FATAL, "no memory");
	sends->conf = *conf;
	sends->module = module;
	sends->keys = keys;
	sends->roles = roles;
	snprintf(sends->source, sizeof(sends->source), "/dcs/%s", module);
	if (arena_init(&sends->arena, HEADERS_ARENA_SIZE, err) < 0) {
		kafka_sends_free(sends);
		return -1;
	}
	*ret_sends = sends;
	return 0;
}

void kafka_sends_free(struct kafka_sends *sends)
{
	if (!sends)
		return;
	bus_producer_close(sends->producer);
	arena_release(&sends->arena);
	free(sends);
}

/* ---- what is on its way ---- */

static struct on_its_way *take_slot(struct kafka_sends *sends)
{
	for (size_t tries = 0; tries < SENDS_MAX; tries++) {
		struct on_its_way *slot = &sends->slots[sends->next_slot];

		sends->next_slot = (sends->next_slot + 1) % SENDS_MAX;
		if (slot->way == WAY_FREE)
			return slot;
	}
	return NULL;
}

static void enlist(struct sends_part *part, struct on_its_way *slot, int64_t seq)
{
	*slot = (struct on_its_way){ .way = WAY_PENDING, .part = part, .seq = seq };
	if (part->last)
		part->last->next = slot;
	else
		part->first = slot;
	part->last = slot;
}

static struct on_its_way *unlist_first(struct sends_part *part)
{
	struct on_its_way *slot = part->first;

	part->first = slot->next;
	if (!part->first)
		part->last = NULL;
	slot->next = NULL;
	return slot;
}

static void lose(struct on_its_way *slot)
{
	slot->way = WAY_LOST;
	slot->part->has_failed = true;
}

/* The broker's answer; called from within bus_producer_poll. */
static void on_sent(void *done_arg, int32_t part, int64_t offset, const struct err *failure)
{
	struct on_its_way *slot = done_arg;
	struct sends_part *list = slot->part;

	(void)part;
	(void)offset;
	if (slot->way == WAY_FORGOTTEN) {
		slot->way = WAY_FREE;
		return;
	}
	MUST(slot->way == WAY_PENDING);
	if (failure)
		lose(slot);
	else
		slot->way = WAY_ACKED;
	while (list->first && list->first->way == WAY_ACKED)
		unlist_first(list)->way = WAY_FREE;
}

/* A broken producer has lost its queue, and says nothing about it any more. */
static void note_broken(struct kafka_sends *sends)
{
	if (!sends->producer || !bus_producer_is_broken(sends->producer))
		return;
	log_warn("the producer of commands to other modules broke; a new one goes on from the last that was acknowledged");
	bus_producer_close(sends->producer);
	sends->producer = NULL;
	for (size_t i = 0; i < SENDS_MAX; i++) {
		if (sends->slots[i].way == WAY_PENDING)
			lose(&sends->slots[i]);
		else if (sends->slots[i].way == WAY_FORGOTTEN)
			sends->slots[i].way = WAY_FREE;
	}
}

bool kafka_sends_has_failed(const struct kafka_sends *sends, int32_t part)
{
	return sends->parts[part].has_failed;
}

int64_t kafka_sends_oldest(const struct kafka_sends *sends, int32_t part)
{
	return sends->parts[part].first ? sends->parts[part].first->seq : 0;
}

size_t kafka_sends_deliveries(struct kafka_sends *sends)
{
	if (!sends->producer)
		return 0;
	bus_producer_poll(sends->producer, 0);
	note_broken(sends);
	return sends->producer ? bus_producer_pending(sends->producer) : 0;
}

/* ---- sending ---- */

int kafka_sends_resume(struct kafka_sends *sends, int32_t part, struct err *err)
{
	struct sends_part *list = &sends->parts[part];

	note_broken(sends);
	if (!sends->producer) {
		if (bus_producer_open(&sends->conf, &sends->producer, err) < 0)
			return -1;
		program_ask_time(sends->producer); /* before a token is signed */
	}
	while (list->first) {
		struct on_its_way *slot = unlist_first(list);

		slot->way = slot->way == WAY_PENDING ? WAY_FORGOTTEN : WAY_FREE;
	}
	list->has_failed = false;
	return 0;
}

/* The same key must be in the same partition number there: what came to another would be no command to its module. */
static int find_target(struct kafka_sends *sends, struct str module, int32_t parts, const struct target **ret_target,
		       struct err *err)
{
	char name[TOPIC_NAME_MAX / 2];
	struct target target;

	if (!str_to_chars(name, sizeof(name), module))
		return err_set(err, ERR_RETRY, "the module to send to has too long a name");
	topic_name(target.topic, name, TOPIC_COMMANDS);
	for (size_t i = 0; i < sends->targets_count; i++)
		if (str_is(str_of(target.topic), sends->targets[i].topic)) {
			*ret_target = &sends->targets[i];
			return 0;
		}
	if (bus_producer_parts(sends->producer, target.topic, &target.parts, err) < 0)
		return -1;
	if (target.parts < parts)
		return err_set(err, ERR_RETRY, "%s has %d partitions, keys are spread over %d", target.topic, target.parts,
			       parts);
	MUST(sends->targets_count < TARGETS_MAX);
	sends->targets[sends->targets_count] = target;
	*ret_target = &sends->targets[sends->targets_count++];
	return 0;
}

static int produce(struct kafka_sends *sends, const struct sent_command *command, const struct target *target,
		   struct on_its_way *slot, struct err *err)
{
	const struct command_head head = {
		.id = command->id,
		.correlation_id = command->correlation_id,
		.causation_id = command->causation_id,
		.source = str_of(sends->source),
		.actor = command->actor,
		.token = str_of(sends->token.text),
		.traceparent = command->traceparent,
	};
	struct header headers[HEADERS_MAX];
	char key[UUID_TEXT_SIZE + 1];
	size_t count;

	arena_reset(&sends->arena);
	if (envelope_write_command(command->type, &head, &sends->arena, headers, &count, err) < 0)
		return -1;
	uuid_format(key, &command->key);
	return bus_produce(sends->producer, target->topic, command->part, str_of(key), command->value, headers, count, on_sent,
			   slot, err);
}

int kafka_sends_send(struct kafka_sends *sends, const struct sent_command *command, int32_t parts, struct err *err)
{
	struct sends_part *list = &sends->parts[command->part];
	const struct target *target = NULL;
	struct on_its_way *slot;

	if (!sends->producer || list->has_failed)
		return err_set(err, ERR_RETRY, "an earlier command was not delivered");
	if (find_target(sends, command->module, parts, &target, err) < 0 ||
	    own_token_renew(&sends->token, sends->keys, sends->module, sends->roles, TOKEN_LIFE_MS, bus_now_ms(), err) < 0)
		return -1;
	slot = take_slot(sends);
	if (!slot)
		return err_set(err, ERR_RETRY, "too many commands to other modules are on their way");
	enlist(list, slot, command->seq);
	if (produce(sends, command, target, slot, err) == 0)
		return 0;
	lose(slot); /* it keeps its place: those behind it do not overtake it */
	return -1;
}
