#include "rule_spec.h"

#include "base/array.h"
#include "consumers/communications/asked.h"
#include "consumers/communications/communications.h"
#include "schemas/communications.h"

static struct spec spec;

#define CUSTOMER spec_id('C', 1)

static void set_chars(char *chars, size_t size, const char *text)
{
	bool fits = str_to_chars(chars, size, str_of(text));

	assert_true(fits);
}

static void given_debt(unsigned number, const char *reference, int64_t balance_minor, const char *currency, int32_t due_on)
{
	struct owed_debt *debt = spec_given(&spec, &owed_debt_entity, spec_id('D', number));

	debt->customer_id = CUSTOMER;
	debt->balance_minor = balance_minor;
	debt->due_on = due_on;
	set_chars(debt->currency, sizeof(debt->currency), currency);
	set_chars(debt->external_ref, sizeof(debt->external_ref), reference);
}

static void given_person(void)
{
	struct person *person = spec_given(&spec, &person_entity, CUSTOMER);
	struct addresses *addresses = spec_given(&spec, &addresses_entity, CUSTOMER);

	person->is_active = 1;
	person->full_name_size = 4;
	memcpy(person->full_name, "Anna", 4);
	addresses->sms.contact_point_id = spec_id('P', 1);
	addresses->sms.text_size = 3;
	memcpy(addresses->sms.text, "sms", 3);
	addresses->email.contact_point_id = spec_id('P', 2);
	addresses->email.text_size = 5;
	memcpy(addresses->email.text, "email", 5);
	addresses->letter.contact_point_id = spec_id('P', 3);
	addresses->letter.text_size = 6;
	memcpy(addresses->letter.text, "letter", 6);
}

static int setup(void **state)
{
	struct str bad;
	bool is_chosen = asked_profiles_choose(STR("basic person"), &bad); /* their rules deny only: no hour of the test counts */

	(void)state;
	assert_true(is_chosen);
	spec_init(&spec, &communications_module);
	given_person();
	given_debt(1, "INV-1", 123456, "EUR", SPEC_TODAY - 10);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	spec_release(&spec);
	return 0;
}

/* ---- templates ---- */

static struct publish_template a_template(void)
{
	return (struct publish_template){
		.template_id = spec_id('T', 1),
		.name = STR("reminder.first"),
		.version = 1,
		.channel = STR("sms"),
		.language = STR("de"),
		.message_class = STR("reminder"),
		.subject = STR(""),
		.body = STR("{{customer_name}}: {{balance}} {{currency}} ({{debt_reference}}) bis {{due_on}}. "
			    "{{opt_out}}")
	};
}

static void publish(const struct publish_template *body)
{
	struct publish_template *copy = arena_take(&spec.arena, 1, sizeof(*copy));

	*copy = *body;
	spec_when(&spec, &publish_template_type, copy);
}

static void given_template(void)
{
	struct publish_template body = a_template();

	publish(&body);
	then_events(&spec, "TemplatePublished");
}

static void test_communications__a_template_is_published_without_its_text_in_the_event(void **state)
{
	const struct template_published *event;

	(void)state;
	given_template();
	event = then_event(&spec, 0, template_published);
	assert_int_equal(event->version, 1);
	assert_int_equal(event->body_hash.size, 32);
}

/* What is faulty is refused at once: nobody is asked about it. */
static void test_communications__a_template_of_a_person_needs_a_second_one(void **state)
{
	const struct approval approval = { .actor = STR("another") };
	struct publish_template body = a_template();

	(void)state;
	spec.is_user = true;
	body.body = STR("{{customer_name}}");
	publish(&body);
	then_refused(&spec, REFUSAL_TEMPLATE_INCOMPLETE, "body");
	body = a_template();
	publish(&body);
	assert_int_equal(spec.decision.kind, DECISION_KEPT);
	assert_int_equal(spec.decision.events_count, 0);
	assert_string_equal(spec.decision.field, "");
	spec.approval = &approval;
	publish(&body);
	then_events(&spec, "TemplatePublished");
	publish(&body); /* by the state of then */
	then_refused(&spec, REFUSAL_EXISTS, "version");
}

/* As many letters as their schema takes, of as many bytes as a letter can have. */
static void test_communications__texts_of_long_letters_are_kept_whole(void **state)
{
	static char text[4 * 4000];
	struct publish_template body = a_template();

	(void)state;
	for (size_t i = 0; i < sizeof(text); i += 4)
		memcpy(text + i, "\U00020000", 4);
	memcpy(text, "{{opt_out}} ", 12);
	body.channel = STR("email");
	body.subject = (struct str){ text + 12, 4 * 200 };
	body.body = (struct str){ text, sizeof(text) - (size_t)4 * 9 }; /* twelve of its letters are ASCII */
	assert_true(field_takes_text(spec_field(&publish_template_type, "subject"), body.subject));
	assert_true(field_takes_text(spec_field(&publish_template_type, "body"), body.body));
	publish(&body);
	then_events(&spec, "TemplatePublished");
}

static void given_collection(enum collector collector, const char *jurisdiction)
{
	struct collection *collection = spec_given(&spec, &collection_entity, collection_id);

	collection->collector = collector;
	snprintf(collection->jurisdiction, sizeof(collection->jurisdiction), "%s", jurisdiction);
}

/* 12 CFR 1006.18(e) binds debt collectors: who collects for others. The confirmation of an opt-out says nothing else (1006.14(h)(2)). */
static void test_communications__a_debt_collector_in_the_us_publishes_no_template_without_a_disclosure(void **state)
{
	struct publish_template body = a_template();

	(void)state;
	given_collection(COLLECTOR_THIRD_PARTY, "US");
	publish(&body);
	then_refused(&spec, REFUSAL_TEMPLATE_INCOMPLETE, "body");
	body.body = STR("{{balance}}. {{disclosure}} {{opt_out}}");
	publish(&body);
	then_events(&spec, "TemplatePublished");
	body.template_id = spec_id('T', 2);
	body.name = STR("letter");
	body.channel = STR("letter");
	body.subject = STR("About {{debt_reference}}");
	body.body = STR("Please call us.");
	publish(&body);
	then_refused(&spec, REFUSAL_TEMPLATE_INCOMPLETE, "body");
	body.name = STR("opt_out_confirmation");
	body.channel = STR("sms");
	body.subject = STR("");
	body.message_class = STR("opt_out_confirmation");
	body.body = STR("You are opted out.");
	publish(&body);
	then_events(&spec, "TemplatePublished");
}

static void test_communications__anybody_else_may_publish_one(void **state)
{
	struct publish_template body = a_template();

	(void)state;
	given_collection(COLLECTOR_FIRST_PARTY, "US");
	publish(&body);
	then_events(&spec, "TemplatePublished");
	given_collection(COLLECTOR_THIRD_PARTY, "DE");
	body.version = 2;
	publish(&body);
	then_events(&spec, "TemplatePublished");
	given_collection(COLLECTOR_NONE, "");
	body.version = 3;
	publish(&body);
	then_events(&spec, "TemplatePublished");
}

static void test_communications__every_field_of_a_template_is_looked_at(void **state)
{
	struct publish_template body;

	(void)state;
#define REFUSE(member, value, refusal, field)                                                                                    \
	body = a_template();                                                                                                     \
	body.member = value;                                                                                                     \
	publish(&body);                                                                                                          \
	then_refused(&spec, refusal, field)
	REFUSE(template_id, (struct uuid){ 0 }, REFUSAL_BAD_VALUE, "template_id");
	REFUSE(name, STR(""), REFUSAL_BAD_VALUE, "name");
	REFUSE(name, STR("First Reminder"), REFUSAL_BAD_VALUE, "name");
	REFUSE(channel, STR("fax"), REFUSAL_BAD_VALUE, "channel");
	REFUSE(language, STR("d"), REFUSAL_BAD_VALUE, "language");
	REFUSE(message_class, STR("joke"), REFUSAL_BAD_VALUE, "message_class");
	REFUSE(version, 0, REFUSAL_BAD_VALUE, "version");
	REFUSE(version, 2, REFUSAL_VERSION_CONFLICT, "version");
	REFUSE(subject, STR("an SMS has none"), REFUSAL_BAD_VALUE, "subject");
	REFUSE(channel, STR("email"), REFUSAL_BAD_VALUE, "subject");
	REFUSE(body, STR(""), REFUSAL_BAD_VALUE, "body");
	REFUSE(body, STR("{{opt_out}}\r\nA."), REFUSAL_BAD_VALUE, "body");
	REFUSE(body, STR("{{opt_out}} {{"), REFUSAL_TEMPLATE_INCOMPLETE, "body");
	REFUSE(body, STR("no way out"), REFUSAL_TEMPLATE_INCOMPLETE, "body");
#undef REFUSE
	body = a_template();
	body.channel = STR("email");
	body.subject = STR("two\nlines");
	publish(&body);
	then_refused(&spec, REFUSAL_BAD_VALUE, "subject");
	body.subject = STR("{{");
	publish(&body);
	then_refused(&spec, REFUSAL_TEMPLATE_INCOMPLETE, "subject");
}

static struct publish_template a_template_with_html(const char *html)
{
	struct publish_template body = a_template();

	body.channel = STR("email");
	body.subject = STR("{{debt_reference}}");
	body.has_html = true;
	body.html = str_of(html);
	return body;
}

static void test_communications__an_html_part_is_published_when_it_is_safe_and_says_what_the_text_says(void **state)
{
	static const char *const faulty[] = {
		"<p>no way out</p>",
		"<p title=\"{{opt_out}}\">hidden</p>",
		"<script>{{opt_out}}</script>",
		"<p>{{opt_out}} {{disclosure}}</p>",
	};
	struct publish_template body = a_template_with_html("<p>{{opt_out}}</p>");

	(void)state;
	for (size_t i = 0; i < COUNT(faulty); i++) {
		body.html = str_of(faulty[i]);
		publish(&body);
		then_refused(&spec, REFUSAL_TEMPLATE_INCOMPLETE, "html");
	}
	body = a_template();
	body.has_html = true;
	body.html = STR("<p>{{opt_out}}</p>");
	publish(&body);
	then_refused(&spec, REFUSAL_BAD_VALUE, "html");
	body = a_template_with_html("<p>{{opt_out}}</p>");
	publish(&body);
	then_events(&spec, "TemplatePublished");
	assert_true(then_event(&spec, 0, template_published)->has_html_hash);
	/* The next version has none: it is forgotten. */
	body.version = 2;
	body.has_html = false;
	publish(&body);
	then_events(&spec, "TemplatePublished");
	assert_false(then_event(&spec, 0, template_published)->has_html_hash);
}

