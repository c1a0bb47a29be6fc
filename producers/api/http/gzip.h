#ifndef API_HTTP_GZIP_H
#define API_HTTP_GZIP_H

#include "base/buf.h"
#include "base/err.h"

/*
 * Bodies of answers as gzip (RFC 1952). The only user of zlib. The memory for compression is allocated once, at the start.
 *
 * Small bodies are not worth compressing, and large ones would block the loop: compression takes about 10 ms per megabyte.
 */
#define GZIP_SIZE_MIN ((size_t)1024)
#define GZIP_SIZE_MAX ((size_t)1 << 20)

struct gzip;

MUST_CHECK int gzip_new(struct gzip **ret_gzip, struct err *err);
void gzip_free(struct gzip *gzip); /* accepts NULL */

/*
 * `body` has GZIP_SIZE_MIN to GZIP_SIZE_MAX bytes. *ret_packed borrows until the next call. False: it would not become smaller.
 */
bool gzip_pack(struct gzip *gzip, struct str body, struct str *ret_packed);

#endif
