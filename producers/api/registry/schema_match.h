#ifndef API_REGISTRY_SCHEMA_MATCH_H
#define API_REGISTRY_SCHEMA_MATCH_H

#include <stdbool.h>

#include "model/message.h"

/*
 * Whether an Avro schema, as somebody's library writes it, is this version of a message of ours: the same names, types and order
 * of fields. What changes no byte (doc, attributes of ours or of Java's, how names are qualified, white space) does not count;
 * logical types and defaults do. Pure. `text` may be anything.
 */
bool schema_matches(const struct message_version *version, struct str text);

#endif
