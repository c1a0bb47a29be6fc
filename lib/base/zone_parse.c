#include "base/must.h"
#include "base/zone.h"

/*
 * A TZif file is a header and a block with 32-bit times, for old readers, then the same with 64-bit times, then a line with the
 * rule for later years. Every count is bounded before it is used.
 */
#define HEADER_SIZE 44
#define CHANGES_MAX 4096
#define TYPES_MAX   256
#define LETTERS_MAX 4096
#define TYPE_SIZE   6
#define HOURS_MAX   167
#define OFFSET_MAX  (26 * 3600)

struct counts {
	size_t ut, std, leap, changes, types, letters;
};

/* The rest of the file that is not read yet. */
struct input {
	const unsigned char *data;
	size_t size;
};

static const unsigned char *take(struct input *input, size_t size)
{
	const unsigned char *data = input->data;

	if (size > input->size)
		return NULL;
	input->data += size;
	input->size -= size;
	return data;
}

static uint64_t big_endian(const unsigned char *data, size_t size)
{
	uint64_t number = 0;

	for (size_t index = 0; index < size; index++)
		number = number << 8 | data[index];
	return number;
}

static int32_t int32_at(const unsigned char *data)
{
	return (int32_t)(uint32_t)big_endian(data, 4);
}

static bool take_header(struct input *input, struct counts *ret_counts)
{
	const unsigned char *header = take(input, HEADER_SIZE);
	struct counts counts;

	if (header == NULL || memcmp(header, "TZif", 4) != 0 || header[4] < '2')
		return false;
	counts.ut = big_endian(header + 20, 4);
	counts.std = big_endian(header + 24, 4);
	counts.leap = big_endian(header + 28, 4);
	counts.changes = big_endian(header + 32, 4);
	counts.types = big_endian(header + 36, 4);
	counts.letters = big_endian(header + 40, 4);
	*ret_counts = counts;
	/* With leap seconds a file counts instants otherwise than we do. */
	return counts.leap == 0 && counts.types > 0 && counts.types <= TYPES_MAX && counts.changes <= CHANGES_MAX &&
	       counts.letters <= LETTERS_MAX && counts.ut <= counts.types && counts.std <= counts.types;
}

static bool skip_old_block(struct input *input, const struct counts *counts)
{
	return take(input, counts->changes * 5 + counts->types * TYPE_SIZE + counts->letters + counts->std + counts->ut) != NULL;
}

static bool offset_is_good(int64_t offset_s)
{
	return offset_s > -OFFSET_MAX && offset_s < OFFSET_MAX;
}

/* The changes: their instants, the number of the type that each begins, and the types. */
static bool take_changes(struct zone *zone, struct input *input, const struct counts *counts, struct arena *arena)
{
	const unsigned char *times = take(input, counts->changes * 8);
	const unsigned char *begun = take(input, counts->changes);
	const unsigned char *types = take(input, counts->types * TYPE_SIZE);
	int64_t *at = arena_take(arena, counts->changes, sizeof(*at));
	int32_t *offsets_s = arena_take(arena, counts->changes, sizeof(*offsets_s));

	if (times == NULL || begun == NULL || types == NULL || at == NULL || offsets_s == NULL ||
	    take(input, counts->letters + counts->std + counts->ut) == NULL)
		return false;
	for (size_t index = 0; index < counts->types; index++) {
		if (!offset_is_good(int32_at(types + index * TYPE_SIZE)))
			return false;
	}
	for (size_t index = 0; index < counts->changes; index++) {
		at[index] = (int64_t)big_endian(times + index * 8, 8);
		if (begun[index] >= counts->types || (index > 0 && at[index] <= at[index - 1]))
			return false;
		offsets_s[index] = int32_at(types + (size_t)begun[index] * TYPE_SIZE);
	}
	zone->before_s = int32_at(types);
	zone->changes = (uint32_t)counts->changes;
	zone->at = at;
	zone->offsets_s = offsets_s;
	return true;
}

/* ---- the rule: EST5EDT,M3.2.0,M11.1.0 or <+0330>-3:30 ---- */

static bool take_char(struct str *text, char wanted)
{
	if (text->size == 0 || text->data[0] != wanted)
		return false;
	text->data++;
	text->size--;
	return true;
}

