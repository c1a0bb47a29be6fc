/* `dcs dunning`: the dunning policies, ready-made and in force; publishes and retires them. */
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/array.h"
#include "base/buf.h"
#include "cli.h"
#include "consumers/dunning/policies.h"
#include "consumers/dunning/ready.h"
#include "database.h"
#include "delivery.h"
#include "dunning_dry_run.h"
#include "natural_id.h"
#include "policy_source.h"
#include "policy_text.h"
#include "schemas/communications.h"
#include "wire/json.h"

#define STATEMENT_MS 60000
#define ARENA_SIZE   ((size_t)4 << 20)

static struct {
	struct delivery_conf delivery;
	bool is_ready;
} conf;

static const struct conf_row rows[] = {
	DELIVERY_ROWS(conf.delivery),
	{ .name = "role",
	  .kind = CONF_TEXT,
	  .default_value = "supervisor",
	  .target = &conf.delivery.sender.roles,
	  .help = "roles of the minted token" },
	{ .name = "ready",
	  .kind = CONF_SWITCH,
	  .default_value = "no",
	  .target = &conf.is_ready,
	  .help = "policies: the ready-made one, though one of its name is in force" },
};

static const struct usage usage = {
	.about = "usage: dcs dunning policies [NAME] [FLAGS]    those in force, and ready-made ones; one of them in sentences\n"
		 "       dcs dunning texts NAME [FLAGS]       publishes the ready-made texts of the templates that a policy "
		 "names\n"
		 "       dcs dunning publish NAME [FLAGS]     publishes a policy; a second person approves it (dcs approvals)\n"
		 "       dcs dunning retire NAME [FLAGS]      takes the policy out of force; a second person approves it\n"
		 "       dcs dunning preview [NAME] [FLAGS]   who would get which step on a day, and what it would cost\n"
		 "       dcs dunning diff NAME NAME [FLAGS]   whose next step is another one by the second policy\n"
		 "       dcs dunning simulate [NAME] [FLAGS]  the steps of the next months; of one person, and what if he pays\n"
		 "       dcs dunning results NAME [FLAGS]     what came of each step, by arm of the experiment\n\n"
		 "NAME is a ready-made policy, or a file (with a dot or a slash in its name) with a body of POST "
		 "/dunning/policies.\n"
		 "Publish the texts first: a policy is refused while a template that it names is missing. The same file again is "
		 "the\n"
		 "same command; for a change raise policyVersion.\n"
		 "Exit status: 0 done, or kept for a second person; 1 not done; 2 wrong usage.",
	.rows = rows,
	.rows_count = COUNT(rows),
	.arguments_min = 1,
	.arguments_max = 2,
};

/* ---- policies as JSON: of a file, ready-made, in force ---- */

struct reading {
	struct arena arena;
	struct buf file;
	struct db *db;
};

static int reading_open(struct reading *reading, struct err *err)
{
	buf_init(&reading->file, POLICY_SOURCE_MAX);
	return arena_init(&reading->arena, ARENA_SIZE, err);
}

static void reading_close(struct reading *reading)
{
	db_close(reading->db);
	buf_release(&reading->file);
	arena_release(&reading->arena);
}

/* The members that the gateway makes may be missing. */
static int read_body(struct reading *reading, struct str text, const struct message_type *type, const char *made, void *body,
		     struct err *err)
{
	struct json_reading members = { .style = JSON_REST };
	static struct json_faults faults;
	struct json json;

	for (size_t index = 0; index < type->record.fields_count; index++) {
		if (strcmp(type->record.fields[index].name, made) == 0)
			members.optional = UINT64_C(1) << index;
	}
	faults.count = 0;
	if (json_parse(text, &json, &faults) && json_read_record(json, &type->record, &members, &reading->arena, body, &faults) &&
	    faults.count == 0)
		return 0;
	return err_set(err, ERR_POISON, "%s: %s: %s", faults.items[0].pointer, faults.items[0].code, faults.items[0].detail);
}

static int read_policy(struct reading *reading, struct str text, struct publish_policy *ret_draft, struct policy *ret_policy,
		       struct err *err)
{
	struct policy_fault fault;

	*ret_draft = (struct publish_policy){ .policy_version = 0 };
	if (read_body(reading, text, &publish_policy_type, "publication_id", ret_draft, err) != 0)
		return -1;
	if (!policy_read(ret_policy, ret_draft, &fault))
		return err_set(err, ERR_POISON, "%s: %s", fault.field, fault.text);
	return 0;
}

