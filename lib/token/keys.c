#include "token/keys.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/crypto.h"

#define FILE_SIZE_MAX 8192
#define SUFFIX        ".pem"
#define NEXT          ".next"

bool kid_is_valid(struct str kid)
{
	if (kid.size == 0 || kid.size > KID_MAX)
		return false;
	for (size_t i = 0; i < kid.size; i++) {
		char character = kid.data[i];

		if (!(character >= 'A' && character <= 'Z') && !(character >= 'a' && character <= 'z') &&
		    !(character >= '0' && character <= '9') && character != '_' && character != '-')
			return false;
	}
	return true;
}

/* Reads an open key file. Only the file's name is told: where a machine keeps its keys is nobody's business. */
static int read_key(struct pem_key *ret_pem, int file, const char *name, struct err *err)
{
	char text[FILE_SIZE_MAX];
	struct stat about;
	ssize_t size;
	int result = -1;

	if (fstat(file, &about) < 0 || !S_ISREG(about.st_mode))
		return err_set(err, ERR_FATAL, "key %s: not a file", name);
	size = read(file, text, sizeof(text));
	if (size < 0) {
		err_set(err, ERR_FATAL, "key %s: %s", name, strerror(errno));
		goto out;
	}
	if ((size_t)size == sizeof(text)) {
		err_set(err, ERR_FATAL, "key %s: too large for a key", name);
		goto out;
	}
	if (pem_read(ret_pem, (struct str){ .data = text, .size = (size_t)size }, err) < 0) {
		err_add(err, name);
		goto out;
	}
	if (ret_pem->can_sign && (about.st_mode & 077) != 0) {
		err_set(err, ERR_FATAL, "key %s: a private key that others may read, its mode must be 0600", name);
		goto out;
	}
	result = 0;
out:
	wipe(text, sizeof(text));
	return result;
}

/* "k2.next.pem" is k2's, "k1.pem" k1's. */
static int take_kid(struct keyring_key *key, const char *name, struct err *err)
{
	struct str kid = { .data = name, .size = strlen(name) - strlen(SUFFIX) };
	size_t next_size = strlen(NEXT);

	key->is_next = kid.size > next_size && memcmp(kid.data + kid.size - next_size, NEXT, next_size) == 0;
	if (key->is_next)
		kid.size -= next_size;
	if (!kid_is_valid(kid))
		return err_set(err, ERR_FATAL, "a key file's name is not up to 64 letters, digits, - and _ before .pem");
	MUST(str_to_chars(key->kid, sizeof(key->kid), kid));
	return 0;
}

static int add_file(struct keyring *ring, DIR *directory, const char *name, struct err *err)
{
	struct keyring_key *key = &ring->keys[ring->keys_count];
	int file;
	int result;

	if (ring->keys_count == KEYRING_MAX)
		return err_set(err, ERR_FATAL, "more than %d keys", KEYRING_MAX);
	if (take_kid(key, name, err) < 0)
		return -1;
	if (keyring_find(ring, str_of(key->kid)) != NULL)
		return err_set(err, ERR_FATAL, "key %s: two files have this key's name", name);
	/* O_NONBLOCK: a pipe of that name must not hold up the start. */
	file = openat(dirfd(directory), name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (file < 0)
		return err_set(err, ERR_FATAL, "key %s: %s", name, strerror(errno));
	result = read_key(&key->pem, file, name, err);
	(void)close(file);
	if (result == 0)
		ring->keys_count++;
	return result;
}

static bool is_key_name(const char *name)
{
	size_t size = strlen(name);

	return size >= strlen(SUFFIX) && strcmp(name + size - strlen(SUFFIX), SUFFIX) == 0;
}

static int compare_kid(const void *a, const void *b)
{
	return strcmp(((const struct keyring_key *)a)->kid, ((const struct keyring_key *)b)->kid);
}

int keyring_read(struct keyring *ret_ring, const char *directory, struct err *err)
{
	struct dirent *entry;
	int result = -1;
	DIR *open_directory;

	ret_ring->keys_count = 0;
	open_directory = opendir(directory);
	if (open_directory == NULL)
		return err_set(err, ERR_FATAL, "the directory of token keys: %s", strerror(errno));
	while ((entry = readdir(open_directory)) != NULL)
		if (is_key_name(entry->d_name) && add_file(ret_ring, open_directory, entry->d_name, err) < 0)
			goto out;
	qsort(ret_ring->keys, ret_ring->keys_count, sizeof(ret_ring->keys[0]), compare_kid);
	result = 0;
out:
	(void)closedir(open_directory);
	return result;
}

int keyring_load(struct keyring *ret_ring, const char *directory, struct err *err)
{
	if (keyring_read(ret_ring, directory, err) < 0)
		return -1;
	return ret_ring->keys_count > 0 ? 0 : err_set(err, ERR_FATAL, "the directory of token keys has no key");
}

const struct keyring_key *keyring_find(const struct keyring *ring, struct str kid)
{
	for (size_t i = 0; i < ring->keys_count; i++)
		if (str_is(kid, ring->keys[i].kid))
			return &ring->keys[i];
	return NULL;
}

const struct keyring_key *keyring_signer(const struct keyring *ring)
{
	for (size_t i = 0; i < ring->keys_count; i++)
		if (ring->keys[i].pem.can_sign && !ring->keys[i].is_next)
			return &ring->keys[i];
	return NULL;
}

bool keyring_equal(const struct keyring *a, const struct keyring *b)
{
	if (a->keys_count != b->keys_count)
		return false;
	for (size_t i = 0; i < a->keys_count; i++) {
		const struct keyring_key *one = &a->keys[i];
		const struct keyring_key *other = &b->keys[i];

		if (strcmp(one->kid, other->kid) != 0 || one->is_next != other->is_next ||
		    one->pem.can_sign != other->pem.can_sign || memcmp(one->pem.x, other->pem.x, PEM_COORDINATE_SIZE) != 0 ||
		    memcmp(one->pem.y, other->pem.y, PEM_COORDINATE_SIZE) != 0)
			return false;
	}
	return true;
}
