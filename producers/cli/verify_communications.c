/*
 * The tables of the communications module against its log: templates, profiles and verdicts here, the rest in the parts
 * (verify_communications.h). The event of a rendered message has only a hash of it.
 */
#include "verify_communications.h"

#include "base/array.h"
#include "base/must.h"
#include "consumers/communications/asked.h"

/* Rows that are not states: one entity for each kind. */
static const struct entity noted_version = { .name = "verify_template_version", .state_size = 1 };
static const struct entity noted_profile = { .name = "verify_profile_version", .state_size = 1 };
static const struct entity noted_decision = { .name = "verify_decision", .state_size = 1 };

struct version_note {
	struct str message_class, body_hash, html_hash; /* empty: it has no HTML part */
	int64_t published_at_ms;
};

struct profile_note {
	struct str profile, title, countries, region, collector, rules, published_by, approved_by;
	int32_t version, place;
	int64_t published_at_ms;
};

struct decision_note {
	struct uuid customer_id;
	struct str action, channel, message_class, verdict, rules, facts_hash;
	bool has_until;
	int64_t until_ms;
};

/* ---- values that evolve needs from a command ---- */

static void prepare_communications(struct fold *fold, struct command *command, const struct event *event,
				   const struct logged_line *line)
{
	switch (communications_event(event->type)) {
	case EVENT_TEMPLATE_PUBLISHED:
		command->body = fold_scratch(fold, sizeof(struct publish_template));
		return;
	case EVENT_CONSENT_GRANTED:
		prepare_consent(fold, command, event->body, line);
		return;
	case EVENT_CONSENT_WITHDRAWN:
		prepare_withdrawal(command, event->body);
		return;
	case EVENT_PROFILE_PUBLISHED: /* these events contain everything that evolve reads */
	case EVENT_COMPLIANCE_DECIDED:
	case EVENT_COMMUNICATION_SCHEDULED:
	case EVENT_COMMUNICATION_RESCHEDULED:
	case EVENT_COMMUNICATION_RELEASED:
	case EVENT_COMMUNICATION_SUPPRESSED:
	case EVENT_COMMUNICATION_MERGED:
	case EVENT_COMMUNICATION_PROGRESSED:
	case EVENT_COMMUNICATION_CANCELLED:
	case EVENT_RECEIPT_IGNORED:
	case EVENT_CONTACT_RECORDED:
	case EVENT_CIRCUMSTANCE_RECORDED:
	case EVENT_CIRCUMSTANCE_ENDED:
	case EVENT_PREFERENCE_SET:
	case EVENT_INBOUND_RECEIVED:
	case EVENT_UNKNOWN_INBOUND_RECEIVED:
		return;
	}
	MUST_NOT_REACH("an event of another module");
}

/* ---- notes from events ---- */

static void note_template(struct fold *fold, const struct template_published *event, const struct logged_line *line)
{
	char number[24];
	struct version_note *note = fold_note_row(fold, &noted_version, &event->template_id, number_text(number, event->version),
						  STR(""), sizeof(*note));

	note->message_class = fold_copy(fold, event->message_class);
	note->body_hash = fold_copy(fold, event->body_hash);
	note->html_hash = fold_copy(fold, event->has_html_hash ? event->html_hash : STR(""));
	note->published_at_ms = line->row.at_ms;
}

static void note_profile(struct fold *fold, const struct profile_published *event, const struct logged_line *line)
{
	struct profile_note *note = fold_note(fold, &noted_profile, &event->publication_id, sizeof(*note));
	char rules[RULES_TEXT_MAX];

	note->profile = fold_copy(fold, event->profile);
	note->version = event->profile_version;
	note->title = fold_copy(fold, event->title);
	note->countries = fold_copy(fold, event->countries);
	note->region = fold_copy(fold, event->region);
	note->collector = fold_copy(fold, event->collector);
	note->rules = fold_copy(fold, (struct str){ .data = rules, .size = published_rules_text(rules, event) });
	note->place = event->place;
	note->published_at_ms = line->row.at_ms;
	note->published_by = fold_copy(fold, event->actor);
	note->approved_by = fold_copy(fold, event->approved_by);
}

