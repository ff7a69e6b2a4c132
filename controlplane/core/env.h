/* The control plane's seam: everything that it takes from the world and gives to it.
 *
 * The plane has no clock, socket, thread or randomness of its own. Whoever drives it (the daemon's main(), replay, a
 * test) sets now_ns before each entry, calls the functions of plane/plane.h, and wires struct seam. One thread.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include "xfergate/addr.h"
#include "core/timer.h"

#define NS_PER_MS 1000000ull
/* DPDK's rte_time.h has an int of that name: where both are included this one must win, so include it last. */
#undef NS_PER_S
#define NS_PER_S 1000000000ull

enum log_level {
	LOG_LEVEL_ERROR,
	LOG_LEVEL_WARNING,
	LOG_LEVEL_INFO,
	LOG_LEVEL_DEBUG,
};

/* How the kernel would send to an address. */
struct seam_route {
	uint32_t network;	 /* index of the configuration's network whose port the route leaves by */
	struct xf_addr next_hop; /* on-link: the address itself, or the router */
};

struct seam {
	void *arg;
	/* Fills len bytes that nobody can guess (seeded in replay and tests). */
	void (*random)(void *arg, void *buf, size_t len);
	/* One SIP datagram from the network's SIP socket. Errors come back as timeouts do: not at all. */
	void (*send_sip)(void *arg, uint32_t network, const struct xf_sockaddr *to, const void *data, size_t len);
	/* One packet on the link. 0, or -errno: the link is down. */
	int (*send_link)(void *arg, const void *packet, size_t len);
	/* Asks for the A and AAAA records of a name; answered by plane_resolved(query, …). */
	void (*resolve)(void *arg, uint64_t query, const char *name);
	/* 0 or -ENETUNREACH. */
	int (*route)(void *arg, const struct xf_addr *to, struct seam_route *out);
	/* One JSON-RPC response line, without line end, to the client of the request. */
	void (*reply)(void *arg, uint64_t client, const char *json, size_t len);
	/* One line, without line end. */
	void (*log)(void *arg, enum log_level level, const char *line);
	/* One line that is no answer, to a client. 0; or -ENOBUFS: it reads too slowly, and the line is lost. NULL:
	 * such lines go the way of `reply`. */
	int (*notify)(void *arg, uint64_t client, const char *json, size_t len);
};

struct env {
	uint64_t now_ns; /* monotonic; written by the plane's entry points only */
	struct timers timers;
	const struct seam *seam;
};

/* "key=value" text of one event. No secrets, no media; values from outside are quoted by log_quote. */
__attribute__((format(printf, 3, 4))) void log_event(const struct env *env, enum log_level level, const char *format,
						     ...);

/* Copies text with quotes around it and control characters, quotes and backslashes escaped, cut to fit. Returns buf. */
const char *log_quote(char *buf, size_t size, const char *text);

uint64_t env_random64(const struct env *env);
/* count characters of [0-9a-z], NUL-terminated: tags, branches, Call-IDs. buf holds count + 1. */
void env_random_token(const struct env *env, char *buf, size_t count);
