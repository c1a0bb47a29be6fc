#include "consumers/customers/customers.h"
#include "schemas/customers.h"

#define BIRTH_DATE_MIN (-32872) /* 1880-01-01 */

/* The fields that both commands may have. */
struct profile {
	bool has_full_name;
	struct str full_name;
	bool has_birth_date;
	int32_t birth_date;
	bool has_locale;
	struct str locale;
	bool has_country;
	struct str country;
	bool has_region;
	struct str region;
	bool has_timezone;
	struct str timezone;
};

static bool profile_is_good(const struct profile *profile, int32_t today, struct decision *decision)
{
	if (profile->has_full_name && !customer_name_is_valid(profile->full_name)) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "full_name", "the name is empty");
	} else if (profile->has_locale && !language_tag_is_valid(profile->locale)) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "locale", "not a language tag (BCP 47) such as de-DE");
	} else if (profile->has_country && !country_is_known(profile->country)) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "country", "not an ISO 3166-1 alpha-2 code");
	} else if (profile->has_region && profile->has_country && !region_is_known(profile->country, profile->region)) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "region", "not an ISO 3166-2 code of the country");
	} else if (profile->has_timezone && !timezone_is_known(profile->timezone)) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "timezone", "not an IANA name such as Europe/Berlin");
	} else if (profile->has_birth_date && (profile->birth_date > today || profile->birth_date < BIRTH_DATE_MIN)) {
		decision_refuse(decision, REFUSAL_BAD_DATE, "birth_date", "in the future, or before the year 1880");
	} else {
		return true;
	}
	return false;
}

bool customer_is_reached(const struct command *command, const struct uuid *customer_id, const struct workset *set)
{
	if (!command_is_bound(command) || command->scope->all_creditors)
		return true;
	for (size_t i = 0; i < scope_pairs(command->scope); i++) {
		const struct scope_pair pair = scope_pair(command->scope, i);
		char key[ACQUAINTANCE_KEY_SIZE];
		const struct slot *slot;
		struct uuid id;

		acquaintance_key(key, customer_id, &pair);
		id = acquaintance_id(key);
		slot = workset_find(set, &acquaintance_entity, &id);
		if (slot != NULL && slot->exists && ((const struct acquaintance *)slot->state)->is_known)
			return true;
	}
	return false;
}

/* ---- CreateCustomer ---- */

static bool create_is_good(const struct command *command, const struct create_customer *body, struct decision *decision)
{
	struct profile profile = { .has_full_name = true,
				   .full_name = body->full_name,
				   .has_birth_date = body->has_birth_date,
				   .birth_date = body->birth_date,
				   .has_locale = true,
				   .locale = body->locale,
				   .has_country = true,
				   .country = body->country,
				   .has_region = body->has_region,
				   .region = body->region,
				   .has_timezone = body->has_timezone,
				   .timezone = body->timezone };

	if (uuid_is_none(&body->customer_id)) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "customer_id", "the id is all zeros");
		return false;
	}
	if (body->external_ref.size == 0) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "external_ref", "the reference is empty");
		return false;
	}
	if (customer_kind_by_name(body->kind) == CUSTOMER_KIND_NONE) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "kind", "not one of " CUSTOMER_KIND_LISTED);
		return false;
	}
	return profile_is_good(&profile, command->today, decision);
}

/* Refuses an id or reference that another customer has; that customer may be hidden from the issuer. */
static void refuse_taken(const struct uuid *customer_id, const struct workset *set, const char *field, const char *text,
			 struct decision *decision)
{
	if (customer_is_reached(decision->command, customer_id, set))
		decision_refuse(decision, REFUSAL_EXISTS, field, "%s", text);
	else
		decision_refuse_unbound(decision, field);
}

static void confide(struct decision *decision, const struct personal *said)
{
	struct personal *personal = arena_take(decision->arena, 1, sizeof(*personal));

	if (personal == NULL) {
		decision->overflow = true;
		return;
	}
	*personal = *said;
	decision_confide(decision, personal);
}

