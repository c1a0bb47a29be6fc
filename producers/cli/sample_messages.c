#include "sample_messages.h"

#include <stdio.h>
#include <string.h>

#include "base/day.h"
#include "dice.h"
#include "json_line.h"
#include "natural_id.h"
#include "schemas/words.h"
#include "wire/json.h"

#define DICE_CONSENT 4
#define DICE_MESSAGE 5

#define SEND_WITHIN_DAYS 7

/* The recipient of a message, its debt, and its channel. */
struct recipient {
	struct sample_person person;
	struct sample_debt debt;
	const char *channel;
};

static bool can_get(const struct sample_person *person, const char *channel)
{
	return strcmp(channel, "email") == 0 ? person->email[0] != '\0' : person->mobile[0] != '\0';
}

/*
 * The recipients are spread evenly over the customers, so none gets two messages. Debt i belongs to customer i (sample_debts.c),
 * which is how a message finds its debt. A recipient without an address for the channel gets the message by the other channel;
 * one without any address stays, and the message will be refused.
 */
static void find_recipient(const struct world *world, int64_t message, struct recipient *ret_recipient)
{
	struct dice dice = dice_of(world->seed, DICE_MESSAGE, (uint64_t)message);
	int64_t pool = world->customers < world->debts ? world->customers : world->debts;
	int64_t first = message * pool / world->messages, next = (message + 1) * pool / world->messages;
	bool by_mail = dice_chance(&dice, 550);

	for (int64_t i = first; i == first || i < next; i++) {
		sample_debt(world, i, &ret_recipient->debt);
		sample_person(world, ret_recipient->debt.customer, &ret_recipient->person);
		if (ret_recipient->debt.outcome != OUTCOME_PAID && ret_recipient->debt.due_on < world->today &&
		    !sample_debt_is_refused(&ret_recipient->debt) &&
		    (ret_recipient->person.email[0] != '\0' || ret_recipient->person.mobile[0] != '\0'))
			break;
	}
	ret_recipient->channel = by_mail ? "email" : "sms";
	if (!can_get(&ret_recipient->person, ret_recipient->channel))
		ret_recipient->channel = by_mail ? "sms" : "email";
	if (!can_get(&ret_recipient->person, ret_recipient->channel))
		ret_recipient->channel = "email";
}

static void add_consent(const struct world *world, struct dice *dice, const struct sample_person *person, const char *channel,
			const char *occasion, struct buf *lines)
{
	static const int weights[] = { 70, 15, 10, 5 }; /* of express consent and the next kinds */
	struct uuid id = consent_id_of(&person->id, str_of(channel), str_of(occasion));
	struct json_line line;
	char evidence[48];

	snprintf(evidence, sizeof(evidence), "%s-%s-%07lld", occasion, channel, (long long)person->index + 1);
	json_line_begin(&line, lines, "GrantConsent");
	json_line_id(&line, "consent_id", &id);
	json_line_id(&line, "customer_id", &person->id);
	json_line_text(&line, "channel", channel);
	json_line_text(&line, "purpose", "collect");
	json_line_text(&line, "basis", basis_name((enum basis)(BASIS_EXPRESS + dice_pick(dice, weights, 4))));
	json_line_text(&line, "evidence_ref", evidence);
	json_line_instant(&line, "obtained_at",
			  (world->today - dice_between(dice, 1, 50)) * DAY_MS + dice_between(dice, 8 * 3600, 18 * 3600) * 1000);
	json_line_end(&line);
}

void sample_consents(const struct world *world, int64_t customer, struct buf *lines)
{
	struct dice dice = dice_of(world->seed, DICE_CONSENT, (uint64_t)customer);
	struct sample_person person;

	sample_person(world, customer, &person);
	if (person.email[0] != '\0' && dice_chance(&dice, 350))
		add_consent(world, &dice, &person, "email", "form", lines);
	if (person.mobile[0] != '\0' && dice_chance(&dice, 250))
		add_consent(world, &dice, &person, "sms", "form", lines);
}

void sample_message_consent(const struct world *world, int64_t message, struct buf *lines)
{
	struct dice dice = dice_of(world->seed, DICE_CONSENT, (uint64_t)(world->customers + message));
	struct recipient recipient;

	find_recipient(world, message, &recipient);
	if (dice_chance(&dice, 970))
		add_consent(world, &dice, &recipient.person, recipient.channel, "portal", lines);
}

void sample_withdrawal(const struct world *world, int64_t message, struct buf *lines)
{
	struct dice dice = dice_of(world->seed, DICE_CONSENT, (uint64_t)(world->customers + world->messages + message));
	struct recipient recipient;
	struct json_line line;

	if (!dice_chance(&dice, 20))
		return;
	find_recipient(world, message, &recipient);
	json_line_begin(&line, lines, "WithdrawConsent");
	json_line_id(&line, "customer_id", &recipient.person.id);
	if (dice_chance(&dice, 700))
		json_line_text(&line, "channel", recipient.channel);
	if (strcmp(recipient.channel, "sms") == 0) {
		json_line_text(&line, "via", "keyword");
		json_line_text(&line, "keyword", "STOP");
	} else {
		json_line_text(&line, "via", "link");
	}
	json_line_instant(&line, "withdrawn_at", (world->today - 1) * DAY_MS + dice_between(&dice, 0, 86399) * 1000);
	json_line_end(&line);
}

void sample_message(const struct world *world, int64_t message, struct buf *lines)
{
	struct recipient recipient;
	struct json_line line;
	struct uuid id;
	char debt_ids[UUID_TEXT_SIZE + 5] = "[\"";

	find_recipient(world, message, &recipient);
	id = communication_id_of(&recipient.person.id, message);
	uuid_format(debt_ids + 2, &recipient.debt.id);
	memcpy(debt_ids + 2 + UUID_TEXT_SIZE, "\"]", 3);
	json_line_begin(&line, lines, "SendCommunication");
	json_line_id(&line, "communication_id", &id);
	json_line_id(&line, "customer_id", &recipient.person.id);
	json_line_raw(&line, "debt_ids", debt_ids);
	json_line_text(&line, "channel", recipient.channel);
	json_line_text(&line, "template_name", "payment-reminder");
	json_line_text(&line, "language", recipient.person.country->language);
	json_line_text(&line, "message_class", "reminder");
	buf_add_text(lines, ",\"parameters\":[{\"name\":\"creditor\",\"value\":");
	json_write_string(lines, str_of(recipient.debt.creditor->name)); /* parameters of the templates beyond the module's own */
	buf_add_text(lines, "}]");
	json_line_instant(&line, "send_by", (world->today + SEND_WITHIN_DAYS) * DAY_MS);
	json_line_end(&line);
}
