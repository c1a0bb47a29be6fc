#include "base/must.h"
#include "consumers/communications/communications.h"
#include "crypto/crypto.h"
#include "schemas/communications.h"

/*
 * Natural keys as slots of the workset, the hashes of rendered texts, and the keys of what can be merged: the module's only use of
 * crypto outside its store.
 */

bool template_key(struct template_key *ret_key, struct str name, enum channel channel, struct str language)
{
	if (name.size > TEMPLATE_NAME_MAX || language.size > LANGUAGE_MAX)
		return false;
	ret_key->text[0] = (char)channel;
	ret_key->text[1] = (char)name.size;
	memcpy(ret_key->text + 2, name.size > 0 ? name.data : "", name.size);
	memcpy(ret_key->text + 2 + name.size, language.size > 0 ? language.data : "", language.size);
	ret_key->size = 2 + name.size + language.size;
	return true;
}

void template_key_split(struct str text, struct str *ret_name, enum channel *ret_channel, struct str *ret_language)
{
	size_t name_size;

	MUST(text.size >= 2);
	name_size = (uint8_t)text.data[1];
	MUST(text.size >= 2 + name_size);
	*ret_channel = (enum channel)text.data[0];
	*ret_name = (struct str){ .data = text.data + 2, .size = name_size };
	*ret_language = (struct str){ .data = text.data + 2 + name_size, .size = text.size - 2 - name_size };
}

struct uuid template_key_id(const struct template_key *key)
{
	return uuid_of_key((struct str){ .data = key->text, .size = key->size });
}

/* The hash of two hashes, so that it depends on the border between the texts. */
void content_hash(uint8_t ret_hash[CONTENT_HASH_SIZE], struct str subject, struct str body)
{
	uint8_t of_subject[SHA256_SIZE];
	uint8_t of_body[SHA256_SIZE];

	_Static_assert(CONTENT_HASH_SIZE == SHA256_SIZE, "SHA-256");
	sha256_pair(of_subject, subject, STR(""));
	sha256_pair(of_body, body, STR(""));
	sha256_pair(ret_hash, (struct str){ .data = (const char *)of_subject, .size = sizeof(of_subject) },
		    (struct str){ .data = (const char *)of_body, .size = sizeof(of_body) });
}

void rendered_hash(uint8_t ret_hash[CONTENT_HASH_SIZE], struct str subject, struct str body, struct str html,
		   const struct person *person)
{
	uint8_t of_content[CONTENT_HASH_SIZE], of_texts[CONTENT_HASH_SIZE];

	content_hash(of_content, subject, body);
	if (html.size > 0) {
		memcpy(of_texts, of_content, sizeof(of_texts));
		content_hash(of_content, (struct str){ .data = (const char *)of_texts, .size = sizeof(of_texts) }, html);
	}
	sha256_pair(ret_hash, person_salt(person), (struct str){ .data = (const char *)of_content, .size = sizeof(of_content) });
}

/* Each part ends with NUL, which no text has, so the key depends on the borders. */
static size_t put_part(char *text, size_t at, size_t size_max, struct str part)
{
	MUST(part.size < size_max - at);
	if (part.size > 0)
		memcpy(text + at, part.data, part.size);
	text[at + part.size] = '\0';
	return at + part.size + 1;
}

struct uuid merge_key(const struct send_communication *body, const struct person *person)
{
	char head[4 + 2 * MESSAGE_CLASS_MAX + TEMPLATE_NAME_MAX + LANGUAGE_MAX]; /* the channel is a shorter word */
	char parameters[REQUEST_PARAMETERS_MAX];
	uint8_t of_content[CONTENT_HASH_SIZE];
	uint8_t hash[SHA256_SIZE];
	size_t parameters_size = request_put_parameters(parameters, body);
	size_t size = put_part(head, 0, sizeof(head), body->channel);

	MUST(parameters_size <= sizeof(parameters)); /* checked before */
	size = put_part(head, size, sizeof(head), body->message_class);
	size = put_part(head, size, sizeof(head), body->template_name);
	size = put_part(head, size, sizeof(head), body->language);
	content_hash(of_content, (struct str){ .data = head, .size = size },
		     (struct str){ .data = parameters, .size = parameters_size });
	sha256_pair(hash, person_salt(person), (struct str){ .data = (const char *)of_content, .size = sizeof(of_content) });
	return uuid_of_text((struct str){ .data = (const char *)hash, .size = sizeof(hash) });
}

struct uuid confirmation_id(const struct uuid *inbound_id)
{
	return uuid_derive(inbound_id, "answer", 0);
}

struct uuid help_id(const struct uuid *customer_id, int32_t day, enum channel channel)
{
	return uuid_derive(customer_id, "help", (uint64_t)(day < 0 ? 0 : day) * CHANNEL_COUNT + channel);
}
