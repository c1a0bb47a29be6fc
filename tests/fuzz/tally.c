#include "tests/fuzz/tally.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/must.h"

#define COMMANDS_MAX 128

struct tally {
	const struct message_type *type;
	long applied, waits, refused[REFUSAL_COUNT];
};
static struct tally tallies[COMMANDS_MAX];

/* In the order in which they are checked: schemas/README.md. */
static const char *const dead_codes[] = { "no_value",   "too_large", "no_frame",      "unknown_schema", "missing_header",
					  "bad_header", "bad_bytes", "wrong_type",    "bad_key",        "wrong_partition",
					  "no_token",   "bad_token", "expired_token", "not_authorised" };
#define DEAD_CODES (COUNT(dead_codes))
static long dead[DEAD_CODES];

static struct tally *tally_of(const struct message_type *type)
{
	size_t i = 0;

	while (tallies[i].type != type) {
		MUST(tallies[i].type != NULL);
		i++;
	}
	return &tallies[i];
}

void tally_applied(const struct message_type *type)
{
	tally_of(type)->applied++;
}

void tally_waits(const struct message_type *type)
{
	tally_of(type)->waits++;
}

void tally_refused(const struct message_type *type, const char *code)
{
	int refusal = REFUSAL_NONE;

	while (strcmp(refusal_code((enum refusal)refusal), code) != 0)
		refusal++;
	tally_of(type)->refused[refusal]++;
}

void tally_dead(const char *code)
{
	size_t i = 0;

	while (strcmp(dead_codes[i], code) != 0) {
		i++;
		MUST(i < DEAD_CODES);
	}
	dead[i]++;
}

static void write_tally(FILE *file, const struct tally *tally)
{
	const char *name = tally->type->record.name;

	fprintf(file, "%s applied %ld\n", name, tally->applied);
	if (tally->waits > 0)
		fprintf(file, "%s waits %ld\n", name, tally->waits);
	for (int refusal = 1; refusal < REFUSAL_COUNT; refusal++)
		if (tally->refused[refusal] > 0 || (tally->type->refusals >> refusal & 1) != 0)
			fprintf(file, "%s %s %ld\n", name, refusal_code((enum refusal)refusal), tally->refused[refusal]);
}

static void write_tallies(void)
{
	FILE *file = fopen(getenv("FUZZ_TALLY"), "w");

	if (file == NULL)
		return;
	for (size_t i = 0; tallies[i].type != NULL; i++)
		write_tally(file, &tallies[i]);
	for (size_t i = 0; i < DEAD_CODES; i++)
		fprintf(file, "dead %s %ld\n", dead_codes[i], dead[i]);
	fclose(file);
}

void tally_begin(void)
{
	size_t count = 0;

	for (const struct message_type *const *type = message_types; *type != NULL; type++) {
		if ((*type)->kind == MESSAGE_COMMAND && (*type)->key_field != NULL) {
			MUST(count < COMMANDS_MAX - 1);
			tallies[count++].type = *type;
		}
	}
	if (getenv("FUZZ_TALLY") != NULL)
		atexit(write_tallies);
}
