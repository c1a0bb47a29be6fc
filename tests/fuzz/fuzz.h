#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#include <stdint.h>
#include <string.h>

#include "base/str.h"

/*
 * A fuzzer per door: what comes from outside is read, judged and decided, and no byte of it may reach a MUST, a sanitizer or an
 * endless loop. libFuzzer calls the function; the input is taken apart with the helpers below, which never run out: behind the
 * end stand zeros and empty texts.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
	const uint8_t *at, *end;
};

static inline uint8_t input_u8(struct input *input)
{
	return input->at < input->end ? *input->at++ : 0;
}

/* At most `size` bytes; what is left when there are fewer. */
static inline struct str input_bytes(struct input *input, size_t size)
{
	size_t left = (size_t)(input->end - input->at);
	struct str bytes = { .data = (const char *)input->at, .size = size < left ? size : left };

	input->at += bytes.size;
	return bytes;
}

/* A text with its size before it, one byte or two. */
static inline struct str input_short(struct input *input)
{
	return input_bytes(input, input_u8(input));
}

static inline struct str input_long(struct input *input)
{
	size_t high = input_u8(input);

	return input_bytes(input, high << 8 | input_u8(input));
}

static inline struct str input_rest(struct input *input)
{
	return input_bytes(input, (size_t)(input->end - input->at));
}

#endif
