/* POST /templates/preview: what a template would look like, and what its publication lacks. Nothing is kept. */

#include "producers/api/offer/template_preview.h"
#include "base/array.h"
#include "base/log.h"
#include "consumers/communications/preview.h"
#include "producers/api/api.h"
#include "producers/api/http/call.h"
#include "producers/api/http/faults.h"
#include "producers/api/reads/questions.h"
#include "schemas/communications.h"
#include "wire/json.h"

#define ARENA_SIZE      ((size_t)512 << 10)
#define ANSWER_SIZE_MAX ((size_t)512 << 10)
#define VALUES_MAX      32 /* as SendCommunication.parameters */

struct preview_body {
	struct str channel, language;
	bool has_subject;
	struct str subject;
	struct str body;
	bool has_message_class;
	struct str message_class;
	bool has_html;
	struct str html;
	const struct token *parameters;
	size_t parameters_count;
};

#define TEXT(owner, member, its_text, characters)                                                                                \
	{                                                                                                                        \
		.name = #member, .kind = FIELD_STRING, .offset = offsetof(struct owner, member), .text = (its_text),             \
		.size_max = (characters)*4, .characters_max = (characters)                                                       \
	}

static const struct field value_fields[] = { TEXT(token, name, TEXT_WORD, 64), TEXT(token, value, TEXT_PROSE, 500) };
static const struct record_type value_record = {
	.name = "value", .size = sizeof(struct token), .fields = value_fields, .fields_count = COUNT(value_fields)
};

static const struct field preview_fields[] = {
	TEXT(preview_body, channel, TEXT_WORD, 16),
	TEXT(preview_body, language, TEXT_WORD, LANGUAGE_MAX),
	{ .name = "message_class",
	  .kind = FIELD_STRING,
	  .nullable = true,
	  .offset = offsetof(struct preview_body, message_class),
	  .aux_offset = offsetof(struct preview_body, has_message_class),
	  .text = TEXT_WORD,
	  .size_max = 4 * MESSAGE_CLASS_MAX,
	  .characters_max = MESSAGE_CLASS_MAX },
	{ .name = "subject",
	  .kind = FIELD_STRING,
	  .nullable = true,
	  .offset = offsetof(struct preview_body, subject),
	  .aux_offset = offsetof(struct preview_body, has_subject),
	  .text = TEXT_PROSE,
	  .size_max = SUBJECT_MAX,
	  .characters_max = SUBJECT_MAX / 4 },
	TEXT(preview_body, body, TEXT_LINES, TEMPLATE_BODY_MAX / 4),
	{ .name = "html",
	  .kind = FIELD_STRING,
	  .nullable = true,
	  .offset = offsetof(struct preview_body, html),
	  .aux_offset = offsetof(struct preview_body, has_html),
	  .text = TEXT_LINES,
	  .size_max = TEMPLATE_HTML_MAX,
	  .characters_max = TEMPLATE_HTML_MAX / 4 },
	{ .name = "parameters",
	  .kind = FIELD_RECORD,
	  .array = true,
	  .record = &value_record,
	  .offset = offsetof(struct preview_body, parameters),
	  .aux_offset = offsetof(struct preview_body, parameters_count),
	  .items_max = VALUES_MAX },
};
static const struct record_type preview_record = {
	.name = "preview", .size = sizeof(struct preview_body), .fields = preview_fields, .fields_count = COUNT(preview_fields)
};

static bool read_draft(struct call *call, struct arena *arena, struct preview_body *body, struct template_draft *ret_draft)
{
	struct json_faults faults = { 0 };
	struct json_reading reading = { .style = JSON_REST };
	struct json json;

	if (json_parse(call_body(call), &json, &faults) &&
	    json_read_record(json, &preview_record, &reading, arena, body, &faults)) {
		*ret_draft = (struct template_draft){ .channel = channel_by_name(body->channel),
						      .message_class = message_class_by_name(body->message_class),
						      .language = body->language,
						      .subject = body->subject,
						      .body = body->body,
						      .html = body->has_html ? body->html : STR("") };
		if (body->has_message_class && ret_draft->message_class == MESSAGE_CLASS_NONE)
			json_fault_add(&faults, "/messageClass", "bad_value", "not one of " MESSAGE_CLASS_LISTED);
		if (ret_draft->channel == CHANNEL_NONE)
			json_fault_add(&faults, "/channel", "bad_value", "not one of " CHANNEL_LISTED);
		if (!language_tag_is_valid(body->language))
			json_fault_add(&faults, "/language", "bad_value", "not a language tag (BCP 47)");
	}
	if (faults.count > 0)
		faults_refuse(call, &faults, false);
	return faults.count == 0;
}

/* ---- the answer ---- */

static void add_tokens(struct buf *buf, const struct preview *preview)
{
	static const char *const sources[] = {
		[PREVIEW_GIVEN] = "given", [PREVIEW_SAMPLE] = "sample", [PREVIEW_MISSING] = "missing"
	};

	buf_add_text(buf, ",\"tokens\":[");
	for (size_t i = 0; i < preview->tokens_count; i++) {
		const struct preview_token *token = &preview->tokens[i];

		buf_add_text(buf, i > 0 ? ",{\"name\":" : "{\"name\":");
		json_write_string(buf, token->token.name);
		buf_add_format(buf, ",\"source\":\"%s\"", sources[token->source]);
		if (token->source != PREVIEW_MISSING) {
			buf_add_text(buf, ",\"value\":");
			json_write_string(buf, token->token.value);
		}
		buf_add_text(buf, "}");
	}
	buf_add_text(buf, "]");
}

