#include "base/must.h"
#include "consumers/communications/communications.h"
#include "consumers/communications/store.h"
#include "schemas/communications.h"

/* The tables of facts: contacts, circumstances, preferences (sql/0180_facts.sql). */

/* ---- loading ---- */

static const struct db_statement select_contacts = {
	.name = "communications_select_contacts",
	.sql = "SELECT u.n FROM unnest($1::uuid[]) WITH ORDINALITY AS u (id, n) "
	       "JOIN communications.contact c ON c.contact_id = u.id",
};

/* One more than a history takes: so it is known to be cut. */
#define HISTORY_LIMIT "65"
_Static_assert(HISTORY_MAX == 64, "as in HISTORY_LIMIT");

static const struct db_statement select_histories = {
	.name = "communications_select_histories",
	.sql = "SELECT u.n, h.ref, h.at, h.channel, h.direction, h.party, h.outcome, h.message_class, h.consented, h.debts, "
	       "h.is_written "
	       "FROM unnest($1::uuid[]) WITH ORDINALITY AS u (id, n), "
	       "LATERAL (SELECT * FROM communications.contact_history h WHERE h.customer_id = u.id ORDER BY (h.message_class = "
	       "'validation_notice') IS TRUE DESC, h.at DESC, h.ref DESC LIMIT " HISTORY_LIMIT ") h",
};

static void read_debts(struct contacted *contacted, struct str ids)
{
	size_t count = ids.size / sizeof(struct uuid);

	if (count > CONTACT_DEBTS_MAX)
		return;
	for (size_t index = 0; index < count; index++)
		memcpy(contacted->debts[index].bytes, ids.data + index * sizeof(struct uuid), sizeof(struct uuid));
	contacted->debts_count = (uint32_t)count;
}

static int read_contacted(void *self, const struct db_result *result, int row, struct slot *slot, struct err *err)
{
	struct contacted contacted = { .ref = db_uuid(result, row, 1),
				       .at_ms = db_instant(result, row, 2),
				       .channel = channel_by_name(db_str(result, row, 3)),
				       .direction = contact_direction_by_name(db_str(result, row, 4)),
				       .party = contact_party_by_name(db_str(result, row, 5)),
				       .outcome = contact_outcome_by_name(db_str(result, row, 6)),
				       .is_consented = db_bool(result, row, 8) ? 1 : 0,
				       .is_written = db_bool(result, row, 10) ? 1 : 0 };

	(void)self;
	(void)err;
	if (!db_is_null(result, row, 7))
		contacted.message_class = message_class_by_name(db_str(result, row, 7));
	if (!db_is_null(result, row, 9))
		read_debts(&contacted, db_str(result, row, 9));
	history_add(slot->state, &contacted);
	return 0;
}

static const struct db_statement select_circumstances = {
	.name = "communications_select_circumstances",
	.sql = "SELECT u.n, c.customer_id, c.version, c.kind, c.ended_at IS NOT NULL FROM unnest($1::uuid[]) WITH ORDINALITY "
	       "AS u (id, n) JOIN communications.circumstance c ON c.circumstance_id = u.id",
};

static int read_circumstance(void *self, const struct db_result *result, int row, struct slot *slot, struct err *err)
{
	struct circumstance *circumstance = slot->state;

	(void)self;
	(void)err;
	circumstance->customer_id = db_uuid(result, row, 1);
	circumstance->version = circumstance->version_stored = db_int64(result, row, 2);
	circumstance->kind = circumstance_kind_by_name(db_str(result, row, 3));
	circumstance->is_ended = db_bool(result, row, 4) ? 1 : 0;
	return 0;
}

/* In the order in which they were recorded, as evolve keeps them. Whether a payment stands is asked each time. */
static const struct db_statement select_open_circumstances = {
	.name = "communications_select_open_circumstances",
	.sql = "SELECT u.n, c.circumstance_id, c.debt_id, c.kind, c.from_on, c.until_on, c.payment_id IS NOT NULL AND NOT EXISTS "
	       "(SELECT FROM debts.public_payment p WHERE p.payment_id = c.payment_id AND p.debt_id = c.debt_id AND "
	       "p.state = 'settled') FROM unnest($1::uuid[]) WITH ORDINALITY AS u (id, n) JOIN communications.circumstance c ON "
	       "c.customer_id = u.id WHERE c.ended_at IS NULL "
	       "ORDER BY c.recorded_seq",
};

static int read_open_circumstance(void *self, const struct db_result *result, int row, struct slot *slot, struct err *err)
{
	struct circumstances *circumstances = slot->state;
	struct open_circumstance *open;

	(void)self;
	(void)err;
	MUST(circumstances->count < CIRCUMSTANCES_MAX);
	open = &circumstances->open[circumstances->count++];
	open->circumstance_id = db_uuid(result, row, 1);
	if (!db_is_null(result, row, 2))
		open->debt_id = db_uuid(result, row, 2);
	open->kind = circumstance_kind_by_name(db_str(result, row, 3));
	open->from_on = db_date(result, row, 4);
	open->until_on = db_is_null(result, row, 5) ? 0 : db_date(result, row, 5);
	open->is_void = db_bool(result, row, 6) ? 1 : 0;
	return 0;
}

