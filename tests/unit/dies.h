#ifndef TESTS_DIES_H
#define TESTS_DIES_H

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* Whether `run` ends its process by a MUST: tried in a child, silent and without a core file. */
static inline bool dies(void (*run)(void))
{
	int status;
	pid_t child = fork();

	if (child == 0) {
		struct rlimit none = { 0, 0 };

		(void)setrlimit(RLIMIT_CORE, &none);
		(void)signal(SIGABRT, SIG_DFL); // the test runner's own handler would go on
		(void)close(STDERR_FILENO);
		(void)open("/dev/null", O_WRONLY);
		run();
		_exit(0);
	}
	return child > 0 && waitpid(child, &status, 0) == child && WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

#endif
