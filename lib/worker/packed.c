#include "worker/packed.h"

#include <string.h>

#define FRAME_SIZE  5
#define FORM_PACKED 1 /* a frame begins with 0 */
#define TOKENS_MAX  64
#define GAP_MAX     63
#define GAPS_MAX    10   /* before an id: the tokens are fewer bytes than the id saves */
#define ID_LENGTH   0x48 /* 36, as Avro writes it */

enum what { WHAT_ID, WHAT_KEY, WHAT_SUBJECT, WHAT_NOTHING };

/* ---- write ---- */

struct packing {
	uint8_t tokens[TOKENS_MAX];
	struct str gaps[TOKENS_MAX];
	struct uuid ids[TOKENS_MAX];
	size_t count;
};

static bool has_frame(struct str body, uint32_t schema_id)
{
	const uint8_t frame[FRAME_SIZE] = { 0, (uint8_t)(schema_id >> 24), (uint8_t)(schema_id >> 16), (uint8_t)(schema_id >> 8),
					    (uint8_t)schema_id };

	return body.size >= FRAME_SIZE && memcmp(body.data, frame, FRAME_SIZE) == 0;
}

/* Of digits, dashes and letters the small ones, which uuid_format writes, have this bit all. */
static bool is_small(const char *text)
{
	uint64_t words[UUID_TEXT_SIZE / 8 + 1];
	const uint64_t small = 0x2020202020202020;

	memcpy(words, text, UUID_TEXT_SIZE - 4);
	memcpy(words + UUID_TEXT_SIZE / 8, text + UUID_TEXT_SIZE - 8, 8);
	return (words[0] & words[1] & words[2] & words[3] & words[4] & small) == small;
}

/* Whether `rest` begins with an id that uuid_format writes as it stands here. */
static bool begins_with_id(struct str rest, struct uuid *ret_id)
{
	if (rest.size < 1 + UUID_TEXT_SIZE)
		return false;
	return uuid_parse(ret_id, (struct str){ rest.data + 1, UUID_TEXT_SIZE }) && is_small(rest.data + 1);
}

static void add_token(struct packing *packing, enum what what, struct str gap, struct uuid id)
{
	packing->tokens[packing->count] = (uint8_t)((unsigned)what << 6 | gap.size);
	packing->gaps[packing->count] = gap;
	packing->ids[packing->count++] = id;
}

static struct str behind(struct str text, size_t size)
{
	return (struct str){ .data = text.data + size, .size = text.size - size };
}

/* From *rest the bytes before an id, and that id. False: it takes too many tokens. */
static bool take_id(struct packing *packing, struct str *rest, size_t before, enum what what, const struct uuid *id)
{
	size_t gaps = before > 0 ? (before - 1) / GAP_MAX : 0;

	if (gaps > GAPS_MAX || packing->count + gaps >= TOKENS_MAX)
		return false;
	for (; before > GAP_MAX; before -= GAP_MAX) {
		add_token(packing, WHAT_NOTHING, (struct str){ rest->data, GAP_MAX }, *id);
		*rest = behind(*rest, GAP_MAX);
	}
	add_token(packing, what, (struct str){ rest->data, before }, *id);
	*rest = behind(*rest, before + 1 + UUID_TEXT_SIZE);
	return true;
}

/* *rest: what is left behind the last token. */
static void find_ids(struct packing *packing, struct str *rest, const struct packed_beside *beside)
{
	struct str left = *rest;
	struct uuid id;

	for (;;) {
		const char *at = left.size > 0 ? memchr(left.data, ID_LENGTH, left.size) : NULL;
		enum what what;

		if (!at)
			return;
		left = behind(left, (size_t)(at - left.data));
		if (!begins_with_id(left, &id)) {
			left = behind(left, 1);
			continue;
		}
		what = uuid_equal(&id, &beside->key) ? WHAT_KEY : uuid_equal(&id, &beside->subject) ? WHAT_SUBJECT : WHAT_ID;
		if (!take_id(packing, rest, (size_t)(left.data - rest->data), what, &id))
			return;
		left = *rest;
	}
}

