#include "base/must.h"
#include "consumers/communications/communications.h"

/* The words of commands, events and tables, by their enums. */

#define WORDS(array, count) _Static_assert(sizeof(array) / sizeof((array)[0]) == (count), "a word for each")

static const char *const channels[] = {
	[CHANNEL_NONE] = "",       [CHANNEL_EMAIL] = "email",   [CHANNEL_SMS] = "sms",
	[CHANNEL_VOICE] = "voice", [CHANNEL_LETTER] = "letter", [CHANNEL_PUSH] = "push",
};
WORDS(channels, CHANNEL_COUNT);

static const char *const purposes[] = {
	[PURPOSE_NONE] = "",
	[PURPOSE_COLLECT] = "collect",
	[PURPOSE_MARKETING] = "marketing",
	[PURPOSE_CALLS_BEYOND_CAP] = "calls_beyond_cap",
};
WORDS(purposes, PURPOSE_COUNT);

static const char *const bases[] = {
	[BASIS_NONE] = "",
	[BASIS_EXPRESS] = "express",
	[BASIS_PRIOR_USE] = "prior_use",
	[BASIS_CREDITOR_TRANSFER_NOTICE] = "creditor_transfer_notice",
	[BASIS_PRIOR_COLLECTOR] = "prior_collector",
};
WORDS(bases, BASIS_COUNT);

static const char *const states[] = {
	[COMMUNICATION_NONE] = "",
	[COMMUNICATION_RELEASED] = "released",
	[COMMUNICATION_RETRY_WAIT] = "retry_wait",
	[COMMUNICATION_UNKNOWN] = "unknown",
	[COMMUNICATION_SUBMITTED] = "submitted",
	[COMMUNICATION_FAILED] = "failed",
	[COMMUNICATION_EXPIRED] = "expired",
	[COMMUNICATION_REJECTED] = "rejected",
	[COMMUNICATION_DELIVERED] = "delivered",
	[COMMUNICATION_CANCELLED] = "cancelled",
	[COMMUNICATION_SUPPRESSED] = "suppressed",
};
WORDS(states, COMMUNICATION_STATE_COUNT);

/* The word's place; 0 (none) when it is not there. */
static size_t find(const char *const *words, size_t count, struct str word)
{
	for (size_t index = 1; index < count; index++) {
		if (str_is(word, words[index]))
			return index;
	}
	return 0;
}

enum channel message_channel_by_name(struct str name)
{
	return (enum channel)find(channels, CHANNEL_COUNT, name);
}

const char *message_channel_name(enum channel channel)
{
	MUST(channel < CHANNEL_COUNT);
	return channels[channel];
}

enum purpose purpose_by_name(struct str name)
{
	return (enum purpose)find(purposes, PURPOSE_COUNT, name);
}

const char *purpose_name(enum purpose purpose)
{
	MUST(purpose < PURPOSE_COUNT);
	return purposes[purpose];
}

enum basis basis_by_name(struct str name)
{
	return (enum basis)find(bases, BASIS_COUNT, name);
}

const char *basis_name(enum basis basis)
{
	MUST(basis < BASIS_COUNT);
	return bases[basis];
}

enum communication_state communication_state_by_name(struct str name)
{
	return (enum communication_state)find(states, COMMUNICATION_STATE_COUNT, name);
}

const char *communication_state_name(enum communication_state state)
{
	MUST(state < COMMUNICATION_STATE_COUNT);
	return states[state];
}

/* consumers/DOMAIN.md 8 */
bool message_class_is_known(struct str message_class)
{
	static const char *const classes[] = {
		"",
		"validation_notice",
		"reminder",
		"demand",
		"promise_reminder",
		"plan_notice",
		"payment_receipt",
		"settlement_offer",
		"dispute_reply",
		"original_creditor_reply",
		"opt_out_confirmation",
		"cease_reply",
		"legal_notice",
		"account_service",
	};

	return find(classes, sizeof(classes) / sizeof(classes[0]), message_class) != 0;
}

enum asks message_class_asks(struct str message_class)
{
	static const char *const owed[] = { "", "validation_notice", "reminder", "promise_reminder", "plan_notice" };
	static const char *const due[] = { "", "demand", "settlement_offer", "legal_notice" };

	if (find(due, sizeof(due) / sizeof(due[0]), message_class) != 0)
		return ASKS_DUE;
	return find(owed, sizeof(owed) / sizeof(owed[0]), message_class) != 0 ? ASKS_OWED : ASKS_NOTHING;
}

