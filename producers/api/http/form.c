#include "producers/api/http/form.h"

bool form_is_type(struct str content_type)
{
	struct str ignored;
	struct str name = str_trim(str_cut(content_type, ';', &ignored), " ");

	return str_equal_nocase(name, STR("application/x-www-form-urlencoded"));
}

bool form_decode(struct str text, struct arena *arena, struct str *ret_text)
{
	char *bytes = arena_take(arena, text.size + 1, 1);
	size_t size = 0;

	if (bytes == NULL)
		return false;
	for (size_t i = 0; i < text.size; i++) {
		int high, low;

		if (text.data[i] != '%') {
			bytes[size++] = text.data[i] == '+' ? ' ' : text.data[i];
			continue;
		}
		high = i + 2 < text.size ? hex_digit(text.data[i + 1]) : -1;
		low = i + 2 < text.size ? hex_digit(text.data[i + 2]) : -1;
		if (high < 0 || low < 0)
			return false;
		bytes[size++] = (char)(high << 4 | low);
		i += 2;
	}
	*ret_text = (struct str){ .data = bytes, .size = size };
	return str_is_text(*ret_text);
}

bool form_read(struct form *ret_form, struct str body, struct arena *arena)
{
	ret_form->count = 0;
	while (body.size > 0) {
		struct str pair = str_cut(body, '&', &body);
		struct str value, name = str_cut(pair, '=', &value);
		struct form_pair *next;

		if (pair.size == 0)
			continue;
		if (ret_form->count == FORM_PAIRS_MAX)
			return false;
		next = &ret_form->pairs[ret_form->count++];
		if (!form_decode(name, arena, &next->name) || !form_decode(value, arena, &next->value))
			return false;
	}
	return true;
}

struct str form_value(const struct form *form, const char *name)
{
	struct str value = STR("");
	size_t found = 0;

	for (size_t i = 0; i < form->count; i++) {
		if (!str_is(form->pairs[i].name, name))
			continue;
		value = form->pairs[i].value;
		found++;
	}
	return found == 1 ? value : STR("");
}
