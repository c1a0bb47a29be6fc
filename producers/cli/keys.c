/* `dcs keys`: the rotation of token keys (lib/token/README.md describes the steps). */
#include "token/keys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/array.h"
#include "base/base64url.h"
#include "base/day.h"
#include "cli.h"
#include "crypto/crypto.h"

#define PATH_SIZE_MAX 1200

static struct {
	const char *keys_dir;
} conf;

static const struct conf_row rows[] = { ROW_KEYS_DIR(&conf.keys_dir) };

static const struct usage usage = {
	.about = "usage: dcs keys list\n"
		 "       dcs keys new [KID]     make the next key; it verifies and is published, but does not sign yet\n"
		 "       dcs keys use KID       it signs from now on; those before it only verify\n"
		 "       dcs keys drop KID      its tokens are refused from now on\n"
		 "       dcs keys public KID    print its public half, for folders of machines that only verify\n\n"
		 "The keys of a folder that tokens are signed and verified with. Running programs see a change within seconds.\n"
		 "Leave an hour between new and use, and between use and drop: sets of keys are cached, tokens live.\n"
		 "Exit status: 0 done; 1 it could not be; 2 wrong usage.",
	.rows = rows,
	.rows_count = COUNT(rows),
	.arguments_min = 1,
	.arguments_max = 2,
};

/* ---- files ---- */

static int key_path(char path[PATH_SIZE_MAX], const char *kid, const char *suffix, struct err *err)
{
	int size = snprintf(path, PATH_SIZE_MAX, "%s/%s%s", conf.keys_dir, kid, suffix);

	return size < PATH_SIZE_MAX ? 0 : err_set(err, ERR_FATAL, "the folder's name is too long");
}

static int write_all(int file, struct str text, struct err *err)
{
	if (write(file, text.data, text.size) == (ssize_t)text.size && fsync(file) == 0)
		return 0;
	return err_set(err, ERR_FATAL, "cannot write a key: %s", strerror(errno));
}

