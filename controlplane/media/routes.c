/* The way to each endpoint's peer, as the kernel's routes have it: asked when the peer is named, and again for all
 * endpoints when the kernel's routes may have changed. */
#include "media/media_internal.h"

#define ROUTES_SETTLE_NS  (50 * NS_PER_MS) /* changes come in flocks: a link that goes down, a router's new table */
#define ROUTES_TURN_NS	  NS_PER_MS
#define ROUTES_TURN_SHARE 64 /* endpoints; a question to the kernel costs some microseconds */

int routes_settings(const struct media *media, uint32_t index, struct xf_endpoint_settings *settings)
{
	const struct config_network *networks = media->config->networks;
	const struct config_network *own = &networks[ports_network(media->ports, index)];
	const struct seam *seam = media->env->seam;
	struct seam_route route;
	settings->next_hop = (struct xf_addr){0};
	if (settings->remote.addr.family == 0)
		return 0;
	if (settings->remote.addr.family != media->addr[xf_endpoint_local_addr(index)].family)
		return -ENETUNREACH;
	if (seam->route(seam->arg, &settings->remote.addr, &route) < 0)
		return -ENETUNREACH;
	/* A peer's SDP must not reach through to another network. */
	if (route.network >= media->config->network_count || networks[route.network].port != own->port)
		return -ENETUNREACH;
	settings->next_hop = route.next_hop;
	return 0;
}

/* No route is no reason to stop: the former way may well go on, and a routing daemon between two tables is soon done.
 */
static void routes_look(struct media *media, struct shadow_endpoint *endpoint)
{
	struct routes *routes = &media->routes;
	struct xf_endpoint_settings settings = endpoint->settings;
	if (settings.remote.addr.family == 0)
		return;
	if (routes_settings(media, endpoint->id.index, &settings) < 0) {
		if (!endpoint->unrouted && routes->lost++ == 0)
			routes->lost_peer = settings.remote.addr;
		endpoint->unrouted = true;
		return;
	}
	endpoint->unrouted = false;
	if (xf_addr_eq(&settings.next_hop, &endpoint->settings.next_hop))
		return;
	routes->changed++;
	endpoint->settings.next_hop = settings.next_hop;
	endpoint->settings_told = false;
	if (media->ready && !endpoint->open_refused)
		endpoint_tell_settings(media, endpoint, false);
}

/* One line for all, whose peer is an example: a link that goes down takes the routes to thousands of peers along. */
static void routes_say(const struct media *media)
{
	const struct routes *routes = &media->routes;
	char peer[XF_ADDR_STRLEN];
	if (routes->changed)
		log_event(media->env, LOG_LEVEL_INFO, "event=routes-changed endpoints=%u", routes->changed);
	if (routes->lost)
		log_event(
		    media->env, LOG_LEVEL_WARNING,
		    "event=routes-lost endpoints=%u peer=%s what=\"no route by their port any more; media goes on "
		    "by the former next hop\"",
		    routes->lost, xf_addr_format(&routes->lost_peer, peer));
}

static void routes_expired(void *arg, struct timer *timer)
{
	struct media *media = arg;
	struct routes *routes = &media->routes;
	struct shadow *shadow = &media->shadow;
	if (!routes->walking) {
		routes->walking = true;
		routes->due = false;
		routes->changed = routes->lost = 0;
		shadow->cursor = TAILQ_FIRST(&shadow->all);
	}
	for (unsigned n = 0; n < ROUTES_TURN_SHARE && shadow->cursor; n++) {
		struct shadow_endpoint *endpoint = shadow->cursor;
		shadow->cursor = TAILQ_NEXT(endpoint, all);
		routes_look(media, endpoint);
	}
	routes->walking = shadow->cursor != NULL;
	if (!routes->walking)
		routes_say(media);
	if (routes->walking || routes->due)
		timer_set(&media->env->timers, timer,
			  media->env->now_ns + (routes->walking ? ROUTES_TURN_NS : ROUTES_SETTLE_NS));
}

void routes_init(struct media *media)
{
	media->routes.timer = (struct timer){.expired = routes_expired, .arg = media};
}

void routes_fini(struct media *media)
{
	timer_stop(&media->env->timers, &media->routes.timer);
}

/* A walk that is under way goes to its end first, else those at the end of the list might never be reached. */
void media_routes_changed(struct media *media)
{
	struct routes *routes = &media->routes;
	routes->due = true;
	if (!timer_is_set(&routes->timer))
		timer_set(&media->env->timers, &routes->timer, media->env->now_ns + ROUTES_SETTLE_NS);
}
