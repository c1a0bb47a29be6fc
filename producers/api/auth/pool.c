#include "producers/api/auth/pool.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define STATEMENT_TIMEOUT_MS 3000
#define PARAMS_SIZE_MAX      ((size_t)16 << 10)

struct queue {
	struct pool_job *first;
	struct pool_job **end; /* for appending the next job */
};

struct pool {
	struct pool_conf conf;
	pthread_mutex_t lock; /* guards all that follows */
	pthread_cond_t has_work;
	struct queue waiting, finished;
	size_t waiting_count;
	bool is_ending;

	int wake_read, wake_write; /* a byte for each finished job, while the pipe has room */
	pthread_t threads[POOL_THREADS_MAX];
	unsigned threads_count;
};

static void queue_add(struct queue *queue, struct pool_job *job)
{
	job->next = NULL;
	*queue->end = job;
	queue->end = &job->next;
}

static struct pool_job *queue_take(struct queue *queue)
{
	struct pool_job *job = queue->first;

	if (job == NULL)
		return NULL;
	queue->first = job->next;
	if (queue->first == NULL)
		queue->end = &queue->first;
	return job;
}

/* ---- a thread ---- */

int pool_seat_connect(struct pool_seat *seat, struct err *err)
{
	db_params_reset(&seat->params);
	if (seat->db != NULL && db_is_alive(seat->db))
		return 0;
	db_close(seat->db);
	seat->db = NULL;
	return db_open(seat->conninfo, "dcs-api-pool", STATEMENT_TIMEOUT_MS, &seat->db, err);
}

/* Returns with the lock held; NULL: shutdown. */
static struct pool_job *wait_for_job(struct pool *pool)
{
	MUST(pthread_mutex_lock(&pool->lock) == 0);
	while (!pool->is_ending && pool->waiting.first == NULL)
		MUST(pthread_cond_wait(&pool->has_work, &pool->lock) == 0);
	return pool->is_ending ? NULL : queue_take(&pool->waiting);
}

static void *work(void *pool_arg)
{
	struct pool *pool = pool_arg;
	struct pool_seat seat = { .conninfo = pool->conf.conninfo };
	struct pool_job *job;

	db_params_init(&seat.params, PARAMS_SIZE_MAX);
	if (pool->conf.nice > 0)
		(void)setpriority(PRIO_PROCESS, 0, pool->conf.nice); /* on Linux only for this thread */
	while ((job = wait_for_job(pool)) != NULL) {
		pool->waiting_count--;
		MUST(pthread_mutex_unlock(&pool->lock) == 0);
		job->work(job, &seat);
		MUST(pthread_mutex_lock(&pool->lock) == 0);
		queue_add(&pool->finished, job);
		MUST(pthread_mutex_unlock(&pool->lock) == 0);
		(void)!write(pool->wake_write, "", 1); /* a full pipe wakes the loop, too */
	}
	MUST(pthread_mutex_unlock(&pool->lock) == 0);
	db_close(seat.db);
	db_params_release(&seat.params);
	return NULL;
}

/* ---- the loop ---- */

bool pool_submit(struct pool *pool, struct pool_job *job)
{
	bool fits;

	MUST(pthread_mutex_lock(&pool->lock) == 0);
	fits = pool->waiting_count < pool->conf.waiting_max;
	if (fits) {
		queue_add(&pool->waiting, job);
		pool->waiting_count++;
		MUST(pthread_cond_signal(&pool->has_work) == 0);
	}
	MUST(pthread_mutex_unlock(&pool->lock) == 0);
	return fits;
}

static int run_part(void *pool_arg, struct err *err)
{
	struct pool *pool = pool_arg;
	struct pool_job *jobs;
	char bytes[256];

	(void)err;
	while (read(pool->wake_read, bytes, sizeof(bytes)) > 0)
		;
	MUST(pthread_mutex_lock(&pool->lock) == 0);
	jobs = pool->finished.first;
	pool->finished = (struct queue){ .first = NULL };
	pool->finished.end = &pool->finished.first;
	MUST(pthread_mutex_unlock(&pool->lock) == 0);
	while (jobs != NULL) {
		struct pool_job *job = jobs;

		jobs = job->next;
		job->done(job);
	}
	return 0;
}

