#ifndef BASE_INI_H
#define BASE_INI_H

#include "base/str.h"

/*
 * An INI file: sections of `name = value`, read line by line and in place.
 *
 *   # a comment: a line that begins with # or ;
 *   [section]
 *   name = value      blanks around both are dropped; a value may contain = and # and may be empty
 *
 * There are no quotes, escapes or continued lines. A line is wrong when it is none of these, contains a control character or is
 * not UTF-8. Pure.
 */
enum ini_kind { INI_END, INI_SECTION, INI_VALUE, INI_WRONG };

struct ini_item {
	enum ini_kind kind;
	int line;          /* from 1 */
	const char *name;  /* of the section or value; terminated; borrows from the text */
	const char *value; /* INI_VALUE */
};

struct ini {
	char *at;
	int line;
};

/* `text` is terminated, and is changed by reading. */
static inline struct ini ini_begin(char *text)
{
	return (struct ini){ .at = text };
}

struct ini_item ini_next(struct ini *ini);

#endif
