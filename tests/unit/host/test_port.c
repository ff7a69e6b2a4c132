/* Ports that end: what one has received may be in another's queues. */
#include <criterion/criterion.h>
#include <sched.h>
#include <stdio.h>
#include <rte_eal.h>
#include <rte_mbuf.h>
#include "port.h"

#define PORTS 2

static struct config_port configs[PORTS] = {
    {.name = "a", .device = "net_null0", .mtu = 1500},
    {.name = "b", .device = "net_null1", .mtu = 1500},
};
static struct config config = {.workers = 1, .ports = configs, .port_count = PORTS};
static struct port ports[PORTS];
static struct rte_mempool *pool;
static unsigned destroyed;

static const char *const own[PORTS] = {"own0", "own1"};

static void eal(void)
{
	cpu_set_t cpus;
	char lcores[32];
	int cpu = 0;

	cr_assert_eq(sched_getaffinity(0, sizeof(cpus), &cpus), 0);
	while (!CPU_ISSET(cpu, &cpus))
		cpu++;
	snprintf(lcores, sizeof(lcores), "--lcores=0@(%d)", cpu);
	char *argv[] = {"test", "--no-huge", "--no-shconf", "--no-pci", "--no-telemetry", "-m", "64", lcores, NULL};
	cr_assert_geq(rte_eal_init(8, argv), 0);
	pool = rte_pktmbuf_pool_create("all", 4095, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	cr_assert_not_null(pool);
}

/* While a device closes it gives back what is in its queues: to pools that are there. */
static int on_destroy(uint16_t id, enum rte_eth_event_type type, void *arg, void *ret)
{
	for (unsigned p = 0; p < PORTS; p++)
		cr_expect_not_null(rte_mempool_lookup(own[p]), "%s is gone before port %u", own[p], id);
	destroyed++;
	return 0;
}

Test(port, pools_outlast_all_devices, .init = eal)
{
	for (unsigned p = 0; p < PORTS; p++) {
		cr_assert_eq(port_start(&ports[p], &config, p, pool), 0);
		/* As AF_PACKET's, which needs an interface. */
		ports[p].pool = rte_pktmbuf_pool_create(own[p], 63, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
		cr_assert_not_null(ports[p].pool);
		cr_assert_eq(rte_eth_dev_callback_register(ports[p].id, RTE_ETH_EVENT_DESTROY, on_destroy, NULL), 0);
	}
	ports_stop(ports, PORTS);
	cr_expect_eq(destroyed, PORTS);
	for (unsigned p = 0; p < PORTS; p++) {
		cr_expect_null(rte_mempool_lookup(own[p]));
		cr_expect_null(ports[p].pool);
	}
	cr_expect_eq(rte_eth_dev_count_avail(), 0);
}
