#include "base/uuid.h"

#include <pthread.h>
#include <sys/random.h>

#include "base/day.h"
#include "base/must.h"

/*
 * Ids are read and written for nearly every field of every record. So eight digits are read at once, each in a byte of a word, and
 * digits are written by loops that a compiler does not need to branch in.
 */
#define EACH(byte) (UINT64_C(0x0101010101010101) * (byte))

/* What a letter is above the digit that would follow 9. */
#define LETTER_GAP ('a' - ('9' + 1))

static inline uint64_t read_four(const unsigned char *bytes)
{
	return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static inline void write_four(uint8_t *to, uint64_t word)
{
	to[0] = (uint8_t)(word >> 24);
	to[1] = (uint8_t)(word >> 16);
	to[2] = (uint8_t)(word >> 8);
	to[3] = (uint8_t)word;
}

/* Eight digits, four at each place, as a word. A byte that is no digit leaves bits in *wrong: its value is written otherwise. */
static inline uint64_t read_digits(const unsigned char *front, const unsigned char *back, uint64_t *wrong)
{
	uint64_t digits = read_four(front) << 32 | read_four(back);
	uint64_t letters = digits >> 6 & EACH(1); /* 1 in each byte that would be a letter */
	uint64_t values = (digits & EACH(0x0F)) + letters * 9;
	uint64_t above_9 = (values + EACH(0x80 - 10)) >> 7 & EACH(1);
	uint64_t written = values + EACH('0') + above_9 * LETTER_GAP;

	*wrong |= (values & EACH(0xF0)) | (written ^ (digits | letters << 5)); /* bit 5 makes a letter small */
	/* Digits that are side by side become a byte, then bytes that are side by side become a half of the word. */
	values = (values | values >> 4) & UINT64_C(0x00FF00FF00FF00FF);
	values = (values | values >> 8) & UINT64_C(0x0000FFFF0000FFFF);
	return values | values >> 16;
}

bool uuid_parse(struct uuid *ret_id, struct str text)
{
	const unsigned char *from = (const unsigned char *)text.data;
	uint64_t words[4];
	uint64_t wrong = 0;

	if (text.size != UUID_TEXT_SIZE)
		return false;
	if (from[8] != '-' || from[13] != '-' || from[18] != '-' || from[23] != '-')
		return false;
	words[0] = read_digits(from, from + 4, &wrong);
	words[1] = read_digits(from + 9, from + 14, &wrong);
	words[2] = read_digits(from + 19, from + 24, &wrong);
	words[3] = read_digits(from + 28, from + 32, &wrong);
	if (wrong != 0)
		return false;
	for (size_t i = 0; i < 4; i++)
		write_four(ret_id->bytes + 4 * i, words[i]);
	return true;
}

void uuid_format(char text[UUID_TEXT_SIZE + 1], const struct uuid *id)
{
	char digits[2 * sizeof(id->bytes)];

	for (size_t i = 0; i < sizeof(id->bytes); i++) {
		digits[2 * i] = (char)(id->bytes[i] >> 4);
		digits[2 * i + 1] = (char)(id->bytes[i] & 15);
	}
	for (size_t i = 0; i < sizeof(digits); i++)
		digits[i] = (char)(digits[i] + '0' + (digits[i] > 9 ? LETTER_GAP : 0));
	memcpy(text, digits, 8);
	memcpy(text + 9, digits + 8, 4);
	memcpy(text + 14, digits + 12, 4);
	memcpy(text + 19, digits + 16, 4);
	memcpy(text + 24, digits + 20, 12);
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
