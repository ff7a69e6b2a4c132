#include "daemon/log.h"

#include <stdarg.h>
#include <time.h>
#include <unistd.h>

void log_line(enum log_level level, const char *line)
{
	static const char *const names[] = {"error", "warning", "info", "debug"};
	char text[1200];
	struct timespec now;
	struct tm tm;
	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	size_t n = strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	int m = snprintf(text + n, sizeof(text) - n - 1, ".%03ldZ %s %s", now.tv_nsec / 1000000,
			 names[level > LOG_LEVEL_DEBUG ? LOG_LEVEL_DEBUG : level], line);
	n += m < 0 ? 0 : (size_t)m;
	if (n > sizeof(text) - 2)
		n = sizeof(text) - 2;
	/* One event is one line, whatever is in it. */
	for (size_t i = 0; i < n; i++)
		if (text[i] == '\n' || text[i] == '\r')
			text[i] = ' ';
	text[n++] = '\n';
	if (write(STDERR_FILENO, text, n) < 0)
		return; /* nowhere to say it */
}

void log_format(enum log_level level, const char *format, ...)
{
	char line[1024];
	va_list args;
	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	log_line(level, line);
}
