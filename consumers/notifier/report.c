#include "consumers/notifier/report.h"

#include "base/day.h"
#include "base/log.h"
#include "crypto/crypto.h"
#include "http/mail.h"
#include "model/command.h"
#include "schemas/communications.h"
#include "schemas/customers.h"
#include "wire/envelope.h"
#include "worker/partitions.h"
#include "worker/program.h"

#define ARENA_SIZE      ((size_t)64 << 10)
#define VALUE_SIZE_MAX  4096
#define TOKEN_LIFE_MS   (15 * 60000)
#define AGAIN_MS        5000 /* probing an unreachable broker blocks the loop for as long */
#define SUBJECT         "notifier"
#define CUSTOMERS_TOPIC "dcs.customers.commands.v1"
#define ASK_MS          50
#define ANSWER_MS       3000 /* the longest wait of a round for answers */
#define PATIENCE_MIN    1000
#define PATIENCE_MAX    60000

/* ---- one command ---- */

static struct record_dispatch body_of(const struct unreported *row)
{
	return (struct record_dispatch){ .communication_id = row->id.communication_id,
					 .customer_id = row->customer_id,
					 .attempt = row->id.attempt,
					 .outcome = row->outcome,
					 .provider = row->gateway,
					 .has_provider_ref = row->provider_ref.size > 0,
					 .provider_ref = row->provider_ref,
					 .has_provider_code = row->provider_code.size > 0,
					 .provider_code = row->provider_code,
					 .occurred_at = row->ended_at_ms };
}

/* The broker's answer to one command; called from within bus_producer_poll. */
static void acknowledged(void *line_arg, int32_t part, int64_t offset, const struct err *failure)
{
	struct report_line *line = line_arg;

	(void)part;
	(void)offset;
	MUST(line->report->waiting > 0);
	line->report->waiting--;
	line->unacked -= failure == NULL;
}

static int publish(struct report *report, const char *topic, const struct message_type *type, const void *body,
		   const struct command_head *head, struct report_line *line, struct err *err)
{
	struct header headers[HEADERS_MAX];
	char key[UUID_TEXT_SIZE + 1];
	size_t headers_count;

	arena_reset(&report->arena);
	buf_reset(&report->value);
	if (coder_encode(type, body, &report->value, err) != 0 ||
	    envelope_write_command(type, head, &report->arena, headers, &headers_count, err) != 0) {
		MUST(err->kind != ERR_POISON); /* the command is our own, and bounded */
		return -1;
	}
	uuid_format(key, message_uuid(type->key_field, body));
	if (bus_produce(report->producer, topic, -1, str_of(key), buf_str(&report->value), headers, headers_count, acknowledged,
			line, err) != 0)
		return -1;
	report->waiting++;
	line->unacked++;
	return 0;
}

static int publish_withdrawal(struct report *report, const struct unreported *row, struct command_head head,
			      struct report_line *line, struct err *err)
{
	const struct withdraw_consent body = { .customer_id = row->customer_id,
					       .has_channel = true,
					       .channel = row->channel,
					       .via = STR("provider"),
					       .withdrawn_at = row->ended_at_ms };

	head.id = line->commands[line->commands_count++] =
		uuid_derive(&row->id.communication_id, "opted_out", (uint64_t)row->id.attempt);
	return publish(report, report->topic, &withdraw_consent_type, &body, &head, line, err);
}

/*
 * The mail server says at once that there is no such mailbox: nothing else will be delivered there, either. The customers module
 * refuses it when the contact point is unusable already, which is as good.
 */
static bool is_bounced(const struct unreported *row)
{
	return str_is(row->channel, "email") && str_is(row->outcome, "failed") && !uuid_is_none(&row->contact_point_id) &&
	       mail_status_is_of_address(row->provider_code);
}

static int publish_invalidation(struct report *report, const struct unreported *row, struct command_head head,
				struct report_line *line, struct err *err)
{
	const struct invalidate_contact_point body = { .contact_point_id = row->contact_point_id,
						       .customer_id = row->customer_id,
						       .reason = STR("bounced") };

