/* Where `dcs dunning` has its policies from. */
#include "policy_source.h"

#include <string.h>
#include <unistd.h>

#include "consumers/dunning/ready.h"
#include "input.h"

bool policy_source_is_file(const char *name)
{
	return strpbrk(name, "./") != NULL;
}

static const struct ready_made *ready_policy(const char *name)
{
	for (size_t index = 0; index < ready_made_count; index++) {
		if (ready_made[index].kind == READY_POLICY && strcmp(ready_made[index].name, name) == 0)
			return &ready_made[index];
	}
	return NULL;
}

static int read_file(const char *path, struct buf *file, struct str *ret_json, struct err *err)
{
	struct input input;
	char bytes[4096];
	ssize_t size;

	if (input_open(path, "", &input, err) != 0)
		return -1;
	while ((size = read(input.fd, bytes, sizeof(bytes))) > 0)
		buf_add(file, bytes, (size_t)size);
	input_close(&input);
	if (size < 0 || file->overflow)
		return err_set(err, ERR_FATAL, "%s: %s", path, size < 0 ? "cannot be read" : "too large");
	*ret_json = buf_str(file);
	return 0;
}

int policy_source(const char *name, struct buf *file, struct str *ret_json, struct err *err)
{
	const struct ready_made *ready = ready_policy(name);

	if (policy_source_is_file(name))
		return read_file(name, file, ret_json, err);
	if (ready == NULL)
		return err_set(err, ERR_FATAL, "there is no ready-made policy %s; see dcs dunning policies", name);
	*ret_json = ready->body;
	return 0;
}
