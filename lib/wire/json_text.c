/* A text as a whole: parsed, read as a message, and what is wrong with it. */

#include <stdio.h>
#include <string.h>

#include "wire/json.h"
#include "wire/json_scan.h"

#define KEY_MAX 64

void json_fault_add(struct json_faults *faults, const char *pointer, const char *code, const char *detail)
{
	struct json_fault *fault = &faults->items[faults->count];

	if (faults->count == (faults->max > 0 ? faults->max : JSON_FAULTS_MAX))
		return;
	faults->count++;
	fault->code = code;
	(void)snprintf(fault->pointer, sizeof(fault->pointer), "%s", pointer);
	(void)snprintf(fault->detail, sizeof(fault->detail), "%s", detail);
}

bool json_parse(struct str text, struct json *ret_json, struct json_faults *faults)
{
	struct json_wrong wrong;
	char detail[64];

	if (json_check(text, ret_json, &wrong))
		return true;
	(void)snprintf(detail, sizeof(detail), "%s byte %zu", wrong.what, wrong.at);
	json_fault_add(faults, "", "bad_json", detail);
	return false;
}

bool json_is_word(struct json json, const char *word)
{
	char room[KEY_MAX];
	struct str text;

	return json_kind(json) == JSON_STRING && json_text(json, room, sizeof(room), &text) && str_is(text, word);
}

bool json_member(struct json object, const char *name, struct json *ret_member)
{
	struct json_walk walk;
	struct json key, value;
	char room[KEY_MAX];
	struct str text;

	if (json_kind(object) != JSON_OBJECT)
		return false;
	walk = json_walk(object);
	while (json_next_member(&walk, &key, &value)) {
		if (!json_text(key, room, sizeof(room), &text) || !str_is(text, name))
			continue;
		*ret_member = value;
		return true;
	}
	return false;
}

static int refuse_first(const struct json_faults *faults, struct err *err)
{
	const struct json_fault *fault = &faults->items[0];

	MUST(faults->count > 0);
	if (fault->pointer[0] == '\0')
		return err_set(err, ERR_POISON, "%s", fault->detail);
	return err_set(err, ERR_POISON, "%s: %s", fault->pointer, fault->detail);
}

int json_read_message(struct str text, const struct message_type *type, struct arena *arena, const void **ret_body,
		      struct err *err)
{
	struct json_reading reading = { .style = JSON_SCHEMA };
	size_t mark = arena_mark(arena);
	struct json_faults faults;
	struct json json;
	void *body;

	faults.count = 0;
	faults.max = 1;
	if (!json_parse(text, &json, &faults))
		return refuse_first(&faults, err);
	body = arena_take(arena, 1, type->record.size);
	if (body == NULL)
		json_fault_add(&faults, "", "too_large", "does not fit into the arena");
	else if (json_read_record(json, &type->record, &reading, arena, body, &faults)) {
		*ret_body = body;
		return 0;
	}
	arena_rewind(arena, mark);
	return refuse_first(&faults, err);
}