/* ---- policies ---- */

/* Those in force, as POST /dunning/policies takes them; $1: of this name, "": all. */
static const struct db_statement select_in_force = {
	.name = "cli_policies",
	.sql = "SELECT json_strip_nulls(json_build_object('policy', p.name, 'policyVersion', p.version, 'title', p.title, "
	       "'priority', p.priority, 'jurisdiction', p.jurisdiction, 'customerKind', p.customer_kind, 'debtCurrency', "
	       "p.debt_currency, 'creditorIds', string_to_array(nullif(p.creditor_ids, ''), ' '), "
	       "'portfolioIds', string_to_array(nullif(p.portfolio_ids, ''), ' '), "
	       "'languages', string_to_array(nullif(p.languages, ''), ' '), 'daysFrom', p.days_from, 'daysTo', p.days_to, "
	       "'balanceFromMinor', p.balance_from_minor, 'balanceToMinor', p.balance_to_minor, 'chargedOff', p.charged_off, "
	       "'toleranceMinor', p.tolerance_minor, 'demandsADay', p.demands_a_day, 'demandsAWeek', p.demands_a_week, "
	       "'catchUp', p.catch_up, 'newDebts', p.new_debts, 'reopened', p.reopened, 'arms', "
	       "dunning.policy_arms(p.arms)::json, "
	       "'steps', dunning.policy_steps(p.publication_id)::json))::text, p.publication_id FROM dunning.api_policy p "
	       "WHERE p.state = 'in_force' AND ($1 = '' OR p.name = $1) ORDER BY p.priority",
};

static int ask_in_force(struct reading *reading, const char *name, struct db_result *ret_result, struct err *err)
{
	struct db_params params;
	int status;

	if (database_open(conf.delivery.pg, conf.delivery.pg_user, STATEMENT_MS, &reading->db, err) != 0)
		return -1;
	db_params_init(&params, 1024);
	db_param_text(&params, str_of(name));
	status = db_run(reading->db, &select_in_force, &params, ret_result, err);
	db_params_release(&params);
	return status;
}

static int print_line(struct reading *reading, const char *state, struct str text, struct err *err)
{
	static struct policy policy; /* large */
	struct publish_policy draft;

	if (read_policy(reading, text, &draft, &policy, err) != 0)
		return -1;
	printf("%-8s %4d  %s/%d  %.*s\n", state, (int)policy.priority, policy.name, (int)policy.version, (int)draft.title.size,
	       draft.title.data);
	return 0;
}

static int list(struct reading *reading, struct err *err)
{
	struct db_result result = { .pg = NULL };
	int status = ask_in_force(reading, "", &result, err);

	for (int row = 0; status == 0 && row < result.rows; row++)
		status = print_line(reading, "in force", db_str(&result, row, 0), err);
	for (size_t index = 0; status == 0 && index < ready_made_count; index++) {
		if (ready_made[index].kind == READY_POLICY)
			status = print_line(reading, "ready", ready_made[index].body, err);
	}
	db_result_release(&result);
	return status;
}

static int print_policy(struct reading *reading, struct str json, struct err *err)
{
	static struct policy policy; /* large */
	struct publish_policy draft;
	struct buf text;

	if (read_policy(reading, json, &draft, &policy, err) != 0)
		return -1;
	buf_init(&text, POLICY_SOURCE_MAX);
	policy_text(&text, &policy, draft.title);
	printf("%.*s", (int)buf_str(&text).size, buf_str(&text).data);
	buf_release(&text);
	return 0;
}

/* The one in force; if there is none, or with --ready, the ready-made one; or a file. */
static int show(struct reading *reading, const char *name, struct err *err)
{
	struct db_result result = { .pg = NULL };
	struct str json;
	int status;

	if (!conf.is_ready && strpbrk(name, "./") == NULL) {
		if (ask_in_force(reading, name, &result, err) != 0)
			return -1;
		if (result.rows > 0) {
			status = print_policy(reading, db_str(&result, 0, 0), err);
			db_result_release(&result);
			return status;
		}
		db_result_release(&result);
	}
	return policy_source(name, &reading->file, &json, err) != 0 ? -1 : print_policy(reading, json, err);
}

/* ---- publish, texts, retire ---- */