static const struct db_statement select_preferences = {
	.name = "communications_select_preferences",
	.sql = "SELECT u.n FROM unnest($1::uuid[]) WITH ORDINALITY AS u (id, n) "
	       "JOIN communications.preference p ON p.preference_id = u.id",
};

#define NEWEST_PREFERENCE                                                                                                        \
	"LATERAL (SELECT * FROM communications.preference p WHERE p.customer_id = u.id ORDER BY p.set_seq DESC LIMIT 1) p "

static const struct db_statement select_wishes = {
	.name = "communications_select_wishes",
	.sql = "SELECT u.n, p.blocked_places, p.blocked_channels, p.valid_until FROM unnest($1::uuid[]) WITH ORDINALITY AS u "
	       "(id, "
	       "n), " NEWEST_PREFERENCE,
};

static int read_wishes(void *self, const struct db_result *result, int row, struct slot *slot, struct err *err)
{
	struct wishes *wishes = slot->state;
	struct str places = db_str(result, row, 1);
	struct str channels = db_str(result, row, 2);

	(void)self;
	(void)err;
	while (places.size > 0)
		wishes->places |= 1U << blocked_place_by_name(str_cut(places, ' ', &places));
	while (channels.size > 0)
		wishes->channels |= 1U << channel_by_name(str_cut(channels, ' ', &channels));
	wishes->valid_until = db_is_null(result, row, 3) ? 0 : db_date(result, row, 3);
	return 0;
}

static const struct db_statement select_unwanted = {
	.name = "communications_select_unwanted",
	.sql = "SELECT u.n, t.weekdays, t.from_minute, t.to_minute FROM unnest($1::uuid[]) WITH ORDINALITY AS u (id, "
	       "n), " NEWEST_PREFERENCE "JOIN communications.blocked_time t ON t.preference_id = p.preference_id "
	       "ORDER BY t.place",
};

static int read_unwanted(void *self, const struct db_result *result, int row, struct slot *slot, struct err *err)
{
	struct wishes *wishes = slot->state;
	struct unwanted *unwanted;
	bool is_read;

	(void)self;
	(void)err;
	MUST(wishes->times_count < BLOCKED_TIMES_MAX);
	unwanted = &wishes->times[wishes->times_count++];
	is_read = weekdays_read(&unwanted->weekdays, db_str(result, row, 1));
	MUST(is_read);
	unwanted->from_min = db_int32(result, row, 2);
	unwanted->to_min = db_int32(result, row, 3);
	return 0;
}

const struct slot_query fact_queries[FACT_QUERIES_COUNT] = {
	{ .entity = &contact_entity, .statement = &select_contacts },
	{ .entity = &history_entity, .statement = &select_histories, .read = read_contacted },
	{ .entity = &circumstance_entity, .statement = &select_circumstances, .read = read_circumstance },
	{ .entity = &circumstances_entity, .statement = &select_open_circumstances, .read = read_open_circumstance },
	{ .entity = &preference_entity, .statement = &select_preferences },
	{ .entity = &wishes_entity, .statement = &select_wishes, .read = read_wishes },
	{ .entity = &wishes_entity, .statement = &select_unwanted, .read = read_unwanted },
};

/* ---- saving ---- */

const struct db_table table_contacts = {
	.name = "communications.contact",
	.columns =
		"contact_id uuid, customer_id uuid, channel text, direction text, party text, outcome text, message_class text, "
		"consented boolean, at timestamptz, recorded_at timestamptz",
};
const struct db_table table_contact_debts = {
	.name = "communications.contact_debt",
	.columns = "contact_id uuid, debt_id uuid",
};
const struct db_table table_circumstances = {
	.name = "communications.circumstance",
	.columns =
		"circumstance_id uuid, customer_id uuid, version bigint, kind text, debt_id uuid, from_on date, until_on date, "
		"evidence_ref text, recorded_at timestamptz, recorded_seq bigint, payment_id uuid",
};
const struct db_table table_preferences = {
	.name = "communications.preference",
	.columns = "preference_id uuid, customer_id uuid, blocked_places text, blocked_channels text, preferred_channel text, "
		   "valid_until date, set_at timestamptz, set_seq bigint",
};
const struct db_table table_blocked_times = {
	.name = "communications.blocked_time",
	.columns = "preference_id uuid, place integer, weekdays text, from_minute integer, to_minute integer",
};

