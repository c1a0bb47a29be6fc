#include "rule_spec.h"

#include "base/array.h"
#include "consumers/customers/customers.h"
#include "schemas/customers.h"

static struct spec spec;

static int setup(void **state)
{
	(void)state;
	spec_init(&spec, &customers_module);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	spec_release(&spec);
	return 0;
}

static struct create_customer a_customer(void)
{
	return (struct create_customer){ .customer_id = spec_id('C', 1),
					 .external_ref = STR("K-1"),
					 .kind = STR("natural"),
					 .full_name = STR("Anna Beispiel"),
					 .has_birth_date = true,
					 .birth_date = SPEC_TODAY - 12000,
					 .locale = STR("de-DE"),
					 .country = STR("DE"),
					 .has_region = true,
					 .region = STR("BE"),
					 .has_timezone = true,
					 .timezone = STR("Europe/Berlin") };
}

static struct add_contact_point a_point(void)
{
	return (struct add_contact_point){ .contact_point_id = spec_id('P', 1),
					   .customer_id = spec_id('C', 1),
					   .channel = STR("email"),
					   .address = STR("Anna@example.org"),
					   .place = STR("home"),
					   .source = STR("creditor") };
}

static void given_customer(void)
{
	static struct create_customer body;

	body = a_customer();
	spec_when(&spec, &create_customer_type, &body);
	then_events(&spec, "CustomerCreated");
}

static void given_point(void)
{
	static struct add_contact_point body;

	given_customer();
	body = a_point();
	spec_when(&spec, &add_contact_point_type, &body);
	then_events(&spec, "ContactPointAdded");
}

static struct customer *the_customer(void)
{
	struct uuid id = spec_id('C', 1);

	return workset_change(&spec.set, &customer_entity, &id);
}

/* ---- CreateCustomer ---- */

static void test_customers__a_customer_is_created(void **state)
{
	const struct customer_created *event;

	(void)state;
	given_customer();
	event = then_event(&spec, 0, customer_created);
	assert_int_equal(event->version, 1);
	assert_true(str_is(event->external_ref, "K-1"));
	assert_true(str_is(event->region, "BE"));
	assert_int_equal(the_customer()->status, CUSTOMER_ACTIVE);
	assert_string_equal(the_customer()->timezone, "Europe/Berlin");
}

/* Creditors who may read him before he owes anything. */
static void test_customers__who_is_bound_to_creditors_makes_a_customer_known_to_them(void **state)
{
	struct create_customer body = a_customer();
	struct scope scope = { .creditors = { spec_id('R', 1), spec_id('R', 2) }, .creditors_count = 2 };
	const struct customer_created *event;

	(void)state;
	spec.scope = &scope;
	spec.roles = ROLE_CREDITOR;
	spec_when(&spec, &create_customer_type, &body);
	event = then_event(&spec, 0, customer_created);
	assert_int_equal(event->creditor_ids_count, 2);
	assert_memory_equal(event->creditor_ids, scope.creditors, 2 * sizeof(struct uuid));

	body.customer_id = spec_id('C', 2); /* an agent is bound to none */
	body.external_ref = STR("K-2");
	spec.roles = ROLE_CREDITOR | ROLE_AGENT;
	spec_when(&spec, &create_customer_type, &body);
	assert_int_equal(then_event(&spec, 0, customer_created)->creditor_ids_count, 0);

	body.customer_id = spec_id('C', 3); /* an operator's creditor is all creditors */
	body.external_ref = STR("K-3");
	spec.roles = ROLE_CREDITOR;
	spec.scope = &scope_all;
	spec_when(&spec, &create_customer_type, &body);
	assert_int_equal(then_event(&spec, 0, customer_created)->creditor_ids_count, 0);
}

static void refuse_customer(const struct create_customer *body, enum refusal refusal, const char *field)
{
	spec_when(&spec, &create_customer_type, body);
	then_refused(&spec, refusal, field);
}

