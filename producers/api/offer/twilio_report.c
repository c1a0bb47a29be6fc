#include "producers/api/offer/twilio_report.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/array.h"
#include "base/base64url.h"
#include "base/buf.h"
#include "crypto/crypto.h"
#include "schemas/words.h"

#define SIGNED_SIZE_MAX ((size_t)64 << 10)
#define TARGET_SIZE_MAX 256
#define REF_MAX         128
#define CODE_MAX        64
#define OPTED_OUT       "21610"
#define VALIDITY_ENDED  "30036"

/* ---- the account's tokens ---- */

static int add_token(struct twilio_keys *keys, char *line, struct err *err)
{
	size_t size = strcspn(line, "\r\n");

	line[size] = '\0';
	if (size == 0)
		return 0;
	if (size > TWILIO_TOKEN_MAX || keys->count == TWILIO_TOKENS_MAX)
		return err_set(err, ERR_FATAL, "twilio.token.file has too many lines, or one that is too long");
	memcpy(keys->tokens[keys->count++], line, size + 1);
	return 0;
}

static int read_tokens(struct twilio_keys *keys, FILE *file, struct err *err)
{
	char line[TWILIO_TOKEN_MAX + 3];
	struct stat about;
	int result = 0;

	if (fstat(fileno(file), &about) != 0 || (about.st_mode & 077) != 0)
		return err_set(err, ERR_FATAL, "twilio.token.file: others may read it, its mode must be 0600");
	while (result == 0 && fgets(line, sizeof(line), file) != NULL)
		result = add_token(keys, line, err);
	wipe(line, sizeof(line));
	return result;
}

int twilio_keys_load(struct twilio_keys *ret_keys, const char *path, const char *public_url, struct err *err)
{
	size_t size = strlen(public_url);
	FILE *file;
	int result;

	*ret_keys = (struct twilio_keys){ .count = 0 };
	if (path[0] == '\0')
		return 0;
	while (size > 0 && public_url[size - 1] == '/')
		size--;
	if (size == 0 || size >= sizeof(ret_keys->public_url))
		return err_set(err, ERR_FATAL, "api.url must be the address at which Twilio reaches this program: it signs it");
	memcpy(ret_keys->public_url, public_url, size);
	file = fopen(path, "re");
	if (file == NULL)
		return err_set(err, ERR_FATAL, "twilio.token.file: %s", strerror(errno));
	result = read_tokens(ret_keys, file, err);
	(void)fclose(file);
	if (result == 0 && ret_keys->count == 0)
		return err_set(err, ERR_FATAL, "twilio.token.file is empty");
	return result;
}

/* ---- the provider's signature ---- */

static int compare(struct str first, struct str second)
{
	size_t size = first.size < second.size ? first.size : second.size;
	int order = size == 0 ? 0 : memcmp(first.data, second.data, size);

	return order != 0 ? order : (first.size > second.size) - (first.size < second.size);
}

static int compare_pairs(const void *first_arg, const void *second_arg)
{
	const struct form_pair *first = first_arg, *second = second_arg;
	int order = compare(first->name, second->name);

	return order != 0 ? order : compare(first->value, second->value);
}

static void write_base64(char text[TWILIO_SIGNATURE_MAX + 1], const uint8_t mac[SHA1_SIZE])
{
	base64url_encode(text, mac, SHA1_SIZE);
	for (size_t i = 0; i < TWILIO_SIGNATURE_MAX - 1; i++)
		text[i] = (char)(text[i] == '-' ? '+' : text[i] == '_' ? '/' : text[i]);
	text[TWILIO_SIGNATURE_MAX - 1] = '=';
	text[TWILIO_SIGNATURE_MAX] = '\0';
}

static bool matches(const struct twilio_keys *keys, struct str content, struct str signature)
{
	char expected[TWILIO_SIGNATURE_MAX + 1];
	uint8_t mac[SHA1_SIZE];
	bool found = false;

	for (size_t i = 0; i < keys->count; i++) {
		hmac_sha1(mac, content, str_of(keys->tokens[i]));
		write_base64(expected, mac);
		found |= bytes_equal(expected, signature.data, TWILIO_SIGNATURE_MAX);
	}
	return found;
}

bool twilio_is_signed(const struct twilio_keys *keys, struct str target, struct form *form, struct str signature)
{
	struct buf content;
	bool result;

	if (keys->count == 0 || signature.size != TWILIO_SIGNATURE_MAX)
		return false;
	qsort(form->pairs, form->count, sizeof(form->pairs[0]), compare_pairs);
	buf_init(&content, SIGNED_SIZE_MAX);
	buf_add_text(&content, keys->public_url);
	buf_add_str(&content, target);
	for (size_t i = 0; i < form->count; i++) {
		buf_add_str(&content, form->pairs[i].name);
		buf_add_str(&content, form->pairs[i].value);
	}
	result = !content.overflow && matches(keys, buf_str(&content), signature);
	if (content.size > 0)
		wipe(content.data, content.size); /* number and text */
	buf_release(&content);
	return result;
}

/* ---- delivery reports ---- */

