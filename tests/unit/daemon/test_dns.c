#include "daemon/dns.h"
#include "loop.h"
#include <sys/stat.h>
#include "netns.h"

static struct {
	unsigned calls;
	uint64_t query;
	struct xf_addr addr[DNS_ADDRS_MAX];
	unsigned count;
	char why[64];
} answer;

static void on_answer(void *arg, uint64_t query, const struct xf_addr *addrs, unsigned count, const char *why)
{
	answer.calls++;
	answer.query = query;
	answer.count = count;
	memcpy(answer.addr, addrs, count * sizeof(*addrs));
	snprintf(answer.why, sizeof(answer.why), "%s", why ? why : "");
	cr_assert_eq(count == 0, why != NULL);
}

static void file(const char *path, const char *text)
{
	char name[] = "/tmp/xfg-test-dns-XXXXXX";
	int fd = mkstemp(name);
	cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	cr_assert_eq(fchmod(fd, 0644), 0);
	close(fd);
	cr_assert_eq(mount(name, path, NULL, MS_BIND, NULL), 0);
	unlink(name);
}

static bool knows(const char *text)
{
	struct xf_addr a;
	cr_assert_eq(xf_addr_parse(&a, text), 0);
	for (unsigned i = 0; i < answer.count; i++)
		if (xf_addr_eq(&answer.addr[i], &a))
			return true;
	return false;
}

static struct dns *dns;

static void setup(void)
{
	netns_enter();
	netns_do("ip link set lo up");
	file("/etc/hosts", "127.0.0.1 localhost\n192.0.2.40 pbx.lab pbx\n2001:db8::40 pbx.lab\n");
	file("/etc/resolv.conf", "nameserver 127.0.0.53\n");
	loop_setup();
	cr_assert_eq(dns_create(&dns, base, on_answer, NULL), 0);
}

static void teardown(void)
{
	if (!dns)
		return;
	dns_destroy(dns);
	loop_teardown();
}

TestSuite(dns, .init = setup, .fini = teardown);

Test(dns, hosts_file)
{
	dns_ask(dns, 7, "pbx.lab");
	cr_assert_eq(answer.calls, 0, "never inside the question");
	cr_assert(loop_until(&answer.calls, 1, 1000));
	cr_assert_eq(answer.query, 7);
	cr_assert_eq(answer.count, 2);
	cr_assert(knows("192.0.2.40"));
	cr_assert(knows("2001:db8::40"));
}

Test(dns, addresses_are_their_own_answer)
{
	dns_ask(dns, 1, "192.0.2.5");
	dns_ask(dns, 2, "2001:db8::5");
	cr_assert_eq(answer.calls, 0);
	cr_assert(loop_until(&answer.calls, 2, 1000));
	cr_assert_eq(answer.query, 2);
	cr_assert(knows("2001:db8::5"));
}

Test(dns, nobody_knows)
{
	dns_ask(dns, 9, "no-such-name.invalid"); /* nothing listens at the server: refused by ICMP */
	cr_assert(loop_until(&answer.calls, 1, 5000));
	cr_assert_eq(answer.count, 0);
	cr_assert_neq(answer.why[0], 0);
}

/* Answers each question over UDP: A with 192.0.2.66, AAAA with nothing. */
static void serve(evutil_socket_t fd, short what, void *arg)
{
	uint8_t m[512];
	struct sockaddr_in from;
	socklen_t from_len = sizeof(from);
	ssize_t n = recvfrom(fd, m, sizeof(m) - 16, 0, (struct sockaddr *)&from, &from_len);
	static const uint8_t a[16] = {0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 66};
	if (n < 17)
		return;
	ssize_t end = 12;
	while (end < n && m[end])
		end += m[end] + 1;
	end += 5;
	bool is_a = m[end - 3] == 1;
	m[2] |= 0x80;
	m[3] = 0;
	m[7] = is_a;
	m[10] = m[11] = 0;
	memcpy(m + end, a, sizeof(a));
	sendto(fd, m, (size_t)end + (is_a ? sizeof(a) : 0), 0, (struct sockaddr *)&from, from_len);
}

Test(dns, asks_the_server)
{
	struct sockaddr_in local = {.sin_family = AF_INET, .sin_port = htons(53)};
	local.sin_addr.s_addr = htonl(0x7f000035);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	cr_assert_eq(bind(fd, (struct sockaddr *)&local, sizeof(local)), 0);
	struct event *server = event_new(base, fd, EV_READ | EV_PERSIST, serve, NULL);
	event_add(server, NULL);
	dns_ask(dns, 11, "bot.example.com");
	cr_assert(loop_until(&answer.calls, 1, 5000));
	cr_assert_eq(answer.count, 1);
	cr_assert(knows("192.0.2.66"));
	event_free(server);
	close(fd);
}

Test(dns, a_silent_server_is_given_up)
{
	struct sockaddr_in local = {.sin_family = AF_INET, .sin_port = htons(53)};
	local.sin_addr.s_addr = htonl(0x7f000035);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	cr_assert_eq(bind(fd, (struct sockaddr *)&local, sizeof(local)), 0);
	dns_ask(dns, 12, "bot.example.com");
	dns_ask(dns, 13, "open.example.com");
	cr_assert(loop_until(&answer.calls, 2, 12000));
	cr_assert_eq(answer.count, 0);
	dns_ask(dns, 14, "open.example.com"); /* still open when it is destroyed */
	close(fd);
}
