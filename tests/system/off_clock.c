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

int clock_gettime(clockid_t clock, struct timespec *ret_time)
{
	int rc = (int)syscall(SYS_clock_gettime, clock, ret_time);

	if (rc == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
		ret_time->tv_sec += ahead();
	return rc;
}

int gettimeofday(struct timeval *restrict ret_time, void *restrict zone)
{
	struct timespec time;

	(void)zone;
	if (clock_gettime(CLOCK_REALTIME, &time) != 0)
		return -1;
	ret_time->tv_sec = time.tv_sec;
	ret_time->tv_usec = time.tv_nsec / 1000;
	return 0;
}

time_t time(time_t *ret_time)
{
	struct timespec time;

	(void)clock_gettime(CLOCK_REALTIME, &time);
	if (ret_time)
		*ret_time = time.tv_sec;
	return time.tv_sec;
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

int pthread_cond_timedwait(pthread_cond_t *restrict cond, pthread_mutex_t *restrict mutex, const struct timespec *restrict until)
{
	struct timespec truly;
	clockid_t clock = true_time(until, &truly);

	return pthread_cond_clockwait(cond, mutex, clock, &truly);
}

int sem_timedwait(sem_t *restrict sem, const struct timespec *restrict until)
{
	struct timespec truly;
	clockid_t clock = true_time(until, &truly);

	return sem_clockwait(sem, clock, &truly);
}
