#include "tests/sim/cases.h"

#include <string.h>

#include "base/array.h"
#include "base/day.h"
#include "schemas/communications.h"
#include "schemas/customers.h"
#include "schemas/debts.h"
#include "schemas/dunning.h"
#include "tests/sim/dunning.h"
#include "tests/sim/workload.h"

/*
 * The same commands on the same days in two worlds, in one of which programs die, connections break and partitions move: it asks for
 * the same steps of the same groups on the same days, under the same ids. But where money or a withdrawal comes while a day's steps
 * are asked for: from then on each world may have its own order, and only the auditor judges that group.
 */
#define SEEDS        10
#define DAYS         9
#define TICKS_A_DAY  5
#define STEPS_ROUGH  250
#define DEBTS_OF     3 /* of each customer */
#define FIRST_DAY    INT64_C(19700)
#define STEPS_MAX    256
#define STOPS_MAX    64
#define PAYMENTS_MAX 256

struct plan {
	struct dice dice;
	uint64_t commands, payments, debts, circumstances, promises;
	uint64_t unreachable; /* so many customers have no contact point at first */
	int64_t at_ms;
	int32_t day;
	uint64_t stopped[STOPS_MAX]; /* whose each circumstance is */
	uint64_t paid[PAYMENTS_MAX]; /* whose each payment is */
	uint64_t ended;              /* so many circumstances, the oldest first */
	int32_t raced_on[CUSTOMERS]; /* the first day on which something came in between; 0: none */
};

/* ---- commands ---- */

static void send(struct plan *plan, struct sim_world *world, size_t module, const struct message_type *type, const void *body)
{
	uint8_t random[10] = { 0xd0, [8] = (uint8_t)(plan->commands >> 8), [9] = (uint8_t)plan->commands };
	struct uuid id = uuid_v7(plan->at_ms, random);

	plan->commands++;
	workload_send_signed(world, module, type, body, &id, "all");
}

static struct uuid customer(uint64_t number)
{
	return workload_id(FAMILY_CUSTOMER, number);
}

static void send_customer(struct plan *plan, struct sim_world *world, uint64_t number)
{
	char reference[] = "C-0";
	const struct create_customer body = { .customer_id = customer(number),
					      .external_ref = { .data = reference, .size = 3 },
					      .kind = STR("natural"),
					      .full_name = STR("Ann Example"),
					      .locale = STR("de-DE"),
					      .country = STR("DE") };

	reference[2] = (char)('0' + number);
	send(plan, world, SIM_CUSTOMERS, &create_customer_type, &body);
}

static void send_point(struct plan *plan, struct sim_world *world, uint64_t number, bool is_email)
{
	const struct add_contact_point body = { .contact_point_id = workload_id(FAMILY_POINT, 2 * number + is_email),
						.customer_id = customer(number),
						.channel = is_email ? STR("email") : STR("sms"),
						.address = is_email ? STR("ann@example.org") : STR("+491701234567"),
						.place = STR("home"),
						.source = STR("consumer") };
	const struct grant_consent consent = { .consent_id = workload_id(FAMILY_CONSENT, 2 * number + is_email),
					       .customer_id = customer(number),
					       .channel = body.channel,
					       .purpose = STR("collect"),
					       .basis = STR("express"),
					       .evidence_ref = STR("call"),
					       .obtained_at = plan->at_ms - 1000 };

	send(plan, world, SIM_CUSTOMERS, &add_contact_point_type, &body);
	send(plan, world, SIM_COMMUNICATIONS, &grant_consent_type, &consent);
}

static void send_template(struct plan *plan, struct sim_world *world, uint64_t number)
{
	const bool is_email = number % 2 == 1, is_reminder = number / 2 == 1;
	const struct publish_template body = { .template_id = workload_id(FAMILY_TEMPLATE, number),
					       .name = is_reminder ? STR("reminder") : STR("demand"),
					       .version = 1,
					       .channel = is_email ? STR("email") : STR("sms"),
					       .language = STR("de"),
					       .message_class = is_reminder ? STR("reminder") : STR("demand"),
					       .subject = is_email ? STR("To {{customer_name}}") : STR(""),
					       .body = STR("{{debt_reference}}: {{balance}} {{opt_out}}") };

	send(plan, world, SIM_COMMUNICATIONS, &publish_template_type, &body);
}

