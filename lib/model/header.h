#ifndef MODEL_HEADER_H
#define MODEL_HEADER_H

#include "base/str.h"

/* A header of a Kafka record. Both parts borrow. */
struct header {
	const char *name; /* terminated */
	struct str value;
};

#define HEADERS_MAX 32 /* a record with more is refused */

#endif
