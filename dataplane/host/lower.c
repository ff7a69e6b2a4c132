#include "lower.h"

#include <errno.h>
#include <arpa/inet.h>
#include <ifaddrs.h>
#include <linux/ethtool.h>
#include <linux/if_addr.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include "log.h"
#include "sysctl.h"

#define LOWER_SCOPE_LINK 0x20 /* in /proc/net/if_inet6 */

static const struct {
	const char *path, *value;
} lower_sysctls[LOWER_SYSCTLS] = {
    {"net/ipv6/conf/%s/disable_ipv6", "1"}, /* takes the IPv6 addresses away and drops what comes */
    {"net/ipv4/conf/%s/arp_ignore", "8"},   /* no ARP answer for any address: the twin answers */
    {"net/ipv4/conf/%s/rp_filter", "1"},    /* routes point to the twin, so all that comes in here is refused */
};

static const struct {
	const char *name; /* as `ethtool -K` has it */
	uint32_t get, set, bits;
} lower_offloads[LOWER_OFFLOADS] = {
    {"tso", ETHTOOL_GTSO, ETHTOOL_STSO, UINT32_MAX},
    {"gso", ETHTOOL_GGSO, ETHTOOL_SGSO, UINT32_MAX},
    {"gro", ETHTOOL_GGRO, ETHTOOL_SGRO, UINT32_MAX},
    {"sg", ETHTOOL_GSG, ETHTOOL_SSG, UINT32_MAX},
    {"tx", ETHTOOL_GTXCSUM, ETHTOOL_STXCSUM, UINT32_MAX},
    /* AF_XDP hands over the frame alone: a tag that the NIC has taken off is lost, and its network with it. */
    {"rxvlan", ETHTOOL_GFLAGS, ETHTOOL_SFLAGS, ETH_FLAG_RXVLAN},
};

bool lower_name(char name[static IFNAMSIZ], const char *device)
{
	if (strncmp(device, "net_af_xdp", 10) != 0 && strncmp(device, "net_af_packet", 13) != 0)
		return false;
	for (const char *p = strchr(device, ','); p; p = strchr(p, ',')) {
		p++;
		if (strncmp(p, "iface=", 6) != 0)
			continue;
		p += 6;
		size_t n = strcspn(p, ",");
		if (n == 0 || n >= IFNAMSIZ)
			return false;
		memcpy(name, p, n);
		name[n] = 0;
		return true;
	}
	return false;
}

static int lower_ethtool(int s, const char *name, uint32_t command, uint32_t *value)
{
	struct ethtool_value v = {.cmd = command, .data = *value};
	struct ifreq ifr = {0};

	strcpy(ifr.ifr_name, name);
	ifr.ifr_data = (char *)&v;
	if (ioctl(s, SIOCETHTOOL, &ifr) < 0)
		return -errno;
	*value = v.data;
	return 0;
}

static int lower_failed(const struct lower *lower, int r)
{
	log_error("lower-failed", "interface=%s error=\"%s\"", lower->name, strerror(-r));
	return r;
}

static int lower_has_address(const struct lower *lower, int family, const void *address)
{
	char text[INET6_ADDRSTRLEN];

	log_error(
	    "lower-has-address",
	    "interface=%s address=%s hint=\"take it away (ip address flush dev %s), but not while logged in over it; "
	    "what the gateway is to have stands in the port's addresses, and comes onto its TAP\"",
	    lower->name, inet_ntop(family, address, text, sizeof(text)), lower->name);
	return -EADDRINUSE;
}

static int lower_check_ipv4(const struct lower *lower)
{
	struct ifaddrs *all;
	int r = 0;

	if (getifaddrs(&all) < 0)
		return lower_failed(lower, -errno);
	for (struct ifaddrs *i = all; i && r == 0; i = i->ifa_next)
		if (i->ifa_addr && i->ifa_addr->sa_family == AF_INET && strcmp(i->ifa_name, lower->name) == 0)
			r = lower_has_address(lower, AF_INET, &((struct sockaddr_in *)(void *)i->ifa_addr)->sin_addr);
	freeifaddrs(all);
	return r;
}

/* disable_ipv6 takes all away. Link-local ones and those of router advertisements come back by themselves afterwards; a
 * permanent one would be lost. */
static int lower_check_ipv6(const struct lower *lower)
{
	FILE *f = fopen("/proc/net/if_inet6", "re");
	char line[128], hex[33], name[IFNAMSIZ];
	unsigned scope, flags;
	int r = 0;

	if (f == NULL)
		return 0; /* a kernel without IPv6 */
	while (r == 0 && fgets(line, sizeof(line), f)) {
		struct in6_addr address = {0};
		if (sscanf(line, "%32s %*x %*x %x %x %15s", hex, &scope, &flags, name) != 4 ||
		    strcmp(name, lower->name) != 0 || scope == LOWER_SCOPE_LINK || !(flags & IFA_F_PERMANENT))
			continue;
		for (unsigned i = 0; i < sizeof(address); i++)
			sscanf(hex + 2 * i, "%2hhx", &address.s6_addr[i]);
		r = lower_has_address(lower, AF_INET6, &address);
	}
	fclose(f);
	return r;
}

/* An interface with an address may be the one by which somebody is logged in: it is not ours to take it away. */
static int lower_check_addresses(const struct lower *lower)
{
	int r = lower_check_ipv4(lower);

	return r < 0 ? r : lower_check_ipv6(lower);
}