static bool is_letter(char byte)
{
	return (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z');
}

static bool is_digit(char byte)
{
	return byte >= '0' && byte <= '9';
}

static bool take_name(struct str *text)
{
	bool is_quoted = take_char(text, '<');
	size_t size = 0;

	while (text->size > 0 && (is_letter(text->data[0]) ||
				  (is_quoted && (is_digit(text->data[0]) || text->data[0] == '+' || text->data[0] == '-')))) {
		text->data++;
		text->size--;
		size++;
	}
	return size >= 3 && (!is_quoted || take_char(text, '>'));
}

static bool take_number(struct str *text, int max, int *ret_number)
{
	int number = 0;
	size_t digits = 0;

	while (text->size > 0 && is_digit(text->data[0]) && digits < 4) {
		number = number * 10 + (text->data[0] - '0');
		text->data++;
		text->size--;
		digits++;
	}
	if (digits == 0 || number > max)
		return false;
	*ret_number = number;
	return true;
}

static bool take_time(struct str *text, int32_t *ret_s)
{
	int sign = take_char(text, '-') ? -1 : 1;
	int hours;
	int minutes = 0;
	int seconds = 0;

	if (sign == 1)
		(void)take_char(text, '+');
	if (!take_number(text, HOURS_MAX, &hours))
		return false;
	if (take_char(text, ':') &&
	    (!take_number(text, 59, &minutes) || (take_char(text, ':') && !take_number(text, 59, &seconds))))
		return false;
	*ret_s = sign * (hours * 3600 + minutes * 60 + seconds);
	return true;
}

/* POSIX counts west of Greenwich: the sign is the other one. */
static bool take_offset(struct str *text, int32_t *ret_offset_s)
{
	int32_t west_s;

	if (!take_time(text, &west_s) || !offset_is_good(west_s))
		return false;
	*ret_offset_s = -west_s;
	return true;
}

static bool take_turn(struct str *text, struct zone_turn *turn)
{
	bool is_good;

	if (!take_char(text, ','))
		return false;
	if (take_char(text, 'M')) {
		turn->kind = ZONE_MONTH;
		is_good = take_number(text, 12, &turn->month) && turn->month >= 1 && take_char(text, '.') &&
			  take_number(text, 5, &turn->week) && turn->week >= 1 && take_char(text, '.') &&
			  take_number(text, 6, &turn->weekday);
	} else {
		turn->kind = take_char(text, 'J') ? ZONE_JULIAN : ZONE_DAY;
		is_good = take_number(text, 365, &turn->day) && (turn->kind == ZONE_DAY || turn->day >= 1);
	}
	turn->at_s = 2 * 3600;
	return is_good && (!take_char(text, '/') || take_time(text, &turn->at_s));
}

static bool rule_parse(struct zone *zone, struct str text)
{
	zone->has_rule = text.size > 0;
	if (!zone->has_rule)
		return true;
	if (!take_name(&text) || !take_offset(&text, &zone->standard_s))
		return false;
	if (text.size == 0)
		return true;
	zone->has_summer = true;
	zone->summer_s = zone->standard_s + 3600;
	if (!take_name(&text) || (text.size > 0 && text.data[0] != ',' && !take_offset(&text, &zone->summer_s)))
		return false;
	return take_turn(&text, &zone->starts) && take_turn(&text, &zone->ends) && text.size == 0;
}

static bool take_rule(struct zone *zone, struct input *input)
{
	struct str rest;
	struct str line;

	if (input->size < 2 || input->data[0] != '\n' || input->data[input->size - 1] != '\n')
		return false;
	line = str_cut((struct str){ .data = (const char *)input->data + 1, .size = input->size - 1 }, '\n', &rest);
	return rest.size == 0 && rule_parse(zone, line);
}

/* FNV-1a, 64 bits: it tells editions apart, it proves nothing. */
static uint64_t digest_of(struct str file)
{
	uint64_t digest = 0xcbf29ce484222325;

	for (size_t index = 0; index < file.size; index++)
		digest = (digest ^ (unsigned char)file.data[index]) * 0x100000001b3;
	return digest;
}

int zone_parse(struct zone *ret_zone, struct str name, struct str file, struct arena *arena, struct err *err)
{
	struct input input = { .data = (const unsigned char *)file.data, .size = file.size };
	struct zone zone = { .digest = digest_of(file) };
	struct counts counts;

	if (!str_to_chars(zone.name, sizeof(zone.name), name))
		return err_set(err, ERR_POISON, "the name of a time zone is too long");
	if (!take_header(&input, &counts) || !skip_old_block(&input, &counts) || !take_header(&input, &counts) ||
	    !take_changes(&zone, &input, &counts, arena) || !take_rule(&zone, &input))
		return err_set(err, ERR_POISON, "the time zone %s: no TZif data of version 2 without leap seconds", zone.name);
	*ret_zone = zone;
	return 0;
}
