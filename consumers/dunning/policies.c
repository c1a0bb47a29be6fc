#include "consumers/dunning/policies.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/array.h"
#include "base/money.h"
#include "base/must.h"
#include "base/place.h"
#include "crypto/crypto.h"

const struct entity published_policy_entity = { .name = "published_policy",
						.state_size = sizeof(struct policy),
						.is_ordered = true };
const struct entity policy_template_entity = { .name = "policy_template",
					       .state_size = sizeof(struct policy_template),
					       .zeroed_size = offsetof(struct policy_template, items) };

/* ---- a draft and its event have the same members ---- */

#define HEAD_MEMBERS(plain, nullable)                                                                                            \
	plain(publication_id);                                                                                                   \
	plain(policy);                                                                                                           \
	plain(policy_version);                                                                                                   \
	plain(title);                                                                                                            \
	plain(priority);                                                                                                         \
	nullable(jurisdiction);                                                                                                  \
	nullable(customer_kind);                                                                                                 \
	nullable(debt_currency);                                                                                                 \
	plain(creditor_ids);                                                                                                     \
	plain(creditor_ids_count);                                                                                               \
	plain(portfolio_ids);                                                                                                    \
	plain(portfolio_ids_count);                                                                                              \
	plain(languages);                                                                                                        \
	plain(languages_count);                                                                                                  \
	nullable(days_from);                                                                                                     \
	nullable(days_to);                                                                                                       \
	nullable(balance_from_minor);                                                                                            \
	nullable(balance_to_minor);                                                                                              \
	plain(charged_off);                                                                                                      \
	plain(tolerance_minor);                                                                                                  \
	plain(demands_a_day);                                                                                                    \
	plain(demands_a_week);                                                                                                   \
	plain(catch_up);                                                                                                         \
	plain(new_debts);                                                                                                        \
	plain(reopened)

#define STEP_MEMBERS(plain, nullable)                                                                                            \
	plain(number);                                                                                                           \
	nullable(arm);                                                                                                           \
	plain(trigger);                                                                                                          \
	nullable(days);                                                                                                          \
	nullable(on);                                                                                                            \
	nullable(event);                                                                                                         \
	nullable(min_balance_minor);                                                                                             \
	nullable(min_age_days);                                                                                                  \
	nullable(days_from);                                                                                                     \
	nullable(days_to);                                                                                                       \
	plain(action);                                                                                                           \
	nullable(template);                                                                                                      \
	nullable(message_class);                                                                                                 \
	nullable(channels);                                                                                                      \
	nullable(send_days);                                                                                                     \
	plain(otherwise);                                                                                                        \
	nullable(retry_days);                                                                                                    \
	nullable(tries_max);                                                                                                     \
	nullable(wait_days)

#define COPY(member) to->member = from->member
#define COPY_NULLABLE(member)                                                                                                    \
	do {                                                                                                                     \
		to->has_##member = from->has_##member;                                                                           \
		to->member = from->member;                                                                                       \
	} while (0)

static void publish_step(struct published_step *to, const struct draft_step *from)
{
	STEP_MEMBERS(COPY, COPY_NULLABLE);
}

static void draft_step(struct draft_step *to, const struct published_step *from)
{
	STEP_MEMBERS(COPY, COPY_NULLABLE);
}

bool policy_fill_event(struct policy_published *to, const struct publish_policy *from, struct arena *arena)
{
	struct published_arm *arms = arena_take(arena, from->arms_count + 1, sizeof(*arms));
	struct published_step *steps = arena_take(arena, from->steps_count + 1, sizeof(*steps));

	if (arms == NULL || steps == NULL)
		return false;
	HEAD_MEMBERS(COPY, COPY_NULLABLE);
	for (size_t index = 0; index < from->arms_count; index++)
		arms[index] = (struct published_arm){ .name = from->arms[index].name, .weight = from->arms[index].weight };
	for (size_t index = 0; index < from->steps_count; index++)
		publish_step(&steps[index], &from->steps[index]);
	to->arms = arms;
	to->arms_count = from->arms_count;
	to->steps = steps;
	to->steps_count = from->steps_count;
	return true;
}

