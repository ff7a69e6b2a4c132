/* Host names and their addresses: told by the user, by DNS answers in the capture, or by where a recorded request with
 * such a name in its Request-URI went. */
#pragma once

#include "judge/strmap.h"
#include "sip_text.h"
#include "xfergate/config.h"

#define NAMES_ADDRS 4

enum name_source {		 /* later ones count for more */
		   NAME_GUESSED, /* a configured peer without a word in the capture */
		   NAME_REQUEST, /* of the capture */
		   NAME_DNS,	 /* of the capture */
		   NAME_PARTY,	 /* --as */
		   NAME_USER,	 /* --host */
};

struct name {
	char host[256]; /* lower case */
	struct xf_addr addrs[NAMES_ADDRS];
	unsigned count;
	uint8_t source; /* enum name_source */
};

struct names {
	struct name *items;
	uint32_t count, room;
	struct strmap of; /* by name in lower case */
};

void names_fini(struct names *names);
/* Names that are addresses are left out. 0 or -ENOMEM. */
int names_add(struct names *names, struct sip_text_span host, const struct xf_addr *addr, enum name_source source);
/* NULL: nobody knows. */
const struct name *names_find(const struct names *names, const char *host);
/* A DNS response (RFC 1035): its A and AAAA records, CNAMEs followed. Anything else is ignored. */
int names_add_dns(struct names *names, const void *data, size_t len);
/* "NAME=IP". 0, -ENOMEM or -EINVAL. */
int names_add_user(struct names *names, const char *text);
/* Configured hosts that nobody knows get the first address of their peer's block. */
int names_guess(struct names *names, const struct config *config);
