/* Pools of packets that ThreadSanitizer sees through: a stack and a lock. DPDK's own are rings in a library that is not
 * built for it, and where several threads take at once, their order is in no acquire and release that it could see. */
#pragma once

/* After rte_eal_init: all pools of packets from now on are such, if they are not told otherwise. */
void pool_register(void);