static void note_decision(struct fold *fold, const struct compliance_decided *event, const struct logged_line *line)
{
	char number[24], rules[1024];
	size_t size = 0;
	struct decision_note *note = fold_note_row(fold, &noted_decision, &event->communication_id,
						   number_text(number, line->row.at_ms), STR(""), sizeof(*note));

	for (size_t i = 0; i < event->rules_count; i++) {
		MUST(size + 1 + event->rules[i].size <= sizeof(rules));
		if (i > 0)
			rules[size++] = ' ';
		memcpy(rules + size, event->rules[i].data, event->rules[i].size);
		size += event->rules[i].size;
	}
	note->customer_id = event->customer_id;
	note->action = fold_copy(fold, event->action);
	note->channel = fold_copy(fold, event->channel);
	note->message_class = fold_copy(fold, event->message_class);
	note->verdict = fold_copy(fold, event->verdict);
	note->rules = fold_copy(fold, (struct str){ .data = rules, .size = size });
	note->facts_hash = fold_copy(fold, event->facts_hash);
	note->has_until = event->has_until;
	note->until_ms = event->until;
}

static void note_event(struct fold *fold, const struct event *event, const struct logged_line *line)
{
	switch (communications_event(event->type)) {
	case EVENT_COMMUNICATION_SCHEDULED:
		note_scheduled(fold, event->body, line);
		return;
	case EVENT_COMMUNICATION_RESCHEDULED:
		note_rescheduled(fold, event->body);
		return;
	case EVENT_COMMUNICATION_RELEASED:
		note_released(fold, event->body, line);
		return;
	case EVENT_COMMUNICATION_SUPPRESSED:
		note_suppressed(fold, event->body, line);
		return;
	case EVENT_COMMUNICATION_PROGRESSED:
		note_receipt(fold, event->body, line);
		return;
	case EVENT_COMPLIANCE_DECIDED:
		note_decision(fold, event->body, line);
		return;
	case EVENT_CONSENT_GRANTED:
		note_consent(fold, event->body, line);
		return;
	case EVENT_CONSENT_WITHDRAWN:
		note_withdrawal(fold, event->body, event->command, line);
		note_taken_back(fold, event->body, line);
		return;
	case EVENT_INBOUND_RECEIVED:
		note_inbound(fold, event->body, line);
		return;
	case EVENT_UNKNOWN_INBOUND_RECEIVED:
		note_unknown_inbound(fold, event->body, line);
		return;
	case EVENT_TEMPLATE_PUBLISHED:
		note_template(fold, event->body, line);
		return;
	case EVENT_PROFILE_PUBLISHED:
		note_profile(fold, event->body, line);
		return;
	case EVENT_CONTACT_RECORDED:
		note_contact(fold, event->body, line);
		return;
	case EVENT_CIRCUMSTANCE_RECORDED:
		note_circumstance(fold, event->body, line);
		return;
	case EVENT_CIRCUMSTANCE_ENDED:
		note_circumstance_end(fold, event->body, line);
		return;
	case EVENT_PREFERENCE_SET:
		note_preference(fold, event->body, line);
		return;
	case EVENT_COMMUNICATION_CANCELLED: /* evolve handles these completely */
	case EVENT_COMMUNICATION_MERGED:
	case EVENT_RECEIPT_IGNORED:
		return;
	}
	MUST_NOT_REACH("an event of another module");
}

static void note_communications(struct fold *fold, const struct event *event, const struct logged_line *line)
{
	note_event(fold, event, line);
	if (message_is_numbered(event->type) && fold_is_about(event, "communication_id"))
		note_change(fold, &line->row.subject, line);
}

