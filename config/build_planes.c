#include "reader.h"

#include <ctype.h>
#include <string.h>
#include "value.h"
#include "xfergate/endpoint.h"

/* Interface names of Linux, and of the link's rows: 15 bytes. */
#define PORT_NAME_MAX 15

/* What RFC 4594 2.3 gives telephony: EF for voice; for signalling CS5 there, but CS3 in most networks. */
#define BUILD_MEDIA_DSCP 46
#define BUILD_SIP_DSCP	 24

/* "0000:3b:00.0" or "3b:00.0", alone or with arguments behind a comma; a function is 0 to 7. */
static bool build_is_pci(const char *device)
{
	static const char *const shapes[] = {"xxxx:xx:xx.f", "xx:xx.f"};

	for (size_t s = 0; s < sizeof(shapes) / sizeof(shapes[0]); s++) {
		const char *shape = shapes[s], *d = device;
		for (; *shape; shape++, d++)
			if (*shape == 'x'   ? !isxdigit((unsigned char)*d)
			    : *shape == 'f' ? *d < '0' || *d > '7'
					    : *d != *shape)
				break;
		if (!*shape && (!*d || *d == ','))
			return true;
	}
	return false;
}

/* The name of a virtual network device of DPDK, "net_af_xdp0", alone or with arguments behind a comma. */
static bool build_is_vdev(const char *device)
{
	size_t len = strspn(device, "abcdefghijklmnopqrstuvwxyz0123456789_");

	return len > strlen("net_") && strncmp(device, "net_", 4) == 0 && (!device[len] || device[len] == ',');
}

/* What a kernel interface may well be called: somebody wrote it where its driver is wanted. */
static bool build_is_interface(const char *text)
{
	size_t len = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789.");

	return len && !text[len] && len <= PORT_NAME_MAX;
}

/* Which drivers there are is for the installed DPDK to say: a name that is none of its usual ones is a warning. */
static bool build_is_driver(const char *device)
{
	static const char *const drivers[] = {"af_packet",   "af_xdp", "bonding",    "failsafe", "memif",
					      "null",	     "pcap",   "ring",	     "softnic",	 "tap",
					      "vdev_netvsc", "vhost",  "virtio_user"};
	size_t len = strcspn(device, ",");

	while (len && isdigit((unsigned char)device[len - 1]))
		len--;
	for (size_t i = 0; i < sizeof(drivers) / sizeof(drivers[0]); i++)
		if (len == strlen("net_") + strlen(drivers[i]) && strncmp(device + 4, drivers[i], len - 4) == 0)
			return true;
	return false;
}

static char *build_device(struct reader *r, const char *path, const char *text)
{
	if (text && !build_is_pci(text) && !build_is_vdev(text))
		reader_reject(
		    r, path,
		    "'%.80s' is no DPDK device; write net_af_xdp0,iface=%.15s, or a PCI address like 0000:3b:00.0",
		    text, build_is_interface(text) ? text : "eth0");
	else if (text && !build_is_pci(text) && !build_is_driver(text))
		reader_warn(
		    r, path,
		    "'%.80s' names no usual driver of DPDK; net_af_xdp0,iface=eth0 or net_af_packet0,iface=eth0", text);
	return reader_copy(r, text ? text : "");
}

/* Bonded devices come with the port that bonds them, and only with such a port. */
static void build_members(struct reader *r, uint32_t i)
{
	const struct raw_port *raw = &r->raw->ports[i];
	struct config_port *port = &r->config->ports[i];
	bool bonded = raw->device && strncmp(raw->device, "net_bonding", 11) == 0;

	if (bonded && raw->members_count == 0)
		reader_reject(r, reader_at(r, "ports[%u].device", i),
			      "net_bonding bonds nothing; name the devices under it in members: [0000:3b:00.0, ...]");
	else if (bonded && strstr(raw->device, "slave="))
		reader_reject(r, reader_at(r, "ports[%u].device", i),
			      "devices under net_bonding stand in members, not in slave=");
	else if (!bonded && raw->members_count > 0)
		reader_reject(r, reader_at(r, "ports[%u].members", i), "only a device net_bonding has members");
	port->members = reader_alloc(r, raw->members_count, sizeof(*port->members));
	if (!port->members)
		return;
	port->member_count = raw->members_count;
	for (uint32_t k = 0; k < raw->members_count; k++)
		port->members[k] = build_device(r, reader_at(r, "ports[%u].members[%u]", i, k), raw->members[k]);
}