static void test_communications__versions_follow_each_other_and_names_belong_to_one_id(void **state)
{
	struct publish_template body = a_template();

	(void)state;
	given_template();
	publish(&body);
	then_refused(&spec, REFUSAL_EXISTS, "version");
	body.version = 3;
	publish(&body);
	then_refused(&spec, REFUSAL_VERSION_CONFLICT, "version");
	body.version = 2;
	publish(&body);
	then_events(&spec, "TemplatePublished");
	body = a_template();
	body.template_id = spec_id('T', 2);
	publish(&body);
	then_refused(&spec, REFUSAL_EXISTS, "name");
	body = a_template();
	body.version = 3;
	body.language = STR("en");
	publish(&body);
	then_refused(&spec, REFUSAL_EXISTS, "template_id");
}

/* ---- consent ---- */

static struct grant_consent a_consent(void)
{
	return (struct grant_consent){ .consent_id = spec_id('G', 1),
				       .customer_id = CUSTOMER,
				       .channel = STR("sms"),
				       .purpose = STR("collect"),
				       .basis = STR("express"),
				       .evidence_ref = STR("call-1"),
				       .obtained_at = spec.now_ms - 1000 };
}

static void grant(const struct grant_consent *body)
{
	struct grant_consent *copy = arena_take(&spec.arena, 1, sizeof(*copy));

	*copy = *body;
	spec_when(&spec, &grant_consent_type, copy);
}

static void given_consent(void)
{
	struct grant_consent body = a_consent();

	grant(&body);
	then_events(&spec, "ConsentGranted");
	body.consent_id = spec_id('G', 2);
	body.channel = STR("email");
	grant(&body);
	then_events(&spec, "ConsentGranted");
}

static void withdraw(const char *channel, int64_t at_ms)
{
	struct withdraw_consent *body = arena_take(&spec.arena, 1, sizeof(*body));

	*body = (struct withdraw_consent){ .customer_id = CUSTOMER,
					   .has_channel = channel != NULL,
					   .channel = str_of(channel == NULL ? "" : channel),
					   .via = STR("keyword"),
					   .has_keyword = true,
					   .keyword = STR("STOP"),
					   .withdrawn_at = at_ms };
	spec_when(&spec, &withdraw_consent_type, body);
	then_events(&spec, "ConsentWithdrawn");
}

static bool may_send(enum channel channel)
{
	struct uuid id = CUSTOMER;

	return recipient_permits(workset_state(&spec.set, &recipient_entity, &id), channel, PURPOSE_COLLECT);
}

static void test_communications__only_an_express_consent_lifts_an_opt_out(void **state)
{
	static const char *const others[] = { "prior_use", "creditor_transfer_notice", "prior_collector" };
	struct grant_consent body = a_consent();
	int64_t withdrawn_ms = spec.now_ms;

	(void)state;
	withdraw("sms", withdrawn_ms);
	spec.now_ms += 1000;
	body.obtained_at = withdrawn_ms + 1;
	for (size_t index = 0; index < COUNT(others); index++) {
		body.basis = str_of(others[index]);
		grant(&body);
		then_refused(&spec, REFUSAL_BAD_TRANSITION, "basis");
	}
	assert_false(may_send(CHANNEL_SMS));
	body.obtained_at = withdrawn_ms; /* it permits nothing */
	grant(&body);
	then_events(&spec, "ConsentGranted");
	assert_false(may_send(CHANNEL_SMS));
	body.consent_id = spec_id('G', 2);
	body.channel = STR("email"); /* of which nobody has opted out */
	body.obtained_at = withdrawn_ms + 1;
	grant(&body);
	then_events(&spec, "ConsentGranted");
	body = a_consent();
	body.consent_id = spec_id('G', 3);
	body.obtained_at = withdrawn_ms + 1;
	grant(&body);
	then_events(&spec, "ConsentGranted");
	assert_true(may_send(CHANNEL_SMS));
}

static void test_communications__every_field_of_a_consent_is_looked_at(void **state)
{
	struct grant_consent body;

	(void)state;
#define REFUSE(member, value, refusal, field)                                                                                    \
	body = a_consent();                                                                                                      \
	body.member = value;                                                                                                     \
	grant(&body);                                                                                                            \
	then_refused(&spec, refusal, field)
	REFUSE(consent_id, (struct uuid){ 0 }, REFUSAL_BAD_VALUE, "consent_id");
	REFUSE(channel, STR("fax"), REFUSAL_BAD_VALUE, "channel");
	REFUSE(purpose, STR("fun"), REFUSAL_BAD_VALUE, "purpose");
	REFUSE(basis, STR("hope"), REFUSAL_BAD_VALUE, "basis");
	REFUSE(evidence_ref, STR(""), REFUSAL_BAD_VALUE, "evidence_ref");
	REFUSE(obtained_at, spec.now_ms + 1, REFUSAL_BAD_DATE, "obtained_at");
	REFUSE(obtained_at, 0, REFUSAL_BAD_DATE, "obtained_at");
#undef REFUSE
	given_consent();
	body = a_consent();
	grant(&body);
	then_refused(&spec, REFUSAL_EXISTS, "consent_id");
}

static void test_communications__a_consent_permits_until_it_is_withdrawn(void **state)
{
	(void)state;
	given_consent();
	assert_int_equal(spec.decision.events_count, 1);
	assert_true(may_send(CHANNEL_SMS));
	assert_true(may_send(CHANNEL_EMAIL));
	withdraw("sms", spec.now_ms);
	assert_int_equal(then_event(&spec, 0, consent_withdrawn)->version, 1);
	assert_false(may_send(CHANNEL_SMS));
	assert_true(may_send(CHANNEL_EMAIL));
	withdraw(NULL, spec.now_ms);
	assert_int_equal(then_event(&spec, 0, consent_withdrawn)->version, 2);
	assert_false(may_send(CHANNEL_EMAIL));
}

static void test_communications__a_withdrawal_is_never_refused(void **state)
{
	struct withdraw_consent body = { .customer_id = spec_id('C', 99), .via = STR(""), .withdrawn_at = INT64_MIN };

	(void)state;
	spec_when(&spec, &withdraw_consent_type, &body);
	then_events(&spec, "ConsentWithdrawn");
	assert_int_equal(then_event(&spec, 0, consent_withdrawn)->withdrawn_at, 1);
	body.has_channel = true;
	body.channel = STR("smoke signals");
	body.withdrawn_at = INT64_MAX;
	spec_when(&spec, &withdraw_consent_type, &body);
	then_events(&spec, "ConsentWithdrawn");
	assert_false(then_event(&spec, 0, consent_withdrawn)->has_channel);
	assert_int_equal(then_event(&spec, 0, consent_withdrawn)->withdrawn_at, spec.now_ms);
}

static void test_communications__a_withdrawal_ends_every_consent_known_whatever_time_it_gives(void **state)
{
	(void)state;
	given_consent();
	withdraw("sms", 5);
	assert_false(may_send(CHANNEL_SMS));
}

static void test_communications__only_a_later_consent_comes_after_a_withdrawal(void **state)
{
	struct grant_consent body = a_consent();

	(void)state;
	given_consent();
	withdraw("sms", spec.now_ms - 500);
	body.consent_id = spec_id('G', 3);
	body.obtained_at = spec.now_ms - 600;
	grant(&body);
	then_events(&spec, "ConsentGranted");
	assert_false(may_send(CHANNEL_SMS));
	body.consent_id = spec_id('G', 4);
	body.obtained_at = spec.now_ms - 400;
	grant(&body);
	then_events(&spec, "ConsentGranted");
	assert_true(may_send(CHANNEL_SMS));
}

/* It waited behind another command, and the withdrawal overtook it. One that was told after the withdrawal counts. */
static void test_communications__a_consent_that_was_overtaken_does_not_outlive_the_withdrawal(void **state)
{
	struct grant_consent body = a_consent();

	(void)state;
	withdraw("sms", spec.now_ms - 500);
	body.obtained_at = spec.now_ms - 400;
	spec.received_ms = spec.now_ms - 100;
	spec.now_ms += 5000;
	grant(&body);
	then_events(&spec, "ConsentGranted");
	assert_false(may_send(CHANNEL_SMS));
	spec.received_ms = spec.now_ms - 4000;
	body.consent_id = spec_id('G', 4);
	body.obtained_at += 1;
	grant(&body);
	assert_true(may_send(CHANNEL_SMS));
}

/* A consent of tomorrow is none, also when it is looked at tomorrow. A withdrawal of tomorrow is one of the time we were told. */
static void test_communications__what_has_waited_is_held_against_the_time_it_was_told(void **state)
{
	struct grant_consent body = a_consent();

	(void)state;
	spec.received_ms = spec.now_ms;
	spec.now_ms += 5000;
	body.obtained_at = spec.received_ms + 1;
	grant(&body);
	then_refused(&spec, REFUSAL_BAD_DATE, "obtained_at");
	withdraw("sms", spec.now_ms);
	assert_int_equal(then_event(&spec, 0, consent_withdrawn)->withdrawn_at, spec.received_ms);
}

/* ---- SendCommunication ---- */

static struct uuid debt_ids[8];

static struct send_communication a_message(unsigned number)
{
	debt_ids[0] = spec_id('D', 1);
	return (struct send_communication){ .communication_id = spec_id('M', number),
					    .customer_id = CUSTOMER,
					    .debt_ids = debt_ids,
					    .debt_ids_count = 1,
					    .channel = STR("sms"),
					    .template_name = STR("reminder.first"),
					    .language = STR("de"),
					    .message_class = STR("reminder"),
					    .send_by = spec.now_ms + 60000 };
}

static void send(const struct send_communication *body)
{
	struct send_communication *copy = arena_take(&spec.arena, 1, sizeof(*copy));

	*copy = *body;
	spec_when(&spec, &send_communication_type, copy);
}

static void given_message(unsigned number)
{
	struct send_communication body = a_message(number);

	send(&body);
	then_events(&spec, "ComplianceDecided", "CommunicationReleased");
}

static const struct communication *message(unsigned number)
{
	struct uuid id = spec_id('M', number);

	return workset_state(&spec.set, &communication_entity, &id);
}

static const struct queue *the_queue(void)
{
	struct uuid id = CUSTOMER;

	return workset_state(&spec.set, &queue_entity, &id);
}

