#include "tap.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include "log.h"
#include "sysctl.h"

#define TAP_ADDRS_MAX 1024

unsigned tap_addrs_missing(bool *missing, const struct xf_prefix *wanted, unsigned wanted_count,
			   const struct netlink_addr *have, unsigned have_count)
{
	unsigned count = 0;

	for (unsigned i = 0; i < wanted_count; i++) {
		missing[i] = true;
		for (unsigned k = 0; k < have_count && missing[i]; k++)
			missing[i] = wanted[i].prefix_len != have[k].prefix.prefix_len ||
				     !xf_addr_eq(&wanted[i].addr, &have[k].prefix.addr);
		count += missing[i];
	}
	return count;
}

static int tap_attach(struct tap *tap)
{
	struct ifreq ifr = {.ifr_flags = IFF_TAP | IFF_NO_PI};

	tap->fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (tap->fd < 0)
		return -errno;
	memcpy(ifr.ifr_name, tap->name, sizeof(ifr.ifr_name));
	if (ioctl(tap->fd, TUNSETIFF, &ifr) < 0)
		return -errno;
	if (ioctl(tap->fd, TUNSETPERSIST, 1) < 0)
		return -errno;
	tap->ifindex = (int)if_nametoindex(tap->name);
	return tap->ifindex == 0 ? -errno : 0;
}

/* Only what differs is set: a change of MAC or MTU on a live interface disturbs its connections. */
static int tap_link(struct tap *tap, struct netlink *netlink, uint32_t mtu, const uint8_t mac[6])
{
	struct ifreq ifr = {0};
	bool mac_differs, mtu_differs;

	memcpy(ifr.ifr_name, tap->name, sizeof(ifr.ifr_name));
	if (ioctl(tap->fd, SIOCGIFHWADDR, &ifr) < 0)
		return -errno;
	mac_differs = memcmp(ifr.ifr_hwaddr.sa_data, mac, 6) != 0;
	int s = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (s < 0)
		return -errno;
	int r = ioctl(s, SIOCGIFMTU, &ifr) < 0 ? -errno : 0;
	mtu_differs = ifr.ifr_mtu != (int)mtu;
	close(s);
	if (r < 0)
		return r;
	return netlink_link_set(netlink, tap->ifindex, mac_differs ? mac : NULL, mtu_differs ? mtu : 0, true);
}

static int tap_addrs(struct tap *tap, struct netlink *netlink, const struct config_port *port)
{
	struct netlink_addr *have = calloc(TAP_ADDRS_MAX, sizeof(*have));
	bool *missing = calloc(port->address_count + 1, sizeof(*missing));
	int r = have && missing ? netlink_addr_list(netlink, tap->ifindex, have, TAP_ADDRS_MAX) : -ENOMEM;

	if (r >= 0) {
		tap_addrs_missing(missing, port->addresses, port->address_count, have,
				  r < TAP_ADDRS_MAX ? (unsigned)r : TAP_ADDRS_MAX);
		r = 0;
	}
	for (uint32_t i = 0; i < port->address_count && r == 0; i++) {
		char text[XF_SOCKADDR_STRLEN];
		if (!missing[i])
			continue;
		r = netlink_addr_add(netlink, tap->ifindex, &port->addresses[i]);
		if (r == -EEXIST)
			r = 0;
		xf_prefix_format(&port->addresses[i], text);
		if (r < 0)
			log_error("tap-address-failed", "tap=%s address=%s error=\"%s\"", tap->name, text,
				  strerror(-r));
		else
			log_info("tap-address-added", "tap=%s address=%s", tap->name, text);
	}
	free(have);
	free(missing);
	return r;
}

int tap_open(struct tap *tap, struct netlink *netlink, const struct config_port *port, const uint8_t mac[6])
{
	const char *step = "attach";
	char path[128];
	int r;

	*tap = (struct tap){.fd = -1};
	if (strlen(port->tap) >= sizeof(tap->name)) {
		log_error("tap-failed", "tap=%s error=\"name longer than 15\"", port->tap);
		return -ENAMETOOLONG;
	}
	strcpy(tap->name, port->tap);
	if ((r = tap_attach(tap)) < 0)
		goto err;
	/* IPv6 addresses are configured, so the twin must have IPv6 whatever the default for new interfaces is. */
	snprintf(path, sizeof(path), "net/ipv6/conf/%s/disable_ipv6", tap->name);
	for (uint32_t i = 0; i < port->address_count; i++)
		if (port->addresses[i].addr.family == 6)
			sysctl_set(path, "0");
	step = "link";
	if ((r = tap_link(tap, netlink, port->mtu, mac)) < 0)
		goto err;
	step = "addresses";
	if ((r = tap_addrs(tap, netlink, port)) < 0)
		goto err;
	log_info("tap-open", "tap=%s port=%s ifindex=%d mtu=%u", tap->name, port->name, tap->ifindex, port->mtu);
	return 0;
err:
	log_error("tap-failed", "tap=%s step=%s error=\"%s\"", tap->name, step, strerror(-r));
	tap_close(tap);
	return r;
}

void tap_close(struct tap *tap)
{
	if (tap->fd >= 0)
		close(tap->fd);
	tap->fd = -1;
}
