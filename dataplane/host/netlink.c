#include "netlink.h"

#include <errno.h>
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/neighbour.h>
#include <string.h>
#include <time.h>

#define NETLINK_NUD_VALID (NUD_PERMANENT | NUD_NOARP | NUD_REACHABLE | NUD_PROBE | NUD_STALE | NUD_DELAY)

int netlink_open(struct netlink *netlink)
{
	*netlink = (struct netlink){.sequence = (uint32_t)time(NULL)};
	netlink->socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	if (netlink->socket == NULL)
		return -errno;
	if (mnl_socket_bind(netlink->socket, 0, MNL_SOCKET_AUTOPID) < 0) {
		int r = -errno;
		netlink_close(netlink);
		return r;
	}
	return 0;
}

void netlink_close(struct netlink *netlink)
{
	if (netlink->socket)
		mnl_socket_close(netlink->socket);
	netlink->socket = NULL;
}

static struct nlmsghdr *netlink_header(struct netlink *netlink, void *buf, uint16_t type, uint16_t flags)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_REQUEST | flags;
	nlh->nlmsg_seq = ++netlink->sequence;
	return nlh;
}

/* Whether what was read answers this request. An error in mid-dump leaves older answers behind. libmnl would end a dump
 * whose table changed meanwhile, and leave its rest: what it lacks comes as a notice (neighbours), or is found when it
 * is added (addresses). */
static bool netlink_answers(void *buf, ssize_t n, uint32_t sequence)
{
	struct nlmsghdr *nlh = buf;
	int left = (int)n;

	if (mnl_nlmsg_ok(nlh, left) && nlh->nlmsg_seq != sequence)
		return false;
	for (; mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left))
		nlh->nlmsg_flags &= (uint16_t)~NLM_F_DUMP_INTR;
	return true;
}

static int netlink_request(struct netlink *netlink, struct nlmsghdr *nlh, mnl_cb_t each, void *arg)
{
	_Alignas(struct nlmsghdr) char buf[NETLINK_BUFFER];
	unsigned portid = mnl_socket_get_portid(netlink->socket);

	if (mnl_socket_sendto(netlink->socket, nlh, nlh->nlmsg_len) < 0)
		return -errno;
	for (;;) {
		ssize_t n = mnl_socket_recvfrom(netlink->socket, buf, sizeof(buf));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (!netlink_answers(buf, n, nlh->nlmsg_seq))
			continue;
		int r = mnl_cb_run(buf, (size_t)n, nlh->nlmsg_seq, portid, each, arg);
		if (r < 0)
			return -errno;
		if (r == MNL_CB_STOP)
			return 0;
	}
}

int netlink_link_set(struct netlink *netlink, int ifindex, const uint8_t *mac, uint32_t mtu, bool up)
{
	char buf[512];
	struct nlmsghdr *nlh = netlink_header(netlink, buf, RTM_NEWLINK, NLM_F_ACK);
	struct ifinfomsg *ifi = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifi));

	ifi->ifi_family = AF_UNSPEC;
	ifi->ifi_index = ifindex;
	if (up)
		ifi->ifi_flags = ifi->ifi_change = IFF_UP;
	if (mac)
		mnl_attr_put(nlh, IFLA_ADDRESS, 6, mac);
	if (mtu)
		mnl_attr_put_u32(nlh, IFLA_MTU, mtu);
	return netlink_request(netlink, nlh, NULL, NULL);
}

static int netlink_addr_bytes(struct xf_addr *out, int family, const struct nlattr *attr)
{
	unsigned len = mnl_attr_get_payload_len(attr);

	if (family == AF_INET && len == 4)
		*out = xf_addr_v4(mnl_attr_get_payload(attr));
	else if (family == AF_INET6 && len == 16)
		*out = xf_addr_v6(mnl_attr_get_payload(attr));
	else
		return -EBADMSG;
	return 0;
}

int netlink_addr_parse(struct netlink_addr *out, const struct nlmsghdr *nlh)
{
	const struct ifaddrmsg *ifa = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *attr, *local = NULL, *address = NULL;

	*out = (struct netlink_addr){0};
	if (nlh->nlmsg_type != RTM_NEWADDR)
		return -ENOENT;
	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*ifa))
		return -EBADMSG;
	if (ifa->ifa_family != AF_INET && ifa->ifa_family != AF_INET6)
		return -ENOENT;
	mnl_attr_for_each(attr, nlh, sizeof(*ifa))
	{
		if (mnl_attr_get_type(attr) == IFA_LOCAL)
			local = attr;
		else if (mnl_attr_get_type(attr) == IFA_ADDRESS)
			address = attr;
	}
	/* IFA_ADDRESS is the far end of a point-to-point pair; where both are given, IFA_LOCAL is our own. */
	if (local == NULL)
		local = address;
	if (local == NULL || ifa->ifa_prefixlen > (ifa->ifa_family == AF_INET ? 32 : 128))
		return -EBADMSG;
	out->ifindex = (int)ifa->ifa_index;
	out->prefix.prefix_len = ifa->ifa_prefixlen;
	return netlink_addr_bytes(&out->prefix.addr, ifa->ifa_family, local);
}

struct netlink_addr_dump {
	int ifindex;
	struct netlink_addr *list;
	unsigned max, count;
};

static int netlink_addr_each(const struct nlmsghdr *nlh, void *arg)
{
	struct netlink_addr_dump *dump = arg;
	struct netlink_addr addr;

	if (netlink_addr_parse(&addr, nlh) < 0 || addr.ifindex != dump->ifindex)
		return MNL_CB_OK;
	if (dump->count < dump->max)
		dump->list[dump->count] = addr;
	dump->count++;
	return MNL_CB_OK;
}

