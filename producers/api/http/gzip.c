#include "producers/api/http/gzip.h"

#include <stdlib.h>
#include <zlib.h>

#include "base/must.h"

#define WINDOW_BITS (15 + 16) /* the largest window; 16: with the header and trailer of gzip */
#define MEMORY      8         /* zlib's default: 256 KiB in all */

struct gzip {
	z_stream stream;
	struct buf packed;
};

int gzip_new(struct gzip **ret_gzip, struct err *err)
{
	struct gzip *gzip = calloc(1, sizeof(*gzip));

	if (gzip == NULL ||
	    deflateInit2(&gzip->stream, Z_BEST_SPEED, Z_DEFLATED, WINDOW_BITS, MEMORY, Z_DEFAULT_STRATEGY) != Z_OK) {
		free(gzip);
		return err_set(err, ERR_FATAL, "no memory");
	}
	buf_init(&gzip->packed, GZIP_SIZE_MAX);
	*ret_gzip = gzip;
	return 0;
}

void gzip_free(struct gzip *gzip)
{
	if (gzip == NULL)
		return;
	(void)deflateEnd(&gzip->stream);
	buf_release(&gzip->packed);
	free(gzip);
}

bool gzip_pack(struct gzip *gzip, struct str body, struct str *ret_packed)
{
	unsigned char *room;

	MUST(body.size >= GZIP_SIZE_MIN);
	MUST(body.size <= GZIP_SIZE_MAX);
	buf_reset(&gzip->packed);
	room = buf_reserve(&gzip->packed, body.size);
	if (room == NULL || deflateReset(&gzip->stream) != Z_OK)
		return false;
	gzip->stream.next_in = (z_const Bytef *)(uintptr_t)body.data;
	gzip->stream.avail_in = (uInt)body.size;
	gzip->stream.next_out = room;
	gzip->stream.avail_out = (uInt)body.size - 1;
	if (deflate(&gzip->stream, Z_FINISH) != Z_STREAM_END)
		return false;
	gzip->packed.size = gzip->stream.total_out;
	*ret_packed = buf_str(&gzip->packed);
	return true;
}