static void then_body(const char *wanted)
{
	const struct rendered *rendered = spec.decision.events[1].confidential;
	char text[2000];

	assert_non_null(rendered);
	assert_true(rendered->body.size < sizeof(text));
	memcpy(text, rendered->body.data, rendered->body.size);
	text[rendered->body.size] = '\0';
	assert_string_equal(text, wanted);
}

static void test_communications__a_permitted_message_is_rendered_and_released(void **state)
{
	const struct communication_released *event;
	const struct rendered *rendered;

	(void)state;
	given_template();
	given_consent();
	given_message(1);
	assert_true(str_is(then_event(&spec, 0, compliance_decided)->verdict, "allow"));
	assert_int_equal(then_event(&spec, 0, compliance_decided)->rules_count, 14);
	event = then_event(&spec, 1, communication_released);
	rendered = spec.decision.events[1].confidential;
	assert_int_equal(event->version, 1);
	assert_int_equal(event->template_version, 1);
	assert_int_equal(event->rendered_hash.size, 32);
	assert_true(str_is(rendered->address, "sms"));
	then_body("Anna: 1234.56 EUR (INV-1) bis 2025-12-22. Antworten Sie STOP, um keine SMS mehr zu erhalten.");
	assert_int_equal(message(1)->state, COMMUNICATION_RELEASED);
	assert_int_equal(the_queue()->count, 1);
}

/* Events are kept for ever: without the salt, whoever guesses the name in a text must not be able to see that it is right. */
static void test_communications__the_hash_of_a_message_has_the_customers_salt_in_it(void **state)
{
	struct person *person = spec_given(&spec, &person_entity, CUSTOMER);
	uint8_t hash[CONTENT_HASH_SIZE];
	const struct rendered *rendered;

	(void)state;
	given_template();
	given_consent();
	person->salt_size = SALT_MAX;
	given_message(1);
	rendered = spec.decision.events[1].confidential;
	rendered_hash(hash, rendered->subject, rendered->body, rendered->html, person);
	assert_memory_equal(then_event(&spec, 1, communication_released)->rendered_hash.data, hash, sizeof(hash));
	person->salt[0] = 1;
	given_message(2);
	assert_memory_not_equal(then_event(&spec, 1, communication_released)->rendered_hash.data, hash, sizeof(hash));
}

static void test_communications__several_debts_are_one_message(void **state)
{
	struct send_communication body = a_message(1);

	(void)state;
	given_template();
	given_consent();
	given_debt(2, "INV-2", 100, "EUR", SPEC_TODAY - 20);
	debt_ids[1] = spec_id('D', 2);
	body.debt_ids_count = 2;
	send(&body);
	then_events(&spec, "ComplianceDecided", "CommunicationReleased");
	then_body("Anna: 1235.56 EUR (INV-1, INV-2) bis 2025-12-12. Antworten Sie STOP, um keine SMS mehr zu erhalten.");
}

static void test_communications__without_permission_a_message_is_suppressed_and_the_verdict_kept(void **state)
{
	struct send_communication body = a_message(1);

	(void)state;
	given_template();
	send(&body);
	then_events(&spec, "ComplianceDecided", "CommunicationSuppressed");
	assert_true(str_is(then_event(&spec, 0, compliance_decided)->verdict, "deny"));
	assert_true(str_is(then_event(&spec, 1, communication_suppressed)->reason, "US-13"));
	assert_non_null(spec.decision.events[0].confidential);
	assert_int_equal(message(1)->state, COMMUNICATION_SUPPRESSED);
}

static void test_communications__after_an_opt_out_a_message_is_suppressed(void **state)
{
	struct send_communication body = a_message(1);

	(void)state;
	given_template();
	given_consent();
	withdraw("sms", spec.now_ms);
	send(&body);
	then_events(&spec, "ComplianceDecided", "CommunicationSuppressed");
	assert_true(str_is(then_event(&spec, 1, communication_suppressed)->reason, "US-10"));
}

static void test_communications__every_field_of_a_message_is_looked_at(void **state)
{
	struct template_parameter bad_name[] = { { STR("Bad Name"), STR("x") } };
	struct template_parameter own_name[] = { { STR("balance"), STR("0.00") } };
	struct template_parameter bad_value[] = { { STR("plan"), STR("x\r\nBcc: all@example.org") } };
	struct send_communication body;

	(void)state;
	given_template();
	given_consent();
#define REFUSE(member, value, refusal, field)                                                                                    \
	body = a_message(1);                                                                                                     \
	body.member = value;                                                                                                     \
	send(&body);                                                                                                             \
	then_refused(&spec, refusal, field)
	REFUSE(communication_id, (struct uuid){ 0 }, REFUSAL_BAD_VALUE, "communication_id");
	REFUSE(channel, STR("voice"), REFUSAL_BAD_VALUE, "channel");
	REFUSE(template_name, STR("No Such"), REFUSAL_BAD_VALUE, "template_name");
	REFUSE(message_class, STR("joke"), REFUSAL_BAD_VALUE, "message_class");
	REFUSE(message_class, STR("demand"), REFUSAL_BAD_VALUE, "message_class");
	REFUSE(send_by, spec.now_ms, REFUSAL_BAD_DATE, "send_by");
	REFUSE(send_by, INT64_MAX, REFUSAL_BAD_DATE, "send_by");
#undef REFUSE
	body = a_message(1);
	body.parameters_count = 1;
	body.parameters = bad_name;
	send(&body);
	then_refused(&spec, REFUSAL_BAD_VALUE, "parameters");
	body.parameters = own_name;
	send(&body);
	then_refused(&spec, REFUSAL_BAD_VALUE, "parameters");
	body.parameters = bad_value;
	send(&body);
	then_refused(&spec, REFUSAL_BAD_VALUE, "parameters");
	given_message(1);
	body = a_message(1);
	send(&body);
	then_refused(&spec, REFUSAL_EXISTS, "communication_id");
}

static void test_communications__a_message_waits_for_what_it_names(void **state)
{
	struct send_communication body = a_message(1);

	(void)state;
	send(&body);
	then_waits(&spec, "template_name");
	given_template();
	debt_ids[0] = spec_id('D', 9);
	send(&body);
	then_waits(&spec, "debt_ids");
	body = a_message(1);
	body.customer_id = spec_id('C', 9);
	send(&body);
	then_waits(&spec, "customer_id");
	body = a_message(1);
	body.language = STR("en");
	send(&body);
	then_waits(&spec, "template_name");
}

static void test_communications__a_template_is_taken_in_the_next_wider_language(void **state)
{
	struct publish_template template = a_template();
	struct send_communication body = a_message(1);

	(void)state;
	given_consent();
	body.language = STR("en-GB");
	send(&body);
	then_waits(&spec, "template_name");
	template.language = STR("en");
	publish(&template);
	then_events(&spec, "TemplatePublished");
	send(&body);
	then_events(&spec, "ComplianceDecided", "CommunicationReleased");
	assert_true(str_is(then_event(&spec, 1, communication_released)->language, "en"));
	assert_non_null(strstr(((const struct facts *)spec.decision.events[0].confidential)->text.data, " language=en "));
	then_body("Anna: 1234.56 EUR (INV-1) bis 2025-12-22. Reply STOP to opt out.");
	/* The one that was asked for, as soon as there is one. */
	template.template_id = spec_id('T', 2);
	template.language = STR("en-GB");
	publish(&template);
	body.communication_id = spec_id('M', 2);
	send(&body);
	assert_true(str_is(then_event(&spec, 1, communication_released)->language, "en-GB"));
	/* Never the other way round, nor another language. */
	body.communication_id = spec_id('M', 3);
	body.language = STR("de-AT");
	send(&body);
	then_waits(&spec, "template_name");
}

static void test_communications__values_are_escaped_in_html_only(void **state)
{
	const struct template_parameter wild = { .name = STR("note"), .value = STR("<b>&\"'") };
	struct publish_template template =
		a_template_with_html("<p>{{note}} <a href=\"{{pay}}\">{{balance}}</a> {{opt_out}}</p>");
	struct template_parameter parameters[] = { wild, { .name = STR("pay"), .value = STR("javascript:x") } };
	struct send_communication body = a_message(1);
	const struct rendered *rendered;
	struct grant_consent consent;

	(void)state;
	given_consent();
	consent = a_consent();
	consent.consent_id = spec_id('O', 2);
	consent.channel = STR("email");
	grant(&consent);
	template.body = STR("{{note}} {{opt_out}}");
	publish(&template);
	then_events(&spec, "TemplatePublished");
	body.channel = STR("email");
	body.parameters = parameters;
	body.parameters_count = 2;
	send(&body);
	then_refused(&spec, REFUSAL_BAD_VALUE, "parameters");
	parameters[1].value = STR("https://pay.example/?a=1&b=2");
	send(&body);
	then_events(&spec, "ComplianceDecided", "CommunicationReleased");
	rendered = spec.decision.events[1].confidential;
	assert_memory_equal(rendered->body.data, "<b>&\"'", 6);
	assert_memory_equal(rendered->html.data,
			    "<p>&lt;b&gt;&amp;&quot;&#39; <a href=\"https://pay.example/?a=1&amp;b=2\">1234.56</a>", 80);
}

/* No permission is asked for a letter, and it needs no way to opt out; an opt-out of letters binds. */
static void test_communications__a_letter_goes_to_its_address_until_it_is_withdrawn(void **state)
{
	struct withdraw_consent withdrawal = {
		.customer_id = CUSTOMER, .has_channel = true, .channel = STR("letter"), .via = STR("letter"), .withdrawn_at = 1
	};
	struct publish_template template = a_template();
	struct send_communication body = a_message(1);

	(void)state;
	template.channel = STR("letter");
	template.body = STR("Dear {{customer_name}}");
	publish(&template);
	then_refused(&spec, REFUSAL_BAD_VALUE, "subject");
	template.subject = STR("{{debt_reference}}");
	publish(&template);
	then_events(&spec, "TemplatePublished");
	body.channel = STR("letter");
	send(&body);
	then_events(&spec, "ComplianceDecided", "CommunicationReleased");
	assert_true(str_is(((const struct rendered *)spec.decision.events[1].confidential)->address, "letter"));
	assert_true(str_is(((const struct rendered *)spec.decision.events[1].confidential)->subject, "INV-1"));
	spec_when(&spec, &withdraw_consent_type, &withdrawal);
	body.communication_id = spec_id('M', 2);
	send(&body);
	then_events(&spec, "ComplianceDecided", "CommunicationSuppressed");
}

