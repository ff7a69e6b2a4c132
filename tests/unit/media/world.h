/* A control plane's media library with its world in memory: clock, configuration, dataplane, and what it called. */
#pragma once

#include "fake_dataplane.h"
#include "media/media.h"

#define WORLD_COOKIES 8192

struct world {
	struct env env;
	struct seam seam;
	struct config config;
	struct config_port config_ports[2];
	struct config_network networks[3];
	struct xf_addr outside_media[2], inside_media[1], sixth_media[1];
	struct config_provider providers[2];
	struct config_agent agents[1];
	struct xf_prefix blocks[4];
	struct fake_dataplane dp;
	struct media *media;

	bool connected;	  /* the link's socket */
	bool route_fails; /* no route anywhere */
	uint32_t route_network;
	struct world_way {
		struct xf_addr to, via; /* family 0: no route */
	} ways[4];			/* else all are on-link */
	unsigned way_count;
	unsigned routes_asked;
	uint64_t random;

	unsigned cookie_calls[WORLD_COOKIES];
	int cookie_result[WORLD_COOKIES];
	unsigned admitted_calls[WORLD_COOKIES];
	int admitted_result[WORLD_COOKIES];
	unsigned events[XF_EVENT_COUNT];
	uint64_t event_owner;
	uint16_t heard_ms; /* of the last time-out */
	unsigned refused;
	int refused_result;
	uint64_t refused_owner;
	unsigned ups, downs;
	unsigned copies;
	uint64_t copies_lost; /* as the copies said, together */
	unsigned rows, row_types[80], dones;
	int done_result;
	unsigned errors, warnings; /* lines of that level */
	char error[1024], warning[1024];
};

/* Two media addresses outside, one inside, one IPv6; ports 16384 … last; 1 s quarantine; t1 500 ms. */
struct world *world_create(uint16_t port_last);
void world_destroy(struct world *world);
void world_connect(struct world *world);
void world_disconnect(struct world *world);
/* Runs timers and hands over answers until nothing moves. */
void world_settle(struct world *world);
void world_pass(struct world *world, uint64_t ns);
/* The control plane dies without a word and another one starts. */
void world_replace_media(struct world *world);
struct xf_addr world_addr(const char *text);
struct media_remote world_remote(const char *addr, uint16_t port);
struct xf_link_move world_move(struct xf_endpoint_id to, struct xf_endpoint_id from);
extern const struct xf_endpoint_id world_nobody;
