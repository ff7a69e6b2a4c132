/* Between the command line and the wire. */
#pragma once

#include <jansson.h>
#include "args.h"

/* The request line of the command (malloc'd); NULL: no memory, or text that is no UTF-8. */
char *request_format(const struct args *args);
/* Takes the result out of an answer line. 0; 1: the daemon refused, `why` says why; -EBADMSG: no answer of ours. */
int request_parse(const char *line, json_t **result, char *why, size_t why_size);
