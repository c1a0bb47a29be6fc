#include "producers/api/offer/contactability.h"

#include <stdlib.h>

#include "base/array.h"
#include "base/day.h"
#include "bus/bus.h"
#include "consumers/communications/contactability.h"
#include "consumers/communications/store.h"
#include "crypto/crypto.h"
#include "producers/api/api.h"
#include "producers/api/http/call.h"
#include "producers/api/http/faults.h"
#include "producers/api/offer/long_read.h"
#include "producers/api/reads/questions.h"

#define ASKED_MAX       64
#define ARENA_SIZE      ((size_t)256 << 10)
#define STATES_MAX      16
#define ANSWER_SIZE_MAX ((size_t)64 << 10)
#define AT_EARLIER_MS   60000LL /* the caller's clock may be slow */
#define AT_LATER_MS     (366 * DAY_MS)

struct asking {
	struct long_read read; /* the first member */
	struct contactability *owner;
	struct contact_question question;
	bool is_known;
	struct contact_answer answer;
};

struct contactability {
	struct communications_store store; /* of the thread, as the arena */
	struct arena arena;
	struct long_reads *reads;
};

/* ---- in the thread ---- */

static int read_business_date(struct pool_seat *seat, int32_t *ret_date, struct err *err)
{
	static const struct db_statement newest = { "contactability_business_date",
						    "SELECT max(business_date) FROM communications.partition_head" };
	struct db_result result = { .pg = NULL };

	if (db_run(seat->db, &newest, NULL, &result, err) != 0)
		return -1;
	*ret_date = db_is_null(&result, 0, 0) ? INT32_MIN : db_date(&result, 0, 0);
	db_result_release(&result);
	return 0;
}

static int ask(struct asking *asking, struct pool_seat *seat, struct err *err)
{
	struct contactability *owner = asking->owner;
	struct workset set;

	if (read_business_date(seat, &asking->question.business_date, err) != 0)
		return -1;
	if (!workset_init(&set, &owner->arena, STATES_MAX) || !contactability_touch(&asking->question, &set))
		return err_set(err, ERR_FATAL, "the states of a person do not fit");
	if (communications_load(&owner->store, seat->db, set.missing, set.missing_count, err) != 0)
		return -1;
	asking->is_known = contactability_ask(&asking->question, &set, &asking->answer);
	return 0;
}

/* Name and addresses, which are loaded too, do not stay in memory. */
static int read_facts(struct long_read *read, struct pool_seat *seat, struct err *err)
{
	struct asking *asking = (struct asking *)read;
	struct arena *arena = &asking->owner->arena;
	int result = ask(asking, seat, err);

	wipe(arena->block, arena->used);
	arena_reset(arena);
	return result;
}

/* ---- the answer ---- */

/* A rule in each profile that it bound in. */
static void add_reasons(struct buf *buf, const struct contact_answer *answer)
{
	const struct guard_verdict *verdict = &answer->verdict;
	const char *separator = "";

	for (size_t rule = 0; rule < verdict->rules_count; rule++) {
		for (size_t index = 0; index < answer->asked_count; index++) {
			if ((verdict->profiles[rule] >> index & 1) == 0)
				continue;
			buf_add_format(buf, "%s{\"rule\":\"%s\",\"profile\":\"%s\",\"version\":%d}", separator,
				       verdict->rules[rule], answer->asked[index].id, (int)answer->asked[index].version);
			separator = ",";
		}
	}
}

static void add_instant(struct buf *buf, bool is_there, int64_t instant_ms)
{
	char text[32];

	instant_format(text, instant_ms);
	buf_add_format(buf, is_there ? "\"%s\"" : "null", text);
}

static void write_answer(struct buf *buf, const struct asking *asking)
{
	const struct contact_question *question = &asking->question;
	const struct contact_answer *answer = &asking->answer;
	const struct guard_verdict *verdict = &answer->verdict;
	char id[UUID_TEXT_SIZE + 1];

	uuid_format(id, &question->customer_id);
	buf_add_format(buf, "{\"customerId\":\"%s\",\"channel\":\"%s\",\"messageClass\":\"%s\",\"at\":", id,
		       channel_name(question->channel), message_class_name(question->message_class));
	add_instant(buf, true, question->at_ms);
	buf_add_format(buf, ",\"verdict\":\"%s\",\"until\":",
		       compliance_verdict_name(answer->refusal != NULL ? VERDICT_DENY : verdict->verdict));
	add_instant(buf, answer->refusal == NULL && verdict->verdict == VERDICT_DEFER, verdict->until_ms);
	buf_add_text(buf, ",\"reasons\":[");
	if (answer->refusal != NULL)
		buf_add_format(buf, "{\"rule\":\"%s\",\"profile\":null,\"version\":null}", answer->refusal);
	else
		add_reasons(buf, answer);
	buf_add_text(buf, "]}");
}

static void answer(struct long_read *read)
{
	const struct asking *asking = (const struct asking *)read;
	struct buf buf;

	if (!asking->is_known) {
		call_refuse(read->call, 404, "not_found", "there is no such customer");
		return;
	}
	buf_init(&buf, ANSWER_SIZE_MAX);
	write_answer(&buf, asking);
	MUST(!buf.overflow);
	call_answer(read->call, 200, CALL_JSON, buf_str(&buf));
	buf_release(&buf);
}

