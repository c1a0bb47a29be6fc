#include "base/must.h"
#include "consumers/customers/columns.h"
#include "consumers/customers/customers.h"
#include "consumers/customers/store.h"

/*
 * Updates of rows. Their sealed columns are read first and sealed again, because a sealed text is bound to its row's version,
 * which changes. A text that cannot be decrypted fails the batch: otherwise it could never be decrypted again.
 */

/* ---- the stored sealed columns: a row for each slot, in order ---- */

static const struct db_statement select_sealed_customers = {
	.name = "customers_select_sealed_customers",
	.sql = "SELECT c.version, c.full_name_sealed, c.birth_date_sealed FROM unnest($1::uuid[]) WITH ORDINALITY AS u (id, n) "
	       "JOIN customers.customer c ON c.customer_id = u.id ORDER BY u.n",
};

static const struct db_statement select_sealed_points = {
	.name = "customers_select_sealed_points",
	.sql = "SELECT p.version, p.address_sealed FROM unnest($1::uuid[]) WITH ORDINALITY AS u (id, n) "
	       "JOIN customers.contact_point p ON p.contact_point_id = u.id ORDER BY u.n",
};

static int read_sealed(struct customers_store *store, struct db *db, const struct db_statement *select, struct slot **slots,
		       size_t count, struct db_result *ret_there, struct err *err)
{
	if (db_write_end(db, err) < 0)
		return -1;
	db_params_reset(&store->params);
	slots_add_ids(&store->params, slots, count);
	if (db_run(db, select, &store->params, ret_there, err) < 0)
		return -1;
	if ((size_t)ret_there->rows != count)
		return err_set(err, ERR_FATAL, "%s: %d rows of %zu", select->name, ret_there->rows, count);
	return 0;
}

/*
 * Adds a text of a row, sealed for its new version. A text of a customer erased in this batch need not be decrypted: it is
 * cleared at the end of the batch.
 */
static int add_resealed(struct customers_store *store, const struct db_result *there, int row, int column,
			const struct seal_place *place, const struct customer *owner, struct err *err)
{
	struct str sealed = db_str(there, row, column);

	if (db_is_null(there, row, column)) {
		db_array_null(&store->params);
		return 0;
	}
	if (owner->status != CUSTOMER_ERASED &&
	    personal_reseal(store, place, db_int64(there, row, 0), customer_salt(owner), &sealed, err) < 0)
		return -1;
	db_array_text(&store->params, sealed);
	return 0;
}

/* ---- customers ---- */

static struct db_template update_customers = {
	.name = "customers_update_customers",
	.columns = &customer_columns_written,
	.sql = "UPDATE customers.customer c SET full_name_sealed = u.full_name_sealed, birth_date_sealed = u.birth_date_sealed, "
	       "updated_at = u.updated_at, updated_seq = u.updated_seq, {columns = $7} FROM unnest($1::uuid[], $2::bigint[], "
	       "$3::timestamptz[], $4::bigint[], $5::bytea[], $6::bytea[]) WITH ORDINALITY AS u (id, version_was, updated_at, "
	       "updated_seq, full_name_sealed, birth_date_sealed, n) WHERE c.customer_id = u.id AND c.version = u.version_was",
};

/* The batch's last value of a column, sealed; false: the batch has none. */
typedef bool personal_said(struct customers_store *store, const struct slot *slot, struct str *ret_sealed);

static int add_sealed(struct customers_store *store, struct slot **slots, size_t count, personal_said *said,
		      const struct sealed_column *column, const struct db_result *there, int at, struct err *err)
{
	db_array_begin(&store->params, DB_ARRAY_BYTES);
	for (size_t index = 0; index < count; index++) {
		const struct slot *slot = slots[index];
		const struct customer *customer = slot->state;
		const struct seal_place place = {
			.column = column, .row = slot->id, .version = customer->version, .owner = slot->id
		};
		struct str sealed;

		if (!said(store, slot, &sealed)) {
			if (add_resealed(store, there, (int)index, at, &place, customer, err) < 0)
				return -1;
		} else if (sealed.size == 0) {
			db_array_null(&store->params);
		} else {
			db_array_text(&store->params, sealed);
		}
	}
	return 0;
}

