/* The kernel's interface beneath an AF_XDP or AF_PACKET port.
 *
 * The kernel must not take part in what the port receives: on AF_PACKET it keeps a copy of every frame, and would
 * answer, or deliver SIP round the screen. So while the daemon runs: no address, no IPv6, no ARP answers, strict
 * reverse path filter, no offloads that leave checksums or segments unfinished or take VLAN tags off. Main thread.
 */
#pragma once

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

#define LOWER_SYSCTLS  3
#define LOWER_OFFLOADS 6

struct lower {
	char name[IFNAMSIZ]; /* "": this port has none */
	struct {
		bool set;
		char before[16];
	} sysctls[LOWER_SYSCTLS];
	struct {
		bool set;
		uint32_t before;
	} offloads[LOWER_OFFLOADS];
	bool link_known; /* the next two are what was found: drivers change both */
	bool promiscuous;
	int mtu;
};

/* The value of iface= in a device string of net_af_xdp or net_af_packet. false: the device has no lower interface. */
bool lower_name(char name[static IFNAMSIZ], const char *device);

/* kernel_copy: the driver leaves the kernel its own copy of each frame (AF_PACKET). Saves what it changes. Without a
 * lower interface it does nothing. 0 or -errno, logged; -EADDRINUSE: it has an address that somebody gave it. */
int lower_start(struct lower *lower, const char *device, bool kernel_copy);
/* Puts back what lower_start found, when the port has been closed; but the interface stays up. */
void lower_stop(struct lower *lower);
