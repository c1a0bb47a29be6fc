#include "producers/api/http/accept.h"

#include <string.h>

#define WEIGHT_MAX 1000

/* "0.25": at most three decimals, at most 1. -1: not such a number. */
static int read_weight(struct str text)
{
	int weight;

	if (text.size == 0 || text.size > 5 || (text.data[0] != '0' && text.data[0] != '1') ||
	    (text.size > 1 && text.data[1] != '.'))
		return -1;
	weight = (text.data[0] - '0') * WEIGHT_MAX;
	for (size_t i = 2, unit = 100; i < text.size; i++, unit /= 10) {
		if (text.data[i] < '0' || text.data[i] > '9')
			return -1;
		weight += (text.data[i] - '0') * (int)unit;
	}
	return weight > WEIGHT_MAX ? -1 : weight;
}

/* The q of the parameters; -1: malformed. */
static int find_weight(struct str parameters)
{
	while (parameters.size > 0) {
		struct str parameter = str_trim(str_cut(parameters, ';', &parameters), " \t");
		struct str value;
		struct str name = str_cut(parameter, '=', &value);

		if (str_equal_nocase(str_trim(name, " \t"), STR("q")))
			return read_weight(str_trim(value, " \t"));
	}
	return WEIGHT_MAX;
}

/*
 * How specific a range is that contains the type: 3 the type itself, 2 "text/...", 1 any type; 0: it does not contain the type.
 */
static int narrowness(struct str range, struct str media_type)
{
	struct str subtype, wanted_subtype;
	struct str type = str_cut(range, '/', &subtype);
	struct str wanted_type = str_cut(media_type, '/', &wanted_subtype);

	if (str_equal_nocase(range, media_type))
		return 3;
	if (!str_is(subtype, "*"))
		return 0;
	if (str_equal_nocase(type, wanted_type))
		return 2;
	return str_is(type, "*") ? 1 : 0;
}

int accept_coding_weight(struct str accept_encoding, const char *coding)
{
	bool is_named = false;
	int weight = 0;

	while (accept_encoding.size > 0 && !is_named) {
		struct str parameters;
		struct str name = str_trim(str_cut(str_cut(accept_encoding, ',', &accept_encoding), ';', &parameters), " \t");
		int own = find_weight(parameters);

		is_named = own >= 0 && str_equal_nocase(name, str_of(coding));
		if (is_named || (own >= 0 && str_is(name, "*") && strcmp(coding, "identity") != 0))
			weight = own;
	}
	return weight;
}

int accept_weight(struct str accept, const char *media_type)
{
	int narrowest = 0;
	int weight = 0;

	if (str_trim(accept, " \t").size == 0)
		return WEIGHT_MAX;
	while (accept.size > 0) {
		struct str parameters;
		struct str range = str_trim(str_cut(str_cut(accept, ',', &accept), ';', &parameters), " \t");
		int narrow = narrowness(range, str_of(media_type));
		int own = find_weight(parameters);

		if (narrow > narrowest && own >= 0) {
			narrowest = narrow;
			weight = own;
		}
	}
	return weight;
}
