#ifndef API_HTTP_PATHS_H
#define API_HTTP_PATHS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/str.h"
#include "producers/api/http/route.h"

/*
 * Matches paths with the patterns of the table. Pure. A literal segment takes precedence over a parameter: /auth/users before
 * /auth/:x.
 */
#define PATH_SEGMENTS_MAX 8
#define PATH_PARAMS_MAX   3

struct path_params {
	struct str values[PATH_PARAMS_MAX]; /* in the order of the pattern; borrow from the path */
	size_t count;
};

struct paths;

/* ERR_FATAL: two rows for the same requests, or a pattern with too many segments. */
MUST_CHECK int paths_new(const struct route *routes, struct paths **ret_paths, struct err *err);
void paths_free(struct paths *paths);

/*
 * The row for a decoded path and a method. NULL: none; *ret_methods are the path's methods (or'ed), 0 if there is no such path.
 */
const struct route *paths_find(const struct paths *paths, struct str path, unsigned method, struct path_params *ret_params,
			       unsigned *ret_methods);

/* The index of the parameter with this name in the row's pattern; -1: none. */
int paths_param_index(const struct route *route, const char *name);

#endif
