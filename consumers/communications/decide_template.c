#include "consumers/communications/communications.h"
#include "consumers/communications/template_check.h"
#include "schemas/communications.h"

static bool name_is_good(const struct publish_template *body, struct decision *decision)
{
	if (uuid_is_none(&body->template_id)) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "template_id", "the id is all zeros");
	} else if (!template_name_is_valid(body->name)) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "name", "not a name of small letters, digits, and _ . -");
	} else if (channel_by_name(body->channel) == CHANNEL_NONE) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "channel", "not one of " CHANNEL_LISTED);
	} else if (!language_tag_is_valid(body->language)) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "language", "not a language tag (BCP 47) such as de or de-DE");
	} else if (message_class_by_name(body->message_class) == MESSAGE_CLASS_NONE) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "message_class", "not a known message class");
	} else if (body->version < 1) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "version", "versions are 1, 2, 3 ...");
	} else {
		return true;
	}
	return false;
}

static bool texts_are_good(const struct publish_template *body, enum channel channel, const struct workset *set,
			   struct decision *decision)
{
	const struct template_draft draft = { .channel = channel,
					      .message_class = message_class_by_name(body->message_class),
					      .language = body->language,
					      .subject = body->subject,
					      .body = body->body,
					      .html = body->has_html ? body->html : STR(""),
					      .collection = workset_state(set, &collection_entity, &collection_id) };
	size_t at = 0;
	struct template_text_fault fault;

	if (!template_next_fault(&draft, &at, &fault))
		return true;
	if (fault.line == 0)
		decision_refuse(decision, fault.code, fault.field, "%s", fault.text);
	else
		decision_refuse(decision, fault.code, fault.field, "line %zu: %s", fault.line, fault.text);
	return false;
}

/* A template id and its name, channel and language belong together for ever. */
static bool version_is_next(const struct publish_template *body, enum channel channel, const struct workset *set,
			    struct decision *decision)
{
	const struct template *template = workset_state(set, &template_entity, &body->template_id);
	int32_t version = template == NULL ? 0 : template->version;
	const struct template_text *text;
	struct template_key key;
	struct uuid key_id;

	if (!template_key(&key, body->name, channel, body->language)) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "name", "too long");
		return false;
	}
	key_id = template_key_id(&key);
	text = workset_state(set, &template_text_entity, &key_id);
	if (text != NULL && !uuid_equal(&text->template_id, &body->template_id)) {
		decision_refuse(decision, REFUSAL_EXISTS, "name", "another template has this name, channel and language");
	} else if (text == NULL && template != NULL) {
		decision_refuse(decision, REFUSAL_EXISTS, "template_id", "the template has another name, channel or language");
	} else if (body->version <= version) {
		decision_refuse(decision, REFUSAL_EXISTS, "version", "version %d is published", (int)body->version);
	} else if (body->version > version + 1) {
		decision_refuse(decision, REFUSAL_VERSION_CONFLICT, "version", "the next version is %d", (int)version + 1);
	} else {
		return true;
	}
	return false;
}

/* The hash's place in the arena; NULL (and overflow set) when it is full. */
static const uint8_t *hash_content(struct decision *decision, struct str subject, struct str body)
{
	uint8_t *hash = arena_take(decision->arena, 1, CONTENT_HASH_SIZE);

	if (hash == NULL)
		decision->overflow = true;
	else
		content_hash(hash, subject, body);
	return hash;
}

void decide_publish_template(const struct command *command, const struct workset *set, struct decision *decision)
{
	const struct publish_template *body = command->body;
	enum channel channel = channel_by_name(body->channel);
	struct template_published *event;
	const uint8_t *hash, *html_hash;

	if (!name_is_good(body, decision) || !texts_are_good(body, channel, set, decision) ||
	    !version_is_next(body, channel, set, decision))
		return;
	/* Who has the keys of tokens publishes at once: what a program brings was approved where it comes from. */
	if (command->is_user && command->approval == NULL) {
		decision_keep(decision, "a template that a person publishes needs a second person");
		return;
	}

	/* ---- nothing refuses from here on ---- */
	event = decision_event(decision, &template_published_type);
	hash = hash_content(decision, body->subject, body->body);
	event->template_id = body->template_id;
	event->version = body->version;
	event->name = body->name;
	event->channel = body->channel;
	event->language = body->language;
	event->message_class = body->message_class;
	event->body_hash = (struct str){ .data = (const char *)hash, .size = hash == NULL ? 0 : CONTENT_HASH_SIZE };
	if (body->has_html && body->html.size > 0) {
		html_hash = hash_content(decision, STR(""), body->html);
		event->has_html_hash = html_hash != NULL;
		event->html_hash =
			(struct str){ .data = (const char *)html_hash, .size = html_hash == NULL ? 0 : CONTENT_HASH_SIZE };
	}
}
