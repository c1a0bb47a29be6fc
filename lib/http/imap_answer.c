#include "http/imap_answer.h"

#include <curl/curl.h>

#define DATE_SIZE 40

static bool is_digit(char byte)
{
	return byte >= '0' && byte <= '9';
}

static bool is_of_word(char byte)
{
	return is_digit(byte) || (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z') || byte == '-' || byte == '_' ||
	       byte == '+';
}

static struct str behind(struct str text, size_t size)
{
	return (struct str){ .data = text.data + size, .size = text.size - size };
}

/* The digits at the front. False: there is none, or too many. */
static bool front_number(struct str *text, uint64_t *ret_number)
{
	uint64_t number = 0;
	size_t size = 0;

	while (size < text->size && is_digit(text->data[size])) {
		if (size == 18)
			return false;
		number = number * 10 + (uint64_t)(text->data[size++] - '0');
	}
	*text = behind(*text, size);
	*ret_number = number;
	return size > 0;
}

bool imap_has_literal(struct str line, uint64_t *ret_size)
{
	size_t begin = line.size;
	struct str digits;

	if (line.size < 3 || line.data[line.size - 1] != '}')
		return false;
	while (begin > 0 && line.data[begin - 1] != '{')
		begin--;
	digits = behind(line, begin);
	return begin > 0 && front_number(&digits, ret_size) && str_is(digits, "}");
}

/* What stands behind a word; data NULL: it is not there. */
static struct str behind_word(struct str line, const char *word)
{
	struct str wanted = str_of(word);

	for (size_t at = 0; at + wanted.size <= line.size; at++) {
		struct str rest = behind(line, at);

		if (!str_begins_nocase(rest, wanted) || (at > 0 && is_of_word(line.data[at - 1])))
			continue;
		rest = behind(rest, wanted.size);
		if (rest.size == 0 || !is_of_word(rest.data[0]))
			return rest;
	}
	return (struct str){ .data = NULL };
}

bool imap_has_word(struct str line, const char *word)
{
	return behind_word(line, word).data != NULL;
}

bool imap_number_behind(struct str line, const char *word, uint32_t *ret_number)
{
	struct str rest = behind_word(line, word);
	uint64_t number;

	if (rest.data == NULL || rest.size < 2 || rest.data[0] != ' ')
		return false;
	rest = behind(rest, 1);
	if (!front_number(&rest, &number) || number == 0 || number > UINT32_MAX)
		return false;
	*ret_number = (uint32_t)number;
	return true;
}

bool imap_read_search(struct str line, bool is_cut, uint32_t *uids, size_t uids_max, size_t *count)
{
	static const struct str front = { .data = "* SEARCH", .size = 8 };
	uint64_t number;

	if (!str_begins_nocase(line, front))
		return false;
	line = behind(line, front.size);
	while (*count < uids_max && line.size > 1 && line.data[0] == ' ') {
		line = behind(line, 1);
		if (!front_number(&line, &number) || (is_cut && line.size == 0))
			break;
		if (number > 0 && number <= UINT32_MAX)
			uids[(*count)++] = (uint32_t)number;
	}
	return true;
}

static int64_t internal_date_ms(struct str rest)
{
	char date[DATE_SIZE];
	time_t at_s;

	if (rest.size < 2 || rest.data[0] != ' ' || rest.data[1] != '"')
		return -1;
	if (!str_to_chars(date, sizeof(date), str_trim(str_cut(behind(rest, 2), '"', &rest), " ")))
		return -1;
	at_s = curl_getdate(date, NULL);
	return at_s < 0 ? -1 : (int64_t)at_s * 1000;
}

bool imap_read_fetch(struct str line, uint32_t uid, int64_t *ret_at_ms)
{
	struct str rest;
	uint32_t found;

	if (line.size < 2 || line.data[0] != '*' || !imap_has_word(line, "FETCH") || !imap_number_behind(line, "UID", &found) ||
	    found != uid)
		return false;
	rest = behind_word(line, "INTERNALDATE");
	*ret_at_ms = rest.data == NULL ? -1 : internal_date_ms(rest);
	return true;
}

bool imap_name_is_valid(const char *name)
{
	size_t size = 0;

	for (; name[size] != '\0'; size++) {
		if (size == 200 || name[size] < 0x20 || name[size] > 0x7e || name[size] == '"' || name[size] == '\\')
			return false;
	}
	return size > 0;
}
