#include <rte_malloc.h>
#include "flow.h"

static_assert(FLOW_LOCAL_HASH >= 2 * (XF_MAX_MEDIA_ADDRS + FLOW_SIP_MAX), "a search must meet a free place");

static bool flow_addr_ok(const struct xf_addr *addr)
{
	return addr->family == 4 || addr->family == 6;
}

static void flow_media4_add(struct flow_table *flows, const struct xf_addr *addr, uint32_t base)
{
	uint32_t addr_be, at;
	memcpy(&addr_be, addr->bytes, sizeof(addr_be));
	/* 0.0.0.0 is nobody's. */
	if (addr->family != 4 || addr_be == 0)
		return;
	for (at = flow_hash4(addr_be); flows->media4[at % FLOW_LOCAL_HASH].addr_be; at++)
		;
	flows->media4[at % FLOW_LOCAL_HASH] = (struct flow_media4){addr_be, base};
}

static int flow_table_fill(struct flow_table *flows, const struct flow_config *config)
{
	flows->slot_count = config->media_count * XF_PORT_PAIRS;
	for (unsigned i = 0; i < FLOW_LOCAL_HASH; i++)
		flows->media4[i].base = flows->slot_count;
	for (unsigned i = 0; i < config->media_count; i++) {
		if (!flow_addr_ok(&config->media[i]))
			return -EINVAL;
		struct flow_local *local = flow_local_add(flows, &config->media[i]);
		if (local->media >= 0)
			return -EINVAL;
		local->media = (int16_t)i;
		flows->media[i] = config->media[i];
		flow_media4_add(flows, &config->media[i], i * XF_PORT_PAIRS);
	}
	for (unsigned i = 0; i < config->sip_count; i++) {
		const struct xf_sockaddr *sip = &config->sip[i];
		if (!flow_addr_ok(&sip->addr) || sip->port == 0)
			return -EINVAL;
		struct flow_local *local = flow_local_add(flows, &sip->addr);
		if (local->media >= 0 && sip->port >= XF_MEDIA_PORT_FIRST && sip->port <= XF_MEDIA_PORT_LAST)
			return -EINVAL;
		local->sip = 1;
		flows->sip[i] = *sip;
	}
	flows->media_count = config->media_count;
	flows->sip_count = config->sip_count;
	return 0;
}

int flow_table_create(struct flow_table **out, const struct flow_config *config, int socket)
{
	*out = NULL;
	if (config->media_count > XF_MAX_MEDIA_ADDRS || config->sip_count > FLOW_SIP_MAX)
		return -EINVAL;
	struct flow_table *flows = rte_zmalloc_socket("xf_flow", sizeof(*flows), RTE_CACHE_LINE_SIZE, socket);
	if (!flows)
		return -ENOMEM;
	flows->arena.socket = socket;
	int ret = flow_table_fill(flows, config);
	if (ret < 0)
		goto err_free;
	size_t chunks = (flows->slot_count + XF_PORT_PAIRS) / ENDPOINT_CHUNK;
	flows->chunks =
	    rte_zmalloc_socket("xf_flow_chunks", chunks * sizeof(*flows->chunks), RTE_CACHE_LINE_SIZE, socket);
	if (!flows->chunks) {
		ret = -ENOMEM;
		goto err_free;
	}
	*out = flows;
	return 0;
err_free:
	flow_table_destroy(flows);
	return ret;
}

int flow_provide(struct flow_table *flows, uint32_t index)
{
	if (index >= flows->slot_count)
		return -EINVAL;
	struct endpoint **place = &flows->chunks[index / ENDPOINT_CHUNK];
	if (*place)
		return 0;
	uint8_t family = flows->media[xf_endpoint_local_addr(index)].family;
	size_t size = ENDPOINT_CHUNK * (sizeof(struct endpoint) + endpoint_rest_size(family) + sizeof(uint16_t));
	struct endpoint *chunk = arena_take(&flows->arena, size);
	if (!chunk)
		return -ENOMEM;
	__atomic_store_n(place, chunk, __ATOMIC_RELEASE);
	return 0;
}

void flow_table_destroy(struct flow_table *flows)
{
	if (!flows)
		return;
	for (uint32_t i = 0; flows->chunks && i < flows->slot_count / ENDPOINT_CHUNK; i++)
		arena_give(&flows->arena, flows->chunks[i]);
	arena_end(&flows->arena);
	rte_free(flows->chunks);
	rte_free(flows);
}
