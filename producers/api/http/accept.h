#ifndef API_HTTP_ACCEPT_H
#define API_HTTP_ACCEPT_H

#include "base/str.h"

/*
 * The caller's preference for a media type ("text/csv"), from the Accept header (RFC 9110 12.5.1): 0 (not acceptable) to 1000.
 * The most specific range counts; its other parameters are ignored. An empty header accepts everything; malformed parts of it are
 * skipped. Pure.
 */
int accept_weight(struct str accept, const char *media_type);

/*
 * The same for a content coding ("gzip"), from Accept-Encoding: an absent header accepts no coding; "identity" counts only if it
 * is named.
 */
int accept_coding_weight(struct str accept_encoding, const char *coding);

#endif
