/* Names to addresses: c-ares in the loop. /etc/hosts first, then the servers of /etc/resolv.conf. Main thread. */
#pragma once

#include <event2/event.h>
#include "xfergate/addr.h"

#define DNS_ADDRS_MAX 16

struct dns;

/* count 0: `why` says what went wrong, else it is NULL. Called from the loop, never inside dns_ask. */
typedef void (*dns_handler)(void *arg, uint64_t query, const struct xf_addr *addrs, unsigned count, const char *why);

/* 0, -ENOMEM, -EIO (c-ares cannot start; logged). */
int dns_create(struct dns **out, struct event_base *base, dns_handler handler, void *arg);
/* Questions that are open are not answered. */
void dns_destroy(struct dns *dns);
/* A and AAAA of a name, or an address as it is. Answered exactly once. */
void dns_ask(struct dns *dns, uint64_t query, const char *name);
