/* What the guard is told of a person's place, address and debts, and of whom they are collected for. By hand, from the law and from maps. */
#include "rule_spec.h"

#include "base/zone_place.h"
#include "consumers/communications/asked.h"
#include "consumers/communications/communications.h"
#include "consumers/communications/contactability.h"
#include "consumers/communications/gather.h"
#include "consumers/communications/provider.h"

static struct spec spec;
static struct zones zones;

static int setup(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	spec_init(&spec, &communications_module);
	return zones.count > 0 ? 0 : zones_load(&zones, ZONE_FOLDER, &err);
}

static int teardown(void **state)
{
	(void)state;
	spec_release(&spec);
	return 0;
}

/* As the store reads it (store_load.c). */
struct somebody {
	const char *country, *region, *zone, *number, *email;
};

static void set_address(struct address *address, const char *text)
{
	address->contact_point_id = spec_id('P', 1);
	address->text_size = (uint32_t)strlen(text);
	memcpy(address->text, text, address->text_size);
}

static void given_collection(const char *jurisdiction)
{
	struct collection *collection = spec_given(&spec, &collection_entity, collection_id);

	collection->collector = COLLECTOR_THIRD_PARTY;
	memcpy(collection->jurisdiction, jurisdiction, strlen(jurisdiction) + 1);
}

static void given(const struct somebody *somebody)
{
	struct person *person = spec_given(&spec, &person_entity, spec_id('C', 1));
	struct addresses *addresses = spec_given(&spec, &addresses_entity, spec_id('C', 1));
	const struct contact_question question = { .customer_id = spec_id('C', 1) };
	bool fits = contactability_touch(&question, &spec.set);

	assert_true(fits);
	memset(person, 0, sizeof(*person));
	memset(addresses, 0, sizeof(*addresses));
	fits = str_to_chars(person->country, sizeof(person->country), str_of(somebody->country)) &&
	       str_to_chars(person->region, sizeof(person->region), str_of(somebody->region));
	assert_true(fits);
	person->is_active = 1;
	given_collection("");
	person->zone = somebody->zone == NULL ? NULL : zones_find(&zones, str_of(somebody->zone));
	person->place_zones = zones_of_place(&zones, str_of(somebody->country), str_of(somebody->region));
	if (somebody->number != NULL) {
		set_address(&addresses->sms, somebody->number);
		addresses->sms.number_zones = zones_of_number(&zones, str_of(somebody->number), str_of(somebody->country));
	}
	set_address(&addresses->email, somebody->email == NULL ? "someone@example.com" : somebody->email);
}

static struct guard_facts facts_of(const struct somebody *somebody, enum channel channel)
{
	const struct addressed message = { .customer_id = spec_id('C', 1),
					   .channel = channel,
					   .message_class = MESSAGE_CLASS_REMINDER,
					   .has_disclosure = true,
					   .now_ms = spec.now_ms,
					   .today = SPEC_TODAY };
	struct guard_facts facts = { 0 };

	given(somebody);
	gather_facts(&message, &spec.set, &facts);
	return facts;
}

static bool has_zone(const struct guard_facts *facts, const char *name)
{
	for (uint32_t index = 0; index < facts->zones_count; index++) {
		if (zone_is_alike(facts->zones[index], zones_find(&zones, str_of(name))))
			return true;
	}
	return false;
}

