#ifndef API_HTTP_ACCEPT_H
#define API_HTTP_ACCEPT_H

#include "base/str.h"

/*
 * How much a caller wants a media type ("text/csv"), by his Accept header (RFC 9110 12.5.1): 0 (not at all) to 1000. The most
 * specific range counts, whatever its other parameters. An empty header wants everything; what is malformed in it is left out.
 * Pure.
 */
int accept_weight(struct str accept, const char *media_type);

/* The same for a content coding ("gzip") by Accept-Encoding: who sends none wants none; "identity" is only wanted if it is named.
 */
int accept_coding_weight(struct str accept_encoding, const char *coding);

#endif