static const char *facts_text(void)
{
	return ((const struct facts *)spec.decision.events[0].confidential)->text.data;
}

/* US-19: the guard denies where it applies; what a template is without it, the facts say. */
static void test_communications__a_template_that_discloses_says_so_to_the_guard(void **state)
{
	struct publish_template template = a_template();
	struct send_communication body = a_message(1);

	(void)state;
	given_consent();
	publish(&template);
	send(&body);
	assert_non_null(strstr(facts_text(), " disclosed=no "));
	template.version = 2;
	template.body = STR("{{disclosure}} {{opt_out}}");
	publish(&template);
	body.communication_id = spec_id('M', 2);
	send(&body);
	assert_non_null(strstr(facts_text(), " disclosed=yes "));
	then_body("Diese Nachricht kommt von einem Inkassounternehmen und dient dem Einzug einer Forderung. Erlangte Angaben "
		  "werden "
		  "daf\xc3\xbcr verwendet. Antworten Sie STOP, um keine SMS mehr zu erhalten.");
}

static void test_communications__languages_are_widened_part_by_part(void **state)
{
	struct str language = STR("zh-Hant-x-ours");

	(void)state;
	assert_true(language_widen(&language));
	assert_true(str_is(language, "zh-Hant"));
	assert_true(language_widen(&language));
	assert_true(str_is(language, "zh"));
	assert_false(language_widen(&language));
	assert_true(str_is(language, "zh"));
}

static void test_communications__a_template_that_cannot_be_is_not_waited_for(void **state)
{
	static const char *const names[] = { "", "First Reminder", "\xC3\xA4" };
	static const char *const languages[] = { "", "d", "german", "de-", "-de", "de_DE", "DE" };
	struct send_communication body = a_message(1);

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		body.template_name = str_of(names[i]);
		send(&body);
		then_refused(&spec, REFUSAL_BAD_VALUE, "template_name");
	}
	body = a_message(1);
	for (size_t i = 0; i < COUNT(languages); i++) {
		body.language = str_of(languages[i]);
		send(&body);
		then_refused(&spec, REFUSAL_BAD_VALUE, "language");
	}
}

static void test_communications__anothers_debt_is_not_found(void **state)
{
	struct send_communication body = a_message(1);
	struct owed_debt *debt;

	(void)state;
	given_template();
	given_debt(2, "INV-2", 1, "EUR", SPEC_TODAY);
	debt = spec_given(&spec, &owed_debt_entity, spec_id('D', 2));
	debt->customer_id = spec_id('C', 2);
	debt_ids[0] = spec_id('D', 2);
	send(&body);
	then_refused(&spec, REFUSAL_NOT_FOUND, "debt_ids");
}

static unsigned classes_sent;
static size_t named_debts = 1;

/* By a template of its own, to somebody who may be written to: only the debts can be against it. */
static void send_class(const char *message_class)
{
	struct publish_template template = a_template();
	struct send_communication body = a_message(++classes_sent + 100);

	if (workset_find(&spec.set, &recipient_entity, &body.customer_id) == NULL)
		given_consent();
	template.template_id = spec_id('T', classes_sent + 100);
	template.name = body.template_name = str_copy(&spec.arena, template.name);
	((char *)(uintptr_t) template.name.data)[0] = (char)('a' + classes_sent % 26);
	template.message_class = body.message_class = str_of(message_class);
	publish(&template);
	then_events(&spec, "TemplatePublished");
	body.debt_ids_count = named_debts;
	send(&body);
}

static void then_allowed(const char *message_class)
{
	send_class(message_class);
	then_events(&spec, "ComplianceDecided", "CommunicationReleased");
}

static void then_denied(const char *message_class, const char *rule, const char *facts)
{
	const struct facts *said;

	send_class(message_class);
	then_events(&spec, "ComplianceDecided", "CommunicationSuppressed");
	assert_true(str_is(then_event(&spec, 0, compliance_decided)->verdict, "deny"));
	assert_true(str_is(then_event(&spec, 0, compliance_decided)->rules[0], rule));
	assert_true(str_is(then_event(&spec, 1, communication_suppressed)->reason, rule));
	said = spec.decision.events[0].confidential;
	assert_non_null(strstr(said->text.data, facts));
}

static void test_communications__nothing_is_claimed_for_a_cancelled_debt(void **state)
{
	struct owed_debt *debt = spec_given(&spec, &owed_debt_entity, spec_id('D', 1));

	(void)state;
	debt->is_closed = 1;
	then_denied("reminder", "DEBT-1", "class=reminder");
	then_denied("demand", "DEBT-1", "debt=balance:123456,due:2025-12-22,closed:yes,settled:no,said_barred:no");
	then_allowed("dispute_reply");
	then_allowed("payment_receipt");
}

static void test_communications__nothing_is_claimed_where_nothing_is_owed(void **state)
{
	(void)state;
	given_debt(1, "INV-1", 0, "EUR", SPEC_TODAY - 10);
	then_denied("reminder", "DEBT-2", "debt=due:2025-12-22,closed:no,settled:no");
	then_denied("settlement_offer", "DEBT-2", "debt=due:2025-12-22,closed:no,settled:no");
	then_allowed("payment_receipt");
	given_debt(1, "INV-1", 100, "EUR", SPEC_TODAY - 10);
	((struct owed_debt *)spec_given(&spec, &owed_debt_entity, spec_id('D', 1)))->credits_minor = 100;
	then_denied("demand", "DEBT-2", "credits=100");
}

static void test_communications__what_is_not_due_is_not_demanded(void **state)
{
	(void)state;
	given_debt(1, "INV-1", 100, "EUR", SPEC_TODAY + 1);
	then_denied("demand", "DEBT-3", "debt=balance:100,due:2026-01-02,closed:no,settled:no");
	then_denied("legal_notice", "DEBT-3", "debt=balance:100,due:2026-01-02,closed:no,settled:no");
	then_allowed("reminder");
	given_debt(1, "INV-1", 100, "EUR", SPEC_TODAY);
	then_allowed("demand");
}

/* What the holds of a debt stop; the rest of the message's debts may be free. */
static void test_communications__what_is_held_is_not_collected(void **state)
{
	struct owed_debt *debt;

	(void)state;
	given_debt(2, "INV-2", 100, "EUR", SPEC_TODAY - 10);
	debt_ids[1] = spec_id('D', 2);
	named_debts = 2;
	debt = spec_given(&spec, &owed_debt_entity, spec_id('D', 2));
	debt->contact_is_stopped = 1;
	then_denied("demand", "HOLD-1",
		    "hold=classes:reminder+demand+promise_reminder+plan_notice+settlement_offer+legal_notice");
	then_denied("plan_notice", "HOLD-1", "class=plan_notice");
	then_allowed("dispute_reply");
	then_allowed("validation_notice");
	debt->contact_is_stopped = 0;
	debt->legal_is_stopped = 1;
	then_denied("legal_notice", "HOLD-1", "hold=classes:legal_notice");
	then_allowed("demand");
	named_debts = 1;
	then_allowed("legal_notice");
}

/* A promise, a plan, a settlement: nothing is demanded, and people are reminded of what they have agreed to. */
static void test_communications__what_is_arranged_is_not_demanded(void **state)
{
	struct owed_debt *debt;

	(void)state;
	given_debt(1, "INV-1", 100, "EUR", SPEC_TODAY - 10);
	debt = spec_given(&spec, &owed_debt_entity, spec_id('D', 1));
	debt->demand_is_stopped = 1;
	then_denied("demand", "HOLD-1", "hold=classes:reminder+demand+settlement_offer+legal_notice");
	then_denied("legal_notice", "HOLD-1", "class=legal_notice");
	then_allowed("promise_reminder");
	then_allowed("plan_notice");
	debt->demand_is_stopped = 0;
	then_allowed("demand");
}

/* One debt of many is enough. */
static void test_communications__each_debt_of_a_message_is_asked_about(void **state)
{
	(void)state;
	given_debt(2, "INV-2", 0, "EUR", SPEC_TODAY + 1);
	debt_ids[1] = spec_id('D', 2);
	named_debts = 2;
	then_denied("demand", "DEBT-2",
		    "closed:no,settled:no,said_barred:no,limited:2025-12-22,disputed:no debt=due:2026-01-02,closed:no");
	named_debts = 1;
}

static void test_communications__classes_ask_for_what_is_owed_or_due(void **state)
{
	(void)state;
	assert_int_equal(message_class_asks(STR("demand")), ASKS_DUE);
	assert_int_equal(message_class_asks(STR("plan_notice")), ASKS_OWED);
	assert_int_equal(message_class_asks(STR("dispute_reply")), ASKS_NOTHING);
	assert_int_equal(message_class_asks(STR("")), ASKS_NOTHING);
}

static void test_communications__a_debt_stands_once_in_a_message(void **state)
{
	struct send_communication body = a_message(1);

	(void)state;
	given_template();
	given_consent();
	given_debt(2, "INV-2", 1, "EUR", SPEC_TODAY);
	debt_ids[1] = spec_id('D', 2);
	debt_ids[2] = debt_ids[0];
	body.debt_ids_count = 3;
	send(&body);
	then_refused(&spec, REFUSAL_BAD_VALUE, "debt_ids");
	body.debt_ids_count = 2;
	send(&body);
	then_events(&spec, "ComplianceDecided", "CommunicationReleased");
}

static void test_communications__debts_of_one_message_have_one_creditor(void **state)
{
	struct send_communication body = a_message(1);
	struct owed_debt *debt;

	(void)state;
	given_template();
	given_debt(2, "INV-2", 1, "EUR", SPEC_TODAY);
	debt = spec_given(&spec, &owed_debt_entity, spec_id('D', 2));
	debt->creditor_id = spec_id('K', 2);
	debt_ids[1] = spec_id('D', 2);
	body.debt_ids_count = 2;
	send(&body);
	then_refused(&spec, REFUSAL_BAD_VALUE, "debt_ids");
}

static void test_communications__debts_of_one_message_have_one_currency(void **state)
{
	struct send_communication body = a_message(1);

	(void)state;
	given_template();
	given_debt(2, "INV-2", 1, "USD", SPEC_TODAY);
	debt_ids[1] = spec_id('D', 2);
	body.debt_ids_count = 2;
	send(&body);
	then_refused(&spec, REFUSAL_BAD_CURRENCY, "debt_ids");
}

