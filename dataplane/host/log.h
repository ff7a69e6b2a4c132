/* The daemon's log: one line an event on stderr, "TIME LEVEL event=EVENT key=value ...". Any thread but a worker in its
 * loop.
 */
#pragma once

#include <stdbool.h>

enum log_level {
	LOG_LEVEL_ERROR,
	LOG_LEVEL_WARNING,
	LOG_LEVEL_INFO,
};

/* event: lower-case words with hyphens. format: the key=value part; "" for none. A value with blanks goes in quotes. */
void log_write(enum log_level level, const char *event, const char *format, ...) __attribute__((format(printf, 3, 4)));

#define log_error(event, ...)	log_write(LOG_LEVEL_ERROR, event, __VA_ARGS__)
#define log_warning(event, ...) log_write(LOG_LEVEL_WARNING, event, __VA_ARGS__)
#define log_info(event, ...)	log_write(LOG_LEVEL_INFO, event, __VA_ARGS__)

/* Sends DPDK's own messages through this log, one line each. Before rte_eal_init. 0 or -errno. */
int log_dpdk_start(void);
/* Gives DPDK its stderr back. */
void log_dpdk_stop(void);

/* The same for what the AF_XDP driver's libraries say, where that driver is loaded. After rte_eal_init. */
void log_xdp_start(void);
