#ifndef CLI_POLICY_SOURCE_H
#define CLI_POLICY_SOURCE_H

#include "base/buf.h"
#include "base/err.h"

/*
 * The JSON of the dunning policy that an argument names: a file, if it has a dot or a slash, otherwise a ready-made policy
 * (consumers/dunning/ready.h). Nothing is checked.
 */
#define POLICY_SOURCE_MAX ((size_t)256 << 10)

/* A file is read into `file`, which has room for POLICY_SOURCE_MAX; *ret_json borrows from it. ERR_FATAL: there is no such policy. */
MUST_CHECK int policy_source(const char *name, struct buf *file, struct str *ret_json, struct err *err);

/* Whether an argument names a file. */
bool policy_source_is_file(const char *name);

#endif