static void test_communications__nothing_is_sent_to_one_who_is_no_longer_active(void **state)
{
	struct send_communication body = a_message(1);
	struct person *person = spec_given(&spec, &person_entity, CUSTOMER);

	(void)state;
	given_template();
	given_consent();
	person->is_active = 0;
	send(&body);
	then_refused(&spec, REFUSAL_BAD_TRANSITION, "customer_id");
}

static void test_communications__without_an_address_nothing_is_sent(void **state)
{
	struct send_communication body = a_message(1);
	struct addresses *addresses = spec_given(&spec, &addresses_entity, CUSTOMER);

	(void)state;
	given_template();
	given_consent();
	addresses->sms = (struct address){ 0 };
	send(&body);
	then_refused(&spec, REFUSAL_NO_USABLE_CONTACT_POINT, "channel");
}

static void test_communications__a_token_without_a_value_is_refused(void **state)
{
	struct send_communication body = a_message(1);

	(void)state;
	given_template();
	given_consent();
	body.debt_ids_count = 0;
	send(&body);
	then_refused(&spec, REFUSAL_TEMPLATE_INCOMPLETE, "parameters");
	assert_non_null(strstr(spec.decision.text, "balance"));
}

static void test_communications__parameters_resolve_and_are_bounded(void **state)
{
	struct template_parameter plan[] = { { STR("plan"), STR("3 x 10") } };
	struct publish_template template = a_template();
	struct send_communication body = a_message(1);
	char value[500];

	(void)state;
	given_consent();
	template.body = STR("{{plan}} {{opt_out}}");
	publish(&template);
	body.parameters = plan;
	body.parameters_count = 1;
	send(&body);
	then_events(&spec, "ComplianceDecided", "CommunicationReleased");
	then_body("3 x 10 Antworten Sie STOP, um keine SMS mehr zu erhalten.");

	template.version = 2;
	template.body = STR("{{plan}}{{plan}}{{plan}}{{plan}} {{opt_out}}");
	publish(&template);
	memset(value, 'x', sizeof(value));
	plan[0].value = (struct str){ .data = value, .size = sizeof(value) };
	body.communication_id = spec_id('M', 2);
	send(&body);
	then_refused(&spec, REFUSAL_LIMIT_EXCEEDED, "parameters");
}

static void test_communications__a_subject_stays_one_line_whatever_a_value_is_made_of(void **state)
{
	struct publish_template template = a_template();
	struct send_communication body = a_message(1);

	(void)state;
	given_consent();
	template.channel = STR("email");
	template.subject = STR("{{debt_reference}}");
	publish(&template);
	then_events(&spec, "TemplatePublished");
	body.channel = STR("email");
	given_debt(1, "INV\r\nBcc: all@example.org", 1, "EUR", SPEC_TODAY);
	send(&body);
	then_refused(&spec, REFUSAL_BAD_VALUE, "customer_id");
	given_debt(1, "INV-1", 1, "EUR", SPEC_TODAY);
	send(&body);
	then_events(&spec, "ComplianceDecided", "CommunicationReleased");
	assert_true(str_is(((const struct rendered *)spec.decision.events[1].confidential)->subject, "INV-1"));
	assert_true(str_is(((const struct rendered *)spec.decision.events[1].confidential)->address, "email"));
}

static void test_communications__a_customer_has_only_so_many_messages_under_way(void **state)
{
	struct send_communication body;

	(void)state;
	given_template();
	given_consent();
	for (unsigned number = 1; number <= QUEUE_MAX; number++)
		given_message(number);
	body = a_message(QUEUE_MAX + 1);
	send(&body);
	then_refused(&spec, REFUSAL_LIMIT_EXCEEDED, "customer_id");
	withdraw(NULL, spec.now_ms);
	assert_int_equal(then_event(&spec, 0, consent_withdrawn)->cancelled_count, QUEUE_MAX);
	assert_int_equal(the_queue()->count, 0);
}

/* ---- withdrawal and messages ---- */

static void test_communications__a_withdrawal_cancels_what_is_released_on_its_channel(void **state)
{
	struct publish_template template = a_template();
	struct send_communication body = a_message(2);
	const struct consent_withdrawn *event;

	(void)state;
	given_template();
	template.template_id = spec_id('T', 2);
	template.channel = STR("email");
	template.subject = STR("Hello");
	publish(&template);
	given_consent();
	given_message(1);
	body.channel = STR("email");
	send(&body);
	then_events(&spec, "ComplianceDecided", "CommunicationReleased");

	withdraw("sms", spec.now_ms);
	event = then_event(&spec, 0, consent_withdrawn);
	assert_int_equal(event->cancelled_count, 1);
	assert_int_equal(event->cancelled[0].version, 2);
	assert_int_equal(event->cancelled[0].requested_on, SPEC_TODAY);
	assert_int_equal(message(1)->state, COMMUNICATION_CANCELLED);
	assert_int_equal(message(2)->state, COMMUNICATION_RELEASED);
	withdraw(NULL, spec.now_ms);
	assert_int_equal(then_event(&spec, 0, consent_withdrawn)->cancelled_count, 1);
	assert_int_equal(message(2)->state, COMMUNICATION_CANCELLED);
}

static void test_communications__what_is_claimed_is_not_cancelled(void **state)
{
	struct uuid id = CUSTOMER;
	struct queue *queue;

	(void)state;
	given_template();
	given_consent();
	given_message(1);
	queue = workset_change(&spec.set, &queue_entity, &id);
	queue->messages[0].state = OUTBOX_CLAIMED;
	withdraw(NULL, spec.now_ms);
	assert_int_equal(then_event(&spec, 0, consent_withdrawn)->cancelled_count, 0);
	assert_int_equal(message(1)->state, COMMUNICATION_RELEASED);
}

/* ---- CancelCommunication ---- */

static struct cancel_communication a_cancellation(void)
{
	return (struct cancel_communication){ .communication_id = spec_id('M', 1), .customer_id = CUSTOMER };
}

static void cancel(const struct cancel_communication *body)
{
	struct cancel_communication *copy = arena_take(&spec.arena, 1, sizeof(*copy));

	*copy = *body;
	spec_when(&spec, &cancel_communication_type, copy);
}

static struct queue *change_queue(void)
{
	struct uuid id = CUSTOMER;

	return workset_change(&spec.set, &queue_entity, &id);
}

static void test_communications__what_has_not_left_is_cancelled_once(void **state)
{
	struct cancel_communication body = a_cancellation();
	const struct communication_cancelled *event;

	(void)state;
	given_template();
	given_consent();
	given_message(1);
	given_message(2);
	body.has_expected_version = true;
	body.expected_version = 2;
	cancel(&body);
	then_refused(&spec, REFUSAL_VERSION_CONFLICT, "expected_version");
	body.expected_version = 1;
	cancel(&body);
	then_events(&spec, "CommunicationCancelled");
	event = then_event(&spec, 0, communication_cancelled);
	assert_int_equal(event->version, 2);
	assert_int_equal(event->requested_on, SPEC_TODAY);
	assert_true(str_is(event->channel, "sms"));
	assert_true(str_is(event->previous_state, "released"));
	assert_int_equal(message(1)->state, COMMUNICATION_CANCELLED);
	assert_int_equal(message(2)->state, COMMUNICATION_RELEASED);
	assert_int_equal(the_queue()->count, 1);
	body.has_expected_version = false;
	cancel(&body);
	then_refused(&spec, REFUSAL_BAD_TRANSITION, "communication_id");
	assert_string_equal(spec.decision.text, "the communication is cancelled: only what has not left can be changed");
}

static void test_communications__only_the_customers_own_message_is_cancelled(void **state)
{
	struct cancel_communication body = a_cancellation();

	(void)state;
	cancel(&body);
	then_refused(&spec, REFUSAL_NOT_FOUND, "communication_id");
	given_template();
	given_consent();
	given_message(1);
	body.customer_id = spec_id('C', 2);
	cancel(&body);
	then_refused(&spec, REFUSAL_NOT_FOUND, "communication_id");
}

static void test_communications__what_is_in_the_notifiers_hands_is_not_cancelled(void **state)
{
	struct cancel_communication body = a_cancellation();

	(void)state;
	given_template();
	given_consent();
	given_message(1);
	change_queue()->messages[0].state = OUTBOX_CLAIMED;
	cancel(&body);
	then_refused(&spec, REFUSAL_BAD_TRANSITION, "communication_id");
	assert_non_null(strstr(spec.decision.text, "is being sent"));
	assert_int_equal(message(1)->state, COMMUNICATION_RELEASED);
}

/* ---- receipts ---- */

static void dispatch(const char *outcome, int32_t attempt, const char *code)
{
	struct record_dispatch *body = arena_take(&spec.arena, 1, sizeof(*body));

	*body = (struct record_dispatch){ .communication_id = spec_id('M', 1),
					  .customer_id = CUSTOMER,
					  .attempt = attempt,
					  .outcome = str_of(outcome),
					  .provider = STR("kannel"),
					  .has_provider_code = code != NULL,
					  .provider_code = str_of(code == NULL ? "" : code),
					  .occurred_at = spec.now_ms };
	spec_when(&spec, &record_dispatch_type, body);
}

static void deliver(const char *status)
{
	struct record_delivery *body = arena_take(&spec.arena, 1, sizeof(*body));

	*body = (struct record_delivery){ .communication_id = spec_id('M', 1),
					  .customer_id = CUSTOMER,
					  .provider = STR("kannel"),
					  .status = str_of(status),
					  .occurred_at = spec.now_ms };
	spec_when(&spec, &record_delivery_type, body);
}

static void given_released(void)
{
	given_template();
	given_consent();
	given_message(1);
}

static void test_communications__receipts_move_a_message_to_its_end(void **state)
{
	const struct communication_progressed *event;

	(void)state;
	given_released();
	dispatch("accepted", 1, NULL);
	then_events(&spec, "CommunicationProgressed");
	event = then_event(&spec, 0, communication_progressed);
	assert_int_equal(event->version, 2);
	assert_true(str_is(event->previous_state, "released"));
	assert_true(str_is(event->state, "submitted"));
	assert_int_equal(the_queue()->count, 0);
	deliver("delivered");
	then_events(&spec, "CommunicationProgressed");
	assert_int_equal(then_event(&spec, 0, communication_progressed)->attempt, 1);
	assert_int_equal(message(1)->state, COMMUNICATION_DELIVERED);
}

