#ifndef TESTS_IO_CHILD_H
#define TESTS_IO_CHILD_H

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/*
 * A program that a test starts and ends: it says when it is ready with one line on its standard output, and dies with us.
 */
struct child {
	pid_t pid;
	int out;
};

static inline struct child child_start(char *const argv[])
{
	struct child child;
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	child.pid = fork();
	assert_true(child.pid >= 0);
	if (child.pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void)dup2(ends[1], STDOUT_FILENO);
		(void)close(ends[0]);
		(void)close(ends[1]);
		(void)execvp(argv[0], argv);
		_exit(127);
	}
	(void)close(ends[1]);
	child.out = ends[0];
	return child;
}

/* Waits for its next line; an end instead of a line fails the test. */
static inline void child_line(struct child *child, char *line, size_t line_size)
{
	size_t size = 0;

	while (size + 1 < line_size) {
		ssize_t got = read(child->out, line + size, 1);

		assert_int_equal(got, 1);
		if (line[size] == '\n')
			break;
		size++;
	}
	line[size] = '\0';
}

static inline void child_end(struct child *child, int with_signal)
{
	int status;

	if (child->pid <= 0)
		return;
	(void)kill(child->pid, with_signal);
	(void)waitpid(child->pid, &status, 0);
	(void)close(child->out);
	child->pid = 0;
}

#endif
