#include "addr_hash.h"
#include "flow.h"

const struct flow_local *flow_local(const struct flow_table *flows, const struct xf_addr *addr)
{
	uint32_t at = addr_hash(addr);
	/* At most half full, so a free place ends the search. */
	for (;; at++) {
		const struct flow_local *local = &flows->local[at % FLOW_LOCAL_HASH];
		if (local->addr.family == 0)
			return NULL;
		if (xf_addr_eq(&local->addr, addr))
			return local;
	}
}

bool flow_is_sip(const struct flow_table *flows, const struct xf_addr *addr, uint16_t port)
{
	for (unsigned i = 0; i < flows->sip_count; i++)
		if (flows->sip[i].port == port && xf_addr_eq(&flows->sip[i].addr, addr))
			return true;
	return false;
}

/* Set-up: the address's place, made if it is new. */
struct flow_local *flow_local_add(struct flow_table *flows, const struct xf_addr *addr)
{
	uint32_t at = addr_hash(addr);
	for (;; at++) {
		struct flow_local *local = &flows->local[at % FLOW_LOCAL_HASH];
		if (local->addr.family == 0) {
			local->addr = *addr;
			local->media = -1;
			return local;
		}
		if (xf_addr_eq(&local->addr, addr))
			return local;
	}
}
