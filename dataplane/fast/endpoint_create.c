#include "endpoint.h"
#include "flow.h"

int endpoint_create(struct endpoint **out, struct flow_table *flows, const struct endpoint_config *config)
{
	*out = NULL;
	uint32_t index = config->id.index;
	if (index >= flows->slot_count || config->id.generation == 0 || config->owner >= WORKER_MAX)
		return -EINVAL;
	const struct xf_addr *local = &flows->media[xf_endpoint_local_addr(index)];
	int ret = endpoint_check(&config->settings, local, WORKER_MAX_PORTS);
	if (ret < 0)
		return ret;
	struct endpoint *e = slab_alloc(&flows->endpoints);
	if (!e)
		return -ENOMEM;
	e->id = config->id;
	e->owner = config->owner;
	e->local = (struct xf_sockaddr){.addr = *local, .port = xf_endpoint_port(index)};
	stream_init(&e->stream, &config->seed);
	report_open(e);
	memcpy(e->cname, config->seed.cname, sizeof(e->cname));
	endpoint_settings(e, &config->settings, &config->egress);
	*out = e;
	return 0;
}

void endpoint_destroy(struct flow_table *flows, struct endpoint *endpoint)
{
	slab_free(&flows->endpoints, endpoint);
}
