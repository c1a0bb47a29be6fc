#include "producers/api/http/paths.h"

#include <stdlib.h>
#include <string.h>

struct pattern {
	const struct route *route;
	size_t count;
	struct {
		struct str text;
		bool is_param;
	} segments[PATH_SEGMENTS_MAX];
};

struct paths {
	size_t count;
	struct pattern patterns[];
};

/* Splits "/a/b" into a and b; false: too many segments, or no leading slash. "/" is one empty segment. */
static bool split(struct str path, struct str segments[PATH_SEGMENTS_MAX], size_t *ret_count)
{
	size_t begin = 1;

	*ret_count = 0;
	if (path.size == 0 || path.data[0] != '/')
		return false;
	for (size_t i = 1; i <= path.size; i++) {
		if (i < path.size && path.data[i] != '/')
			continue;
		if (*ret_count == PATH_SEGMENTS_MAX)
			return false;
		segments[(*ret_count)++] = (struct str){ .data = path.data + begin, .size = i - begin };
		begin = i + 1;
	}
	return true;
}

static bool compile(const struct route *route, struct pattern *pattern)
{
	struct str segments[PATH_SEGMENTS_MAX];
	size_t params = 0;

	*pattern = (struct pattern){ .route = route };
	if (!split(str_of(route->pattern), segments, &pattern->count))
		return false;
	for (size_t i = 0; i < pattern->count; i++) {
		bool is_param = segments[i].size > 0 && segments[i].data[0] == ':';

		pattern->segments[i].text = segments[i];
		pattern->segments[i].is_param = is_param;
		params += is_param;
	}
	return params <= PATH_PARAMS_MAX;
}

/* Whether both match the same paths. */
static bool is_same(const struct pattern *a, const struct pattern *b)
{
	if (a->count != b->count || a->route->method != b->route->method)
		return false;
	for (size_t i = 0; i < a->count; i++) {
		if (a->segments[i].is_param != b->segments[i].is_param)
			return false;
		if (!a->segments[i].is_param && !str_equal(a->segments[i].text, b->segments[i].text))
			return false;
	}
	return true;
}

int paths_new(const struct route *routes, struct paths **ret_paths, struct err *err)
{
	struct paths *paths;
	size_t count = 0;

	while (routes[count].pattern != NULL)
		count++;
	paths = calloc(1, sizeof(*paths) + count * sizeof(paths->patterns[0]));
	if (paths == NULL)
		return err_set(err, ERR_FATAL, "no memory");
	for (size_t i = 0; i < count; i++) {
		bool is_good = compile(&routes[i], &paths->patterns[i]);

		for (size_t other = 0; other < i; other++)
			is_good = is_good && !is_same(&paths->patterns[i], &paths->patterns[other]);
		if (!is_good) {
			free(paths);
			return err_set(err, ERR_FATAL, "route %s: no pattern, or taken twice", routes[i].pattern);
		}
	}
	paths->count = count;
	*ret_paths = paths;
	return 0;
}

void paths_free(struct paths *paths)
{
	free(paths);
}

/* How well the segments match: 0 not at all; an earlier literal weighs more. */
static unsigned fit(const struct pattern *pattern, const struct str *segments, size_t count, struct path_params *params)
{
	unsigned score = 1;

	if (pattern->count != count)
		return 0;
	params->count = 0;
	for (size_t i = 0; i < count; i++) {
		score <<= 1;
		if (pattern->segments[i].is_param) {
			if (segments[i].size == 0)
				return 0;
			params->values[params->count++] = segments[i];
		} else if (str_equal(pattern->segments[i].text, segments[i])) {
			score |= 1;
		} else {
			return 0;
		}
	}
	return score;
}

const struct route *paths_find(const struct paths *paths, struct str path, unsigned method, struct path_params *ret_params,
			       unsigned *ret_methods)
{
	struct str segments[PATH_SEGMENTS_MAX];
	const struct route *found = NULL;
	struct path_params params;
	unsigned best = 0;
	size_t count;

	*ret_methods = 0;
	ret_params->count = 0;
	if (!split(path, segments, &count))
		return NULL;
	for (size_t i = 0; i < paths->count; i++) {
		unsigned score = fit(&paths->patterns[i], segments, count, &params);

		if (score == 0 || score < best)
			continue;
		if (score > best) {
			best = score;
			found = NULL;
			*ret_methods = 0;
		}
		*ret_methods |= paths->patterns[i].route->method;
		if ((unsigned)paths->patterns[i].route->method == method) {
			found = paths->patterns[i].route;
			*ret_params = params;
		}
	}
	return found;
}

int paths_param_index(const struct route *route, const char *name)
{
	size_t size = strlen(name);
	int index = 0;

	for (const char *at = strchr(route->pattern, ':'); at != NULL; at = strchr(at + 1, ':'), index++) {
		if (strncmp(at + 1, name, size) == 0 && (at[1 + size] == '/' || at[1 + size] == '\0'))
			return index;
	}
	return -1;
}
