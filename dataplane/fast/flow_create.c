#include <rte_malloc.h>
#include "endpoint.h"
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
	flows->slot_count = config->media_count * XF_PORT_PAIRS;
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
	slab_init(&flows->endpoints, sizeof(struct endpoint), socket);
	int ret = flow_table_fill(flows, config);
	if (ret < 0)
		goto err_free;
	if (flows->slot_count) {
		flows->slots = rte_zmalloc_socket("xf_flow_slots", flows->slot_count * sizeof(*flows->slots),
						  RTE_CACHE_LINE_SIZE, socket);
		flows->generation_last =
		    rte_zmalloc_socket("xf_flow_generations", flows->slot_count * sizeof(*flows->generation_last),
				       RTE_CACHE_LINE_SIZE, socket);
		if (!flows->slots || !flows->generation_last) {
			ret = -ENOMEM;
			goto err_free;
		}
	}
	*out = flows;
	return 0;
err_free:
	flow_table_destroy(flows);
	return ret;
}

void flow_table_destroy(struct flow_table *flows)
{
	if (!flows)
		return;
	slab_fini(&flows->endpoints);
	rte_free(flows->generation_last);
	rte_free(flows->slots);
	rte_free(flows);
}