void decide_create_customer(const struct command *command, const struct workset *set, struct decision *decision)
{
	const struct create_customer *body = command->body;
	struct uuid reference = customer_reference_id(body->external_ref);
	const struct customer_reference *taken;
	struct customer_created *event;

	if (!create_is_good(command, body, decision))
		return;
	if (workset_state(set, &customer_entity, &body->customer_id) != NULL) {
		refuse_taken(&body->customer_id, set, "customer_id", "a customer has this id", decision);
		return;
	}
	taken = workset_state(set, &customer_reference_entity, &reference);
	if (taken != NULL) {
		refuse_taken(&taken->customer_id, set, "external_ref", "a customer has this reference", decision);
		return;
	}

	/* ---- nothing refuses from here on ---- */
	event = decision_event(decision, &customer_created_type);
	event->customer_id = body->customer_id;
	event->version = 1;
	event->external_ref = body->external_ref;
	event->kind = body->kind;
	confide(decision, &(struct personal){ .has_full_name = true,
					      .full_name = body->full_name,
					      .has_birth_date = body->has_birth_date,
					      .birth_date = body->birth_date });
	event->has_full_name_hash = true;
	event->full_name_hash = customer_name_hash(decision->arena, set, &body->customer_id, body->full_name);
	event->has_birth_date_hash = body->has_birth_date;
	event->birth_date_hash = customer_birth_hash(decision->arena, set, &body->customer_id, body->birth_date);
	decision->overflow |= event->full_name_hash.data == NULL || event->birth_date_hash.data == NULL;
	event->locale = body->locale;
	event->country = body->country;
	event->has_region = body->has_region;
	event->region = body->region;
	event->has_timezone = body->has_timezone;
	event->timezone = body->timezone;
	if (command_is_bound(command)) {
		event->creditor_ids = command->scope->creditors;
		event->creditor_ids_count = command->scope->creditors_count;
		event->portfolio_ids = command->scope->portfolios;
		event->portfolio_ids_count = command->scope->portfolios_count;
	}
}

/* ---- UpdateCustomer ---- */

#define CHANGED_MAX 6

/* The optional fields that the command clears. */
struct change {
	bool clears_birth_date, clears_region, clears_timezone;
};

static bool clears(const struct update_customer *body, const char *name)
{
	for (size_t index = 0; index < body->clears_count; index++) {
		if (str_is(body->clears[index], name))
			return true;
	}
	return false;
}

/*
 * A change of country clears region and time zone unless the command has new ones: the old ones would be wrong, and the hours of
 * contact depend on them.
 */
static struct change change_of(const struct update_customer *body, const struct customer *customer)
{
	bool is_moved = body->has_country && !str_is(body->country, customer->country);

	return (struct change){
		.clears_birth_date = clears(body, "birth_date"),
		.clears_region = clears(body, "region") || (is_moved && !body->has_region && customer->region[0] != '\0'),
		.clears_timezone = clears(body, "timezone") || (is_moved && !body->has_timezone && customer->timezone[0] != '\0')
	};
}

/* The names of the fields that the command sets or clears; personal fields are not compared with their old values. */
static size_t list_changed(const struct update_customer *body, const struct change *change, struct str changed[CHANGED_MAX])
{
	size_t count = 0;

	if (body->has_full_name)
		changed[count++] = STR("full_name");
	if (body->has_birth_date || change->clears_birth_date)
		changed[count++] = STR("birth_date");
	if (body->has_locale)
		changed[count++] = STR("locale");
	if (body->has_country)
		changed[count++] = STR("country");
	if (body->has_region || change->clears_region)
		changed[count++] = STR("region");
	if (body->has_timezone || change->clears_timezone)
		changed[count++] = STR("timezone");
	return count;
}

static bool clears_are_good(const struct update_customer *body, struct decision *decision)
{
	for (size_t index = 0; index < body->clears_count; index++) {
		struct str name = body->clears[index];

		if (!str_is(name, "birth_date") && !str_is(name, "region") && !str_is(name, "timezone")) {
			decision_refuse(decision, REFUSAL_BAD_VALUE, "clears",
					"only birth date, region and time zone can be without a value");
			return false;
		}
	}
	if ((body->has_birth_date && clears(body, "birth_date")) || (body->has_region && clears(body, "region")) ||
	    (body->has_timezone && clears(body, "timezone"))) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "clears", "what is given cannot be cleared");
		return false;
	}
	return true;
}

