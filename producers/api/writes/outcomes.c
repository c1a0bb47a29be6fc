#include "producers/api/writes/outcomes.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "model/topic.h"

#define BUCKETS     4096 /* a power of two; the number of waits is bounded elsewhere (writes.h) */
#define REST_MS     500
#define RECORDS_MAX 2000 /* in one turn: other parts must run, too */

struct outcomes {
	const struct bus_conf *bus;
	struct bus_tail *tail; /* NULL: not opened yet */
	struct bus_tail *opened;
	struct opener opener;
	size_t waiting;
	bool has_more; /* the last turn ended before the records did */
	struct outcome_wait *buckets[BUCKETS];
};

/* ---- waits ---- */

/* The last bytes of an id are random, or a hash. */
static size_t bucket_of(const struct uuid *id)
{
	return ((size_t)id->bytes[14] << 8 | id->bytes[15]) & (BUCKETS - 1);
}

void outcomes_wait(struct outcomes *outcomes, struct outcome_wait *wait)
{
	struct outcome_wait **bucket = &outcomes->buckets[bucket_of(&wait->command_id)];

	MUST(!wait->is_waiting);
	wait->is_waiting = true;
	wait->next = *bucket;
	*bucket = wait;
	outcomes->waiting++;
}

void outcomes_forget(struct outcomes *outcomes, struct outcome_wait *wait)
{
	struct outcome_wait **at = &outcomes->buckets[bucket_of(&wait->command_id)];

	if (!wait->is_waiting)
		return;
	while (*at != wait)
		at = &(*at)->next;
	*at = wait->next;
	wait->is_waiting = false;
	outcomes->waiting--;
}

static struct outcome_wait *find(const struct outcomes *outcomes, const struct uuid *command_id)
{
	struct outcome_wait *wait = outcomes->buckets[bucket_of(command_id)];

	while (wait != NULL && !uuid_equal(&wait->command_id, command_id))
		wait = wait->next;
	return wait;
}

bool outcomes_is_awaited(const struct outcomes *outcomes, const struct uuid *command_id)
{
	return find(outcomes, command_id) != NULL;
}

/* ---- events ---- */

static bool cause_of(const struct bus_record *record, struct uuid *ret_command_id)
{
	struct header headers[HEADERS_MAX];
	struct err err = ERR_INIT;
	size_t count = 0;

	if (bus_record_headers(record, headers, &count, &err) != 0)
		return false;
	for (size_t i = 0; i < count; i++) {
		if (strcmp(headers[i].name, "ce_causationid") == 0)
			return uuid_parse(ret_command_id, headers[i].value);
	}
	return false;
}

static void look_at(struct outcomes *outcomes, const struct bus_record *record)
{
	struct outcome_wait *wait;
	struct uuid cause;

	if (outcomes->waiting == 0 || !cause_of(record, &cause))
		return;
	while ((wait = find(outcomes, &cause)) != NULL) {
		outcomes_forget(outcomes, wait);
		wait->told(wait, record->value);
	}
}

static void take_records(struct outcomes *outcomes)
{
	struct bus_record record;
	size_t count = 0;

	while (count < RECORDS_MAX && bus_tail_next(outcomes->tail, &record)) {
		look_at(outcomes, &record);
		bus_record_release(&record);
		count++;
	}
	outcomes->has_more = count == RECORDS_MAX;
}

/* ---- opening ---- */

/* In the opener's thread. */
static int open_tail(void *outcomes_arg, struct err *err)
{
	struct outcomes *outcomes = outcomes_arg;
	const char *modules[MODULES_MAX];
	char names[MODULES_MAX][TOPIC_NAME_MAX];
	const char *topics[MODULES_MAX + 1];
	size_t count = topic_modules(modules);

	for (size_t i = 0; i < count; i++) {
		topic_name(names[i], modules[i], TOPIC_EVENTS);
		topics[i] = names[i];
	}
	if (bus_is_rehearsal())
		topics[count++] = BUS_TIME_TOPIC; /* it brings the time */
	return bus_tail_open(outcomes->bus, topics, count, &outcomes->opened, err);
}

static int turn_opener(struct outcomes *outcomes, struct err *err)
{
	switch (opener_turn(&outcomes->opener)) {
	case OPENER_OPENED:
		outcomes->tail = outcomes->opened;
		outcomes->opened = NULL;
		return 0;
	case OPENER_FAILED:
		if (outcomes->opener.err.kind == ERR_FATAL)
			return err_set(err, ERR_FATAL, "%s", outcomes->opener.err.text);
		log_warn("events cannot be followed: %s next=\"outcomes are asked of PostgreSQL; tried again\"",
			 outcomes->opener.err.text);
		return 0;
	case OPENER_AT_WORK:
	case OPENER_RESTS:
		return 0;
	}
	MUST_NOT_REACH("a state that an opener has not");
}

/* ---- as a part of the loop ---- */

static int run_part(void *outcomes_arg, struct err *err)
{
	struct outcomes *outcomes = outcomes_arg;

	if (outcomes->tail == NULL)
		return turn_opener(outcomes, err);
	take_records(outcomes);
	return 0;
}

static size_t watch_part(void *outcomes_arg, struct pollfd ret_fds[PART_FDS_MAX])
{
	const struct outcomes *outcomes = outcomes_arg;

	if (outcomes->tail == NULL)
		return 0;
	ret_fds[0] = (struct pollfd){ .fd = bus_tail_fd(outcomes->tail), .events = POLLIN };
	return 1;
}

static int part_timeout_ms(void *outcomes_arg)
{
	const struct outcomes *outcomes = outcomes_arg;

	if (outcomes->tail == NULL)
		return OPENER_LOOK_MS;
	return outcomes->has_more ? 0 : REST_MS;
}

bool outcomes_are_ready(const struct outcomes *outcomes)
{
	return outcomes->tail != NULL;
}

static bool part_is_ready(void *outcomes)
{
	return outcomes_are_ready(outcomes);
}

struct part outcomes_part(struct outcomes *outcomes)
{
	return (struct part){ .name = "outcomes",
			      .self = outcomes,
			      .run = run_part,
			      .watch = watch_part,
			      .timeout_ms = part_timeout_ms,
			      .is_ready = part_is_ready };
}

/* ---- life ---- */

int outcomes_new(const struct bus_conf *bus, struct outcomes **ret_outcomes, struct err *err)
{
	struct outcomes *outcomes = calloc(1, sizeof(*outcomes));

	if (outcomes == NULL)
		return err_set(err, ERR_FATAL, "no memory");
	outcomes->bus = bus;
	outcomes->opener = (struct opener){ .open = open_tail, .self = outcomes };
	*ret_outcomes = outcomes;
	return 0;
}

void outcomes_free(struct outcomes *outcomes)
{
	if (outcomes == NULL)
		return;
	(void)opener_end(&outcomes->opener);
	bus_tail_close(outcomes->opened);
	bus_tail_close(outcomes->tail);
	free(outcomes);
}
