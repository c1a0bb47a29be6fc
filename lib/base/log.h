#ifndef BASE_LOG_H
#define BASE_LOG_H

/*
 * One line per fact on standard error: `ts=... level=... service=... key=value ...`. error: an operator must act. warn: the
 * program continued, and the text says how. The context (module, partition, offset, command id ...) is set once per batch or
 * message and added to each line. Only ids are logged: no names, phones, addresses, bodies, tokens (P10).
 */
enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

void log_init(const char *service, enum log_level level_max);                    /* borrows service */
void log_context(const char *format, ...) __attribute__((format(printf, 1, 2))); /* "key=value key=value"; "" clears it */
void log_line(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#define log_error(...) log_line(LOG_ERROR, __VA_ARGS__)
#define log_warn(...)  log_line(LOG_WARN, __VA_ARGS__)
#define log_info(...)  log_line(LOG_INFO, __VA_ARGS__)
#define log_debug(...) log_line(LOG_DEBUG, __VA_ARGS__)

#endif
