#include "consumers/communications/render.h"

/* ---- scanning ---- */

static bool is_name_start(char letter)
{
	return letter >= 'a' && letter <= 'z';
}

static bool is_name_letter(char letter)
{
	return is_name_start(letter) || (letter >= '0' && letter <= '9') || letter == '_';
}

bool token_name_is_valid(struct str name)
{
	if (name.size == 0 || !is_name_start(name.data[0]))
		return false;
	for (size_t index = 0; index < name.size; index++) {
		if (!is_name_letter(name.data[index]))
			return false;
	}
	return true;
}

static bool starts_with(struct str text, const char *two)
{
	return text.size >= 2 && text.data[0] == two[0] && text.data[1] == two[1];
}

static struct str skip(struct str text, size_t size)
{
	return (struct str){ .data = text.data + size, .size = text.size - size };
}

enum piece { PIECE_END, PIECE_TEXT, PIECE_TOKEN, PIECE_MALFORMED };

/* The next piece of *text: plain text, or a token's name. Moves *text behind the piece. */
static enum piece next_piece(struct str *text, struct str *ret_piece)
{
	size_t size = 0;

	if (text->size == 0)
		return PIECE_END;
	if (!starts_with(*text, "{{")) {
		while (size < text->size && !starts_with(skip(*text, size), "{{"))
			size++;
		*ret_piece = (struct str){ .data = text->data, .size = size };
		*text = skip(*text, size);
		return PIECE_TEXT;
	}
	*text = skip(*text, 2);
	while (size < text->size && is_name_letter(text->data[size]))
		size++;
	*ret_piece = (struct str){ .data = text->data, .size = size };
	*text = skip(*text, size);
	if (!token_name_is_valid(*ret_piece) || !starts_with(*text, "}}"))
		return PIECE_MALFORMED;
	*text = skip(*text, 2);
	return PIECE_TOKEN;
}

bool template_is_well_formed(struct str text)
{
	struct str piece;
	enum piece kind;

	do
		kind = next_piece(&text, &piece);
	while (kind == PIECE_TEXT || kind == PIECE_TOKEN);
	return kind == PIECE_END;
}

bool template_next_token(struct str *text, struct str *ret_name)
{
	enum piece kind;

	do
		kind = next_piece(text, ret_name);
	while (kind == PIECE_TEXT);
	return kind == PIECE_TOKEN;
}

bool template_has_token(struct str text, const char *token)
{
	struct str name;

	while (template_next_token(&text, &name)) {
		if (str_is(name, token))
			return true;
	}
	return false;
}

/* ---- rendering ---- */

static bool find_token(const struct token *tokens, size_t tokens_count, struct str name, struct str *ret_value)
{
	for (size_t index = 0; index < tokens_count; index++) {
		if (str_equal(tokens[index].name, name)) {
			*ret_value = tokens[index].value;
			return true;
		}
	}
	return false;
}

enum render_outcome render_text(struct str text, const struct token *tokens, size_t tokens_count, char *out, size_t out_max,
				size_t *ret_size, struct str *ret_token)
{
	size_t size = 0;

	for (;;) {
		struct str piece = { 0 };
		enum piece kind = next_piece(&text, &piece);

		if (kind == PIECE_END)
			break;
		if (kind == PIECE_MALFORMED)
			return RENDER_MALFORMED;
		if (kind == PIECE_TOKEN) {
			*ret_token = piece;
			if (!find_token(tokens, tokens_count, piece, &piece))
				return RENDER_UNKNOWN_TOKEN;
		}
		if (piece.size > out_max - size)
			return RENDER_TOO_LONG;
		if (piece.size > 0)
			memcpy(out + size, piece.data, piece.size);
		size += piece.size;
	}
	*ret_size = size;
	return RENDER_OK;
}
