#include "tests/sim/mailbook.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/day.h"
#include "consumers/communications/communications.h"
#include "schemas/communications.h"
#include "schemas/customers.h"
#include "schemas/engine.h"

static char verdict[512];

#define FAIL(...)                                                                                                                \
	do {                                                                                                                     \
		snprintf(verdict, sizeof(verdict), __VA_ARGS__);                                                                 \
		return verdict;                                                                                                  \
	} while (0)

void mailbook_init(struct mailbook *book)
{
	struct err err = ERR_INIT;

	*book = (struct mailbook){ .mails_count = 0 };
	MUST(arena_init(&book->arena, 1 << 18, &err) == 0);
}

void mailbook_release(struct mailbook *book)
{
	arena_release(&book->arena);
	free(book->mails);
	free(book->told);
	free(book->gone);
	free(book->releases);
	free(book->inbounds);
}

static struct str keep(struct mailbook *book, struct str text)
{
	struct str copy = str_copy(&book->arena, text);

	MUST(copy.data);
	return copy;
}

static struct mail *mail_of(const struct mailbook *book, const struct uuid *communication_id)
{
	for (size_t i = 0; i < book->mails_count; i++)
		if (uuid_equal(&book->mails[i].communication_id, communication_id))
			return (struct mail *)(uintptr_t)&book->mails[i];
	return NULL;
}

/* ---- states, by consumers/DOMAIN.md 8 ---- */

static const struct step {
	const char *state;
	int rank;
	bool is_end; /* nothing is left to be done about it */
} steps[] = {
	{ "scheduled", 7, false }, { "released", 1, false }, { "retry_wait", 2, false }, { "unknown", 3, true },
	{ "submitted", 4, true },  { "failed", 5, true },    { "expired", 5, true },     { "rejected", 5, true },
	{ "delivered", 6, true },  { "cancelled", 7, true }, { "suppressed", 7, true },  { "merged", 7, true },
};

static const struct step *step_of(const char *state)
{
	for (size_t i = 0; i < COUNT(steps); i++)
		if (strcmp(steps[i].state, state) == 0)
			return &steps[i];
	MUST_NOT_REACH("no such state");
}

/* What each word of a report means. */
static const struct {
	const char *word, *state;
} meanings[] = {
	{ "accepted", "submitted" }, { "not_accepted", "retry_wait" }, { "unknown", "unknown" }, { "failed", "failed" },
	{ "buffered", "submitted" }, { "delivered", "delivered" },     { "expired", "expired" }, { "rejected", "rejected" },
};

static const char *meaning_of(struct str word)
{
	for (size_t i = 0; i < COUNT(meanings); i++)
		if (str_is(word, meanings[i].word))
			return meanings[i].state;
	return "";
}

/* What the command reports, and of which attempt. */
static const char *reported(const struct mail_event *event, int32_t *ret_attempt)
{
	const struct record_dispatch *dispatch = event->command;

	*ret_attempt = 0;
	if (event->command_type == &resolve_unknown_type)
		return str_is(((const struct resolve_unknown *)event->command)->resolution, "sent") ? "submitted" : "retry_wait";
	if (event->command_type != &record_dispatch_type)
		return meaning_of(((const struct record_delivery *)event->command)->status);
	*ret_attempt = dispatch->attempt;
	if (dispatch->has_provider_code && str_is(dispatch->provider_code, "expired"))
		return "expired";
	if (str_is(dispatch->provider, PROVIDER_NOTIFIER) && dispatch->has_provider_code &&
	    str_is(dispatch->provider_code, CODE_NOT_NOW))
		return "scheduled";
	return meaning_of(dispatch->outcome);
}

/* ---- the notifier's hands ---- */

/* The number of the last claim; 0 also if it was refused: then no try is under way. */
static int32_t claims_before(const struct sim_world *world, const struct mail *mail, int64_t seq)
{
	int32_t last = 0;

	for (size_t i = 0; i < world->post.claims_count; i++) {
		const struct sim_claim *claim = &world->post.claims[i];

		if (claim->seq < seq && uuid_equal(&claim->communication_id, &mail->communication_id))
			last = claim->is_refused ? 0 : claim->number;
	}
	return last;
}

/* Back to waiting only what no claim has handed out since; and what waits again may
 * still be told to have arrived, or was given up before the notifier learnt of its new time. */
static bool moves(const struct sim_world *world, const struct mail *mail, int64_t seq, const char *state, int32_t attempt)
{
	if (strcmp(state, "scheduled") == 0)
		return step_of(mail->state)->rank <= step_of("retry_wait")->rank && attempt > mail->attempt &&
		       claims_before(world, mail, seq) <= attempt;
	if (strcmp(mail->state, "scheduled") == 0 && (mail->attempt > 0 || attempt > 0))
		return step_of(state)->rank > step_of("retry_wait")->rank;
	if (strcmp(mail->state, "retry_wait") == 0 && strcmp(state, "retry_wait") == 0)
		return attempt > mail->attempt;
	return step_of(state)->rank > step_of(mail->state)->rank;
}

/* Before event `seq` of its partition: it has not left, and no try is under way. */
static bool can_be_stopped(const struct sim_world *world, const struct mail *mail, int64_t seq)
{
	return !step_of(mail->state)->is_end && claims_before(world, mail, seq) <= mail->attempt;
}

/* ---- who can be reached ---- */

void mailbook_take_customers(struct mailbook *book, const struct log_row *row, const struct message_type *type, const void *body)
{
	const struct contact_point_invalidated *invalidated = body;

	if (type != &contact_point_invalidated_type && type != &customer_erased_type)
		return;
	book->gone = sim_grow(book->gone, book->gone_count, &book->gone_capacity, sizeof(*book->gone));
	book->gone[book->gone_count++] =
		(struct gone){ .id = type == &customer_erased_type ? row->key : invalidated->contact_point_id, .seq = row->seq };
}

/* The person or the contact point, by the first `seq` events. */
static bool is_gone(const struct mailbook *book, const struct uuid *id, int64_t seq)
{
	for (size_t i = 0; i < book->gone_count; i++)
		if (uuid_equal(&book->gone[i].id, id) && book->gone[i].seq <= seq)
			return true;
	return false;
}

/* ---- consent ---- */

static struct told *tell(struct mailbook *book, const struct log_row *row, struct str channel)
{
	book->told = sim_grow(book->told, book->told_count, &book->told_capacity, sizeof(*book->told));
	book->told[book->told_count] = (struct told){ .customer_id = row->key,
						      .channel = keep(book, channel),
						      .at_ms = row->at_ms,
						      .seq = row->seq,
						      .offset = row->command_offset };
	return &book->told[book->told_count++];
}

