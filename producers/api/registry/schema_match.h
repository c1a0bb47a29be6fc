#ifndef API_REGISTRY_SCHEMA_MATCH_H
#define API_REGISTRY_SCHEMA_MATCH_H

#include <stdbool.h>

#include "model/message.h"

/*
 * Whether an Avro schema, as a client library writes it, equals this version of one of our messages: the same names, types and
 * order of fields. Differences that change no byte are ignored (doc, our attributes or Java's, qualified names, white space);
 * logical types and defaults count. Pure. `text` may be anything.
 */
bool schema_matches(const struct message_version *version, struct str text);

#endif
