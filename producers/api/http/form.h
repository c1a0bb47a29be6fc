#ifndef API_HTTP_FORM_H
#define API_HTTP_FORM_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/str.h"

/* application/x-www-form-urlencoded: bodies of OAuth clients and of providers' callbacks. Pure. */

bool form_is_type(struct str content_type); /* the header, with or without parameters */

/* One name or value, decoded into the arena. False: a broken escape, a NUL, invalid UTF-8, or the arena is full. */
MUST_CHECK bool form_decode(struct str text, struct arena *arena, struct str *ret_text);

struct form_pair {
	struct str name, value;
};

#define FORM_PAIRS_MAX 64
struct form {
	struct form_pair pairs[FORM_PAIRS_MAX]; /* in the order of the body */
	size_t count;
};

/* False: one of form_decode's, or more pairs than fit. */
MUST_CHECK bool form_read(struct form *ret_form, struct str body, struct arena *arena);

/* Empty: there is no pair of this name, or there are several. */
struct str form_value(const struct form *form, const char *name);

#endif