/* Due from four days ago on, to six from now. */
static void send_debt(struct plan *plan, struct sim_world *world, uint64_t of)
{
	struct arena arena;
	struct err err = ERR_INIT;
	struct create_debt body = { .debt_id = workload_id(FAMILY_DEBT, plan->debts),
				    .customer_id = customer(of),
				    .creditor_id = workload_id(FAMILY_CREDITOR, dice_below(&plan->dice, 2)),
				    .currency = STR("EUR"),
				    .principal_minor = 100 + (int64_t)dice_below(&plan->dice, 900),
				    .opened_on = plan->day - 30,
				    .due_on = plan->day - 4 + (int32_t)dice_below(&plan->dice, 11) };

	assert_int_equal(arena_init(&arena, 1024, &err), 0);
	body.external_ref = workload_text(&arena, "D", plan->debts++);
	send(plan, world, SIM_DEBTS, &create_debt_type, &body);
	arena_release(&arena);
}

/* Of a debt that may be paid, or another's: refused in both worlds. */
static void send_payment(struct plan *plan, struct sim_world *world, uint64_t of)
{
	uint64_t debt = of + CUSTOMERS * dice_below(&plan->dice, DEBTS_OF);
	struct arena arena;
	struct err err = ERR_INIT;
	struct record_payment body = { .payment_id = workload_id(FAMILY_PAYMENT, plan->payments),
				       .customer_id = customer(of),
				       .debt_id = workload_id(FAMILY_DEBT, debt),
				       .source = STR("bank"),
				       .amount_minor = 1 + (int64_t)dice_below(&plan->dice, 700),
				       .currency = STR("EUR"),
				       .received_on = plan->day,
				       .method = STR("transfer") };

	assert_int_equal(arena_init(&arena, 1024, &err), 0);
	MUST(plan->payments < PAYMENTS_MAX);
	plan->paid[plan->payments] = of;
	body.external_ref = workload_text(&arena, "P", plan->payments++);
	send(plan, world, SIM_DEBTS, &record_payment_type, &body);
	arena_release(&arena);
}

/* About a debt that may be paid, or another's: refused then. Little is promised, so that most debts can be promised it. */
static void send_promise(struct plan *plan, struct sim_world *world, uint64_t of)
{
	const uint64_t debt = of + CUSTOMERS * dice_below(&plan->dice, DEBTS_OF);
	const struct make_promise body = { .promise_id = workload_id(FAMILY_PROMISE, plan->promises++),
					   .customer_id = customer(of),
					   .debt_id = workload_id(FAMILY_DEBT, debt),
					   .amount_minor = 1 + (int64_t)dice_below(&plan->dice, 100),
					   .currency = STR("EUR"),
					   .due_on = plan->day };

	send(plan, world, SIM_DEBTS, &make_promise_type, &body);
}

/* Of any payment; of one that was refused, or reversed before, it is refused. */
static void send_reversal(struct plan *plan, struct sim_world *world)
{
	const uint64_t number = dice_below(&plan->dice, plan->payments);
	const struct reverse_payment body = { .payment_id = workload_id(FAMILY_PAYMENT, number),
					      .customer_id = customer(plan->paid[number]),
					      .reason = STR("nsf") };

	send(plan, world, SIM_DEBTS, &reverse_payment_type, &body);
}

static void send_withdrawal(struct plan *plan, struct sim_world *world, uint64_t of)
{
	const struct withdraw_consent body = { .customer_id = customer(of),
					       .has_channel = true,
					       .channel = dice_hits(&plan->dice, 500) ? STR("sms") : STR("email"),
					       .via = STR("keyword"),
					       .has_keyword = true,
					       .keyword = STR("STOP"),
					       .withdrawn_at = plan->at_ms };

	send(plan, world, SIM_COMMUNICATIONS, &withdraw_consent_type, &body);
}

/* Of the person, or of one of its debts. */
static void send_circumstance(struct plan *plan, struct sim_world *world, uint64_t of)
{
	const bool is_of_debt = dice_hits(&plan->dice, 400);
	const struct record_circumstance body = {
		.circumstance_id = workload_id(FAMILY_CIRCUMSTANCE, plan->circumstances++),
		.customer_id = customer(of),
		.kind = is_of_debt ? STR("dispute") : STR("attorney"),
		.has_debt_id = is_of_debt,
		.debt_id = workload_id(FAMILY_DEBT, of + CUSTOMERS * dice_below(&plan->dice, DEBTS_OF)),
		.from_on = plan->day,
		.evidence_ref = STR("letter"),
	};

	MUST(plan->circumstances <= STOPS_MAX);
	plan->stopped[plan->circumstances - 1] = of;
	send(plan, world, SIM_COMMUNICATIONS, &record_circumstance_type, &body);
}