static void test_customers__every_field_of_a_customer_is_looked_at(void **state)
{
	struct create_customer body;

	(void)state;
#define REFUSE(member, value, refusal, field)                                                                                    \
	body = a_customer();                                                                                                     \
	body.member = value;                                                                                                     \
	refuse_customer(&body, refusal, field)
	REFUSE(customer_id, (struct uuid){ 0 }, REFUSAL_BAD_VALUE, "customer_id");
	REFUSE(external_ref, STR(""), REFUSAL_BAD_VALUE, "external_ref");
	REFUSE(kind, STR("robot"), REFUSAL_BAD_VALUE, "kind");
	REFUSE(full_name, STR(" "), REFUSAL_BAD_VALUE, "full_name");
	REFUSE(full_name, STR("A\nB"), REFUSAL_BAD_VALUE, "full_name");
	REFUSE(locale, STR("German"), REFUSAL_BAD_VALUE, "locale");
	REFUSE(country, STR("XX"), REFUSAL_BAD_VALUE, "country");
	REFUSE(country, STR("ZZ"), REFUSAL_BAD_VALUE, "country");
	REFUSE(locale, STR("xx-YY"), REFUSAL_BAD_VALUE, "locale");
	REFUSE(region, STR("berlin"), REFUSAL_BAD_VALUE, "region");
	REFUSE(region, STR("QQQ"), REFUSAL_BAD_VALUE, "region");
	REFUSE(region, STR("US-MA"), REFUSAL_BAD_VALUE, "region"); /* of another country */
	REFUSE(timezone, STR("Mars/Base"), REFUSAL_BAD_VALUE, "timezone");
	REFUSE(birth_date, -98615, REFUSAL_BAD_DATE, "birth_date"); /* 1700 */
	REFUSE(timezone, STR("here"), REFUSAL_BAD_VALUE, "timezone");
	REFUSE(birth_date, SPEC_TODAY + 1, REFUSAL_BAD_DATE, "birth_date");
	REFUSE(birth_date, -40000, REFUSAL_BAD_DATE, "birth_date");
#undef REFUSE
}

static void test_customers__an_id_and_a_reference_are_used_once(void **state)
{
	struct create_customer body = a_customer();

	(void)state;
	given_customer();
	refuse_customer(&body, REFUSAL_EXISTS, "customer_id");
	body.customer_id = spec_id('C', 2);
	refuse_customer(&body, REFUSAL_EXISTS, "external_ref");
}

/* ---- UpdateCustomer ---- */

static void test_customers__what_is_not_given_does_not_change(void **state)
{
	struct update_customer body = { .customer_id = spec_id('C', 1),
					.has_full_name = true,
					.full_name = STR("Anna Neu"),
					.has_locale = true,
					.locale = STR("de-AT") };
	const struct customer_updated *event;

	(void)state;
	given_customer();
	spec_when(&spec, &update_customer_type, &body);
	then_events(&spec, "CustomerUpdated");
	event = then_event(&spec, 0, customer_updated);
	assert_int_equal(event->version, 2);
	assert_int_equal(event->changed_count, 2);
	assert_true(str_is(event->changed[0], "full_name"));
	assert_true(str_is(event->changed[1], "locale"));
	assert_true(str_is(event->locale, "de-AT"));
	assert_true(str_is(event->country, "DE"));
	assert_true(event->has_region);
	assert_string_equal(the_customer()->locale, "de-AT");
	assert_string_equal(the_customer()->region, "BE");
	assert_int_equal(the_customer()->version, 2);
}

/* Events are written when the batch is decided, and its states have moved on by then. */
static void test_customers__what_an_event_says_stays_when_the_customer_changes_again(void **state)
{
	struct update_customer first = { .customer_id = spec_id('C', 1), .has_full_name = true, .full_name = STR("Anna Neu") };
	struct update_customer second = {
		.customer_id = spec_id('C', 1), .has_locale = true, .locale = STR("fr"), .has_country = true, .country = STR("AT")
	};
	const struct customer_updated *event;

	(void)state;
	given_customer();
	spec_when(&spec, &update_customer_type, &first);
	event = then_event(&spec, 0, customer_updated);
	spec_when(&spec, &update_customer_type, &second);
	assert_true(str_is(event->locale, "de-DE"));
	assert_true(str_is(event->country, "DE"));
}

static void refuse_update(const struct update_customer *body, enum refusal refusal, const char *field)
{
	spec_when(&spec, &update_customer_type, body);
	then_refused(&spec, refusal, field);
}

static void then_place(const char *country, const char *region, const char *timezone)
{
	assert_string_equal(the_customer()->country, country);
	assert_string_equal(the_customer()->region, region);
	assert_string_equal(the_customer()->timezone, timezone);
}

static void test_customers__what_is_to_be_cleared_has_no_value(void **state)
{
	struct str names[] = { STR("region"), STR("birth_date") };
	struct update_customer body = { .customer_id = spec_id('C', 1), .clears = names, .clears_count = 2 };
	const struct customer_updated *event;

	(void)state;
	given_customer();
	spec_when(&spec, &update_customer_type, &body);
	then_events(&spec, "CustomerUpdated");
	event = then_event(&spec, 0, customer_updated);
	assert_int_equal(event->changed_count, 2);
	assert_true(str_is(event->changed[0], "birth_date"));
	assert_true(str_is(event->changed[1], "region"));
	assert_false(event->has_region);
	assert_true(str_is(event->timezone, "Europe/Berlin"));
	then_place("DE", "", "Europe/Berlin");
}

