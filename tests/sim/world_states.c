#include <string.h>

#include "consumers/customers/customers.h"
#include "consumers/debts/debts.h"
#include "consumers/users/users.h"
#include "crypto/crypto.h"
#include "tests/sim/approvals.h"
#include "tests/sim/dunning.h"
#include "tests/sim/post.h"
#include "tests/sim/world.h"
#include "worker/rights.h"

/* The states of a world, kept as bytes, and the views that one module shows another. */

const struct sim_blob *blob_find(const struct sim_world *world, size_t module, const char *entity, const struct uuid *id)
{
	const struct sim_database *database = &world->databases[module];

	for (size_t i = 0; i < database->blobs_count; i++)
		if (uuid_equal(&database->blobs[i].id, id) && strcmp(database->blobs[i].entity->name, entity) == 0)
			return &database->blobs[i];
	return NULL;
}

/* ---- views ---- */

struct sim_person view_person(const struct sim_world *world, const struct uuid *customer_id)
{
	const struct sim_blob *blob = blob_find(world, SIM_CUSTOMERS, customer_entity.name, customer_id);
	uint32_t status = blob ? ((const struct customer *)blob->state)->status : CUSTOMER_NONE;

	return (struct sim_person){ .is_known = blob != NULL,
				    .is_active = status == CUSTOMER_ACTIVE,
				    .is_erased = status == CUSTOMER_ERASED };
}

struct uuid view_contact_point(const struct sim_world *world, const struct uuid *customer_id, struct str channel)
{
	const struct sim_database *customers = &world->databases[SIM_CUSTOMERS];

	for (size_t i = 0; i < customers->blobs_count; i++) {
		const struct contact_point *point = customers->blobs[i].state;

		if (customers->blobs[i].entity == &contact_point_entity && point->state == CONTACT_POINT_USABLE &&
		    uuid_equal(&point->customer_id, customer_id) && str_is(channel, channel_name((enum channel)point->channel)))
			return customers->blobs[i].id;
	}
	return (struct uuid){ .bytes = { 0 } };
}

bool view_is_usable(const struct sim_world *world, const struct uuid *contact_point_id)
{
	const struct sim_blob *blob = blob_find(world, SIM_CUSTOMERS, contact_point_entity.name, contact_point_id);

	return blob && ((const struct contact_point *)blob->state)->state == CONTACT_POINT_USABLE;
}

static int64_t credits_of(const struct sim_world *world, const struct debt *one)
{
	const struct sim_database *debts = &world->databases[SIM_DEBTS];
	int64_t credits_minor = 0;

	for (size_t i = 0; i < debts->blobs_count; i++) {
		const struct debt *debt = debts->blobs[i].state;

		if (debts->blobs[i].entity == &debt_entity && debt->lifecycle != LIFECYCLE_CANCELLED &&
		    uuid_equal(&debt->customer_id, &one->customer_id) && uuid_equal(&debt->creditor_id, &one->creditor_id))
			credits_minor += debt->balances.minor[ACCOUNT_CREDIT];
	}
	return credits_minor;
}

struct sim_owed view_debt(const struct sim_world *world, const struct uuid *debt_id)
{
	const struct sim_blob *blob = blob_find(world, SIM_DEBTS, debt_entity.name, debt_id);
	const struct debt *debt;

	if (!blob)
		return (struct sim_owed){ .is_known = false };
	debt = blob->state;
	return (struct sim_owed){
		.is_known = true,
		.is_closed = debt->lifecycle == LIFECYCLE_CANCELLED, /* the only such end that a world has */
		.customer_id = debt->customer_id,
		.creditor_id = debt->creditor_id,
		.balance_minor = balances_owed(&debt->balances),
		.credits_minor = credits_of(world, debt),
		.due_on = debt->due_on,
	};
}

/* customers reads debts.public_open_debt. */
static void load_retention(struct sim_world *world, struct slot *slot)
{
	const struct sim_database *debts = &world->databases[SIM_DEBTS];
	struct retention *retention = slot->state;

	for (size_t i = 0; i < debts->blobs_count; i++) {
		const struct debt *debt = debts->blobs[i].state;

		if (debts->blobs[i].entity != &debt_entity || !uuid_equal(&debt->customer_id, &slot->id))
			continue;
		retention->open_debts += balances_owed(&debt->balances) > 0 && !lifecycle_is_terminal(debt->lifecycle);
		retention->credits += debt->balances.minor[ACCOUNT_CREDIT] > 0;
	}
	slot->exists = retention->open_debts + retention->credits > 0;
}

/* debts reads customers.public_customer. */
static void load_customer(struct sim_world *world, struct slot *slot)
{
	struct sim_person person = view_person(world, &slot->id);

	((struct debts_customer *)slot->state)->is_active = person.is_active;
	slot->exists = person.is_known;
}

/* The engine reads users.public_user. */
static void load_actor(struct slot *slot)
{
	struct actor *actor = slot->state;

	slot->exists = approval_rights(&slot->id, &actor->roles);
	actor->scope = scope_all;
}

/* ---- a module's own ---- */

/* The store's is keyed; here any will do, and it is there whether the login is taken or not. */
static void login_hash(struct slot *slot)
{
	struct user_login *login = slot->state;
	uint8_t digest[DIGEST_SIZE];

	digest_of(digest, slot->text);
	memcpy(login->hash, digest, sizeof(login->hash));
}

/* Whether an index finds it: a reference that was given up is nobody's. */
bool state_is_row(const struct sim_blob *blob)
{
	return blob && (blob->entity != &debt_reference_entity || ((const struct taken *)blob->state)->is_taken);
}

void state_load(struct sim_session *session, struct slot *slot)
{
	const struct sim_blob *blob;

	slot->loaded = true;
	if (slot->entity == &actor_entity) {
		load_actor(slot);
		return;
	}
	if (slot->entity == &retention_entity) {
		load_retention(session->world, slot);
		return;
	}
	if (slot->entity == &debts_customer_entity) {
		load_customer(session->world, slot);
		return;
	}
	if (post_load(session->world, slot) || dunning_load(session->world, slot))
		return;
	blob = blob_find(session->world, session->module, slot->entity->name, &slot->id);
	slot->exists = slot->stored = state_is_row(blob);
	if (slot->exists)
		memcpy(slot->state, blob->state, slot->entity->state_size);
	if (slot->entity == &contact_address_entity)
		digest_of(((struct contact_address *)slot->state)->hash, slot->text);
	if (slot->entity == &user_login_entity)
		login_hash(slot);
}
