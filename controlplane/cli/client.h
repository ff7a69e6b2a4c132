/* One request to the control plane over its Unix socket. */
#pragma once

#include <stddef.h>

#define CLIENT_SOCKET	   "/run/xfergate/xfergate.sock"
#define CLIENT_TIMEOUT_MS  5000
#define CLIENT_TRANSFER_MS 600000      /* a transfer that is waited for */
#define CLIENT_ANSWER_MAX  (64u << 20) /* bytes */

/* Only connects: a socket (not blocking), or -errno with `why`. */
int client_connect(const char *path, int timeout_ms, char *why, size_t why_size);
/* Connects, sends the line, reads one line back (malloc'd, NUL-terminated, without line end). 0, or -errno with `why`,
 * a sentence that says what to do. timeout_ms holds for the whole. */
int client_ask(const char *path, const char *line, int timeout_ms, char **answer, char *why, size_t why_size);
