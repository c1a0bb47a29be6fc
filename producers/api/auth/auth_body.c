#include "producers/api/auth/auth_body.h"

#include <stddef.h>

#include "base/array.h"
#include "crypto/crypto.h"
#include "producers/api/http/faults.h"

/* A password is taken byte by byte, without normalisation. */
#define TEXT(body, member, bytes, characters)                                                                                    \
	{                                                                                                                        \
		.name = #member, .kind = FIELD_STRING, .offset = offsetof(struct body, member), .size_max = (bytes),             \
		.characters_max = (characters)                                                                                   \
	}
#define RECORD(body, list)                                                                                                       \
	{                                                                                                                        \
		.name = #body, .size = sizeof(struct body), .fields = (list), .fields_count = COUNT(list)                        \
	}

#define TOKEN_TEXT_MAX 256 /* of a refresh token: a longer one is not ours, but a valid text */

static const struct field credentials_fields[] = {
	{ .name = "login",
	  .kind = FIELD_STRING,
	  .offset = offsetof(struct credentials_body, login),
	  .text = TEXT_WORD, /* as in RegisterUser */
	  .size_max = LOGIN_MAX,
	  .characters_max = LOGIN_MAX },
	TEXT(credentials_body, password, PASSWORD_MAX, PASSWORD_LETTERS_MAX),
};
static const struct field refresh_fields[] = { TEXT(refresh_body, refresh_token, 4 * TOKEN_TEXT_MAX, TOKEN_TEXT_MAX) };
static const struct field new_password_fields[] = { TEXT(new_password_body, password, PASSWORD_MAX, PASSWORD_LETTERS_MAX),
						    TEXT(new_password_body, new_password, PASSWORD_MAX, PASSWORD_LETTERS_MAX) };

static const struct field invitation_fields[] = { TEXT(invitation_body, invitation, 4 * TOKEN_TEXT_MAX, TOKEN_TEXT_MAX),
						  TEXT(invitation_body, password, PASSWORD_MAX, PASSWORD_LETTERS_MAX) };

const struct record_type invitation_record = RECORD(invitation_body, invitation_fields);
const struct record_type credentials_record = RECORD(credentials_body, credentials_fields);
const struct record_type refresh_record = RECORD(refresh_body, refresh_fields);
const struct record_type new_password_record = RECORD(new_password_body, new_password_fields);

#define FAULTS_MAX 8

bool auth_read_body(struct call *call, const struct record_type *record, struct arena *arena, void *body)
{
	struct json_faults faults = { .max = FAULTS_MAX };
	struct json_reading reading = { .style = JSON_REST };
	struct json json;
	bool is_good =
		json_parse(call_body(call), &json, &faults) && json_read_record(json, record, &reading, arena, body, &faults);

	if (!is_good)
		faults_refuse(call, &faults, false);
	return is_good;
}

void login_fold(char *login)
{
	for (; *login != '\0'; login++)
		*login = ascii_lower(*login);
}

/* ---- rules for passwords ---- */

static size_t count_letters(struct str text)
{
	size_t letters = 0;

	for (size_t i = 0; i < text.size; i++)
		letters += ((unsigned char)text.data[i] & 0xC0) != 0x80; /* not a continuation byte */
	return letters;
}

static bool is_one_letter(struct str text)
{
	for (size_t i = 1; i < text.size; i++)
		if (text.data[i] != text.data[0])
			return false;
	return true;
}

static bool holds_login(struct str password, struct str login)
{
	char folded[PASSWORD_MAX + 1];
	bool holds;

	MUST(str_to_chars(folded, sizeof(folded), password));
	login_fold(folded);
	holds = str_equal((struct str){ .data = folded, .size = password.size }, login);
	wipe(folded, sizeof(folded));
	return holds;
}

const char *password_fault(struct str password, struct str login)
{
	if (count_letters(password) < PASSWORD_LETTERS_MIN)
		return "has fewer than 12 characters";
	if (is_one_letter(password))
		return "is one character again and again";
	if (holds_login(password, login))
		return "is the login";
	return NULL;
}
