/* Who may talk SIP to us. A source is an address block with a role; a peer is whom it belongs to. */
#pragma once

#include <stdint.h>
#include "xfergate/addr.h"

/* X(symbol, "name") */
#define XF_ROLES(X)                                                                                                    \
	X(PROVIDER, "provider")                                                                                        \
	X(AGENT, "agent")                                                                                              \
	X(TARGET, "target")

enum xf_role {
#define X(symbol, name) XF_ROLE_##symbol,
	XF_ROLES(X)
#undef X
	    XF_ROLE_COUNT
};

static inline const char *xf_role_name(unsigned role)
{
	static const char *const names[] = {
#define X(symbol, name) name,
	    XF_ROLES(X)
#undef X
	};
	return role < XF_ROLE_COUNT ? names[role] : "unknown";
}

/* One block of the source table. The longest prefix wins. */
struct xf_source {
	struct xf_prefix block;
	uint16_t peer; /* the control plane's number of the peer; the dataplane only counts by it */
	uint8_t role;  /* enum xf_role */
	uint8_t zero;
};
_Static_assert(sizeof(struct xf_source) == 28, "crosses the link: raise XF_LINK_VERSION when it changes");

#define XF_MAX_SOURCES	4096
#define XF_MAX_ADMITTED 16384
#define XF_MAX_PEERS	1024

/* Whom the dataplane counts by: the peers, and those who have no number of their own. */
#define XF_PEER_OPEN	XF_MAX_PEERS	   /* addresses that must authenticate */
#define XF_PEER_TARGETS (XF_MAX_PEERS + 1) /* admitted addresses, all together */
#define XF_PEER_ROWS	(XF_MAX_PEERS + 2)
