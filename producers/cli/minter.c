#include "minter.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/day.h"
#include "model/command.h"
#include "natural_id.h"

#define ASK_TIME_MS  2000
#define EARLY_MAX_MS 10000 /* how far the time may go back without a new token: less than the verifiers' leeway */

int roles_parse(const char *words, uint32_t *ret_roles, struct err *err)
{
	struct str rest = str_of(words);
	uint32_t roles = 0;

	while (rest.size > 0) {
		struct str word = str_trim(str_cut(rest, ',', &rest), " \r\n");
		uint32_t role = role_by_name(word);

		if (role == 0)
			return err_set(err, ERR_FATAL, "there is no role \"%.*s\"", (int)(word.size < 40 ? word.size : 40),
				       word.data);
		roles |= role;
	}
	if (roles == 0)
		return err_set(err, ERR_FATAL, "no role given (--role creditor, say)");
	*ret_roles = roles;
	return 0;
}

/* A code denotes the id that `dcs import` derives from it. */
static bool add_creditor(struct scope *scope, struct str word)
{
	struct uuid id = creditor_id_of(word);
	char text[UUID_TEXT_SIZE + 1];

	if (word.size == 0 || str_is(word, "*"))
		return scope_add_creditor(scope, word);
	uuid_format(text, &id);
	return scope_add_creditor(scope, str_of(text));
}

static bool add_portfolio(struct scope *scope, struct str word)
{
	struct uuid id = portfolio_id_of(word);
	char text[UUID_TEXT_SIZE + 1];

	uuid_format(text, &id);
	return word.size > 0 && !str_is(word, "*") && scope_add_portfolio(scope, str_of(text));
}

static int add_words(struct scope *scope, bool (*add)(struct scope *scope, struct str word), const char *words, const char *flag,
		     struct err *err)
{
	struct str rest = str_of(words);

	while (rest.size > 0) {
		struct str word = str_trim(str_cut(rest, ',', &rest), " \r\n");

		if (!add(scope, word))
			return err_set(err, ERR_FATAL, "--%s: \"%.*s\" is none, or one too many", flag,
				       (int)(word.size < 40 ? word.size : 40), word.data);
	}
	return 0;
}

int scope_of_words(const struct scope_words *words, struct scope *ret_scope, struct err *err)
{
	struct scope scope = scope_none;

	if (add_words(&scope, add_creditor, words->creditors, "creditor", err) != 0)
		return -1;
	if (words->portfolios[0] != '\0' && scope.creditors_count == 0)
		return err_set(err, ERR_FATAL, "--portfolio: --creditor says whose they are");
	if (add_words(&scope, add_portfolio, words->portfolios, "portfolio", err) != 0 ||
	    add_words(&scope, scope_add_source, words->sources, "source", err) != 0)
		return -1;
	*ret_scope = scope;
	return 0;
}

/* An absent flag means all, and the text says so. */
static const char *or_all(const char *words, const char *what, const char *flag)
{
	if (words[0] != '\0')
		return words;
	fprintf(stderr, "the token is for all %s; --%s binds it\n", what, flag);
	return "*";
}

int scope_parse(const struct scope_words *words, struct scope *ret_scope, struct err *err)
{
	const struct scope_words full = { .creditors = or_all(words->creditors, "creditors", "creditor"),
					  .portfolios = words->portfolios,
					  .sources = or_all(words->sources, "payment sources", "source") };

	return scope_of_words(&full, ret_scope, err);
}

int minter_open(struct minter *minter, const char *keys_dir, const char *issuer, const char *audience,
		const struct mandate *mandate, int64_t minutes, struct err *err)
{
	*minter = (struct minter){ .keys = NULL };
	if (keys_dir[0] == '\0')
		return err_set(err, ERR_FATAL, "no folder of token keys given (DCS_KEYS_DIR)");
	if (!str_to_chars(minter->claims.subject, sizeof(minter->claims.subject), str_of(mandate->subject)) ||
	    mandate->subject[0] == '\0')
		return err_set(err, ERR_FATAL, "the subject has 1 to %d characters", TOKEN_SUBJECT_MAX);
	if (roles_parse(mandate->roles, &minter->claims.roles, err) != 0)
		return -1;
	minter->claims.scope = mandate->scope;
	minter->claims.expires_at_ms = minutes * 60000; /* a duration until it is signed */
	return token_keys_load(keys_dir, issuer, audience, &minter->keys, err);
}

int minter_open_file(struct minter *minter, const char *path, struct err *err)
{
	FILE *file = fopen(path, "r");
	struct str token;
	size_t size = 0;

	*minter = (struct minter){ .keys = NULL };
	if (file == NULL)
		return err_set(err, ERR_FATAL, "cannot read the token file: %s", strerror(errno));
	size = fread(minter->token, 1, sizeof(minter->token) - 1, file);
	fclose(file);
	token = str_trim((struct str){ .data = minter->token, .size = size }, " \r\n");
	if (token.size == 0)
		return err_set(err, ERR_FATAL, "the token file is empty");
	memmove(minter->token, token.data, token.size);
	minter->token[token.size] = '\0';
	return 0;
}

void minter_close(struct minter *minter)
{
	token_keys_free(minter->keys);
	minter->keys = NULL;
}

int minter_token(struct minter *minter, int64_t now_ms, struct str *ret_token, struct err *err)
{
	struct token_claims *claims = &minter->claims;
	int64_t life_ms = claims->expires_at_ms - claims->issued_at_ms;

	/* A token issued in the future: the time that it was signed with was wrong. */
	if (minter->keys != NULL && (minter->token[0] == '\0' || now_ms > claims->issued_at_ms + life_ms / 2 ||
				     now_ms < claims->issued_at_ms - EARLY_MAX_MS)) {
		claims->issued_at_ms = now_ms;
		claims->expires_at_ms = now_ms + life_ms;
		if (token_sign(minter->keys, claims, minter->token, sizeof(minter->token), err) != 0)
			return -1;
	}
	*ret_token = str_of(minter->token);
	return 0;
}

void minter_ask_time(struct bus_producer *producer)
{
	struct err failure = ERR_INIT;

	if (bus_producer_ask_time(producer, ASK_TIME_MS, &failure) != 0)
		fprintf(stderr, "this host's clock counts, and not the broker's: %s\n", failure.text);
}
