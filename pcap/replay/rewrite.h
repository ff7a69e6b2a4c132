/* An input as this run's gateway must receive it: the recorded message of a party with the identifiers that the gateway
 * chose this time, rewritten header by header. */
#pragma once

#include "match.h"

#define REWRITE_WHY 160

/* The entry's message in buf and the ends it travels between. Everything that it needs must have come (due.h).
 * Returns its length, or -E2BIG, -EBADMSG, -ENOMEM and `why`. */
long rewrite_input(const struct matcher *matcher, uint32_t entry, char *buf, size_t size, struct xf_sockaddr *from,
		   struct xf_sockaddr *to, char why[static REWRITE_WHY]);

/* `text` with every host `old` replaced: not within longer numbers or names. Returns the length or -E2BIG. */
long rewrite_host(char *buf, size_t size, struct sip_text_span text, const char *old, const char *new);
