#include "consumers/notifier/gateway.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"
#include "base/day.h"
#include "paper/letter.h"
#include "wire/json.h"

/*
 * Kind spool: a letter as two files in a folder, for who prints it.
 *
 *   <communication id>.pdf     the letter
 *   <communication id>.json    its manifest; with it the letter is handed over
 *
 * Each is written under another name, flushed and renamed, the manifest last, and the folder flushed after each. So a letter is
 * handed over when its manifest is there, in whole, and it is never handed over twice: an attempt that finds the manifest, in the
 * folder or in `done`, where `dcs letters` moves what was acknowledged, has nothing to do. Whoever prints copies the files and
 * leaves both where they are.
 */
#define FILE_URL          "file://"
#define DONE_FOLDER       "done"
#define NAME_SIZE         64
#define MANIFEST_SIZE_MAX 16384

static const char *folder_of(const struct gateway_conf *conf)
{
	return conf->url + strlen(FILE_URL);
}

static bool paper_by_name(const char *name, enum letter_paper *ret_paper)
{
	static const char *const names[] = { [LETTER_A4] = "a4", [LETTER_US] = "us" };

	for (size_t i = 0; i < COUNT(names); i++) {
		if (strcmp(name, names[i]) == 0) {
			*ret_paper = (enum letter_paper)i;
			return true;
		}
	}
	return false;
}

static int check(const struct gateway_conf *conf, struct err *err)
{
	enum letter_paper paper;
	struct stat about;
	int folder;
	bool is_private, has_done;

	if (strncmp(conf->url, FILE_URL "/", strlen(FILE_URL) + 1) != 0)
		return err_set(err, ERR_FATAL, "url must be " FILE_URL "/path/to/a/folder");
	if (!paper_by_name(conf->paper, &paper))
		return err_set(err, ERR_FATAL, "paper must be a4 or us");
	folder = open(folder_of(conf), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0 || faccessat(folder, ".", W_OK | X_OK, AT_EACCESS) != 0 || fstat(folder, &about) != 0) {
		err_set(err, ERR_FATAL, "the folder of letters: %s", strerror(errno));
		if (folder >= 0)
			(void)close(folder);
		return -1;
	}
	is_private = (about.st_mode & S_IRWXO) == 0;
	has_done = is_private && (mkdirat(folder, DONE_FOLDER, 0700) == 0 || errno == EEXIST);
	(void)close(folder);
	if (!is_private)
		return err_set(err, ERR_FATAL, "the folder of letters is open to everybody: they are personal data");
	if (!has_done)
		return err_set(err, ERR_FATAL, "the folder of letters has no " DONE_FOLDER ", and none can be made");
	return 0;
}

/* ---- files ---- */

static bool is_there(int folder, const char *name)
{
	char done[NAME_SIZE + sizeof(DONE_FOLDER)];

	(void)snprintf(done, sizeof(done), DONE_FOLDER "/%s", name);
	return faccessat(folder, name, F_OK, 0) == 0 || faccessat(folder, done, F_OK, 0) == 0;
}

static int write_all(int file, struct str bytes)
{
	while (bytes.size > 0) {
		ssize_t written = write(file, bytes.data, bytes.size);

		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return -1;
		bytes.data += written;
		bytes.size -= (size_t)written;
	}
	return fsync(file);
}

