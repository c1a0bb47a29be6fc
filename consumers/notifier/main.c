#include <stdlib.h>

#include "base/log.h"
#include "consumers/notifier/notifier.h"

static int serve(struct notifier *notifier, struct err *err)
{
	int result = -1;

	if (notifier_open(notifier, err) == 0) {
		log_info("started owner=%s number=%d", notifier->program.owner, (int)notifier->desk.owner);
		result = notifier_run(notifier, err);
	}
	if (result == 0)
		result = notifier_drain(notifier, err);
	notifier_print_stats(notifier);
	notifier_close(notifier);
	return program_is_ending() && err->kind != ERR_FATAL ? 0 : result;
}

int main(int argc, char **argv)
{
	static const char about[] = "Sends released messages by e-mail and SMS, at most once, and reports what came of them.";
	struct notifier *notifier = calloc(1, sizeof(*notifier));
	struct err err = ERR_INIT;
	struct conf_row rows[PROGRAM_SETTINGS_MAX];
	enum conf_outcome outcome;
	size_t rows_count;
	int status;

	if (notifier == NULL)
		return 1;
	rows_count = settings_rows(&notifier->settings, rows);
	if (program_init(&notifier->program, "notifier", about, argc, argv, rows, rows_count, &outcome, &err) != 0)
		status = program_fail(&err);
	else if (outcome == CONF_EXIT_OK)
		status = 0;
	else if (settings_finish(&notifier->settings, &err) != 0 || serve(notifier, &err) != 0)
		status = program_fail(&err);
	else
		status = 0;
	if (status == 0 && outcome != CONF_EXIT_OK)
		log_info("ended");
	free(notifier);
	return status;
}