static bool is_about(const struct told *told, const struct uuid *customer_id, struct str channel)
{
	return uuid_equal(&told->customer_id, customer_id) && (told->channel.size == 0 || str_equal(told->channel, channel));
}

/*
 * What the events up to `seq` allow. A consent is good when it was given after every withdrawal was said, and not told before
 * one: of which of the two was handled first it does not depend. One that was given after the last withdrawal was handled is good
 * for certain; between the two the module may be careful.
 */
static bool may_be_written_to(const struct mailbook *book, const struct mail *mail, int64_t seq, bool is_for_certain)
{
	for (size_t i = 0; i < book->told_count; i++) {
		const struct told *consent = &book->told[i];
		bool is_good = !consent->is_withdrawal && !consent->is_other && consent->seq <= seq &&
			       is_about(consent, &mail->customer_id, mail->channel);

		for (size_t n = 0; n < book->told_count && is_good; n++) {
			const struct told *withdrawal = &book->told[n];

			if (!withdrawal->is_withdrawal || withdrawal->seq > seq ||
			    !is_about(withdrawal, &mail->customer_id, mail->channel))
				continue;
			is_good = consent->said_at_ms > (is_for_certain ? withdrawal->at_ms : withdrawal->said_at_ms) &&
				  consent->offset > withdrawal->offset;
		}
		if (is_good)
			return true;
	}
	return false;
}

/* A consent, for whatever. */
static bool is_told_between(const struct mailbook *book, const struct mail *asked, int64_t after, int64_t until)
{
	for (size_t i = 0; i < book->told_count; i++)
		if (!book->told[i].is_withdrawal && is_about(&book->told[i], &asked->customer_id, asked->channel) &&
		    book->told[i].seq > after && book->told[i].seq < until)
			return true;
	return false;
}

static const char *take_consent(struct mailbook *book, const struct log_row *row, const struct consent_granted *event)
{
	struct told *told = tell(book, row, event->channel);

	told->said_at_ms = event->obtained_at;
	told->is_other = !str_is(event->purpose, "collect");
	return NULL;
}

static const char *cancel(struct mail *mail, int64_t version)
{
	if (version != mail->version + 1)
		FAIL("P4 a cancelled message has version %lld after %lld", (long long)version, (long long)mail->version);
	mail->version = version;
	mail->state = "cancelled";
	return NULL;
}

/* Somebody could have claimed it before it was cancelled, and wanted to. */
static bool did_race(const struct sim_world *world, const struct mail *mail)
{
	const struct sim_letter *letter = post_find(world, &mail->communication_id);

	return letter && letter->late_claims > 0 && letter->released_at_ms > 0 && letter->released_at_ms < letter->changed_at_ms;
}

/* It names what could be stopped, all of it and nothing else. */
static const char *take_withdrawal(struct mailbook *book, const struct sim_world *world, const struct log_row *row,
				   const struct consent_withdrawn *event)
{
	struct told *told = tell(book, row, event->has_channel ? event->channel : STR(""));
	size_t to_stop = 0;
	const char *wrong = NULL;

	told->said_at_ms = event->withdrawn_at;
	told->is_withdrawal = true;
	for (size_t i = 0; i < book->mails_count; i++) {
		const struct mail *mail = &book->mails[i];
		bool is_open = is_about(told, &mail->customer_id, mail->channel) && !step_of(mail->state)->is_end;
		bool is_stopped = is_open && can_be_stopped(world, mail, row->seq);

		to_stop += is_stopped;
		book->races.withdrawals_first += is_stopped && did_race(world, mail);
		book->races.claims_first += is_open && !is_stopped;
	}
	if (to_stop != event->cancelled_count)
		FAIL("P9 a withdrawal stops %zu of %zu messages", event->cancelled_count, to_stop);
	for (size_t i = 0; i < event->cancelled_count && !wrong; i++) {
		struct mail *mail = mail_of(book, &event->cancelled[i].communication_id);

		if (!mail || !is_about(told, &mail->customer_id, mail->channel) || !can_be_stopped(world, mail, row->seq))
			FAIL("P9 a withdrawal stops what it cannot stop");
		wrong = cancel(mail, event->cancelled[i].version);
	}
	return wrong;
}

/* ---- messages from persons ---- */

const struct saying sayings[] = {
	{ "STOP", "stop", "STOP" },
	{ " stop. ", "stop", "STOP" },
	{ "Please stop texting me!", "stop", "STOP" },
	{ "Unsubscribe", "stop", "UNSUBSCRIBE" },
	{ "opt-out", "stop", "OPT OUT" },
	{ "quit", "stop", "QUIT" },
	{ "Cancel all", "stop", "CANCEL" },
	{ "help", "help", "HELP" },
	{ "I end my shift at five", "other", NULL },
	{ "I will pay on Monday", "other", NULL },
	{ "", "other", NULL },
};
const size_t sayings_count = COUNT(sayings);

static const struct saying *saying_of(struct str text)
{
	for (size_t i = 0; i < COUNT(sayings); i++)
		if (str_is(text, sayings[i].text))
			return &sayings[i];
	return NULL;
}

static bool is_received(const struct mailbook *book, const struct uuid *inbound_id)
{
	for (size_t i = 0; i < book->inbounds_count; i++)
		if (uuid_equal(&book->inbounds[i].inbound_id, inbound_id))
			return true;
	return false;
}

static const char *take_message(struct mailbook *book, const struct uuid *inbound_id, struct str text, struct str intent,
				struct str keyword)
{
	const struct saying *saying = saying_of(text); /* NULL: it was damaged on its way */

	if (saying && (!str_is(intent, saying->intent) || !str_is(keyword, saying->keyword ? saying->keyword : "")))
		FAIL("US-27 `%.*s` was understood as %.*s", (int)text.size, text.data, (int)intent.size, intent.data);
	if (is_received(book, inbound_id))
		FAIL("P1 two messages from persons have one id");
	book->inbounds = sim_grow(book->inbounds, book->inbounds_count, &book->inbounds_capacity, sizeof(*book->inbounds));
	book->inbounds[book->inbounds_count++] = (struct wrote){ .inbound_id = *inbound_id, .intent = keep(book, intent) };
	return NULL;
}