static void add_problem(struct buf *buf, const char *field, enum refusal code, const char *detail, size_t line, bool *is_first)
{
	buf_add_format(buf, "%s{\"pointer\":\"/%s\",\"code\":\"%s\",\"detail\":", *is_first ? "" : ",", field,
		       refusal_code(code));
	json_write_string(buf, str_of(detail));
	if (line > 0)
		buf_add_format(buf, ",\"line\":%zu", line);
	buf_add_text(buf, "}");
	*is_first = false;
}

static void add_problems(struct buf *buf, const struct template_draft *draft, const struct preview *preview)
{
	struct template_text_fault fault;
	bool is_first = true;
	size_t at = 0;

	buf_add_text(buf, ",\"problems\":[");
	while (template_next_fault(draft, &at, &fault))
		add_problem(buf, fault.field, fault.code, fault.text, fault.line, &is_first);
	if (preview->is_too_long)
		add_problem(buf, "body", REFUSAL_LIMIT_EXCEEDED, "the message would be too long, or has too many tokens", 0,
			    &is_first);
	if (preview->bad_link.size > 0)
		add_problem(buf, "html", REFUSAL_BAD_VALUE,
			    "a token is the whole of an href, and its value is no http, https or mailto URL", 0, &is_first);
	buf_add_text(buf, "]}\n");
}

static void write_preview(struct buf *buf, const struct template_draft *draft, const struct preview *preview)
{
	buf_add_text(buf, "{");
	if (draft->channel == CHANNEL_EMAIL) {
		buf_add_text(buf, "\"subject\":");
		json_write_string(buf, preview->subject);
		buf_add_text(buf, ",");
	}
	buf_add_text(buf, "\"body\":");
	json_write_string(buf, preview->body);
	if (preview->html.size > 0) {
		buf_add_text(buf, ",\"html\":");
		json_write_string(buf, preview->html);
	}
	if (draft->channel == CHANNEL_SMS)
		buf_add_format(buf, ",\"sms\":{\"alphabet\":\"%s\",\"units\":%u,\"segments\":%u,\"unitsLeft\":%u}",
			       preview->sms.is_ucs2 ? "ucs2" : "gsm7", preview->sms.units, preview->sms.segments,
			       preview->sms.left);
	add_tokens(buf, preview);
	add_problems(buf, draft, preview);
}

static void answer_preview(struct call *call, const struct collection *collection, struct arena *arena)
{
	struct preview_body body = { 0 };
	struct template_draft draft = { 0 };
	struct preview preview;
	struct buf buf;

	if (!read_draft(call, arena, &body, &draft))
		return;
	draft.collection = collection;
	buf_init(&buf, ANSWER_SIZE_MAX);
	if (preview_make(&draft, body.parameters, body.parameters_count, arena, &preview))
		write_preview(&buf, &draft, &preview);
	if (buf.size > 0 && !buf.overflow)
		call_answer(call, 200, CALL_JSON, buf_str(&buf));
	else
		call_refuse(call, 413, "too_large", "the preview would be too large");
	buf_release(&buf);
}

/* ---- for whom the stack collects ---- */

/* The row that PublishTemplate is decided with. It is asked for each time: `dcs migrate` changes it while the gateway runs. */
static const struct question_shape collection_shape = {
	.statement = { .name = "api_collection",
		       .sql = "SELECT q.n, coalesce(s.collector, ''), coalesce(s.jurisdiction, '') FROM unnest($1::bigint[]) "
			      "WITH ORDINALITY AS q (nothing, n) CROSS JOIN engine.stack s ORDER BY q.n" },
	.kinds = { DB_ARRAY_INT64 },
	.args_count = 1,
};

static bool read_collection(const struct answer *answer, struct collection *ret_collection)
{
	*ret_collection = (struct collection){ .collector = COLLECTOR_NONE };
	if (answer->count == 0)
		return true;
	ret_collection->collector = collector_by_name(db_str(answer->result, answer->first, 1));
	return str_to_chars(ret_collection->jurisdiction, sizeof(ret_collection->jurisdiction),
			    db_str(answer->result, answer->first, 2));
}

static void preview_for(struct call *call, const struct collection *collection)
{
	struct arena arena = { 0 };
	struct err err = ERR_INIT;

	if (arena_init(&arena, ARENA_SIZE, &err) == 0)
		answer_preview(call, collection, &arena);
	else
		call_refuse(call, 503, "unavailable", "there is no memory for a preview");
	arena_release(&arena);
}

static void collection_is_known(const void *notes, const struct answer *answer, const struct err *failure)
{
	struct call *call = *(struct call *const *)notes;
	struct collection collection;

	if (answer != NULL && read_collection(answer, &collection)) {
		preview_for(call, &collection);
		return;
	}
	log_warn("for whom debts are collected could not be read: %s", answer == NULL ? failure->text : "no country");
	call_refuse(call, 503, "unavailable", "the database is away");
}

void preview_template(struct api *api, struct call *call)
{
	if (questions_ask(api->questions, &collection_shape, collection_is_known, &call, sizeof(call)) == NULL)
		call_refuse(call, 503, "unavailable", "the database is away");
}
