/* The control plane's seam in memory, and its step. */
#include <errno.h>
#include <stdlib.h>
#include "world/inside.h"

static void seam_random(void *arg, void *buf, size_t len)
{
	struct world *world = arg;
	world_random_fill(&world->control_random, buf, len);
}

static void seam_send_sip(void *arg, uint32_t network, const struct xf_sockaddr *to, const void *data, size_t len)
{
	world_kernel_send(arg, network, to, data, len);
}

static int seam_send_link(void *arg, const void *packet, size_t len)
{
	struct world *world = arg;
	if (!world->connected)
		return -ENOTCONN;
	return world_queue_add(&world->link_out, 0, packet, len) ? 0 : -ENOMEM;
}

static void seam_resolve(void *arg, uint64_t query, const char *name)
{
	struct world *world = arg;
	world->ops.resolve(world->ops.arg, query, name);
}

static int seam_route_look_up(void *arg, const struct xf_addr *to, struct seam_route *out)
{
	return world_route(arg, to, out);
}

static void seam_reply(void *arg, uint64_t client, const char *json, size_t len)
{
	struct world *world = arg;
	if (world->ops.reply)
		world->ops.reply(world->ops.arg, client, json, len);
}

static void seam_log(void *arg, enum log_level level, const char *line)
{
	struct world *world = arg;
	if (world->ops.log)
		world->ops.log(world->ops.arg, level, line);
}

void world_control_wire(struct world *world)
{
	world->seam = (struct seam){
	    .arg = world,
	    .random = seam_random,
	    .send_sip = seam_send_sip,
	    .send_link = seam_send_link,
	    .resolve = seam_resolve,
	    .route = seam_route_look_up,
	    .reply = seam_reply,
	    .log = seam_log,
	};
}

bool world_control_ready(const struct world *world)
{
	return world->plane && (world->control_told_lost || world->link_in.count || world->resolved.count ||
				world->rpc.count || world->sip.count || plane_deadline(world->plane) <= world->now_ns);
}

static void control_take_link(struct world *world)
{
	struct world_item *item = world_queue_take(&world->link_in);
	plane_link_packet(world->plane, world->now_ns, item->bytes, item->len);
	free(item);
}

static void control_take_resolved(struct world *world)
{
	struct world_item *item = world_queue_take(&world->resolved);
	plane_resolved(world->plane, world->now_ns, item->number, (const struct xf_addr *)item->bytes,
		       item->addrs_count, item->gone ? (const char *)item->bytes : NULL);
	free(item);
}

static void control_take_rpc(struct world *world)
{
	struct world_item *item = world_queue_take(&world->rpc);
	if (item->gone)
		plane_rpc_gone(world->plane, world->now_ns, item->number);
	else
		plane_rpc(world->plane, world->now_ns, item->number, (const char *)item->bytes, item->len);
	free(item);
}

static void control_take_sip(struct world *world)
{
	struct world_item *item = world_queue_take(&world->sip);
	world->counts.sip_in++;
	plane_sip_datagram(world->plane, world->now_ns, item->network, &item->from, item->bytes, item->len);
	free(item);
}

/* One input, then what is due: as the daemon's loop does after each. */
void world_control_step(struct world *world)
{
	if (world->control_told_lost) {
		world->control_told_lost = false;
		plane_link_down(world->plane, world->now_ns);
	} else if (world->link_in.count) {
		control_take_link(world);
	} else if (world->resolved.count) {
		control_take_resolved(world);
	} else if (world->rpc.count) {
		control_take_rpc(world);
	} else if (world->sip.count) {
		control_take_sip(world);
	}
	if (plane_deadline(world->plane) <= world->now_ns)
		plane_run(world->plane, world->now_ns);
}

void world_rpc(struct world *world, uint64_t client, const char *line, size_t len)
{
	struct world_item *item = world->plane ? world_queue_add(&world->rpc, 0, line, len) : NULL;
	if (item)
		item->number = client;
}

void world_rpc_gone(struct world *world, uint64_t client)
{
	struct world_item *item = world->plane ? world_queue_add(&world->rpc, 0, NULL, 0) : NULL;
	if (!item)
		return;
	item->number = client;
	item->gone = true;
}

void world_resolved(struct world *world, uint64_t query, const struct xf_addr *addrs, unsigned count, const char *why)
{
	struct world_item *item = NULL;
	if (world->plane)
		item = count ? world_queue_add(&world->resolved, 0, addrs, count * sizeof(*addrs))
			     : world_queue_add(&world->resolved, 0, why ? why : "no such host",
					       strlen(why ? why : "no such host"));
	if (!item)
		return;
	item->number = query;
	item->addrs_count = count;
	item->gone = count == 0;
}
