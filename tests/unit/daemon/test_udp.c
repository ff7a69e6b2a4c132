#include <netinet/in.h>
#include <netinet/ip.h>
#include <unistd.h>
#include "daemon/udp.h"
#include "loop.h"

static unsigned datagrams;
static size_t longest;
static uint32_t last_network;
static struct xf_sockaddr last_from;

static void on_datagram(void *arg, uint32_t network, const struct xf_sockaddr *from, const void *data, size_t len)
{
	datagrams++;
	last_network = network;
	last_from = *from;
	longest = len > longest ? len : longest;
}

TestSuite(udp, .init = loop_setup, .fini = loop_teardown);

static struct xf_sockaddr local(const char *text, uint16_t port)
{
	struct xf_sockaddr s = {.port = port};
	cr_assert_eq(xf_addr_parse(&s.addr, text), 0);
	return s;
}

static void there_and_back(const char *address, uint16_t port)
{
	struct udp *a, *b;
	struct xf_sockaddr at = local(address, port), other = local(address, (uint16_t)(port + 1));
	static char big[60000];
	cr_assert_eq(udp_open(&a, base, 3, &at, 24, on_datagram, NULL), 0);
	cr_assert_eq(udp_open(&b, base, 4, &other, 24, on_datagram, NULL), 0);
	for (unsigned i = 0; i < 150; i++)
		cr_assert_eq(udp_send(b, &at, "INVITE", 6), 0);
	cr_assert(loop_until(&datagrams, 150, 1000));
	cr_assert_eq(last_network, 3);
	cr_assert(xf_sockaddr_eq(&last_from, &other));
	cr_assert_eq(udp_send(a, &other, big, sizeof(big)), 0);
	cr_assert_eq(udp_send(a, &other, "", 0), 0);
	cr_assert(loop_until(&datagrams, 152, 1000));
	cr_assert_eq(longest, sizeof(big));
	cr_assert_eq(last_network, 4);
	udp_close(a);
	udp_close(b);
	datagrams = 0;
}

Test(udp, ipv4)
{
	there_and_back("127.0.0.1", 45060);
}

Test(udp, ipv6)
{
	there_and_back("::1", 45060);
}

/* The TOS octet or traffic class that a datagram came with. */
static int mark_of(int fd)
{
	char data[16], control[64];
	struct iovec iov = {data, sizeof(data)};
	struct msghdr message = {
	    .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)};
	cr_assert_eq(recvmsg(fd, &message, 0), 4);
	struct cmsghdr *c = CMSG_FIRSTHDR(&message);
	cr_assert_not_null(c);
	return c->cmsg_level == IPPROTO_IPV6 ? *(int *)CMSG_DATA(c) : *CMSG_DATA(c);
}

static void expect_mark(const char *address, uint8_t dscp)
{
	struct udp *udp;
	struct xf_sockaddr at = local(address, 45080), other = local(address, 45081);
	struct sockaddr_storage os;
	socklen_t len = xf_sockaddr_to_os(&other, &os);
	int v6 = other.addr.family == 6, on = 1, fd = socket(v6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	cr_assert_eq(setsockopt(fd, v6 ? IPPROTO_IPV6 : IPPROTO_IP, v6 ? IPV6_RECVTCLASS : IP_RECVTOS, &on, sizeof(on)),
		     0);
	cr_assert_eq(bind(fd, (struct sockaddr *)&os, len), 0);
	cr_assert_eq(udp_open(&udp, base, 0, &at, dscp, on_datagram, NULL), 0);
	cr_assert_eq(udp_send(udp, &other, "ping", 4), 0);
	cr_expect_eq(mark_of(fd), dscp << 2, "%s", address);
	udp_close(udp);
	close(fd);
}

/* As it leaves, not as it was asked for. */
Test(udp, dscp)
{
	expect_mark("127.0.0.1", 24);
	expect_mark("127.0.0.1", 46);
	expect_mark("127.0.0.1", 0);
	expect_mark("::1", 24);
	expect_mark("::1", 63);
}

Test(udp, binds_before_the_address_is_there)
{
	struct udp *udp, *taken;
	struct xf_sockaddr v4 = local("192.0.2.200", 45070), v6 = local("2001:db8::200", 45070);
	cr_assert_eq(udp_open(&udp, base, 0, &v4, 24, on_datagram, NULL), 0);
	cr_assert_eq(udp_open(&taken, base, 0, &v4, 24, on_datagram, NULL), -EADDRINUSE);
	udp_close(udp);
	cr_assert_eq(udp_open(&udp, base, 0, &v6, 24, on_datagram, NULL), 0);
	udp_close(udp);
}
