#include "base/ini.h"

#define BLANKS " \t\r"

/* Ends the text where it ends without blanks. */
static const char *trimmed(char *text, size_t size)
{
	struct str inner = str_trim((struct str){ .data = text, .size = size }, BLANKS);
	size_t begin = (size_t)(inner.data - text);

	text[begin + inner.size] = '\0';
	return text + begin;
}

/* Cuts the next line off; false: there is none. */
static bool cut_line(struct ini *ini, char **ret_line, size_t *ret_size)
{
	char *end;

	if (*ini->at == '\0')
		return false;
	end = strchr(ini->at, '\n');
	*ret_line = ini->at;
	*ret_size = end != NULL ? (size_t)(end - ini->at) : strlen(ini->at);
	ini->at += *ret_size + (end != NULL);
	if (end != NULL)
		*end = '\0';
	ini->line++;
	return true;
}

static bool has_control(const char *text)
{
	for (; *text != '\0'; text++) {
		if (((unsigned char)*text < 0x20 && *text != '\t') || *text == 0x7f)
			return true;
	}
	return false;
}

static struct ini_item section_of(struct ini_item item, char *line, size_t size)
{
	if (line[size - 1] != ']')
		return item;
	item.name = trimmed(line + 1, size - 2);
	item.kind = item.name[0] != '\0' ? INI_SECTION : INI_WRONG;
	return item;
}

static struct ini_item value_of(struct ini_item item, char *line, size_t size)
{
	char *sign = memchr(line, '=', size);

	if (sign == NULL)
		return item;
	item.value = trimmed(sign + 1, size - (size_t)(sign + 1 - line));
	item.name = trimmed(line, (size_t)(sign - line));
	item.kind = item.name[0] != '\0' ? INI_VALUE : INI_WRONG;
	return item;
}

static struct ini_item item_of(struct ini_item item, char *line, size_t size)
{
	if (has_control(line) || !str_is_text((struct str){ .data = line, .size = size }))
		return item;
	return line[0] == '[' ? section_of(item, line, size) : value_of(item, line, size);
}

struct ini_item ini_next(struct ini *ini)
{
	char *line;
	size_t size;

	while (cut_line(ini, &line, &size)) {
		char *inner = line + strspn(line, BLANKS);

		(void)trimmed(inner, strlen(inner));
		if (*inner != '\0' && *inner != '#' && *inner != ';')
			return item_of((struct ini_item){ .kind = INI_WRONG, .line = ini->line }, inner, strlen(inner));
	}
	return (struct ini_item){ .kind = INI_END, .line = ini->line };
}