static void build_port(struct reader *r, uint32_t i)
{
	const struct raw_port *raw = &r->raw->ports[i];
	struct config_port *port = &r->config->ports[i];

	port->name = value_name(r, reader_at(r, "ports[%u].name", i), raw->name, PORT_NAME_MAX);
	port->tap = value_name(r, reader_at(r, "ports[%u].tap", i), raw->tap, PORT_NAME_MAX);
	port->device = build_device(r, reader_at(r, "ports[%u].device", i), raw->device);
	build_members(r, i);
	port->mtu = value_uint(r, reader_at(r, "ports[%u].mtu", i), raw->mtu,
			       (struct value_range){.min = 576, .max = 9216, .missing = 1500});
	port->vlan = (uint16_t)value_uint(r, reader_at(r, "ports[%u].vlan", i), raw->vlan,
					  (struct value_range){.min = 1, .max = 4094, .missing = 0});
	port->addresses = reader_alloc(r, raw->addresses_count, sizeof(*port->addresses));
	if (!port->addresses)
		return;
	port->address_count = raw->addresses_count;
	for (uint32_t k = 0; k < raw->addresses_count; k++)
		port->addresses[k] =
		    value_interface(r, reader_at(r, "ports[%u].addresses[%u]", i, k), raw->addresses[k]);
}

/* Whether `name` is the iface= among the arguments of this device. */
static bool build_has_interface(const char *device, const char *name)
{
	static const char key[] = ",iface=";
	const char *at = device ? strstr(device, key) : NULL;

	if (!at || !name)
		return false;
	at += strlen(key);
	return strlen(name) == strcspn(at, ",") && strncmp(at, name, strlen(name)) == 0;
}

/* The TAP is made by the dataplane; one of that name is there already, and carries the port's packets. */
static void build_port_tap(struct reader *r, uint32_t i)
{
	const char *tap = r->raw->ports[i].tap;

	for (uint32_t j = 0; j < r->raw->ports_count; j++)
		if (build_has_interface(r->raw->ports[j].device, tap)) {
			reader_reject(r, reader_at(r, "ports[%u].tap", i),
				      "'%s' is the interface below port %s (iface= of its device); the name of a new "
				      "interface, like tap%u",
				      tap, r->raw->ports[j].name ? r->raw->ports[j].name : "?", i);
			return;
		}
}

static void build_port_doubles(struct reader *r)
{
	for (uint32_t i = 1; i < r->raw->ports_count; i++)
		for (uint32_t j = 0; j < i; j++) {
			const struct raw_port *a = &r->raw->ports[i], *b = &r->raw->ports[j];
			if (a->tap && b->tap && strcmp(a->tap, b->tap) == 0)
				reader_reject(r, reader_at(r, "ports[%u].tap", i),
					      "'%s' is already the TAP of port %s; a name of its own", a->tap,
					      b->name ? b->name : "?");
			if (a->device && b->device && strcmp(a->device, b->device) == 0)
				reader_reject(r, reader_at(r, "ports[%u].device", i),
					      "'%s' is already the device of port %s; a device of its own", a->device,
					      b->name ? b->name : "?");
		}
}

/* Whether the kernel will answer for this address: a warning only, for addresses can be set by other means. */
static void build_local(struct reader *r, uint32_t port_index, const struct xf_addr *addr, const char *path)
{
	char text[XF_ADDR_STRLEN];

	if (port_index == XF_NONE || addr->family == 0)
		return;
	const struct config_port *port = &r->config->ports[port_index];
	if (port->address_count == 0)
		return;
	for (uint32_t i = 0; i < port->address_count; i++)
		if (port->addresses[i].addr.family == 0 || xf_addr_eq(&port->addresses[i].addr, addr))
			return;
	reader_warn(r, path, "%s is no address of port %s; see to it that it is on the port's TAP",
		    xf_addr_format(addr, text), port->name);
}

