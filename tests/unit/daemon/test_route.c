/*   xfg-outside 192.0.2.1/24, 2001:db8:1::1/64   default via .254, ::fe
 *   xfg-inside  198.51.100.1/24 (two networks: .1, .2)
 *   elsewhere   203.0.113.1/24, no port of ours */
#include "daemon/route.h"
#include "loop.h"
#include "netns.h"

static struct config_port ports[] = {{.tap = "xfg-outside"}, {.tap = "xfg-inside"}};
static struct config_network networks[4];
static struct config config = {.ports = ports, .port_count = 2, .networks = networks, .network_count = 4};
static struct route *route;

static struct xf_addr addr(const char *text)
{
	struct xf_addr a;
	cr_assert_eq(xf_addr_parse(&a, text), 0);
	return a;
}

static void setup(void)
{
	netns_enter();
	netns_do("ip link set lo up && ip link add xfg-outside type veth peer name o1 && "
		 "ip link add xfg-inside type veth peer name i1 && ip link add elsewhere type veth peer name e1 && "
		 "for d in xfg-outside o1 xfg-inside i1 elsewhere e1; do ip link set $d up || exit 1; done");
	netns_do("ip addr add 192.0.2.1/24 dev xfg-outside && "
		 "ip addr add 2001:db8:1::1/64 dev xfg-outside nodad && "
		 "ip addr add 198.51.100.1/24 dev xfg-inside && ip addr add 198.51.100.2/24 dev xfg-inside && "
		 "ip addr add 203.0.113.1/24 dev elsewhere && ip route add default via 192.0.2.254 && "
		 "ip -6 route add default via 2001:db8:1::fe && "
		 "ip route add 10.2.0.0/16 dev xfg-inside src 198.51.100.2 && ip route add blackhole 10.9.0.0/16 && "
		 "ip route add 10.6.0.0/16 via inet6 2001:db8:1::fe");
	const char *sip[] = {"192.0.2.1", "198.51.100.1", "198.51.100.2", "2001:db8:1::1"};
	const uint32_t port[] = {0, 1, 1, 0};
	for (unsigned i = 0; i < 4; i++) {
		networks[i].port = port[i];
		networks[i].sip.addr = addr(sip[i]);
	}
	cr_assert_eq(route_open(&route, &config), 0);
}

Test(route, table, .init = setup)
{
	static const struct {
		const char *to;
		int result;
		uint32_t network;
		const char *next_hop;
	} rows[] = {
	    {"192.0.2.77", 0, 0, "192.0.2.77"},
	    {"8.8.8.8", 0, 0, "192.0.2.254"},
	    {"198.51.100.10", 0, 1, "198.51.100.10"},
	    {"10.2.3.4", 0, 2, "10.2.3.4"},
	    {"2001:db8:1::5", 0, 3, "2001:db8:1::5"},
	    {"2001:db8:77::5", 0, 3, "2001:db8:1::fe"},
	    {"10.6.1.1", 0, 0, "2001:db8:1::fe"},
	    {"203.0.113.9", -ENETUNREACH},
	    {"10.9.1.1", -ENETUNREACH},
	    {"192.0.2.1", -ENETUNREACH},
	    {"127.0.0.1", -ENETUNREACH},
	    {"::1", -ENETUNREACH},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct seam_route found;
		struct xf_addr to = addr(rows[i].to);
		cr_assert_eq(route_look_up(route, &to, &found), rows[i].result, "%s", rows[i].to);
		if (rows[i].result < 0)
			continue;
		struct xf_addr next_hop = addr(rows[i].next_hop);
		cr_assert_eq(found.network, rows[i].network, "%s by network %u", rows[i].to, found.network);
		cr_assert(xf_addr_eq(&found.next_hop, &next_hop), "%s", rows[i].to);
	}
	netns_do("ip link set xfg-inside down");
	struct seam_route found;
	struct xf_addr inside = addr("198.51.100.10"), none = {0};
	cr_assert_eq(route_look_up(route, &inside, &found), 0, "now by the default route");
	cr_assert_eq(found.network, 0);
	cr_assert_eq(route_look_up(route, &none, &found), -ENETUNREACH);
	route_close(route);
}

static unsigned told;

static void on_changed(void *arg)
{
	told++;
}

/* Does it, and whether it is told: at once, and no more after that. */
static bool told_of(const char *command)
{
	netns_do(command);
	unsigned before = told;
	bool any = loop_until(&told, before + 1, 2000);
	event_base_loop(base, EVLOOP_NONBLOCK);
	told = 0;
	return any;
}

static bool goes_by(const char *to, const char *router)
{
	struct seam_route found;
	struct xf_addr peer = addr(to), want = addr(router);
	return route_look_up(route, &peer, &found) == 0 && xf_addr_eq(&found.next_hop, &want);
}

Test(route, watch, .init = setup)
{
	loop_setup();
	cr_assert_eq(route_watch(route, base, on_changed, NULL), 0);
	cr_expect(!loop_until(&told, 1, 100), "nothing has changed");
	cr_expect(goes_by("8.8.8.8", "192.0.2.254"));
	cr_expect(told_of("ip route replace default via 192.0.2.253"));
	cr_expect(goes_by("8.8.8.8", "192.0.2.253"));
	cr_expect(told_of("ip -6 route replace default via 2001:db8:1::fd"));
	cr_expect(goes_by("2001:db8:77::5", "2001:db8:1::fd"));
	cr_expect(told_of("ip route del 10.2.0.0/16"));
	cr_expect(told_of("ip rule add to 8.8.8.0/24 table 7"));
	cr_expect(told_of("ip addr add 192.0.2.9/24 dev xfg-outside"));
	cr_expect(told_of("ip -6 addr add 2001:db8:9::1/64 dev xfg-outside nodad"));
	cr_expect(told_of("ip link set xfg-inside down"), "its routes go without a word");
	cr_expect(told_of("ip nexthop add id 5 via 192.0.2.252 dev xfg-outside"));
	cr_expect(told_of("ip route add 10.3.0.0/16 nhid 5"));
	cr_expect(told_of("ip nexthop replace id 5 via 192.0.2.251 dev xfg-outside"),
		  "the routes by it change without a word");
	cr_expect(goes_by("10.3.1.1", "192.0.2.251"));
	/* More than the socket holds: some notices are lost, and it goes on. */
	cr_expect(
	    told_of("for n in $(seq 4000); do echo route replace 10.4.0.0/16 via 192.0.2.$((n % 99 + 100)); done | "
		    "ip -batch -"));
	while (loop_until(&told, 1, 100))
		told = 0;
	cr_expect(told_of("ip route replace default via 192.0.2.254"));
	route_close(route);
	loop_teardown();
}