	head.id = line->commands[line->commands_count++] =
		uuid_derive(&row->id.communication_id, "bounced", (uint64_t)row->id.attempt);
	return publish(report, CUSTOMERS_TOPIC, &invalidate_contact_point_type, &body, &head, line, err);
}

static int publish_row(struct report *report, const struct unreported *row, struct report_line *line, struct err *err)
{
	struct record_dispatch body = body_of(row);
	struct command_head head = { .id = uuid_derive(&row->id.communication_id, "dispatch", (uint64_t)row->id.attempt),
				     .correlation_id = row->id.communication_id,
				     .source = STR("/dcs/notifier"),
				     .token = str_of(report->token.text) };

	*line = (struct report_line){ .report = report, .id = row->id, .commands = { head.id }, .commands_count = 1 };
	if (row->has_opted_out && publish_withdrawal(report, row, head, line, err) != 0)
		return -1;
	if (is_bounced(row) && publish_invalidation(report, row, head, line, err) != 0)
		return -1;
	return publish(report, report->topic, &record_dispatch_type, &body, &head, line, err);
}

/* ---- rounds ---- */

static int publish_all(struct report *report, const struct db_result *rows, struct err *err)
{
	int64_t now_ms = bus_now_ms();

	if (own_token_renew(&report->token, report->keys, SUBJECT, ROLE_NOTIFIER, TOKEN_LIFE_MS, now_ms, err) != 0)
		return -1;
	for (int i = 0; i < rows->rows; i++) {
		struct unreported row = desk_unreported_row(rows, i);

		if (publish_row(report, &row, &report->lines[report->lines_count], err) != 0)
			return -1;
		report->lines_count++;
	}
	return 0;
}

static int begin_round(struct report *report, struct desk *desk, uint64_t to_report, struct err *err)
{
	struct db_result rows = { 0 };
	int result;

	if (desk_unreported(desk, REPORT_ROUND_MAX, &rows, err) != 0)
		return -1;
	if (rows.rows < REPORT_ROUND_MAX)
		report->done = to_report;
	result = publish_all(report, &rows, err);
	db_result_release(&rows);
	return result;
}

/* Marks the answered lines, and removes them. */
static int mark_answered(struct report *report, struct desk *desk, size_t *ret_count, struct err *err)
{
	struct attempt_id ids[REPORT_ROUND_MAX];
	struct uuid commands[REPORT_ROUND_MAX * REPORT_LINE_COMMANDS_MAX]; /* of line after line */
	bool is_answered[REPORT_ROUND_MAX * REPORT_LINE_COMMANDS_MAX];
	size_t commands_count = 0;
	size_t place = 0;
	size_t count = 0;
	size_t kept = 0;

	for (size_t i = 0; i < report->lines_count; i++) {
		for (size_t k = 0; k < report->lines[i].commands_count; k++)
			commands[commands_count++] = report->lines[i].commands[k];
	}
	if (desk_answered(desk, commands, commands_count, is_answered, err) != 0)
		return -1;
	for (size_t i = 0; i < report->lines_count; i++) {
		bool is_done = true;

		for (size_t k = 0; k < report->lines[i].commands_count; k++)
			is_done &= is_answered[place++];
		if (is_done)
			ids[count++] = report->lines[i].id;
		else
			report->lines[kept++] = report->lines[i];
	}
	if (count > 0 && desk_reported(desk, ids, count, err) != 0)
		return -1;
	report->lines_count = kept;
	report->reported += count;
	*ret_count = count;
	return 0;
}

/* Unanswered lines are sent again, with a new signature. Logged once, until a command is answered. */
static void give_up_round(struct report *report)
{
	if (report->patience_ms == 0)
		log_warn("unanswered=%zu outcomes were acknowledged by the broker and not by their modules next=\"sent again "
			 "until they "
			 "are; dcs dead-letters list communications\"",
			 report->lines_count);
	report->patience_ms = report->patience_ms == 0 ? PATIENCE_MIN : report->patience_ms * 2;
	if (report->patience_ms > PATIENCE_MAX)
		report->patience_ms = PATIENCE_MAX;
	report->again_at_ms = clock_monotonic_ms() + report->patience_ms;
	report->token.renew_at_ms = 0;
	report->lines_count = 0;
	report->done = 0;
}