static const char *take_inbound(struct mailbook *book, const struct mail_event *event, const struct inbound_received *body)
{
	const struct record_inbound *command = event->command;
	struct wrote *wrote;
	const char *wrong;

	if (event->command_type != &record_inbound_type || !uuid_equal(&body->inbound_id, &command->inbound_id) ||
	    !uuid_equal(&body->customer_id, &command->customer_id) || !str_equal(body->channel, command->channel))
		FAIL("a message from a person that nobody has reported");
	if (str_is(body->intent, "stop"))
		book->stop_id = event->row->command_id;
	wrong = take_message(book, &body->inbound_id, command->text, body->intent, body->keyword);
	if (wrong)
		return wrong;
	wrote = &book->inbounds[book->inbounds_count - 1];
	wrote->customer_id = body->customer_id;
	wrote->channel = keep(book, body->channel);
	wrote->at_ms = body->received_at < event->row->at_ms ? body->received_at : event->row->at_ms;
	wrote->seq = event->row->seq;
	wrote->offset = event->row->command_offset;
	return NULL;
}

static const char *take_unknown_inbound(struct mailbook *book, const struct mail_event *event,
					const struct unknown_inbound_received *body)
{
	const struct record_unknown_inbound *command = event->command;

	if (event->command_type != &record_unknown_inbound_type)
		FAIL("a message from nobody that nobody has reported");
	return take_message(book, &body->inbound_id, command->text, body->intent, body->keyword);
}

/* A message that says stop is a withdrawal of its channel, right behind it; and no other message is one. */
static const char *check_stop(struct mailbook *book, const struct mail_event *event)
{
	const struct consent_withdrawn *body = event->body;
	const struct record_inbound *command = event->command;
	bool is_due = uuid_equal(&book->stop_id, &event->row->command_id);

	if (!is_due && !uuid_is_none(&book->stop_id))
		FAIL("P9 a message says stop, and nothing is withdrawn");
	if (is_due != (event->type == &consent_withdrawn_type && event->command_type == &record_inbound_type))
		FAIL("P9 a withdrawal is not what the message says");
	book->stop_id = (struct uuid){ .bytes = { 0 } };
	if (!is_due)
		return NULL;
	if (!body->has_channel || !str_equal(body->channel, command->channel) ||
	    body->withdrawn_at != (command->received_at < event->received_ms ? command->received_at : event->received_ms))
		FAIL("P9 a message says stop to another channel, or at another time");
	book->races.stops++;
	return NULL;
}

static bool is_electronic(const struct mail_event *event)
{
	const struct str channel = event->command_type == &record_inbound_type
					   ? ((const struct record_inbound *)event->command)->channel
					   : ((const struct record_unknown_inbound *)event->command)->channel;

	return str_is(channel, "sms") || str_is(channel, "email");
}

/* Said twice under one id, it is not heard twice. What was damaged on its way cannot be heard; nothing else is a reason. */
static const char *take_deaf(const struct mailbook *book, const struct mail_event *event)
{
	const struct command_rejected *body = event->body;
	const struct uuid *inbound_id = message_uuid(event->command_type->aggregate_field, event->command);

	if (str_is(body->code, "expired") || str_is(body->code, "duplicate_different_body") ||
	    (str_is(body->code, "bad_value") && (uuid_is_none(inbound_id) || !is_electronic(event))) ||
	    str_is(body->code, "bad_date"))
		return NULL;
	if (!str_is(body->code, "exists") || !is_received(book, inbound_id))
		FAIL("P9 a message from a person was refused: %.*s", (int)body->code.size, body->code.data);
	return NULL;
}

/* ---- messages ---- */

/* The debts that a message asks for are no matter of this book: whether they are owed is told by the debts module. */
static bool is_for_the_debts(const struct compliance_decided *event)
{
	for (size_t i = 0; i < event->rules_count; i++) {
		if (!str_equal(str_prefix(event->rules[i], 5), STR("DEBT-")))
			return false;
	}
	return (str_is(event->message_class, "demand") || str_is(event->message_class, "reminder")) && event->rules_count > 0;
}

/* Whether it forbids the message is judged by dunning's book, and by the guard's own tests. */
static bool is_protected(const struct mailbook *book, const struct uuid *customer_id)
{
	for (size_t i = 0; i < book->protected_count; i++)
		if (uuid_equal(&book->protected_ids[i], customer_id))
			return true;
	return false;
}

static void take_circumstance(struct mailbook *book, const struct uuid *customer_id)
{
	if (is_protected(book, customer_id))
		return;
	MUST(book->protected_count < MAIL_PROTECTED_MAX);
	book->protected_ids[book->protected_count++] = *customer_id;
}

static bool has_reached(const struct mail *mail)
{
	if (strcmp(mail->state, "scheduled") == 0) /* again: it did not leave */
		return false;
	return mail->released_seq > 0 && (!step_of(mail->state)->is_end || strcmp(mail->state, "unknown") == 0 ||
					  strcmp(mail->state, "submitted") == 0 || strcmp(mail->state, "delivered") == 0);
}

/* Who writes to us after the last withdrawal gets one answer on the same way (US-10). */
static bool may_be_answered(const struct mailbook *book, const struct mail *asked)
{
	int64_t wrote_ms = 0;

	for (size_t i = 0; i < book->inbounds_count; i++)
		if (uuid_equal(&book->inbounds[i].customer_id, &asked->customer_id) &&
		    str_equal(book->inbounds[i].channel, asked->channel) && book->inbounds[i].at_ms > wrote_ms)
			wrote_ms = book->inbounds[i].at_ms;
	for (size_t i = 0; i < book->told_count; i++)
		if (book->told[i].is_withdrawal && is_about(&book->told[i], &asked->customer_id, asked->channel) &&
		    book->told[i].said_at_ms >= wrote_ms)
			return false;
	for (size_t i = 0; i < book->mails_count; i++)
		if (uuid_equal(&book->mails[i].customer_id, &asked->customer_id) &&
		    str_equal(book->mails[i].channel, asked->channel) && has_reached(&book->mails[i]) &&
		    book->mails[i].released_at_ms >= wrote_ms)
			return false;
	return wrote_ms > 0;
}

/* The last withdrawal by a message with this command's offset, or any. */
static struct told *withdrawal_of(const struct mailbook *book, const struct mail *asked, int64_t offset)
{
	for (size_t i = book->told_count; i-- > 0;)
		if (book->told[i].is_withdrawal && is_about(&book->told[i], &asked->customer_id, asked->channel) &&
		    (offset < 0 || book->told[i].offset == offset))
			return &book->told[i];
	return NULL;
}