static void tell(void *tell_arg, const struct told *told)
{
	const struct reason none = { .code = STR(""), .field = STR(""), .text = STR("") };
	const struct reason *reason = told->reason == NULL ? &none : told->reason;

	(void)tell_arg;
	fprintf(stderr, "%.*s: %s %.*s %.*s: %.*s\n", (int)told->text.size, told->text.data, outcome_text(told->outcome),
		(int)reason->code.size, reason->code.data, (int)reason->field.size, reason->field.data, (int)reason->text.size,
		reason->text.data);
}

/* What is sent: to one module, each command under a name for people. */
struct sending {
	struct tally *tally;
	struct delivery *delivery;
	int64_t count;
	struct uuid command_id; /* of the last */
};

static int sending_open(struct sending *sending, const char *module, struct err *err)
{
	if (tally_new(TALLY_WINDOW, tell, NULL, &sending->tally, err) != 0)
		return -1;
	return delivery_open(&conf.delivery, module, sending->tally, &sending->delivery, err);
}

static int sending_add(struct sending *sending, const struct message_type *type, const void *body, struct str content,
		       struct str name, struct err *err)
{
	const struct uuid id = row_command_id_of(str_of(type->record.name), content);
	const struct delivery_command command = { .type = type, .body = body, .id = id };

	sending->command_id = id;
	return delivery_send(sending->delivery, ++sending->count, name, &command, 1, err);
}

static void print_kept(const struct sending *sending)
{
	char id[UUID_TEXT_SIZE + 1];

	uuid_format(id, &sending->command_id);
	printf("kept for a second person, who answers with POST /commands/%s/approval or /refusal\n", id);
}

/* Waits for the answers and prints the sum. False: one is bad. */
static bool sending_end(struct sending *sending, int *status, struct err *err)
{
	static char summary[TALLY_SUMMARY_SIZE];
	bool is_good = false;

	if (*status == 0 && sending->delivery != NULL)
		*status = delivery_finish(sending->delivery, err);
	delivery_close(sending->delivery); /* reports the commands in flight */
	if (sending->tally != NULL) {
		tally_summary(sending->tally, summary, sizeof(summary));
		fprintf(stderr, "%s\n", summary);
		is_good = tally_is_good(sending->tally);
		if (tally_counts(sending->tally)->rows[OUTCOME_KEPT] > 0)
			print_kept(sending);
	}
	tally_free(sending->tally);
	return is_good;
}

/* The same version has the same id, whoever publishes it from here. */
static struct uuid publication_id_of(const struct publish_policy *draft)
{
	char text[128];

	(void)snprintf(text, sizeof(text), "%.*s/%d", (int)draft->policy.size, draft->policy.data, (int)draft->policy_version);
	return row_command_id_of(STR("dunning policy"), str_of(text));
}

static int publish(struct reading *reading, const char *name, struct sending *sending, struct err *err)
{
	static struct policy policy; /* large */
	struct publish_policy draft;
	struct str json;

	if (policy_source(name, &reading->file, &json, err) != 0 || read_policy(reading, json, &draft, &policy, err) != 0)
		return -1;
	if (uuid_is_none(&draft.publication_id))
		draft.publication_id = publication_id_of(&draft);
	if (sending_open(sending, "dunning", err) != 0)
		return -1;
	return sending_add(sending, &publish_policy_type, &draft, json, draft.policy, err);
}

static bool names_template(const struct policy *policy, const char *template_name)
{
	for (uint32_t index = 0; index < policy->steps_count; index++) {
		if (strcmp(policy->steps[index].template_name, template_name) == 0)
			return true;
	}
	return false;
}

/*
 * Only who collects for others under the law of the United States says in each text that he is a debt collector (US-19). A stack that has
 * not said for whom it collects, or under which law, may be one of those.
 */
static int kind_of_texts(struct reading *reading, enum ready_kind *ret_kind, struct err *err)
{
	static const struct db_statement discloses = {
		"cli_discloses", "SELECT coalesce(collector, 'third_party') = 'third_party' AND coalesce(jurisdiction, 'US') = "
				 "'US' FROM engine.stack"
	};
	struct db_result result = { .pg = NULL };

	if (database_open(conf.delivery.pg, conf.delivery.pg_user, STATEMENT_MS, &reading->db, err) != 0 ||
	    db_run(reading->db, &discloses, NULL, &result, err) != 0)
		return -1;
	*ret_kind = db_bool(&result, 0, 0) ? READY_TEXT : READY_UNDISCLOSED_TEXT;
	db_result_release(&result);
	return 0;
}

