#include "natural_id.h"

#include <stdio.h>
#include <string.h>

#include "base/must.h"
#include "base/text.h"
#include "crypto/crypto.h"

#define PARTS_MAX     4
#define ROOM          8192
#define ROW_EPOCH_MS  1577836800000LL /* 2020-01-01T00:00:00Z */
#define PART_SIZE_MAX 2000

/* The hash of the family's name and the parts, each preceded by its size: ("a", "bc") and ("ab", "c") differ. */
static struct uuid id_of(const char *family, const struct str *parts, size_t count)
{
	unsigned char room[ROOM];
	struct str text = { .data = (const char *)room, .size = strlen(family) };

	MUST(count <= PARTS_MAX);
	memcpy(room, family, text.size);
	for (size_t i = 0; i < count; i++) {
		/* Longer than any field may be: the command will be refused anyway, so any id will do. */
		size_t size = parts[i].size < PART_SIZE_MAX ? parts[i].size : PART_SIZE_MAX;

		room[text.size] = (unsigned char)(size >> 8);
		room[text.size + 1] = (unsigned char)size;
		if (size > 0)
			memcpy(room + text.size + 2, parts[i].data, size);
		text.size += 2 + size;
	}
	return uuid_of_text(text);
}

static struct str bytes_of(const struct uuid *id)
{
	return (struct str){ .data = (const char *)id->bytes, .size = sizeof(id->bytes) };
}

/* The normal form, as at every other entrance: references that look the same are the same. */
static struct str normal(struct str reference)
{
	return text_trim(reference, TEXT_WORD);
}

struct uuid customer_id_of(struct str customer_ref)
{
	customer_ref = normal(customer_ref);
	return id_of("customer", &customer_ref, 1);
}

struct uuid creditor_id_of(struct str creditor)
{
	struct uuid id;

	creditor = normal(creditor);
	return uuid_parse(&id, creditor) ? id : id_of("creditor", &creditor, 1);
}

struct uuid portfolio_id_of(struct str portfolio)
{
	struct uuid id;

	portfolio = normal(portfolio);
	return uuid_parse(&id, portfolio) ? id : id_of("portfolio", &portfolio, 1);
}

struct uuid debt_id_of(const struct uuid *creditor_id, struct str external_ref)
{
	return id_of("debt", (const struct str[]){ bytes_of(creditor_id), normal(external_ref) }, 2);
}

struct uuid payment_id_of(struct str source, struct str external_ref)
{
	return id_of("payment", (const struct str[]){ normal(source), normal(external_ref) }, 2);
}

struct uuid contact_point_id_of(const struct uuid *customer_id, struct str channel, struct str address)
{
	return id_of("contact point", (const struct str[]){ bytes_of(customer_id), channel, normal(address) }, 3);
}

struct uuid template_id_of(struct str name, struct str channel, struct str language)
{
	return id_of("template", (const struct str[]){ name, channel, language }, 3);
}

struct uuid consent_id_of(const struct uuid *customer_id, struct str channel, struct str occasion)
{
	return id_of("consent", (const struct str[]){ bytes_of(customer_id), channel, occasion }, 3);
}

struct uuid communication_id_of(const struct uuid *customer_id, int64_t number)
{
	char text[24];

	snprintf(text, sizeof(text), "%lld", (long long)number);
	return id_of("communication", (const struct str[]){ bytes_of(customer_id), str_of(text) }, 2);
}

struct uuid row_command_id_of(struct str type_name, struct str content)
{
	uint8_t digest[DIGEST_SIZE];
	struct uuid id;

	digest_of(digest, content);
	id = id_of("row", (const struct str[]){ type_name, { .data = (const char *)digest, .size = sizeof(digest) } }, 2);
	for (int i = 0; i < 6; i++)
		id.bytes[i] = (uint8_t)(ROW_EPOCH_MS >> (8 * (5 - i)));
	return uuid_derive(&id, "row", 0);
}
