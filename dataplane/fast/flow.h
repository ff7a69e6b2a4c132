/* The flow table: where a packet's local address and port lead.
 *
 * Local addresses are what the configuration lists: media addresses, SIP sockets, or both at once. An exact lookup in a
 * small hash gives the address its media index; index and port are one array read. The address part never changes after
 * creation. A slot is written by its endpoint's owner worker only (COMMAND_OPEN, COMMAND_CLOSE); the main thread sees
 * to it that no two workers are told to open one index. Everybody may read: an endpoint is freed after a grace period
 * only.
 */
#pragma once

#include <stdint.h>
#include "xfergate/addr.h"
#include "xfergate/endpoint.h"
#include "slab.h"

#define FLOW_SIP_MAX	64
#define FLOW_LOCAL_HASH 512 /* power of two, at least twice the number of local addresses */

struct endpoint;

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
	uint32_t base;	  /* index of its first endpoint */
};

struct flow_table {
	struct flow_media4 media4[FLOW_LOCAL_HASH];
	struct flow_local local[FLOW_LOCAL_HASH];
	struct xf_sockaddr sip[FLOW_SIP_MAX];
	struct xf_addr media[XF_MAX_MEDIA_ADDRS];
	unsigned sip_count, media_count;
	uint32_t slot_count;	   /* media_count * XF_PORT_PAIRS */
	struct slab endpoints;	   /* their memory; the main thread alone takes and gives back */
	struct endpoint **slots;   /* written by the owner, released; read by all, acquired */
	uint32_t *generation_last; /* of each slot: highest that was ever open there; written by the owner; 0: none */
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
/* Any core: index of the first endpoint of a media address, or UINT32_MAX. */
static inline uint32_t flow_base4(const struct flow_table *flows, uint32_t addr_be)
{
	for (uint32_t at = flow_hash4(addr_be);; at++) {
		const struct flow_media4 *place = &flows->media4[at % FLOW_LOCAL_HASH];
		if (place->addr_be == addr_be)
			return place->base;
		if (place->addr_be == 0)
			return UINT32_MAX;
	}
}

/* Any core: whether a SIP socket listens there. */
bool flow_is_sip(const struct flow_table *flows, const struct xf_addr *addr, uint16_t port);

/* Any core: the endpoint open on the index, or NULL. */
static inline struct endpoint *flow_get(const struct flow_table *flows, uint32_t index)
{
	if (index >= flows->slot_count)
		return NULL;
	return __atomic_load_n(&flows->slots[index], __ATOMIC_ACQUIRE);
}

/* Owner worker only. */
static inline void flow_set(struct flow_table *flows, uint32_t index, struct endpoint *endpoint)
{
	__atomic_store_n(&flows->slots[index], endpoint, __ATOMIC_RELEASE);
}

/* Any core: the highest generation that was ever open on the index; 0: none. */
static inline uint32_t flow_generation(const struct flow_table *flows, uint32_t index)
{
	return index < flows->slot_count ? __atomic_load_n(&flows->generation_last[index], __ATOMIC_RELAXED) : 0;
}
