/*
 * SMS from persons, as providers bring them, up to the command that is made of one: what is taken here is never a dead letter, as it
 * may say stop.
 *
 *   input   0 Kannel: sender, id, time, coding, gateway, the text's bytes (in hex here) | 1 Kannel as it is | 2 Twilio's form, signed
 *           here: no fuzzer finds a signature by chance | 3 Twilio as it is
 */
#include <stdlib.h>

#include "base/base64url.h"
#include "base/must.h"
#include "consumers/communications/inbound_words.h"
#include "crypto/crypto.h"
#include "producers/api/offer/inbound_message.h"
#include "schemas/communications.h"
#include "tests/fuzz/fuzz.h"
#include "wire/coder.h"

#define ARENA_SIZE ((size_t)1 << 20)
#define NOW_MS     INT64_C(1795359845123)
#define PUBLIC_URL "https://dcs.example"
#define TOKEN      "token"

static const uint8_t secret[32] = { 7 };
static const struct twilio_keys keys = { .count = 1, .tokens = { TOKEN }, .public_url = PUBLIC_URL };
static struct arena arena;

static size_t characters(struct str text)
{
	size_t count = 0;

	for (size_t i = 0; i < text.size; i++)
		count += ((unsigned char)text.data[i] & 0xC0) != 0x80;
	return count;
}

/* What the module's admission asks of it. */
static void check_command(const struct inbound_message *message, const struct uuid *customer_id)
{
	struct record_inbound body = { .inbound_id = inbound_message_id(message, customer_id),
				       .customer_id = *customer_id,
				       .channel = STR("sms"),
				       .text = message->text,
				       .provider = message->provider,
				       .has_provider_ref = message->ref.size > 0,
				       .provider_ref = message->ref,
				       .received_at = message->received_ms };
	const struct uuid again = inbound_message_id(message, customer_id);
	const char *field, *keyword;
	const struct message_type *type;
	const void *decoded;
	struct err err = ERR_INIT;
	struct buf value;

	MUST(uuid_equal(&again, &body.inbound_id) && !uuid_is_none(&again));
	buf_init(&value, (size_t)1 << 20);
	MUST(coder_encode(&record_inbound_type, &body, &value, &err) == 0);
	MUST(coder_decode(buf_str(&value), &arena, &type, &decoded, &err) == 0 && type == &record_inbound_type);
	MUST(str_equal(((const struct record_inbound *)decoded)->text, body.text));
	MUST(message_normalise(&record_inbound_type, &body, &field) == NULL);
	MUST(inbound_intent_of(body.text, &keyword) != INBOUND_INTENT_STOP || keyword != NULL);
	buf_release(&value);
}

static void check(enum inbound_verdict verdict, const struct inbound_message *message)
{
	const struct uuid customer_id = { .bytes = { 1 } };
	struct record_unknown_inbound unknown;
	const char *field;

	if (verdict != INBOUND_TAKEN)
		return;
	MUST(characters(message->text) <= INBOUND_TEXT_MAX);
	MUST(message->received_ms > 0);
	check_command(message, &customer_id);
	unknown = (struct record_unknown_inbound){ .inbound_id = inbound_message_id(message, NULL),
						   .channel = STR("sms"),
						   .sender = message->sender,
						   .text = message->text,
						   .provider = message->provider };
	MUST(message_normalise(&record_unknown_inbound_type, &unknown, &field) == NULL);
	MUST(unknown.sender.size > 0);
}

/* ---- Kannel ---- */

static struct str in_hex(struct str bytes)
{
	char *text = arena_take_bytes(&arena, 2 * bytes.size + 1);

	MUST(text != NULL);
	hex_from_bytes(text, (const uint8_t *)bytes.data, bytes.size);
	return (struct str){ .data = text, .size = 2 * bytes.size };
}

static void take_kannel(struct input *input, bool is_raw)
{
	struct kannel_inbound_arguments arguments = { .from = input_short(input),
						      .id = input_short(input),
						      .at = input_short(input) };
	struct inbound_message message;
	uint8_t with = input_u8(input);

	arguments.s = in_hex((struct str){ .data = (const char *)secret, .size = sizeof(secret) });
	arguments.coding = is_raw ? input_short(input) : (with & 1) != 0 ? STR("2") : STR("0");
	arguments.g = (with & 2) != 0 ? input_short(input) : STR("");
	if (is_raw && (with & 4) != 0)
		arguments.s = input_short(input);
	arguments.text = is_raw ? input_rest(input) : in_hex(input_rest(input));
	check(kannel_inbound_read(&arguments, secret, NOW_MS, &arena, &message), &message);
}

/* ---- Twilio ---- */

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

/* As the provider does it: what twilio_is_signed expects, made another time. */
static struct str signature_of(struct str body, char text[TWILIO_SIGNATURE_MAX + 1])
{
	uint8_t mac[SHA1_SIZE];
	struct form form;
	struct buf content;

	if (!form_read(&form, body, &arena))
		return STR("");
	qsort(form.pairs, form.count, sizeof(form.pairs[0]), compare_pairs);
	buf_init(&content, (size_t)64 << 10);
	buf_add_text(&content, PUBLIC_URL TWILIO_INBOUND_TARGET);
	for (size_t i = 0; i < form.count; i++) {
		buf_add_str(&content, form.pairs[i].name);
		buf_add_str(&content, form.pairs[i].value);
	}
	hmac_sha1(mac, buf_str(&content), STR(TOKEN));
	buf_release(&content);
	base64url_encode(text, mac, sizeof(mac));
	for (size_t i = 0; i < TWILIO_SIGNATURE_MAX - 1; i++)
		text[i] = (char)(text[i] == '-' ? '+' : text[i] == '_' ? '/' : text[i]);
	text[TWILIO_SIGNATURE_MAX - 1] = '=';
	return (struct str){ .data = text, .size = TWILIO_SIGNATURE_MAX };
}

static void take_twilio(struct input *input, bool is_raw)
{
	char text[TWILIO_SIGNATURE_MAX + 1] = "";
	struct str given = is_raw ? input_short(input) : STR("");
	struct str body = input_rest(input);
	struct inbound_message message;
	enum inbound_verdict verdict =
		twilio_inbound_read(body, is_raw ? given : signature_of(body, text), &keys, NOW_MS, &arena, &message);

	if (!is_raw)
		MUST(verdict != INBOUND_FORGED);
	check(verdict, &message);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = { .at = data, .end = data + size };
	uint8_t what = input_u8(&input) & 3;
	struct err err = ERR_INIT;

	if (arena.block == NULL && (crypto_init(&err) != 0 || arena_init(&arena, ARENA_SIZE, &err) != 0))
		exit(1);
	arena_reset(&arena);
	if (what < 2)
		take_kannel(&input, what == 1);
	else
		take_twilio(&input, what == 3);
	return 0;
}
