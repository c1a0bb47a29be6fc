#ifndef TESTS_FUZZ_COMPARED_H
#define TESTS_FUZZ_COMPARED_H

#include <stddef.h>
#include <stdint.h>

/*
 * What the program has compared with constants while it was listened to: the mutator gives a member that was found in a comparison
 * the constant instead. The compiler calls a function at each comparison, for libFuzzer; the linker leads the calls here first
 * (--wrap, see the Makefile). This file is compiled without that.
 */
struct comparison {
	int64_t constant, other;
	size_t mark;
};

void compared_listen(void);      /* forgets what was heard before */
void compared_mark(size_t next); /* of what is heard from here on */
void compared_stop(void);
size_t compared_count(void);
struct comparison compared_at(size_t index);

#endif
