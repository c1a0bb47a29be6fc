#include "consumers/communications/compose.h"
#include "base/array.h"
#include "base/day.h"
#include "base/money.h"
#include "base/must.h"
#include "base/text.h"
#include "consumers/communications/html_part.h"
#include "consumers/communications/render.h"

/* The reserved tokens, whose values come from the states. */
static const struct known_token {
	const char *name, *sample;
} known_tokens[] = {
	{ "customer_name", "Alex Example" },
	{ "debt_reference", "A-1001" },
	{ "balance", "125.00" },
	{ "owed", "150.00" },
	{ "credits", "25.00" },
	{ "currency", "EUR" },
	{ "due_on", "2026-01-31" },
	{ "opt_out", "" },
	{ "disclosure", "" },
};
#define KNOWN_TOKENS_COUNT COUNT(known_tokens)

static const struct known_token *find_known_token(struct str name)
{
	for (size_t index = 0; index < KNOWN_TOKENS_COUNT; index++) {
		if (str_is(name, known_tokens[index].name))
			return &known_tokens[index];
	}
	return NULL;
}

bool token_is_ours(struct str name)
{
	return find_known_token(name) != NULL;
}

struct str token_sample(struct str name)
{
	const struct known_token *known = find_known_token(name);

	return known == NULL ? STR("") : str_of(known->sample);
}

size_t rendered_body_max(enum channel channel)
{
	return channel == CHANNEL_SMS ? RENDERED_SMS_MAX : RENDERED_EMAIL_MAX;
}

#define REFERENCES_MAX 512
#define TOKENS_MAX     (KNOWN_TOKENS_COUNT + 32)

struct texts {
	char references[REFERENCES_MAX];
	char balance[32], owed[32], credits[32];
	char due_on[16];
	struct token tokens[TOKENS_MAX];
	size_t tokens_count;
};

static void add_token(struct texts *texts, struct str name, struct str value)
{
	MUST(texts->tokens_count < TOKENS_MAX);
	texts->tokens[texts->tokens_count++] = (struct token){ .name = name, .value = value };
}

/* "A-1, A-2"; false when there are too many for the buffer. */
static bool join_reference(struct texts *texts, size_t *size, const char *reference)
{
	size_t reference_size = strlen(reference);
	size_t separator_size = *size == 0 ? 0 : 2;

	if (reference_size + separator_size > sizeof(texts->references) - *size)
		return false;
	memcpy(texts->references + *size, ", ", separator_size);
	memcpy(texts->references + *size + separator_size, reference, reference_size);
	*size += separator_size + reference_size;
	return true;
}

int64_t sending_credits(const struct sending *sending, const struct workset *set)
{
	const struct owed_debt *debt;

	if (sending->body->debt_ids_count == 0)
		return 0;
	debt = workset_state(set, &owed_debt_entity, &sending->body->debt_ids[0]); /* as of all of them */
	return debt->credits_minor;
}

/* Nobody is told that a negative amount is due: of more credits than is owed only as much as is owed counts. */
static bool add_amounts(struct texts *texts, int64_t owed_minor, int64_t credits_minor, const struct currency *currency)
{
	int64_t balance_minor;

	MUST(currency != NULL);
	if (!money_sub(owed_minor, credits_minor, &balance_minor))
		return false;
	money_format(texts->balance, balance_minor > 0 ? balance_minor : 0, currency);
	money_format(texts->owed, owed_minor, currency);
	money_format(texts->credits, credits_minor, currency);
	add_token(texts, STR("balance"), str_of(texts->balance));
	add_token(texts, STR("owed"), str_of(texts->owed));
	add_token(texts, STR("credits"), str_of(texts->credits));
	add_token(texts, STR("currency"), str_of(currency->code));
	return true;
}

/* All debts together: their references, the sum, the credits, the oldest due date. Without debts these tokens have no value. */
static bool add_debt_tokens(struct texts *texts, const struct sending *sending, const struct workset *set)
{
	const struct send_communication *body = sending->body;
	const struct owed_debt *debt = NULL;
	int64_t owed_minor = 0;
	int32_t due_on = DAY_MAX;
	size_t size = 0;

	if (body->debt_ids_count == 0)
		return true;
	for (size_t index = 0; index < body->debt_ids_count; index++) {
		debt = workset_state(set, &owed_debt_entity, &body->debt_ids[index]);
		if (!money_add(owed_minor, debt->balance_minor, &owed_minor) || !join_reference(texts, &size, debt->external_ref))
			return false;
		due_on = debt->due_on < due_on ? debt->due_on : due_on;
	}
	day_format(texts->due_on, due_on);
	add_token(texts, STR("debt_reference"), (struct str){ .data = texts->references, .size = size });
	add_token(texts, STR("due_on"), str_of(texts->due_on));
	return add_amounts(texts, owed_minor, sending_credits(sending, set), currency_find(str_of(debt->currency)));
}