static void test_customers__who_moves_leaves_region_and_time_zone_behind(void **state)
{
	struct update_customer body = { .customer_id = spec_id('C', 1), .has_country = true, .country = STR("DE") };

	(void)state;
	given_customer();
	spec_when(&spec, &update_customer_type, &body);
	then_place("DE", "BE", "Europe/Berlin"); /* where he was */
	body.country = STR("US");
	spec_when(&spec, &update_customer_type, &body);
	then_place("US", "", "");
	assert_int_equal(then_event(&spec, 0, customer_updated)->changed_count, 3);
	body = (struct update_customer){ .customer_id = spec_id('C', 1),
					 .has_country = true,
					 .country = STR("GB"),
					 .has_region = true,
					 .region = STR("GB-SCT"),
					 .has_timezone = true,
					 .timezone = STR("Europe/London") };
	spec_when(&spec, &update_customer_type, &body);
	then_place("GB", "GB-SCT", "Europe/London");
}

static void test_customers__a_region_is_of_the_country_that_is_there(void **state)
{
	struct update_customer body = { .customer_id = spec_id('C', 1), .has_region = true, .region = STR("US-MA") };

	(void)state;
	given_customer();
	spec_when(&spec, &update_customer_type, &body);
	then_refused(&spec, REFUSAL_BAD_VALUE, "region");
	body.region = STR("DE-HH");
	spec_when(&spec, &update_customer_type, &body);
	then_events(&spec, "CustomerUpdated");
}

static void test_customers__only_what_can_be_without_a_value_is_cleared_and_nothing_that_is_given(void **state)
{
	struct str names[] = { STR("full_name") };
	struct update_customer body = { .customer_id = spec_id('C', 1), .clears = names, .clears_count = 1 };

	(void)state;
	given_customer();
	spec_when(&spec, &update_customer_type, &body);
	then_refused(&spec, REFUSAL_BAD_VALUE, "clears");
	names[0] = STR("timezone");
	body.has_timezone = true;
	body.timezone = STR("Europe/Vienna");
	spec_when(&spec, &update_customer_type, &body);
	then_refused(&spec, REFUSAL_BAD_VALUE, "clears");
}

static void test_customers__updates_that_make_no_sense_are_refused(void **state)
{
	struct update_customer body = { .customer_id = spec_id('C', 1) };

	(void)state;
	given_customer();
	refuse_update(&body, REFUSAL_BAD_VALUE, "");
	body.has_locale = true;
	body.locale = STR("x");
	refuse_update(&body, REFUSAL_BAD_VALUE, "locale");
	body.locale = STR("en");
	body.has_birth_date = true;
	body.birth_date = SPEC_TODAY + 1;
	refuse_update(&body, REFUSAL_BAD_DATE, "birth_date");
	body.birth_date = SPEC_TODAY;
	body.customer_id = spec_id('C', 2);
	refuse_update(&body, REFUSAL_NOT_FOUND, "customer_id");
	body.customer_id = spec_id('C', 1);
	body.has_expected_version = true;
	body.expected_version = 2;
	refuse_update(&body, REFUSAL_VERSION_CONFLICT, "expected_version");
	body.expected_version = 1;
	the_customer()->status = CUSTOMER_ERASED;
	refuse_update(&body, REFUSAL_BAD_TRANSITION, "customer_id");
	the_customer()->status = CUSTOMER_ACTIVE;
	spec_when(&spec, &update_customer_type, &body);
	then_events(&spec, "CustomerUpdated");
}

/* ---- contact points ---- */

static void test_customers__a_contact_point_is_added_without_its_address_in_the_event(void **state)
{
	const struct contact_point_added *event;

	(void)state;
	given_point();
	event = then_event(&spec, 0, contact_point_added);
	assert_int_equal(event->version, 1);
	assert_int_equal(event->address_hash.size, 16);
	assert_true(str_is(event->channel, "email"));
}

static void refuse_point(const struct add_contact_point *body, enum refusal refusal, const char *field)
{
	spec_when(&spec, &add_contact_point_type, body);
	then_refused(&spec, refusal, field);
}