static void send_end(struct plan *plan, struct sim_world *world, uint64_t number)
{
	const struct end_circumstance body = { .circumstance_id = workload_id(FAMILY_CIRCUMSTANCE, number),
					       .customer_id = customer(plan->stopped[number]),
					       .evidence_ref = STR("letter") };

	send(plan, world, SIM_COMMUNICATIONS, &end_circumstance_type, &body);
}

/* ---- days ---- */

/* What fails here are the programs of modules: of a message of which nobody knows nobody could say what becomes of its group. */
static struct sim_world *new_world(uint64_t seed, unsigned modules, bool is_rough)
{
	struct sim_world *world = malloc(sizeof(*world));

	assert_non_null(world);
	world_init(world, is_rough ? seed : 1000 + seed, modules);
	world->now_ms = FIRST_DAY * DAY_MS;
	world->sizes.timers_max = 1000;
	world->sizes.parked_max = 1000;
	world->deadly_of_256 = 0;
	world->script.spares_data = true;
	world->script.spares_notifiers = true;
	world->script.gateway_says = "accepted";
	world->is_calm = true;
	if (is_rough) {
		world->retry_rate = 10 + seed % 20;
		world->death_rate = 5 + seed % 12;
	}
	for (size_t i = 0; i < SIM_NOTIFIERS;
	     i++) /* what they report under a wrong time is a dead letter, and told again later */
		world->post.notifiers[i].clock_off_ms = 0;
	world_restart(world);
	return world;
}

/* True: nothing is left to do. A partition that deaths have halted is resumed: they come to light later. */
static bool take_turns(struct sim_world *world, int steps)
{
	for (int step = 1; step <= steps; step++) {
		world_step(world);
		if (step % 16 != 0)
			continue;
		world_unhalt(world, false);
		if (world->is_calm && world_is_idle(world))
			return true;
	}
	return false;
}

/*
 * What ended so many programs that it was set aside: a person lets the next Tick try it. Timers of dunning stay, as its groups would be
 * asked for other days (read_broken).
 */
static void release_others(struct sim_world *world)
{
	for (size_t module = 0; module < SIM_MODULES; module++) {
		for (size_t i = 0; i < world->databases[module].parked_count; i++)
			world->databases[module].parked[i].parked.released = true;
		if (module != SIM_DUNNING)
			timers_release_bugs(&world->databases[module]);
	}
}

/* Until all is done, after a rough time in the rough world. */
static void let_work(struct sim_world *world, bool is_rough)
{
	world->is_calm = !is_rough;
	if (is_rough)
		(void)take_turns(world, STEPS_ROUGH);
	world->is_calm = true;
	release_others(world);
	assert_true(take_turns(world, REST_STEPS_MAX));
	assert_false(post_waits(world));
}

/* Of the others first: what they refuse at it, dunning has read at its own. */
static void tick(struct sim_world *world, bool is_of_dunning)
{
	for (size_t at = 0; at < world->present_count; at++)
		for (int32_t part = 0; part < SIM_PARTS; part++)
			if ((world->present[at] == SIM_DUNNING) == is_of_dunning)
				workload_send_tick(world, world->present[at], part, day_of_instant(world->now_ms), "all");
}

/* One kind after the other: what names another one finds it. */
static void begin(struct plan *plan, struct sim_world *world, bool is_rough)
{
	for (uint64_t number = 0; number < CUSTOMERS; number++)
		send_customer(plan, world, number);
	for (uint64_t number = 0; number < 4; number++)
		send_template(plan, world, number);
	tick(world, false);
	let_work(world, is_rough);
	for (uint64_t number = 2 * plan->unreachable; number < 2 * CUSTOMERS; number++)
		send_point(plan, world, number / 2, number % 2);
	for (uint64_t number = 0; number < DEBTS_OF * CUSTOMERS; number++)
		send_debt(plan, world, number % CUSTOMERS);
	let_work(world, is_rough);
}

