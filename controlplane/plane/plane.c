#include "plane/plane.h"
#include "api/api.h"

#include <errno.h>
#include <stdlib.h>

struct plane {
	struct env env;
	struct media *media;
	struct shard *shard;
	struct api *api;
};

static void transfer_finished(void *arg, const struct transfer *transfer)
{
	struct plane *plane = arg;
	api_transfer_finished(plane->api, transfer);
}

static void traffic(void *arg, const struct shard_traffic *passed)
{
	struct plane *plane = arg;
	if (plane->api)
		api_traffic(plane->api, passed);
}

static void call_gone(void *arg, uint64_t call)
{
	struct plane *plane = arg;
	if (plane->api)
		api_call_gone(plane->api, call);
}

int plane_create(struct plane **out, const struct config *config, const struct seam *seam, uint64_t now_ns)
{
	struct plane *plane = calloc(1, sizeof(*plane));
	if (!plane)
		return -ENOMEM;
	plane->env = (struct env){.now_ns = now_ns, .seam = seam};
	timers_init(&plane->env.timers);
	struct media_user media_user = shard_media_user(&plane->shard);
	struct shard_user shard_user = {
	    .arg = plane, .transfer_finished = transfer_finished, .traffic = traffic, .call_gone = call_gone};
	int r = media_create(&plane->media, &plane->env, config, &media_user);
	if (r == 0)
		r = shard_create(&plane->shard, &plane->env, config, plane->media, &shard_user);
	if (r == 0)
		r = api_create(&plane->api, &plane->env, config, plane->shard, plane->media);
	if (r < 0) {
		plane_destroy(plane);
		return r;
	}
	*out = plane;
	return 0;
}

void plane_destroy(struct plane *plane)
{
	if (!plane)
		return;
	if (plane->api)
		api_destroy(plane->api);
	plane->api = NULL;
	shard_destroy(plane->shard);
	plane->shard = NULL;
	if (plane->media)
		media_destroy(plane->media);
	timers_fini(&plane->env.timers);
	free(plane);
}

void plane_sip_datagram(struct plane *plane, uint64_t now_ns, uint32_t network, const struct xf_sockaddr *from,
			const void *data, size_t len)
{
	plane->env.now_ns = now_ns;
	shard_datagram(plane->shard, network, from, data, len);
}

void plane_link_up(struct plane *plane, uint64_t now_ns)
{
	plane->env.now_ns = now_ns;
	media_link_up(plane->media);
}

void plane_link_down(struct plane *plane, uint64_t now_ns)
{
	plane->env.now_ns = now_ns;
	media_link_down(plane->media);
}

void plane_link_packet(struct plane *plane, uint64_t now_ns, const void *packet, size_t len)
{
	plane->env.now_ns = now_ns;
	media_link_receive(plane->media, packet, len);
}

void plane_resolved(struct plane *plane, uint64_t now_ns, uint64_t query, const struct xf_addr *addrs, unsigned count,
		    const char *why)
{
	plane->env.now_ns = now_ns;
	shard_resolved(plane->shard, query, addrs, count, why);
}

void plane_routes_changed(struct plane *plane, uint64_t now_ns)
{
	plane->env.now_ns = now_ns;
	media_routes_changed(plane->media);
}

void plane_rpc(struct plane *plane, uint64_t now_ns, uint64_t client, const char *line, size_t len)
{
	plane->env.now_ns = now_ns;
	api_request(plane->api, client, line, len);
}

void plane_rpc_gone(struct plane *plane, uint64_t now_ns, uint64_t client)
{
	plane->env.now_ns = now_ns;
	api_client_gone(plane->api, client);
}

uint64_t plane_deadline(const struct plane *plane)
{
	return timers_next(&plane->env.timers);
}

void plane_run(struct plane *plane, uint64_t now_ns)
{
	plane->env.now_ns = now_ns;
	timers_run(&plane->env.timers, now_ns);
}

void plane_stop(struct plane *plane, uint64_t now_ns)
{
	plane->env.now_ns = now_ns;
	shard_stop(plane->shard);
}

bool plane_stopped(const struct plane *plane)
{
	return shard_stopped(plane->shard);
}

const struct shard *plane_shard(const struct plane *plane)
{
	return plane->shard;
}

const struct media *plane_media(const struct plane *plane)
{
	return plane->media;
}
