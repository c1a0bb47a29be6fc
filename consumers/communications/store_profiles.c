#include "base/must.h"
#include "consumers/communications/asked.h"
#include "consumers/communications/store.h"
#include "schemas/communications.h"

/* Published versions of compliance profiles. */

static const struct db_statement select_publications = {
	.name = "communications_select_publications",
	.sql = "SELECT u.n FROM unnest($1::uuid[]) WITH ORDINALITY AS u (id, n) "
	       "JOIN communications.profile_version p ON p.publication_id = u.id",
};

static int read_publication(void *self, const struct db_result *result, int row, struct slot *slot, struct err *err)
{
	(void)self;
	(void)result;
	(void)row;
	(void)err;
	((struct publication *)slot->state)->is_known = 1;
	return 0;
}

/* One statement, so that a batch decides by the profiles of one moment. The newest of each: there are few versions, and few rows. */
static const struct db_statement select_published = {
	.name = "communications_select_published_profiles",
	.sql = "SELECT u.n, p.profile, p.version, p.countries, p.region, p.collector, p.rules, p.place "
	       "FROM unnest($1::uuid[]) WITH ORDINALITY AS u (id, n), "
	       "LATERAL (SELECT DISTINCT ON (profile) * FROM communications.profile_version ORDER BY profile, version DESC) p",
};

static int read_published(void *self, const struct db_result *result, int row, struct slot *slot, struct err *err)
{
	const struct guard_scope scope = { .id = db_str(result, row, 1),
					   .version = db_int32(result, row, 2),
					   .countries = db_str(result, row, 3),
					   .region = db_str(result, row, 4),
					   .collector = db_str(result, row, 5) };
	struct guard_profile profile;
	struct guard_fault fault;

	(void)self;
	if (!guard_profile_begin(&profile, &scope, &fault) || !guard_profile_add_lines(&profile, db_str(result, row, 6), &fault))
		return err_set(err, ERR_FATAL, "a published compliance profile is not one that this program knows: %s: %s",
			       fault.field, fault.text);
	published_profiles_add(slot->state, &profile, db_is_null(result, row, 7) ? 0 : db_int32(result, row, 7));
	return 0;
}

const struct slot_query profile_queries[PROFILE_QUERIES_COUNT] = {
	{ .entity = &publication_entity, .statement = &select_publications, .read = read_publication },
	{ .entity = &published_profiles_entity, .statement = &select_published, .read = read_published },
};

const struct db_table table_profile_versions = {
	.name = "communications.profile_version",
	.columns = "publication_id uuid, profile text, version integer, title text, countries text, region text, collector text, "
		   "rules text, place integer, published_at timestamptz, published_by text, approved_by text",
};

void copy_profile_version(struct communications_store *store, const struct logged_event *logged)
{
	const struct profile_published *event = logged->event->body;
	struct db_copy *copy = &store->profile_versions;
	char rules[RULES_TEXT_MAX];

	db_copy_row(copy);
	db_copy_uuid(copy, &event->publication_id);
	db_copy_str(copy, event->profile);
	db_copy_int32(copy, event->profile_version);
	db_copy_str(copy, event->title);
	db_copy_str(copy, event->countries);
	db_copy_str(copy, event->region);
	db_copy_str(copy, event->collector);
	db_copy_str(copy, (struct str){ .data = rules, .size = published_rules_text(rules, event) });
	if (event->place == 0)
		db_copy_null(copy);
	else
		db_copy_int32(copy, event->place);
	db_copy_instant(copy, logged->at_ms);
	db_copy_str(copy, event->actor);
	db_copy_str(copy, event->approved_by);
}
