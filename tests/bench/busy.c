#include "busy.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <rte_cycles.h>
#include <rte_ethdev.h>

/* Written by the polling thread; read by the other one after it has seen `on` go off. */
static struct busy {
	struct busy_seen seen;
	uint64_t last; /* when the latest burst came */
	uint64_t begun;
	uint16_t received; /* in it */
	bool counting;
} busy;
static bool busy_on; /* written by the thread that asks */

static void busy_turn(uint64_t now)
{
	uint64_t cycles = now - busy.last;
	if (busy.received == 0)
		return;
	if (cycles > rte_get_tsc_hz() / 1000000 * BUSY_TURN_MAX_US) {
		busy.seen.interrupted++;
		return;
	}
	busy.seen.cycles += cycles;
	busy.seen.packets += busy.received;
}

static uint16_t busy_burst(uint16_t port, uint16_t queue, struct rte_mbuf **pkts, uint16_t n, uint16_t max, void *arg)
{
	uint64_t now = rte_rdtsc();
	bool on = __atomic_load_n(&busy_on, __ATOMIC_ACQUIRE);
	if (on && busy.counting) {
		busy_turn(now);
		busy.seen.cycles_all = now - busy.begun;
	} else if (on) {
		memset(&busy.seen, 0, sizeof(busy.seen));
		busy.begun = now;
	}
	busy.counting = on;
	busy.last = now;
	busy.received = n;
	return n;
}

int busy_add(uint16_t port)
{
	struct rte_eth_dev_info info;
	int r = rte_eth_dev_info_get(port, &info);
	if (r < 0 || info.nb_rx_queues != 1)
		return r < 0 ? r : -E2BIG;
	return rte_eth_add_rx_callback(port, 0, busy_burst, NULL) ? 0 : -ENOTSUP;
}

void busy_start(void)
{
	__atomic_store_n(&busy_on, true, __ATOMIC_RELEASE);
}

void busy_stop(struct busy_seen *seen)
{
	__atomic_store_n(&busy_on, false, __ATOMIC_RELEASE);
	rte_delay_us_sleep(10000);
	*seen = busy.seen;
	seen->cycles_hz = rte_get_tsc_hz();
}