static void test_gather__every_zone_in_which_the_person_may_be_is_a_fact(void **state)
{
	static const struct {
		struct somebody somebody;
		const char *zones; /* with blanks between */
	} cases[] = {
		/* a zone that is recorded is the person's, whatever the place says */
		{ { "DE", "", "Europe/Berlin", NULL, NULL }, "Europe/Berlin" },
		{ { "US", "", "America/Chicago", NULL, NULL }, "America/Chicago" },
		/* otherwise those of the region, and of the country */
		{ { "DE", "", NULL, NULL, NULL }, "Europe/Berlin" },
		{ { "US", "TX", NULL, NULL, NULL }, "America/Chicago America/Denver" },
		{ { "ES", "", NULL, NULL, NULL }, "Europe/Madrid Atlantic/Canary" },
		/* a number of the same country adds nothing, one of another adds its zones, to a recorded zone too */
		{ { "DE", "", NULL, "+4915112345678", NULL }, "Europe/Berlin" },
		{ { "DE", "", NULL, "+447700900123", NULL }, "Europe/Berlin Europe/London" },
		{ { "DE", "", "Europe/Berlin", "+447700900123", NULL }, "Europe/Berlin Europe/London" },
		/* clocks that are the same are one zone */
		{ { "DE", "", "Europe/Berlin", "+33199000000", NULL }, "Europe/Berlin" },
		{ { "US", "NY", NULL, "+13135550123", NULL }, "America/New_York" },
		/* comment 6(b)(1)(i)-2.ii: an Eastern number and a Pacific address */
		{ { "US", "CA", NULL, "+12125550123", NULL }, "America/Los_Angeles America/New_York" },
		/* nothing is guessed */
		{ { "", "", NULL, NULL, NULL }, "" },
		{ { "", "", NULL, "+12125550123", NULL }, "" },
		{ { "XX", "", NULL, NULL, NULL }, "" },
	};

	(void)state;
	for (size_t index = 0; index < COUNT(cases); index++) {
		struct guard_facts facts = facts_of(&cases[index].somebody, CHANNEL_EMAIL);
		struct str rest = str_of(cases[index].zones);
		uint32_t count = 0;
		char name[ZONE_NAME_MAX + 1];

		for (; rest.size > 0; count++) {
			bool fits = str_to_chars(name, sizeof(name), str_cut(rest, ' ', &rest));

			assert_true(fits);
			if (!has_zone(&facts, name))
				fail_msg("case %zu: without %s", index, name);
		}
		if (facts.zones_count != count)
			fail_msg("case %zu: %u zones instead of %s", index, facts.zones_count, cases[index].zones);
	}
}

/* The widest place and the widest number together. */
static void test_gather__there_is_room_for_every_zone(void **state)
{
	uint32_t place_max = 0;
	uint32_t number_max = 0;
	char text[16];

	(void)state;
	for (int first = 'A'; first <= 'Z'; first++) {
		for (int second = 'A'; second <= 'Z'; second++) {
			const char country[] = { (char)first, (char)second, '\0' };
			const struct zone_set *set = zones_of_place(&zones, str_of(country), STR(""));

			place_max = set != NULL && set->count > place_max ? set->count : place_max;
		}
	}
	for (int code = 1; code <= 999; code++) {
		const struct zone_set *set;

		(void)snprintf(text, sizeof(text), "+%d", code);
		set = zones_of_number(&zones, str_of(text), STR(""));
		number_max = set != NULL && set->count > number_max ? set->count : number_max;
	}
	assert_int_equal(place_max, 11); /* Russia */
	assert_true(number_max >= 12);
	assert_true(place_max + number_max <= GUARD_ZONES_MAX);
}

/* A zone that the system does not have makes the whole unknown: the rest would be a guess. */
static void test_gather__one_unknown_zone_makes_all_unknown(void **state)
{
	static const struct zone_set none = { .count = 0 };
	const struct addressed message = { .customer_id = spec_id('C', 1),
					   .channel = CHANNEL_SMS,
					   .message_class = MESSAGE_CLASS_REMINDER };
	struct guard_facts facts = { 0 };
	struct addresses *addresses;

	(void)state;
	given(&(struct somebody){ "DE", "", "Europe/Berlin", "+447700900123", NULL });
	addresses = spec_given(&spec, &addresses_entity, message.customer_id);
	addresses->sms.number_zones = &none;
	gather_facts(&message, &spec.set, &facts);
	assert_int_equal(facts.zones_count, 0);
}