/*
 * A withdrawal is confirmed once, in its own decision, and a second one after it only if consent was told between the two (US-10, US-27).
 * The consent may be good for nothing, or for another purpose: the module is asked about those elsewhere.
 */
static const char *take_confirmation(struct mailbook *book, const struct mail_event *event, const struct mail *asked)
{
	const struct record_inbound *command = event->command;
	struct told *withdrawal = withdrawal_of(book, asked, event->row->command_offset);

	if (event->command_type != &record_inbound_type || !command->has_answer || !command->answer || !withdrawal)
		FAIL("US-27 a confirmation confirms no withdrawal");
	for (size_t i = 0; i < book->told_count; i++)
		if (book->told[i].is_confirmed && is_about(&book->told[i], &asked->customer_id, asked->channel) &&
		    !is_told_between(book, asked, book->told[i].seq, withdrawal->seq))
			FAIL("US-10 an opt-out was confirmed twice");
	withdrawal->is_confirmed = true;
	return NULL;
}

static const char *take_verdict(struct mailbook *book, const struct sim_world *world, const struct mail_event *decided,
				const struct compliance_decided *event)
{
	const struct log_row *row = decided->row;
	const struct mail asked = { .customer_id = event->customer_id, .channel = event->channel };

	book->decided_id = event->communication_id;
	book->until_ms = event->until;
	book->verdict = str_is(event->verdict, "allow")   ? MAIL_ALLOWED
			: str_is(event->verdict, "defer") ? MAIL_DEFERRED
							  : MAIL_DENIED;
	if (book->verdict == MAIL_DEFERRED && (!world->has_hours || event->until <= row->at_ms))
		FAIL("P9 a message is deferred without a reason, or to the past");
	if (book->verdict != MAIL_DENIED && str_is(event->message_class, "opt_out_confirmation") &&
	    !mail_of(book, &event->communication_id)) /* one that has waited is that of its withdrawal already */
		return take_confirmation(book, decided, &asked);
	if (book->verdict == MAIL_ALLOWED && !str_is(event->message_class, "opt_out_confirmation") &&
	    !may_be_written_to(book, &asked, row->seq, false) && !may_be_answered(book, &asked))
		FAIL("P9 a message is allowed without consent");
	if (book->verdict == MAIL_DENIED && !is_for_the_debts(event) && !is_protected(book, &asked.customer_id) &&
	    may_be_written_to(book, &asked, row->seq, true))
		FAIL("P9 a message is denied in spite of consent");
	return NULL;
}

/* What the guard said of the message right before, in this decision; it is forgotten. */
static int verdict_on(struct mailbook *book, const struct uuid *communication_id)
{
	int verdict_said = uuid_equal(&book->decided_id, communication_id) ? (int)book->verdict : MAIL_UNDECIDED;

	book->decided_id = (struct uuid){ .bytes = { 0 } };
	return verdict_said;
}

/* ---- debts: none is lost by a merge, and none comes to a message that nobody named ---- */

static void set_debts(struct mail *mail, const struct uuid *ids, size_t count)
{
	MUST(count <= COUNT(mail->debts));
	for (size_t i = 0; i < count; i++)
		mail->debts[i] = ids[i];
	mail->debts_count = count;
}

static bool has_debt(const struct mail *mail, const struct uuid *debt_id)
{
	for (size_t i = 0; i < mail->debts_count; i++)
		if (uuid_equal(&mail->debts[i], debt_id))
			return true;
	return false;
}

static bool is_into(const struct mail *merged, const struct mail *into)
{
	return merged->merged_seq > 0 && uuid_equal(&merged->into_id, &into->communication_id);
}

/* Whether the message, or one that was merged into it, was asked to be about this debt. */
static bool was_named(const struct mailbook *book, const struct mail *mail, const struct uuid *debt_id)
{
	for (size_t i = 0; i < book->mails_count; i++)
		if (is_into(&book->mails[i], mail) && has_debt(&book->mails[i], debt_id))
			return true;
	return has_debt(mail, debt_id);
}

static const char *take_debts(struct mailbook *book, struct mail *mail, const struct communication_released *body)
{
	for (size_t i = 0; i < body->debt_ids_count; i++)
		if (!was_named(book, mail, &body->debt_ids[i]))
			FAIL("a message is about a debt that nobody named");
	set_debts(mail, body->debt_ids, body->debt_ids_count);
	return NULL;
}

static const char *take_merged(struct mailbook *book, const struct mail_event *event, const struct communication_merged *body)
{
	struct mail *mail = mail_of(book, &body->communication_id);

	if (!mail || strcmp(mail->state, "scheduled") != 0 || body->version != mail->version + 1)
		FAIL("P4 a message was merged that does not wait");
	if (event->row->at_ms < mail->not_before_ms || event->row->at_ms >= mail->send_by_ms)
		FAIL("P9 a message was merged before its time, or after it");
	if (body->debt_ids_count != mail->debts_count)
		FAIL("a merged message lost its debts");
	for (size_t i = 0; i < body->debt_ids_count; i++)
		if (!has_debt(mail, &body->debt_ids[i]))
			FAIL("a merged message lost its debts");
	mail->version = body->version;
	mail->state = "merged";
	mail->into_id = body->into_id;
	mail->merged_seq = event->row->seq;
	return NULL;
}

/* Released in the same decision, whose events stand together; it may have been released before, and got another time. */
static bool is_released_with(const struct mailbook *book, const struct mail *into, const struct mail *merged)
{
	for (size_t i = 0; i < book->releases_count; i++)
		if (uuid_equal(&book->releases[i].communication_id, &into->communication_id) &&
		    book->releases[i].seq > merged->merged_seq && book->releases[i].seq <= merged->merged_seq + 32)
			return true;
	return false;
}

/* The one that it went with was released in the same decision, about its debts, too, by the same channel to the same person. */
static const char *check_merged(const struct mailbook *book, const struct mail *mail)
{
	const struct mail *into = mail_of(book, &mail->into_id);

	if (mail->merged_seq == 0)
		return NULL;
	if (!into || !uuid_equal(&into->customer_id, &mail->customer_id) || !str_equal(into->channel, mail->channel) ||
	    !is_released_with(book, into, mail))
		FAIL("a message was merged into one that was not released with it");
	for (size_t i = 0; i < mail->debts_count; i++)
		if (!has_debt(into, &mail->debts[i]))
			FAIL("a debt was lost with the message that was merged");
	return NULL;
}