static int publish_text(struct reading *reading, const struct ready_made *ready, struct sending *sending, struct err *err)
{
	struct publish_template body = { .version = 0 };
	char name[128];

	if (read_body(reading, ready->body, &publish_template_type, "template_id", &body, err) != 0)
		return -1;
	body.template_id = template_id_of(body.name, body.channel, body.language);
	(void)snprintf(name, sizeof(name), "%s %.*s %.*s", ready->name, (int)body.channel.size, body.channel.data,
		       (int)body.language.size, body.language.data);
	return sending_add(sending, &publish_template_type, &body, ready->body, str_of(name), err);
}

static int publish_texts(struct reading *reading, const char *name, struct sending *sending, struct err *err)
{
	static struct policy policy; /* large */
	struct publish_policy draft;
	enum ready_kind kind;
	struct str json;

	if (policy_source(name, &reading->file, &json, err) != 0 || read_policy(reading, json, &draft, &policy, err) != 0 ||
	    kind_of_texts(reading, &kind, err) != 0 || sending_open(sending, "communications", err) != 0)
		return -1;
	for (size_t index = 0; index < ready_made_count; index++) {
		if (ready_made[index].kind == kind && names_template(&policy, ready_made[index].name) &&
		    publish_text(reading, &ready_made[index], sending, err) != 0)
			return -1;
	}
	return 0;
}

static int retire(struct reading *reading, const char *name, struct sending *sending, struct err *err)
{
	struct retire_policy body;
	struct db_result result = { .pg = NULL };
	int status = ask_in_force(reading, name, &result, err);

	if (status == 0 && result.rows == 0)
		status = err_set(err, ERR_FATAL, "no policy %s is in force", name);
	if (status == 0) {
		body.publication_id = db_uuid(&result, 0, 1);
		status = sending_open(sending, "dunning", err);
	}
	db_result_release(&result);
	if (status == 0)
		status = sending_add(sending, &retire_policy_type, &body,
				     (struct str){ .data = (const char *)body.publication_id.bytes,
						   .size = sizeof(body.publication_id) },
				     str_of(name), err);
	return status;
}

/* ---- the subcommand ---- */

typedef int send_function(struct reading *reading, const char *name, struct sending *sending, struct err *err);

static const struct {
	const char *word;
	send_function *send;
} sends[] = {
	{ "publish", publish },
	{ "texts", publish_texts },
	{ "retire", retire },
};

static send_function *send_named(const char *word)
{
	for (size_t index = 0; index < COUNT(sends); index++) {
		if (strcmp(sends[index].word, word) == 0)
			return sends[index].send;
	}
	return NULL;
}

static int run_send(struct reading *reading, send_function *send, const char *name)
{
	struct sending sending = { .count = 0 };
	struct err err = ERR_INIT;
	int status = send(reading, name, &sending, &err);
	bool is_good = sending_end(&sending, &status, &err);

	if (status != 0)
		return fail_wrong("dunning", &err);
	return is_good ? EXIT_STATUS_OK : EXIT_STATUS_WRONG;
}

int run_dunning(int argc, char **argv)
{
	struct reading reading = { .db = NULL };
	struct arguments arguments;
	struct err err = ERR_INIT;
	int status = EXIT_STATUS_OK;
	const char *word, *name;

	if (dunning_dry_run(argc, argv, &status))
		return status;
	if (!arguments_read(&usage, argc, argv, &arguments, &status))
		return status;
	word = arguments.items[0];
	name = arguments.count > 1 ? arguments.items[1] : NULL;
	if (strcmp(word, "policies") != 0 && (send_named(word) == NULL || name == NULL))
		return fail_usage(argv[0], "there is no dunning %s%s; see dcs dunning --help", word, name == NULL ? "" : " NAME");
	if (reading_open(&reading, &err) != 0)
		status = fail_wrong(argv[0], &err);
	else if (send_named(word) != NULL)
		status = run_send(&reading, send_named(word), name);
	else if ((name == NULL ? list(&reading, &err) : show(&reading, name, &err)) != 0)
		status = fail_wrong(argv[0], &err);
	reading_close(&reading);
	return status;
}
