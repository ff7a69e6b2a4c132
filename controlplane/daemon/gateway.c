#include "daemon/gateway.h"

#include <signal.h>
#include <time.h>
#include "base/unix_listen.h"
#include "daemon/api_socket.h"
#include "daemon/dns.h"
#include "daemon/link_socket.h"
#include "daemon/log.h"
#include "daemon/route.h"
#include "daemon/seam.h"
#include "daemon/udp.h"
#include "plane/plane.h"

#define STOP_S 5 /* how long hanging up may take */

struct gateway {
	const struct config *config;
	struct event_base *base;
	struct seam_world world; /* sockets and the rest, as the plane's seam needs them */
	struct seam seam;
	struct plane *plane;
	struct event *deadline;
	struct event *signals[3], *stop_deadline;
	bool stopping;
};

static uint64_t gateway_now_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

/* After each entry into the plane: what is due at once runs now (the link's packets go out that way), the rest by the
 * loop's timer. */
static void gateway_settle(struct gateway *gateway)
{
	uint64_t now_ns = gateway_now_ns(), next_ns = plane_deadline(gateway->plane);
	if (next_ns <= now_ns) {
		plane_run(gateway->plane, now_ns);
		next_ns = plane_deadline(gateway->plane);
	}
	if (gateway->stopping && plane_stopped(gateway->plane))
		event_base_loopbreak(gateway->base);
	if (next_ns == UINT64_MAX) {
		event_del(gateway->deadline);
		return;
	}
	uint64_t wait_ns = next_ns > now_ns ? next_ns - now_ns : 0;
	struct timeval wait = {.tv_sec = (time_t)(wait_ns / NS_PER_S),
			       .tv_usec = (suseconds_t)((wait_ns % NS_PER_S + 999) / 1000)};
	if (wait.tv_usec == 1000000) {
		wait.tv_sec++;
		wait.tv_usec = 0;
	}
	event_add(gateway->deadline, &wait);
}

static void on_deadline(evutil_socket_t fd, short what, void *arg)
{
	struct gateway *gateway = arg;
	plane_run(gateway->plane, gateway_now_ns());
	gateway_settle(gateway);
}

static void on_sip(void *arg, uint32_t network, const struct xf_sockaddr *from, const void *data, size_t len)
{
	struct gateway *gateway = arg;
	plane_sip_datagram(gateway->plane, gateway_now_ns(), network, from, data, len);
	gateway_settle(gateway);
}

static void on_link_up(void *arg)
{
	struct gateway *gateway = arg;
	plane_link_up(gateway->plane, gateway_now_ns());
	gateway_settle(gateway);
}

static void on_link_down(void *arg)
{
	struct gateway *gateway = arg;
	plane_link_down(gateway->plane, gateway_now_ns());
	gateway_settle(gateway);
}

static void on_link_packet(void *arg, const void *packet, size_t len)
{
	struct gateway *gateway = arg;
	plane_link_packet(gateway->plane, gateway_now_ns(), packet, len);
	gateway_settle(gateway);
}

static void on_resolved(void *arg, uint64_t query, const struct xf_addr *addrs, unsigned count, const char *why)
{
	struct gateway *gateway = arg;
	plane_resolved(gateway->plane, gateway_now_ns(), query, addrs, count, why);
	gateway_settle(gateway);
}

static void on_routes_changed(void *arg)
{
	struct gateway *gateway = arg;
	plane_routes_changed(gateway->plane, gateway_now_ns());
	gateway_settle(gateway);
}

static void on_api_line(void *arg, uint64_t client, const char *line, size_t len)
{
	struct gateway *gateway = arg;
	plane_rpc(gateway->plane, gateway_now_ns(), client, line, len);
	gateway_settle(gateway);
}

static void on_api_gone(void *arg, uint64_t client)
{
	struct gateway *gateway = arg;
	if (!gateway->plane)
		return; /* the plane went first */
	plane_rpc_gone(gateway->plane, gateway_now_ns(), client);
	gateway_settle(gateway);
}

static void on_stop_deadline(evutil_socket_t fd, short what, void *arg)
{
	struct gateway *gateway = arg;
	log_warning("event=stop-incomplete what=\"calls were left after %d s\"", STOP_S);
	event_base_loopbreak(gateway->base);
}

static void on_signal(evutil_socket_t number, short what, void *arg)
{
	struct gateway *gateway = arg;
	const struct timeval patience = {.tv_sec = STOP_S};
	log_info("event=signal name=%s", sigabbrev_np((int)number));
	if (number == SIGHUP)
		return; /* a new configuration needs a restart */
	if (gateway->stopping) {
		event_base_loopbreak(gateway->base);
		return;
	}
	gateway->stopping = true;
	event_add(gateway->stop_deadline, &patience);
	plane_stop(gateway->plane, gateway_now_ns());
	gateway_settle(gateway);
}