static void test_communications__every_word_of_a_provider_has_its_state(void **state)
{
	static const struct {
		const char *status;
		enum communication_state state;
	} cases[] = {
		{ "delivered", COMMUNICATION_DELIVERED }, { "failed", COMMUNICATION_FAILED },
		{ "expired", COMMUNICATION_EXPIRED },     { "rejected", COMMUNICATION_REJECTED },
		{ "buffered", COMMUNICATION_SUBMITTED },  { "accepted", COMMUNICATION_SUBMITTED },
	};

	for (size_t index = 0; index < COUNT(cases); index++) {
		given_released();
		deliver(cases[index].status);
		then_events(&spec, "CommunicationProgressed");
		assert_int_equal(message(1)->state, cases[index].state);
		teardown(state);
		setup(state);
	}
	given_released();
	deliver("lost in space");
	then_refused(&spec, REFUSAL_BAD_VALUE, "status");
	dispatch("shrug", 1, NULL);
	then_refused(&spec, REFUSAL_BAD_VALUE, "outcome");
	dispatch("accepted", 0, NULL);
	then_refused(&spec, REFUSAL_BAD_VALUE, "attempt");
	spec.now_ms = INT64_MAX;
	deliver("delivered");
	then_refused(&spec, REFUSAL_BAD_DATE, "occurred_at");
	dispatch("accepted", 1, NULL);
	then_refused(&spec, REFUSAL_BAD_DATE, "occurred_at");
	spec.now_ms = 0;
	dispatch("failed", 1, "expired");
	assert_int_equal(message(1)->state, COMMUNICATION_EXPIRED);
}

static void test_communications__late_and_repeated_receipts_are_kept_and_move_nothing(void **state)
{
	(void)state;
	given_released();
	deliver("delivered");
	dispatch("accepted", 1, NULL);
	then_events(&spec, "ReceiptIgnored");
	assert_true(str_is(then_event(&spec, 0, receipt_ignored)->state, "delivered"));
	assert_true(str_is(then_event(&spec, 0, receipt_ignored)->status, "accepted"));
	deliver("delivered");
	then_events(&spec, "ReceiptIgnored");
	assert_int_equal(message(1)->version, 2);
}

static void test_communications__a_message_that_waits_for_another_try_can_be_cancelled(void **state)
{
	struct uuid id = CUSTOMER;
	struct queue *queue;

	(void)state;
	given_released();
	queue = workset_change(&spec.set, &queue_entity, &id);
	queue->messages[0].state = OUTBOX_CLAIMED;
	dispatch("not_accepted", 1, NULL);
	then_events(&spec, "CommunicationProgressed");
	assert_int_equal(message(1)->state, COMMUNICATION_RETRY_WAIT);
	dispatch("not_accepted", 1, NULL);
	then_events(&spec, "ReceiptIgnored");
	dispatch("not_accepted", 2, NULL);
	then_events(&spec, "CommunicationProgressed");
	withdraw("sms", spec.now_ms);
	assert_int_equal(then_event(&spec, 0, consent_withdrawn)->cancelled_count, 1);
	assert_int_equal(message(1)->state, COMMUNICATION_CANCELLED);
	dispatch("accepted", 3, NULL);
	then_events(&spec, "ReceiptIgnored");
}

static void test_communications__a_message_between_two_tries_is_taken_back(void **state)
{
	struct cancel_communication body = a_cancellation();

	(void)state;
	given_released();
	change_queue()->messages[0] = (struct queued){ .communication_id = spec_id('M', 1),
						       .channel = CHANNEL_SMS,
						       .requested_on = SPEC_TODAY,
						       .state = OUTBOX_CLAIMED,
						       .claims = 1 };
	dispatch("not_accepted", 1, NULL);
	cancel(&body);
	then_events(&spec, "CommunicationCancelled");
	assert_int_equal(then_event(&spec, 0, communication_cancelled)->version, 3);
	assert_true(str_is(then_event(&spec, 0, communication_cancelled)->previous_state, "retry_wait"));
	dispatch("accepted", 2, NULL);
	then_events(&spec, "ReceiptIgnored");
}

/* The notifier has claimed it again before the word of the first try has come. */
static void test_communications__a_late_word_of_a_first_try_does_not_free_the_second(void **state)
{
	struct cancel_communication body = a_cancellation();

	(void)state;
	given_released();
	change_queue()->messages[0].state = OUTBOX_CLAIMED;
	change_queue()->messages[0].claims = 2;
	dispatch("not_accepted", 1, NULL);
	assert_int_equal(message(1)->state, COMMUNICATION_RETRY_WAIT);
	cancel(&body);
	then_refused(&spec, REFUSAL_BAD_TRANSITION, "communication_id");
	withdraw(NULL, spec.now_ms);
	assert_int_equal(then_event(&spec, 0, consent_withdrawn)->cancelled_count, 0);
}

/* ---- ResolveUnknown ---- */

static struct resolve_unknown a_resolution(const char *resolution)
{
	return (struct resolve_unknown){ .communication_id = spec_id('M', 1),
					 .customer_id = CUSTOMER,
					 .resolution = str_of(resolution),
					 .reason = STR("the provider's log"),
					 .has_expected_version = true,
					 .expected_version = 2 };
}

static void resolve(const struct resolve_unknown *body)
{
	struct resolve_unknown *copy = arena_take(&spec.arena, 1, sizeof(*copy));

	*copy = *body;
	spec_when(&spec, &resolve_unknown_type, copy);
}

static void given_unknown(void)
{
	given_released();
	dispatch("unknown", 1, NULL);
	assert_int_equal(message(1)->state, COMMUNICATION_UNKNOWN);
	assert_int_equal(the_queue()->count, 0);
}

static void test_communications__what_a_person_knows_was_sent_is_submitted(void **state)
{
	struct resolve_unknown body = a_resolution("sent");
	const struct communication_progressed *event;

	(void)state;
	given_unknown();
	resolve(&body);
	then_events(&spec, "CommunicationProgressed");
	event = then_event(&spec, 0, communication_progressed);
	assert_int_equal(event->version, 3);
	assert_int_equal(event->attempt, 1);
	assert_true(str_is(event->previous_state, "unknown"));
	assert_true(str_is(event->state, "submitted"));
	assert_true(str_is(event->provider, "person"));
	assert_true(str_is(event->provider_code, "the provider's log"));
	assert_int_equal(message(1)->state, COMMUNICATION_SUBMITTED);
	assert_int_equal(the_queue()->count, 0);
	body.expected_version = 3;
	resolve(&body);
	then_refused(&spec, REFUSAL_BAD_TRANSITION, "communication_id");
	deliver("delivered");
	assert_int_equal(message(1)->state, COMMUNICATION_DELIVERED);
}

static void test_communications__what_a_person_knows_was_not_sent_waits_for_one_more_attempt(void **state)
{
	struct resolve_unknown body = a_resolution("not_sent");

	(void)state;
	given_unknown();
	resolve(&body);
	then_events(&spec, "CommunicationProgressed");
	assert_int_equal(message(1)->state, COMMUNICATION_RETRY_WAIT);
	assert_int_equal(the_queue()->count, 1);
	assert_int_equal(the_queue()->messages[0].state, OUTBOX_WAITING);
	assert_int_equal(the_queue()->messages[0].claims, 1);
	resolve(&body);
	then_refused(&spec, REFUSAL_VERSION_CONFLICT, "expected_version");
	dispatch("unknown", 2, NULL);
	assert_int_equal(message(1)->state, COMMUNICATION_UNKNOWN);
	assert_int_equal(message(1)->attempt, 2);
	assert_int_equal(the_queue()->count, 0);
}

/* Two persons asked about the same attempt; the second one's word comes when another attempt is unknown, too. */
static void test_communications__a_word_about_an_earlier_attempt_leads_out_of_no_later_one(void **state)
{
	struct resolve_unknown body = a_resolution("not_sent");

	(void)state;
	given_unknown();
	resolve(&body);
	dispatch("unknown", 2, NULL);
	resolve(&body);
	then_refused(&spec, REFUSAL_VERSION_CONFLICT, "expected_version");
	body.has_expected_version = false;
	resolve(&body);
	then_refused(&spec, REFUSAL_BAD_VALUE, "expected_version");
	body.resolution = STR("sent");
	resolve(&body);
	then_refused(&spec, REFUSAL_BAD_VALUE, "expected_version");
	assert_int_equal(message(1)->state, COMMUNICATION_UNKNOWN);
	body = a_resolution("not_sent");
	body.expected_version = message(1)->version;
	resolve(&body);
	assert_int_equal(message(1)->state, COMMUNICATION_RETRY_WAIT);
}

static void test_communications__what_is_to_be_sent_once_more_ends_with_a_withdrawal(void **state)
{
	struct resolve_unknown body = a_resolution("not_sent");

	(void)state;
	given_unknown();
	resolve(&body);
	withdraw("sms", spec.now_ms);
	assert_int_equal(then_event(&spec, 0, consent_withdrawn)->cancelled_count, 1);
	assert_int_equal(message(1)->state, COMMUNICATION_CANCELLED);
}

static void test_communications__a_late_delivery_wins_over_what_a_person_says(void **state)
{
	struct resolve_unknown body = a_resolution("not_sent");

	(void)state;
	given_unknown();
	resolve(&body);
	deliver("delivered");
	assert_int_equal(message(1)->state, COMMUNICATION_DELIVERED);
	assert_int_equal(the_queue()->count, 0);
	body.expected_version = message(1)->version;
	resolve(&body);
	then_refused(&spec, REFUSAL_BAD_TRANSITION, "communication_id");
}

static void test_communications__only_an_unknown_message_of_the_customer_is_resolved(void **state)
{
	struct resolve_unknown body = a_resolution("not_sent");

	(void)state;
	resolve(&body);
	then_refused(&spec, REFUSAL_NOT_FOUND, "communication_id");
	given_released();
	body.expected_version = 1;
	resolve(&body);
	then_refused(&spec, REFUSAL_BAD_TRANSITION, "communication_id");
	dispatch("unknown", 1, NULL);
	resolve(&body);
	then_refused(&spec, REFUSAL_VERSION_CONFLICT, "expected_version");
	body.expected_version = 2;
	body.customer_id = spec_id('C', 2);
	resolve(&body);
	then_refused(&spec, REFUSAL_NOT_FOUND, "communication_id");
	body = a_resolution("perhaps");
	resolve(&body);
	then_refused(&spec, REFUSAL_BAD_VALUE, "resolution");
	body = a_resolution("sent");
	body.reason = STR("");
	resolve(&body);
	then_refused(&spec, REFUSAL_BAD_VALUE, "reason");
	change_queue()->count = QUEUE_MAX;
	body = a_resolution("not_sent");
	resolve(&body);
	then_refused(&spec, REFUSAL_LIMIT_EXCEEDED, "customer_id");
	assert_int_equal(message(1)->state, COMMUNICATION_UNKNOWN);
}