/* After -1 there is no file of this name, unless *ret_is_renamed: then nobody knows whether it outlasts a loss of power. */
static int put_file(int folder, const char *name, struct str bytes, bool *ret_is_renamed, struct err *err)
{
	char part[NAME_SIZE + 8];
	int file, result;

	*ret_is_renamed = false;
	(void)snprintf(part, sizeof(part), ".%s.part", name);
	file = openat(folder, part, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (file < 0)
		return err_set(err, ERR_RETRY, "spool: %s", strerror(errno));
	result = write_all(file, bytes);
	if (close(file) != 0 || result != 0)
		return err_set(err, ERR_RETRY, "spool: %s", strerror(errno));
	if (renameat(folder, part, folder, name) != 0)
		return err_set(err, ERR_RETRY, "spool: %s", strerror(errno));
	*ret_is_renamed = true;
	return fsync(folder) == 0 ? 0 : err_set(err, ERR_RETRY, "spool: %s", strerror(errno));
}

/* ---- a letter ---- */

static void add_text(struct buf *manifest, const char *name, struct str text)
{
	buf_add_format(manifest, ",\"%s\":", name);
	json_write_string(manifest, text);
}

static void add_lines(struct buf *manifest, const struct parcel *parcel)
{
	struct str rest = parcel->address, line;

	buf_add_text(manifest, ",\"to\":[");
	json_write_string(manifest, parcel->name);
	while (rest.size > 0) {
		line = str_cut(rest, '\n', &rest);
		buf_add_text(manifest, ",");
		json_write_string(manifest, line);
	}
	buf_add_text(manifest, "]");
}

static void write_manifest(const struct gateway_conf *conf, const struct parcel *parcel, const struct buf *pdf, int pages,
			   struct buf *manifest)
{
	char id[UUID_TEXT_SIZE + 1], creditor[UUID_TEXT_SIZE + 1], at[32], dated[16], hex[2 * SHA256_SIZE + 1];
	uint8_t hash[SHA256_SIZE];

	uuid_format(id, &parcel->communication_id);
	uuid_format(creditor, &parcel->creditor_id);
	instant_format(at, parcel->now_ms);
	day_format(dated, parcel->dated_on);
	sha256_pair(hash, buf_str(pdf), STR(""));
	hex_from_bytes(hex, hash, sizeof(hash));
	buf_add_format(manifest, "{\"communicationId\":\"%s\",\"file\":\"%s.pdf\",\"pages\":%d,\"bytes\":%zu,\"sha256\":\"%s\"",
		       id, id, pages, pdf->size, hex);
	add_lines(manifest, parcel);
	add_text(manifest, "messageClass", parcel->message_class);
	add_text(manifest, "language", parcel->language);
	if (!uuid_is_none(&parcel->creditor_id))
		add_text(manifest, "creditorId", str_of(creditor));
	buf_add_format(manifest, ",\"datedOn\":\"%s\",\"paper\":\"%s\",\"gateway\":\"%s\",\"madeAt\":\"%s\"}\n", dated,
		       conf->paper, conf->name, at);
}

static int print(const struct gateway_conf *conf, const struct parcel *parcel, struct buf *pdf, struct buf *manifest,
		 struct err *err)
{
	char id[UUID_TEXT_SIZE + 1], dated[16];
	struct letter letter = { .sender = str_of(conf->from),
				 .name = parcel->name,
				 .address = parcel->address,
				 .heading = parcel->subject,
				 .text = parcel->text,
				 .language = parcel->language,
				 .made_at_ms = parcel->now_ms };
	int pages;

	MUST(paper_by_name(conf->paper, &letter.paper));
	uuid_format(id, &parcel->communication_id);
	day_format(dated, parcel->dated_on);
	letter.reference = str_of(id);
	letter.date = str_of(dated);
	if (letter_render(&letter, pdf, &pages, err) != 0)
		return -1;
	write_manifest(conf, parcel, pdf, pages, manifest);
	return manifest->overflow ? err_set(err, ERR_POISON, "spool: the manifest is too long") : 0;
}

static int put_letter(int folder, const struct parcel *parcel, const struct buf *pdf, const struct buf *manifest,
		      bool *ret_is_handed_over, struct err *err)
{
	char id[UUID_TEXT_SIZE + 1], name[NAME_SIZE];
	bool is_renamed;

	*ret_is_handed_over = false;
	uuid_format(id, &parcel->communication_id);
	(void)snprintf(name, sizeof(name), "%s.json", id);
	if (is_there(folder, name)) { /* of an attempt whose end was not noted */
		*ret_is_handed_over = true;
		return fsync(folder) == 0 ? 0 : err_set(err, ERR_RETRY, "spool: %s", strerror(errno));
	}
	(void)snprintf(name, sizeof(name), "%s.pdf", id);
	if (put_file(folder, name, buf_str(pdf), &is_renamed, err) != 0)
		return -1;
	(void)snprintf(name, sizeof(name), "%s.json", id);
	return put_file(folder, name, buf_str(manifest), ret_is_handed_over, err);
}

/* The answer of a folder: what was handed over is accepted, or doubtful if it is not flushed; it is looked for then. */
static int answer(int result, bool is_handed_over, http_done *done, void *done_arg)
{
	const struct http_answer doubt = { .outcome = HTTP_AMBIGUOUS, .text = "the folder is not flushed" };
	const struct http_answer accepted = { .outcome = HTTP_ANSWERED, .status = 202, .text = "" };

	if (result != 0 && !is_handed_over)
		return -1;
	done(done_arg, result == 0 ? &accepted : &doubt);
	return 0;
}

static int start(const struct gateway_conf *conf, struct http *http, const struct parcel *parcel, http_done *done, void *done_arg,
		 struct err *err)
{
	int folder = open(folder_of(conf), O_RDONLY | O_DIRECTORY | O_CLOEXEC), result;
	struct buf pdf, manifest;
	bool is_handed_over = false;

	(void)http;
	if (folder < 0)
		return err_set(err, ERR_RETRY, "spool: %s", strerror(errno));
	buf_init(&pdf, LETTER_SIZE_MAX);
	buf_init(&manifest, MANIFEST_SIZE_MAX);
	result = print(conf, parcel, &pdf, &manifest, err);
	if (result == 0)
		result = put_letter(folder, parcel, &pdf, &manifest, &is_handed_over, err);
	(void)close(folder);
	if (pdf.size > 0)
		wipe(pdf.data, pdf.size);
	if (manifest.size > 0)
		wipe(manifest.data, manifest.size);
	buf_release(&pdf);
	buf_release(&manifest);
	return answer(result, is_handed_over, done, done_arg);
}

static void judge(const struct gateway_conf *conf, const struct uuid *communication_id, const struct http_answer *answer_of,
		  struct verdict *ret_verdict)
{
	(void)conf;
	(void)communication_id;
	if (!gateway_judge_silence(answer_of, ret_verdict))
		*ret_verdict = (struct verdict){ .outcome = DISPATCH_OUTCOME_ACCEPTED, .is_well = true };
}

const struct gateway_kind gateway_spool = {
	.name = "spool", .channel = "letter", .doubt = DOUBT_REPEATS, .check = check, .start = start, .judge = judge
};
