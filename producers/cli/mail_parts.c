#include "mail_parts.h"

/* ---- lines and header fields ---- */

struct str mail_next_line(struct str *rest)
{
	struct str line = str_cut(*rest, '\n', rest);

	if (line.size > 0 && line.data[line.size - 1] == '\r')
		line.size--;
	return line;
}

static bool is_folded(struct str rest)
{
	return rest.size > 0 && (rest.data[0] == ' ' || rest.data[0] == '\t');
}

static size_t add(char value[MAIL_VALUE_MAX + 1], size_t size, struct str text)
{
	size_t fits = MAIL_VALUE_MAX - size < text.size ? MAIL_VALUE_MAX - size : text.size;

	if (fits > 0)
		memcpy(value + size, text.data, fits);
	return size + fits;
}

bool mail_next_field(struct str *rest, struct mail_field *ret_field)
{
	struct str line = mail_next_line(rest), value;
	size_t size;

	if (line.size == 0)
		return false;
	ret_field->name = str_trim(str_cut(line, ':', &value), " \t");
	size = add(ret_field->value, 0, str_trim(value, " \t"));
	while (is_folded(*rest)) {
		size = add(ret_field->value, size, size > 0 ? STR(" ") : STR(""));
		size = add(ret_field->value, size, str_trim(mail_next_line(rest), " \t"));
	}
	ret_field->value[size] = '\0';
	return true;
}

/* ---- the parts ---- */

/* Behind the next semicolon that is in no quotes, at a parameter's name; or at the end. */
static const char *next_parameter(const char *at)
{
	bool is_quoted = false;

	for (; *at != '\0' && (is_quoted || *at != ';'); at++) {
		if (*at == '"')
			is_quoted = !is_quoted;
		else if (is_quoted && *at == '\\' && at[1] != '\0')
			at++;
	}
	while (*at == ';' || *at == ' ' || *at == '\t')
		at++;
	return at;
}

static bool read_parameter(const char *at, char *ret_text, size_t text_size)
{
	bool is_quoted = *at == '"';
	size_t size = 0;

	for (at += is_quoted; *at != '\0' && (is_quoted ? *at != '"' : *at != ';' && *at != ' '); at++) {
		if (size + 1 == text_size) {
			ret_text[0] = '\0';
			return false;
		}
		ret_text[size++] = *at;
	}
	ret_text[size] = '\0';
	return size > 0;
}

bool mail_parameter(const char *value, const char *name, char *ret_text, size_t text_size)
{
	size_t name_size = strlen(name);

	ret_text[0] = '\0';
	for (const char *at = next_parameter(value); *at != '\0'; at = next_parameter(at)) {
		if (str_begins_nocase(str_of(at), str_of(name)) && at[name_size] == '=')
			return read_parameter(at + name_size + 1, ret_text, text_size);
	}
	return false;
}

struct mail_boundary mail_boundary_of(const char *content_type)
{
	struct mail_boundary boundary = { .text = "" };

	(void)mail_parameter(content_type, "boundary", boundary.text, sizeof(boundary.text));
	return boundary;
}

static bool is_border(struct str line, const struct mail_boundary *boundary)
{
	size_t size = strlen(boundary->text);

	return line.size >= 2 + size && memcmp(line.data, "--", 2) == 0 && memcmp(line.data + 2, boundary->text, size) == 0;
}

bool mail_next_part(struct str *rest, const struct mail_boundary *boundary, struct str *ret_part)
{
	const char *begin = rest->data;

	while (rest->size > 0) {
		const char *at = rest->data;

		if (is_border(mail_next_line(rest), boundary)) {
			*ret_part = (struct str){ .data = begin, .size = (size_t)(at - begin) };
			return true;
		}
	}
	return false;
}
