#include "consumers/communications/template_check.h"

#include "base/array.h"
#include "consumers/communications/render.h"

static bool is_electronic(const struct template_draft *draft)
{
	return draft->channel != CHANNEL_LETTER && draft->channel != CHANNEL_VOICE;
}

static bool has_wrong_subject(const struct template_draft *draft)
{
	return (draft->channel == CHANNEL_EMAIL) != (draft->subject.size > 0);
}

static bool has_empty_body(const struct template_draft *draft)
{
	return draft->body.size == 0;
}

static bool has_malformed_subject(const struct template_draft *draft)
{
	return !template_is_well_formed(draft->subject);
}

static bool has_malformed_body(const struct template_draft *draft)
{
	return !template_is_well_formed(draft->body);
}

/* US-11 (12 CFR 1006.6(e)). */
static bool lacks_opt_out(const struct template_draft *draft)
{
	return is_electronic(draft) && !template_has_token(draft->body, "opt_out");
}

/* The recipient must be able to read them: US-11 asks for a clear statement, US-19 for the message's own language. */
static bool has_no_sentences_in_its_language(const struct template_draft *draft)
{
	return !language_has_sentences(draft->language) &&
	       (is_electronic(draft) || template_has_token(draft->body, "disclosure"));
}

static const struct check {
	bool (*is_faulty)(const struct template_draft *draft);
	struct template_text_fault fault;
} checks[] = {
	{ has_wrong_subject, { "subject", REFUSAL_BAD_VALUE, "an e-mail needs a subject, others have none" } },
	{ has_empty_body, { "body", REFUSAL_BAD_VALUE, "the body is empty" } },
	{ has_malformed_subject, { "subject", REFUSAL_TEMPLATE_INCOMPLETE, "{{ without a token and }}" } },
	{ has_malformed_body, { "body", REFUSAL_TEMPLATE_INCOMPLETE, "{{ without a token and }}" } },
	{ lacks_opt_out, { "body", REFUSAL_TEMPLATE_INCOMPLETE, "an electronic message says how to opt out: {{opt_out}}" } },
	{ has_no_sentences_in_its_language,
	  { "language", REFUSAL_TEMPLATE_INCOMPLETE, "there is no opt-out sentence and no disclosure in this language" } },
};

const struct template_text_fault *template_next_fault(const struct template_draft *draft, size_t *at)
{
	while (*at < COUNT(checks)) {
		const struct check *check = &checks[(*at)++];

		if (check->is_faulty(draft))
			return &check->fault;
	}
	return NULL;
}
