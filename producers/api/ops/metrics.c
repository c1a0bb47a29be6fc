#include "producers/api/ops/metrics.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* ---- requests ---- */

static const struct {
	int64_t us;
	const char *le;
} buckets[METRICS_BUCKETS] = {
	{ 500, "0.0005" },  { 1000, "0.001" },  { 2500, "0.0025" },   { 5000, "0.005" },  { 10000, "0.01" },
	{ 25000, "0.025" }, { 50000, "0.05" },  { 100000, "0.1" },    { 250000, "0.25" }, { 500000, "0.5" },
	{ 1000000, "1.0" }, { 2500000, "2.5" }, { 10000000, "10.0" },
};

int metrics_open(struct metrics *metrics, const struct route *routes, struct err *err)
{
	*metrics = (struct metrics){ .routes = routes };
	while (routes[metrics->routes_count].pattern != NULL)
		metrics->routes_count++;
	metrics->series = calloc(metrics->routes_count + 1, sizeof(metrics->series[0]));
	return metrics->series == NULL ? err_set(err, ERR_FATAL, "no memory") : 0;
}

void metrics_release(struct metrics *metrics)
{
	free(metrics->series);
	metrics->series = NULL;
}

void metrics_count(struct metrics *metrics, const struct route *route, int status, int64_t spent_us)
{
	size_t row = route == NULL ? metrics->routes_count : (size_t)(route - metrics->routes);
	struct metrics_series *series;
	size_t bucket = 0;

	MUST(row <= metrics->routes_count);
	MUST(status >= 100);
	MUST(status < 600);
	series = &metrics->series[row][status / 100 - 1];
	while (bucket < METRICS_BUCKETS && spent_us > buckets[bucket].us)
		bucket++;
	series->counts[bucket]++;
	series->sum_us += (uint64_t)spent_us;
}

void metrics_write_head(struct buf *buf, const char *name, const char *kind, const char *help)
{
	buf_add_format(buf, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, kind);
}

static void write_series(struct buf *buf, const struct metrics_series *series, const char *operation, size_t class_index)
{
	static const char name[] = "http_server_request_duration_seconds";
	uint64_t count = 0;
	char labels[128];

	(void)snprintf(labels, sizeof(labels), "operation=\"%s\",status=\"%zuxx\"", operation, class_index + 1);
	for (size_t i = 0; i < METRICS_BUCKETS; i++) {
		count += series->counts[i];
		buf_add_format(buf, "%s_bucket{%s,le=\"%s\"} %" PRIu64 "\n", name, labels, buckets[i].le, count);
	}
	count += series->counts[METRICS_BUCKETS];
	buf_add_format(buf, "%s_bucket{%s,le=\"+Inf\"} %" PRIu64 "\n", name, labels, count);
	buf_add_format(buf, "%s_sum{%s} %" PRIu64 ".%06" PRIu64 "\n", name, labels, series->sum_us / 1000000,
		       series->sum_us % 1000000);
	buf_add_format(buf, "%s_count{%s} %" PRIu64 "\n", name, labels, count);
}

static bool is_used(const struct metrics_series *series)
{
	for (size_t i = 0; i <= METRICS_BUCKETS; i++) {
		if (series->counts[i] > 0)
			return true;
	}
	return false;
}

/* Series without any observation are omitted: 14 lines each. */
void metrics_write_requests(const struct metrics *metrics, struct buf *buf)
{
	metrics_write_head(buf, "http_server_request_duration_seconds", "histogram",
			   "From the first byte of a request to its answer, by operation and class of status.");
	for (size_t row = 0; row <= metrics->routes_count; row++) {
		for (size_t i = 0; i < METRICS_CLASSES; i++) {
			const struct metrics_series *series = &metrics->series[row][i];

			if (is_used(series))
				write_series(buf, series, row < metrics->routes_count ? metrics->routes[row].operation : "none",
					     i);
		}
	}
}

/* ---- the process ---- */

static void write_number(struct buf *buf, const char *name, const char *kind, const char *help, double number)
{
	metrics_write_head(buf, name, kind, help);
	buf_add_format(buf, "%s %.3f\n", name, number);
}

static size_t count_descriptors(void)
{
	DIR *folder = opendir("/proc/self/fd");
	size_t count = 0;

	if (folder == NULL)
		return 0;
	while (readdir(folder) != NULL)
		count++;
	(void)closedir(folder);
	return count > 3 ? count - 3 : 0; /* its own descriptor, and the entries "." and ".." */
}

/* The next number of a line of /proc; moves *at behind it. */
static bool read_number(const char **at, unsigned long long *ret_number)
{
	char *end;

	*ret_number = strtoull(*at, &end, 10);
	if (end == *at)
		return false;
	*at = end;
	return true;
}

/* Fields 22 to 24 of /proc/self/stat (proc(5)): start in ticks since the boot, bytes of address space, resident pages. */
static bool read_stat(unsigned long long *ret_start, unsigned long long *ret_bytes, unsigned long long *ret_pages)
{
	FILE *file = fopen("/proc/self/stat", "re");
	char line[1024] = "";
	const char *at;
	bool is_read;

	if (file == NULL)
		return false;
	is_read = fgets(line, sizeof(line), file) != NULL;
	(void)fclose(file);
	at = is_read ? line : "";
	for (int field = 1; field < 22 && at != NULL; field++)
		at = at[0] == '\0' ? NULL : strchr(at + 1, ' ');
	return at != NULL && read_number(&at, ret_start) && read_number(&at, ret_bytes) && read_number(&at, ret_pages);
}

/* btime of /proc/stat: when the machine booted, in seconds since 1970. */
static unsigned long long read_boot(void)
{
	FILE *file = fopen("/proc/stat", "re");
	unsigned long long boot = 0;
	char line[4096];

	if (file == NULL)
		return 0;
	while (boot == 0 && fgets(line, sizeof(line), file) != NULL) {
		const char *at = line + sizeof("btime ") - 1;

		if (strncmp(line, "btime ", sizeof("btime ") - 1) == 0 && !read_number(&at, &boot))
			break;
	}
	(void)fclose(file);
	return boot;
}

static double seconds(struct timeval time)
{
	return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

void metrics_write_process(struct buf *buf)
{
	unsigned long long start = 0, bytes = 0, pages = 0;
	struct rusage usage;
	struct rlimit limit;

	if (getrusage(RUSAGE_SELF, &usage) == 0)
		write_number(buf, "process_cpu_seconds_total", "counter", "Processor time.",
			     seconds(usage.ru_utime) + seconds(usage.ru_stime));
	if (read_stat(&start, &bytes, &pages)) {
		write_number(buf, "process_virtual_memory_bytes", "gauge", "Address space.", (double)bytes);
		write_number(buf, "process_resident_memory_bytes", "gauge", "Resident memory.",
			     (double)pages * (double)sysconf(_SC_PAGESIZE));
		write_number(buf, "process_start_time_seconds", "gauge", "Start, since 1970.",
			     (double)read_boot() + (double)start / (double)sysconf(_SC_CLK_TCK));
	}
	write_number(buf, "process_open_fds", "gauge", "Open file descriptors.", (double)count_descriptors());
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
		write_number(buf, "process_max_fds", "gauge", "Open file descriptors at most.", (double)limit.rlim_cur);
}
