#include "policy/verdict.h"

#include <stdarg.h>
#include <stdio.h>

bool verdict_allow(struct verdict *verdict)
{
	*verdict = (struct verdict){.allowed = true};
	return true;
}

/* Reasons quote what a peer sent; nothing of it may break a header's quoted string or a line of the log. */
static void verdict_clean(char *reason)
{
	for (unsigned char *c = (unsigned char *)reason; *c; c++) {
		if (*c == '"' || *c == '\\')
			*c = '\'';
		else if (*c < 0x20 || *c >= 0x7f)
			*c = '?';
	}
}

bool verdict_refuse(struct verdict *verdict, int sip_code, const char *format, ...)
{
	va_list args;

	*verdict = (struct verdict){.sip_code = sip_code};
	va_start(args, format);
	vsnprintf(verdict->reason, sizeof(verdict->reason), format, args);
	va_end(args);
	verdict_clean(verdict->reason);
	return false;
}