static bool finish_communications(struct fold *fold)
{
	size_t count = fold->set.slots_count;

	for (size_t i = 0; i < count; i++) {
		if (fold->set.slots[i]->entity != &recipient_entity)
			continue;
		if (!fold_has_room(fold))
			return false;
		note_recipient(fold, &fold->set.slots[i]->id, fold->set.slots[i]->state);
	}
	return true;
}

/* ---- tables ---- */

static void check_template(struct fold *fold, struct table_row *row)
{
	struct uuid id = row_uuid(row, 1);
	const struct template *template = row_state(fold, row, &id);

	if (template == NULL)
		return;
	row->column = 2;
	expect_bytes(row, str_of(template->name));
	expect_bytes(row, str_of(channel_name(template->channel)));
	expect_bytes(row, str_of(template->language));
	expect_int32(row, template->version);
}

static void check_version(struct fold *fold, struct table_row *row)
{
	struct uuid template_id = row_uuid(row, 1);
	struct uuid id = fold_id(&template_id, row_text(row, 2), STR(""));
	const struct version_note *note = row_noted(fold, row, &id);
	uint8_t hash[CONTENT_HASH_SIZE];

	if (note == NULL)
		return;
	row->column = 3;
	expect_bytes(row, note->message_class);
	content_hash(hash, row_text(row, 4), row_text(row, 5));
	if (!str_equal(note->body_hash, (struct str){ .data = (const char *)hash, .size = sizeof(hash) }))
		row_wrong(row, "subject and body do not have the hash that the log says");
	content_hash(hash, STR(""), row_text(row, 6));
	if (row_is_null(row, 6) ? note->html_hash.size > 0
				: !str_equal(note->html_hash, (struct str){ .data = (const char *)hash, .size = sizeof(hash) }))
		row_wrong(row, "html does not have the hash that the log says");
	row->column = 7;
	expect_instant(row, note->published_at_ms);
}

static void check_profile(struct fold *fold, struct table_row *row)
{
	struct uuid id = row_uuid(row, 1);
	const struct profile_note *note = row_noted(fold, row, &id);

	if (note == NULL)
		return;
	row->column = 2;
	expect_bytes(row, note->profile);
	expect_int32(row, note->version);
	expect_bytes(row, note->title);
	expect_bytes(row, note->countries);
	expect_bytes(row, note->region);
	expect_bytes(row, note->collector);
	expect_bytes(row, note->rules);
	expect_int32_if(row, note->place != 0, note->place);
	expect_instant(row, note->published_at_ms);
	expect_bytes(row, note->published_by);
	expect_bytes(row, note->approved_by);
}

static void check_decision(struct fold *fold, struct table_row *row)
{
	struct uuid communication_id = row_uuid(row, 1);
	struct uuid id = fold_id(&communication_id, row_text(row, 2), STR(""));
	const struct decision_note *note = row_noted(fold, row, &id);
	uint8_t hash[CONTENT_HASH_SIZE];

	if (note == NULL)
		return;
	expect_uuid(row, &note->customer_id);
	row->column = 3;
	expect_bytes(row, note->action);
	expect_bytes(row, note->channel);
	expect_bytes(row, note->message_class);
	expect_bytes(row, note->verdict);
	expect_instant_or_null(row, note->has_until, note->until_ms);
	expect_bytes(row, note->rules);
	content_hash(hash, STR(""), row_text(row, row->column));
	if (!str_equal(note->facts_hash, (struct str){ .data = (const char *)hash, .size = sizeof(hash) }))
		row_wrong(row, "facts do not have the hash that the log says");
	skip_column(row);
	expect_bytes(row, note->facts_hash);
}