/* What the person wrote by this command. It is the last that was taken: the events of a command stand together. */
static const struct wrote *wrote_by(const struct mailbook *book, const struct mail_event *event)
{
	const struct wrote *last = book->inbounds_count > 0 ? &book->inbounds[book->inbounds_count - 1] : NULL;
	const struct record_inbound *command = event->command;

	return event->command_type == &record_inbound_type && last && uuid_equal(&last->inbound_id, &command->inbound_id) &&
			       last->offset == event->row->command_offset
		       ? last
		       : NULL;
}

/*
 * The id of the message that answers what a person wrote; nil: it is not to be answered. A text that was damaged on its way may still
 * say stop or help, and an answer to HELP is of the day on which the command came.
 */
static struct uuid answer_id(const struct mailbook *book, const struct mail_event *event)
{
	const struct record_inbound *command = event->command;
	const struct wrote *wrote = wrote_by(book, event);

	if (!wrote || !command->has_answer || !command->answer || str_is(wrote->intent, "other"))
		return (struct uuid){ .bytes = { 0 } };
	if (str_is(wrote->intent, "stop"))
		return confirmation_id(&command->inbound_id);
	return help_id(&command->customer_id, day_of_instant(event->received_ms), channel_by_name(command->channel));
}

static bool is_asked_for(const struct mail_event *event)
{
	const struct send_communication *command = event->command;

	return event->command_type == &send_communication_type && uuid_equal(&command->communication_id, &event->row->subject);
}

/* The first event of a message answers its request, or a message from the person. */
static const char *begin(struct mailbook *book, const struct mail_event *event, struct str channel, int32_t requested_on,
			 struct mail **ret_mail)
{
	const struct log_row *row = event->row;
	const struct uuid answer = answer_id(book, event);
	bool is_answer = !is_asked_for(event);

	if (is_answer && (uuid_is_none(&answer) || !uuid_equal(&answer, &row->subject)))
		FAIL("P1 a message that nobody asked for");
	if (mail_of(book, &row->subject))
		FAIL("P1 two messages have one id");
	book->mails = sim_grow(book->mails, book->mails_count, &book->mails_capacity, sizeof(*book->mails));
	*ret_mail = &book->mails[book->mails_count++];
	**ret_mail = (struct mail){ .communication_id = row->subject,
				    .customer_id = row->key,
				    .channel = keep(book, channel),
				    .state = "suppressed",
				    .requested_on = requested_on,
				    .is_answer = is_answer,
				    .send_by_ms = INT64_MAX,
				    .part = row->part };
	if (!is_answer)
		set_debts(*ret_mail, ((const struct send_communication *)event->command)->debt_ids,
			  ((const struct send_communication *)event->command)->debt_ids_count);
	return NULL;
}

/* A later one is of a message whose time has come: not earlier, once, and never after it was stopped. */
static const char *come_to_its_time(struct mailbook *book, const struct mail_event *event, int64_t version,
				    struct mail **ret_mail)
{
	struct mail *mail = mail_of(book, &event->row->subject);

	if (!mail || strcmp(mail->state, "scheduled") != 0)
		FAIL("P9 the time of a message has come that does not wait, but is %s", mail ? mail->state : "not there");
	if (version != mail->version + 1)
		FAIL("P4 a message that waited has version %lld after %lld", (long long)version, (long long)mail->version);
	if (event->row->at_ms < mail->release_at_ms)
		FAIL("P12 the time of a message came too early");
	*ret_mail = mail;
	return NULL;
}

static const char *find_mail(struct mailbook *book, const struct mail_event *event, int64_t version, struct str channel,
			     int32_t requested_on, struct mail **ret_mail)
{
	const char *wrong = version == 1 ? begin(book, event, channel, requested_on, ret_mail)
					 : come_to_its_time(book, event, version, ret_mail);

	if (!wrong)
		(*ret_mail)->version = version;
	return wrong;
}

static const char *take_scheduled(struct mailbook *book, const struct mail_event *event,
				  const struct communication_scheduled *body)
{
	int said = verdict_on(book, &body->communication_id);
	struct mail *mail = NULL;
	const char *wrong = find_mail(book, event, body->version, body->channel, body->requested_on, &mail);

	if (wrong)
		return wrong;
	if (said == MAIL_DEFERRED ? body->release_at != book->until_ms
				  : said != MAIL_UNDECIDED || body->version > 1 || body->release_at != body->not_before)
		FAIL("P9 a message waits for another time than the guard or its sender says");
	if (body->release_at <= event->row->at_ms || body->release_at >= body->send_by)
		FAIL("a message waits for a time that has passed, or that is of no use");
	mail->state = "scheduled";
	mail->has_waited = true;
	mail->not_before_ms = body->has_not_before ? body->not_before : 0;
	mail->release_at_ms = body->release_at;
	mail->send_by_ms = body->send_by;
	return NULL;
}

/* Before event `seq` of its partition, at the time of the command: the notifier may have given up one whose send_by has passed. */
static bool can_get_another_time(const struct sim_world *world, const struct mail *mail, int64_t seq, int64_t at_ms)
{
	return can_be_stopped(world, mail, seq) && (strcmp(mail->state, "scheduled") == 0 || at_ms < mail->send_by_ms);
}

/* It waits again: its releases so far are void. */
static void take_back(struct mailbook *book, const struct mail *mail, int64_t seq)
{
	for (size_t i = 0; i < book->releases_count; i++)
		if (book->releases[i].back_seq == 0 && uuid_equal(&book->releases[i].communication_id, &mail->communication_id))
			book->releases[i].back_seq = seq;
}

static const char *take_rescheduled(struct mailbook *book, const struct sim_world *world, const struct mail_event *event,
				    const struct communication_rescheduled *body)
{
	struct mail *mail = mail_of(book, &body->communication_id);

	if (!mail || !uuid_equal(&mail->customer_id, &body->customer_id) || body->version != mail->version + 1 ||
	    !can_get_another_time(world, mail, event->row->seq, event->row->at_ms))
		FAIL("P8 a message got another time that may have left");
	if (!body->has_previous_state || !str_is(body->previous_state, mail->state))
		FAIL("a message got another time in another state than it had");
	if (body->release_at <= event->row->at_ms || body->release_at > body->send_by)
		FAIL("a message waits for a time that has passed, or that is of no use");
	book->races.other_times += strcmp(mail->state, "scheduled") != 0;
	take_back(book, mail, event->row->seq);
	mail->state = "scheduled";
	mail->has_waited = true;
	mail->version = body->version;
	mail->not_before_ms = body->has_not_before ? body->not_before : 0;
	mail->release_at_ms = body->release_at;
	mail->send_by_ms = body->send_by;
	return NULL;
}

