#ifndef TESTS_FUZZ_AVRO_H
#define TESTS_FUZZ_AVRO_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "model/message.h"

/*
 * Another opinion on what wire/coder.h reads and writes: avro-c, which was our coder once. It leaks or overruns on bad bytes
 * (lib/TRAPS.md 3), so a walk of its own checks them first (avro_check.c). Two opinions that differ break a MUST.
 */

/* Whether the bytes behind a frame are a message, with the coder's limits and texts. */
MUST_CHECK int avro_check(const struct message_version *version, struct str avro, struct err *err);

/* Framed bytes, good or bad: both take them and read the same, or both refuse them for the same reason. */
void avro_compare_reading(struct str value, struct arena *arena);

/* `value` is what the coder made of the struct: avro-c makes the same of it. */
void avro_compare_writing(const struct message_type *type, const void *body, struct str value);

#endif