static const struct folded_table tables[] = {
	{ .name = "communications.template",
	  .select = "SELECT template_id, template_id, name, channel, language, version FROM communications.template",
	  .ids = 1,
	  .entity = &template_entity,
	  .check = check_template },
	{ .name = "communications.template_version",
	  .select = "SELECT template_id, template_id, version::text, message_class, subject, body, html, published_at "
		    "FROM communications.template_version",
	  .ids = 2,
	  .entity = &noted_version,
	  .check = check_version },
	{ .name = "communications.profile_version",
	  .select = "SELECT publication_id, publication_id, profile, version, title, countries, region, collector, rules, place, "
		    "published_at, published_by, approved_by FROM communications.profile_version",
	  .ids = 1,
	  .entity = &noted_profile,
	  .check = check_profile },
	{ .name = "communications.consent",
	  .select = "SELECT customer_id, consent_id, channel, purpose, basis, evidence_ref, obtained_at, recorded_at, expires_at "
		    "FROM "
		    "communications.consent",
	  .ids = 1,
	  .entity = &noted_consent,
	  .check = check_consent },
	{ .name = "communications.withdrawal",
	  .select = "SELECT customer_id, customer_id, version::text, channel, via, keyword, withdrawn_at, recorded_at FROM "
		    "communications.withdrawal",
	  .ids = 2,
	  .entity = &noted_withdrawal,
	  .check = check_withdrawal },
	{ .name = "communications.inbound",
	  .select = "SELECT i.customer_id, i.inbound_id, i.contact_point_id, i.channel, i.intent, i.keyword, i.provider, "
		    "i.provider_ref, i.received_at, i.created_at, i.text_sealed, c.key_salt FROM communications.inbound i "
		    "LEFT JOIN customers.customer c USING (customer_id)",
	  .ids = 1,
	  .entity = &noted_inbound,
	  .check = check_inbound },
	{ .name = "communications.unknown_inbound",
	  .select = "SELECT inbound_id, inbound_id, channel, intent, keyword, provider, provider_ref, received_at, created_at, "
		    "sender_sealed, text_sealed, key_salt FROM communications.unknown_inbound",
	  .ids = 1,
	  .entity = &noted_unknown_inbound,
	  .check = check_unknown_inbound },
	{ .name = "communications.permission",
	  .select = "SELECT customer_id, customer_id, channel, purpose, basis, obtained_at, expires_at FROM "
		    "communications.permission",
	  .ids = 3,
	  .entity = &noted_permission,
	  .check = check_permission },
	{ .name = "communications.opt_out",
	  .select = "SELECT customer_id, customer_id, channel, withdrawn_at, told_at FROM communications.opt_out",
	  .ids = 2,
	  .entity = &noted_opt_out,
	  .check = check_opt_out },
	{ .name = "communications.compliance_decision",
	  .select = "SELECT customer_id, communication_id, floor(extract(epoch FROM decided_at) * 1000)::bigint::text, action, "
		    "channel, "
		    "message_class, verdict, until, rules, facts, facts_hash FROM communications.compliance_decision",
	  .ids = 2,
	  .entity = &noted_decision,
	  .check = check_decision },
	{ .name = "communications.communication",
	  .select =
		  "SELECT customer_id, communication_id, version, attempt, state, channel, requested_on, not_before, release_at, "
		  "merge_key, merged_into, created_at, updated_at, updated_seq, message_class, "
		  "template_name, language, template_version, rendered_hash, contact_point_id FROM communications.communication",
	  .ids = 1,
	  .entity = &communication_entity,
	  .check = check_communication },
	{ .name = "communications.communication_debt",
	  .select = "SELECT c.customer_id, d.communication_id, d.debt_id::text, d.place::integer, d.stated_minor FROM "
		    "communications.communication_debt d "
		    "LEFT JOIN communications.communication c USING (communication_id)",
	  .ids = 2,
	  .entity = &noted_debt,
	  .check = check_communication_debt },
	{ .name = "communications.receipt",
	  .select = "SELECT c.customer_id, r.communication_id, r.version::text, r.state, r.attempt, r.provider, r.provider_ref, "
		    "r.provider_code, r.occurred_at FROM communications.receipt r "
		    "LEFT JOIN communications.communication c USING (communication_id)",
	  .ids = 2,
	  .entity = &noted_receipt,
	  .check = check_receipt },
	{ .name = "communications.outbox",
	  .select = "SELECT o.customer_id, o.communication_id, o.channel, o.state, o.send_by, o.claims, o.address_sealed, "
		    "o.subject_sealed, o.body_sealed, o.html_sealed, o.stated_credit_minor, o.fit_until, t.due_at, "
		    "o.parameters_sealed, a.claims, "
		    "p.address_hash, "
		    "c.key_salt "
		    "FROM communications.outbox o "
		    "LEFT JOIN communications.timer t ON t.kind = 1 AND t.key = o.customer_id AND t.subject = o.communication_id "
		    "LEFT JOIN (SELECT communication_id, count(*) AS claims FROM notifier.attempt "
		    "WHERE gateway <> 'notifier' OR provider_code = 'not_now' GROUP BY communication_id) a USING "
		    "(communication_id) "
		    "LEFT JOIN customers.customer c USING (customer_id) "
		    "LEFT JOIN communications.communication m USING (communication_id) "
		    "LEFT JOIN customers.contact_point p ON p.contact_point_id = m.contact_point_id",
	  .ids = 1,
	  .entity = &noted_outbox,
	  .check = check_outbox },
	{ .name = "communications.contact",
	  .select =
		  "SELECT customer_id, contact_id, channel, direction, party, outcome, message_class, consented, at, recorded_at "
		  "FROM communications.contact",
	  .ids = 1,
	  .entity = &noted_contact,
	  .check = check_contact },
	{ .name = "communications.contact_debt",
	  .select = "SELECT c.customer_id, d.contact_id, d.debt_id::text FROM communications.contact_debt d "
		    "LEFT JOIN communications.contact c USING (contact_id)",
	  .ids = 2,
	  .entity = &noted_contact_debt,
	  .check = check_contact_debt },
	{ .name = "communications.circumstance",
	  .select = "SELECT customer_id, circumstance_id, version, kind, debt_id, from_on, until_on, evidence_ref, recorded_at, "
		    "recorded_seq, ended_at, ended_ref, payment_id FROM communications.circumstance",
	  .ids = 1,
	  .entity = &circumstance_entity,
	  .check = check_circumstance },
	{ .name = "communications.preference",
	  .select =
		  "SELECT customer_id, preference_id, blocked_places, blocked_channels, preferred_channel, valid_until, set_at, "
		  "set_seq FROM communications.preference",
	  .ids = 1,
	  .entity = &noted_preference,
	  .check = check_preference },
	{ .name = "communications.blocked_time",
	  .select = "SELECT p.customer_id, t.preference_id, t.place::text, t.weekdays, t.from_minute, t.to_minute FROM "
		    "communications.blocked_time t LEFT JOIN communications.preference p USING (preference_id)",
	  .ids = 2,
	  .entity = &noted_blocked_time,
	  .check = check_blocked_time },
	{ .name = "notifier.dispatch",
	  .select = "SELECT d.customer_id, d.communication_id, d.channel, d.send_by, d.attempts, a.number, "
		    "d.contact_point_id FROM notifier.dispatch d "
		    "LEFT JOIN (SELECT communication_id, count(*) AS number FROM notifier.attempt GROUP BY communication_id) a "
		    "USING (communication_id)",
	  .ids = 1,
	  .entity = &noted_dispatch,
	  .check = check_dispatch,
	  .may_lag = true },
	{ .name = "notifier.attempt",
	  .select = "SELECT customer_id, communication_id, attempt::text, gateway, outcome, provider_ref, provider_code "
		    "FROM notifier.attempt",
	  .ids = 2,
	  .entity = &noted_attempt,
	  .check = check_attempt },
};

const struct folded_module folded_communications = {
	.module = &communications_module,
	.prepare = prepare_communications,
	.note = note_communications,
	.finish = finish_communications,
	.tables = tables,
	.tables_count = COUNT(tables),
};