static size_t watch_part(void *pool_arg, struct pollfd ret_fds[PART_FDS_MAX])
{
	const struct pool *pool = pool_arg;

	ret_fds[0] = (struct pollfd){ .fd = pool->wake_read, .events = POLLIN };
	return 1;
}

static size_t part_waiting(void *pool_arg)
{
	struct pool *pool = pool_arg;
	size_t count;

	MUST(pthread_mutex_lock(&pool->lock) == 0);
	count = pool->waiting_count;
	MUST(pthread_mutex_unlock(&pool->lock) == 0);
	return count;
}

struct part pool_part(struct pool *pool)
{
	return (struct part){
		.name = pool->conf.name, .self = pool, .run = run_part, .watch = watch_part, .waiting = part_waiting
	};
}

/* ---- life ---- */

static int open_pipe(struct pool *pool, struct err *err)
{
	int ends[2];

	if (pipe(ends) < 0)
		return err_set(err, ERR_FATAL, "no pipe: %s", strerror(errno));
	pool->wake_read = ends[0];
	pool->wake_write = ends[1];
	for (int i = 0; i < 2; i++)
		if (fcntl(ends[i], F_SETFL, O_NONBLOCK) < 0 || fcntl(ends[i], F_SETFD, FD_CLOEXEC) < 0)
			return err_set(err, ERR_FATAL, "no pipe: %s", strerror(errno));
	return 0;
}

/* The loop handles signals: they interrupt its poll. */
static int start_threads(struct pool *pool, struct err *err)
{
	sigset_t all;
	sigset_t before;
	int failure = 0;

	MUST(pool->conf.threads > 0);
	MUST(pool->conf.threads <= POOL_THREADS_MAX);
	sigfillset(&all);
	MUST(pthread_sigmask(SIG_SETMASK, &all, &before) == 0);
	while (failure == 0 && pool->threads_count < pool->conf.threads) {
		failure = pthread_create(&pool->threads[pool->threads_count], NULL, work, pool);
		pool->threads_count += failure == 0;
	}
	MUST(pthread_sigmask(SIG_SETMASK, &before, NULL) == 0);
	return failure == 0 ? 0 : err_set(err, ERR_FATAL, "no thread: %s", strerror(failure));
}

int pool_new(const struct pool_conf *conf, struct pool **ret_pool, struct err *err)
{
	struct pool *pool = calloc(1, sizeof(*pool));

	if (pool == NULL)
		return err_set(err, ERR_FATAL, "no memory");
	pool->conf = *conf;
	pool->wake_read = pool->wake_write = -1;
	pool->waiting.end = &pool->waiting.first;
	pool->finished.end = &pool->finished.first;
	MUST(pthread_mutex_init(&pool->lock, NULL) == 0);
	MUST(pthread_cond_init(&pool->has_work, NULL) == 0);
	if (open_pipe(pool, err) < 0 || start_threads(pool, err) < 0) {
		pool_free(pool);
		return -1;
	}
	*ret_pool = pool;
	return 0;
}

void pool_free(struct pool *pool)
{
	if (pool == NULL)
		return;
	MUST(pthread_mutex_lock(&pool->lock) == 0);
	pool->is_ending = true;
	MUST(pthread_cond_broadcast(&pool->has_work) == 0);
	MUST(pthread_mutex_unlock(&pool->lock) == 0);
	for (unsigned i = 0; i < pool->threads_count; i++)
		MUST(pthread_join(pool->threads[i], NULL) == 0);
	if (pool->wake_read >= 0)
		(void)close(pool->wake_read);
	if (pool->wake_write >= 0)
		(void)close(pool->wake_write);
	(void)pthread_cond_destroy(&pool->has_work);
	(void)pthread_mutex_destroy(&pool->lock);
	free(pool);
}