int netlink_addr_list(struct netlink *netlink, int ifindex, struct netlink_addr *list, unsigned max)
{
	char buf[256];
	struct netlink_addr_dump dump = {.ifindex = ifindex, .list = list, .max = max};
	struct nlmsghdr *nlh = netlink_header(netlink, buf, RTM_GETADDR, NLM_F_DUMP);
	struct ifaddrmsg *ifa = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifa));

	ifa->ifa_family = AF_UNSPEC;
	int r = netlink_request(netlink, nlh, netlink_addr_each, &dump);
	return r < 0 ? r : (int)dump.count;
}

int netlink_addr_add(struct netlink *netlink, int ifindex, const struct xf_prefix *prefix)
{
	char buf[512];
	bool v4 = prefix->addr.family == 4;
	struct nlmsghdr *nlh = netlink_header(netlink, buf, RTM_NEWADDR, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL);
	struct ifaddrmsg *ifa = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifa));

	ifa->ifa_family = v4 ? AF_INET : AF_INET6;
	ifa->ifa_prefixlen = prefix->prefix_len;
	ifa->ifa_index = (uint32_t)ifindex;
	mnl_attr_put(nlh, IFA_LOCAL, v4 ? 4 : 16, prefix->addr.bytes);
	mnl_attr_put(nlh, IFA_ADDRESS, v4 ? 4 : 16, prefix->addr.bytes);
	if (v4 && prefix->prefix_len < 31) {
		uint32_t be32, mask = htonl(~(uint32_t)0 >> prefix->prefix_len);
		memcpy(&be32, prefix->addr.bytes, 4);
		mnl_attr_put_u32(nlh, IFA_BROADCAST, be32 | mask);
	}
	/* A tentative address cannot be bound; the control plane binds at once. */
	if (!v4)
		mnl_attr_put_u32(nlh, IFA_FLAGS, IFA_F_NODAD);
	return netlink_request(netlink, nlh, NULL, NULL);
}

int netlink_neighbour_use(struct netlink *netlink, int ifindex, const struct xf_addr *addr, bool keep)
{
	char buf[256];
	bool v4 = addr->family == 4;
	struct nlmsghdr *nlh = netlink_header(netlink, buf, RTM_NEWNEIGH, NLM_F_ACK | NLM_F_CREATE);
	struct ndmsg *ndm = mnl_nlmsg_put_extra_header(nlh, sizeof(*ndm));

	ndm->ndm_family = v4 ? AF_INET : AF_INET6;
	ndm->ndm_ifindex = ifindex;
	ndm->ndm_state = NUD_NONE;
	ndm->ndm_flags = NTF_USE;
	mnl_attr_put(nlh, NDA_DST, v4 ? 4 : 16, addr->bytes);
	if (keep)
		mnl_attr_put_u32(nlh, NDA_FLAGS_EXT, NTF_EXT_MANAGED);
	return netlink_request(netlink, nlh, NULL, NULL);
}

int netlink_neighbour_parse(struct netlink_neighbour *out, const struct nlmsghdr *nlh)
{
	const struct ndmsg *ndm = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *attr, *dst = NULL, *lladdr = NULL;

	*out = (struct netlink_neighbour){0};
	if (nlh->nlmsg_type != RTM_NEWNEIGH && nlh->nlmsg_type != RTM_DELNEIGH)
		return -ENOENT;
	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*ndm))
		return -EBADMSG;
	if (ndm->ndm_family != AF_INET && ndm->ndm_family != AF_INET6)
		return -ENOENT;
	mnl_attr_for_each(attr, nlh, sizeof(*ndm))
	{
		if (mnl_attr_get_type(attr) == NDA_DST)
			dst = attr;
		else if (mnl_attr_get_type(attr) == NDA_LLADDR)
			lladdr = attr;
	}
	if (dst == NULL)
		return -EBADMSG;
	out->ifindex = ndm->ndm_ifindex;
	out->deleted = nlh->nlmsg_type == RTM_DELNEIGH;
	out->permanent = !out->deleted && (ndm->ndm_state & NUD_PERMANENT);
	out->gone = out->deleted || !(ndm->ndm_state & NETLINK_NUD_VALID) || lladdr == NULL ||
		    mnl_attr_get_payload_len(lladdr) != sizeof(out->mac);
	if (!out->gone)
		memcpy(out->mac, mnl_attr_get_payload(lladdr), sizeof(out->mac));
	return netlink_addr_bytes(&out->addr, ndm->ndm_family, dst);
}

struct netlink_neighbour_dump {
	void (*each)(const struct netlink_neighbour *, void *arg);
	void *arg;
};

static int netlink_neighbour_each(const struct nlmsghdr *nlh, void *arg)
{
	struct netlink_neighbour_dump *dump = arg;
	struct netlink_neighbour neighbour;

	if (netlink_neighbour_parse(&neighbour, nlh) == 0)
		dump->each(&neighbour, dump->arg);
	return MNL_CB_OK;
}

int netlink_neighbour_list(struct netlink *netlink, void (*each)(const struct netlink_neighbour *, void *arg),
			   void *arg)
{
	char buf[256];
	struct netlink_neighbour_dump dump = {.each = each, .arg = arg};
	struct nlmsghdr *nlh = netlink_header(netlink, buf, RTM_GETNEIGH, NLM_F_DUMP);
	struct ndmsg *ndm = mnl_nlmsg_put_extra_header(nlh, sizeof(*ndm));

	ndm->ndm_family = AF_UNSPEC;
	return netlink_request(netlink, nlh, netlink_neighbour_each, &dump);
}
