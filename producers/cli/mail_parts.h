#ifndef CLI_MAIL_PARTS_H
#define CLI_MAIL_PARTS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

/*
 * A mail as anybody may write one (RFC 5322, MIME): its header fields and parts. Pure; reads any bytes, and takes no memory. Lines end
 * with LF or CRLF.
 */
#define MAIL_VALUE_MAX    1000 /* of a header field; the rest of a longer one is not looked at */
#define MAIL_BOUNDARY_MAX 70   /* RFC 2046 5.1.1 */
#define MAIL_PARTS_MAX    32   /* that a reader looks at */

struct mail_field {
	struct str name;
	char value[MAIL_VALUE_MAX + 1]; /* unfolded, trimmed; a NUL ends it */
};

struct mail_boundary {
	char text[MAIL_BOUNDARY_MAX + 1]; /* "": none */
};

/* The next line without its end. */
struct str mail_next_line(struct str *rest);

/* False: the headers are over; *rest is behind the empty line. */
bool mail_next_field(struct str *rest, struct mail_field *ret_field);

/* A parameter of Content-Type, behind its type: ; name="..." or ; name=... False: it is not there, empty, or longer than the room; *ret_text is "". */
bool mail_parameter(const char *value, const char *name, char *ret_text, size_t text_size);

struct mail_boundary mail_boundary_of(const char *content_type);

/* Cuts off the part in front of the next border. False: there is no border any more. */
bool mail_next_part(struct str *rest, const struct mail_boundary *boundary, struct str *ret_part);

#endif
