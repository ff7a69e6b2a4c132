#include "endpoints.h"

/* Whether it has been without media for too long. */
static bool endpoints_orphan_due(const struct endpoints *endpoints, uint32_t index, uint64_t now_ns)
{
	const struct endpoint *endpoint = flow_at(endpoints->flows, index);
	const struct endpoint_entry *entry = &endpoints->entries[index];

	if (!entry->open || !entry->opened || entry->closing || entry->claimed)
		return false;
	uint64_t last_rx_ns = counter_get(&endpoint->last_rx_ns), timeout_ns = endpoint_timeout_ns(endpoint);
	uint64_t since_ns = last_rx_ns > endpoint->opened_ns ? last_rx_ns : endpoint->opened_ns;
	uint64_t limit_ns = timeout_ns ? timeout_ns : ENDPOINTS_ORPHAN_NS;
	return now_ns >= since_ns && now_ns - since_ns >= limit_ns;
}

unsigned endpoints_sweep(struct endpoints *endpoints, uint64_t now_ns)
{
	unsigned done = 0;

	if (endpoints->instance == 0 || endpoints->orphan_count == 0 ||
	    now_ns - endpoints->hello_ns < ENDPOINTS_ORPHAN_GRACE_NS)
		return 0;
	for (uint32_t i = 0; i < endpoints->slot_count; i++) {
		struct endpoint_entry *entry = &endpoints->entries[i];
		const struct xf_endpoint_id id = {i, entry->generation};
		if (!entry->open || !endpoints_orphan_due(endpoints, i, now_ns))
			continue;
		if (endpoints_close_entry(endpoints, entry, &(struct endpoints_answer){0}) == 0) {
			endpoints->orphan_closed(&id, endpoints->arg);
			done++;
		}
	}
	return done;
}
