/* By which next hop endpoints send, and who is still to be told that it has changed. */
#include <stdlib.h>
#include <string.h>
#include "endpoints.h"

#define ENDPOINTS_HEADERS_OUTSTANDING 256

static struct next_hop *endpoints_hop(const struct endpoints *endpoints, const struct endpoint_entry *entry)
{
	return entry->next_hop ? next_hop_at(endpoints->next_hops, entry->next_hop) : NULL;
}

/* From here on all are to be told; from nobody on: none is. */
static void endpoints_untold(struct endpoints *endpoints, struct next_hop *hop, uint32_t first)
{
	bool was = hop->untold != XF_ENDPOINT_NONE, is = first != XF_ENDPOINT_NONE;

	hop->untold = first;
	if (is && !was)
		TAILQ_INSERT_TAIL(&endpoints->changed, hop, changed);
	if (was && !is)
		TAILQ_REMOVE(&endpoints->changed, hop, changed);
}

static void endpoints_hop_leave(struct endpoints *endpoints, struct next_hop *hop, struct endpoint_entry *entry)
{
	if (hop->untold == (uint32_t)(entry - endpoints->entries))
		endpoints_untold(endpoints, hop, entry->next);
	if (entry->previous == XF_ENDPOINT_NONE)
		hop->endpoints = entry->next;
	else
		endpoints->entries[entry->previous].next = entry->next;
	if (entry->next != XF_ENDPOINT_NONE)
		endpoints->entries[entry->next].previous = entry->previous;
}

/* Before all others: whoever comes now knows of the latest change. */
static void endpoints_hop_enter(struct endpoints *endpoints, struct next_hop *hop, struct endpoint_entry *entry)
{
	uint32_t index = (uint32_t)(entry - endpoints->entries);

	entry->previous = XF_ENDPOINT_NONE;
	entry->next = hop->endpoints;
	if (entry->next != XF_ENDPOINT_NONE)
		endpoints->entries[entry->next].previous = index;
	hop->endpoints = index;
}

void endpoints_set_next_hop(struct endpoints *endpoints, struct endpoint_entry *entry, struct next_hop *next_hop)
{
	struct next_hop *before = endpoints_hop(endpoints, entry);

	if (before)
		endpoints_hop_leave(endpoints, before, entry);
	next_hop_put(endpoints->next_hops, before);
	entry->next_hop = next_hop ? next_hop->number : 0;
	if (next_hop)
		endpoints_hop_enter(endpoints, next_hop, entry);
}

void endpoints_egress(const struct endpoints *endpoints, const struct endpoint_entry *entry, unsigned port,
		      struct egress *egress)
{
	const struct next_hop *hop = endpoints_hop(endpoints, entry);

	*egress = (struct egress){.port = (uint16_t)port, .vlan = endpoints->ports[port].vlan};
	memcpy(egress->src_mac, endpoints->ports[port].mac, sizeof(egress->src_mac));
	if (hop && hop->resolved) {
		egress->resolved = true;
		memcpy(egress->dst_mac, hop->mac, sizeof(egress->dst_mac));
	}
}

void endpoints_next_hop_changed(struct next_hop *next_hop, void *arg)
{
	endpoints_untold(arg, next_hop, next_hop->endpoints);
}

/* The endpoint may have been closed or updated since; the owner then refuses or has been told the same. */
static void endpoints_header_done(struct command_item *item, void *arg)
{
}

/* Posts the change to the one that is next. False: no memory. */
static bool endpoints_tell(struct endpoints *endpoints, struct next_hop *hop)
{
	uint32_t index = hop->untold;
	const struct endpoint_entry *entry = &endpoints->entries[index];

	if (!entry->closing) {
		struct command_item *item = command_new(COMMAND_HEADER, 0, endpoints_header_done, NULL);
		if (item == NULL)
			return false;
		item->command.id = (struct xf_endpoint_id){index, entry->generation};
		endpoints_egress(endpoints, entry, hop->port, &item->command.egress);
		command_post(endpoints->commands, entry->worker, item);
	}
	endpoints_untold(endpoints, hop, entry->next);
	return true;
}

unsigned endpoints_poll(struct endpoints *endpoints)
{
	unsigned done = 0;

	while (endpoints_pending(endpoints) && endpoints_tell(endpoints, TAILQ_FIRST(&endpoints->changed)))
		done++;
	return done;
}

bool endpoints_pending(const struct endpoints *endpoints)
{
	return !TAILQ_EMPTY(&endpoints->changed) && endpoints->commands->outstanding < ENDPOINTS_HEADERS_OUTSTANDING;
}
