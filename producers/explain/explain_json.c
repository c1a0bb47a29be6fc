#include "producers/explain/explain_json.h"

#include "base/day.h"
#include "base/log.h"
#include "producers/explain/sentences.h"
#include "wire/json.h"

#define SENTENCE_SIZE_MAX 16384

/* ---- what happened ---- */

static void tell_event(const struct explain_event *event, struct str framed, struct arena *arena, struct buf *sentence,
		       explain_happened *tell, void *tell_arg)
{
	const struct message_type *type;
	const void *body;
	struct err err = ERR_INIT;

	arena_reset(arena);
	if (coder_decode(framed, arena, &type, &body, &err) != 0) {
		log_warn("an event of the log cannot be explained: %s", err.text);
		return;
	}
	buf_reset(sentence);
	if (sentence_write(sentence, type, body))
		tell(tell_arg, event, type->record.name, buf_str(sentence));
}

void explain_tell_events(const struct explain_events *events, struct arena *arena, explain_happened *tell, void *tell_arg)
{
	struct buf sentence;

	buf_init(&sentence, SENTENCE_SIZE_MAX);
	for (size_t index = events->count; index > 0; index--) {
		const struct explain_event *event = &events->items[index - 1];
		const struct str framed = { .data = (const char *)events->bodies.data + event->body_at,
					    .size = event->body_size };

		tell_event(event, framed, arena, &sentence, tell, tell_arg);
	}
	buf_release(&sentence);
}

static void add_id(struct buf *buf, const char *name, const struct uuid *id)
{
	char text[UUID_TEXT_SIZE + 1];

	if (id == NULL) {
		buf_add_format(buf, "\"%s\":null,", name);
		return;
	}
	uuid_format(text, id);
	buf_add_format(buf, "\"%s\":\"%s\",", name, text);
}

/* What stands between two items of an array. */
static void separate(struct buf *buf)
{
	if (buf->size > 0 && buf->data[buf->size - 1] != '[')
		buf_add_u8(buf, ',');
}

static void write_event(void *buf_arg, const struct explain_event *event, const char *type, struct str sentence)
{
	struct buf *buf = buf_arg;
	char at[32];

	instant_format(at, event->at_ms);
	separate(buf);
	buf_add_format(buf, "{\"at\":\"%s\",\"module\":\"%s\",\"event\":\"%s\",", at, event->module, type);
	add_id(buf, "eventId", &event->event_id);
	add_id(buf, "subjectId", &event->subject_id);
	buf_add_text(buf, "\"sentence\":");
	json_write_string(buf, sentence);
	buf_add_u8(buf, '}');
}

void explain_json_events(struct buf *buf, const struct explain_events *events, struct arena *arena)
{
	buf_add_u8(buf, '[');
	explain_tell_events(events, arena, write_event, buf);
	buf_add_u8(buf, ']');
}

/* ---- what comes next ---- */

static void add_text(struct buf *buf, const char *name, struct str text)
{
	buf_add_format(buf, "\"%s\":", name);
	if (text.size == 0)
		buf_add_text(buf, "null");
	else
		json_write_string(buf, text);
	buf_add_u8(buf, ',');
}

static void write_reason(struct buf *buf, const struct explain_reason *reason)
{
	struct str rules = reason->rules;

	separate(buf);
	buf_add_u8(buf, '{');
	add_text(buf, "sentence", reason->sentence);
	buf_add_text(buf, "\"rules\":[");
	while (rules.size > 0) {
		separate(buf);
		json_write_string(buf, str_cut(rules, ' ', &rules));
	}
	buf_add_text(buf, "]}");
}

static void write_next(void *buf_arg, const struct explain_next *next)
{
	struct buf *buf = buf_arg;

	separate(buf);
	buf_add_format(buf, "{\"kind\":\"%s\",", next->kind);
	add_id(buf, "id", next->id);
	add_id(buf, "creditorId", next->creditor_id);
	add_text(buf, "currency", str_of(next->currency));
	add_text(buf, "when", next->when);
	add_text(buf, "sentence", next->sentence);
	buf_add_text(buf, "\"reasons\":[");
	for (size_t index = 0; index < next->reasons_count; index++)
		write_reason(buf, &next->reasons[index]);
	buf_add_text(buf, "]}");
}

void explain_json_next(struct buf *buf, const struct explanation *explanation)
{
	buf_add_u8(buf, '[');
	explain_tell(explanation, write_next, buf);
	buf_add_u8(buf, ']');
}