/* In the middle of a day's steps, now and then. */
static void race(struct plan *plan, struct sim_world *world)
{
	for (uint64_t number = 0; number < CUSTOMERS; number++) {
		if (!dice_hits(&plan->dice, 60))
			continue;
		if (dice_hits(&plan->dice, 600))
			send_payment(plan, world, number);
		else if (dice_hits(&plan->dice, 500))
			send_circumstance(plan, world, number);
		else
			send_withdrawal(plan, world, number);
		if (plan->raced_on[number] == 0)
			plan->raced_on[number] = plan->day;
	}
}

static void live_day(struct plan *plan, struct sim_world *world, int32_t number, bool is_rough)
{
	plan->day = (int32_t)FIRST_DAY + number;
	plan->at_ms = world->now_ms = plan->day * DAY_MS + 10 * INT64_C(3600000);
	if (number == 0)
		begin(plan, world, is_rough);
	else if (dice_hits(&plan->dice, 500))
		send_payment(plan, world, dice_below(&plan->dice, CUSTOMERS));
	if (plan->ended < plan->circumstances && dice_hits(&plan->dice, 300))
		send_end(plan, world, plan->ended++);
	let_work(world, is_rough);
	for (int of_day = 0; of_day < TICKS_A_DAY; of_day++) {
		tick(world, false);
		let_work(world, is_rough);
		tick(world, true);
		if (of_day == 0)
			race(plan, world);
		let_work(world, is_rough);
		world->now_ms += 6000; /* longer than a command may wait */
	}
}

static struct sim_world *live(uint64_t seed, bool is_rough, struct plan *plan)
{
	struct sim_world *world = new_world(seed, SIM_DUNS, is_rough);
	const char *wrong;

	*plan = (struct plan){ .dice = { .state = seed } };
	for (int32_t number = 0; number < DAYS; number++)
		live_day(plan, world, number, is_rough);
	tick(world, false);
	let_work(world, false);
	tick(world, true);
	let_work(world, false);
	wrong = audit(world);
	if (wrong)
		fail_msg("seed %llu, rough %d: %s", (unsigned long long)seed, is_rough, wrong);
	return world;
}

/* ---- what they asked for ---- */

struct asked {
	struct uuid step_id, customer_id;
	int32_t day, number;
	bool is_taken;
};

struct steps {
	size_t count;
	struct asked steps[STEPS_MAX];
	size_t broken_count;
	struct uuid broken
		[STEPS_MAX]; /* customers whose timer has ended so many programs that it waits for a person, or whose command has */
};

static void note_broken(struct steps *steps, const struct uuid *customer_id)
{
	assert_true(steps->broken_count < STEPS_MAX);
	steps->broken[steps->broken_count++] = *customer_id;
}

static void read_broken(const struct sim_world *world, struct steps *ret_steps)
{
	const struct sim_database *database = &world->databases[SIM_DUNNING];

	ret_steps->broken_count = 0;
	for (size_t i = 0; i < database->timers_count; i++) {
		if (database->timers[i].is_broken)
			note_broken(ret_steps, &database->timers[i].row.key);
	}
	for (size_t module = 0; module < SIM_MODULES; module++)
		for (size_t i = 0; i < world->databases[module].parked_count; i++)
			if (world->databases[module].parked[i].parked.kind == PARKED_BUG)
				note_broken(ret_steps, &world->databases[module].parked[i].parked.key);
}

static bool is_broken(const struct steps *steps, const struct uuid *customer_id)
{
	for (size_t i = 0; i < steps->broken_count; i++)
		if (uuid_equal(&steps->broken[i], customer_id))
			return true;
	return false;
}

static void note_taken(struct steps *steps, const struct uuid *step_id)
{
	for (size_t i = 0; i < steps->count; i++)
		if (uuid_equal(&steps->steps[i].step_id, step_id))
			steps->steps[i].is_taken = true;
}

/* A message of the person was not accepted: what is under way, or is tried again, moves the days behind it. */
static bool is_delayed(const struct steps *steps, const struct uuid *customer_id)
{
	for (size_t i = 0; i < steps->count; i++)
		if (uuid_equal(&steps->steps[i].customer_id, customer_id) && !steps->steps[i].is_taken)
			return true;
	return false;
}

