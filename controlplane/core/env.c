#include "core/env.h"

#include <stdarg.h>
#include <stdio.h>

void log_event(const struct env *env, enum log_level level, const char *format, ...)
{
	char line[1024];
	va_list args;
	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	env->seam->log(env->seam->arg, level, line);
}

const char *log_quote(char *buf, size_t size, const char *text)
{
	size_t n = 0;
	if (size < 3)
		return "";
	buf[n++] = '"';
	for (const char *p = text ? text : ""; *p && n + 6 < size; p++) {
		unsigned char c = (unsigned char)*p;
		if (c == '"' || c == '\\') {
			buf[n++] = '\\';
			buf[n++] = (char)c;
		} else if (c < 0x20 || c >= 0x7f) {
			n += (size_t)snprintf(buf + n, size - n, "\\x%02x", c);
		} else {
			buf[n++] = (char)c;
		}
	}
	buf[n++] = '"';
	buf[n] = 0;
	return buf;
}

uint64_t env_random64(const struct env *env)
{
	uint64_t v;
	env->seam->random(env->seam->arg, &v, sizeof(v));
	return v;
}

void env_random_token(const struct env *env, char *buf, size_t count)
{
	static const char digits[] = "0123456789abcdefghijklmnopqrstuvwxyz";
	for (size_t i = 0; i < count; i++) {
		/* 36 does not divide 256: take only bytes below the largest multiple, or the first letters come
		 * oftener. */
		uint8_t b;
		do {
			env->seam->random(env->seam->arg, &b, 1);
		} while (b >= 252);
		buf[i] = digits[b % 36];
	}
	buf[count] = 0;
}
