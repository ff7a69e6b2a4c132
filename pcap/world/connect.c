#include "world/inside.h"

void world_connect(struct world *world)
{
	world->reconnect_ns = WORLD_NO_TIME;
	if (world->connected || !world->link_allowed || !world->plane || !world->dplane)
		return;
	/* Each end first hears that the former connection is lost. */
	if (world->control_told_lost)
		plane_link_down(world->plane, world->now_ns);
	if (world->dataplane_told_lost)
		dplane_link_down(world->dplane, world->now_ns);
	world->control_told_lost = world->dataplane_told_lost = false;
	world->connected = true;
	dplane_link_up(world->dplane, world->now_ns);
	plane_link_up(world->plane, world->now_ns);
}

void world_disconnect(struct world *world)
{
	if (!world->connected)
		return;
	world->connected = false;
	world_queue_clear(&world->link_in);
	world_queue_clear(&world->link_out);
	world->control_told_lost = world->plane != NULL;
	world->dataplane_told_lost = world->dplane != NULL;
	world->reconnect_ns = world->now_ns + WORLD_RETRY_NS;
}

void world_link(struct world *world, bool up)
{
	world->link_allowed = up;
	if (!up)
		world_disconnect(world);
	else
		world->reconnect_ns = world->now_ns;
}

void world_control(struct world *world, bool alive)
{
	if (alive == (world->plane != NULL))
		return;
	if (alive) {
		if (plane_create(&world->plane, world->config, &world->seam, world->now_ns) < 0)
			world->plane = NULL;
		world->reconnect_ns = world->now_ns;
		return;
	}
	world_disconnect(world);
	plane_destroy(world->plane);
	world->plane = NULL;
	world->control_told_lost = false;
	world_queue_clear(&world->sip);
	world_queue_clear(&world->rpc);
	world_queue_clear(&world->resolved);
}

void world_dataplane(struct world *world, bool alive)
{
	if (alive == (world->dplane != NULL))
		return;
	if (alive) {
		world_data_start(world);
		world->reconnect_ns = world->now_ns;
		return;
	}
	world_disconnect(world);
	world_data_stop(world);
	world->dataplane_told_lost = false;
}

void world_stop(struct world *world)
{
	if (world->plane)
		plane_stop(world->plane, world->now_ns);
}
