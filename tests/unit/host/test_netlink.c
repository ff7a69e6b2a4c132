/* The kernel's messages, made by hand. */
#include <criterion/criterion.h>
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/neighbour.h>
#include "netlink.h"

static char buf[1024];

static struct nlmsghdr *addr_message(uint8_t family, uint8_t prefix_len)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	nlh->nlmsg_type = RTM_NEWADDR;
	struct ifaddrmsg *ifa = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifa));
	ifa->ifa_family = family;
	ifa->ifa_prefixlen = prefix_len;
	ifa->ifa_index = 7;
	return nlh;
}

static struct nlmsghdr *neighbour_message(uint16_t type, uint8_t family, uint16_t state)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	nlh->nlmsg_type = type;
	struct ndmsg *ndm = mnl_nlmsg_put_extra_header(nlh, sizeof(*ndm));
	ndm->ndm_family = family;
	ndm->ndm_ifindex = 9;
	ndm->ndm_state = state;
	return nlh;
}

Test(netlink, addr_v4)
{
	struct netlink_addr a;
	struct xf_addr want;
	struct nlmsghdr *nlh = addr_message(AF_INET, 24);

	mnl_attr_put(nlh, IFA_ADDRESS, 4, "\xc0\x00\x02\xfe");
	mnl_attr_put(nlh, IFA_LOCAL, 4, "\xc0\x00\x02\x01");
	cr_expect_eq(netlink_addr_parse(&a, nlh), 0);
	xf_addr_parse(&want, "192.0.2.1");
	cr_expect(xf_addr_eq(&a.prefix.addr, &want));
	cr_expect_eq(a.prefix.prefix_len, 24);
	cr_expect_eq(a.ifindex, 7);
}

Test(netlink, addr_v6)
{
	struct netlink_addr a;
	struct xf_addr want;
	struct nlmsghdr *nlh = addr_message(AF_INET6, 64);

	xf_addr_parse(&want, "2001:db8::5");
	mnl_attr_put(nlh, IFA_ADDRESS, 16, want.bytes);
	cr_expect_eq(netlink_addr_parse(&a, nlh), 0);
	cr_expect(xf_addr_eq(&a.prefix.addr, &want));
}

Test(netlink, addr_bad)
{
	struct netlink_addr a;
	struct nlmsghdr *nlh = addr_message(AF_INET, 24);

	cr_expect_eq(netlink_addr_parse(&a, nlh), -EBADMSG, "no address");
	mnl_attr_put(nlh, IFA_LOCAL, 3, "\xc0\x00\x02");
	cr_expect_eq(netlink_addr_parse(&a, nlh), -EBADMSG, "short address");
	nlh = addr_message(AF_INET, 33);
	mnl_attr_put(nlh, IFA_LOCAL, 4, "\xc0\x00\x02\x01");
	cr_expect_eq(netlink_addr_parse(&a, nlh), -EBADMSG, "prefix too long");
	nlh->nlmsg_len = NLMSG_HDRLEN + 2;
	cr_expect_eq(netlink_addr_parse(&a, nlh), -EBADMSG, "truncated");
	nlh = addr_message(AF_PACKET, 24);
	cr_expect_eq(netlink_addr_parse(&a, nlh), -ENOENT, "other family");
	nlh = addr_message(AF_INET, 24);
	nlh->nlmsg_type = RTM_NEWLINK;
	cr_expect_eq(netlink_addr_parse(&a, nlh), -ENOENT, "other message");
}

Test(netlink, neighbour)
{
	static const struct {
		const char *name;
		uint16_t type, state;
		int mac_len;
		bool gone, deleted;
	} rows[] = {
	    {"reachable", RTM_NEWNEIGH, NUD_REACHABLE, 6, false, false},
	    {"stale", RTM_NEWNEIGH, NUD_STALE, 6, false, false},
	    {"probe", RTM_NEWNEIGH, NUD_PROBE, 6, false, false},
	    {"permanent", RTM_NEWNEIGH, NUD_PERMANENT, 6, false, false},
	    {"incomplete", RTM_NEWNEIGH, NUD_INCOMPLETE, -1, true, false},
	    {"failed keeps its MAC", RTM_NEWNEIGH, NUD_FAILED, 6, true, false},
	    {"no MAC", RTM_NEWNEIGH, NUD_REACHABLE, -1, true, false},
	    {"no Ethernet", RTM_NEWNEIGH, NUD_REACHABLE, 8, true, false},
	    {"deleted", RTM_DELNEIGH, NUD_REACHABLE, 6, true, true},
	};
	static const uint8_t mac[8] = {2, 0, 0, 0, 0, 5};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct netlink_neighbour n;
		struct nlmsghdr *nlh = neighbour_message(rows[i].type, AF_INET, rows[i].state);
		mnl_attr_put(nlh, NDA_DST, 4, "\xc0\x00\x02\x09");
		if (rows[i].mac_len >= 0)
			mnl_attr_put(nlh, NDA_LLADDR, (size_t)rows[i].mac_len, mac);
		cr_expect_eq(netlink_neighbour_parse(&n, nlh), 0, "%s", rows[i].name);
		cr_expect_eq(n.gone, rows[i].gone, "%s", rows[i].name);
		cr_expect_eq(n.deleted, rows[i].deleted, "%s", rows[i].name);
		cr_expect_eq(n.permanent, rows[i].state == NUD_PERMANENT, "%s", rows[i].name);
		cr_expect_eq(n.ifindex, 9);
		if (!rows[i].gone)
			cr_expect_arr_eq(n.mac, mac, 6, "%s", rows[i].name);
	}
}

Test(netlink, neighbour_bad)
{
	struct netlink_neighbour n;

	cr_expect_eq(netlink_neighbour_parse(&n, neighbour_message(RTM_NEWNEIGH, AF_INET, NUD_STALE)), -EBADMSG);
	cr_expect_eq(netlink_neighbour_parse(&n, neighbour_message(RTM_NEWNEIGH, AF_BRIDGE, NUD_STALE)), -ENOENT);
	cr_expect_eq(netlink_neighbour_parse(&n, neighbour_message(RTM_GETNEIGH, AF_INET, NUD_STALE)), -ENOENT);
}

/* An answer that an earlier request left behind is not taken for this one's, nor for an error of it. */
Test(netlink, stale_answer)
{
	struct netlink netlink;
	struct netlink_addr list[8];

	cr_assert_eq(netlink_open(&netlink), 0);
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	nlh->nlmsg_type = RTM_GETLINK;
	nlh->nlmsg_flags = NLM_F_REQUEST;
	nlh->nlmsg_seq = netlink.sequence;
	struct ifinfomsg *ifi = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifi));
	ifi->ifi_index = 1;
	cr_assert_gt(mnl_socket_sendto(netlink.socket, nlh, nlh->nlmsg_len), 0);
	for (unsigned i = 0; i < 3; i++)
		cr_expect_geq(netlink_addr_list(&netlink, 1, list, 8), 0, "request %u", i);
	netlink_close(&netlink);
}