/* The kernel takes the higher value of "all" and the interface; 2 (loose) would let every routed source in. */
static int lower_check_rp_filter(const struct lower *lower)
{
	char value[16];
	int r = sysctl_get("net/ipv4/conf/all/rp_filter", value, sizeof(value));

	if (r == 0 && strcmp(value, "2") == 0) {
		log_error("lower-rp-filter",
			  "interface=%s hint=\"sysctl net.ipv4.conf.all.rp_filter is 2, which would let the kernel's "
			  "copy pass "
			  "the screen; set it to 0 or 1\"",
			  lower->name);
		r = -EPERM;
	}
	return r;
}

static int lower_sysctls_set(struct lower *lower)
{
	for (unsigned i = 0; i < LOWER_SYSCTLS; i++) {
		char path[128];
		snprintf(path, sizeof(path), lower_sysctls[i].path, lower->name);
		int r = sysctl_get(path, lower->sysctls[i].before, sizeof(lower->sysctls[i].before));
		if (r == -ENOENT && i == 0)
			continue; /* a kernel without IPv6 */
		if (r == 0)
			r = sysctl_set(path, lower_sysctls[i].value);
		if (r < 0) {
			log_error("lower-sysctl-failed", "sysctl=%s error=\"%s\"", path, strerror(-r));
			return r;
		}
		lower->sysctls[i].set = true;
	}
	return 0;
}

static void lower_offloads_set(struct lower *lower, int s)
{
	for (unsigned i = 0; i < LOWER_OFFLOADS; i++) {
		/* What a driver does not know it does not do. */
		if (lower_ethtool(s, lower->name, lower_offloads[i].get, &lower->offloads[i].before) < 0 ||
		    (lower->offloads[i].before & lower_offloads[i].bits) == 0)
			continue;
		uint32_t off = lower->offloads[i].before & ~lower_offloads[i].bits;
		int r = lower_ethtool(s, lower->name, lower_offloads[i].set, &off);
		lower->offloads[i].set = r == 0;
		if (r < 0)
			log_warning("lower-offload-stays", "interface=%s offload=%s error=\"%s\"", lower->name,
				    lower_offloads[i].name, strerror(-r));
	}
}

static int lower_up(struct lower *lower, int s)
{
	struct ifreq ifr = {0};

	strcpy(ifr.ifr_name, lower->name);
	if (ioctl(s, SIOCGIFMTU, &ifr) < 0)
		return -errno;
	lower->mtu = ifr.ifr_mtu;
	if (ioctl(s, SIOCGIFFLAGS, &ifr) < 0)
		return -errno;
	lower->promiscuous = ifr.ifr_flags & IFF_PROMISC;
	lower->link_known = true;
	ifr.ifr_flags |= IFF_UP;
	return ioctl(s, SIOCSIFFLAGS, &ifr) < 0 ? -errno : 0;
}

static void lower_link_restore(const struct lower *lower, int s)
{
	struct ifreq ifr = {0};

	strcpy(ifr.ifr_name, lower->name);
	if (!lower->promiscuous && ioctl(s, SIOCGIFFLAGS, &ifr) == 0 && ifr.ifr_flags & IFF_PROMISC) {
		ifr.ifr_flags &= (short)~IFF_PROMISC;
		ioctl(s, SIOCSIFFLAGS, &ifr);
	}
	if (ioctl(s, SIOCGIFMTU, &ifr) == 0 && ifr.ifr_mtu != lower->mtu) {
		ifr.ifr_mtu = lower->mtu;
		ioctl(s, SIOCSIFMTU, &ifr);
	}
}

int lower_start(struct lower *lower, const char *device, bool kernel_copy)
{
	*lower = (struct lower){0};
	if (!lower_name(lower->name, device))
		return 0;
	int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (s < 0)
		return lower_failed(lower, -errno);
	int r = if_nametoindex(lower->name) ? 0 : -ENODEV;
	if (r < 0)
		log_error("lower-missing", "interface=%s error=\"no such interface\"", lower->name);
	if (r == 0)
		r = lower_check_addresses(lower);
	if (r == 0 && kernel_copy)
		r = lower_check_rp_filter(lower);
	if (r == 0)
		r = lower_sysctls_set(lower);
	if (r == 0) {
		lower_offloads_set(lower, s);
		r = lower_up(lower, s);
		if (r < 0)
			log_error("lower-up-failed", "interface=%s error=\"%s\"", lower->name, strerror(-r));
	}
	close(s);
	if (r < 0)
		lower_stop(lower);
	return r;
}

void lower_stop(struct lower *lower)
{
	if (lower->name[0] == 0)
		return;
	int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	/* Reverse order: scatter-gather depends on checksums, segmentation on scatter-gather. */
	for (unsigned i = LOWER_OFFLOADS; i-- > 0;)
		if (s >= 0 && lower->offloads[i].set)
			lower_ethtool(s, lower->name, lower_offloads[i].set, &lower->offloads[i].before);
	for (unsigned i = LOWER_SYSCTLS; i-- > 0;) {
		char path[128];
		if (!lower->sysctls[i].set)
			continue;
		snprintf(path, sizeof(path), lower_sysctls[i].path, lower->name);
		sysctl_set(path, lower->sysctls[i].before);
	}
	if (s >= 0 && lower->link_known)
		lower_link_restore(lower, s);
	if (s >= 0)
		close(s);
	*lower = (struct lower){0};
}