static void test_customers__every_field_of_a_contact_point_is_looked_at(void **state)
{
	struct add_contact_point body;

	(void)state;
	given_customer();
#define REFUSE(member, value, refusal, field)                                                                                    \
	body = a_point();                                                                                                        \
	body.member = value;                                                                                                     \
	refuse_point(&body, refusal, field)
	REFUSE(contact_point_id, (struct uuid){ 0 }, REFUSAL_BAD_VALUE, "contact_point_id");
	REFUSE(channel, STR("pigeon"), REFUSAL_BAD_VALUE, "channel");
	REFUSE(channel, STR("sms"), REFUSAL_BAD_VALUE, "address");
	REFUSE(address, STR("a@b.de\r\nDATA"), REFUSAL_BAD_VALUE, "address");
	REFUSE(place, STR("moon"), REFUSAL_BAD_VALUE, "place");
	REFUSE(source, STR("hearsay"), REFUSAL_BAD_VALUE, "source");
	REFUSE(customer_id, spec_id('C', 2), REFUSAL_NOT_FOUND, "customer_id");
#undef REFUSE
	the_customer()->status = CUSTOMER_DECEASED;
	body = a_point();
	refuse_point(&body, REFUSAL_BAD_TRANSITION, "customer_id");
}

static void test_customers__an_address_is_had_once_in_any_spelling(void **state)
{
	struct add_contact_point body = a_point();

	(void)state;
	given_point();
	refuse_point(&body, REFUSAL_EXISTS, "contact_point_id");
	body.contact_point_id = spec_id('P', 2);
	body.address = STR("anna@EXAMPLE.org");
	refuse_point(&body, REFUSAL_EXISTS, "address");
	body.address = STR("other@example.org");
	spec_when(&spec, &add_contact_point_type, &body);
	then_events(&spec, "ContactPointAdded");
}

static void invalidate(const char *reason)
{
	static struct invalidate_contact_point body;

	body = (struct invalidate_contact_point){ .contact_point_id = spec_id('P', 1),
						  .customer_id = spec_id('C', 1),
						  .reason = str_of(reason) };
	spec_when(&spec, &invalidate_contact_point_type, &body);
}

static void test_customers__an_address_that_bounced_may_be_given_again(void **state)
{
	struct add_contact_point body = a_point();

	(void)state;
	given_point();
	invalidate("bounced");
	then_events(&spec, "ContactPointInvalidated");
	assert_int_equal(then_event(&spec, 0, contact_point_invalidated)->version, 2);
	body.contact_point_id = spec_id('P', 2);
	spec_when(&spec, &add_contact_point_type, &body);
	then_events(&spec, "ContactPointAdded");
}

static void test_customers__an_address_given_up_for_good_comes_back_from_the_consumer_only(void **state)
{
	static const char *const reasons[] = { "wrong_party", "reassigned", "blocked" };

	for (size_t index = 0; index < COUNT(reasons); index++) {
		struct add_contact_point body = a_point();

		given_point();
		invalidate(reasons[index]);
		then_events(&spec, "ContactPointInvalidated");
		body.contact_point_id = spec_id('P', 2);
		refuse_point(&body, REFUSAL_BAD_TRANSITION, "address");
		body.source = STR("consumer");
		spec_when(&spec, &add_contact_point_type, &body);
		then_events(&spec, "ContactPointAdded");
		teardown(state);
		setup(state);
	}
}

static void test_customers__a_usable_point_of_the_customer_is_verified(void **state)
{
	struct verify_contact_point body = { .contact_point_id = spec_id('P', 1), .customer_id = spec_id('C', 1) };

	(void)state;
	given_point();
	spec_when(&spec, &verify_contact_point_type, &body);
	then_events(&spec, "ContactPointVerified");
	assert_int_equal(then_event(&spec, 0, contact_point_verified)->version, 2);
	body.customer_id = spec_id('C', 2);
	spec_when(&spec, &verify_contact_point_type, &body);
	then_refused(&spec, REFUSAL_NOT_FOUND, "contact_point_id");
	body.customer_id = spec_id('C', 1);
	invalidate("blocked");
	spec_when(&spec, &verify_contact_point_type, &body);
	then_refused(&spec, REFUSAL_BAD_TRANSITION, "contact_point_id");
}