static void test_gather__the_provider_of_an_address_is_known_if_it_is_public(void **state)
{
	static const struct {
		const char *address;
		enum guard_provider provider;
	} cases[] = {
		{ "jane@gmail.com", PROVIDER_PUBLIC },
		{ "Jane@GMail.Com", PROVIDER_PUBLIC },
		{ "jane@web.de", PROVIDER_PUBLIC },
		{ "jane@126.com", PROVIDER_PUBLIC },
		{ "jane@zohomail.com", PROVIDER_PUBLIC },
		{ "\"a@b\"@yahoo.com", PROVIDER_PUBLIC },
		{ "jane@example.com", PROVIDER_NONE },
		{ "jane@gmail.com.example.org", PROVIDER_NONE },
		{ "jane@notgmail.com", PROVIDER_NONE },
		{ "jane@gmail.co", PROVIDER_NONE },
		{ "gmail.com@example.com", PROVIDER_NONE },
		{ "gmail.com", PROVIDER_NONE },
		{ "jane@", PROVIDER_NONE },
		{ "", PROVIDER_NONE },
	};

	(void)state;
	for (size_t index = 0; index < COUNT(cases); index++) {
		struct somebody somebody = { "US", "NY", NULL, "+12125550123", cases[index].address };

		if (provider_of(str_of(cases[index].address)) != cases[index].provider)
			fail_msg("%s", cases[index].address);
		if (cases[index].address[0] == '\0')
			continue;
		assert_int_equal(facts_of(&somebody, CHANNEL_EMAIL).provider, cases[index].provider);
		assert_int_equal(facts_of(&somebody, CHANNEL_SMS).provider, PROVIDER_NONE); /* a number has none */
	}
}

static struct asked_profiles asked_here(void)
{
	workset_touch(&spec.set, &published_profiles_entity, &published_profiles_id, (struct str){ 0 });
	return asked_profiles(&spec.set);
}

static struct guard_verdict ask(const struct guard_facts *facts)
{
	const struct asked_profiles asked = asked_here();

	return guard_decide(facts, asked.profiles, asked.count);
}

static bool has_rule(const struct guard_verdict *verdict, const char *id)
{
	for (size_t index = 0; index < verdict->rules_count; index++) {
		if (strcmp(verdict->rules[index], id) == 0)
			return true;
	}
	return false;
}

/* Nobody chose profiles here: all are asked. Without knowing for whom a debt is collected none of the two laws can be told apart. */
static void test_gather__for_whom_a_debt_is_collected_is_never_guessed(void **state)
{
	const struct somebody somebody = { "GB", "", "Europe/London", "+447700900123", NULL };
	struct guard_facts facts = facts_of(&somebody, CHANNEL_SMS);
	struct guard_verdict verdict;

	(void)state;
	assert_int_equal(asked_here().count, guard_profiles_count);
	facts.obtained_ms = facts.now_ms - 1;
	facts.now_ms += 12 * 3600000LL;
	assert_int_equal(facts.collector, COLLECTOR_THIRD_PARTY);
	assert_int_equal(ask(&facts).verdict, VERDICT_ALLOW);
	facts.collector = COLLECTOR_NONE;
	verdict = ask(&facts);
	assert_int_equal(verdict.verdict, VERDICT_DENY);
	assert_true(has_rule(&verdict, "FACT-1"));
}

static void test_gather__the_jurisdiction_brings_its_law(void **state)
{
	const struct somebody somebody = { "JP", "", NULL, NULL, NULL };
	struct guard_facts facts;
	struct guard_verdict verdict;
	const struct addressed message = { .customer_id = spec_id('C', 1),
					   .channel = CHANNEL_EMAIL,
					   .message_class = MESSAGE_CLASS_REMINDER,
					   .now_ms = spec.now_ms + 3 * 3600000LL };

	(void)state;
	given(&somebody);
	given_collection("DE");
	facts = (struct guard_facts){ 0 };
	gather_facts(&message, &spec.set, &facts);
	assert_string_equal(facts.jurisdiction, "DE");
	facts.obtained_ms = 1;
	facts.now_ms = SPEC_TODAY * DAY_MS + 11 * 3600000LL + 1800000; /* 20:30 in Tokyo: late for the Union, not for the house */
	verdict = ask(&facts);
	assert_int_equal(verdict.verdict, VERDICT_DEFER);
	assert_int_equal(verdict.rules_count, 1);
	assert_true(has_rule(&verdict, "EU-02"));
}