static const char *take_released(struct mailbook *book, const struct sim_world *world, const struct mail_event *event,
				 const struct communication_released *body)
{
	int said = verdict_on(book, &body->communication_id);
	struct mail *mail = NULL;
	const char *wrong = find_mail(book, event, body->version, body->channel, body->requested_on, &mail);

	if (wrong)
		return wrong;
	if (said != MAIL_ALLOWED)
		FAIL("P9 a message is released without the guard's word");
	if (world->has_hours && !sim_hour_is_fit(event->row->at_ms))
		FAIL("P9 a message is released outside of the hours");
	if (event->row->at_ms < mail->not_before_ms || event->row->at_ms >= body->send_by)
		FAIL("P9 a message is released before its time, or after it");
	mail->state = "released";
	mail->send_by_ms = body->send_by;
	if (mail->released_seq == 0)
		mail->released_seq = event->row->seq;
	mail->released_at_ms = event->row->at_ms;
	book->releases = sim_grow(book->releases, book->releases_count, &book->releases_capacity, sizeof(*book->releases));
	book->releases[book->releases_count++] = (struct freed){ mail->communication_id, event->row->seq, 0 };
	return take_debts(book, mail, body);
}

/* Of a message that has waited also a refusal's code is a reason: what was true when it was asked for is so no more. */
static const char *take_suppressed(struct mailbook *book, const struct mail_event *event,
				   const struct communication_suppressed *body)
{
	int said = verdict_on(book, &body->communication_id);
	struct mail *mail = NULL;
	const char *wrong = find_mail(book, event, body->version, body->channel, body->requested_on, &mail);
	bool is_late;

	if (wrong)
		return wrong;
	is_late = str_is(body->reason, "expired");
	if (said == MAIL_ALLOWED || (said == MAIL_UNDECIDED && body->version == 1 && !mail->is_answer))
		FAIL("P9 a message is suppressed against the guard's word");
	if (said == MAIL_UNDECIDED && is_late != (event->row->at_ms >= mail->send_by_ms))
		FAIL("a message is suppressed for its send_by, which was another");
	mail->state = "suppressed";
	return NULL;
}

static bool looked_at(const struct resolve_unknown *command, const struct mail *mail)
{
	return command->has_expected_version && command->expected_version == mail->version;
}

/* A gateway may say of a message that failed that it left all the same. */
static void take_state(struct mail *mail, const char *state, int64_t seq)
{
	const bool had_reached = has_reached(mail);

	mail->state = state;
	if (had_reached && !has_reached(mail))
		mail->lost_seq = seq;
	else if (!had_reached && has_reached(mail) && mail->lost_seq > 0)
		mail->found_seq = seq;
}

static const char *take_progress(struct mailbook *book, const struct sim_world *world, const struct mail_event *event,
				 const struct communication_progressed *body)
{
	struct mail *mail = mail_of(book, &body->communication_id);
	int32_t attempt;
	const char *state = reported(event, &attempt);

	if (!mail || !uuid_equal(&mail->customer_id, &body->customer_id))
		FAIL("a message that is not there moved");
	if (!str_is(body->previous_state, mail->state) || !str_is(body->state, state) ||
	    (event->command_type == &resolve_unknown_type ? strcmp(mail->state, "unknown") != 0
							  : !moves(world, mail, event->row->seq, state, attempt)))
		FAIL("a message moved from %s to %s", mail->state, state);
	if (event->command_type == &resolve_unknown_type && !looked_at(event->command, mail))
		FAIL("P8 a person's word of an earlier attempt led out of a later one");
	if (body->has_release_at != (strcmp(state, "scheduled") == 0) ||
	    (body->has_release_at && body->release_at <= event->row->at_ms))
		FAIL("a message waits for no time, or for one that has passed");
	take_state(mail, step_of(state)->state, event->row->seq);
	if (strcmp(state, "scheduled") == 0)
		take_back(book, mail, event->row->seq);
	book->races.answers += mail->is_answer && strcmp(state, "submitted") == 0;
	mail->release_at_ms = body->has_release_at ? body->release_at : 0;
	mail->version = body->version;
	mail->attempt = attempt > mail->attempt ? attempt : mail->attempt;
	return NULL;
}

static const char *take_ignored(struct mailbook *book, const struct sim_world *world, const struct mail_event *event,
				const struct receipt_ignored *body)
{
	const struct mail *mail = mail_of(book, &body->communication_id);
	int32_t attempt;
	const char *state = reported(event, &attempt);

	if (!mail || !str_is(body->state, mail->state) || moves(world, mail, event->row->seq, state, attempt))
		FAIL("a report of %s was lost on a message that is %s", state, mail ? mail->state : "not there");
	return NULL;
}

static const char *take_cancellation(struct mailbook *book, const struct sim_world *world, const struct log_row *row,
				     const struct communication_cancelled *body)
{
	struct mail *mail = mail_of(book, &body->communication_id);

	if (!mail || !uuid_equal(&mail->customer_id, &body->customer_id) || !can_be_stopped(world, mail, row->seq))
		FAIL("P8 a message was cancelled that could not be stopped");
	if (!str_is(body->previous_state, mail->state))
		FAIL("a message was cancelled in another state than it had");
	return cancel(mail, body->version);
}

/* ---- refusals ---- */

static const char *take_refusal(struct mailbook *book, const struct sim_world *world, const struct mail_event *event)
{
	const struct command_rejected *body = event->body;
	bool is_missing = str_is(body->code, "not_found");
	const struct mail *mail;

	if (is_of_forgotten(body))
		return NULL;
	if (event->command_type == &record_inbound_type || event->command_type == &record_unknown_inbound_type)
		return take_deaf(book, event);
	if (event->command_type == &withdraw_consent_type && !str_is(body->code, "expired") &&
	    !str_is(body->code, "duplicate_different_body"))
		FAIL("P9 a withdrawal was refused: %.*s", (int)body->code.size, body->code.data);
	if ((event->command_type != &cancel_communication_type && event->command_type != &record_dispatch_type &&
	     event->command_type != &record_delivery_type && event->command_type != &resolve_unknown_type &&
	     event->command_type != &reschedule_communication_type) ||
	    (!is_missing && !str_is(body->code, "bad_transition")))
		return NULL;
	mail = mail_of(book, message_uuid(event->command_type->aggregate_field, event->command));
	if ((mail && uuid_equal(&mail->customer_id, &event->row->key)) == is_missing)
		FAIL("a message that is there was not found, or one that is not was");
	if (event->command_type == &resolve_unknown_type)
		return is_missing || strcmp(mail->state, "unknown") != 0 ? NULL
									 : "a message that nobody knew of was not resolved";
	if (event->command_type == &reschedule_communication_type)
		return is_missing || !can_get_another_time(world, mail, event->row->seq, event->row->at_ms)
			       ? NULL
			       : "a message that had not left did not get another time";
	if (!is_missing && can_be_stopped(world, mail, event->row->seq))
		FAIL("a message that could be stopped was not");
	return NULL;
}

