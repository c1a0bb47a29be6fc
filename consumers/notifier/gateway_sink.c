#include "consumers/notifier/gateway.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/array.h"
#include "base/day.h"
#include "wire/json.h"

/*
 * Kind sink, of a rehearsal only: the message becomes a line of JSON in a file, with the time that it is in the rehearsal, and
 * nobody gets it. It is the one kind that a rehearsal may have (gateways.c), and what a rehearsal is judged by.
 *
 * It accepts everything, but for what the file of the same name with `.faults` behind it says. A line of that is
 *   email 2027-03-01T00:00:00Z 2027-03-03T00:00:00Z refused [ADDRESS]
 * the channel, from when to before when, what becomes of a message (refused: never; busy: later), and whose it is; without an
 * address everybody's. The first line that fits counts.
 */
#define FILE_URL       "file://"
#define FAULTS         ".faults"
#define LINE_SIZE_MAX  (512 << 10)
#define FAULT_SIZE_MAX 512
#define PATH_SIZE_MAX  1024

static const struct fate {
	const char *name;
	int status;
	enum dispatch_outcome outcome;
} fates[] = {
	{ "accepted", 202, DISPATCH_OUTCOME_ACCEPTED },
	{ "refused", 400, DISPATCH_OUTCOME_FAILED },
	{ "busy", 503, DISPATCH_OUTCOME_NOT_ACCEPTED },
};

static int check(const struct gateway_conf *conf, struct err *err)
{
	if (strncmp(conf->url, FILE_URL "/", strlen(FILE_URL) + 1) != 0)
		return err_set(err, ERR_FATAL, "url must be " FILE_URL "/path/to/a/file");
	return 0;
}

static void add_text(struct buf *line, const char *name, struct str text)
{
	buf_add_format(line, ",\"%s\":", name);
	json_write_string(line, text);
}

/* ---- faults ---- */

static bool is_of_fault(struct str fault, const struct gateway_conf *conf, const struct parcel *parcel, struct str *ret_fate)
{
	struct str channel = str_cut(fault, ' ', &fault);
	struct str from = str_cut(fault, ' ', &fault);
	struct str until = str_cut(fault, ' ', &fault);
	int64_t from_ms, until_ms;

	*ret_fate = str_cut(fault, ' ', &fault);
	return str_is(channel, conf->channel) && instant_parse(from, &from_ms) && instant_parse(until, &until_ms) &&
	       from_ms <= parcel->now_ms && parcel->now_ms < until_ms && (fault.size == 0 || str_equal(fault, parcel->address));
}

/* The first one of this name; without it the message is accepted. */
static const struct fate *fate_by_name(struct str name)
{
	for (size_t index = 0; index < COUNT(fates); index++) {
		if (str_is(name, fates[index].name))
			return &fates[index];
	}
	return &fates[0];
}

static const struct fate *find_fate(const struct gateway_conf *conf, const struct parcel *parcel)
{
	char path[PATH_SIZE_MAX], line[FAULT_SIZE_MAX];
	struct str name = STR("");
	bool is_found = false;
	FILE *file;

	if (snprintf(path, sizeof(path), "%s" FAULTS, conf->url + strlen(FILE_URL)) >= (int)sizeof(path))
		return &fates[0];
	file = fopen(path, "re");
	while (file != NULL && !is_found && fgets(line, sizeof(line), file) != NULL)
		is_found = is_of_fault(str_trim(str_of(line), "\n"), conf, parcel, &name);
	if (file != NULL)
		(void)fclose(file);
	return is_found ? fate_by_name(name) : &fates[0];
}

/* ---- the kind ---- */

static void write_line(const struct gateway_conf *conf, const struct parcel *parcel, const struct fate *fate, struct buf *line)
{
	char communication[UUID_TEXT_SIZE + 1], customer[UUID_TEXT_SIZE + 1], at[32];

	uuid_format(communication, &parcel->communication_id);
	uuid_format(customer, &parcel->customer_id);
	instant_format(at, parcel->now_ms);
	buf_add_format(line, "{\"at\":\"%s\",\"gateway\":\"%s\",\"channel\":\"%s\",\"communicationId\":\"%s\"", at, conf->name,
		       conf->channel, communication);
	buf_add_format(line, ",\"customerId\":\"%s\",\"attempt\":%d", customer, (int)parcel->attempt);
	buf_add_format(line, ",\"outcome\":\"%s\"", fate->name);
	add_text(line, "to", parcel->address);
	add_text(line, "subject", parcel->subject);
	add_text(line, "text", parcel->text);
	if (parcel->html.size > 0)
		add_text(line, "html", parcel->html);
	buf_add_text(line, "}\n");
}

/* One write: lines of two notifiers do not mix. */
static int append(const char *path, const struct buf *line, struct err *err)
{
	int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	ssize_t written;

	if (fd < 0)
		return err_set(err, ERR_RETRY, "the sink's file cannot be opened: %s", strerror(errno));
	written = write(fd, line->data, line->size);
	(void)close(fd);
	return written == (ssize_t)line->size ? 0 : err_set(err, ERR_RETRY, "the sink's file cannot be written");
}

static int start(const struct gateway_conf *conf, struct http *http, const struct parcel *parcel, http_done *done, void *done_arg,
		 struct err *err)
{
	const struct fate *fate = find_fate(conf, parcel);
	const struct http_answer answer = { .outcome = HTTP_ANSWERED, .status = fate->status, .text = "" };
	struct buf line;
	int result;

	(void)http;
	buf_init(&line, LINE_SIZE_MAX);
	write_line(conf, parcel, fate, &line);
	result = line.overflow ? err_set(err, ERR_POISON, "sink: the message is too long")
			       : append(conf->url + strlen(FILE_URL), &line, err);
	buf_release(&line);
	if (result == 0)
		done(done_arg, &answer);
	return result;
}

static void judge(const struct gateway_conf *conf, const struct uuid *communication_id, const struct http_answer *answer,
		  struct verdict *ret_verdict)
{
	(void)conf;
	(void)communication_id;
	if (gateway_judge_silence(answer, ret_verdict))
		return;
	for (size_t index = 0; index < COUNT(fates); index++) {
		if (answer->status == fates[index].status)
			*ret_verdict = (struct verdict){ .outcome = fates[index].outcome,
							 .is_well = fates[index].outcome != DISPATCH_OUTCOME_NOT_ACCEPTED };
	}
}

const struct gateway_kind gateway_sink = { .name = "sink", .doubt = DOUBT_STAYS, .check = check, .start = start, .judge = judge };
