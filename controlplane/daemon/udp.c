#include "daemon/udp.h"

#include <sys/socket.h>
#include <unistd.h>

#define UDP_BURST	 16
#define UDP_BURSTS	 4 /* of one turn, so that a flood does not starve timers and the link */
#define UDP_DATAGRAM_MAX 65536
#define UDP_RCVBUF	 (4 << 20)

struct udp {
	int fd;
	uint32_t network;
	struct event *readable;
	udp_handler handler;
	void *arg;
	struct mmsghdr message[UDP_BURST];
	struct iovec iovec[UDP_BURST];
	struct sockaddr_storage from[UDP_BURST];
	uint8_t datagram[UDP_BURST][UDP_DATAGRAM_MAX];
};

static int udp_burst(struct udp *udp)
{
	for (unsigned i = 0; i < UDP_BURST; i++) {
		udp->iovec[i] = (struct iovec){.iov_base = udp->datagram[i], .iov_len = UDP_DATAGRAM_MAX};
		udp->message[i].msg_hdr = (struct msghdr){
		    .msg_name = &udp->from[i],
		    .msg_namelen = sizeof(udp->from[i]),
		    .msg_iov = &udp->iovec[i],
		    .msg_iovlen = 1,
		};
	}
	int n = recvmmsg(udp->fd, udp->message, UDP_BURST, MSG_DONTWAIT, NULL);
	for (int i = 0; i < n; i++) {
		struct xf_sockaddr from;
		if (xf_sockaddr_from_os(&from, &udp->from[i]) == 0)
			udp->handler(udp->arg, udp->network, &from, udp->datagram[i], udp->message[i].msg_len);
	}
	return n;
}

static void udp_readable(evutil_socket_t fd, short what, void *arg)
{
	for (unsigned i = 0; i < UDP_BURSTS; i++)
		if (udp_burst(arg) < UDP_BURST)
			break;
}

static int udp_bind(int fd, const struct xf_sockaddr *local)
{
	struct sockaddr_storage os;
	socklen_t len = xf_sockaddr_to_os(local, &os);
	int on = 1, size = UDP_RCVBUF;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	if (local->addr.family == 6 && (setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) < 0 ||
					setsockopt(fd, IPPROTO_IPV6, IPV6_FREEBIND, &on, sizeof(on)) < 0))
		return -errno;
	if (local->addr.family == 4 && setsockopt(fd, IPPROTO_IP, IP_FREEBIND, &on, sizeof(on)) < 0)
		return -errno;
	return bind(fd, (struct sockaddr *)&os, len) < 0 ? -errno : 0;
}

/* IPv4's TOS, IPv6's traffic class: the code point, and nothing of ECN. */
static int udp_mark(int fd, const struct xf_sockaddr *local, uint8_t dscp)
{
	int octet = dscp << 2;
	int result = local->addr.family == 6 ? setsockopt(fd, IPPROTO_IPV6, IPV6_TCLASS, &octet, sizeof(octet))
					     : setsockopt(fd, IPPROTO_IP, IP_TOS, &octet, sizeof(octet));
	return result < 0 ? -errno : 0;
}

int udp_open(struct udp **out, struct event_base *base, uint32_t network, const struct xf_sockaddr *local, uint8_t dscp,
	     udp_handler handler, void *arg)
{
	struct udp *udp = calloc(1, sizeof(*udp));
	int result = -ENOMEM;
	if (!udp)
		return result;
	udp->network = network;
	udp->handler = handler;
	udp->arg = arg;
	udp->fd = socket(local->addr.family == 6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (udp->fd < 0) {
		result = -errno;
		goto err_udp;
	}
	result = udp_bind(udp->fd, local);
	if (result == 0)
		result = udp_mark(udp->fd, local, dscp);
	if (result < 0)
		goto err_fd;
	result = -ENOMEM;
	udp->readable = event_new(base, udp->fd, EV_READ | EV_PERSIST, udp_readable, udp);
	if (!udp->readable || event_add(udp->readable, NULL) < 0)
		goto err_event;
	*out = udp;
	return 0;

err_event:
	if (udp->readable)
		event_free(udp->readable);
err_fd:
	close(udp->fd);
err_udp:
	free(udp);
	return result;
}

void udp_close(struct udp *udp)
{
	if (!udp)
		return;
	event_free(udp->readable);
	close(udp->fd);
	free(udp);
}

int udp_send(struct udp *udp, const struct xf_sockaddr *to, const void *data, size_t len)
{
	struct sockaddr_storage os;
	socklen_t os_len = xf_sockaddr_to_os(to, &os);
	ssize_t n = sendto(udp->fd, data, len, MSG_DONTWAIT | MSG_NOSIGNAL, (struct sockaddr *)&os, os_len);
	return n < 0 ? -errno : 0;
}
