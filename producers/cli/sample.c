/* `dcs sample`: a synthetic portfolio as files for `dcs import` and `dcs publish`. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/array.h"
#include "base/buf.h"
#include "base/day.h"
#include "base/money.h"
#include "cli.h"
#include "natural_id.h"
#include "progress.h"
#include "sample_messages.h"
#include "sample_world.h"

#define LINES_SIZE_MAX (256 * 1024)

static struct {
	const char *dir, *today;
	int64_t customers, debts, messages, seed;
	bool progress;
} conf;

static const struct conf_row rows[] = {
	{ .name = "dir",
	  .kind = CONF_TEXT,
	  .default_value = NULL,
	  .target = &conf.dir,
	  .help = "folder to write to; made if missing" },
	{ .name = "customers",
	  .kind = CONF_NUMBER,
	  .default_value = "10000",
	  .number_min = 1,
	  .number_max = 9999999,
	  .target = &conf.customers,
	  .help = "how many people and companies" },
	{ .name = "debts",
	  .kind = CONF_NUMBER,
	  .default_value = "25000",
	  .number_min = 1,
	  .number_max = 99999999,
	  .target = &conf.debts,
	  .help = "how many debts; about as many payments" },
	{ .name = "messages",
	  .kind = CONF_NUMBER,
	  .default_value = "1000",
	  .number_min = 0,
	  .number_max = 9999999,
	  .target = &conf.messages,
	  .help = "how many messages; at most one a customer" },
	{ .name = "seed",
	  .kind = CONF_NUMBER,
	  .default_value = "1",
	  .number_min = 0,
	  .number_max = INT64_MAX,
	  .target = &conf.seed,
	  .help = "the same seed, counts and day give the same files" },
	{ .name = "today",
	  .kind = CONF_TEXT,
	  .default_value = "",
	  .target = &conf.today,
	  .help = "the day that all dates are relative to; default: today" },
	ROW_PROGRESS(&conf.progress),
};

static const struct usage usage = {
	.about = "usage: dcs sample --dir DIR [FLAGS]\n\n"
		 "Writes a realistic portfolio of people who do not exist: customers.csv, debts.csv, payments.csv (for dcs "
		 "import),\n"
		 "templates.jsonl, consents.jsonl, withdrawals.jsonl, messages.jsonl (for dcs publish PublishTemplate, "
		 "GrantConsent,\n"
		 "WithdrawConsent, SendCommunication) and creditors.csv, which tells the creditors' ids. Some rows stand there "
		 "twice and\n"
		 "some will be refused, as in life.",
	.rows = rows,
	.rows_count = COUNT(rows),
	.arguments_min = 0,
	.arguments_max = 0,
};

struct output {
	const struct world *world;
	struct progress progress;
	int64_t done, whole;
	struct buf lines;
};

/* A field of a CSV row, in quotes where it needs them. */
static void add_cell(struct buf *lines, const char *text, char behind)
{
	bool quoted = strpbrk(text, ",\"\n") != NULL;

	if (quoted)
		buf_add_u8(lines, '"');
	for (const char *c = text; *c != '\0'; c++) {
		if (*c == '"')
			buf_add_u8(lines, '"');
		buf_add_u8(lines, (uint8_t)*c);
	}
	if (quoted)
		buf_add_u8(lines, '"');
	buf_add_u8(lines, (uint8_t)behind);
}

static void add_amount(struct buf *lines, int64_t minor, const char *currency)
{
	char text[32];

	money_format(text, minor, currency_find(str_of(currency)));
	add_cell(lines, text, ',');
}

static void add_day(struct buf *lines, int32_t day, char behind)
{
	char text[16];

	day_format(text, day);
	add_cell(lines, text, behind);
}

static void add_customer(const struct world *world, int64_t index, struct buf *lines)
{
	struct sample_person person;

	sample_person(world, index, &person);
	add_cell(lines, person.ref, ',');
	add_cell(lines, person.is_company ? "legal" : "natural", ',');
	add_cell(lines, person.name, ',');
	add_cell(lines, person.birth_date, ',');
	add_cell(lines, person.country->locale, ',');
	add_cell(lines, person.country->code, ',');
	add_cell(lines, person.region, ',');
	add_cell(lines, person.timezone, ',');
	add_cell(lines, person.email, ',');
	add_cell(lines, person.mobile, '\n');
}

static void add_debt(const struct world *world, int64_t index, struct buf *lines)
{
	struct sample_person person;
	struct sample_debt debt;

	sample_debt(world, index, &debt);
	sample_person(world, debt.customer, &person);
	add_cell(lines, debt.ref, ',');
	add_cell(lines, person.ref, ',');
	add_cell(lines, debt.creditor->code, ',');
	add_cell(lines, debt.portfolio, ',');
	add_cell(lines, debt.country->currency, ',');
	add_amount(lines, debt.principal_minor, debt.country->currency);
	add_amount(lines, debt.interest_minor, debt.country->currency);
	add_amount(lines, debt.fee_minor, debt.country->currency);
	add_amount(lines, debt.cost_minor, debt.country->currency);
	add_day(lines, debt.opened_on, ',');
	add_day(lines, debt.due_on, ',');
	add_cell(lines, debt.fees_authorised ? "yes" : "no", '\n');
}

