#include "tests/fuzz/compared.h"

#include <stdbool.h>

#define COMPARISONS_MAX 65536

static struct comparison comparisons[COMPARISONS_MAX];
static size_t count;
static size_t mark;
static bool is_listening;

/* Their names are the linker's. */
void real_4(uint32_t constant, uint32_t other) __asm__("__real___sanitizer_cov_trace_const_cmp4");
void real_8(uint64_t constant, uint64_t other) __asm__("__real___sanitizer_cov_trace_const_cmp8");
void wrap_4(uint32_t constant, uint32_t other) __asm__("__wrap___sanitizer_cov_trace_const_cmp4");
void wrap_8(uint64_t constant, uint64_t other) __asm__("__wrap___sanitizer_cov_trace_const_cmp8");

static void note(int64_t constant, int64_t other)
{
	if (is_listening && constant != other && count < COMPARISONS_MAX)
		comparisons[count++] = (struct comparison){ constant, other, mark };
}

void wrap_4(uint32_t constant, uint32_t other)
{
	note((int32_t)constant, (int32_t)other);
	real_4(constant, other);
}

void wrap_8(uint64_t constant, uint64_t other)
{
	note((int64_t)constant, (int64_t)other);
	real_8(constant, other);
}

void compared_listen(void)
{
	is_listening = true;
	count = 0;
}

void compared_mark(size_t next)
{
	mark = next;
}

void compared_stop(void)
{
	is_listening = false;
}

size_t compared_count(void)
{
	return count;
}

struct comparison compared_at(size_t index)
{
	return comparisons[index];
}