/* The file appears complete or not at all: programs may read the folder at any time. */
static int write_key(const char *kid, const char *suffix, struct str text, mode_t mode, struct err *err)
{
	char path[PATH_SIZE_MAX], part[PATH_SIZE_MAX];
	int file, result;

	if (key_path(path, kid, suffix, err) != 0 || key_path(part, kid, ".part", err) != 0)
		return -1;
	(void)unlink(part);
	file = open(part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	if (file < 0)
		return err_set(err, ERR_FATAL, "cannot write a key: %s", strerror(errno));
	result = write_all(file, text, err);
	if (close(file) != 0 && result == 0)
		result = err_set(err, ERR_FATAL, "cannot write a key: %s", strerror(errno));
	if (result == 0 && rename(part, path) != 0)
		result = err_set(err, ERR_FATAL, "cannot write a key: %s", strerror(errno));
	if (result != 0)
		(void)unlink(part);
	return result;
}

static const char *suffix_of(const struct keyring_key *key)
{
	return key->is_next ? ".next.pem" : ".pem";
}

static bool signs(const struct keyring *ring, const struct keyring_key *key)
{
	return key == keyring_signer(ring);
}

/* ---- subcommands ---- */

static void list(const struct keyring *ring)
{
	for (size_t i = 0; i < ring->keys_count; i++) {
		const struct keyring_key *key = &ring->keys[i];

		printf("%s\t%s\n", key->kid, signs(ring, key) ? "signs" : key->is_next ? "next" : "verifies");
	}
}

/* A generated key id: the time, and a random part that makes it unique. */
static void make_kid(char kid[KID_MAX + 1])
{
	char day[16], random[9];
	uint8_t bytes[6];

	day_format(day, (int32_t)(clock_now_ms() / 86400000));
	random_bytes(bytes, sizeof(bytes));
	base64url_encode(random, bytes, sizeof(bytes));
	(void)snprintf(kid, KID_MAX + 1, "dcs-%s-%s", day, random);
}

static int new_key(const struct keyring *ring, const char *wanted, struct err *err)
{
	bool is_first = keyring_signer(ring) == NULL;
	struct pem_key pem;
	char kid[KID_MAX + 1];
	int result;

	if (wanted == NULL)
		make_kid(kid);
	else if (!kid_is_valid(str_of(wanted)) || !str_to_chars(kid, sizeof(kid), str_of(wanted)))
		return err_set(err, ERR_FATAL, "a key's name is 1 to %d letters, digits, - and _", KID_MAX);
	if (keyring_find(ring, str_of(kid)) != NULL)
		return err_set(err, ERR_FATAL, "there is a key %s", kid);
	if (ring->keys_count == KEYRING_MAX)
		return err_set(err, ERR_FATAL, "there are %d keys already: drop old ones first", KEYRING_MAX);
	if (pem_make(&pem, err) != 0)
		return -1;
	result = write_key(kid, is_first ? ".pem" : ".next.pem",
			   (struct str){ .data = pem.private_pem, .size = pem.private_size }, 0600, err);
	wipe(&pem, sizeof(pem));
	if (result == 0)
		printf("%s\n", kid);
	return result;
}

/* The new key first: at every moment there is one that signs. */
static int use_key(const struct keyring *ring, const struct keyring_key *key, struct err *err)
{
	char from[PATH_SIZE_MAX], to[PATH_SIZE_MAX];

	if (!key->pem.can_sign)
		return err_set(err, ERR_FATAL, "%s is a public key: it cannot sign", key->kid);
	if (key->is_next) {
		if (key_path(from, key->kid, ".next.pem", err) != 0 || key_path(to, key->kid, ".pem", err) != 0)
			return -1;
		if (rename(from, to) != 0)
			return err_set(err, ERR_FATAL, "cannot rename a key: %s", strerror(errno));
	}
	for (size_t i = 0; i < ring->keys_count; i++) {
		const struct keyring_key *before = &ring->keys[i];

		if (before == key || before->is_next || !before->pem.can_sign)
			continue;
		if (write_key(before->kid, ".pem",
			      (struct str){ .data = before->pem.public_pem, .size = before->pem.public_size }, 0644, err) != 0)
			return -1;
	}
	return 0;
}

static int drop_key(const struct keyring *ring, const struct keyring_key *key, struct err *err)
{
	char path[PATH_SIZE_MAX];

	if (signs(ring, key))
		return err_set(err, ERR_FATAL, "%s signs: dcs keys use another first", key->kid);
	if (key_path(path, key->kid, suffix_of(key), err) != 0)
		return -1;
	return unlink(path) == 0 ? 0 : err_set(err, ERR_FATAL, "cannot remove a key: %s", strerror(errno));
}

static int run_with_key(const struct keyring *ring, const char *what, const char *kid, bool *ret_is_usage, struct err *err)
{
	const struct keyring_key *key = keyring_find(ring, str_of(kid));

	if (key == NULL)
		return err_set(err, ERR_FATAL, "there is no key %.64s", kid);
	if (strcmp(what, "use") == 0)
		return use_key(ring, key, err);
	if (strcmp(what, "drop") == 0)
		return drop_key(ring, key, err);
	*ret_is_usage = strcmp(what, "public") != 0;
	if (!*ret_is_usage)
		printf("%.*s", (int)key->pem.public_size, key->pem.public_pem);
	return *ret_is_usage ? -1 : 0;
}

static int run(struct keyring *ring, const char *what, const char *kid, bool *ret_is_usage, struct err *err)
{
	bool is_new = strcmp(what, "new") == 0;
	bool is_list = strcmp(what, "list") == 0 && kid == NULL;

	*ret_is_usage = !is_new && !is_list && kid == NULL;
	if (*ret_is_usage || keyring_read(ring, conf.keys_dir, err) != 0)
		return -1;
	if (is_new)
		return new_key(ring, kid, err);
	if (!is_list)
		return run_with_key(ring, what, kid, ret_is_usage, err);
	list(ring);
	return 0;
}

int run_keys(int argc, char **argv)
{
	static struct keyring ring;
	struct arguments arguments;
	struct err err = ERR_INIT;
	bool is_usage = false;
	int status = EXIT_STATUS_OK;

	if (!arguments_read(&usage, argc, argv, &arguments, &status))
		return status;
	if (conf.keys_dir[0] == '\0')
		return fail_usage(argv[0], "no folder of token keys given (DCS_KEYS_DIR)");
	if (run(&ring, arguments.items[0], arguments.count > 1 ? arguments.items[1] : NULL, &is_usage, &err) != 0)
		status = is_usage ? fail_usage(argv[0], "list, new, use KID, drop KID or public KID is expected")
				  : fail_wrong(argv[0], &err);
	wipe(&ring, sizeof(ring));
	return status;
}
