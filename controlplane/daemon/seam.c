#include "daemon/seam.h"

#include <sys/random.h>
#include "daemon/api_socket.h"
#include "daemon/dns.h"
#include "daemon/link_socket.h"
#include "daemon/log.h"
#include "daemon/route.h"
#include "daemon/udp.h"

static void seam_random(void *arg, void *buf, size_t len)
{
	for (size_t n = 0; n < len;) {
		ssize_t got = getrandom((uint8_t *)buf + n, len - n, 0);
		if (got > 0) {
			n += (size_t)got;
		} else if (errno != EINTR) {
			log_error("event=random-failed error=\"%s\"", strerror(errno));
			abort(); /* tags and nonces that can be guessed are worse than none */
		}
	}
}

static void seam_send_sip(void *arg, uint32_t network, const struct xf_sockaddr *to, const void *data, size_t len)
{
	struct seam_world *world = arg;
	char text[XF_SOCKADDR_STRLEN];
	int result = network < world->network_count ? udp_send(world->udp[network], to, data, len) : -EINVAL;
	if (result == 0)
		return;
	/* The first, the second, the fourth …: a broken network must not fill the log. */
	uint64_t n = ++world->send_failed;
	if ((n & (n - 1)) == 0)
		log_warning("event=sip-send-failed to=%s error=\"%s\" failures=%llu", xf_sockaddr_format(to, text),
			    strerror(-result), (unsigned long long)n);
}

static int seam_send_link(void *arg, const void *packet, size_t len)
{
	struct seam_world *world = arg;
	return link_socket_send(world->link, packet, len);
}

static void seam_resolve(void *arg, uint64_t query, const char *name)
{
	struct seam_world *world = arg;
	dns_ask(world->dns, query, name);
}

static int seam_route_look_up(void *arg, const struct xf_addr *to, struct seam_route *out)
{
	struct seam_world *world = arg;
	return route_look_up(world->route, to, out);
}

static void seam_reply(void *arg, uint64_t client, const char *json, size_t len)
{
	struct seam_world *world = arg;
	api_socket_reply(world->api, client, json, len);
}

static void seam_log(void *arg, enum log_level level, const char *line)
{
	log_line(level, line);
}

static int seam_notify(void *arg, uint64_t client, const char *json, size_t len)
{
	struct seam_world *world = arg;
	return api_socket_notify(world->api, client, json, len);
}

void seam_wire(struct seam *seam, struct seam_world *world)
{
	*seam = (struct seam){
	    .arg = world,
	    .random = seam_random,
	    .send_sip = seam_send_sip,
	    .send_link = seam_send_link,
	    .resolve = seam_resolve,
	    .route = seam_route_look_up,
	    .reply = seam_reply,
	    .log = seam_log,
	    .notify = seam_notify,
	};
}
