#ifndef WIRE_JSON_NAME_H
#define WIRE_JSON_NAME_H

#include <stdbool.h>

#include "wire/json.h"

/* Names in JSON_REST, private to the room; the public part is in json.h. */
#define JSON_CURRENCY "currency"
#define JSON_AMOUNT   "amountMinor"

const struct field *json_field(const struct record_type *record, struct str name); /* by its name in the schema; NULL: none */
const struct field *json_first_amount(const struct record_type *record);           /* NULL: it has none */
bool json_is_name(struct str key, const struct field *field, enum json_part part); /* whether this is the member's name */

#endif