static unsigned char *put(unsigned char *at, const void *bytes, size_t size)
{
	memcpy(at, bytes, size);
	return at + size;
}

static void write_packed(struct buf *buf, const struct packing *packing, struct str rest)
{
	size_t size = 2 + packing->count + rest.size;
	unsigned char *at;

	for (size_t i = 0; i < packing->count; i++)
		size += packing->gaps[i].size + (packing->tokens[i] >> 6 == WHAT_ID ? sizeof(packing->ids[i].bytes) : 0);
	at = buf_reserve(buf, size);
	if (!at)
		return;
	*at++ = FORM_PACKED;
	*at++ = (uint8_t)packing->count;
	at = put(at, packing->tokens, packing->count);
	for (size_t i = 0; i < packing->count; i++) {
		at = put(at, packing->gaps[i].data, packing->gaps[i].size);
		if (packing->tokens[i] >> 6 == WHAT_ID)
			at = put(at, packing->ids[i].bytes, sizeof(packing->ids[i].bytes));
	}
	put(at, rest.data, rest.size);
	buf->size += size;
}

void packed_write(struct buf *buf, struct str body, const struct packed_beside *beside)
{
	struct packing packing; /* its arrays are not used beyond `count` */
	struct str rest = body;

	packing.count = 0;
	if (has_frame(body, beside->schema_id)) {
		rest = behind(body, FRAME_SIZE);
		find_ids(&packing, &rest, beside);
	}
	if (packing.count == 0) {
		buf_add_str(buf, body);
		return;
	}
	write_packed(buf, &packing, rest);
}

/* ---- read ---- */

static bool take(struct str *bytes, size_t size, struct str *ret_taken)
{
	if (bytes->size < size)
		return false;
	*ret_taken = (struct str){ .data = bytes->data, .size = size };
	*bytes = behind(*bytes, size);
	return true;
}

static void add_id(struct buf *buf, const struct uuid *id)
{
	char text[UUID_TEXT_SIZE + 1];

	uuid_format(text, id);
	buf_add_u8(buf, ID_LENGTH);
	buf_add(buf, text, UUID_TEXT_SIZE);
}

/* One token, of whose bytes *bytes begins with the first. */
static bool read_token(struct buf *buf, uint8_t token, struct str *bytes, const struct packed_beside *beside)
{
	struct uuid id;
	struct str taken;

	if (!take(bytes, token & GAP_MAX, &taken))
		return false;
	buf_add_str(buf, taken);
	switch ((enum what)(token >> 6)) {
	case WHAT_ID:
		if (!take(bytes, sizeof(id.bytes), &taken))
			return false;
		memcpy(id.bytes, taken.data, sizeof(id.bytes));
		add_id(buf, &id);
		return true;
	case WHAT_KEY:
		add_id(buf, &beside->key);
		return true;
	case WHAT_SUBJECT:
		add_id(buf, &beside->subject);
		return true;
	case WHAT_NOTHING:
		return true;
	}
	return false;
}

bool packed_read(struct buf *buf, struct str stored, const struct packed_beside *beside)
{
	struct str tokens, form;

	if (stored.size == 0 || stored.data[0] != FORM_PACKED) {
		buf_add_str(buf, stored);
		return true;
	}
	if (!take(&stored, 2, &form) || !take(&stored, (uint8_t)form.data[1], &tokens))
		return false;
	buf_add_u8(buf, 0);
	buf_add_be32(buf, beside->schema_id);
	for (size_t i = 0; i < tokens.size; i++)
		if (!read_token(buf, (uint8_t)tokens.data[i], &stored, beside))
			return false;
	buf_add_str(buf, stored);
	return true;
}