/* A look-up is of the past, of a telephone number, and no consumer's; the latest one counts, whenever it is told. */
static void test_customers__a_number_is_looked_up_by_others_than_the_consumer(void **state)
{
	struct uuid id = spec_id('P', 1);
	struct verify_contact_point body = {
		.contact_point_id = id, .customer_id = spec_id('C', 1), .has_number_checked_at = true, .number_checked_at = 2000
	};
	const struct contact_point *point;

	(void)state;
	given_point();
	spec_when(&spec, &verify_contact_point_type, &body);
	then_refused(&spec, REFUSAL_BAD_VALUE, "number_checked_at"); /* an e-mail address */
	((struct contact_point *)spec_given(&spec, &contact_point_entity, id))->channel = CHANNEL_SMS;
	spec.roles = ROLE_CONSUMER;
	spec_when(&spec, &verify_contact_point_type, &body);
	then_refused(&spec, REFUSAL_NOT_AUTHORISED, "number_checked_at");
	spec.roles = ROLE_CREDITOR;
	body.number_checked_at = spec.now_ms + 1;
	spec_when(&spec, &verify_contact_point_type, &body);
	then_refused(&spec, REFUSAL_BAD_DATE, "number_checked_at");
	body.number_checked_at = 0;
	spec_when(&spec, &verify_contact_point_type, &body);
	then_refused(&spec, REFUSAL_BAD_DATE, "number_checked_at");
	for (int64_t at_ms = spec.now_ms; at_ms > spec.now_ms - 2; at_ms--) {
		body.number_checked_at = at_ms;
		spec_when(&spec, &verify_contact_point_type, &body);
		then_events(&spec, "ContactPointVerified");
		assert_int_equal(then_event(&spec, 0, contact_point_verified)->number_checked_at, at_ms);
	}
	point = workset_state(&spec.set, &contact_point_entity, &id);
	assert_int_equal(point->number_checked_at_ms, spec.now_ms);
}

static void test_customers__a_point_is_invalidated_once_for_a_known_reason(void **state)
{
	(void)state;
	invalidate("bounced");
	then_refused(&spec, REFUSAL_NOT_FOUND, "contact_point_id");
	given_point();
	invalidate("dislike");
	then_refused(&spec, REFUSAL_BAD_VALUE, "reason");
	invalidate("usable");
	then_refused(&spec, REFUSAL_BAD_VALUE, "reason");
	invalidate("erased");
	then_refused(&spec, REFUSAL_BAD_VALUE, "reason");
	invalidate("bounced");
	then_events(&spec, "ContactPointInvalidated");
	assert_true(str_is(then_event(&spec, 0, contact_point_invalidated)->channel, "email"));
	invalidate("blocked");
	then_refused(&spec, REFUSAL_BAD_TRANSITION, "contact_point_id");
}

/* ---- EraseCustomer ---- */

static void erase(void)
{
	static struct erase_customer body;

	body = (struct erase_customer){ .customer_id = spec_id('C', 1), .has_basis = true, .basis = STR("request") };
	spec_when(&spec, &erase_customer_type, &body);
}

static void refuse_erasure(const struct erase_customer *body, enum refusal refusal, const char *field)
{
	spec_when(&spec, &erase_customer_type, body);
	then_refused(&spec, refusal, field);
}

static void test_customers__a_customer_is_erased_once(void **state)
{
	struct erase_customer body = { .customer_id = spec_id('C', 1), .has_basis = true, .basis = STR("unlawful") };

	(void)state;
	given_customer();
	erase();
	then_events(&spec, "CustomerErased");
	assert_int_equal(then_event(&spec, 0, customer_erased)->version, 2);
	assert_true(str_is(then_event(&spec, 0, customer_erased)->basis, "request"));
	assert_int_equal(the_customer()->status, CUSTOMER_ERASED);
	refuse_erasure(&body, REFUSAL_BAD_TRANSITION, "customer_id");
}

static void test_customers__every_ground_of_the_law_is_a_basis(void **state)
{
	static const char *const bases[] = { "request",   "no_longer_needed", "consent_withdrawn",
					     "objection", "unlawful",         "legal_obligation",
					     "child" };

	(void)state;
	given_customer();
	for (size_t i = 0; i < COUNT(bases); i++) {
		struct erase_customer body = { .customer_id = spec_id('C', 1), .has_basis = true, .basis = str_of(bases[i]) };

		the_customer()->status = CUSTOMER_ACTIVE;
		spec_when(&spec, &erase_customer_type, &body);
		then_events(&spec, "CustomerErased");
		assert_true(str_is(then_event(&spec, 0, customer_erased)->basis, bases[i]));
	}
}

static void test_customers__erasures_that_make_no_sense_are_refused(void **state)
{
	struct erase_customer body = { .customer_id = spec_id('C', 1), .has_basis = true, .basis = STR("spite") };

	(void)state;
	given_customer();
	refuse_erasure(&body, REFUSAL_BAD_VALUE, "basis");
	body.has_basis = false;
	refuse_erasure(&body, REFUSAL_BAD_VALUE, "basis");
	body.has_basis = true;
	body.basis = STR("no_longer_needed");
	body.customer_id = spec_id('C', 2);
	refuse_erasure(&body, REFUSAL_NOT_FOUND, "customer_id");
	body.customer_id = spec_id('C', 1);
	body.has_expected_version = true;
	body.expected_version = 2;
	refuse_erasure(&body, REFUSAL_VERSION_CONFLICT, "expected_version");
	body.expected_version = 1;
	the_customer()->status = CUSTOMER_DECEASED;
	spec_when(&spec, &erase_customer_type, &body);
	then_events(&spec, "CustomerErased");
	assert_true(str_is(then_event(&spec, 0, customer_erased)->basis, "no_longer_needed"));
}

