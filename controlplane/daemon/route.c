#include "daemon/route.h"

#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/socket.h>
#include <sys/time.h>

#define ROUTE_NOTICES  256 /* read in one turn of the loop */
#define ROUTE_GROUP(g) (1u << (RTNLGRP_##g - 1))
#define ROUTE_GROUPS                                                                                                   \
	(ROUTE_GROUP(LINK) | ROUTE_GROUP(IPV4_IFADDR) | ROUTE_GROUP(IPV4_ROUTE) | ROUTE_GROUP(IPV4_RULE) |             \
	 ROUTE_GROUP(IPV6_IFADDR) | ROUTE_GROUP(IPV6_ROUTE) | ROUTE_GROUP(IPV6_RULE) | ROUTE_GROUP(NEXTHOP))

struct route {
	const struct config *config;
	struct mnl_socket *netlink;
	uint32_t sequence;

	struct mnl_socket *notices;
	struct event *readable;
	void (*changed)(void *arg);
	void *arg;
};

/* What the kernel said. */
struct answer {
	uint8_t type; /* RTN_… */
	uint32_t ifindex;
	struct xf_addr gateway, preferred; /* family 0: not said */
};

int route_open(struct route **out, const struct config *config)
{
	struct route *route = calloc(1, sizeof(*route));
	struct timeval patience = {.tv_usec = 200000};
	int result;
	if (!route)
		return -ENOMEM;
	route->config = config;
	route->netlink = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	if (!route->netlink) {
		result = -errno;
		goto err_route;
	}
	if (mnl_socket_bind(route->netlink, 0, MNL_SOCKET_AUTOPID) < 0 ||
	    setsockopt(mnl_socket_get_fd(route->netlink), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) < 0) {
		result = -errno;
		goto err_netlink;
	}
	*out = route;
	return 0;

err_netlink:
	mnl_socket_close(route->netlink);
err_route:
	free(route);
	return result;
}

void route_close(struct route *route)
{
	if (!route)
		return;
	if (route->readable)
		event_free(route->readable);
	if (route->notices)
		mnl_socket_close(route->notices);
	mnl_socket_close(route->netlink);
	free(route);
}

/* What a notice says is of no use: a link that goes down or an address that is deleted takes routes along without a
 * word about them. */
static void route_noticed(evutil_socket_t fd, short what, void *arg)
{
	struct route *route = arg;
	char nothing[16]; /* the rest of a notice is cut off */
	bool any = false;
	for (unsigned n = 0; n < ROUTE_NOTICES; n++) {
		if (recv(fd, nothing, sizeof(nothing), MSG_DONTWAIT) >= 0 || errno == ENOBUFS) /* lost: it tells once */
			any = true;
		else if (errno != EINTR)
			break;
	}
	if (any)
		route->changed(route->arg);
}

int route_watch(struct route *route, struct event_base *base, void (*changed)(void *arg), void *arg)
{
	route->changed = changed;
	route->arg = arg;
	route->notices = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (!route->notices || mnl_socket_bind(route->notices, ROUTE_GROUPS, MNL_SOCKET_AUTOPID) < 0)
		return -errno;
	route->readable =
	    event_new(base, mnl_socket_get_fd(route->notices), EV_READ | EV_PERSIST, route_noticed, route);
	return route->readable && event_add(route->readable, NULL) == 0 ? 0 : -ENOMEM;
}

static struct xf_addr address(const void *bytes, size_t len)
{
	if (len == 4)
		return xf_addr_v4(bytes);
	return len == 16 ? xf_addr_v6(bytes) : (struct xf_addr){0};
}

static int on_attribute(const struct nlattr *attr, void *data)
{
	struct answer *answer = data;
	const void *payload = mnl_attr_get_payload(attr);
	size_t len = mnl_attr_get_payload_len(attr);
	switch (mnl_attr_get_type(attr)) {
	case RTA_OIF:
		if (len == sizeof(uint32_t))
			answer->ifindex = mnl_attr_get_u32(attr);
		break;
	case RTA_GATEWAY:
		answer->gateway = address(payload, len);
		break;
	case RTA_VIA: /* a gateway of the other family */
		if (len > sizeof(struct rtvia))
			answer->gateway =
			    address(((const struct rtvia *)payload)->rtvia_addr, len - sizeof(struct rtvia));
		break;
	case RTA_PREFSRC:
		answer->preferred = address(payload, len);
		break;
	}
	return MNL_CB_OK;
}

static int on_message(const struct nlmsghdr *header, void *data)
{
	struct answer *answer = data;
	const struct rtmsg *message = mnl_nlmsg_get_payload(header);
	if (header->nlmsg_type != RTM_NEWROUTE || mnl_nlmsg_get_payload_len(header) < sizeof(*message))
		return MNL_CB_OK;
	answer->type = message->rtm_type;
	return mnl_attr_parse(header, sizeof(*message), on_attribute, answer) < 0 ? MNL_CB_ERROR : MNL_CB_STOP;
}

static int route_ask(struct route *route, const struct xf_addr *to, struct answer *answer)
{
	_Alignas(struct nlmsghdr) char buffer[8192];
	struct nlmsghdr *header = mnl_nlmsg_put_header(buffer);
	header->nlmsg_type = RTM_GETROUTE;
	header->nlmsg_flags = NLM_F_REQUEST;
	header->nlmsg_seq = ++route->sequence;
	struct rtmsg *message = mnl_nlmsg_put_extra_header(header, sizeof(*message));
	message->rtm_family = to->family == 4 ? AF_INET : AF_INET6;
	message->rtm_dst_len = to->family == 4 ? 32 : 128;
	mnl_attr_put(header, RTA_DST, to->family == 4 ? 4 : 16, to->bytes);
	if (mnl_socket_sendto(route->netlink, header, header->nlmsg_len) < 0)
		return -errno;
	for (;;) {
		ssize_t n = mnl_socket_recvfrom(route->netlink, buffer, sizeof(buffer));
		if (n < 0)
			return -errno;
		/* An answer that came too late for its question is another's. */
		if ((size_t)n < sizeof(*header) || ((struct nlmsghdr *)buffer)->nlmsg_seq != route->sequence)
			continue;
		if (mnl_cb_run(buffer, (size_t)n, route->sequence, mnl_socket_get_portid(route->netlink), on_message,
			       answer) < 0)
			return -errno;
		return 0;
	}
}

/* Several networks may share a port: that of the kernel's own source address, else the first of this family. */
static uint32_t route_network(const struct config *config, const char *interface, const struct answer *answer,
			      uint8_t family)
{
	uint32_t found = XF_NONE;
	for (uint32_t n = 0; n < config->network_count; n++) {
		const struct config_network *network = &config->networks[n];
		if (strcmp(config->ports[network->port].tap, interface) != 0)
			continue;
		if (xf_addr_eq(&network->sip.addr, &answer->preferred))
			return n;
		if (network->sip.addr.family == family && found == XF_NONE)
			found = n;
	}
	return found;
}

int route_look_up(struct route *route, const struct xf_addr *to, struct seam_route *out)
{
	struct answer answer = {.type = RTN_UNREACHABLE};
	char interface[IF_NAMESIZE];
	if ((to->family != 4 && to->family != 6) || route_ask(route, to, &answer) < 0 || answer.type != RTN_UNICAST ||
	    !if_indextoname(answer.ifindex, interface))
		return -ENETUNREACH;
	out->network = route_network(route->config, interface, &answer, to->family);
	out->next_hop = answer.gateway.family ? answer.gateway : *to;
	return out->network == XF_NONE ? -ENETUNREACH : 0;
}