/* ---- the request ---- */

struct arguments {
	struct contact_question question;
	unsigned seen;      /* bits by place in `argument_names` */
	struct fault fault; /* the first; without a code: none */
	int64_t now_ms;
};

static const char *const argument_names[] = { "channel", "messageClass", "at" };
enum { ARGUMENT_CHANNEL, ARGUMENT_MESSAGE_CLASS, ARGUMENT_AT };

static void take_channel(struct arguments *arguments, struct str name, struct str value)
{
	arguments->question.channel = message_channel_by_name(value);
	if (arguments->question.channel == CHANNEL_NONE)
		faults_note_argument(&arguments->fault, name, "not_allowed", STR("must be one of " MESSAGE_CHANNEL_LISTED));
}

static void take_class(struct arguments *arguments, struct str name, struct str value)
{
	arguments->question.message_class = message_class_by_name(value);
	if (arguments->question.message_class == MESSAGE_CLASS_NONE)
		faults_note_argument(&arguments->fault, name, "not_allowed", STR("must be a message class"));
}

static void take_at(struct arguments *arguments, struct str name, struct str value)
{
	int64_t at_ms;

	if (!instant_parse(value, &at_ms))
		faults_note_argument(&arguments->fault, name, "bad_format",
				     STR("must be an instant as in RFC 3339, e.g. 2026-11-22T15:04:05Z"));
	else if (at_ms < arguments->now_ms - AT_EARLIER_MS || at_ms > arguments->now_ms + AT_LATER_MS)
		faults_note_argument(&arguments->fault, name, "out_of_range",
				     STR("must not have passed, nor be more than a year away"));
	else
		arguments->question.at_ms = at_ms;
}

static void take_argument(void *arguments_arg, struct str name, struct str value)
{
	static void (*const takes[])(struct arguments *, struct str, struct str) = { take_channel, take_class, take_at };
	struct arguments *arguments = arguments_arg;

	for (size_t index = 0; index < COUNT(takes); index++) {
		if (!str_is(name, argument_names[index]))
			continue;
		if ((arguments->seen >> index & 1) != 0)
			faults_note_argument(&arguments->fault, name, "repeated", STR("stands twice"));
		else
			takes[index](arguments, name, value);
		arguments->seen |= 1U << index;
		return;
	}
	faults_note_argument(&arguments->fault, name, "unknown_argument", STR("the arguments are channel, messageClass and at"));
}

/* False: it was refused. */
static bool read_arguments(struct call *call, struct contact_question *ret_question)
{
	struct arguments arguments = { .question.message_class = MESSAGE_CLASS_REMINDER, .now_ms = bus_now_ms() };

	arguments.question.at_ms = arguments.now_ms;
	call_each_argument(call, take_argument, &arguments);
	if ((arguments.seen >> ARGUMENT_CHANNEL & 1) == 0)
		faults_note_argument(&arguments.fault, str_of(argument_names[ARGUMENT_CHANNEL]), "missing", STR("is required"));
	*ret_question = arguments.question;
	return faults_allow_arguments(call, &arguments.fault);
}

void show_contactability(struct api *api, struct call *call)
{
	struct contactability *contactability = api->contactability;
	struct asking *asking;
	struct contact_question question;
	struct uuid id;

	if (!call_param_id(call, "id", &id) || !read_arguments(call, &question))
		return;
	question.customer_id = id;
	asking = contactability != NULL && questions_are_ready(api->questions) ? long_reads_find(contactability->reads) : NULL;
	if (asking == NULL) {
		call_refuse(call, 503, "unavailable", "the database is away, or too many ask");
		return;
	}
	asking->owner = contactability;
	asking->question = question;
	long_read_submit(&asking->read, call);
}

/* ---- life ---- */

int contactability_new(const char *conninfo, const uint8_t *key, struct contactability **ret_contactability, struct err *err)
{
	static const struct long_read_kind kind = { .name = "contactability",
						    .operation = "getContactability",
						    .item_size = sizeof(struct asking),
						    .waiting_max = ASKED_MAX,
						    .read = read_facts,
						    .answer = answer };
	struct contactability *contactability = calloc(1, sizeof(*contactability));

	if (contactability == NULL)
		return err_set(err, ERR_FATAL, "no memory");
	if (communications_load_prepare(&contactability->store, key, err) != 0 ||
	    arena_init(&contactability->arena, ARENA_SIZE, err) != 0 ||
	    long_reads_new(&kind, conninfo, &contactability->reads, err) != 0) {
		contactability_free(contactability);
		return -1;
	}
	*ret_contactability = contactability;
	return 0;
}

void contactability_free(struct contactability *contactability)
{
	if (contactability == NULL)
		return;
	long_reads_free(contactability->reads);
	slot_loader_release(&contactability->store.loader);
	zones_release(&contactability->store.zones);
	wipe(contactability->store.key, sizeof(contactability->store.key));
	arena_release(&contactability->arena);
	free(contactability);
}

struct part contactability_part(struct contactability *contactability)
{
	return long_reads_part(contactability->reads);
}
