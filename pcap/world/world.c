#include "world/world.h"

#include <errno.h>
#include <rte_malloc.h>
#include <rte_mempool.h>
#include <stdlib.h>
#include "fast/endpoint.h"
#include "fast/flow.h"
#include "world/inside.h"

#define WORLD_MBUFS	 8191
#define WORLD_MBUF_CACHE 64

static uint64_t heap_bytes(void)
{
	struct rte_malloc_socket_stats stats;
	return rte_malloc_get_socket_stats(0, &stats) == 0 ? stats.heap_allocsz_bytes : 0;
}

int world_create(struct world **out, const struct world_config *config)
{
	struct world *world = calloc(1, sizeof(*world));
	int r = -ENOMEM;
	if (!world)
		return r;
	world->config = config->config;
	world->ops = config->ops;
	world->now_ns = config->start_ns;
	world->tick_ns = world->reconnect_ns = WORLD_NO_TIME;
	world->workers = world->main = config->config->workers;
	world->link_allowed = true;
	world_random_seed(&world->control_random, config->seed);
	world_random_seed(&world->data_random, ~config->seed);
	struct world_queue *queues[] = {&world->sip,	&world->rpc,	&world->resolved, &world->link_in,
					&world->kernel, &world->urgent, &world->link_out};
	for (size_t i = 0; i < sizeof(queues) / sizeof(*queues); i++)
		world_queue_init(queues[i]);
	world_control_wire(world);
	world_data_wire(world);
	world->pool = rte_pktmbuf_pool_create("world", WORLD_MBUFS, WORLD_MBUF_CACHE, 0, RTE_MBUF_DEFAULT_BUF_SIZE,
					      SOCKET_ID_ANY);
	if (world->pool && (r = world_data_start(world)) == 0)
		r = plane_create(&world->plane, world->config, &world->seam, world->now_ns);
	if (r < 0) {
		world_destroy(world);
		return r;
	}
	world_connect(world);
	world_run(world, world->now_ns);
	*out = world;
	return 0;
}

void world_destroy(struct world *world)
{
	if (!world)
		return;
	if (world->plane)
		plane_destroy(world->plane);
	world->plane = NULL;
	world_data_stop(world);
	struct world_queue *queues[] = {&world->sip, &world->rpc, &world->resolved, &world->link_in, &world->link_out};
	for (size_t i = 0; i < sizeof(queues) / sizeof(*queues); i++)
		world_queue_clear(queues[i]);
	rte_mempool_free(world->pool);
	free(world);
}

uint64_t world_now(const struct world *world)
{
	return world->now_ns;
}

static uint32_t world_ready(const struct world *world)
{
	uint32_t ready = 0;
	for (unsigned w = 0; w < world->workers; w++)
		if (world_worker_ready(world, w))
			ready |= 1u << w;
	if (world_main_ready(world))
		ready |= 1u << WORLD_MAIN(world->workers);
	if (world_control_ready(world))
		ready |= 1u << WORLD_CONTROL(world->workers);
	return ready;
}

static uint64_t world_due(const struct world *world)
{
	uint64_t due = RTE_MIN(world->tick_ns, world->reconnect_ns);
	if (world->plane)
		due = RTE_MIN(due, plane_deadline(world->plane));
	return due;
}

uint64_t world_next(const struct world *world)
{
	return world_ready(world) ? world->now_ns : world_due(world);
}

static void world_step(struct world *world, unsigned actor)
{
	if (actor < world->workers)
		world_worker_step(world, actor);
	else if (actor == WORLD_MAIN(world->workers))
		world_main_step(world);
	else
		world_control_step(world);
}

/* What the clock brings by itself. */
static void world_wake(struct world *world)
{
	if (world->reconnect_ns <= world->now_ns)
		world_connect(world);
	if (world->tick_ns > world->now_ns)
		return;
	world->tick_ns = world->now_ns + WORLD_TICK_NS;
	world->ticking = (1u << world->workers) - 1;
	world->ticking_main = true;
}

/* Steps until nothing is ready. false: the one who chooses wants time to go on. */
static bool world_settle(struct world *world)
{
	uint32_t ready;
	while ((ready = world_ready(world))) {
		unsigned actor =
		    world->ops.choose ? world->ops.choose(world->ops.arg, ready) : (unsigned)__builtin_ctz(ready);
		if (actor == WORLD_WAIT)
			return false;
		if (actor < 32 && ready & 1u << actor)
			world_step(world, actor);
	}
	return true;
}

void world_run(struct world *world, uint64_t until_ns)
{
	for (;;) {
		world_wake(world);
		bool settled = world_settle(world);
		uint64_t next = settled ? world_due(world) : world->now_ns + WORLD_WAIT_NS;
		if (next > until_ns)
			break;
		world->now_ns = RTE_MAX(next, world->now_ns);
	}
	world->now_ns = RTE_MAX(until_ns, world->now_ns);
}

void world_jump(struct world *world, uint64_t ns)
{
	world->now_ns += ns;
}

struct plane *world_plane(struct world *world)
{
	return world->plane;
}

struct dplane *world_dplane(struct world *world)
{
	return world->dplane;
}

void world_counts(struct world *world, struct world_counts *counts)
{
	*counts = world->counts;
	for (unsigned w = 0; world->dplane && w < world->workers; w++) {
		const struct worker_stats *stats = worker_stats(dplane_worker(world->dplane, w));
		for (unsigned d = 0; d < XF_DROP_COUNT; d++)
			counts->drops[d] += stats->drops[d];
		for (unsigned p = 0; p < XF_MAX_PEERS; p++) {
			counts->peer_passed[p] += stats->peer_passed[p];
			for (unsigned d = 0; d < XF_SCREEN_DROP_COUNT; d++)
				counts->peer_dropped[p] += stats->peer_drops[p][d];
		}
	}
	counts->mbufs = rte_mempool_in_use_count(world->pool);
	counts->heap_bytes = heap_bytes();
}

void world_endpoints(struct world *world, void (*each)(void *arg, const struct xf_endpoint_state *state), void *arg)
{
	const struct flow_table *flows = world->dplane ? dplane_flows(world->dplane) : NULL;
	for (uint32_t index = 0; flows && index < flows->slot_count; index++) {
		struct xf_endpoint_state state;
		if (endpoint_state(flows, index, &state))
			each(arg, &state);
	}
}
