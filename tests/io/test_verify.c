/* `dcs verify` over a database that the modules have filled: silent where nothing is wrong, and finding what was tampered with.
 */
#include "tests/io/verify_world.h"

static struct verify_world world;
static struct findings findings;

static int open_world(void **state)
{
	uint8_t key[32];

	(void)state;
	store_key_file(key);
	world_open(&world);
	return 0;
}

static int close_world(void **state)
{
	(void)state;
	world_close(&world);
	store_key_file_remove();
	return 0;
}

static void create_customer(unsigned number)
{
	char reference[16];
	struct create_customer body = { .customer_id = spec_id('C', number),
					.kind = STR("natural"),
					.full_name = STR("Erika Mustermann"),
					.locale = STR("de-DE"),
					.country = STR("DE") };

	snprintf(reference, sizeof(reference), "C-%u", number);
	body.external_ref = str_of(reference);
	world_do(&world, CUSTOMERS, &create_customer_type, &body);
}

static struct grant_consent consent(struct uuid consent_id, unsigned customer)
{
	return (struct grant_consent){ .consent_id = consent_id,
				       .customer_id = spec_id('C', customer),
				       .channel = STR("email"),
				       .purpose = STR("collect"),
				       .basis = STR("express"),
				       .evidence_ref = STR("form 7"),
				       .obtained_at = world.now_ms };
}

static void withdraw(unsigned customer, int64_t offset)
{
	struct withdraw_consent body = { .customer_id = spec_id('C', customer),
					 .via = STR("reply"),
					 .withdrawn_at = world.now_ms };

	world_do_as(&world, COMMUNICATIONS, &withdraw_consent_type, &body, (struct how){ .offset = offset });
	assert_int_equal(world.decision.kind, DECISION_EVENTS);
}

/* ---- false alarms ---- */

static void test_verify__is_silent_about_a_withdrawal_that_overtook_what_waited(void **state)
{
	struct grant_consent grant = consent(spec_id('G', 1), 1);
	int64_t waiting = world.modules[COMMUNICATIONS].heads[1].next_offset + 1;

	(void)state;
	create_customer(1);
	withdraw(1, waiting + 1); /* the consent was set aside */
	world_do_as(&world, COMMUNICATIONS, &grant_consent_type, &grant, (struct how){ .offset = waiting, .waited_ms = 60000 });
	world_verify(&findings);
	then_silent(&findings);
}

static void test_verify__is_silent_about_a_consent_with_the_id_of_its_customer(void **state)
{
	struct grant_consent grant = consent(spec_id('C', 2), 2);

	(void)state;
	create_customer(2);
	world_do(&world, COMMUNICATIONS, &grant_consent_type, &grant);
	withdraw(2, 0);
	withdraw(2, 0);
	world_verify(&findings);
	then_silent(&findings);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_verify__is_silent_about_a_withdrawal_that_overtook_what_waited),
		cmocka_unit_test(test_verify__is_silent_about_a_consent_with_the_id_of_its_customer),
	};

	return cmocka_run_group_tests_name("verify", tests, open_world, close_world);
}
