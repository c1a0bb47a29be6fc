#ifndef TESTS_ANALYSER_H
#define TESTS_ANALYSER_H

#include "base/err.h"

/*
 * Put in front of every source by `make analyse`: clang's analyser looks into one file at a time, so it has to be told that
 * err_set always answers -1. Without it, every output of a failed function looks like garbage that is used.
 */
static inline int err_set_answer(int answer)
{
	(void)answer;
	return -1;
}

#define err_set(...) err_set_answer(err_set(__VA_ARGS__))

#endif