static void test_customers__what_is_owed_keeps_the_data(void **state)
{
	struct erase_customer body = { .customer_id = spec_id('C', 1), .has_basis = true, .basis = STR("request") };
	struct retention *retention;

	(void)state;
	given_customer();
	retention = spec_given(&spec, &retention_entity, spec_id('C', 1));
	retention->open_debts = 2;
	retention->debt_id = spec_id('D', 7);
	refuse_erasure(&body, REFUSAL_RETENTION_APPLIES, "customer_id");
	assert_non_null(strstr(spec.decision.text, "2 owed by the customer, 0 overpaid"));
	assert_non_null(strstr(spec.decision.text, "019a0000-0000-7000-8000-004400000007"));
	assert_non_null(strstr(spec.decision.text, "until they are settled"));
	assert_int_equal(the_customer()->status, CUSTOMER_ACTIVE);
}

static void test_customers__nothing_is_done_about_an_erased_customer(void **state)
{
	struct update_customer update = { .customer_id = spec_id('C', 1), .has_country = true, .country = STR("AT") };
	struct verify_contact_point verify = { .contact_point_id = spec_id('P', 1), .customer_id = spec_id('C', 1) };
	struct add_contact_point point = a_point();
	struct create_customer again = a_customer();

	(void)state;
	given_point();
	erase();
	then_events(&spec, "CustomerErased");
	refuse_update(&update, REFUSAL_BAD_TRANSITION, "customer_id");
	spec_when(&spec, &verify_contact_point_type, &verify);
	then_refused(&spec, REFUSAL_BAD_TRANSITION, "customer_id");
	invalidate("bounced");
	then_refused(&spec, REFUSAL_BAD_TRANSITION, "customer_id");
	point.contact_point_id = spec_id('P', 2);
	refuse_point(&point, REFUSAL_BAD_TRANSITION, "customer_id");
	refuse_customer(&again, REFUSAL_EXISTS, "customer_id");
	again.customer_id = spec_id('C', 2);
	refuse_customer(&again, REFUSAL_EXISTS, "external_ref");
}

/* ---- whose customer it is ---- */

/* Somebody has asked for it before. */
static void given_acquaintance_in(unsigned creditor, unsigned portfolio)
{
	struct uuid customer_id = spec_id('C', 1);
	struct scope_pair pair = { .creditor_id = spec_id('R', creditor) };
	char key[ACQUAINTANCE_KEY_SIZE];
	struct uuid id;

	if (portfolio > 0)
		pair.portfolio_id = spec_id('F', portfolio);
	acquaintance_key(key, &customer_id, &pair);
	id = acquaintance_id(key);
	if (workset_find(&spec.set, &acquaintance_entity, &id) == NULL)
		spec_given(&spec, &acquaintance_entity, id);
	((struct acquaintance *)workset_change(&spec.set, &acquaintance_entity, &id))->is_known = 1;
}

static void given_acquaintance(unsigned creditor)
{
	given_acquaintance_in(creditor, 0);
}

static void test_customers__others_customers_do_not_exist_for_a_creditor(void **state)
{
	struct update_customer update = { .customer_id = spec_id('C', 1), .has_locale = true, .locale = STR("de-AT") };
	struct add_contact_point add = a_point();
	struct verify_contact_point verify = { .customer_id = spec_id('C', 1), .contact_point_id = spec_id('P', 1) };
	struct invalidate_contact_point invalidate = { .customer_id = spec_id('C', 1),
						       .contact_point_id = spec_id('P', 1),
						       .reason = STR("blocked") };
	struct scope scope = { .creditors = { spec_id('R', 1) }, .creditors_count = 1 };

	(void)state;
	given_point();
	verify.contact_point_id = invalidate.contact_point_id = add.contact_point_id;
	add.contact_point_id = spec_id('P', 77);
	spec.scope = &scope;
	spec.roles = ROLE_CREDITOR;
	spec_when(&spec, &update_customer_type, &update);
	then_refused(&spec, REFUSAL_NOT_FOUND, "customer_id");
	spec_when(&spec, &add_contact_point_type, &add);
	then_refused(&spec, REFUSAL_NOT_FOUND, "customer_id");
	spec_when(&spec, &verify_contact_point_type, &verify);
	then_refused(&spec, REFUSAL_NOT_FOUND, "contact_point_id");
	spec_when(&spec, &invalidate_contact_point_type, &invalidate);
	then_refused(&spec, REFUSAL_NOT_FOUND, "contact_point_id");

	given_acquaintance(1);
	spec_when(&spec, &update_customer_type, &update);
	then_events(&spec, "CustomerUpdated");
	spec_when(&spec, &verify_contact_point_type, &verify);
	then_events(&spec, "ContactPointVerified");
	scope.creditors_count = 0;
	spec_when(&spec, &update_customer_type, &update);
	then_refused(&spec, REFUSAL_NOT_FOUND, "customer_id");
}

