#include "media/ports.h"

#include <sys/queue.h>

enum port_state {
	PORT_ABSENT, /* outside media_port_first..media_port_last */
	PORT_FREE,
	PORT_RESTING,
	PORT_USED,
};

struct port {
	TAILQ_ENTRY(port) link; /* in its network's list of its state; used ports are in none */
	uint64_t rested_ns;	/* RESTING: when it is free again */
	uint8_t state;
};

TAILQ_HEAD(port_list, port);

struct network_ports {
	struct port_list free;
	struct port_list resting; /* in order of rested_ns: the quarantine is one for all */
	uint32_t free_count, resting_count, used_count;
};

struct ports {
	uint64_t quarantine_ns;
	uint32_t addr_count, network_count;
	struct network_ports *networks;
	uint32_t *network_of; /* by local address index */
	struct port *port;    /* by endpoint index */
};

/* splitmix64: enough to spread ports, whose order the peers see sooner or later. */
static uint64_t next_random(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15ull;
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

static void ports_fill(struct ports *ports, const struct config *config, uint32_t network, uint64_t *random,
		       uint32_t *order)
{
	const struct config_network *n = &config->networks[network];
	unsigned first = (config->media_port_first - XF_MEDIA_PORT_FIRST) / 2u;
	unsigned count = (config->media_port_last - config->media_port_first + 1) / 2u;
	for (unsigned i = 0; i < count; i++)
		order[i] = first + i;
	for (unsigned i = count; i > 1; i--) {
		unsigned j = (unsigned)(next_random(random) % i);
		uint32_t t = order[i - 1];
		order[i - 1] = order[j];
		order[j] = t;
	}
	struct network_ports *list = &ports->networks[network];
	for (unsigned i = 0; i < count; i++) {
		for (unsigned a = 0; a < n->media_count; a++) {
			struct port *port = &ports->port[(n->media_first + a) * XF_PORT_PAIRS + order[i]];
			port->state = PORT_FREE;
			TAILQ_INSERT_TAIL(&list->free, port, link);
			list->free_count++;
		}
	}
	for (unsigned a = 0; a < n->media_count; a++)
		ports->network_of[n->media_first + a] = network;
}

static uint32_t addr_total(const struct config *config)
{
	uint32_t total = 0;
	for (uint32_t i = 0; i < config->network_count; i++) {
		const struct config_network *n = &config->networks[i];
		if (n->media_count > XF_MAX_MEDIA_ADDRS || n->media_first > XF_MAX_MEDIA_ADDRS - n->media_count)
			return UINT32_MAX;
		if (n->media_first + n->media_count > total)
			total = n->media_first + n->media_count;
	}
	return total;
}

int ports_create(struct ports **out, const struct config *config, uint64_t seed)
{
	uint32_t addr_count = addr_total(config);
	if (addr_count == UINT32_MAX || config->media_port_first < XF_MEDIA_PORT_FIRST ||
	    config->media_port_last > XF_MEDIA_PORT_LAST || config->media_port_first >= config->media_port_last ||
	    config->media_port_first % 2 != 0)
		return -EINVAL;
	struct ports *ports = calloc(1, sizeof(*ports));
	uint32_t *order = calloc(XF_PORT_PAIRS, sizeof(*order));
	if (!ports || !order)
		goto err_memory;
	ports->quarantine_ns = (uint64_t)config->quarantine_ms * 1000000;
	ports->addr_count = addr_count;
	ports->network_count = config->network_count;
	ports->networks = calloc(config->network_count + 1, sizeof(*ports->networks));
	ports->network_of = malloc((addr_count + 1) * sizeof(*ports->network_of));
	ports->port = calloc((size_t)addr_count * XF_PORT_PAIRS + 1, sizeof(*ports->port));
	if (!ports->networks || !ports->network_of || !ports->port)
		goto err_memory;
	for (uint32_t a = 0; a < addr_count; a++)
		ports->network_of[a] = XF_NONE;
	for (uint32_t n = 0; n < config->network_count; n++) {
		TAILQ_INIT(&ports->networks[n].free);
		TAILQ_INIT(&ports->networks[n].resting);
		ports_fill(ports, config, n, &seed, order);
	}
	free(order);
	*out = ports;
	return 0;

err_memory:
	free(order);
	ports_destroy(ports);
	return -ENOMEM;
}

void ports_destroy(struct ports *ports)
{
	if (!ports)
		return;
	free(ports->port);
	free(ports->network_of);
	free(ports->networks);
	free(ports);
}

uint32_t ports_network(const struct ports *ports, uint32_t index)
{
	unsigned addr = xf_endpoint_local_addr(index);
	return addr < ports->addr_count ? ports->network_of[addr] : XF_NONE;
}

static struct port *ports_at(const struct ports *ports, uint32_t index)
{
	if (ports_network(ports, index) == XF_NONE || ports->port[index].state == PORT_ABSENT)
		return NULL;
	return &ports->port[index];
}

static void ports_wake(struct network_ports *list, uint64_t now_ns)
{
	struct port *port;
	while ((port = TAILQ_FIRST(&list->resting)) && port->rested_ns <= now_ns) {
		TAILQ_REMOVE(&list->resting, port, link);
		list->resting_count--;
		port->state = PORT_FREE;
		TAILQ_INSERT_TAIL(&list->free, port, link);
		list->free_count++;
	}
}

static void ports_use(struct network_ports *list, struct port *port)
{
	if (port->state == PORT_FREE) {
		TAILQ_REMOVE(&list->free, port, link);
		list->free_count--;
	} else {
		TAILQ_REMOVE(&list->resting, port, link);
		list->resting_count--;
	}
	port->state = PORT_USED;
	list->used_count++;
}

int ports_take(struct ports *ports, uint32_t network, uint64_t now_ns, uint32_t *index)
{
	if (network >= ports->network_count)
		return -ENOSPC;
	struct network_ports *list = &ports->networks[network];
	ports_wake(list, now_ns);
	struct port *port = TAILQ_FIRST(&list->free);
	if (!port)
		return -ENOSPC;
	ports_use(list, port);
	*index = (uint32_t)(port - ports->port);
	return 0;
}

int ports_mark(struct ports *ports, uint32_t index)
{
	struct port *port = ports_at(ports, index);
	if (!port)
		return -ERANGE;
	if (port->state == PORT_USED)
		return -EBUSY;
	ports_use(&ports->networks[ports_network(ports, index)], port);
	return 0;
}

void ports_release(struct ports *ports, uint32_t index, uint64_t now_ns)
{
	struct port *port = ports_at(ports, index);
	if (!port || port->state != PORT_USED)
		return;
	struct network_ports *list = &ports->networks[ports_network(ports, index)];
	list->used_count--;
	port->state = PORT_RESTING;
	port->rested_ns = now_ns + ports->quarantine_ns;
	TAILQ_INSERT_TAIL(&list->resting, port, link);
	list->resting_count++;
}

void ports_count(const struct ports *ports, uint64_t now_ns, struct ports_counts *counts)
{
	*counts = (struct ports_counts){0};
	for (uint32_t n = 0; n < ports->network_count; n++) {
		const struct network_ports *list = &ports->networks[n];
		const struct port *port;
		uint32_t rested = 0;
		TAILQ_FOREACH(port, &list->resting, link)
		{
			if (port->rested_ns > now_ns)
				break;
			rested++;
		}
		counts->free += list->free_count + rested;
		counts->resting += list->resting_count - rested;
		counts->used += list->used_count;
	}
}
