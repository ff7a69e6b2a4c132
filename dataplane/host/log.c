#include "log.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>
#include <rte_log.h>

#define LOG_LINE_MAX 1024

static const char *const log_names[] = {"error", "warning", "info"};

void log_write(enum log_level level, const char *event, const char *format, ...)
{
	char line[LOG_LINE_MAX];
	struct timespec now;
	struct tm tm;
	va_list ap;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	size_t n = strftime(line, sizeof(line), "%Y-%m-%dT%H:%M:%S", &tm);
	n += (size_t)snprintf(line + n, sizeof(line) - n, ".%03ldZ %s event=%s%s", now.tv_nsec / 1000000,
			      log_names[level], event, *format ? " " : "");
	va_start(ap, format);
	int m = vsnprintf(line + n, sizeof(line) - n - 1, format, ap);
	va_end(ap);
	if (m > 0)
		n += (size_t)m;
	if (n > sizeof(line) - 2)
		n = sizeof(line) - 2;
	line[n++] = '\n';
	/* One write, so that lines of several threads never mix. */
	if (write(STDERR_FILENO, line, n) < 0)
		return;
}

/* DPDK writes its messages in pieces; they are gathered here until the line ends. Guarded by the stream's lock. */
static struct {
	FILE *stream;
	char text[LOG_LINE_MAX / 2];
	size_t len;
} log_dpdk;

static void log_dpdk_line(void)
{
	while (log_dpdk.len > 0 && log_dpdk.text[log_dpdk.len - 1] == ' ')
		log_dpdk.len--;
	log_dpdk.text[log_dpdk.len] = 0;
	if (log_dpdk.len > 0)
		log_write(rte_log_cur_msg_loglevel() <= (int)RTE_LOG_WARNING ? LOG_LEVEL_WARNING : LOG_LEVEL_INFO,
			  "dpdk", "text=\"%s\"", log_dpdk.text);
	log_dpdk.len = 0;
}

static ssize_t log_dpdk_write(void *cookie, const char *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (bytes[i] == '\n' || log_dpdk.len == sizeof(log_dpdk.text) - 1)
			log_dpdk_line();
		if (bytes[i] != '\n' && bytes[i] != '\r')
			log_dpdk.text[log_dpdk.len++] = bytes[i] == '"' ? '\'' : bytes[i];
	}
	return (ssize_t)n;
}

int log_dpdk_start(void)
{
	log_dpdk.stream = fopencookie(NULL, "w", (cookie_io_functions_t){.write = log_dpdk_write});
	if (log_dpdk.stream == NULL)
		return -errno;
	return rte_openlog_stream(log_dpdk.stream) == 0 ? 0 : -EINVAL;
}

void log_dpdk_stop(void)
{
	if (log_dpdk.stream == NULL)
		return;
	rte_openlog_stream(NULL);
	fclose(log_dpdk.stream);
	log_dpdk.stream = NULL;
}

/* Of libbpf and libxdp alike; level 0 is a warning, all above is for their developers. */
static int log_xdp_print(int level, const char *format, va_list ap)
{
	char text[LOG_LINE_MAX / 2];

	if (level > 0)
		return 0;
	int n = vsnprintf(text, sizeof(text), format, ap);
	for (char *p = text; *p; p++)
		*p = *p == '"' ? '\'' : *p;
	text[strcspn(text, "\n")] = 0;
	log_write(LOG_LEVEL_INFO, "xdp", "text=\"%s\"", text);
	return n;
}

void log_xdp_start(void)
{
	static const struct {
		const char *library, *function;
	} printers[] = {{"libbpf.so.1", "libbpf_set_print"}, {"libxdp.so.1", "libxdp_set_print"}};

	for (unsigned i = 0; i < sizeof(printers) / sizeof(printers[0]); i++) {
		/* Drivers are loaded at run time; where this one is not, there is nobody to print. */
		void *library = dlopen(printers[i].library, RTLD_LAZY | RTLD_NOLOAD);
		void *function = library ? dlsym(library, printers[i].function) : NULL;
		void *(*set)(int (*print)(int, const char *, va_list));
		if (function) {
			memcpy(&set, &function, sizeof(set));
			set(log_xdp_print);
		}
		if (library)
			dlclose(library);
	}
}
