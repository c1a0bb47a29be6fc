/* Compares the logs with earlier anchors (anchor_file.h): no anchored event may be missing or changed (P2). */
#include <stdio.h>
#include <string.h>

#include "anchor_file.h"
#include "verify.h"

/* NULL: there is none. */
static const struct verify_head *head_of(const struct verify *verify, const struct anchor_head *anchored, size_t *ret_module)
{
	for (size_t i = 0; i < verify->heads_count; i++) {
		if (!str_is(anchored->module, verify->heads[i].module) || verify->heads[i].part != anchored->part)
			continue;
		for (*ret_module = 0; verify->modules.names[*ret_module] != verify->heads[i].module;)
			++*ret_module;
		return &verify->heads[i];
	}
	return NULL;
}

static int check_head(struct verify *verify, const struct anchor *anchor, const struct anchor_head *anchored, struct err *err)
{
	size_t module = 0;
	const struct verify_head *head = head_of(verify, anchored, &module);
	struct logged_line line;
	bool found = false;
	char where[WHERE_SIZE];

	snprintf(where, sizeof(where), "%.*s part %d seq %lld", (int)anchored->module.size, anchored->module.data, anchored->part,
		 (long long)anchored->seq);
	if (head != NULL) {
		log_reader_start(&verify->logs[module], head->part, anchored->seq - 1, anchored->seq);
		if (log_reader_next(&verify->logs[module], &found, &line, err) != 0)
			return -1;
	}
	if (!found)
		finding(verify, 2, where, "the log does not have it, and had it on %.*s", (int)anchor->at.size, anchor->at.data);
	else if (!str_equal(line.hash, (struct str){ (const char *)anchored->hash, SHA256_SIZE }))
		finding(verify, 2, where, "the log has another hash than on %.*s: it was written anew", (int)anchor->at.size,
			anchor->at.data);
	verify->tally.anchored++;
	return 0;
}

int verify_anchors(struct verify *verify, struct err *err)
{
	for (size_t i = 0; i < verify->anchors.anchors_count; i++) {
		const struct anchor *anchor = &verify->anchors.anchors[i];

		for (size_t j = 0; j < anchor->heads_count; j++) {
			if (check_head(verify, anchor, &anchor->heads[j], err) != 0)
				return -1;
		}
	}
	return 0;
}

void verify_anchored_topic(struct verify *verify, const struct verify_head *head, int64_t published)
{
	int64_t most = -1;
	const char *at = "";
	int at_size = 0;
	char where[WHERE_SIZE];

	for (size_t i = 0; i < verify->anchors.anchors_count; i++) {
		const struct anchor *anchor = &verify->anchors.anchors[i];

		for (size_t j = 0; j < anchor->heads_count; j++) {
			const struct anchor_head *anchored = &anchor->heads[j];

			if (!str_is(anchored->module, head->module) || anchored->part != head->part ||
			    anchored->published <= most)
				continue;
			most = anchored->published;
			at = anchor->at.data;
			at_size = (int)anchor->at.size;
		}
	}
	where_part(where, head);
	if (published < most)
		finding(verify, 6, where, "the topic ends at seq %lld, and had seq %lld on %.*s", (long long)published,
			(long long)most, at_size, at);
}