static void read_steps(const struct sim_world *world, struct steps *ret_steps)
{
	struct arena arena;
	struct err err = ERR_INIT;

	assert_int_equal(arena_init(&arena, 1 << 16, &err), 0);
	ret_steps->count = 0;
	for (int32_t part = 0; part < SIM_PARTS; part++) {
		const struct sim_rows *log = &world->databases[SIM_DUNNING].log[part];

		for (size_t i = 0; i < log->count; i++) {
			const struct dunning_step_due *due;
			const struct message_type *type;

			arena_reset(&arena);
			assert_int_equal(coder_decode(log->rows[i].row.body, &arena, &type, (const void **)&due, &err), 0);
			if (type == &dunning_step_taken_type)
				note_taken(ret_steps, &((const struct dunning_step_taken *)(const void *)due)->step_id);
			if (type != &dunning_step_due_type)
				continue;
			assert_true(ret_steps->count < STEPS_MAX);
			ret_steps->steps[ret_steps->count++] =
				(struct asked){ due->step_id, due->customer_id, due->due_for, due->step, false };
		}
	}
	arena_release(&arena);
}

static bool has_step(const struct steps *steps, const struct asked *step)
{
	for (size_t i = 0; i < steps->count; i++)
		if (uuid_equal(&steps->steps[i].step_id, &step->step_id) && steps->steps[i].day == step->day &&
		    steps->steps[i].number == step->number)
			return true;
	return false;
}

/* What came in between explains it, whether it does or not. */
static bool is_raced(const struct plan *plan, const struct asked *step)
{
	for (uint64_t number = 0; number < CUSTOMERS; number++) {
		struct uuid id = customer(number);

		if (uuid_equal(&id, &step->customer_id))
			return plan->raced_on[number] != 0 && step->day >= plan->raced_on[number];
	}
	fail_msg("a step of nobody");
	return false;
}

/* How many of the one the other has as well. */
static size_t compare(uint64_t seed, const struct steps *one, const struct steps *other, const struct plan *plan)
{
	size_t compared = 0;

	for (size_t i = 0; i < one->count; i++) {
		if (is_raced(plan, &one->steps[i]) || is_delayed(one, &one->steps[i].customer_id) ||
		    is_delayed(other, &one->steps[i].customer_id) || is_broken(one, &one->steps[i].customer_id) ||
		    is_broken(other, &one->steps[i].customer_id))
			continue;
		if (!has_step(other, &one->steps[i]))
			fail_msg("seed %llu: step %d of day %d is in one world only", (unsigned long long)seed,
				 one->steps[i].number, one->steps[i].day);
		compared++;
	}
	return compared;
}

static void test_dunning__faults_change_no_step(void **state)
{
	static struct steps calm, rough;
	size_t compared = 0, raced = 0;
	int64_t deaths = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		struct plan plan;
		struct sim_world *world = live(seed, false, &plan);
		size_t same;

		read_steps(world, &calm);
		read_broken(world, &calm);
		world_release(world);
		free(world);
		world = live(seed, true, &plan);
		read_steps(world, &rough);
		read_broken(world, &rough);
		deaths += world->deaths;
		world_release(world);
		free(world);
		same = compare(seed, &calm, &rough, &plan);
		assert_int_equal(compare(seed, &rough, &calm, &plan), same);
		raced += calm.count - same;
		compared += same;
	}
	print_message("%zu steps compared, %zu raced, %lld deaths\n", compared, raced, (long long)deaths);
	assert_true(compared > 5 * SEEDS);
	assert_true(raced > SEEDS);
	assert_true(deaths > 10 * SEEDS);
}

/* ---- messages that are long on their way ---- */

#define SLOW_SEEDS 30

/* What waits for the gateway keeps waiting. */
static void work(struct sim_world *world)
{
	if (world->script.is_slow || world->script.stops_notifiers)
		(void)take_turns(world, 1500);
	else
		let_work(world, false);
}

static void tick_all(struct sim_world *world)
{
	tick(world, false);
	work(world);
	tick(world, true);
	work(world);
	world->now_ms += 6000;
}