int gateway_open(struct gateway **out, const struct config *config)
{
	struct gateway *gateway = calloc(1, sizeof(*gateway));
	if (!gateway)
		return -ENOMEM;
	gateway->config = config;
	gateway->base = event_base_new();
	gateway->world.network_count = config->network_count;
	gateway->world.udp = calloc(config->network_count + 1, sizeof(struct udp *));
	if (gateway->base)
		gateway->deadline = event_new(gateway->base, -1, 0, on_deadline, gateway);
	*out = gateway;
	return gateway->deadline && gateway->world.udp ? 0 : -ENOMEM;
}

int gateway_open_sip(struct gateway *gateway)
{
	const struct config *config = gateway->config;
	for (uint32_t n = 0; n < config->network_count; n++) {
		char text[XF_SOCKADDR_STRLEN];
		const struct config_network *network = &config->networks[n];
		int result = udp_open(&gateway->world.udp[n], gateway->base, n, &network->sip, network->sip_dscp,
				      on_sip, gateway);
		if (result < 0) {
			log_error("event=sip-socket-failed network=%s address=%s error=\"%s\"", network->name,
				  xf_sockaddr_format(&network->sip, text), strerror(-result));
			return result;
		}
	}
	return 0;
}

int gateway_open_api(struct gateway *gateway, const struct identity *identity)
{
	const struct api_socket_user user = {.arg = gateway, .line = on_api_line, .gone = on_api_gone};
	const char *path = gateway->config->api_socket;
	int result = api_socket_open(&gateway->world.api, gateway->base, path, identity->gid, &user);
	if (result == -EADDRINUSE)
		log_error("event=api-socket-failed path=%s error=\"another control plane is running\"", path);
	else if (result < 0)
		log_error("event=api-socket-failed path=%s error=\"%s\"", path, strerror(-result));
	else if (unix_listen_shared(path))
		log_warning("event=api-socket-exposed path=%s what=\"others may put a socket in its place; give it a "
			    "folder that only root may write to\"",
			    path);
	return result;
}

int gateway_open_link(struct gateway *gateway)
{
	const struct link_socket_user user = {
	    .arg = gateway,
	    .up = on_link_up,
	    .down = on_link_down,
	    .packet = on_link_packet,
	};
	const char *path = gateway->config->link_socket;
	int result = link_socket_create(&gateway->world.link, gateway->base, path, &user);
	if (result < 0)
		log_error("event=link-failed path=%s error=\"%s\"", path, strerror(-result));
	return result;
}

int gateway_open_kernel(struct gateway *gateway)
{
	int result = route_open(&gateway->world.route, gateway->config);
	if (result == 0)
		result = route_watch(gateway->world.route, gateway->base, on_routes_changed, gateway);
	if (result < 0) {
		log_error("event=routes-failed error=\"%s\"", strerror(-result));
		return result;
	}
	return dns_create(&gateway->world.dns, gateway->base, on_resolved, gateway);
}

int gateway_open_signals(struct gateway *gateway)
{
	static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
	if (signal(SIGPIPE, SIG_IGN) == SIG_ERR)
		return -errno;
	gateway->stop_deadline = event_new(gateway->base, -1, 0, on_stop_deadline, gateway);
	for (unsigned i = 0; i < 3; i++) {
		gateway->signals[i] = evsignal_new(gateway->base, numbers[i], on_signal, gateway);
		if (!gateway->signals[i] || event_add(gateway->signals[i], NULL) < 0)
			return -ENOMEM;
	}
	return gateway->stop_deadline ? 0 : -ENOMEM;
}

int gateway_open_plane(struct gateway *gateway)
{
	seam_wire(&gateway->seam, &gateway->world);
	int result = plane_create(&gateway->plane, gateway->config, &gateway->seam, gateway_now_ns());
	if (result < 0) {
		gateway->plane = NULL;
		log_error("event=plane-failed error=\"%s\"", strerror(-result));
		return result;
	}
	gateway_settle(gateway);
	return 0;
}

int gateway_run(struct gateway *gateway)
{
	return event_base_dispatch(gateway->base) < 0 ? -EIO : 0;
}

void gateway_close(struct gateway *gateway)
{
	if (!gateway)
		return;
	if (gateway->plane)
		plane_destroy(gateway->plane);
	gateway->plane = NULL;
	for (unsigned i = 0; i < 3; i++)
		if (gateway->signals[i])
			event_free(gateway->signals[i]);
	if (gateway->stop_deadline)
		event_free(gateway->stop_deadline);
	dns_destroy(gateway->world.dns);
	route_close(gateway->world.route);
	link_socket_destroy(gateway->world.link);
	api_socket_close(gateway->world.api);
	for (uint32_t n = 0; gateway->world.udp && n < gateway->world.network_count; n++)
		udp_close(gateway->world.udp[n]);
	free(gateway->world.udp);
	if (gateway->deadline)
		event_free(gateway->deadline);
	if (gateway->base)
		event_base_free(gateway->base);
	free(gateway);
}
