#include "producers/api/offer/inbound_message.h"

#include <string.h>

#include "base/address.h"
#include "base/buf.h"
#include "base/text.h"
#include "crypto/crypto.h"

#define SECRET_SIZE 32
#define GATEWAY_MAX 32
#define REF_MAX     128
#define SENDER_MAX  320
#define NUMBER_MAX  16
#define AT_MAX_S    ((int64_t)4102444800) /* 2100 */
#define UTF16       "2"
#define ID_SIZE_MAX ((size_t)16 << 10)

/* ---- texts ---- */

/* The code point at bytes[*at], which moves behind it; half a pair is U+FFFD. */
static uint32_t next_utf16(const uint8_t *bytes, size_t size, size_t *at)
{
	uint32_t unit = (uint32_t)bytes[*at] << 8 | bytes[*at + 1], low;

	*at += 2;
	if (unit < 0xD800 || unit > 0xDFFF)
		return unit;
	if (unit > 0xDBFF || *at + 2 > size)
		return 0xFFFD;
	low = (uint32_t)bytes[*at] << 8 | bytes[*at + 1];
	if (low < 0xDC00 || low > 0xDFFF)
		return 0xFFFD;
	*at += 2;
	return 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
}

/* Each byte is a character of Latin-1, or each two are one of UTF-16, big-endian. NUL becomes a blank. */
static bool widen(const uint8_t *bytes, size_t size, bool is_utf16, struct arena *arena, struct str *ret_text)
{
	char *text = arena_take_bytes(arena, 2 * size + 4);
	size_t used = 0;

	if (text == NULL)
		return false;
	for (size_t at = 0; at + (is_utf16 ? 2 : 1) <= size;) {
		uint32_t code = is_utf16 ? next_utf16(bytes, size, &at) : bytes[at++];

		used += str_write_character(text + used, code == 0 ? ' ' : code);
	}
	*ret_text = (struct str){ .data = text, .size = used };
	return true;
}

static bool read_hex_text(struct str hex, bool is_utf16, struct arena *arena, struct str *ret_text)
{
	uint8_t *bytes = arena_take_bytes(arena, hex.size / 2 + 1);
	struct str text;

	if (bytes == NULL || hex.size % 2 != 0 || !hex_to_bytes(bytes, hex.size / 2, hex))
		return false;
	text = (struct str){ .data = (const char *)bytes, .size = hex.size / 2 };
	if ((is_utf16 || !str_is_text(text)) && !widen(bytes, text.size, is_utf16, arena, &text))
		return false;
	*ret_text = str_prefix_characters(text, INBOUND_TEXT_MAX);
	return true;
}

/* ---- senders ---- */

/* +49170..., also from 49170... and 0049170...; anything else stays as it is. */
static struct str normal_sender(struct str sender, struct arena *arena)
{
	char *number = arena_take_bytes(arena, NUMBER_MAX + 1);
	struct str digits = str_trim(sender, " ");
	struct str found;

	if (digits.size > 0 && digits.data[0] == '+')
		digits = (struct str){ .data = digits.data + 1, .size = digits.size - 1 };
	else if (digits.size > 2 && memcmp(digits.data, "00", 2) == 0)
		digits = (struct str){ .data = digits.data + 2, .size = digits.size - 2 };
	if (number == NULL || digits.size == 0 || digits.size > NUMBER_MAX - 1)
		return sender;
	number[0] = '+';
	memcpy(number + 1, digits.data, digits.size);
	found = (struct str){ .data = number, .size = digits.size + 1 };
	return address_is_phone(found) ? found : sender;
}

/* Of blanks nothing is left at admission, where the command would be refused with nobody to see it. */
static bool sender_is_good(struct str sender)
{
	return sender.size <= SENDER_MAX && str_is_text(sender) && text_trim(sender, TEXT_ANY).size > 0;
}

/* An id of the provider's; one that is unusable is left out. */
static struct str usable_ref(struct str ref)
{
	for (size_t i = 0; i < ref.size; i++) {
		if (ref.data[i] <= 0x20 || ref.data[i] > 0x7e)
			return STR("");
	}
	return ref.size <= REF_MAX ? ref : STR("");
}