static bool add_tokens(struct texts *texts, const struct sending *sending, const struct workset *set)
{
	const struct send_communication *body = sending->body;

	texts->tokens_count = 0;
	add_token(texts, STR("customer_name"),
		  (struct str){ .data = sending->person->full_name, .size = sending->person->full_name_size });
	add_token(texts, STR("opt_out"), opt_out_statement(sending->channel, sending->language));
	add_token(texts, STR("disclosure"), disclosure_statement(sending->language));
	for (size_t index = 0; index < body->parameters_count; index++)
		add_token(texts, body->parameters[index].name, body->parameters[index].value);
	return add_debt_tokens(texts, sending, set);
}

/* render_text, or html_part_render */
typedef enum render_outcome render_function(struct str text, const struct token *tokens, size_t tokens_count, char *out,
					    size_t out_max, size_t *ret_size, struct str *ret_token);

static bool render_part(struct str template, render_function *render, const struct texts *texts, size_t size_max,
			struct str *ret_part, struct decision *decision)
{
	char *out = arena_take_bytes(decision->arena, size_max);
	struct str token = { 0 };
	size_t size = 0;

	if (out == NULL) {
		decision->overflow = true;
		return false;
	}
	switch (render(template, texts->tokens, texts->tokens_count, out, size_max, &size, &token)) {
	case RENDER_OK:
		arena_rewind(decision->arena, arena_mark(decision->arena) - (size_max - size));
		*ret_part = (struct str){ .data = out, .size = size };
		return true;
	case RENDER_MALFORMED:
		decision_refuse(decision, REFUSAL_TEMPLATE_INCOMPLETE, "parameters", "the template is malformed");
		return false;
	case RENDER_UNKNOWN_TOKEN:
		decision_refuse(decision, REFUSAL_TEMPLATE_INCOMPLETE, "parameters", "the token %.*s has no value",
				(int)token.size, token.data);
		return false;
	case RENDER_TOO_LONG:
		decision_refuse(decision, REFUSAL_LIMIT_EXCEEDED, "parameters", "the message would be longer than %zu bytes",
				size_max);
		return false;
	case RENDER_BAD_LINK:
		decision_refuse(decision, REFUSAL_BAD_VALUE, "parameters", "the value of %.*s is no http, https or mailto URL",
				(int)token.size, token.data);
		return false;
	}
	MUST_NOT_REACH("no such outcome");
}

static bool render_all(const struct template_text *template, const struct texts *texts, enum channel channel,
		       struct rendered *rendered, struct decision *decision)
{
	const struct str subject = { .data = template->subject, .size = template->subject_size };
	const struct str body = { .data = template->body, .size = template->body_size };
	const struct str html = { .data = template->html, .size = template->html_size };

	rendered->html = STR("");
	return render_part(subject, render_text, texts, SUBJECT_MAX, &rendered->subject, decision) &&
	       render_part(body, render_text, texts, rendered_body_max(channel), &rendered->body, decision) &&
	       (html.size == 0 || render_part(html, html_part_render, texts, RENDERED_HTML_MAX, &rendered->html, decision));
}

bool sending_compose(struct sending *sending, const struct workset *set, struct decision *decision)
{
	struct texts texts;
	const char *fault;

	sending->rendered = arena_take(decision->arena, 1, sizeof(*sending->rendered));
	if (sending->rendered == NULL) {
		decision->overflow = true;
		return false;
	}
	if (!add_tokens(&texts, sending, set)) {
		decision_refuse(decision, REFUSAL_LIMIT_EXCEEDED, "debt_ids", "too many debts for one message");
		return false;
	}
	if (!render_all(sending->template, &texts, sending->channel, sending->rendered, decision))
		return false;
	/*
	 * Any value is checked, also a name that was stored before names were checked: a subject is one line of a mail's header,
	 * and a value must not make it two (lib/TRAPS.md C2).
	 */
	fault = text_fault(sending->rendered->subject, TEXT_PROSE);
	fault = fault != NULL ? fault : text_fault(sending->rendered->body, TEXT_LINES);
	fault = fault != NULL ? fault : text_fault(sending->rendered->html, TEXT_LINES);
	if (fault != NULL)
		decision_refuse(decision, REFUSAL_BAD_VALUE, "customer_id", "a value of the text %s", fault);
	return fault == NULL;
}