static void add_payments(const struct world *world, int64_t index, struct buf *lines)
{
	struct sample_payment payments[SAMPLE_PAYMENTS_MAX];
	struct sample_person person;
	struct sample_debt debt;
	size_t count = 0;

	sample_debt(world, index, &debt);
	sample_person(world, debt.customer, &person);
	count = sample_payments(world, &debt, payments);
	for (size_t i = 0; i < count; i++) {
		add_cell(lines, payments[i].source, ',');
		add_cell(lines, payments[i].ref, ',');
		add_cell(lines, person.ref, ',');
		add_cell(lines, debt.creditor->code, ',');
		add_cell(lines, payments[i].debt_ref, ',');
		add_amount(lines, payments[i].amount_minor, payments[i].currency);
		add_cell(lines, payments[i].currency, ',');
		add_day(lines, payments[i].received_on, ',');
		add_cell(lines, payments[i].method, '\n');
	}
}

static void add_creditor(const struct world *world, int64_t index, struct buf *lines)
{
	const struct sample_creditor *creditor = &sample_creditors[index];
	struct uuid id = creditor_id_of(str_of(creditor->code));
	char text[UUID_TEXT_SIZE + 1];

	(void)world;
	uuid_format(text, &id);
	add_cell(lines, creditor->code, ',');
	add_cell(lines, text, ',');
	add_cell(lines, creditor->name, ',');
	add_cell(lines, sample_countries[creditor->country].currency, '\n');
}

static void add_template(const struct world *world, int64_t index, struct buf *lines)
{
	(void)world;
	sample_template(index, lines);
}

/* First the consents of customers, one each, then those of the recipients of messages. */
static void add_consents(const struct world *world, int64_t index, struct buf *lines)
{
	if (index < world->customers)
		sample_consents(world, index, lines);
	else
		sample_message_consent(world, index - world->customers, lines);
}

typedef void add_lines(const struct world *world, int64_t index, struct buf *lines);

static int write_file(struct output *output, const char *name, const char *header, int64_t count, add_lines *add, struct err *err)
{
	char path[4096];
	FILE *file = NULL;
	int failed = 0;

	if ((size_t)snprintf(path, sizeof(path), "%s/%s", conf.dir, name) >= sizeof(path))
		return err_set(err, ERR_FATAL, "the folder's name is too long");
	file = fopen(path, "w");
	if (file == NULL)
		return err_set(err, ERR_FATAL, "cannot write %s: %s", name, strerror(errno));
	fputs(header, file);
	for (int64_t i = 0; i < count; i++) {
		buf_reset(&output->lines);
		add(output->world, i, &output->lines);
		MUST(!output->lines.overflow);
		if (output->lines.size > 0)
			(void)fwrite(output->lines.data, 1, output->lines.size, file);
		output->done++;
		progress_show(&output->progress, output->done, output->done, output->whole);
	}
	failed = ferror(file);
	if (fclose(file) != 0)
		failed = 1;
	return failed ? err_set(err, ERR_FATAL, "cannot write all of %s: %s", name, strerror(errno)) : 0;
}

static int write_files(struct output *output, struct err *err)
{
	const struct world *world = output->world;
	const struct {
		const char *name, *header;
		int64_t count;
		add_lines *add;
	} files[] = {
		{ "creditors.csv", "code,creditor_id,name,currency\n", (int64_t)sample_creditors_count, add_creditor },
		{ "customers.csv", "external_ref,kind,full_name,birth_date,locale,country,region,timezone,email,mobile\n",
		  world->customers, add_customer },
		{ "debts.csv",
		  "external_ref,customer_ref,creditor,portfolio,currency,principal,interest,fee,cost,opened_on,due_on,"
		  "fees_authorised\n",
		  world->debts, add_debt },
		{ "payments.csv", "source,external_ref,customer_ref,creditor,debt_ref,amount,currency,received_on,method\n",
		  world->debts, add_payments },
		{ "templates.jsonl", "", sample_templates_count(), add_template },
		{ "consents.jsonl", "", world->customers + world->messages, add_consents },
		{ "withdrawals.jsonl", "", world->messages, sample_withdrawal },
		{ "messages.jsonl", "", world->messages, sample_message },
	};
	size_t count = COUNT(files);

	for (size_t i = 0; i < count; i++)
		output->whole += files[i].count;
	for (size_t i = 0; i < count; i++) {
		if (write_file(output, files[i].name, files[i].header, files[i].count, files[i].add, err) != 0)
			return -1;
	}
	return 0;
}

int run_sample(int argc, char **argv)
{
	struct output output = { .done = 0 };
	struct arguments arguments;
	struct err err = ERR_INIT;
	struct world world;
	int status = EXIT_STATUS_OK;

	if (!arguments_read(&usage, argc, argv, &arguments, &status))
		return status;
	world = (struct world){ .seed = (uint64_t)conf.seed,
				.today = day_of_instant(clock_now_ms()),
				.customers = conf.customers,
				.debts = conf.debts,
				.messages = conf.messages };
	if (conf.today[0] != '\0' && !day_parse(str_of(conf.today), &world.today))
		return fail_usage(argv[0], "--today is a date: 2026-11-22");
	if (world.messages > world.customers || world.messages > world.debts)
		return fail_usage(argv[0], "there are more messages than customers or debts");
	if (mkdir(conf.dir, 0777) != 0 && errno != EEXIST) {
		(void)err_set(&err, ERR_FATAL, "cannot make the folder: %s", strerror(errno));
		return fail_wrong(argv[0], &err);
	}
	output.world = &world;
	buf_init(&output.lines, LINES_SIZE_MAX);
	progress_start(&output.progress, "entries", conf.progress);
	if (write_files(&output, &err) != 0)
		status = fail_wrong(argv[0], &err);
	progress_end(&output.progress, output.done);
	buf_release(&output.lines);
	return status;
}