/* ---- templates ---- */

static bool is_small(char letter)
{
	return letter >= 'a' && letter <= 'z';
}

static bool is_digit(char letter)
{
	return letter >= '0' && letter <= '9';
}

bool template_name_is_valid(struct str name)
{
	if (name.size == 0 || name.size > TEMPLATE_NAME_MAX)
		return false;
	for (size_t index = 0; index < name.size; index++) {
		char letter = name.data[index];

		if (!is_small(letter) && !is_digit(letter) && letter != '_' && letter != '.' && letter != '-')
			return false;
	}
	return true;
}

bool language_widen(struct str *language)
{
	size_t size = language->size;

	while (size > 0 && language->data[size - 1] != '-')
		size--;
	if (size < 2)
		return false;
	size--;
	/* A single letter is no part by itself: zh-x-ours is zh. */
	if (size >= 2 && language->data[size - 2] == '-')
		size -= 2;
	language->size = size;
	return true;
}

/*
 * How far a message has come. What a provider says late is below what we know already: "accepted" after "delivered" moves
 * nothing. Delivered is above the failures: it is certain, and a provider that gave up has been seen to deliver after all. What
 * was never sent stays so.
 */
static const uint8_t ranks[] = {
	[COMMUNICATION_NONE] = 0,      [COMMUNICATION_RELEASED] = 1,   [COMMUNICATION_RETRY_WAIT] = 2,
	[COMMUNICATION_UNKNOWN] = 3,   [COMMUNICATION_SUBMITTED] = 4,  [COMMUNICATION_FAILED] = 5,
	[COMMUNICATION_EXPIRED] = 5,   [COMMUNICATION_REJECTED] = 5,   [COMMUNICATION_DELIVERED] = 6,
	[COMMUNICATION_CANCELLED] = 7, [COMMUNICATION_SUPPRESSED] = 7,
};
WORDS(ranks, COMMUNICATION_STATE_COUNT);

bool communication_moves(enum communication_state from, int32_t from_attempt, enum communication_state to, int32_t to_attempt)
{
	MUST(from < COMMUNICATION_STATE_COUNT);
	MUST(to < COMMUNICATION_STATE_COUNT);
	if (from == COMMUNICATION_RETRY_WAIT && to == COMMUNICATION_RETRY_WAIT)
		return to_attempt > from_attempt;
	return ranks[to] > ranks[from];
}

bool recipient_permits(const struct recipient *recipient, enum channel channel, enum purpose purpose)
{
	const struct permission *permission = &recipient->permissions[channel][purpose];

	return permission->obtained_at_ms > recipient->withdrawn_at_ms[channel];
}

/* ---- the way out ---- */

struct opt_out {
	const char *language;
	const char *sms;
	const char *email;
};

/* Characters of the GSM 7-bit alphabet only: one other doubles the price of the message. */
static const struct opt_out opt_outs[] = {
	{ "en", "Reply STOP to opt out.", "To receive no more e-mails about this, reply with the word STOP." },
	{ "de", "Antworten Sie STOP, um keine SMS mehr zu erhalten.",
	  "Wenn Sie dazu keine E-Mails mehr erhalten m\xc3\xb6"
	  "chten, antworten Sie mit dem Wort STOP." },
	{ "es", "Responda STOP para dejar de recibir SMS.", "Para no recibir m\xc3\xa1s correos, responda con la palabra STOP." },
	{ "fr", "R\xc3\xa9pondez STOP pour ne plus recevoir de SMS.",
	  "Pour ne plus recevoir d'e-mails, r\xc3\xa9pondez avec le mot STOP." },
	{ "it", "Rispondi STOP per non ricevere altri SMS.", "Per non ricevere altre e-mail, rispondi con la parola STOP." },
	{ "nl", "Antwoord STOP om geen sms meer te krijgen.",
	  "Antwoord met het woord STOP als u hierover geen e-mail meer wilt krijgen." },
};

struct str opt_out_statement(enum channel channel, struct str language)
{
	struct str rest;
	struct str wanted = str_cut(language, '-', &rest);
	const struct opt_out *opt_out = &opt_outs[0];

	for (size_t index = 0; index < sizeof(opt_outs) / sizeof(opt_outs[0]); index++) {
		if (str_is(wanted, opt_outs[index].language))
			opt_out = &opt_outs[index];
	}
	return str_of(channel == CHANNEL_SMS ? opt_out->sms : opt_out->email);
}
