/* Packets between a port and its kernel interface. Main thread. */
#pragma once

#include "lcore.h"
#include "tap.h"

struct kernel_if {
	struct tap tap;
	struct rte_mempool *pool;
	struct lcore_set *lcores;
	unsigned port; /* index */
	/* 802.1Q identifier: frames from the kernel get it, those to the kernel must have it and lose it; 0: as they
	 * are */
	uint16_t vlan;
	/* The main thread writes, others read. */
	uint64_t tap_in, tap_out;			/* packets from the kernel, to the kernel */
	uint64_t refused, tx_full, no_mbuf, other_vlan; /* drops of the main thread */
};

/* Workers' rings to the TAP, urgent first, a bounded number. How many packets. */
unsigned kernel_if_drain(struct kernel_if *k);
/* TAP to the port, a bounded number; when it is readable. How many packets. */
unsigned kernel_if_read(struct kernel_if *k);
