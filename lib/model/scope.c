#include "model/scope.h"

#include <string.h>

#include "base/text.h"

const struct scope scope_all = { .all_creditors = true, .all_sources = true };
const struct scope scope_none = { .all_creditors = false };

bool scope_is_empty(const struct scope *scope)
{
	return !scope->all_creditors && !scope->all_sources && scope->creditors_count == 0 && scope->sources_count == 0;
}

static bool has_id(const struct uuid *ids, size_t count, const struct uuid *id)
{
	for (size_t i = 0; i < count; i++)
		if (uuid_equal(&ids[i], id))
			return true;
	return false;
}

bool scope_has_creditor(const struct scope *scope, const struct uuid *creditor_id)
{
	return scope->all_creditors || has_id(scope->creditors, scope->creditors_count, creditor_id);
}

bool scope_has_debt(const struct scope *scope, const struct uuid *creditor_id, const struct uuid *portfolio_id)
{
	return scope_has_creditor(scope, creditor_id) &&
	       (scope->portfolios_count == 0 || has_id(scope->portfolios, scope->portfolios_count, portfolio_id));
}

bool scope_has_source(const struct scope *scope, struct str source)
{
	for (size_t i = 0; i < scope->sources_count; i++)
		if (str_is(source, scope->sources[i]))
			return true;
	return scope->all_sources;
}

bool scope_add_creditor(struct scope *scope, struct str word)
{
	struct uuid id;

	if (scope->all_creditors)
		return false;
	if (str_is(word, "*")) {
		scope->all_creditors = scope->creditors_count == 0;
		return scope->all_creditors;
	}
	if (!uuid_parse(&id, word) || uuid_is_none(&id))
		return false;
	if (scope_has_creditor(scope, &id))
		return true;
	if (scope->creditors_count == SCOPE_CREDITORS_MAX || scope->portfolios_count > 0)
		return false;
	scope->creditors[scope->creditors_count++] = id;
	return true;
}

bool scope_add_portfolio(struct scope *scope, struct str word)
{
	struct uuid id;

	if (scope->creditors_count == 0 || !uuid_parse(&id, word) || uuid_is_none(&id))
		return false;
	if (has_id(scope->portfolios, scope->portfolios_count, &id))
		return true;
	if (scope->portfolios_count == SCOPE_PORTFOLIOS_MAX ||
	    (scope->portfolios_count + 1) * scope->creditors_count > SCOPE_PAIRS_MAX)
		return false;
	scope->portfolios[scope->portfolios_count++] = id;
	return true;
}

static bool is_source_name(struct str word)
{
	return word.size <= SCOPE_SOURCE_SIZE_MAX && str_is_text(word) && text_is_good(word, TEXT_WORD) &&
	       memchr(word.data, ',', word.size) == NULL;
}

bool scope_add_source(struct scope *scope, struct str word)
{
	if (scope->all_sources)
		return false;
	if (str_is(word, "*")) {
		scope->all_sources = scope->sources_count == 0;
		return scope->all_sources;
	}
	if (!is_source_name(word))
		return false;
	if (scope_has_source(scope, word))
		return true;
	if (scope->sources_count == SCOPE_SOURCES_MAX)
		return false;
	return str_to_chars(scope->sources[scope->sources_count++], SCOPE_SOURCE_SIZE_MAX + 1, word);
}

static void write_ids(struct buf *buf, const struct uuid *ids, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		char text[UUID_TEXT_SIZE + 1];

		uuid_format(text, &ids[i]);
		buf_add_format(buf, "%s%s", i > 0 ? "," : "", text);
	}
}

void scope_write(const struct scope *scope, struct buf *buf)
{
	if (scope->all_creditors)
		buf_add_u8(buf, '*');
	write_ids(buf, scope->creditors, scope->creditors_count);
	if (scope->portfolios_count > 0)
		buf_add_u8(buf, '/');
	write_ids(buf, scope->portfolios, scope->portfolios_count);
	buf_add_u8(buf, ';');
	if (scope->all_sources)
		buf_add_u8(buf, '*');
	for (size_t i = 0; i < scope->sources_count; i++)
		buf_add_format(buf, "%s%s", i > 0 ? "," : "", scope->sources[i]);
}

bool scope_read(struct scope *ret_scope, struct str text)
{
	struct scope scope = scope_none;
	struct str portfolios, sources;
	struct str creditors = str_cut(str_cut(text, ';', &sources), '/', &portfolios);

	while (creditors.size > 0)
		if (!scope_add_creditor(&scope, str_cut(creditors, ',', &creditors)))
			return false;
	while (portfolios.size > 0)
		if (!scope_add_portfolio(&scope, str_cut(portfolios, ',', &portfolios)))
			return false;
	while (sources.size > 0)
		if (!scope_add_source(&scope, str_cut(sources, ',', &sources)))
			return false;
	*ret_scope = scope;
	return true;
}

size_t scope_pairs(const struct scope *scope)
{
	return scope->portfolios_count == 0 ? scope->creditors_count : scope->creditors_count * scope->portfolios_count;
}

struct scope_pair scope_pair(const struct scope *scope, size_t index)
{
	size_t portfolios = scope->portfolios_count == 0 ? 1 : scope->portfolios_count;
	struct scope_pair pair = { .creditor_id = scope->creditors[index / portfolios] };

	if (scope->portfolios_count > 0)
		pair.portfolio_id = scope->portfolios[index % portfolios];
	return pair;
}

const struct scope *scope_keep(struct arena *arena, const struct scope *scope)
{
	struct scope *kept;

	if (scope->all_creditors && scope->all_sources)
		return &scope_all;
	if (scope_is_empty(scope))
		return &scope_none;
	kept = arena_take(arena, 1, sizeof(*kept));
	if (kept != NULL)
		*kept = *scope;
	return kept;
}
