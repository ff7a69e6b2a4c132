/* What policy says: yes, or no with the SIP code and what to do about it. */
#pragma once

#include <stdbool.h>

struct verdict {
	bool allowed;
	int sip_code;	  /* of a refusal: 400 (cannot be read), 403 (not allowed); 0 if allowed */
	char reason[256]; /* of a refusal, for the log and a Warning header: no quotes, backslashes or control
			     characters */
};

/* Always true, so that a decision can end with `return verdict_allow(v)`. */
bool verdict_allow(struct verdict *verdict);

/* Always false. */
__attribute__((format(printf, 3, 4))) bool verdict_refuse(struct verdict *verdict, int sip_code, const char *format,
							  ...);