/* The answer says neither whose it is nor that there is anything: the words for a creditor that is not his. */
static void then_is_no_matter_of_his(const char *field)
{
	then_refused(&spec, REFUSAL_NOT_AUTHORISED, field);
	assert_string_equal(spec.decision.text, COMMAND_UNBOUND_TEXT);
}

static void test_customers__an_id_or_a_reference_that_is_anothers_tells_nothing(void **state)
{
	struct create_customer create = a_customer();
	struct add_contact_point add = a_point();
	struct scope scope = { .creditors = { spec_id('R', 1) }, .creditors_count = 1 };

	(void)state;
	given_point();
	spec.scope = &scope;
	spec.roles = ROLE_CREDITOR;
	spec_when(&spec, &create_customer_type, &create);
	then_is_no_matter_of_his("customer_id");
	create.customer_id = add.customer_id = spec_id('C', 2);
	spec_when(&spec, &create_customer_type, &create);
	then_is_no_matter_of_his("external_ref");
	create.external_ref = STR("his own");
	spec_when(&spec, &create_customer_type, &create);
	then_events(&spec, "CustomerCreated");
	spec_when(&spec, &add_contact_point_type, &add); /* the id that customer 1's has */
	then_is_no_matter_of_his("contact_point_id");
	spec.roles = ROLE_CONSUMER;
	spec_when(&spec, &add_contact_point_type, &add);
	then_is_no_matter_of_his("contact_point_id");
	add.customer_id = spec_id('C', 1);
	spec.roles = ROLE_CREDITOR;
	spec_when(&spec, &add_contact_point_type, &add);
	then_refused(&spec, REFUSAL_NOT_FOUND, "customer_id");

	given_acquaintance(1); /* now he knows him, and is told as ever */
	spec_when(&spec, &add_contact_point_type, &add);
	then_refused(&spec, REFUSAL_EXISTS, "contact_point_id");
	create = a_customer();
	spec_when(&spec, &create_customer_type, &create);
	then_refused(&spec, REFUSAL_EXISTS, "customer_id");
	create.customer_id = spec_id('C', 3);
	spec_when(&spec, &create_customer_type, &create);
	then_refused(&spec, REFUSAL_EXISTS, "external_ref");
}

/* That his creditor knows the customer, or another portfolio, is no matter to whoever is bound to a portfolio. */
static void test_customers__others_portfolios_customers_do_not_exist(void **state)
{
	struct update_customer update = { .customer_id = spec_id('C', 1), .has_locale = true, .locale = STR("de-AT") };
	struct scope scope = { .creditors = { spec_id('R', 1) },
			       .creditors_count = 1,
			       .portfolios = { spec_id('F', 1), spec_id('F', 2) },
			       .portfolios_count = 2 };

	(void)state;
	given_point();
	spec.scope = &scope;
	spec.roles = ROLE_CREDITOR;
	spec_when(&spec, &update_customer_type, &update); /* asks, so that there are slots */
	given_acquaintance(1);
	given_acquaintance_in(1, 3);
	given_acquaintance_in(2, 1);
	spec_when(&spec, &update_customer_type, &update);
	then_refused(&spec, REFUSAL_NOT_FOUND, "customer_id");
	given_acquaintance_in(1, 2);
	spec_when(&spec, &update_customer_type, &update);
	then_events(&spec, "CustomerUpdated");
}