static bool names_nothing(const struct update_customer *body)
{
	return !body->has_full_name && !body->has_birth_date && !body->has_locale && !body->has_country && !body->has_region &&
	       !body->has_timezone && body->clears_count == 0;
}

static bool update_is_good(const struct command *command, const struct update_customer *body, struct decision *decision)
{
	struct profile profile = { .has_full_name = body->has_full_name,
				   .full_name = body->full_name,
				   .has_birth_date = body->has_birth_date,
				   .birth_date = body->birth_date,
				   .has_locale = body->has_locale,
				   .locale = body->locale,
				   .has_country = body->has_country,
				   .country = body->country,
				   .has_region = body->has_region,
				   .region = body->region,
				   .has_timezone = body->has_timezone,
				   .timezone = body->timezone };

	if (names_nothing(body)) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "", "nothing to change is given");
		return false;
	}
	return clears_are_good(body, decision) && profile_is_good(&profile, command->today, decision);
}

static bool customer_can_change(const struct update_customer *body, const struct customer *customer, const struct workset *set,
				struct decision *decision)
{
	if (customer == NULL || !customer_is_reached(decision->command, &body->customer_id, set)) {
		decision_refuse(decision, REFUSAL_NOT_FOUND, "customer_id", "no such customer");
	} else if (body->has_expected_version && body->expected_version != customer->version) {
		decision_refuse(decision, REFUSAL_VERSION_CONFLICT, "expected_version", "the customer's version is %lld",
				(long long)customer->version);
	} else if (!customer_is_changeable(customer->status)) {
		decision_refuse(decision, REFUSAL_BAD_TRANSITION, "customer_id", "the customer is %s",
				customer_status_name(customer->status));
	} else if (body->has_region && !body->has_country && !region_is_known(str_of(customer->country), body->region)) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "region", "not an ISO 3166-2 code of the country");
	} else {
		return true;
	}
	return false;
}

/* The new value of an optional field. */
static struct str text_now(bool is_given, struct str given, bool is_cleared, const char *before)
{
	return is_given ? given : is_cleared ? STR("") : str_of(before);
}

void decide_update_customer(const struct command *command, const struct workset *set, struct decision *decision)
{
	const struct update_customer *body = command->body;
	const struct customer *customer = workset_state(set, &customer_entity, &body->customer_id);
	struct customer_updated *event;
	struct customer *before;
	struct change change;
	struct str *changed;

	if (!update_is_good(command, body, decision) || !customer_can_change(body, customer, set, decision))
		return;

	/* ---- nothing refuses from here on ---- */
	event = decision_event(decision, &customer_updated_type);
	changed = arena_take(decision->arena, CHANGED_MAX, sizeof(*changed));
	before = arena_take(decision->arena, 1, sizeof(*before));
	if (changed == NULL || before == NULL) {
		decision->overflow = true;
		return;
	}
	change = change_of(body, customer);
	*before = *customer; /* a copy: the event is written after the whole batch is decided, when the state may have changed */
	event->customer_id = body->customer_id;
	event->version = before->version + 1;
	event->changed = changed;
	event->changed_count = list_changed(body, &change, changed);
	confide(decision, &(struct personal){ .has_full_name = body->has_full_name,
					      .full_name = body->full_name,
					      .has_birth_date = body->has_birth_date,
					      .clears_birth_date = change.clears_birth_date,
					      .birth_date = body->birth_date });
	event->has_full_name_hash = body->has_full_name;
	event->full_name_hash = customer_name_hash(decision->arena, set, &body->customer_id, body->full_name);
	event->has_birth_date_hash = body->has_birth_date;
	event->birth_date_hash = customer_birth_hash(decision->arena, set, &body->customer_id, body->birth_date);
	decision->overflow |= event->full_name_hash.data == NULL || event->birth_date_hash.data == NULL;
	event->locale = body->has_locale ? body->locale : str_of(before->locale);
	event->country = body->has_country ? body->country : str_of(before->country);
	event->region = text_now(body->has_region, body->region, change.clears_region, before->region);
	event->has_region = event->region.size > 0;
	event->timezone = text_now(body->has_timezone, body->timezone, change.clears_timezone, before->timezone);
	event->has_timezone = event->timezone.size > 0;
}