/* 1006.6(b)(1)(i), comment -2: from eleven to nine, Eastern time. */
static void test_gather__an_eastern_number_and_a_pacific_address_fit_in_both(void **state)
{
	const struct somebody somebody = { "US", "CA", NULL, "+12125550123", NULL };
	const int64_t eastern_ms = SPEC_TODAY * DAY_MS + 5 * 3600000LL; /* its midnight, in January */
	static const struct {
		int minutes; /* after midnight, Eastern */
		bool is_fit;
	} cases[] = { { 8 * 60, false },      { 10 * 60 + 59, false }, { 11 * 60, true },
		      { 20 * 60 + 59, true }, { 21 * 60, false },      { 22 * 60, false } };

	(void)state;
	for (size_t index = 0; index < COUNT(cases); index++) {
		struct guard_facts facts = facts_of(&somebody, CHANNEL_SMS);
		struct guard_verdict verdict;

		facts.now_ms = eastern_ms + cases[index].minutes * 60000LL;
		facts.basis = BASIS_EXPRESS;
		facts.obtained_ms = facts.now_ms - DAY_MS;
		verdict = ask(&facts);
		if ((verdict.verdict == VERDICT_ALLOW) != cases[index].is_fit)
			fail_msg("minute %d: %s %s", cases[index].minutes, compliance_verdict_name(verdict.verdict),
				 verdict.rules[0]);
		if (cases[index].is_fit)
			continue;
		assert_int_equal(verdict.verdict, VERDICT_DEFER);
		assert_int_equal(verdict.until_ms, eastern_ms + 11 * 3600000LL + (cases[index].minutes < 11 * 60 ? 0 : DAY_MS));
	}
}

/* Eleven zones have three hours of the day in common. */
static void test_gather__a_wide_country_has_few_hours(void **state)
{
	const struct somebody somebody = { "RU", "", NULL, NULL, NULL };
	struct guard_facts facts = facts_of(&somebody, CHANNEL_EMAIL);
	struct guard_verdict verdict;

	(void)state;
	assert_int_equal(facts.zones_count, 11);
	facts.obtained_ms = 1;
	facts.now_ms = SPEC_TODAY * DAY_MS + 6 * 3600000LL; /* eight in Kaliningrad, 18 in Kamchatka */
	assert_int_equal(ask(&facts).verdict, VERDICT_ALLOW);
	facts.now_ms += 3 * 3600000LL; /* 21 in Kamchatka */
	verdict = ask(&facts);
	assert_int_equal(verdict.verdict, VERDICT_DEFER);
	assert_int_equal(verdict.until_ms, (SPEC_TODAY + 1) * DAY_MS + 6 * 3600000LL);
}

static void test_gather__a_number_is_fresh_since_its_look_up(void **state)
{
	struct somebody somebody = { "US", "NY", NULL, "+12125550123", NULL };
	struct guard_facts facts = facts_of(&somebody, CHANNEL_SMS);
	struct addresses *addresses = spec_given(&spec, &addresses_entity, spec_id('C', 1));
	const struct addressed message = { .customer_id = spec_id('C', 1), .channel = CHANNEL_SMS };

	(void)state;
	assert_int_equal(facts.checked_ms, 0);
	addresses->sms.checked_ms = 1000;
	facts = (struct guard_facts){ 0 };
	gather_facts(&message, &spec.set, &facts);
	assert_int_equal(facts.checked_ms, 1000);
}

/* ---- circumstances ---- */

static void open_one(enum circumstance_kind kind, unsigned debt, int32_t from_on)
{
	struct circumstances *circumstances = spec_given(&spec, &circumstances_entity, spec_id('C', 1));
	struct open_circumstance *open = &circumstances->open[circumstances->count++];

	open->kind = (uint32_t)kind;
	open->from_on = from_on;
	if (debt != 0)
		open->debt_id = spec_id('D', debt);
}

/* Of a message about two debts, the first of which was due earlier. */
static struct guard_facts told(void)
{
	const struct uuid debts[] = { spec_id('D', 1), spec_id('D', 2) };
	struct guard_facts facts = { .today = SPEC_TODAY, .debts_count = 2 };
	struct uuid id = spec_id('C', 1);

	facts.debts[0].limited_on = SPEC_TODAY - 900;
	facts.debts[1].limited_on = SPEC_TODAY - 100;
	gather_told(&spec.set, &id, debts, &facts);
	return facts;
}

static void test_gather__an_employer_forbids_from_when_it_is_told(void **state)
{
	(void)state;
	given(&(struct somebody){ "US", "NY", NULL, NULL, NULL });
	assert_int_equal(told().employer_forbids, FACT_NO);
	open_one(CIRCUMSTANCE_EMPLOYER_FORBIDS, 0, SPEC_TODAY);
	assert_int_equal(told().employer_forbids, FACT_YES);
}

