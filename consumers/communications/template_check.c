#include "consumers/communications/template_check.h"

#include "base/array.h"
#include "consumers/communications/html_part.h"
#include "consumers/communications/render.h"

static bool is_electronic(const struct template_draft *draft)
{
	return draft->channel != CHANNEL_LETTER && draft->channel != CHANNEL_VOICE;
}

static bool has_wrong_subject(const struct template_draft *draft)
{
	bool has_subject = draft->channel == CHANNEL_EMAIL || draft->channel == CHANNEL_LETTER;

	return has_subject != (draft->subject.size > 0);
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

/* US-11 (12 CFR 1006.6(e)). The confirmation of an opt-out says nothing else (1006.14(h)(2)). */
static bool needs_opt_out(const struct template_draft *draft)
{
	return is_electronic(draft) && draft->message_class != MESSAGE_CLASS_OPT_OUT_CONFIRMATION;
}

static bool lacks_opt_out(const struct template_draft *draft)
{
	return needs_opt_out(draft) && !template_has_token(draft->body, "opt_out");
}

static bool has_needless_html(const struct template_draft *draft)
{
	return draft->channel != CHANNEL_EMAIL && draft->html.size > 0;
}

/* A reader of one part does not see the other: US-11 holds for both. A malformed part has its fault already. */
static bool hides_opt_out(const struct template_draft *draft)
{
	size_t line;

	return draft->html.size > 0 && needs_opt_out(draft) && html_part_fault(draft->html, &line) == NULL &&
	       !html_part_shows(draft->html, "opt_out");
}

/* What is not known forbids nothing here: each message is asked about again before it leaves. */
static bool is_collected_for_others_in_us(const struct collection *collection)
{
	return collection != NULL && collection->collector == COLLECTOR_THIRD_PARTY &&
	       str_is(STR("US"), collection->jurisdiction);
}

/* US-19 (12 CFR 1006.18(e)): a debt collector says that he is one. In any other stack it is asked of each message to a person there. */
static bool lacks_disclosure(const struct template_draft *draft)
{
	return is_collected_for_others_in_us(draft->collection) && draft->channel != CHANNEL_VOICE &&
	       draft->message_class != MESSAGE_CLASS_OPT_OUT_CONFIRMATION && !template_has_token(draft->body, "disclosure");
}

/* US-19 holds for both parts, too. */
static bool has_disclosure_in_one_part(const struct template_draft *draft)
{
	size_t line;

	return draft->html.size > 0 && html_part_fault(draft->html, &line) == NULL &&
	       html_part_shows(draft->html, "disclosure") != template_has_token(draft->body, "disclosure");
}

/* The recipient must be able to read them: US-11 asks for a clear statement, US-19 for the message's own language. */
static bool has_no_sentences_in_its_language(const struct template_draft *draft)
{
	return !language_has_sentences(draft->language) &&
	       (is_electronic(draft) || template_has_token(draft->body, "disclosure"));
}

static bool find_html_fault(const struct template_draft *draft, struct template_text_fault *ret_fault)
{
	ret_fault->text = html_part_fault(draft->html, &ret_fault->line);
	return ret_fault->text != NULL;
}

static const struct check {
	bool (*is_faulty)(const struct template_draft *draft);
	struct template_text_fault fault;
} checks[] = {
	{ has_wrong_subject, { "subject", REFUSAL_BAD_VALUE, "an e-mail and a letter need a subject, others have none", 0 } },
	{ has_empty_body, { "body", REFUSAL_BAD_VALUE, "the body is empty", 0 } },
	{ has_malformed_subject, { "subject", REFUSAL_TEMPLATE_INCOMPLETE, "{{ without a token and }}", 0 } },
	{ has_malformed_body, { "body", REFUSAL_TEMPLATE_INCOMPLETE, "{{ without a token and }}", 0 } },
	{ lacks_opt_out, { "body", REFUSAL_TEMPLATE_INCOMPLETE, "an electronic message says how to opt out: {{opt_out}}", 0 } },
	{ lacks_disclosure,
	  { "body", REFUSAL_TEMPLATE_INCOMPLETE, "a debt collector in the United States says that he is one: {{disclosure}}",
	    0 } },
	{ has_needless_html, { "html", REFUSAL_BAD_VALUE, "only an e-mail has an HTML part", 0 } },
	{ NULL, { "html", REFUSAL_TEMPLATE_INCOMPLETE, NULL, 0 } }, /* find_html_fault */
	{ hides_opt_out, { "html", REFUSAL_TEMPLATE_INCOMPLETE, "the HTML part, too, says how to opt out: {{opt_out}}", 0 } },
	{ has_disclosure_in_one_part,
	  { "html", REFUSAL_TEMPLATE_INCOMPLETE, "{{disclosure}} stands in both parts, or in none", 0 } },
	{ has_no_sentences_in_its_language,
	  { "language", REFUSAL_TEMPLATE_INCOMPLETE, "there is no opt-out sentence and no disclosure in this language", 0 } },
};

bool template_next_fault(const struct template_draft *draft, size_t *at, struct template_text_fault *ret_fault)
{
	while (*at < COUNT(checks)) {
		const struct check *check = &checks[(*at)++];

		*ret_fault = check->fault;
		if (check->is_faulty != NULL ? check->is_faulty(draft) : find_html_fault(draft, ret_fault))
			return true;
	}
	return false;
}