static void test_communications__receipts_wait_for_their_message(void **state)
{
	(void)state;
	dispatch("accepted", 1, NULL);
	then_waits(&spec, "communication_id");
	deliver("delivered");
	then_waits(&spec, "communication_id");
}

static void test_communications__a_receipt_for_anothers_message_is_not_found(void **state)
{
	struct record_delivery body = { .communication_id = spec_id('M', 1),
					.customer_id = spec_id('C', 2),
					.provider = STR("kannel"),
					.status = STR("delivered") };

	(void)state;
	given_released();
	spec_when(&spec, &record_delivery_type, &body);
	then_refused(&spec, REFUSAL_NOT_FOUND, "communication_id");
}

/* ---- facts about the person, and the laws that are asked ---- */

static void circumstance(unsigned number, const char *kind, const struct uuid *debt_id)
{
	struct record_circumstance body = { .circumstance_id = spec_id('A', number),
					    .customer_id = CUSTOMER,
					    .kind = str_of(kind),
					    .has_debt_id = debt_id != NULL,
					    .from_on = SPEC_TODAY,
					    .evidence_ref = STR("letter") };

	if (debt_id != NULL)
		body.debt_id = *debt_id;
	spec_when(&spec, &record_circumstance_type, &body);
	then_events(&spec, "CircumstanceRecorded");
}

static void end_circumstance(unsigned number)
{
	struct end_circumstance body = { .circumstance_id = spec_id('A', number),
					 .customer_id = CUSTOMER,
					 .evidence_ref = STR("letter") };

	spec_when(&spec, &end_circumstance_type, &body);
	then_events(&spec, "CircumstanceEnded");
}

static void test_communications__an_attorney_stops_what_the_end_of_it_permits(void **state)
{
	(void)state;
	circumstance(1, "attorney", NULL);
	then_denied("demand", "US-04", "attorney=yes");
	assert_true(str_is(then_event(&spec, 0, compliance_decided)->profiles[0], "person/1"));
	then_denied("payment_receipt", "US-04", "attorney=yes");
	end_circumstance(1);
	then_allowed("demand");
}

/* Silence permits after 30 days (the profile person); one attorney of two, and a later one, were not asked. */
static void test_communications__an_attorney_who_consents_or_is_silent_permits_contact(void **state)
{
	struct uuid own = spec_id('D', 1);
	struct uuid other = spec_id('D', 9);

	(void)state;
	circumstance(1, "attorney_consents", NULL); /* whose? */
	circumstance(2, "attorney", NULL);
	then_denied("demand", "US-04", "attorney=yes");
	circumstance(3, "attorney_consents", &other);
	then_denied("demand", "US-04", "attorney_consents=no");
	circumstance(4, "attorney_consents", &own);
	then_allowed("demand");
	circumstance(5, "attorney", &own);
	then_denied("demand", "US-04", "attorney_consents=no");
	end_circumstance(5);
	then_allowed("demand");
	end_circumstance(4);
	circumstance(6, "attorney_asked", NULL);
	spec.today += 30;
	spec.now_ms += 30 * DAY_MS;
	then_denied("demand", "US-04", "attorney_asked=");
	spec.today += 1;
	spec.now_ms += 2 * DAY_MS; /* where the person is, nobody knows: also in the last zone */
	then_allowed("demand");
	end_circumstance(6);
	then_denied("demand", "US-04", "attorney=yes");
}

static void test_communications__a_request_to_cease_permits_its_reply(void **state)
{
	(void)state;
	circumstance(1, "cease", NULL);
	then_denied("account_service", "US-05", "ceased=yes");
	then_allowed("cease_reply");
}

static void test_communications__a_dispute_stops_demands_of_its_debt(void **state)
{
	struct uuid other = spec_id('D', 9);
	struct uuid own = spec_id('D', 1);

	(void)state;
	circumstance(1, "dispute", &other);
	then_allowed("demand");
	circumstance(2, "dispute", &own);
	then_denied("demand", "UK-04", "disputed:yes");
	then_allowed("dispute_reply");
}

static void test_communications__what_is_over_stops_nothing(void **state)
{
	(void)state;
	circumstance(1, "attorney", NULL);
	spec.today += 1;
	then_denied("demand", "US-04", "attorney=yes");
	end_circumstance(1);
	then_allowed("demand");
}

static void test_communications__a_channel_that_is_not_wanted_is_not_used(void **state)
{
	struct str sms = STR("sms");
	struct set_preference body = { .preference_id = spec_id('W', 1),
				       .customer_id = CUSTOMER,
				       .blocked_channels = &sms,
				       .blocked_channels_count = 1,
				       .has_valid_until = true,
				       .valid_until = SPEC_TODAY };

	(void)state;
	spec_when(&spec, &set_preference_type, &body);
	then_events(&spec, "PreferenceSet");
	then_denied("demand", "US-10", "unwanted=yes");
	assert_true(str_is(then_event(&spec, 0, compliance_decided)->profiles[0], "basic/1"));
	spec.today += 1; /* it held until yesterday */
	then_allowed("demand");
}

static void test_communications__a_consent_ends_at_its_end(void **state)
{
	struct grant_consent body = a_consent();

	(void)state;
	body.has_expires_at = true;
	body.expires_at = body.obtained_at;
	grant(&body);
	then_refused(&spec, REFUSAL_BAD_DATE, "expires_at");
	body.expires_at = spec.now_ms + 1;
	grant(&body);
	then_events(&spec, "ConsentGranted");
	then_allowed("demand");
	spec.now_ms += 1;
	then_denied("demand", "US-13", "permission=express");
}

static struct record_inbound an_inbound(const char *text)
{
	return (struct record_inbound){ .inbound_id = spec_id('I', 1),
					.customer_id = CUSTOMER,
					.channel = STR("sms"),
					.text = str_of(text),
					.provider = STR("kannel"),
					.has_provider_ref = true,
					.provider_ref = STR("7"),
					.received_at = spec.now_ms - 500 };
}

static void write_in(const struct record_inbound *body)
{
	struct record_inbound *copy = arena_take(&spec.arena, 1, sizeof(*copy));

	*copy = *body;
	spec_when(&spec, &record_inbound_type, copy);
}

/* What contacts are facts: one about this debt, one about another, one of which it is not known. */
static void test_communications__contacts_are_facts(void **state)
{
	static struct uuid about[2];
	struct record_contact body = { .contact_id = spec_id('K', 1),
				       .customer_id = CUSTOMER,
				       .debt_ids = about,
				       .debt_ids_count = 1,
				       .channel = STR("voice"),
				       .direction = STR("outbound"),
				       .party = STR("consumer"),
				       .outcome = STR("conversation"),
				       .at = SPEC_TODAY * DAY_MS - 3600000 };
	const struct facts *said;

	(void)state;
	about[0] = spec_id('D', 1);
	spec_when(&spec, &record_contact_type, &body);
	body.contact_id = spec_id('K', 2);
	about[1] = spec_id('D', 2);
	body.debt_ids = &about[1];
	spec_when(&spec, &record_contact_type, &body);
	body.contact_id = spec_id('K', 3);
	body.debt_ids_count = 0;
	spec_when(&spec, &record_contact_type, &body);
	then_allowed("payment_receipt");
	said = spec.decision.events[0].confidential;
	assert_non_null(strstr(said->text.data, "demand:yes,consented:no "));
	assert_non_null(strstr(said->text.data, "demand:yes,consented:no,debts:1 "));
	assert_non_null(strstr(said->text.data, "demand:yes,consented:no,debts:2 "));
	assert_non_null(strstr(said->text.data, "contacted:2025-12-31"));
	assert_non_null(strstr(said->text.data, "spoken:2025-12-31"));
}

/* A message that a person writes is a contact, and no communication: it conveys nothing about the debt (1006.34(b)(2)). */
static void test_communications__what_a_person_wrote_is_a_fact(void **state)
{
	struct record_inbound body = an_inbound("hello");
	const char *said;

	(void)state;
	body.received_at = spec.now_ms - 3600000;
	write_in(&body);
	then_allowed("payment_receipt");
	said = facts_text();
	assert_non_null(strstr(said, " wrote=2025-12-31T23:00:00"));
	assert_non_null(strstr(said, "inbound:yes"));
	assert_null(strstr(said, "contacted:"));
}

static void ask_profiles(const char *ids)
{
	struct str bad;
	bool is_known = asked_profiles_choose(str_of(ids), &bad);

	assert_true(is_known);
}

static int teardown_profiles(void **state)
{
	ask_profiles("basic person");
	return teardown(state);
}

#define LAWS "basic person us_third_party us_first_party massachusetts uk eu"

/* The law of the person's place is chosen among all that are asked; what it defers waits for the first fit instant. */
static void test_communications__the_law_of_the_place_binds(void **state)
{
	static struct zones zones;
	struct err err = ERR_INIT;
	struct person *person = spec_given(&spec, &person_entity, CUSTOMER);
	const struct compliance_decided *decided;

	(void)state;
	assert_int_equal(zones_load(&zones, ZONE_FOLDER, &err), 0);
	ask_profiles(LAWS);
	memcpy(person->country, "DE", 3);
	then_denied("demand", "EU-02", "country=DE"); /* no zone is known: no hour is fit */
	person->zone = zones_find(&zones, STR("Europe/Berlin"));
	spec.now_ms = SPEC_TODAY * DAY_MS + 7 * 3600000 - 30000; /* half a minute before eight in Berlin */
	send_class("demand");
	decided = then_event(&spec, 0, compliance_decided);
	assert_true(str_is(decided->verdict, "defer"));
	assert_int_equal(decided->until, SPEC_TODAY * DAY_MS + 7 * 3600000);
	assert_int_equal(decided->rules_count, 1);
	assert_true(str_is(decided->rules[0], "EU-02"));
	assert_true(str_is(decided->profiles[0], "eu/1"));
	assert_string_equal(spec.decision.events[1].type->record.name, "CommunicationScheduled");
	spec.now_ms += 30000;
	then_allowed("demand");
}