/* The last one counts, of its own debt; none leads back before the due day. */
static void test_gather__a_limitation_period_restarts_when_it_is_told(void **state)
{
	(void)state;
	given(&(struct somebody){ "GB", "ENG", NULL, NULL, NULL });
	open_one(CIRCUMSTANCE_LIMITATION_RESTARTED, 1, SPEC_TODAY - 30);
	open_one(CIRCUMSTANCE_LIMITATION_RESTARTED, 1, SPEC_TODAY - 400);
	open_one(CIRCUMSTANCE_LIMITATION_RESTARTED, 2, SPEC_TODAY - 500);
	assert_int_equal(told().debts[0].limited_on, SPEC_TODAY - 30);
	assert_int_equal(told().debts[1].limited_on, SPEC_TODAY - 100);
}

static void test_gather__a_reversed_payment_restarts_no_limitation(void **state)
{
	struct circumstances *circumstances;

	(void)state;
	given(&(struct somebody){ "GB", "ENG", NULL, NULL, NULL });
	open_one(CIRCUMSTANCE_LIMITATION_RESTARTED, 1, SPEC_TODAY - 400);
	open_one(CIRCUMSTANCE_LIMITATION_RESTARTED, 1, SPEC_TODAY - 30);
	circumstances = spec_given(&spec, &circumstances_entity, spec_id('C', 1));
	circumstances->open[1].is_void = 1;
	assert_int_equal(told().debts[0].limited_on, SPEC_TODAY - 400);
}

/* What permits contact about one debt does not permit it about another. */
static void test_gather__an_attorney_consents_for_every_debt_or_for_none(void **state)
{
	(void)state;
	given(&(struct somebody){ "US", "NY", NULL, NULL, NULL });
	open_one(CIRCUMSTANCE_ATTORNEY, 0, SPEC_TODAY - 10);
	open_one(CIRCUMSTANCE_ATTORNEY_CONSENTS, 1, SPEC_TODAY - 5);
	open_one(CIRCUMSTANCE_ATTORNEY_CONSENTS, 0, SPEC_TODAY - 11); /* before the attorney's time */
	open_one(CIRCUMSTANCE_ATTORNEY_ASKED, 2, SPEC_TODAY - 5);
	assert_int_equal(told().attorney_consents, FACT_NO);
	assert_int_equal(told().attorney_asked_on, 0);
	open_one(CIRCUMSTANCE_ATTORNEY_ASKED, 0, SPEC_TODAY - 4);
	open_one(CIRCUMSTANCE_ATTORNEY_ASKED, 0, SPEC_TODAY - 6);
	open_one(CIRCUMSTANCE_ATTORNEY_CONSENTS, 0, SPEC_TODAY - 10);
	assert_int_equal(told().attorney_consents, FACT_YES);
	assert_int_equal(told().attorney_asked_on, SPEC_TODAY - 4); /* the last question is not answered for the shortest time */
	open_one(CIRCUMSTANCE_ATTORNEY, 2, SPEC_TODAY - 10);
	assert_int_equal(told().attorney_consents, FACT_NO);
	assert_int_equal(told().attorney_asked_on, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	static const struct CMUnitTest tests[] = {
		TEST(test_gather__every_zone_in_which_the_person_may_be_is_a_fact),
		TEST(test_gather__there_is_room_for_every_zone),
		TEST(test_gather__one_unknown_zone_makes_all_unknown),
		TEST(test_gather__the_provider_of_an_address_is_known_if_it_is_public),
		TEST(test_gather__for_whom_a_debt_is_collected_is_never_guessed),
		TEST(test_gather__the_jurisdiction_brings_its_law),
		TEST(test_gather__an_eastern_number_and_a_pacific_address_fit_in_both),
		TEST(test_gather__a_wide_country_has_few_hours),
		TEST(test_gather__a_number_is_fresh_since_its_look_up),
		TEST(test_gather__an_employer_forbids_from_when_it_is_told),
		TEST(test_gather__a_limitation_period_restarts_when_it_is_told),
		TEST(test_gather__a_reversed_payment_restarts_no_limitation),
		TEST(test_gather__an_attorney_consents_for_every_debt_or_for_none),
	};

	return cmocka_run_group_tests_name("communications gather", tests, NULL, NULL);
}
