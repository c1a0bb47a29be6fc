#include "base/uuid.h"

#include <pthread.h>
#include <sys/random.h>

#include "base/day.h"
#include "base/must.h"

/* The place of the two hex digits of each byte in the text. */
static const uint8_t text_at[16] = { 0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34 };

/* Value + 1 of a hex digit, 0 for all other bytes: ids are read for every field of every record. */
static const uint8_t digit_of[256] = {
	['0'] = 1,  ['1'] = 2,  ['2'] = 3,  ['3'] = 4,  ['4'] = 5,  ['5'] = 6,  ['6'] = 7,  ['7'] = 8,
	['8'] = 9,  ['9'] = 10, ['a'] = 11, ['b'] = 12, ['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16,
	['A'] = 11, ['B'] = 12, ['C'] = 13, ['D'] = 14, ['E'] = 15, ['F'] = 16,
};

bool uuid_parse(struct uuid *ret_id, struct str text)
{
	const unsigned char *from = (const unsigned char *)text.data;
	struct uuid id;

	if (text.size != UUID_TEXT_SIZE)
		return false;
	if (from[8] != '-' || from[13] != '-' || from[18] != '-' || from[23] != '-')
		return false;
	for (size_t i = 0; i < 16; i++) {
		unsigned high = digit_of[from[text_at[i]]];
		unsigned low = digit_of[from[text_at[i] + 1]];

		if (high == 0 || low == 0)
			return false;
		id.bytes[i] = (uint8_t)((high - 1) << 4 | (low - 1));
	}
	*ret_id = id;
	return true;
}

void uuid_format(char text[UUID_TEXT_SIZE + 1], const struct uuid *id)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < 16; i++) {
		text[text_at[i]] = digits[id->bytes[i] >> 4];
		text[text_at[i] + 1] = digits[id->bytes[i] & 15];
	}
	text[8] = text[13] = text[18] = text[23] = '-';
	text[UUID_TEXT_SIZE] = '\0';
}

struct uuid uuid_v7(int64_t now_ms, const uint8_t random10[10])
{
	struct uuid id;

	MUST(now_ms >= 0);
	MUST(now_ms < INT64_C(1) << 48);
	for (size_t i = 0; i < 6; i++)
		id.bytes[i] = (uint8_t)(now_ms >> (40 - 8 * i));
	memcpy(id.bytes + 6, random10, 10);
	id.bytes[6] = (uint8_t)(0x70 | (id.bytes[6] & 0x0F));
	id.bytes[8] = (uint8_t)(0x80 | (id.bytes[8] & 0x3F));
	return id;
}

int64_t uuid_time_ms(const struct uuid *id)
{
	int64_t ms = 0;

	for (size_t i = 0; i < 6; i++)
		ms = ms << 8 | id->bytes[i];
	return ms;
}

/* For many ids at a time: a system call for each would cost more than the id. Used once and overwritten. */
static void random_take(uint8_t *bytes, size_t size)
{
	static uint8_t ahead[240];
	static size_t left;

	if (left < size) {
		/* Up to 256 bytes are never cut short once the kernel's source is ready. */
		MUST(getrandom(ahead, sizeof(ahead), 0) == (ssize_t)sizeof(ahead));
		left = sizeof(ahead);
	}
	left -= size;
	memcpy(bytes, ahead + left, size);
	memset(ahead + left, 0, size);
}

/* Adds to the 74 bits that are not time, version or variant; false when they run over. */
static bool random_part_add(struct uuid *id, uint32_t amount)
{
	uint64_t carry = amount;

	for (size_t i = 15; i >= 6; i--) {
		unsigned bits = i == 6 ? 4 : i == 8 ? 6 : 8;
		uint64_t mask = (UINT64_C(1) << bits) - 1;

		carry += id->bytes[i] & mask;
		id->bytes[i] = (uint8_t)((id->bytes[i] & ~mask) | (carry & mask));
		carry >>= bits;
	}
	return carry == 0;
}

struct uuid uuid_new(void)
{
	/*
	 * Ids made in a loop ascend (RFC 9562, 6.2, method 2): within a millisecond, and when the clock goes back, the next id is
	 * the last one plus a random step, so it can neither be guessed nor be below. Guarded, because the gateway has threads.
	 */
	static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
	static struct uuid last;
	static int64_t last_ms;
	uint8_t random[10];
	uint32_t step;
	struct uuid id;
	int64_t now_ms = clock_now_ms();

	MUST(pthread_mutex_lock(&mutex) == 0);
	random_take(random, sizeof(random));
	memcpy(&step, random, sizeof(step));
	if (now_ms > last_ms) {
		last_ms = now_ms;
		last = uuid_v7(last_ms, random);
	} else if (!random_part_add(&last, step | 1)) {
		last = uuid_v7(++last_ms, random);
	}
	id = last;
	MUST(pthread_mutex_unlock(&mutex) == 0);
	return id;
}
