/* That nothing is left when all is over: asked of both planes, not of what they send. */
#include "judge.h"

/* Tables that are built anew lie elsewhere in the heap, with other padding. That not one allocation is left when the
 * world is gone is asked in play.c. */
#define HEAP_SLACK 4096

bool judge_is_empty(struct sim *sim, char *why, size_t size)
{
	struct plane *plane = world_plane(sim->world);
	struct dplane *dplane = world_dplane(sim->world);
	struct shard_counts shard;
	struct sip_counts sip;
	struct media_counts media;
	struct dplane_counts data;
	struct world_counts world;
	shard_counts(plane_shard(plane), &shard);
	sip_stack_counts(shard_sip(plane_shard(plane)), &sip);
	media_counts(plane_media(plane), &media);
	dplane_counts(dplane, &data);
	world_counts(sim->world, &world);
	*why = 0;
	if (shard.calls || shard.legs || shard.transfers)
		snprintf(why, size, "%u calls, %u legs, %u transfers", shard.calls, shard.legs, shard.transfers);
	else if (sip.transactions)
		snprintf(why, size, "%u transactions", sip.transactions);
	else if (media.endpoints || media.ports_used || media.admitted || media.commands_pending || media.orphans)
		snprintf(why, size, "%u endpoints, %u ports, %u admitted addresses, %u commands, %u orphans",
			 media.endpoints, media.ports_used, media.admitted, media.commands_pending, media.orphans);
	else if (data.endpoints || data.neighbours || data.admitted || data.in_limbo)
		snprintf(why, size, "in the dataplane %u endpoints, %u neighbours, %u admitted addresses, %u in limbo",
			 data.endpoints, data.neighbours, data.admitted, data.in_limbo);
	else if (plane_deadline(plane) != UINT64_MAX)
		snprintf(why, size, "a timer of the control plane");
	else if (world_next(sim->world) != UINT64_MAX)
		snprintf(why, size, "something is still due");
	else if (world.mbufs != sim->judge->before.mbufs)
		snprintf(why, size, "%u mbufs, %u before the first call", world.mbufs, sim->judge->before.mbufs);
	else if (world.heap_bytes > sim->judge->before.heap_bytes + data.endpoint_bytes + HEAP_SLACK)
		snprintf(why, size, "%llu bytes of DPDK's heap, %llu before the first call, %llu kept for endpoints",
			 (unsigned long long)world.heap_bytes, (unsigned long long)sim->judge->before.heap_bytes,
			 (unsigned long long)data.endpoint_bytes);
	return !*why;
}