/* Who is bound to portfolios makes a customer known in these, to whoever is bound to one of them or to the whole creditor. */
static void test_customers__who_is_bound_to_portfolios_makes_customers_known_in_them(void **state)
{
	struct create_customer create = a_customer();
	struct update_customer update = { .customer_id = spec_id('C', 1), .has_locale = true, .locale = STR("de-AT") };
	struct scope maker = { .creditors = { spec_id('R', 1) },
			       .creditors_count = 1,
			       .portfolios = { spec_id('F', 1), spec_id('F', 2) },
			       .portfolios_count = 2 };
	struct scope other = maker, whole = maker, elsewhere = maker;
	const struct customer_created *event;

	(void)state;
	spec.roles = ROLE_CREDITOR;
	other.portfolios[0] = spec_id('F', 9);
	whole.portfolios_count = 0;
	elsewhere.portfolios_count = 1;
	elsewhere.portfolios[0] = spec_id('F', 9);
	for (struct scope *const *asks = (struct scope *const[]){ &other, &whole, &elsewhere, &maker, NULL }; *asks != NULL;
	     asks++) {
		spec.scope = *asks;
		spec_when(&spec, &update_customer_type, &update);
		then_refused(&spec, REFUSAL_NOT_FOUND, "customer_id");
	}
	spec_when(&spec, &create_customer_type, &create);
	then_events(&spec, "CustomerCreated");
	event = then_event(&spec, 0, customer_created);
	assert_int_equal(event->creditor_ids_count, 1);
	assert_int_equal(event->portfolio_ids_count, 2);
	for (struct scope *const *asks = (struct scope *const[]){ &other, &whole, &maker, NULL }; *asks != NULL; asks++) {
		spec.scope = *asks;
		spec_when(&spec, &update_customer_type, &update);
		then_events(&spec, "CustomerUpdated");
	}
	spec.scope = &elsewhere;
	spec_when(&spec, &update_customer_type, &update);
	then_refused(&spec, REFUSAL_NOT_FOUND, "customer_id");
}

/* Also in the batch in which he was made known. */
static void test_customers__who_made_a_customer_known_may_change_him(void **state)
{
	struct create_customer create = a_customer();
	struct update_customer update = { .customer_id = spec_id('C', 1), .has_locale = true, .locale = STR("de-AT") };
	struct scope scope = { .creditors = { spec_id('R', 1) }, .creditors_count = 1 };

	(void)state;
	spec.scope = &scope;
	spec.roles = ROLE_CREDITOR;
	spec_when(&spec, &update_customer_type, &update); /* asks for it before */
	then_refused(&spec, REFUSAL_NOT_FOUND, "customer_id");
	spec_when(&spec, &create_customer_type, &create);
	then_events(&spec, "CustomerCreated");
	spec_when(&spec, &update_customer_type, &update);
	then_events(&spec, "CustomerUpdated");
	scope.creditors[0] = spec_id('R', 2);
	spec_when(&spec, &update_customer_type, &update);
	then_refused(&spec, REFUSAL_NOT_FOUND, "customer_id");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(test_customers__a_customer_is_created),
		TEST(test_customers__who_is_bound_to_creditors_makes_a_customer_known_to_them),
		TEST(test_customers__others_customers_do_not_exist_for_a_creditor),
		TEST(test_customers__an_id_or_a_reference_that_is_anothers_tells_nothing),
		TEST(test_customers__others_portfolios_customers_do_not_exist),
		TEST(test_customers__who_is_bound_to_portfolios_makes_customers_known_in_them),
		TEST(test_customers__who_made_a_customer_known_may_change_him),
		TEST(test_customers__every_field_of_a_customer_is_looked_at),
		TEST(test_customers__an_id_and_a_reference_are_used_once),
		TEST(test_customers__what_is_not_given_does_not_change),
		TEST(test_customers__what_an_event_says_stays_when_the_customer_changes_again),
		TEST(test_customers__what_is_to_be_cleared_has_no_value),
		TEST(test_customers__who_moves_leaves_region_and_time_zone_behind),
		TEST(test_customers__a_region_is_of_the_country_that_is_there),
		TEST(test_customers__only_what_can_be_without_a_value_is_cleared_and_nothing_that_is_given),
		TEST(test_customers__updates_that_make_no_sense_are_refused),
		TEST(test_customers__a_contact_point_is_added_without_its_address_in_the_event),
		TEST(test_customers__every_field_of_a_contact_point_is_looked_at),
		TEST(test_customers__an_address_is_had_once_in_any_spelling),
		TEST(test_customers__an_address_that_bounced_may_be_given_again),
		TEST(test_customers__an_address_given_up_for_good_comes_back_from_the_consumer_only),
		TEST(test_customers__a_usable_point_of_the_customer_is_verified),
		TEST(test_customers__a_number_is_looked_up_by_others_than_the_consumer),
		TEST(test_customers__a_point_is_invalidated_once_for_a_known_reason),
		TEST(test_customers__a_customer_is_erased_once),
		TEST(test_customers__every_ground_of_the_law_is_a_basis),
		TEST(test_customers__erasures_that_make_no_sense_are_refused),
		TEST(test_customers__what_is_owed_keeps_the_data),
		TEST(test_customers__nothing_is_done_about_an_erased_customer),
	};

	return cmocka_run_group_tests_name("customers rules", tests, NULL, NULL);
}
