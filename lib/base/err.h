#ifndef BASE_ERR_H
#define BASE_ERR_H

#include "base/must.h"

/*
 * A failure: a technical error. Functions return 0, or -1 with `*err` set; `*err` is untouched on success. The kind determines
 * the caller's reaction. The text describes the error and is written once, where it occurs. A refusal (the business rule says
 * no) is not a failure, see model/refusal.h; a bug is a MUST.
 *
 * The text is logged, so it never holds names, addresses, tokens or message bodies (P10).
 */
enum err_kind {
	ERR_NONE = 0,
	ERR_RETRY,  /* the same input may succeed later: back off, keep the position */
	ERR_POISON, /* this input can never succeed: set it aside, continue with the next */
	ERR_FATAL,  /* this process cannot continue: stop and be restarted */
};

struct err {
	enum err_kind kind;
	char text[240]; /* always terminated; truncated when too long */
};

#define ERR_INIT                                                                                                                 \
	{                                                                                                                        \
		.kind = ERR_NONE, .text = ""                                                                                     \
	}

/* Sets `*err` (a NULL err is a bug) and returns -1, so that callers can write `return err_set(...)`. */
int err_set(struct err *err, enum err_kind kind, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Puts "context: " before the text, once per layer. Returns -1. */
int err_add(struct err *err, const char *context);

#endif
