#include "base/place.h"

#include <stddef.h>
#include <stdlib.h>

#include "base/array.h"

/* clang-format off */
#include "base/place_table.inc"
/* clang-format on */

static int compare(struct str text, const char *word, size_t word_size)
{
	int order = memcmp(text.data, word, text.size < word_size ? text.size : word_size);

	return order != 0 ? order : text.size < word_size ? -1 : text.size > word_size;
}

static int compare_word(const void *key, const void *element)
{
	const char *word = *(const char *const *)element;

	return compare(*(const struct str *)key, word, strlen(word));
}

static bool is_listed(struct str text, const char *const *words, size_t count)
{
	return text.size > 0 && bsearch(&text, words, count, sizeof(words[0]), compare_word) != NULL;
}

/* ---- places ---- */

static int compare_country(const void *key, const void *element)
{
	return compare(*(const struct str *)key, *(const char *const *)element, 2);
}

/* The country's code and regions, each with a blank behind it; NULL: no such country. */
static const char *country_row(struct str country)
{
	const char *const *row =
		country.size != 2 ? NULL : bsearch(&country, countries, COUNT(countries), sizeof(countries[0]), compare_country);

	return row == NULL ? NULL : *row;
}

bool country_is_known(struct str country)
{
	return country_row(country) != NULL;
}

bool region_is_known(struct str country, struct str region)
{
	const char *row = country_row(country);
	struct str regions, part;

	if (row == NULL)
		return false;
	if (region.size > 3 && region.data[2] == '-' && memcmp(region.data, country.data, 2) == 0)
		region = (struct str){ .data = region.data + 3, .size = region.size - 3 };
	(void)str_cut(str_of(row), ' ', &regions);
	while (regions.size > 0) {
		part = str_cut(regions, ' ', &regions);
		if (part.size > 0 && str_equal(part, region))
			return true;
	}
	return false;
}

bool timezone_is_known(struct str timezone)
{
	return is_listed(timezone, timezones, COUNT(timezones));
}

const char *timezone_at(size_t index)
{
	return index < COUNT(timezones) ? timezones[index] : NULL;
}

/* ---- languages ---- */

static bool is_digit(char letter)
{
	return letter >= '0' && letter <= '9';
}

static bool is_alnum(char letter)
{
	return is_digit(letter) || (letter >= 'A' && letter <= 'Z') || (letter >= 'a' && letter <= 'z');
}

static bool is_made_of(struct str part, bool (*is)(char letter))
{
	for (size_t i = 0; i < part.size; i++) {
		if (!is(part.data[i]))
			return false;
	}
	return part.size > 0;
}

/* A part behind the language, before any extension. */
static bool is_subtag(struct str part)
{
	switch (part.size) {
	case 2:
		return country_is_known(part);
	case 3:
		return is_made_of(part, is_digit); /* UN M.49 */
	case 4:
		return is_listed(part, scripts, COUNT(scripts)) || is_digit(part.data[0]);
	default:
		return part.size >= 5 && part.size <= 8;
	}
}

bool language_tag_is_valid(struct str tag)
{
	struct str part, rest;
	bool is_extended = false;

	if (tag.size > LANGUAGE_TAG_MAX || (tag.size > 0 && tag.data[tag.size - 1] == '-'))
		return false;
	part = str_cut(tag, '-', &rest);
	if (!is_listed(part, languages, COUNT(languages)))
		return false;
	while (rest.size > 0) {
		part = str_cut(rest, '-', &rest);
		if (part.size > 8 || !is_made_of(part, is_alnum))
			return false;
		if (part.size == 1 && rest.size == 0)
			return false;
		is_extended |= part.size == 1;
		if (!is_extended && !is_subtag(part))
			return false;
	}
	return true;
}