void copy_contact(struct communications_store *store, const struct logged_event *logged)
{
	const struct contact_recorded *event = logged->event->body;
	struct db_copy *copy = &store->contacts;

	db_copy_row(copy);
	db_copy_uuid(copy, &event->contact_id);
	db_copy_uuid(copy, &event->customer_id);
	db_copy_str(copy, event->channel);
	db_copy_str(copy, event->direction);
	db_copy_str(copy, event->party);
	db_copy_str(copy, event->outcome);
	if (event->has_message_class)
		db_copy_str(copy, event->message_class);
	else
		db_copy_null(copy);
	db_copy_bool(copy, event->consented);
	db_copy_instant(copy, event->at);
	db_copy_instant(copy, logged->at_ms);
	for (size_t index = 0; index < event->debt_ids_count; index++) {
		db_copy_row(&store->contact_debts);
		db_copy_uuid(&store->contact_debts, &event->contact_id);
		db_copy_uuid(&store->contact_debts, &event->debt_ids[index]);
	}
}

void copy_circumstance(struct communications_store *store, const struct logged_event *logged)
{
	const struct circumstance_recorded *event = logged->event->body;
	struct db_copy *copy = &store->circumstances;

	db_copy_row(copy);
	db_copy_uuid(copy, &event->circumstance_id);
	db_copy_uuid(copy, &event->customer_id);
	db_copy_int64(copy, event->version);
	db_copy_str(copy, event->kind);
	if (event->has_debt_id)
		db_copy_uuid(copy, &event->debt_id);
	else
		db_copy_null(copy);
	db_copy_date(copy, event->from_on);
	if (event->has_until_on)
		db_copy_date(copy, event->until_on);
	else
		db_copy_null(copy);
	db_copy_str(copy, event->evidence_ref);
	db_copy_instant(copy, logged->at_ms);
	db_copy_int64(copy, logged->seq);
	if (event->has_payment_id)
		db_copy_uuid(copy, &event->payment_id);
	else
		db_copy_null(copy);
}

/* After the inserts: it may have been recorded in the same batch. */
static const struct db_statement end_circumstances = {
	.name = "communications_end_circumstances",
	.sql = "UPDATE communications.circumstance c SET version = u.version, ended_ref = u.ref, ended_at = u.at "
	       "FROM unnest($1::uuid[], $2::bigint[], $3::text[], $4::timestamptz[]) AS u (id, version, ref, at) "
	       "WHERE c.circumstance_id = u.id AND c.version = u.version - 1",
};

static const struct circumstance_ended *ended_of(const struct logged_event *logged)
{
	return logged->event->type == &circumstance_ended_type ? logged->event->body : NULL;
}

int communications_end_circumstances(struct communications_store *store, struct db *db, const struct logged_event *events,
				     size_t events_count, struct err *err)
{
	static const enum db_array kinds[] = { DB_ARRAY_UUID, DB_ARRAY_INT64, DB_ARRAY_TEXT, DB_ARRAY_INSTANT };
	struct db_params *params = &store->params;
	size_t total = 0;

	db_params_reset(params);
	for (int column = 0; column < 4; column++) {
		db_array_begin(params, kinds[column]);
		total = 0;
		for (size_t index = 0; index < events_count; index++) {
			const struct circumstance_ended *event = ended_of(&events[index]);

			if (event == NULL)
				continue;
			total++;
			if (column == 0)
				db_array_uuid(params, &event->circumstance_id);
			else if (column == 1)
				db_array_int64(params, event->version);
			else if (column == 2)
				db_array_text(params, event->evidence_ref);
			else
				db_array_instant(params, events[index].at_ms);
		}
	}
	return db_write(db, &end_circumstances, params, total, err);
}

/* Words with a blank between. */
#define WORDS_TEXT_MAX 200
static void copy_words(struct db_copy *copy, const struct str *words, size_t count)
{
	char text[WORDS_TEXT_MAX];
	size_t size = 0;

	for (size_t index = 0; index < count; index++) {
		MUST(size + 1 + words[index].size <= sizeof(text));
		if (index > 0)
			text[size++] = ' ';
		memcpy(text + size, words[index].data, words[index].size);
		size += words[index].size;
	}
	db_copy_str(copy, (struct str){ .data = text, .size = size });
}

void copy_preference(struct communications_store *store, const struct logged_event *logged)
{
	const struct preference_set *event = logged->event->body;
	struct db_copy *copy = &store->preferences;

	db_copy_row(copy);
	db_copy_uuid(copy, &event->preference_id);
	db_copy_uuid(copy, &event->customer_id);
	copy_words(copy, event->blocked_places, event->blocked_places_count);
	copy_words(copy, event->blocked_channels, event->blocked_channels_count);
	if (event->has_preferred_channel)
		db_copy_str(copy, event->preferred_channel);
	else
		db_copy_null(copy);
	if (event->has_valid_until)
		db_copy_date(copy, event->valid_until);
	else
		db_copy_null(copy);
	db_copy_instant(copy, logged->at_ms);
	db_copy_int64(copy, logged->seq);
	copy = &store->blocked_times;
	for (size_t index = 0; index < event->blocked_times_count; index++) {
		const struct unwanted_time *time = &event->blocked_times[index];

		db_copy_row(copy);
		db_copy_uuid(copy, &event->preference_id);
		db_copy_int32(copy, (int32_t)index);
		db_copy_str(copy, time->weekdays);
		db_copy_int32(copy, time->from_minute);
		db_copy_int32(copy, time->to_minute);
	}
}