const char *mailbook_take(struct mailbook *book, const struct sim_world *world, const struct mail_event *event)
{
	const char *wrong = check_stop(book, event);

	if (wrong)
		return wrong;
	if (event->type == &inbound_received_type)
		return take_inbound(book, event, event->body);
	if (event->type == &unknown_inbound_received_type)
		return take_unknown_inbound(book, event, event->body);
	if (event->type == &consent_granted_type)
		return take_consent(book, event->row, event->body);
	if (event->type == &consent_withdrawn_type)
		return take_withdrawal(book, world, event->row, event->body);
	if (event->type == &compliance_decided_type)
		return take_verdict(book, world, event, event->body);
	if (event->type == &communication_scheduled_type)
		return take_scheduled(book, event, event->body);
	if (event->type == &communication_rescheduled_type)
		return take_rescheduled(book, world, event, event->body);
	if (event->type == &communication_released_type)
		return take_released(book, world, event, event->body);
	if (event->type == &communication_merged_type)
		return take_merged(book, event, event->body);
	if (event->type == &communication_suppressed_type)
		return take_suppressed(book, event, event->body);
	if (event->type == &communication_progressed_type)
		return take_progress(book, world, event, event->body);
	if (event->type == &receipt_ignored_type)
		return take_ignored(book, world, event, event->body);
	if (event->type == &communication_cancelled_type)
		return take_cancellation(book, world, event->row, event->body);
	if (event->type == &circumstance_recorded_type)
		take_circumstance(book, &event->row->key);
	return event->type == &command_rejected_type ? take_refusal(book, world, event) : NULL;
}

/* ---- the end ---- */

/* The state that communications keeps, and the outbox beside it. */
static const char *check_state(const struct sim_world *world, const struct mail *mail)
{
	const struct sim_blob *blob = blob_find(world, SIM_COMMUNICATIONS, communication_entity.name, &mail->communication_id);
	const struct communication *communication = blob ? blob->state : NULL;
	const struct sim_letter *letter = post_find(world, &mail->communication_id);

	if (!communication || communication->version != mail->version || communication->attempt != mail->attempt ||
	    strcmp(communication_state_name((enum communication_state)communication->state), mail->state) != 0)
		FAIL("a message that is %s by its events is kept as something else", mail->state);
	if (!step_of(mail->state)->is_end)
		FAIL("a message is %s for ever", mail->state);
	if ((letter != NULL) != (mail->has_waited || mail->released_seq > 0))
		FAIL("P9 the outbox has a message that was not released, or lacks one that was");
	if (letter && strcmp(letter->state, strcmp(mail->state, "cancelled") == 0 ? "cancelled" : "done") != 0)
		FAIL("the outbox has a message as %s that is %s", letter->state, mail->state);
	return NULL;
}

static bool was_claimed(const struct sim_world *world, const struct sim_attempt *attempt)
{
	for (size_t i = 0; i < world->post.claims_count; i++) {
		const struct sim_claim *claim = &world->post.claims[i];

		if (!claim->is_refused && claim->number == attempt->number &&
		    uuid_equal(&claim->communication_id, &attempt->communication_id))
			return true;
	}
	return false;
}

/* P8, by what the gateway has. */
static const char *check_taken(const struct sim_world *world, const struct mail *mail)
{
	size_t taken = 0;

	for (size_t i = 0; i < world->post.attempts_count; i++) {
		const struct sim_attempt *attempt = &world->post.attempts[i];

		if (!uuid_equal(&attempt->communication_id, &mail->communication_id) || !attempt->is_taken)
			continue;
		taken++;
		if (!was_claimed(world, attempt))
			FAIL("P8 a message left without a claim");
		if (strcmp(attempt->outcome, "accepted") == 0 && step_of(mail->state)->rank < step_of("submitted")->rank)
			FAIL("P8 a message that was accepted is %s", mail->state);
	}
	if (taken > 1)
		FAIL("P8 a message left %zu times", taken);
	if (taken > 0 && step_of(mail->state)->rank >= step_of("cancelled")->rank)
		FAIL("P8 a message left that is %s", mail->state);
	return NULL;
}

/* A message whose try was refused had a reason to be: nobody else stops it. */
static const char *check_refused(const struct mailbook *book, const struct sim_world *world, const struct mail *mail)
{
	const struct sim_letter *letter = post_find(world, &mail->communication_id);

	for (size_t i = 0; i < world->post.attempts_count; i++) {
		const struct sim_attempt *attempt = &world->post.attempts[i];

		if (!attempt->code || !uuid_equal(&attempt->communication_id, &mail->communication_id))
			continue;
		if (strcmp(attempt->code, "address_invalid") == 0 && !is_gone(book, &letter->contact_point_id, INT64_MAX))
			FAIL("a message failed for an address that nobody gave up");
		if (strcmp(attempt->code, "erased") == 0 && !is_gone(book, &mail->customer_id, INT64_MAX))
			FAIL("a message failed for a customer who was not erased");
	}
	return NULL;
}

/* The last one before event `seq` of the message's partition; 0: none. */
static int64_t release_before(const struct mailbook *book, const struct mail *mail, int64_t seq)
{
	int64_t last = 0;

	for (size_t i = 0; i < book->releases_count; i++)
		if (book->releases[i].seq <= seq && uuid_equal(&book->releases[i].communication_id, &mail->communication_id))
			last = book->releases[i].seq;
	return last;
}

/*
 * What leaves without consent is the one answer to something that the person wrote before its release (US-10): nothing was withdrawn
 * since but by those words themselves, and nothing else of ours left between the two.
 */