static enum delivery_status status_of(struct str word, struct str code)
{
	static const struct {
		const char *word;
		enum delivery_status status;
	} words[] = {
		{ "accepted", DELIVERY_STATUS_ACCEPTED }, { "scheduled", DELIVERY_STATUS_ACCEPTED },
		{ "queued", DELIVERY_STATUS_ACCEPTED },   { "sending", DELIVERY_STATUS_ACCEPTED },
		{ "sent", DELIVERY_STATUS_BUFFERED },     { "delivered", DELIVERY_STATUS_DELIVERED },
		{ "read", DELIVERY_STATUS_DELIVERED },    { "undelivered", DELIVERY_STATUS_FAILED },
		{ "failed", DELIVERY_STATUS_FAILED },     { "canceled", DELIVERY_STATUS_REJECTED },
	};

	for (size_t i = 0; i < COUNT(words); i++) {
		if (!str_is(word, words[i].word))
			continue;
		return words[i].status == DELIVERY_STATUS_FAILED && str_is(code, VALIDITY_ENDED) ? DELIVERY_STATUS_EXPIRED
												 : words[i].status;
	}
	return DELIVERY_STATUS_NONE;
}

/* Whether it is a short visible text; a report without one is still valid. */
static bool is_usable(struct str text, size_t size_max)
{
	for (size_t i = 0; i < text.size; i++) {
		if (text.data[i] <= 0x20 || text.data[i] > 0x7e)
			return false;
	}
	return text.size > 0 && text.size <= size_max;
}

/* The target exactly as the notifier made it: the link's arguments passed their check, so they have no other spelling. */
static bool is_signed(const struct twilio_arguments *arguments, const struct twilio_keys *keys, struct form *form)
{
	const struct link_arguments *link = &arguments->link;
	char target[TARGET_SIZE_MAX];
	int size = snprintf(target, sizeof(target), "/callbacks/twilio?c=%.*s&k=%.*s%s%.*s&s=%.*s", (int)link->c.size,
			    link->c.data, (int)link->k.size, link->k.data, link->g.size == 0 ? "" : "&g=", (int)link->g.size,
			    link->g.size == 0 ? "" : link->g.data, (int)link->s.size, link->s.data);

	return size > 0 && size < TARGET_SIZE_MAX &&
	       twilio_is_signed(keys, (struct str){ .data = target, .size = (size_t)size }, form, arguments->signature);
}

static void fill(const struct form *form, const struct callback_link *link, enum delivery_status status, int64_t now_ms,
		 struct twilio_report *report)
{
	struct str sid = form_value(form, "MessageSid"), code = form_value(form, "ErrorCode");
	bool has_sid = is_usable(sid, REF_MAX), has_code = is_usable(code, CODE_MAX);

	report->has_opted_out = str_is(code, OPTED_OUT);
	report->delivery = (struct record_delivery){ .communication_id = link->communication_id,
						     .customer_id = link->customer_id,
						     .provider = link->gateway,
						     .has_provider_ref = has_sid,
						     .provider_ref = has_sid ? sid : STR(""),
						     .has_provider_code = has_code,
						     .provider_code = has_code ? code : STR(""),
						     .status = str_of(delivery_status_name(status)),
						     .occurred_at = now_ms };
}

enum twilio_report_verdict twilio_report_read(const struct twilio_arguments *arguments, const struct twilio_keys *keys,
					      const uint8_t key[32], int64_t now_ms, struct arena *arena,
					      struct twilio_report *ret_report)
{
	struct callback_link link;
	enum delivery_status status;
	struct form form;

	switch (callback_link_read(&arguments->link, "twilio", key, &link)) {
	case LINK_MALFORMED:
		return TWILIO_REPORT_MALFORMED;
	case LINK_FORGED:
		return TWILIO_REPORT_FORGED;
	case LINK_GOOD:
		break;
	}
	if (!form_read(&form, arguments->body, arena))
		return TWILIO_REPORT_MALFORMED;
	if (!is_signed(arguments, keys, &form))
		return TWILIO_REPORT_FORGED;
	status = status_of(form_value(&form, "MessageStatus"), form_value(&form, "ErrorCode"));
	if (status == DELIVERY_STATUS_NONE)
		return form_value(&form, "MessageStatus").size == 0 ? TWILIO_REPORT_MALFORMED : TWILIO_REPORT_NO_NEWS;
	fill(&form, &link, status, now_ms, ret_report);
	return TWILIO_REPORT_TAKEN;
}

struct uuid twilio_report_command_id(const struct twilio_report *report)
{
	const struct record_delivery *delivery = &report->delivery;
	char content[40 + 32 + CODE_MAX + REF_MAX];
	struct uuid hash;
	uint64_t number;

	(void)snprintf(content, sizeof(content), "%lld|%.*s|%.*s|%.*s", (long long)delivery->occurred_at,
		       (int)delivery->status.size, delivery->status.data, (int)delivery->provider_code.size,
		       delivery->provider_code.data, (int)delivery->provider_ref.size, delivery->provider_ref.data);
	hash = uuid_of_text(str_of(content));
	memcpy(&number, hash.bytes, sizeof(number));
	return uuid_derive(&delivery->communication_id, "twilio report", number);
}
