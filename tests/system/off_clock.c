/*
 * LD_PRELOAD: a program that runs as on a host whose clock is OFF_CLOCK_S seconds ahead. Only the wall clock: what measures spans
 * is left alone. Not libfaketime, which asks for memory when it is asked for the time, as jemalloc does the other way round.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static time_t ahead(void)
{
	const char *text = getenv("OFF_CLOCK_S");

	return text ? (time_t)strtol(text, NULL, 10) : 0;
}

int clock_gettime(clockid_t clock_id, struct timespec *tp)
{
	int rc = (int)syscall(SYS_clock_gettime, clock_id, tp);

	if (rc == 0 && (clock_id == CLOCK_REALTIME || clock_id == CLOCK_REALTIME_COARSE))
		tp->tv_sec += ahead();
	return rc;
}

int gettimeofday(struct timeval *restrict tv, void *restrict tz)
{
	struct timespec time;

	(void)tz;
	if (clock_gettime(CLOCK_REALTIME, &time) != 0)
		return -1;
	tv->tv_sec = time.tv_sec;
	tv->tv_usec = time.tv_nsec / 1000;
	return 0;
}

time_t time(time_t *timer)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	if (timer)
		*timer = now.tv_sec;
	return now.tv_sec;
}

/* Who waits until a time has asked us for it; the kernel knows the true one. A small number is the monotonic clock's. */
static clockid_t true_time(const struct timespec *until, struct timespec *ret_until)
{
	*ret_until = *until;
	if (until->tv_sec < 1000000000)
		return CLOCK_MONOTONIC;
	ret_until->tv_sec -= ahead();
	return CLOCK_REALTIME;
}

/* The parameters have glibc's names, for clang-tidy compares them. */
int pthread_cond_timedwait(pthread_cond_t *restrict cond, pthread_mutex_t *restrict mutex,
			   const struct timespec *restrict abstime)
{
	struct timespec truly;
	clockid_t clock = true_time(abstime, &truly);

	return pthread_cond_clockwait(cond, mutex, clock, &truly);
}

int sem_timedwait(sem_t *restrict sem, const struct timespec *restrict abstime)
{
	struct timespec truly;
	clockid_t clock = true_time(abstime, &truly);

	return sem_clockwait(sem, clock, &truly);
}