static void test_communications__an_unknown_profile_is_no_choice(void **state)
{
	struct str bad;

	(void)state;
	assert_false(asked_profiles_choose(STR("basic mars"), &bad));
	assert_true(str_is(bad, "mars"));
	assert_false(asked_profiles_choose(STR(""), &bad));
	workset_touch(&spec.set, &published_profiles_entity, &published_profiles_id, (struct str){ 0 });
	assert_int_equal(asked_profiles(&spec.set).count, 2);
}

/* ---- what people write ---- */

static void test_communications__a_stop_is_kept_and_withdraws_at_once(void **state)
{
	struct record_inbound body = an_inbound("Stop!");
	const struct inbound_received *received;
	const struct consent_withdrawn *withdrawn;

	(void)state;
	given_template();
	given_consent();
	given_message(1);
	write_in(&body);
	then_events(&spec, "InboundReceived", "ConsentWithdrawn");
	received = then_event(&spec, 0, inbound_received);
	assert_true(str_is(received->intent, "stop"));
	assert_true(str_is(received->keyword, "STOP"));
	assert_true(str_is(received->provider_ref, "7"));
	assert_int_equal(received->version, 1);
	assert_int_equal(received->text_hash.size, CONTENT_HASH_SIZE);
	withdrawn = then_event(&spec, 1, consent_withdrawn);
	assert_true(str_is(withdrawn->channel, "sms"));
	assert_true(str_is(withdrawn->via, "keyword"));
	assert_true(str_is(withdrawn->keyword, "STOP"));
	assert_int_equal(withdrawn->withdrawn_at, body.received_at);
	assert_int_equal(withdrawn->cancelled_count, 1);
	assert_false(may_send(CHANNEL_SMS));
	assert_true(may_send(CHANNEL_EMAIL));
	write_in(&body);
	then_refused(&spec, REFUSAL_EXISTS, "inbound_id");
}

static void test_communications__other_words_are_only_kept(void **state)
{
	struct record_inbound body = an_inbound("Help");

	(void)state;
	given_consent();
	write_in(&body);
	then_events(&spec, "InboundReceived");
	assert_true(str_is(then_event(&spec, 0, inbound_received)->intent, "help"));
	body = an_inbound("");
	body.inbound_id = spec_id('I', 2);
	write_in(&body);
	then_events(&spec, "InboundReceived");
	assert_true(str_is(then_event(&spec, 0, inbound_received)->intent, "other"));
	assert_false(then_event(&spec, 0, inbound_received)->has_keyword);
	assert_true(may_send(CHANNEL_SMS));
}

/* Of an erased person nothing can be kept, and a withdrawal counts all the same. */
static void test_communications__what_a_stranger_wrote_counts_too(void **state)
{
	struct record_inbound body = an_inbound("STOP");

	(void)state;
	body.customer_id = spec_id('C', 99);
	write_in(&body);
	then_events(&spec, "InboundReceived", "ConsentWithdrawn");
	assert_int_equal(then_event(&spec, 0, inbound_received)->text_hash.size, 0);
}

static void test_communications__every_field_of_an_inbound_message_is_looked_at(void **state)
{
	struct record_inbound body;
	struct record_unknown_inbound unknown = {
		.inbound_id = spec_id('I', 3), .channel = STR("sms"), .text = STR("STOP"), .provider = STR("kannel")
	};

	(void)state;
#define REFUSE(member, value, refusal, field)                                                                                    \
	body = an_inbound("STOP");                                                                                               \
	body.member = value;                                                                                                     \
	write_in(&body);                                                                                                         \
	then_refused(&spec, refusal, field)
	REFUSE(inbound_id, (struct uuid){ 0 }, REFUSAL_BAD_VALUE, "inbound_id");
	REFUSE(channel, STR("fax"), REFUSAL_BAD_VALUE, "channel");
	REFUSE(received_at, -1, REFUSAL_BAD_DATE, "received_at");
	REFUSE(received_at, INT64_MAX, REFUSAL_BAD_DATE, "received_at");
#undef REFUSE
	spec_when(&spec, &record_unknown_inbound_type, &unknown);
	then_refused(&spec, REFUSAL_BAD_VALUE, "sender");
	unknown.sender = STR("+447700900123");
	spec_when(&spec, &record_unknown_inbound_type, &unknown);
	then_events(&spec, "UnknownInboundReceived");
	assert_true(str_is(then_event(&spec, 0, unknown_inbound_received)->intent, "stop"));
	spec_when(&spec, &record_unknown_inbound_type, &unknown);
	then_refused(&spec, REFUSAL_EXISTS, "inbound_id");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(test_communications__a_template_is_published_without_its_text_in_the_event),
		TEST(test_communications__a_template_of_a_person_needs_a_second_one),
		TEST(test_communications__texts_of_long_letters_are_kept_whole),
		TEST(test_communications__a_debt_collector_in_the_us_publishes_no_template_without_a_disclosure),
		TEST(test_communications__anybody_else_may_publish_one),
		TEST(test_communications__every_field_of_a_template_is_looked_at),
		TEST(test_communications__an_html_part_is_published_when_it_is_safe_and_says_what_the_text_says),
		TEST(test_communications__versions_follow_each_other_and_names_belong_to_one_id),
		TEST(test_communications__every_field_of_a_consent_is_looked_at),
		TEST(test_communications__only_an_express_consent_lifts_an_opt_out),
		TEST(test_communications__a_consent_permits_until_it_is_withdrawn),
		TEST(test_communications__a_withdrawal_is_never_refused),
		TEST(test_communications__a_stop_is_kept_and_withdraws_at_once),
		TEST(test_communications__other_words_are_only_kept),
		TEST(test_communications__what_a_stranger_wrote_counts_too),
		TEST(test_communications__every_field_of_an_inbound_message_is_looked_at),
		TEST(test_communications__a_consent_that_was_overtaken_does_not_outlive_the_withdrawal),
		TEST(test_communications__what_has_waited_is_held_against_the_time_it_was_told),
		TEST(test_communications__a_withdrawal_ends_every_consent_known_whatever_time_it_gives),
		TEST(test_communications__only_a_later_consent_comes_after_a_withdrawal),
		TEST(test_communications__a_permitted_message_is_rendered_and_released),
		TEST(test_communications__the_hash_of_a_message_has_the_customers_salt_in_it),
		TEST(test_communications__several_debts_are_one_message),
		TEST(test_communications__without_permission_a_message_is_suppressed_and_the_verdict_kept),
		TEST(test_communications__after_an_opt_out_a_message_is_suppressed),
		TEST(test_communications__every_field_of_a_message_is_looked_at),
		TEST(test_communications__a_message_waits_for_what_it_names),
		TEST(test_communications__anothers_debt_is_not_found),
		TEST(test_communications__a_template_is_taken_in_the_next_wider_language),
		TEST(test_communications__values_are_escaped_in_html_only),
		TEST(test_communications__a_letter_goes_to_its_address_until_it_is_withdrawn),
		TEST(test_communications__a_template_that_discloses_says_so_to_the_guard),
		TEST(test_communications__languages_are_widened_part_by_part),
		TEST(test_communications__a_template_that_cannot_be_is_not_waited_for),
		TEST(test_communications__nothing_is_claimed_for_a_cancelled_debt),
		TEST(test_communications__nothing_is_claimed_where_nothing_is_owed),
		TEST(test_communications__what_is_not_due_is_not_demanded),
		TEST(test_communications__what_is_held_is_not_collected),
		TEST(test_communications__what_is_arranged_is_not_demanded),
		TEST(test_communications__each_debt_of_a_message_is_asked_about),
		TEST(test_communications__classes_ask_for_what_is_owed_or_due),
		TEST(test_communications__a_debt_stands_once_in_a_message),
		TEST(test_communications__debts_of_one_message_have_one_creditor),
		TEST(test_communications__debts_of_one_message_have_one_currency),
		TEST(test_communications__nothing_is_sent_to_one_who_is_no_longer_active),
		TEST(test_communications__without_an_address_nothing_is_sent),
		TEST(test_communications__a_token_without_a_value_is_refused),
		TEST(test_communications__parameters_resolve_and_are_bounded),
		TEST(test_communications__a_subject_stays_one_line_whatever_a_value_is_made_of),
		TEST(test_communications__a_customer_has_only_so_many_messages_under_way),
		TEST(test_communications__a_withdrawal_cancels_what_is_released_on_its_channel),
		TEST(test_communications__what_is_claimed_is_not_cancelled),
		TEST(test_communications__what_has_not_left_is_cancelled_once),
		TEST(test_communications__only_the_customers_own_message_is_cancelled),
		TEST(test_communications__what_is_in_the_notifiers_hands_is_not_cancelled),
		TEST(test_communications__receipts_move_a_message_to_its_end),
		TEST(test_communications__every_word_of_a_provider_has_its_state),
		TEST(test_communications__late_and_repeated_receipts_are_kept_and_move_nothing),
		TEST(test_communications__a_message_that_waits_for_another_try_can_be_cancelled),
		TEST(test_communications__a_message_between_two_tries_is_taken_back),
		TEST(test_communications__a_late_word_of_a_first_try_does_not_free_the_second),
		TEST(test_communications__what_a_person_knows_was_sent_is_submitted),
		TEST(test_communications__what_a_person_knows_was_not_sent_waits_for_one_more_attempt),
		TEST(test_communications__what_is_to_be_sent_once_more_ends_with_a_withdrawal),
		TEST(test_communications__a_late_delivery_wins_over_what_a_person_says),
		TEST(test_communications__only_an_unknown_message_of_the_customer_is_resolved),
		TEST(test_communications__a_word_about_an_earlier_attempt_leads_out_of_no_later_one),
		TEST(test_communications__receipts_wait_for_their_message),
		TEST(test_communications__a_receipt_for_anothers_message_is_not_found),
		TEST(test_communications__an_attorney_stops_what_the_end_of_it_permits),
		TEST(test_communications__an_attorney_who_consents_or_is_silent_permits_contact),
		TEST(test_communications__a_request_to_cease_permits_its_reply),
		TEST(test_communications__a_dispute_stops_demands_of_its_debt),
		TEST(test_communications__what_is_over_stops_nothing),
		TEST(test_communications__a_channel_that_is_not_wanted_is_not_used),
		TEST(test_communications__a_consent_ends_at_its_end),
		TEST(test_communications__contacts_are_facts),
		TEST(test_communications__what_a_person_wrote_is_a_fact),
		cmocka_unit_test_setup_teardown(test_communications__the_law_of_the_place_binds, setup, teardown_profiles),
		TEST(test_communications__an_unknown_profile_is_no_choice),
	};

	return cmocka_run_group_tests_name("communications rules", tests, NULL, NULL);
}