/* dscp: of media, and of SIP, where the network does not say its own. */
static void build_network(struct reader *r, uint32_t i, const uint8_t dscp[2])
{
	const struct raw_network *raw = &r->raw->networks[i];
	struct config_network *network = &r->config->networks[i];

	network->name = value_name(r, reader_at(r, "networks[%u].name", i), raw->name, 63);
	network->port = find_port(r, reader_at(r, "networks[%u].port", i), raw->port);
	network->sip = value_sockaddr(r, reader_at(r, "networks[%u].sip", i), raw->sip, 5060);
	network->media_dscp = value_dscp(r, reader_at(r, "networks[%u].media-dscp", i), raw->media_dscp, dscp[0]);
	network->sip_dscp = value_dscp(r, reader_at(r, "networks[%u].sip-dscp", i), raw->sip_dscp, dscp[1]);
	network->advertise = value_addr(r, reader_at(r, "networks[%u].advertise", i), raw->advertise);
	if (network->sip.addr.family)
		build_local(r, network->port, &network->sip.addr, reader_at(r, "networks[%u].sip", i));
	network->media = reader_alloc(r, raw->media_count, sizeof(*network->media));
	if (!network->media)
		return;
	network->media_count = raw->media_count;
	for (uint32_t k = 0; k < raw->media_count; k++) {
		const char *path = reader_at(r, "networks[%u].media[%u]", i, k);
		network->media[k] = value_addr(r, path, raw->media[k]);
		build_local(r, network->port, &network->media[k], path);
	}
	if (network->advertise.family && network->sip.addr.family &&
	    network->advertise.family != network->sip.addr.family)
		reader_reject(r, reader_at(r, "networks[%u].advertise", i),
			      "'%s' is not of the family of sip; IPv%u as sip is", raw->advertise,
			      network->sip.addr.family);
}

void build_dataplane(struct reader *r)
{
	struct config *c = r->config;
	const struct raw *raw = r->raw;

	c->workers = value_uint(r, "dataplane.workers", raw->dataplane.workers,
				(struct value_range){.min = 1, .max = 16, .missing = 1});
	c->memory_mb = value_uint(r, "dataplane.memory", raw->dataplane.memory,
				  (struct value_range){.min = 64, .max = 65536, .missing = 256});
	c->idle = (enum config_idle)raw->dataplane.idle;
	c->link_socket = value_socket(r, "dataplane.link", raw->dataplane.link, "/run/xfergate/link.sock");
	c->ports = reader_alloc(r, raw->ports_count, sizeof(*c->ports));
	c->port_count = c->ports ? raw->ports_count : 0;
	for (uint32_t i = 0; i < c->port_count; i++)
		build_port(r, i);
	for (uint32_t i = 0; i < c->port_count; i++)
		build_port_tap(r, i);
	build_port_doubles(r);
	c->networks = reader_alloc(r, raw->networks_count, sizeof(*c->networks));
	c->network_count = c->networks ? raw->networks_count : 0;
	uint32_t media = 0;
	const uint8_t dscp[2] = {value_dscp(r, "media.dscp", raw->media.dscp, BUILD_MEDIA_DSCP),
				 value_dscp(r, "sip.dscp", raw->sip.dscp, BUILD_SIP_DSCP)};
	for (uint32_t i = 0; i < c->network_count; i++) {
		build_network(r, i, dscp);
		c->networks[i].media_first = media;
		media += c->networks[i].media_count;
	}
}

void build_control(struct reader *r)
{
	struct config *c = r->config;
	const struct raw *raw = r->raw;

	c->api_socket = value_socket(r, "control.socket", raw->control.socket, "/run/xfergate/xfergate.sock");
	c->user = value_name(r, "control.user", raw->control.user ? raw->control.user : "xfergate", 31);
	c->group = value_name(r, "control.group", raw->control.group ? raw->control.group : "xfergate", 31);
	c->t1_ms = value_time(r, "sip.t1", raw->sip.t1, (struct value_range){.min = 100, .max = 5000, .missing = 500});
	c->ring_ms = value_time(r, "sip.ring-time", raw->sip.ring_time,
				(struct value_range){.min = 1000, .max = 600000, .missing = 30000});
	c->call_max_ms =
	    value_time(r, "sip.max-call-time", raw->sip.max_call_time,
		       (struct value_range){.min = 10000, .max = 24 * 3600000, .missing = 4 * 3600000, .zero = true});
	c->calls_max = value_uint(r, "sip.max-calls", raw->sip.max_calls,
				  (struct value_range){.min = 1, .max = 100000, .missing = 1000});
	c->user_agent = value_plain(r, "sip.user-agent", raw->sip.user_agent, "xfergate");
	c->media_timeout_ms =
	    value_time(r, "media.timeout", raw->media.timeout,
		       (struct value_range){.min = 1000, .max = 3600000, .missing = 60000, .zero = true});
	c->learn_window_ms = value_time(r, "media.learn-window", raw->media.learn_window,
					(struct value_range){.min = 100, .max = 60000, .missing = 3000, .zero = true});
	c->quarantine_ms = value_time(r, "media.quarantine", raw->media.quarantine,
				      (struct value_range){.min = 100, .max = 600000, .missing = 30000, .zero = true});
	c->keys_shown = raw->media.keys == RAW_KEYS_SHOW;
	c->media_port_first = 16384;
	c->media_port_last = 32767;
	value_ports(r, "media.ports", raw->media.ports, &c->media_port_first, &c->media_port_last);
}
