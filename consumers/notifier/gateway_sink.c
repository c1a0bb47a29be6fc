#include "consumers/notifier/gateway.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/day.h"
#include "wire/json.h"

/*
 * Kind sink, of a rehearsal only: the message becomes a line of JSON in a file, with the time that it is in the rehearsal, and
 * nobody gets it. It is the one kind that a rehearsal may have (gateways.c), and what a rehearsal is judged by.
 */
#define FILE_URL      "file://"
#define LINE_SIZE_MAX (512 << 10)

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

static void write_line(const struct gateway_conf *conf, const struct parcel *parcel, struct buf *line)
{
	char communication[UUID_TEXT_SIZE + 1], customer[UUID_TEXT_SIZE + 1], at[32];

	uuid_format(communication, &parcel->communication_id);
	uuid_format(customer, &parcel->customer_id);
	instant_format(at, parcel->now_ms);
	buf_add_format(line, "{\"at\":\"%s\",\"gateway\":\"%s\",\"channel\":\"%s\",\"communicationId\":\"%s\"", at, conf->name,
		       conf->channel, communication);
	buf_add_format(line, ",\"customerId\":\"%s\",\"attempt\":%d", customer, (int)parcel->attempt);
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
	const struct http_answer accepted = { .outcome = HTTP_ANSWERED, .status = 202, .text = "" };
	struct buf line;
	int result;

	(void)http;
	buf_init(&line, LINE_SIZE_MAX);
	write_line(conf, parcel, &line);
	result = line.overflow ? err_set(err, ERR_POISON, "sink: the message is too long")
			       : append(conf->url + strlen(FILE_URL), &line, err);
	buf_release(&line);
	if (result == 0)
		done(done_arg, &accepted);
	return result;
}

static void judge(const struct gateway_conf *conf, const struct uuid *communication_id, const struct http_answer *answer,
		  struct verdict *ret_verdict)
{
	(void)conf;
	(void)communication_id;
	if (gateway_judge_silence(answer, ret_verdict))
		return;
	*ret_verdict = (struct verdict){ .outcome = DISPATCH_OUTCOME_ACCEPTED, .is_well = true };
}

const struct gateway_kind gateway_sink = { .name = "sink", .doubt = DOUBT_STAYS, .check = check, .start = start, .judge = judge };
