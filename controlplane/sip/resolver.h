/* From a SIP URI to addresses: numeric hosts at once, names by A and AAAA through the seam (RFC 3263 4.2 without
 * NAPTR and SRV). Bounded: RESOLVER_QUERIES_MAX questions at a time, one per name. */
#pragma once

#include "core/env.h"
#include "sip/uri.h"

#define RESOLVER_ADDRS_MAX   8
#define RESOLVER_QUERIES_MAX 1024

struct resolver;

/* count 0: `why` says what went wrong. Called exactly once per question, never inside resolver_ask. */
typedef void (*resolver_done)(void *arg, uint64_t owner, const struct xf_sockaddr *addrs, unsigned count,
			      const char *why);

int resolver_create(struct resolver **out, struct env *env, resolver_done done, void *arg);
void resolver_destroy(struct resolver *resolver);

/* Port: the URI's, else 5060. 0, -EBUSY (too many), -ENOTSUP (sips or a transport other than udp: not spoken here),
 * -EINVAL (no host), -ENOMEM. */
int resolver_ask(struct resolver *resolver, uint64_t owner, const struct sip_uri *uri);
/* No callback any more for this owner. */
void resolver_forget(struct resolver *resolver, uint64_t owner);

/* From the seam: the answer to seam.resolve(query). count 0: not found. A question is given up after 5 s. */
void resolver_answered(struct resolver *resolver, uint64_t query, const struct xf_addr *addrs, unsigned count,
		       const char *why);
uint32_t resolver_pending(const struct resolver *resolver);
