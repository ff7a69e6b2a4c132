#include "note.h"

#include <stdarg.h>
#include <stdio.h>

#define NOTE_MAX 512

void note(const struct dplane_seam *seam, enum dplane_log_level level, const char *event, const char *format, ...)
{
	char text[NOTE_MAX];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	seam->log(seam->arg, level, event, text);
}
