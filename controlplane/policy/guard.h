/* The destination guard: where an agent may send a call, and where nobody may.
 *
 * `agent` is an index, or XF_NONE for an operator (and for the targets of a plan, which the operator wrote): an
 * operator may call anything but what no call can go to. A provider is nobody's SIP destination: what goes there goes
 * by number, with a caller ID that was checked. Refusals have 403.
 */
#pragma once

#include "policy/verdict.h"
#include "xfergate/config.h"
#include "xfergate/e164.h"

/* By the agent's may.prefixes and may.countries. A number whose country the numbering data does not know is in none. */
bool guard_number(const struct config *config, uint32_t agent, const struct e164 *number, struct verdict *verdict);

/* By the agent's may.domains: the host itself, "*.suffix", or an address block. An address is judged by guard_address
 * too, and a trunk's name is refused. */
bool guard_host(const struct config *config, uint32_t agent, const char *host, struct verdict *verdict);

/* An address that `host` resolved to: a name that is allowed must not lead inside. Private, loopback and link-local
 * addresses and our own only if may.domains lists such an address or a block that lies wholly within them; multicast,
 * broadcast and 0.0.0.0/8 never, nor a trunk's address or one whose longest source block is a provider's; an operator
 * never to ourselves. */
bool guard_address(const struct config *config, uint32_t agent, const struct xf_addr *addr, const char *host,
		   struct verdict *verdict);

/* Whether it is one of the addresses that the configuration gives us. */
bool guard_is_ours(const struct config *config, const struct xf_addr *addr);

/* May the requests of a dialog go to `addr` because the peer at `peer` named it as its Contact or Record-Route? Never
 * to ourselves or to where no call can go; to an inside address only from one of the same kind. */
bool guard_hop(const struct config *config, const struct xf_addr *addr, const struct xf_addr *peer);
