/* A DPDK device, as a device string of the configuration names it, with the kernel interface beneath it if it has one.
 * Main thread. */
#pragma once

#include <stdint.h>
#include "lower.h"

#define DEVICE_NAME 64
/* The driver of AF_PACKET asks the kernel to reassemble IPv4 fragments (PACKET_FANOUT_FLAG_DEFRAG), even for one queue,
 * and cuts off what is longer than a frame of its ring. A SIP request in three fragments must fit. */
#define DEVICE_AF_PACKET_FRAME 4096

struct device {
	char name[DEVICE_NAME]; /* as DPDK knows it; "": none */
	bool made;		/* by us: a virtual device */
	uint16_t id;		/* of its ethdev port */
	bool lower_refused;	/* the kernel interface beneath it cannot be taken over */
	struct lower lower;
};

/* The arguments that a device is created with: those of its device string, and for AF_PACKET such as make its ring take
 * the datagrams that the kernel has reassembled for it. 0 or -ENAMETOOLONG. */
int device_args(char *out, size_t size, const char *text);
/* Whether the text begins with this driver's name, like "net_af_packet". */
bool device_is(const char *text, const char *driver);

/* Takes its kernel interface over, and creates a virtual device; a PCI device is there from EAL's start. more: further
 * arguments, each behind a comma. 0 or -errno; what is to be said of the kernel interface is logged. */
int device_start(struct device *device, const char *text, const char *more);
/* Its ethdev port is stopped. Closes it. Of zeros it does nothing. */
void device_stop(struct device *device);