static bool is_answer_to(const struct mailbook *book, const struct mail *mail, const struct wrote *wrote, int64_t released_seq,
			 int64_t seq)
{
	if (!uuid_equal(&wrote->customer_id, &mail->customer_id) || !str_equal(wrote->channel, mail->channel) ||
	    wrote->seq >= released_seq)
		return false;
	for (size_t i = 0; i < book->told_count; i++) {
		const struct told *told = &book->told[i];

		if (told->is_withdrawal && is_about(told, &mail->customer_id, mail->channel) && told->seq > wrote->seq &&
		    told->seq <= seq && told->offset != wrote->offset)
			return false;
	}
	for (size_t i = 0; i < book->releases_count; i++) {
		const struct freed *release = &book->releases[i];
		const struct mail *other = mail_of(book, &release->communication_id);
		bool is_void = (release->back_seq > 0 && release->back_seq < released_seq) ||
			       (other->lost_seq > 0 && other->lost_seq < released_seq && other->found_seq > released_seq);

		if (other != mail && uuid_equal(&other->customer_id, &mail->customer_id) &&
		    str_equal(other->channel, mail->channel) && has_reached(other) && release->seq > wrote->seq &&
		    release->seq < released_seq && !is_void)
			return false;
	}
	return true;
}

static bool is_an_answer(const struct mailbook *book, const struct mail *mail, int64_t seq)
{
	for (size_t i = 0; i < book->inbounds_count; i++)
		if (is_answer_to(book, mail, &book->inbounds[i], release_before(book, mail, seq), seq))
			return true;
	return false;
}

static bool has_written_between(const struct mailbook *book, const struct mail *mail, int64_t after, int64_t until)
{
	for (size_t i = 0; i < book->inbounds_count; i++)
		if (uuid_equal(&book->inbounds[i].customer_id, &mail->customer_id) && book->inbounds[i].seq > after &&
		    book->inbounds[i].seq <= until)
			return true;
	return false;
}

/* P9: what was applied before a claim is known to it. */
static const char *check_claims(const struct mailbook *book, const struct sim_world *world, const struct mail *mail)
{
	const struct sim_letter *letter = post_find(world, &mail->communication_id);

	for (size_t i = 0; i < world->post.claims_count; i++) {
		const struct sim_claim *claim = &world->post.claims[i];

		if (claim->is_refused || !uuid_equal(&claim->communication_id, &mail->communication_id))
			continue;
		if (is_gone(book, &letter->contact_point_id, claim->customers_seq))
			FAIL("try %d of a message was claimed to an address that was given up", (int)claim->number);
		if (is_gone(book, &mail->customer_id, claim->customers_seq))
			FAIL("try %d of a message was claimed to an erased customer", (int)claim->number);
		if (claim->seq < mail->released_seq || mail->released_seq == 0)
			FAIL("P9 a message was claimed before it was released");
		if (world->has_hours && !sim_hour_is_fit(claim->at_ms))
			FAIL("P9 try %d of a message was claimed outside of the hours", (int)claim->number);
		for (size_t n = 0; n < book->told_count && claim->number == 1; n++)
			if (book->told[n].is_withdrawal && is_about(&book->told[n], &mail->customer_id, mail->channel) &&
			    book->told[n].seq > mail->released_seq && book->told[n].seq <= claim->seq)
				FAIL("P9 a message was claimed after the withdrawal");
		if (has_written_between(book, mail, release_before(book, mail, claim->seq), claim->seq))
			FAIL("P9 try %d of a message was claimed although the guard did not know what the person wrote",
			     (int)claim->number);
		if (!may_be_written_to(book, mail, claim->seq, false) && !is_an_answer(book, mail, claim->seq))
			FAIL("P9 try %d of a message was claimed without consent", (int)claim->number);
	}
	return NULL;
}

static const char *check_recipients(const struct mailbook *book, const struct sim_world *world)
{
	for (size_t i = 0; i < book->told_count; i++) {
		const struct told *told = &book->told[i];
		const struct sim_blob *blob = blob_find(world, SIM_COMMUNICATIONS, recipient_entity.name, &told->customer_id);
		struct mail next = { .customer_id = told->customer_id };
		int64_t withdrawals = 0;

		for (size_t n = 0; n < book->told_count; n++)
			withdrawals += book->told[n].is_withdrawal && uuid_equal(&book->told[n].customer_id, &told->customer_id);
		if (!blob || ((const struct recipient *)blob->state)->version != withdrawals)
			FAIL("P4 a customer's withdrawals were counted wrong");
		for (enum channel channel = CHANNEL_EMAIL; channel <= CHANNEL_SMS; channel++) {
			bool permits = recipient_permits(blob->state, channel, PURPOSE_COLLECT);

			next.channel = str_of(channel_name(channel));
			if (permits ? !may_be_written_to(book, &next, INT64_MAX, false)
				    : may_be_written_to(book, &next, INT64_MAX, true))
				FAIL("P9 a customer's permission is not what was told");
		}
	}
	return NULL;
}

/* P7: messages by the state they are in. */
static const char *check_report(const struct mailbook *book, const struct sim_world *world)
{
	for (size_t at = 0; at < deltas_count(&world->aggregates); at++) {
		const struct delta *row = delta_at(&world->aggregates, at);
		int64_t messages = row->amounts[COMMUNICATIONS_MESSAGES];

		for (size_t i = 0; i < book->mails_count && row->key.report == REPORT_COMMUNICATIONS; i++)
			messages -= book->mails[i].requested_on == row->key.day &&
				    strcmp(book->mails[i].state, row->key.state) == 0 &&
				    str_is(book->mails[i].channel, row->key.channel);
		if (row->key.report == REPORT_COMMUNICATIONS && messages != 0)
			FAIL("P7 %lld messages too many are %s on day %d", (long long)messages, row->key.state, row->key.day);
	}
	return NULL;
}

const char *mailbook_check(const struct mailbook *book, const struct sim_world *world)
{
	const char *wrong =
		uuid_is_none(&book->stop_id) ? check_recipients(book, world) : "P9 a message says stop, and nothing is withdrawn";

	for (size_t i = 0; i < book->mails_count && !wrong; i++) {
		wrong = check_state(world, &book->mails[i]);
		if (!wrong)
			wrong = check_taken(world, &book->mails[i]);
		if (!wrong)
			wrong = check_claims(book, world, &book->mails[i]);
		if (!wrong)
			wrong = check_refused(book, world, &book->mails[i]);
		if (!wrong)
			wrong = check_merged(book, &book->mails[i]);
	}
	for (size_t i = 0; i < world->databases[SIM_COMMUNICATIONS].timers_count && !wrong; i++) {
		const struct sim_timer *timer = &world->databases[SIM_COMMUNICATIONS].timers[i];

		if (!timer->is_gone && timer->row.kind == release_timer.number)
			FAIL("P12 a message that does not wait has a timer");
	}
	return wrong ? wrong : check_report(book, world);
}