static void add_customers(struct db_params *params, struct slot **slots, size_t count)
{
	db_params_reset(params);
	slots_add_ids(params, slots, count);
	slots_add_columns(params, &customer_columns_version_stored, slots, count);
	slots_add_changed_at(params, slots, count);
	slots_add_changed_seq(params, slots, count);
}

static int write_customers(struct customers_store *store, struct db *db, struct slot **slots, size_t count, struct err *err)
{
	struct db_result there = { 0 };
	int result = -1;

	if (count == 0)
		return 0;
	if (read_sealed(store, db, &select_sealed_customers, slots, count, &there, err) < 0)
		goto out;
	add_customers(&store->params, slots, count);
	if (add_sealed(store, slots, count, personal_name, &sealed_name, &there, 1, err) < 0 ||
	    add_sealed(store, slots, count, personal_birth_date, &sealed_birth_date, &there, 2, err) < 0)
		goto out;
	slots_add_columns(&store->params, &customer_columns_written, slots, count);
	result = db_write(db, db_template_statement(&update_customers), &store->params, count, err);
out:
	db_result_release(&there);
	return result;
}

/* ---- contact points ---- */

static struct db_template update_points = {
	.name = "customers_update_points",
	.columns = &contact_point_columns_changed,
	.sql = "UPDATE customers.contact_point p SET updated_at = u.updated_at, address_sealed = u.address_sealed, {columns = "
	       "$5} "
	       "FROM unnest($1::uuid[], $2::bigint[], $3::timestamptz[], $4::bytea[]) WITH ORDINALITY "
	       "AS u (id, version_was, updated_at, address_sealed, n) WHERE p.contact_point_id = u.id AND p.version = "
	       "u.version_was",
};

static void add_points(struct db_params *params, struct slot **slots, size_t count)
{
	db_params_reset(params);
	slots_add_ids(params, slots, count);
	slots_add_columns(params, &contact_point_columns_version_stored, slots, count);
	slots_add_changed_at(params, slots, count);
}

static int add_addresses(struct customers_store *store, const struct workset *set, struct slot **slots, size_t count,
			 const struct db_result *there, struct err *err)
{
	db_array_begin(&store->params, DB_ARRAY_BYTES);
	for (size_t index = 0; index < count; index++) {
		const struct contact_point *point = slots[index]->state;
		const struct customer *customer = workset_state(set, &customer_entity, &point->customer_id);
		const struct seal_place place = {
			.column = &sealed_address, .row = slots[index]->id, .version = point->version, .owner = point->customer_id
		};

		MUST(customer != NULL);
		if (add_resealed(store, there, (int)index, 1, &place, customer, err) < 0)
			return -1;
	}
	return 0;
}

static int write_points(struct customers_store *store, struct db *db, const struct workset *set, struct slot **slots,
			size_t count, struct err *err)
{
	struct db_result there = { 0 };
	int result = -1;

	if (count == 0)
		return 0;
	if (read_sealed(store, db, &select_sealed_points, slots, count, &there, err) < 0)
		goto out;
	add_points(&store->params, slots, count);
	if (add_addresses(store, set, slots, count, &there, err) < 0)
		goto out;
	slots_add_columns(&store->params, &contact_point_columns_changed, slots, count);
	result = db_write(db, db_template_statement(&update_points), &store->params, count, err);
out:
	db_result_release(&there);
	return result;
}

int customers_update(struct customers_store *store, struct db *db, const struct workset *set, struct err *err)
{
	struct slot **slots;
	size_t count;

	slots = slots_to_update(&store->list, set, &customer_entity, &count);
	if (write_customers(store, db, slots, count, err) < 0)
		return -1;
	slots = slots_to_update(&store->list, set, &contact_point_entity, &count);
	return write_points(store, db, set, slots, count, err);
}