/* Steps are asked for, and before their messages leave, or while they do, something comes that withdraws them. */
static void live_slow_day(struct plan *plan, struct sim_world *world, int32_t number)
{
	plan->day = (int32_t)FIRST_DAY + number;
	plan->at_ms = world->now_ms = plan->day * DAY_MS + 10 * INT64_C(3600000);
	if (number == 0)
		begin(plan, world, false);
	if (number == 4)
		send_point(plan, world, 0, true);
	if (plan->ended < plan->circumstances && dice_hits(&plan->dice, 700))
		send_end(plan, world, plan->ended++);
	if (dice_hits(&plan->dice, 600))
		world->script.is_slow = true;
	else if (dice_hits(&plan->dice, 500))
		world->script.stops_notifiers = true;
	tick_all(world);
	for (uint64_t of = 0; of < CUSTOMERS; of++) {
		if (dice_hits(&plan->dice, 300))
			send_payment(plan, world, of);
		if (dice_hits(&plan->dice, 100))
			send_circumstance(plan, world, of);
		if (dice_hits(&plan->dice, 60))
			send_promise(plan, world, of);
	}
	if (dice_hits(&plan->dice, 300))
		send_debt(plan, world, dice_below(&plan->dice, CUSTOMERS));
	for (int count = 0; count < 3 && plan->payments > 0; count++)
		send_reversal(plan, world);
	work(world);
	tick_all(world);
	if (dice_hits(&plan->dice, 500) || number == DAYS - 1)
		world->script.is_slow = world->script.stops_notifiers = false;
	work(world);
	tick_all(world);
}

/* Why a step, or a search for a person, has ended; for which event a step was asked for. */
static struct str reason_of(const struct message_type *type, const void *body)
{
	if (type == &dunning_step_due_type && ((const struct dunning_step_due *)body)->step == REVERSAL_STEP)
		return STR("a reversal");
	if (type == &dunning_step_due_type && ((const struct dunning_step_due *)body)->step == CONTACT_STEP)
		return STR("a contact point");
	if (type == &dunning_step_due_type && ((const struct dunning_step_due *)body)->step == BROKEN_STEP)
		return STR("a broken promise");
	if (type == &dunning_step_withdrawn_type)
		return ((const struct dunning_step_withdrawn *)body)->reason;
	return type == &task_cancelled_type ? ((const struct task_cancelled *)body)->reason : STR("");
}

static size_t count_of(const struct sim_world *world, const char *reason)
{
	struct arena arena;
	struct err err = ERR_INIT;
	size_t count = 0;

	assert_int_equal(arena_init(&arena, 1 << 16, &err), 0);
	for (int32_t part = 0; part < SIM_PARTS; part++) {
		const struct sim_rows *log = &world->databases[SIM_DUNNING].log[part];

		for (size_t i = 0; i < log->count; i++) {
			const struct message_type *type;
			const void *body;

			arena_reset(&arena);
			assert_int_equal(coder_decode(log->rows[i].row.body, &arena, &type, &body, &err), 0);
			count += str_is(reason_of(type, body), reason);
		}
	}
	arena_release(&arena);
	return count;
}

static void test_dunning__what_is_on_its_way_is_withdrawn(void **state)
{
	static const char *const reasons[] = { "paid",       "restriction",     "dispute", "contact",         "left",
					       "a reversal", "a contact point", "promise", "a broken promise" };
	size_t counts[COUNT(reasons)] = { 0 };

	(void)state;
	for (uint64_t seed = 1; seed <= SLOW_SEEDS; seed++) {
		struct plan plan = { .dice = { .state = seed }, .unreachable = 1 };
		struct sim_world *world = new_world(seed, SIM_DUNS | SIM_EVENTS, false);
		const char *wrong;

		for (int32_t number = 0; number < DAYS; number++)
			live_slow_day(&plan, world, number);
		wrong = audit(world);
		if (wrong)
			fail_msg("seed %llu: %s", (unsigned long long)seed, wrong);
		for (size_t i = 0; i < COUNT(reasons); i++)
			counts[i] += count_of(world, reasons[i]);
		world_release(world);
		free(world);
	}
	for (size_t i = 0; i < COUNT(reasons); i++) {
		print_message("%zu by: %s\n", counts[i], reasons[i]);
		assert_true(counts[i] > 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dunning__faults_change_no_step),
		cmocka_unit_test(test_dunning__what_is_on_its_way_is_withdrawn),
	};

	if (!start_cases())
		return 1;
	return end_cases(cmocka_run_group_tests(tests, NULL, NULL));
}
