/* The flow table: where a packet's local address and port lead.
 *
 * Local addresses are what the configuration lists: media addresses, SIP sockets, or both at once. An exact lookup in a
 * small hash gives the address its media index; index and port are the place of an endpoint in an arena, whose memory
 * is computed and not looked up. The address part never changes after creation. The arena grows by chunks: the main
 * thread takes a chunk's memory before it posts the first COMMAND_OPEN in it, zeroed, and nobody gives it back before
 * the table is destroyed. So an endpoint may be looked at by whoever has computed its address, at any time: it is open
 * or it is not, and its owner says so (endpoint.h). The main thread sees to it that no two workers are told to open one
 * index.
 */
#pragma once

#include <stdint.h>
#include "xfergate/addr.h"
#include "xfergate/endpoint.h"
#include "arena.h"
#include "endpoint.h"

#define FLOW_SIP_MAX	64
#define FLOW_LOCAL_HASH 512 /* power of two, at least twice the number of local addresses */

struct flow_config {
	struct xf_addr media[XF_MAX_MEDIA_ADDRS]; /* the place in this list is the endpoint's local address index */
	unsigned media_count;
	struct xf_sockaddr sip[FLOW_SIP_MAX]; /* where our SIP sockets listen, UDP and TCP */
	unsigned sip_count;
};

/* What a destination address is to us. */
struct flow_local {
	struct xf_addr addr; /* family 0: free place */
	int16_t media;	     /* index of the media address, or -1 */
	uint8_t sip;	     /* 1: a SIP socket listens on this address */
	uint8_t zero;
};

/* A media address of IPv4 as it stands in a packet; for a search that costs an instruction or two. */
struct flow_media4 {
	uint32_t addr_be; /* 0: free place */
	uint32_t base;	  /* index of its first endpoint; of a free place slot_count, behind all that can be open */
};

struct flow_table {
	struct flow_media4 media4[FLOW_LOCAL_HASH];
	struct flow_local local[FLOW_LOCAL_HASH];
	struct xf_sockaddr sip[FLOW_SIP_MAX];
	struct xf_addr media[XF_MAX_MEDIA_ADDRS];
	unsigned sip_count, media_count;
	uint32_t slot_count;	  /* media_count * XF_PORT_PAIRS */
	struct arena arena;	  /* main thread */
	struct endpoint **chunks; /* ENDPOINT_CHUNK endpoints each, then their rests and round trips; NULL: none was
				     opened there yet. Written by the main thread, released; read by all, acquired.
				     Those of one address more than there are stay NULL */
};

/* Main thread, before the workers. 0; -EINVAL: too many addresses, one twice, or a SIP port in the media range of a
 * media address; -ENOMEM. */
int flow_table_create(struct flow_table **out, const struct flow_config *config, int socket);
/* With the memory of all endpoints. NULL is fine. */
void flow_table_destroy(struct flow_table *flows);

static inline uint32_t flow_hash4(uint32_t addr_be)
{
	return addr_be * 0x9e3779b1u >> 23;
}

/* Set-up only: the address's place, made if it is new. */
struct flow_local *flow_local_add(struct flow_table *flows, const struct xf_addr *addr);

/* Any core: NULL if the address is not one of the configured ones. */
const struct flow_local *flow_local(const struct flow_table *flows, const struct xf_addr *addr);
/* Any core: index of the first endpoint of a media address; of others slot_count. */
static inline uint32_t flow_base4(const struct flow_table *flows, uint32_t addr_be)
{
	for (uint32_t at = flow_hash4(addr_be);; at++) {
		const struct flow_media4 *place = &flows->media4[at % FLOW_LOCAL_HASH];
		/* 0.0.0.0 is nobody's address, and that of a free place. */
		if (likely(place->addr_be == addr_be) || place->addr_be == 0)
			return place->base;
	}
}

/* Any core: whether a SIP socket listens there. */
bool flow_is_sip(const struct flow_table *flows, const struct xf_addr *addr, uint16_t port);

/* Main thread: before an endpoint is opened on the index, there must be memory for it. 0; -EINVAL: no such index;
 * -ENOMEM. */
int flow_provide(struct flow_table *flows, uint32_t index);

/* Any core: the place of an endpoint, open or not, which has been provided. */
static inline struct endpoint *flow_at(const struct flow_table *flows, uint32_t index)
{
	return __atomic_load_n(&flows->chunks[index / ENDPOINT_CHUNK], __ATOMIC_ACQUIRE) + index % ENDPOINT_CHUNK;
}

/* Any core: the endpoint that is open on the index, or NULL. Whoever is not its owner may only ask who is. */
static inline struct endpoint *flow_get(const struct flow_table *flows, uint32_t index)
{
	if (index >= flows->slot_count || !__atomic_load_n(&flows->chunks[index / ENDPOINT_CHUNK], __ATOMIC_ACQUIRE))
		return NULL;
	struct endpoint *e = flow_at(flows, index);
	return endpoint_owner(e) >= 0 ? e : NULL;
}
