/* The control plane whole: everything goes in and comes out here (see core/env.h). Each entry sets the time. */
#pragma once

#include "call/call.h"
#include "core/env.h"
#include "media/media.h"
#include "xfergate/config.h"

struct plane;

/* `config` and `seam` must outlive the plane. 0 or -errno. */
int plane_create(struct plane **out, const struct config *config, const struct seam *seam, uint64_t now_ns);
void plane_destroy(struct plane *plane);

void plane_sip_datagram(struct plane *plane, uint64_t now_ns, uint32_t network, const struct xf_sockaddr *from,
			const void *data, size_t len);
void plane_link_up(struct plane *plane, uint64_t now_ns);
void plane_link_down(struct plane *plane, uint64_t now_ns);
void plane_link_packet(struct plane *plane, uint64_t now_ns, const void *packet, size_t len);
void plane_resolved(struct plane *plane, uint64_t now_ns, uint64_t query, const struct xf_addr *addrs, unsigned count,
		    const char *why);
/* The kernel's routes, addresses or links may have changed: what seam.route answers. */
void plane_routes_changed(struct plane *plane, uint64_t now_ns);
/* One JSON-RPC line of a client; answered through seam.reply, perhaps later. */
void plane_rpc(struct plane *plane, uint64_t now_ns, uint64_t client, const char *line, size_t len);
void plane_rpc_gone(struct plane *plane, uint64_t now_ns, uint64_t client);

/* When plane_run is due; UINT64_MAX: never. */
uint64_t plane_deadline(const struct plane *plane);
void plane_run(struct plane *plane, uint64_t now_ns);

/* For those that look, never write: tests, metrics. */
const struct shard *plane_shard(const struct plane *plane);
const struct media *plane_media(const struct plane *plane);

/* Orderly end: calls are hung up; stopped when none is left. */
void plane_stop(struct plane *plane, uint64_t now_ns);
bool plane_stopped(const struct plane *plane);
