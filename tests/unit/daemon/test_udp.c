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
	cr_assert_eq(udp_open(&a, base, 3, &at, on_datagram, NULL), 0);
	cr_assert_eq(udp_open(&b, base, 4, &other, on_datagram, NULL), 0);
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

Test(udp, binds_before_the_address_is_there)
{
	struct udp *udp, *taken;
	struct xf_sockaddr v4 = local("192.0.2.200", 45070), v6 = local("2001:db8::200", 45070);
	cr_assert_eq(udp_open(&udp, base, 0, &v4, on_datagram, NULL), 0);
	cr_assert_eq(udp_open(&taken, base, 0, &v4, on_datagram, NULL), -EADDRINUSE);
	udp_close(udp);
	cr_assert_eq(udp_open(&udp, base, 0, &v6, on_datagram, NULL), 0);
	udp_close(udp);
}