/* After the acknowledgements: acknowledged commands are polled for their answers, the others are sent again. */
static int end_round(struct report *report, struct desk *desk, struct err *err)
{
	int64_t now_ms = clock_monotonic_ms();
	size_t kept = 0;
	size_t answered;

	for (size_t i = 0; i < report->lines_count; i++) {
		if (report->lines[i].unacked == 0)
			report->lines[kept++] = report->lines[i];
	}
	if (kept < report->lines_count)
		report->done = 0;
	report->lines_count = kept;
	if (report->until_ms == 0)
		report->until_ms = now_ms + ANSWER_MS;
	if (kept > 0 && now_ms < report->ask_at_ms)
		return 0;
	report->ask_at_ms = now_ms + ASK_MS;
	if (kept > 0 && mark_answered(report, desk, &answered, err) != 0)
		return -1;
	if (kept > 0 && answered > 0)
		report->patience_ms = 0;
	if (report->lines_count > 0 && now_ms >= report->until_ms)
		give_up_round(report);
	if (report->lines_count == 0)
		report->until_ms = 0;
	return 0;
}

static void close_producer(struct report *report)
{
	bus_producer_close(report->producer); /* drops its queue: the reports are sent again */
	report->producer = NULL;
	report->waiting = report->lines_count = 0;
	report->until_ms = 0;
	report->done = 0;
}

/* Asks for the topic now, not with the first report: opening may block. */
static int open_producer(struct report *report, struct err *err)
{
	int32_t parts;

	if (report->producer != NULL && !bus_producer_is_broken(report->producer))
		return 0;
	close_producer(report);
	if (bus_producer_open(report->bus, &report->producer, err) != 0)
		return -1;
	if (bus_producer_parts(report->producer, report->topic, &parts, err) != 0 ||
	    bus_producer_parts(report->producer, CUSTOMERS_TOPIC, &parts, err) != 0 ||
	    partitions_keep(report->conninfo, report->producer, err) != 0) {
		close_producer(report); /* without an answer the keys would be spread wrongly */
		return -1;
	}
	program_ask_time(report->producer);
	return 0;
}

static int turn(struct report *report, struct desk *desk, uint64_t to_report, struct err *err)
{
	if (open_producer(report, err) != 0)
		return -1;
	bus_producer_poll(report->producer, 0);
	if (report->waiting > 0 || !desk_is_open(desk))
		return 0;
	if (report->lines_count > 0 && end_round(report, desk, err) != 0)
		return -1;
	if (report->lines_count > 0 || clock_monotonic_ms() < report->again_at_ms)
		return 0;
	return report->done < to_report ? begin_round(report, desk, to_report, err) : 0;
}

int report_step(struct report *report, struct desk *desk, uint64_t to_report, struct err *err)
{
	if (clock_monotonic_ms() < report->again_at_ms)
		return 0;
	if (turn(report, desk, to_report, err) == 0)
		return 0;
	if (err->kind == ERR_FATAL)
		return -1;
	log_warn("reporting waits: %s", err->text);
	*err = (struct err)ERR_INIT;
	report->again_at_ms = clock_monotonic_ms() + AGAIN_MS;
	report->done = 0;
	return 0;
}

bool report_is_waiting(const struct report *report)
{
	return report->waiting > 0;
}

int report_fd(const struct report *report)
{
	return report->producer != NULL ? bus_producer_fd(report->producer) : -1;
}

void report_hear(struct report *report)
{
	report->ask_at_ms = 0;
}

bool report_is_done(const struct report *report, uint64_t to_report)
{
	return report->lines_count == 0 && report->done == to_report;
}

/* ---- life ---- */

int report_open(struct report *report, const struct bus_conf *bus, const char *conninfo, const char *topic,
		struct token_keys *keys, struct err *err)
{
	*report = (struct report){ .bus = bus, .conninfo = conninfo, .topic = topic, .keys = keys };
	buf_init(&report->value, VALUE_SIZE_MAX);
	return arena_init(&report->arena, ARENA_SIZE, err);
}

void report_release(struct report *report)
{
	bus_producer_close(report->producer);
	arena_release(&report->arena);
	buf_release(&report->value);
}
