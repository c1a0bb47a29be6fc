#include "consumers/communications/inbound_words.h"

#include "base/array.h"
#include "base/text.h"

#define WORD_MAX  16
#define WORDS_MAX 3 /* no rule looks further; more of them only count */

struct words {
	char words[WORDS_MAX][WORD_MAX + 1]; /* lower case; "": too long for any of ours */
	size_t count;
};

/* An ASCII letter or digit, of both widths; 1 for a letter of another script, which is part of a word; 0 for anything else. */
static char letter_of(uint32_t code)
{
	if (code >= 0xFF01 && code <= 0xFF5E) /* full-width forms */
		code -= 0xFEE0;
	if ((code >= '0' && code <= '9') || (code >= 'a' && code <= 'z') || (code >= 'A' && code <= 'Z'))
		return ascii_lower((char)code);
	if (code < 0x00C0 || code == 0x00D7 || code == 0x00F7 || (code >= 0x2000 && code <= 0x2BFF) ||
	    (code >= 0x3000 && code <= 0x303F) || code >= 0xFE00)
		return 0; /* blanks, punctuation, signs, and pictures */
	return 1;
}

static bool is_polite(const char *word)
{
	static const char *const polite[] = { "please", "pls", "plz", "thanks", "thank", "you", "bitte", "danke", "merci" };

	for (size_t i = 0; i < COUNT(polite); i++) {
		if (strcmp(word, polite[i]) == 0)
			return true;
	}
	return false;
}

static void end_word(struct words *words, char word[WORD_MAX + 2], size_t *size)
{
	if (*size == 0)
		return;
	word[*size > WORD_MAX ? 0 : *size] = '\0';
	*size = 0;
	if (is_polite(word))
		return;
	if (words->count < WORDS_MAX)
		memcpy(words->words[words->count], word, strlen(word) + 1);
	words->count++;
}

static struct words split(struct str text)
{
	struct words words = { .count = 0 };
	char word[WORD_MAX + 2];
	size_t size = 0;

	while (text.size > 0) {
		uint32_t code = 0;
		size_t bytes = str_front(text, &code);
		char letter = bytes == 0 ? 0 : letter_of(code);

		bytes = bytes == 0 ? 1 : bytes; /* no valid UTF-8 */
		text = (struct str){ .data = text.data + bytes, .size = text.size - bytes };
		if (letter == 0)
			end_word(&words, word, &size);
		else if (size <= WORD_MAX)
			word[size++] = letter;
	}
	end_word(&words, word, &size);
	return words;
}

static bool is_at(const struct words *words, size_t index, const char *word)
{
	return index < words->count && index < WORDS_MAX && strcmp(words->words[index], word) == 0;
}

/* The whole message, but for "all" behind it. */
static bool is_alone(const struct words *words, const char *word)
{
	return is_at(words, 0, word) && (words->count == 1 || (words->count == 2 && is_at(words, 1, "all")));
}

enum inbound_intent inbound_intent_of(struct str text, const char **ret_keyword)
{
	static const struct {
		const char *word, *keyword;
	} at_front[] = { { "stop", "STOP" }, { "stopall", "STOPALL" }, { "unsubscribe", "UNSUBSCRIBE" }, { "optout", "OPTOUT" } },
	  alone[] = { { "quit", "QUIT" }, { "end", "END" }, { "revoke", "REVOKE" }, { "cancel", "CANCEL" } };
	struct words words = split(text);

	*ret_keyword = NULL;
	for (size_t i = 0; i < COUNT(at_front); i++) {
		if (is_at(&words, 0, at_front[i].word))
			*ret_keyword = at_front[i].keyword;
	}
	for (size_t i = 0; i < COUNT(alone); i++) {
		if (is_alone(&words, alone[i].word))
			*ret_keyword = alone[i].keyword;
	}
	if (is_at(&words, 0, "opt") && is_at(&words, 1, "out"))
		*ret_keyword = "OPT OUT";
	if (*ret_keyword != NULL)
		return INBOUND_INTENT_STOP;
	if (words.count != 1 || (!is_at(&words, 0, "help") && !is_at(&words, 0, "info")))
		return INBOUND_INTENT_OTHER;
	*ret_keyword = is_at(&words, 0, "help") ? "HELP" : "INFO";
	return INBOUND_INTENT_HELP;
}

enum inbound_intent inbound_intent_of_mail(struct str text, const char **ret_keyword)
{
	struct str line = STR("");

	while (text.size > 0 && line.size == 0)
		line = text_trim(str_cut(text, '\n', &text), TEXT_ANY);
	return inbound_intent_of(line, ret_keyword);
}