/* ---- reading ---- */

/* The first fault counts; what is read behind it is not used. */
struct reading {
	struct policy_fault *fault;
	const char *field; /* of the draft; a literal */
	int32_t step;      /* its number; 0: not in a step */
	bool is_wrong;
};

static void wrong(struct reading *reading, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void wrong(struct reading *reading, const char *format, ...)
{
	struct policy_fault *fault = reading->fault;
	size_t size = 0;
	va_list values;

	if (reading->is_wrong)
		return;
	reading->is_wrong = true;
	fault->field = reading->field;
	fault->text[0] = '\0';
	if (reading->step != 0)
		size = (size_t)snprintf(fault->text, sizeof(fault->text), "step %d: ", (int)reading->step);
	va_start(values, format);
	(void)vsnprintf(fault->text + size, sizeof(fault->text) - size, format, values);
	va_end(values);
}

/* A word's number. 0 is none: it is in no list. */
static uint32_t read_word(struct reading *reading, uint32_t word, const char *member, const char *listed)
{
	if (word == 0)
		wrong(reading, "%s is one of %s", member, listed);
	return word;
}

static void read_chars(struct reading *reading, char *chars, size_t size, struct str text, const char *member)
{
	if (text.size == 0 || !str_to_chars(chars, size, text))
		wrong(reading, "%s has 1 to %d characters", member, (int)size - 1);
}

/* A number that is given is not 0: a 0 would be no condition. */
static int64_t read_given(struct reading *reading, bool is_given, int64_t number, const char *member)
{
	if (is_given && number == 0)
		wrong(reading, "%s is left out where it is no condition", member);
	return is_given ? number : 0;
}
#define READ_GIVEN(from, member) read_given(&reading, (from)->has_##member, (from)->member, #member)
#define READ_DAYS(from, member)  ((int32_t)READ_GIVEN(from, member))

/* ---- the steps ---- */

static void read_channels(struct reading *reading, struct policy_step *to, struct str words)
{
	do {
		struct str word = str_cut(words, ' ', &words);

		if (to->channels_count == STEP_CHANNELS_MAX) {
			wrong(reading, "it has at most %d channels", STEP_CHANNELS_MAX);
			return;
		}
		to->channels[to->channels_count++] =
			read_word(reading, message_channel_by_name(word), "each of channels", MESSAGE_CHANNEL_LISTED);
	} while (words.size > 0);
}

/* Days of 0 and the day 0 are values, so only here it is seen whether they are given. */
static void read_trigger(struct reading *reading, struct policy_step *to, const struct draft_step *from)
{
	const char *const trigger = dunning_trigger_name((enum dunning_trigger)to->trigger);
	const bool has_days = to->trigger == TRIGGER_DAYS_PAST_DUE || to->trigger == TRIGGER_DAYS_SINCE_STEP ||
			      to->trigger == TRIGGER_MONTH_END;

	if (from->has_days != has_days)
		wrong(reading, has_days ? "%s needs days" : "%s has no days", trigger);
	else if (from->has_on != (to->trigger == TRIGGER_ON_DATE))
		wrong(reading, from->has_on ? "%s has no date (on)" : "%s needs a date (on)", trigger);
	else if (from->has_event != (to->trigger == TRIGGER_EVENT))
		wrong(reading, from->has_event ? "%s has no event" : "%s needs an event", trigger);
	to->days = from->has_days ? from->days : 0;
	to->on = from->has_on ? from->on : 0;
	if (from->has_event)
		to->event = read_word(reading, dunning_cause_by_name(from->event), "event", DUNNING_CAUSE_LISTED);
}

static void read_action(struct reading *reading, struct policy_step *to, const struct draft_step *from)
{
	to->action = read_word(reading, dunning_action_by_name(from->action), "action", DUNNING_ACTION_LISTED);
	if (from->has_template)
		read_chars(reading, to->template_name, sizeof(to->template_name), from->template, "template");
	if (from->has_message_class)
		to->message_class =
			read_word(reading, message_class_by_name(from->message_class), "message_class", MESSAGE_CLASS_LISTED);
	if (from->has_channels)
		read_channels(reading, to, from->channels);
}

static void read_step(struct reading *at, struct policy_step *to, const struct draft_step *from)
{
	struct reading reading = *at;

	reading.field = "steps";
	reading.step = from->number;
	to->number = from->number;
	if (from->has_arm)
		read_chars(&reading, to->arm, sizeof(to->arm), from->arm, "arm");
	to->trigger = read_word(&reading, dunning_trigger_by_name(from->trigger), "trigger", DUNNING_TRIGGER_LISTED);
	read_trigger(&reading, to, from);
	to->min_balance_minor = READ_GIVEN(from, min_balance_minor);
	to->min_age_days = READ_DAYS(from, min_age_days);
	to->days_from = from->has_days_from ? from->days_from : 0;
	to->days_to = READ_DAYS(from, days_to);
	read_action(&reading, to, from);
	to->send_days = READ_DAYS(from, send_days);
	to->otherwise = read_word(&reading, dunning_otherwise_by_name(from->otherwise), "otherwise", DUNNING_OTHERWISE_LISTED);
	to->retry_days = READ_DAYS(from, retry_days);
	to->tries_max = READ_DAYS(from, tries_max);
	to->wait_days = from->has_wait_days ? from->wait_days : 0;
	at->is_wrong = reading.is_wrong;
}

static void read_steps(struct reading *reading, struct policy *policy, const struct publish_policy *draft)
{
	if (draft->steps_count > POLICY_STEPS_MAX || draft->arms_count > POLICY_ARMS_MAX) {
		reading->field = draft->steps_count > POLICY_STEPS_MAX ? "steps" : "arms";
		wrong(reading, "at most %d steps and %d arms", POLICY_STEPS_MAX, POLICY_ARMS_MAX);
		return;
	}
	reading->field = "arms";
	for (size_t index = 0; index < draft->arms_count; index++) {
		struct policy_arm *arm = &policy->arms[policy->arms_count++];

		read_chars(reading, arm->name, sizeof(arm->name), draft->arms[index].name, "the name of an arm");
		arm->weight = draft->arms[index].weight;
	}
	for (size_t index = 0; index < draft->steps_count; index++)
		read_step(reading, &policy->steps[policy->steps_count++], &draft->steps[index]);
}

/* ---- the segment ---- */

static void read_place(struct reading *reading, struct policy *policy, const struct publish_policy *draft)
{
	reading->field = "jurisdiction";
	if (draft->has_jurisdiction && (!country_is_known(draft->jurisdiction) ||
					!str_to_chars(policy->jurisdiction, sizeof(policy->jurisdiction), draft->jurisdiction)))
		wrong(reading, "not a country (ISO 3166-1)");
	reading->field = "customer_kind";
	if (draft->has_customer_kind)
		policy->customer_kind =
			read_word(reading, customer_kind_by_name(draft->customer_kind), "it", CUSTOMER_KIND_LISTED);
	reading->field = "debt_currency";
	if (draft->has_debt_currency && (currency_find(draft->debt_currency) == NULL ||
					 !str_to_chars(policy->currency, sizeof(policy->currency), draft->debt_currency)))
		wrong(reading, "not a currency (ISO 4217)");
}

static void read_ids(struct reading *reading, struct uuid *to, uint32_t *count, const struct uuid *from, size_t from_count)
{
	if (from_count > POLICY_LISTED_MAX) {
		wrong(reading, "at most %d", POLICY_LISTED_MAX);
		return;
	}
	for (size_t index = 0; index < from_count; index++) {
		if (uuid_is_none(&from[index]))
			wrong(reading, "an id is all zeros");
		to[(*count)++] = from[index];
	}
}

static void read_languages(struct reading *reading, struct policy *policy, const struct publish_policy *draft)
{
	reading->field = "languages";
	if (draft->languages_count > POLICY_LISTED_MAX) {
		wrong(reading, "at most %d", POLICY_LISTED_MAX);
		return;
	}
	for (size_t index = 0; index < draft->languages_count; index++) {
		char *language = policy->languages[policy->languages_count++];

		if (!language_tag_is_valid(draft->languages[index]))
			wrong(reading, "not a language tag (BCP 47) such as de or en-GB");
		read_chars(reading, language, sizeof(policy->languages[0]), draft->languages[index], "a language");
	}
}

static void read_segment(struct reading *at, struct policy *policy, const struct publish_policy *draft)
{
	struct reading reading = *at;

	read_place(&reading, policy, draft);
	reading.field = "creditor_ids";
	read_ids(&reading, policy->creditors, &policy->creditors_count, draft->creditor_ids, draft->creditor_ids_count);
	reading.field = "portfolio_ids";
	read_ids(&reading, policy->portfolios, &policy->portfolios_count, draft->portfolio_ids, draft->portfolio_ids_count);
	read_languages(&reading, policy, draft);
	policy->days_from = draft->has_days_from ? draft->days_from : 0;
	reading.field = "days_to";
	policy->days_to = READ_DAYS(draft, days_to);
	reading.field = "balance_from_minor";
	policy->balance_from = READ_GIVEN(draft, balance_from_minor);
	reading.field = "balance_to_minor";
	policy->balance_to = READ_GIVEN(draft, balance_to_minor);
	policy->is_charged_off = draft->charged_off ? 1 : 0;
	at->is_wrong = reading.is_wrong;
}

static void read_rules(struct reading *reading, struct policy *policy, const struct publish_policy *draft)
{
	policy->tolerance_minor = draft->tolerance_minor;
	policy->demands_a_day = draft->demands_a_day;
	policy->demands_a_week = draft->demands_a_week;
	reading->field = "catch_up";
	policy->catch_up = read_word(reading, dunning_catch_up_by_name(draft->catch_up), "it", DUNNING_CATCH_UP_LISTED);
	reading->field = "new_debts";
	policy->new_debts = read_word(reading, dunning_new_debts_by_name(draft->new_debts), "it", DUNNING_NEW_DEBTS_LISTED);
	reading->field = "reopened";
	policy->reopened = read_word(reading, dunning_reopened_by_name(draft->reopened), "it", DUNNING_REOPENED_LISTED);
}

/* Without the question whether the whole is sound: it was asked, perhaps by an older program. */
static bool read_parts(struct policy *policy, const struct publish_policy *draft, struct policy_fault *fault)
{
	struct reading reading = { .fault = fault, .field = "policy" };

	memset(policy, 0, sizeof(*policy));
	policy->publication_id = draft->publication_id;
	policy->version = draft->policy_version;
	policy->priority = draft->priority;
	read_chars(&reading, policy->name, sizeof(policy->name), draft->policy, "it");
	read_segment(&reading, policy, draft);
	read_rules(&reading, policy, draft);
	read_steps(&reading, policy, draft);
	return !reading.is_wrong;
}

bool policy_read(struct policy *policy, const struct publish_policy *draft, struct policy_fault *fault)
{
	return read_parts(policy, draft, fault) && policy_is_sound(policy, fault);
}

void policy_read_event(struct policy *policy, const struct policy_published *from)
{
	struct draft_arm arms[POLICY_ARMS_MAX];
	struct draft_step steps[POLICY_STEPS_MAX];
	struct publish_policy draft = {
		.arms = arms, .arms_count = from->arms_count, .steps = steps, .steps_count = from->steps_count
	};
	struct publish_policy *const to = &draft;
	struct policy_fault fault;
	bool is_good = from->arms_count <= POLICY_ARMS_MAX && from->steps_count <= POLICY_STEPS_MAX;

	MUST(is_good);
	HEAD_MEMBERS(COPY, COPY_NULLABLE);
	for (size_t index = 0; index < from->arms_count; index++)
		arms[index] = (struct draft_arm){ .name = from->arms[index].name, .weight = from->arms[index].weight };
	for (size_t index = 0; index < from->steps_count; index++)
		draft_step(&steps[index], &from->steps[index]);
	is_good = read_parts(policy, &draft, &fault);
	MUST(is_good);
}

/* ---- lists as texts ---- */

static void add_word(char *text, size_t text_size, const char *word)
{
	const size_t size = strlen(text);
	int added = snprintf(text + size, text_size - size, "%s%s", size == 0 ? "" : " ", word);

	MUST(added >= 0 && (size_t)added < text_size - size);
}

static void ids_text(char *text, size_t text_size, const struct uuid *ids, uint32_t count)
{
	text[0] = '\0';
	for (uint32_t index = 0; index < count; index++) {
		char id[UUID_TEXT_SIZE + 1];

		uuid_format(id, &ids[index]);
		add_word(text, text_size, id);
	}
}

void policy_texts(struct policy_texts *texts, const struct policy *policy)
{
	ids_text(texts->creditors, sizeof(texts->creditors), policy->creditors, policy->creditors_count);
	ids_text(texts->portfolios, sizeof(texts->portfolios), policy->portfolios, policy->portfolios_count);
	texts->languages[0] = '\0';
	for (uint32_t index = 0; index < policy->languages_count; index++)
		add_word(texts->languages, sizeof(texts->languages), policy->languages[index]);
	texts->arms[0] = '\0';
	for (uint32_t index = 0; index < policy->arms_count; index++) {
		char weight[16];

		(void)snprintf(weight, sizeof(weight), "%d", (int)policy->arms[index].weight);
		add_word(texts->arms, sizeof(texts->arms), policy->arms[index].name);
		add_word(texts->arms, sizeof(texts->arms), weight);
	}
}

void step_channels_text(char text[STEP_CHANNELS_SIZE], const struct policy_step *step)
{
	text[0] = '\0';
	for (uint32_t index = 0; index < step->channels_count; index++)
		add_word(text, STEP_CHANNELS_SIZE, channel_name((enum channel)step->channels[index]));
}

/* ---- states ---- */

void policies_put(struct policies *policies, const struct policy *policy)
{
	uint32_t at = 0;

	while (at < policies->count && strcmp(policies->items[at].name, policy->name) < 0)
		at++;
	if (at == policies->count || strcmp(policies->items[at].name, policy->name) != 0) {
		MUST(policies->count < POLICIES_MAX);
		memmove(&policies->items[at + 1], &policies->items[at], (policies->count - at) * sizeof(policies->items[0]));
		policies->count++;
	}
	policies->items[at] = *policy;
}

void policy_on_published(struct workset *set, const struct policy_published *event)
{
	struct policy *policy = workset_change(set, &published_policy_entity, &event->publication_id);
	struct policies *policies = workset_change(set, &policies_entity, &policies_id);

	policy_read_event(policy, event);
	policies_put(policies, policy);
	policies->changes = event->change;
}

void policy_on_retired(struct workset *set, const struct policy_retired *event)
{
	struct policies *policies = workset_change(set, &policies_entity, &policies_id);

	for (uint32_t index = 0; index < policies->count; index++) {
		if (uuid_equal(&policies->items[index].publication_id, &event->publication_id))
			policies->items[index].is_retired = 1;
	}
	policies->changes = event->change;
}

const struct policy_template *policy_template_of(const struct workset *set, struct str name)
{
	const struct uuid id = uuid_of_key(name);

	return workset_state(set, &policy_template_entity, &id);
}

static void touch(struct workset *set, const struct entity *entity, const struct uuid *id, struct str text)
{
	workset_touch(set, entity, id, text);
}

void touch_publish_policy(const struct command *command, struct workset *set)
{
	const struct publish_policy *body = command->body;

	touch(set, &published_policy_entity, &body->publication_id, (struct str){ 0 });
	touch(set, &policies_entity, &policies_id, (struct str){ 0 });
	for (size_t index = 0; index < body->steps_count; index++) {
		const struct uuid id = uuid_of_key(body->steps[index].template);

		if (body->steps[index].has_template)
			touch(set, &policy_template_entity, &id, body->steps[index].template);
	}
}

void touch_retire_policy(const struct command *command, struct workset *set)
{
	const struct retire_policy *body = command->body;

	touch(set, &published_policy_entity, &body->publication_id, (struct str){ 0 });
	touch(set, &policies_entity, &policies_id, (struct str){ 0 });
}