/* ---- Kannel ---- */

static bool is_gateway(struct str name)
{
	for (size_t i = 0; i < name.size; i++) {
		char letter = name.data[i];

		if ((letter < 'a' || letter > 'z') && (letter < '0' || letter > '9') && letter != '-')
			return false;
	}
	return name.size > 0 && name.size <= GATEWAY_MAX;
}

static bool has_secret(struct str given, const uint8_t *secret)
{
	uint8_t bytes[SECRET_SIZE];

	return secret != NULL && hex_to_bytes(bytes, sizeof(bytes), given) && bytes_equal(bytes, secret, sizeof(bytes));
}

enum inbound_verdict kannel_inbound_read(const struct kannel_inbound_arguments *arguments, const uint8_t *secret, int64_t now_ms,
					 struct arena *arena, struct inbound_message *ret_message)
{
	struct inbound_message message = { .received_ms = now_ms };
	long long seconds;

	if (!has_secret(arguments->s, secret))
		return INBOUND_FORGED;
	if (!sender_is_good(arguments->from) ||
	    !read_hex_text(arguments->text, str_is(arguments->coding, UTF16), arena, &message.text))
		return INBOUND_MALFORMED;
	if (str_to_int64(arguments->at, &seconds) && seconds > 0 && seconds < AT_MAX_S)
		message.received_ms = seconds * 1000;
	message.provider = is_gateway(arguments->g) ? arguments->g : STR("kannel");
	message.ref = usable_ref(arguments->id);
	message.sender = normal_sender(arguments->from, arena);
	*ret_message = message;
	return INBOUND_TAKEN;
}

/* ---- Twilio ---- */

/* A type that Twilio may add later says at least that it has answered. */
static struct str handled_as(struct str opt_out_type)
{
	if (opt_out_type.size == 0)
		return STR("");
	if (str_is(opt_out_type, "STOP"))
		return STR("stop");
	return str_is(opt_out_type, "HELP") ? STR("help") : STR("start");
}

enum inbound_verdict twilio_inbound_read(struct str body, struct str signature, const struct twilio_keys *keys, int64_t now_ms,
					 struct arena *arena, struct inbound_message *ret_message)
{
	struct inbound_message message = { .provider = STR("twilio"), .received_ms = now_ms };
	struct form form;

	if (!form_read(&form, body, arena))
		return INBOUND_MALFORMED;
	if (!twilio_is_signed(keys, STR(TWILIO_INBOUND_TARGET), &form, signature))
		return INBOUND_FORGED;
	message.sender = form_value(&form, "From");
	message.text = str_prefix_characters(form_value(&form, "Body"), INBOUND_TEXT_MAX);
	message.ref = usable_ref(form_value(&form, "MessageSid"));
	message.handled_as = handled_as(form_value(&form, "OptOutType"));
	if (!sender_is_good(message.sender) || message.ref.size == 0)
		return INBOUND_MALFORMED;
	message.sender = normal_sender(message.sender, arena);
	*ret_message = message;
	return INBOUND_TAKEN;
}

/* ---- ids ---- */

/*
 * By the provider's id where it gives one; otherwise by everything that it said. The id begins with zeros, so that it is above no
 * later one (producers/api/README.md, Writes).
 */
struct uuid inbound_message_id(const struct inbound_message *message, const struct uuid *customer_id)
{
	struct uuid nobody = { .bytes = { 0 } };
	struct buf content;
	struct uuid id;

	buf_init(&content, ID_SIZE_MAX);
	buf_add_str(&content, message->provider);
	buf_add_u8(&content, 0);
	buf_add_str(&content, message->ref);
	buf_add_u8(&content, 0);
	buf_add(&content, customer_id == NULL ? &nobody : customer_id, sizeof(nobody));
	if (message->ref.size == 0) {
		buf_add_be64(&content, (uint64_t)message->received_ms);
		buf_add_str(&content, message->sender);
		buf_add_u8(&content, 0);
		buf_add_str(&content, message->text);
	}
	id = uuid_of_text(buf_str(&content));
	wipe(content.data, content.size);
	buf_release(&content);
	id.bytes[0] = id.bytes[1] = 0;
	return id;
}
