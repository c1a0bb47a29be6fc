#ifndef CLI_ANCHOR_FILE_H
#define CLI_ANCHOR_FILE_H

#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "crypto/crypto.h"
#include "crypto/signature.h"

/*
 * The file of anchors: the head of every log on a day, with the hash of its last event. It is kept where nobody who can write
 * the database or the topics can write, so its statements about a log cannot be undone, neither by truncating the log nor by a
 * new chain. One line a day, words with one blank between them:
 *
 *   dcs-anchor-1 2026-11-28T23:00:00.000Z PREVIOUS MODULE:PART:SEQ:PUBLISHED:HASH ... SIGNATURE
 *
 * PREVIOUS is the SHA-256 of the line before (64 zeros in the first), so no line can be removed. SEQ is the number of events in
 * the log, PUBLISHED the number of them in its topic ("-": unknown), HASH the chain's at SEQ. SIGNATURE is Ed25519 over the
 * line up to the blank before it. All hexadecimal in lower case.
 */
struct anchor_head {
	struct str module;
	int32_t part;
	int64_t seq;
	int64_t published; /* -1: unknown */
	uint8_t hash[SHA256_SIZE];
};

struct anchor {
	struct str line; /* without its end */
	struct str at;   /* RFC 3339, UTC */
	uint8_t previous[SHA256_SIZE];
	struct anchor_head *heads;
	size_t heads_count;
};

struct anchor_file {
	struct buf text;
	struct anchor *anchors; /* oldest first */
	size_t anchors_count;
};

/*
 * Reads the file (a missing or empty one has no anchors) and checks each line's form, its signature, and its link to the line
 * before. ERR_FATAL names the line. Everything borrows from the file and the arena. public_key NULL: signatures are not
 * checked.
 */
MUST_CHECK int anchor_file_read(struct anchor_file *file, const char *path, const uint8_t *public_key, struct arena *arena,
				struct err *err);
void anchor_file_release(struct anchor_file *file);

/* The next line, with its end. */
void anchor_write(struct buf *line, int64_t at_ms, const struct anchor *last /* NULL: none */, const struct anchor_head *heads,
		  size_t heads_count, const uint8_t seed[32]);

/* Appends the line to the file; it is on disk afterwards. */
MUST_CHECK int anchor_file_append(const char *path, struct str line, struct err *err);

#endif
